//! A zip archive that is written member by member, each of which may be larger than memory and be mended
//! at its beginning when its length is known (PKWARE APPNOTE 6.3.10, always with its zip64 fields).
//!
//! Stored members begin at multiples of 64, so that they can be mapped.

pub(super) mod read;

use std::path::{Path, PathBuf};

use flate2::Crc;

use super::mark::Mark;
use super::partial::Partial;
use crate::error::{Error, Result};
use crate::os::FileAt;
use crate::zip::{COMMENT, Method, UTF8, VERSION};

/// Where the data of a member begins.
const ALIGN: u64 = 64;
/// 1980-01-01 00:00: an output says nothing of when it was made (4.4.6).
const MIDNIGHT: u32 = 0x0021_0000;

#[derive(Debug)]
struct Member {
    name: String,
    method: Method,
    /// Where its header and its data begin.
    header: u64,
    data: u64,
    /// Bytes of the extra field that fills up between the two, if there is one.
    pad: u16,
    crc: u32,
    /// Bytes in the archive, and of what they hold.
    packed: u64,
    len: u64,
}

/// The archive, and the members that its directory will list.
#[derive(Debug)]
pub(crate) struct Archive {
    partial: Partial,
    /// The end of what is written.
    at: u64,
    members: Vec<Member>,
}

impl Archive {
    /// An empty archive that will be called `out`.
    pub(crate) fn create(out: &Path) -> Result<Self> {
        Ok(Self { partial: Partial::create(out)?, at: 0, members: Vec::new() })
    }

    /// The archive of which the first `len` bytes are there, with members to be begun from the first on, as they were.
    pub(crate) fn again(out: &Path, len: u64) -> Result<Self> {
        Ok(Self { partial: Partial::again(out, len)?, at: 0, members: Vec::new() })
    }

    /// Goes on at the end of what is there, in the member that was begun last.
    pub(crate) fn go_to(&mut self, end: u64) {
        self.at = end;
    }

    /// Takes part in a mark: the end of what is written.
    pub(crate) fn mark(&self, mark: &mut Mark) -> Result<u64> {
        mark.file(&self.partial.file).map_err(|e| self.partial.failed(e))?;
        Ok(self.at)
    }

    /// Begins a member; what is appended is its content, until the next one begins.
    pub(crate) fn begin(&mut self, name: String, method: Method) -> Result<()> {
        if name.len() > 1 << 12 {
            return Err(Error::options(format!("a name of {} bytes is too long", name.len())));
        }
        let mut member =
            Member { name, method, header: self.at, pad: 0, data: 0, crc: 0, packed: 0, len: 0 };
        // Padding is an extra field of its own, whose head takes 4 bytes.
        let bare = self.at + local(&member).len() as u64;
        member.pad = ((bare + 4).next_multiple_of(ALIGN) - bare) as u16;
        let head = local(&member);
        member.data = self.at + head.len() as u64;
        self.members.push(member);
        self.append(&head)
    }

    /// Appends bytes to the member that was begun last, as they are to stand in the archive.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.put(self.at, bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes the first bytes of the member that was begun last anew.
    pub(crate) fn mend(&mut self, bytes: &[u8]) -> Result<()> {
        self.put(self.members.last().map_or(0, |m| m.data), bytes)
    }

    /// Ends the member that was begun last: what it holds, unpacked, has this checksum and length.
    pub(crate) fn end(&mut self, crc: u32, len: u64) -> Result<()> {
        let Some(member) = self.members.last_mut() else { return Ok(()) };
        (member.crc, member.len, member.packed) = (crc, len, self.at - member.data);
        let (at, head) = (member.header, local(member));
        self.put(at, &head)
    }

    /// Writes the directory, with a comment where it is not too long, and makes all of it durable.
    pub(crate) fn close(&mut self, comment: &str) -> Result<()> {
        let begin = self.at;
        let directory: Vec<u8> = self.members.iter().flat_map(central).collect();
        self.append(&directory)?;
        let comment = Some(comment.as_bytes()).filter(|c| c.len() <= COMMENT).unwrap_or_default();
        let end = end(self.members.len() as u64, begin, self.at, comment);
        self.append(&end)?;
        self.partial.file.set_len(self.at).map_err(|e| self.partial.failed(e))?;
        self.partial.sync()
    }

    /// The file, closed.
    pub(crate) fn into_partial(self) -> Partial {
        self.partial
    }

    /// See [`Partial::abandon`].
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        self.partial.abandon(keep)
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.partial.file.write_all_at(bytes, at).map_err(|e| self.partial.failed(e))
    }
}

