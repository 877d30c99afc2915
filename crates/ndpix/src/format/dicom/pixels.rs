//! From samples as a DICOM file keeps them to samples as NumPy has them, as pydicom's `pixel_array` does.
//!
//! Native frames are laid as rows of pixels in little-endian; then, of all integers, the bits that are not
//! in use are filled with zeros or the sign, and luma and chroma become RGB.

use super::header::{Header, Photometric, cut_pixels};
use crate::dtype::DType;
use crate::error::Result;

/// The samples of a native frame: all bytes from that of its first bit on.
#[derive(Clone, Copy)]
pub(super) struct Native<'a> {
    pub(super) bytes: &'a [u8],
    /// The first bit of the first byte, from the lowest; not 0 where frames of single bits share a byte.
    pub(super) bit: u32,
}

/// Lays a frame that no codec has coded into `out`.
pub(super) fn lay(header: &Header, native: Native<'_>, out: &mut [u8]) -> Result<()> {
    let length = (u64::from(native.bit) + header.frame_bits()).div_ceil(8);
    let length = usize::try_from(length).map_err(|_| cut_pixels())?;
    let stored = native.bytes.get(..length).ok_or_else(cut_pixels)?;
    let planes = if header.planar { header.samples } else { 1 };
    match (header.allocated, header.photometric) {
        (1, _) => unpack(stored, native.bit as usize, planes, out),
        (_, Photometric::Ybr422) => share(stored, out),
        (8, _) => scatter::<1>(stored, planes, false, out),
        (16, _) => scatter::<2>(stored, planes, header.syntax.writing.big_endian, out),
        (32, _) => scatter::<4>(stored, planes, header.syntax.writing.big_endian, out),
        _ => scatter::<8>(stored, planes, header.syntax.writing.big_endian, out),
    }
    Ok(())
}

/// Single bits, the lowest of a byte first, as 0 and 1.
fn unpack(stored: &[u8], first: usize, planes: usize, out: &mut [u8]) {
    let area = (out.len() / planes).max(1);
    for (i, to) in out.iter_mut().enumerate() {
        let bit = first + i % planes * area + i / planes;
        *to = stored.get(bit / 8).map_or(0, |byte| byte >> (bit % 8) & 1);
    }
}

/// Two pixels of luma and their one chroma, as two pixels.
fn share(stored: &[u8], out: &mut [u8]) {
    let pairs = stored.as_chunks::<4>().0.iter();
    for ([first, second, blue, red], to) in pairs.zip(out.as_chunks_mut::<6>().0) {
        *to = [*first, *blue, *red, *second, *blue, *red];
    }
}

/// Numbers of `N` bytes, plane after plane, as pixels.
fn scatter<const N: usize>(stored: &[u8], planes: usize, big_endian: bool, out: &mut [u8]) {
    if planes == 1 && !big_endian && stored.len() == out.len() {
        out.copy_from_slice(stored);
        return;
    }
    let numbers = stored.as_chunks::<N>().0;
    let out = out.as_chunks_mut::<N>().0;
    let area = (out.len() / planes).max(1);
    for (plane, numbers) in numbers.chunks(area).enumerate().take(planes) {
        for (to, from) in out.iter_mut().skip(plane).step_by(planes).zip(numbers) {
            *to = *from;
            if big_endian {
                to.reverse();
            }
        }
    }
}

/// Fills the bits of integers above those that are stored: with zeros, of signed ones with the sign.
pub(super) fn fill_unused(dtype: DType, stored: u32, out: &mut [u8]) {
    macro_rules! fill {
        ($number:ty) => {{
            let shift = <$number>::BITS.saturating_sub(stored);
            if shift > 0 {
                for bytes in out.as_chunks_mut::<{ size_of::<$number>() }>().0 {
                    *bytes = (<$number>::from_le_bytes(*bytes) << shift >> shift).to_le_bytes();
                }
            }
        }};
    }
    match dtype {
        DType::Uint8 => fill!(u8),
        DType::Int8 => fill!(i8),
        DType::Uint16 => fill!(u16),
        DType::Int16 => fill!(i16),
        DType::Uint32 => fill!(u32),
        DType::Int32 => fill!(i32),
        DType::Uint64 => fill!(u64),
        DType::Int64 => fill!(i64),
        DType::Bool | DType::Float16 | DType::Float32 | DType::Float64 => {}
    }
}

/// Luma and chroma to RGB in place, with the arithmetic of pydicom: 32-bit floats, rounded half up.
pub(super) fn to_rgb(out: &mut [u8]) {
    /// What blue takes from green.
    const GREEN_BLUE: f32 = (-0.114 * 1.772 / 0.587) as f32;
    /// What red takes from green.
    const GREEN_RED: f32 = (-0.299 * 1.402 / 0.587) as f32;
    for pixel in out.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = *pixel;
        let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
        // The cast of a float stops at 0 and 255.
        let round = |light: f32| (light + 0.5).floor() as u8;
        *pixel = [
            round(y + cr * 1.402),
            round(y + cb * GREEN_BLUE + cr * GREEN_RED),
            round(y + cb * 1.772),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_planes_and_byte_orders() {
        let mut out = [9; 6];
        unpack(&[0b1010_0000, 0b1], 5, 1, &mut out[..4]);
        assert_eq!(out, [1, 0, 1, 1, 9, 9]);
        scatter::<1>(&[1, 2, 3, 4, 5, 6], 3, false, &mut out);
        assert_eq!(out, [1, 3, 5, 2, 4, 6]);
        scatter::<2>(&[1, 2, 3, 4, 5, 6], 1, true, &mut out);
        assert_eq!(out, [2, 1, 4, 3, 6, 5]);
        share(&[1, 2, 3, 4], &mut out);
        assert_eq!(out, [1, 3, 4, 2, 3, 4]);
    }

    #[test]
    fn unused_bits() {
        let mut out = [0xF5, 0x18, 0x00, 0x08];
        fill_unused(DType::Uint16, 12, &mut out);
        assert_eq!(out, [0xF5, 0x08, 0x00, 0x08]);
        fill_unused(DType::Int16, 12, &mut out);
        assert_eq!(out, [0xF5, 0xF8, 0x00, 0xF8]);
        let mut bits = [1, 0];
        fill_unused(DType::Uint8, 8, &mut bits);
        assert_eq!(bits, [1, 0]);
    }

    #[test]
    fn luma_and_chroma() {
        let mut out = [100, 128, 128, 76, 85, 255, 255, 255, 0, 0, 0, 0];
        to_rgb(&mut out);
        assert_eq!(out, [100, 100, 100, 254, 0, 0, 76, 255, 255, 0, 135, 0]);
    }
}
