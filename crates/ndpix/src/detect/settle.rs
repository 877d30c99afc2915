//! From what the images of the sample are to what every row of the array is.
//!
//! Takes a survey and the options, completes the plan. What loses nothing is decided here and said;
//! where anything would be lost, the run ends with what was found and the options that would fit.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{SAMPLE_RECORDS, Survey, bands, encoded, ragged};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{Color, ImageInfo};
use crate::options::{Fit, Frames, ImagesAs, Mode, Options, Ragged, Scale};
use crate::pixels;
use crate::pixels::color::has_alpha;
use crate::pixels::fit::same_aspect;
use crate::pixels::steps;
use crate::plan::{Plan, Steps, Target};
use crate::shape::Shape;

/// A kind of image in the sample.
type Kind = (Shape, DType, Color);

/// Completes the plan with the shape, dtype and color that the sample allows.
pub(crate) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    if !plan.bands.is_empty() {
        return bands::settle(plan, survey, options);
    }
    if options.images_as == ImagesAs::Encoded {
        return encoded::settle(plan, survey);
    }
    if options.ragged != Ragged::Off {
        return ragged::settle(plan, survey, options);
    }
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
    let (shape, dtype, color) = match (options.shape, one) {
        (Some(shape), _) => {
            // Those of the shape that is asked for have a say before all others.
            let of = |fit: &dyn Fn(&Kind) -> bool| {
                kinds.iter().filter(|k| fit(k.0)).min_by_key(|k| Reverse(k.1)).map(|k| k.0.1)
            };
            let is_it = |k: &Kind| row_shape(k.0).is_ok_and(|s| s == shape);
            let dtype = options.dtype.or_else(|| of(&is_it)).or_else(|| of(&|_| true));
            let known = kinds.keys().find(|k| is_it(k)).map(|k| k.2);
            let color = known.or(steps.mode).unwrap_or(match shape[..] {
                [_, _] => Color::Gray,
                [_, _, 2] => Color::GrayAlpha,
                [_, _, 3] => Color::Rgb,
                [_, _, 4] => Color::Rgba,
                _ => Color::Samples,
            });
            (shape, dtype.ok_or_else(|| nothing(survey))?, color)
        }
        (None, _) if kinds.is_empty() => without_sample(options).ok_or_else(|| nothing(survey))?,
        (None, Some((shape, color))) if dtypes.len() == 1 => {
            let dtype = kinds.keys().next().map(|k| k.1);
            (row_shape(shape)?, dtype.ok_or_else(|| nothing(survey))?, color)
        }
        (None, one) => return Err(Error::plan(several(&kinds, one.is_some()))),
    };
    if shape.bytes(dtype)? == 0 {
        return Err(Error::plan(format!("images of shape {shape} hold nothing")));
    }
    refuse_padding(survey, steps)?;
    plan.steps.stored = normalized(survey, steps, |s| options.shape.is_none_or(|all| s == all))?;
    plan.target = Target::Stack { shape, dtype, color };
    if let Some((error, count)) = refused.first() {
        plan.notes.push(format!(
            "{count} of {} images in the sample will be rejected: {}",
            survey.images,
            error.message()
        ));
    }
    let others: u64 = kinds.iter().filter(|k| k.0.1 != dtype).map(|k| k.1).sum();
    if others > 0 {
        plan.notes.push(format!(
            "{others} of {} images in the sample are not {dtype} and will be rejected",
            survey.images
        ));
    }
    let promoted = kinds.keys().any(|k| k.1 == dtype && k.2 != color);
    if promoted && options.shape.is_none() {
        plan.notes
            .push(format!("images of fewer channels are promoted to {shape}, which loses nothing"));
    }
    announce(plan, survey, options, dtype);
    Ok(())
}

