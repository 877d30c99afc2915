//! From the channels that are stored to those that are wanted, as Pillow's `convert` does it.
//!
//! Gray is `(19595 R + 38470 G + 7471 B + 32768) >> 16` (`Convert.c`). Where Pillow does not have the mode the
//! same formula serves: deeper integers in their own range, floats with ITU-R 601's thousandths.
//! Alpha is dropped, or blended on a background as `Image.paste` does with a mask.

use super::sample::{Sample, with_sample};
use super::{channels, gray, promote, promotes};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::Color;
use crate::limits::zeros;

/// Whether the color has an alpha channel, which is its last.
pub(crate) fn has_alpha(color: Color) -> bool {
    matches!(color, Color::GrayAlpha | Color::Rgba)
}

/// Whether images of color `from` can be given as `to`, with loss where it must be.
pub(crate) fn converts(from: Color, to: Color, dtype: DType) -> bool {
    let picture = |c| matches!(c, Color::Gray | Color::GrayAlpha | Color::Rgb | Color::Rgba);
    let luma = channels(to) < 3 && channels(from) >= 3;
    let narrow = !matches!(dtype, DType::Int64 | DType::Uint64 | DType::Bool);
    match from {
        _ if from == to => true,
        Color::Cmyk => picture(to) && dtype == DType::Uint16,
        _ => picture(from) && picture(to) && (narrow || !luma),
    }
}

/// Fills `out` with `pixels` of color `from` as color `to`; [`converts`] says whether that can be.
/// Alpha that goes is blended on `background`, where there is one.
pub(crate) fn convert(
    pixels: &[u8],
    (from, to): (Color, Color),
    dtype: DType,
    background: Option<[u8; 3]>,
    out: &mut [u8],
) -> Result<()> {
    if !converts(from, to, dtype) {
        return Err(Error::shape(format!(
            "a {from:?} image of {dtype} cannot be converted to {to:?}"
        )));
    }
    let size = dtype.size();
    let count = pixels.len() / (channels(from) * size).max(1);
    if from == Color::Cmyk && to != from {
        let mut rgb = zeros(count * 3 * size)?;
        ink(pixels, &mut rgb);
        return convert(&rgb, (Color::Rgb, to), dtype, None, out);
    }
    if promotes(from, to) {
        promote(pixels, from, to, dtype, out);
        return Ok(());
    }
    if let Some(rgb) = background.filter(|_| has_alpha(from) && !has_alpha(to)) {
        let mut full = zeros(count * 4 * size)?;
        promote(pixels, from, Color::Rgba, dtype, &mut full);
        let mut blended = zeros(count * 3 * size)?;
        blend(&full, rgb, dtype, &mut blended)?;
        return convert(&blended, (Color::Rgb, to), dtype, None, out);
    }
    let (wide, narrow) = (channels(from) * size, channels(to) * size);
    let pairs = pixels.chunks_exact(wide).zip(out.chunks_exact_mut(narrow));
    match (from, to) {
        (Color::Rgb | Color::Rgba, Color::Gray | Color::GrayAlpha) => {
            if dtype != DType::Uint8 || !gray::bytes(pixels, wide, narrow, out) {
                with_sample!(dtype, gray(pixels, wide, narrow, out));
            }
            if to == Color::GrayAlpha {
                let full = super::full(dtype);
                let pairs = pixels.chunks_exact(wide).zip(out.chunks_exact_mut(narrow));
                pairs.for_each(|(pixel, slot)| {
                    let alpha =
                        if from == Color::Rgba { &pixel[3 * size..] } else { &full[..size] };
                    slot[size..].copy_from_slice(alpha);
                });
            }
        }
        // What is left has more channels than it needs in front: LA to L, RGBA to RGB; or LA to RGB.
        (Color::GrayAlpha, Color::Rgb) => pairs.for_each(|(pixel, slot)| {
            slot.chunks_exact_mut(size).for_each(|s| s.copy_from_slice(&pixel[..size]));
        }),
        _ => pairs.for_each(|(pixel, slot)| slot.copy_from_slice(&pixel[..narrow])),
    }
    Ok(())
}

/// Writes the gray of each pixel to the front of its slot.
fn gray<S: Sample>(pixels: &[u8], wide: usize, narrow: usize, out: &mut [u8]) {
    for (pixel, slot) in pixels.chunks_exact(wide).zip(out.chunks_exact_mut(narrow)) {
        let rgb: [&[u8]; 3] = std::array::from_fn(|channel| &pixel[channel * S::SIZE..][..S::SIZE]);
        let value = match rgb.map(S::integer) {
            [Some(r), Some(g), Some(b)] if S::IS_INTEGER => {
                ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as f64
            }
            _ => {
                let [r, g, b] = rgb.map(S::get);
                (r * 299.0 + g * 587.0 + b * 114.0) / 1000.0
            }
        };
        S::put(value, &mut slot[..S::SIZE]);
    }
}

