//! `.npy`: the array, and files beside it for what it has no place for, the row map and the columns.

pub(crate) mod file;
pub(crate) mod read;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use self::file::{Npy, descr};
use super::mark::Mark;
use super::moves;
use super::output::{Ability, Output, further_suffix};
use super::parquet::ColumnsFile;
use super::partial::Partial;
use super::rows::RowMap;
use super::shelf::Shelf;
use super::{Facts, Further, Holds, Place, Ready, Sink, beside};
use crate::column::Column;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Rows;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: ".npy",
    extensions: &[".npy"],
    can: &[Ability::InPlace, Ability::Text, Ability::Nul],
    folder: None,
    marker: None,
    packs: false,
    splits: false,
    names: None,
    beside: &[ROWS, COLUMNS, INPUTS],
    apart: true,
    refuses: |_| None,
    open: |out, holds, from| Ok(Box::new(NpyFiles::create(out, holds, from)?)),
};

/// What the files beside an array are called after its name.
pub(super) const ROWS: &str = ".rows.npy";
pub(super) const COLUMNS: &str = ".columns.parquet";
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
    mapped: Mapped,
    columns: Option<ColumnsFile>,
    /// The further arrays, each in a file of its own.
    further: Vec<Npy>,
    always: bool,
    shelf: Arc<Shelf>,
}

/// The array and its row map, and what keeps other runs away where they have their names already.
struct Mapped {
    array: Npy,
    rows: Option<RowMap>,
    guard: Option<Partial>,
}

impl Mapped {
    /// Opens the array, anew or for more rows.
    fn create(out: &Path, holds: &Holds) -> Result<Self> {
        let descr = descr(holds.images.dtype());
        let (item, item_len) = (holds.images.item(), holds.images.item_len()?);
        let adds = holds.append && out.exists();
        // A run that replaces the array has its own file: this keeps it away meanwhile.
        let guard = adds.then(|| guard(out)).transpose()?;
        let open = || {
            let array = match adds {
                true => Npy::append(out, descr, item, item_len)?,
                false => Npy::create(out, descr, item, item_len)?,
            };
            let rows = Self::map(out, holds, &array)?;
            Ok((array, rows))
        };
        guarded(guard, open())
    }

    /// The row map that goes with the array, where there is to be one.
    fn map(out: &Path, holds: &Holds, array: &Npy) -> Result<Option<RowMap>> {
        let adds = array.before().is_some();
        if holds.append && !holds.legends.is_empty() && holds.columns.is_empty() {
            return Err(Error::options(
                "nothing beside an .npy says which numbers its classes have, so that rows with other ones could follow; keep columns with it, or write .npz",
            ));
        }
        let (kept, has) = (!holds.columns.is_empty(), beside(out, COLUMNS).exists());
        if adds && kept != has && array.rows() > 0 {
            let (has, asks) = match has {
                true => {
                    ("has columns beside it, which would be shorter than it", "ask for them too")
                }
                false => ("has no columns beside it", "leave columns out"),
            };
            return Err(Error::options(format!(
                "{} {has}; {asks}, or convert all records again",
                out.display()
            )));
        }
        let path = beside(out, ROWS);
        Ok(match (holds.rows, adds) {
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
        })
    }

    /// What the state `from` is of, without what came after it.
    fn again(out: &Path, holds: &Holds, from: &Value) -> Result<Self> {
        let descr = descr(holds.images.dtype());
        let (item, item_len) = (holds.images.item(), holds.images.item_len()?);
        let before = from["array"]["before"].as_u64().map(|bytes| bytes / item_len.max(1) as u64);
        let guard = before.map(|_| guard(out)).transpose()?;
        let open = || {
            // An array that has come, or has grown since, is not written over.
            let has_come = holds.append && before.is_none() && out.exists();
            if has_come || (before.is_some() && before != Npy::counted(out)) {
                let message =
                    format!("{} is not what it was when rows were last added", out.display());
                return Err(Error::new(ErrorKind::Io, message));
            }
            let array = Npy::again(out, descr, item, item_len, &from["array"])?;
            let rows = Some(&from["rows"]).filter(|rows| !rows.is_null());
            let rows = rows.map(|rows| RowMap::again(&beside(out, ROWS), rows)).transpose()?;
            Ok((array, rows))
        };
        guarded(guard, open())
    }
}

/// An array and its row map with their guard, which goes where they could not be opened.
fn guarded(guard: Option<Partial>, opened: Result<(Npy, Option<RowMap>)>) -> Result<Mapped> {
    match opened {
        Ok((array, rows)) => Ok(Mapped { array, rows, guard }),
        Err(error) => {
            guard.and_then(|guard| guard.abandon(false));
            Err(error)
        }
    }
}

/// What a run takes whose array has its name already.
fn guard(out: &Path) -> Result<Partial> {
    Partial::open(out, &beside(out, ".partial"))
}