/// The checksum of what comes in parts, the first of them in an earlier run.
#[derive(Debug)]
pub(crate) struct Sum {
    before: u32,
    /// Of this run, and of how many bytes.
    crc: Crc,
    len: u64,
}

impl Sum {
    /// The checksum that was this one so far; 0 of nothing.
    pub(crate) fn new(before: u32) -> Self {
        Self { before, crc: Crc::new(), len: 0 }
    }

    /// Bytes come.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.len += bytes.len() as u64;
    }

    /// Bytes come of which the checksum is known, less than 4 GiB.
    pub(crate) fn combine(&mut self, more: &Crc) {
        self.crc.combine(more);
        self.len += u64::from(more.amount());
    }

    /// The checksum of all of them.
    pub(crate) fn value(&self) -> u32 {
        joined(self.before, self.crc.sum(), self.len)
    }
}

/// The checksum of two texts, the second of `len` bytes, one after the other: as polynomials, the first is multiplied
/// by x for every bit that comes after it.
pub(crate) fn joined(first: u32, second: u32, len: u64) -> u32 {
    let times = |a: u32, mut b: u32| {
        (0..32).rev().fold(0, |product, bit| {
            let product = product ^ (b & (a >> bit & 1).wrapping_neg());
            b = (b >> 1) ^ (0xedb8_8320 & (b & 1).wrapping_neg());
            product
        })
    };
    // x to the power of 8, then squared again and again; the highest bit is x to the power of 0.
    let (mut product, mut power) = (first, 1 << 23);
    for bit in 0..u64::BITS - len.leading_zeros() {
        if len >> bit & 1 == 1 {
            product = times(product, power);
        }
        power = times(power, power);
    }
    product ^ second
}

/// Appends little-endian numbers of 2, 4 and 8 bytes.
macro_rules! put {
    ($out:ident, $($value:expr),* $(,)?) => {
        $($out.extend_from_slice(&$value.to_le_bytes());)*
    };
}

/// The local header of a member (4.3.7).
fn local(member: &Member) -> Vec<u8> {
    let mut out = Vec::new();
    let extra = 4 + 16 + member.pad;
    put!(out, 0x0403_4b50u32, VERSION, UTF8, member.method as u16, MIDNIGHT, member.crc);
    put!(out, u32::MAX, u32::MAX, member.name.len() as u16, extra);
    out.extend_from_slice(member.name.as_bytes());
    put!(out, 1u16, 16u16, member.len, member.packed);
    if let Some(zeros) = member.pad.checked_sub(4) {
        // The field that Android's zipalign uses.
        put!(out, 0xd935u16, zeros);
        out.resize(out.len() + usize::from(zeros), 0);
    }
    out
}

/// The entry of a member in the directory (4.3.12).
fn central(member: &Member) -> Vec<u8> {
    let mut out = Vec::new();
    // Made on Unix, a regular file that its owner may read and write.
    put!(out, 0x0201_4b50u32, 3 << 8 | VERSION, VERSION, UTF8, member.method as u16, MIDNIGHT);
    put!(out, member.crc, u32::MAX, u32::MAX, member.name.len() as u16, 4u16 + 24, 0u16);
    put!(out, 0u16, 0u16, 0o100_600u32 << 16, u32::MAX);
    out.extend_from_slice(member.name.as_bytes());
    put!(out, 1u16, 24u16, member.len, member.packed, member.header);
    out
}

/// The end of the directory with `count` entries from `begin` to `end`: zip64 record, its locator, and
/// the record of old (4.3.14 to 4.3.16).
fn end(count: u64, begin: u64, end: u64, comment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put!(out, 0x0606_4b50u32, 44u64, 3 << 8 | VERSION, VERSION, 0u32, 0u32);
    put!(out, count, count, end - begin, begin);
    put!(out, 0x0706_4b50u32, 0u32, end, 1u32);
    put!(out, 0x0605_4b50u32, 0u16, 0u16, u16::MAX, u16::MAX, u32::MAX, u32::MAX);
    put!(out, comment.len() as u16);
    out.extend_from_slice(comment);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_put_together() {
        let text: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) / 7) as u8).collect();
        let sum = |text: &[u8]| {
            let mut crc = Crc::new();
            crc.update(text);
            crc
        };
        for at in [0, 1, 2, 3, 255, 65_536, 99_999, 100_000] {
            let (first, second) = text.split_at(at);
            let mut all = Sum::new(sum(first).sum());
            all.combine(&sum(&second[..second.len() / 3]));
            all.update(&second[second.len() / 3..]);
            assert_eq!(all.value(), sum(&text).sum(), "cut at {at}");
        }
    }
}
