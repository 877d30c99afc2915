//! What a DICOM data set says of its pixels, checked: sizes, depth, frames, where they lie.
//!
//! Refuses what contradicts itself as `image`, kinds of pixels that are not read as `unsupported`.

use std::ops::Range;

use super::lines::Lines;
use super::syntax::{Coding, Syntax};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{Color, ImageInfo};
use crate::limits::Limits;
use crate::shape::Shape;

/// What the samples of a pixel mean, where it decides what is done to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    /// Gray or palette indices; given as stored.
    Plain,
    Rgb,
    /// Luma and chroma of JPEG, given as RGB.
    Ybr,
    /// As `Ybr`; without a codec two pixels share their chroma.
    Ybr422,
    /// The transforms of JPEG 2000, which its codec undoes.
    Wavelet,
    /// Colours that are given as stored: retired ones.
    Other {
        ybr: bool,
    },
}

/// Where the pixels are.
#[derive(Debug, Clone)]
pub(super) struct Pixels {
    /// In the data set.
    pub(super) start: usize,
    /// As said; `None` where they are in fragments.
    pub(super) length: Option<u32>,
    /// Whether bytes are swapped in pairs: 8 bits a sample written as 16-bit words in big-endian.
    pub(super) swapped: bool,
    /// Where the frames begin and how long they are: the extended offset table.
    pub(super) table: Option<(Range<usize>, Range<usize>)>,
}

/// What a file says of its pixels.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) syntax: Syntax,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) samples: usize,
    pub(super) photometric: Photometric,
    /// Bits of a sample as it is kept, 1 or 8 to 64, and those of them that count.
    pub(super) allocated: u32,
    pub(super) stored: u32,
    pub(super) dtype: DType,
    /// Whether all samples of one kind come before those of the next.
    pub(super) planar: bool,
    pub(super) frames: u32,
    pub(super) lines: Lines,
    pub(super) pixels: Pixels,
}

impl Header {
    /// What a frame is to others.
    pub(super) fn info(&self, frame: u32) -> Result<ImageInfo> {
        let color = match (self.samples, self.photometric) {
            (1, _) => Color::Gray,
            (_, Photometric::Plain | Photometric::Other { .. }) => Color::Samples,
            _ => Color::Rgb,
        };
        let info = ImageInfo {
            rescale: self.lines.of(frame),
            frames: self.frames,
            ..ImageInfo::of(Shape::image(self.height, self.width, self.samples), self.dtype, color)
        };
        info.bytes()?;
        Ok(info)
    }

    /// Whether samples have a sign.
    #[cfg(feature = "jpeg2000")]
    pub(super) fn is_signed(&self) -> bool {
        matches!(self.dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64)
    }

    /// Bits of a frame that no codec has coded.
    pub(super) fn frame_bits(&self) -> u64 {
        // Sides are 16-bit numbers, so that nothing here can pass 64 bits.
        let samples = (self.height * self.width * self.samples) as u64;
        match self.photometric {
            Photometric::Ybr422 => samples / 3 * 2 * u64::from(self.allocated),
            _ => samples * u64::from(self.allocated),
        }
    }

    /// The fewest bytes that can hold the pixel data. What frames are coded as may be shared by them.
    pub(super) fn least(&self) -> u64 {
        let coded = match self.syntax.coding {
            Coding::Native => return self.need(),
            // Two bytes stand for 128 at most.
            Coding::Rle => self.frame_bits() / 8 / 64,
            // Of each 8 x 8 pixels there is a bit at least.
            Coding::Jpeg => (self.height * self.width) as u64 / (64 * 8),
            Coding::Jpeg2000 => 0,
        };
        // The head of a fragment for each frame.
        coded.max(u64::from(self.frames) * 8)
    }

    /// Bytes of all frames that no codec has coded.
    fn need(&self) -> u64 {
        self.frame_bits().saturating_mul(self.frames.into()).div_ceil(8)
    }

    /// Refuses what contradicts itself and what is not read.
    pub(super) fn check(&self, limits: &Limits) -> Result<()> {
        limits.check_pixels(self.height as u64, self.width as u64)?;
        self.info(0)?;
        let ybr = matches!(self.photometric, Photometric::Ybr | Photometric::Ybr422);
        if ybr && self.samples != 3 {
            return Err(Error::image("damaged DICOM: a colour space of three samples with one"));
        }
        if ybr && self.dtype != DType::Uint8 {
            return Err(Error::unsupported(format!(
                "DICOM of YBR colours with {} samples",
                self.dtype
            )));
        }
        let native = self.syntax.coding == Coding::Native;
        if !native && self.allocated == 1 {
            return Err(Error::unsupported("DICOM with coded pixels of 1 bit"));
        }
        if native != self.pixels.length.is_some() {
            return Err(Error::image(
                "damaged DICOM: pixel data that do not fit the transfer syntax",
            ));
        }
        if native && self.photometric == Photometric::Ybr422 {
            if self.planar {
                return Err(Error::image("damaged DICOM: planes that share their chroma"));
            }
            if !(self.height * self.width).is_multiple_of(2) {
                return Err(Error::unsupported(
                    "DICOM of YBR_FULL_422 with an odd number of pixels",
                ));
            }
        }
        if self.pixels.length.is_some_and(|length| u64::from(length) < self.need()) {
            return Err(cut_pixels());
        }
        Ok(())
    }
}

/// The error for pixel data that are too short.
pub(super) fn cut_pixels() -> Error {
    Error::image("truncated DICOM: fewer bytes of pixel data than its frames take")
}
