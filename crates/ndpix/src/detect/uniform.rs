//! The plan of images that are all alike: from what those of the sample are to the shape and dtype of the array.
//!
//! What loses nothing is decided here and said; where anything would be lost, the run ends with what was
//! found and the options that would fit.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::kinds::{
    Look, counted, keep_range, listed, nothing, outcomes, refuse_padding, several, united,
};
use super::notes::announce;
use super::survey::Survey;
use crate::dtype::{DType, Depth};
use crate::error::{self, Error, Result};
use crate::format::Color;
use crate::options::{Fit, Frames, Options};
use crate::pixels;
use crate::pixels::fit::same_aspect;
use crate::pixels::steps;
use crate::plan::{Plan, Steps, Target};
use crate::shape::Shape;

/// Completes the plan with the shape, dtype and color that the sample allows.
pub(super) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    if options.fit == Some(Fit::Contain) {
        return Err(Error::options(
            "fit contain gives images of differing sizes; pass ragged pad or flat to hold them, or fit pad or crop for images of one size",
        ));
    }
    let steps = &plan.steps;
    if options.size.is_some() && options.fit.is_none() {
        refuse_aspects(survey, steps)?;
    }
    let (kinds, refused) = outcomes(survey, steps);
    if let (true, Some((error, _))) = (kinds.is_empty() && options.shape.is_none(), refused.first())
    {
        return Err(Error::plan(error.message()));
    }
    let frames = frames(survey, steps, options.shape.is_some())?;
    let row_shape = |shape: Shape| steps::row_shape(shape, frames, steps);
    let one = united(kinds.keys().map(|k| (k.0, k.2)));
    let dtypes = counted(&kinds, |k| k.1.to_string());
    let (shape, depth, color) = match (options.shape, one) {
        (Some(shape), _) => asked_for(shape, &kinds, options.dtype, steps.mode, |k| {
            row_shape(k.0).is_ok_and(|s| s == shape)
        })
        .ok_or_else(|| nothing(survey))?,
        (None, _) if kinds.is_empty() => without_sample(options).ok_or_else(|| nothing(survey))?,
        (None, Some((shape, color))) if dtypes.len() == 1 => {
            let depth = kinds.keys().next().map(|k| k.1);
            (row_shape(shape)?, depth.ok_or_else(|| nothing(survey))?, color)
        }
        (None, one) => {
            return Err(Error::plan(several(&kinds, survey.rejects.len(), one.is_some())));
        }
    };
    let dtype = depth.dtype;
    if shape.bytes(dtype)? == 0 {
        return Err(Error::plan(format!("images of shape {shape} hold nothing")));
    }
    refuse_padding(survey, steps)?;
    let is_taken = |s| options.shape.is_none_or(|all| s == all);
    keep_range(&mut plan.steps, survey, depth, is_taken)?;
    plan.target = Target::Stack { shape, dtype, color };
    plan.notes.extend(deviations(survey, &kinds, &refused, (shape, depth, color), options));
    announce(plan, survey, options, dtype);
    Ok(())
}

/// The shape that is asked for, with the dtype and color of the images that have it.
fn asked_for(
    shape: Shape,
    kinds: &BTreeMap<Look, u64>,
    dtype: Option<DType>,
    mode: Option<Color>,
    has_it: impl Fn(&Look) -> bool,
) -> Option<Look> {
    // Those of the shape that is asked for have a say before all others.
    let of = |fit: &dyn Fn(&Look) -> bool| {
        kinds.iter().filter(|k| fit(k.0)).min_by_key(|k| Reverse(k.1)).map(|k| k.0.1)
    };
    let asked = dtype.map(Depth::of);
    let depth = asked.or_else(|| of(&has_it)).or_else(|| of(&|_| true))?;
    let known = kinds.keys().find(|k| has_it(k)).map(|k| k.2);
    let color = known.or(mode).unwrap_or(match shape[..] {
        [_, _] => Color::Gray,
        [_, _, 2] => Color::GrayAlpha,
        [_, _, 3] => Color::Rgb,
        [_, _, 4] => Color::Rgba,
        _ => Color::Samples,
    });
    Some((shape, depth, color))
}

