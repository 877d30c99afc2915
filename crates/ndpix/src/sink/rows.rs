//! The row map `OUT.rows.npy`: for each row the input it came from, as a structured array
//! `file, line, byte, item, valid` that NumPy opens without anything else.

use std::path::{Path, PathBuf};

use super::Place;
use super::npy::Npy;
use crate::dtype::DType;
use crate::error::Result;

/// The type of an entry, as in the header of a `.npy`.
pub(crate) const DESCR: &str =
    "[('file', '<u4'), ('line', '<u8'), ('byte', '<u8'), ('item', '<u4'), ('valid', '|b1')]";
/// Bytes of an entry.
pub(crate) const ITEM: usize = 25;
/// The fields of an entry: name, dtype, offset.
pub(crate) const FIELDS: [(&str, DType, usize); 5] = [
    ("file", DType::Uint32, 0),
    ("line", DType::Uint64, 4),
    ("byte", DType::Uint64, 12),
    ("item", DType::Uint32, 20),
    ("valid", DType::Bool, 24),
];

/// The entry of a row.
pub(crate) fn entry(place: &Place) -> [u8; ITEM] {
    let mut entry = [0; ITEM];
    entry[..4].copy_from_slice(&place.file.to_le_bytes());
    entry[4..12].copy_from_slice(&place.line.to_le_bytes());
    entry[12..20].copy_from_slice(&place.byte.to_le_bytes());
    entry[20..24].copy_from_slice(&place.item.to_le_bytes());
    entry[24] = u8::from(place.valid);
    entry
}

/// Writes the row map, a buffer at a time.
pub(crate) struct RowMap {
    npy: Npy,
    buffer: Vec<u8>,
    rows: u64,
    /// Whether row i is record i of the first input, its only image, and valid: then nobody needs the map.
    pub(crate) trivial: bool,
}

impl RowMap {
    /// A row map that will be called `path`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let npy = Npy::create(path, DESCR.to_string(), Vec::new(), ITEM)?;
        Ok(Self { npy, buffer: Vec::new(), rows: 0, trivial: true })
    }

    /// Notes the next row.
    pub(crate) fn push(&mut self, place: &Place) -> Result<()> {
        self.trivial &=
            place.valid && place.item == 0 && place.file == 0 && place.index == self.rows;
        self.rows += 1;
        self.buffer.extend_from_slice(&entry(place));
        if self.buffer.len() >= 1 << 16 {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.npy.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Makes it readable.
    pub(crate) fn seal(&mut self) -> Result<()> {
        self.flush()?;
        self.npy.seal()
    }

    /// Gives it its final name.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        self.npy.finish()
    }

    /// Leaves it as it is, or removes it.
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        self.npy.abandon(keep)
    }
}
