//! The reader: open the inputs, look at the first records, know the plan, hand out batches in order.
//!
//! The sample is not read twice: its batches enter the pipeline first. The pipeline pushes parts
//! to a commit; `convert` is a loop around that.

mod legends;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::batch::{File, Text};
use crate::control::Meter;
use crate::detect::{self, Candidate, Findings, SAMPLE_BYTES, SAMPLE_RECORDS, Sample, Survey};
use crate::error::{Error, ErrorKind, Result, brief};
use crate::framing::{Feed, Pick, Picked, Start};
use crate::options::{Condition, OnTruncated, Options};
use crate::pipeline::{self, Fate, Part, Work};
use crate::plan::{Plan, Target};
use crate::record::filter::Filter;
use crate::record::rejected;
use crate::shape::Shape;
use crate::source::Input;
use crate::threads::{Job, lock};

/// Text of a batch, where nothing else closes it. Measured from 256 KiB to 4 MiB on raw pixels, PNG and
/// number lists: more than 1 MiB costs 5 to 20 % (the text leaves the cache), less than 512 KiB gains
/// nothing.
const BLOCK_BYTES: usize = 512 << 10;

/// Records, and bytes of them, in which something like an image is looked for.
const SEARCH_RECORDS: usize = 100_000;
const SEARCH_BYTES: usize = 256 << 20;

/// Opened inputs and the decision how to read them.
pub(crate) struct Reader {
    pub(crate) feed: Feed,
    pub(crate) files: Vec<File>,
    pub(crate) plan: Plan,
    /// Whether field and encoding are decided.
    pub(crate) located: bool,
    pub(crate) candidates: Vec<Candidate>,
    findings: Option<Findings>,
    pub(crate) survey: Survey,
    /// Mean bytes of a record in the sample.
    pub(crate) record_bytes: f64,
    pub(crate) sampled: usize,
    sample: VecDeque<Text>,
    failure: Option<Error>,
}

impl Reader {
    /// Opens the inputs and makes the plan. With `each` images keep their own shapes. Where names of classes are to be
    /// numbered, all records are asked for theirs, until `stop` is set.
    pub(crate) fn open(
        inputs: Vec<Input>,
        options: &Options,
        each: bool,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let again = legends::again(&inputs, options);
        let mut reader = Self::sample(inputs, options)?;
        match reader.decide(options, each) {
            Ok(()) => reader.number_classes(again, options, stop)?,
            // A sample that was cut off by a failure has that to say first.
            Err(error) => return Err(reader.failure.take().unwrap_or(error)),
        }
        Ok(reader)
    }

    /// As [`Reader::open`] without `each`, with what can be said also where no plan can be made.
    pub(crate) fn open_for_report(
        inputs: Vec<Input>,
        options: &Options,
    ) -> Result<(Self, Option<Error>)> {
        let mut reader = Self::sample(inputs, options)?;
        let problem = reader.decide(options, false).err();
        reader.note_classes();
        Ok((reader, problem))
    }

    /// A reader of inputs whose plan was made before, of all or of more of them; `rejects` says of each
    /// whether it is a rejects file.
    pub(crate) fn planned(
        inputs: Vec<Input>,
        rejects: &[bool],
        plan: Plan,
        options: &Options,
    ) -> Result<Self> {
        are_there(plan.paths.base_dir.as_ref(), &plan.paths.allow_dir)?;
        let feed = Feed::new(inputs, options.framing, &plan.limits, 0, None)
            .picking(pick(&filter(&plan.conditions, plan.raw.allow_nan)?, false))
            .with_block_bytes(options.block_bytes.unwrap_or(BLOCK_BYTES))
            .with_threads(options.thread_count())
            .keeping_cut(options.on_truncated == OnTruncated::Keep);
        let mut files = feed.files().to_vec();
        files.iter_mut().zip(rejects).for_each(|(file, rejects)| file.rejects = *rejects);
        Ok(Self {
            feed,
            files,
            plan,
            located: true,
            candidates: Vec::new(),
            findings: None,
            survey: Survey::default(),
            record_bytes: 0.0,
            sampled: 0,
            sample: VecDeque::new(),
            failure: None,
        })
    }