/// What each kind of image becomes, with channels last; and the kinds that become nothing, and why.
pub(super) fn outcomes(survey: &Survey, steps: &Steps) -> (BTreeMap<Kind, u64>, Vec<(Error, u64)>) {
    let (mut good, mut bad) = (BTreeMap::new(), Vec::new());
    for (&(shape, dtype, color, orientation), &count) in &survey.kinds {
        let info = ImageInfo { shape, dtype, color, orientation, premultiplied: false, frames: 1 };
        match steps::outcome(steps, &info) {
            Ok(o) => *good.entry((o.shape, o.dtype, o.color)).or_default() += count,
            Err(error) => bad.push((error, count)),
        }
    }
    (good, bad)
}

/// The frames of every image, where all are read.
fn frames(survey: &Survey, steps: &Steps, shape_given: bool) -> Result<u32> {
    let most = survey.frames.iter().max_by_key(|f| f.1).map_or(1, |f| *f.0);
    if steps.frames != Frames::All || survey.frames.len() < 2 || shape_given {
        return Ok(most);
    }
    let counts: Vec<_> = survey.frames.iter().map(|(f, n)| (format!("{f} frames"), *n)).collect();
    Err(Error::plan(format!(
        "the images differ in their number of frames ({}); pass frames first or index:N to read one of each",
        listed(&counts)
    )))
}