/// What is said of images that will be rejected or promoted.
fn deviations(
    survey: &Survey,
    kinds: &BTreeMap<Look, u64>,
    refused: &[(Error, u64)],
    (shape, depth, color): Look,
    options: &Options,
) -> Vec<String> {
    let of = survey.images;
    let mut notes = Vec::new();
    if let Some((error, count)) = refused.first() {
        notes.push(format!(
            "{count} of {of} images in the sample will be rejected: {}",
            error.message()
        ));
    }
    let others: u64 = kinds.iter().filter(|k| k.0.1 != depth).map(|k| k.1).sum();
    if others > 0 {
        notes.push(format!(
            "{others} of {of} images in the sample are not {depth} and will be rejected"
        ));
    }
    let promoted = kinds.keys().any(|k| k.1 == depth && k.2 != color);
    if promoted && options.shape.is_none() {
        notes
            .push(format!("images of fewer channels are promoted to {shape}, which loses nothing"));
    }
    notes
}

/// The frames of every image, where all are read.
fn frames(survey: &Survey, steps: &Steps, shape_given: bool) -> Result<u32> {
    let most = survey.frames.iter().max_by_key(|f| f.1).map_or(1, |f| *f.0);
    if steps.frames != Frames::All || survey.frames.len() < 2 || shape_given {
        return Ok(most);
    }
    let counts: Vec<_> = survey
        .frames
        .iter()
        .map(|(f, n)| (error::counted(u64::from(*f), "frame", "frames"), *n))
        .collect();
    Err(Error::plan(format!(
        "the images differ in their number of frames ({}); pass frames first or index:N to read one of each",
        listed(&counts)
    )))
}

/// The target that size, mode and dtype fix, where the sample has no image.
fn without_sample(options: &Options) -> Option<Look> {
    let steps = Steps::new(options);
    let (color, size) = (steps.mode?, options.size?);
    let shape = Shape::image(size.height, size.width, pixels::channels(color));
    // How many frames there would be only a sample can say.
    let shape = (steps.frames != Frames::All).then(|| steps::row_shape(shape, 1, &steps))?.ok()?;
    Some((shape, Depth::of(options.dtype?), color))
}

