//! What is done to the pixels of one image, in this order: parted from their alpha, turned upright, brought to the channels
//! that are asked for, resized, promoted, given another dtype, scale, colour order and layout.
//!
//! [`outcome`] says from the header alone what will come out, or why nothing can (kind `shape`);
//! [`Bench::run`] does it. Promotion, which loses nothing, comes after the resize because it is
//! cheaper there and gives the same pixels.

use super::color::{self, has_alpha};
use super::fit::{Placement, place_in};
use super::narrow::Narrow;
use super::resize::{Job, Resizer};
use super::shown::{named, picture};
use super::values::{self, Change};
use super::{associated, channels, layout, orient, promote, promotes, sample};
use crate::dtype::{DType, Depth};
use crate::error::{Error, Result};
use crate::format::{Color, ImageInfo};
use crate::limits::room;
use crate::options::{Fit, Frames, Layout, Scale};
use crate::plan::Steps;
use crate::shape::Shape;

/// What an image will be, before it is promoted to the others of its array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// `(H, W)`, `(H, W, C)` or what the array has, channels last.
    pub(crate) shape: Shape,
    /// Element type.
    pub(crate) dtype: DType,
    /// Bits that its numbers fill.
    pub(crate) bits: u8,
    /// What the channels are.
    pub(crate) color: Color,
}

impl Outcome {
    fn new(steps: &Steps, info: &ImageInfo, shape: Shape, color: Color) -> Self {
        let dtype = final_dtype(steps, info.dtype);
        // A dtype that is asked for takes the numbers as they are for its own.
        let kept = steps.dtype.is_none() && dtype == info.dtype;
        let bits = if kept { info.bits } else { Depth::of(dtype).bits };
        Self { shape, dtype, bits, color }
    }

    /// What its numbers are.
    pub(crate) fn depth(&self) -> Depth {
        Depth { dtype: self.dtype, bits: self.bits }
    }
}

/// The dtype that an image of `stored` becomes.
fn final_dtype(steps: &Steps, stored: DType) -> DType {
    let floats = steps.scale == Scale::Unit || steps.normalize.values().is_some();
    match steps.dtype {
        Some(dtype) => dtype,
        None if floats && !stored.is_float() => DType::Float32,
        None => stored,
    }
}

/// The shape of `height` by `width` pixels of a color; arrays keep their own channels.
fn shaped(height: usize, width: usize, channels_of: usize, info: &Shape) -> Result<Shape> {
    match channels_of {
        1 if info.len() == 3 && info[2] == 1 => Shape::new(&[height, width, 1]),
        n => Ok(Shape::image(height, width, n)),
    }
}

/// The shape with its axes in the order that is asked for.
fn laid(shape: Shape, order: Layout) -> Shape {
    match (order, &shape[..]) {
        (Layout::Chw, &[height, width, n]) => Shape::new(&[n, height, width]).unwrap_or(shape),
        _ => shape,
    }
}

/// The shape of a row: laid out, and with an axis for frames in front where all are read.
pub(crate) fn row_shape(shape: Shape, frames: u32, steps: &Steps) -> Result<Shape> {
    let shape = laid(shape, steps.layout);
    match steps.frames {
        Frames::All => Shape::new(&[&[frames as usize], &shape[..]].concat()),
        Frames::First | Frames::Index(_) => Ok(shape),
    }
}

/// What the steps make of an image; kind `shape` where they cannot be done.
pub(crate) fn outcome(steps: &Steps, info: &ImageInfo) -> Result<Outcome> {
    let info = &if steps.rescale { info.quantities() } else { *info };
    if let Some(stored) = steps.stored.filter(|&stored| stored != info.dtype) {
        return Err(Error::shape(format!(
            "the means of normalize are for {stored} images and not for {}; pass scale unit to bring all to one range",
            info.dtype
        )));
    }
    let dtype = final_dtype(steps, info.dtype);
    let (height, width, stored) = match picture(&info.shape) {
        Some(found) => found,
        None if steps.is_for_pictures() => {
            return Err(Error::shape(format!(
                "an array of shape {} is not a picture (H, W) or (H, W, C)",
                info.shape
            )));
        }
        None => {
            change(steps, info.depth(), dtype, 1).check()?;
            return Ok(Outcome::new(steps, info, info.shape, info.color));
        }
    };
    let mut color = info.color;
    let mut shape = info.shape;
    let mut count = stored;
    if let Some(mode) = steps.mode {
        let from = named(info, stored);
        if steps.indices && from != Color::Gray {
            return Err(Error::shape(format!(
                "an array of shape {} holds no palette indices, which mode P keeps",
                info.shape
            )));
        }
        if !color::converts(from, mode, info.dtype) {
            return Err(Error::shape(format!(
                "an image of shape {} {} cannot be converted to the mode that is asked for",
                info.shape, info.dtype
            )));
        }
        (color, count) = (mode, channels(mode));
        shape = Shape::image(height, width, count);
    }
    let (height, width) = if steps.transpose && orient::swaps(info.orientation) {
        (width, height)
    } else {
        (height, width)
    };
    let (height, width) = match &steps.resize {
        Some(resize) => place_in(resize, height, width)?.outer,
        None => (height, width),
    };
    change(steps, info.depth(), dtype, count).check()?;
    Ok(Outcome::new(steps, info, shaped(height, width, count, &shape)?, color))
}

