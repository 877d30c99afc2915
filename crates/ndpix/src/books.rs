//! The books of a run: everything that is written and counted.
//!
//! Rows, rejects, row map and counters are committed together, in input order, so that what ends a
//! run (`on_error raise`, too many rejects) ends it at the same record whatever the threads. What
//! becomes of each outcome is judged in `books/verdict.rs`; `books/ledger.rs` has the kept fields.

mod holds;
pub(crate) mod inputs;
mod ledger;
pub(crate) mod marks;
mod pending;
mod rejected;
mod saving;
pub(crate) mod sights;
mod verdict;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use crate::batch::{Origin, Record, Text};
use crate::column::ColumnType;
use crate::control::{Control, Meter};
use crate::decode::Kept;
use crate::error::{Error, ErrorKind, Result};
use crate::framing::{Begins, FeedCounts};
use crate::journal::Journal;
use crate::options::{Layout, OnError, Options, OutputCompression, Rejects};
use crate::pipeline::{Fate, Outcome, Part};
use crate::plan::{Plan, Steps, Target};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::sink::moves::Company;
use crate::sink::output::Ability;
use crate::sink::rejects::{self, RejectsFile};
use crate::sink::{self, Facts, Holds, Place, Sink};
use crate::summary::Summary;
use crate::threads::Job;

pub(crate) use holds::{fill_element, fill_row, further, stacked};
use holds::{holds, lasting};
use inputs::Inputs;
use ledger::{Became, Ledger};
pub(crate) use ledger::{fill, names};
use marks::Reached;
use pending::Pending;
use saving::Saving;
use sights::{Sights, Stands};
pub(crate) use verdict::count;
use verdict::{Row, Verdict, judge};

/// Rejects files that name more files than this are not from here: their names would fill the memory.
const MAX_ORIGINALS: usize = 1 << 16;

/// Everything that is written and counted.
pub(crate) struct Books<'o> {
    options: &'o Options,
    sink: Box<dyn Sink + Send + 'o>,
    rejects: Option<RejectsFile>,
    /// The inputs, where a list of them can stand beside the output.
    inputs: Option<Inputs>,
    fill: Vec<u8>,
    /// Of each array the bytes of a row, which stand one after the other; none where there is but one.
    widths: Vec<usize>,
    /// The columns of the output.
    columns: Vec<(Arc<str>, ColumnType)>,
    kept: Ledger,
    summary: Summary,
    /// The record that was counted last, by its index.
    last_record: Option<u64>,
    /// Numbers of the files that a rejects file names.
    file_numbers: HashMap<Arc<str>, u32>,
    /// Where places are noted from which the run goes on, should it be ended.
    journal: Option<Journal>,
    reached: Option<Reached>,
    begins: Option<Begins>,
    meter: Option<Arc<Meter>>,
    /// Of an output that could be compressed and is not.
    saving: Option<Saving>,
    /// Whether the first axis of a padded image is its channels, so that its size is after it.
    planes: bool,
}

impl<'o> Books<'o> {
    /// Books of a run whose rows go to the file or folder `out`, with a rejects file beside it.
    pub(crate) fn open(
        out: &Path,
        options: &'o Options,
        plan: &Plan,
        inputs: Option<Inputs>,
        summary: Summary,
        journal: Option<Journal>,
    ) -> Result<Self> {
        let output = sink::named(out, options)?;
        let first_file = inputs.as_ref().map_or(0, |inputs| inputs.first_file);
        let holds = Holds { first_file, continues: journal.is_some(), ..holds(options, plan)? };
        let earlier = journal.as_ref().and_then(Journal::earlier).map(|state| &state.sink);
        // Rejects of rows that are not there go with them.
        let adds = options.append && out.exists();
        let sink = sink::open(output, out, &holds, earlier)?;
        let fill = fill_row(options, plan)?;
        let mut books = Self::new(options, plan, sink, fill, summary)?;
        books.columns = holds.columns;
        let packs = output.packs || options.output_compression != OutputCompression::Auto;
        books.saving = (!packs && output.can(Ability::Gzip)).then(Saving::new);
        books.inputs = inputs;
        if options.rejects == Rejects::Beside {
            books.rejects =
                Some(RejectsFile::new(rejects::default_path(out), options.rejects_content, adds));
        }
        journal.map_or(Ok(()), |journal| books.keep(journal))?;
        Ok(books)
    }

