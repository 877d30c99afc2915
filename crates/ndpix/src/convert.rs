//! `convert`: a loop from the reader to a sink, and the books of a run.
//!
//! Rows, rejects, row map and counters are committed together, in input order, so that what ends a
//! run (`on_error raise`, too many rejects) ends it at the same record whatever the threads.

mod checks;
mod columns;
mod holds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::batch::Record;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{
    IfExists, Layout, MaxRejects, OnError, OnMissing, Options, Ragged, Rejects, Rows,
};
use crate::pipeline::{Fate, Part};
use crate::pixels::color::has_alpha;
use crate::plan::{Plan, Target};
use crate::reader::Reader;
use crate::record::rejected;
use crate::shape::Shape;
use crate::sink::rejects::{self, RejectsFile};
use crate::sink::{self, Facts, Job, Output, Place, Sink, beside};
use crate::source::Input;
use crate::summary::Summary;

pub use checks::files_of;
pub(crate) use checks::free_bytes;
use columns::{Became, Ledger};
pub(crate) use columns::{fill, names};
pub(crate) use holds::{fill_element, fill_row, stacked};
use holds::{holds, lasting};

/// What a caller may say and hear while a run goes on.
#[derive(Default)]
pub struct Control<'a> {
    /// Set it to end the run between batches; the summary then says `interrupted`.
    pub stop: Arc<AtomicBool>,
    /// Gets each note of the plan, before anything is written.
    pub note: Option<&'a (dyn Fn(&str) + Sync)>,
    /// Gets the counter of raw input bytes and their total where it is known, once, at the start.
    pub started: Option<&'a (dyn Fn(Arc<AtomicU64>, Option<u64>) + Sync)>,
}

/// How a run ended: what it did is known also when it failed.
#[derive(Debug)]
pub struct Run {
    /// What was done.
    pub summary: Summary,
    /// `Err` when the array is not under its final name.
    pub result: Result<()>,
}

/// Converts NDJSON inputs (paths, globs, `-`) to the array file `out`.
///
/// # Errors
/// Kind `options` and `plan` before anything is written; any other kind ends the run, the final
/// name is then untouched.
pub fn convert(
    inputs: &[impl AsRef<Path>],
    out: impl AsRef<Path>,
    options: &Options,
) -> Result<Summary> {
    let inputs = Input::expand(inputs)?;
    let run = run(inputs, out.as_ref(), options, &Control::default());
    run.result.map(|()| run.summary)
}

/// As [`convert`], for opened inputs, with a say on the way and a summary also of a failed run.
pub fn run(inputs: Vec<Input>, out: &Path, options: &Options, control: &Control<'_>) -> Run {
    // Without a slash at its end.
    let out = &out.components().collect::<PathBuf>();
    let begun = Instant::now();
    let mut summary =
        Summary { inputs: inputs.iter().map(Input::name).collect(), ..Summary::default() };
    let result = go(inputs, out, options, control, &mut summary);
    summary.seconds = begun.elapsed().as_secs_f64();
    summary.peak_memory = peak_memory();
    Run { summary, result }
}

