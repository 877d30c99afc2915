//! The plan of images that differ in size: what they must have in common is the dtype, the channels and the
//! number of axes. Rows that are padded also need the largest size, which a sample does not know.

use super::kinds::{counted, keep_range, nothing, outcomes, refuse_padding, several};
use super::notes::announce;
use super::survey::Survey;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::Color;
use crate::options::{Options, Ragged};
use crate::pixels;
use crate::pixels::steps;
use crate::plan::{Plan, Target};
use crate::shape::Shape;

/// Completes the plan of a ragged output. Without a size, padded rows remain to be measured.
pub(super) fn settle(plan: &mut Plan, survey: &Survey, options: &Options) -> Result<()> {
    let steps = &plan.steps.clone();
    let (kinds, refused) = outcomes(survey, steps);
    let Some(first) = kinds.keys().next() else {
        return Err(match refused.first() {
            Some((error, _)) => Error::plan(error.message()),
            None => nothing(survey),
        });
    };
    let depth = first.1;
    let dtype = depth.dtype;
    if counted(&kinds, |k| k.1.to_string()).len() > 1 {
        return Err(Error::plan(several(&kinds, survey.rejects.len(), true)));
    }
    let colors = kinds.keys().map(|k| Some(k.2));
    let color = colors.reduce(|a, b| pixels::widest(a?, b?)).flatten();
    let color = color.ok_or_else(|| {
        let found = counted(&kinds, |k| format!("{:?}", k.2).to_lowercase());
        let found: Vec<_> = found.iter().map(|(word, n)| format!("{word}: {n}")).collect();
        Error::plan(format!(
            "the images differ in their channels ({}); pass mode to bring all to the same",
            found.join("; ")
        ))
    })?;
    // Promoted pictures have the axes of the widest; other arrays must have as many as the first.
    let row_of = |shape: Shape| {
        let shape = match (pixels::channels(color), &shape[..]) {
            (0, _) | (_, [] | [_]) => shape,
            (count, &[height, width, ..]) => Shape::image(height, width, count),
        };
        steps::row_shape(shape, 1, steps)
    };
    let first = row_of(first.0)?;
    for kind in kinds.keys() {
        let other = row_of(kind.0)?;
        if other.len() != first.len() {
            return Err(Error::plan(format!(
                "the images differ in their axes ({first} and {other}), so no ragged array can hold them"
            )));
        }
    }
    refuse_padding(survey, steps)?;
    keep_range(&mut plan.steps, survey, depth, |_| true)?;
    plan.target = match (options.ragged, options.size) {
        (Ragged::Pad, Some(size)) => {
            let shape = row_of(Shape::image(size.height, size.width, channels_of(&first, color)))?;
            padded(shape, dtype, color, options)?
        }
        (Ragged::Pad, None) => Target::Measure { dtype, color },
        _ => Target::Flat { rank: first.len(), dtype, color },
    };
    plan.notes.push(match options.ragged {
        Ragged::Pad => "images keep their sizes, at the top left of rows of one shape; sizes has them".to_string(),
        _ => "images keep their sizes, one after another in pixels; offsets and shapes say which is where".to_string(),
    });
    announce(plan, survey, options, dtype);
    Ok(())
}

/// Channels of a picture of this row.
fn channels_of(row: &Shape, color: Color) -> usize {
    match pixels::channels(color) {
        0 => row.get(2).copied().unwrap_or(1),
        count => count,
    }
}

/// Rows of this shape; kind `options` where `pad_value` is nothing that they can hold.
pub(crate) fn padded(
    shape: Shape,
    dtype: DType,
    color: Color,
    options: &Options,
) -> Result<Target> {
    let pad_value = options.pad_value;
    pixels::sample::element(pad_value, dtype)
        .ok_or_else(|| Error::options(format!("pad_value {pad_value} does not fit {dtype}")))?;
    shape.bytes(dtype)?;
    Ok(Target::Pad { shape, dtype, color, pad_value })
}