/// The target that size, mode and dtype fix, where the sample has no image.
fn without_sample(options: &Options) -> Option<Kind> {
    let steps = Steps::new(options);
    let (color, size) = (steps.mode?, options.size?);
    let shape = Shape::image(size.height, size.width, pixels::channels(color));
    // How many frames there would be only a sample can say.
    let shape = (steps.frames != Frames::All).then(|| steps::row_shape(shape, 1, &steps))?.ok()?;
    Some((shape, options.dtype?, color))
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

/// The one dtype of the images that are normalized as they are stored; several have no range in common.
/// A dtype that is asked for says that they need none.
pub(super) fn normalized(
    survey: &Survey,
    steps: &Steps,
    is_taken: impl Fn(Shape) -> bool,
) -> Result<Option<DType>> {
    if steps.normalize.values().is_none() || steps.scale != Scale::None || steps.dtype.is_some() {
        return Ok(None);
    }
    let mut kinds = survey.shapes.clone();
    kinds.retain(|&(shape, dtype, color), _| {
        let info =
            ImageInfo { shape, dtype, color, orientation: 1, premultiplied: false, frames: 1 };
        steps::outcome(steps, &info).is_ok_and(|o| is_taken(o.shape))
    });
    match counted(&kinds, |k| k.1.to_string()) {
        stored if stored.len() > 1 => Err(Error::plan(format!(
            "the images differ in dtype ({}), so that normalize would use the same means for other ranges; pass scale unit with means from 0 to 1, or dtype float32 to take the numbers as they are",
            listed(&stored)
        ))),
        _ => Ok(kinds.keys().next().map(|k| k.1)),
    }
}

/// Refuses a `pad_value` that images of the sample cannot hold.
pub(super) fn refuse_padding(survey: &Survey, steps: &Steps) -> Result<()> {
    let Some(resize) = &steps.resize else { return Ok(()) };
    let holds = |dtype: DType| pixels::sample::element(resize.pad_value, dtype).is_some();
    match survey.kinds.keys().find(|k| !holds(k.1)) {
        Some(kind) => Err(Error::options(format!(
            "pad_value {} is no {}, which images of the sample are; it is set before dtype and scale",
            resize.pad_value, kind.1
        ))),
        None => Ok(()),
    }
}

/// What is not done to the images, and what is: before the work.
pub(super) fn announce(plan: &mut Plan, survey: &Survey, options: &Options, dtype: DType) {
    let of = survey.images;
    let mut notes = Vec::new();
    let turned: u64 = survey.orientations.iter().filter(|o| *o.0 != 1).map(|o| o.1).sum();
    if turned > 0 {
        notes.push(match options.exif_transpose {
            true => format!("{turned} of {of} images in the sample are turned upright"),
            false => format!(
                "{turned} of {of} images in the sample carry an orientation, which is not applied; pass exif_transpose to apply it"
            ),
        });
    }
    let alpha = |k: &(Shape, DType, Color, u8)| has_alpha(k.2);
    let alpha: u64 = survey.kinds.iter().filter(|k| alpha(k.0)).map(|k| k.1).sum();
    if alpha > 0 {
        let what = match (plan.steps.mode, options.background) {
            (Some(mode), Some(color)) if !has_alpha(mode) => format!("which is blended on {color}"),
            (Some(mode), None) if !has_alpha(mode) => {
                "which is dropped; pass background to blend it on a colour".to_string()
            }
            _ => "which is kept as the last channel".to_string(),
        };
        if options.mode != Mode::P {
            notes.push(format!("{alpha} of {of} images in the sample have alpha, {what}"));
        }
    }
    if survey.premultiplied > 0 {
        let what = match plan.steps.interprets_alpha() {
            true => "un-multiplied first",
            false => "kept; pass mode to un-multiply them",
        };
        notes.push(format!(
            "{} of {of} images in the sample store colours multiplied with alpha, which are {what}",
            survey.premultiplied
        ));
    }
    if survey.multi_frame > 0 && options.frames != Frames::All {
        let read = match options.frames {
            Frames::Index(n) => format!("only that of index {n}"),
            _ => "only the first".to_string(),
        };
        notes.push(format!(
            "{} of {of} images in the sample have several frames or pages; {read} is read",
            survey.multi_frame
        ));
    }
    let stored = counted(&survey.shapes, |k| k.1.to_string());
    if stored.len() > 1 && options.scale == Scale::None {
        notes.push(format!(
            "the images are stored as {}; their numbers become {dtype} as they are",
            listed(&stored)
        ));
    }
    if let (Some((means, _)), Scale::None) = (plan.steps.normalize.values(), plan.steps.scale)
        && means.iter().all(|&mean| mean <= 1.0)
        && let Some(kind) = survey.shapes.keys().find(|k| !k.1.is_float())
    {
        let range = match kind.1 {
            DType::Uint8 => "0..255".to_string(),
            DType::Uint16 => "0..65535".to_string(),
            other => format!("the range of {other}"),
        };
        notes.push(format!(
            "normalize {} is applied to {range}; pass scale unit for 0..1",
            plan.steps.normalize
        ));
    }
    notes.extend(plan.steps.said());
    if let (Some(smaller), None) = (survey.smaller, options.dtype)
        && smaller.size() < dtype.size()
        && options.scale == Scale::None
        && options.normalize.values().is_none()
    {
        notes.push(format!("number lists are read as {dtype}, as NumPy does; in the sample {smaller} would do: pass dtype {smaller}"));
    }
    plan.notes.extend(notes);
}

/// The one shape and color that all are or promote to without losing anything.
fn united(kinds: impl Iterator<Item = (Shape, Color)>) -> Option<(Shape, Color)> {
    let mut kinds = kinds.map(Some);
    let first = kinds.next()?;
    kinds.fold(first, |seen, next| {
        let ((s, c), (shape, color)) = (seen?, next?);
        if s == shape && c == color {
            return seen;
        }
        let widest = pixels::widest(c, color).filter(|w| pixels::channels(*w) > 0)?;
        let pictures = s.len() > 1 && shape.len() > 1 && s[..2] == shape[..2];
        pictures.then(|| (Shape::image(s[0], s[1], pixels::channels(widest)), widest))
    })
}

/// How many images there are of each word, most first.
pub(super) fn counted(
    kinds: &BTreeMap<Kind, u64>,
    word: impl Fn(&Kind) -> String,
) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, n) in kinds {
        *counts.entry(word(kind)).or_default() += n;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| Reverse(*n));
    counts
}

/// The first six.
fn listed(counts: &[(String, u64)]) -> String {
    let shown: Vec<_> = counts.iter().take(6).map(|(w, n)| format!("{w}: {n}")).collect();
    format!("{}{}", shown.join("; "), if counts.len() > 6 { "; ..." } else { "" })
}

