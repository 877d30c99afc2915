//! Image formats: which one some bytes are, what the image says of itself, and its pixels.
//!
//! Takes the bytes of one image file and gives [`ImageInfo`], then pixels in a buffer of the
//! caller's. Two steps, so that limits and the plan are checked before anything is allocated.
//! Pixels are "as stored" (pixels.md): native size, depth and sign; palettes expanded, bilevel as
//! 0/255, transparency keys as alpha, 8-bit CMYK as RGB, no orientation, no colour management,
//! first frame. Multi-byte samples are little-endian. Refuses with `unsupported`, `image`, `limit`.
//!
//! A format is one file in `format/` with its [`Row`], and one variant of [`ImageFormat`] (`known.rs`); no
//! type of a codec crate leaves its file.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
#[cfg(test)]
mod damage;
#[cfg(feature = "dicom")]
mod dicom;
mod exif;
#[cfg(feature = "exr")]
mod exr;
mod film;
#[cfg(feature = "fits")]
mod fits;
pub(crate) mod foreign;
mod gif;
#[cfg(feature = "hdr")]
mod hdr;
mod ico;
mod jpeg;
#[cfg(feature = "jpeg2000")]
mod jpeg2000;
#[cfg(feature = "jxl")]
mod jxl;
mod known;
#[cfg(feature = "pfm")]
mod pfm;
mod png;
mod pnm;
mod qoi;
mod row;
mod tga;
mod tiff;
mod webp;

pub(crate) use film::{CANVASES, open_film, plays};
pub use known::{ImageFormat, ImageFrames};
pub(crate) use png::write::write as write_png;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use crate::dtype::{DType, Depth};
use crate::error::{Error, Result, quote};
use crate::limits::Limits;
use crate::shape::Shape;
use row::{ByRows, Evidence, More, Pages, Row, TakeRows};

/// What the channels of an image mean.
///
/// ```
/// use ndpix::{Color, Input, Options};
/// let records = Input::bytes(r#"{"image": "UDUgMiAyIDI1NQphYmNk"}"#);
/// ndpix::each(vec![records], &Options::default(), |each| {
///     assert_eq!(each.image?.0.color, Color::Gray);
///     Ok(())
/// })?;
/// # Ok::<(), ndpix::Error>(())
/// ```
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
    /// Any other number or meaning of channels, and arrays that are not pictures.
    Samples,
}

impl Color {
    pub(crate) const ALL: [Self; 6] =
        [Self::Gray, Self::GrayAlpha, Self::Rgb, Self::Rgba, Self::Cmyk, Self::Samples];
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gray => "gray",
            Self::GrayAlpha => "gray_alpha",
            Self::Rgb => "rgb",
            Self::Rgba => "rgba",
            Self::Cmyk => "cmyk",
            Self::Samples => "samples",
        })
    }
}

impl FromStr for Color {
    type Err = Error;
    fn from_str(word: &str) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|color| color.to_string() == word);
        named.ok_or_else(|| Error::options(format!("unknown color {}", quote(word.as_bytes()))))
    }
}

/// What an image says of itself, which is also what decoding will give.
///
/// ```
/// use ndpix::{DType, ImageInfo, Input, Options};
/// let records = Input::bytes(r#"{"image": "UDUgMiAyIDI1NQphYmNk"}"#);
/// ndpix::each(vec![records], &Options::default(), |each| {
///     let (info, pixels) = each.image?;
///     let ImageInfo { shape, dtype, frames, .. } = info;
///     assert_eq!((&shape[..], dtype, frames), (&[2, 2][..], DType::Uint8, 1));
///     assert_eq!((info.bytes()?, pixels), (4, &b"abcd"[..]));
///     Ok(())
/// })?;
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageInfo {
    /// `(H, W)` or `(H, W, C)`.
    pub shape: Shape,
    /// The element type of the decoded pixels.
    pub dtype: DType,
    /// Bits that the numbers fill: all of the dtype, unless the file says fewer, as an AVIF of 10 bits does, whose
    /// numbers are 0 to 1023.
    pub bits: u8,
    /// What the channels are.
    pub color: Color,
    /// EXIF, TIFF or XMP orientation, 1 to 8; 1 where nothing or nonsense is said. Never applied here.
    pub orientation: u8,
    /// Whether the colours are stored multiplied with alpha, as TIFF may say of itself and OpenEXR always has
    /// it. They are decoded so.
    pub premultiplied: bool,
    /// The line by which the file says its numbers become quantities (DICOM, FITS); `None` where it says none.
    /// Never applied here. Of the frame or page that was asked for.
    pub rescale: Option<Rescale>,
    /// Frames or pages in the file.
    pub frames: u32,
}

