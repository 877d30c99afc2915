//! Fields that stay beside the images: what they hold, and the values of some rows.

pub(crate) mod time;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::dtype::DType;
use crate::error::{Error, Result, quote};

/// What every value of a column is.
///
/// ```
/// use ndpix::{ColumnType, DType};
/// assert_eq!((ColumnType::Ints.dtype(), ColumnType::Ints.is_scalar()), (Some(DType::Int64), false));
/// assert_eq!((ColumnType::Bool.dtype(), ColumnType::Bool.is_scalar()), (Some(DType::Bool), true));
/// assert_eq!(ColumnType::Text.dtype(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Whole numbers of 64 bits.
    Int64,
    /// Numbers, as doubles.
    Float64,
    /// True or false.
    Bool,
    /// Times: nanoseconds since 1970-01-01 00:00 UTC; the least number where there is none, NumPy's `NaT`.
    Time,
    /// Numbers of classes, by a [`Legend`](crate::Legend); -1 where there is none.
    Class,
    /// Text.
    Text,
    /// Lists of whole numbers.
    Ints,
    /// Lists of numbers.
    Floats,
    /// Anything else, as the JSON text that it is.
    Json,
}

impl ColumnType {
    /// The dtype of its numbers; `None` for text.
    pub fn dtype(self) -> Option<DType> {
        match self {
            Self::Int64 | Self::Ints | Self::Time | Self::Class => Some(DType::Int64),
            Self::Float64 | Self::Floats => Some(DType::Float64),
            Self::Bool => Some(DType::Bool),
            Self::Text | Self::Json => None,
        }
    }

    /// Whether each row has exactly one number.
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::Int64 | Self::Float64 | Self::Bool | Self::Time | Self::Class)
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    /// What its values are, as they are called: `integers`, `JSON text`.
    fn from_str(words: &str) -> Result<Self> {
        use ColumnType::{Bool, Class, Float64, Floats, Int64, Ints, Json, Text, Time};
        let all = [Int64, Float64, Bool, Time, Class, Text, Ints, Floats, Json];
        all.into_iter().find(|kind| kind.to_string() == words).ok_or_else(|| {
            Error::options(format!("unknown type of a column {}", quote(words.as_bytes())))
        })
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int64 => "integers",
            Self::Float64 => "numbers",
            Self::Bool => "booleans",
            Self::Time => "times",
            Self::Class => "classes",
            Self::Text => "strings",
            Self::Ints => "lists of integers",
            Self::Floats => "lists of numbers",
            Self::Json => "JSON text",
        })
    }
}

/// The values of one column for some rows: a field of the records that `columns` keeps beside the images.
///
/// ```
/// use ndpix::{ColumnType, Control, Input, Options};
/// let records = Input::bytes("{\"image\": [[1]], \"label\": \"cat\"}\n{\"image\": [[2]]}\n");
/// let options = Options::default().with("field", "image")?.with("columns", "label")?;
/// let loaded = ndpix::load(vec![records], &options, &Control::default());
/// let label = &loaded.columns[0];
/// assert_eq!((&*label.name, label.kind, &label.valid[..]), ("label", ColumnType::Text, &[true, false][..]));
/// assert_eq!((label.value(0), label.value(1)), (&b"cat"[..], &b""[..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The field, as it is written.
    pub name: Arc<str>,
    /// What its values are.
    pub kind: ColumnType,
    /// For each row whether it has a value; where it has none, `values` holds zeros or nothing, of times
    /// `i64::MIN`, of classes -1.
    pub valid: Vec<bool>,
    /// The values one after another: little-endian numbers, one byte for a boolean, UTF-8.
    pub values: Vec<u8>,
    /// Where the value of each row ends in `values`, in bytes; empty for scalars.
    pub ends: Vec<usize>,
}

impl Column {
    /// A column without rows.
    ///
    /// ```
    /// let mut label = ndpix::Column::new("label".into(), ndpix::ColumnType::Text);
    /// label.push(Some(b"cat"));
    /// label.push(None);
    /// assert_eq!((label.len(), label.value(0), label.valid[1]), (2, &b"cat"[..], false));
    /// ```
    pub fn new(name: Arc<str>, kind: ColumnType) -> Self {
        Self { name, kind, valid: Vec::new(), values: Vec::new(), ends: Vec::new() }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.valid.is_empty()
    }

    /// The bytes of the value in row `row`: a little-endian number, one byte for a boolean, UTF-8. Zeros or
    /// nothing where there is none.
    ///
    /// ```
    /// let mut id = ndpix::Column::new("id".into(), ndpix::ColumnType::Int64);
    /// id.push(Some(&7i64.to_le_bytes()));
    /// assert_eq!(id.value(0).try_into().map(i64::from_le_bytes).ok(), Some(7));
    /// ```
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn value(&self, row: usize) -> &[u8] {
        let (from, to) = match self.kind.dtype().filter(|_| self.kind.is_scalar()) {
            Some(dtype) => (row * dtype.size(), (row + 1) * dtype.size()),
            None => (row.checked_sub(1).map_or(0, |before| self.ends[before]), self.ends[row]),
        };
        &self.values[from..to]
    }

