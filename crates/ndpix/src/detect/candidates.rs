//! How the fields that are named hold images, by the sample.

use std::collections::BTreeMap;

use super::plan_for;
use super::sample::{Sample, Sampled};
use crate::decode::Decoder;
use crate::encoding::Encoding;
use crate::error::Result;
use crate::options::Options;
use crate::record::pointer::{Field, Pointer};

/// A field that may hold images.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) field: Pointer,
    /// How its values hold images, with the number of values in the sample.
    pub(crate) encodings: BTreeMap<String, u64>,
    pub(super) encoding: Option<Encoding>,
    /// Records of the sample that have it.
    pub(crate) records: u64,
    /// What its best value is; `None` where the field was named and nothing was weighed.
    pub(crate) said: Option<String>,
    /// Whether its values are objects of bytes or a path: either is read.
    pub(super) either: bool,
}

/// How the fields that the options name hold images.
pub(crate) fn candidates_for(sample: &Sample<'_>, options: &Options) -> Result<Vec<Candidate>> {
    if !options.encoding.is_empty() {
        return Ok(Vec::new());
    }
    let fields = options.field.iter().chain(&options.bands);
    let pointers = fields.flat_map(Field::alternatives);
    let found = pointers.map(|pointer| candidate(sample, options, pointer.clone()));
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Whether this field holds images, and how.
fn candidate(sample: &Sample<'_>, options: &Options, field: Pointer) -> Result<Option<Candidate>> {
    let plan = plan_for(options, &field.clone().into(), None);
    let mut decoder = Decoder::new(&plan)?;
    let mut encodings: BTreeMap<String, u64> = BTreeMap::new();
    let mut encoding: Option<Encoding> = None;
    let mut records = 0;
    let mut either = false;
    for Sampled { text, .. } in &sample.records {
        let before: u64 = encodings.values().sum();
        for item in 0..decoder.find(text).unwrap_or(0).min(64) {
            let Some(found) = decoder.classify(text, item) else { continue };
            *encodings.entry(found.to_string()).or_default() += 1;
            either |= decoder.is_either(item);
            if encoding.as_ref().is_none_or(|known| *known == Encoding::Url) {
                encoding = Some(found);
            }
        }
        records += u64::from(encodings.values().sum::<u64>() > before);
    }
    let is_one = encoding.is_some();
    Ok(is_one.then_some(Candidate { field, encodings, encoding, records, said: None, either }))
}
