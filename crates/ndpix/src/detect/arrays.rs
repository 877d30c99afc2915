//! The plans of further arrays: each is located and settled like a field of its own, with the options that it has for
//! itself; what is surveyed of it stands beside an image of the first.

use super::candidates::candidates_for;
use super::sample::{Sample, Sampled};
use super::survey::{Survey, note, promote};
use super::{drawn, locate, plan_for, resize_drawn, uniform};
use crate::decode::{Decoder, Found};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Remedy, Result};
use crate::format::{self, Color};
use crate::options::{ArrayOption, Merge, Mode, Options, Resample};
use crate::plan::{ArrayPlan, Place, Plan};

/// Decides where the images of the further arrays stand and how they are held.
pub(crate) fn further(sample: &Sample<'_>, options: &Options, plan: &mut Plan) -> Result<()> {
    plan.arrays.clear();
    for array in options.others() {
        let own = options.of_array(array)?;
        let placed = place(sample, &own, plan).map_err(|e| of_array(options, array, e))?;
        plan.arrays.push(ArrayPlan { name: array.name.clone(), plan: placed });
    }
    Ok(())
}

fn place(sample: &Sample<'_>, own: &Options, lead: &Plan) -> Result<Plan> {
    let field = own.field.clone().unwrap_or_default();
    let mut plan = plan_for(own, &field, own.one_encoding().cloned());
    // What is under way is counted together.
    plan.paths.fetcher = lead.paths.fetcher.clone();
    // What is drawn is as large as the image beside it.
    let drawing = if own.encoding.is_empty() { drawn(sample, &field, true)? } else { None };
    match (field.alternatives(), drawing) {
        ([pointer], Some(encoding)) => {
            plan.places = vec![Place { field: pointer.clone(), encoding: Some(encoding) }];
            resize_drawn(own, &mut plan);
        }
        _ => {
            let candidates = candidates_for(sample, own)?;
            locate(sample, own, &candidates, None, &mut plan)?;
        }
    }
    plan.watch = None;
    Ok(plan)
}

/// Completes the plans of the further arrays by the images of the sample that go with one of the first.
pub(crate) fn settle_further(
    sample: &Sample<'_>,
    options: &Options,
    plan: &mut Plan,
) -> Result<()> {
    if plan.arrays.is_empty() {
        return Ok(());
    }
    let surveys = survey(sample, plan)?;
    for ((array, asked), (mut survey, palettes)) in
        plan.arrays.iter_mut().zip(options.others()).zip(surveys)
    {
        let own = options.of_array(asked)?;
        promote(&mut survey, &array.plan);
        if survey.promoted {
            array.plan.raw.dtype = Some(DType::Float64);
        }
        refuse_blending(&array.plan, (&survey, palettes), asked, &own).map_err(|e| {
            let remedies = e.remedies().iter().map(|remedy| instead(options, asked, remedy));
            let remedies = remedies.collect();
            e.with_remedies(remedies)
        })?;
        uniform::settle(&mut array.plan, &survey, &own).map_err(|e| of_array(options, asked, e))?;
    }
    Ok(())
}

/// What the images of each array are, of records whose image can be read, and how many of them have a palette.
fn survey(sample: &Sample<'_>, plan: &Plan) -> Result<Vec<(Survey, u64)>> {
    let mut decoder = Decoder::new(plan)?;
    decoder.look_ahead(sample.records.iter().map(|record| record.text));
    let mut all: Vec<(Survey, u64)> = plan.arrays.iter().map(|_| Default::default()).collect();
    let has_palette = |found: &Found, payload: &[u8]| {
        let indices = |format| format::indices_info(format, payload, &plan.limits);
        // What is gray without them has indices that are its samples.
        found.info.color != Color::Gray && found.format.is_some_and(|f| indices(f).is_ok())
    };
    for Sampled { text, base, position, .. } in &sample.records {
        for item in 0..decoder.find(text).unwrap_or(0) {
            let Ok(lead) = decoder.probe(text, item, *base) else { continue };
            let mut seen = 0;
            let probed =
                decoder.probe_arrays(text, (item, &lead), *base, |number, found, payload| {
                    seen = number + 1;
                    let (survey, palettes) = &mut all[number];
                    survey.images += 1;
                    *palettes += u64::from(has_palette(found, payload));
                    note(survey, found, payload, &plan.arrays[number].plan);
                });
            if let (Err(error), Some((survey, _))) = (probed, all.get_mut(seen)) {
                survey.images += u64::from(error.kind() != ErrorKind::Json);
                survey.rejects.push(error.at(position.clone()));
            }
        }
    }
    Ok(all)
}

/// Refuses to blend what may be numbers of classes, where nothing says whether that is meant.
fn refuse_blending(
    plan: &Plan,
    (survey, palettes): (&Survey, u64),
    array: &ArrayOption,
    own: &Options,
) -> Result<()> {
    let kinds = || survey.kinds.keys();
    let ask = |what: &str, settings: [(&'static str, &str); 2]| {
        let remedies = settings.map(|(option, value)| {
            Remedy::new(format!("{option} {value}"), vec![(option, value.to_string())])
        });
        let [(option, first), (_, second)] = settings;
        Err(Error::plan(format!(
            "array {} {what}; write {array},{option}={first} or {array},{option}={second}",
            array.name
        ))
        .with_remedies(remedies.into()))
    };
    if palettes > 0 && own.mode == Mode::Auto {
        return ask(
            "holds images with a palette, whose numbers may be classes and whose colours may be what is meant",
            [("mode", "P"), ("mode", "RGB")],
        );
    }
    let drawn = plan.places.iter().any(|p| p.encoding.as_ref().is_some_and(|e| e.is_drawn()));
    let integers = kinds().any(|kind| !kind.1.dtype.is_float() && kind.2 == Color::Gray);
    let free = drawn || own.merge != Merge::Off;
    if own.size.is_some() && !free && !array.sets("resample") && (integers || own.mode == Mode::P) {
        return ask(
            "holds images of one channel, which may be numbers of classes, and those are not blended by a resize",
            [("resample", Resample::Nearest.name()), ("resample", Resample::Bilinear.name())],
        );
    }
    Ok(())
}

/// The error of an array, with its name; what it says of options is said of those of the array.
fn of_array(options: &Options, array: &ArrayOption, error: Error) -> Error {
    let remedies = error.remedies().iter().map(|remedy| instead(options, array, remedy));
    let remedies = remedies.collect();
    error.within(format_args!("array {}", array.name)).with_remedies(remedies)
}

/// A remedy with its options as those of one array, beside the others that are asked for.
fn instead(options: &Options, array: &ArrayOption, remedy: &Remedy) -> Remedy {
    let mut mended = array.clone();
    for (name, value) in &remedy.options {
        match (*name, value.parse()) {
            ("field", Ok(field)) => mended.field = field,
            _ => mended.settings.push((*name, value.clone())),
        }
    }
    let all = options.arrays.iter().map(|other| {
        let text = if other == array { mended.to_string() } else { other.to_string() };
        ("array", text)
    });
    Remedy::new(remedy.what.clone(), all.collect())
}
