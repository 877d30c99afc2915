//! The plan of a stack: each of its fields is located, surveyed and settled like a field of its own, and
//! then all must fit together. What is said of several bands alike is said once.

use super::candidates::Candidate;
use super::kinds::{conversion, nothing};
use super::sample::{Sample, Sampled};
use super::survey::{Survey, note};
use super::{plan_for, uniform};
use crate::decode::Decoder;
use crate::dtype::Depth;
use crate::error::{Error, ErrorKind, Position, Result};
use crate::format::Color;
use crate::options::{Options, Stack};
use crate::pixels::stack;
use crate::plan::{Plan, Steps, Target};
use crate::record::pointer::Field;
use crate::shape::Shape;

/// The options of one band.
fn options_of(options: &Options, field: &Field) -> Options {
    Options { field: Some(field.clone()), bands: Vec::new(), stack: Stack::Off, ..options.clone() }
}

/// As [`super::locate`] for every band.
pub(super) fn locate(
    sample: &Sample<'_>,
    options: &Options,
    candidates: &[Candidate],
    plan: &mut Plan,
) -> Result<()> {
    plan.bands.clear();
    for field in options.field.iter().chain(&options.bands) {
        let own: Vec<_> = candidates
            .iter()
            .filter(|c| field.alternatives().contains(&c.field))
            .cloned()
            .collect();
        let options = options_of(options, field);
        let mut band = plan_for(&options, field, options.one_encoding().cloned());
        // What is under way is counted together.
        band.paths.fetcher = plan.paths.fetcher.clone();
        super::locate(sample, &options, &own, None, &mut band)?;
        plan.bands.push(band);
    }
    Ok(())
}

/// As [`super::survey`]: counts records, and the images of records in which all bands are sound.
pub(super) fn survey(sample: &Sample<'_>, plan: &Plan) -> Result<Survey> {
    let mut decoder = Decoder::new(plan)?;
    decoder.look_ahead(sample.records.iter().map(|record| record.text));
    let mut bands: Vec<Survey> = plan.bands.iter().map(|_| Survey::default()).collect();
    let mut all = Survey::default();
    for Sampled { text, base, position, .. } in &sample.records {
        let at = || Position { item: 0, ..position.clone() };
        match decoder.find(text) {
            Ok(0) => all.missing += 1,
            Err(error) => all.rejects.push(error.at(at())),
            Ok(_) => {
                all.images += 1;
                let probed = decoder.probe_bands(text, *base, |n, found, payload| {
                    bands[n].images += 1;
                    note(&mut bands[n], found, payload, plan);
                    note(&mut all, found, payload, plan);
                });
                if let Err(error) = probed {
                    all.images -= u64::from(error.kind() == ErrorKind::Json);
                    all.rejects.push(error.at(at()));
                }
            }
        }
    }
    all.bands = bands;
    Ok(all)
}

/// As [`super::settle`]: completes the plan of every band, and that of all together.
pub(super) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    if survey.kinds.is_empty() && !survey.rejects.is_empty() {
        return Err(nothing(survey));
    }
    let mut notes: Vec<(String, Vec<String>)> = Vec::new();
    let mut rows: Vec<(String, Shape, Depth)> = Vec::new();
    let fields = options.field.iter().chain(&options.bands);
    for ((band, survey), field) in plan.bands.iter_mut().zip(&survey.bands).zip(fields) {
        let name = format!("{field:#}");
        let options = options_of(options, field);
        band.steps = Steps::new(&options);
        band.notes.clear();
        uniform::settle(band, survey, &options)
            .map_err(|e| e.within(format_args!("band {name}")))?;
        for text in &band.notes {
            match notes.iter_mut().find(|n| n.0 == *text) {
                Some(known) => known.1.push(name.clone()),
                None => notes.push((text.clone(), vec![name.clone()])),
            }
        }
        if let Target::Stack { shape, dtype, .. } = band.target {
            let bits = band.steps.bits.unwrap_or(Depth::of(dtype).bits);
            rows.push((name, shape, Depth { dtype, bits }));
        }
    }
    let listed = |text: &dyn Fn(&(String, Shape, Depth)) -> String| {
        rows.iter().map(|r| format!("{} {}", r.0, text(r))).collect::<Vec<_>>().join(", ")
    };
    let shapes: Vec<Shape> = rows.iter().map(|r| r.1).collect();
    let shape = stack::shape(&plan.steps, &shapes).map_err(|_| {
        Error::plan(format!(
            "the bands do not fit together ({}); pass size and fit to bring all to one size, mode to give all the same channels",
            listed(&|r| r.1.to_string())
        ))
    })?;
    let dtype = match rows.first() {
        Some(first) if rows.iter().all(|r| r.2 == first.2) => first.2.dtype,
        _ => {
            return Err(Error::plan(format!(
                "the bands differ in dtype ({}); {}",
                listed(&|r| r.2.to_string()),
                conversion(rows.iter().map(|r| r.2))
            )));
        }
    };
    shape.bytes(dtype)?;
    plan.target = Target::Stack { shape, dtype, color: Color::Samples };
    let count = rows.len();
    plan.notes.extend(notes.into_iter().map(|(text, of)| match of.len() == count {
        true => text,
        false => format!("band {}: {text}", of.join(", ")),
    }));
    plan.notes.extend(plan.steps.stacking());
    if let Some(error) = survey.rejects.first() {
        let (bad, of) = (survey.rejects.len(), sum(survey));
        plan.notes.push(format!(
            "{bad} of {of} records in the sample will be rejected: {}",
            error.message()
        ));
    }
    Ok(())
}

/// Records of the sample that are not without image.
fn sum(survey: &Survey) -> u64 {
    let unreadable = survey.rejects.iter().filter(|e| e.kind() == ErrorKind::Json).count();
    survey.images + unreadable as u64
}
