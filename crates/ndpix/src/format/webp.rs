//! WebP through libwebp (C, vendored by `libwebp-sys`): the pixels of Pillow, bit for bit.
//!
//! Takes a whole file; gives RGB, or RGBA where the file says that it has alpha. Of an animation
//! the first frame, on its transparent or black canvas: the RIFF chunks are walked here, in safe
//! code, and libwebp sees one image. [`WebpFilm`] gives every frame, by libwebp's own animation decoder.
//! Refuses damaged and truncated files as `image`.
#![allow(unsafe_code, reason = "FFI to libwebp")]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use libwebp_sys::{
    VP8StatusCode, WebPAnimDecoder, WebPAnimDecoderDelete, WebPAnimDecoderGetInfo,
    WebPAnimDecoderGetNext, WebPAnimDecoderNew, WebPAnimInfo, WebPBitstreamFeatures, WebPData,
    WebPDecodeRGBAInto, WebPDecodeRGBInto, WebPGetFeatures,
};

use super::row::{ByRows, Evidence, Film, More, Row, no_indices};
use super::{Color, ImageInfo, exif};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

/// Bits of the flags of a VP8X chunk.
const ANIMATED: u8 = 0x02;
const ALPHA: u8 = 0x10;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;

pub(super) const ROW: Row = Row {
    name: "webp",
    extensions: &["webp"],
    dtypes: &[DType::Uint8],
    colors: &[Color::Rgb, Color::Rgba],
    sniff: |bytes| {
        matches!(bytes, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..])
    },
    evidence: Evidence::Signature,
    info,
    least: |_, _| 0,
    decode,
    more: More::Film {
        // libwebp opens only files that are whole.
        check: |_, _| Ok(()),
        open: |bytes, _, limits| Ok(Box::new(WebpFilm::open(bytes, limits)?)),
    },
    rows: ByRows::Never,
    indices: no_indices,
};

/// Where the first image is and what surrounds it.
struct Layout<'a> {
    width: u32,
    height: u32,
    alpha: bool,
    orientation: u8,
    frames: u32,
    /// The image for libwebp: the whole file, or the chunks of the first frame.
    image: &'a [u8],
    /// Left, top, width and height of the first frame on the canvas.
    place: (u32, u32, u32, u32),
}

/// What the image says of itself; reads chunk headers only.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let layout = read_layout(bytes, limits)?;
    let (color, channels) = if layout.alpha { (Color::Rgba, 4) } else { (Color::Rgb, 3) };
    let image = ImageInfo {
        orientation: layout.orientation,
        frames: layout.frames,
        ..ImageInfo::of(
            Shape::image(layout.height as usize, layout.width as usize, channels),
            DType::Uint8,
            color,
        )
    };
    image.bytes()?;
    Ok(image)
}

/// The pixels, as [`info`] announced them.
fn decode(bytes: &[u8], info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
    let layout = read_layout(bytes, limits)?;
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the WebP"));
    }
    let channels = if layout.alpha { 4 } else { 3 };
    let (left, top, width, height) = layout.place;
    let stride = layout.width as usize * channels;
    if (width, height) != (layout.width, layout.height) {
        out.fill(0);
    }
    // The frame lies inside the canvas (checked by `read_layout`), so neither overflows.
    let start = top as usize * stride + left as usize * channels;
    let end = start + (height as usize - 1) * stride + width as usize * channels;
    let window = out
        .get_mut(start..end)
        .ok_or_else(|| Error::image("damaged WebP: a frame outside its canvas"))?;
    decode_window(layout.image, window, stride, layout.alpha)
}

