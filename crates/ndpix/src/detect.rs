//! From a sample of records: which field holds the image, how, and what every image becomes.
//!
//! A function of the records and options alone. Every decision is one the decoder would make for
//! each record by itself (`encodings.md` 10.2); here it is made once, and then enforced. Nothing is
//! guessed: none or several candidates is an error that lists what was found.

mod absent;
mod bands;
mod columns;
mod encoded;
pub(crate) mod ragged;
mod settle;
mod suggest;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::batch::Text;
use crate::decode::{Decoder, Found};
use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::{Error, ErrorKind, Position, Result};
use crate::format::Color;
use crate::options::{Options, Scale, Size};
use crate::pipeline::File;
use crate::pixels::orient;
use crate::plan::{Plan, Steps, Target};
use crate::record::pointer::{Pointer, Step};
use crate::record::rejected;
use crate::record::scan::{Query, scan};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

pub(crate) use columns::columns;
pub(crate) use settle::settle;
pub(crate) use suggest::{choices, suggest};

/// Records that are looked at for the plan.
pub(crate) const SAMPLE_RECORDS: usize = 64;
/// The sample ends with the record that brings it here.
pub(crate) const SAMPLE_BYTES: usize = 16 << 20;
/// Records in which fields are looked for.
const FIELD_RECORDS: usize = 16;

/// The first records of the inputs.
pub(crate) struct Sample<'a> {
    records: Vec<Sampled<'a>>,
    /// Whether they are the lines of a rejects file, here already unwrapped.
    pub(crate) rejects_input: bool,
}

struct Sampled<'a> {
    text: Cow<'a, [u8]>,
    base: Option<Cow<'a, Path>>,
    position: Position,
    /// Its length where it is over the limit; then the text is empty.
    overlong: Option<u64>,
}

impl<'a> Sample<'a> {
    pub(crate) fn new(texts: impl IntoIterator<Item = &'a Text>, files: &'a [File]) -> Self {
        let mut all = texts
            .into_iter()
            .flat_map(|t| t.records.iter().map(move |r| (t.record(r), r)))
            .peekable();
        let mut hits = Vec::new();
        let rejects_input = all.peek().is_some_and(|(text, _)| {
            scan(text, &Query::default(), &mut hits).is_ok() && rejected::is_rejected(text)
        });
        let mut bytes = 0;
        // Texts end where blocks do; the sample must not.
        let sampled = all.take(SAMPLE_RECORDS).take_while(|(text, _)| {
            let wanted = bytes < SAMPLE_BYTES;
            bytes += text.len();
            wanted
        });
        let records = sampled.map(|(text, record)| {
            let file = &files[record.file as usize];
            let wrapped = match rejects_input {
                true => rejected::original(text, Path::new(&*file.name)).ok(),
                false => None,
            };
            match wrapped {
                Some(original) => Sampled {
                    text: Cow::Owned(original.text),
                    base: original.base.map(Cow::Owned),
                    position: original.position,
                    overlong: record.overlong,
                },
                None => Sampled {
                    text: Cow::Borrowed(text),
                    base: file.base_dir.as_deref().map(Cow::Borrowed),
                    position: Position {
                        file: file.name.clone(),
                        line: record.line,
                        byte: record.byte,
                        item: 0,
                    },
                    overlong: record.overlong,
                },
            }
        });
        Self { records: records.collect(), rejects_input }
    }
}

impl Sample<'_> {
    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}

/// A field that may hold images.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) field: Pointer,
    /// How its values hold images, with the number of values in the sample.
    pub(crate) encodings: BTreeMap<String, u64>,
    encoding: Encoding,
    rank: u8,
}