fn change(steps: &Steps, from: Depth, to: DType, channels: usize) -> Change<'_> {
    Change { from, to, scale: steps.scale, normalize: steps.normalize.values(), channels }
}

/// Whether anything is to be done but a promotion to `color` with channels last, so that the decoder
/// cannot write into the slot itself.
pub(crate) fn are_needed(steps: &Steps, info: &ImageInfo, outcome: &Outcome, color: Color) -> bool {
    let same = info.shape == outcome.shape
        && info.dtype == outcome.dtype
        && (info.color == outcome.color || info.color == Color::Samples);
    let turned = steps.transpose && info.orientation != 1;
    let promoted = outcome.color != color && steps.layout != Layout::Hwc;
    let order = steps.bgr || promoted || laid(outcome.shape, steps.layout) != outcome.shape;
    let count = outcome.shape.get(2).copied().unwrap_or(1);
    let moved = steps.resize.is_some_and(|r| {
        // Of the wanted size already: only a transposition by shape could still hide here.
        !turned && (info.shape[0], info.shape[1]) != (r.size.height, r.size.width)
    });
    let divided = info.premultiplied && steps.interprets_alpha();
    let rescaled = steps.rescale && info.rescale.is_some();
    !same
        || rescaled
        || turned
        || divided
        || order
        || moved
        || !change(steps, info.depth(), outcome.dtype, count).is_none()
}

/// Bytes that [`Bench::run`] takes beside the stored pixels and the result.
pub(crate) fn scratch_bytes(steps: &Steps, info: &ImageInfo, outcome: &Outcome) -> u64 {
    let stored = info.bytes().unwrap_or(usize::MAX) as u64;
    let turned = if steps.transpose && info.orientation != 1 { stored } else { 0 };
    // A change of channels holds the picture once more; four is the most of them.
    let recolored = if steps.mode.is_some() { stored.saturating_mul(4) } else { 0 };
    let between = match (&steps.resize, picture(&info.shape)) {
        (Some(resize), Some((height, width, _))) => (height.max(width) as u64)
            .saturating_mul((resize.size.height.max(resize.size.width) * 4) as u64)
            .saturating_mul(info.dtype.size() as u64),
        _ => 0,
    };
    let rescaled =
        if steps.rescale && info.rescale.is_some() { stored.saturating_mul(8) } else { 0 };
    let result = outcome.shape.elements().unwrap_or(usize::MAX) as u64;
    [rescaled, turned, recolored, between, result.saturating_mul(16)]
        .into_iter()
        .fold(0, u64::saturating_add)
}

/// Buffers and weights that are reused from image to image.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    one: Vec<u8>,
    two: Vec<u8>,
    inner: Vec<u8>,
    resizer: Resizer,
}

impl Bench {
    /// Bytes that it holds.
    pub(crate) fn capacity(&self) -> usize {
        self.one.capacity() + self.two.capacity() + self.inner.capacity() + self.resizer.capacity()
    }

    /// As [`Narrow::rows`].
    pub(crate) fn narrow(
        &mut self,
        narrow: &Narrow,
        rows: &[u8],
        target: (usize, &mut [u8]),
    ) -> Result<usize> {
        narrow.rows(&mut self.resizer, &mut self.one, rows, target)
    }