/// The further arrays, to go on from the state `from`.
fn further(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Vec<Npy>> {
    let open = |(number, array): (usize, &Further)| {
        let (path, descr) = (beside(out, &further_suffix(&array.name)), descr(array.dtype));
        let (item, item_len) = (array.shape.to_vec(), array.item_len()?);
        match from {
            None => Npy::create(&path, descr, item, item_len),
            Some(state) => Npy::again(&path, descr, item, item_len, &state["further"][number]),
        }
    };
    holds.arrays.iter().enumerate().map(open).collect()
}

impl NpyFiles {
    /// Opens the array and the files beside it, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let mut mapped = match from {
            None => Mapped::create(out, holds)?,
            Some(state) => Mapped::again(out, holds, state)?,
        };
        let shelf = Shelf::open(out, holds.continues, from)?;
        let columns = || {
            let from = from.map(|state| &state["columns"]);
            let before = mapped.array.before().filter(|rows| *rows > 0);
            let own = Holds { arrays: Vec::new(), ..holds.clone() };
            ColumnsFile::create(&beside(out, COLUMNS), &own, &shelf, before, from)
        };
        let columns = (!holds.columns.is_empty()).then(columns).transpose();
        let company = columns.and_then(|columns| Ok((columns, further(out, holds, from)?)));
        if company.is_err() {
            mapped.guard.take().and_then(|guard| guard.abandon(false));
            shelf.end(from.is_some());
        }
        let (columns, further) = company?;
        // An array that is to grow needs a map of all its rows from the first on.
        let always = holds.rows == Rows::Always || holds.append;
        Ok(Self { mapped, columns, further, always, shelf })
    }

    /// The row map, if it is wanted.
    fn wanted_rows(&mut self) -> Option<RowMap> {
        let mapped = self.is_mapped();
        let rows = self.mapped.rows.take()?;
        if mapped {
            return Some(rows);
        }
        rows.abandon(false);
        None
    }

    /// Leaves everything as it is, for the run that goes on: the names that are not final.
    fn leave(self) -> Vec<PathBuf> {
        let Mapped { array, rows, guard } = self.mapped;
        if guard.is_some() {
            return Vec::new();
        }
        let rows = rows.map(RowMap::into_partial);
        let further = self.further.into_iter().map(Npy::into_partial);
        let all = [Some(array.into_partial()), rows].into_iter().flatten().chain(further);
        all.filter_map(|file| file.abandon(true)).collect()
    }
}

impl Sink for NpyFiles {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.mapped.array.write(pixels)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.further.get_mut(number).map_or(Ok(()), |array| array.write(pixels))
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.mapped.rows.as_mut().map_or(Ok(()), |rows| rows.push(place))
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.columns.as_mut().map_or(Ok(()), |columns| columns.push(rows))
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        let further = self.further.iter_mut().map(|array| array.mark(&mut mark));
        let further = further.collect::<Result<Vec<_>>>()?;
        let state = json!({
            "array": self.mapped.array.mark(&mut mark)?,
            "further": further,
            "rows": self.mapped.rows.as_mut().map(|rows| rows.mark(&mut mark)).transpose()?,
            "columns": self.columns.as_mut().map(|all| all.mark(&mut mark)).transpose()?,
            "shelf": self.shelf.mark(&mut mark, None, &[])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn is_mapped(&self) -> bool {
        self.mapped.rows.as_ref().is_some_and(|rows| self.always || !rows.trivial)
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        self.columns.as_mut().map_or(Ok(()), |columns| columns.seal(facts))?;
        self.further.iter_mut().try_for_each(Npy::seal)?;
        // A row map may be longer than its array, after a kill, and never shorter.
        self.mapped.rows.as_mut().map_or(Ok(()), RowMap::seal)?;
        // An array that is there counts its new rows when all else is written.
        if self.mapped.guard.is_some() {
            self.mapped.array.settle()
        } else {
            self.mapped.array.seal()
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Ready> {
        let rows = self.wanted_rows().map(RowMap::into_partial);
        let columns = self.columns.take().map(ColumnsFile::into_partial);
        let further = std::mem::take(&mut self.further).into_iter().map(Npy::into_partial);
        let main = match self.mapped.guard.is_some() {
            true => moves::Main::Grows(self.mapped.array),
            false => moves::Main::File(self.mapped.array.into_partial()),
        };
        Ok(Ready {
            main: Some(main),
            beside: rows.into_iter().chain(columns).chain(further).collect(),
            guard: self.mapped.guard,
            shelf: Some(self.shelf),
        })
    }

    fn abandon(mut self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        if keep && self.shelf.is_marked() {
            return self.leave();
        }
        self.mapped.guard.take().and_then(|guard| guard.abandon(false));
        let beside = self.wanted_rows().and_then(|rows| rows.abandon(keep));
        if let Some(columns) = self.columns.take() {
            columns.abandon();
        }
        std::mem::take(&mut self.further).into_iter().for_each(|array| drop(array.abandon(false)));
        self.mapped.array.abandon(keep).into_iter().chain(beside).collect()
    }
}
