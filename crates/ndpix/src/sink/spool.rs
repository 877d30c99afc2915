//! What an output keeps for each row beside its pixels: columns, row map, sizes. It is spooled while rows
//! come, and handed over as whole arrays at the end, when it is known how long texts are and whether
//! anything is missing. Memory does not grow with the rows.

use std::io::Read;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Place;
use super::entry::entry;
use super::holds::{Further, Holds, Images};
use super::mark::{Mark, number};
use super::shelf::Shelf;
use super::tape::Tape;
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::Result;
use crate::options::Rows;

/// Columns, row map and sizes of the rows so far, on tapes.
pub(crate) struct Spool {
    columns: Vec<Whole>,
    /// Rows of further arrays.
    further: Vec<(Further, Tape)>,
    /// Entries of the row map.
    rows: Option<Tape>,
    valid: Option<Tape>,
    /// Where flat images end; height and width of padded ones.
    ends: Option<Tape>,
    shapes: Option<Tape>,
    rank: usize,
    count: u64,
    elements: u64,
}

/// A column as a whole.
pub(crate) struct Whole {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ColumnType,
    pub(crate) rows: u64,
    /// Numbers, or text and lists one after another.
    pub(crate) values: Tape,
    /// For text and lists: where each row's value begins, and the end of the last, as int64, counted in
    /// bytes of text or in elements of lists.
    pub(crate) offsets: Option<Tape>,
    /// One byte for each row: 1 where it has a value.
    pub(crate) valid: Tape,
    /// How many rows have none.
    pub(crate) nulls: u64,
    /// Of text the most characters of a row, and whether a row ends with a NUL.
    pub(crate) longest: usize,
    pub(crate) nul: bool,
    /// Of lists the length that all rows have, if they have one; null rows have none.
    pub(crate) uniform: Option<u64>,
}

