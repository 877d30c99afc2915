//! Image formats: which one some bytes are, what the image says of itself, and its pixels.
//!
//! Takes the bytes of one image file and gives [`ImageInfo`], then pixels in a buffer of the
//! caller's. Two steps, so that limits and the plan are checked before anything is allocated.
//! Pixels are "as stored" (pixels.md): native size, depth and sign; palettes expanded, bilevel as
//! 0/255, transparency keys as alpha, 8-bit CMYK as RGB, no orientation, no colour management,
//! first frame. Multi-byte samples are little-endian. Refuses with `unsupported`, `image`, `limit`.
//!
//! A format is one file in `format/`, one variant, its signature and its arms here; no type of a
//! codec crate leaves its file.

mod bmp;
mod exif;
mod film;
mod gif;
mod ico;
mod jpeg;
mod png;
mod pnm;
mod qoi;
mod tga;
mod tiff;
mod webp;

pub(crate) use film::{CANVASES, Film, plays};

use std::fmt;
use std::str::FromStr;

use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::Limits;
use crate::shape::Shape;

/// The image formats that ndpix reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ImageFormat {
    Png,
    Jpeg,
    Webp,
    Tiff,
    Gif,
    Bmp,
    Pnm,
    Qoi,
    Ico,
    Tga,
}

/// What the channels of an image mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Color {
    /// One channel; shape `(H, W)`.
    Gray,
    /// Gray and alpha; `(H, W, 2)`.
    GrayAlpha,
    /// `(H, W, 3)`.
    Rgb,
    /// `(H, W, 4)`, alpha last and not premultiplied unless the file stores it so.
    Rgba,
    /// `(H, W, 4)`: ink, deeper than 8 bits (8-bit CMYK is given as RGB).
    Cmyk,
    /// Any other number or meaning of channels, and arrays that are no pictures.
    Samples,
}

/// What an image says of itself, which is also what decoding will give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// `(H, W)` or `(H, W, C)`.
    pub shape: Shape,
    /// The element type of the decoded pixels.
    pub dtype: DType,
    /// What the channels are.
    pub color: Color,
    /// EXIF, TIFF or XMP orientation, 1 to 8; 1 where nothing or nonsense is said. Never applied here.
    pub orientation: u8,
    /// Whether the colours are stored multiplied with alpha, which only TIFF says of itself. They are
    /// decoded so.
    pub premultiplied: bool,
    /// Frames or pages in the file.
    pub frames: u32,
}

impl ImageInfo {
    /// The bytes that the decoded pixels take; kind `limit` on overflow.
    pub fn bytes(&self) -> Result<usize> {
        self.shape.bytes(self.dtype)
    }
}

impl ImageFormat {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::Png,
        Self::Jpeg,
        Self::Webp,
        Self::Tiff,
        Self::Gif,
        Self::Bmp,
        Self::Pnm,
        Self::Qoi,
        Self::Ico,
        Self::Tga,
    ];

    /// The word in options and summaries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Tiff => "tiff",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Pnm => "pnm",
            Self::Qoi => "qoi",
            Self::Ico => "ico",
            Self::Tga => "tga",
        }
    }
}

/// The format whose signature `bytes` begin with. Weak signatures count only with their header
/// check (BMP). ICO and TGA have none worth the name and are never found here: raw pixels begin
/// like them; see [`recognise`].
pub(crate) fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    Some(match bytes {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => ImageFormat::Png,
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat::Jpeg,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ImageFormat::Webp,
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => ImageFormat::Tiff,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => ImageFormat::Gif,
        [b'q', b'o', b'i', b'f', ..] => ImageFormat::Qoi,
        [b'P', b'1'..=b'7', b' ' | b'\t' | b'\n' | b'\r' | b'#', ..] => ImageFormat::Pnm,
        _ if bmp::sniff(bytes) => ImageFormat::Bmp,
        _ => return None,
    })
}