/// Refuses a size that would distort images of the sample, where nothing says that it may.
fn refuse_aspects(survey: &Survey, steps: &Steps) -> Result<()> {
    let Some(resize) = &steps.resize else { return Ok(()) };
    let mut others = survey.sizes(steps.transpose);
    others.retain(|(from, _)| !same_aspect((from.height, from.width), resize.size));
    if others.is_empty() {
        return Ok(());
    }
    let count: u64 = others.iter().map(|o| o.1).sum();
    let sizes: Vec<_> = others.iter().map(|(size, n)| (size.to_string(), *n)).collect();
    Err(Error::plan(format!(
        "{count} of {} images in the sample have another aspect than size {} ({}); pass fit stretch to distort them, crop to cut them, or pad to keep all of them",
        survey.images,
        resize.size,
        listed(&sizes)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::plan_for;

    const GRAY: Look = (image(24, 32, 1), Depth::of(DType::Uint8), Color::Gray);
    const RGB: Look = (image(24, 32, 3), Depth::of(DType::Uint8), Color::Rgb);
    const DEEP: Look = (image(24, 32, 3), Depth::of(DType::Uint16), Color::Rgb);
    const TEN: Look = (image(24, 32, 3), Depth { dtype: DType::Uint16, bits: 10 }, Color::Rgb);
    const WIDE: Look = (image(24, 32, 1), Depth::of(DType::Int32), Color::Gray);
    const LOW: Look = (image(20, 32, 3), Depth::of(DType::Uint8), Color::Rgb);
    const ARRAY: Look = (image(24, 32, 3), Depth::of(DType::Uint8), Color::Samples);

    const fn image(h: usize, w: usize, c: usize) -> Shape {
        Shape::image(h, w, c)
    }

    /// The target of a sample that holds each kind so many times, or what is said instead.
    fn check(kinds: &[(Look, u64)], options: &Options) -> Result<Look, String> {
        let upright = kinds.iter().map(|((s, d, c), n)| ((*s, *d, *c, 1), *n));
        let survey = Survey { kinds: upright.collect(), ..Survey::default() };
        let mut plan = plan_for(options, &options.field.clone().unwrap_or_default(), None);
        settle(&mut plan, &survey, options).map_err(|e| e.message().to_string())?;
        match plan.target {
            Target::Stack { shape, dtype, color } => Ok((shape, Depth::of(dtype), color)),
            _ => Err("no target".to_string()),
        }
    }

    fn with(shape: Option<&str>, dtype: Option<DType>) -> Options {
        Options { shape: shape.map(|s| s.parse().expect("shape")), dtype, ..Options::default() }
    }

    #[test]
    fn what_loses_nothing_is_decided() {
        let none = with(None, None);
        assert_eq!(check(&[(RGB, 2)], &none), Ok(RGB));
        assert_eq!(check(&[(GRAY, 1), (RGB, 2)], &none), Ok(RGB));
        // A dtype that is asked for is what all become.
        let deep = with(None, Some(DType::Uint16));
        assert_eq!(check(&[(GRAY, 9), (RGB, 2), (DEEP, 1)], &deep), Ok(DEEP));
        // A shape takes the dtype of those that have it.
        let of = |shape| with(Some(shape), None);
        assert_eq!(check(&[(GRAY, 9), (DEEP, 1)], &of("24,32,3")), Ok(DEEP));
        assert_eq!(check(&[(RGB, 1), (DEEP, 3)], &of("24,32,3")), Ok(DEEP));
        assert_eq!(check(&[(LOW, 1), (RGB, 3)], &of("20,32,3")), Ok(LOW));
    }

    #[test]
    fn what_differs_is_said_with_what_would_fit() {
        let said = |kinds: &[(Look, u64)]| check(kinds, &with(None, None)).expect_err("no plan");
        for (kinds, found, advice) in [
            (
                &[(RGB, 3), (DEEP, 1)][..],
                "differ in dtype (uint8: 3; uint16: 1)",
                "pass dtype uint16 and scale full to",
            ),
            (&[(GRAY, 3), (DEEP, 4)], "differ in dtype (uint16: 4; uint8: 3)", "scale full"),
            (
                &[(RGB, 3), (LOW, 4)],
                "differ in shape ((20, 32, 3): 4; (24, 32, 3): 3)",
                "or shape 20,32,3 to",
            ),
            (
                &[(LOW, 3), (DEEP, 1)],
                "differ in shape and dtype ((20, 32, 3) uint8: 3; (24, 32, 3) uint16: 1)",
                "pass size 20,32 and fit",
            ),
            (
                &[(DEEP, 3), (TEN, 1)],
                "differ in the bits of their numbers (uint16: 3; uint16 of 10 bits: 1)",
                "pass dtype uint16 and scale full to bring all to its range, or dtype uint16 alone to",
            ),
            (
                &[(GRAY, 3), (WIDE, 1)],
                "differ in dtype (uint8: 3; int32: 1)",
                "pass dtype int32 to take the numbers as they are",
            ),
            (
                &[(RGB, 3), (ARRAY, 1)],
                "channels are not the same (rgb: 3; samples: 1)",
                "pass mode to bring all",
            ),
        ] {
            let text = said(kinds);
            assert!(text.contains(found) && text.contains(advice), "{text}");
        }
        let text = check(&[(RGB, 3)], &with(None, Some(DType::Bool))).expect_err("no plan");
        assert!(text.contains("uint8 samples cannot be converted to bool"), "{text}");
    }
}