/// RGBA on a colour: `(background * (full - alpha) + colour * alpha) / full`, rounded.
fn blend(pixels: &[u8], background: [u8; 3], dtype: DType, out: &mut [u8]) -> Result<()> {
    let full = |bytes: &[u8]| u64::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    match dtype {
        DType::Uint8 => {
            for (pixel, slot) in pixels.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
                let alpha = u32::from(pixel[3]);
                for ((&color, under), sample) in pixel.iter().zip(background).zip(slot) {
                    let sum = u32::from(under) * (255 - alpha) + u32::from(color) * alpha + 128;
                    *sample = (((sum >> 8) + sum) >> 8) as u8;
                }
            }
        }
        DType::Uint16 => {
            for (pixel, slot) in pixels.chunks_exact(8).zip(out.chunks_exact_mut(6)) {
                let alpha = full(&pixel[6..]);
                let colors = pixel.chunks_exact(2).zip(background).zip(slot.chunks_exact_mut(2));
                for ((color, under), sample) in colors {
                    let sum = u64::from(under) * 257 * (65535 - alpha) + full(color) * alpha;
                    sample.copy_from_slice(&(((sum + 32767) / 65535) as u16).to_le_bytes());
                }
            }
        }
        _ => {
            return Err(Error::shape(format!(
                "alpha of {dtype} cannot be blended; leave background out to drop it"
            )));
        }
    }
    Ok(())
}

/// 16-bit CMYK, 0 being no ink, to RGB: `(65535 - c) (65535 - k) / 65535`, as for 8 bits with 255.
fn ink(pixels: &[u8], out: &mut [u8]) {
    let left = |bytes: &[u8]| 65535 - u64::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    for (pixel, slot) in pixels.chunks_exact(8).zip(out.chunks_exact_mut(6)) {
        for (color, sample) in pixel.chunks_exact(2).zip(slot.chunks_exact_mut(2)) {
            let value = (left(color) * left(&pixel[6..]) + 32767) / 65535;
            sample.copy_from_slice(&(value as u16).to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pixels: &[u8], from: Color, to: Color, background: Option<[u8; 3]>, want: &[u8]) {
        let mut out = vec![9; want.len()];
        convert(pixels, (from, to), DType::Uint8, background, &mut out).expect("a conversion");
        assert_eq!(out, want, "{from:?} to {to:?}");
    }

    #[test]
    fn as_pillow_converts() {
        use Color::{Gray, GrayAlpha, Rgb, Rgba};
        let rgba = [10, 200, 30, 77];
        check(&rgba, Rgba, Gray, None, &[124]);
        check(&rgba, Rgba, GrayAlpha, None, &[124, 77]);
        check(&rgba, Rgba, Rgb, None, &[10, 200, 30]);
        check(&rgba[..3], Rgb, GrayAlpha, None, &[124, 255]);
        check(&[5, 6], GrayAlpha, Rgb, None, &[5, 5, 5]);
        check(&[5, 6], GrayAlpha, Rgba, None, &[5, 5, 5, 6]);
        check(&[5, 6], GrayAlpha, Gray, None, &[5]);
        // Image.new("RGB", (1, 1), "white") with the image pasted by its own alpha.
        check(&rgba, Rgba, Rgb, Some([255; 3]), &[181, 238, 187]);
    }

    #[test]
    fn gray_of_bytes_is_that_of_any_sample() {
        let pixels: Vec<u8> = (0..12 * 4099).map(|i: u32| ((i * 40503) >> 7) as u8).collect();
        for (wide, narrow) in [(3, 1), (4, 1), (3, 2), (4, 2)] {
            for count in [0, 1, 7, 31, 4099] {
                let pixels = &pixels[..count * wide];
                let (mut fast, mut plain) = (vec![0; count * narrow], vec![0; count * narrow]);
                assert!(gray::bytes(pixels, wide, narrow, &mut fast));
                gray::<u8>(pixels, wide, narrow, &mut plain);
                assert_eq!(fast, plain);
            }
        }
    }

    #[test]
    fn deep_images_keep_their_depth() {
        let rgb: Vec<u8> = [65535u16, 65535, 65535].iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut out = [0; 2];
        let colors = (Color::Rgb, Color::Gray);
        convert(&rgb, colors, DType::Uint16, None, &mut out).expect("gray");
        assert_eq!(out, [255, 255]);
        assert!(convert(&rgb, colors, DType::Int64, None, &mut out).is_err());
    }
}
