//! A run as a plan and parts of it: any process can carry out any part at any time, and a commit makes of them
//! what one process would have made. `convert/plan.rs` makes plans and `convert/commit.rs` commits them; here
//! they are written down and carried out.
//!
//! What a part leaves is what the threads of a run hand to its commit, so that whatever depends on the order
//! of records (numbers of rows, `max_rejects`, `on_error raise`) is judged once, by the code that judges it
//! in one process.

mod block;
mod facts;
mod fragment;
mod sheet;
mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::batch::File;
use crate::control::Control;
use crate::decode::Kept;
use crate::error::{Error, ErrorKind, Result};
use crate::legend::Legend;
use crate::options::{OnMissing, Options};
use crate::pipeline::Part;
use crate::plan::Plan as Frozen;
use crate::plan::watch::Watch;
use crate::reader::Reader;
use crate::sink::partial::{leave, text_of};
use crate::sink::work::Work;
use crate::sink::{beside, rename};
use crate::source::Input;
use crate::stores::{self, Stores};

use block::{Bases, Block};
pub use facts::Facts;
use facts::Piece;
use fragment::{Fragment, Writer};
use sheet::Sheet;
pub(crate) use sheet::{Known, Span};

/// A run that is decided and not done: what its images become, and parts that can be carried out apart from
/// each other, in any order and by any processes that see the same files. [`plan`](crate::plan()) makes one.
///
/// ```
/// use ndpix::{Control, Cut, Input, Options, Plan};
/// let folder = tempfile::tempdir()?;
/// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
/// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
/// let made = ndpix::plan(inputs, &out, &options, Cut::Bytes(10), &Control::default())?;
///
/// // Somewhere else, in any order:
/// let plan = Plan::from_json(&made.to_json()?)?;
/// for part in (0..plan.parts()).rev() {
///     plan.run(part, None, &Control::default())?;
/// }
/// // And when all of them are done:
/// let run = plan.commit(None, None, &Control::default());
/// run.result?;
/// assert_eq!((plan.parts(), run.summary.rows), (2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    sheet: Sheet,
    options: Options,
}

impl Plan {
    /// A plan for these inputs.
    pub(crate) fn new(
        options: &Options,
        frozen: Frozen,
        out: (&Path, &str),
        inputs: Vec<Known>,
        parts: Vec<Vec<Span>>,
    ) -> Result<Self> {
        let sheet = Sheet::new(options, frozen, out, inputs, parts)?;
        Ok(Self { options: sheet.options()?, sheet })
    }

    /// What it is known by: 16 characters, which are others where a part could be.
    ///
    /// See [`Plan`] for an example.
    pub fn id(&self) -> &str {
        &self.sheet.id
    }

    /// How many parts it has, of the numbers from 0.
    ///
    /// See [`Plan`] for an example.
    pub fn parts(&self) -> usize {
        self.sheet.parts.len()
    }

    /// What numbers of classes mean, by the column or array that has them; those of masks count from 1.
    pub fn legends(&self) -> Vec<(Arc<str>, Legend)> {
        self.frozen().legends()
    }

    /// What will be written; empty where the plan is [to be read](crate::plan_to_read()).
    pub fn out(&self) -> &Path {
        &self.sheet.out.path
    }

    /// The same of a plan that is carried out.
    pub(crate) fn output(&self) -> Result<&Path> {
        match self.out().as_os_str().is_empty() {
            false => Ok(self.out()),
            true => Err(Error::options(
                "the plan has no output, as it was made to be read; read its parts as batches, or give plan an output",
            )),
        }
    }

    /// The options that it was made with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Carries out parts with so many threads, 0 for all cores, whatever the plan says: what comes of them does
    /// not depend on it.
    pub fn set_threads(&mut self, threads: usize) {
        self.options.threads = threads;
    }

    /// The plan as JSON: what `OUT.plan.json` holds.
    ///
    /// See [`Plan`] for an example.
    ///
    /// # Errors
    /// Kind `plan` where a path in it is not UTF-8.
    pub fn to_json(&self) -> Result<String> {
        self.sheet.to_json()
    }

