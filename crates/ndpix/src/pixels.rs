//! From pixels as they are to pixels as the array wants them, in their slot.
//!
//! Here only what loses nothing: gray to RGB, a full alpha added. Anything else that does not fit
//! is `shape`. Samples are little-endian, channels last.

mod associated;
pub(crate) mod color;
pub(crate) mod fit;
mod gray;
mod layout;
pub(crate) mod narrow;
pub(crate) mod orient;
pub(crate) mod resize;
pub(crate) mod sample;
mod shown;
pub(crate) mod stack;
pub(crate) mod steps;
mod values;

use crate::dtype::{DType, Depth};
use crate::format::Color;

/// Whether every image of color `from` can be given as `to` without losing anything.
pub(crate) fn promotes(from: Color, to: Color) -> bool {
    use Color::{Gray, GrayAlpha, Rgb, Rgba};
    from == to || matches!((from, to), (Gray, GrayAlpha | Rgb | Rgba) | (GrayAlpha | Rgb, Rgba))
}

/// The narrowest color that both promote to.
pub(crate) fn widest(a: Color, b: Color) -> Option<Color> {
    [Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba, Color::Cmyk, Color::Samples]
        .into_iter()
        .find(|&c| promotes(a, c) && promotes(b, c))
}

/// The channels of a promoted picture.
pub(crate) fn channels(color: Color) -> usize {
    match color {
        Color::Gray => 1,
        Color::GrayAlpha => 2,
        Color::Rgb => 3,
        Color::Rgba | Color::Cmyk => 4,
        Color::Samples => 0,
    }
}

/// Fills `out` with the pixels of `pixels`, promoted from `from` to `to` (see [`promotes`]). Alpha is
/// the largest number of an integer depth, 1.0 of a floating one.
pub(crate) fn promote(pixels: &[u8], from: Color, to: Color, depth: Depth, out: &mut [u8]) {
    let (size, full) = (depth.dtype.size(), full(depth));
    let (source, target) = (channels(from) * size, channels(to) * size);
    // The everyday cases with sizes that the compiler knows: ten times the loop below.
    match (from, to, size) {
        (Color::Gray, Color::Rgb, 1) => return spread(pixels, out, |&[v]| [v; 3]),
        (Color::Gray, Color::Rgba, 1) => return spread(pixels, out, |&[v]| [v, v, v, full[0]]),
        (Color::Rgb, Color::Rgba, 1) => {
            return spread(pixels, out, |&[r, g, b]| [r, g, b, full[0]]);
        }
        (Color::Gray, Color::Rgb, 2) => {
            return spread(pixels, out, |&[a, b]| [a, b, a, b, a, b]);
        }
        _ => {}
    }
    let has_alpha = from == Color::GrayAlpha;
    for (pixel, slot) in pixels.chunks_exact(source).zip(out.chunks_exact_mut(target)) {
        match (from, to) {
            (Color::Gray | Color::GrayAlpha, Color::Rgb | Color::Rgba) => {
                for channel in slot[..3 * size].chunks_exact_mut(size) {
                    channel.copy_from_slice(&pixel[..size]);
                }
            }
            _ => slot[..source.min(target)].copy_from_slice(&pixel[..source.min(target)]),
        }
        if target > source && matches!(to, Color::Rgba | Color::GrayAlpha) {
            let alpha = if has_alpha { &pixel[size..] } else { &full[..size] };
            slot[target - size..].copy_from_slice(alpha);
        }
    }
}

fn spread<const N: usize, const M: usize>(
    pixels: &[u8],
    out: &mut [u8],
    made: impl Fn(&[u8; N]) -> [u8; M],
) {
    for (pixel, slot) in pixels.as_chunks::<N>().0.iter().zip(out.as_chunks_mut::<M>().0) {
        *slot = made(pixel);
    }
}

/// Full alpha, in the first bytes.
fn full(depth: Depth) -> [u8; 8] {
    match depth.dtype {
        DType::Float16 => [0, 0x3C, 0, 0, 0, 0, 0, 0],
        DType::Float32 => {
            let b = 1f32.to_le_bytes();
            [b[0], b[1], b[2], b[3], 0, 0, 0, 0]
        }
        DType::Float64 => 1f64.to_le_bytes(),
        DType::Uint64 => [0xFF; 8],
        _ => depth.most().unwrap_or(1).to_le_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_adds_nothing_but_full_alpha() {
        let mut out = [0; 8];
        promote(&[1, 2], Color::Gray, Color::Rgba, Depth::of(DType::Uint8), &mut out);
        assert_eq!(out, [1, 1, 1, 255, 2, 2, 2, 255]);
        promote(&[1, 9, 2, 8], Color::GrayAlpha, Color::Rgba, Depth::of(DType::Uint8), &mut out);
        assert_eq!(out, [1, 1, 1, 9, 2, 2, 2, 8]);
        promote(&[1, 2, 3, 4, 5, 6], Color::Rgb, Color::Rgba, Depth::of(DType::Uint8), &mut out);
        assert_eq!(out, [1, 2, 3, 255, 4, 5, 6, 255]);
        let ten = Depth { dtype: DType::Uint16, bits: 10 };
        let mut deep = [0; 4];
        promote(&[1, 2], Color::Gray, Color::GrayAlpha, ten, &mut deep);
        assert_eq!(deep, [1, 2, 0xFF, 3]);
        let mut wide = [0; 6];
        promote(&[1, 2], Color::Gray, Color::Rgb, Depth::of(DType::Uint16), &mut wide);
        assert_eq!(wide, [1, 2, 1, 2, 1, 2]);
    }

    #[test]
    fn the_widest_color_is_the_narrowest_that_holds_both() {
        assert_eq!(widest(Color::Gray, Color::Rgb), Some(Color::Rgb));
        assert_eq!(widest(Color::GrayAlpha, Color::Rgb), Some(Color::Rgba));
        assert_eq!(widest(Color::Gray, Color::GrayAlpha), Some(Color::GrayAlpha));
        assert_eq!(widest(Color::Cmyk, Color::Rgb), None);
    }
}
