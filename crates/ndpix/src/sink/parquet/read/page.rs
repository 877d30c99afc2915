//! The pages of a column of a group, and in them the value of a row.

use std::io::{self, Read};
use std::sync::Arc;

use super::super::schema::FieldKind;
use super::super::thrift::read::Reading;
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::zeros;
use crate::sink::shown::array::{Codec, MOST_BYTES, Piece, Source, skip};

/// The header of a page is not longer than this.
const HEADER: u64 = 128;
/// Levels of a page take no more bytes than this: there is a run for a row, at most.
const LEVELS: usize = 16 << 20;

/// What a row has in a field.
pub(crate) struct Cell {
    pub(crate) bytes: Vec<u8>,
    /// Bytes that it has in all.
    pub(crate) len: u64,
}

/// Pages one after another.
pub(super) struct Pages<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) codec: Codec,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// The header of a page.
#[derive(Default)]
struct Header {
    len: u64,
    kind: i64,
    packed: u64,
    values: u64,
    encoding: u64,
}

type Stream = Box<dyn Read + Send>;
/// A row of a page, or how many rows there are where it is beyond them.
type Found = std::result::Result<Option<Cell>, u64>;

impl Pages<'_> {
    /// The value of a row, counted from the first of the pages.
    pub(super) fn cell(&self, kind: &FieldKind, row: u64, most: usize) -> Result<Option<Cell>> {
        let (mut at, mut row) = (self.from, row);
        while at < self.to {
            let Some(page) = self.page(&mut at)? else { continue };
            match page.find(kind, row, most).map_err(|e| self.failed(e))? {
                Ok(cell) => return Ok(cell),
                Err(rows) => row -= rows,
            }
        }
        Err(self.source.refused("it has fewer rows than it says"))
    }

    /// The page that begins at `at`, which is then where the next one does; none where it is no page of values.
    pub(super) fn page(&self, at: &mut u64) -> Result<Option<Page>> {
        let header = self.header(*at).ok_or_else(|| self.source.damaged())?;
        let body = *at + header.len;
        *at = body.saturating_add(header.packed);
        if header.kind != 0 {
            return Ok(None);
        }
        let piece = Piece::new(self.source, body, header.packed, self.codec)?;
        let stream = piece.stream().map_err(|e| self.failed(e))?;
        Ok(Some(Page { values: header.values, encoding: header.encoding, stream }))
    }

    pub(super) fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::OutOfMemory => Error::limit("it is more than is shown at once"),
            _ => self.source.failed(error),
        }
    }

    fn header(&self, at: u64) -> Option<Header> {
        let room = self.source.len.checked_sub(at)?.min(HEADER);
        let bytes = self.source.bytes(at, room, HEADER as usize).ok()?;
        let (mut header, mut reading) = (Header::default(), Reading(&bytes));
        reading.structure(|r, number| {
            match number {
                1 => header.kind = r.int()?,
                3 => header.packed = r.count()?,
                5 => r.structure(|r, number| {
                    match number {
                        1 => header.values = r.count()?,
                        2 => header.encoding = r.count()?,
                        _ => return Some(false),
                    }
                    Some(true)
                })?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        header.len = room - reading.0.len() as u64;
        Some(header)
    }
}

/// What is in a page, unpacked.
pub(super) struct Page {
    pub(super) values: u64,
    encoding: u64,
    pub(super) stream: Stream,
}

pub(super) fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a page is not as ndpix writes it")
}

impl Page {
    fn find(mut self, kind: &FieldKind, row: u64, most: usize) -> io::Result<Found> {
        match kind {
            FieldKind::Tensor(dtype, shape) => self.tensor(*dtype, shape, row),
            FieldKind::Number(_) | FieldKind::Kept(_) | FieldKind::Image
                if !is_list(kind) && row >= self.values =>
            {
                Ok(Err(self.values))
            }
            FieldKind::Number(dtype) => self.number(*dtype, row).map(Ok),
            FieldKind::Kept(ColumnType::Ints | ColumnType::Floats) => self.list(row, most),
            FieldKind::Kept(kind) => self.optional(1, row, kind.dtype(), most),
            FieldKind::Image => self.optional(2, row, None, most),
        }
    }

    /// A number that every row before it has, and it too.
    fn number(&mut self, dtype: DType, at: u64) -> io::Result<Option<Cell>> {
        self.plain()?;
        let bytes = self.elements(dtype, at, 1)?;
        Ok(Some(Cell { len: bytes.len() as u64, bytes }))
    }

    /// So many numbers from one on.
    fn elements(&mut self, dtype: DType, at: u64, count: u64) -> io::Result<Vec<u8>> {
        let size = dtype.size() as u64;
        let len = count.checked_mul(size).and_then(|len| usize::try_from(len).ok());
        let len = len.filter(|len| *len <= MOST_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut bytes = zeros(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        if dtype == DType::Bool {
            // Eight to a byte, the first in the lowest bit.
            skip(&mut self.stream, at / 8)?;
            let mut bits = vec![0u8; (at % 8 + count).div_ceil(8) as usize];
            self.stream.read_exact(&mut bits)?;
            for (i, byte) in bytes.iter_mut().enumerate() {
                let at = (at % 8) as usize + i;
                *byte = bits[at / 8] >> (at % 8) & 1;
            }
        } else {
            skip(&mut self.stream, at.checked_mul(size).ok_or_else(damaged)?)?;
            self.stream.read_exact(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn tensor(&mut self, dtype: DType, shape: &[usize], row: u64) -> io::Result<Found> {
        let elements = shape.iter().try_fold(1u64, |n, axis| n.checked_mul(*axis as u64));
        let elements = elements.filter(|n| *n > 0).ok_or_else(damaged)?;
        let rows = self.values / elements;
        if !self.values.is_multiple_of(elements) {
            return Err(damaged());
        }
        if row >= rows {
            return Ok(Err(rows));
        }
        self.before_tensors(dtype)?;
        let bytes = self.elements(dtype, row * elements, elements)?;
        Ok(Ok(Some(Cell { len: bytes.len() as u64, bytes })))
    }

    /// Passes over what stands before the numbers of tensors.
    pub(super) fn before_tensors(&mut self, dtype: DType) -> io::Result<()> {
        // All levels are known: rows of one length, and all of their elements.
        for _ in 0..2 {
            let len = u64::from(self.narrow()?);
            skip(&mut self.stream, len)?;
        }
        match self.encoding {
            0 => {}
            8 => {
                // Numbers of a dictionary, each as wide as an element, in one run.
                let width = self.byte()?;
                while self.byte()? & 0x80 != 0 {}
                if usize::from(width) != 8 * dtype.size() {
                    return Err(damaged());
                }
            }
            _ => return Err(damaged()),
        }
        Ok(())
    }

    /// Refuses numbers that are not plain.
    pub(super) fn plain(&self) -> io::Result<()> {
        if self.encoding == 0 { Ok(()) } else { Err(damaged()) }
    }

    /// A value that rows may not have; those that do have this level.
    fn optional(
        &mut self,
        level: u8,
        row: u64,
        dtype: Option<DType>,
        most: usize,
    ) -> io::Result<Found> {
        let (mut before, mut seen) = (0, 0);
        let mut is_there = false;
        for (found, times) in self.levels()? {
            let now = times.min(row.saturating_sub(seen));
            is_there |= seen <= row && row - seen < times && found == level;
            before += if found == level { now } else { 0 };
            seen = seen.saturating_add(times);
        }
        match (is_there, dtype) {
            (false, _) => Ok(Ok(None)),
            (true, Some(dtype)) => self.number(dtype, before).map(Ok),
            (true, None) => {
                for _ in 0..before {
                    let len = u64::from(self.narrow()?);
                    skip(&mut self.stream, len)?;
                }
                let len = self.narrow()? as usize;
                let mut bytes = zeros(len.min(most)).map_err(|_| io::ErrorKind::OutOfMemory)?;
                self.stream.read_exact(&mut bytes)?;
                Ok(Ok(Some(Cell { len: len as u64, bytes })))
            }
        }
    }

    /// A list of numbers of 8 bytes: a row begins where the first level is 0; the second says whether there is
    /// no list, an empty one, or an element.
    fn list(&mut self, row: u64, most: usize) -> io::Result<Found> {
        let mut lists = self.levels()?.into_iter();
        let mut there = self.levels()?.into_iter();
        let (mut list, mut element) = ((0, 0), (0, 0));
        // Rows so far, elements before the row, and what it has.
        let (mut rows, mut before, mut mine) = (0u64, 0u64, None);
        loop {
            while list.1 == 0 {
                match lists.next() {
                    Some(next) => list = next,
                    None => break,
                }
            }
            while element.1 == 0 {
                match there.next() {
                    Some(next) => element = next,
                    None => break,
                }
            }
            let both = list.1.min(element.1);
            if both == 0 {
                break;
            }
            // Where each begins a row the one that is asked for may be among them.
            let until = (row + 1).saturating_sub(rows);
            let now = match list.0 {
                0 if until > 1 => both.min(until - 1),
                0 if until == 0 => break,
                0 => 1,
                _ => both,
            };
            rows += if list.0 == 0 { now } else { 0 };
            let elements = if element.0 == 3 { now } else { 0 };
            if rows == row + 1 {
                let so_far = mine.unwrap_or((element.0 > 0, 0));
                mine = Some((so_far.0, so_far.1 + elements));
            } else {
                before += elements;
            }
            list.1 -= now;
            element.1 -= now;
        }
        match mine {
            None => Ok(Err(rows)),
            Some((false, _)) => Ok(Ok(None)),
            Some((true, count)) => {
                let shown = count.min(most as u64 / 8);
                let bytes = self.elements(DType::Int64, before, shown)?;
                Ok(Ok(Some(Cell { bytes, len: count.saturating_mul(8) })))
            }
        }
    }

    /// Levels as runs of equal ones, as many as there are values.
    pub(super) fn levels(&mut self) -> io::Result<Vec<(u8, u64)>> {
        let len = self.narrow()? as usize;
        if len > LEVELS {
            return Err(damaged());
        }
        let mut bytes = vec![0; len];
        self.stream.read_exact(&mut bytes)?;
        let (mut reading, mut runs, mut count) = (Reading(&bytes), Vec::new(), 0u64);
        while !reading.0.is_empty() {
            let head = reading.varint().filter(|head| head & 1 == 0).ok_or_else(damaged)?;
            let (level, rest) = reading.0.split_first().ok_or_else(damaged)?;
            count = count.checked_add(head >> 1).ok_or_else(damaged)?;
            runs.push((*level, head >> 1));
            reading.0 = rest;
        }
        if count == self.values { Ok(runs) } else { Err(damaged()) }
    }

    pub(super) fn narrow(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.stream.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

fn is_list(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Kept(ColumnType::Ints | ColumnType::Floats))
}
