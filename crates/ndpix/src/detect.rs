//! From a sample of records: which field holds the image, how, and what every image becomes.
//!
//! A function of the records and options alone. Every decision is one the decoder would make for
//! each record by itself (`encodings.md` 10.2); here it is made once, and then enforced. Nothing is
//! guessed: none or several candidates is an error that lists what was found.

mod absent;
mod arrays;
mod bands;
mod candidates;
mod classes;
mod columns;
mod decide;
mod drawings;
mod encoded;
mod findings;
mod glance;
mod grade;
mod graded;
mod inside;
mod kinds;
mod leaves;
mod near;
mod notes;
mod numbers;
pub(crate) mod ragged;
mod refusal;
mod sample;
mod sources;
mod strange;
mod suggest;
mod survey;
mod texts;
mod topics;
mod uniform;
mod watch;
mod words;

use std::sync::Arc;

use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::{Error, Remedy, Result, counted, quote};
use crate::options::{IMAGES, ImagesAs, Merge, OnMissing, Options, Ragged, Resample, Scale};
use crate::plan::{Place, Plan, Raw, Steps, Target};
use crate::record::filter::Filter;
use crate::record::pointer::{Field, Pointer};

pub(crate) use arrays::{further, settle_further};
pub(crate) use candidates::{Candidate, candidates_for};
pub(crate) use classes::classes;
pub(crate) use columns::columns;
use decide::Decision;
pub(crate) use findings::{Findings, find};
pub(crate) use sample::{SAMPLE_BYTES, SAMPLE_RECORDS, Sample};
pub(crate) use suggest::{choices, suggest};
pub(crate) use survey::Survey;
pub(crate) use topics::topics;
pub(crate) use watch::Watcher;

/// Refuses a sample with numbers that JSON does not have, once instead of record by record; where nothing is
/// learned from the sample its records are judged as all others.
pub(crate) fn refuse_nan(sample: &Sample<'_>, options: &Options) -> Result<()> {
    let shaped = options.shape.is_some() && options.dtype.is_some();
    if shaped && options.field.is_some() { Ok(()) } else { absent::not_a_number(sample, options) }
}

/// Refuses a condition whose field no record that was looked at has; `is_end`: there are no more of them.
pub(crate) fn refuse_unmet(filter: &Filter, is_end: bool) -> Result<()> {
    let Some(condition) = filter.unmet(is_end).filter(|_| filter.seen() > 0) else { return Ok(()) };
    Err(Error::plan(format!(
        "where {}: field {:#} is {}; {}",
        quote(condition.to_string().as_bytes()),
        condition.field,
        absent::in_none(filter.seen()),
        near::hint(filter.first(), &condition.field)
    )))
}