/// How stored numbers become quantities, such as Hounsfield units: `stored * slope + intercept`, or not a number
/// where they are blank. Two are equal where their bits are.
///
/// ```
/// use ndpix::{DType, Rescale};
/// let hounsfield = Rescale { slope: 1.0, intercept: -1024.0, blank: None, dtype: DType::Float64 };
/// assert_eq!(hounsfield, hounsfield);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rescale {
    /// DICOM's rescale slope, FITS' `BSCALE`.
    pub slope: f64,
    /// DICOM's rescale intercept, FITS' `BZERO`.
    pub intercept: f64,
    /// The stored number that stands for no value, FITS' `BLANK`: its quantity is not a number.
    pub blank: Option<i64>,
    /// What the quantities are, and are worked out in: as pydicom has it for DICOM, and Astropy for FITS.
    pub dtype: DType,
}

impl Rescale {
    /// Whether a number may be another one as a quantity; its dtype may be another even where not.
    pub(crate) fn changes(self) -> bool {
        self.slope != 1.0 || self.intercept != 0.0 || self.blank.is_some()
    }

    /// What two are compared by.
    fn bits(self) -> (u64, u64, Option<i64>, DType) {
        (self.slope.to_bits(), self.intercept.to_bits(), self.blank, self.dtype)
    }
}

impl PartialEq for Rescale {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Rescale {}

impl ImageInfo {
    /// Of an image that says nothing beside this.
    pub(crate) fn of(shape: Shape, dtype: DType, color: Color) -> Self {
        let (orientation, premultiplied, rescale, frames) = (1, false, None, 1);
        let Depth { bits, .. } = Depth::of(dtype);
        Self { shape, dtype, bits, color, orientation, premultiplied, rescale, frames }
    }

    /// What its numbers are.
    pub(crate) fn depth(&self) -> Depth {
        Depth { dtype: self.dtype, bits: self.bits }
    }

    /// The same with other numbers.
    pub(crate) fn with_depth(self, Depth { dtype, bits }: Depth) -> Self {
        Self { dtype, bits, ..self }
    }

    /// The bytes that the decoded pixels take.
    ///
    /// # Errors
    /// Kind `limit` where they do not fit the address space.
    pub fn bytes(&self) -> Result<usize> {
        self.shape.bytes(self.dtype)
    }

    /// The same with its numbers as quantities, where it says how they become such.
    pub(crate) fn quantities(self) -> Self {
        match self.rescale {
            Some(Rescale { dtype, .. }) => {
                Self { rescale: None, ..self }.with_depth(Depth::of(dtype))
            }
            None => self,
        }
    }
}

/// Runs a codec, which may have asserts of its own: one bad image must not end the run.
fn guarded<T>(name: &str, codec: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(codec))
        .unwrap_or_else(|_| Err(Error::image(format!("damaged {name}: the codec gave up on it"))))
}

/// The format whose signature `bytes` begin with. ICO and TGA have none worth the name and are never
/// found here: raw pixels begin like them; see [`recognise`].
pub(crate) fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    find(bytes, Evidence::Signature)
}

/// Whether `bytes` that are not raw pixels of a wanted length are an image file by their signature, or
/// because their parts fit each other, as those of an icon.
pub(crate) fn is_file(bytes: &[u8]) -> bool {
    sniff(bytes).or_else(|| find(bytes, Evidence::Structure)).is_some()
}

fn find(bytes: &[u8], evidence: Evidence) -> Option<ImageFormat> {
    let proves = |row: &Row| row.evidence == evidence && (row.sniff)(bytes);
    ImageFormat::ALL.iter().copied().find(|format| proves(format.row()))
}

/// As [`sniff`], and ICO and TGA too: for bytes that are known to be an image file. Bytes of a
/// known kind that ndpix does not read are named in the error (kind `unsupported`).
pub(crate) fn recognise(bytes: &[u8]) -> Result<ImageFormat> {
    let weak = || find(bytes, Evidence::Structure).or_else(|| find(bytes, Evidence::Header));
    if let Some(format) = sniff(bytes).or_else(weak) {
        return Ok(format);
    }
    Err(Error::unsupported(match foreign::name(bytes) {
        Some((name, advice)) => format!("the value holds {name}{advice}"),
        None if bytes.is_empty() => "the value holds no bytes".to_string(),
        None => format!(
            "{} bytes that are not a known image format, beginning with {}",
            bytes.len(),
            quote(&bytes[..bytes.len().min(12)])
        ),
    }))
}

/// Whether files with this extension (without its dot, in any case) are images that ndpix reads.
pub(crate) fn has_extension(extension: &str) -> bool {
    let mut all = ImageFormat::ALL.iter().flat_map(|format| format.row().extensions);
    all.any(|known| known.eq_ignore_ascii_case(extension))
}

