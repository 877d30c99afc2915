//! QOI, the "quite OK image" format: 8-bit RGB or RGBA.
//!
//! The crate `qoi` reads the header and the chunks; this file checks sizes before it is called.
//! The colour space byte (sRGB or linear) does not change the pixels.

use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

/// What the header says: 14 bytes, all of them needed.
pub(super) fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let Some(&[b'q', b'o', b'i', b'f', w0, w1, w2, w3, h0, h1, h2, h3, channels, _]) =
        bytes.first_chunk::<14>()
    else {
        return Err(Error::image("QOI header is cut short"));
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
    Ok(ImageInfo {
        shape: Shape::image(height as usize, width as usize, channels.into()),
        dtype: DType::Uint8,
        color,
        orientation: 1,
        frames: 1,
    })
}

/// The pixels.
pub(super) fn decode(
    bytes: &[u8],
    _info: &ImageInfo,
    _limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    match qoi::decode_to_buf(out, bytes) {
        Ok(_) => Ok(()),
        Err(qoi::Error::InvalidImageDimensions { width, height }) => Err(Error::unsupported(
            format!("QOI of {height} x {width} pixels is more than its decoder reads"),
        )),
        Err(e) => Err(Error::image(format!("QOI: {e}"))),
    }
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
        for cut in 0..file.len() {
            assert_eq!(read(&file[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
    }

    #[test]
    fn absurd_size_is_a_limit() {
        let mut file = sample();
        file[4..12].fill(0xFF);
        assert_eq!(read(&file).expect_err("huge").kind(), ErrorKind::Limit);
    }
}