/// Why the sample is not one array, and the options that bring it there or take a part of it.
pub(super) fn several(kinds: &BTreeMap<Kind, u64>, one_shape: bool) -> String {
    // Of several the largest.
    let most = kinds.iter().max_by_key(|k| (k.1, k.0.0.elements())).map(|k| *k.0);
    let Some((shape, dtype, _)) = most else { return String::new() };
    let axes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let dtypes = counted(kinds, |k| k.1.to_string());
    let shapes = counted(kinds, |k| k.0.to_string());
    let unsigned = |k: &Kind| matches!(k.1, DType::Uint8 | DType::Uint16);
    let convert = match kinds.keys().all(unsigned) {
        true => "pass dtype uint16 and scale full to bring all to its range",
        false => "pass dtype float32 to convert the numbers as they are",
    };
    let size = match shape[..] {
        [height, width, ..] if shape.len() < 4 => {
            format!("pass size {height},{width} and fit crop or pad to bring all to one, or")
        }
        _ => "pass".to_string(),
    };
    match (one_shape, dtypes.len(), shapes.len()) {
        (true, ..) => format!("the images differ in dtype ({}); {convert}", listed(&dtypes)),
        (_, 1, 1) => format!(
            "the images are all {shape} {dtype}, but their channels are not the same ({}); pass mode to bring all to the same, or shape {axes} to take them as they are",
            listed(&counted(kinds, |k| format!("{:?}", k.2).to_lowercase()))
        ),
        (_, 1, _) => format!(
            "the images differ in shape ({}); {size} shape {axes} to take those of one shape and reject the others, or ragged pad or flat to keep their sizes, in .npz, .h5, .zarr or shards",
            listed(&shapes)
        ),
        _ => format!(
            "the images differ in shape and dtype ({}); {convert}, and {size} shape {axes} to take those of one shape and reject the others",
            listed(&counted(kinds, |k| format!("{} {}", k.0, k.1)))
        ),
    }
}

/// Why the sample holds no image at all.
pub(super) fn nothing(survey: &Survey) -> Error {
    let first = survey.rejects.first();
    let reason =
        first.map(|e| format!("; the first was rejected: {}", e.message())).unwrap_or_default();
    // Where every image was refused, no shape would help.
    let advice = match survey.missing {
        0 => "",
        _ => "; where images begin later, pass skip, or shape and dtype",
    };
    Error::plan(format!(
        "the sample (the first records, at most {SAMPLE_RECORDS}) has no image that decodes ({} without image, {} rejected){reason}{advice}",
        survey.missing,
        survey.rejects.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::plan_for;

    const GRAY: Kind = (image(24, 32, 1), DType::Uint8, Color::Gray);
    const RGB: Kind = (image(24, 32, 3), DType::Uint8, Color::Rgb);
    const DEEP: Kind = (image(24, 32, 3), DType::Uint16, Color::Rgb);
    const LOW: Kind = (image(20, 32, 3), DType::Uint8, Color::Rgb);
    const ARRAY: Kind = (image(24, 32, 3), DType::Uint8, Color::Samples);

    const fn image(h: usize, w: usize, c: usize) -> Shape {
        Shape::image(h, w, c)
    }

    /// The target of a sample that holds each kind so many times, or what is said instead.
    fn check(kinds: &[(Kind, u64)], options: &Options) -> Result<Kind, String> {
        let upright = kinds.iter().map(|((s, d, c), n)| ((*s, *d, *c, 1), *n));
        let survey = Survey { kinds: upright.collect(), ..Survey::default() };
        let mut plan = plan_for(options, options.field.clone().unwrap_or_default(), None);
        settle(&mut plan, &survey, options).map_err(|e| e.message().to_string())?;
        match plan.target {
            Target::Stack { shape, dtype, color } => Ok((shape, dtype, color)),
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
        let said = |kinds: &[(Kind, u64)]| check(kinds, &with(None, None)).expect_err("no plan");
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
                &[(RGB, 3), (ARRAY, 1)],
                "channels are not the same (rgb: 3; samples: 1)",
                "pass mode to bring all",
            ),
        ] {
            let text = said(kinds);
            assert!(text.contains(found) && text.contains(advice), "{text}");
        }
        let text = check(&[(RGB, 3)], &with(None, Some(DType::Bool))).expect_err("no plan");
        assert!(text.contains("uint8 samples are not made bool"), "{text}");
    }
}
