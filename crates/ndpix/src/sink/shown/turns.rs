//! Outputs read from their first row to their last: each chunk is opened once, and little of it is in memory.

use std::sync::Arc;

use serde_json::Value;

use super::array::{Array, Kind, Texts};
use super::group::{Group, Map};
use super::{Arrays, row_field};
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::lengthen;
use crate::shape::Shape;
use crate::sink::entry::{FIELDS, ITEM};
use crate::sink::holds::Images;
use crate::sink::parquet::read::turn::Turn;
use crate::sink::parquet::{Field, FieldKind};

/// Bytes of pixels that are read together, and of other arrays.
const PIXELS: usize = 1 << 20;
const OTHERS: usize = 64 << 10;

pub(crate) use super::array::Turns;

/// The rows of an array of numbers or entries, some of them at a time.
struct Strip<'a> {
    array: &'a Array,
    /// The row that is read next, bytes of a row, and rows that are read together.
    row: u64,
    len: usize,
    together: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Strip<'a> {
    fn new(array: &'a Array, bytes: usize) -> Result<Self> {
        let len = array.row_len().ok_or_else(|| Error::options("its rows are too large"))?;
        let together = (bytes / len.max(1)).max(1) as u64;
        Ok(Self { array, row: 0, len, together, buffer: Vec::new(), at: 0 })
    }

    /// As [`Strip::new`], of an array of numbers that stand in rows so long.
    fn of(array: &'a Array, dtype: DType, axes: usize) -> Result<Self> {
        match array.kind == Kind::Number(dtype) && array.item.len() == axes {
            true => Self::new(array, OTHERS),
            false => Err(Error::options(
                "an array beside its images is not of the kind that it was written",
            )),
        }
    }

    fn row(&mut self) -> Result<&[u8]> {
        if self.at == self.buffer.len() && self.len > 0 {
            self.buffer.clear();
            self.at = 0;
            let rows = self.together.min(self.array.rows.saturating_sub(self.row)).max(1);
            self.array.append(self.row, rows, usize::MAX, &mut self.buffer)?;
            self.row += rows;
        }
        self.at += self.len;
        Ok(&self.buffer[self.at - self.len..self.at])
    }

    /// The next row, which is a number.
    fn index(&mut self) -> Result<u64> {
        let number = self.row()?.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
        let number = number.and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| Error::options("what should count its elements does not"))
    }

    /// The next row, which are lengths of axes.
    fn shape(&mut self) -> Result<Shape> {
        let axes = self.row()?.as_chunks().0.iter();
        let axes = axes.map(|bytes| usize::try_from(i64::from_le_bytes(*bytes)).ok());
        let axes: Option<Vec<_>> = axes.collect();
        Shape::new(&axes.ok_or_else(|| Error::options("the sizes of its images are none"))?)
    }
}

/// What stands between one offset and the next.
struct Spread<'a> {
    values: &'a Array,
    offsets: Strip<'a>,
    /// The first offset of the next row.
    at: u64,
}

impl<'a> Spread<'a> {
    fn new(values: &'a Array, offsets: &'a Array) -> Result<Self> {
        let mut offsets = Strip::of(offsets, DType::Int64, 0)?;
        let at = offsets.index()?;
        Ok(Self { values, offsets, at })
    }

    /// Appends the elements of the next row to a buffer.
    fn row(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        let to = self.offsets.index()?;
        let from = std::mem::replace(&mut self.at, to);
        let count = to.checked_sub(from);
        let count = count.ok_or_else(|| Error::options("its offsets do not ascend"))?;
        self.values.append(from, count, usize::MAX, buffer)
    }
}

/// The values of a column of a group.
struct Values<'g> {
    /// Which rows have one, where some have none.
    valid: Option<Strip<'g>>,
    kept: Kept<'g>,
    value: Vec<u8>,
}

