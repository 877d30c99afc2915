//! The row map `OUT.rows.npy`: for each row the input it came from, as a structured array
//! `file, line, byte, item, valid` that NumPy opens without anything else.

use std::path::Path;

use super::npy::Npy;
use super::{Sink, beside};
use crate::batch::Record;
use crate::error::Result;

const DESCR: &str =
    "[('file', '<u4'), ('line', '<u8'), ('byte', '<u8'), ('item', '<u4'), ('valid', '|b1')]";
const ITEM: usize = 25;

/// Writes the row map, a buffer at a time.
pub(crate) struct RowMap {
    npy: Npy,
    buffer: Vec<u8>,
    rows: u64,
    /// Whether row i is record i of the first input, its only image, and valid: then nobody needs the map.
    pub(crate) trivial: bool,
}

impl RowMap {
    pub(crate) fn create(out: &Path) -> Result<Self> {
        let npy = Npy::with_descr(&beside(out, ".rows.npy"), DESCR.to_string(), Vec::new(), ITEM)?;
        Ok(Self { npy, buffer: Vec::new(), rows: 0, trivial: true })
    }

    /// Notes the next row.
    pub(crate) fn push(&mut self, record: &Record, item: u32, valid: bool) -> Result<()> {
        self.trivial &= valid && item == 0 && record.file == 0 && record.index == self.rows;
        self.rows += 1;
        self.buffer.extend_from_slice(&record.file.to_le_bytes());
        self.buffer.extend_from_slice(&record.line.to_le_bytes());
        self.buffer.extend_from_slice(&record.byte.to_le_bytes());
        self.buffer.extend_from_slice(&item.to_le_bytes());
        self.buffer.push(u8::from(valid));
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

    pub(crate) fn seal(&mut self) -> Result<()> {
        self.flush()?;
        self.npy.seal()
    }

    pub(crate) fn finish(self) -> Result<()> {
        Box::new(self.npy).finish()
    }
}
