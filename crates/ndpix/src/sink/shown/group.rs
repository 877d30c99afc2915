//! What an output of several arrays holds, whatever kind of file they stand in: images, columns, row map.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map as Object, Value, json};

use super::array::{Array, Kind};
use super::value::{self, NONE, TEXT};
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::sink::entry::{FIELDS, ITEM};
use crate::sink::holds::{COLUMNS, LEGENDS};
use crate::sink::output::is_array;

/// How names begin under which outputs say something of their run.
const OURS: &str = "ndpix_";

/// Where rows came from.
pub(crate) enum Map {
    Entries(Array),
    /// An array for each field of an entry.
    Fields(Vec<Array>),
}

impl Map {
    /// The row map of these fields, each with its number, where all of them are there.
    pub(crate) fn of_fields(mut fields: Vec<(usize, Array)>) -> Option<Self> {
        fields.sort_by_key(|field| field.0);
        let fields: Vec<Array> = fields.into_iter().map(|field| field.1).collect();
        (fields.len() == FIELDS.len()).then_some(Self::Fields(fields))
    }

    /// The entry of a row.
    pub(crate) fn entry(&self, row: u64) -> Result<Vec<u8>> {
        let entry = match self {
            Self::Entries(array) => array.read(row, 1)?,
            Self::Fields(fields) => {
                let fields = fields.iter().map(|field| field.read(row, 1));
                fields.collect::<Result<Vec<_>>>()?.concat()
            }
        };
        match entry.len() {
            ITEM => Ok(entry),
            _ => Err(Error::options("its row map is none")),
        }
    }
}

/// Arrays by their names, the row map, and what the output says of the run.
#[derive(Default)]
pub(crate) struct Group {
    arrays: BTreeMap<String, Array>,
    pub(crate) map: Option<Map>,
    /// What it says of its run.
    said: Object<String, Value>,
    /// What is in it beside arrays.
    strange: Vec<String>,
}

impl Group {
    /// An array more.
    pub(crate) fn add(&mut self, name: impl Into<String>, array: Array) {
        self.arrays.insert(name.into(), array);
    }

    /// Something that is no array.
    pub(crate) fn strange(&mut self, name: String) {
        self.strange.push(name);
    }

    /// Takes what the output says of its run: attributes, of which lists and objects may be texts of JSON.
    pub(crate) fn says(&mut self, attributes: &Value) {
        let Value::Object(all) = attributes else { return };
        self.said.clone_from(all);
        for (name, value) in self.said.iter_mut().filter(|one| one.0.starts_with(OURS)) {
            let parsed = value.as_str().filter(|_| name != "ndpix_version");
            if let Some(parsed) = parsed.and_then(|text| serde_json::from_str(text).ok()) {
                *value = parsed;
            }
        }
    }

    /// What the output says of its run under a name; null where it says nothing.
    pub(crate) fn said(&self, name: &str) -> &Value {
        self.said.get(name).unwrap_or(&Value::Null)
    }

    /// What is in it that no run put there which kept these columns.
    pub(crate) fn strangers(&self, columns: &[(Arc<str>, ColumnType)]) -> Vec<&str> {
        let is_column = |name: &str| columns.iter().any(|column| *column.0 == *name);
        let is_ours = |name: &str| {
            let base = [".valid", ".offsets"].into_iter().find_map(|part| name.strip_suffix(part));
            let of_legend = name.strip_suffix(".legend");
            let is_legend = of_legend.is_some_and(|name| self.said(LEGENDS).get(name).is_some());
            is_array(name) || is_column(name) || base.is_some_and(is_column) || is_legend
        };
        let arrays = self.arrays.keys().map(String::as_str).filter(|name| !is_ours(name));
        arrays.chain(self.strange.iter().map(String::as_str)).collect()
    }

    /// The array of this name.
    pub(super) fn array(&self, name: &str) -> Option<&Array> {
        self.arrays.get(name)
    }

    /// An option of the run, where it was given and the output says so.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.said("ndpix_options")[name].as_str()
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> Result<u64> {
        match (self.arrays.get("images"), self.arrays.get("shapes")) {
            (Some(images), _) => Ok(images.rows),
            (None, Some(shapes)) => Ok(shapes.rows),
            _ => Err(Error::options("it holds no array that is called images")),
        }
    }

    /// The axes of rows that all have the same, and their dtype; of images in their own sizes no axes.
    pub(crate) fn form(&self) -> Result<(Option<&[usize]>, DType)> {
        match (self.arrays.get("images"), self.arrays.get("pixels")) {
            (Some(images), _) => Ok((Some(&images.item), images.dtype()?)),
            (None, Some(pixels)) => Ok((None, pixels.dtype()?)),
            _ => Err(Error::options("it holds no array that is called images")),
        }
    }

