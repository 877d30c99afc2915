//! `.npy`, streaming: the very header that `np.save` writes, patched with the row count at the end.
//!
//! NumPy pads the header so that the first axis can grow to 21 digits in place (NEP 1 and
//! `numpy/lib/_format_impl.py`, GROWTH_AXIS_MAX_DIGITS): so its length does not depend on the rows.
//! Rows are written from the caller's buffer, never through a mapped file, and may exceed memory.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::partial::Partial;
use super::rows::RowMap;
use super::{Facts, Holds, Place, Sink, beside};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::options::Rows;

/// The header of an array of `rows` items: `descr` as in the header's dictionary, quotes included.
pub(crate) fn header(descr: &str, rows: u64, item: &[usize]) -> Vec<u8> {
    let mut shape = format!("({rows},");
    for (i, axis) in item.iter().enumerate() {
        shape.push_str(&format!("{}{axis}", if i == 0 { " " } else { ", " }));
    }
    shape.push(')');
    let mut dict = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    dict.push_str(&" ".repeat(21usize.saturating_sub(rows.to_string().len())));
    // Magic, version and length take 10 bytes; the newline one. NumPy pads by 1 to 64, never by 0.
    let pad = 64 - (10 + dict.len() + 1) % 64;
    dict.push_str(&" ".repeat(pad));
    dict.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&(dict.len() as u16).to_le_bytes());
    out.extend_from_slice(dict.as_bytes());
    out
}

/// An array file that grows row by row.
#[derive(Debug)]
pub(crate) struct Npy {
    partial: Partial,
    descr: String,
    item: Vec<usize>,
    item_len: usize,
    /// Bytes of rows.
    bytes: u64,
}

impl Npy {
    /// An array of items of `item_len` bytes; `descr` as in the header, quotes included.
    pub(crate) fn create(
        out: &Path,
        descr: String,
        item: Vec<usize>,
        item_len: usize,
    ) -> Result<Self> {
        let partial = Partial::create(out)?;
        partial
            .file
            .write_all_at(&header(&descr, 0, &item), 0)
            .map_err(|e| partial.failed(e))?;
        Ok(Self { partial, descr, item, item_len, bytes: 0 })
    }

    /// Appends whole rows.
    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<()> {
        let start = header(&self.descr, 0, &self.item).len() as u64 + self.bytes;
        self.partial.file.write_all_at(rows, start).map_err(|e| self.partial.failed(e))?;
        self.bytes += rows.len() as u64;
        Ok(())
    }

    /// Makes it readable and durable.
    pub(crate) fn seal(&mut self) -> Result<()> {
        let rows = self.bytes / (self.item_len as u64).max(1);
        let head = header(&self.descr, rows, &self.item);
        let end = head.len() as u64 + self.bytes;
        self.partial
            .file
            .write_all_at(&head, 0)
            .and_then(|()| self.partial.file.set_len(end))
            .map_err(|e| self.partial.failed(e))?;
        self.partial.sync()
    }

    /// Gives it its final name.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        self.partial.finish()
    }

    /// See [`Partial::abandon`].
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        self.partial.abandon(keep)
    }
}

/// The array, and beside it what it has no place for: the row map and the columns.
pub(crate) struct NpyFiles {
    array: Npy,
    rows: Option<RowMap>,
    out: PathBuf,
    always: bool,
    replace: bool,
}

impl NpyFiles {
    /// Opens the array and the files beside it.
    pub(crate) fn create(out: &Path, holds: &Holds) -> Result<Self> {
        let descr = format!("'{}'", holds.images.dtype().descr());
        let array = Npy::create(out, descr, holds.images.item(), holds.images.item_len()?)?;
        let rows = match holds.rows {
            Rows::Never => None,
            _ => Some(RowMap::create(&beside(out, ".rows.npy"))?),
        };
        let always = holds.rows == Rows::Always;
        Ok(Self { array, rows, out: out.to_path_buf(), always, replace: holds.replace })
    }

    /// The row map, if it is wanted; where it is not, an old one goes with the array it belonged to.
    fn wanted_rows(&mut self, whole: bool) -> Result<Option<RowMap>> {
        let Some(rows) = self.rows.take() else { return Ok(None) };
        if self.always || !rows.trivial {
            return Ok(Some(rows));
        }
        rows.abandon(false);
        let old = beside(&self.out, ".rows.npy");
        if whole && self.replace && old.exists() {
            std::fs::remove_file(&old)
                .map_err(|e| Error::io(format_args!("cannot remove {}", old.display()), e))?;
        }
        Ok(None)
    }
}

impl Sink for NpyFiles {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.array.write(pixels)
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.rows.as_mut().map_or(Ok(()), |rows| rows.push(place))
    }

    fn columns(&mut self, _rows: &[Column]) -> Result<()> {
        Ok(())
    }

    fn seal(&mut self, _: &Facts) -> Result<()> {
        self.rows.as_mut().map_or(Ok(()), RowMap::seal)?;
        self.array.seal()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<PathBuf>> {
        let beside = self.wanted_rows(true)?.map(RowMap::finish).transpose()?;
        let array = self.array.finish()?;
        Ok(std::iter::once(array).chain(beside).collect())
    }

    fn abandon(mut self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        let beside = self.wanted_rows(false).ok().flatten().and_then(|rows| rows.abandon(keep));
        self.array.abandon(keep).into_iter().chain(beside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_numpy() {
        // np.save of np.zeros((3, 2, 2), "u1") with NumPy 2.4.
        let text = header("'|u1'", 3, &[2, 2]);
        assert_eq!(text.len(), 128);
        assert!(text.starts_with(b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }  "));
        assert!(text.ends_with(b" \n"));
        assert!(header("'<u2'", 7, &[]).windows(4).any(|w| w == b"(7,)"));
    }

    #[test]
    fn the_header_does_not_grow_with_the_rows() {
        for rows in [0, 9, 10, 99_999, u64::MAX] {
            assert_eq!(header("'|u1'", rows, &[28, 28]).len(), 128);
        }
    }
}