    /// What [`Plan::to_json`] gave.
    ///
    /// # Errors
    /// Kind `plan` where it is anything else, of another version, or was changed.
    pub fn from_json(text: &str) -> Result<Self> {
        let sheet = Sheet::from_json(text)?;
        Ok(Self { options: sheet.options()?, sheet })
    }

    /// Writes it to `OUT.plan.json`, and gives that name.
    ///
    /// ```
    /// use ndpix::{Control, Cut, Input, Options, Plan};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n")?;
    /// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
    /// let plan = ndpix::plan(inputs, &out, &options, Cut::default(), &Control::default())?;
    /// let name = plan.save()?;
    /// assert!(name.ends_with("a.npy.plan.json"));
    /// assert_eq!(Plan::open(&name)?.id(), plan.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options` where something else has this name; kind `io`.
    pub fn save(&self) -> Result<PathBuf> {
        let path = beside(self.output()?, ".plan.json");
        let there = text_at(&path)?.unwrap_or_default();
        if !there.is_empty() && memchr::memmem::find(&there, b"\"ndpix_plan\"").is_none() {
            return Err(Error::options(format!(
                "{} exists and is not a plan; move it away, or give another output",
                path.display()
            )));
        }
        let Some(address) = stores::address(&path) else {
            leave(&path, self.to_json()?.as_bytes())?;
            rename(&beside(&path, ".partial"), &path)?;
            return Ok(path);
        };
        let put = |stores: &dyn Stores| {
            let mut file = tempfile::NamedTempFile::new()?;
            file.write_all(self.to_json().map_err(std::io::Error::other)?.as_bytes())?;
            file.flush()?;
            stores.put(file.path(), address, false)
        };
        let done = put(stores::stores(address)?);
        done.map_err(|e| Error::io(format_args!("cannot put {address}"), e))?;
        Ok(path)
    }

    /// The plan in a file, which [`Plan::save`] wrote.
    ///
    /// See [`Plan::save`] for an example.
    ///
    /// # Errors
    /// Kind `io`; otherwise as [`Plan::from_json`].
    pub fn open(path: &Path) -> Result<Self> {
        let text = text_at(path)?.ok_or_else(|| {
            let missing = std::io::ErrorKind::NotFound.into();
            Error::io(format_args!("cannot read the plan {}", path.display()), missing)
        })?;
        Self::from_json(&String::from_utf8_lossy(&text))
    }

    /// Where its parts wait for the commit unless it is said: `OUT.parts`.
    ///
    /// See [`Plan::sweep`] for an example.
    pub fn work(&self) -> PathBuf {
        beside(self.out(), ".parts")
    }

    /// Removes the parts that are done, of this plan and of others in the same folder.
    ///
    /// ```
    /// use ndpix::{Control, Cut, Input, Options};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n")?;
    /// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
    /// let plan = ndpix::plan(inputs, &out, &options, Cut::default(), &Control::default())?;
    /// plan.run(0, None, &Control::default())?;
    /// assert!(plan.work().exists());
    /// plan.sweep(None)?;
    /// assert!(!plan.work().exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Kind `io`.
    pub fn sweep(&self, work: Option<&Path>) -> Result<()> {
        self.output()?;
        Work::sweep_all(&work.map_or_else(|| self.work(), Path::to_owned))
    }