    /// Books of a run whose rows go to `sink`, without files beside it.
    pub(crate) fn new(
        options: &'o Options,
        plan: &Plan,
        sink: Box<dyn Sink + Send + 'o>,
        fill: Vec<u8>,
        summary: Summary,
    ) -> Result<Self> {
        let rejects = match &options.rejects {
            Rejects::Path(path) => {
                Some(RejectsFile::new(path.clone(), options.rejects_content, options.append))
            }
            Rejects::Beside | Rejects::None => None,
        };
        let widths = if plan.arrays.is_empty() { Vec::new() } else { plan.widths()? };
        Ok(Self {
            options,
            sink,
            rejects,
            inputs: None,
            fill,
            widths,
            columns: Vec::new(),
            kept: Ledger::default(),
            summary: Summary { steps: plan.steps.said(), legends: plan.legends(), ..summary },
            last_record: None,
            file_numbers: HashMap::new(),
            journal: None,
            reached: None,
            begins: None,
            meter: None,
            saving: None,
            planes: matches!(plan.target, Target::Pad { shape, .. } if shape.len() > 2)
                && plan.steps.layout == Layout::Chw,
        })
    }

    /// Runs everything that the reader has through the books.
    pub(crate) fn drive(&mut self, reader: &mut Reader, control: &Control<'_>) -> Result<()> {
        if let Some(started) = control.started {
            started(reader.meter(), reader.feed.total_bytes());
        }
        (self.begins, self.meter) = (Some(reader.feed.begins()), Some(reader.meter()));
        let threads = self.options.thread_count();
        let sights = Sights::new(control, &reader.plan);
        let caught_up = self.sink.catch_up(&control.stop);
        self.summary.interrupted = control.stop.load(Ordering::Relaxed);
        let run = caught_up
            .and_then(|()| reader.run(threads, &control.stop, |part| self.take(part, &sights)));
        let ended = run.and_then(|()| self.may_end(control));
        let counts = reader.feed.counts();
        self.over(&reader.plan.steps, counts, reader.feed.taken(), ended)?;
        reader.shrunk(counts.hit_limit)
    }

    /// Hears that no more will come: what was counted, of each input the records, and how it ended.
    pub(crate) fn over(
        &mut self,
        steps: &Steps,
        counts: FeedCounts,
        taken: &[u64],
        ended: Result<()>,
    ) -> Result<()> {
        self.summary.blank_lines = counts.blank;
        self.summary.passed_over = counts.skipped;
        self.summary.limited = counts.hit_limit;
        self.summary.bytes_read = counts.bytes;
        let s = &mut self.summary;
        s.steps = steps.said_of(s.oriented, s.alpha, s.premultiplied);
        s.steps.extend(steps.said());
        let settled = self.kept.finish(&mut *self.sink);
        if let Some(inputs) = &mut self.inputs {
            inputs.ended(taken, self.summary.rows, counts.hit_limit);
        }
        ended.and(settled)
    }

    /// Whether all that was read may be the end; else the place is noted up to which all is well.
    pub(crate) fn may_end(&mut self, control: &Control<'_>) -> Result<()> {
        self.summary.interrupted = control.stop.load(Ordering::Relaxed);
        let ended = match self.summary.interrupted {
            true => Err(Error::new(ErrorKind::Io, "interrupted")),
            false => self.too_many(true),
        };
        if ended.is_err() {
            // Where that cannot be noted, the place before it holds.
            let _ = self.note(true);
        }
        ended
    }

    /// Takes the outcomes of a part in input order, and gives what is left to do for their rows.
    pub(crate) fn take(&mut self, part: &mut Part<'_>, sights: &Sights<'_>) -> Result<Option<Job>> {
        let (text, files, kept) = (part.text, part.files, part.kept);
        let mut pending = Pending { pixels: part.pixels, len: 0 };
        self.kept.begin();
        for number in 0..part.outcomes.len() {
            if self.foresees(part, number) {
                self.put(&mut pending)?;
                let _ = self.note(true);
            }
            let outcome = part.outcomes[number].take();
            let origin = text.origin(outcome.record, files);
            if let Some(end) = self.outcome(text, &origin, kept, outcome, &mut pending, sights)? {
                // The rows before it are there when the data end the run.
                self.put(&mut pending)?;
                return Err(end);
            }
        }
        self.put(&mut pending)?;
        self.kept.flush(&mut *self.sink)?;
        if part.last {
            self.reached(part)?;
        }
        Ok(self.sink.job())
    }

