//! JPEG XL through `jxl` (jxl-rs, of the authors of the format): containers and bare codestreams.
//!
//! Gives the stored samples: integers of up to 16 bits by their own values, half and single floats;
//! gray or RGB, with the first alpha channel and no other extra channels. Colours of lossy files are
//! those of libjxl: in the colour space that the file names, else sRGB. Orientation is told, not
//! applied. [`JxlFilm`] gives every frame. Refuses truncated and damaged files as `image`, inks and
//! integers beyond 16 bits as `unsupported`, and what takes more memory or work than its picture is
//! worth as `limit`.

mod decoding;

use jxl::api::Event;

use super::row::{ByRows, Evidence, Film, More, Row, no_indices, pixels};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;
use decoding::{Canvas, Decoding, MOST_SAMPLES, guarded, truncated};

/// What a file begins with: a bare codestream, or a container.
const CODESTREAM: &[u8] = b"\xFF\x0A";
const CONTAINER: &[u8] = b"\0\0\0\x0CJXL \r\n\x87\n";
/// Frames that are counted; the codec remembers a kilobyte of each.
const MAX_FRAMES: u32 = 65_536;
pub(super) const ROW: Row = Row {
    name: "jxl",
    extensions: &["jxl"],
    dtypes: &[DType::Uint8, DType::Uint16, DType::Float16, DType::Float32],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba],
    sniff,
    // A bare codestream begins with two bytes, and raw pixels may look like its header.
    evidence: Evidence::Structure,
    info,
    // A group of any size may be coded in no bits at all.
    least: |_, _| 0,
    decode,
    more: More::Film {
        check: |bytes, info| {
            // More than the picture has with all channels that there can be.
            let samples = pixels(info).saturating_mul(600).saturating_add(1 << 22);
            match count_frames(bytes, samples, info.frames)? {
                (_, true) => Ok(()),
                (_, false) => Err(truncated()),
            }
        },
        open: |bytes, info, limits| Ok(Box::new(JxlFilm::open(bytes, info, limits)?)),
    },
    rows: ByRows::Never,
    indices: no_indices,
};

/// Whether bytes begin as a container, or as a bare codestream with headers that hold together: two
/// bytes alone are what raw pixels may begin with.
fn sniff(bytes: &[u8]) -> bool {
    let headers = || guarded(|| Decoding::start(bytes, u64::MAX, false)?.step(None));
    bytes.starts_with(CONTAINER) || (bytes.starts_with(CODESTREAM) && headers().is_ok())
}

/// What the image says of itself, from its headers; of an animation the heads of all frames.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let most = limits.max_pixels.saturating_mul(MOST_SAMPLES);
    let (head, _) = guarded(|| Decoding::start(bytes, u64::MAX, false)?.head(limits))?;
    let (color, channels) = match (head.gray, head.alpha) {
        (true, None) => (Color::Gray, 1),
        (true, Some(_)) => (Color::GrayAlpha, 2),
        (false, None) => (Color::Rgb, 3),
        (false, Some(_)) => (Color::Rgba, 4),
    };
    let frames = if head.animated { count_frames(bytes, most, MAX_FRAMES)?.0 } else { 1 };
    let shape = Shape::image(head.height, head.width, channels);
    let plain = ImageInfo::of(shape, head.samples_as()?.1, color);
    let image = ImageInfo {
        bits: head.bits().unwrap_or(plain.bits),
        orientation: head.orientation,
        premultiplied: head.alpha == Some(true),
        frames: frames.max(1),
        ..plain
    };
    image.bytes()?;
    Ok(image)
}

/// The pixels of the first frame, as [`info`] announced them.
fn decode(bytes: &[u8], info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the JPEG XL"));
    }
    let mut decoding = Decoding::open(bytes, info, limits)?;
    let size = info.dtype.size();
    if out.as_ptr().align_offset(size) == 0 {
        return decoding.draw(info, out);
    }
    // The codec writes whole samples, and only where they are aligned.
    let mut canvas = Canvas::new(out.len(), size)?;
    decoding.draw(info, canvas.bytes_mut())?;
    out.copy_from_slice(canvas.bytes());
    Ok(())
}

