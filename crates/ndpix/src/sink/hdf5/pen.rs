//! What stands after the pixels, written from front to back, and at last the superblock in front of
//! all: without that no reader takes the file for HDF5.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use super::super::partial::Partial;
use super::message::{Message, NOWHERE};
use crate::error::{Error, ErrorKind, Result};
use crate::os::FileAt;

/// Writes on at the end of the file, and knows where it is.
pub(super) struct Pen<'f> {
    partial: &'f Partial,
    out: BufWriter<&'f File>,
    at: u64,
}

impl<'f> Pen<'f> {
    /// Goes on from `at`.
    pub(super) fn new(partial: &'f Partial, at: u64) -> Result<Self> {
        let mut file = &partial.file;
        file.seek(SeekFrom::Start(at)).map_err(|e| partial.failed(e))?;
        Ok(Self { partial, out: BufWriter::with_capacity(256 << 10, file), at })
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|e| self.partial.failed(e))
    }

    /// Appends all that there is to read; where it begins.
    pub(super) fn copy(&mut self, mut data: impl Read) -> Result<u64> {
        let from = self.align()?;
        self.at += std::io::copy(&mut data, &mut self.out).map_err(|e| self.partial.failed(e))?;
        Ok(from)
    }

    /// Where the next thing will begin, at a multiple of 8.
    pub(super) fn align(&mut self) -> Result<u64> {
        let gap = self.at.next_multiple_of(8) - self.at;
        self.write(&[0; 8][..gap as usize])?;
        Ok(self.at)
    }

    /// Appends an object header (version 2); its address.
    pub(super) fn object(&mut self, messages: &[Message]) -> Result<u64> {
        let mut body = Vec::new();
        for (kind, said) in messages {
            let len = u16::try_from(said.len()).map_err(|_| {
                Error::new(ErrorKind::Options, "a name or shape is too long for HDF5")
            })?;
            body.push(*kind);
            body.extend(len.to_le_bytes());
            body.push(0);
            body.extend(said);
        }
        let len = (body.len() as u32).to_le_bytes();
        let from = self.align()?;
        self.write(&summed([b"OHDR\x02\x02", &len[..], &body].concat()))?;
        Ok(from)
    }

    /// Writes the superblock (version 2), which says where the root group is.
    pub(super) fn end(mut self, root: u64) -> Result<()> {
        let mut block = b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00".to_vec();
        for address in [0, NOWHERE, self.align()?, root] {
            block.extend(address.to_le_bytes());
        }
        let file = &self.partial.file;
        self.out
            .flush()
            .and_then(|()| file.set_len(self.at))
            .and_then(|()| file.write_all_at(&summed(block), 0))
            .map_err(|e| self.partial.failed(e))
    }
}

/// With its checksum after it.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = lookup3(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// Bob Jenkins' lookup3 (2006, in the public domain), `hashlittle` with the start value 0.
pub(super) fn lookup3(bytes: &[u8]) -> u32 {
    let mut s = [0xdead_beef_u32.wrapping_add(bytes.len() as u32); 3];
    let add = |s: &mut [u32; 3], block: &[u8]| {
        for (i, byte) in block.iter().enumerate() {
            s[i / 4] = s[i / 4].wrapping_add(u32::from(*byte) << (8 * (i % 4)));
        }
    };
    let last = bytes.len().saturating_sub(1) / 12 * 12;
    for block in bytes[..last].chunks(12) {
        add(&mut s, block);
        for (i, turn) in [4, 6, 8, 16, 19, 4].into_iter().enumerate() {
            let (a, b, c) = (i % 3, (i + 1) % 3, (i + 2) % 3);
            s[a] = s[a].wrapping_sub(s[c]) ^ s[c].rotate_left(turn);
            s[c] = s[c].wrapping_add(s[b]);
        }
    }
    if bytes.is_empty() {
        return s[2];
    }
    add(&mut s, &bytes[last..]);
    for (i, turn) in [14, 11, 25, 16, 4, 14, 24].into_iter().enumerate() {
        let (to, from) = ((i + 2) % 3, (i + 1) % 3);
        s[to] = (s[to] ^ s[from]).wrapping_sub(s[from].rotate_left(turn));
    }
    s[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_lookup3() {
        // The values that lookup3.c gives for itself in its driver5.
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
