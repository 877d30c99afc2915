//! The rows of a JPEG, one row of blocks after another, put together from the parts of `libjpeg-turbo-rs`: its
//! markers, Huffman codes, inverse DCT and colours.
//!
//! The codec itself keeps the planes of the whole picture. Here goes what needs no more than a row of blocks: one
//! scan of Huffman codes with all components, gray or YCbCr, its colour whole, or halved across, or
//! halved both ways. Any other JPEG is decoded whole.

use std::panic::catch_unwind;

use libjpeg_turbo_rs::decode::bitstream::BitReader;
use libjpeg_turbo_rs::decode::entropy::{McuComponentPlan, McuDecoder, resolve_mcu_plan};
use libjpeg_turbo_rs::decode::marker::{JpegMetadata, MarkerReader};
use libjpeg_turbo_rs::simd::{self, SimdRoutines};
use libjpeg_turbo_rs::{ColorSpace, Decoder, JpegError};

use super::{damaged, is_frame, open};
use crate::error::{Error, Result};
use crate::format::ImageInfo;
use crate::format::row::TakeRows;
use crate::limits::{Limits, zeros};

/// Samples along a side of a block.
const BLOCK: usize = 8;
/// Fewer columns of halved colour are widened by another rule.
const LEAST_HALVED: usize = 3;

/// What the markers say of a picture whose rows follow each other.
struct Scan {
    markers: JpegMetadata,
    size: (usize, usize),
    /// Samples of light to one of colour: down and across.
    ratio: (usize, usize),
}

impl Scan {
    /// `None` where the file has to be decoded whole, if it can be.
    fn of(bytes: &[u8], limits: &Limits) -> Option<Self> {
        let (header, within) = open(bytes, limits).ok()?;
        let mut reader = MarkerReader::new(bytes);
        reader.set_scan_cap(within.max_scans);
        let color = Decoder::new_with_limits(bytes, within).ok()?.jpeg_color_space();
        let markers = reader.read_markers().ok()?;
        let (frame, scan) = (&markers.frame, &markers.scan);
        let sampling: Vec<_> = frame
            .components
            .iter()
            .map(|c| (usize::from(c.vertical_sampling), usize::from(c.horizontal_sampling)))
            .collect();
        let ratio = match (color, &sampling[..]) {
            (ColorSpace::Grayscale, [_]) => (1, 1),
            (ColorSpace::YCbCr, &[ratio @ ((1, 1 | 2) | (2, 2)), (1, 1), (1, 1)]) => ratio,
            _ => return None,
        };
        let size = (usize::from(header.height), usize::from(header.width));
        let plain = is_frame(&header, frame)
            && !(header.arithmetic || frame.is_progressive || frame.is_lossless)
            && frame.precision == 8
            && markers.scans.len() <= 1
            && scan.components.len() == frame.components.len()
            && (ratio.1 == 1 || size.1.div_ceil(2) >= LEAST_HALVED);
        plain.then_some(Self { markers, size, ratio })
    }
}

/// Whether [`decode_rows`] can give them.
pub(super) fn gives_rows(bytes: &[u8], _frame: u32, limits: &Limits) -> bool {
    catch_unwind(|| Scan::of(bytes, limits).is_some_and(|scan| tables(&scan.markers).is_some()))
        .unwrap_or(false)
}

/// The rows, as [`super::info`] announced the picture.
pub(super) fn decode_rows(
    bytes: &[u8],
    _frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    take: &mut TakeRows<'_>,
) -> Result<()> {
    let contradiction = || Error::image("damaged JPEG: its headers contradict each other");
    let scan = Scan::of(bytes, limits).ok_or_else(contradiction)?;
    let components = tables(&scan.markers).ok_or_else(contradiction)?;
    let channels = components.len();
    let (height, width) = scan.size;
    if info.bytes()? != height * width * channels {
        return Err(contradiction());
    }
    let tall = BLOCK * scan.ratio.0;
    let mut blocks = Blocks::new(&scan, bytes, &components)?;
    let mut colors = Colors::new(&scan)?;
    let mut band = zeros((tall + 1) * width * channels)?;
    let mut done = 0;
    for end in (tall..height + tall).step_by(tall) {
        blocks.decode().map_err(damaged)?;
        // The colour of the last row depends on the blocks below it, where there are any.
        let ready = if end < height { end + 1 - scan.ratio.0 } else { height };
        let rows = &mut band[..(ready - done) * width * channels];
        for (y, row) in (done..ready).zip(rows.chunks_exact_mut(width * channels)) {
            colors.row(&blocks.planes, y, end - tall, row);
        }
        take(rows)?;
        done = ready;
        blocks.planes.iter_mut().for_each(Plane::keep_last);
    }
    Ok(())
}

