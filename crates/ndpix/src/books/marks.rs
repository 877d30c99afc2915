//! Places from which a run goes on after it was ended: when they are noted, and what the books note of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Books;
use crate::batch::Record;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Journal, State};
use crate::options::{OnError, OnMissing, Options};
use crate::pipeline::{Fate, Part};
use crate::sink::rejects::RejectsFile;
use crate::summary::{Reject, Summary};

/// The last record up to which everything is committed; with `moved` its line and offset are those of another
/// file, as it stood in a rejects file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    record: Record,
    moved: bool,
}

/// What was counted, in the words of the journal.
#[derive(Serialize, Deserialize)]
struct Counted {
    counts: BTreeMap<String, u64>,
    rejected: u64,
    rejects: BTreeMap<String, u64>,
    mended: BTreeMap<String, u64>,
    first_rejects: Vec<Reject>,
    truncated: Vec<Reject>,
    originals: Vec<String>,
    inputs: Option<Value>,
}

impl Books<'_> {
    /// Has places noted in a journal, and goes on from the one that an earlier run noted last.
    pub(super) fn keep(&mut self, journal: Journal) -> Result<()> {
        if let Some(state) = journal.earlier() {
            let counted = Counted::deserialize(&state.books).map_err(|_| lost("books"))?;
            resume(&mut self.summary, &counted)?;
            let inputs = self.summary.inputs.len();
            for (number, name) in self.summary.originals.iter().enumerate() {
                self.file_numbers.insert(Arc::clone(name), (inputs + number) as u32);
            }
            if let (Some(inputs), Some(said)) = (&mut self.inputs, &counted.inputs) {
                inputs.resume(said);
            }
            let rejects = self.rejects.take();
            self.rejects = rejects.map(|file| file.again(&state.rejects)).transpose()?;
            self.last_record = state.start.done.checked_sub(1);
        }
        self.journal = Some(journal);
        Ok(())
    }

    /// Hears that a batch is committed as a whole, and notes the place after it where it is time.
    pub(super) fn reached(&mut self, part: &Part<'_>) -> Result<()> {
        let Some(record) = part.text.records.last() else { return Ok(()) };
        self.reached = Some(Reached { record: *record, moved: is_moved(part, record) });
        let written = self.summary.bytes_written;
        match &self.journal {
            Some(journal) if journal.is_due(written) => self.note(false),
            _ => Ok(()),
        }
    }

    /// Whether an outcome of the part will end the run, and the place before it can be noted.
    pub(super) fn foresees(&mut self, part: &Part<'_>, number: usize) -> bool {
        let outcome = &part.outcomes[number];
        if self.journal.is_none() || !self.ends(&outcome.result) {
            return false;
        }
        // Some images of its record are rows already.
        if self.last_record == Some(part.text.records[outcome.record].index) {
            return false;
        }
        if let Some(before) = outcome.record.checked_sub(1) {
            let record = part.text.records[before];
            self.reached = Some(Reached { record, moved: is_moved(part, &record) });
        }
        true
    }

    /// Whether an outcome will end the run.
    fn ends(&self, fate: &Fate) -> bool {
        let on_error = &self.options.on_error;
        let raises = match fate {
            Fate::Unreadable(e) | Fate::Rejected(e) | Fate::Refused(e) => on_error.ends(e),
            Fate::Missing if self.options.on_missing == OnMissing::Reject => {
                on_error.of(ErrorKind::Field) == OnError::Raise
            }
            Fate::Missing | Fate::Row { .. } => return false,
        };
        raises || self.passes(1, false)
    }

    /// Notes the place that was reached; with `now` it is durable afterwards.
    pub(super) fn note(&mut self, now: bool) -> Result<()> {
        let (Some(reached), Some(begins)) = (&self.reached, &self.begins) else { return Ok(()) };
        let Some(start) = begins.after(&reached.record, reached.moved) else { return Ok(()) };
        // Of rejects alone nothing is kept; and what another thread still makes durable comes first.
        let rows = self.summary.rows > 0;
        if !self.journal.as_mut().is_some_and(|journal| !now || (rows && journal.is_settled())) {
            return Ok(());
        }
        self.kept.finish(&mut *self.sink)?;
        let sink = self.sink.mark()?;
        let rejects = self.rejects.as_mut().map(RejectsFile::mark).transpose()?;
        let state = State {
            start,
            read: self.meter.as_ref().map_or(0, |meter| meter.bytes()),
            sink: sink.state.clone(),
            rejects: rejects.as_ref().map_or(Value::Null, |mark| mark.state.clone()),
            books: self.counted(),
            whole: None,
            ended: Value::Null,
        };
        let marks: Vec<_> = [sink].into_iter().chain(rejects).collect();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        match now {
            true => journal.note_now(&marks, state),
            false => journal.note(marks, state, self.summary.bytes_written),
        }
    }

    /// The sums of a run at its end.
    pub(super) fn ended(&self) -> Value {
        let (mut all, s) = (self.counted(), &self.summary);
        all["read"] = json!([s.blank_lines, s.passed_over, s.bytes_read]);
        all["legends"] =
            s.legends.iter().map(|(name, all)| json!([**name, all.to_string()])).collect();
        all
    }

    fn counted(&self) -> Value {
        let s = &self.summary;
        let mut counts = s.clone();
        json!(Counted {
            counts: counts.counters().into_iter().map(|(n, c)| (n.to_string(), *c)).collect(),
            rejected: s.rejected(),
            rejects: s.rejects.iter().map(|(kind, n)| (kind.name().to_string(), *n)).collect(),
            mended: s.mended.iter().map(|(option, n)| (option.to_string(), *n)).collect(),
            first_rejects: s.first_rejects.clone(),
            truncated: s.truncated.clone(),
            originals: s.originals.iter().map(|name| name.to_string()).collect(),
            inputs: self.inputs.as_ref().map(|inputs| inputs.state()),
        })
    }
}

