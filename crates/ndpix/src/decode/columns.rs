//! The kept fields of a record, as values of their columns.
//!
//! They are found by the same scan as the image. In JSON text that holds images each of them leaves a
//! [`Hole`]: which row an image becomes is known only when the rows before it are.

mod time;

use std::sync::Arc;

use super::Decoder;
use super::classes::name_of;
use crate::column::Column;
use crate::error::{Error, Result, quote};
use crate::legend::Legend;
use crate::options::{Clock, ReadAs};
use crate::plan::{ColumnPlan, Plan};
use crate::record::scan::Hit;
use crate::record::value::{self, Kind};
pub(crate) use time::time;

/// Where the number of a row belongs into JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hole {
    /// The row of [`Kept`].
    pub(crate) row: usize,
    pub(crate) column: usize,
    /// The place in the value, which ends here and goes on after the number.
    pub(crate) at: usize,
    /// Which image of the record.
    pub(crate) item: u32,
}

/// The kept fields of some records: one row for each record.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) columns: Vec<Column>,
    /// In the order of rows, columns and places.
    pub(crate) holes: Vec<Hole>,
    scratch: Vec<u8>,
}

impl Kept {
    pub(crate) fn new(plan: &Plan) -> Self {
        let column = |c: &ColumnPlan| Column::new(Arc::clone(&c.name), c.kind());
        Self { columns: plan.columns.iter().map(column).collect(), ..Self::default() }
    }

    /// Appends a record of which nothing is known.
    pub(crate) fn nothing(&mut self) {
        self.columns.iter_mut().for_each(|column| column.push(None));
    }

    /// Forgets the rows, and gives memory back where it is more than `keep` bytes.
    pub(crate) fn clear(&mut self, keep: usize) {
        self.holes.clear();
        for column in &mut self.columns {
            column.clear();
            if column.values.capacity() > keep {
                column.values = Vec::new();
            }
        }
        if self.scratch.capacity() > keep {
            self.scratch = Vec::new();
        }
    }

    /// The holes of a row.
    pub(crate) fn holes_of(&self, row: usize) -> &[Hole] {
        let from = self.holes.partition_point(|h| h.row < row);
        let to = self.holes.partition_point(|h| h.row <= row);
        &self.holes[from..to]
    }
}

/// The text of an image, by where it begins and ends in the record, and which of its images it is;
/// `None`: one that a later member of the same name hides.
type Span = (usize, usize, Option<u32>);

impl Decoder<'_> {
    /// Appends the kept fields of the record that was last found. A field that is not what its column
    /// holds counts as null; the first of them is the error.
    pub(crate) fn keep(&self, record: &[u8], kept: &mut Kept) -> Result<()> {
        let mut result = Ok(());
        for (column, plan) in self.plan.columns.iter().enumerate() {
            let Some(hit) = self.column(column) else {
                kept.columns[column].push(None);
                continue;
            };
            let mut value = std::mem::take(&mut kept.scratch);
            value.clear();
            let text = &record[hit.start..hit.end];
            let images = if plan.touches { self.images_in(record, hit) } else { Vec::new() };
            let read = match (plan.reads, &images[..]) {
                (ReadAs::Json, images) => {
                    let row = kept.columns[column].len();
                    let mut from = hit.start;
                    for &(start, end, item) in images {
                        // A band inside another band.
                        if start < from {
                            continue;
                        }
                        value.extend_from_slice(&record[from..start]);
                        match item {
                            Some(item) => {
                                kept.holes.push(Hole { row, column, at: value.len(), item });
                            }
                            None => value.extend_from_slice(b"null"),
                        }
                        from = end;
                    }
                    value.extend_from_slice(&record[from..hit.end]);
                    Some(())
                }
                (_, [_, ..]) => None,
                (reads, []) => read(reads, &plan.legend, text, &mut value),
            };
            let null = value::kind(text) == Kind::Null;
            let nul = plan.refuses_nul
                && plan.kind().dtype().is_none()
                && memchr::memchr(0, &value).is_some();
            kept.columns[column].push((!null && !nul && read.is_some()).then_some(&value[..]));
            if nul && result.is_ok() {
                result = Err(Error::field(format!(
                    "column {:#}: text with a NUL character, which HDF5 cannot hold",
                    plan.field
                )));
            }
            if !null && read.is_none() && result.is_ok() {
                result = Err(mistyped(plan, text, !images.is_empty()));
            }
            kept.scratch = value;
        }
        result
    }

    /// Where the field of a column stands in the record that was last found.
    pub(crate) fn column(&self, column: usize) -> Option<Hit> {
        let pointer = *self.finder.columns.get(column)?;
        self.finder.hits.iter().rfind(|hit| hit.pointer == pointer).copied()
    }

    /// The images in the value of a column, in the order in which they stand.
    pub(crate) fn images_in(&self, record: &[u8], hit: Hit) -> Vec<Span> {
        let inside = |start: usize, end: usize| hit.start <= start && end <= hit.end;
        let mut images: Vec<Span> = Vec::new();
        for items in &self.finder.items {
            for (number, item) in items.iter().enumerate().filter(|(_, i)| inside(i.start, i.end)) {
                // Of several bands each is a part of the one image.
                let image = if self.is_one() { 0 } else { number as u32 };
                images.push((item.start, item.end, Some(image)));
            }
        }
        for (start, end) in self.finder.hidden().filter(|(start, end)| inside(*start, *end)) {
            let text = &record[start..end];
            let empty = match value::kind(text) {
                Kind::Null => true,
                Kind::Array => value::is_empty(text),
                _ => false,
            };
            if !empty {
                images.push((start, end, None));
            }
        }
        images.sort_unstable();
        images
    }
}