/// How a group holds them.
enum Kept<'g> {
    Even(Strip<'g>),
    Wide(Strip<'g>),
    Spread(Spread<'g>),
    Texts(Texts<'g>),
}

impl Turns for Values<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        self.value.clear();
        match &mut self.kept {
            Kept::Even(strip) => self.value.extend_from_slice(strip.row()?),
            Kept::Wide(strip) => {
                let points = strip.row()?.as_chunks().0.iter();
                let text = points.map(|point| char::from_u32(u32::from_le_bytes(*point)));
                let text = text.collect::<Option<String>>();
                let text = text.ok_or_else(|| Error::options("a text of it is none"))?;
                self.value.extend_from_slice(text.trim_end_matches('\0').as_bytes());
            }
            Kept::Spread(spread) => spread.row(&mut self.value)?,
            Kept::Texts(next) => next(&mut self.value)?,
        }
        let is_there = self.valid.as_mut().map_or(Ok(true), |valid| Ok(valid.row()? != [0]))?;
        Ok(is_there.then_some(&self.value))
    }
}

impl Group {
    fn values(&self, name: &str, kind: ColumnType) -> Result<Values<'_>> {
        let other = || Error::options(format!("it has no column {name} of {kind}"));
        let array = self.array(name).ok_or_else(other)?;
        let beside = |part: &str| self.array(&format!("{name}{part}"));
        let axes = if kind.is_scalar() { 0 } else { 1 };
        let kept = match (kind.dtype(), &array.kind, beside(".offsets")) {
            (None, Kind::Text, _) => Kept::Texts(array.body.texts()),
            (None, Kind::Wide(_), _) => Kept::Wide(Strip::new(array, OTHERS)?),
            (None, Kind::Number(DType::Uint8), Some(offsets)) => {
                Kept::Spread(Spread::new(array, offsets)?)
            }
            (Some(_), Kind::Number(_), Some(offsets))
                if !kind.is_scalar() && array.item.is_empty() =>
            {
                Kept::Spread(Spread::new(array, offsets)?)
            }
            (Some(_), Kind::Time, None) if kind == ColumnType::Time && array.item.is_empty() => {
                Kept::Even(Strip::new(array, OTHERS)?)
            }
            (Some(dtype), ..) => Kept::Even(Strip::of(array, dtype, axes)?),
            _ => return Err(other()),
        };
        let is_time = kind == ColumnType::Time && array.kind == Kind::Time;
        if kind.dtype().is_some_and(|dtype| array.kind != Kind::Number(dtype)) && !is_time {
            return Err(other());
        }
        let valid = beside(".valid").map(|valid| Strip::of(valid, DType::Bool, 0));
        Ok(Values { valid: valid.transpose()?, kept, value: Vec::new() })
    }
}

impl Turns for Strip<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        self.row().map(Some)
    }
}

/// The images of an output, row after row.
pub(crate) struct Pictures<'a>(Held<'a>);

enum Held<'a> {
    Even(Strip<'a>),
    /// In rows of the largest, with the size of each.
    Pad(Strip<'a>, Strip<'a>),
    /// Each as large as it is, with its shape.
    Flat(Spread<'a>, Strip<'a>),
    Tensors(Turn<'a>),
    Files(Turn<'a>),
}

impl Pictures<'_> {
    /// Appends the bytes of the next row to a buffer; the shape of its image, where rows differ in it.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Shape>> {
        let before = bytes.len();
        let mut put = |row: &[u8]| {
            lengthen(bytes, before + row.len())?;
            bytes[before..].copy_from_slice(row);
            Ok(row.len())
        };
        match &mut self.0 {
            Held::Even(rows) => put(rows.row()?).map(|_| None),
            Held::Pad(rows, sizes) => put(rows.row()?).and_then(|_| sizes.shape().map(Some)),
            Held::Tensors(rows) => put(rows.next()?.unwrap_or_default()).map(|_| None),
            Held::Files(rows) => {
                let len = put(rows.next()?.unwrap_or_default())?;
                Shape::new(&[len]).map(Some)
            }
            Held::Flat(pixels, shapes) => {
                pixels.row(bytes)?;
                let shape = shapes.shape()?;
                let elements = (bytes.len() - before) / pixels.values.row_len().unwrap_or(1).max(1);
                match shape.elements() == Some(elements) {
                    true => Ok(Some(shape)),
                    false => Err(Error::options("its offsets and shapes contradict each other")),
                }
            }
        }
    }
}

/// The entries of a row map, row after row.
pub(crate) struct Entries<'a>(Vec<Box<dyn Turns + 'a>>);

impl Entries<'_> {
    pub(crate) fn next(&mut self) -> Result<[u8; ITEM]> {
        let mut entry = Vec::with_capacity(ITEM);
        for field in &mut self.0 {
            entry.extend_from_slice(field.next()?.unwrap_or_default());
        }
        entry.try_into().map_err(|_| Error::options("its row map is none"))
    }
}

