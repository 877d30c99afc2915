//! JPEG pieces (compression 7): a stream without tables, and the tables that all share.
//!
//! Both are put together to one stream that says what its components are, because TIFF says it
//! with the photometric field and not with JPEG's own markers. Only the frames that the codec
//! is known to be sound for are passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libjpeg_turbo_rs::{DecodeLimits, Decoder, PixelFormat};

use crate::error::{Error, Result};

/// What a piece must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) width: usize,
    /// The rows that are needed, and the most that a piece may have.
    pub(super) rows: usize,
    pub(super) most_rows: usize,
    pub(super) samples: usize,
    /// Whether three components are luma and chroma, to be made RGB.
    pub(super) ycbcr: bool,
}

/// Decodes a piece into `out`, rows of `wanted.width` pixels.
pub(super) fn decode(tables: &[u8], bytes: &[u8], wanted: Wanted, out: &mut Vec<u8>) -> Result<()> {
    let mut stream = Vec::with_capacity(tables.len() + bytes.len() + 32);
    stream.extend_from_slice(&[0xFF, 0xD8]);
    if wanted.samples > 1 {
        stream.extend_from_slice(b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00");
        stream.push(u8::from(wanted.ycbcr));
    }
    let mut frame = None;
    if !tables.is_empty() {
        copy(tables, &mut stream, &mut frame)?;
    }
    copy(bytes, &mut stream, &mut frame)?;
    let (width, height) = check(frame.ok_or_else(bad)?, wanted)?;
    let format = match wanted.samples {
        1 => PixelFormat::Grayscale,
        3 => PixelFormat::Rgb,
        _ => PixelFormat::Cmyk,
    };
    out.clear();
    out.resize(width * height * wanted.samples, 0);
    let pixels = (width * height) as u64;
    let limits = DecodeLimits {
        max_width: 65_500,
        max_height: 65_500,
        max_pixels: pixels,
        max_scans: 100,
        max_memory: Some(pixels.saturating_mul(12).max(1 << 20)),
    };
    // The codec is young: what it does not expect in a damaged stream may panic.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let mut decoder = Decoder::new_with_limits(&stream, limits)?;
        decoder.set_stop_on_warning(true);
        decoder.set_output_format(format);
        decoder.decode_image_into(out)
    }));
    match decoded {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => {
            Err(Error::image(format!("JPEG data in the TIFF is damaged: {e}")).caused_by(e))
        }
        Err(_) => Err(bad()),
    }
}

/// Copies the segments that decide pixels, and all from the scan on; notes the frame header.
fn copy<'a>(mut from: &'a [u8], to: &mut Vec<u8>, frame: &mut Option<&'a [u8]>) -> Result<()> {
    from = from.strip_prefix(&[0xFF, 0xD8]).ok_or_else(bad)?;
    loop {
        match *from {
            [0xFF, 0xFF, ..] => from = &from[1..],
            [0xFF, 0xD9, ..] | [] => return Ok(()),
            [0xFF, 0xDA, ..] => {
                to.extend_from_slice(from);
                return Ok(());
            }
            [0xFF, marker, a, b, ..] => {
                let end = 2 + usize::from(u16::from_be_bytes([a, b]));
                let segment = from.get(..end).filter(|s| s.len() >= 4).ok_or_else(bad)?;
                match marker {
                    0xC4 | 0xDB | 0xDD => to.extend_from_slice(segment),
                    0xC0..=0xC2 if frame.is_none() => {
                        to.extend_from_slice(segment);
                        *frame = Some(&segment[4..]);
                    }
                    0xC0..=0xCF => {
                        return Err(Error::unsupported(
                            "TIFF with arithmetic or lossless JPEG compression",
                        ));
                    }
                    0xE0..=0xEF | 0xFE => {}
                    _ => return Err(bad()),
                }
                from = &from[end..];
            }
            _ => return Err(bad()),
        }
    }
}

/// The width and height of a frame that fits the piece and that the codec takes.
fn check(frame: &[u8], wanted: Wanted) -> Result<(usize, usize)> {
    let &[precision, h1, h0, w1, w0, count, ref components @ ..] = frame else { return Err(bad()) };
    if precision != 8 {
        return Err(Error::unsupported(format!("TIFF with {precision}-bit JPEG compression")));
    }
    let width = usize::from(u16::from_be_bytes([w1, w0]));
    let height = usize::from(u16::from_be_bytes([h1, h0]));
    let components = components.as_chunks::<3>().0;
    if width != wanted.width
        || !(wanted.rows..=wanted.most_rows).contains(&height)
        || usize::from(count) != wanted.samples
        || components.len() != wanted.samples
    {
        return Err(Error::image("a JPEG strip or tile differs from what the TIFF says of it"));
    }
    let sampling = |i: usize| (components[i][1] >> 4, components[i][1] & 15);
    let (h, v) = sampling(0);
    let sound = (0..components.len()).all(|i| {
        let (ch, cv) = sampling(i);
        let unique = components[..i].iter().all(|other| other[0] != components[i][0]);
        unique && ch > 0 && cv > 0 && h <= 4 && v <= 4 && h % ch == 0 && v % cv == 0
    });
    let paired = components.len() != 4 || sampling(3) == sampling(0) && sampling(2) == sampling(1);
    if !sound || !paired {
        return Err(Error::unsupported("TIFF with JPEG compression of unusual sampling"));
    }
    Ok((width, height))
}

fn bad() -> Error {
    Error::image("JPEG data in the TIFF is damaged")
}
