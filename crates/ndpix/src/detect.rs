//! From a sample of records: which field holds the image, how, and what every image becomes.
//!
//! A function of the records and options alone. Every decision is one the decoder would make for
//! each record by itself (`encodings.md` 10.2); here it is made once, and then enforced. Nothing is
//! guessed: none or several candidates is an error that lists what was found.

mod absent;
mod bands;
mod candidates;
mod columns;
mod encoded;
mod kinds;
mod notes;
pub(crate) mod ragged;
mod sample;
mod suggest;
mod survey;
mod uniform;

use crate::encoding::Encoding;
use crate::error::{Error, Result};
use crate::options::{ImagesAs, Options, Ragged, Scale};
use crate::plan::{Place, Plan, Steps, Target};
use crate::record::pointer::{Field, Pointer};

pub(crate) use candidates::{Candidate, candidates_for};
pub(crate) use columns::columns;
pub(crate) use sample::{SAMPLE_BYTES, SAMPLE_RECORDS, Sample};
pub(crate) use suggest::{choices, suggest};
pub(crate) use survey::Survey;

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
    if let Some(field) = options.field.as_ref().filter(|field| field.alternatives().len() > 1) {
        return alternatives(sample, options, field, candidates, plan);
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
    plan.places = vec![place(chosen, options, &mut plan.notes)?];
    Ok(())
}

/// The places of a field with alternatives, each with its own encoding; one that is in no record of the
/// sample is read as each value of it says.
fn alternatives(
    sample: &Sample<'_>,
    options: &Options,
    field: &Field,
    candidates: &[Candidate],
    plan: &mut Plan,
) -> Result<()> {
    if candidates.is_empty() {
        return Err(absent::not_one(sample, options, candidates));
    }
    let mut places = Vec::new();
    for pointer in field.alternatives() {
        places.push(match candidates.iter().find(|c| c.field == *pointer) {
            Some(candidate) => place(candidate, options, &mut plan.notes)?,
            None => Place { field: pointer.clone(), encoding: None },
        });
    }
    plan.places = places;
    Ok(())
}

/// The place of a candidate, with the encoding that is enforced there.
fn place(chosen: &Candidate, options: &Options, notes: &mut Vec<String>) -> Result<Place> {
    if chosen.encoding == Encoding::Url {
        return Err(Error::plan(format!(
            "field {} holds URLs, which ndpix does not fetch; download them and give their paths",
            chosen.field
        )));
    }
    let mut encoding = options.encoding.clone();
    if encoding.is_none() && !options.mixed {
        // Addresses are never read: they are rejects, and no second way to hold images.
        let url = Encoding::Url.to_string();
        let ways: Vec<_> = chosen.encodings.iter().filter(|e| *e.0 != url).collect();
        if let Some(count) = chosen.encodings.get(&url) {
            notes.push(format!(
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
        encoding = Some(chosen.encoding.clone());
    }
    Ok(Place { field: chosen.field.clone(), encoding })
}

/// The plan before the sample is looked at.
pub(crate) fn plan_for(options: &Options, field: &Field, encoding: Option<Encoding>) -> Plan {
    let steps = Steps::new(options);
    let mut raw = options.clone();
    if steps.scale != Scale::None {
        // Lists and bare pixels must be what they are before they can be scaled.
        raw.dtype = None;
    }
    let place = |field: &Pointer| Place { field: field.clone(), encoding: encoding.clone() };
    Plan {
        places: field.alternatives().iter().map(place).collect(),
        bands: Vec::new(),
        columns: Vec::new(),
        target: Target::Each,
        steps,
        formats: options.formats.clone(),
        fill_value: options.fill_value,
        paths: options.paths(),
        limits: options.limits,
        raw,
        notes: Vec::new(),
    }
}

/// Looks at the images of the sample, headers only.
pub(crate) fn survey(sample: &Sample<'_>, plan: &Plan) -> Result<Survey> {
    match plan.bands.is_empty() {
        true => survey::survey(sample, plan),
        false => bands::survey(sample, plan),
    }
}

/// Completes the plan with what the images of the sample become, all together.
pub(crate) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    if !plan.bands.is_empty() {
        return bands::settle(plan, survey, options);
    }
    match (options.images_as, options.ragged) {
        (ImagesAs::Encoded, _) => encoded::settle(plan, survey),
        (_, Ragged::Off) => uniform::settle(plan, survey, options),
        (_, Ragged::Pad | Ragged::Flat) => ragged::settle(plan, survey, options),
    }
}
