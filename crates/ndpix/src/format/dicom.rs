//! DICOM Part 10 files: the pixels that pydicom's `pixel_array` gives.
//!
//! Takes a whole file: implicit and explicit little-endian, explicit big-endian and deflated data
//! sets, native pixels of 1, 8, 16, 32 and 64 bits and of floating point, and those coded with RLE,
//! JPEG (baseline, extended, lossless) and JPEG 2000. Frames are read as pages. Samples are as they
//! are stored, in the dtype of the bits allocated, those not in use filled with zeros or the sign;
//! single bits as 0 and 1; palette indices as they are; gray never inverted, no window applied.
//! `YBR_FULL` and `YBR_FULL_422` become RGB. The rescale of the frame is said and not applied.
//!
//! Not as in pydicom: frames beyond the said number are not given. Refuses other transfer
//! syntaxes by their name, and files without an image, as `unsupported`.

mod codec;
mod deflated;
mod elements;
mod file;
mod found;
mod frames;
mod header;
mod lines;
mod pixels;
mod rle;
mod syntax;

use self::codec::Decoded;
use self::deflated::Inflater;
use self::file::{File, PREAMBLE};
use self::frames::Fragments;
use self::header::Photometric;
use self::pixels::Native;
use self::syntax::Coding;
use super::row::{ByRows, Evidence, More, Pages, Row, no_indices};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::{Limits, zeros};

pub(super) const ROW: Row = Row {
    name: "dicom",
    extensions: &["dcm", "dicom"],
    dtypes: &[
        DType::Uint8,
        DType::Int8,
        DType::Uint16,
        DType::Int16,
        DType::Uint32,
        DType::Int32,
        DType::Uint64,
        DType::Int64,
        DType::Float32,
        DType::Float64,
    ],
    colors: &[Color::Gray, Color::Rgb, Color::Samples],
    sniff: |bytes| bytes.get(..PREAMBLE).is_some_and(|head| head.ends_with(b"DICM")),
    evidence: Evidence::Signature,
    info: |bytes, limits| Frames::open(bytes, limits)?.info(0, limits),
    // That all native frames are there is looked at with the header; others may be of any size.
    least: |_, _| 0,
    decode: |bytes, info, limits, out| Frames::open(bytes, limits)?.decode(0, info, limits, out),
    more: More::Pages { open: |bytes, limits| Ok(Box::new(Frames::open(bytes, limits)?)) },
    rows: ByRows::Never,
    indices: no_indices,
};

/// A file whose frames are read.
struct Frames<'a> {
    file: File<'a>,
    /// Of coded pixels, once a frame was asked for.
    fragments: Option<Fragments<'a>>,
    /// Of a deflated data set.
    inflater: Inflater<'a>,
}

impl<'a> Frames<'a> {
    /// Reads all that is said before the pixels.
    fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let file = File::read(bytes, limits)?;
        let inflater = Inflater::new(file.data);
        Ok(Self { file, fragments: None, inflater })
    }
}

impl Pages for Frames<'_> {
    fn info(&self, frame: u32, _limits: &Limits) -> Result<ImageInfo> {
        let info = self.file.header.info(frame)?;
        if frame < info.frames {
            return Ok(info);
        }
        let count = if info.frames == 1 { "1 frame" } else { &format!("{} frames", info.frames) };
        Err(Error::shape(format!("the DICOM has {count}, and none with index {frame}")))
    }

    fn decode(
        &mut self,
        frame: u32,
        info: &ImageInfo,
        limits: &Limits,
        out: &mut [u8],
    ) -> Result<()> {
        let Self { file, fragments, inflater } = self;
        let header = &file.header;
        let said = header.info(frame)?;
        if (said.shape, said.dtype) != (info.shape, info.dtype)
            || out.len() != info.bytes()?
            || frame >= said.frames
        {
            return Err(Error::image("the DICOM changed between its header and its pixels"));
        }
        let as_said = Decoded {
            ybr: matches!(header.photometric, Photometric::Ybr | Photometric::Ybr422),
            stored: header.stored,
        };
        let decoded = if header.syntax.coding == Coding::Native {
            lay_native(file, inflater, frame, out)?;
            as_said
        } else {
            let fragments = match fragments {
                Some(fragments) => fragments,
                None => fragments.insert(file.fragments()?),
            };
            let coded = fragments.frame(frame)?;
            match header.syntax.coding {
                Coding::Jpeg => codec::jpeg(header, &coded, limits, out)?,
                Coding::Jpeg2000 => codec::jpeg2000(header, &coded, limits, out)?,
                Coding::Rle | Coding::Native => {
                    rle::decode(header, &coded, out)?;
                    as_said
                }
            }
        };
        if decoded.stored < header.allocated {
            pixels::fill_unused(header.dtype, decoded.stored, out);
        }
        if decoded.ybr {
            pixels::to_rgb(out);
        }
        Ok(())
    }
}

