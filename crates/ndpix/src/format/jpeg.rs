//! JPEG through `libjpeg-turbo-rs`: the pixels of libjpeg-turbo (accurate integer DCT, smooth
//! upsampling), bit for bit.
//!
//! Takes a whole file; gives gray as `(H, W)`, colour and 8-bit CMYK as RGB, deeper samples as
//! they are. [`info`] walks the markers itself, up to the first scan, and lets pass only frames on
//! which the codec is known to be sound. Refuses truncated and damaged files as `image`, frames
//! beyond the guard as `unsupported`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libjpeg_turbo_rs::precision::{
    decompress_12bit_with_limits, decompress_16bit_with_limits, decompress_lossless_arbitrary,
};
use libjpeg_turbo_rs::{DecodeLimits, DecodeWarning, Decoder, JpegError, PixelFormat};

use super::row::{ByRows, Evidence, More, Row, no_indices, pixels};
use super::{Color, ImageInfo, exif};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

const END: [u8; 2] = [0xFF, 0xD9];
/// What XMP begins with.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// The largest side that libjpeg reads.
const MAX_SIDE: u16 = 65_500;
/// Scans of a file; more are a way to make decoding slow.
const MAX_SCANS: usize = 100;
/// Arithmetic coding costs up to a second for a kilobyte of input: smaller images, fewer scans.
const MAX_ARITHMETIC_PIXELS: u64 = 4 << 20;
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
    rows: ByRows::Never,
    indices: no_indices,
};

/// What the markers before the first scan say.
#[derive(Clone, Copy)]
struct Header {
    height: u16,
    width: u16,
    precision: u8,
    components: usize,
    lossless: bool,
    arithmetic: bool,
    orientation: u8,
    /// Where the first scan begins.
    scan: usize,
}

/// What the image says of itself; reads the markers before the first scan only.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let header = read_header(bytes, limits)?;
    let (color, channels) = match (header.components, header.precision) {
        (1, _) => (Color::Gray, 1),
        (4, 9..) => (Color::Cmyk, 4),
        _ => (Color::Rgb, 3),
    };
    let image = ImageInfo {
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
    let header = read_header(bytes, limits)?;
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the JPEG"));
    }
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
    let budget = limits.max_pixels.saturating_mul(12).min(limits.memory.unwrap_or(u64::MAX));
    let codec_limits = DecodeLimits {
        max_width: MAX_SIDE.into(),
        max_height: MAX_SIDE.into(),
        max_pixels: limits.max_pixels,
        max_scans: if header.arithmetic { MAX_ARITHMETIC_SCANS } else { MAX_SCANS },
        max_memory: Some(budget),
    };
    // The codec has asserts of its own; one bad image must not end the run.
    catch_unwind(AssertUnwindSafe(|| {
        if header.precision > 8 {
            decode_deep(bytes, &header, &codec_limits, out)
        } else {
            decode_bytes(bytes, &header, codec_limits, out)
        }
    }))
    .unwrap_or_else(|_| Err(Error::image("damaged JPEG: the codec gave up on it")))
}

/// 8-bit samples, straight into `out` where the codec can.
fn decode_bytes(bytes: &[u8], header: &Header, limits: DecodeLimits, out: &mut [u8]) -> Result<()> {
    let mut decoder = Decoder::new_with_limits(bytes, limits).map_err(damaged)?;
    // As libjpeg does it unasked: matters where a progressive file ends before its last scan.
    decoder.set_block_smoothing(true);
    let frame = decoder.header();
    if (frame.height, frame.width, frame.components.len())
        != (header.height, header.width, header.components)
    {
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
        JpegError::UnexpectedEof => Error::image("truncated JPEG: the file ends inside the image"),
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

/// Walks the markers up to the first scan and checks the frame.
fn read_header(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let truncated = || Error::image("truncated JPEG: the file ends inside its headers");
    let mut rest = bytes
        .strip_prefix(&[0xFF, 0xD8])
        .ok_or_else(|| Error::image("damaged JPEG: no start-of-image marker"))?;
    let mut header: Option<Header> = None;
    let (mut exif, mut xmp) = (None, None);
    loop {
        // Rubbish before a marker and fill bytes are skipped, as libjpeg does.
        let start = memchr::memchr(0xFF, rest).ok_or_else(truncated)?;
        let fill = rest[start..].iter().position(|&b| b != 0xFF).ok_or_else(truncated)?;
        let marker = rest[start + fill];
        rest = &rest[start + fill + 1..];
        match marker {
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            0xD9 => return Err(Error::image("damaged JPEG: it ends before any image data")),
            0xDA => break,
            _ => {}
        }
        let (length, _) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length < 2 {
            return Err(Error::image("damaged JPEG: a marker of impossible length"));
        }
        let (segment, after) = rest.split_at_checked(length).ok_or_else(truncated)?;
        rest = after;
        let segment = &segment[2..];
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                if header.is_some() {
                    return Err(Error::image("damaged JPEG: two frame headers"));
                }
                header = Some(read_frame(marker, segment, limits)?);
            }
            // Its frame header: the same markers, but no JPEG.
            0xF7 => {
                return Err(Error::unsupported(
                    "JPEG-LS, which ndpix does not read; convert it, for example with ffmpeg -i in.jls out.png",
                ));
            }
            0xE1 if exif.is_none() && segment.starts_with(b"Exif\0\0") => exif = Some(segment),
            0xE1 => xmp = segment.strip_prefix(XMP).or(xmp),
            _ => {}
        }
    }
    let mut header =
        header.ok_or_else(|| Error::image("damaged JPEG: a scan without a frame header"))?;
    header.orientation = exif::orientation(exif, xmp);
    header.scan = bytes.len() - rest.len();
    Ok(header)
}

