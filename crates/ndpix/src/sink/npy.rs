//! `.npy`: the array, and files beside it for what it has no place for, the row map and the columns.

pub(crate) mod file;

use std::path::{Path, PathBuf};

use self::file::{Npy, descr};
use super::moves::Main;
use super::output::{Ability, Output};
use super::parquet::ColumnsFile;
use super::partial::Partial;
use super::rows::RowMap;
use super::{Facts, Holds, Place, Ready, Sink, beside};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::options::Rows;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: ".npy",
    extensions: &[".npy"],
    can: &[Ability::Append, Ability::Text, Ability::Nul],
    folder: None,
    packs: false,
    splits: false,
    beside: &[ROWS, COLUMNS, INPUTS],
    refuses: |_| None,
    open: |out, holds| Ok(Box::new(NpyFiles::create(out, holds)?)),
};

/// What the files beside an array are called after its name.
const ROWS: &str = ".rows.npy";
const COLUMNS: &str = ".columns.parquet";
/// The list of inputs, which the books keep.
pub(crate) const INPUTS: &str = ".inputs.json";

/// The number that the row map of the array `out` of `rows` rows has for the next input, if there is one.
pub(crate) fn next_file(out: &Path, rows: u64) -> Result<u32> {
    let path = beside(out, ROWS);
    if !path.exists() {
        return Ok(0);
    }
    RowMap::append(&path, rows, 0).map(|map| map.first_file())
}

/// The array, and beside it what it has no place for: the row map and the columns.
pub(crate) struct NpyFiles {
    array: Npy,
    rows: Option<RowMap>,
    columns: Option<ColumnsFile>,
    guard: Option<Partial>,
    always: bool,
}

impl NpyFiles {
    /// Opens the array and the files beside it.
    pub(crate) fn create(out: &Path, holds: &Holds) -> Result<Self> {
        let descr = descr(holds.images.dtype());
        let (item, item_len) = (holds.images.item(), holds.images.item_len()?);
        let adds = holds.append && out.exists();
        // A run that replaces the array has its own file: this keeps it away meanwhile.
        let guard = adds.then(|| Partial::open(out, &beside(out, ".partial"))).transpose()?;
        let array = if adds {
            Npy::append(out, descr, item, item_len)?
        } else {
            Npy::create(out, descr, item, item_len)?
        };
        if adds && beside(out, COLUMNS).exists() {
            return Err(Error::options(format!(
                "{} has columns beside it, which append cannot add to; convert all records again",
                out.display()
            )));
        }
        let path = beside(out, ROWS);
        let rows = match (holds.rows, adds) {
            (Rows::Never, true) if path.exists() => {
                return Err(Error::options(format!(
                    "{} has a row map, which would be shorter than it; leave rows out",
                    out.display()
                )));
            }
            (Rows::Never, _) => None,
            (_, false) => Some(RowMap::create(&path)?),
            (_, true) if path.exists() => {
                Some(RowMap::append(&path, array.rows(), holds.first_file)?)
            }
            (Rows::Always, true) if array.rows() > 0 => {
                return Err(Error::options(format!(
                    "{} has no row map of its rows; leave rows out, or write it anew with rows always",
                    out.display()
                )));
            }
            (Rows::Always, true) => Some(RowMap::create(&path)?),
            (Rows::Auto, true) if holds.fills => {
                return Err(Error::options(format!(
                    "{} has no row map, which alone could say what is a fill row; leave fill out, or write it anew with append",
                    out.display()
                )));
            }
            (Rows::Auto, true) => None,
        };
        let columns = if holds.columns.is_empty() {
            None
        } else {
            Some(ColumnsFile::create(&beside(out, COLUMNS), holds)?)
        };
        // An array that is to grow needs a map of all its rows from the first on.
        let always = holds.rows == Rows::Always || holds.append;
        Ok(Self { array, rows, columns, guard, always })
    }

    /// The row map, if it is wanted.
    fn wanted_rows(&mut self) -> Option<RowMap> {
        let mapped = self.is_mapped();
        let rows = self.rows.take()?;
        if mapped {
            return Some(rows);
        }
        rows.abandon(false);
        None
    }
}

impl Sink for NpyFiles {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.array.write(pixels)
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.rows.as_mut().map_or(Ok(()), |rows| rows.push(place))
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.columns.as_mut().map_or(Ok(()), |columns| columns.push(rows))
    }

    fn is_mapped(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| self.always || !rows.trivial)
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        self.columns.as_mut().map_or(Ok(()), |columns| columns.seal(facts))?;
        // A row map may be longer than its array, after a kill, and never shorter.
        self.rows.as_mut().map_or(Ok(()), RowMap::seal)?;
        // An array that is there counts its new rows when all else is written.
        if self.guard.is_some() { self.array.settle() } else { self.array.seal() }
    }

    fn finish(mut self: Box<Self>) -> Result<Ready> {
        let rows = self.wanted_rows().map(RowMap::into_partial);
        let columns = self.columns.take().map(ColumnsFile::into_partial);
        let main = match self.guard.is_some() {
            true => Main::Grows(self.array),
            false => Main::File(self.array.into_partial()),
        };
        Ok(Ready {
            main: Some(main),
            beside: rows.into_iter().chain(columns).collect(),
            guard: self.guard,
        })
    }

    fn abandon(mut self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.guard.take().and_then(|guard| guard.abandon(false));
        let beside = self.wanted_rows().and_then(|rows| rows.abandon(keep));
        if let Some(columns) = self.columns.take() {
            columns.abandon();
        }
        self.array.abandon(keep).into_iter().chain(beside).collect()
    }
}