/// Whether a record stood in a rejects file.
fn is_moved(part: &Part<'_>, record: &Record) -> bool {
    part.files[record.file as usize].rejects
}

/// What a run counted that was whole, of which these `books` were written down.
///
/// # Errors
/// Kind `io` where they are not those of a run.
pub(crate) fn recall(summary: &mut Summary, books: &Value) -> Result<()> {
    resume(summary, &Counted::deserialize(books).map_err(|_| lost("books"))?)?;
    let read = Deserialize::deserialize(&books["read"]).map_err(|_| lost("read"))?;
    (summary.blank_lines, summary.passed_over, summary.bytes_read) = read;
    let legends: Vec<(String, String)> =
        Deserialize::deserialize(&books["legends"]).map_err(|_| lost("legends"))?;
    let legends = legends.into_iter().map(|(name, all)| Ok((name.into(), all.parse()?)));
    summary.legends = legends.collect::<Result<_>>()?;
    Ok(())
}

/// Goes on with what was counted.
fn resume(s: &mut Summary, counted: &Counted) -> Result<()> {
    for (name, count) in s.counters() {
        *count = *counted.counts.get(name).ok_or_else(|| lost(name))?;
    }
    for (name, count) in &counted.rejects {
        let kind = ErrorKind::ALL.into_iter().find(|kind| kind.name() == name);
        s.rejects.insert(kind.ok_or_else(|| lost(name))?, *count);
    }
    for (name, count) in &counted.mended {
        let option = Options::table().find(|option| option.name == name);
        s.mended.insert(option.ok_or_else(|| lost(name))?.name, *count);
    }
    s.first_rejects.clone_from(&counted.first_rejects);
    s.truncated.clone_from(&counted.truncated);
    s.originals = counted.originals.iter().map(|name| name.as_str().into()).collect();
    Ok(())
}

fn lost(what: &str) -> Error {
    Error::new(ErrorKind::Io, format!("what an earlier run noted of itself has no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_of_a_whole_run_is_recalled() {
        let counts: BTreeMap<_, _> =
            Summary::default().counters().into_iter().map(|(name, _)| (name, 7)).collect();
        let mut books = json!({
            "counts": counts, "rejected": 0, "rejects": {}, "mended": {}, "first_rejects": [],
            "truncated": [], "originals": [], "inputs": null, "read": [1, 2, 3],
            "legends": [["pet", "cat,\"a, b\""]],
        });
        let mut summary = Summary::default();
        recall(&mut summary, &books).expect("sums");
        assert_eq!((summary.rows, summary.bytes_read), (7, 3));
        let (name, legend) = &summary.legends[0];
        assert_eq!((&**name, legend.number("a, b")), ("pet", Some(1)));
        books["legends"] = Value::Null;
        assert!(recall(&mut summary, &books).is_err());
    }
}
