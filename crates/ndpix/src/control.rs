//! What a caller may say and hear while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::dtype::DType;
use crate::error::{Error, Position};
use crate::format::{Color, ImageFormat};
use crate::shape::Shape;

/// What a caller may say and hear while a run goes on.
///
/// ```
/// use std::sync::Mutex;
/// use ndpix::{Control, Input, Options};
/// let notes = Mutex::new(Vec::new());
/// let note = |text: &str| notes.lock().expect("no panic").push(text.to_string());
/// let control = Control { note: Some(&note), ..Control::default() };
/// let options = Options::default().with("field", "image")?;
/// let loaded = ndpix::load(vec![Input::bytes(r#"{"image": [[1, 2]]}"#)], &options, &control);
/// assert_eq!(loaded.summary.rows, 1);
/// assert!(!notes.lock().expect("no panic").is_empty(), "what was found is said");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Default)]
pub struct Control<'a> {
    /// Set it to end the run between batches; the summary then says `interrupted`.
    pub stop: Arc<AtomicBool>,
    /// Gets each note of the plan, before anything is written.
    pub note: Option<&'a (dyn Fn(&str) + Sync)>,
    /// Gets the meter of the inputs and their total of bytes where it is known, once, when the plan is made.
    pub started: Option<&'a (dyn Fn(Arc<Meter>, Option<u64>) + Sync)>,
    /// Gets each image and each reject as it is written, in the order of the input.
    pub sight: Option<&'a (dyn Fn(&Sight<'_>) + Sync)>,
}

/// What became of one image, or of a record without one.
///
/// ```
/// use std::sync::Mutex;
/// use ndpix::{Control, Input, Options, Seen, Sight};
/// let seen = Mutex::new(Vec::new());
/// let sight = |sight: &Sight<'_>| {
///     let what = match &sight.seen {
///         Seen::Image(picture) => picture.stored.to_string(),
///         Seen::Missing => "nothing".to_string(),
///         Seen::Rejected(error) => error.kind().to_string(),
///     };
///     seen.lock().expect("no panic").push((sight.position.line, sight.row, what));
/// };
/// let control = Control { sight: Some(&sight), ..Control::default() };
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": 7}\n");
/// ndpix::load(vec![records], &Options::default().with("field", "image")?, &control);
/// let seen = seen.into_inner().expect("no panic");
/// assert_eq!(seen, [(1, Some(0), "(1, 2)".to_string()), (2, None, "field".to_string())]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Sight<'a> {
    /// Where the record stands.
    pub position: Position,
    /// The number of the record over all inputs, from 0.
    pub record: u64,
    /// Its text; of a commit of parts that of rejects alone.
    pub text: &'a [u8],
    /// The row that it became.
    pub row: Option<u64>,
    /// What it was.
    pub seen: Seen<'a>,
}

/// See [`Sight`].
#[derive(Debug)]
pub enum Seen<'a> {
    /// An image that became a row.
    Image(Picture<'a>),
    /// The record has no image.
    Missing,
    /// It was rejected.
    Rejected(&'a Error),
}

/// An image: what is stored, and the row that was made of it.
#[derive(Debug)]
pub struct Picture<'a> {
    /// Shape as it is stored.
    pub stored: Shape,
    /// What its channels are as they are stored.
    pub color: Color,
    /// EXIF, TIFF or XMP orientation, from 1 to 8.
    pub orientation: u8,
    /// `None` where the value held pixels and no image file.
    pub format: Option<ImageFormat>,
    /// Shape of the row; of `pixels` that are an image file its length.
    pub shape: Shape,
    /// Dtype of the row.
    pub dtype: DType,
    /// The row: C-order, little-endian.
    pub pixels: &'a [u8],
}

impl Control<'_> {
    /// Tells the caller, where it wants to hear.
    pub(crate) fn note(&self, notes: impl IntoIterator<Item = String>) {
        if let Some(note) = self.note {
            notes.into_iter().for_each(|text| note(&text));
        }
    }
}

/// How far the reading of the inputs is, and whether it goes on.
///
/// ```
/// use std::sync::{Arc, OnceLock};
/// use ndpix::{Control, Input, Meter, Options};
/// let meter: OnceLock<Arc<Meter>> = OnceLock::new();
/// let started = |of_run: Arc<Meter>, _: Option<u64>| drop(meter.set(of_run));
/// let control = Control { started: Some(&started), ..Control::default() };
/// let options = Options::default().with("field", "image")?;
/// ndpix::load(vec![Input::bytes(r#"{"image": [[1, 2]]}"#)], &options, &control);
/// let meter = meter.get().expect("the run began");
/// assert_eq!((meter.bytes(), meter.is_waiting()), (19, false));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Meter {
    bytes: AtomicU64,
    waits: AtomicBool,
}

impl Meter {
    /// The raw bytes that were read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the run waits for more bytes at this moment: a run that was told to stop and still waits is
    /// stuck in a read, and one that does not wait is about to end.
    pub fn is_waiting(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Notes bytes that an earlier run has read.
    pub(crate) fn pass(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes a read that gives its number of bytes.
    pub(crate) fn read(
        &self,
        read: impl FnOnce() -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        self.waits.store(true, Ordering::Relaxed);
        let got = read();
        self.waits.store(false, Ordering::Relaxed);
        self.bytes.fetch_add(*got.as_ref().unwrap_or(&0) as u64, Ordering::Relaxed);
        got
    }
}
