//! What an earlier run of the same output has left, and a run that begins: anew, or where that one was ended.

use std::path::Path;

use serde_json::Value;

use super::checks;
use crate::books::Books;
use crate::books::inputs::Inputs;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Asked, Found, Journal};
use crate::options::{IfExists, Options, Rows};
use crate::reader::{self, Reader};
use crate::sink::{self, Ability, beside};
use crate::source::Input;
use crate::summary::Summary;

/// Each column that can be gone on with holds up to three files open; processes often have 1,024.
const MOST_COLUMNS: usize = 200;

/// What an earlier run has left.
#[derive(Default)]
pub(super) struct Earlier {
    /// The whole output of this very command, and what was counted: nothing is left to do.
    pub(super) whole: Option<Value>,
    /// Where it was ended, if this run goes on there.
    place: Option<Journal>,
    /// Why it does not.
    why: Option<String>,
}

impl Earlier {
    /// Looks for it; names that are left to be given are given.
    pub(super) fn look(
        out: &Path,
        asked: Option<&Asked>,
        options: &Options,
        control: &Control<'_>,
    ) -> Result<Self> {
        let replaces = options.if_exists == IfExists::Replace;
        let whole =
            |books| journal::forget(out).map(|()| Self { whole: Some(books), ..Self::default() });
        if let Some(mut run) = checks::take_up(out, options)? {
            control.note([format!(
                "an earlier run was killed before all files of {} had their names; they have them now",
                out.display()
            )]);
            if !replaces && asked.is_some_and(|asked| asked.is(&run["of"])) {
                return whole(run["books"].take());
            }
        }
        let why = |text: &str| Ok(Self { why: Some(text.to_string()), ..Self::default() });
        let Some(asked) = asked else { return why("only files can be read on from where it was") };
        if options.fresh {
            return why("fresh is given");
        }
        match journal::look(out, asked)? {
            Found::Place(journal) => Ok(Self { place: Some(*journal), ..Self::default() }),
            Found::Nothing(why) => Ok(Self { why, ..Self::default() }),
            Found::Whole(_) if replaces => Ok(Self::default()),
            Found::Whole(books) => whole(books),
        }
    }
}

/// What a run begins with.
pub(super) struct Begin<'o> {
    pub(super) out: &'o Path,
    pub(super) options: &'o Options,
    pub(super) asked: Option<Asked>,
    pub(super) list: Option<Inputs>,
    pub(super) summary: Summary,
}

impl<'o> Begin<'o> {
    /// Opens inputs and books: where the earlier run was ended, or anew.
    pub(super) fn open(
        self,
        earlier: Earlier,
        inputs: Vec<Input>,
        control: &Control<'_>,
    ) -> Result<(Reader, Books<'o>)> {
        let Earlier { place, mut why, .. } = earlier;
        if let Some(journal) = place {
            match self.go_on(journal, &inputs, control) {
                Ok(opened) => return Ok(opened),
                Err(error) => why = Some(error.to_string()),
            }
        }
        self.anew(inputs, why, control)
    }

    /// Goes on where an earlier run was ended, with its plan.
    fn go_on(
        &self,
        mut journal: Journal,
        inputs: &[Input],
        control: &Control<'_>,
    ) -> Result<(Reader, Books<'o>)> {
        let options = self.options;
        let (mut plan, state) = journal.take_up()?;
        plan.limits.memory = options.limits.memory;
        plan.bands.iter_mut().for_each(|band| band.limits.memory = options.limits.memory);
        let again = || inputs.iter().filter_map(Input::again).collect();
        let rejects: Vec<_> =
            inputs.iter().map(|input| input.is_rejects() || options.rejects_input).collect();
        let mut reader = Reader::planned(again(), &rejects, plan, options)?;
        let books = self.books(&reader, Some(journal))?;
        control.note(reader.plan.said());
        // Of lines the place is known; else how far had been read, which is a little further.
        let start = &state.start;
        let before = inputs.iter().take(start.file as usize).filter_map(Input::size).sum::<u64>();
        let read = if start.byte > 0 { before + start.byte } else { state.read };
        control.note([said(start.done, read, reader.feed.total_bytes())]);
        reader.go_on(again(), options, state.start)?;
        Ok((reader, books))
    }

    /// Begins anew; `why` not where an earlier run was ended.
    fn anew(
        self,
        inputs: Vec<Input>,
        why: Option<String>,
        control: &Control<'_>,
    ) -> Result<(Reader, Books<'o>)> {
        let (out, options) = (self.out, self.options);
        let again = reader::again(&inputs, options)?;
        let mut reader = Reader::open(inputs, options, false, &control.stop)?;
        reader.measure(again, options, &control.stop)?;
        let output = sink::named(out, options)?;
        let refuses_nul = !output.can(Ability::Nul);
        reader.plan.columns.iter_mut().for_each(|column| column.refuses_nul = refuses_nul);
        control.note(reader.plan.said());
        let partial = beside(out, ".partial");
        let left = partial.exists();
        let unmapped = options.append
            && output.can(Ability::InPlace)
            && options.rows != Rows::Never
            && out.exists()
            && !beside(out, ".rows.npy").exists();
        checks::disk(&reader, out, options)?;
        journal::forget(out)?;
        let plan = reader.plan.to_json().ok();
        let few = reader.plan.columns.len() <= MOST_COLUMNS;
        let journal = self.asked.clone().filter(|_| few).zip(plan);
        let journal = journal.map(|(asked, plan)| Journal::new(out, asked, plan));
        let books = self.books(&reader, journal)?;
        if left {
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            let partial = partial.display();
            control.note([format!("{partial} of an earlier run is replaced{why}")]);
        }
        if unmapped {
            control.note([format!(
                "{} has no row map, so that none is kept of the rows that are added",
                out.display()
            )]);
        }
        Ok((reader, books))
    }

    fn books(&self, reader: &Reader, journal: Option<Journal>) -> Result<Books<'o>> {
        let (list, summary) = (self.list.clone(), self.summary.clone());
        Books::open(self.out, self.options, &reader.plan, list, summary, journal)
    }
}

/// Where a run goes on after so many records, and how much of the inputs was read before.
fn said(done: u64, read: u64, total: Option<u64>) -> String {
    let share = total.filter(|total| *total > 0).map(|total| read.min(total) * 100 / total);
    let before = share.map_or(String::new(), |share| format!(", {share} % done before"));
    format!("continues at record {}{before}", grouped(done + 1))
}

/// What another run finds of one that failed, which had done so many records.
pub(super) fn left(out: &Path, done: u64, error: &Error) -> String {
    let other = match error.kind() {
        ErrorKind::Io => "the same command",
        ErrorKind::Fetch if error.is_transient() => "the same command",
        _ => "the same command with another on_error or max_rejects",
    };
    format!("{other} goes on with {} after record {}", out.display(), grouped(done))
}

/// A number with a comma before each three of its last digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        let all = [0, 12, 999, 1_000, 812_344, 1_000_000].map(grouped);
        assert_eq!(all, ["0", "12", "999", "1,000", "812,344", "1,000,000"]);
    }
}