/// Frames whose end is found, of no more than `most`, and whether the last one is among them.
fn count_frames(bytes: &[u8], samples: u64, most: u32) -> Result<(u32, bool)> {
    guarded(|| {
        let mut decoding = Decoding::start(bytes, samples, true)?;
        let mut frames = 0;
        loop {
            match decoding.step(None)? {
                Event::NeedMoreInput { .. } => return Ok((frames, false)),
                Event::FrameComplete { has_more_frames: false } => return Ok((frames + 1, true)),
                Event::FrameComplete { .. } if frames >= most => {
                    return Err(Error::unsupported(format!("JPEG XL of more than {most} frames")));
                }
                Event::FrameComplete { .. } => frames += 1,
                Event::Complete => return Ok((frames, true)),
                Event::BasicInfo | Event::FrameHeader => {}
            }
        }
    })
}

/// The frames of an animation, in order.
struct JxlFilm<'a> {
    decoding: Decoding<'a>,
    info: ImageInfo,
    canvas: Canvas,
}

impl<'a> JxlFilm<'a> {
    /// Before the first frame.
    fn open(bytes: &'a [u8], info: &ImageInfo, limits: &Limits) -> Result<Self> {
        let canvas = Canvas::new(info.bytes()?, info.dtype.size())?;
        Ok(Self { decoding: Decoding::open(bytes, info, limits)?, info: *info, canvas })
    }
}

