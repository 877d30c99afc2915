//! `.npy`, streaming: the very header that `np.save` writes, patched with the row count at the end.
//!
//! NumPy pads the header so that the first axis can grow to 21 digits in place (NEP 1 and
//! `numpy/lib/_format_impl.py`, GROWTH_AXIS_MAX_DIGITS): so its length does not depend on the rows.
//! Rows are written from the caller's buffer, never through a mapped file, and may exceed memory.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as Io, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{Sink, beside, rename};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::Shape;

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
    file: File,
    out: PathBuf,
    partial: PathBuf,
    descr: String,
    item: Vec<usize>,
    item_len: usize,
    bytes: u64,
}

impl Npy {
    /// An array of images.
    pub(crate) fn create(out: &Path, shape: &Shape, dtype: DType) -> Result<Self> {
        let descr = format!("'{}'", dtype.descr());
        Self::with_descr(out, descr, shape.to_vec(), shape.bytes(dtype)?)
    }

    /// An array of items of `item_len` bytes; `descr` as in the header.
    pub(crate) fn with_descr(
        out: &Path,
        descr: String,
        item: Vec<usize>,
        item_len: usize,
    ) -> Result<Self> {
        let partial = beside(out, ".partial");
        let what = || format!("cannot write {}", partial.display());
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&partial)
            .map_err(|e| Error::io(what(), e))?;
        // The lock is taken before the old content goes, so that two runs never share a file.
        file.try_lock().map_err(|_| {
            Error::new(
                crate::error::ErrorKind::Io,
                format!("{} is being written by another run", partial.display()),
            )
        })?;
        file.set_len(0)
            .and_then(|()| file.write_all(&header(&descr, 0, &item)))
            .map_err(|e| Error::io(what(), e))?;
        Ok(Self { file, out: out.to_path_buf(), partial, descr, item, item_len, bytes: 0 })
    }

    fn rows(&self) -> u64 {
        self.bytes / (self.item_len as u64).max(1)
    }
}

impl Sink for Npy {
    fn write(&mut self, rows: &[u8]) -> Result<()> {
        let start = header(&self.descr, 0, &self.item).len() as u64 + self.bytes;
        self.file.write_all_at(rows, start).map_err(|e| {
            let hint = match e.kind() {
                Io::StorageFull | Io::QuotaExceeded => {
                    " (free some space and run the same command again)"
                }
                _ => "",
            };
            Error::io(format_args!("cannot write {}{hint}", self.partial.display()), e)
        })?;
        self.bytes += rows.len() as u64;
        Ok(())
    }

    fn seal(&mut self) -> Result<()> {
        let head = header(&self.descr, self.rows(), &self.item);
        let end = head.len() as u64 + self.bytes;
        self.file
            .write_all_at(&head, 0)
            .and_then(|()| self.file.set_len(end))
            .and_then(|()| self.file.sync_all())
            .map_err(|e| Error::io(format_args!("cannot finish {}", self.partial.display()), e))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        rename(&self.partial, &self.out)
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