/// As [`sniff`], and ICO and TGA too: for bytes that are known to be an image file. Bytes of a
/// known kind that ndpix does not read are named in the error (kind `unsupported`).
pub(crate) fn recognise(bytes: &[u8]) -> Result<ImageFormat> {
    if let Some(format) = sniff(bytes) {
        return Ok(format);
    }
    if ico::sniff(bytes) {
        return Ok(ImageFormat::Ico);
    }
    if tga::sniff(bytes) {
        return Ok(ImageFormat::Tga);
    }
    Err(Error::unsupported(match foreign(bytes) {
        Some((name, advice)) => format!("the value holds {name}{advice}"),
        None if bytes.is_empty() => "the value holds no bytes".to_string(),
        None => format!(
            "{} bytes that are no known image format, beginning {}",
            bytes.len(),
            quote(&bytes[..bytes.len().min(12)])
        ),
    }))
}

/// Known kinds that are recognised only to be named (encodings.md 8.1), and what to do with them.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const NO: &str = ", which ndpix does not read";
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(magic));
    Some(match () {
        () if is(0, b"\x00\x00\x00\x0CjP  ") || is(0, b"\xFF\x4F\xFF\x51") => {
            ("a JPEG 2000 image", NO)
        }
        () if is(0, b"\x00\x00\x00\x0CJXL ") || is(0, b"\xFF\x0A") => ("a JPEG XL image", NO),
        () if is(4, b"ftypavi") => ("an AVIF image", NO),
        () if is(4, b"ftyp") => ("a HEIF image or ISO media file", NO),
        () if is(0, b"\x76\x2F\x31\x01") => ("an OpenEXR image", NO),
        () if is(0, b"SIMPLE  =") => ("a FITS file", NO),
        () if is(0, b"\x89HDF\r\n\x1A\n") => ("an HDF5 file", NO),
        () if is(0, b"#?RADIANCE") || is(0, b"#?RGBE") => ("a Radiance HDR image", NO),
        () if is(0, b"8BPS") => ("a Photoshop file", NO),
        () if is(0, b"DDS ") => ("a DDS texture", NO),
        () if is(0, b"%PDF-") => ("a PDF document", NO),
        () if is(0, b"<svg") || is(0, b"<?xml") => ("an SVG or XML text, no raster image", ""),
        () if is(0, b"PK\x03\x04") => ("a zip archive (.npz?)", NO),
        () if is(0, b"\x93NUMPY") => ("a .npy array", "; pass encoding npy"),
        () if is(0, b"\x1F\x8B") => {
            ("gzip data", "; pass an encoding chain such as base64+gzip+image")
        }
        () if is(0, b"\x28\xB5\x2F\xFD") => {
            ("zstd data", "; pass an encoding chain such as base64+zstd+image")
        }
        () if is(0, b"\x89PNG") || is(0, b"\xC2\x89PNG") => {
            ("a PNG image that was damaged by a conversion of line ends or characters", "")
        }
        () if matches!(bytes, [0x80, 2..=5, ..]) => ("a pickle", ", which is never executed"),
        () => return None,
    })
}

/// What the image says of itself, from its headers alone. Checks `limits.max_pixels`.
pub(crate) fn info(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    match format {
        ImageFormat::Png => png::info(bytes, limits),
        ImageFormat::Jpeg => jpeg::info(bytes, limits),
        ImageFormat::Webp => webp::info(bytes, limits),
        ImageFormat::Tiff => tiff::info(bytes, 0, limits),
        ImageFormat::Gif => gif::info(bytes, limits),
        ImageFormat::Bmp => bmp::info(bytes, limits),
        ImageFormat::Pnm => pnm::info(bytes, limits),
        ImageFormat::Qoi => qoi::info(bytes, limits),
        ImageFormat::Ico => ico::info(bytes, limits),
        ImageFormat::Tga => tga::info(bytes, limits),
    }
}

/// As [`info`] for a frame or page by its number, from 0: kind `shape` where the file has none such.
pub(crate) fn frame_info(
    format: ImageFormat,
    bytes: &[u8],
    frame: u32,
    limits: &Limits,
) -> Result<ImageInfo> {
    if format == ImageFormat::Tiff {
        return tiff::info(bytes, frame, limits);
    }
    let info = info(format, bytes, limits)?;
    if frame < info.frames {
        return Ok(info);
    }
    check_frames(format, bytes, &info)?;
    let count = if info.frames == 1 { "1 frame" } else { &format!("{} frames", info.frames) };
    Err(Error::shape(format!("the {format} has {count}, and none of index {frame}")))
}

