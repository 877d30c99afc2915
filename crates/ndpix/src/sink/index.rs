//! The index of a dataset, in memory and as a file beside it: what it was made from, how many images there are, one
//! entry of 32 bytes for each, little-endian, and what it takes to read compressed inputs.

use std::io::{ErrorKind as Io, Write};
use std::path::Path;

use super::partial::own_empty;
use super::{beside, rename};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"NDPIXIDX2\n";
/// Every index begins so, also those of other versions: they are made again.
const KIND: &[u8] = b"NDPIXIDX";
const ENTRY: usize = 32;

/// Where one image stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Offset of the record's first byte.
    pub(crate) byte: u64,
    /// Length of the record.
    pub(crate) len: u64,
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    /// Which input.
    pub(crate) file: u32,
    /// Which image of the record.
    pub(crate) item: u32,
}

/// The index as bytes; `key` says what it was made from, and `packed` is what [`Index::packed`] gives back.
pub(crate) fn text(key: &str, entries: &[Entry], packed: &[u8]) -> Vec<u8> {
    let room = MAGIC.len() + 16 + key.len() + entries.len() * ENTRY + packed.len();
    let mut out = Vec::with_capacity(room);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(key.len() as u64).to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for e in entries {
        [e.byte, e.len, e.line].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        [e.file, e.item].iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
    }
    out.extend_from_slice(packed);
    out
}

/// An index that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) entries: Vec<Entry>,
    /// What it takes to read compressed inputs.
    pub(crate) packed: Vec<u8>,
}

/// An index with this key; `None` where it has another or is none.
pub(crate) fn parse(text: &[u8], key: &str) -> Option<Index> {
    let rest = text.strip_prefix(MAGIC)?;
    let (len, rest) = rest.split_first_chunk::<8>()?;
    let rest = rest
        .strip_prefix(key.as_bytes())
        .filter(|_| u64::from_le_bytes(*len) == key.len() as u64)?;
    let (count, rest) = rest.split_first_chunk()?;
    let len = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(ENTRY)?;
    let (entries, packed) = rest.split_at_checked(len)?;
    let entries = entries.as_chunks::<ENTRY>().0;
    let long = |e: &[u8; ENTRY], at: usize| {
        e[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let entry = |e| Entry {
        byte: long(e, 0),
        len: long(e, 8),
        line: long(e, 16),
        file: long(e, 24) as u32,
        item: (long(e, 24) >> 32) as u32,
    };
    Some(Index { entries: entries.iter().map(entry).collect(), packed: packed.to_vec() })
}

/// The index in a file; `None` where there is none, or one of other inputs or options.
pub(crate) fn read(path: &Path, key: &str) -> Result<Option<Index>> {
    match std::fs::read(path) {
        Ok(text) if text.is_empty() || text.starts_with(KIND) => Ok(parse(&text, key)),
        Ok(_) => Err(Error::options(format!(
            "{} is there and no index; give another name",
            path.display()
        ))),
        Err(e) if e.kind() == Io::NotFound => Ok(None),
        Err(e) => Err(Error::io(format_args!("cannot read {}", path.display()), e)),
    }
}

/// Writes the file, whole or not at all.
pub(crate) fn write(path: &Path, text: &[u8]) -> Result<()> {
    // Several processes may do so at once.
    let partial = beside(path, &format!(".{}.partial", std::process::id()));
    let write = || {
        let mut file = own_empty(&partial)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().map_err(|e| Error::io(format_args!("cannot write {}", partial.display()), e))?;
    rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let entries: Vec<Entry> = (0..5)
            .map(|i| Entry { byte: i, len: 1 << 40, line: i + 1, file: 7, item: i as u32 })
            .collect();
        let text = text("key", &entries, b"marks");
        assert_eq!(parse(&text, "key"), Some(Index { entries, packed: b"marks".to_vec() }));
        assert_eq!(parse(&text, "kay"), None);
        assert_eq!(parse(&text, "ke"), None);
        // Whether what follows the entries is whole, those say who made it.
        for cut in 0..text.len() {
            let whole = cut >= text.len() - b"marks".len();
            assert_eq!(parse(&text[..cut], "key").is_some(), whole, "{cut}");
        }
    }
}
