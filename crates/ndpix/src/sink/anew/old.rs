//! What is there of an output that grows: whether rows of a run may follow its own, and these rows, one after another.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::column::{Column, ColumnType};
use crate::error::{Error, ErrorKind, Result};
use crate::legend::legends_said;
use crate::options::ImagesAs;
use crate::shape::Shape;
use crate::sink::entry::ITEM;
use crate::sink::holds::{COLUMNS, COUNTS, LEGENDS, columns_said, same_columns, same_legends};
use crate::sink::shown::Arrays;
use crate::sink::shown::turns::Entries;
use crate::sink::{Holds, Images, Place, Sink};

/// Rows are written when so many bytes of pixels are there, and kept fields likewise.
const BLOCK: usize = 1 << 20;

/// By what an output is known to be the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) rows: u64,
    /// What its runs counted.
    pub(super) counts: Value,
    /// Of its file; of a folder none.
    bytes: Option<u64>,
}

/// An output that is there.
pub(crate) struct Old {
    out: PathBuf,
    arrays: Arrays,
    rows: u64,
}

impl Old {
    /// The output `out`, if there is one.
    ///
    /// # Errors
    /// Kind `options` where no run of ndpix wrote it, or it is damaged; `io`.
    pub(crate) fn find(out: &Path) -> Result<Option<Self>> {
        if !out.exists() {
            return Ok(None);
        }
        let named = |error| failed(out, error);
        let arrays = Arrays::open(out).map_err(named)?;
        let rows = arrays.rows().map_err(named)?;
        if !arrays.said("ndpix_version").is_string() {
            return Err(failed(out, Error::options("it does not say that ndpix wrote it")));
        }
        Ok(Some(Self { out: out.to_path_buf(), arrays, rows }))
    }

    pub(super) fn before(&self) -> Result<Before> {
        let found = std::fs::metadata(&self.out);
        let found =
            found.map_err(|e| Error::io(format_args!("cannot read {}", self.out.display()), e))?;
        let bytes = found.is_file().then_some(found.len());
        Ok(Before { rows: self.rows, counts: self.arrays.said(COUNTS).clone(), bytes })
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether it says apart from its row map which rows are images.
    pub(super) fn says_valid(&self) -> bool {
        self.arrays.says_valid()
    }

    /// The number that the row map has for the next input.
    pub(crate) fn next_file(&self) -> Result<u32> {
        let Some(last) = self.rows.checked_sub(1) else { return Ok(0) };
        let entry = self.arrays.entry(last).map_err(|e| failed(&self.out, e))?;
        // Inputs are numbered in the order of the rows, so that the last row has the highest number.
        let last = entry.and_then(|entry| Some(u32::from_le_bytes(*entry.first_chunk()?)));
        Ok(last.map_or(0, |file| file.saturating_add(1)))
    }

    /// Refuses rows that are not like those that are there.
    pub(super) fn check(&self, holds: &Holds) -> Result<()> {
        let out = self.out.display();
        let there = self.arrays.holds().map_err(|e| failed(&self.out, e))?;
        let came = (holds.images, holds.images_as == ImagesAs::Encoded);
        if there != came {
            return Err(Error::options(format!(
                "{out} holds {}, and these records give {}; ask for the same, or write another output",
                words(there),
                words(came)
            )));
        }
        if self.map()?.is_none() {
            return Err(Error::options(format!(
                "{out} has no row map of its rows, so that none can be added; write it anew with append"
            )));
        }
        let strangers = self.arrays.strangers(&holds.columns);
        let said = match self.arrays.said(COLUMNS) {
            // Where there are none, nothing is said of them.
            Value::Null if self.arrays.strangers(&[]).is_empty() => &json!([]),
            said => said,
        };
        same_columns(&self.out, said, &columns_said(&holds.columns))?;
        same_legends(&self.out, self.arrays.said(LEGENDS), &legends_said(&holds.legends))?;
        match strangers.first() {
            None => Ok(()),
            Some(name) => Err(Error::options(format!(
                "{out} holds {name:?}, which did not come from its records and would be lost; move it elsewhere, or write another output"
            ))),
        }
    }

    fn map(&self) -> Result<Option<Entries<'_>>> {
        self.arrays.entries().map_err(|e| failed(&self.out, e))
    }

    /// Writes its rows to a sink, as they came, with these columns.
    ///
    /// # Errors
    /// Kind `options` where it is damaged; `io`, also where it was asked to stop.
    pub(super) fn copy(
        &self,
        columns: &[(Arc<str>, ColumnType)],
        sink: &mut dyn Sink,
        stop: &AtomicBool,
    ) -> Result<()> {
        let named = |error| failed(&self.out, error);
        let mut pictures = self.arrays.pictures().map_err(named)?;
        let lost = || named(Error::options("it has no row map"));
        let mut entries = self.map()?.ok_or_else(lost)?;
        let values = columns.iter().map(|(name, kind)| self.arrays.values(name, *kind));
        let mut values = values.collect::<Result<Vec<_>>>().map_err(named)?;
        let mut kept: Vec<_> =
            columns.iter().map(|(name, kind)| Column::new(Arc::clone(name), *kind)).collect();
        let mut pixels = Vec::new();
        for row in 0..self.rows {
            let shape = pictures.next(&mut pixels).map_err(named)?;
            sink.place(&place(row, &entries.next().map_err(named)?, shape))?;
            for (column, values) in kept.iter_mut().zip(&mut values) {
                column.push(values.next().map_err(named)?);
            }
            let is_last = row + 1 == self.rows;
            if pixels.len() >= BLOCK || is_last {
                sink.write(&pixels)?;
                pixels.clear();
                sink.job().map_or(Ok(()), |job| job())?;
            }
            let bytes = kept.iter().map(|column| column.values.len() + 9 * column.len());
            if bytes.sum::<usize>() >= BLOCK || (is_last && !kept.is_empty()) {
                sink.columns(&kept)?;
                kept.iter_mut().for_each(Column::clear);
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Io, "interrupted"));
            }
        }
        Ok(())
    }
}

/// Where a row comes from, as its entry says it; `shape` of its image, where rows differ in it.
fn place(row: u64, entry: &[u8; ITEM], shape: Option<Shape>) -> Place {
    let wide = |from: usize| u64::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
    let narrow = |from: usize| u32::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
    Place {
        index: row,
        file: narrow(0),
        line: wide(4),
        byte: wide(12),
        item: narrow(20),
        valid: entry[24] != 0,
        shape: shape.unwrap_or(Shape::image(0, 0, 1)),
    }
}

/// What images are, in words.
fn words((images, is_encoded): (Images, bool)) -> String {
    match images {
        _ if is_encoded => "image files".to_string(),
        Images::Stack { shape, dtype } => format!("images of shape {shape} {dtype}"),
        Images::Pad { shape, dtype } => {
            format!("images of different sizes, padded to shape {shape} {dtype}")
        }
        Images::Flat { dtype, rank } => {
            format!("images of different sizes, laid flat, with {rank} axes of {dtype}")
        }
    }
}

/// An error of reading the output, which is named.
fn failed(out: &Path, error: Error) -> Error {
    if error.kind() != ErrorKind::Options {
        return error;
    }
    let why = error.message().replace(" cannot be shown: ", ": ");
    let why = why.strip_prefix(&format!("{}: ", out.display())).unwrap_or(&why);
    Error::options(format!(
        "no rows can be added to {}: {why}; give another name, or convert all records again",
        out.display()
    ))
}