    /// Appends a row; `None`: it has no value. A scalar is exactly as long as its dtype.
    ///
    /// ```
    /// let mut boxes = ndpix::Column::new("box".into(), ndpix::ColumnType::Floats);
    /// boxes.push(Some(&[0.5f64, 1.0].map(f64::to_le_bytes).concat()));
    /// assert_eq!((boxes.len(), boxes.value(0).len()), (1, 16));
    /// ```
    pub fn push(&mut self, value: Option<&[u8]>) {
        self.valid.push(value.is_some());
        match (value, self.kind.dtype().filter(|_| self.kind.is_scalar())) {
            (Some(value), _) => self.values.extend_from_slice(value),
            (None, _) if self.kind == ColumnType::Time => {
                self.values.extend_from_slice(&time::NONE.to_le_bytes());
            }
            (None, _) if self.kind == ColumnType::Class => {
                self.values.extend_from_slice(&(-1i64).to_le_bytes());
            }
            (None, Some(dtype)) => self.values.extend(std::iter::repeat_n(0, dtype.size())),
            (None, None) => {}
        }
        if !self.kind.is_scalar() {
            self.ends.push(self.values.len());
        }
    }

    /// Appends row `row` of a column of the same type.
    ///
    /// ```
    /// use ndpix::{Column, ColumnType};
    /// let mut all = Column::new("label".into(), ColumnType::Text);
    /// all.push(Some(b"cat"));
    /// all.push(Some(b"dog"));
    /// let mut dogs = Column::new("label".into(), ColumnType::Text);
    /// dogs.push_from(&all, 1);
    /// assert_eq!(dogs.value(0), b"dog");
    /// ```
    pub fn push_from(&mut self, other: &Self, row: usize) {
        self.push(other.valid[row].then(|| other.value(row)));
    }

    /// Appends all rows of a column of the same type.
    ///
    /// ```
    /// let mut labels = ndpix::Column::new("label".into(), ndpix::ColumnType::Text);
    /// labels.push(Some(b"cat"));
    /// labels.extend(&labels.clone());
    /// assert_eq!((labels.len(), labels.value(1)), (2, &b"cat"[..]));
    /// ```
    pub fn extend(&mut self, other: &Self) {
        let before = self.values.len();
        self.valid.extend_from_slice(&other.valid);
        self.values.extend_from_slice(&other.values);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    /// Takes the first rows away into a column of their own.
    ///
    /// ```
    /// let mut labels = ndpix::Column::new("label".into(), ndpix::ColumnType::Text);
    /// labels.push(Some(b"cat"));
    /// labels.push(Some(b"dog"));
    /// assert_eq!(labels.take(1).value(0), b"cat");
    /// assert_eq!((labels.len(), labels.value(0)), (1, &b"dog"[..]));
    /// ```
    pub fn take(&mut self, rows: usize) -> Self {
        let end = match (rows.checked_sub(1), self.kind.dtype()) {
            (None, _) => 0,
            (Some(last), _) if !self.kind.is_scalar() => self.ends[last],
            (_, dtype) => rows * dtype.map_or(0, DType::size),
        };
        let taken = Self {
            name: Arc::clone(&self.name),
            kind: self.kind,
            valid: self.valid.drain(..rows).collect(),
            values: self.values.drain(..end).collect(),
            ends: self.ends.drain(..rows.min(self.ends.len())).collect(),
        };
        self.ends.iter_mut().for_each(|to| *to -= end);
        taken
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.valid.clear();
        self.values.clear();
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_was_pushed() {
        let mut texts = Column::new("t".into(), ColumnType::Text);
        texts.push(Some(b"one"));
        texts.push(None);
        texts.push(Some(b""));
        texts.push(Some(b"four"));
        let rows: Vec<_> = (0..4).map(|i| texts.valid[i].then(|| texts.value(i))).collect();
        assert_eq!(rows, [Some(&b"one"[..]), None, Some(b""), Some(b"four")]);
        let mut numbers = Column::new("n".into(), ColumnType::Int64);
        numbers.push(Some(&7i64.to_le_bytes()));
        numbers.push(None);
        let mut again = Column::new("n".into(), ColumnType::Int64);
        (0..2).for_each(|row| again.push_from(&numbers, row));
        assert_eq!(again, numbers);
        let mut twice = texts.clone();
        twice.extend(&texts);
        assert_eq!((twice.len(), twice.value(7), twice.valid[5]), (8, &b"four"[..], false));
        assert_eq!((again.values.len(), again.value(1)), (16, &[0; 8][..]));
        let mut rest = twice;
        assert_eq!(rest.take(4), texts);
        assert_eq!((rest.take(0).len(), rest.take(4)), (0, texts));
        assert_eq!((again.take(1).len(), again.len(), &again.valid[..]), (1, 1, &[false][..]));
    }
}
