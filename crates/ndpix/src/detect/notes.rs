//! What is said of a sample before the work: what is done to its images, and what is not.

use super::kinds::{counted, listed};
use super::survey::Survey;
use crate::dtype::{DType, Depth};
use crate::format::Color;
use crate::options::{Frames, Mode, Options, Scale};
use crate::pixels::color::has_alpha;
use crate::plan::Plan;
use crate::shape::Shape;

/// What is not done to the images, and what is: before the work.
pub(super) fn announce(plan: &mut Plan, survey: &Survey, options: &Options, dtype: DType) {
    let before = [
        orientation(survey, options),
        alpha(plan, survey, options),
        premultiplied(plan, survey),
        rescaled(plan, survey),
        mosaic(survey),
        frames(survey, options),
        numbers(survey, options, dtype),
        floats(plan, survey),
        means(plan, survey),
    ];
    let mut notes: Vec<String> = before.into_iter().flatten().collect();
    notes.extend(plan.steps.said());
    notes.extend(smaller(survey, options, dtype));
    plan.notes.extend(notes);
}

fn orientation(survey: &Survey, options: &Options) -> Option<String> {
    let of = survey.images;
    let turned: u64 = survey.orientations.iter().filter(|o| *o.0 != 1).map(|o| o.1).sum();
    if turned == 0 {
        return None;
    }
    Some(if options.exif_transpose {
        format!("{turned} of {of} images in the sample are turned upright")
    } else {
        format!(
            "{turned} of {of} images in the sample carry an orientation, which is not applied; pass exif_transpose to apply it"
        )
    })
}

fn rescaled(plan: &Plan, survey: &Survey) -> Option<String> {
    let (some, of) = (survey.rescaled, survey.images);
    Some(match (some, plan.steps.rescale) {
        (0, _) => return None,
        (_, true) => {
            format!("the numbers of {some} of {of} images in the sample become quantities")
        }
        (_, false) => format!(
            "{some} of {of} images in the sample say how their numbers become quantities (slope and intercept, or numbers that are blank), which is not applied; pass rescale to apply it"
        ),
    })
}

fn alpha(plan: &Plan, survey: &Survey, options: &Options) -> Option<String> {
    let of = survey.images;
    let alpha = |k: &(Shape, Depth, Color, u8)| has_alpha(k.2);
    let alpha: u64 = survey.kinds.iter().filter(|k| alpha(k.0)).map(|k| k.1).sum();
    if alpha == 0 || options.mode == Mode::P {
        return None;
    }
    let what = match (plan.steps.mode, options.background) {
        (Some(mode), Some(color)) if !has_alpha(mode) => format!("which is blended on {color}"),
        (Some(mode), None) if !has_alpha(mode) => {
            "which is dropped; pass background to blend it on a colour".to_string()
        }
        _ => "which is kept as the last channel".to_string(),
    };
    Some(format!("{alpha} of {of} images in the sample have alpha, {what}"))
}

fn premultiplied(plan: &Plan, survey: &Survey) -> Option<String> {
    let what = if plan.steps.interprets_alpha() {
        "un-multiplied first"
    } else {
        "kept; pass mode to un-multiply them"
    };
    (survey.premultiplied > 0).then(|| {
        format!(
            "{} of {} images in the sample store colours multiplied with alpha, which are {what}",
            survey.premultiplied, survey.images
        )
    })
}

fn mosaic(survey: &Survey) -> Option<String> {
    survey.mosaic.then(|| {
        "images of the sample are mosaics (bayer), one colour a pixel; they stay the planes that they are"
            .to_string()
    })
}

fn frames(survey: &Survey, options: &Options) -> Option<String> {
    let read = match options.frames {
        Frames::Index(n) => format!("only that of index {n}"),
        Frames::First => "only the first".to_string(),
        Frames::All => return None,
    };
    (survey.multi_frame > 0).then(|| {
        format!(
            "{} of {} images in the sample have several frames or pages; {read} is read",
            survey.multi_frame, survey.images
        )
    })
}

/// That numbers of several dtypes come together as they are, or are rounded.
fn numbers(survey: &Survey, options: &Options, dtype: DType) -> Option<String> {
    let stored = counted(&survey.shapes, |k| k.1.to_string());
    let rounded = dtype.is_float() && !survey.shapes.keys().all(|k| k.1.fits(dtype));
    let how = if rounded { ", rounded where it does not hold them" } else { " as they are" };
    // With a shape and no dtype, what is of another dtype is rejected.
    let taken = options.shape.is_none() || options.dtype.is_some();
    (taken && (stored.len() > 1 || rounded) && options.scale == Scale::None).then(|| {
        format!("the images are stored as {}; their numbers become {dtype}{how}", listed(&stored))
    })
}

/// That floats are not scaled with the integers beside them.
fn floats(plan: &Plan, survey: &Survey) -> Option<String> {
    let of_floats = |float| survey.shapes.iter().filter(move |k| k.0.1.dtype.is_float() == float);
    let [floats, integers] = [true, false].map(|f| of_floats(f).map(|k| k.1).sum::<u64>());
    (plan.steps.scale == Scale::Unit && floats > 0 && integers > 0).then(|| {
        format!(
            "{floats} of {} images in the sample are stored as floats, which scale unit leaves as they are",
            survey.images
        )
    })
}

/// That means from 0 to 1 are taken from numbers of another range.
fn means(plan: &Plan, survey: &Survey) -> Option<String> {
    let (means, _) = plan.steps.normalize.values()?;
    if plan.steps.scale != Scale::None || means.iter().any(|&mean| mean > 1.0) {
        return None;
    }
    let depth = survey.shapes.keys().map(|k| k.1).find(|depth| !depth.dtype.is_float())?;
    let range = match (depth.dtype, depth.most()) {
        (DType::Uint8 | DType::Uint16, Some(most)) => format!("0..{most}"),
        _ => format!("the range of {depth}"),
    };
    Some(format!(
        "normalize {} is applied to {range}; pass scale unit for 0..1",
        plan.steps.normalize
    ))
}

/// That number lists would fit a smaller dtype.
fn smaller(survey: &Survey, options: &Options, dtype: DType) -> Option<String> {
    let smaller = survey.smaller.filter(|smaller| smaller.size() < dtype.size())?;
    let as_it_is = options.dtype.is_none()
        && options.scale == Scale::None
        && options.normalize.values().is_none();
    as_it_is.then(|| format!("number lists are read as {dtype}, as NumPy does; in the sample {smaller} would do: pass dtype {smaller}"))
}
