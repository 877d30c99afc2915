//! JPEG through `libjpeg-turbo-rs`: the pixels of libjpeg-turbo (accurate integer DCT, smooth
//! upsampling), bit for bit.
//!
//! Takes a whole file; gives gray as `(H, W)`, colour and 8-bit CMYK as RGB, deeper samples as
//! they are. [`info`] walks the markers itself (`header`), up to the first scan, and lets pass only
//! frames on which the codec is known to be sound. One scan of Huffman codes is decoded here, row by
//! row (`rows`); the codec does the rest. Refuses truncated and damaged files as `image`, frames
//! beyond the guard as `unsupported`.

mod blocks;
mod codes;
mod colors;
mod header;
mod markers;
mod rows;
mod scan;

use libjpeg_turbo_rs::precision::{
    decompress_12bit_with_limits, decompress_16bit_with_limits, decompress_lossless_arbitrary,
};
use libjpeg_turbo_rs::{DecodeLimits, DecodeWarning, Decoder, FrameHeader, JpegError, PixelFormat};

use self::header::{Header, MAX_SIDE, read_header};
use self::markers::check_scans;
use self::rows::decode_scan;
use self::scan::{Scan, read_markers};
use super::row::{ByRows, Evidence, More, Row, no_indices, pixels};
use super::{Color, ImageInfo, guarded};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

const END: [u8; 2] = [0xFF, 0xD9];
/// Scans of a file; more are a way to make decoding slow.
const MAX_SCANS: usize = 100;
/// Arithmetic coding costs up to a second for a kilobyte of input: smaller images (`header`), fewer scans.
const MAX_ARITHMETIC_SCANS: usize = 20;

pub(super) const ROW: Row = Row {
    name: "jpeg",
    extensions: &["jpg", "jpeg", "jpe", "jfif"],
    dtypes: &[DType::Uint8, DType::Uint16],
    colors: &[Color::Gray, Color::Rgb, Color::Cmyk],
    sniff: |bytes| bytes.starts_with(&[0xFF, 0xD8, 0xFF]),
    evidence: Evidence::Signature,
    info,
    // Of the component with the most blocks each takes a bit of a scan.
    least: |_, info| pixels(info) / (64 * 8),
    decode,
    more: More::Nothing,
    rows: ByRows::Some { can: rows::gives_rows, decode: rows::decode_rows },
    indices: no_indices,
};

/// What the image says of itself; reads the markers before the first scan only.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let header = read_header(bytes, limits)?;
    let (color, channels) = match (header.components, header.precision) {
        (1, _) => (Color::Gray, 1),
        (4, 9..) => (Color::Cmyk, 4),
        _ => (Color::Rgb, 3),
    };
    let image = ImageInfo {
        bits: header.precision,
        orientation: header.orientation,
        ..ImageInfo::of(
            Shape::image(header.height.into(), header.width.into(), channels),
            if header.precision > 8 { DType::Uint16 } else { DType::Uint8 },
            color,
        )
    };
    image.bytes()?;
    Ok(image)
}

/// The pixels, as [`info`] announced them.
fn decode(bytes: &[u8], info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
    let (header, codec_limits) = open(bytes, limits)?;
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the JPEG"));
    }
    guarded("JPEG", || {
        if header.precision > 8 {
            decode_deep(bytes, &header, &codec_limits, out)
        } else if let Some(markers) = read_markers(bytes, &header, &codec_limits)
            && let Some(scan) = Scan::of(&markers, &header)
        {
            decode_scan(bytes, &scan, out)
        } else {
            decode_bytes(bytes, &header, codec_limits, out)
        }
    })
}

/// The header of a file that has its end and its restart markers in order, and the limits of the codec.
fn open(bytes: &[u8], limits: &Limits) -> Result<(Header, DecodeLimits)> {
    let header = read_header(bytes, limits)?;
    // The marker cannot occur in coded data. Arithmetic decoding makes up grey for what is
    // missing, so there nothing may follow it.
    let complete = if header.arithmetic {
        bytes.ends_with(&END)
    } else {
        bytes[header.scan..].windows(2).rev().any(|pair| pair == END)
    };
    if !complete {
        return Err(Error::image("truncated JPEG: it has no end-of-image marker"));
    }
    check_scans(bytes, &header)?;
    let budget = limits.max_pixels.saturating_mul(12).min(limits.memory.unwrap_or(u64::MAX));
    let codec_limits = DecodeLimits {
        max_width: MAX_SIDE.into(),
        max_height: MAX_SIDE.into(),
        max_pixels: limits.max_pixels,
        max_scans: if header.arithmetic { MAX_ARITHMETIC_SCANS } else { MAX_SCANS },
        max_memory: Some(budget),
    };
    Ok((header, codec_limits))
}

