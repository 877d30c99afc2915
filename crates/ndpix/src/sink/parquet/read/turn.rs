//! A column of a file from its first row to its last: each page is opened once.

use std::io::{self, Read};
use std::vec;

use super::Table;
use super::page::{Page, damaged};
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::Result;
use crate::limits::resize;
use crate::sink::parquet::schema::FieldKind;
use crate::sink::shown::array::Turns;

/// The values of a field, row after row.
pub(in crate::sink) struct Turn<'t> {
    table: &'t Table,
    field: usize,
    /// The group that comes next, and where the next page of this one begins, and the last ends.
    group: usize,
    at: u64,
    to: u64,
    open: Option<Open>,
    value: Vec<u8>,
}

/// A page that is being read.
struct Open {
    page: Page,
    /// Values that are left, or elements of lists and tensors.
    left: u64,
    /// Whether rows have values, where they may have none; of lists also which elements begin a row.
    there: Runs,
    begins: Runs,
    /// Of booleans, eight to a byte, those that were read and not taken.
    bits: u8,
    bit: u32,
}

/// Levels, equal ones together.
struct Runs {
    rest: vec::IntoIter<(u8, u64)>,
    now: (u8, u64),
}

impl Runs {
    fn new(all: Vec<(u8, u64)>) -> Self {
        Self { rest: all.into_iter(), now: (0, 0) }
    }

    fn peek(&mut self) -> Option<u8> {
        while self.now.1 == 0 {
            self.now = self.rest.next()?;
        }
        Some(self.now.0)
    }

    fn take(&mut self) -> io::Result<u8> {
        let level = self.peek().ok_or_else(damaged)?;
        self.now.1 -= 1;
        Ok(level)
    }
}

impl<'t> Turn<'t> {
    pub(in crate::sink) fn new(table: &'t Table, field: usize) -> Self {
        Self { table, field, group: 0, at: 0, to: 0, open: None, value: Vec::new() }
    }

    /// Opens the next page that has values.
    fn page(&mut self) -> Result<()> {
        let table = self.table;
        let leaf = table.leaf(self.field);
        loop {
            if self.at >= self.to {
                let few = || table.source.refused("it has fewer rows than it says");
                let pages = table.pages(table.groups.get(self.group).ok_or_else(few)?, leaf);
                (self.group, self.at, self.to) = (self.group + 1, pages.from, pages.to);
                continue;
            }
            let pages = table.pages(&table.groups[self.group - 1], leaf);
            let Some(page) = pages.page(&mut self.at)? else { continue };
            let open = Open::new(page, &table.fields[self.field].kind);
            self.open = Some(open.map_err(|e| pages.failed(e))?);
            return Ok(());
        }
    }
}

impl Turns for Turn<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        while self.open.as_ref().is_none_or(|open| open.left == 0) {
            self.page()?;
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        self.value.clear();
        let kind = &self.table.fields[self.field].kind;
        let is_there = open.next(kind, &mut self.value).map_err(|e| match e.kind() {
            io::ErrorKind::OutOfMemory => {
                crate::error::Error::limit("there is no memory for a row of it")
            }
            _ => self.table.source.failed(e),
        })?;
        Ok(is_there.then_some(&self.value))
    }
}

impl Open {
    fn new(mut page: Page, kind: &FieldKind) -> io::Result<Self> {
        let none = || Runs::new(Vec::new());
        let (mut there, mut begins) = (none(), none());
        match kind {
            FieldKind::Tensor(dtype, _) => page.before_tensors(*dtype)?,
            FieldKind::Number(_) => page.plain()?,
            FieldKind::Kept(ColumnType::Ints | ColumnType::Floats) => {
                begins = Runs::new(page.levels()?);
                there = Runs::new(page.levels()?);
                page.plain()?;
            }
            FieldKind::Kept(_) | FieldKind::Image => {
                there = Runs::new(page.levels()?);
                page.plain()?;
            }
        }
        Ok(Self { left: page.values, page, there, begins, bits: 0, bit: 8 })
    }

    /// Reads the value of the next row; whether it has one.
    fn next(&mut self, kind: &FieldKind, value: &mut Vec<u8>) -> io::Result<bool> {
        match kind {
            FieldKind::Tensor(dtype, shape) => {
                let elements = shape.iter().try_fold(1u64, |n, axis| n.checked_mul(*axis as u64));
                self.left = elements.and_then(|n| self.left.checked_sub(n)).ok_or_else(damaged)?;
                self.numbers(*dtype, elements.unwrap_or(0), value).map(|()| true)
            }
            FieldKind::Number(dtype) => {
                self.left -= 1;
                self.numbers(*dtype, 1, value).map(|()| true)
            }
            FieldKind::Kept(ColumnType::Ints | ColumnType::Floats) => self.list(value),
            FieldKind::Kept(kind) => self.optional(1, kind.dtype(), value),
            FieldKind::Image => self.optional(2, None, value),
        }
    }

    /// A value of rows that have this level.
    fn optional(
        &mut self,
        level: u8,
        dtype: Option<DType>,
        value: &mut Vec<u8>,
    ) -> io::Result<bool> {
        self.left -= 1;
        if self.there.take()? != level {
            return Ok(false);
        }
        match dtype {
            Some(dtype) => self.numbers(dtype, 1, value)?,
            None => {
                let len = u64::from(self.page.narrow()?);
                let read = (&mut self.page.stream).take(len).read_to_end(value)?;
                if read as u64 != len {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        Ok(true)
    }

    /// A list, as `Page::list` has it.
    fn list(&mut self, value: &mut Vec<u8>) -> io::Result<bool> {
        let mut is_there = false;
        let mut elements = 0;
        loop {
            self.left = self.left.checked_sub(1).ok_or_else(damaged)?;
            self.begins.take()?;
            let level = self.there.take()?;
            is_there |= level > 0;
            elements += u64::from(level == 3);
            if self.begins.peek().is_none_or(|level| level == 0) {
                break;
            }
        }
        self.numbers(DType::Int64, elements, value)?;
        Ok(is_there)
    }

    /// So many numbers.
    fn numbers(&mut self, dtype: DType, count: u64, value: &mut Vec<u8>) -> io::Result<()> {
        let len = usize::try_from(count).ok().and_then(|count| count.checked_mul(dtype.size()));
        resize(value, len.ok_or_else(damaged)?).map_err(|_| io::ErrorKind::OutOfMemory)?;
        if dtype != DType::Bool {
            return self.page.stream.read_exact(value);
        }
        for byte in value {
            if self.bit == u8::BITS {
                let mut next = [0];
                self.page.stream.read_exact(&mut next)?;
                (self.bits, self.bit) = (next[0], 0);
            }
            *byte = self.bits >> self.bit & 1;
            self.bit += 1;
        }
        Ok(())
    }
}