/// What the images of the sample are.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) shapes: BTreeMap<(Shape, DType, Color), u64>,
    /// The same with the orientation beside it: all that the steps look at.
    pub(crate) kinds: BTreeMap<(Shape, DType, Color, u8), u64>,
    /// Frames or pages of the images.
    pub(crate) frames: BTreeMap<u32, u64>,
    pub(crate) formats: BTreeMap<&'static str, u64>,
    pub(crate) orientations: BTreeMap<u8, u64>,
    pub(crate) multi_frame: u64,
    /// Images whose colours are stored multiplied with alpha.
    pub(crate) premultiplied: u64,
    pub(crate) images: u64,
    pub(crate) missing: u64,
    pub(crate) rejects: Vec<Error>,
    /// The smallest integer dtype that the number lists of the sample fit, where smaller than read.
    pub(crate) smaller: Option<DType>,
    /// Of each band, where several fields are one image; the rest is then what they have together.
    pub(crate) bands: Vec<Survey>,
}

impl Survey {
    /// Bytes of the pixels of an image, on average.
    pub(crate) fn mean_bytes(&self) -> u64 {
        let bytes = |(k, n): (&(Shape, DType, Color), &u64)| k.0.bytes(k.1).unwrap_or(0) as u64 * n;
        self.shapes.iter().map(bytes).sum::<u64>() / self.shapes.values().sum::<u64>().max(1)
    }

    /// Sizes of the images, turned upright or not, most frequent first.
    pub(crate) fn sizes(&self, upright: bool) -> Vec<(Size, u64)> {
        let mut sizes: Vec<(Size, u64)> = Vec::new();
        for ((shape, _, _, orientation), count) in &self.kinds {
            let [height, width, ..] = shape[..] else { continue };
            let size = match upright && orient::swaps(*orientation) {
                true => Size { height: width, width: height },
                false => Size { height, width },
            };
            match sizes.iter_mut().find(|s| s.0 == size) {
                Some(found) => found.1 += count,
                None => sizes.push((size, *count)),
            }
        }
        // Of several that are as frequent the largest: nothing is lost in it.
        sizes.sort_by_key(|s| std::cmp::Reverse((s.1, s.0.height * s.0.width)));
        sizes
    }
}

/// The fields that may hold images: the one that is given, or all that are found.
pub(crate) fn candidates_for(sample: &Sample<'_>, options: &Options) -> Result<Vec<Candidate>> {
    match (&options.field, &options.encoding) {
        (Some(_), Some(_)) => Ok(Vec::new()),
        (Some(field), _) => {
            let fields = std::iter::once(field).chain(&options.bands);
            let found = fields.map(|field| candidate(sample, options, field.clone()));
            Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        }
        (None, _) => candidates(sample, options),
    }
}

/// Decides where images stand and how they are held.
pub(crate) fn locate(
    sample: &Sample<'_>,
    options: &Options,
    candidates: &[Candidate],
    plan: &mut Plan,
) -> Result<()> {
    if !options.bands.is_empty() {
        return bands::locate(sample, options, candidates, plan);
    }
    if options.field.is_some() && (options.encoding.is_some() || options.mixed) {
        return Ok(());
    }
    if sample.records.is_empty() && options.shape.is_some() && options.dtype.is_some() {
        return Ok(());
    }
    // A field given without its encoding, and nothing to learn it from: each record says.
    if candidates.is_empty()
        && options.field.is_some()
        && options.shape.is_some()
        && options.dtype.is_some()
    {
        return Ok(());
    }
    // What stands inside a self-describing value is part of it.
    let outer: Vec<&Candidate> = candidates
        .iter()
        .filter(|c| !candidates.iter().any(|o| o.rank <= c.rank && c.field.is_inside(&o.field)))
        .collect();
    let best = outer.iter().map(|c| c.rank).min();
    let top: Vec<&Candidate> = outer.into_iter().filter(|c| Some(c.rank) == best).collect();
    let [chosen] = top[..] else {
        return Err(absent::not_one(sample, options, candidates));
    };
    if chosen.encoding == Encoding::Url {
        return Err(Error::plan(format!(
            "field {} holds URLs, which ndpix does not fetch; download them and give their paths",
            chosen.field
        )));
    }
    if options.encoding.is_none() && !options.mixed {
        // Addresses are never read: they are rejects, and no second way to hold images.
        let url = Encoding::Url.to_string();
        let ways: Vec<_> = chosen.encodings.iter().filter(|e| *e.0 != url).collect();
        if let Some(count) = chosen.encodings.get(&url) {
            plan.notes.push(format!(
                "{count} values of the sample are addresses, which are not fetched and will be rejected"
            ));
        }
        if ways.len() > 1 {
            let seen: Vec<_> = ways.iter().map(|(name, n)| format!("{name} ({n})")).collect();
            return Err(Error::plan(format!(
                "field {} holds images in several ways: {}; pass mixed to decide for each record, or encoding to take one",
                chosen.field,
                seen.join(", ")
            )));
        }
        plan.encoding = Some(chosen.encoding.clone());
    }
    plan.field = chosen.field.clone();
    Ok(())
}

