//! The same protocol read again, from bytes that may be anything.

/// Structs in structs, at most.
const DEPTH: usize = 16;

/// Reads structs, field by field. What gives `None` is not of this protocol.
pub(crate) struct Reading<'b>(pub(crate) &'b [u8]);

impl<'b> Reading<'b> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number, seven bits a byte.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn int(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A number that counts or says where something is.
    pub(crate) fn count(&mut self) -> Option<u64> {
        self.int()?.try_into().ok()
    }

    pub(crate) fn binary(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.binary()?.to_vec()).ok()
    }

    /// How many elements follow, and of what kind they are.
    fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let len = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((len, head & 15))
    }

    /// The elements of a list, of which `each` reads one.
    pub(crate) fn each(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let (len, _) = self.list()?;
        (0..len).try_for_each(|_| each(self))
    }

    /// The fields of a struct: `each` reads that of a number, and says whether it did.
    pub(crate) fn structure(
        &mut self,
        mut each: impl FnMut(&mut Self, i16) -> Option<bool>,
    ) -> Option<()> {
        let mut number = 0i16;
        while let Some(wire) = self.field(&mut number)? {
            let before = self.0;
            if !each(self, number)? {
                self.0 = before;
                self.skip(wire, DEPTH)?;
            }
        }
        Some(())
    }

    /// The kind of the next field, whose number it leaves in `number`; the inner `None` at the end.
    fn field(&mut self, number: &mut i16) -> Option<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *number = match head >> 4 {
            0 => i16::try_from(self.int()?).ok()?,
            step => number.checked_add(i16::from(step))?,
        };
        Some(Some(head & 15))
    }

    fn skip(&mut self, wire: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match wire {
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => self.0 = self.0.get(8..)?,
            8 => drop(self.binary()?),
            9 | 10 => {
                let (len, kind) = self.list()?;
                // Booleans in lists take a byte.
                let kind = if kind <= 2 { 3 } else { kind };
                (0..len).try_for_each(|_| self.skip(kind, depth))?;
            }
            12 => {
                let mut number = 0;
                while let Some(wire) = self.field(&mut number)? {
                    self.skip(wire, depth)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Thrift, Wire};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut t = Thrift::new();
        t.int(1, -7);
        t.structure(2, |t| t.bool(1, true));
        t.long(3, 1 << 40);
        t.list(20, Wire::Binary, 2);
        t.text_element("ab");
        t.text_element("");
        let bytes = t.end();
        let read = |bytes: &[u8]| {
            let (mut found, mut texts) = ((0, 0), Vec::new());
            Reading(bytes).structure(|r, number| {
                match number {
                    1 => found.0 = r.int()?,
                    3 => found.1 = r.count()?,
                    20 => r.each(|r| {
                        texts.push(r.text()?);
                        Some(())
                    })?,
                    _ => return Some(false),
                }
                Some(true)
            })?;
            Some((found, texts.join("|")))
        };
        assert_eq!(read(&bytes), Some(((-7, 1 << 40), "ab|".to_string())));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), None, "{cut}");
        }
    }
}
