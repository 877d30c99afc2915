//! The compact protocol of Thrift, in which Parquet says what stands where: as much of it as is written.

pub(super) mod read;

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

/// What stands in such bytes, of the kinds that are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Read<'b> {
    Bool(bool),
    Int(i64),
    Bytes(&'b [u8]),
    List(Vec<Self>),
    Struct(Vec<(i16, Self)>),
}

/// Nothing that is written is deeper.
const DEEPEST: usize = 12;

impl<'b> Read<'b> {
    /// The struct that `bytes` begin with; none of what is something else.
    pub(super) fn of(mut bytes: &'b [u8]) -> Option<Self> {
        Self::value(&mut bytes, Wire::Struct as u8, 0)
    }

    fn value(from: &mut &'b [u8], wire: u8, depth: usize) -> Option<Self> {
        Some(match wire {
            1 | 2 => Self::Bool(wire == 1),
            3 => Self::Int(i64::from(byte(from)? as i8)),
            5 | 6 => Self::Int(signed(number(from)?)),
            8 => {
                let len = usize::try_from(number(from)?).ok()?;
                let (bytes, rest) = from.split_at_checked(len)?;
                *from = rest;
                Self::Bytes(bytes)
            }
            9 if depth < DEEPEST => {
                let head = byte(from)?;
                let len = if head >> 4 == 15 { number(from)? } else { u64::from(head >> 4) };
                let wire = head & 15;
                // Each element takes a byte at least.
                let is_known = matches!(wire, 5 | 8 | 12) && len <= from.len() as u64;
                let each = |_| Self::value(from, wire, depth + 1);
                Self::List((0..len).take_while(|_| is_known).map(each).collect::<Option<_>>()?)
            }
            12 if depth < DEEPEST => {
                let (mut fields, mut last) = (Vec::new(), 0i16);
                loop {
                    let head = byte(from)?;
                    if head == 0 {
                        break Self::Struct(fields);
                    }
                    last = match i16::from(head >> 4) {
                        0 => i16::try_from(signed(number(from)?)).ok()?,
                        step => last.checked_add(step)?,
                    };
                    fields.push((last, Self::value(from, head & 15, depth + 1)?));
                }
            }
            _ => return None,
        })
    }

    /// The field of this number.
    pub(super) fn field(&self, number: i16) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|field| field.0 == number).map(|field| &field.1)
    }

    /// A field that is a number from 0 on.
    pub(super) fn count(&self, number: i16) -> Option<u64> {
        let Some(Self::Int(count)) = self.field(number) else { return None };
        u64::try_from(*count).ok()
    }

    /// A field that is text.
    pub(super) fn text(&self, number: i16) -> Option<&'b str> {
        let Some(Self::Bytes(bytes)) = self.field(number) else { return None };
        std::str::from_utf8(bytes).ok()
    }

    /// The elements of a field that is a list.
    pub(super) fn list(&self, number: i16) -> Option<&[Self]> {
        let Some(Self::List(all)) = self.field(number) else { return None };
        Some(all)
    }
}

fn byte(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

fn number(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(from)?;
        value |= u64::from(next & 0x7f) << shift;
        if next < 0x80 {
            return Some(value);
        }
    }
    None
}

fn signed(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
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
        let bytes = t.end();
        assert_eq!(bytes, want);
        let read = Read::of(&bytes).expect("a struct");
        assert_eq!((read.field(1), read.count(3)), (Some(&Read::Int(-1)), Some(300)));
        assert_eq!(read.field(4).and_then(|four| four.field(1)), Some(&Read::Bool(true)));
        assert_eq!(read.list(20), Some(&[Read::Bytes(b"ab")][..]));
        for cut in 0..bytes.len() {
            assert_eq!(Read::of(&bytes[..cut]), None, "{cut}");
        }
        // Lengths and depths of others take neither memory nor stack.
        assert_eq!(Read::of(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]), None);
        assert_eq!(Read::of(&[0x1c; 1000]), None);
    }
}