fn go(
    inputs: Vec<Input>,
    out: &Path,
    options: &Options,
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<()> {
    options.validate()?;
    checks::keep_apart(&inputs, out, options)?;
    checks::readable(&inputs)?;
    if !checks::may_write(out, options)? {
        if let Some(note) = control.note {
            note(&format!("{} exists; nothing to do", out.display()));
        }
        return Ok(());
    }
    // Rows that are padded to the largest image need a pass before the one that decodes.
    let again = match options.ragged == Ragged::Pad && options.size.is_none() {
        true => inputs.iter().map(Input::again).collect::<Option<Vec<_>>>().ok_or_else(|| {
            Error::options("ragged pad looks for the largest image first, and a pipe can be read only once; pass size H,W for the rows")
        })?,
        false => Vec::new(),
    };
    let mut reader = Reader::open(inputs, options, false)?;
    let measured = reader.measure(again, options, &control.stop);
    summary.interrupted = control.stop.load(Ordering::Relaxed);
    measured?;
    let refuses_nul = Output::of(out, options.shard_rows.is_some())? == Output::Hdf5;
    reader.plan.columns.iter_mut().for_each(|column| column.refuses_nul = refuses_nul);
    announce(&reader, control);
    let left = beside(out, ".partial").exists();
    let unmapped = options.append
        && options.rows != Rows::Never
        && out.exists()
        && !beside(out, ".rows.npy").exists();
    checks::disk(&reader, out, options)?;
    let may_be = options.if_exists != IfExists::Error || (options.append && out.exists());
    let mut books = Books::open(out, options, &reader.plan, std::mem::take(summary))?;
    if let (true, Some(note)) = (left, control.note) {
        note(&format!("{} of an earlier run is replaced", beside(out, ".partial").display()));
    }
    if let (true, Some(note)) = (unmapped, control.note) {
        note(&format!(
            "{} has no row map, so that none is kept of the rows that are added",
            out.display()
        ));
    }
    let ended = books.drive(&mut reader, control);
    let (result, done) = books.close(out, may_be, ended);
    *summary = done;
    result
}

/// Says what will be done.
pub(crate) fn announce(reader: &Reader, control: &Control<'_>) {
    let Some(note) = control.note else { return };
    let encoding = reader.plan.encoding.as_ref().map_or("mixed".to_string(), ToString::to_string);
    let images = match reader.plan.target {
        Target::Stack { shape, dtype, .. } => Some(format!("images {shape} {dtype}")),
        Target::Pad { shape, dtype, .. } => Some(format!("images in rows of {shape} {dtype}")),
        Target::Flat { dtype, .. } => Some(format!("images of their own sizes, {dtype}")),
        Target::Encoded => Some("image files as they are".to_string()),
        Target::Each | Target::Measure { .. } => None,
    };
    if let Some(images) = images {
        let fields = reader.plan.fields().join(", ");
        let word = if reader.plan.bands.is_empty() { "field" } else { "fields" };
        note(&format!("{word} {fields}, encoding {encoding}, {images}"));
    }
    reader.plan.notes.iter().for_each(|n| note(n));
}

/// Refuses to call whole what was made from files that became shorter while they were read.
fn shrunk(reader: &Reader, hit_limit: bool) -> Result<()> {
    let read = reader.counter().load(Ordering::Relaxed);
    match reader.feed.total_bytes() {
        // A decompressor need not read what stands behind its stream.
        Some(total) if read < total && !hit_limit && reader.feed.compressions().is_empty() => {
            Err(Error::new(
                ErrorKind::Io,
                format!("the input had {total} bytes at the start, but only {read} could be read"),
            ))
        }
        _ => Ok(()),
    }
}

/// The most memory this process held, in bytes; 0 where it cannot be told.
pub(crate) fn peak_memory() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |u| u64::try_from(u.max_rss()).unwrap_or(0) * unit)
}

/// Everything that is written and counted.
pub(crate) struct Books<'o> {
    options: &'o Options,
    sink: Box<dyn Sink + Send + 'o>,
    rejects: Option<RejectsFile>,
    fill: Vec<u8>,
    kept: Ledger,
    summary: Summary,
    /// The record that was counted last, by its index.
    last_record: Option<u64>,
    rejects_input: bool,
    /// Whether the first axis of a padded image is its channels, so that its size is behind it.
    planes: bool,
}

impl<'o> Books<'o> {
    fn open(out: &Path, options: &'o Options, plan: &Plan, summary: Summary) -> Result<Self> {
        let output = Output::of(out, options.shard_rows.is_some())?;
        let sink = sink::open(output, out, &holds(options, plan)?)?;
        let fill = fill_row(options, plan)?;
        let mut books = Self::new(options, plan, sink, fill, summary);
        if options.rejects == Rejects::Beside {
            books.rejects = Some(RejectsFile::new(
                rejects::default_path(out),
                options.rejects_content,
                options.append,
            ));
        }
        Ok(books)
    }

    /// Books of a run whose rows go to `sink`, without files beside it.
    pub(crate) fn new(
        options: &'o Options,
        plan: &Plan,
        sink: Box<dyn Sink + Send + 'o>,
        fill: Vec<u8>,
        summary: Summary,
    ) -> Self {
        let rejects = match &options.rejects {
            Rejects::Path(path) => {
                Some(RejectsFile::new(path.clone(), options.rejects_content, options.append))
            }
            Rejects::Beside | Rejects::None => None,
        };
        Self {
            options,
            sink,
            rejects,
            fill,
            kept: Ledger::default(),
            summary: Summary { steps: plan.steps.said(), ..summary },
            last_record: None,
            rejects_input: plan.rejects_input,
            planes: matches!(plan.target, Target::Pad { shape, .. } if shape.len() > 2)
                && options.layout == Layout::Chw,
        }
    }

