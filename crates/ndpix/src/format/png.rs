//! PNG and the first image of APNG, through the `png` crate.
//!
//! Takes a whole file; gives palettes as RGB or RGBA, transparency keys as alpha, gray of 1, 2 and 4
//! bits scaled to 8, and 16 bits kept. [`info`] walks the chunk headers and inflates nothing. Refuses damaged
//! and truncated files as `image`; only what follows the last row of pixels may be missing.
//!
//! Pixels count as whole when their own checksum (Adler-32, over all of them) is right: a wrong
//! one of the chunks around them loses nothing, and Pillow reads such files too. What pixels are
//! made of beside them (IHDR, PLTE, tRNS) has only its chunk's checksum, which must be right. Frames: `film`.

mod film;
mod rows;
mod text;
pub(crate) mod write;

use std::io::ErrorKind;

use flate2::Crc;
use png::{ColorType, DecodingError, Transformations};

pub(super) use self::rows::decode;
use self::rows::{decode_rows, gives_rows, open, read_rows};
use self::{film::PngFilm, text::Texts};
use super::row::{ByRows, DecodeIndices, Evidence, More, Row, pixels};
use super::{Color, ImageInfo, exif};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::{Limits, zeros};
use crate::shape::Shape;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1A\n";

pub(super) const ROW: Row = Row {
    name: "png",
    extensions: &["png", "apng"],
    dtypes: &[DType::Uint8, DType::Uint16],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba],
    sniff: |bytes| bytes.starts_with(SIGNATURE),
    evidence: Evidence::Signature,
    info,
    least: |bytes, info| {
        let &[depth, color] = bytes.get(24..26).unwrap_or_default() else { return 0 };
        let samples = [1, 1, 3, 1, 2, 1, 4][usize::from(color.min(6))];
        // Deflate makes 1,032 bytes of one.
        pixels(info).saturating_mul(u64::from(depth) * samples) / 8 / 1032
    },
    decode,
    more: More::Film {
        check: film::check_frames,
        open: |bytes, info, limits| Ok(Box::new(PngFilm::open(bytes, info, limits)?)),
    },
    rows: ByRows::Some { can: gives_rows, decode: decode_rows },
    indices,
};

/// What the chunks say.
struct Header {
    height: u32,
    width: u32,
    depth: u8,
    color: Color,
    orientation: u8,
    frames: u32,
}

/// What the image says of itself; reads chunk headers only.
pub(super) fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let Header { height, width, depth, color, orientation, frames } = read_header(bytes, limits)?;
    let shape = Shape::image(height as usize, width as usize, channels(color));
    let dtype = if depth == 16 { DType::Uint16 } else { DType::Uint8 };
    let image = ImageInfo { orientation, frames, ..ImageInfo::of(shape, dtype, color) };
    image.bytes()?;
    Ok(image)
}

/// Where the pixels are indices into a palette, or gray of few bits, whose samples are labels too.
fn indices(bytes: &[u8], _limits: &Limits) -> Result<Option<DecodeIndices>> {
    // Signature, length and name of IHDR, height and width, and then depth and colour type.
    let held = matches!(bytes.get(24..26), Some([_, 3] | [1 | 2 | 4, 0]));
    Ok((bytes.starts_with(SIGNATURE) && held).then_some(decode_indices))
}