/// A component with the tables that it is decoded by.
struct Component<'s> {
    codes: McuComponentPlan<'s>,
    steps: &'s [u16; 64],
}

/// The components in the order of the frame; `None` where a table is missing.
fn tables(markers: &JpegMetadata) -> Option<Vec<Component<'_>>> {
    let (dc, ac) = (&markers.dc_huffman_tables, &markers.ac_huffman_tables);
    let codes = resolve_mcu_plan(&markers.frame, &markers.scan, dc, ac).ok()?;
    codes
        .into_iter()
        .zip(&markers.frame.components)
        .enumerate()
        .map(|(number, (codes, component))| {
            let table = markers.quant_tables.get(usize::from(component.quant_table_index))?;
            let steps = &table.as_ref()?.values;
            (codes.comp_idx == number).then_some(Component { codes, steps })
        })
        .collect()
}

/// Samples of a component: the last row of the blocks before, then a row of blocks.
struct Plane {
    samples: Vec<u8>,
    stride: usize,
    /// Blocks of it that stand together in the scan: down and across.
    count: (usize, usize),
}

impl Plane {
    fn new(count: (usize, usize), groups: usize) -> Result<Self> {
        let stride = groups * count.1 * BLOCK;
        Ok(Self { samples: zeros((1 + count.0 * BLOCK) * stride)?, stride, count })
    }

    /// A row of the picture, of which row `first` is the first of the row of blocks.
    fn row(&self, y: usize, first: usize) -> &[u8] {
        &self.samples[(y + 1 - first) * self.stride..][..self.stride]
    }

    fn put(&mut self, (down, across): (usize, usize), block: &[u8; 64]) {
        let rows = self.samples[(1 + down * BLOCK) * self.stride..].chunks_exact_mut(self.stride);
        for (row, samples) in rows.zip(block.as_chunks::<BLOCK>().0) {
            row[across * BLOCK..][..BLOCK].copy_from_slice(samples);
        }
    }

    fn keep_last(&mut self) {
        let last = self.samples.len() - self.stride;
        self.samples.copy_within(last.., 0);
    }
}

/// The coded data of a scan, and where in it the next row of blocks begins.
struct Blocks<'s> {
    reader: BitReader<'s>,
    decoder: McuDecoder,
    components: &'s [Component<'s>],
    planes: Vec<Plane>,
    inverse: fn(&[i16; 64], &[u16; 64], &mut [u8; 64]),
    /// Groups of blocks: in a row, between two restart markers (0 for none), decoded.
    groups: usize,
    interval: usize,
    done: usize,
}

impl<'s> Blocks<'s> {
    fn new(scan: &Scan, bytes: &'s [u8], components: &'s [Component<'s>]) -> Result<Self> {
        let markers = &scan.markers;
        let groups = scan.size.1.div_ceil(BLOCK * scan.ratio.1);
        let planes = (0..components.len())
            .map(|number| Plane::new(if number == 0 { scan.ratio } else { (1, 1) }, groups));
        Ok(Self {
            reader: BitReader::new(bytes.get(markers.entropy_data_offset..).unwrap_or(&[])),
            decoder: McuDecoder::new(components.len()),
            components,
            planes: planes.collect::<Result<_>>()?,
            inverse: simd::detect().idct_islow,
            groups,
            interval: markers.restart_interval.into(),
            done: 0,
        })
    }

    /// Decodes the next row of blocks into the planes.
    fn decode(&mut self) -> std::result::Result<(), JpegError> {
        for group in 0..self.groups {
            if self.interval > 0 && self.done > 0 && self.done.is_multiple_of(self.interval) {
                self.reader.reset();
                self.decoder.reset();
            }
            self.group(group).map_err(|error| match self.reader.insufficient_data() {
                true => JpegError::UnexpectedEof,
                false => error,
            })?;
            if self.reader.insufficient_data() {
                return Err(JpegError::UnexpectedEof);
            }
            self.done += 1;
        }
        Ok(())
    }

    /// Decodes the blocks that stand together at the place `group` of a row.
    fn group(&mut self, group: usize) -> std::result::Result<(), JpegError> {
        let (mut numbers, mut block) = ([0; 64], [0; 64]);
        let Self { reader, decoder, components, planes, inverse, .. } = self;
        for (Component { codes, steps }, plane) in components.iter().zip(planes) {
            let (rows, columns) = plane.count;
            for (down, across) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let number = codes.comp_idx;
                decoder.decode_block(
                    reader,
                    number,
                    codes.dc_table,
                    codes.ac_table,
                    &mut numbers,
                )?;
                inverse(&numbers, steps, &mut block);
                plane.put((down, group * columns + across), &block);
            }
        }
        Ok(())
    }
}

