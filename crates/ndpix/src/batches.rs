//! `batches`: the pull side of a run. A commit fills batches of images and hands each over; the caller
//! takes them when it likes, and the run waits for it meanwhile.
//!
//! One driver thread runs the same pipeline as `convert` does. One batch is filled and then waits until
//! the caller takes it, which keeps the one before that long; the memory of one more is kept to be used
//! again. So three batches and the images in flight are all there is, however long the input is; of
//! small batches one more may wait. Dropping [`Batches`] ends it all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::array::{Aligned, Array, NamedArrays};
use crate::books::{Books, fill_row, further, names, stacked};
use crate::column::Column;
use crate::control::Control;
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::make_room;
use crate::options::{MaxRejects, Options, Rejects};
use crate::parts::Plan;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::sink::{self, Facts, Further, Ready, Sink};
use crate::source::Input;
use crate::summary::{Reject, Summary};
use crate::threads::Driver;

/// Of rejects that stand together, a batch lists this many at least.
const REJECTS: usize = 1000;
/// Batches of at most this many bytes may wait while the next is filled: a caller and workers that take
/// turns at being slow lose less time.
const SMALL: usize = 40 << 20;

/// Images that stand together in the input.
///
/// ```
/// use ndpix::{Batches, Control, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
/// let mut batches = Batches::open(vec![records], &Options::default().with("field", "image")?, 2, &Control::default())?;
/// let batch = batches.next().expect("a batch")?;
/// assert_eq!((&batch.images.shape[..], &batch.lines[..]), (&[2, 1, 2][..], &[1, 2][..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Batch {
    /// The images, stacked on the first axis.
    pub images: Array,
    /// The arrays beside them, by their names, where `array` asks for some.
    pub arrays: NamedArrays,
    /// For each image the number of its input, from 0.
    pub files: Vec<u32>,
    /// For each image the line on which its record begins, from 1.
    pub lines: Vec<u64>,
    /// For each image which of its record it is, from 0.
    pub items: Vec<u32>,
    /// For each image whether it is one, and no fill row.
    pub valid: Vec<bool>,
    /// The kept fields, one row for each image.
    pub columns: Vec<Column>,
    /// What was rejected since the batch before: all of it up to 1,000 or the size of a batch.
    pub rejects: Vec<Reject>,
}

/// Memory of batches that were used, to be used again.
#[derive(Debug, Clone, Default)]
pub struct Spares(Arc<Mutex<Vec<Aligned>>>);

impl Spares {
    /// Takes the memory of a batch back; touching new memory costs more than decoding a small image.
    ///
    /// ```
    /// use ndpix::{Batches, Control, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
    /// let mut batches = Batches::open(vec![records], &Options::default().with("field", "image")?, 1, &Control::default())?;
    /// let spares = batches.spares();
    /// for batch in batches.by_ref() {
    ///     spares.give(batch?.images.bytes);
    /// }
    /// assert_eq!(batches.summary().rows, 2);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn give(&self, bytes: Aligned) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One is enough: the batch that is filled takes it, and only then is the next one given back.
        if all.is_empty() {
            all.push(bytes);
        }
    }

    fn take(&self) -> Aligned {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = all.pop().unwrap_or_default();
        bytes.clear();
        bytes
    }
}

/// Images of a run, some at a time, in input order.
///
/// ```
/// use ndpix::{Batches, Control, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
/// let mut means = Vec::new();
/// for batch in Batches::open(vec![records], &Options::default().with("field", "image")?, 1, &Control::default())? {
///     let images = batch?.images;
///     let pixels = images.as_slice::<i64>().expect("int64");
///     means.push(pixels.iter().sum::<i64>() as f64 / pixels.len() as f64);
/// }
/// assert_eq!(means, [1.5, 3.5]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Batches {
    /// `None` once it has ended.
    messages: Option<Receiver<Result<Batch>>>,
    driver: Driver,
    stop: Arc<AtomicBool>,
    summary: Arc<Mutex<Summary>>,
    spares: Spares,
    process: u32,
}

impl Batches {
    /// Opens the inputs, makes the plan, and begins to read. Batches hold `batch_size` images, the last
    /// one what is left.
    ///
    /// # Errors
    /// Kind `options` and `plan`; whatever the first read of the inputs meets.
    pub fn open(
        inputs: Vec<Input>,
        options: &Options,
        batch_size: usize,
        control: &Control<'_>,
    ) -> Result<Self> {
        options.validate_arrays()?;
        let named = inputs.iter().map(Input::name).collect();
        Self::of(
            Reader::open(inputs, options, false, &control.stop)?,
            named,
            options,
            batch_size,
            control,
        )
    }