/// The palette indices or gray samples as stored, one byte each.
fn decode_indices(bytes: &[u8], limits: &Limits, out: &mut [u8]) -> Result<()> {
    let mut reader = open(bytes, limits, Transformations::IDENTITY)?;
    let (width, height) = reader.info().size();
    let (color, depth) = reader.output_color_type();
    let bits = depth as usize;
    let line = reader.output_line_size(width).unwrap_or(0);
    let whole =
        reader.info().frame_control().is_none_or(|f| (f.width, f.height) == (width, height));
    let held = matches!(color, ColorType::Indexed | ColorType::Grayscale) && bits <= 8;
    if !held || !whole || line == 0 || out.len() != (width * height) as usize {
        return Err(Error::image("damaged PNG: its chunks contradict each other"));
    }
    let mut packed = zeros(line * height as usize)?;
    read_rows(&mut reader, &mut packed, line, bits)?;
    let rows = out.chunks_exact_mut(width as usize).zip(packed.chunks_exact(line));
    for (row, packed) in rows {
        for (x, index) in row.iter_mut().enumerate() {
            let shift = 8 - bits - x * bits % 8;
            *index = packed[x * bits / 8] >> shift & (0xFF >> (8 - bits));
        }
    }
    Ok(())
}

fn channels(color: Color) -> usize {
    match color {
        Color::Gray => 1,
        Color::GrayAlpha => 2,
        Color::Rgb => 3,
        _ => 4,
    }
}

fn damaged(error: DecodingError) -> Error {
    let told = match error {
        DecodingError::LimitsExceeded => Error::limit("a chunk of the PNG is over the limit"),
        DecodingError::IoError(ref error) if error.kind() == ErrorKind::UnexpectedEof => {
            Error::image("truncated PNG: the file ends inside the image")
        }
        ref error => {
            let text = error.to_string();
            Error::image(format!("damaged PNG: {}", text.trim_end_matches('.')))
        }
    };
    told.caused_by(error)
}

/// Walks the chunks: IHDR must be first and sound, of the others only names and places count.
fn read_header(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let rest = bytes
        .strip_prefix(SIGNATURE)
        .ok_or_else(|| Error::image("damaged PNG: no PNG signature"))?;
    let mut chunks = Chunks(rest);
    let Some(Chunk { name: b"IHDR", data: ihdr, crc }) = chunks.next() else {
        return Err(Error::image("damaged PNG: no IHDR chunk"));
    };
    let &[w0, w1, w2, w3, h0, h1, h2, h3, depth, color, _, _, _] = ihdr else {
        return Err(Error::image("damaged PNG: the IHDR chunk has the wrong length"));
    };
    check(b"IHDR", ihdr, crc)?;
    let width = u32::from_be_bytes([w0, w1, w2, w3]);
    let height = u32::from_be_bytes([h0, h1, h2, h3]);
    if width == 0 || height == 0 {
        return Err(Error::image(format!("damaged PNG: {height} x {width} pixels")));
    }
    limits.check_pixels(height.into(), width.into())?;
    let opaque = match (color, depth) {
        (0, 1 | 2 | 4 | 8 | 16) => Color::Gray,
        (2, 8 | 16) | (3, 1 | 2 | 4 | 8) => Color::Rgb,
        (4, 8 | 16) => Color::GrayAlpha,
        (6, 8 | 16) => Color::Rgba,
        _ => {
            return Err(Error::image(format!(
                "damaged PNG: colour type {color} does not exist with {depth} bits"
            )));
        }
    };

    let mut header = Header { height, width, depth, color: opaque, orientation: 1, frames: 1 };
    let mut in_head = true;
    let mut palette = false;
    let (mut exif, mut texts) = (None, Texts::default());
    let mut animation = None;
    let mut default_in_animation = false;
    for Chunk { name, data, crc } in chunks {
        if in_head && matches!(name, b"PLTE" | b"tRNS") {
            check(name, data, crc)?;
        }
        match name {
            b"IDAT" => in_head = false,
            // The codec takes whole colours, at most 256, for granted.
            b"PLTE" if in_head && color == 3 && (data.len() % 3 != 0 || data.len() > 768) => {
                return Err(Error::image(format!(
                    "damaged PNG: a palette of {} bytes; at most 256 colours of three bytes each were expected",
                    data.len()
                )));
            }
            b"PLTE" if in_head => palette = true,
            // Where the codec ignores the chunk, so must this.
            b"tRNS" if in_head => {
                header.color = match (color, data.len()) {
                    (0, 2..=256) => Color::GrayAlpha,
                    (2, 6..=256) => Color::Rgba,
                    (3, 1..=256) if palette => Color::Rgba,
                    _ => header.color,
                };
            }
            b"acTL" if in_head => {
                animation = data.first_chunk().map(|raw| u32::from_be_bytes(*raw));
            }
            b"fcTL" if in_head => default_in_animation = true,
            b"eXIf" => exif = Some(data),
            b"tEXt" | b"zTXt" | b"iTXt" => texts.note(name, data),
            b"IEND" => break,
            _ => {}
        }
    }
    if let Some(frames) = animation.filter(|&n| n > 0) {
        header.frames = frames.saturating_add(u32::from(!default_in_animation));
    }
    let in_exif = exif.map_or_else(|| texts.in_profile(), exif::in_exif);
    header.orientation = exif::upright_unless(in_exif.or_else(|| texts.in_xmp()));
    Ok(header)
}

