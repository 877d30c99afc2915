//! Numbers and bytes one after another: what the rows of a fragment are written in.

/// Writes them.
#[derive(Debug, Default)]
pub(super) struct Pen(pub(super) Vec<u8>);

impl Pen {
    /// A number: seven bits to a byte, the lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn size(&mut self, size: usize) {
        self.number(size as u64);
    }

    /// Bytes with their length.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}

/// Reads what a [`Pen`] wrote; `None`: nothing did.
#[derive(Debug)]
pub(super) struct Eye<'a>(pub(super) &'a [u8]);

impl<'a> Eye<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    /// How many things follow, each of which takes a byte at least.
    pub(super) fn count(&mut self) -> Option<usize> {
        self.size().filter(|&count| count <= self.0.len())
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let size = self.size()?;
        let (bytes, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let numbers = [0, 1, 127, 128, 300, 1 << 32, u64::MAX - 1, u64::MAX];
        let mut pen = Pen::default();
        numbers.iter().for_each(|&number| pen.number(number));
        pen.bytes(b"text");
        let mut eye = Eye(&pen.0);
        numbers.iter().for_each(|&number| assert_eq!(eye.number(), Some(number)));
        assert_eq!((eye.text(), eye.0), (Some("text"), &b""[..]));
        for end in 0..pen.0.len() {
            let mut eye = Eye(&pen.0[..end]);
            while eye.number().is_some() {}
        }
        assert_eq!(Eye(&[0xff; 11]).number(), None);
        assert_eq!(Eye(&[9, 1]).bytes(), None);
    }
}