    /// Runs everything that the reader has through the books.
    pub(crate) fn drive(&mut self, reader: &mut Reader, control: &Control<'_>) -> Result<()> {
        if let Some(started) = control.started {
            started(reader.counter(), reader.feed.total_bytes());
        }
        let threads = self.options.thread_count();
        let ended = reader.run(threads, &control.stop, |part| self.commit(part));
        let counts = reader.feed.counts();
        self.summary.blank_lines = counts.blank;
        self.summary.passed_over = counts.skipped;
        self.summary.limited = counts.hit_limit;
        self.summary.bytes_read = counts.bytes;
        let (steps, s) = (&reader.plan.steps, &mut self.summary);
        s.steps = steps.said_of(s.oriented, s.alpha, s.premultiplied);
        s.steps.extend(steps.said());
        let settled = self.kept.finish(&mut *self.sink);
        ended.and(settled)?;
        if control.stop.load(Ordering::Relaxed) {
            self.summary.interrupted = true;
            return Err(Error::new(ErrorKind::Io, "interrupted"));
        }
        self.too_many(true).and_then(|()| shrunk(reader, counts.hit_limit))
    }

    /// Ends a run without files of its own but the rejects.
    pub(crate) fn end(mut self, ended: Result<()>) -> (Result<()>, Summary) {
        let mut result = ended.and(self.sink.seal(&self.facts()));
        if let Some(rejects) = self.rejects.take() {
            match rejects.finish(true) {
                Ok(path) => self.summary.outputs.extend(path.map(|p| p.display().to_string())),
                Err(error) => result = result.and(Err(error)),
            }
        }
        (result, self.summary)
    }

    /// Takes the outcomes of a part in input order, and gives what is left to do for their rows.
    fn commit(&mut self, part: &mut Part<'_>) -> Result<Option<Job>> {
        let mut written = 0;
        let mut pending = 0;
        self.kept.begin();
        for outcome in part.outcomes.drain(..) {
            let record = &part.text.records[outcome.record];
            let text =
                record.overlong.is_none().then(|| &part.text.bytes[record.start..record.end]);
            // A record can have several outcomes, in several parts: the first counts the record.
            let first = self.last_record.replace(record.index) != Some(record.index);
            self.kept.record(outcome.record);
            let s = &mut self.summary;
            let (row, kept) = (s.rows, part.kept);
            s.records += u64::from(first);
            let json =
                !matches!(&outcome.result, Fate::Unreadable(e) if e.kind() == ErrorKind::Json);
            // The file holds a record that is refused once, whatever the number of its images.
            let again = !first && matches!(outcome.result, Fate::Refused(_));
            let became = |row| Became { record: record.index, item: outcome.item, row };
            let (error, fill) = match outcome.result {
                Fate::Row { found, len } => {
                    s.with_image += u64::from(first);
                    s.images += 1;
                    s.decoded += 1;
                    s.rows += 1;
                    s.oriented += u64::from(found.info.orientation != 1);
                    s.alpha += u64::from(has_alpha(found.info.color));
                    s.premultiplied += u64::from(found.info.premultiplied);
                    s.multi_frame += u64::from(found.info.frames > 1);
                    pending += len;
                    let shape = match self.planes {
                        true => Shape::new(&found.info.shape[1..])?,
                        false => found.info.shape,
                    };
                    self.sink.place(&place(record, outcome.item, Some(shape)))?;
                    self.kept.row(kept, became(Some(row)), json, &mut *self.sink)?;
                    (None, false)
                }
                Fate::Missing => {
                    s.without_image += 1;
                    match self.options.on_missing {
                        OnMissing::Skip => (None, false),
                        OnMissing::Fill => (None, true),
                        OnMissing::Reject => {
                            let place = crate::error::Position {
                                file: s
                                    .inputs
                                    .get(record.file as usize)
                                    .cloned()
                                    .unwrap_or_else(|| "-".into()),
                                line: record.line,
                                byte: record.byte,
                                item: 0,
                            };
                            let error = Error::field("the record has no image").at(place);
                            (Some(error), self.options.on_error == OnError::Fill)
                        }
                    }
                }
                Fate::Unreadable(error) => {
                    s.unreadable += 1;
                    (Some(error), self.options.on_error == OnError::Fill)
                }
                Fate::Rejected(error) | Fate::Refused(error) => {
                    s.with_image += u64::from(first);
                    s.images += 1;
                    s.rejected_images += 1;
                    (Some(error), self.options.on_error == OnError::Fill)
                }
            };
            if let Some(error) = error {
                *s.rejects.entry(error.kind()).or_default() += 1;
                if s.first_rejects.len() < 5 {
                    s.first_rejects.push(error.to_string());
                }
                self.sink.reject(&error)?;
                if let Some(file) = self.rejects.as_mut().filter(|_| !again) {
                    match text
                        .filter(|_| self.rejects_input)
                        .map(|t| rejected::original(t, Path::new(".")))
                    {
                        Some(Ok(original)) => file.push(&error, Some(&original.text))?,
                        _ => file.push(&error, text)?,
                    }
                }
                if self.options.on_error == OnError::Raise {
                    self.put(part.pixels, &mut written, &mut pending)?;
                    return Err(error);
                }
            }
            if fill {
                self.put(part.pixels, &mut written, &mut pending)?;
                self.sink.place(&place(record, outcome.item, None))?;
                self.sink.write(&self.fill)?;
                self.kept.row(kept, became(None), json, &mut *self.sink)?;
                self.summary.bytes_written += self.fill.len() as u64;
                self.summary.rows += 1;
                self.summary.filled += 1;
            }
            if let Err(error) = self.too_many(false) {
                self.put(part.pixels, &mut written, &mut pending)?;
                return Err(error);
            }
        }
        self.put(part.pixels, &mut written, &mut pending)?;
        self.kept.flush(&mut *self.sink)?;
        Ok(self.sink.job())
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
        Facts { counts, options: lasting(self.options) }
    }

