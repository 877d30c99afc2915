//! What the threads hand to the commit, written down: a block of a fragment is one [`Part`] of the pipeline,
//! without what only the order of parts decides. Lines are counted from the first of its range and records
//! from the first of its part; texts have holes where the numbers of rows belong.

use std::sync::Arc;

use super::wire::{Eye, Pen};
use crate::batch::{File, Gone, Original, Record, Text};
use crate::column::Column;
use crate::decode::{Found, Hole, Kept};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Remedy};
use crate::format::{Color, ImageFormat, ImageInfo, Rescale};
use crate::options::Options;
use crate::pipeline::{Fate, Outcome, Part};
use crate::shape::Shape;

/// Where a format's number would stand: the pixels are no image file.
const NO_FILE: usize = 999;

/// A block, as the bytes for each of its files but the pixels.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) rows: Pen,
    pub(super) columns: Pen,
    pub(super) rejects: Pen,
}

impl Written {
    /// Writes down a part. `keeps`: whether the text of a record without image may be asked for.
    pub(super) fn write(&mut self, part: &Part<'_>, keeps: bool) {
        self.rows.0.clear();
        self.columns.0.clear();
        self.rejects.0.clear();
        let records: Vec<&[Outcome]> =
            part.outcomes.chunk_by(|a, b| a.record == b.record).collect();
        self.rows.size(records.len());
        for outcomes in &records {
            self.record(part, outcomes, keeps);
        }
        if !part.kept.columns.is_empty() {
            self.kept(part.kept);
        }
    }

    fn record(&mut self, part: &Part<'_>, outcomes: &[Outcome], keeps: bool) {
        let number = outcomes[0].record;
        let record = &part.text.records[number];
        let rows = &mut self.rows;
        rows.number(record.file.into());
        rows.number(record.line);
        rows.number(record.byte);
        rows.number(record.index);
        rows.number(match record.gone {
            None => 0,
            Some(Gone::Cut) => 1,
            Some(Gone::Overlong(length)) => length.saturating_add(2),
        });
        let original = part.text.originals.get(number).and_then(Option::as_ref);
        rows.size(usize::from(original.is_some()));
        if let Some(original) = original {
            self.rejects.bytes(original.file.name.as_bytes());
            rows.number(original.line);
            rows.number(original.byte);
            rows.number(original.item.map_or(0, |item| u64::from(item) + 1));
        }
        let asked = |outcome: &Outcome| match outcome.result {
            Fate::Row { .. } => false,
            Fate::Missing => keeps,
            Fate::Unreadable(_) | Fate::Rejected(_) | Fate::Refused(_) => true,
        };
        let text = if outcomes.iter().any(asked) { part.text.record(record) } else { b"" };
        self.rejects.bytes(text);
        rows.size(outcomes.len());
        for outcome in outcomes {
            self.outcome(outcome);
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        self.rows.number(outcome.item.into());
        let (code, error) = match &outcome.result {
            Fate::Row { found, len } => {
                self.rows.size(0);
                self.rows.size(*len);
                self.info(&found.info);
                self.shape(&found.stored);
                self.rows.size(found.format.map_or(NO_FILE, ImageFormat::number));
                return self.rows.size(usize::from(found.overlaps));
            }
            Fate::Missing => return self.rows.size(1),
            Fate::Unreadable(error) => (2, error),
            Fate::Rejected(error) => (3, error),
            Fate::Refused(error) => (4, error),
        };
        self.rows.size(code);
        self.rows.size(place_in(&ErrorKind::ALL, &error.kind()));
        let rejects = &mut self.rejects;
        rejects.bytes(error.message().as_bytes());
        rejects.size(error.remedies().len());
        for remedy in error.remedies() {
            rejects.bytes(remedy.what.as_bytes());
            rejects.size(remedy.options.len());
            for (name, value) in &remedy.options {
                rejects.bytes(name.as_bytes());
                rejects.bytes(value.as_bytes());
            }
        }
    }

    fn info(&mut self, info: &ImageInfo) {
        self.shape(&info.shape);
        let rows = &mut self.rows;
        rows.size(place_in(&DType::ALL, &info.dtype));
        rows.number(info.bits.into());
        rows.size(place_in(&Color::ALL, &info.color));
        rows.number(info.orientation.into());
        rows.size(usize::from(info.premultiplied));
        rows.size(usize::from(info.rescale.is_some()));
        if let Some(Rescale { slope, intercept, blank, dtype }) = info.rescale {
            rows.number(slope.to_bits());
            rows.number(intercept.to_bits());
            rows.size(usize::from(blank.is_some()));
            rows.number(blank.unwrap_or(0).cast_unsigned());
            rows.size(place_in(&DType::ALL, &dtype));
        }
        rows.number(info.frames.into());
    }

    fn shape(&mut self, shape: &Shape) {
        self.rows.size(shape.len());
        shape.iter().for_each(|axis| self.rows.size(*axis));
    }

    fn kept(&mut self, kept: &Kept) {
        let pen = &mut self.columns;
        for column in &kept.columns {
            pen.size(column.len());
            pen.0.extend(column.valid.iter().map(|valid| u8::from(*valid)));
            pen.bytes(&column.values);
            pen.size(column.ends.len());
            column.ends.iter().for_each(|end| pen.size(*end));
        }
        pen.size(kept.holes.len());
        for hole in &kept.holes {
            pen.size(hole.row);
            pen.size(hole.column);
            pen.size(hole.at);
            pen.number(hole.item.into());
        }
    }
}

/// A part that is read again.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) text: Text,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) kept: Kept,
}