/// Decodes one image into the rows of `window`, `stride` bytes apart.
fn decode_window(image: &[u8], window: &mut [u8], stride: usize, alpha: bool) -> Result<()> {
    let step = i32::try_from(stride).map_err(|_| Error::limit("a WebP whose rows are too long"))?;
    let decode = if alpha { WebPDecodeRGBAInto } else { WebPDecodeRGBInto };
    // SAFETY: `image` and `window` are live slices given with their true lengths, and distinct
    // since one is borrowed mutably. libwebp reads only `image`, refuses a buffer smaller than
    // `stride * (height - 1) + width * channels` of the size it parses from `image` itself, and
    // writes nowhere else; it keeps neither pointer after the call.
    let end =
        unsafe { decode(image.as_ptr(), image.len(), window.as_mut_ptr(), window.len(), step) };
    if end.is_null() {
        return Err(Error::image("damaged or truncated WebP: libwebp refuses it"));
    }
    Ok(())
}

/// The frames of an animation, in order.
struct WebpFilm<'a> {
    decoder: NonNull<WebPAnimDecoder>,
    /// The decoder reads the file until it is dropped.
    bytes: PhantomData<&'a [u8]>,
    /// Pixels of the canvas.
    pixels: usize,
    alpha: bool,
    /// The canvas of the decoder, once something is drawn.
    canvas: Option<NonNull<u8>>,
}

impl<'a> WebpFilm<'a> {
    /// Before the first frame. The limits are checked before libwebp allocates its canvases.
    fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let layout = read_layout(bytes, limits)?;
        let data = WebPData { bytes: bytes.as_ptr(), size: bytes.len() };
        // SAFETY: `data` names a live slice with its true length. libwebp only reads it, and keeps the
        // pointer until `WebPAnimDecoderDelete`, which `Drop` calls while `'a` lasts. Without options it
        // takes its defaults: RGBA, no threads.
        let decoder = unsafe { WebPAnimDecoderNew(&raw const data, std::ptr::null()) };
        let decoder = NonNull::new(decoder).ok_or_else(broken)?;
        let pixels = layout.width as usize * layout.height as usize;
        let alpha = layout.alpha;
        let film = Self { decoder, bytes: PhantomData, pixels, alpha, canvas: None };
        let mut info = WebPAnimInfo::default();
        // SAFETY: the decoder is live, and `info` a valid place that libwebp writes and does not keep.
        let told = unsafe { WebPAnimDecoderGetInfo(decoder.as_ptr(), &raw mut info) };
        let said = (info.canvas_width, info.canvas_height, info.frame_count);
        if told != 0 && said == (layout.width, layout.height, layout.frames) {
            Ok(film)
        } else {
            Err(broken())
        }
    }
}

impl Film for WebpFilm<'_> {
    fn draw(&mut self) -> Result<()> {
        let (mut canvas, mut time) = (std::ptr::null_mut(), 0);
        // SAFETY: the decoder is live and borrowed mutably; both places are valid and not kept.
        let more = unsafe {
            WebPAnimDecoderGetNext(self.decoder.as_ptr(), &raw mut canvas, &raw mut time)
        };
        self.canvas = NonNull::new(canvas).filter(|_| more != 0);
        self.canvas.map(|_| ()).ok_or_else(broken)
    }

    // The canvas, as RGB where the file says that it has no alpha.
    fn show(&self, out: &mut [u8]) {
        let Some(canvas) = self.canvas else { return };
        // SAFETY: on success libwebp points at its canvas of four bytes a pixel, whose size `open`
        // compared with ours. It is initialised (allocated zeroed, then drawn on), and unchanged until the
        // next call, which needs `self` mutably and sets another one.
        let canvas = unsafe { slice::from_raw_parts(canvas.as_ptr(), self.pixels * 4) };
        if self.alpha {
            out.copy_from_slice(canvas);
        } else {
            let pixels = out.as_chunks_mut::<3>().0.iter_mut().zip(canvas.as_chunks::<4>().0);
            pixels.for_each(|(out, [r, g, b, _])| *out = [*r, *g, *b]);
        }
    }
}

impl Drop for WebpFilm<'_> {
    fn drop(&mut self) {
        // SAFETY: the decoder came from `WebPAnimDecoderNew` and is deleted once, here.
        unsafe { WebPAnimDecoderDelete(self.decoder.as_ptr()) }
    }
}

fn broken() -> Error {
    Error::image("damaged or truncated WebP: libwebp refuses the animation")
}