    /// The pixels of a row, and its axes.
    pub(crate) fn row(&self, row: u64) -> Result<(Vec<usize>, Vec<u8>)> {
        let Some(images) = self.arrays.get("images") else { return self.flat(row) };
        Ok((images.item.clone(), images.read(row, 1)?))
    }

    /// An image in its own size.
    fn flat(&self, row: u64) -> Result<(Vec<usize>, Vec<u8>)> {
        let of = |name: &str| {
            let missing = || Error::options(format!("it holds no array that is called {name}"));
            self.arrays.get(name).ok_or_else(missing)
        };
        let (pixels, axes) = (of("pixels")?, lengths(of("shapes")?, row)?);
        let (from, to) = (of("offsets")?.index(row)?, of("offsets")?.index(row + 1)?);
        let elements = axes.iter().try_fold(1u64, |n, axis| n.checked_mul(*axis as u64));
        if elements.is_none() || elements != to.checked_sub(from) {
            return Err(Error::options("its offsets and shapes contradict each other"));
        }
        Ok((axes, pixels.read(from, to - from)?))
    }

    /// Whether a row is an image, where the output says so apart from the row map.
    pub(crate) fn valid(&self, row: u64) -> Result<bool> {
        let valid = self.arrays.get("valid");
        Ok(valid.map(|valid| valid.read(row, 1)).transpose()?.is_none_or(|valid| valid != [0]))
    }

    /// The names of the columns, and that of what says how large padded images are.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let is_part = |name: &str| {
            let base =
                |part| name.strip_suffix(part).filter(|base| self.arrays.contains_key(*base));
            let of_legend = base(".legend").filter(|base| self.said(LEGENDS).get(base).is_some());
            base(".valid").or(base(".offsets")).or(of_legend).is_some()
        };
        self.arrays
            .keys()
            .map(String::as_str)
            .filter(move |name| *name == "sizes" || !is_array(name) && !is_part(name))
    }

    /// Whether the output says that a column holds times, where its format has none.
    fn is_time(&self, name: &str) -> bool {
        let times = json!([name, ColumnType::Time.to_string()]);
        self.said(COLUMNS).as_array().is_some_and(|columns| columns.contains(&times))
    }

    /// What a row has in a column, as a word.
    pub(crate) fn word(&self, name: &str, row: u64) -> Result<String> {
        let beside = |part: &str| self.arrays.get(&format!("{name}{part}"));
        if let Some(valid) = beside(".valid").filter(|valid| valid.item.is_empty())
            && valid.read(row, 1)? == [0]
        {
            return Ok(NONE.to_string());
        }
        let Some(column) = self.arrays.get(name) else { return Ok(NONE.to_string()) };
        let ends = match beside(".offsets") {
            Some(offsets) => Some((offsets.index(row)?, offsets.index(row + 1)?)),
            None => None,
        };
        let len = ends.map(|(from, to)| to.saturating_sub(from));
        match (&column.kind, ends.map(|ends| ends.0).zip(len), &column.item[..]) {
            (Kind::Text, ..) => Ok(value::text(&column.body.text(row, TEXT + 1)?)),
            (Kind::Wide(_), ..) => Ok(value::wide(&column.read(row, 1)?)),
            // Lists are of wider numbers.
            (Kind::Number(DType::Uint8), Some((from, len)), _) => {
                Ok(value::text(&column.read(from, len.min(TEXT as u64 + 1))?))
            }
            (Kind::Number(dtype), Some((from, len)), _) => {
                value::list(*dtype, len, |some| column.read(from, some))
            }
            (Kind::Time, None, []) => Ok(value::time(&column.read(row, 1)?)),
            (Kind::Number(DType::Int64), None, []) if self.is_time(name) => {
                Ok(value::time(&column.read(row, 1)?))
            }
            (Kind::Number(dtype), None, []) => Ok(value::number(*dtype, &column.read(row, 1)?)),
            (Kind::Number(dtype), None, [len]) => {
                value::list(*dtype, *len as u64, |_| column.read(row, 1))
            }
            _ => Ok("?".to_string()),
        }
    }
}

/// A row of lengths.
fn lengths(array: &Array, row: u64) -> Result<Vec<usize>> {
    let bytes = array.read(row, 1)?;
    let is_so = array.kind == Kind::Number(DType::Int64) && array.item.len() == 1;
    let lengths = bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
    let lengths = lengths.map(|length| usize::try_from(length).ok()).collect::<Option<_>>();
    lengths.filter(|_| is_so).ok_or_else(|| Error::options("the sizes of its images are none"))
}
