//! An output that grows by being written anew beside the old one: first the rows that are there, then those of the
//! run. At the end it takes the name of the old one, as one that replaces it does, so that a kill leaves the old rows
//! or all.
//!
//! Most formats say at their end, or in many places, how many rows there are, and cut them into chunks that are
//! compressed: so nothing of them can be left as it is. What grows in place, `npy.rs` has.

pub(crate) mod old;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;
use serde_json::{Value, json};

use self::old::{Before, Old};
use super::mark::{Mark, broken, number};
use super::output::Output;
use super::{Facts, Holds, Place, Ready, Sink};
use crate::column::{Column, ColumnType};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Rows;
use crate::threads::Job;

/// See the module.
pub(super) struct Anew {
    sink: Box<dyn Sink + Send>,
    /// What is there, and its rows until they are written.
    before: Option<Before>,
    old: Option<Old>,
    /// The number of the first input.
    first_file: u32,
    /// Whether the output says apart from its row map which rows are images.
    fills: bool,
    columns: Vec<(Arc<str>, ColumnType)>,
}

/// Opens the output `out` for more rows, or to begin it; to go on from the state `from`.
///
/// # Errors
/// Kind `options` where what is there holds something else, or no row map: nothing is touched then.
pub(super) fn open(
    output: &Output,
    out: &Path,
    holds: &Holds,
    from: Option<&Value>,
) -> Result<Anew> {
    if holds.rows == Rows::Never {
        return Err(Error::options(format!(
            "{} grows by its row map; leave rows out, or leave append out",
            output.name
        )));
    }
    let holds = Holds { rows: Rows::Always, ..holds.clone() };
    match from {
        None => begin(output, out, holds),
        Some(state) => again(output, out, holds, state),
    }
}

fn begin(output: &Output, out: &Path, holds: Holds) -> Result<Anew> {
    let old = Old::find(out)?;
    old.as_ref().map_or(Ok(()), |old| old.check(&holds))?;
    let before = old.as_ref().map(Old::before).transpose()?;
    let fills = holds.fills || old.as_ref().is_some_and(Old::says_valid);
    let (first_file, columns) = (holds.first_file, holds.columns.clone());
    let sink = (output.open)(out, &Holds { fills, ..holds }, None)?;
    // From now on other runs are kept away: one may have ended since.
    if let Err(error) = unchanged(out, before.as_ref()) {
        sink.abandon(false);
        return Err(error);
    }
    Ok(Anew { sink, before, old, first_file, fills, columns })
}

/// Goes on where an earlier run was ended: the old rows are in front of its own already.
fn again(output: &Output, out: &Path, holds: Holds, from: &Value) -> Result<Anew> {
    let before = Option::<Before>::deserialize(&from["before"]).map_err(|_| broken("before"))?;
    let (first_file, fills) = (number(from, "first_file")? as u32, from["fills"] == true);
    let columns = holds.columns.clone();
    let sink = (output.open)(out, &Holds { fills, ..holds }, Some(&from["sink"]))?;
    unchanged(out, before.as_ref())?;
    Ok(Anew { sink, before, old: None, first_file, fills, columns })
}

/// Refuses to go on where another run has written the output since.
fn unchanged(out: &Path, before: Option<&Before>) -> Result<()> {
    let now = Old::find(out).ok().and_then(|old| old.map(|old| old.before().ok()));
    match (now, before) {
        (None, None) => Ok(()),
        (Some(now), Some(before)) if now.as_ref() == Some(before) => Ok(()),
        _ => {
            let message = format!("{} is not what it was when rows were last added", out.display());
            Err(Error::new(ErrorKind::Io, message))
        }
    }
}

impl Anew {
    /// Refuses to count on rows that are not all there.
    fn caught_up(&self) -> Result<()> {
        match self.old {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Io, "the rows that are there were not copied")),
        }
    }
}

impl Sink for Anew {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.sink.write(pixels)
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        let file = place.file.saturating_add(self.first_file);
        self.sink.place(&Place { file, ..*place })
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.sink.columns(rows)
    }

    fn reject(&mut self, error: &Error) -> Result<()> {
        self.sink.reject(error)
    }

    fn job(&mut self) -> Option<Job> {
        self.sink.job()
    }

    fn catch_up(&mut self, stop: &AtomicBool) -> Result<()> {
        let Some(old) = &self.old else { return Ok(()) };
        old.copy(&self.columns, &mut *self.sink, stop)?;
        self.old = None;
        Ok(())
    }

    fn mark(&mut self) -> Result<Mark> {
        self.caught_up()?;
        let mark = self.sink.mark()?;
        let state = json!({
            "sink": mark.state,
            "before": self.before,
            "first_file": self.first_file,
            "fills": self.fills,
        });
        Ok(Mark { state, ..mark })
    }

    fn is_mapped(&self) -> bool {
        true
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        self.caught_up()?;
        let counts = self.before.as_ref().map_or(&Value::Null, |before| &before.counts);
        self.sink.seal(&facts.with_counts(counts))
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        self.sink.finish()
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.sink.abandon(keep)
    }
}
