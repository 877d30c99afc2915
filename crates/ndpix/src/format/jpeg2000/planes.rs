//! From the planes that the codec gives to samples in their places.
//!
//! A plane holds one component at the full size of the image, as floats not yet rounded, with signed
//! values raised to begin at 0.

use super::boxes::Palette;
use crate::dtype::DType;
use crate::error::{Error, Result};

/// A channel of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    /// The component that it is.
    pub(super) component: usize,
    /// The column of the palette that it goes through.
    pub(super) column: Option<usize>,
}

/// How the samples of all channels are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Depth {
    /// 1 to 16.
    pub(super) bits: u8,
    pub(super) signed: bool,
}

/// What becomes of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    Plain,
    /// The first three are luma and chroma, and become RGB.
    Ycc,
    /// Four inks of 8 bits, which become RGB.
    Ink,
}

impl Depth {
    /// The element type of the samples.
    pub(super) fn dtype(self) -> DType {
        match (self.bits > 8, self.signed) {
            (false, false) => DType::Uint8,
            (false, true) => DType::Int8,
            (true, false) => DType::Uint16,
            (true, true) => DType::Int16,
        }
    }

    /// What was added to signed values.
    fn raised(self) -> i32 {
        if self.signed { 1 << (self.bits - 1) } else { 0 }
    }
}

/// Rounded as OpenJPEG does it, and no more than the depth has room for.
fn level(sample: f32, bits: u8) -> i32 {
    // Out of range and not-a-number end at a bound.
    (sample.round_ties_even() as i32).clamp(0, (1 << bits) - 1)
}

/// Writes one component, as one byte for each pixel.
pub(super) fn write_indices(plane: &[f32], bits: u8, out: &mut [u8]) {
    for (to, &sample) in out.iter_mut().zip(plane) {
        *to = level(sample, bits) as u8;
    }
}

/// Writes the channels, interleaved, little-endian. `planes` are the components and their bits.
pub(super) fn write(
    planes: &[(&[f32], u8)],
    channels: &[Channel],
    palette: Option<&Palette>,
    depth: Depth,
    meaning: Meaning,
    out: &mut [u8],
) -> Result<()> {
    if meaning == Meaning::Ink {
        return write_ink(planes, channels, out);
    }
    for (place, channel) in channels.iter().enumerate() {
        let &(plane, bits) = planes.get(channel.component).ok_or_else(unfit)?;
        let raised = depth.raised();
        match channel.column.zip(palette) {
            Some((column, palette)) => {
                let value = |sample| {
                    let color = palette.color(level(sample, bits) as usize);
                    color.get(column).map_or(0, |&value| i32::from(value))
                };
                spread(plane.iter().map(|&s| value(s)), depth.bits, place, channels.len(), out)?;
            }
            None => {
                let values = plane.iter().map(|&sample| level(sample, bits) - raised);
                spread(values, depth.bits, place, channels.len(), out)?;
            }
        }
    }
    if meaning == Meaning::Ycc {
        ycc_to_rgb(channels.len(), depth.bits, out);
    }
    Ok(())
}

/// Puts the values of one channel in their places.
fn spread(
    values: impl ExactSizeIterator<Item = i32>,
    bits: u8,
    place: usize,
    channels: usize,
    out: &mut [u8],
) -> Result<()> {
    let size = if bits > 8 { 2 } else { 1 };
    if values.len().checked_mul(channels * size) != Some(out.len()) {
        return Err(unfit());
    }
    if size == 1 {
        for (to, value) in out[place..].iter_mut().step_by(channels).zip(values) {
            *to = value as u8;
        }
    } else {
        let out = out.as_chunks_mut::<2>().0;
        for (to, value) in out[place..].iter_mut().step_by(channels).zip(values) {
            *to = (value as u16).to_le_bytes();
        }
    }
    Ok(())
}

/// Ink to RGB as Pillow does it: what ink and black leave of the light, `k - c * k / 255` of the
/// light `k`, rounded.
fn write_ink(planes: &[(&[f32], u8)], channels: &[Channel], out: &mut [u8]) -> Result<()> {
    let plane = |place: usize| {
        let channel: &Channel = channels.get(place).ok_or_else(unfit)?;
        planes.get(channel.component).map(|(plane, _)| *plane).ok_or_else(unfit)
    };
    let (cyan, magenta, yellow, black) = (plane(0)?, plane(1)?, plane(2)?, plane(3)?);
    let (rgb, rest) = out.as_chunks_mut::<3>();
    if !rest.is_empty() || [cyan, magenta, yellow, black].iter().any(|p| p.len() != rgb.len()) {
        return Err(unfit());
    }
    for (i, rgb) in rgb.iter_mut().enumerate() {
        let light = 255 - level(black[i], 8);
        *rgb = [cyan, magenta, yellow].map(|plane| {
            let product = level(plane[i], 8) * light + 128;
            (light - (((product >> 8) + product) >> 8)).clamp(0, 255) as u8
        });
    }
    Ok(())
}

/// Luma and chroma to RGB, in place; what comes after the first three channels stays.
fn ycc_to_rgb(channels: usize, bits: u8, out: &mut [u8]) {
    let (center, top) = (1 << (bits - 1), (1 << bits) - 1);
    if bits > 8 {
        for pixel in out.chunks_exact_mut(channels * 2) {
            let ([y, cb, cr, ..], _) = pixel.as_chunks_mut::<2>() else { continue };
            let at = |word: &[u8; 2]| i64::from(u16::from_le_bytes(*word));
            let rgb = rgb_of(at(y), at(cb) - center, at(cr) - center);
            for (to, value) in [y, cb, cr].into_iter().zip(rgb) {
                *to = (value.clamp(0, top) as u16).to_le_bytes();
            }
        }
    } else {
        for pixel in out.chunks_exact_mut(channels) {
            let [y, cb, cr, ..] = pixel else { continue };
            let rgb = rgb_of((*y).into(), i64::from(*cb) - center, i64::from(*cr) - center);
            for (to, value) in [y, cb, cr].into_iter().zip(rgb) {
                *to = value.clamp(0, top) as u8;
            }
        }
    }
}

/// With the rounding of Pillow: products in 64ths, by the first five digits of the factors, up from
/// the half and cut towards 0; the sum cut down.
fn rgb_of(luma: i64, cb: i64, cr: i64) -> [i64; 3] {
    let part = |factor: i64, chroma: i64| (factor * 64 * chroma + 50_000) / 100_000;
    let green = part(-34_414, cb) + part(-71_414, cr);
    [luma + (part(140_200, cr) >> 6), luma + (green >> 6), luma + (part(177_200, cb) >> 6)]
}

fn unfit() -> Error {
    Error::image("damaged JPEG 2000: its components do not fit the image")
}