    /// Refuses to call whole what was made from files that became shorter while they were read.
    pub(crate) fn shrunk(&self, hit_limit: bool) -> Result<()> {
        let read = self.meter().bytes();
        match self.feed.total_bytes() {
            // A decompressor need not read what stands after its stream.
            Some(total) if read < total && !hit_limit && self.feed.compressions().is_empty() => {
                Err(Error::new(
                    ErrorKind::Io,
                    format!(
                        "the input had {total} bytes at the start, but only {read} could be read"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    fn sample(inputs: Vec<Input>, options: &Options) -> Result<Self> {
        options.validate()?;
        are_there(options.base_dir.as_ref(), &options.allow_dir)?;
        let filter = filter(&options.conditions, options.allow_nan)?;
        let mut feed = feed(inputs, options, pick(&filter, true));
        let files = feed.files().to_vec();
        let (mut sample, mut failure) = (VecDeque::new(), None);
        let (mut records, mut bytes) = (0, 0);
        while records < SAMPLE_RECORDS && bytes < SAMPLE_BYTES {
            let mut text = Text::default();
            match feed.next(&mut text, SAMPLE_RECORDS - records, &|| {}) {
                Ok(true) => {
                    records += text.records.len();
                    bytes += text.records.iter().map(|r| r.end - r.start).sum::<usize>();
                    sample.push_back(text);
                }
                Ok(false) => break,
                Err(error) if records == 0 => return Err(error),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        if let Some(filter) = filter {
            let is_end = records < SAMPLE_RECORDS && bytes < SAMPLE_BYTES;
            detect::refuse_unmet(&lock(&filter), is_end)?;
        }
        sample.iter_mut().for_each(|text| rejected::unwrap(text, &files));
        let lead = options.lead()?;
        let field = lead.field.clone().unwrap_or_default();
        let plan = detect::plan_for(&lead, &field, lead.one_encoding().cloned());
        let plan = Plan { name: options.lead_name(), ..plan };
        Ok(Self {
            feed,
            files,
            plan,
            located: false,
            candidates: Vec::new(),
            findings: None,
            survey: Survey::default(),
            // With its line end.
            record_bytes: bytes as f64 / records.max(1) as f64 + 1.0,
            sampled: records,
            sample,
            failure,
        })
    }

    /// The sample from record `first` on.
    fn known(&self, options: &Options, first: usize) -> Result<Sample<'_>> {
        told(Sample::new(&self.sample, &self.files, first), options)
    }

    /// The program or service that the first records are of, where that is clear.
    pub(crate) fn source(&self, options: &Options) -> Option<&'static str> {
        self.known(options, 0).ok().and_then(|known| detect::source(&known))
    }

    /// The record with which the sample begins, and what it holds: the first, or where all of the first
    /// hold nothing, the next with something like an image.
    fn search(&mut self, options: &Options) -> Result<(usize, Option<Findings>)> {
        let known = self.known(options, 0)?;
        let findings = detect::find(&known, options, &self.plan.paths)?;
        if known.len() == 0 || findings.first().is_some() {
            return Ok((0, Some(findings)));
        }
        let (mut records, mut bytes) = (0, 0);
        for text in &self.sample {
            records += text.records.len();
            bytes += text.bytes.len();
        }
        let mut first = None;
        while first.is_none_or(|first| records < first + SAMPLE_RECORDS)
            && records < SEARCH_RECORDS
            && bytes < SEARCH_BYTES
            && self.failure.is_none()
        {
            let mut text = Text::default();
            match self.feed.next(&mut text, SAMPLE_RECORDS, &|| {}) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
            if first.is_none() {
                let next = told(Sample::new([&text], &self.files, 0), options)?;
                first =
                    detect::find(&next, options, &self.plan.paths)?.first().map(|at| records + at);
            }
            records += text.records.len();
            bytes += text.bytes.len();
            self.sample.push_back(text);
        }
        match first {
            None => Ok((0, Some(findings))),
            Some(first) => {
                let known = self.known(options, first)?;
                Ok((first, Some(detect::find(&known, options, &self.plan.paths)?)))
            }
        }
    }

    fn decide(&mut self, options: &Options, each: bool) -> Result<()> {
        self.decide_by(&options.lead()?, options, each)
    }

    /// Makes the plan: of the array that leads by the options for it, of further ones by those for all.
    fn decide_by(&mut self, options: &Options, all: &Options, each: bool) -> Result<()> {
        let mut first = 0;
        if options.field.is_none() {
            (first, self.findings) = self.search(options)?;
        }
        let known = told(Sample::new(&self.sample, &self.files, first), options)?;
        self.candidates = match &self.findings {
            Some(findings) => findings.counting().map(|c| c.as_named()).collect(),
            None => detect::candidates_for(&known, options)?,
        };
        self.sampled = known.len();
        if first > 0 {
            self.plan.notes.push(format!(
                "the first {first} records hold nothing like an image; the plan is made from those after them"
            ));
        }
        let findings = self.findings.as_ref();
        // Image by image each record has its own error.
        if !each {
            detect::refuse_nan(&known, options)?;
        }
        detect::locate(&known, options, &self.candidates, findings, &mut self.plan)?;
        self.located = true;
        detect::further(&known, all, &mut self.plan)?;
        detect::classes(&known, &mut self.plan)?;
        detect::columns(&known, options, &mut self.plan)?;
        if !each {
            self.survey = detect::survey(&known, &self.plan)?;
            let rejects = &mut self.survey.rejects;
            if let Some(at) = rejects.iter().position(|e| options.on_error.waits(e)) {
                return Err(rejects.swap_remove(at));
            }
            detect::settle(&mut self.plan, &self.survey, options).map_err(|error| {
                // What is not one array may be several, one for each topic.
                let remedies = detect::topics(&known, &self.plan).unwrap_or_default();
                match error.kind() == ErrorKind::Plan && error.remedies().is_empty() {
                    true => error.with_remedies(remedies),
                    false => error,
                }
            })?;
            detect::settle_further(&known, all, &mut self.plan)?;
        }
        Ok(())
    }

    /// Finds the largest height and width of all images where the plan needs it, by a pass over the same
    /// inputs that looks at headers only.
    pub(crate) fn measure(
        &mut self,
        again: Vec<Input>,
        options: &Options,
        stop: &AtomicBool,
    ) -> Result<()> {
        let Target::Measure { dtype, color } = self.plan.target else { return Ok(()) };
        let mut other = Self::sample(again, options)?;
        other.plan = self.plan.clone();
        let mut largest: Option<Shape> = None;
        other.run(options.thread_count(), stop, |part| {
            part.waits(&options.on_error)?;
            for outcome in part.outcomes.drain(..) {
                let Fate::Row { found, .. } = outcome.result else { continue };
                let axes = found.info.shape;
                largest = match largest {
                    None => Some(axes),
                    // What has other axes will be rejected.
                    Some(most) if most.len() == axes.len() => {
                        let axes = most.iter().zip(axes.iter()).map(|(a, b)| *a.max(b));
                        Some(Shape::new(&axes.collect::<Vec<_>>())?)
                    }
                    most => most,
                };
            }
            Ok(None)
        })?;
        if stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, "interrupted"));
        }
        let shape = largest.ok_or_else(|| Error::plan("there is no image that could be padded"))?;
        self.plan.notes.push(format!("the largest image is {shape}"));
        self.plan.target = detect::ragged::padded(shape, dtype, color, options)?;
        Ok(())
    }

    /// Goes on where an earlier run was ended; `inputs` are the same once more.
    ///
    /// # Errors
    /// Kind `options`.
    pub(crate) fn go_on(
        &mut self,
        inputs: Vec<Input>,
        options: &Options,
        start: Start,
    ) -> Result<()> {
        let filter = filter(&options.conditions, options.allow_nan)?;
        self.feed = feed(inputs, options, pick(&filter, false)).with_start(start);
        self.sample.clear();
        self.failure = None;
        Ok(())
    }

    /// Decodes everything and hands it to `commit` in input order.
    pub(crate) fn run<C>(&mut self, threads: usize, stop: &AtomicBool, commit: C) -> Result<()>
    where
        C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
    {
        let work = Work {
            plan: &self.plan,
            files: &self.files,
            feed: &mut self.feed,
            sample: std::mem::take(&mut self.sample),
            failure: self.failure.take(),
        };
        pipeline::run(work, threads, stop, commit)
    }

    /// The texts of the sample, for a caller that goes through the feed by itself.
    pub(crate) fn sampled_texts(&mut self) -> Result<VecDeque<Text>> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(std::mem::take(&mut self.sample)),
        }
    }

    /// The rows to expect, from the sizes of the inputs; `None` where those are not known.
    pub(crate) fn expected_rows(&self) -> Option<f64> {
        let total = self.feed.total_bytes()? as f64;
        let per_record = self.survey.images as f64 / self.sampled.max(1) as f64;
        Some(self.feed.taken_of(total / self.record_bytes.max(1.0)) * per_record)
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> u64 {
        match self.plan.target {
            Target::Stack { shape, dtype, .. } | Target::Pad { shape, dtype, .. } => {
                shape.bytes(dtype).unwrap_or(0) as u64
            }
            // Of the sample, whose images are as large as others.
            Target::Flat { .. } => self.survey.mean_bytes(),
            Target::Each | Target::Encoded | Target::Measure { .. } => 0,
        }
    }

    /// How far the reading is.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        self.feed.meter()
    }
}

/// Refuses folders that are not there.
fn are_there(base_dir: Option<&PathBuf>, allow_dir: &[PathBuf]) -> Result<()> {
    let folders = base_dir.into_iter().map(|folder| ("base_dir", folder));
    let mut folders = folders.chain(allow_dir.iter().map(|folder| ("allow_dir", folder)));
    match folders.find(|(_, folder)| !folder.is_dir()) {
        None => Ok(()),
        Some((name, folder)) => Err(Error::options(format!(
            "{name} {} is not a directory",
            brief(&folder.display().to_string())
        ))),
    }
}

/// The records of these inputs, in batches; those of rejects files are known by the names of the files alone.
fn feed(inputs: Vec<Input>, options: &Options, pick: Option<Pick>) -> Feed {
    Feed::new(inputs, options.framing, &options.limits, options.skip, options.limit)
        .picking(pick)
        .unwrapping(options.rejects_input)
        .with_block_bytes(options.block_bytes.unwrap_or(BLOCK_BYTES))
        .with_threads(options.thread_count())
        .keeping_cut(options.on_truncated == OnTruncated::Keep)
}

/// A sample without the records of which `where` cannot tell whether they are read.
fn told<'s>(sample: Sample<'s>, options: &Options) -> Result<Sample<'s>> {
    if options.conditions.is_empty() {
        return Ok(sample);
    }
    let mut filter = Filter::new(&options.conditions, options.allow_nan)?;
    let is_told = |e: Error| e.kind() != ErrorKind::Field;
    Ok(sample.told(|text| filter.check(text).map_or_else(is_told, |_| true)))
}

