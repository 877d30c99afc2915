//! `inspect`: the same detection and plan as a run, reported.

use std::path::Path;
use std::sync::Arc;

use crate::detect;
use crate::error::{Error, Result};
use crate::machine;
use crate::options::{Options, Size};
use crate::pixels::color::has_alpha;
use crate::plan::Target;
use crate::reader::{self, Reader};
use crate::sink;
use crate::source::Input;

/// A field that may hold images.
#[derive(Debug, Clone)]
pub struct FieldReport {
    /// Its path.
    pub field: String,
    /// How its values hold images, with counts in the sample.
    pub encodings: Vec<(String, u64)>,
}

/// One kind of image in the sample.
#[derive(Debug, Clone)]
pub struct ShapeReport {
    /// Shape of the decoded image.
    pub shape: String,
    /// Its dtype.
    pub dtype: String,
    /// What its channels are.
    pub color: String,
    /// How many of the sample are so.
    pub count: u64,
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
    /// Records looked at.
    pub sampled: u64,
    /// Fields that may hold images.
    pub fields: Vec<FieldReport>,
    /// The field that a run would read.
    pub field: Option<String>,
    /// The fields that it would stack behind that one.
    pub bands: Vec<String>,
    /// The encoding that a run would enforce.
    pub encoding: Option<String>,
    /// Images in the sample.
    pub images: u64,
    /// Image formats, with counts.
    pub formats: Vec<(String, u64)>,
    /// Shapes, dtypes and colors, most frequent first.
    pub shapes: Vec<ShapeReport>,
    /// EXIF / TIFF orientations, with counts.
    pub orientations: Vec<(u8, u64)>,
    /// Aspects, width to height as the images are stored, with counts, most frequent first.
    pub aspects: Vec<(String, u64)>,
    /// Images with an alpha channel.
    pub alpha: u64,
    /// Images with more than one frame or page.
    pub multi_frame: u64,
    /// Records without image.
    pub without_image: u64,
    /// Rejects to expect, as messages.
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
    /// The options beside those given with which a plan can be made, where there is none without.
    pub suggestion: Option<Vec<(&'static str, String)>>,
}

/// Looks at the first records of the inputs. A plan that cannot be made is a report, not an error.
///
/// ```
/// use ndpix::{Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
/// let report = ndpix::inspect(vec![records], &Options::default().with("field", "image")?)?;
/// assert_eq!((report.field.as_deref(), report.encoding.as_deref()), (Some("image"), Some("list")));
/// assert_eq!((report.shape.as_deref(), report.dtype.as_deref()), (Some("(1, 2)"), Some("int64")));
/// # Ok::<(), ndpix::Error>(())
/// ```
pub fn inspect(inputs: Vec<Input>, options: &Options) -> Result<Report> {
    let mut report = Report::default();
    let again = reader::again(&inputs, options);
    let reader = match Reader::open_for_report(inputs, options)? {
        (reader, None) => reader,
        (reader, Some(problem)) => {
            report.problem = Some(problem.to_string());
            reader
        }
    };
    report.framing = reader.feed.framing().to_string();
    report.compression = reader.feed.compressions().iter().map(ToString::to_string).collect();
    report.sampled = reader.sampled as u64;
    report.fields = reader
        .candidates
        .iter()
        .map(|c| FieldReport {
            field: c.field.to_string(),
            encodings: c.encodings.clone().into_iter().collect(),
        })
        .collect();
    let survey = &reader.survey;
    report.images = survey.images;
    report.formats = survey.formats.iter().map(|(f, n)| (f.to_string(), *n)).collect();
    report.shapes = survey
        .shapes
        .iter()
        .map(|((shape, dtype, color), &count)| ShapeReport {
            shape: shape.to_string(),
            dtype: dtype.to_string(),
            color: format!("{color:?}").to_lowercase(),
            count,
        })
        .collect();
    report.shapes.sort_by_key(|s| std::cmp::Reverse(s.count));
    report.orientations = survey.orientations.iter().map(|(o, n)| (*o, *n)).collect();
    report.aspects = aspects(&survey.sizes(false));
    report.alpha = survey.kinds.iter().filter(|k| has_alpha(k.0.2)).map(|k| k.1).sum();
    report.multi_frame = survey.multi_frame;
    report.without_image = survey.missing;
    report.rejects = survey.rejects.iter().map(ToString::to_string).collect();
    report.notes = reader.plan.notes.clone();
    if reader.located {
        let mut fields = reader.plan.fields().into_iter();
        report.field = fields.next();
        report.bands = fields.collect();
        report.encoding = reader.plan.encodings().map(|names| names.join(","));
    }
    output(&mut report, &reader, options, again.err());
    Ok(report)
}

/// What the output would be, and what else it could be; `once`: why the inputs cannot be read twice.
fn output(report: &mut Report, reader: &Reader, options: &Options, once: Option<Error>) {
    let survey = &reader.survey;
    let columns = reader.plan.columns.iter().map(|c| (Arc::clone(&c.name), c.kind));
    match sink::suited(options, &columns.collect::<Vec<_>>()) {
        Ok(output) => report.output = Some(output.ending()),
        Err(error) => report.problem = Some(error.to_string()),
    }
    let rows = reader.expected_rows().map(|r| r.round() as u64);
    if report.problem.is_some() && report.output.is_some() && reader.located {
        let found = detect::suggest(&reader.plan, survey, options);
        report.suggestion = found.map(|s| s.options);
    }
    if reader.located && survey.images > 0 {
        let fixed = report.suggestion.clone().unwrap_or_default();
        let all = detect::choices(&reader.plan, survey, options, &fixed);
        report.choices =
            all.into_iter().map(|c| (c.options, c.row_bytes * rows.unwrap_or(1))).collect();
    }
    let (shape, dtype) = match reader.plan.target {
        Target::Stack { shape, dtype, .. } | Target::Pad { shape, dtype, .. } => {
            (Some(shape), Some(dtype))
        }
        Target::Flat { dtype, .. } | Target::Measure { dtype, .. } => (None, Some(dtype)),
        Target::Encoded => (None, None),
        Target::Each => return,
    };
    report.shape = shape.map(|shape| shape.to_string());
    report.dtype = dtype.map(|dtype| dtype.to_string());
    report.expected_rows = rows;
    report.free_bytes = machine::free_bytes(Path::new("."));
    // What is not known before is 0.
    let row_bytes = Some(reader.row_bytes()).filter(|&bytes| bytes > 0);
    report.expected_bytes = rows.zip(row_bytes).map(|(rows, bytes)| rows * bytes);
    if let (Target::Measure { .. }, Some(error)) = (reader.plan.target, once) {
        report.problem = Some(error.to_string());
    }
}

/// Sizes by their ratio of width to height, in lowest terms.
fn aspects(sizes: &[(Size, u64)]) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    for (size, count) in sizes {
        let (mut a, mut b) = (size.width, size.height);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let aspect = format!("{}:{}", size.width / a.max(1), size.height / a.max(1));
        match all.iter_mut().find(|known| known.0 == aspect) {
            Some(known) => known.1 += count,
            None => all.push((aspect, *count)),
        }
    }
    all.sort_by_key(|a| std::cmp::Reverse(a.1));
    all
}
