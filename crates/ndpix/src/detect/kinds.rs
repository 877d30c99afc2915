//! The kinds of images in a sample: what each becomes, what they have in common, and how it is said that
//! they have nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::sample::SAMPLE_RECORDS;
use super::survey::Survey;
use crate::dtype::Depth;
use crate::error::{Error, Result};
use crate::format::{Color, ImageInfo};
use crate::options::{Scale, flag_of};
use crate::pixels;
use crate::pixels::steps;
use crate::plan::Steps;
use crate::shape::Shape;
use crate::sink::{Ability, able};

/// A kind of image in the sample.
pub(super) type Look = (Shape, Depth, Color);

/// What each kind of image becomes, with channels last; and the kinds that become nothing, and why.
pub(super) fn outcomes(survey: &Survey, steps: &Steps) -> (BTreeMap<Look, u64>, Vec<(Error, u64)>) {
    let (mut good, mut bad) = (BTreeMap::new(), Vec::new());
    for (&(shape, depth, color, orientation), &count) in &survey.kinds {
        let info = ImageInfo { orientation, ..info(shape, depth, color) };
        match steps::outcome(steps, &info) {
            Ok(o) => *good.entry((o.shape, o.depth(), o.color)).or_default() += count,
            Err(error) => bad.push((error, count)),
        }
    }
    (good, bad)
}

fn info(shape: Shape, depth: Depth, color: Color) -> ImageInfo {
    ImageInfo::of(shape, depth.dtype, color).with_depth(depth)
}

/// Notes what the numbers of all images must be where nothing brings them to one range: those that become numbers of
/// `depth`, and are of a shape that is taken.
pub(super) fn keep_range(
    steps: &mut Steps,
    survey: &Survey,
    depth: Depth,
    is_taken: impl Fn(Shape) -> bool,
) -> Result<()> {
    let stored = normalized(survey, steps, is_taken)?;
    steps.stored = stored.map(|depth| depth.dtype);
    let as_stored = steps.dtype.is_none() && steps.scale == Scale::None;
    steps.bits = stored.or(as_stored.then_some(depth)).map(|depth| depth.bits);
    Ok(())
}

/// What the numbers of all images are that are normalized as they are stored; several have no range in common.
/// A dtype that is asked for says that they need none.
fn normalized(
    survey: &Survey,
    steps: &Steps,
    is_taken: impl Fn(Shape) -> bool,
) -> Result<Option<Depth>> {
    if steps.normalize.values().is_none() || steps.scale != Scale::None || steps.dtype.is_some() {
        return Ok(None);
    }
    let mut kinds = survey.shapes.clone();
    kinds.retain(|&(shape, depth, color), _| {
        steps::outcome(steps, &info(shape, depth, color)).is_ok_and(|o| is_taken(o.shape))
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
    let within = |depth: Depth| depth.most().is_none_or(|most| resize.pad_value <= most as f64);
    let holds = |depth: Depth| {
        pixels::sample::element(resize.pad_value, depth.dtype).is_some()
            && (steps.scale == Scale::None || within(depth))
    };
    match survey.kinds.keys().find(|k| !holds(k.1)) {
        Some(kind) => Err(Error::options(format!(
            "pad_value {} does not fit {}, the dtype of images in the sample; it is set before dtype and scale",
            resize.pad_value, kind.1
        ))),
        None => Ok(()),
    }
}

/// The one shape and color that all are or promote to without losing anything.
pub(super) fn united(kinds: impl Iterator<Item = (Shape, Color)>) -> Option<(Shape, Color)> {
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
    kinds: &BTreeMap<Look, u64>,
    word: impl Fn(&Look) -> String,
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
pub(super) fn listed(counts: &[(String, u64)]) -> String {
    let shown: Vec<_> = counts.iter().take(6).map(|(w, n)| format!("{w}: {n}")).collect();
    format!("{}{}", shown.join("; "), if counts.len() > 6 { "; ..." } else { "" })
}

/// The options that make one of numbers that differ.
pub(super) fn conversion(depths: impl Iterator<Item = Depth> + Clone) -> String {
    if let (true, Some(widest)) = (depths.clone().all(Depth::is_light), depths.clone().max()) {
        let dtype = widest.dtype;
        return format!(
            "pass dtype {dtype} and scale full to bring all to its range, or dtype {dtype} alone to take the numbers as they are"
        );
    }
    match Depth::common(depths) {
        Some(wide) => format!("pass dtype {wide} to take the numbers as they are"),
        None => "pass dtype float64 to convert the numbers, as near as it holds them".to_string(),
    }
}

/// Why the sample is not one array, and the options that bring it there or take a part of it.
pub(super) fn several(kinds: &BTreeMap<Look, u64>, rejected: usize, one_shape: bool) -> String {
    // Of several the largest.
    let most = kinds.iter().max_by_key(|k| (k.1, k.0.0.elements())).map(|k| *k.0);
    let Some((shape, depth, _)) = most else { return String::new() };
    let axes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let dtypes = counted(kinds, |k| k.1.to_string());
    let shapes = counted(kinds, |k| k.0.to_string());
    let convert = conversion(kinds.keys().map(|k| k.1));
    let count =
        |of: &dyn Fn(&Look) -> bool| -> u64 { kinds.iter().filter(|k| of(k.0)).map(|k| k.1).sum() };
    // So many rejects end a run, unless it says that they may be.
    let few = count(&|k| k.0 == shape) * 2 < count(&|_| true) + rejected as u64;
    let alone = format!("shape {axes}{}", if few { " with max_rejects none" } else { "" });
    let size = match shape[..] {
        [height, width, ..] if shape.len() < 4 => {
            format!("pass size {height},{width} and fit crop or pad to bring all to one, or")
        }
        _ => "pass".to_string(),
    };
    match (one_shape, dtypes.len(), shapes.len()) {
        (true, ..) => {
            let one = kinds.keys().all(|k| k.1.dtype == depth.dtype);
            let what = if one { "the bits of their numbers" } else { "dtype" };
            format!("the images differ in {what} ({}); {convert}", listed(&dtypes))
        }
        (_, 1, 1) => format!(
            "the images are all {shape} {depth}, but their channels are not the same ({}); pass mode to bring all to the same, or shape {axes} to take them as they are",
            listed(&counted(kinds, |k| format!("{:?}", k.2).to_lowercase()))
        ),
        (_, 1, _) => format!(
            "the images differ in shape ({}); {size} {alone} to take those of one shape and reject the others, or ragged pad or flat to keep their sizes, in {}",
            listed(&shapes),
            able(Ability::Ragged, "or")
        ),
        _ => format!(
            "the images differ in shape and dtype ({}); {convert}, and {size} {alone} to take those of one shape and reject the others",
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
    let advice = match (&survey.remedy, survey.missing) {
        (Some((option, folder)), _) => &format!("; pass {} {}", flag_of(option), folder.display()),
        (None, 0) => "",
        _ => "; where images begin later, pass skip, or shape and dtype",
    };
    Error::plan(format!(
        "the sample (the first records, at most {SAMPLE_RECORDS}) has no image that decodes ({} without image, {} rejected){reason}{advice}",
        survey.missing,
        survey.rejects.len()
    ))
}