/// A filter that is asked while records are read, and afterwards what it has seen.
type Shared = Arc<Mutex<Filter>>;

/// The filter of these conditions, where there are any.
fn filter(conditions: &[Condition], nan: bool) -> Result<Option<Shared>> {
    let filter = (!conditions.is_empty()).then(|| Filter::new(conditions, nan)).transpose()?;
    Ok(filter.map(|filter| Arc::new(Mutex::new(filter))))
}

/// What asks a filter; `wants_fields`: no more is read once a field is in none of the first records.
fn pick(filter: &Option<Shared>, wants_fields: bool) -> Option<Pick> {
    let filter = filter.clone()?;
    Some(Box::new(move |record, is_rejected| {
        let mut filter = lock(&filter);
        let takes = match is_rejected {
            true => filter.takes_rejected(record),
            false => filter.takes(record),
        };
        match takes {
            _ if wants_fields && filter.unmet(false).is_some() => Picked::Over,
            Some(true) => Picked::Yes,
            Some(false) => Picked::No,
            None => Picked::Untold,
        }
    }))
}

/// The inputs once more, where they are read twice: rows that are padded to the largest image need a pass
/// before the one that decodes. None where one pass will do.
///
/// # Errors
/// Kind `options` where one of them can be read only once.
pub(crate) fn again(inputs: &[Input], options: &Options) -> Result<Vec<Input>> {
    if !options.measures() {
        return Ok(Vec::new());
    }
    inputs.iter().map(Input::again).collect::<Option<_>>().ok_or_else(|| {
        Error::options("ragged pad looks for the largest image first, and a pipe can be read only once; pass size H,W for the rows")
    })
}
