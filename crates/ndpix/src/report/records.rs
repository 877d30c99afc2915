//! What a look at the first records says, as data.

use crate::dtype::DType;
use crate::error::Remedy;
use crate::shape::Shape;

/// A field that may hold images.
#[derive(Debug, Clone)]
pub struct FieldReport {
    /// Its path.
    pub field: String,
    /// How its values hold images, with counts in the sample.
    pub encodings: Vec<(String, u64)>,
    /// Records of the sample that have it.
    pub records: u64,
    /// What the value most like an image is, in words; `None` for a field that the options name.
    pub said: Option<String>,
}

/// One kind of image in the sample.
#[derive(Debug, Clone)]
pub struct ShapeReport {
    /// Shape of the decoded image.
    pub shape: Shape,
    /// Its dtype.
    pub dtype: DType,
    /// Bits that its numbers fill: all of the dtype, unless the files say fewer.
    pub bits: u8,
    /// What its channels are.
    pub color: String,
    /// How many of the sample are so.
    pub count: u64,
}

/// How far the images of the sample lie apart.
#[derive(Debug, Clone)]
pub struct Spread {
    /// Kinds of images: shapes, dtypes and colors.
    pub kinds: u64,
    /// Images that are of these kinds.
    pub images: u64,
    /// The kind with the fewest elements.
    pub smallest: ShapeReport,
    /// The kind with the most.
    pub largest: ShapeReport,
    /// The narrowest aspect, width to height; `None` where images have no two axes.
    pub narrowest: Option<String>,
    /// The widest.
    pub widest: Option<String>,
}

/// What the sample says.
///
/// ```
/// use ndpix::{Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[1], [2]]}\n");
/// let report = ndpix::inspect(vec![records], &Options::default().with("field", "image")?)?;
/// assert_eq!(report.shapes.len(), 2);
/// assert!(report.problem.is_some(), "images of two shapes are not one array");
/// assert!(report.suggestion.is_some(), "but with other options they are");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How records follow each other.
    pub framing: String,
    /// Compressions of the inputs.
    pub compression: Vec<String>,
    /// The program or service whose records these are, where their keys leave no doubt: `COCO`, `Labelme`.
    pub source: Option<&'static str>,
    /// Records looked at.
    pub sampled: u64,
    /// Fields that may hold images.
    pub fields: Vec<FieldReport>,
    /// The field that a run would read.
    pub field: Option<String>,
    /// The fields that it would stack after that one.
    pub bands: Vec<String>,
    /// The encoding that a run would enforce.
    pub encoding: Option<String>,
    /// Images in the sample.
    pub images: u64,
    /// Image formats, with counts.
    pub formats: Vec<(String, u64)>,
    /// Shapes, dtypes and colors, the most frequent [`Report::MOST`] first.
    pub shapes: Vec<ShapeReport>,
    /// How far they lie apart; `None` without images.
    pub spread: Option<Spread>,
    /// EXIF / TIFF orientations, with counts.
    pub orientations: Vec<(u8, u64)>,
    /// Aspects, width to height as the images are stored, with counts, the most frequent [`Report::MOST`]
    /// first.
    pub aspects: Vec<(String, u64)>,
    /// Images with an alpha channel.
    pub alpha: u64,
    /// Images with more than one frame or page.
    pub multi_frame: u64,
    /// Records without image.
    pub without_image: u64,
    /// Rejects to expect: how many the sample has.
    pub rejected: u64,
    /// The first [`Report::MOST`] of them, as messages.
    pub rejects: Vec<String>,
    /// Shape of one row of the output.
    pub shape: Option<String>,
    /// Dtype of the output.
    pub dtype: Option<String>,
    /// Rows to expect, from the sizes of the inputs; `None` where those are not known.
    pub expected_rows: Option<u64>,
    /// Bytes of the output to expect.
    pub expected_bytes: Option<u64>,
    /// Bytes that are free on the disk of the working directory, where that can be told.
    pub free_bytes: Option<u64>,
    /// What other options would make of it: their names and values, and the bytes of the output, or
    /// of one row where the number of rows is not known.
    pub choices: Vec<(Vec<(&'static str, String)>, u64)>,
    /// What a run would say before it works.
    pub notes: Vec<String>,
    /// What the name of the output ends in: of the first output that can hold all that is asked for.
    pub output: Option<&'static str>,
    /// Why no plan can be made, and what to do.
    pub problem: Option<String>,
    /// What would do where no field can be chosen: options for each way to go on.
    pub remedies: Vec<Remedy>,
    /// The options beside those given with which a plan can be made, where there is none without.
    pub suggestion: Option<Vec<(&'static str, String)>>,
}

impl Report {
    /// How many kinds of shapes, aspects and rejects are listed at most.
    pub const MOST: usize = 256;
}