/// A frame that no codec has coded.
fn lay_native(
    file: &File<'_>,
    inflater: &mut Inflater<'_>,
    frame: u32,
    out: &mut [u8],
) -> Result<()> {
    let header = &file.header;
    // The header has compared all frames with the 32-bit length of the pixel data.
    let first = header.frame_bits() * u64::from(frame);
    let (begin, bit) = ((first / 8) as usize, (first % 8) as u32);
    let length = (u64::from(bit) + header.frame_bits()).div_ceil(8) as usize;
    let native = |bytes| Native { bytes, bit };
    if header.syntax.deflated {
        let frame = inflater.part(header.pixels.start + begin, length)?;
        return pixels::lay(header, native(frame), out);
    }
    let start = header.pixels.start;
    let value = file.data.get(start..).unwrap_or_default();
    let value = &value[..value.len().min(header.pixels.length.unwrap_or(0) as usize)];
    if header.pixels.swapped {
        return pixels::lay(header, native(&swap(value, begin, length)?), out);
    }
    pixels::lay(header, native(value.get(begin..).unwrap_or_default()), out)
}

/// A part of what bytes are after each two of them are swapped.
fn swap(value: &[u8], begin: usize, length: usize) -> Result<Vec<u8>> {
    let mut swapped = zeros(length)?;
    for (i, to) in swapped.iter_mut().enumerate() {
        *to = *value
            .get((begin + i) ^ 1)
            .ok_or_else(|| Error::image("truncated DICOM: pixel data of an odd number of bytes"))?;
    }
    Ok(swapped)
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Encoder, PixelFormat};

    use super::*;
    use crate::error::ErrorKind;
    use crate::format::Rescale;
    use crate::format::damage::flipped;

    const IMPLICIT: &str = "1.2.840.10008.1.2";
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";
    const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
    const BIG: &str = "1.2.840.10008.1.2.2";
    const RLE: &str = "1.2.840.10008.1.2.5";
    const JPEG: &str = "1.2.840.10008.1.2.4.50";

    /// An element with a short length, or with a long one where its type asks for it.
    fn element(syntax: &str, tag: u32, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let short = |n: u16| if syntax == BIG { n.to_be_bytes() } else { n.to_le_bytes() };
        let long = |n: u32| if syntax == BIG { n.to_be_bytes() } else { n.to_le_bytes() };
        let length = value.len() as u32;
        let (length, value) = match value {
            [0xFE, 0xFF, ..] => (u32::MAX, value.to_vec()),
            _ if length % 2 == 1 => (length + 1, [value, b"\0"].concat()),
            _ => (length, value.to_vec()),
        };
        let mut out = [short((tag >> 16) as u16), short(tag as u16)].concat();
        if syntax == IMPLICIT {
            out.extend(long(length));
        } else if [b"OB", b"OW", b"OF", b"SQ"].contains(&vr) {
            out.extend([&vr[..], &[0, 0], &long(length)].concat());
        } else {
            out.extend([&vr[..], &short(length as u16)].concat());
        }
        out.extend(value);
        out
    }

    /// Rows, columns, samples, bits allocated, bits stored, signed.
    type Says = [u16; 6];

    /// A file with these numbers and pixel data, whose first element is `first`.
    fn file(syntax: &str, says: Says, name: &str, first: &[u8], pixels: &[u8]) -> Vec<u8> {
        let number = |tag, n: u16| {
            let n = if syntax == BIG { n.to_be_bytes() } else { n.to_le_bytes() };
            element(syntax, tag, b"US", &n)
        };
        let [rows, columns, samples, allocated, stored, signed] = says;
        let data = [
            first.to_vec(),
            number(0x0028_0002, samples),
            element(syntax, 0x0028_0004, b"CS", name.as_bytes()),
            number(0x0028_0006, 0),
            number(0x0028_0010, rows),
            number(0x0028_0011, columns),
            number(0x0028_0100, allocated),
            number(0x0028_0101, stored),
            number(0x0028_0103, signed),
            element(syntax, 0x0028_1052, b"DS", b"0"),
            element(syntax, 0x0028_1053, b"DS", b"2.5"),
            element(syntax, 0x7FE0_0010, b"OW", pixels),
        ]
        .concat();
        let data = if syntax == DEFLATED { deflate(&data) } else { data };
        let meta = element(EXPLICIT, 0x0002_0010, b"UI", syntax.as_bytes());
        [&[0; 128][..], b"DICM", &meta, &data].concat()
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut w = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        w.write_all(data).and_then(|()| w.finish()).expect("in memory")
    }

    /// Fragments, with an empty offset table before them.
    fn fragments(all: &[&[u8]]) -> Vec<u8> {
        let mut out = vec![0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0];
        for fragment in all {
            out.extend([0xFE, 0xFF, 0, 0xE0]);
            out.extend((fragment.len() as u32).to_le_bytes());
            out.extend(*fragment);
        }
        out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        out
    }

    fn read(file: &[u8], frame: u32) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let mut frames = Frames::open(file, &limits)?;
        let info = frames.info(frame, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        frames.decode(frame, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    const GRAY: Says = [1, 2, 1, 16, 12, 1];

    /// Two frames of RLE: 16 bits, two pixels.
    fn rle() -> Vec<u8> {
        let mut frame = [2u32, 64, 66].map(u32::to_le_bytes).concat();
        frame.resize(64, 0);
        frame.extend([255, 1, 1, 7, 8]);
        let frames = element(RLE, 0x0028_0008, b"IS", b"2");
        file(RLE, GRAY, "MONOCHROME1", &frames, &fragments(&[&frame, &frame]))
    }

    fn jpeg() -> Vec<u8> {
        let pixels: Vec<u8> = (0..48).map(|i| (i * 5) as u8).collect();
        let coded = Encoder::new(&pixels, 4, 4, PixelFormat::Rgb).encode().expect("encodes");
        let (first, second) = coded.split_at(coded.len() / 2);
        let says = [4, 4, 3, 8, 8, 0];
        file(JPEG, says, "YBR_FULL_422", b"", &fragments(&[first, second]))
    }

    #[test]
    fn every_way_of_writing() {
        for syntax in [IMPLICIT, EXPLICIT, DEFLATED, BIG] {
            let pixels = [0x1801u16, 0x07FF];
            let pixels =
                pixels.map(|n| if syntax == BIG { n.to_be_bytes() } else { n.to_le_bytes() });
            let file = file(syntax, GRAY, "MONOCHROME2 ", b"", &pixels.concat());
            let (info, out) = read(&file, 0).expect("good");
            assert_eq!((&*info.shape, info.dtype), (&[1, 2][..], DType::Int16), "{syntax}");
            assert_eq!(
                info.rescale,
                Some(Rescale { slope: 2.5, intercept: 0.0, blank: None, dtype: DType::Float64 })
            );
            assert_eq!(out, [-2047i16, 2047].map(i16::to_le_bytes).concat(), "{syntax}");
            assert_eq!(read(&file, 1).expect_err("one frame").kind(), ErrorKind::Shape);
        }
    }

    #[test]
    fn colours() {
        let says = [1, 2, 3, 8, 8, 0];
        let (info, out) =
            read(&file(EXPLICIT, says, "RGB", b"", &[1, 2, 3, 4, 5, 6]), 0).expect("good");
        assert_eq!((info.color, &out[..]), (Color::Rgb, &[1, 2, 3, 4, 5, 6][..]));
        let pixels = [76, 100, 85, 255];
        let (info, out) =
            read(&file(EXPLICIT, says, "YBR_FULL_422", b"", &pixels), 0).expect("good");
        assert_eq!((info.color, &out[..]), (Color::Rgb, &[254, 0, 0, 255, 24, 24][..]));
        // In big-endian words the bytes are swapped, over the ends of frames too.
        let frames = element(BIG, 0x0028_0008, b"IS", b"2");
        let odd = file(BIG, [1, 1, 3, 8, 8, 0], "RGB", &frames, &[2, 1, 4, 3, 6, 5]);
        assert_eq!(read(&odd, 1).expect("good").1, [4, 5, 6]);
    }

    #[test]
    fn coded_frames() {
        let (info, out) = read(&rle(), 1).expect("good");
        assert_eq!((info.frames, info.dtype), (2, DType::Int16));
        assert_eq!(out, [0x0107i16, 0x0108].map(i16::to_le_bytes).concat());
        let (info, out) = read(&jpeg(), 0).expect("good");
        assert_eq!((&*info.shape, info.color), (&[4, 4, 3][..], Color::Rgb));
        assert!(out.iter().enumerate().all(|(i, v)| v.abs_diff((i * 5) as u8) < 30), "{out:?}");
    }

    #[test]
    fn all_frames_are_found_without_reading_the_file_for_each() {
        let count = 100_000;
        let coded = |number: u32| {
            let mut frame = [2u32, 64, 66].map(u32::to_le_bytes).concat();
            frame.resize(64, 0);
            frame.extend([255, 0, 1, 7, number as u8]);
            frame
        };
        let all: Vec<_> = (0..count).map(coded).collect();
        let all: Vec<_> = all.iter().map(|frame| &frame[..]).collect();
        let number = element(RLE, 0x0028_0008, b"IS", count.to_string().as_bytes());
        let says = [1, 2, 1, 16, 16, 0];
        let file = file(RLE, says, "MONOCHROME2", &number, &fragments(&all));
        let (limits, begun) = (Limits::default(), std::time::Instant::now());
        let mut frames = Frames::open(&file, &limits).expect("good");
        for frame in 0..count {
            let info = frames.info(frame, &limits).expect("it is there");
            let mut out = [0; 4];
            frames.decode(frame, &info, &limits, &mut out).expect("good");
            assert_eq!(out, [7, 0, frame as u8, 0]);
        }
        // Their square took more than ten times as long.
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    #[test]
    fn deflated_frames_of_single_bits() {
        let number = element(DEFLATED, 0x0028_0008, b"IS", b"5");
        let file =
            file(DEFLATED, [1, 3, 1, 1, 1, 0], "MONOCHROME2", &number, &[0b0011_0101, 0b0101]);
        let wanted = [[1, 0, 1], [0, 1, 1], [0, 0, 1], [0, 1, 0], [0, 0, 0]];
        let limits = Limits::default();
        let mut frames = Frames::open(&file, &limits).expect("good");
        for order in [[0, 1, 2, 3, 4], [4, 2, 2, 0, 3]] {
            for frame in order {
                let info = frames.info(frame, &limits).expect("it is there");
                let mut out = [9; 3];
                frames.decode(frame, &info, &limits, &mut out).expect("good");
                assert_eq!(out, wanted[frame as usize], "{frame}");
            }
        }
    }

    #[test]
    fn every_cut_is_an_error_or_whole() {
        let plain = |syntax| file(syntax, GRAY, "MONOCHROME2", b"", &[1, 2, 3, 4]);
        for file in [plain(IMPLICIT), plain(EXPLICIT), plain(DEFLATED), plain(BIG), rle(), jpeg()] {
            let (_, whole) = read(&file, 0).expect("good");
            for end in 0..file.len() {
                match read(&file[..end], 0) {
                    Ok((_, out)) => assert_eq!(out, whole, "cut at {end}"),
                    Err(error) => {
                        let kind = error.kind();
                        let known = [ErrorKind::Image, ErrorKind::Unsupported].contains(&kind);
                        assert!(known, "cut at {end}: {kind}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_inflated_is_within_memory() {
        // Private data before the image, of which deflate makes next to nothing.
        let long = element(EXPLICIT, 0x0009_1010, b"OB", &vec![0; 3 << 20]);
        let file = file(DEFLATED, GRAY, "MONOCHROME2", &long, &[1, 2, 3, 4]);
        let at = |memory| {
            let limits = Limits { memory, ..Limits::default() };
            (ROW.info)(&file, &limits).map(|info| info.shape)
        };
        let whole = at(None).expect("good");
        for memory in [1 << 16, 1 << 20, 3 << 20] {
            let error = at(Some(memory)).expect_err("over memory");
            assert_eq!(error.kind(), ErrorKind::Limit, "{memory}");
            assert!(error.message().contains(&format!("over memory {memory}")), "{error}");
        }
        for memory in [4 << 20, 1 << 30] {
            assert_eq!(at(Some(memory)).expect("there is room"), whole, "{memory}");
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for file in [rle(), jpeg(), file(EXPLICIT, GRAY, "MONOCHROME2", b"", &[1, 2, 3, 4])] {
            for bad in flipped(&file, 128 * 8..file.len() * 8) {
                let _ = read(&bad, 0);
            }
        }
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let large = file(EXPLICIT, [65_535, 65_535, 1, 8, 8, 0], "MONOCHROME2", b"", &[1, 2]);
        assert_eq!(read(&large, 0).expect_err("large").kind(), ErrorKind::Limit);
        let long = file(EXPLICIT, [9_999, 9_999, 3, 8, 8, 0], "RGB", b"", &[1, 2]);
        assert_eq!(read(&long, 0).expect_err("cut").kind(), ErrorKind::Image);
    }
}
