//! The rows of a JPEG, one row of blocks after another, put together from the parts of `libjpeg-turbo-rs`: its
//! markers, Huffman codes, inverse DCT and colours.
//!
//! The codec itself keeps the planes of the whole picture. Here goes what needs no more than a row of blocks, which is
//! what cameras and programs write: one scan of Huffman codes with all components, gray or YCbCr, its colour
//! whole, or halved across, or halved both ways. Any other JPEG is left to the codec.

use std::ops::Range;
use std::panic::catch_unwind;

use libjpeg_turbo_rs::simd;

use super::blocks::{BLOCK, Blocks, Plane};
use super::colors::Colors;
use super::scan::{Scan, read_markers};
use super::{damaged, open};
use crate::error::{Error, Result};
use crate::format::ImageInfo;
use crate::format::row::TakeRows;
use crate::limits::{Limits, zeros};

/// Whether [`decode_rows`] can give them, or say why there are none before room is made for a picture.
pub(super) fn gives_rows(bytes: &[u8], _frame: u32, limits: &Limits) -> bool {
    let can = || match open(bytes, limits) {
        Ok((header, within)) => read_markers(bytes, &header, &within)
            .is_some_and(|markers| Scan::of(&markers, &header).is_some()),
        Err(_) => true,
    };
    catch_unwind(can).unwrap_or(false)
}

/// The rows, as [`super::info`] announced the picture.
pub(super) fn decode_rows(
    bytes: &[u8],
    _frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    take: &mut TakeRows<'_>,
) -> Result<()> {
    let (header, within) = open(bytes, limits)?;
    let markers = read_markers(bytes, &header, &within);
    let scan = markers.as_ref().and_then(|markers| Scan::of(markers, &header));
    let scan = scan.ok_or_else(contradiction)?;
    let mut picture = Picture::new(&scan, bytes, info.bytes()?)?;
    let line = scan.line();
    let mut band = zeros((BLOCK * scan.ratio.0 + 1) * line)?;
    while let Some(ready) = picture.decode()? {
        let rows = &mut band[..ready.len() * line];
        picture.paint(ready, rows);
        take(rows)?;
    }
    Ok(())
}

/// All rows of the picture.
pub(super) fn decode_scan(bytes: &[u8], scan: &Scan<'_>, out: &mut [u8]) -> Result<()> {
    let mut picture = Picture::new(scan, bytes, out.len())?;
    let line = scan.line();
    while let Some(ready) = picture.decode()? {
        let rows = ready.start * line..ready.end * line;
        picture.paint(ready, &mut out[rows]);
    }
    Ok(())
}

fn contradiction() -> Error {
    Error::image("damaged JPEG: its headers contradict each other")
}

/// A picture that is being decoded, from its first row to its last.
struct Picture<'s> {
    blocks: Blocks<'s>,
    colors: Colors,
    height: usize,
    /// Rows that were given, and those of which there are blocks.
    done: usize,
    decoded: usize,
}

impl<'s> Picture<'s> {
    /// `room`: how many bytes its pixels are to have.
    fn new(scan: &'s Scan<'_>, bytes: &'s [u8], room: usize) -> Result<Self> {
        if room != scan.size.0 * scan.line() {
            return Err(contradiction());
        }
        // Asks the processor and the environment: once for each picture.
        let routines = simd::detect();
        let blocks = Blocks::new(scan, bytes, &routines)?;
        let colors = Colors::new(scan, routines)?;
        Ok(Self { blocks, colors, height: scan.size.0, done: 0, decoded: 0 })
    }

    /// Decodes a row of blocks; gives the rows that are ready to be painted, and `None` after the last.
    fn decode(&mut self) -> Result<Option<Range<usize>>> {
        if self.decoded >= self.height {
            return Ok(None);
        }
        if self.decoded > 0 {
            self.blocks.planes.iter_mut().for_each(Plane::keep_last);
        }
        self.blocks.decode().map_err(damaged)?;
        let (down, _) = self.colors.ratio;
        self.decoded += BLOCK * down;
        // The colour of the last row depends on the blocks below it, where there are any.
        let end = if self.decoded < self.height { self.decoded + 1 - down } else { self.height };
        let ready = self.done..end;
        self.done = end;
        Ok(Some(ready))
    }