    /// Carries out a part: decodes its records and leaves what comes of them in the folder `work`, by default
    /// [`Plan::work`]. A part that is there already is not done again. It may be carried out any number of
    /// times, also at once.
    ///
    /// See [`Plan`] for an example.
    ///
    /// # Errors
    /// Kind `options` where there is no such part, kind `plan` where an input has changed; what ends a run.
    pub fn run(&self, part: usize, work: Option<&Path>, control: &Control<'_>) -> Result<Facts> {
        self.output()?;
        let work = self.place(work);
        self.check(part)?;
        if let Some(facts) = self.done(&work, part)? {
            control.note([format!("part {part} was done before")]);
            return Ok(facts);
        }
        let keeps = self.options.on_missing == OnMissing::Reject;
        let mut writer = Writer::new(work.begin(part)?, keeps);
        let mut reader = self.reader(part)?;
        if let Some(started) = control.started {
            started(reader.meter(), reader.feed.total_bytes());
        }
        let threads = self.options.thread_count();
        let ended = reader.run(threads, &control.stop, |part| {
            part.waits(&self.options.on_error)?;
            writer.write(part).map(|()| None)
        });
        // What was read of another file than the plan is of has nothing to say.
        self.check(part)?;
        ended.map_err(|error| self.unplaced(part, error))?;
        if control.stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, "interrupted"));
        }
        let facts = self.facts(part, &reader).counted(&writer.summary);
        let mut files = writer.files();
        let facts = Facts { files: files.seal()?, ..facts };
        loop {
            if files.name(&facts.to_json())? {
                return Ok(facts);
            }
            match self.done(&work, part)? {
                Some(first) => return Ok(first),
                None => work.forget(part)?,
            }
        }
    }

    /// An error without its line, where that is counted from somewhere in its file.
    fn unplaced(&self, part: usize, error: Error) -> Error {
        let name = error.position().map(|place| Arc::clone(&place.file));
        let mut spans = self.sheet.parts[part].iter().filter(|span| span.from > 0);
        let is_cut =
            spans.any(|span| Some(&*self.sheet.inputs[span.file as usize].name) == name.as_deref());
        if is_cut { error.nowhere() } else { error }
    }

    /// What was counted while a part was read.
    fn facts(&self, part: usize, reader: &Reader) -> Facts {
        let counts = reader.feed.counts();
        let read = reader.feed.line_ends().iter().zip(reader.feed.taken());
        let piece = |(span, (newlines, records)): (&Span, (&u64, &u64))| {
            let Span { file, from, to } = *span;
            Piece { file, from, to, newlines: *newlines, records: *records }
        };
        Facts {
            plan: self.id().to_string(),
            part,
            records: counts.records,
            passed_over: counts.skipped,
            blank: counts.blank,
            bytes: counts.bytes,
            images: 0,
            decoded: 0,
            failed: Default::default(),
            pieces: self.sheet.parts[part].iter().zip(read).map(piece).collect(),
            files: Vec::new(),
        }
    }

    /// A reader of the records of a part, which decodes as the plan says.
    pub(crate) fn reader(&self, part: usize) -> Result<Reader> {
        let spans = self.spans(part)?;
        let rejects = spans.iter().map(|span| self.sheet.inputs[span.file as usize].rejects);
        let inputs = spans.iter().map(|span| self.input(span)).collect::<Result<_>>()?;
        let mut frozen = self.frozen().clone();
        if let Some(watch) = &mut frozen.watch {
            let sampled = watch.sampled.and_then(|last| within(spans, last));
            *watch = Arc::new(Watch { sampled, ..Watch::clone(watch) });
        }
        Reader::planned(inputs, &rejects.collect::<Vec<_>>(), frozen, &self.options)
    }

    /// A range of an input; all of a file is the file, as what it holds is told by how it begins.
    fn input(&self, span: &Span) -> Result<Input> {
        let known = &self.sheet.inputs[span.file as usize];
        match (span.from, span.to) == (0, known.size) {
            true => known.input(),
            false => Ok(Input::Range { place: known.place()?, from: span.from, to: span.to }),
        }
    }

    fn spans(&self, part: usize) -> Result<&[Span]> {
        let parts = &self.sheet.parts;
        parts.get(part).map(Vec::as_slice).ok_or_else(|| {
            Error::options(format!(
                "there is no part {part}; the plan has {}, from 0 to {}",
                parts.len(),
                parts.len().saturating_sub(1)
            ))
        })
    }

    /// Refuses a part whose inputs are not those of the plan.
    pub(crate) fn check(&self, part: usize) -> Result<()> {
        self.spans(part)?.iter().try_for_each(|s| self.sheet.inputs[s.file as usize].check())
    }

    /// Refuses inputs that are not those of the plan.
    pub(crate) fn check_all(&self) -> Result<()> {
        self.sheet.inputs.iter().try_for_each(Known::check)
    }

    /// What its images become.
    pub(crate) fn frozen(&self) -> &Frozen {
        &self.sheet.frozen
    }

    /// What its inputs are called.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.sheet.inputs.iter().map(|known| known.name.as_str().into()).collect()
    }

    /// The inputs that it was made of.
    ///
    /// # Errors
    /// Kind `io` where one that lies in a store is not there any more.
    pub fn inputs(&self) -> Result<Vec<Input>> {
        self.sheet.inputs.iter().map(Known::input).collect()
    }

    /// Where its parts are.
    pub(crate) fn place(&self, work: Option<&Path>) -> Work {
        Work::new(&work.map_or_else(|| self.work(), Path::to_owned), self.id())
    }

    /// The facts of a part that is done; what is there and is none of it counts as nothing.
    pub(crate) fn done(&self, work: &Work, part: usize) -> Result<Option<Facts>> {
        let Some(text) = work.facts(part)? else { return Ok(None) };
        let facts = Facts::from_json(&text).ok();
        let whole = |facts: &Facts| self.is_of(facts) && facts.part == part;
        Ok(facts.filter(|facts| whole(facts) && work.holds(part, &facts.files)))
    }

    /// Whether facts are of a part of this plan.
    pub(crate) fn is_of(&self, facts: &Facts) -> bool {
        let spans = self.sheet.parts.get(facts.part);
        let known = |(piece, span): (&Piece, &Span)| {
            (piece.file, piece.from, piece.to) == (span.file, span.from, span.to)
        };
        facts.plan == self.id()
            && spans.is_some_and(|spans| {
                spans.len() == facts.pieces.len() && facts.pieces.iter().zip(spans).all(known)
            })
    }
}

