//! A picture of 8-bit samples as a PNG file, for people to look at.

use png::{BitDepth, ColorType, Compression, Encoder};

/// The PNG file of `pixels`, which are `height` rows of `width` pixels of 1 to 4 samples: gray, gray and alpha, RGB
/// or RGBA. `None` where they are not.
pub(crate) fn write(width: u32, height: u32, channels: usize, pixels: &[u8]) -> Option<Vec<u8>> {
    let color = match channels {
        1 => ColorType::Grayscale,
        2 => ColorType::GrayscaleAlpha,
        3 => ColorType::Rgb,
        4 => ColorType::Rgba,
        _ => return None,
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder.write_header().ok()?.write_image_data(pixels).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{self, ImageFormat};
    use crate::limits::Limits;

    #[test]
    fn what_is_written_is_read_again() {
        let pixels: Vec<u8> = (0..24).collect();
        for channels in [1, 2, 3, 4] {
            let file = write((12 / channels) as u32, 2, channels, &pixels).expect("a file");
            let limits = Limits::default();
            let info = format::info(ImageFormat::Png, &file, &limits).expect("a header");
            let mut out = vec![0; 24];
            format::decode_frame(ImageFormat::Png, &file, 0, &info, &limits, &mut out)
                .expect("pixels");
            assert_eq!(out, pixels, "{channels} channels");
        }
        assert!(write(2, 2, 5, &pixels).is_none(), "no picture has five channels");
        assert!(write(3, 3, 3, &pixels).is_none(), "too few pixels");
    }
}