/// What is known only when all parts before are: of each of the inputs of the part its number in the plan and
/// the lines before, and the number of the first record.
#[derive(Debug, Default)]
pub(super) struct Bases {
    pub(super) inputs: Vec<(u32, u64)>,
    pub(super) index: u64,
}

impl Block {
    /// Reads a block; `files` are the inputs of the plan. `None`: these are not the bytes of one.
    pub(super) fn read(
        &mut self,
        [rows, columns, rejects]: [&[u8]; 3],
        bases: &Bases,
        files: &[File],
    ) -> Option<()> {
        self.text.bytes.clear();
        self.text.records.clear();
        self.text.originals.clear();
        self.outcomes.clear();
        let (mut rows, mut rejects) = (Eye(rows), Eye(rejects));
        for number in 0..rows.count()? {
            self.record(number, &mut rows, &mut rejects, bases, files)?;
        }
        self.columns(&mut Eye(columns))?;
        (rows.0.is_empty() && rejects.0.is_empty()).then_some(())
    }

    fn record(
        &mut self,
        number: usize,
        rows: &mut Eye<'_>,
        rejects: &mut Eye<'_>,
        bases: &Bases,
        files: &[File],
    ) -> Option<()> {
        let (file, lines) = *bases.inputs.get(rows.size()?)?;
        let mut record = Record {
            start: 0,
            end: 0,
            file,
            line: rows.number()?.checked_add(lines)?,
            byte: rows.number()?,
            index: rows.number()?.checked_add(bases.index)?,
            // Nobody goes on by it.
            matched: 0,
            untold: false,
            gone: match rows.number()? {
                0 => None,
                1 => Some(Gone::Cut),
                length => Some(Gone::Overlong(length - 2)),
            },
        };
        let wrapped = rows.number()? > 0;
        if wrapped {
            let name = Arc::from(rejects.text()?);
            let original = Original {
                file: File { name, base: None, rejects: false },
                line: rows.number()?,
                byte: rows.number()?,
                item: rows.number()?.checked_sub(1).and_then(|item| item.try_into().ok()),
                lost: None,
            };
            self.text.originals.resize(number, None);
            self.text.originals.push(Some(original));
        }
        record.start = self.text.bytes.len();
        self.text.bytes.extend_from_slice(rejects.bytes()?);
        record.end = self.text.bytes.len();
        self.text.records.push(record);
        for _ in 0..rows.count()? {
            let item = u32::try_from(rows.number()?).ok()?;
            let result = fate(rows, rejects, |error| {
                error.at(self.text.origin(number, files).position(item))
            })?;
            self.outcomes.push(Outcome { record: number, item, result });
        }
        Some(())
    }