/// Whether the codec found the frame that the header announced.
fn is_frame(header: &Header, frame: &FrameHeader) -> bool {
    (frame.height, frame.width, frame.components.len())
        == (header.height, header.width, header.components)
}

/// 8-bit samples of any kind, straight into `out` where the codec can.
fn decode_bytes(bytes: &[u8], header: &Header, limits: DecodeLimits, out: &mut [u8]) -> Result<()> {
    let mut decoder = Decoder::new_with_limits(bytes, limits).map_err(damaged)?;
    // As libjpeg does it unasked: matters where a progressive file ends before its last scan.
    decoder.set_block_smoothing(true);
    if !is_frame(header, decoder.header()) {
        return Err(Error::image("damaged JPEG: two frame headers that differ"));
    }
    match header.components {
        1 => decoder.set_output_format(PixelFormat::Grayscale),
        3 => decoder.set_output_format(PixelFormat::Rgb),
        _ => {
            decoder.set_output_format(PixelFormat::Cmyk);
            let image = decoder.decode_image().map_err(damaged)?;
            check_warnings(&image.warnings)?;
            return ink_to_rgb(&image.data, out);
        }
    }
    let done = decoder.decode_image_into(out).map_err(damaged)?;
    check_warnings(&done.warnings)?;
    if done.bytes_written != out.len() {
        return Err(incomplete());
    }
    Ok(())
}

/// Bytes between marker segments harm nothing and real files have them; any other warning means
/// damaged pixels.
fn check_warnings(warnings: &[DecodeWarning]) -> Result<()> {
    match warnings.iter().find(|w| !matches!(w, DecodeWarning::ExtraneousData { .. })) {
        None => Ok(()),
        Some(warning) => Err(Error::image(format!("damaged JPEG: {warning}"))),
    }
}

/// 9 to 16 bits a sample, as 16 bits little-endian with the values of the file.
fn decode_deep(bytes: &[u8], header: &Header, limits: &DecodeLimits, out: &mut [u8]) -> Result<()> {
    let size = (usize::from(header.height), usize::from(header.width));
    if header.lossless {
        let image = match header.precision {
            16 => decompress_16bit_with_limits(bytes, limits),
            _ => decompress_lossless_arbitrary(bytes),
        }
        .map_err(damaged)?;
        give((image.height, image.width) == size, &image.data, out, |s| s.to_le_bytes())
    } else {
        let image = decompress_12bit_with_limits(bytes, limits).map_err(damaged)?;
        give((image.height, image.width) == size, &image.data, out, |s| s.to_le_bytes())
    }
}

fn give<T: Copy>(fits: bool, samples: &[T], out: &mut [u8], le: fn(T) -> [u8; 2]) -> Result<()> {
    let (out, rest) = out.as_chunks_mut::<2>();
    if !fits || !rest.is_empty() || out.len() != samples.len() {
        return Err(incomplete());
    }
    for (to, sample) in out.iter_mut().zip(samples) {
        *to = le(*sample);
    }
    Ok(())
}

/// CMYK to RGB as Pillow does it: the stored ink is inverted, as in all files since Photoshop, and
/// a channel is `k - (255 - c) * k / 255`, rounded.
fn ink_to_rgb(ink: &[u8], out: &mut [u8]) -> Result<()> {
    let ((pixels, []), (rgb, [])) = (ink.as_chunks::<4>(), out.as_chunks_mut::<3>()) else {
        return Err(incomplete());
    };
    if pixels.len() != rgb.len() {
        return Err(incomplete());
    }
    for (&[c, m, y, k], rgb) in pixels.iter().zip(rgb) {
        let light = |stored: u8| {
            let product = u32::from(255 - stored) * u32::from(k) + 128;
            // At most k, so the difference is a byte.
            k.saturating_sub((((product >> 8) + product) >> 8) as u8)
        };
        *rgb = [light(c), light(m), light(y)];
    }
    Ok(())
}

fn incomplete() -> Error {
    Error::image("damaged JPEG: not all of its pixels are there")
}