/// What a file holds, if there is one, here or in a store.
fn text_at(path: &Path) -> Result<Option<Vec<u8>>> {
    match stores::address(path) {
        Some(address) => stores::text(address),
        None => text_of(path),
    }
}

/// A place among all inputs as one among these, or the last of these before it.
fn within(spans: &[Span], (file, byte): (u32, u64)) -> Option<(u32, u64)> {
    let number = spans.iter().rposition(|span| (span.file, span.from) <= (file, byte))?;
    let byte = if spans[number].file == file { byte } else { u64::MAX };
    Some((number as u32, byte))
}

/// Parts that are done, given out in the order of the records.
pub(crate) struct Replay {
    files: Vec<File>,
    /// Of each input the lines and records so far.
    lines: Vec<u64>,
    /// Of each input the records so far.
    pub(crate) taken: Vec<u64>,
    bases: Bases,
    block: Block,
}

impl Replay {
    pub(crate) fn new(plan: &Plan) -> Self {
        let file = |known: &Known| File {
            name: known.name.as_str().into(),
            base: None,
            rejects: known.rejects,
        };
        let inputs = &plan.sheet.inputs;
        Self {
            files: inputs.iter().map(file).collect(),
            lines: vec![0; inputs.len()],
            taken: vec![0; inputs.len()],
            bases: Bases::default(),
            block: Block { kept: Kept::new(plan.frozen()), ..Block::default() },
        }
    }

    /// Gives out what a part has, which must be the next. `read` hears of the bytes that were gone through.
    ///
    /// # Errors
    /// Kind `io` where it is damaged; whatever `take` ends with.
    pub(crate) fn part(
        &mut self,
        work: &Work,
        facts: &Facts,
        mut take: impl FnMut(&mut Part<'_>) -> Result<()>,
    ) -> Result<()> {
        let base = |piece: &Piece| (piece.file, self.lines[piece.file as usize]);
        self.bases.inputs = facts.pieces.iter().map(base).collect();
        let mut fragment = Fragment::open(work, facts)?;
        while let Some(pixels) = fragment.next(&mut self.block, &self.bases, &self.files)? {
            let Block { text, outcomes, kept } = &mut self.block;
            take(&mut Part { text, outcomes, pixels, kept, last: false, files: &self.files })?;
        }
        for piece in &facts.pieces {
            self.lines[piece.file as usize] += piece.newlines;
            self.taken[piece.file as usize] += piece.records;
            self.bases.index += piece.records;
        }
        Ok(())
    }
}