/// Makes rows of pixels from those of the planes.
struct Colors {
    routines: SimdRoutines,
    size: (usize, usize),
    ratio: (usize, usize),
    /// A row of each colour as wide as the picture, and what it is made of.
    wide: [Vec<u8>; 2],
    sums: Vec<u16>,
}

impl Colors {
    fn new(scan: &Scan) -> Result<Self> {
        let halved = scan.size.1.div_ceil(2);
        let sums = zeros::<u16>(halved)?;
        let wide = [zeros(2 * halved)?, zeros(2 * halved)?];
        Ok(Self { routines: simd::detect(), size: scan.size, ratio: scan.ratio, wide, sums })
    }

    /// Row `y` of the picture, of which row `first` is the first of the row of blocks.
    fn row(&mut self, planes: &[Plane], y: usize, first: usize, out: &mut [u8]) {
        let (height, width) = self.size;
        let light = planes[0].row(y, first);
        let [_, colors @ ..] = planes else { return };
        if colors.is_empty() {
            out.copy_from_slice(&light[..width]);
            return;
        }
        let count = width.div_ceil(self.ratio.1);
        let near = y / self.ratio.0;
        let far = match y % 2 {
            0 => near.saturating_sub(1),
            _ => (near + 1).min(height.div_ceil(2) - 1),
        };
        let first = first / self.ratio.0;
        let [blue, red] = &mut self.wide;
        for (plane, wide) in colors.iter().zip([&mut *blue, &mut *red]) {
            let row = &plane.row(near, first)[..count];
            match self.ratio {
                (_, 1) => wide[..count].copy_from_slice(row),
                (1, _) => self.routines.fancy_upsample_h2v1(row, count, wide),
                _ => widen(row, &plane.row(far, first)[..count], &mut self.sums, wide),
            }
        }
        self.routines.ycbcr_to_rgb_row(light, blue, red, out, width);
    }
}

/// A row of twice the width from the two rows of colour that are nearest to it: libjpeg's `h2v2_fancy_upsample`.
/// `out` has twice as many samples as `near`, which has at least three; the others as many.
fn widen(near: &[u8], far: &[u8], sums: &mut [u16], out: &mut [u8]) {
    for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
        *sum = u16::from(near) * 3 + u16::from(far);
    }
    let last = sums.len() - 1;
    let pairs = out.as_chunks_mut::<2>().0;
    let inner = sums.iter().zip(&sums[1..]).zip(&sums[2..]);
    for (pair, ((before, sum), after)) in pairs[1..last].iter_mut().zip(inner) {
        *pair = [((sum * 3 + before + 8) >> 4) as u8, ((sum * 3 + after + 7) >> 4) as u8];
    }
    pairs[0] = [((sums[0] * 4 + 8) >> 4) as u8, ((sums[0] * 3 + sums[1] + 7) >> 4) as u8];
    pairs[last] =
        [((sums[last] * 3 + sums[last - 1] + 8) >> 4) as u8, ((sums[last] * 4 + 7) >> 4) as u8];
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};

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

    fn whole(file: &[u8]) -> Outcome {
        pixels(file).map_err(|error| (error.kind(), error.message().to_string()))
    }

    fn pixels(file: &[u8]) -> Result<Vec<u8>> {
        let limits = Limits::default();
        let info = super::super::info(file, &limits)?;
        let mut out = zeros(info.bytes()?)?;
        super::super::decode(file, &info, &limits, &mut out)?;
        Ok(out)
    }

    fn by_rows(file: &[u8]) -> Outcome {
        rows(file).map_err(|error| (error.kind(), error.message().to_string()))
    }

    fn rows(file: &[u8]) -> Result<Vec<u8>> {
        let limits = Limits::default();
        let info = super::super::info(file, &limits)?;
        let mut out = Vec::new();
        let line = info.bytes()? / info.shape[0];
        decode_rows(file, 0, &info, &limits, &mut |rows| {
            assert!(!rows.is_empty() && rows.len().is_multiple_of(line), "whole rows");
            out.extend_from_slice(rows);
            Ok(())
        })?;
        Ok(out)
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
                let (rows, pixels) = (by_rows(&file), whole(&file));
                assert!(rows == pixels && rows.is_ok(), "{size:?} {format:?} {sampling:?}");
            }
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
                    let pixels = whole(&bad);
                    refused += usize::from(pixels.is_err());
                    assert!(by_rows(&bad) == pixels, "{format:?} {sampling:?}");
                }
            }
            assert!(refused > 20, "{refused} of {sampling:?}");
            for cut in 0..file.len() {
                let bad = [&file[..cut], &[0xFF, 0xD9]].concat();
                assert!(!can(&bad) || by_rows(&bad) == whole(&bad), "cut at {cut}");
            }
        }
    }

    #[test]
    fn other_kinds_are_decoded_whole() {
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
        assert!(!can(b"\xFF\xD8\xFF") && !can(b""));
    }
}
