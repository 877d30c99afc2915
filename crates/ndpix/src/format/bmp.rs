//! Windows and OS/2 bitmaps: 1 to 32 bits, RLE4 and RLE8, bit fields.
//!
//! Palettes become RGB, except a gray ramp (index equal to value, or black and white), which stays
//! one channel, as Pillow opens it. Alpha is given for 32-bit pixels whose masks name it and never
//! else. The same reader ([`Dib`]) serves the bitmaps inside icons, which have no file header.
//! Embedded JPEG and PNG, RLE24 and Huffman are refused as `unsupported`.

mod dib;

pub(super) use dib::Dib;

use super::row::{ByRows, DecodeIndices, Evidence, More, Row};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::Result;
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "bmp",
    extensions: &["bmp", "dib"],
    dtypes: &[DType::Uint8],
    colors: &[Color::Gray, Color::Rgb, Color::Rgba],
    sniff,
    evidence: Evidence::Signature,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices,
};

/// Whether `bytes` begin with a file header and a DIB header of a known size.
fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM") && dib::u32_at(bytes, 14).is_ok_and(|n| dib::SIZES.contains(&n))
}

/// What the headers and the palette say.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let dib = open(bytes)?;
    limits.check_pixels(dib.height as u64, dib.width as u64)?;
    let (channels, color) = match (dib.gray, dib.alpha) {
        (true, _) => (1, Color::Gray),
        (_, true) => (4, Color::Rgba),
        _ => (3, Color::Rgb),
    };
    Ok(ImageInfo::of(Shape::image(dib.height, dib.width, channels), DType::Uint8, color))
}

/// All rows, where they are not runs.
fn least(bytes: &[u8], _info: &ImageInfo) -> u64 {
    open(bytes).map_or(0, |dib| dib.least(dib.height))
}

/// The pixels, top row first.
fn decode(bytes: &[u8], info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let dib = open(bytes)?;
    match info.color {
        Color::Gray => dib.paint::<1>(bytes, out),
        Color::Rgba => dib.paint::<4>(bytes, out),
        _ => dib.paint::<3>(bytes, out),
    }
}

/// Where the pixels are indices into a palette that is not a gray ramp.
fn indices(bytes: &[u8], _limits: &Limits) -> Result<Option<DecodeIndices>> {
    let held = open(bytes).is_ok_and(|dib| dib.has_palette());
    Ok(held.then_some(decode_indices))
}

/// The palette indices, top row first.
fn decode_indices(bytes: &[u8], _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let mut dib = open(bytes)?;
    dib.keep_indices();
    dib.paint::<1>(bytes, out)
}

/// The bitmap of a whole BMP file.
fn open(bytes: &[u8]) -> Result<Dib> {
    let pixels = dib::u32_at(bytes, 10)? as usize;
    Dib::parse(bytes, 14, Some(pixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// A file of these parts with a 40-byte header; `rest` is palette (or masks) and pixels.
    fn file(w: i32, h: i32, bits: u16, compression: u32, before: &[u8], pixels: &[u8]) -> Vec<u8> {
        let mut f = b"BM\0\0\0\0\0\0\0\0".to_vec();
        f.extend((54 + before.len() as u32).to_le_bytes());
        f.extend(40u32.to_le_bytes());
        f.extend(w.to_le_bytes());
        f.extend(h.to_le_bytes());
        f.extend(1u16.to_le_bytes());
        f.extend(bits.to_le_bytes());
        f.extend(compression.to_le_bytes());
        f.extend([0; 12]);
        f.extend((before.len() as u32 / 4 * u32::from(bits <= 8)).to_le_bytes());
        f.extend([0; 4]);
        f.extend(before);
        f.extend(pixels);
        f
    }

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out))
    }

    const RED_BLUE: [u8; 8] = [0, 0, 255, 0, 255, 0, 0, 0];

    #[test]
    fn rows_are_bottom_up_unless_negative() {
        let px = [1, 2, 3, 0, 4, 5, 6];
        let (_, up) = read(&file(1, 2, 24, 0, &[], &px)).expect("valid");
        assert_eq!(up, [6, 5, 4, 3, 2, 1]);
        let (_, down) = read(&file(1, -2, 24, 0, &[], &px)).expect("valid");
        assert_eq!(down, [3, 2, 1, 6, 5, 4]);
    }

    #[test]
    fn palettes_become_rgb_and_ramps_gray() {
        let (info, rgb) = read(&file(3, 1, 1, 0, &RED_BLUE, &[0x40, 0, 0, 0])).expect("valid");
        assert_eq!((info.color, rgb), (Color::Rgb, vec![255, 0, 0, 0, 0, 255, 255, 0, 0]));
        let ramp = [0, 0, 0, 0, 255, 255, 255, 0];
        let (info, gray) = read(&file(3, 1, 1, 0, &ramp, &[0x40, 0, 0, 0])).expect("valid");
        assert_eq!((info.color, gray), (Color::Gray, vec![0, 255, 0]));
    }

    #[test]
    fn runs_deltas_and_literals() {
        // Row 0: 2 x index 1; then over to (1, 1): one literal... then the end of the bitmap.
        let runs = [2, 1, 0, 2, 1, 1, 0, 3, 1, 0, 1, 0, 0, 1];
        let (_, px) = read(&file(6, 2, 8, 1, &RED_BLUE, &runs)).expect("valid");
        let red: Vec<u8> = px.chunks(3).map(|p| u8::from(p[0] == 255)).collect();
        assert_eq!(red, [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn masks_scale_and_name_alpha() {
        let m565 = [0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0];
        let (_, px) = read(&file(1, 1, 16, 3, &m565, &[0xFF, 0xFF])).expect("valid");
        assert_eq!(px, [255; 3]);
        let (info, px) = read(&file(1, 1, 32, 0, &[], &[1, 2, 3, 4])).expect("valid");
        assert_eq!((info.color, px), (Color::Rgb, vec![3, 2, 1]));
        let mut masks = [0; 16];
        (masks[0], masks[5], masks[10], masks[15]) = (255, 255, 255, 255);
        let (info, px) = read(&file(1, 1, 32, 6, &masks, &[1, 2, 3, 4])).expect("valid");
        assert_eq!((info.color, px), (Color::Rgba, vec![1, 2, 3, 4]));
    }

    #[test]
    fn every_cut_is_an_error() {
        let runs = [2, 1, 0, 2, 1, 1, 0, 3, 1, 0, 1, 0, 0, 1];
        for f in [
            file(7, 2, 8, 1, &RED_BLUE, &runs),
            file(1, 2, 24, 0, &[], &[1, 2, 3, 0, 4, 5, 6]),
            file(3, 1, 1, 0, &RED_BLUE, &[0x40]),
        ] {
            assert!(read(&f).is_ok() && sniff(&f));
            for cut in 0..f.len() {
                assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
            }
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let huge = file(i32::MAX, i32::MIN, 8, 0, &RED_BLUE, &[]);
        assert_eq!(read(&huge).expect_err("huge").kind(), ErrorKind::Limit);
        let jpeg = file(1, 1, 0, 4, &[], &[]);
        assert_eq!(read(&jpeg).expect_err("jpeg").kind(), ErrorKind::Unsupported);
        let none = file(0, 1, 24, 0, &[], &[]);
        assert_eq!(read(&none).expect_err("empty").kind(), ErrorKind::Image);
        assert!(!sniff(b"BMW is a car of many kinds"));
    }
}
