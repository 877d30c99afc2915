//! The fields of the sample that may hold images, and how each holds them.

use std::collections::BTreeMap;

use super::plan_for;
use super::sample::{Sample, Sampled};
use crate::decode::Decoder;
use crate::encoding::{self, Encoding};
use crate::error::Result;
use crate::options::Options;
use crate::record::pointer::{Field, Pointer, Step};
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// Records in which fields are looked for.
const FIELD_RECORDS: usize = 16;

/// A field that may hold images.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) field: Pointer,
    /// How its values hold images, with the number of values in the sample.
    pub(crate) encodings: BTreeMap<String, u64>,
    pub(super) encoding: Encoding,
    /// How surely: the lowest is taken.
    pub(super) rank: u8,
}

/// The fields that may hold images: the one that is given, or all that are found.
pub(crate) fn candidates_for(sample: &Sample<'_>, options: &Options) -> Result<Vec<Candidate>> {
    match (&options.field, &options.encoding) {
        (Some(_), Some(_)) => Ok(Vec::new()),
        (Some(field), _) => {
            let fields = std::iter::once(field).chain(&options.bands);
            let pointers = fields.flat_map(Field::alternatives);
            let found = pointers.map(|pointer| candidate(sample, options, pointer.clone()));
            Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        }
        (None, _) => candidates(sample, options),
    }
}

/// Every field of the sample that may hold images.
fn candidates(sample: &Sample<'_>, options: &Options) -> Result<Vec<Candidate>> {
    let mut paths: Vec<Pointer> = Vec::new();
    let mut hits = Hits::default();
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
            if encoding::is_whole(text) {
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
    let plan = plan_for(options, &field.clone().into(), options.encoding.clone());
    let mut decoder = Decoder::new(&plan)?;
    let mut encodings: BTreeMap<String, u64> = BTreeMap::new();
    let mut best: Option<(u8, Encoding)> = None;
    for Sampled { text, base, .. } in &sample.records {
        for item in 0..decoder.find(text).unwrap_or(0).min(64) {
            let encoding = match &options.encoding {
                Some(encoding) => decoder.probe(text, item, *base).ok().map(|_| encoding.clone()),
                None => decoder.classify(text, item),
            };
            let Some(encoding) = encoding else { continue };
            *encodings.entry(encoding.to_string()).or_default() += 1;
            let rank = match encoding {
                Encoding::Path if decoder.probe(text, item, *base).is_ok() => 1,
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
    Ok(best.map(|(rank, encoding)| Candidate { field, encodings, encoding, rank }))
}
