//! The row map `OUT.rows.npy`: for each row the input it came from, as a structured array
//! `file, line, byte, item, valid` that NumPy opens without anything else.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Place;
use super::entry::{DESCR, ITEM, entry};
use super::mark::{Mark, number};
use super::npy::file::Npy;
use super::partial::Partial;
use crate::error::{Error, Result};

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

    /// The row map `path` of `rows` rows, with more to come; inputs are numbered on, from `first_file` at least.
    ///
    /// # Errors
    /// Kind `options` where it has fewer rows, or is not a row map.
    pub(crate) fn append(path: &Path, rows: u64, first_file: u32) -> Result<Self> {
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
        let first_file = last.map_or(0, |file| file.saturating_add(1)).max(first_file);
        Ok(Self { npy, buffer: Vec::new(), rows, first_file, trivial: false })
    }

    /// The row map `path` that the state `from` is of, without what came after it.
    pub(crate) fn again(path: &Path, from: &Value) -> Result<Self> {
        Ok(Self {
            npy: Npy::again(path, DESCR.to_string(), Vec::new(), ITEM, &from["file"])?,
            buffer: Vec::new(),
            rows: number(from, "rows")?,
            first_file: number(from, "first_file")? as u32,
            trivial: from["trivial"] == true,
        })
    }

    /// Takes part in a mark: its state.
    pub(crate) fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        self.flush()?;
        Ok(json!({
            "file": self.npy.mark(mark)?,
            "rows": self.rows,
            "first_file": self.first_file,
            "trivial": self.trivial,
        }))
    }

    /// The number of the next input.
    pub(crate) fn first_file(&self) -> u32 {
        self.first_file
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

    /// The file, sealed.
    pub(crate) fn into_partial(self) -> Partial {
        self.npy.into_partial()
    }

    /// Leaves it as it is, or removes it.
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        self.npy.abandon(keep)
    }
}
