//! Kept fields alone, in a file beside an array that has no place for them: `OUT.columns.parquet`, a row for
//! each row of the array.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::file::{Group, ParquetFile};
use super::grown::Grown;
use super::kept;
use super::page::Codec;
use crate::column::Column;
use crate::dtype::DType;
use crate::error::Result;
use crate::options::{OutputCompression, Rows};
use crate::shape::Shape;
use crate::sink::mark::{Mark, number};
use crate::sink::partial::Partial;
use crate::sink::shelf::Shelf;
use crate::sink::spool::Spool;
use crate::sink::{Facts, Holds, Images};

/// Rows in a group.
const GROUP_ROWS: u64 = 1 << 17;

/// `OUT.columns.parquet`, written from the spool at the end.
pub(crate) struct ColumnsFile {
    file: ParquetFile,
    spool: Spool,
    rows: u64,
    /// What is there already, of an array that gets more rows.
    grown: Option<Grown>,
}

impl ColumnsFile {
    /// Opens the file that will be called `path`, to go on from the state `from`. Nothing is in it before the end.
    /// With `before` there is such a file, of so many rows, which come first.
    ///
    /// # Errors
    /// Kind `options` where that has other columns or rows.
    pub(crate) fn create(
        path: &Path,
        holds: &Holds,
        shelf: &Arc<Shelf>,
        before: Option<u64>,
        from: Option<&Value>,
    ) -> Result<Self> {
        // Where rows come from stands in the row map, and how large images are in the array.
        let images = Images::Stack { shape: Shape::image(1, 1, 1), dtype: DType::Uint8 };
        let holds = Holds { images, rows: Rows::Never, fills: false, ..holds.clone() };
        let codec = Arc::new(Codec::new(OutputCompression::Auto));
        let fields = kept::fields(&holds);
        let open = |rows| Grown::open(path, &holds, &fields, codec.number(), rows);
        let grown = before.map(open).transpose()?;
        let file = ParquetFile::create(path, fields, codec, None)?;
        let spool = Spool::new(shelf, &holds, from.map(|state| &state["spool"]))?;
        let rows = from.map_or(Ok(0), |state| number(state, "rows"))?;
        Ok(Self { file, spool, rows, grown })
    }

    /// Takes part in a mark: its state.
    pub(crate) fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        Ok(json!({"spool": self.spool.mark(mark)?, "rows": self.rows}))
    }

    /// Appends the kept fields of rows.
    pub(crate) fn push(&mut self, rows: &[Column]) -> Result<()> {
        self.rows += rows.first().map_or(0, Column::len) as u64;
        self.spool.columns(rows)
    }

    /// Makes it readable.
    pub(crate) fn seal(&mut self, facts: &Facts) -> Result<()> {
        let mut attributes = facts.attributes();
        if let Some(grown) = self.grown.take() {
            attributes = facts.with_counts(&grown.counts).attributes();
            self.file.take_over(&grown.file, grown.end, grown.groups)?;
        }
        let mut left = self.rows;
        while left > 0 {
            let rows = left.min(GROUP_ROWS);
            self.file.groups.push(Group { rows, chunks: Vec::new() });
            left -= rows;
        }
        kept::write(&mut self.file, &mut self.spool)?;
        self.file.seal(&attributes)
    }

    /// The file, sealed.
    pub(crate) fn into_partial(self) -> Partial {
        self.file.into_partial()
    }

    /// Removes it.
    pub(crate) fn abandon(self) {
        self.file.abandon(false);
    }
}
