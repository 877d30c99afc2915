//! What is kept for each row beside its image, from the spool into the groups of a file.

use std::io::Read;
use std::sync::Arc;

use super::file::ParquetFile;
use super::page;
use super::schema::{Field, FieldKind};
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::make_room;
use crate::options::Rows;
use crate::sink::entry::{FIELDS, ITEM};
use crate::sink::holds::Holds;
use crate::sink::spool::{Spool, Whole};
use crate::sink::tape::Tape;

/// Pages end at so many rows or bytes.
const PAGE_ROWS: u64 = 1 << 16;
const PAGE_BYTES: usize = 1 << 20;

/// The fields of what is kept, in the order in which [`write`] writes them.
pub(super) fn fields(holds: &Holds) -> Vec<Field> {
    let kept = holds.columns.iter().map(|(name, kind)| Field::new(&**name, FieldKind::Kept(*kind)));
    let mut all: Vec<_> = kept.collect();
    all.extend(holds.arrays.iter().map(|array| {
        Field::new(&*array.name, FieldKind::Tensor(array.dtype, array.shape.to_vec()))
    }));
    match (holds.rows, holds.fills) {
        (Rows::Never, false) => {}
        (Rows::Never, true) => all.push(Field::new("valid", FieldKind::Number(DType::Bool))),
        _ => all.extend(FIELDS.iter().map(|f| Field::new(row_field(f.0), FieldKind::Number(f.1)))),
    }
    all
}

/// What a field of the row map is called beside columns of the user.
pub(in crate::sink) fn row_field(name: &str) -> String {
    match name {
        "valid" => name.to_string(),
        _ => format!("row_{name}"),
    }
}

/// Whether a column of the user cannot have this name.
pub(super) fn is_taken(name: &str) -> bool {
    name == "image" || FIELDS.iter().any(|field| row_field(field.0) == name)
}

/// Writes what is kept into the groups of the file, which say how many rows each has.
pub(super) fn write(file: &mut ParquetFile, spool: &mut Spool) -> Result<()> {
    let failed = |e| Error::io("cannot read back what was kept beside the images", e);
    for whole in spool.wholes() {
        let mut reading = Reading::new(whole)?;
        each(file, None, &mut |rows| {
            let block = reading.next(rows).map_err(failed)?;
            Ok((block.len() as u64, Part::Kept(block)))
        })?;
    }
    for array in spool.further() {
        let (mut rows, elements) = (array.tape.read(), array.shape[1..].iter().product::<usize>());
        let row = elements * array.dtype.size();
        let most = (PAGE_BYTES / row.max(1)).max(1) as u64;
        each(file, Some(array.dtype), &mut |left| {
            let now = left.min(most);
            let mut values = Vec::new();
            make_room(&mut values, now as usize * row)?;
            values.resize(now as usize * row, 0);
            rows.read_exact(&mut values).map_err(failed)?;
            Ok((now, Part::Tensors(array.dtype, elements, values)))
        })?;
    }
    let mut numbers = |tape: &mut Tape, item: usize, (dtype, at): (DType, usize)| {
        let mut tape = tape.read();
        let mut buffer = Vec::new();
        each(file, None, &mut |rows| {
            buffer.resize(rows as usize * item, 0);
            tape.read_exact(&mut buffer).map_err(failed)?;
            let values = buffer.chunks_exact(item).flat_map(|entry| &entry[at..at + dtype.size()]);
            Ok((rows, Part::Numbers(dtype, values.copied().collect())))
        })
    };
    if let Some(tape) = spool.rows() {
        for (_, dtype, at) in FIELDS {
            numbers(tape, ITEM, (dtype, at))?;
        }
        return Ok(());
    }
    spool.sizes().into_iter().try_for_each(|array| numbers(array.tape, 1, (array.dtype, 0)))
}

/// Some rows of a column.
enum Part {
    Kept(Column),
    Numbers(DType, Vec<u8>),
    /// Rows of so many numbers each.
    Tensors(DType, usize, Vec<u8>),
}

/// Writes one column into every group; `next` gives at most so many of its rows, and how many. `pixels`: the dtype of
/// tensors.
fn each(
    file: &mut ParquetFile,
    pixels: Option<DType>,
    next: &mut dyn FnMut(u64) -> Result<(u64, Part)>,
) -> Result<()> {
    for group in file.taken..file.groups.len() {
        let mut chunk = file.chunk(pixels)?;
        let mut left = file.groups[group].rows;
        while left > 0 {
            let (rows, part) = next(left.min(PAGE_ROWS))?;
            let page = match part {
                Part::Kept(column) => page::kept(&column, &file.codec)?,
                Part::Numbers(dtype, values) => page::numbers(dtype, &values, &file.codec)?,
                Part::Tensors(dtype, elements, values) => {
                    page::tensors(dtype, elements, &values, &file.codec)?
                }
            };
            file.page(&mut chunk, page)?;
            left -= rows;
        }
        file.groups[group].chunks.push(chunk);
    }
    Ok(())
}

/// A column on its way from the tapes.
struct Reading<'t> {
    name: Arc<str>,
    kind: ColumnType,
    values: Box<dyn Read + 't>,
    ends: Option<Box<dyn Read + 't>>,
    valid: Box<dyn Read + 't>,
    /// Bytes of an element, and of all rows so far.
    unit: u64,
    before: u64,
    value: Vec<u8>,
}

impl<'t> Reading<'t> {
    fn new(whole: &'t mut Whole) -> Result<Self> {
        let mut ends: Option<Box<dyn Read + 't>> = match &mut whole.offsets {
            Some(offsets) => Some(Box::new(offsets.read())),
            None => None,
        };
        // The first is where the first row begins.
        if let Some(ends) = &mut ends {
            number(ends).map_err(|e| Error::io("cannot read back a column", e))?;
        }
        Ok(Self {
            name: Arc::clone(&whole.name),
            kind: whole.kind,
            values: Box::new(whole.values.read()),
            ends,
            valid: Box::new(whole.valid.read()),
            unit: whole.kind.dtype().map_or(1, DType::size) as u64,
            before: 0,
            value: Vec::new(),
        })
    }

    /// The next rows: at most so many, and not many more bytes than a page has.
    fn next(&mut self, rows: u64) -> std::io::Result<Column> {
        let mut block = Column::new(Arc::clone(&self.name), self.kind);
        while (block.len() as u64) < rows && block.values.len() < PAGE_BYTES {
            let mut valid = [0];
            self.valid.read_exact(&mut valid)?;
            let end = match &mut self.ends {
                Some(ends) => number(ends)? * self.unit,
                None => self.before + self.unit,
            };
            self.value.resize((end - std::mem::replace(&mut self.before, end)) as usize, 0);
            self.values.read_exact(&mut self.value)?;
            block.push((valid != [0]).then_some(&self.value));
        }
        Ok(block)
    }
}

fn number(from: &mut impl Read) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
