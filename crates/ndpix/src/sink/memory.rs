//! Rows in memory: one array that grows, so that an image is there once, and the kept fields.

use std::sync::Arc;

use super::{Facts, Ready, Sink};
use crate::array::{Aligned, Array};
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// An array that grows row by row, and the columns beside it.
#[derive(Debug)]
pub(crate) struct Memory {
    item: Shape,
    dtype: DType,
    item_len: usize,
    bytes: Aligned,
    columns: Vec<Column>,
}

impl Memory {
    /// An empty array with room for `rows`, where that is known; room that stays unused costs nothing.
    pub(crate) fn new(
        item: Shape,
        dtype: DType,
        rows: Option<u64>,
        columns: &[(Arc<str>, ColumnType)],
    ) -> Result<Self> {
        let item_len = item.bytes(dtype)?;
        let mut bytes = Aligned::default();
        let room = rows.and_then(|rows| usize::try_from(rows).ok()?.checked_mul(item_len));
        // An estimate that no system would promise is not a reason to stop.
        let _ = room.and_then(|room| bytes.reserve(room));
        let columns = columns.iter().map(|(name, kind)| Column::new(Arc::clone(name), *kind));
        Ok(Self { item, dtype, item_len, bytes, columns: columns.collect() })
    }

    /// The array and the columns.
    pub(crate) fn into_parts(self) -> (Array, Vec<Column>) {
        let rows = self.bytes.len() / self.item_len.max(1);
        let shape = std::iter::once(rows).chain(self.item.iter().copied()).collect();
        (Array { shape, dtype: self.dtype, bytes: self.bytes }, self.columns)
    }
}

impl Sink for &mut Memory {
    fn write(&mut self, rows: &[u8]) -> Result<()> {
        let have = self.bytes.len();
        self.bytes.extend(rows).ok_or_else(|| {
            let what = format_args!("no memory for more than {have} bytes of pixels").to_string();
            Error::io(what, std::io::ErrorKind::OutOfMemory.into())
        })
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        for (all, more) in self.columns.iter_mut().zip(rows) {
            all.extend(more);
        }
        Ok(())
    }

    fn seal(&mut self, _: &Facts) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::default())
    }
}
