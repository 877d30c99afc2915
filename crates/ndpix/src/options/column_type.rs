//! `column_type`: what kept fields are read as, where that is not left to the first records.

use std::fmt;
use std::str::FromStr;

use crate::column::ColumnType;
use crate::error::{Error, Result, quote};
use crate::legend::Legend;
use crate::record::pointer::Pointer;

/// What one of the `columns` is read as.
///
/// ```
/// use ndpix::{Clock, ColumnType, Control, Input, Options, ReadAs};
/// let records = Input::bytes("{\"image\": [[1]], \"taken\": \"2024-05-31T12:00:00+02:00\"}\n");
/// let options = Options::default().with("field", "image")?.with("columns", "taken")?;
/// let options = options.with("column_type", "taken=datetime")?;
/// assert_eq!(options.column_type[0].reads, ReadAs::Datetime(Clock::Written));
/// let taken = &ndpix::load(vec![records], &options, &Control::default()).columns[0];
/// let time = 1_717_149_600_000_000_000i64;
/// assert_eq!((taken.kind, taken.value(0)), (ColumnType::Time, &time.to_le_bytes()[..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnReads {
    /// The field, as `columns` has it.
    pub field: Pointer,
    /// What its values are read as.
    pub reads: ReadAs,
    /// Of classes their names, where these are said and not those that the records have.
    pub legend: Legend,
}

/// How the value of a kept field is read. One that is something else rejects its record.
///
/// ```
/// use ndpix::{Clock, ColumnType, ReadAs};
/// let reads: ReadAs = "datetime[ms]".parse()?;
/// assert_eq!((reads, reads.kind()), (ReadAs::Datetime(Clock::Millis), ColumnType::Time));
/// assert_eq!(ReadAs::Floats.to_string(), "floats");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadAs {
    /// Numbers without fraction and exponent, of 64 bits.
    Int,
    /// Numbers, among them no integers that a double rounds.
    Float,
    /// True or false.
    Bool,
    /// Strings.
    Text,
    /// Lists of such integers.
    Ints,
    /// Lists of such numbers.
    Floats,
    /// Anything, as the JSON text that it is.
    Json,
    /// Strings, or numbers without fraction and exponent, as numbers of classes.
    Category,
    /// Times.
    Datetime(Clock),
}

/// What says a time.
///
/// ```
/// let reads: ndpix::ReadAs = "datetime[us]".parse()?;
/// assert_eq!(reads, ndpix::ReadAs::Datetime(ndpix::Clock::Micros));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Text as ISO 8601 has it, or an object of seconds and nanoseconds, as ROS writes it.
    Written,
    /// A number of seconds since 1970-01-01 00:00 UTC.
    Seconds,
    /// Of milliseconds.
    Millis,
    /// Of microseconds.
    Micros,
    /// Of nanoseconds.
    Nanos,
}

impl ReadAs {
    const ALL: [Self; 13] = [
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Text,
        Self::Ints,
        Self::Floats,
        Self::Json,
        Self::Category,
        Self::Datetime(Clock::Written),
        Self::Datetime(Clock::Seconds),
        Self::Datetime(Clock::Millis),
        Self::Datetime(Clock::Micros),
        Self::Datetime(Clock::Nanos),
    ];

    /// What the column holds then.
    pub fn kind(self) -> ColumnType {
        match self {
            Self::Int => ColumnType::Int64,
            Self::Float => ColumnType::Float64,
            Self::Bool => ColumnType::Bool,
            Self::Text => ColumnType::Text,
            Self::Ints => ColumnType::Ints,
            Self::Floats => ColumnType::Floats,
            Self::Json => ColumnType::Json,
            Self::Category => ColumnType::Class,
            Self::Datetime(_) => ColumnType::Time,
        }
    }
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Ints => "ints",
            Self::Floats => "floats",
            Self::Json => "json",
            Self::Category => "category",
            Self::Datetime(Clock::Written) => "datetime",
            Self::Datetime(Clock::Seconds) => "datetime[s]",
            Self::Datetime(Clock::Millis) => "datetime[ms]",
            Self::Datetime(Clock::Micros) => "datetime[us]",
            Self::Datetime(Clock::Nanos) => "datetime[ns]",
        })
    }
}

impl FromStr for ReadAs {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|reads| reads.to_string() == word).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
            let (word, all) = (quote(word.as_bytes()), all.join(", "));
            Error::options(format!("unknown column_type {word}; use {all}"))
        })
    }
}

impl fmt::Display for ColumnReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field, self.reads)?;
        if self.legend.is_empty() { Ok(()) } else { write!(f, "[{}]", self.legend) }
    }
}

impl FromStr for ColumnReads {
    type Err = Error;

    /// `NAME=TYPE`. The last `=` parts them, as a key may hold one; so may the names of classes.
    fn from_str(text: &str) -> Result<Self> {
        let plain = text.rsplit_once('=').map(|(field, reads)| (field.trim(), reads.trim()));
        let reads = plain.map(|(_, reads)| reads.parse::<ReadAs>());
        let named = text.trim_end().strip_suffix(']').and_then(|t| t.split_once("=category["));
        if let (Some((field, names)), Some(Err(_))) = (named, &reads) {
            let legend: Legend = names.parse()?;
            if legend.is_empty() {
                return Err(Error::options("category[] names no classes"));
            }
            return Ok(Self { field: field.trim().parse()?, reads: ReadAs::Category, legend });
        }
        match (plain, reads) {
            (Some((field, _)), Some(reads)) if !field.is_empty() => {
                Ok(Self { field: field.parse()?, reads: reads?, legend: Legend::default() })
            }
            _ => Err(Error::options(format!(
                "column_type {} is not NAME=TYPE, as in taken=datetime",
                quote(text.as_bytes())
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_written() {
        for reads in ReadAs::ALL {
            assert_eq!(reads.to_string().parse::<ReadAs>().ok(), Some(reads));
        }
        for (text, field, reads) in [
            ("taken=datetime", "taken", ReadAs::Datetime(Clock::Written)),
            (" a.b[0] = int ", "a.b[0]", ReadAs::Int),
            ("\"x=y\"=json", "\"x=y\"", ReadAs::Json),
        ] {
            let found: ColumnReads = text.parse().expect(text);
            let field = field.parse().expect("a field");
            assert_eq!((&found.field, found.reads), (&field, reads), "{text}");
            assert_eq!(found.to_string().parse().ok(), Some(found));
        }
        for text in
            ["label=category[cat,dog]", "a=category[\"a=b\",\"]\",=]", "\"x=y\"=category[7]"]
        {
            let found: ColumnReads = text.parse().expect(text);
            assert_eq!(
                (found.reads, found.to_string().parse().ok()),
                (ReadAs::Category, Some(found))
            );
        }
        for text in [
            "",
            "taken",
            "=int",
            "taken=",
            "taken=date",
            "taken=Int",
            "a[=int",
            "a=category[]",
            "a=category[b,b]",
        ] {
            assert!(text.parse::<ColumnReads>().is_err(), "{text}");
        }
    }
}
