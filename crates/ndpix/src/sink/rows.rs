//! The row map `OUT.rows.npy`: for each row the input it came from, as a structured array
//! `file, line, byte, item, valid` that NumPy opens without anything else.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Place;
use super::npy::Npy;
use crate::dtype::DType;
use crate::error::{Error, Result};

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

/// The bytes of one field, by its number in [`FIELDS`], of all the entries that `entries` gives.
pub(crate) fn field(entries: impl Read, number: usize) -> impl Read {
    let (_, dtype, offset) = FIELDS[number];
    Field { entries, size: dtype.size(), offset, buffer: Vec::new(), at: 0 }
}

struct Field<R> {
    entries: R,
    size: usize,
    offset: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Field<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.buffer.len() {
            let mut entries = Vec::new();
            self.entries.by_ref().take(1024 * ITEM as u64).read_to_end(&mut entries)?;
            let whole = entries.as_chunks::<ITEM>().0;
            let values = whole.iter().flat_map(|e| &e[self.offset..self.offset + self.size]);
            self.buffer.clear();
            self.buffer.extend(values);
            self.at = 0;
        }
        let len = out.len().min(self.buffer.len() - self.at);
        out[..len].copy_from_slice(&self.buffer[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

/// Writes the row map, a buffer at a time.
pub(crate) struct RowMap {
    npy: Npy,
    buffer: Vec<u8>,
    rows: u64,
    /// The number of the first input: 0 but where rows are added.
    first_file: u32,
    /// Whether row i is record i of the first input, its only image, and valid: then nobody needs the map.
    pub(crate) trivial: bool,
}

impl RowMap {
    /// A row map that will be called `path`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let npy = Npy::create(path, DESCR.to_string(), Vec::new(), ITEM)?;
        Ok(Self { npy, buffer: Vec::new(), rows: 0, first_file: 0, trivial: true })
    }

    /// The row map `path` of `rows` rows, with more to come; inputs are numbered on.
    ///
    /// # Errors
    /// Kind `options` where it has fewer rows, or is no row map.
    pub(crate) fn append(path: &Path, rows: u64) -> Result<Self> {
        let mut npy = Npy::append(path, DESCR.to_string(), Vec::new(), ITEM)?;
        if npy.rows() < rows {
            return Err(Error::options(format!(
                "{} has {} rows and its array {rows}; remove it, or write both anew",
                path.display(),
                npy.rows()
            )));
        }
        npy.cut(rows);
        // Inputs are numbered in the order of the rows, so that the last row has the highest number.
        let last = rows.checked_sub(1).map(|last| npy.row(last)).transpose()?;
        let last = last.and_then(|entry| Some(u32::from_le_bytes(*entry.first_chunk()?)));
        let first_file = last.map_or(0, |file| file.saturating_add(1));
        Ok(Self { npy, buffer: Vec::new(), rows, first_file, trivial: false })
    }

    /// Notes the next row.
    pub(crate) fn push(&mut self, place: &Place) -> Result<()> {
        self.trivial &=
            place.valid && place.item == 0 && place.file == 0 && place.index == self.rows;
        self.rows += 1;
        let file = place.file.saturating_add(self.first_file);
        self.buffer.extend_from_slice(&entry(&Place { file, ..*place }));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn fields_are_those_of_the_entries() {
        let place = |i: u64| Place {
            index: i,
            file: 3,
            line: i + 1,
            byte: 100 * i,
            item: i as u32 % 2,
            valid: i.is_multiple_of(3),
            shape: Shape::image(1, 1, 1),
        };
        let entries: Vec<u8> = (0..3000).flat_map(|i| entry(&place(i))).collect();
        let read = |number| {
            let mut all = Vec::new();
            field(&entries[..], number).read_to_end(&mut all).expect("read");
            all
        };
        let bytes: Vec<u64> =
            read(2).as_chunks().0.iter().map(|c| u64::from_le_bytes(*c)).collect();
        assert!(bytes.iter().copied().eq((0..3000).map(|i| 100 * i)));
        assert!(read(4).iter().enumerate().all(|(i, v)| (*v == 1) == i.is_multiple_of(3)));
        assert_eq!(read(0).len(), 4 * 3000);
    }
}
