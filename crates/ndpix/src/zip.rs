//! A leaf: what a zip archive says of its members (PKWARE APPNOTE 6.3.10).
//!
//! Takes slices, and allocates nothing: who holds the archive in a file hands over its end, its directory and the
//! headers, one after the other. What it says of sizes and places are claims, for the caller to check.

/// The version that knows zip64 (4.4.3.2).
pub(crate) const VERSION: u16 = 45;
/// Names are UTF-8 (4.4.4, bit 11).
pub(crate) const UTF8: u16 = 1 << 11;
/// The content is encrypted, in either way, or its header is (4.4.4, bits 0, 6 and 13).
pub(crate) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Longer comments do not fit (4.4.12).
pub(crate) const COMMENT: usize = u16::MAX as usize;
/// Bytes of the end of an archive without its comment: zip64 record, locator, and the record of old.
pub(crate) const END: usize = RECORD64 + LOCATOR + RECORD;
/// Bytes of a local header without the name.
pub(crate) const LOCAL: usize = 30;
const RECORD64: usize = 56;
const LOCATOR: usize = 20;
const RECORD: usize = 22;
const CENTRAL: usize = 46;

/// How the bytes of a member are held (4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored = 0,
    Deflated = 8,
}

impl Method {
    /// The method of this number, if it is read.
    pub(crate) fn of(number: u16) -> Option<Self> {
        [Self::Stored, Self::Deflated].into_iter().find(|method| *method as u16 == number)
    }
}

/// The end of an archive: where its directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End<'a> {
    pub(crate) count: u64,
    /// Where the directory begins, and how many bytes it has.
    pub(crate) begin: u64,
    pub(crate) size: u64,
    /// Whether the zip64 record says so.
    pub(crate) is_zip64: bool,
    pub(crate) comment: &'a [u8],
}

/// The end of an archive, from its last bytes, the first of which is byte `from` of it.
pub(crate) fn end(tail: &[u8], from: u64) -> Option<End<'_>> {
    // The record says how long the comment is that ends the file.
    let at = (0..=tail.len().checked_sub(RECORD)?).rev().find(|&at| {
        tail[at..].starts_with(b"PK\x05\x06")
            && at + RECORD + usize::from(short(tail, at + 20)) == tail.len()
    })?;
    let (record, comment) = tail[at..].split_at(RECORD);
    // Disks are of floppies.
    if short(record, 4) != short(record, 6) || short(record, 8) != short(record, 10) {
        return None;
    }
    let (count, size, begin) = (short(record, 10), word(record, 12), word(record, 16));
    let locator = at.checked_sub(LOCATOR).map(|at| &tail[at..at + LOCATOR]);
    if let Some(locator) = locator.filter(|bytes| bytes.starts_with(b"PK\x06\x07")) {
        let at = usize::try_from(long(locator, 8).checked_sub(from)?).ok()?;
        let record = tail.get(at..)?.get(..RECORD64)?;
        let (count, size, begin) = (long(record, 32), long(record, 40), long(record, 48));
        let is_record = record.starts_with(b"PK\x06\x06");
        return is_record.then_some(End { count, size, begin, is_zip64: true, comment });
    }
    if count == u16::MAX || size == u32::MAX || begin == u32::MAX {
        return None;
    }
    let (count, size, begin) = (u64::from(count), u64::from(size), u64::from(begin));
    Some(End { count, size, begin, is_zip64: false, comment })
}

/// What the directory says of a member (4.3.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    /// Bytes in the archive, and of what they hold.
    pub(crate) packed: u64,
    pub(crate) len: u64,
    /// Where its local header begins.
    pub(crate) header: u64,
}

/// The first member of a directory, and what follows it.
pub(crate) fn member(directory: &[u8]) -> Option<(Member<'_>, &[u8])> {
    let (fixed, rest) = directory.split_at_checked(CENTRAL)?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (name, rest) = rest.split_at_checked(usize::from(short(fixed, 28)))?;
    let (extra, rest) = rest.split_at_checked(usize::from(short(fixed, 30)))?;
    let (_, rest) = rest.split_at_checked(usize::from(short(fixed, 32)))?;
    // What does not fit stands in the field of zip64, in this order.
    let mut wide = zip64(extra);
    let mut size = |at: usize| match word(fixed, at) {
        u32::MAX => {
            let (first, later) = wide.split_at_checked(8)?;
            wide = later;
            Some(long(first, 0))
        }
        fits => Some(u64::from(fits)),
    };
    let (len, packed, header) = (size(24)?, size(20)?, size(42)?);
    let (flags, method, crc) = (short(fixed, 8), short(fixed, 10), word(fixed, 16));
    Some((Member { name, flags, method, crc, packed, len, header }, rest))
}

