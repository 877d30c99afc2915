//! From the channels that are stored to those that are wanted, as Pillow's `convert` does it.
//!
//! Gray is `(19595 R + 38470 G + 7471 B + 32768) >> 16` (`Convert.c`). Where Pillow does not have the mode the
//! same formula serves: deeper integers in their own range, floats with ITU-R 601's thousandths.
//! Alpha is dropped, or blended on a background as `Image.paste` does with a mask.

use super::sample::{Sample, with_sample};
use super::{channels, gray, promote, promotes};
use crate::dtype::{DType, Depth};
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
    depth: Depth,
    background: Option<[u8; 3]>,
    out: &mut [u8],
) -> Result<()> {
    let dtype = depth.dtype;
    if !converts(from, to, dtype) {
        return Err(Error::shape(format!(
            "a {from:?} image of {dtype} cannot be converted to {to:?}"
        )));
    }
    let size = dtype.size();
    let count = pixels.len() / (channels(from) * size).max(1);
    if from == Color::Cmyk && to != from {
        let mut rgb = zeros(count * 3 * size)?;
        ink(pixels, depth, &mut rgb);
        return convert(&rgb, (Color::Rgb, to), depth, None, out);
    }
    if promotes(from, to) {
        promote(pixels, from, to, depth, out);
        return Ok(());
    }
    if let Some(rgb) = background.filter(|_| has_alpha(from) && !has_alpha(to)) {
        let mut full = zeros(count * 4 * size)?;
        promote(pixels, from, Color::Rgba, depth, &mut full);
        let mut blended = zeros(count * 3 * size)?;
        blend(&full, rgb, depth, &mut blended)?;
        return convert(&blended, (Color::Rgb, to), depth, None, out);
    }
    let (wide, narrow) = (channels(from) * size, channels(to) * size);
    let pairs = pixels.chunks_exact(wide).zip(out.chunks_exact_mut(narrow));
    match (from, to) {
        (Color::Rgb | Color::Rgba, Color::Gray | Color::GrayAlpha) => {
            if dtype != DType::Uint8 || !gray::bytes(pixels, wide, narrow, out) {
                with_sample!(dtype, gray(pixels, wide, narrow, out));
            }
            if to == Color::GrayAlpha {
                let full = super::full(depth);
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
fn blend(pixels: &[u8], background: [u8; 3], depth: Depth, out: &mut [u8]) -> Result<()> {
    match depth.dtype {
        DType::Uint8 if depth.is_full() => {
            for (pixel, slot) in pixels.chunks_exact(4).zip(out.chunks_exact_mut(3)) {
                let alpha = u32::from(pixel[3]);
                for ((&color, under), sample) in pixel.iter().zip(background).zip(slot) {
                    let sum = u32::from(under) * (255 - alpha) + u32::from(color) * alpha + 128;
                    *sample = (((sum >> 8) + sum) >> 8) as u8;
                }
            }
            Ok(())
        }
        DType::Uint8 => blend_deep::<u8>(pixels, background, depth, out),
        DType::Uint16 => blend_deep::<u16>(pixels, background, depth, out),
        dtype => Err(Error::shape(format!(
            "alpha of {dtype} cannot be blended; leave background out to drop it"
        ))),
    }
}

/// The same of any depth, with the background brought to it.
fn blend_deep<S: Sample>(
    pixels: &[u8],
    background: [u8; 3],
    depth: Depth,
    out: &mut [u8],
) -> Result<()> {
    let full = depth.most().unwrap_or(1);
    let number = |bytes: &[u8]| S::integer(bytes).unwrap_or(0).min(full);
    let unders = background.map(|under| (i64::from(under) * full + 127) / 255);
    for (pixel, slot) in pixels.chunks_exact(4 * S::SIZE).zip(out.chunks_exact_mut(3 * S::SIZE)) {
        let alpha = number(&pixel[3 * S::SIZE..]);
        let colors = pixel.chunks_exact(S::SIZE).zip(unders).zip(slot.chunks_exact_mut(S::SIZE));
        for ((color, under), sample) in colors {
            let sum = under * (full - alpha) + number(color) * alpha;
            S::put(((sum + full / 2) / full) as f64, sample);
        }
    }
    Ok(())
}

/// CMYK of 16 bits a sample or fewer, 0 being no ink, to RGB: `(full - c) (full - k) / full`, as for bytes with 255.
fn ink(pixels: &[u8], depth: Depth, out: &mut [u8]) {
    let full = depth.most().unwrap_or(1);
    let left = |bytes: &[u8]| full - u16::integer(bytes).unwrap_or(0).min(full);
    for (pixel, slot) in pixels.chunks_exact(8).zip(out.chunks_exact_mut(6)) {
        for (color, sample) in pixel.chunks_exact(2).zip(slot.chunks_exact_mut(2)) {
            let value = (left(color) * left(&pixel[6..]) + full / 2) / full;
            u16::put(value as f64, sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pixels: &[u8], from: Color, to: Color, background: Option<[u8; 3]>, want: &[u8]) {
        let mut out = vec![9; want.len()];
        convert(pixels, (from, to), Depth::of(DType::Uint8), background, &mut out)
            .expect("a conversion");
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
        convert(&rgb, colors, Depth::of(DType::Uint16), None, &mut out).expect("gray");
        assert_eq!(out, [255, 255]);
        assert!(convert(&rgb, colors, Depth::of(DType::Int64), None, &mut out).is_err());
    }
    #[test]
    fn colors_of_few_bits_are_blended_in_their_range() {
        let deep = |v: &[u16]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let ten = Depth { dtype: DType::Uint16, bits: 10 };
        let mut out = [0; 6];
        let colors = (Color::Rgba, Color::Rgb);
        let opaque = deep(&[500, 300, 100, 1023]);
        convert(&opaque, colors, ten, Some([255; 3]), &mut out).expect("blended");
        assert_eq!(out[..], deep(&[500, 300, 100]));
        let clear = deep(&[500, 300, 100, 0]);
        convert(&clear, colors, ten, Some([255, 0, 255]), &mut out).expect("blended");
        assert_eq!(out[..], deep(&[1023, 0, 1023]));
        let four = Depth { dtype: DType::Uint8, bits: 4 };
        let mut small = [0; 3];
        convert(&[15, 5, 0, 15], colors, four, Some([255; 3]), &mut small).expect("blended");
        assert_eq!(small, [15, 5, 0]);
        let twelve = Depth { dtype: DType::Uint16, bits: 12 };
        let inks = (Color::Cmyk, Color::Rgb);
        convert(&deep(&[0, 4095, 0, 0]), inks, twelve, None, &mut out).expect("RGB");
        assert_eq!(out[..], deep(&[4095, 0, 4095]));
    }
}