impl Arrays {
    /// What the images are, and whether they are image files.
    pub(crate) fn holds(&self) -> Result<(Images, bool)> {
        if let Some((table, field)) = self.images() {
            return Ok(match table.tensors(field) {
                Some((axes, dtype)) => (Images::Stack { shape: Shape::new(axes)?, dtype }, false),
                None => (Images::Flat { dtype: DType::Uint8, rank: 1 }, true),
            });
        }
        let images = match (self.group.form()?, self.group.array("sizes")) {
            ((None, dtype), _) => {
                let shapes = self.group.array("shapes").and_then(|shapes| shapes.item.first());
                Images::Flat { dtype, rank: shapes.copied().unwrap_or(0) }
            }
            ((Some(axes), dtype), None) => Images::Stack { shape: Shape::new(axes)?, dtype },
            ((Some(axes), dtype), Some(_)) => Images::Pad { shape: Shape::new(axes)?, dtype },
        };
        Ok((images, false))
    }

    /// Whether it says apart from the row map which rows are images.
    pub(crate) fn says_valid(&self) -> bool {
        self.group.array("valid").is_some()
    }

    /// What it says of its runs under a name; null where it says nothing.
    pub(crate) fn said(&self, name: &str) -> &Value {
        self.group.said(name)
    }

    /// What is in it that no run put there which kept these columns.
    pub(crate) fn strangers(&self, columns: &[(Arc<str>, ColumnType)]) -> Vec<&str> {
        let is_kept = |name: &str| columns.iter().any(|column| *column.0 == *name);
        let fields = self.table.iter().flat_map(|table| &table.fields);
        let kept = fields.filter(|field| matches!(field.kind, FieldKind::Kept(_)));
        let kept = kept.map(|field| field.name.as_str()).filter(|name| !is_kept(name));
        kept.chain(self.group.strangers(columns)).collect()
    }

    /// The images from the first on.
    pub(crate) fn pictures(&self) -> Result<Pictures<'_>> {
        if let Some((table, field)) = self.images() {
            let turn = Turn::new(table, field);
            let is_tensors = table.tensors(field).is_some();
            return Ok(Pictures(if is_tensors { Held::Tensors(turn) } else { Held::Files(turn) }));
        }
        let of = |name: &str| {
            let missing = || Error::options(format!("it holds no array that is called {name}"));
            self.group.array(name).ok_or_else(missing)
        };
        Ok(Pictures(match self.holds()?.0 {
            Images::Stack { .. } => Held::Even(Strip::new(of("images")?, PIXELS)?),
            Images::Pad { .. } => {
                let sizes = Strip::of(of("sizes")?, DType::Int64, 1)?;
                Held::Pad(Strip::new(of("images")?, PIXELS)?, sizes)
            }
            Images::Flat { .. } => {
                let shapes = Strip::of(of("shapes")?, DType::Int64, 1)?;
                Held::Flat(Spread::new(of("pixels")?, of("offsets")?)?, shapes)
            }
        }))
    }

    /// The row map from the first row on, if there is one.
    pub(crate) fn entries(&self) -> Result<Option<Entries<'_>>> {
        let mut all: Vec<Box<dyn Turns + '_>> = Vec::new();
        match (self.images(), &self.group.map) {
            (Some((table, _)), _) => {
                for (name, dtype, _) in FIELDS {
                    let Some(field) = row_field(table, name, dtype) else { return Ok(None) };
                    all.push(Box::new(Turn::new(table, field)));
                }
            }
            (None, None) => return Ok(None),
            (None, Some(Map::Entries(array))) => all.push(Box::new(Strip::new(array, OTHERS)?)),
            (None, Some(Map::Fields(fields))) => {
                for array in fields {
                    all.push(Box::new(Strip::new(array, OTHERS)?));
                }
            }
        }
        Ok(Some(Entries(all)))
    }

    /// A column from its first row on.
    pub(crate) fn values(&self, name: &str, kind: ColumnType) -> Result<Box<dyn Turns + '_>> {
        let Some(table) = &self.table else {
            return Ok(Box::new(self.group.values(name, kind)?));
        };
        // Text and JSON text are the same to Parquet, and so are integers and numbers of classes.
        let same = |found: ColumnType| match kind {
            ColumnType::Class => found == ColumnType::Int64,
            _ => found == kind || found.dtype().or(kind.dtype()).is_none(),
        };
        let is_it = |field: &&Field| matches!(field.kind, FieldKind::Kept(found) if same(found));
        let field = table.field(name).filter(|at| is_it(&&table.fields[*at]));
        let other = || Error::options(format!("it has no column {name} of {kind}"));
        Ok(Box::new(Turn::new(table, field.ok_or_else(other)?)))
    }
}