    /// Judges, counts and writes one outcome; the error with which it ends the run, if it does.
    fn outcome(
        &mut self,
        text: &Text,
        origin: &Origin<'_>,
        kept: &Kept,
        outcome: Outcome,
        pending: &mut Pending<'_>,
        sights: &Sights<'_>,
    ) -> Result<Option<Error>> {
        let record = &text.records[outcome.record];
        let outcome = match outcome.waits(&self.options.on_error) {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Some(error)),
        };
        // A record can have several outcomes, in several parts: the first counts the record.
        let first = self.last_record.replace(record.index) != Some(record.index);
        self.kept.record(outcome.record);
        if let Some(inputs) = &mut self.inputs {
            inputs.reach(record.file, self.summary.rows);
        }
        let json = !matches!(&outcome.result, Fate::Unreadable(e) if e.kind() == ErrorKind::Json);
        count(&mut self.summary, &outcome.result, first);
        let whole = !matches!(outcome.result, Fate::Rejected(_)) && origin.item().is_none();
        let place = || origin.position(origin.item().unwrap_or(0));
        let verdict = judge(outcome.result, self.options, record.gone, place);
        let (item, row, pixels) = (outcome.item, self.summary.rows, &pending.pixels[pending.len..]);
        let stands = Stands { record, text: text.record(record), origin, item, row, pixels };
        sights.tell(&stands, &verdict);
        let Verdict { reject, row } = verdict;
        if let Some(error) = reject {
            self.reject(record, &error)?;
            // What is refused as a whole stands in the file once, whatever the number of its images.
            if let (Some(file), true) = (&mut self.rejects, first || !whole) {
                file.push(&error, whole, Some(text.record(record)).filter(|t| !t.is_empty()))?;
            }
            if self.options.on_error.of(error.kind()) == OnError::Raise {
                return Ok(Some(error));
            }
        }
        let mut became = Became { record: record.index, item: outcome.item, row: None };
        match row {
            Row::None => {}
            Row::Image { found, len } => {
                let shape = match self.planes {
                    true => Shape::new(&found.info.shape[1..])?,
                    false => found.info.shape,
                };
                pending.len += len;
                became.row = Some(self.rows_before() + self.summary.rows);
                let place = self.place(record, origin, outcome.item, Some(shape))?;
                self.sink.place(&place)?;
                self.kept.row(kept, became, json, &mut *self.sink)?;
                self.summary.rows += 1;
            }
            Row::Fill => {
                self.put(pending)?;
                let place = self.place(record, origin, outcome.item, None)?;
                self.sink.place(&place)?;
                let fill = std::mem::take(&mut self.fill);
                self.write(&fill)?;
                self.fill = fill;
                self.kept.row(kept, became, json, &mut *self.sink)?;
                self.summary.bytes_written += self.fill.len() as u64;
                self.summary.rows += 1;
                self.summary.filled += 1;
            }
        }
        Ok(self.too_many(false).err())
    }

    /// The rows of earlier runs, to which this one adds its own.
    fn rows_before(&self) -> u64 {
        self.inputs.as_ref().map_or(0, Inputs::rows_before)
    }

    /// The place of a row; `shape` of an image, none of a fill row.
    fn place(
        &mut self,
        record: &Record,
        origin: &Origin<'_>,
        item: u32,
        shape: Option<Shape>,
    ) -> Result<Place> {
        let file = match origin.original {
            None => record.file,
            Some(original) => self.file_number(&original.file.name)?,
        };
        Ok(Place {
            index: record.index,
            file,
            line: origin.line,
            byte: origin.byte,
            item,
            valid: shape.is_some(),
            shape: shape.unwrap_or(Shape::image(0, 0, 1)),
        })
    }

    /// The number of a file that a rejects file names: originals are numbered after the inputs, as they come.
    fn file_number(&mut self, name: &Arc<str>) -> Result<u32> {
        if let Some(&number) = self.file_numbers.get(name) {
            return Ok(number);
        }
        let s = &mut self.summary;
        if s.originals.len() >= MAX_ORIGINALS {
            return Err(Error::limit(format!(
                "the rejects files name more than {MAX_ORIGINALS} files; read them in parts"
            )));
        }
        let inputs = &s.inputs;
        let number = inputs.iter().position(|input| input == name).unwrap_or_else(|| {
            s.originals.push(Arc::clone(name));
            if let Some(list) = &mut self.inputs {
                list.original(name, s.rows);
            }
            inputs.len() + s.originals.len() - 1
        });
        let number = u32::try_from(number).map_err(|_| Error::limit("too many inputs"))?;
        self.file_numbers.insert(Arc::clone(name), number);
        Ok(number)
    }

    /// What the output may know of the run.
    fn facts(&self) -> Facts {
        let s = &self.summary;
        let counts = vec![
            ("records", s.records),
            ("with_image", s.with_image),
            ("without_image", s.without_image),
            ("unreadable", s.unreadable),
            ("images", s.images),
            ("decoded", s.decoded),
            ("rejected", s.rejected()),
            ("rows", s.rows),
            ("filled", s.filled),
        ];
        Facts {
            counts,
            options: lasting(self.options),
            columns: self.columns.clone(),
            legends: s.legends.clone(),
        }
    }

    /// Ends a run without files of its own but the rejects.
    pub(crate) fn end(mut self, ended: Result<()>) -> (Result<()>, Summary) {
        let sealed = ended.and(self.sink.seal(&self.facts()));
        let result = self.finish_rejects(true, sealed);
        (result, self.summary)
    }

    /// Seals the files, and gives them their final names when the run ended well. `may_be`: something may
    /// stand under the final name. `run` is what the next run is told of this one, beside the sums, should it be killed at
    /// that.
    /// Of a run that failed also the records after which the next one goes on.
    pub(crate) fn close(
        mut self,
        out: &Path,
        may_be: bool,
        run: Value,
        ended: Result<()>,
    ) -> (Result<()>, Summary, Option<u64>) {
        // A run that began when nothing was there must not end over what has come since.
        let appeared = !may_be && out.exists();
        let ended = ended.and_then(|()| match appeared {
            false => Ok(()),
            true => Err(Error::new(
                ErrorKind::Io,
                format!("{} appeared while the run went on and is left alone", out.display()),
            )),
        });
        let sealed = ended.and(self.sink.seal(&self.facts()));
        // Of many inputs it is large, and is not copied.
        let run = Value::from_iter([("of", run), ("books", self.ended())]);
        let sealed = sealed.and_then(|()| self.company(out, run));
        let (result, files) = match sealed {
            Ok(company) => {
                let ended = self.ended();
                if let Some(journal) = &mut self.journal {
                    journal.whole(ended);
                }
                let named = self.sink.finish().and_then(|ready| ready.named(company));
                if named.is_ok() {
                    self.journal.take().into_iter().for_each(Journal::discard);
                }
                named.map_or_else(|error| (Err(error), Vec::new()), |files| (Ok(()), files))
            }
            Err(error) => {
                let result = self.finish_rejects(!out.exists(), Err(error));
                let goes_on =
                    self.journal.as_ref().is_some_and(|journal| journal.place().is_some());
                (result, self.sink.abandon(goes_on || self.summary.rows > 0))
            }
        };
        let names = files.iter().map(|path| path.display().to_string());
        self.summary.outputs.splice(0..0, names);
        let place = self.journal.as_mut().and_then(Journal::settled_place);
        (result, self.summary, place)
    }

    /// What stands beside the output and comes, or goes with an older one.
    fn company(&mut self, out: &Path, run: Value) -> Result<Company> {
        let mut goes = sink::named(out, self.options)?.company(out);
        goes.extend(self.rejects.as_ref().and_then(RejectsFile::old));
        let rejects = self.rejects.as_mut().map_or(Ok(None), RejectsFile::seal)?;
        let listed = self.options.append || self.sink.is_mapped();
        let inputs = self.inputs.as_ref().filter(|_| listed);
        let inputs = inputs.map(|inputs| inputs.write(self.summary.rows)).transpose()?;
        Ok(Company { comes: rejects.into_iter().chain(inputs).collect(), goes, run })
    }
}