    /// Writes the rows that wait.
    fn put(&mut self, pixels: &[u8], written: &mut usize, pending: &mut usize) -> Result<()> {
        if *pending > 0 {
            self.sink.write(&pixels[*written..*written + *pending])?;
            self.summary.bytes_written += *pending as u64;
            *written += *pending;
            *pending = 0;
        }
        Ok(())
    }

    /// Whether the rejects have passed what the options allow; a share only counts after 1,000 images
    /// and at the end.
    fn too_many(&self, at_end: bool) -> Result<()> {
        let s = &self.summary;
        let rejected = s.rejected();
        let over = match self.options.max_rejects.unwrap_or_default() {
            MaxRejects::None => false,
            MaxRejects::Count(most) => rejected > most,
            MaxRejects::Percent(most) => {
                rejected > 0 && (at_end || s.judged() >= 1000) && s.percent_rejected() > most
            }
        };
        match over {
            false => Ok(()),
            true => Err(Error::limit(format!(
                "{rejected} of {} images and unreadable records rejected, more than max_rejects allows; the first: {}",
                s.judged(),
                s.first_rejects.first().map_or("", String::as_str)
            ))),
        }
    }

    /// Seals the files, and gives them their final names when the run ended well.
    /// `may_be`: something may stand under the final name.
    fn close(mut self, out: &Path, may_be: bool, ended: Result<()>) -> (Result<()>, Summary) {
        // A run that began when nothing was there must not end over what has come since.
        let appeared = !may_be && out.exists();
        let ended = ended.and_then(|()| match appeared {
            false => Ok(()),
            true => Err(Error::new(
                ErrorKind::Io,
                format!("{} appeared while the run went on and is left alone", out.display()),
            )),
        });
        let mut result = ended.and(self.sink.seal(&self.facts()));
        if let Some(rejects) = self.rejects.take() {
            match rejects.finish(result.is_ok() || !out.exists()) {
                Ok(path) => self.summary.outputs.extend(path.map(|p| p.display().to_string())),
                Err(error) => result = result.and(Err(error)),
            }
        }
        let files = match result {
            Ok(()) => match self.sink.finish() {
                Ok(files) => files,
                Err(error) => {
                    result = Err(error);
                    Vec::new()
                }
            },
            Err(_) => self.sink.abandon(self.summary.rows > 0),
        };
        let names = files.iter().map(|path| path.display().to_string());
        self.summary.outputs.splice(0..0, names);
        (result, self.summary)
    }
}

/// Where a row comes from; `shape` of an image, none of a fill row.
fn place(record: &Record, item: u32, shape: Option<Shape>) -> Place {
    Place {
        index: record.index,
        file: record.file,
        line: record.line,
        byte: record.byte,
        item,
        valid: shape.is_some(),
        shape: shape.unwrap_or(Shape::image(0, 0, 1)),
    }
}
