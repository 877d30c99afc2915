//! The compact protocol of Thrift, in which Parquet says what stands where: as much of it as is written.

/// A field or element is one of these.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Wire {
    Int32 = 5,
    Binary = 8,
    Struct = 12,
}

/// Writes structs, field by field, with ascending numbers.
#[derive(Debug, Default)]
pub(super) struct Thrift {
    bytes: Vec<u8>,
    /// The number of the last field, of each struct that is open.
    last: Vec<i16>,
}

impl Thrift {
    /// A struct whose fields follow.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), last: vec![0] }
    }

    fn field(&mut self, number: i16, wire: u8) {
        let last = self.last.last_mut().map_or(0, |last| std::mem::replace(last, number));
        match number - last {
            step @ 1..=15 => self.bytes.push((step as u8) << 4 | wire),
            _ => {
                self.bytes.push(wire);
                self.zigzag(i64::from(number));
            }
        }
    }

    fn zigzag(&mut self, value: i64) {
        varint(&mut self.bytes, (value << 1 ^ value >> 63) as u64);
    }

    pub(super) fn bool(&mut self, number: i16, value: bool) {
        self.field(number, if value { 1 } else { 2 });
    }

    pub(super) fn byte(&mut self, number: i16, value: i8) {
        self.field(number, 3);
        self.bytes.push(value as u8);
    }

    pub(super) fn int(&mut self, number: i16, value: i32) {
        self.field(number, Wire::Int32 as u8);
        self.zigzag(i64::from(value));
    }

    pub(super) fn long(&mut self, number: i16, value: u64) {
        self.field(number, 6);
        self.zigzag(value as i64);
    }

    pub(super) fn text(&mut self, number: i16, text: &str) {
        self.field(number, Wire::Binary as u8);
        self.text_element(text);
    }

    /// The head of a list of so many elements, which follow.
    pub(super) fn list(&mut self, number: i16, wire: Wire, len: u64) {
        self.field(number, 9);
        match len {
            0..15 => self.bytes.push((len as u8) << 4 | wire as u8),
            _ => {
                self.bytes.push(0xF0 | wire as u8);
                varint(&mut self.bytes, len);
            }
        }
    }

    pub(super) fn int_element(&mut self, value: i32) {
        self.zigzag(i64::from(value));
    }

    pub(super) fn text_element(&mut self, text: &str) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A struct as a field.
    pub(super) fn structure(&mut self, number: i16, fields: impl FnOnce(&mut Self)) {
        self.field(number, Wire::Struct as u8);
        self.struct_element(fields);
    }

    /// A struct as an element of a list.
    pub(super) fn struct_element(&mut self, fields: impl FnOnce(&mut Self)) {
        self.last.push(0);
        fields(self);
        self.last.pop();
        self.bytes.push(0);
    }

    /// The end of the outermost struct, after what was not taken yet.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

/// Appends a number, seven bits a byte.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_as_the_protocol_has_them() {
        let mut t = Thrift::new();
        t.int(1, -1);
        t.long(3, 300);
        t.structure(4, |t| t.bool(1, true));
        t.list(20, Wire::Binary, 1);
        t.text_element("ab");
        let want = [0x15, 1, 0x26, 0xD8, 4, 0x1C, 0x11, 0, 0x09, 40, 0x18, 2, b'a', b'b', 0];
        assert_eq!(t.end(), want);
    }
}