/// The plan before the sample is looked at.
pub(crate) fn plan_for(options: &Options, field: Pointer, encoding: Option<Encoding>) -> Plan {
    let steps = Steps::new(options);
    let mut raw = options.clone();
    if steps.scale != Scale::None {
        // Lists and bare pixels must be what they are before they can be scaled.
        raw.dtype = None;
    }
    Plan {
        field,
        bands: Vec::new(),
        columns: Vec::new(),
        encoding,
        rejects_input: false,
        target: Target::Each,
        steps,
        formats: options.formats.clone(),
        fill_value: options.fill_value,
        base_dir: options.base_dir.clone(),
        limits: options.limits,
        raw,
        notes: Vec::new(),
    }
}

/// Every field of the sample that may hold images.
fn candidates(sample: &Sample<'_>, options: &Options) -> Result<Vec<Candidate>> {
    let mut paths: Vec<Pointer> = Vec::new();
    let mut hits = Vec::new();
    for Sampled { text, .. } in sample.records.iter().take(FIELD_RECORDS) {
        if scan(text, &Query::default(), &mut hits).is_ok() {
            leaves(text.trim_ascii(), &mut Vec::new(), &mut paths);
        }
    }
    let mut found = Vec::new();
    for path in paths {
        found.extend(candidate(sample, options, path)?);
    }
    Ok(found)
}

/// Collects the paths of strings, number lists and self-describing objects, arrays as `[*]`.
fn leaves(text: &[u8], steps: &mut Vec<Step>, out: &mut Vec<Pointer>) {
    let mut note = |steps: &[Step]| {
        let pointer = Pointer::new(steps.to_vec());
        if out.len() < 256 && !out.contains(&pointer) {
            out.push(pointer);
        }
    };
    match value::kind(text) {
        Kind::String => note(steps),
        Kind::Array => {
            let first = value::elements(text).map(value::kind).find(|k| *k != Kind::Null);
            match first {
                Some(Kind::Number | Kind::Bool | Kind::Array) => note(steps),
                Some(Kind::String | Kind::Object) if steps.len() < 32 => {
                    steps.push(Step::Any);
                    value::elements(text).take(64).for_each(|e| leaves(e, steps, out));
                    steps.pop();
                }
                _ => {}
            }
        }
        Kind::Object => {
            let tagged =
                ["__numpy__", "__ndarray__", "data", "bdata", "buffer", "b64", "values", "0"];
            if tagged.iter().any(|key| value::get(text, key).is_some()) {
                note(steps);
            }
            if steps.len() < 32 {
                let mut scratch = Vec::new();
                for (key, inner) in value::entries(text) {
                    let key = String::from_utf8_lossy(value::unescape_inner(key, &mut scratch))
                        .into_owned();
                    steps.push(Step::Key(key));
                    leaves(inner, steps, out);
                    steps.pop();
                }
            }
        }
        _ => {}
    }
}