impl Spool {
    /// An empty spool, or the one that the state `from` is of.
    pub(crate) fn new(shelf: &Arc<Shelf>, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let tape = |name: &str, wanted: bool| {
            wanted.then(|| Tape::new(shelf, name, from.map(|state| &state[name]))).transpose()
        };
        let columns = holds.columns.iter().enumerate().map(|(i, (name, kind))| {
            let from = from.map(|state| &state["columns"][i]);
            Whole::new(shelf, i, (Arc::clone(name), *kind), from)
        });
        let flat = matches!(holds.images, Images::Flat { .. });
        let rank = match holds.images {
            Images::Stack { .. } => 0,
            Images::Pad { .. } => 2,
            Images::Flat { rank, .. } => rank,
        };
        let mut ends = tape("ends", flat)?;
        if let (Some(ends), None) = (&mut ends, from) {
            ends.write(&0i64.to_le_bytes())?;
        }
        let count = |name| from.map_or(Ok(0), |state| number(state, name));
        let further = holds.arrays.iter().enumerate().map(|(i, array)| {
            let from = from.map(|state| &state["further"][i]);
            Ok((array.clone(), Tape::new(shelf, format!("{i}.array"), from)?))
        });
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            further: further.collect::<Result<_>>()?,
            rows: tape("rows", holds.rows != Rows::Never)?,
            valid: tape("valid", holds.fills)?,
            ends,
            shapes: tape("shapes", rank > 0)?,
            rank,
            count: count("count")?,
            elements: count("elements")?,
        })
    }

    /// Takes part in a mark: its state.
    pub(crate) fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        let mut state = json!({"count": self.count, "elements": self.elements});
        let tapes = [
            ("rows", &mut self.rows),
            ("valid", &mut self.valid),
            ("ends", &mut self.ends),
            ("shapes", &mut self.shapes),
        ];
        for (name, tape) in tapes {
            state[name] = tape.as_mut().map(|tape| tape.mark(mark)).transpose()?.into();
        }
        let columns = self.columns.iter_mut().map(|whole| whole.mark(mark));
        state["columns"] = columns.collect::<Result<Vec<_>>>()?.into();
        let further = self.further.iter_mut().map(|(_, tape)| tape.mark(mark));
        state["further"] = further.collect::<Result<Vec<_>>>()?.into();
        Ok(state)
    }

    /// Notes where the next row comes from.
    pub(crate) fn place(&mut self, place: &Place) -> Result<()> {
        self.count += 1;
        if let Some(rows) = &mut self.rows {
            rows.write(&entry(place))?;
        }
        if let Some(valid) = &mut self.valid {
            valid.write(&[u8::from(place.valid)])?;
        }
        if let Some(ends) = &mut self.ends {
            self.elements += place.shape.elements().unwrap_or(0) as u64;
            ends.write(&self.elements.to_le_bytes())?;
        }
        if let Some(shapes) = &mut self.shapes {
            for axis in 0..self.rank {
                let length = place.shape.get(axis).copied().unwrap_or(0) as u64;
                shapes.write(&length.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Appends a row of the further array of this number.
    pub(crate) fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.further.get_mut(number).map_or(Ok(()), |(_, tape)| tape.write(pixels))
    }

    /// Appends the kept fields of rows.
    pub(crate) fn columns(&mut self, rows: &[Column]) -> Result<()> {
        for (whole, rows) in self.columns.iter_mut().zip(rows) {
            whole.append(rows)?;
        }
        Ok(())
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Everything that is not a column, as arrays; the row map apart.
    pub(crate) fn arrays(&mut self) -> Vec<Numbers<'_>> {
        let Self { further, ends, shapes, valid, count, rank, .. } = self;
        let mut all = beside(further, *count);
        all.extend(sizes([ends, shapes, valid], *count, *rank));
        all
    }

    /// The further arrays alone.
    pub(crate) fn further(&mut self) -> Vec<Numbers<'_>> {
        beside(&mut self.further, self.count)
    }

    /// What [`Spool::arrays`] has beside them.
    pub(crate) fn sizes(&mut self) -> Vec<Numbers<'_>> {
        let Self { ends, shapes, valid, count, rank, .. } = self;
        sizes([ends, shapes, valid], *count, *rank)
    }

    /// The row map, if it is kept: entries as in `rows.rs`.
    pub(crate) fn rows(&mut self) -> Option<&mut Tape> {
        self.rows.as_mut()
    }

    /// The columns.
    pub(crate) fn wholes(&mut self) -> &mut [Whole] {
        &mut self.columns
    }
}

/// An array of numbers on a tape.
pub(crate) struct Numbers<'t> {
    pub(crate) name: &'t str,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) tape: &'t mut Tape,
}

/// Further arrays of so many rows.
fn beside(further: &mut [(Further, Tape)], count: u64) -> Vec<Numbers<'_>> {
    let all = further.iter_mut().map(|(array, tape)| Numbers {
        name: &array.name,
        dtype: array.dtype,
        shape: [&[count as usize][..], &array.shape].concat(),
        tape,
    });
    all.collect()
}

/// Where flat images end, their shapes or sizes, and which rows are images, as far as these are kept.
fn sizes<'t>(
    [ends, shapes, valid]: [&'t mut Option<Tape>; 3],
    count: u64,
    rank: usize,
) -> Vec<Numbers<'t>> {
    let n = count as usize;
    let name = if ends.is_some() { "shapes" } else { "sizes" };
    let all = [
        ends.as_mut().map(|t| ("offsets", DType::Int64, vec![n + 1], t)),
        shapes.as_mut().map(|t| (name, DType::Int64, vec![n, rank], t)),
        valid.as_mut().map(|t| ("valid", DType::Bool, vec![n], t)),
    ];
    let all = all.into_iter().flatten();
    all.map(|(name, dtype, shape, tape)| Numbers { name, dtype, shape, tape }).collect()
}

