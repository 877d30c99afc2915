//! The options that would make one array of a sample that does not fit one as it is.

use super::settle;
use super::survey::Survey;
use crate::format::Color;
use crate::options::{Fit, Mode, Options, Scale};
use crate::pixels::fit::same_aspect;
use crate::plan::{Plan, Steps};

/// Options by their names, and what a row then takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suggestion {
    /// Names and values.
    pub(crate) options: Vec<(&'static str, String)>,
    /// Bytes of one row.
    pub(crate) row_bytes: u64,
}

/// The first set of options beside those given that fits the sample: the shape that nearly all have, else the most
/// frequent size, the whole of each image, the deepest dtype, the widest mode. `None` where nothing of that helps.
pub(crate) fn suggest(plan: &Plan, survey: &Survey, options: &Options) -> Option<Suggestion> {
    let mut wanted = options.clone();
    let mut given: Vec<(&'static str, String)> = Vec::new();
    let sizes = survey.sizes(options.exif_transpose);
    let free = options.shape.is_none() && options.size.is_none() && sizes.len() > 1;
    if let Some(shape) = shared(survey).filter(|_| free) {
        wanted.set("shape", &shape).ok()?;
        given.push(("shape", shape));
    } else if free {
        let size = sizes.first()?.0;
        wanted.size = Some(size);
        given.push(("size", size.to_string()));
    }
    if let (Some(size), None) = (wanted.size, wanted.fit)
        && sizes.iter().any(|s| !same_aspect((s.0.height, s.0.width), size))
    {
        wanted.fit = Some(Fit::Pad);
        given.push(("fit", Fit::Pad.to_string()));
    }
    let has = |color| survey.kinds.keys().any(|k| k.2 == color);
    let mixed = survey.kinds.keys().any(|k| k.2 != Color::Cmyk) && has(Color::Cmyk);
    if options.mode == Mode::Auto && mixed {
        wanted.mode = Mode::Rgb;
        given.push(("mode", Mode::Rgb.to_string()));
    }
    let depths = || survey.kinds.keys().map(|k| k.1).filter(|depth| depth.is_light());
    if let (None, Some(widest)) = (options.dtype, depths().max())
        && depths().any(|depth| depth != widest)
    {
        (wanted.dtype, wanted.scale) = (Some(widest.dtype), Scale::Full);
        given.push(("dtype", widest.dtype.to_string()));
        given.push(("scale", Scale::Full.to_string()));
    }
    let row_bytes = row_bytes(plan, survey, &wanted)?;
    (!given.is_empty()).then_some(Suggestion { options: given, row_bytes })
}

/// The shape that nine of ten images have: what differs from it is more likely damaged than of another size.
fn shared(survey: &Survey) -> Option<String> {
    let all: u64 = survey.kinds.values().sum();
    let (kind, n) = survey.kinds.iter().max_by_key(|kind| *kind.1)?;
    let axes = || kind.0.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    (n * 10 >= all * 9).then(axes)
}

/// What usual choices beside the options given (and `fixed`, which a plan needs) would take.
pub(crate) fn choices(
    plan: &Plan,
    survey: &Survey,
    options: &Options,
    fixed: &[(&'static str, String)],
) -> Vec<Suggestion> {
    let mut sets: Vec<Vec<(&'static str, String)>> = vec![fixed.to_vec()];
    let small = [("size", "224,224".to_string()), ("fit", Fit::Crop.to_string())];
    let floats = [("dtype", "float32".to_string()), ("scale", Scale::Unit.to_string())];
    let free = |names: &[&str]| !fixed.iter().any(|f| names.contains(&f.0));
    let resize = options.size.is_none() && options.shape.is_none();
    let convert = options.dtype.is_none() && options.scale == Scale::None && free(&["dtype"]);
    let unsized_fixed: Vec<_> =
        fixed.iter().filter(|f| !["size", "fit", "shape"].contains(&f.0)).cloned().collect();
    if resize {
        sets.push([&unsized_fixed[..], &small].concat());
    }
    if convert {
        sets.push([fixed, &floats].concat());
    }
    if resize && convert {
        sets.push([&unsized_fixed[..], &small, &floats].concat());
    }
    let bytes = |set: &Vec<(&'static str, String)>| {
        let mut wanted = options.clone();
        set.iter().try_for_each(|(name, value)| wanted.set(name, value)).ok()?;
        row_bytes(plan, survey, &wanted)
    };
    // Rows that are as large as their images have no size of their own.
    let fits =
        |set: Vec<_>| Some(Suggestion { row_bytes: bytes(&set).filter(|&n| n > 0)?, options: set });
    sets.into_iter().filter_map(fits).collect()
}

/// What a row takes with these options; `None` where they do not fit.
fn row_bytes(plan: &Plan, survey: &Survey, options: &Options) -> Option<u64> {
    options.validate().ok()?;
    let mut plan = Plan { steps: Steps::new(options), ..plan.clone() };
    settle(&mut plan, survey, options).ok()?;
    plan.slot_len().ok().map(|n| n as u64)
}