/// Refuses a chunk whose checksum is another; one that is cut off before it is left to the codec.
fn check(name: &[u8; 4], data: &[u8], crc: Option<u32>) -> Result<()> {
    let mut found = Crc::new();
    found.update(name);
    found.update(data);
    match crc {
        Some(crc) if crc != found.sum() => Err(Error::image(format!(
            "damaged PNG: the checksum of the {} chunk is wrong",
            String::from_utf8_lossy(name)
        ))),
        _ => Ok(()),
    }
}

struct Chunk<'a> {
    name: &'a [u8; 4],
    data: &'a [u8],
    /// `None` where the bytes end before it.
    crc: Option<u32>,
}

/// The chunks of a file after its signature, until the bytes end. The last may be cut short.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (data, rest) = rest.split_at(length.min(rest.len()));
        let crc = rest.first_chunk().map(|raw| u32::from_be_bytes(*raw));
        self.0 = rest.get(4..).unwrap_or_default();
        Some(Chunk { name, data, crc })
    }
}

#[cfg(test)]
mod tests {
    use png::BitDepth;

    use super::*;
    use crate::error::ErrorKind as Kind;

    fn encode(width: u32, height: u32, color: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
        encode_with(width, height, color, depth, data, |_| {})
    }

    fn encode_with(
        width: u32,
        height: u32,
        color: ColorType,
        depth: BitDepth,
        data: &[u8],
        more: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
    ) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        more(&mut encoder);
        encoder.write_header().and_then(|mut w| w.write_image_data(data)).expect("encodes");
        file
    }

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = info(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn gray_of_one_bit_is_0_or_255() {
        let file = encode(3, 1, ColorType::Grayscale, BitDepth::One, &[0b1010_0000]);
        let (info, pixels) = read(&file).expect("decodes");
        assert_eq!((info.shape, info.color), (Shape::image(1, 3, 1), Color::Gray));
        assert_eq!(pixels, [255, 0, 255]);
    }

    #[test]
    fn gray_of_few_bits_has_indices_of_its_samples() {
        let file = encode(3, 1, ColorType::Grayscale, BitDepth::Four, &[0x1F, 0x70]);
        let (limits, mut out) = (Limits::default(), [9; 3]);
        let decode = indices(&file, &limits).expect("decodes").expect("labels");
        decode(&file, &limits, &mut out).expect("decodes");
        assert_eq!(out, [1, 15, 7]);
        let file = encode(1, 1, ColorType::Grayscale, BitDepth::Eight, &[1]);
        assert!(indices(&file, &limits).expect("decodes").is_none());
    }

    #[test]
    fn sixteen_bits_are_kept_little_endian() {
        let file = encode(1, 1, ColorType::Rgb, BitDepth::Sixteen, &[0x12, 0x34, 0, 1, 0xFF, 0xFE]);
        let (info, pixels) = read(&file).expect("decodes");
        assert_eq!(info.dtype, DType::Uint16);
        assert_eq!(pixels, [0x34, 0x12, 1, 0, 0xFE, 0xFF]);
    }

    #[test]
    fn palettes_and_keys_are_expanded() {
        let file = encode_with(2, 1, ColorType::Indexed, BitDepth::Eight, &[1, 0], |e| {
            e.set_palette(vec![1, 2, 3, 4, 5, 6]);
            e.set_trns(vec![7]);
        });
        let (info, pixels) = read(&file).expect("decodes");
        assert_eq!(info.color, Color::Rgba);
        assert_eq!(pixels, [4, 5, 6, 255, 1, 2, 3, 7]);

        let file = encode_with(2, 1, ColorType::Grayscale, BitDepth::Sixteen, &[1, 2, 1, 3], |e| {
            e.set_trns(vec![1, 3]);
        });
        let (info, pixels) = read(&file).expect("decodes");
        assert_eq!(info.color, Color::GrayAlpha);
        assert_eq!(pixels, [2, 1, 255, 255, 3, 1, 0, 0]);
    }

    #[test]
    fn every_prefix_is_an_error_or_whole() {
        let data: Vec<u8> = (0..48).map(|i: u8| i.wrapping_mul(37)).collect();
        let file = encode(4, 4, ColorType::Rgb, BitDepth::Eight, &data);
        for cut in 0..file.len() {
            match read(&file[..cut]) {
                Ok((_, pixels)) => assert_eq!(pixels, data, "cut at {cut}"),
                Err(error) => assert_eq!(error.kind(), Kind::Image, "cut at {cut}"),
            }
        }
        // Without IEND, and with rubbish after it.
        assert_eq!(read(&file[..file.len() - 12]).expect("whole").1, data);
        let longer = [&file[..], b"rubbish"].concat();
        assert_eq!(read(&longer).expect("whole").1, data);
    }

    /// Where the data of a chunk begin and end; its checksum follows.
    fn place(file: &[u8], name: &[u8; 4]) -> std::ops::Range<usize> {
        let at = file.windows(4).position(|w| w == name).expect("the chunk");
        let length = u32::from_be_bytes(file[at - 4..at].try_into().expect("four bytes"));
        at + 4..at + 4 + length as usize
    }

    fn with_crc(mut file: Vec<u8>, name: &[u8; 4]) -> Vec<u8> {
        let data = place(&file, name);
        let mut crc = Crc::new();
        crc.update(&file[data.start - 4..data.end]);
        file[data.end..data.end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        file
    }

    #[test]
    fn checksums_that_guard_pixels_must_be_right() {
        let good = encode_with(2, 1, ColorType::Indexed, BitDepth::Eight, &[1, 0], |e| {
            e.set_palette(vec![1, 2, 3, 4, 5, 6]);
            e.set_trns(vec![7]);
            e.set_pixel_dims(None);
        });
        let pixels = read(&good).expect("decodes").1;
        for (name, fatal) in [(b"IHDR", true), (b"PLTE", true), (b"tRNS", true), (b"IDAT", false)] {
            let mut file = good.clone();
            let end = place(&file, name).end;
            file[end] ^= 1;
            match read(&file) {
                Ok(found) => assert!(!fatal && found.1 == pixels, "{name:?}"),
                Err(error) => assert!(fatal && error.kind() == Kind::Image, "{name:?}: {error}"),
            }
        }
        // The pixels' own checksum is another, that of the chunk right.
        let mut file = good;
        let end = place(&file, b"IDAT").end;
        file[end - 1] ^= 1;
        assert_eq!(read(&with_crc(file, b"IDAT")).expect_err("damaged").kind(), Kind::Image);
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let mut file = encode(1, 1, ColorType::Grayscale, BitDepth::Eight, &[0]);
        file[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
        let mut file = with_crc(file, b"IHDR");
        file.truncate(64);
        let error = info(&file, &Limits::default()).expect_err("too large");
        assert_eq!(error.kind(), Kind::Limit);
    }
}