impl Whole {
    /// Column number `column`: an empty one, or the one that the state `from` is of.
    fn new(
        shelf: &Arc<Shelf>,
        column: usize,
        (name, kind): (Arc<str>, ColumnType),
        from: Option<&Value>,
    ) -> Result<Self> {
        let tape = |part: &str| {
            let from = from.map(|state| &state[part]);
            Tape::new(shelf, format!("{column}.{part}"), from)
        };
        let mut offsets = (!kind.is_scalar()).then(|| tape("offsets")).transpose()?;
        if let (Some(offsets), None) = (&mut offsets, from) {
            offsets.write(&0i64.to_le_bytes())?;
        }
        let count = |name| from.map_or(Ok(0), |state| number(state, name));
        Ok(Self {
            name,
            kind,
            rows: count("rows")?,
            values: tape("values")?,
            offsets,
            valid: tape("valid")?,
            nulls: count("nulls")?,
            longest: count("longest")? as usize,
            nul: from.is_some_and(|state| state["nul"] == true),
            uniform: from.and_then(|state| state["uniform"].as_u64()),
        })
    }

    fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        let offsets = self.offsets.as_mut().map(|tape| tape.mark(mark)).transpose()?;
        Ok(json!({
            "rows": self.rows,
            "values": self.values.mark(mark)?,
            "offsets": offsets,
            "valid": self.valid.mark(mark)?,
            "nulls": self.nulls,
            "longest": self.longest,
            "nul": self.nul,
            "uniform": self.uniform,
        }))
    }

    fn append(&mut self, rows: &Column) -> Result<()> {
        let size = self.kind.dtype().map_or(1, DType::size) as u64;
        let before = self.values.len();
        self.values.write(&rows.values)?;
        let valid: Vec<u8> = rows.valid.iter().map(|v| u8::from(*v)).collect();
        self.valid.write(&valid)?;
        self.nulls += rows.valid.iter().filter(|v| !**v).count() as u64;
        for row in 0..rows.len() {
            let Some(offsets) = &mut self.offsets else { break };
            offsets.write(&((before + rows.ends[row] as u64) / size).to_le_bytes())?;
            let value = rows.value(row);
            if self.kind.dtype().is_none() {
                // Bytes that begin a character.
                let characters = value.iter().filter(|b| (**b as i8) >= -0x40).count();
                self.longest = self.longest.max(characters);
                self.nul |= value.ends_with(&[0]);
            } else {
                let length = value.len() as u64 / size;
                let first = self.rows == 0 && row == 0;
                let same = rows.valid[row] && (first || self.uniform == Some(length));
                self.uniform = same.then_some(length);
            }
        }
        self.rows += rows.len() as u64;
        Ok(())
    }

    /// The text of each row.
    pub(crate) fn texts(&mut self) -> Result<impl Iterator<Item = std::io::Result<Vec<u8>>>> {
        let mut text = self.values.read();
        let mut offsets = self.offsets.as_ref().map(Tape::read);
        let mut next = move || -> std::io::Result<u64> {
            let mut offset = [0; 8];
            match &mut offsets {
                Some(offsets) => offsets.read_exact(&mut offset)?,
                None => return Err(std::io::ErrorKind::InvalidInput.into()),
            }
            Ok(u64::from_le_bytes(offset))
        };
        let mut from = next();
        Ok((0..self.rows).map(move |_| {
            let to = next()?;
            let mut value = vec![0; (to - std::mem::replace(&mut from, Ok(to))?) as usize];
            text.read_exact(&mut value)?;
            Ok(value)
        }))
    }

    /// The shape of an array that holds all of it; `None` for text, and for lists of several lengths.
    pub(crate) fn shape(&self) -> Option<Vec<usize>> {
        let rows = self.rows as usize;
        match self.kind {
            ColumnType::Text | ColumnType::Json => None,
            ColumnType::Ints | ColumnType::Floats => Some(vec![rows, self.uniform? as usize]),
            ColumnType::Int64
            | ColumnType::Float64
            | ColumnType::Bool
            | ColumnType::Time
            | ColumnType::Class => Some(vec![rows]),
        }
    }
}