    /// Fills `out` with what the steps make of the image in `stored`, promoted to `color`. The shape of
    /// `out` is that of [`outcome`], promoted and laid out. `stored` holds anything afterwards; with `narrow` it is
    /// the picture that this has made of the image.
    pub(crate) fn run(
        &mut self,
        steps: &Steps,
        info: &ImageInfo,
        narrow: Option<&Narrow>,
        stored: &mut Vec<u8>,
        color: Color,
        out: &mut [u8],
    ) -> Result<()> {
        let outcome = outcome(steps, info)?;
        let (mut now, mut free, mut spare) = (stored, &mut self.one, &mut self.two);
        let mut info = narrow.map_or(*info, |narrow| narrow.info);
        if steps.rescale
            && let Some(rescale) = info.rescale
        {
            let quantities = info.quantities();
            let target = room(free, quantities.bytes()?)?;
            values::rescale(&now[..info.bytes()?], info.dtype, &rescale, target)?;
            (now, free, spare) = (free, spare, now);
            info = quantities;
        }
        let size = info.dtype.size();
        let mut len = info.bytes()?;
        if info.premultiplied && steps.interprets_alpha() {
            associated::unmultiply(&mut now[..len], info.color, info.depth());
        }
        if let Some((mut height, mut width, mut count)) = picture(&info.shape) {
            let mut colored = steps.mode.map_or(info.color, |_| named(&info, count));
            if steps.transpose && info.orientation != 1 {
                let target = room(free, len)?;
                orient::upright(
                    &now[..len],
                    (height, width),
                    count * size,
                    info.orientation,
                    target,
                );
                (now, free, spare) = (free, spare, now);
                if orient::swaps(info.orientation) {
                    (height, width) = (width, height);
                }
            }
            // Alpha that is added after padding would be full there, and not `pad_value`.
            let padded = steps.resize.is_some_and(|r| r.fit == Some(Fit::Pad))
                && has_alpha(color)
                && !has_alpha(colored);
            if colored != color && (padded || !promotes(colored, color)) {
                let wanted = height * width * channels(color) * size;
                let target = room(free, wanted)?;
                color::convert(
                    &now[..len],
                    (colored, color),
                    info.depth(),
                    steps.background,
                    target,
                )?;
                (now, free, spare) = (free, spare, now);
                (len, colored, count) = (wanted, color, channels(color));
            }
            if let Some(resize) = &steps.resize {
                let placement = match narrow {
                    Some(narrow) => narrow.placement,
                    None => place_in(resize, height, width)?,
                };
                let mut region = placement.region;
                if narrow.is_some() {
                    (region[0], region[2]) = (0.0, width as f32);
                }
                let job = Job {
                    from: (height, width),
                    to: placement.inner,
                    channels: count,
                    dtype: info.dtype,
                    bits: info.bits,
                    alpha: has_alpha(colored),
                    region,
                    filter: resize.resample,
                };
                (height, width) = placement.outer;
                let wanted = height * width * count * size;
                let target = room(free, wanted)?;
                self.resizer.place(
                    &mut now[..len],
                    &job,
                    &placement,
                    resize.pad_value,
                    &mut self.inner,
                    target,
                )?;
                (now, free, spare) = (free, spare, now);
                len = wanted;
            }
            if colored != color {
                let wanted = height * width * channels(color) * size;
                promote(&now[..len], colored, color, info.depth(), room(free, wanted)?);
                (now, free, spare) = (free, spare, now);
                len = wanted;
            }
        }
        let count = match channels(color) {
            0 => outcome.shape.get(2).copied().unwrap_or(1),
            n => n,
        };
        let change = change(steps, info.depth(), outcome.dtype, count);
        if !change.is_none() {
            let target = room(free, len / size * outcome.dtype.size())?;
            values::convert(&now[..len], &change, target)?;
            len = target.len();
            (now, spare) = (free, now);
        }
        let _ = spare;
        let size = outcome.dtype.size();
        if steps.bgr {
            layout::swap_red_blue(&mut now[..len], size);
        }
        match steps.layout {
            Layout::Chw if outcome.shape.len() > 1 && count > 1 => {
                layout::to_planes(&now[..len], count, size, out);
            }
            _ => out.copy_from_slice(&now[..len]),
        }
        Ok(())
    }
}

impl Resizer {
    /// Resizes into the middle of `out` as the placement says, and pads around.
    fn place(
        &mut self,
        src: &mut [u8],
        job: &Job,
        placement: &Placement,
        pad_value: f64,
        inner: &mut Vec<u8>,
        out: &mut [u8],
    ) -> Result<()> {
        if placement.inner == placement.outer {
            self.resize(src, job, out)?;
            sample::clip(out, job.depth());
            return Ok(());
        }
        let pad = sample::element(pad_value, job.dtype).ok_or_else(|| {
            Error::shape(format!("pad_value {pad_value} does not fit {}", job.dtype))
        })?;
        out.chunks_exact_mut(pad.len()).for_each(|slot| slot.copy_from_slice(&pad));
        let (height, width) = placement.inner;
        let pixel = job.channels * job.dtype.size();
        if height * width == 0 {
            return Ok(());
        }
        let inner = room(inner, height * width * pixel)?;
        self.resize(src, job, inner)?;
        sample::clip(inner, job.depth());
        let (row_len, left) = (placement.outer.1 * pixel, placement.at.1 * pixel);
        let rows = out.chunks_exact_mut(row_len).skip(placement.at.0);
        for (row, source) in rows.zip(inner.chunks_exact(width * pixel)) {
            row[left..left + source.len()].copy_from_slice(source);
        }
        Ok(())
    }
}