/// Whether this field holds images, and how.
fn candidate(sample: &Sample<'_>, options: &Options, field: Pointer) -> Result<Option<Candidate>> {
    let plan = plan_for(options, field, options.encoding.clone());
    let mut decoder = Decoder::new(&plan)?;
    let mut encodings: BTreeMap<String, u64> = BTreeMap::new();
    let mut best: Option<(u8, Encoding)> = None;
    for Sampled { text, base, .. } in &sample.records {
        for item in 0..decoder.find(text).unwrap_or(0).min(64) {
            let encoding = match &options.encoding {
                Some(encoding) => {
                    decoder.probe(text, item, base.as_deref()).ok().map(|_| encoding.clone())
                }
                None => decoder.classify(text, item),
            };
            let Some(encoding) = encoding else { continue };
            *encodings.entry(encoding.to_string()).or_default() += 1;
            let rank = match encoding {
                Encoding::Path if decoder.probe(text, item, base.as_deref()).is_ok() => 1,
                Encoding::Path => 4,
                Encoding::Text => 2,
                Encoding::List => match decoder.probe(text, item, None) {
                    Ok(found) if found.info.shape.len() > 1 => 2,
                    _ => 3,
                },
                Encoding::Url => 5,
                _ => 0,
            };
            if best.as_ref().is_none_or(|b| rank < b.0) {
                best = Some((rank, encoding));
            }
        }
    }
    Ok(best.map(|(rank, encoding)| Candidate { field: plan.field, encodings, encoding, rank }))
}

/// Looks at the images of the sample, headers only.
pub(crate) fn survey(sample: &Sample<'_>, plan: &Plan) -> Result<Survey> {
    if !plan.bands.is_empty() {
        return bands::survey(sample, plan);
    }
    let mut decoder = Decoder::new(plan)?;
    let mut survey = Survey::default();
    for Sampled { text, base, position, .. } in &sample.records {
        let at = |item: usize| Position { item: item as u32, ..position.clone() };
        match decoder.find(text) {
            Ok(0) => survey.missing += 1,
            Err(error) => survey.rejects.push(error.at(at(0))),
            Ok(items) => {
                for item in 0..items {
                    survey.images += 1;
                    match decoder.probe(text, item, base.as_deref()) {
                        Ok(found) => note(&mut survey, &found, decoder.payload()),
                        Err(error) => {
                            survey.images -= u64::from(error.kind() == ErrorKind::Json);
                            survey.rejects.push(error.at(at(item)));
                        }
                    }
                }
            }
        }
    }
    Ok(survey)
}

fn note(survey: &mut Survey, found: &Found, payload: &[u8]) {
    let info = &found.info;
    *survey.shapes.entry((info.shape, info.dtype, info.color)).or_default() += 1;
    let kind = (info.shape, info.dtype, info.color, info.orientation);
    *survey.kinds.entry(kind).or_default() += 1;
    *survey.formats.entry(found.format.map_or("array", |f| f.name())).or_default() += 1;
    *survey.orientations.entry(info.orientation).or_default() += 1;
    *survey.frames.entry(info.frames).or_default() += 1;
    survey.multi_frame += u64::from(info.frames > 1);
    survey.premultiplied += u64::from(info.premultiplied);
    if found.format.is_none() && info.dtype == DType::Int64 {
        let values = payload.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b));
        let (low, high) = values.fold((0, 0), |(l, h), v| (v.min(l), v.max(h)));
        let fit = [
            (DType::Uint8, 0, 255),
            (DType::Uint16, 0, 65_535),
            (DType::Int32, i64::from(i32::MIN), i64::from(i32::MAX)),
        ];
        let fit = fit.iter().find(|f| low >= f.1 && high <= f.2).map_or(DType::Int64, |f| f.0);
        survey.smaller =
            Some(survey.smaller.map_or(fit, |s| if s.size() > fit.size() { s } else { fit }));
    }
}
