//! The frames of an animation in order: one canvas, on which each frame is drawn.
//!
//! Takes the bytes of a GIF, WebP or PNG and its [`ImageInfo`]; gives one picture a call, all of
//! that shape and color. What a frame looks like depends on those before it, so there is no way to
//! begin in the middle. Damage is an error of the frame it is in, kind `image`; frames before it
//! are whole. How frames are blended and cleared is in the files of the formats.

use super::{ImageFormat, ImageInfo, gif, png, webp};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Whether the frames of the format build on each other.
pub(crate) fn plays(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Gif | ImageFormat::Png | ImageFormat::Webp)
}

/// Canvases that a film holds at most beside what it gives, in pictures of the stored size.
pub(crate) const CANVASES: u64 = 3;

/// An animation that is being played.
pub(crate) enum Film<'a> {
    Gif(gif::film::Film<'a>),
    Png(png::film::Film<'a>),
    Webp(webp::Film<'a>),
}

impl<'a> Film<'a> {
    /// Before the first frame. `info` is what [`super::info`] gave for the same bytes.
    pub(crate) fn open(
        format: ImageFormat,
        bytes: &'a [u8],
        info: &ImageInfo,
        limits: &Limits,
    ) -> Result<Self> {
        match format {
            ImageFormat::Gif => gif::film::Film::open(bytes, info).map(Self::Gif),
            ImageFormat::Png => png::film::Film::open(bytes, info, limits).map(Self::Png),
            ImageFormat::Webp => webp::Film::open(bytes, limits).map(Self::Webp),
            _ => Err(Error::unsupported(format!("a {format} is no animation"))),
        }
    }

    /// Draws the next frame and gives the picture in `out`, whose length is `info.bytes()`.
    pub(crate) fn next(&mut self, out: &mut [u8]) -> Result<()> {
        match self {
            Self::Gif(film) => film.next(out),
            Self::Png(film) => film.next(out),
            Self::Webp(film) => film.next(out),
        }
    }
}