/// The program or service whose records these are, where their keys leave no doubt.
pub(crate) fn source(sample: &Sample<'_>) -> Option<&'static str> {
    sources::recognise(sample.records.iter().map(|record| record.text))
}

/// Decides where images stand and how they are held: as the options say, or by what was found. What is drawn is
/// resized by the nearest pixel where nothing else is asked for: its numbers are classes, which have none between.
pub(crate) fn locate(
    sample: &Sample<'_>,
    options: &Options,
    candidates: &[Candidate],
    findings: Option<&Findings>,
    plan: &mut Plan,
) -> Result<()> {
    place_images(sample, options, candidates, findings, plan)?;
    resize_drawn(options, plan);
    Ok(())
}

/// See [`locate`].
fn resize_drawn(options: &Options, plan: &mut Plan) {
    let drawn = |place: &Place| place.encoding.as_ref().is_some_and(Encoding::is_drawn);
    if let (Some(resize), None) = (&mut plan.steps.resize, options.resample)
        && (plan.places.iter().any(drawn) || plan.merge != Merge::Off)
    {
        resize.resample = Resample::Nearest;
    }
}

/// Where images stand and how they are held.
fn place_images(
    sample: &Sample<'_>,
    options: &Options,
    candidates: &[Candidate],
    findings: Option<&Findings>,
    plan: &mut Plan,
) -> Result<()> {
    let shaped = options.shape.is_some() && options.dtype.is_some();
    if !options.bands.is_empty() {
        return bands::locate(sample, options, candidates, plan);
    }
    if sample.records.is_empty() && shaped {
        return Ok(());
    }
    let Some(field) = &options.field else {
        return match findings {
            Some(findings) => found(sample, options, findings, plan),
            None => Err(absent::no_records(options)),
        };
    };
    plan.watch = watch::beside(field).map(Arc::new);
    if !options.encoding.is_empty() {
        return Ok(());
    }
    if let ([pointer], Some(encoding)) =
        (field.alternatives(), drawn(sample, field, options.raw_shape.is_some())?)
    {
        plan.places = vec![Place { field: pointer.clone(), encoding: Some(encoding) }];
        return Ok(());
    }
    if options.mixed {
        return Ok(());
    }
    // With nothing to learn it from each record says how it holds its image.
    if candidates.is_empty() && shaped {
        return Ok(());
    }
    if field.alternatives().len() > 1 {
        return alternatives(sample, options, field, candidates, plan);
    }
    let [chosen] = candidates else {
        let inside = |pointer| inside::named(sample, pointer, &options.limits);
        let Some((field, encoding)) = field.alternatives().first().and_then(inside) else {
            return Err(strange::or(sample, options, || absent::unread(sample, options, field)));
        };
        plan.places = vec![Place { field, encoding: Some(encoding) }];
        return Ok(());
    };
    plan.places = vec![place(chosen, options, &mut plan.notes)?];
    Ok(())
}

/// How a named field is drawn, where its values say how an image is drawn and are no pixels. `sized`: the size of its image
/// is known.
///
/// # Errors
/// Kind `plan` where nothing says how large its image is, and for one of several fields.
fn drawn(sample: &Sample<'_>, field: &Field, sized: bool) -> Result<Option<Encoding>> {
    let drawing = |pointer| Some((pointer, drawings::named(sample, pointer)?));
    let Some((pointer, drawing)) = field.alternatives().iter().find_map(drawing) else {
        return Ok(None);
    };
    let refused = |said: String| {
        Error::plan(format!(
            "field {pointer:#} holds {said}; pass encoding list to read its numbers as they are, where all its lists have one length"
        ))
    };
    match drawing.readable(sized) {
        Ok(encoding) if field.alternatives().len() == 1 => Ok(Some(encoding)),
        Ok(encoding) => Err(refused(format!(
            "{encoding}, which is drawn, and that only where it is the one field; pass encoding {encoding} where all of them do"
        ))),
        Err(said) => Err(refused(format!("{said}; pass raw_shape H,W, which does"))),
    }
}

/// The places that were found, or why none is read.
fn found(
    sample: &Sample<'_>,
    options: &Options,
    findings: &Findings,
    plan: &mut Plan,
) -> Result<()> {
    if sample.records.is_empty() {
        return Err(absent::no_records(options));
    }
    let groups = match decide::decide(findings) {
        Decision::Read(groups) => groups,
        Decision::Refuse(refusal) => {
            let why = || refusal::error(&refusal, findings, sample, &plan.paths);
            return Err(strange::or(sample, options, why));
        }
    };
    let mut places = Vec::new();
    for &member in groups.iter().flat_map(|group| &group.members) {
        let candidate = &findings.all[member].as_named();
        places.push(match candidate.encoding {
            // An address beside other ways to hold the image: a reject where it stands alone.
            Some(Encoding::Url) if !options.fetches() => {
                Place { field: candidate.field.clone(), encoding: candidate.encoding.clone() }
            }
            _ => place(candidate, options, &mut plan.notes)?,
        });
        plan.notes.extend(findings.all[member].said_of_numbers());
    }
    plan.places = places;
    plan.watch =
        Some(Arc::new(watch::watch(findings, &groups, sample.records.last().map(|r| r.place))));
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
        return Err(strange::or(sample, options, || absent::unread(sample, options, field)));
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
    let Some(known) =
        chosen.encoding.as_ref().filter(|e| **e != Encoding::Url || options.fetches())
    else {
        return Err(Error::plan(format!(
            "field {:#} holds URLs, which are not fetched; pass fetch https, or download them and give their paths",
            chosen.field
        )));
    };
    let mut encoding = options.one_encoding().cloned();
    if options.encoding.is_empty() && !options.mixed {
        // Addresses that are not fetched are rejects, and no second way to hold images.
        let url = Encoding::Url.to_string();
        let ways: Vec<_> =
            chosen.encodings.iter().filter(|e| *e.0 != url || options.fetches()).collect();
        if let Some(count) = chosen.encodings.get(&url).filter(|_| !options.fetches()) {
            notes.push(format!(
                "{}, not fetched and to be rejected",
                counted(
                    *count,
                    "value of the sample is an address",
                    "values of the sample are addresses"
                )
            ));
        }
        if ways.len() > 1 && chosen.either {
            return Ok(Place { field: chosen.field.clone(), encoding: None });
        }
        if ways.len() > 1 {
            return Err(several_ways(&chosen.field, &ways));
        }
        encoding = Some(known.clone());
    }
    Ok(Place { field: chosen.field.clone(), encoding })
}

/// The refusal of a field whose values hold images in these ways, so often each.
fn several_ways(field: &Pointer, ways: &[(&String, &u64)]) -> Error {
    let seen: Vec<_> = ways.iter().map(|(name, n)| format!("{name} ({n})")).collect();
    let with = |name, value: &str| vec![("field", field.to_string()), (name, value.to_string())];
    let each = Remedy::new("each record as it is", with("mixed", "true"));
    let one =
        |(name, _): &(&String, &u64)| Remedy::new(format!("{name} alone"), with("encoding", name));
    let remedies = std::iter::once(each).chain(ways.iter().map(one)).collect();
    Error::plan(format!(
        "field {field:#} holds images in several ways: {}; pass mixed to decide for each record, or encoding to take one",
        seen.join(", ")
    ))
    .with_remedies(remedies)
}

/// The plan before the sample is looked at.
pub(crate) fn plan_for(options: &Options, field: &Field, encoding: Option<Encoding>) -> Plan {
    let steps = Steps::new(options);
    let mut raw = Raw::new(options);
    if steps.scale != Scale::None {
        // Lists and bare pixels must be what they are before they can be scaled.
        raw.dtype = None;
    }
    let place = |field: &Pointer| Place { field: field.clone(), encoding: encoding.clone() };
    Plan {
        places: field.alternatives().iter().map(place).collect(),
        bands: Vec::new(),
        merge: options.merge,
        classes: (!options.classes.is_empty()).then(|| options.classes.clone()),
        name: IMAGES.into(),
        arrays: Vec::new(),
        conditions: options.conditions.clone(),
        columns: Vec::new(),
        target: Target::Each,
        steps,
        formats: options.formats.clone(),
        fill_value: options.fill_value,
        paths: options.paths(),
        limits: options.limits,
        raw,
        fills_missing: options.on_missing == OnMissing::Fill,
        watch: None,
        notes: Vec::new(),
    }
}

/// Looks at the images of the sample: at their headers, and at all of each where these would make several kinds of rows,
/// as one that will be rejected has no say in what the others become.
pub(crate) fn survey(sample: &Sample<'_>, plan: &Plan) -> Result<Survey> {
    if !plan.bands.is_empty() {
        return bands::survey(sample, plan);
    }
    let found = survey::survey(sample, plan, false)?;
    // What is fetched is not asked for twice.
    if kinds::outcomes(&found, &plan.steps).0.len() < 2 || plan.paths.rules.fetches() {
        return Ok(found);
    }
    let whole = survey::survey(sample, plan, true)?;
    Ok(if whole.kinds.is_empty() { found } else { whole })
}

/// Completes the plan with what the images of the sample become, all together.
pub(crate) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    if !plan.bands.is_empty() {
        return bands::settle(plan, survey, options);
    }
    if survey.promoted {
        plan.raw.dtype = Some(DType::Float64);
        plan.notes.push(
            "some number lists hold integers and others floats; all are read as float64"
                .to_string(),
        );
    }
    match (options.images_as, options.ragged) {
        (ImagesAs::Encoded, _) => encoded::settle(plan, survey),
        (_, Ragged::Off) => uniform::settle(plan, survey, options),
        (_, Ragged::Pad | Ragged::Flat) => ragged::settle(plan, survey, options),
    }
}
