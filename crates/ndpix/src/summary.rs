//! What a run did: sums that close, and where the results are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Position};
use crate::legend::Legend;

/// A record or image that was not read.
///
/// ```
/// use ndpix::{Batches, Control, ErrorKind, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3]]}\n");
/// let options = Options::default().with("field", "image")?.with("shape", "1,2")?;
/// let mut batches = Batches::open(vec![records], &options, 8, &Control::default())?;
/// let batch = batches.next().expect("a batch")?;
/// let reject = &batch.rejects[0];
/// assert_eq!((reject.position.line, reject.kind), (2, ErrorKind::Shape));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// Where it stands.
    pub position: Position,
    /// Who must act.
    pub kind: ErrorKind,
    /// What was found, without the position.
    pub message: String,
}

impl Reject {
    /// The reject that this error is of; none of what stands nowhere.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let (position, message) = (error.position()?.clone(), error.message().to_string());
        Some(Self { position, kind: error.kind(), message })
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.position.file, self.position.line, self.message)
    }
}

/// The counts of a run. `records = with_image + without_image + unreadable`, passed-over records
/// and blank lines apart; `images = decoded + rejected_images`.
///
/// ```
/// use ndpix::{Control, ErrorKind, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"other\": 1}\nnot JSON\n");
/// let options = Options::default().with("field", "image")?;
/// let summary = ndpix::load(vec![records], &options, &Control::default()).summary;
/// assert_eq!((summary.records, summary.with_image, summary.without_image), (3, 1, 1));
/// assert_eq!((summary.unreadable, summary.rejects[&ErrorKind::Json]), (1, 1));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Records read and taken, whatever became of them.
    pub records: u64,
    /// Records with at least one image value.
    pub with_image: u64,
    /// Records whose field is absent, null or an empty list.
    pub without_image: u64,
    /// Records that are not JSON, or longer than the limit.
    pub unreadable: u64,
    /// Records passed over by `where` and `skip`.
    pub passed_over: u64,
    /// Whether `limit` was reached.
    pub limited: bool,
    /// Blank lines.
    pub blank_lines: u64,
    /// Image values found.
    pub images: u64,
    /// Images that became a row.
    pub decoded: u64,
    /// Images that were rejected.
    pub rejected_images: u64,
    /// Rows in the output, with fill rows.
    pub rows: u64,
    /// Rows that hold the fill value.
    pub filled: u64,
    /// Rejects by kind: images, unreadable records, and missing ones where `on_missing` is `reject`.
    pub rejects: BTreeMap<ErrorKind, u64>,
    /// How many rejects options would mend, by the first of these options.
    pub(crate) mended: BTreeMap<&'static str, u64>,
    /// The first rejects.
    pub first_rejects: Vec<Reject>,
    /// Where compressed inputs end before their end, that were read up to there; each is a reject too.
    pub truncated: Vec<Reject>,
    /// Images that carry an EXIF or TIFF orientation other than upright.
    pub oriented: u64,
    /// Images with an alpha channel.
    pub alpha: u64,
    /// Images whose colours are stored multiplied with alpha.
    pub premultiplied: u64,
    /// Images with more frames or pages than one.
    pub multi_frame: u64,
    /// Images merged of masks of which one covers another.
    pub overlapping: u64,
    /// The share of the pixels that `output_compression` gzip would have left, told by samples: of an output that could be
    /// compressed and is not, where it would have saved something.
    pub gzip_leaves: Option<f64>,
    /// What numbers of classes mean, by the column or array that has them; those of masks count from 1.
    pub legends: Vec<(Arc<str>, Legend)>,
    /// What was done to the pixels, a sentence each.
    pub steps: Vec<String>,
    /// Decompressed bytes read.
    pub bytes_read: u64,
    /// Bytes of pixels written.
    pub bytes_written: u64,
    /// The inputs, as the caller named them.
    pub inputs: Vec<Arc<str>>,
    /// Files that records of a rejects file were rejected from, as far as they became rows. In a row map
    /// they are numbered after the inputs.
    pub originals: Vec<Arc<str>>,
    /// Files written, the array first.
    pub outputs: Vec<String>,
    /// Seconds from start to end.
    pub seconds: f64,
    /// The most memory the process held, in bytes; 0 where it cannot be told.
    pub peak_memory: u64,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

impl Summary {
    /// Everything that was rejected.
    pub fn rejected(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// What is counted one by one as a run goes on, by name.
    pub(crate) fn counters(&mut self) -> [(&'static str, &mut u64); 15] {
        [
            ("records", &mut self.records),
            ("with_image", &mut self.with_image),
            ("without_image", &mut self.without_image),
            ("unreadable", &mut self.unreadable),
            ("images", &mut self.images),
            ("decoded", &mut self.decoded),
            ("rejected_images", &mut self.rejected_images),
            ("rows", &mut self.rows),
            ("filled", &mut self.filled),
            ("oriented", &mut self.oriented),
            ("alpha", &mut self.alpha),
            ("premultiplied", &mut self.premultiplied),
            ("multi_frame", &mut self.multi_frame),
            ("overlapping", &mut self.overlapping),
            ("bytes_written", &mut self.bytes_written),
        ]
    }

    /// Everything that could be rejected: images, unreadable records, and missing ones that were.
    pub(crate) fn judged(&self) -> u64 {
        self.decoded + self.rejected()
    }
}
