//! Associated (premultiplied) alpha, as some TIFF files store it, to colours as they are without it.
//!
//! `colour * full / alpha`, cut to an integer and to the range, as Pillow does for 8-bit images when it
//! opens them (RGBA) or converts them (LA, which keeps its gray where alpha is 0). Deeper integers do
//! the same in their own range; floats are divided.

use super::sample::{Sample, with_sample};
use super::{channels, full};
use crate::dtype::{DType, Depth};
use crate::format::Color;

/// Un-multiplies the colours of LA or RGBA pixels.
pub(crate) fn unmultiply(pixels: &mut [u8], color: Color, depth: Depth) {
    if matches!(color, Color::GrayAlpha | Color::Rgba) {
        with_sample!(depth.dtype, each(pixels, color, full(depth)));
    }
}

fn each<S: Sample>(pixels: &mut [u8], color: Color, full: [u8; 8]) {
    let most = S::integer(&full[..S::SIZE]).unwrap_or(i64::MAX);
    for pixel in pixels.chunks_exact_mut(channels(color) * S::SIZE) {
        let (colors, alpha) = pixel.split_at_mut(pixel.len() - S::SIZE);
        let (whole, part) = (S::integer(alpha), S::get(alpha));
        for sample in colors.chunks_exact_mut(S::SIZE) {
            match (whole, S::integer(sample)) {
                _ if part == 0.0 && color == Color::GrayAlpha => {}
                _ if part == 0.0 => sample.fill(0),
                (Some(alpha), Some(value)) if S::IS_INTEGER => {
                    let value = i128::from(value) * i128::from(most) / i128::from(alpha);
                    S::put(value.min(i128::from(most)) as f64, sample);
                }
                _ if S::IS_INTEGER => {}
                _ => S::put(S::get(sample) / part, sample),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_pillow_opens_and_converts() {
        let mut rgba = [10, 200, 30, 77, 10, 20, 30, 0, 10, 20, 30, 255, 50, 60, 70, 40];
        unmultiply(&mut rgba, Color::Rgba, Depth::of(DType::Uint8));
        assert_eq!(rgba, [33, 255, 99, 77, 0, 0, 0, 0, 10, 20, 30, 255, 255, 255, 255, 40]);
        let mut la = [200, 77, 20, 0, 20, 255, 60, 40];
        unmultiply(&mut la, Color::GrayAlpha, Depth::of(DType::Uint8));
        assert_eq!(la, [255, 77, 20, 0, 20, 255, 255, 40]);
        let mut rgb = [1, 2, 3];
        unmultiply(&mut rgb, Color::Rgb, Depth::of(DType::Uint8));
        assert_eq!(rgb, [1, 2, 3]);
    }

    #[test]
    fn deeper_samples_keep_their_depth() {
        let mut deep = [1000u16, 40_000].map(u16::to_le_bytes).concat();
        unmultiply(&mut deep, Color::GrayAlpha, Depth::of(DType::Uint16));
        assert_eq!(deep, [1638u16, 40_000].map(u16::to_le_bytes).concat());
        let ten = Depth { dtype: DType::Uint16, bits: 10 };
        let mut half = [250u16, 512].map(u16::to_le_bytes).concat();
        unmultiply(&mut half, Color::GrayAlpha, ten);
        assert_eq!(half, [499u16, 512].map(u16::to_le_bytes).concat());
        let mut float = [0.25f32, 0.5].map(f32::to_le_bytes).concat();
        unmultiply(&mut float, Color::GrayAlpha, Depth::of(DType::Float32));
        assert_eq!(float, [0.5f32, 0.5].map(f32::to_le_bytes).concat());
    }
}
