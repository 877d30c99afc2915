//! The kept fields of rows, on their way to the sink.
//!
//! JSON text that holds images says which rows they became. So the rows of such a record wait until the
//! next record, when it is known what became of all its images. What waits is one row of fields and
//! the numbers of the rows that share it.

use std::sync::Arc;

use crate::column::{Column, ColumnType};
use crate::decode::{Hole, Kept};
use crate::error::Result;
use crate::plan::Plan;
use crate::sink::Sink;

/// Rows are handed over when their values take this many bytes, and at the end of each part.
const BLOCK_BYTES: usize = 1 << 20;

/// Names and types of the columns of a plan.
pub(crate) fn names(plan: &Plan) -> Vec<(Arc<str>, ColumnType)> {
    plan.columns.iter().map(|column| (Arc::clone(&column.name), column.kind())).collect()
}

/// The kept fields of rows.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    block: Vec<Column>,
    /// The record that was looked at last, by its number in the part, and its row in what is kept.
    at: Option<(usize, usize)>,
    waiting: Option<Waiting>,
}

/// Rows of a record whose text holds images.
#[derive(Debug)]
struct Waiting {
    record: u64,
    values: Vec<Column>,
    holes: Vec<Hole>,
    /// Rows so far: the image, and the number of the row where it is that image.
    rows: Vec<(u32, Option<u64>)>,
}

/// What became of an image of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Became {
    /// The record, by its number over all files.
    pub(super) record: u64,
    pub(super) item: u32,
    /// The number of its row; `None`: a fill row.
    pub(super) row: Option<u64>,
}

impl Ledger {
    /// Hears that a part begins.
    pub(super) fn begin(&mut self) {
        self.at = None;
    }

    /// Hears of the record of the next outcome, by its number in the part.
    pub(super) fn record(&mut self, number: usize) {
        self.at = match self.at {
            Some((last, row)) if last != number => Some((number, row + 1)),
            Some(same) => Some(same),
            None => Some((number, 0)),
        };
    }

    /// Hears of a row for an image of that record. Of a record that is not JSON nothing is kept.
    pub(super) fn row(
        &mut self,
        kept: &Kept,
        became: Became,
        json: bool,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if kept.columns.is_empty() {
            return Ok(());
        }
        if self.block.is_empty() {
            let empty = |c: &Column| Column::new(c.name.clone(), c.kind);
            self.block = kept.columns.iter().map(empty).collect();
        }
        if self.waiting.as_ref().is_some_and(|w| w.record != became.record || !json) {
            self.settle(sink)?;
        }
        let number = (became.item, became.row);
        if let Some(waiting) = &mut self.waiting {
            waiting.rows.push(number);
            return Ok(());
        }
        let row = self.at.map_or(0, |at| at.1);
        let holes = kept.holes_of(row);
        if json && !holes.is_empty() {
            let mut values = Vec::new();
            for column in &kept.columns {
                let mut one = Column::new(column.name.clone(), column.kind);
                one.push_from(column, row);
                values.push(one);
            }
            let (record, holes, rows) = (became.record, holes.to_vec(), vec![number]);
            self.waiting = Some(Waiting { record, values, holes, rows });
            return Ok(());
        }
        for (block, column) in self.block.iter_mut().zip(&kept.columns) {
            if json {
                block.push_from(column, row);
            } else {
                block.push(None);
            }
        }
        self.hand_over(BLOCK_BYTES, sink)
    }

    /// Hands over the rows that do not wait.
    pub(super) fn flush(&mut self, sink: &mut dyn Sink) -> Result<()> {
        self.hand_over(0, sink)
    }

    /// Hands over all rows: no more will come.
    pub(super) fn finish(&mut self, sink: &mut dyn Sink) -> Result<()> {
        self.settle(sink)?;
        self.flush(sink)
    }

    /// Puts row numbers into the text of the record that waits.
    fn settle(&mut self, sink: &mut dyn Sink) -> Result<()> {
        let Some(Waiting { mut values, holes, rows, .. }) = self.waiting.take() else {
            return Ok(());
        };
        // Rows are in the order of the images, of which some have none.
        fill(&mut values, &holes, |item| {
            let found = rows.binary_search_by_key(&item, |row| row.0);
            found.ok().and_then(|at| rows[at].1)
        });
        for _ in rows {
            self.block.iter_mut().zip(&values).for_each(|(block, one)| block.push_from(one, 0));
            self.hand_over(BLOCK_BYTES, sink)?;
        }
        Ok(())
    }

    /// Hands the block over where it takes as many bytes.
    fn hand_over(&mut self, bytes: usize, sink: &mut dyn Sink) -> Result<()> {
        let size = |c: &Column| c.values.len() + 8 * c.ends.len() + c.len();
        if self.block.first().is_some_and(|c| !c.is_empty())
            && self.block.iter().map(size).sum::<usize>() >= bytes
        {
            sink.columns(&self.block)?;
            self.block.iter_mut().for_each(Column::clear);
        }
        Ok(())
    }
}

/// Fills the holes in a row of columns with the number of each image, or null where it has none.
pub(crate) fn fill(row: &mut [Column], holes: &[Hole], number: impl Fn(u32) -> Option<u64>) {
    for (i, column) in row.iter_mut().enumerate() {
        let mut holes = holes.iter().filter(|hole| hole.column == i).peekable();
        if holes.peek().is_none() {
            continue;
        }
        let (mut text, mut from) = (Vec::new(), 0);
        for hole in holes {
            text.extend_from_slice(&column.value(0)[from..hole.at]);
            from = hole.at;
            match number(hole.item) {
                Some(row) => text.extend_from_slice(row.to_string().as_bytes()),
                None => text.extend_from_slice(b"null"),
            }
        }
        text.extend_from_slice(&column.value(0)[from..]);
        column.clear();
        column.push((text != b"null").then_some(&text));
    }
}
