//! The frames of an animation in order: one canvas, on which each frame is drawn.
//!
//! Takes the bytes of a GIF, WebP or PNG and its [`ImageInfo`]; gives one picture a call, all of
//! that shape and color. What a frame looks like depends on those before it, so there is no way to
//! begin in the middle. Damage is an error of the frame it is in, kind `image`; frames before it
//! are whole. How frames are blended and cleared is in the files of the formats.

use super::row::{Film, More};
use super::{ImageFormat, ImageInfo};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Whether the frames of the format build on each other.
pub(crate) fn plays(format: ImageFormat) -> bool {
    matches!(format.row().more, More::Film { .. })
}

/// Canvases that a film holds at most beside what it gives, in pictures of the stored size.
pub(crate) const CANVASES: u64 = 3;

/// Before the first frame. `info` is what [`super::info`] gave for the same bytes.
pub(crate) fn open_film<'a>(
    format: ImageFormat,
    bytes: &'a [u8],
    info: &ImageInfo,
    limits: &Limits,
) -> Result<Box<dyn Film + 'a>> {
    match format.row().more {
        More::Film { open, .. } => open(bytes, info, limits),
        More::Nothing | More::Pages { .. } => {
            Err(Error::unsupported(format!("a {format} is not an animation")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format;
    use crate::format::damage::flipped;

    const GIF: &[u8] = include_bytes!("../../../../testdata/images/gif-animated.gif");
    const PNG: &[u8] = include_bytes!("../../../../testdata/images/png-animated.png");
    const WEBP: &[u8] = include_bytes!("../../../../testdata/images/webp-animated.webp");
    const FILES: [(ImageFormat, &[u8]); 3] =
        [(ImageFormat::Gif, GIF), (ImageFormat::Png, PNG), (ImageFormat::Webp, WEBP)];

    /// The frames until one fails, and why.
    fn play(format: ImageFormat, bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Option<Error>)> {
        let limits = Limits::default();
        let info = format::info(format, bytes, &limits)?;
        let mut film = open_film(format, bytes, &info, &limits)?;
        let mut frames = Vec::new();
        for _ in 0..info.frames.min(9) {
            let mut out = vec![0xA5; info.bytes()?];
            if let Err(error) = film.draw().map(|()| film.show(&mut out)) {
                return Ok((frames, Some(error)));
            }
            frames.push(out);
        }
        Ok((frames, None))
    }

    #[test]
    fn the_first_is_what_a_still_picture_is() {
        for (format, bytes) in FILES {
            let limits = Limits::default();
            let info = format::info(format, bytes, &limits).expect("valid");
            let mut still = vec![0; info.bytes().expect("small")];
            format::decode(format, bytes, &info, &limits, &mut still).expect("valid");
            let (frames, error) = play(format, bytes).expect("valid");
            assert!(error.is_none() && frames.len() as u32 == info.frames, "{format}");
            assert!(frames.len() > 1 && frames[0] == still && frames[1] != still, "{format}");
        }
    }

    #[test]
    fn a_cut_leaves_the_frames_before_it() {
        for (format, bytes) in FILES {
            let (whole, _) = play(format, bytes).expect("valid");
            for end in 0..bytes.len() {
                let limits = Limits::default();
                let damaged = format::frames_info(format, &bytes[..end], &limits).err();
                let (frames, error) = match play(format, &bytes[..end]) {
                    Ok(played) => played,
                    Err(error) => (Vec::new(), Some(error)),
                };
                assert!(whole.starts_with(&frames), "{format} cut at {end}");
                // Where nothing is said, all is there, or the bytes end between two frames of a GIF.
                let said = [damaged, error].into_iter().flatten();
                let kinds: Vec<_> = said.map(|e| e.kind()).collect();
                assert!(kinds.iter().all(|k| *k == ErrorKind::Image), "{format} cut at {end}");
                let silent = frames.len() == whole.len() || format == ImageFormat::Gif;
                assert!(!kinds.is_empty() || silent, "{format} cut at {end}");
            }
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for (format, bytes) in FILES {
            for bad in flipped(bytes, (0..bytes.len() * 8).step_by(3)) {
                let _ = play(format, &bad);
            }
        }
    }
}