/// The content of the zip64 field among these (4.5.3), empty where there is none.
fn zip64(extra: &[u8]) -> &[u8] {
    let mut rest = extra;
    while let Some((head, later)) = rest.split_at_checked(4) {
        let Some((field, later)) = later.split_at_checked(usize::from(short(head, 2))) else {
            break;
        };
        if short(head, 0) == 1 {
            return field;
        }
        rest = later;
    }
    &[]
}

/// From the begin of a member's local header to that of its content (4.3.7).
pub(crate) fn head(local: &[u8]) -> Option<u64> {
    let is_whole = local.len() >= LOCAL && local.starts_with(b"PK\x03\x04");
    is_whole.then(|| LOCAL as u64 + u64::from(short(local, 26)) + u64::from(short(local, 28)))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The record of old, of a directory of this count, size and begin.
    fn record(count: u16, size: u32, begin: u32, comment: &[u8]) -> Vec<u8> {
        let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
        out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        out.extend([size.to_le_bytes(), begin.to_le_bytes()].concat());
        out.extend((comment.len() as u16).to_le_bytes());
        out.extend(comment);
        out
    }

    #[test]
    fn the_end_is_found_behind_its_comment() {
        for comment in [&b""[..], b"said", b"PK\x05\x06"] {
            let tail = record(2, 92, 7, comment);
            let found = end(&tail, 1000).expect("an end");
            assert_eq!((found.count, found.size, found.begin), (2, 92, 7));
            assert_eq!((found.comment, found.is_zip64), (comment, false));
            assert_eq!(end(&tail[..tail.len() - 1], 1000), None);
        }
        assert_eq!(end(&record(2, u32::MAX, 7, b""), 0), None, "zip64 without its record");
        assert_eq!(end(b"", 0), None);
    }

    #[test]
    fn zip64_says_it_where_it_stands() {
        let mut tail = b"PK\x06\x06".to_vec();
        tail.resize(32, 0);
        tail.extend([3u64, 150, 5_000_000_000].map(u64::to_le_bytes).concat());
        tail.extend(b"PK\x06\x07\0\0\0\0");
        tail.extend([100u64.to_le_bytes().as_slice(), &[1, 0, 0, 0]].concat());
        tail.extend(record(u16::MAX, u32::MAX, u32::MAX, b"x"));
        let found = end(&tail, 100).expect("an end");
        assert_eq!((found.count, found.size, found.begin), (3, 150, 5_000_000_000));
        assert!(found.is_zip64);
        assert_eq!(end(&tail, 101), None, "the record begins before what is there");
        assert_eq!(end(&tail, 99), None, "no record where the locator says");
    }

    #[test]
    fn members_and_their_wide_sizes() {
        let entry = |len: u32, extra: &[u8]| {
            let mut out = b"PK\x01\x02".to_vec();
            out.resize(CENTRAL, 0);
            out[20] = 9;
            out[24..28].copy_from_slice(&len.to_le_bytes());
            (out[28], out[30], out[32], out[42]) = (1, extra.len() as u8, 2, 5);
            [&out, &b"n"[..], extra, b"cc", b"rest"].concat()
        };
        let plain = entry(8, &[]);
        let (found, rest) = member(&plain).expect("a member");
        assert_eq!((found.name, found.len, found.packed, found.header), (&b"n"[..], 8, 9, 5));
        assert_eq!(rest, b"rest");
        let wide = [&[7, 0, 1, 0, 0, 1, 0, 8, 0][..], &70_000_000_000u64.to_le_bytes()].concat();
        assert_eq!(member(&entry(u32::MAX, &wide)).map(|m| m.0.len), Some(70_000_000_000));
        assert_eq!(member(&entry(u32::MAX, &[])), None);
        for cut in 0..plain.len() - 4 {
            assert_eq!(member(&plain[..cut]), None);
        }
    }
}