    /// The images of one part of a plan, without files: for programs that share the parts out among them. Lines
    /// are counted from the beginning of the part.
    ///
    /// ```
    /// use ndpix::{Batches, Control, Cut, Input, Options};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
    /// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
    /// let plan = ndpix::plan(inputs, &out, &options, Cut::Bytes(10), &Control::default())?;
    /// let mut batches = Batches::of_part(&plan, 1, 8, &Control::default())?;
    /// let images = batches.next().expect("a batch")?.images;
    /// assert_eq!(images.as_slice::<i64>(), Some(&[3, 4][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Batches::open`]; kind `plan` where an input has changed since the plan was made.
    pub fn of_part(
        plan: &Plan,
        part: usize,
        batch_size: usize,
        control: &Control<'_>,
    ) -> Result<Self> {
        plan.check(part)?;
        let reader = plan.reader(part)?;
        let named = reader.files.iter().map(|file| Arc::clone(&file.name)).collect();
        // Of a part there is no share of rejects, and no file for them.
        let (rejects, max_rejects) = (Rejects::None, Some(MaxRejects::None));
        let options = Options { rejects, max_rejects, ..plan.options().clone() };
        Self::of(reader, named, &options, batch_size, control)
    }

    fn of(
        mut reader: Reader,
        inputs: Vec<Arc<str>>,
        options: &Options,
        batch_size: usize,
        control: &Control<'_>,
    ) -> Result<Self> {
        if batch_size == 0 {
            return Err(Error::options("batch_size must be at least 1"));
        }
        control.note(reader.plan.said());
        let (shape, dtype) = stacked(&reader.plan)?;
        let fill = fill_row(options, &reader.plan)?;
        let item_len = shape.bytes(dtype)?;
        let small = item_len.saturating_mul(batch_size) <= SMALL;
        let (sender, messages) = sync_channel(usize::from(small));
        let spares = Spares::default();
        let mut batcher = Batcher {
            sender: sender.clone(),
            spares: spares.clone(),
            batch_size,
            shape,
            dtype,
            item_len,
            places: VecDeque::new(),
            rejects: Vec::new(),
            bytes: Aligned::default(),
            full: VecDeque::new(),
            further: further(&reader.plan)?.into_iter().map(|array| (array, Vec::new())).collect(),
            columns: names(&reader.plan)
                .into_iter()
                .map(|(n, kind)| Column::new(n, kind))
                .collect(),
        };
        let stop = Arc::clone(&control.stop);
        let summary = Arc::new(Mutex::new(Summary { inputs, ..Summary::default() }));
        let (stopped, done, options) = (Arc::clone(&stop), Arc::clone(&summary), options.clone());
        let driver = Driver::start(move || {
            let begun = done.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let plan = reader.plan.clone();
            let books = Books::new(&options, &plan, Box::new(&mut batcher), fill, begun);
            let control = Control { stop: stopped, ..Control::default() };
            let driven = books.map(|mut books| {
                let ended = books.drive(&mut reader, &control);
                books.end(ended)
            });
            let (result, summary) = match driven {
                Ok((result, summary)) => (result, summary),
                Err(error) => (Err(error), Summary::default()),
            };
            *done.lock().unwrap_or_else(PoisonError::into_inner) = summary;
            if let Err(error) = result {
                // Rows before the failure come first; nobody may be left to hear of it.
                let _ = batcher.rest();
                let _ = sender.send(Err(error));
            }
        })?;
        let process = std::process::id();
        Ok(Self { messages: Some(messages), driver, stop, summary, spares, process })
    }