impl Film for JxlFilm<'_> {
    fn draw(&mut self) -> Result<()> {
        self.decoding.draw(&self.info, self.canvas.bytes_mut())
    }

    fn show(&self, out: &mut [u8]) {
        out.copy_from_slice(self.canvas.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../../testdata/formats/", $name)) as &[u8]
        };
    }

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
        let info = info(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    /// The frames until one fails, and why.
    fn play(file: &[u8]) -> Result<(Vec<Vec<u8>>, Option<Error>)> {
        let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
        let info = info(file, &limits)?;
        let mut film = JxlFilm::open(file, &info, &limits)?;
        let mut frames = Vec::new();
        for _ in 0..info.frames.min(9) {
            let mut out = vec![0xA5; info.bytes()?];
            if let Err(error) = film.draw() {
                return Ok((frames, Some(error)));
            }
            film.show(&mut out);
            frames.push(out);
        }
        Ok((frames, None))
    }

    #[test]
    fn messages_name_the_limit() {
        // Of a narrow picture the codec holds 16 columns.
        let file = file!("jxl-1x1.jxl");
        let whole = info(file, &Limits::default()).expect("valid");
        for (limits, words) in [
            (Limits { memory: Some(100), ..Limits::default() }, "over memory 100"),
            (Limits { max_pixels: 1, ..Limits::default() }, "raise max_pixels"),
        ] {
            let error = Decoding::open(file, &whole, &limits).map(|_| ()).expect_err("over");
            assert_eq!(error.kind(), ErrorKind::Limit);
            assert!(error.message().contains(words), "{error}");
        }
    }

    #[test]
    fn only_ieee_halves_are_halves() {
        let whole = file!("jxl-float16.jxl");
        let start = memchr::memmem::find(whole, CODESTREAM).expect("a codestream");
        let halves = read(whole).expect("decodes").1;
        for exponent in 2..=8 {
            // Its bits, less one, are four bits of the header, from the 47th on.
            let mut file = whole.to_vec();
            file[start + 5] = file[start + 5] & 0x7F | (exponent - 1) << 7;
            file[start + 6] = file[start + 6] & !7 | (exponent - 1) >> 1;
            let (info, out) = read(&file).expect("decodes");
            let wanted = if exponent == 5 { DType::Float16 } else { DType::Float32 };
            assert_eq!(info.dtype, wanted, "{exponent}");
            if exponent == 8 {
                // The upper half of a single float.
                let wide = halves.as_chunks::<2>().0.iter().flat_map(|[a, b]| [0, 0, *a, *b]);
                assert!(wide.eq(out));
            }
        }
    }

    #[test]
    fn what_files_say_of_themselves() {
        use DType::{Float16, Float32, Uint8, Uint16};
        for (file, channels, dtype, color, orientation) in [
            (file!("jxl-l.jxl"), 1, Uint8, Color::Gray, 1),
            (file!("jxl-la.jxl"), 2, Uint8, Color::GrayAlpha, 1),
            (file!("jxl-rgb.jxl"), 3, Uint8, Color::Rgb, 1),
            (file!("jxl-container.jxl"), 3, Uint8, Color::Rgb, 1),
            (file!("jxl-orientation3.jxl"), 3, Uint8, Color::Rgb, 3),
            (file!("jxl-orientation6.jxl"), 3, Uint8, Color::Rgb, 6),
            (file!("jxl-premultiplied.jxl"), 4, Uint8, Color::Rgba, 1),
            (file!("jxl-gray4.jxl"), 1, Uint8, Color::Gray, 1),
            (file!("jxl-gray12.jxl"), 1, Uint16, Color::Gray, 1),
            (file!("jxl-rgb16.jxl"), 3, Uint16, Color::Rgb, 1),
            (file!("jxl-float16.jxl"), 3, Float16, Color::Rgb, 1),
            (file!("jxl-float32.jxl"), 3, Float32, Color::Rgb, 1),
        ] {
            let (info, _) = read(file).expect("decodes");
            let told = (info.shape, info.dtype, info.color, info.orientation);
            assert_eq!(told, (Shape::image(15, 21, channels), dtype, color, orientation));
            assert_eq!(info.premultiplied, color == Color::Rgba);
        }
    }

    #[test]
    fn two_bytes_are_no_proof() {
        for file in [file!("jxl-rgb.jxl"), file!("jxl-container.jxl"), file!("bad/jxl-head.jxl")] {
            assert!(sniff(file));
        }
        let raw = |rest: u8| [CODESTREAM, &[rest; 30]].concat();
        assert!(!sniff(&raw(0)) && !sniff(&raw(0x80)) && !sniff(b"\x0A\xFF"));
    }

    #[test]
    fn a_buffer_may_begin_anywhere() {
        let (file, limits) = (file!("jxl-float32.jxl"), Limits::default());
        let (info, whole) = read(file).expect("decodes");
        let mut out = vec![0xA5; whole.len() + 4];
        for start in 0..4 {
            let out = &mut out[start..][..whole.len()];
            decode(file, &info, &limits, out).expect("decodes");
            assert_eq!(out, whole);
        }
    }

    #[test]
    fn lossy_pixels_are_close_to_their_jpeg() {
        for file in [file!("jxl-lossy.jxl"), file!("jxl-jpeg.jxl")] {
            let (info, out) = read(file).expect("decodes");
            assert_eq!((info.shape, info.frames), (Shape::image(37, 43, 3), 1));
            let (_, exact) = read(file!("jxl-fast.jxl")).expect("decodes");
            let off = out.iter().zip(&exact).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            assert!(off < 12 * out.len() as u64, "{off}");
        }
    }

    #[test]
    fn frames_and_what_a_cut_leaves_of_them() {
        let file = file!("jxl-animated.jxl");
        let (whole, error) = play(file).expect("valid");
        assert!(error.is_none() && whole.len() == 4 && whole[0] != whole[1]);
        assert_eq!(whole[0], read(file).expect("decodes").1);
        for end in 0..file.len() {
            let cut = &file[..end];
            let (frames, error) = match play(cut) {
                Ok(played) => played,
                Err(error) => (Vec::new(), Some(error)),
            };
            assert!(whole.starts_with(&frames), "cut at {end}");
            let More::Film { check, .. } = ROW.more else { panic!("a film") };
            let checked = info(cut, &Limits::default()).and_then(|info| check(cut, &info));
            let kinds: Vec<_> = [error, checked.err()].into_iter().flatten().collect();
            assert!(!kinds.is_empty(), "cut at {end}");
            assert!(kinds.iter().all(|e| e.kind() == ErrorKind::Image), "cut at {end}");
        }
    }

    #[test]
    fn every_prefix_is_an_error() {
        for file in [file!("jxl-rgb.jxl"), file!("jxl-container.jxl"), file!("jxl-lossy.jxl")] {
            let whole = read(file).expect("decodes");
            for cut in 0..file.len() {
                match read(&file[..cut]) {
                    // Padding at the end of the last section.
                    Ok(got) => assert_eq!(got, whole, "cut at {cut}"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Image, "cut at {cut}"),
                }
            }
            let longer = [file, b"rubbish"].concat();
            assert!(read(&longer).is_ok_and(|got| got == whole));
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for file in [file!("jxl-animated.jxl"), file!("jxl-lossy.jxl"), file!("jxl-gray12.jxl")] {
            for bad in flipped(file, (0..file.len() * 8).filter(|bit| *bit < 300 || bit % 5 == 0)) {
                let _ = play(&bad);
            }
        }
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let limits = Limits::default();
        let error = info(file!("bad/jxl-large.jxl"), &limits).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Limit);
        let tight = Limits { memory: Some(1000), ..limits };
        let file = file!("jxl-rgb.jxl");
        let told = info(file, &tight).expect("small");
        let error = decode(file, &told, &tight, &mut [0; 15 * 21 * 3]).expect_err("no memory");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