/// What libwebp reads from the head of an image: width, height, alpha.
fn features(image: &[u8]) -> Result<(u32, u32, bool)> {
    let mut features = MaybeUninit::<WebPBitstreamFeatures>::zeroed();
    // SAFETY: `image` is a live slice given with its true length, of which libwebp only reads;
    // `features` is a valid place for one struct, which libwebp writes and does not keep.
    let status = unsafe { WebPGetFeatures(image.as_ptr(), image.len(), features.as_mut_ptr()) };
    if status != VP8StatusCode::VP8_STATUS_OK {
        return Err(Error::image(format!(
            "damaged or truncated WebP: libwebp cannot read its header ({status:?})"
        )));
    }
    // SAFETY: the struct is integers only, for which the zeroes it began with are valid.
    let features = unsafe { features.assume_init() };
    let side = |n: i32| {
        u32::try_from(n)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| Error::image("damaged WebP: an image without pixels"))
    };
    Ok((side(features.width)?, side(features.height)?, features.has_alpha != 0))
}

/// Walks the RIFF chunks of a file.
fn read_layout<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Layout<'a>> {
    let truncated = || Error::image("truncated WebP: the file ends inside the image");
    let (head, body) = bytes.split_first_chunk::<12>().ok_or_else(truncated)?;
    let [b'R', b'I', b'F', b'F', s0, s1, s2, s3, b'W', b'E', b'B', b'P'] = *head else {
        return Err(Error::image("damaged WebP: no RIFF header"));
    };
    let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
    let size = size.checked_sub(4).ok_or_else(|| Error::image("damaged WebP: no chunks"))?;
    let body = body.get(..size).ok_or_else(truncated)?;

    let mut canvas = None;
    let mut first = None;
    let mut frames = 0u32;
    let (mut exif, mut xmp) = (None, None);
    for chunk in Chunks(body) {
        let (name, data) = chunk?;
        match (name, data) {
            (b"VP8X", &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..]) => {
                let size = (plus_one(w0, w1, w2), plus_one(h0, h1, h2));
                limits.check_pixels(size.1.into(), size.0.into())?;
                canvas = Some((flags, size));
            }
            (b"ANMF", _) => {
                frames = frames.saturating_add(1);
                first = first.or(Some(data));
            }
            // libwebp gives Pillow the first, and only where the flags announce it.
            (b"EXIF", _) if has(canvas, EXIF) => exif = exif.or(Some(data)),
            (b"XMP ", _) if has(canvas, XMP) => xmp = xmp.or(Some(data)),
            _ => {}
        }
    }
    let orientation = exif::orientation(exif, xmp);

    if let Some((flags, (width, height))) = canvas.filter(|(flags, _)| flags & ANIMATED != 0) {
        let frame =
            first.ok_or_else(|| Error::image("damaged WebP: an animation without frames"))?;
        let Some((head, image)) = frame.split_first_chunk::<16>() else {
            return Err(truncated());
        };
        let &[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, ..] = head;
        let left = (plus_one(x0, x1, x2) - 1) * 2;
        let top = (plus_one(y0, y1, y2) - 1) * 2;
        let (w, h) = (plus_one(w0, w1, w2), plus_one(h0, h1, h2));
        if left + w > width || top + h > height {
            return Err(Error::image("damaged WebP: a frame outside its canvas"));
        }
        let (coded_width, coded_height, _) = features(image)?;
        if (coded_width, coded_height) != (w, h) {
            return Err(Error::image("damaged WebP: a frame whose size is not what it says"));
        }
        let alpha = flags & ALPHA != 0;
        let place = (left, top, w, h);
        return Ok(Layout { width, height, alpha, orientation, frames, image, place });
    }
    let (width, height, alpha) = features(bytes)?;
    limits.check_pixels(height.into(), width.into())?;
    let place = (0, 0, width, height);
    Ok(Layout { width, height, alpha, orientation, frames: 1, image: bytes, place })
}

/// Whether the flags of a canvas have this one.
fn has(canvas: Option<(u8, (u32, u32))>, flag: u8) -> bool {
    canvas.is_some_and(|(flags, _)| flags & flag != 0)
}