/// As [`info`] where all frames or pages are read: kind `image` where the file ends before its last.
pub(crate) fn frames_info(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let info = info(format, bytes, limits)?;
    check_frames(format, bytes, &info)?;
    Ok(info)
}

fn check_frames(format: ImageFormat, bytes: &[u8], info: &ImageInfo) -> Result<()> {
    match format {
        ImageFormat::Gif => gif::check_frames(bytes),
        ImageFormat::Png => png::film::check_frames(bytes, info),
        _ => Ok(()),
    }
}

/// As [`decode`] for what [`frame_info`] announced of a page, or of the first frame; the others of an
/// animation come from a [`Film`].
pub(crate) fn decode_frame(
    format: ImageFormat,
    bytes: &[u8],
    frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    match format {
        ImageFormat::Tiff => tiff::decode(bytes, frame, info, limits, out),
        _ => decode(format, bytes, info, limits, out),
    }
}

/// As [`info`] for the palette indices of an image that has a palette: `(H, W)`, `uint8`. A gray image of
/// at most 8 bits gives its samples, neither stretched nor inverted; any other is refused as `shape`.
pub(crate) fn indices_info(
    format: ImageFormat,
    bytes: &[u8],
    limits: &Limits,
) -> Result<ImageInfo> {
    let info = info(format, bytes, limits)?;
    let indexed = match format {
        ImageFormat::Png => png::has_indices(bytes),
        ImageFormat::Gif => true,
        ImageFormat::Bmp => bmp::has_palette(bytes),
        ImageFormat::Tiff => tiff::has_indices(bytes, limits),
        ImageFormat::Pnm if pnm::is_stretched(bytes) => {
            return Err(Error::shape(
                "a pnm image whose largest sample is not 255 is stretched, so that mode P would not keep its labels",
            ));
        }
        _ => false,
    };
    match (indexed, info.color, info.dtype) {
        (true, ..) => {
            let shape = Shape::image(info.shape[0], info.shape[1], 1);
            Ok(ImageInfo { shape, dtype: DType::Uint8, color: Color::Gray, ..info })
        }
        (false, Color::Gray, DType::Uint8) => Ok(info),
        _ => Err(Error::shape(format!(
            "a {format} image of shape {} has no palette, whose indices mode P keeps",
            info.shape
        ))),
    }
}

/// As [`decode`] for what [`indices_info`] announced.
pub(crate) fn decode_indices(
    format: ImageFormat,
    bytes: &[u8],
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    match format {
        ImageFormat::Png if png::has_indices(bytes) => png::decode_indices(bytes, limits, out),
        ImageFormat::Gif => gif::decode_indices(bytes, out),
        ImageFormat::Bmp if bmp::has_palette(bytes) => bmp::decode_indices(bytes, out),
        ImageFormat::Tiff if tiff::has_indices(bytes, limits) => {
            tiff::decode_indices(bytes, limits, out)
        }
        _ => decode(format, bytes, info, limits, out),
    }
}

/// Decodes into `out`, whose length is `info.bytes()` of the [`ImageInfo`] that [`info`] gave for
/// the same bytes. On an error `out` holds anything.
pub(crate) fn decode(
    format: ImageFormat,
    bytes: &[u8],
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    match format {
        ImageFormat::Png => png::decode(bytes, info, limits, out),
        ImageFormat::Jpeg => jpeg::decode(bytes, info, limits, out),
        ImageFormat::Webp => webp::decode(bytes, info, limits, out),
        ImageFormat::Tiff => tiff::decode(bytes, 0, info, limits, out),
        ImageFormat::Gif => gif::decode(bytes, info, limits, out),
        ImageFormat::Bmp => bmp::decode(bytes, info, limits, out),
        ImageFormat::Pnm => pnm::decode(bytes, info, limits, out),
        ImageFormat::Qoi => qoi::decode(bytes, info, limits, out),
        ImageFormat::Ico => ico::decode(bytes, info, limits, out),
        ImageFormat::Tga => tga::decode(bytes, info, limits, out),
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ImageFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| {
            Error::options(format!(
                "unknown format {}; use {}",
                quote(name.as_bytes()),
                Self::ALL.map(Self::name).join(", ")
            ))
        })
    }
}
