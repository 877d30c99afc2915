//! Portable float maps: `Pf` is gray, `PF` is RGB; float32, rows from the bottom to the top.
//!
//! The sign of the scale in the header is the byte order. Its size is not applied: the samples are those
//! of the file, bit for bit, as Pillow gives them (OpenCV divides by it).

use super::pnm::Scanner;
use super::row::{ByRows, Evidence, More, Row, no_indices, pixels};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::Limits;
use crate::shape::Shape;

/// What is known of the format.
pub(super) const ROW: Row = Row {
    name: "pfm",
    extensions: &["pfm"],
    dtypes: &[DType::Float32],
    colors: &[Color::Gray, Color::Rgb],
    sniff,
    evidence: Evidence::Signature,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices: no_indices,
};

/// Two letters are not much: white space follows, and a number or a comment where anything does.
fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [b'P', b'f' | b'F', space, rest @ ..] if space.is_ascii_whitespace()
        && matches!(rest.trim_ascii_start(), [] | [b'#' | b'0'..=b'9', ..]))
}

/// What the header says.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let header = Header::parse(bytes)?;
    limits.check_pixels(header.height.into(), header.width.into())?;
    let (channels, color) = if header.gray { (1, Color::Gray) } else { (3, Color::Rgb) };
    Ok(ImageInfo::of(
        Shape::image(header.height as usize, header.width as usize, channels),
        DType::Float32,
        color,
    ))
}

/// All samples.
fn least(_bytes: &[u8], info: &ImageInfo) -> u64 {
    pixels(info).saturating_mul(if info.color == Color::Gray { 4 } else { 12 })
}

/// The samples in little-endian order, the top row first.
fn decode(bytes: &[u8], info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let Header { width, gray, big_endian, data, .. } = Header::parse(bytes)?;
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the PFM"));
    }
    let row = width as usize * if gray { 4 } else { 12 };
    let data = data.get(..out.len()).ok_or_else(|| Error::image("PFM data is cut short"))?;
    for (to, from) in out.chunks_exact_mut(row).zip(data.chunks_exact(row).rev()) {
        to.copy_from_slice(from);
    }
    if big_endian {
        out.as_chunks_mut::<4>().0.iter_mut().for_each(|sample| sample.reverse());
    }
    Ok(())
}

/// What stands before the samples.
struct Header<'a> {
    /// Pixels.
    height: u32,
    /// Pixels.
    width: u32,
    /// Whether there is one sample a pixel, and not three.
    gray: bool,
    /// The byte order of the samples.
    big_endian: bool,
    /// The samples, the bottom row first.
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the letters, both sides and the scale.
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let gray = bytes.starts_with(b"Pf");
        let mut scan = Scanner { name: "PFM", rest: bytes.get(2..).unwrap_or_default() };
        let (width, height) = (scan.number()?, scan.number()?);
        let token = scan.token()?;
        let number = std::str::from_utf8(token).ok().and_then(|word| word.parse().ok());
        let Some(scale) = number.filter(|n: &f64| n.is_finite() && *n != 0.0) else {
            return Err(Error::image(format!("PFM scale {}", quote(token))));
        };
        if width == 0 || height == 0 {
            return Err(Error::image(format!("PFM of {height} x {width} pixels")));
        }
        Ok(Self { height, width, gray, big_endian: scale > 0.0, data: scan.rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<f32>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
    }

    fn little() -> Vec<u8> {
        let samples = [1f32, 2., 3., 4., 5., 6.].map(f32::to_le_bytes).concat();
        [b"PF\n1 2\n-2.5\n", &samples[..]].concat()
    }

    #[test]
    fn rows_and_byte_orders() {
        let (info, px) = read(&little()).expect("valid");
        assert_eq!((&info.shape[..], info.color), (&[2, 1, 3][..], Color::Rgb));
        assert_eq!(px, [4., 5., 6., 1., 2., 3.]);
        let big =
            [b"Pf #c\n2 2 1\n", &[1f32, 2., 3., 4.].map(f32::to_be_bytes).concat()[..]].concat();
        let (info, px) = read(&big).expect("valid");
        assert_eq!((&info.shape[..], info.color), (&[2, 2][..], Color::Gray));
        assert_eq!(px, [3., 4., 1., 2.]);
    }

    #[test]
    fn every_cut_is_damage_and_no_bit_panics() {
        let whole = little();
        for end in 0..whole.len() {
            let error = read(&whole[..end]).expect_err("cut");
            assert_eq!(error.kind(), ErrorKind::Image, "{end}");
            assert!(error.message().starts_with("PFM "), "{end}: {error}");
        }
        for bad in flipped(&whole, 0..whole.len() * 8) {
            let _ = read(&bad);
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let kind = |bytes: &[u8]| read(bytes).expect_err("absurd").kind();
        assert_eq!(kind(b"Pf 4294967295 4294967295 1\n"), ErrorKind::Limit);
        for scale in ["0", "-0.0", "nan", "inf", "1e999", "x", ""] {
            let file = format!("Pf 1 1 {scale}\nabcdefgh");
            assert_eq!(kind(file.as_bytes()), ErrorKind::Image, "{scale}");
        }
        assert_eq!(kind(b"Pf 0 1 1\nabcd"), ErrorKind::Image);
        assert!(sniff(b"PF\n3 4\n") && sniff(b"Pf ") && !sniff(b"PF4\n1 1") && !sniff(b"PF chang"));
    }
}