/// The 24-bit numbers of WebP, which are stored less one.
fn plus_one(b0: u8, b1: u8, b2: u8) -> u32 {
    u32::from_le_bytes([b0, b1, b2, 0]) + 1
}

/// The chunks of a RIFF body: name and data, each padded to an even length.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<(&'a [u8; 4], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        // Less than a chunk header at the end is padding.
        let (name, rest) = self.0.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let Some((data, rest)) = rest.split_at_checked(size) else {
            self.0 = &[];
            return Some(Err(Error::image("truncated WebP: the file ends inside a chunk")));
        };
        self.0 = rest.get(size % 2..).unwrap_or_default();
        Some(Ok((name, data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    /// Two pixels: `10 20 30 255` and `40 50 60 128`.
    const RGBA: &[u8] = b"RIFF\x22\0\0\0WEBPVP8L\x15\0\0\0/\x01\0\0\x10\x0fp\x0a\x8f+x\xd4\xe3\
        \x81\xff\xc1\xa1\x02\x11\xfd\x0f\0";
    /// Two pixels: `10 20 30` and `40 50 60`.
    const RGB: &[u8] = b"RIFF \0\0\0WEBPVP8L\x14\0\0\0/\x01\0\0\0\x0fp\x0a\x8f+x\xd4c\xfe\x83C\x05\
        \x22\xfa\x1f";

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = info(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let pad = [0][..data.len() % 2].to_vec();
        [&name[..], &(data.len() as u32).to_le_bytes(), data, &pad].concat()
    }

    fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        body.extend(chunks.concat());
        chunk(b"RIFF", &body)
    }

    /// A canvas of two rows of four pixels, with `RGBA` in the right half of the first; twice.
    fn animation() -> Vec<u8> {
        let mut frame = vec![1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 100, 0, 0, 0];
        frame.extend(&RGBA[12..]);
        riff(&[
            chunk(b"VP8X", &[ANIMATED | ALPHA, 0, 0, 0, 3, 0, 0, 1, 0, 0]),
            chunk(b"ANIM", &[9, 9, 9, 9, 0, 0]),
            chunk(b"ANMF", &frame),
            chunk(b"ANMF", &frame),
        ])
    }

    #[test]
    fn still_images() {
        let (info, pixels) = read(RGBA).expect("decodes");
        assert_eq!((info.shape, info.color, info.frames), (Shape::image(1, 2, 4), Color::Rgba, 1));
        assert_eq!(pixels, [10, 20, 30, 255, 40, 50, 60, 128]);
        let (info, pixels) = read(RGB).expect("decodes");
        assert_eq!((info.shape, info.color), (Shape::image(1, 2, 3), Color::Rgb));
        assert_eq!(pixels, [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn the_first_frame_lies_on_its_canvas() {
        let (info, pixels) = read(&animation()).expect("decodes");
        assert_eq!((info.shape, info.frames), (Shape::image(2, 4, 4), 2));
        let mut expected = [0; 32];
        expected[8..16].copy_from_slice(&[10, 20, 30, 255, 40, 50, 60, 128]);
        assert_eq!(pixels, expected);
    }

    #[test]
    fn every_prefix_is_an_error() {
        for file in [RGBA, RGB, &animation()] {
            for cut in 0..file.len() {
                let error = read(&file[..cut]).expect_err("cut short");
                assert_eq!(error.kind(), ErrorKind::Image, "cut at {cut}");
            }
            let longer = [file, b"rubbish"].concat();
            assert!(read(&longer).is_ok());
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for file in [RGBA, RGB, &animation()] {
            for bad in flipped(file, 0..file.len() * 8) {
                let _ = read(&bad);
            }
        }
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let mut file = animation();
        file[24..30].fill(0xFF);
        let error = info(&file, &Limits::default()).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Limit);
        let tight = Limits { max_pixels: 1, ..Limits::default() };
        assert_eq!(info(RGB, &tight).expect_err("too large").kind(), ErrorKind::Limit);
    }
}
