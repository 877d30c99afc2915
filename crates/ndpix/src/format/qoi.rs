//! QOI, the "quite OK image" format: 8-bit RGB or RGBA.
//!
//! Written out here because it is short and the crate `qoi` 0.4 gives other pixels than the
//! reference decoder for RGB files whose chunks change alpha. The colour space byte (sRGB or
//! linear) does not change the pixels, and the end marker may be missing if every pixel is there.

use super::row::{ByRows, Evidence, More, Row, no_indices, pixels};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "qoi",
    extensions: &["qoi"],
    dtypes: &[DType::Uint8],
    colors: &[Color::Rgb, Color::Rgba],
    sniff: |bytes| bytes.starts_with(b"qoif"),
    evidence: Evidence::Signature,
    info,
    // A byte is a run of at most 62 pixels.
    least: |_, info| pixels(info) / 62,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices: no_indices,
};

/// What the header says: 14 bytes, all of them needed.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let Some(&[b'q', b'o', b'i', b'f', w0, w1, w2, w3, h0, h1, h2, h3, channels, _]) =
        bytes.first_chunk::<14>()
    else {
        return Err(cut());
    };
    let width = u32::from_be_bytes([w0, w1, w2, w3]);
    let height = u32::from_be_bytes([h0, h1, h2, h3]);
    if width == 0 || height == 0 {
        return Err(Error::image(format!("QOI of {height} x {width} pixels")));
    }
    limits.check_pixels(height.into(), width.into())?;
    let color = match channels {
        3 => Color::Rgb,
        4 => Color::Rgba,
        n => return Err(Error::image(format!("QOI of {n} channels; only 3 and 4 exist"))),
    };
    Ok(ImageInfo::of(
        Shape::image(height as usize, width as usize, channels.into()),
        DType::Uint8,
        color,
    ))
}

/// The pixels.
fn decode(bytes: &[u8], info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let chunks = bytes.get(14..).ok_or_else(cut)?;
    match info.color {
        Color::Rgba => paint(chunks, out.as_chunks_mut::<4>().0),
        _ => paint(chunks, out.as_chunks_mut::<3>().0),
    }
}

/// Fills `out` with what the chunks say; alpha takes part in them even where it is not stored.
fn paint<const N: usize>(mut chunks: &[u8], mut out: &mut [[u8; N]]) -> Result<()> {
    let mut seen = [[0u8; 4]; 64];
    let mut pixel = [0, 0, 0, 255];
    while !out.is_empty() {
        let [tag] = take(&mut chunks)?;
        let [r, g, b, a] = pixel;
        let mut run = 1;
        match tag {
            0xFE => {
                let [r, g, b] = take(&mut chunks)?;
                pixel = [r, g, b, a];
            }
            0xFF => pixel = take(&mut chunks)?,
            0x00..=0x3F => pixel = seen[usize::from(tag)],
            0x40..=0x7F => {
                let add = |v: u8, shift: u32| v.wrapping_add(tag >> shift & 3).wrapping_sub(2);
                pixel = [add(r, 4), add(g, 2), add(b, 0), a];
            }
            0x80..=0xBF => {
                let [low] = take(&mut chunks)?;
                let green = (tag & 63).wrapping_sub(32);
                let add = |v: u8, d: u8| v.wrapping_add(green).wrapping_add(d).wrapping_sub(8);
                pixel = [add(r, low >> 4), g.wrapping_add(green), add(b, low & 15), a];
            }
            0xC0..=0xFD => run = usize::from(tag & 63) + 1,
        }
        let [r, g, b, a] = pixel.map(usize::from);
        seen[(r * 3 + g * 5 + b * 7 + a * 11) % 64] = pixel;
        // A run past the end is clipped, as the reference decoder does.
        let run = run.min(out.len());
        let (now, later) = std::mem::take(&mut out).split_at_mut(run);
        now.fill(std::array::from_fn(|c| pixel[c]));
        out = later;
    }
    Ok(())
}

/// The next `C` bytes.
fn take<const C: usize>(chunks: &mut &[u8]) -> Result<[u8; C]> {
    let (head, tail) = chunks.split_first_chunk().ok_or_else(cut)?;
    *chunks = tail;
    Ok(*head)
}

fn cut() -> Error {
    Error::image("QOI data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// 3 x 1: red as RGB, the same once more as a run, black from the index.
    fn sample() -> Vec<u8> {
        let mut file = b"qoif\0\0\0\x03\0\0\0\x01\x03\0".to_vec();
        file.extend([0xFE, 255, 0, 0, 0xC0, 0xFE, 0, 0, 9]);
        file.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        file
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok(out)
    }

    #[test]
    fn reads_rgb() {
        assert_eq!(read(&sample()).expect("valid"), [255, 0, 0, 255, 0, 0, 0, 0, 9]);
    }

    #[test]
    fn every_cut_is_damage() {
        let file = sample();
        assert!(read(&file[..file.len() - 8]).is_ok(), "only the end marker is missing");
        for cut in 0..file.len() - 8 {
            assert_eq!(read(&file[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
    }

    #[test]
    fn small_chunks() {
        let mut file = b"qoif\0\0\0\x04\0\0\0\x01\x04\0".to_vec();
        // Differences of 1, -1 and 0; green + 2 (red and blue one more and less); index; run.
        file.extend([0x40 | 3 << 4 | 1 << 2 | 2, 0x80 | 34, 9 << 4 | 7, 53, 0xC0]);
        assert_eq!(
            read(&file).expect("valid"),
            [1, 255, 0, 255, 4, 1, 1, 255, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        file[18] = 0xC1;
        assert!(read(&file).is_ok(), "a run past the end is clipped");
    }

    #[test]
    fn absurd_size_is_a_limit() {
        let mut file = sample();
        file[4..12].fill(0xFF);
        assert_eq!(read(&file).expect_err("huge").kind(), ErrorKind::Limit);
    }
}