/// What the image says of itself, from its headers alone. Checks `limits.max_pixels`.
/// Kind `image` where there are too few bytes for the pixels that they claim.
pub(crate) fn info(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let row = format.row();
    let info = (row.info)(bytes, limits)?;
    check_length(row.name, bytes, &info, (row.least)(bytes, &info))?;
    Ok(info)
}

/// Refuses fewer bytes than the `least` that hold an image.
fn check_length(name: &str, bytes: &[u8], info: &ImageInfo, least: u64) -> Result<()> {
    if (bytes.len() as u64) < least {
        return Err(Error::image(format!(
            "{} data is cut short: {} bytes cannot hold an image of shape {}",
            name.to_uppercase(),
            bytes.len(),
            info.shape
        )));
    }
    Ok(())
}

/// As [`info`] for a frame or page by its number, from 0: kind `shape` where the file does not have it.
pub(crate) fn frame_info(
    format: ImageFormat,
    bytes: &[u8],
    frame: u32,
    limits: &Limits,
) -> Result<ImageInfo> {
    if let More::Pages { open } = format.row().more {
        return open(bytes, limits)?.info(frame, limits);
    }
    let info = info(format, bytes, limits)?;
    if frame < info.frames {
        return Ok(info);
    }
    check_frames(format, bytes, &info)?;
    let count = if info.frames == 1 { "1 frame" } else { &format!("{} frames", info.frames) };
    Err(Error::shape(format!("the {format} has {count}, and none with index {frame}")))
}

/// As [`info`] where all frames or pages are read: kind `image` where the file ends before its last. Of pages it is
/// what the first says: where none is asked for by its number, a file may not say which it would be.
pub(crate) fn frames_info(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    if let More::Pages { .. } = format.row().more {
        return frame_info(format, bytes, 0, limits);
    }
    let info = info(format, bytes, limits)?;
    check_frames(format, bytes, &info)?;
    Ok(info)
}

fn check_frames(format: ImageFormat, bytes: &[u8], info: &ImageInfo) -> Result<()> {
    match format.row().more {
        More::Film { check, .. } => check(bytes, info),
        More::Nothing | More::Pages { .. } => Ok(()),
    }
}

/// Whether [`decode_rows`] can give the rows of a page, or of the first frame.
pub(crate) fn gives_rows(format: ImageFormat, bytes: &[u8], frame: u32, limits: &Limits) -> bool {
    match format.row().rows {
        ByRows::Some { can, .. } => can(bytes, frame, limits),
        ByRows::Never => false,
    }
}

/// As [`decode_frame`], row by row: `take` gets whole rows, from the first to the last.
pub(crate) fn decode_rows(
    format: ImageFormat,
    bytes: &[u8],
    frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    take: &mut TakeRows<'_>,
) -> Result<()> {
    match format.row().rows {
        ByRows::Some { decode, .. } => decode(bytes, frame, info, limits, take),
        ByRows::Never => Err(Error::unsupported(format!("a {format} is not decoded by rows"))),
    }
}

/// As [`decode`] for what [`frame_info`] announced of a page, or of the first frame; the others of an
/// animation come from [`open_film`].
pub(crate) fn decode_frame(
    format: ImageFormat,
    bytes: &[u8],
    frame: u32,
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    match format.row().more {
        More::Pages { open } => open(bytes, limits)?.decode(frame, info, limits, out),
        More::Nothing | More::Film { .. } => decode(format, bytes, info, limits, out),
    }
}

/// The pages of a file, which is read once for all of them.
pub(crate) fn open_pages<'a>(
    format: ImageFormat,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Box<dyn Pages + 'a>> {
    match format.row().more {
        More::Pages { open } => open(bytes, limits),
        More::Nothing | More::Film { .. } => {
            Err(Error::unsupported(format!("a {format} has no pages")))
        }
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
    let indexed = (format.row().indices)(bytes, limits)?.is_some();
    match (indexed, info.color, info.dtype) {
        (true, ..) => {
            let shape = Shape::image(info.shape[0], info.shape[1], 1);
            let info = ImageInfo { shape, color: Color::Gray, ..info };
            Ok(info.with_depth(Depth::of(DType::Uint8)))
        }
        (false, Color::Gray, DType::Uint8) => Ok(info),
        _ => Err(Error::shape(format!(
            "a {format} image of shape {} has no palette, and mode P keeps palette indices",
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
    match (format.row().indices)(bytes, limits)? {
        Some(indices) => indices(bytes, limits, out),
        None => decode(format, bytes, info, limits, out),
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
    (format.row().decode)(bytes, info, limits, out)
}