/// Appends what a column that is read so holds of a value, of classes by this legend; `None`: it is something else.
pub(crate) fn read(reads: ReadAs, legend: &Legend, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match (reads, value::kind(text)) {
        (ReadAs::Int, Kind::Number) => out.extend_from_slice(&integer(text)?.to_le_bytes()),
        (ReadAs::Float, Kind::Number) => out.extend_from_slice(&number(text)?.to_le_bytes()),
        (ReadAs::Bool, Kind::Bool) => out.push(u8::from(text == b"true")),
        (ReadAs::Text, Kind::String) => {
            let mut scratch = Vec::new();
            let plain = value::unescape(text, &mut scratch);
            // Half of a surrogate pair is not text.
            out.extend_from_slice(std::str::from_utf8(plain).ok()?.as_bytes());
        }
        (ReadAs::Ints, Kind::Array) => {
            for element in value::elements(text) {
                out.extend_from_slice(&integer(element)?.to_le_bytes());
            }
        }
        (ReadAs::Floats, Kind::Array) => {
            for element in value::elements(text) {
                out.extend_from_slice(&number(element)?.to_le_bytes());
            }
        }
        (ReadAs::Category, _) => {
            out.extend_from_slice(&(legend.number(&name_of(text)?)? as i64).to_le_bytes());
        }
        (ReadAs::Datetime(clock), _) => {
            out.extend_from_slice(&time(clock, text).ok()?.0.to_le_bytes());
        }
        (ReadAs::Json, _) => out.extend_from_slice(text),
        _ => return None,
    }
    Some(())
}

/// A JSON number without fraction and exponent, of 64 bits.
fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A JSON number that a double can hold: of those without fraction and exponent only what it does not
/// round.
fn number(text: &[u8]) -> Option<f64> {
    const EXACT: f64 = (1u64 << 53) as f64;
    let text = match value::kind(text) {
        Kind::Number => std::str::from_utf8(text).ok()?,
        _ => return None,
    };
    let number: f64 = text.parse().ok()?;
    let exact = || !is_whole(text.as_bytes()) || format!("{number:.0}") == text;
    (number.is_finite() && (number.abs() < EXACT || exact())).then_some(number)
}

/// Whether a JSON number has no fraction and no exponent.
fn is_whole(number: &[u8]) -> bool {
    !number.iter().any(|c| matches!(c, b'.' | b'e' | b'E'))
}

/// Why a value is not what its column holds.
pub(crate) fn mistyped(plan: &ColumnPlan, text: &[u8], image: bool) -> Error {
    let whole = is_whole(text);
    let kind = value::kind(text);
    let found = match (kind, plan.reads) {
        _ if image => "an image",
        (Kind::Number, ReadAs::Int) if whole => "an integer of more than 64 bits",
        (Kind::Number, ReadAs::Int) => "a number with a fraction or exponent",
        (Kind::Number, ReadAs::Float) if whole => "an integer that doubles round",
        (Kind::Number, ReadAs::Float) => "a number beyond the range of doubles",
        (Kind::String, ReadAs::Text) => "a string with half a surrogate pair",
        (Kind::Array, ReadAs::Ints | ReadAs::Floats) => "an array of something else",
        (_, ReadAs::Category) if name_of(text).is_some() => "a class that is not named",
        (kind, ReadAs::Datetime(clock)) => time(clock, text).err().unwrap_or(kind.name()),
        (kind, _) => kind.name(),
    };
    let whence = if plan.said { "as column_type says" } else { "as in the first records" };
    let wanted = match plan.reads {
        ReadAs::Category if plan.legend.is_empty() => "strings or whole numbers".to_string(),
        ReadAs::Category => format!("one of {}", plan.legend.said(0)),
        _ => plan.kind().to_string(),
    };
    let remedy = match (kind, plan.reads) {
        (Kind::Number, ReadAs::Datetime(Clock::Written)) => {
            "; of numbers say what they count: datetime[s], datetime[ms], datetime[us] or datetime[ns]"
        }
        (Kind::String | Kind::Object, ReadAs::Datetime(clock)) if clock != Clock::Written => {
            "; times as text are datetime"
        }
        _ => "",
    };
    Error::field(format!(
        "column {:#}: found {found}, wanted {wanted} {whence}: {}{remedy}",
        plan.field,
        quote(text)
    ))
}