    fn paint(&mut self, ready: Range<usize>, out: &mut [u8]) {
        let first = self.decoded - BLOCK * self.colors.ratio.0;
        let line = out.len() / ready.len();
        for (y, row) in ready.zip(out.chunks_exact_mut(line)) {
            self.colors.row(&self.blocks.planes, y, first, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{ColorSpace, Encoder, PixelFormat, Subsampling};

    use super::super::decode_bytes;
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    fn encode(
        (height, width): (usize, usize),
        format: PixelFormat,
        more: impl Fn(Encoder<'_>) -> Encoder<'_>,
    ) -> Vec<u8> {
        let samples = 0..height * width * format.bytes_per_pixel();
        let pixels: Vec<u8> = samples.map(|i| (i * i / 7 + i * 3 + i / width) as u8).collect();
        more(Encoder::new(&pixels, width, height, format)).encode().expect("encodes")
    }

    /// The pixels, or what is said of the file.
    type Outcome = std::result::Result<Vec<u8>, (ErrorKind, String)>;

    fn said(pixels: Result<Vec<u8>>) -> Outcome {
        pixels.map_err(|error| (error.kind(), error.message().to_string()))
    }

    /// As the codec decodes it by itself.
    fn by_codec(file: &[u8]) -> Outcome {
        let limits = Limits::default();
        said(open(file, &limits).and_then(|(header, within)| {
            let info = super::super::info(file, &limits)?;
            let mut out = zeros(info.bytes()?)?;
            decode_bytes(file, &header, within, &mut out)?;
            Ok(out)
        }))
    }

    /// As any caller gets it.
    fn whole(file: &[u8]) -> Outcome {
        let limits = Limits::default();
        said(super::super::info(file, &limits).and_then(|info| {
            let mut out = zeros(info.bytes()?)?;
            super::super::decode(file, &info, &limits, &mut out)?;
            Ok(out)
        }))
    }

    fn by_rows(file: &[u8]) -> Outcome {
        let limits = Limits::default();
        said(super::super::info(file, &limits).and_then(|info| {
            let (mut out, line) = (Vec::new(), info.bytes()? / info.shape[0]);
            decode_rows(file, 0, &info, &limits, &mut |rows| {
                assert!(!rows.is_empty() && rows.len().is_multiple_of(line), "whole rows");
                out.extend_from_slice(rows);
                Ok(())
            })?;
            Ok(out)
        }))
    }

    fn can(file: &[u8]) -> bool {
        gives_rows(file, 0, &Limits::default())
    }

    /// Gray or colour, its sampling, groups of blocks between restart markers.
    const KINDS: [(PixelFormat, Subsampling, u16); 6] = [
        (PixelFormat::Grayscale, Subsampling::S444, 0),
        (PixelFormat::Grayscale, Subsampling::S444, 3),
        (PixelFormat::Rgb, Subsampling::S444, 2),
        (PixelFormat::Rgb, Subsampling::S422, 0),
        (PixelFormat::Rgb, Subsampling::S420, 0),
        (PixelFormat::Rgb, Subsampling::S420, 1),
    ];

    #[test]
    fn rows_are_those_of_the_codec() {
        let heights = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 34, 48, 50];
        let widths = [5, 6, 8, 9, 15, 16, 17, 31, 33, 40, 64, 67, 130];
        for (format, sampling, restart) in KINDS {
            for size in heights.into_iter().flat_map(|h| widths.map(|w| (h, w))) {
                let file =
                    encode(size, format, |e| e.subsampling(sampling).restart_blocks(restart));
                assert!(can(&file), "{size:?} {sampling:?}");
                let pixels = by_codec(&file);
                assert!(pixels.is_ok(), "{size:?} {format:?} {sampling:?}");
                assert!(whole(&file) == pixels, "{size:?} {format:?} {sampling:?}");
                assert!(by_rows(&file) == pixels, "{size:?} {format:?} {sampling:?}");
            }
        }
    }

    #[test]
    fn sampling_of_gray_alone_says_nothing() {
        let mut file = encode((21, 37), PixelFormat::Grayscale, |e| e.restart_blocks(4));
        let frame = memchr::memmem::find(&file, &[0xFF, 0xC0]).expect("a frame header");
        for sampling in [0x11, 0x21, 0x22, 0x44] {
            file[frame + 11] = sampling;
            let pixels = by_codec(&file);
            assert!(can(&file) && pixels.is_ok(), "{sampling:x}");
            assert!(whole(&file) == pixels && by_rows(&file) == pixels, "{sampling:x}");
        }
    }

    #[test]
    fn what_is_damaged_is_so_by_rows() {
        for (format, sampling, restart) in KINDS {
            let file =
                encode((20, 37), format, |e| e.subsampling(sampling).restart_blocks(restart));
            let mut refused = 0;
            for bad in flipped(&file, 0..file.len() * 8) {
                if can(&bad) {
                    let pixels = by_codec(&bad);
                    refused += usize::from(pixels.is_err());
                    assert!(whole(&bad) == pixels, "{format:?} {sampling:?}");
                    assert!(by_rows(&bad) == pixels, "{format:?} {sampling:?}");
                }
            }
            assert!(refused > 20, "{refused} of {sampling:?}");
            for cut in 0..file.len() {
                let bad = [&file[..cut], &[0xFF, 0xD9]].concat();
                assert!(!can(&bad) || by_rows(&bad) == by_codec(&bad), "cut at {cut}");
            }
        }
    }

    #[test]
    fn other_kinds_are_left_to_the_codec() {
        let of = |more: fn(Encoder<'_>) -> Encoder<'_>| encode((20, 37), PixelFormat::Rgb, more);
        for (number, file) in [
            of(|e| e.progressive(true)),
            of(|e| e.arithmetic(true)),
            of(|e| e.colorspace(ColorSpace::Rgb)),
            of(|e| e.subsampling(Subsampling::S440)),
            of(|e| e.subsampling(Subsampling::S411)),
            of(|e| e.sampling_factors(vec![(2, 2), (2, 1), (1, 2)])),
            encode((20, 4), PixelFormat::Rgb, |e| e.subsampling(Subsampling::S420)),
            encode((20, 37), PixelFormat::Cmyk, |e| e),
        ]
        .iter()
        .enumerate()
        {
            assert!(!can(file) && whole(file).is_ok(), "file {number}");
            let error = by_rows(file).expect_err("not by rows");
            assert_eq!(error.0, ErrorKind::Image);
        }
    }

    #[test]
    fn what_has_no_end_is_refused_before_there_is_room_for_it() {
        let file = encode((20, 37), PixelFormat::Rgb, |e| e.progressive(true));
        let cut = &file[..file.len() - 2];
        assert!(can(cut) && by_rows(cut) == by_codec(cut) && by_rows(cut).is_err());
    }
}