    fn columns(&mut self, eye: &mut Eye<'_>) -> Option<()> {
        self.kept.holes.clear();
        for column in &mut self.kept.columns {
            column.clear();
            let rows = eye.count()?;
            let (valid, rest) = eye.0.split_at_checked(rows)?;
            eye.0 = rest;
            column.valid.extend(valid.iter().map(|valid| *valid != 0));
            column.values.extend_from_slice(eye.bytes()?);
            for _ in 0..eye.count()? {
                column.ends.push(eye.size()?);
            }
            is_whole(column).then_some(())?;
        }
        if self.kept.columns.is_empty() {
            return eye.0.is_empty().then_some(());
        }
        for _ in 0..eye.count()? {
            let (row, column, at) = (eye.size()?, eye.size()?, eye.size()?);
            let item = u32::try_from(eye.number()?).ok()?;
            let kept = self.kept.columns.get(column).filter(|kept| row < kept.len())?;
            (at <= kept.value(row).len()).then_some(())?;
            self.kept.holes.push(Hole { row, column, at, item });
        }
        eye.0.is_empty().then_some(())
    }
}

/// Whether the values of a column are those of its rows.
fn is_whole(column: &Column) -> bool {
    match column.kind.dtype().filter(|_| column.kind.is_scalar()) {
        Some(dtype) => column.values.len() == column.len() * dtype.size() && column.ends.is_empty(),
        None => {
            column.ends.len() == column.len()
                && column.ends.is_sorted()
                && column.ends.last().copied().unwrap_or(0) == column.values.len()
        }
    }
}

fn fate(rows: &mut Eye<'_>, rejects: &mut Eye<'_>, place: impl Fn(Error) -> Error) -> Option<Fate> {
    let code = rows.number()?;
    match code {
        0 => {
            let len = rows.size()?;
            let (info, stored) = (info(rows)?, shape(rows)?);
            let format = ImageFormat::numbered(rows.size()?);
            let overlaps = rows.number()? > 0;
            let found = Found { info, stored, format, drawn: false, overlaps };
            return Some(Fate::Row { found, len });
        }
        1 => return Some(Fate::Missing),
        _ => {}
    }
    let kind = *ErrorKind::ALL.get(rows.size()?)?;
    let error = Error::new(kind, rejects.text()?);
    let remedies = (0..rejects.count()?).map(|_| remedy(rejects)).collect::<Option<_>>()?;
    let error = place(error.with_remedies(remedies));
    match code {
        2 => Some(Fate::Unreadable(error)),
        3 => Some(Fate::Rejected(error)),
        4 => Some(Fate::Refused(error)),
        _ => None,
    }
}

fn remedy(rejects: &mut Eye<'_>) -> Option<Remedy> {
    let what = rejects.text()?;
    let option = |rejects: &mut Eye<'_>| {
        let (name, value) = (rejects.text()?, rejects.text()?);
        let known = Options::table().find(|option| option.name == name)?;
        Some((known.name, value.to_string()))
    };
    let options = (0..rejects.count()?).map(|_| option(rejects)).collect::<Option<_>>()?;
    Some(Remedy::new(what, options))
}

fn info(rows: &mut Eye<'_>) -> Option<ImageInfo> {
    Some(ImageInfo {
        shape: shape(rows)?,
        dtype: *DType::ALL.get(rows.size()?)?,
        bits: rows.number()?.try_into().ok()?,
        color: *Color::ALL.get(rows.size()?)?,
        orientation: rows.number()?.try_into().ok()?,
        premultiplied: rows.number()? > 0,
        rescale: rescale(rows)?,
        frames: rows.number()?.try_into().ok()?,
    })
}

fn rescale(rows: &mut Eye<'_>) -> Option<Option<Rescale>> {
    if rows.number()? == 0 {
        return Some(None);
    }
    let (slope, intercept) = (f64::from_bits(rows.number()?), f64::from_bits(rows.number()?));
    let (is_blank, blank) = (rows.number()? > 0, rows.number()?.cast_signed());
    let (blank, dtype) = (is_blank.then_some(blank), *DType::ALL.get(rows.size()?)?);
    Some(Some(Rescale { slope, intercept, blank, dtype }))
}

fn shape(rows: &mut Eye<'_>) -> Option<Shape> {
    let axes = (0..rows.count()?).map(|_| rows.size()).collect::<Option<Vec<_>>>()?;
    Shape::new(&axes).ok()
}

fn place_in<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().position(|other| other == one).unwrap_or(all.len())
}
