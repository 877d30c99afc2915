//! The boxes of an ISO media file, and big-endian numbers in them.
//!
//! Takes bytes; gives each box with its body. Sizes of 64 bits and of 0 (to the end) are known. Refuses what
//! reaches past its end as `image`; nothing is allocated.

use crate::error::{Error, Result};

/// Bytes that are read from the front; what reaches past their end is an error.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes as they are.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A number of one byte.
    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A number of two bytes.
    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of four bytes.
    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of so many bytes, 0 to 8; 0 where it has none.
    pub(super) fn uint(&mut self, bytes: u8) -> Result<u64> {
        let taken = self.take(usize::from(bytes.min(8)))?;
        Ok(taken.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// A number of two bytes, or of four where `wide`.
    pub(super) fn id(&mut self, wide: bool) -> Result<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// The version and flags that full boxes begin with.
    pub(super) fn version(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0xFF_FFFF))
    }

    /// Text up to its zero byte, which is read too, or to the end.
    pub(super) fn text(&mut self) -> &'a [u8] {
        let end = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }
}

/// A box: its kind and what is in it.
pub(super) struct Boxed<'a> {
    /// Four letters.
    pub(super) kind: [u8; 4],
    /// The bytes after its header.
    pub(super) body: &'a [u8],
}

/// The boxes that `bytes` are made of, one after the other. After an error there are no more.
pub(super) struct Boxes<'a> {
    rest: Reader<'a>,
    /// Whether a box of size 0 reaches to the end, as it may at the top of a file.
    top: bool,
}

impl<'a> Boxes<'a> {
    /// The boxes of a file.
    pub(super) fn of_file(bytes: &'a [u8]) -> Self {
        Self { rest: Reader(bytes), top: true }
    }

    /// The boxes inside a box.
    pub(super) fn inside(bytes: &'a [u8]) -> Self {
        Self { rest: Reader(bytes), top: false }
    }

    /// The next box, of bytes that are not empty.
    fn read(&mut self) -> Result<Boxed<'a>> {
        let whole = self.rest.0;
        let size = self.rest.u32()?;
        let kind = self.rest.array()?;
        let end = match size {
            0 if self.top => whole.len() as u64,
            1 => self.rest.uint(8)?,
            size => size.into(),
        };
        if kind == *b"uuid" {
            self.rest.take(16)?;
        }
        let head = whole.len() - self.rest.0.len();
        let body = usize::try_from(end).ok().and_then(|end| end.checked_sub(head));
        let Some(body) = body else {
            return Err(Error::image("damaged AVIF: a box shorter than its header"));
        };
        Ok(Boxed { kind, body: self.rest.take(body)? })
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<Boxed<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest.0 = &[];
        }
        Some(read)
    }
}

/// The first box of a kind inside a box, where there is one.
pub(super) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Result<Option<&'a [u8]>> {
    for boxed in Boxes::inside(bytes) {
        let boxed = boxed?;
        if boxed.kind == *kind {
            return Ok(Some(boxed.body));
        }
    }
    Ok(None)
}

/// Bytes that end before what they announce.
pub(super) fn short() -> Error {
    Error::image("truncated AVIF: the file ends inside a box")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(boxes: Boxes<'_>) -> Vec<Option<(Vec<u8>, usize)>> {
        boxes.map(|b| b.ok().map(|b| (b.kind.to_vec(), b.body.len()))).collect()
    }

    #[test]
    fn sizes_of_all_sorts() {
        let bytes = b"\0\0\0\x09abcdx\0\0\0\x01efgh\0\0\0\0\0\0\0\x11y\0\0\0\0ijklmnop";
        let [one, two, three] = [(&b"abcd"[..], 1), (b"efgh", 1), (b"ijkl", 4)]
            .map(|(kind, size)| Some((kind.to_vec(), size)));
        let all = [one.clone(), two.clone(), three];
        assert_eq!(kinds(Boxes::of_file(bytes)), all);
        assert_eq!(kinds(Boxes::inside(bytes)), [one, two, None]);
        assert_eq!(kinds(Boxes::of_file(b"\0\0\0\x07abcd")), [None]);
        assert_eq!(
            kinds(Boxes::of_file(b"\0\0\0\x19uuid0123456789abcdefx")),
            [Some((b"uuid".to_vec(), 1))]
        );
        assert_eq!(
            kinds(Boxes::of_file(b"\0\0\0\x01abcd\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")),
            [None]
        );
    }

    #[test]
    fn numbers_and_text() {
        let mut reader = Reader(b"\x01\x02\x03\x04\x05ab\0c");
        assert_eq!(reader.version().expect("there"), (1, 0x02_0304));
        assert_eq!(reader.uint(0).expect("there"), 0);
        assert_eq!(reader.uint(1).expect("there"), 5);
        assert_eq!(
            (reader.text(), reader.text(), reader.text()),
            (&b"ab"[..], &b"c"[..], &b""[..])
        );
        assert!(reader.u8().is_err());
    }
}