fn damaged(error: JpegError) -> Error {
    let told = match &error {
        // The end marker is there.
        JpegError::UnexpectedEof => {
            Error::image("damaged JPEG: the coded data ends early or is damaged")
        }
        JpegError::Unsupported(what) => {
            Error::unsupported(format!("JPEG of an unusual kind: {what}"))
        }
        JpegError::LimitExceeded { .. } | JpegError::AllocationFailed { .. } => {
            Error::limit(format!("JPEG over a limit: {error}"))
        }
        error => Error::image(format!("damaged JPEG: {error}")),
    };
    told.caused_by(error)
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Encoder, Subsampling};

    use super::*;
    use crate::error::ErrorKind;

    const SIDE: usize = 20;

    fn encode(format: PixelFormat, more: impl Fn(Encoder<'_>) -> Encoder<'_>) -> Vec<u8> {
        let samples = 0..SIDE * SIDE * format.bytes_per_pixel();
        let pixels: Vec<u8> = samples.map(|i| (i * i / 7 + i * 3) as u8).collect();
        let encoder = Encoder::new(&pixels, SIDE, SIDE, format).subsampling(Subsampling::S444);
        more(encoder).encode().expect("encodes")
    }

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = info(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn colour_gray_and_ink() {
        let file = encode(PixelFormat::Rgb, |e| e.subsampling(Subsampling::S420));
        let (info, out) = read(&file).expect("decodes");
        assert_eq!((info.shape, info.color), (Shape::image(SIDE, SIDE, 3), Color::Rgb));
        assert_eq!(out, Decoder::decode(&file).expect("decodes").data);
        let (info, _) = read(&encode(PixelFormat::Grayscale, |e| e)).expect("decodes");
        assert_eq!((info.shape, info.color), (Shape::image(SIDE, SIDE, 1), Color::Gray));
        let (info, _) = read(&encode(PixelFormat::Cmyk, |e| e)).expect("decodes");
        assert_eq!((info.shape, info.color), (Shape::image(SIDE, SIDE, 3), Color::Rgb));
    }

    #[test]
    fn ink_is_inverted_and_rounded() {
        let mut out = [0; 9];
        ink_to_rgb(&[255, 255, 255, 255, 0, 128, 255, 255, 10, 20, 30, 100], &mut out)
            .expect("fits");
        assert_eq!(out, [255, 255, 255, 0, 128, 255, 4, 8, 12]);
        assert!(ink_to_rgb(&[0; 7], &mut out).is_err());
    }

    #[test]
    fn arithmetic_coding_gives_the_pixels_of_huffman() {
        let plain = encode(PixelFormat::Rgb, |e| e);
        let mut other = encode(PixelFormat::Rgb, |e| e.arithmetic(true));
        assert_eq!(read(&other).expect("decodes").1, read(&plain).expect("decodes").1);
        other.push(0);
        assert_eq!(read(&other).expect_err("no end").kind(), ErrorKind::Image);
    }

    #[test]
    fn every_prefix_is_an_error() {
        for progressive in [false, true] {
            let file = encode(PixelFormat::Rgb, |e| e.progressive(progressive));
            for cut in 0..file.len() {
                let error = read(&file[..cut]).expect_err("cut short");
                assert_eq!(error.kind(), ErrorKind::Image, "cut at {cut}");
            }
            let longer = [&file[..], b"rubbish"].concat();
            assert_eq!(read(&longer).expect("decodes").1, read(&file).expect("decodes").1);
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for format in [PixelFormat::Rgb, PixelFormat::Cmyk] {
            let mut file = encode(format, |e| e);
            for at in 2..file.len() {
                file[at] ^= 1 << (at % 8);
                let _ = read(&file);
                file[at] ^= 1 << (at % 8);
            }
        }
    }

    #[test]
    fn a_table_that_libjpeg_refuses() {
        let mut file = encode(PixelFormat::Grayscale, |e| e);
        let table = memchr::memmem::find(&file, &[0xFF, 0xC4]).expect("a table");
        assert_eq!(file[table + 4], 0, "of first numbers");
        file[table + 21 + 3] |= 16;
        let error = read(&file).expect_err("refused");
        assert!(error.message().contains("15 bits"), "{error}");
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let mut file = encode(PixelFormat::Grayscale, |e| e);
        let frame = memchr::memmem::find(&file, &[0xFF, 0xC0]).expect("a frame header");
        file[frame + 5..frame + 9].fill(0xFF);
        let error = info(&file, &Limits::default()).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
