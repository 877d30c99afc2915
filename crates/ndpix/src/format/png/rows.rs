//! The rows of a PNG: all of a picture, or one after another.

use std::io::{Cursor, ErrorKind};

use png::{
    BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, InterlaceInfo, Reader,
    Transformations,
};

use super::{channels, damaged};
use crate::error::{Error, Result};
use crate::format::row::{BAND, TakeRows};
use crate::format::{Color, ImageInfo};
use crate::limits::{Limits, zeros};

/// What the codec may allocate for ancillary chunks; rows and pixels do not count.
const CHUNK_BYTES: usize = 16 << 20;

/// The pixels, as [`super::info`] announced them.
pub(in crate::format) fn decode(
    bytes: &[u8],
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let (mut reader, line) = open_as(bytes, info, limits)?;
    if reader.output_buffer_size() != Some(out.len()) {
        return Err(Error::image("damaged PNG: its chunks contradict each other"));
    }
    let bits = channels(info.color) * reader.output_color_type().1 as usize;
    read_rows(&mut reader, out, line, bits)
}

/// The codec's reader, and the bytes of a row, of a picture that is as its header announced it.
fn open_as<'a>(
    bytes: &'a [u8],
    info: &ImageInfo,
    limits: &Limits,
) -> Result<(Reader<Cursor<&'a [u8]>>, usize)> {
    let reader = open(bytes, limits, Transformations::EXPAND)?;
    let color = match reader.output_color_type().0 {
        ColorType::Grayscale => Color::Gray,
        ColorType::GrayscaleAlpha => Color::GrayAlpha,
        ColorType::Rgb | ColorType::Indexed => Color::Rgb,
        ColorType::Rgba => Color::Rgba,
    };
    let size = reader.info().size();
    let whole = reader.info().frame_control().is_none_or(|f| (f.width, f.height) == size);
    let line = reader.output_line_size(size.0).unwrap_or(0);
    if color != info.color || !whole || line == 0 {
        return Err(Error::image("damaged PNG: its chunks contradict each other"));
    }
    Ok((reader, line))
}

/// Whether rows follow each other, which those of an interlaced file do not.
pub(super) fn gives_rows(bytes: &[u8], frame: u32, _limits: &Limits) -> bool {
    frame == 0 && bytes.get(28) == Some(&0)
}

/// The rows, as [`super::info`] announced the picture.
pub(super) fn decode_rows(
    bytes: &[u8],
    _frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    take: &mut TakeRows<'_>,
) -> Result<()> {
    let (mut reader, line) = open_as(bytes, info, limits)?;
    if line * info.shape[0] != info.bytes()? || reader.info().interlaced {
        return Err(Error::image("damaged PNG: its chunks contradict each other"));
    }
    let mut band = zeros(line * (BAND / line).clamp(1, info.shape[0].max(1)))?;
    let mut left = info.bytes()?;
    while left > 0 {
        let most = left.min(band.len());
        let rows = &mut band[..most];
        read_lines(&mut reader, rows, line)?;
        take(rows)?;
        left -= rows.len();
    }
    read_end(&mut reader, &mut band)
}

/// The codec's reader of these bytes, before the first row.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    transformations: Transformations,
) -> Result<Reader<Cursor<&'a [u8]>>> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options.set_ignore_crc(true);
    options.set_ignore_adler32(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    let memory = limits.memory.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    decoder.set_limits(png::Limits { bytes: CHUNK_BYTES.min(memory) });
    decoder.set_transformations(transformations);
    decoder.read_info().map_err(damaged)
}

/// Reads every row into `out`, `line` bytes apart, with `bits` bits to a pixel; samples of 16 bits become
/// little-endian.
pub(super) fn read_rows(
    reader: &mut Reader<Cursor<&[u8]>>,
    out: &mut [u8],
    line: usize,
    bits: usize,
) -> Result<()> {
    let wide = reader.output_color_type().1 == BitDepth::Sixteen;
    if reader.info().interlaced {
        for _ in 0..interlaced_rows(reader.info().size()) {
            let Some(row) = reader.next_interlaced_row().map_err(damaged)? else { break };
            if let InterlaceInfo::Adam7(pass) = row.interlace() {
                png::expand_interlaced_row(out, line, row.data(), pass, bits as u8);
            }
        }
        if wide {
            to_little_endian(out);
        }
    } else {
        read_lines(reader, out, line)?;
    }
    read_end(reader, out)
}

/// Reads the next rows of a file that is not interlaced.
fn read_lines(reader: &mut Reader<Cursor<&[u8]>>, out: &mut [u8], line: usize) -> Result<()> {
    let wide = reader.output_color_type().1 == BitDepth::Sixteen;
    for row in out.chunks_exact_mut(line) {
        reader.read_row(row).map_err(damaged)?;
        // Here the row is still in the nearest cache: a pass over the whole image costs three times as much.
        if wide {
            to_little_endian(row);
        }
    }
    Ok(())
}

/// Reads what comes after the last row; `spare` has room for one.
fn read_end(reader: &mut Reader<Cursor<&[u8]>>, spare: &mut [u8]) -> Result<()> {
    // Runs to the end of the image data, which checks its last chunk too. Every row is there:
    // a file that just stops is whole for our purposes.
    match reader.read_row(spare) {
        Err(DecodingError::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
        Err(error) => Err(damaged(error)),
        Ok(_) => Ok(()),
    }
}

fn to_little_endian(samples: &mut [u8]) {
    for sample in samples.as_chunks_mut::<2>().0 {
        sample.reverse();
    }
}

/// The rows of all passes of an interlaced image together.
fn interlaced_rows((width, height): (u32, u32)) -> u64 {
    // First column, first row, row step of the seven passes.
    [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)]
        .into_iter()
        .filter(|&(x, _, _)| width > x)
        .map(|(_, y, step)| u64::from(height.saturating_sub(y).div_ceil(step)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interlaced_rows_of_all_passes() {
        assert_eq!(interlaced_rows((8, 8)), 1 + 1 + 1 + 2 + 2 + 4 + 4);
        assert_eq!(interlaced_rows((1, 1)), 1);
    }
}
