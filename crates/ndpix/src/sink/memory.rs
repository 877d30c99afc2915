//! Rows in memory: one array that grows, so that an image is there once, and the kept fields.

use std::sync::Arc;

use super::{Facts, Further, Ready, Sink};
use crate::array::{Aligned, Array, NamedArrays};
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
    further: Vec<(Further, Aligned)>,
    columns: Vec<Column>,
}

impl Memory {
    /// An empty array with room for `rows`, where that is known; room that stays unused costs nothing.
    pub(crate) fn new(
        item: Shape,
        dtype: DType,
        rows: Option<u64>,
        further: Vec<Further>,
        columns: &[(Arc<str>, ColumnType)],
    ) -> Result<Self> {
        let item_len = item.bytes(dtype)?;
        let mut bytes = Aligned::default();
        // An estimate that no system would promise is not a reason to stop.
        let make_room = |bytes: &mut Aligned, item_len: usize| {
            let room = rows.and_then(|rows| usize::try_from(rows).ok()?.checked_mul(item_len));
            room.and_then(|room| bytes.reserve(room));
        };
        make_room(&mut bytes, item_len);
        let beside = |array: Further| {
            let mut bytes = Aligned::default();
            make_room(&mut bytes, array.item_len()?);
            Ok((array, bytes))
        };
        let further = further.into_iter().map(beside).collect::<Result<_>>()?;
        let columns = columns.iter().map(|(name, kind)| Column::new(Arc::clone(name), *kind));
        Ok(Self { item, dtype, item_len, bytes, further, columns: columns.collect() })
    }

    /// The array, those beside it, and the columns.
    pub(crate) fn into_parts(self) -> (Array, NamedArrays, Vec<Column>) {
        let rows = self.bytes.len() / self.item_len.max(1);
        let array = |item: &Shape, dtype, bytes| {
            let shape = std::iter::once(rows).chain(item.iter().copied()).collect();
            Array { shape, dtype, bytes }
        };
        let further = self.further.into_iter();
        let further = further.map(|(of, bytes)| (of.name, array(&of.shape, of.dtype, bytes)));
        (array(&self.item, self.dtype, self.bytes), further.collect(), self.columns)
    }
}

fn append(bytes: &mut Aligned, rows: &[u8]) -> Result<()> {
    let have = bytes.len();
    bytes.extend(rows).ok_or_else(|| {
        let what = format_args!("no memory for more than {have} bytes of pixels").to_string();
        Error::io(what, std::io::ErrorKind::OutOfMemory.into())
    })
}

impl Sink for &mut Memory {
    fn write(&mut self, rows: &[u8]) -> Result<()> {
        append(&mut self.bytes, rows)
    }

    fn array(&mut self, number: usize, rows: &[u8]) -> Result<()> {
        self.further.get_mut(number).map_or(Ok(()), |(_, bytes)| append(bytes, rows))
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