/// Reads a frame header, and refuses frames beyond those that the codec was fuzzed on.
fn read_frame(marker: u8, segment: &[u8], limits: &Limits) -> Result<Header> {
    let wrong = || Error::image("damaged JPEG: a frame header of the wrong length");
    let (&[precision, h0, h1, w0, w1, count], list) =
        segment.split_first_chunk::<6>().ok_or_else(wrong)?;
    let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
    let components = usize::from(count);
    let (list, []) = list.as_chunks::<3>() else { return Err(wrong()) };
    if list.len() != components {
        return Err(wrong());
    }
    if width == 0 {
        return Err(Error::image("damaged JPEG: an image without columns"));
    }
    if height == 0 {
        return Err(Error::unsupported("JPEG whose height follows its first scan (DNL)"));
    }
    limits.check_pixels(height.into(), width.into())?;
    if height.max(width) > MAX_SIDE {
        return Err(Error::unsupported(format!("JPEG with a side over {MAX_SIDE} pixels")));
    }
    let pixels = u64::from(height) * u64::from(width);

    let lossless = marker == 0xC3;
    let arithmetic = matches!(marker, 0xC9 | 0xCA);
    let known = match marker {
        0xC0 | 0xC9 | 0xCA => precision == 8,
        0xC1 | 0xC2 => matches!(precision, 8 | 12),
        0xC3 => (8..=16).contains(&precision),
        _ => false,
    };
    if !known {
        return Err(Error::unsupported(format!(
            "JPEG of an unusual kind: frame type {}, {precision} bits",
            marker - 0xC0
        )));
    }
    check_components(list)?;
    if arithmetic && pixels > MAX_ARITHMETIC_PIXELS {
        return Err(Error::limit("JPEG with arithmetic coding of more than 4 million pixels"));
    }
    if precision > 8 && pixels > limits.max_pixels / 3 {
        return Err(Error::limit("JPEG of more than 8 bits over a third of the pixel limit"));
    }
    Ok(Header {
        height,
        width,
        precision,
        components,
        lossless,
        arithmetic,
        orientation: 1,
        scan: 0,
    })
}

/// 1, 3 or 4 components of distinct names, the first sampled the most and the others whole
/// fractions of it; of four, the last as the first and the middle two alike.
fn check_components(list: &[[u8; 3]]) -> Result<()> {
    let odd = |what: &str| Err(Error::unsupported(format!("JPEG of an unusual kind: {what}")));
    if !matches!(list.len(), 1 | 3 | 4) {
        return odd(&format!("{} components", list.len()));
    }
    let sampling = |component: &[u8; 3]| (component[1] >> 4, component[1] & 15);
    let most = sampling(&list[0]);
    for (index, component) in list.iter().enumerate() {
        if list[..index].iter().any(|other| other[0] == component[0]) {
            return odd("two components with the same name");
        }
        let (h, v) = sampling(component);
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
            return Err(Error::image("damaged JPEG: impossible sampling factors"));
        }
        if h > most.0 || v > most.1 || most.0 % h != 0 || most.1 % v != 0 {
            return odd("sampling factors that are not whole fractions of the first");
        }
    }
    if list.len() == 4 && (list[3][1] != list[0][1] || list[2][1] != list[1][1]) {
        return odd("four components with unequal sampling");
    }
    Ok(())
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
    fn jpeg_ls_is_named() {
        let file = b"\xFF\xD8\xFF\xF7\0\x0B\x08\0\x02\0\x02\x01\x01\x11\0\xFF\xDA";
        let error = read_header(file, &Limits::default()).map(|_| ()).expect_err("no JPEG");
        assert!(error.message().starts_with("JPEG-LS") && error.kind() == ErrorKind::Unsupported);
    }

    #[test]
    fn the_guard_refuses_odd_frames() {
        let frame = |list: &[[u8; 3]]| check_components(list).map_err(|e| e.kind());
        assert_eq!(frame(&[[1, 0x22, 0]]), Ok(()));
        assert_eq!(frame(&[[1, 0x22, 0], [2, 0x11, 0], [3, 0x12, 0]]), Ok(()));
        assert_eq!(frame(&[[1, 0x21, 0], [2, 0x11, 0], [3, 0x11, 0], [4, 0x21, 0]]), Ok(()));
        for odd in [
            &[[1, 0x11, 0], [2, 0x11, 0]][..],
            &[[1, 0x11, 0], [2, 0x21, 0], [3, 0x11, 0]],
            &[[1, 0x31, 0], [2, 0x21, 0], [3, 0x11, 0]],
            &[[1, 0x11, 0], [1, 0x11, 0], [3, 0x11, 0]],
            &[[1, 0x22, 0], [2, 0x11, 0], [3, 0x11, 0], [4, 0x11, 0]],
        ] {
            assert_eq!(frame(odd), Err(ErrorKind::Unsupported), "{odd:?}");
        }
        assert_eq!(frame(&[[1, 0x01, 0]]), Err(ErrorKind::Image));
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
