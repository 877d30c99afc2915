//! `inspect`: the same detection and plan as a run, reported.

mod look;

use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

use crate::detect::{self, Survey};
use crate::dtype::Depth;
use crate::error::{Error, Result};
use crate::format::Color;
use crate::options::{Options, Size};
use crate::os;
use crate::page::Page;
use crate::pixels::color::has_alpha;
use crate::plan::Target;
use crate::reader::{self, Reader};
use crate::report::{FieldReport, Report, ShapeReport, Spread};
use crate::shape::Shape;
use crate::sink;
use crate::source::Input;

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
    report(inputs, options).map(|both| both.0)
}

/// As [`inspect`], and gathers what a page shows of the first 10,000 records: see [`Page::of_look`].
///
/// ```
/// use ndpix::{Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": \"<script>\"}\n");
/// let options = Options::default().with("field", "image")?.with("encoding", "list")?;
/// let (report, page) = ndpix::look(vec![records], &options)?;
/// let html = page.of_look(&report, &["in.ndjson".into()], &options);
/// assert!(html.contains("&lt;script&gt;") && html.contains("src=\"data:image/png;base64,"));
/// # Ok::<(), ndpix::Error>(())
/// ```
pub fn look(inputs: Vec<Input>, options: &Options) -> Result<(Report, Page)> {
    let (report, mut reader) = report(inputs, options)?;
    let page = look::look(&mut reader, options)?;
    Ok((report, page))
}

fn report(inputs: Vec<Input>, options: &Options) -> Result<(Report, Reader)> {
    let mut report = Report::default();
    let again = reader::again(&inputs, options);
    let reader = match Reader::open_for_report(inputs, options)? {
        (reader, None) => reader,
        (reader, Some(problem)) => {
            report.problem = Some(problem.to_string());
            report.remedies = problem.remedies().to_vec();
            reader
        }
    };
    report.framing = reader.feed.framing().to_string();
    report.compression = reader.feed.compressions().iter().map(ToString::to_string).collect();
    report.source = reader.source(options);
    report.sampled = reader.sampled as u64;
    report.fields = reader
        .candidates
        .iter()
        .map(|c| FieldReport {
            field: c.field.to_string(),
            encodings: c.encodings.clone().into_iter().collect(),
            records: c.records,
            said: c.said.clone(),
        })
        .collect();
    let survey = &reader.survey;
    report.images = survey.images;
    report.formats = survey.formats.iter().map(|(f, n)| (f.to_string(), *n)).collect();
    let sizes = survey.sizes(false);
    report.shapes = shapes(survey);
    report.spread = spread(&report.shapes, &sizes);
    report.shapes.truncate(Report::MOST);
    report.orientations = survey.orientations.iter().map(|(o, n)| (*o, *n)).collect();
    report.aspects = aspects(&sizes);
    report.aspects.truncate(Report::MOST);
    report.alpha = survey.kinds.iter().filter(|k| has_alpha(k.0.2)).map(|k| k.1).sum();
    report.multi_frame = survey.multi_frame;
    report.without_image = survey.missing;
    report.rejected = survey.rejects.len() as u64;
    report.rejects = survey.rejects.iter().take(Report::MOST).map(ToString::to_string).collect();
    report.notes = reader.plan.notes.clone();
    if reader.located {
        let mut fields = reader.plan.fields().into_iter();
        report.field = fields.next();
        report.bands = fields.collect();
        report.encoding = reader.plan.encodings().map(|names| names.join(","));
    }
    output(&mut report, &reader, options, again.err());
    Ok((report, reader))
}

/// What the output would be, and what else it could be; `once`: why the inputs cannot be read twice.
fn output(report: &mut Report, reader: &Reader, options: &Options, once: Option<Error>) {
    let survey = &reader.survey;
    let columns = reader.plan.columns.iter().map(|c| (Arc::clone(&c.name), c.kind()));
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
    report.free_bytes = os::free_bytes(Path::new("."));
    // What is not known before is 0.
    let row_bytes = Some(reader.row_bytes()).filter(|&bytes| bytes > 0);
    report.expected_bytes = rows.zip(row_bytes).map(|(rows, bytes)| rows * bytes);
    if let (Target::Measure { .. }, Some(error)) = (reader.plan.target, once) {
        report.problem = Some(error.to_string());
    }
}

/// Kinds of images, the most frequent first.
fn shapes(survey: &Survey) -> Vec<ShapeReport> {
    let kind = |((shape, depth, color), count): (&(Shape, Depth, Color), &u64)| ShapeReport {
        shape: *shape,
        dtype: depth.dtype,
        bits: depth.bits,
        color: format!("{color:?}").to_lowercase(),
        count: *count,
    };
    let mut all: Vec<_> = survey.shapes.iter().map(kind).collect();
    all.sort_by_key(|s| Reverse(s.count));
    all
}

/// How far kinds and sizes lie apart.
fn spread(shapes: &[ShapeReport], sizes: &[(Size, u64)]) -> Option<Spread> {
    let elements = |s: &&ShapeReport| s.shape.elements();
    let ratio = |a: &&Size, b: &&Size| {
        let (a, b) = (a.width as u128 * b.height as u128, b.width as u128 * a.height as u128);
        a.cmp(&b)
    };
    let sizes = || sizes.iter().map(|s| &s.0);
    Some(Spread {
        kinds: shapes.len() as u64,
        images: shapes.iter().map(|s| s.count).sum(),
        smallest: shapes.iter().min_by_key(elements)?.clone(),
        largest: shapes.iter().max_by_key(elements)?.clone(),
        narrowest: sizes().min_by(ratio).map(aspect),
        widest: sizes().max_by(ratio).map(aspect),
    })
}

/// The ratio of width to height, in lowest terms.
fn aspect(size: &Size) -> String {
    let (mut a, mut b) = (size.width, size.height);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    format!("{}:{}", size.width / a.max(1), size.height / a.max(1))
}

/// Sizes by their aspect, the most frequent first.
fn aspects(sizes: &[(Size, u64)]) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    for (size, count) in sizes {
        let aspect = aspect(size);
        match all.iter_mut().find(|known| known.0 == aspect) {
            Some(known) => known.1 += count,
            None => all.push((aspect, *count)),
        }
    }
    all.sort_by_key(|a| Reverse(a.1));
    all
}