    /// The next batch, `None` at the end, or nothing yet after `wait`. After an error comes the end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ndpix::{Batches, Control, Input, Options};
    /// let records = Input::bytes(r#"{"image": [[1, 2]]}"#);
    /// let mut batches = Batches::open(vec![records], &Options::default().with("field", "image")?, 8, &Control::default())?;
    /// let mut rows = 0;
    /// loop {
    ///     match batches.next_within(Duration::from_millis(100)) {
    ///         None => continue, // Time to look at something else.
    ///         Some(None) => break,
    ///         Some(Some(batch)) => rows += batch?.lines.len(),
    ///     }
    /// }
    /// assert_eq!(rows, 1);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn next_within(&mut self, wait: Duration) -> Option<Option<Result<Batch>>> {
        if std::process::id() != self.process {
            let message =
                "the threads of an iterator do not come along into a fork; make it after forking";
            return Some(Some(Err(Error::options(message))));
        }
        let Some(messages) = &self.messages else { return Some(None) };
        match messages.recv_timeout(wait) {
            Ok(Ok(batch)) => Some(Some(Ok(batch))),
            Ok(Err(error)) => {
                self.close();
                Some(Some(Err(error)))
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.close();
                Some(None)
            }
        }
    }

    /// What was done: the whole of it once the last batch was taken.
    pub fn summary(&self) -> Summary {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where memory of batches goes when they were used.
    pub fn spares(&self) -> Spares {
        self.spares.clone()
    }

    /// Ends the run and waits for its threads; those that are stuck in a read end with it.
    pub fn close(&mut self) {
        if self.messages.take().is_some() && std::process::id() == self.process {
            self.stop.store(true, Ordering::Relaxed);
            self.driver.join();
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        loop {
            if let Some(next) = self.next_within(Duration::from_secs(3600)) {
                return next;
            }
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.close();
    }
}

/// The sink that fills batches.
struct Batcher {
    sender: SyncSender<Result<Batch>>,
    spares: Spares,
    batch_size: usize,
    shape: Shape,
    dtype: DType,
    item_len: usize,
    /// Of rows in the batch, and of rows that will be.
    places: VecDeque<sink::Place>,
    rejects: Vec<Reject>,
    bytes: Aligned,
    /// Images of batches that wait for their columns.
    full: VecDeque<Aligned>,
    /// Rows of further arrays that are not handed over.
    further: Vec<(Further, Vec<u8>)>,
    /// Of rows that are not handed over.
    columns: Vec<Column>,
}

impl Batcher {
    /// Hands over the batches that are complete; of one record they may wait for its last image.
    fn hand_over(&mut self) -> Result<()> {
        while let Some(bytes) = self.full.front() {
            let rows = bytes.len() / self.item_len.max(1);
            let has_rows = |(array, bytes): &(Further, Vec<u8>)| {
                array.item_len().is_ok_and(|len| bytes.len() >= len * rows)
            };
            if self.columns.iter().any(|column| column.len() < rows)
                || !self.further.iter().all(has_rows)
            {
                break;
            }
            if let Some(bytes) = self.full.pop_front() {
                self.send(bytes, rows)?;
            }
        }
        Ok(())
    }

    /// Hands over all rows that there are.
    fn rest(&mut self) -> Result<()> {
        if !self.bytes.is_empty() {
            self.full.push_back(std::mem::take(&mut self.bytes));
        }
        self.hand_over()
    }

    fn send(&mut self, bytes: Aligned, rows: usize) -> Result<()> {
        let shape = std::iter::once(rows).chain(self.shape.iter().copied()).collect();
        let places: Vec<sink::Place> = self.places.drain(..rows).collect();
        let mut arrays = Vec::new();
        for (array, waiting) in &mut self.further {
            let len = array.item_len()? * rows;
            let mut bytes = Aligned::default();
            let room = bytes.extend(&waiting[..len]);
            room.ok_or_else(|| Error::limit(format!("no memory for a batch of {len} bytes")))?;
            waiting.drain(..len);
            let shape = std::iter::once(rows).chain(array.shape.iter().copied()).collect();
            arrays.push((Arc::clone(&array.name), Array { shape, dtype: array.dtype, bytes }));
        }
        let batch = Batch {
            images: Array { shape, dtype: self.dtype, bytes },
            arrays,
            files: places.iter().map(|p| p.file).collect(),
            lines: places.iter().map(|p| p.line).collect(),
            items: places.iter().map(|p| p.item).collect(),
            valid: places.iter().map(|p| p.valid).collect(),
            columns: self.columns.iter_mut().map(|column| column.take(rows)).collect(),
            rejects: std::mem::take(&mut self.rejects),
        };
        // Waits until the caller takes it.
        let sent = self.sender.send(Ok(batch));
        sent.map_err(|_| Error::new(ErrorKind::Io, "the batches were abandoned"))
    }
}

impl Sink for &mut Batcher {
    fn write(&mut self, mut rows: &[u8]) -> Result<()> {
        let full = self.item_len.saturating_mul(self.batch_size);
        while !rows.is_empty() {
            if self.bytes.is_empty() {
                self.bytes = self.spares.take();
            }
            let (now, later) = rows.split_at(rows.len().min(full - self.bytes.len()));
            self.bytes
                .extend(now)
                .ok_or_else(|| Error::limit(format!("no memory for a batch of {full} bytes")))?;
            rows = later;
            if self.bytes.len() == full {
                self.full.push_back(std::mem::take(&mut self.bytes));
                self.hand_over()?;
            }
        }
        Ok(())
    }

    fn array(&mut self, number: usize, rows: &[u8]) -> Result<()> {
        let Some((_, waiting)) = self.further.get_mut(number) else { return Ok(()) };
        make_room(waiting, rows.len())?;
        waiting.extend_from_slice(rows);
        self.hand_over()
    }

    fn place(&mut self, place: &sink::Place) -> Result<()> {
        self.places.push_back(*place);
        Ok(())
    }

    fn reject(&mut self, error: &Error) -> Result<()> {
        if self.rejects.len() < REJECTS.max(self.batch_size) {
            self.rejects.extend(Reject::of(error));
        }
        Ok(())
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        for (all, more) in self.columns.iter_mut().zip(rows) {
            all.extend(more);
        }
        self.hand_over()
    }

    fn seal(&mut self, _: &Facts) -> Result<()> {
        self.rest()
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::default())
    }
}
