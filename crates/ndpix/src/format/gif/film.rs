//! The frames of a GIF in order, each as it lies on the canvas: what Pillow's `seek` shows.
//!
//! One colour for all: RGBA where the first frame names a transparent index, else RGB, as Pillow
//! chooses it. Transparent pixels of later frames leave what is below. Disposal as Pillow has it: a
//! method holds until a frame names another; 2 clears the frame's place to its transparent colour
//! (alpha 0) or the background, 3 puts back what was there. The canvas is that of the first frame:
//! a later one that passes its edge, for which Pillow grows the picture, is refused as `shape`.

use super::{Frame, Gif, colors, cut, next_frame, skip_frame};
use crate::error::{Error, Result};
use crate::format::row::Film;
use crate::format::{Color, ImageInfo};
use crate::limits::zeros;

/// A GIF that is being played.
pub(super) struct GifFilm<'a> {
    gif: Gif<'a>,
    color: Color,
    /// From the data of the frame that was last drawn on.
    rest: &'a [u8],
    /// The picture, `channels` bytes a pixel.
    pixels: Vec<u8>,
    width: usize,
    height: usize,
    channels: usize,
    drawn: u32,
    disposal: u8,
    disposing: Option<Disposing>,
}

/// What happens to the place of a frame before the next is drawn.
struct Disposing {
    place: Place,
    what: Fill,
}

enum Fill {
    Color([u8; 4]),
    Pixels(Vec<u8>),
}

/// A frame's place on the canvas.
#[derive(Clone, Copy)]
struct Place {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl<'a> GifFilm<'a> {
    /// Before the first frame. `info` is that of the file, whose canvas is allocated here.
    pub(super) fn open(bytes: &'a [u8], info: &ImageInfo) -> Result<Self> {
        let gif = Gif::open(bytes)?;
        let (width, height) = gif.canvas();
        Ok(Self {
            color: info.color,
            rest: gif.frame.data,
            gif,
            pixels: zeros(info.bytes()?)?,
            width,
            height,
            channels: if info.color == Color::Rgba { 4 } else { 3 },
            drawn: 0,
            disposal: 0,
            disposing: None,
        })
    }

    fn first(&mut self) -> Result<()> {
        match self.color {
            Color::Rgba => self.gif.paint(&self.gif.colors::<4>(), &mut self.pixels)?,
            _ => self.gif.paint(&self.gif.colors::<3>(), &mut self.pixels)?,
        }
        let transparent = self.gif.control.transparent;
        self.disposal = self.gif.control.disposal;
        let index = match self.disposal {
            0 | 1 => None,
            2 => Some(transparent.unwrap_or(self.gif.background)),
            _ => transparent,
        };
        let colors = self.gif.colors::<4>();
        let place = Place::of(&self.gif.frame);
        let fill = |index: u8| Fill::Color(colors[usize::from(index)]);
        self.disposing = index.map(|index| Disposing { place, what: fill(index) });
        Ok(())
    }

    fn later(&mut self) -> Result<()> {
        self.dispose();
        skip_frame(&mut self.rest)?;
        let (control, frame) = next_frame(&mut self.rest)?.ok_or_else(cut)?;
        let place = Place::of(&frame);
        if place.width == 0 || place.height == 0 {
            return Err(Error::image(format!("GIF with a {frame}")));
        }
        if place.left + place.width > self.width || place.top + place.height > self.height {
            return Err(Error::shape(format!(
                "frame {} of the GIF passes the edge of its canvas of {} x {}",
                self.drawn, self.height, self.width
            )));
        }
        if control.disposal != 0 {
            self.disposal = control.disposal;
        }
        let palette = frame.palette.or(self.gif.palette);
        self.disposing = match self.disposal {
            0 | 1 => None,
            2 => {
                let alpha = if control.transparent.is_some() { 0 } else { 255 };
                let [r, g, b] = named(palette, control.transparent.unwrap_or(self.gif.background));
                Some(Disposing { place, what: Fill::Color([r, g, b, alpha]) })
            }
            _ => Some(Disposing { place, what: Fill::Pixels(self.copy(place)) }),
        };
        let colors = colors::<4>(palette, control.transparent);
        let (channels, pixels) = (self.channels, &mut self.pixels);
        let start = |y: usize| ((place.top + y) * self.width + place.left) * channels;
        frame.each_row(|y, row| {
            let line = pixels[start(y)..].chunks_exact_mut(channels);
            for (pixel, &index) in line.zip(row) {
                let color = &colors[usize::from(index)];
                if color[3] != 0 {
                    pixel.copy_from_slice(&color[..channels]);
                }
            }
        })?;
        self.rest = frame.data;
        Ok(())
    }

    fn dispose(&mut self) {
        let Some(Disposing { place, what }) = self.disposing.take() else { return };
        let (channels, len) = (self.channels, place.width * self.channels);
        for y in 0..place.height {
            let at = ((place.top + y) * self.width + place.left) * channels;
            let line = &mut self.pixels[at..at + len];
            match &what {
                Fill::Color(color) => {
                    line.chunks_exact_mut(channels)
                        .for_each(|pixel| pixel.copy_from_slice(&color[..channels]));
                }
                Fill::Pixels(before) => line.copy_from_slice(&before[y * len..][..len]),
            }
        }
    }

    /// The pixels of a place.
    fn copy(&self, place: Place) -> Vec<u8> {
        let len = place.width * self.channels;
        let row = |y| ((place.top + y) * self.width + place.left) * self.channels;
        (0..place.height).flat_map(|y| &self.pixels[row(y)..][..len]).copied().collect()
    }
}

impl Film for GifFilm<'_> {
    fn draw(&mut self) -> Result<()> {
        match self.drawn {
            0 => self.first()?,
            _ => self.later()?,
        }
        self.drawn += 1;
        Ok(())
    }

    fn show(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.pixels);
    }
}

impl Place {
    fn of(frame: &Frame<'_>) -> Self {
        let Frame { left, top, width, height, .. } = *frame;
        Self { left, top, width, height }
    }
}

/// The colour that a cleared place takes: that of index 0 where the palette does not have it.
fn named(palette: Option<&[u8]>, index: u8) -> [u8; 3] {
    let Some(palette) = palette else { return [index; 3] };
    let all = palette.as_chunks().0;
    all.get(usize::from(index)).or(all.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, frame};
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::{ImageFormat, frame_info, frames_info};
    use crate::limits::Limits;

    const BACK: [u8; 3] = [9, 9, 9];
    const RED: [u8; 3] = [200, 0, 0];

    /// A control block: how the frame is cleared, and its transparent index.
    fn control(disposal: u8, transparent: Option<u8>) -> Vec<u8> {
        let flags = disposal << 2 | u8::from(transparent.is_some());
        vec![b'!', 0xF9, 4, flags, 0, 0, transparent.unwrap_or(0), 0]
    }

    /// Every frame of a file.
    fn play(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        let info = frames_info(ImageFormat::Gif, bytes, &Limits::default())?;
        let mut film = GifFilm::open(bytes, &info)?;
        (0..info.frames)
            .map(|_| {
                let mut out = vec![0; info.bytes()?];
                film.draw().map(|()| film.show(&mut out)).map(|()| out)
            })
            .collect()
    }

    #[test]
    fn places_are_kept_cleared_and_put_back() {
        // Both pixels of one colour, then the left one of the other, then the right one red.
        let check = |disposal: u8, below: u8, third: [[u8; 3]; 2]| {
            let first = frame(0, 2, 1, 0, &[below, below]);
            let second = frame(0, 1, 1, 0, &[1 - below]);
            let right = frame(1, 1, 1, 0, &[1]);
            let (kept, control) = (control(1, None), control(disposal, None));
            let frames = play(&file(2, 1, &[&kept, &first, &control, &second, &kept, &right]));
            assert_eq!(frames.expect("valid")[2], third.concat(), "{disposal} on {below}");
        };
        check(1, 0, [RED, RED]);
        check(1, 1, [BACK, RED]);
        // The background is index 0.
        check(2, 0, [BACK, RED]);
        check(2, 1, [BACK, RED]);
        check(3, 0, [BACK, RED]);
        check(3, 1, [RED, RED]);
    }

    #[test]
    fn transparent_pixels_leave_what_is_below() {
        let clear = control(0, Some(1));
        let (first, second) = (frame(0, 2, 1, 0, &[1, 0]), frame(0, 2, 1, 0, &[0, 1]));
        let frames = play(&file(2, 1, &[&clear, &first, &clear, &second])).expect("valid");
        assert_eq!(frames[0], [200, 0, 0, 0, 9, 9, 9, 255]);
        assert_eq!(frames[1], [9, 9, 9, 255, 9, 9, 9, 255]);
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let one = frame(0, 2, 1, 0, &[1, 0]);
        let kind = |blocks: &[&[u8]]| play(&file(2, 1, blocks)).expect_err("refused").kind();
        assert_eq!(kind(&[&one, &frame(1, 2, 1, 0, &[1, 0])]), ErrorKind::Shape);
        assert_eq!(kind(&[&one, &frame(0, 0, 1, 0, &[])]), ErrorKind::Image);
        let two = file(2, 1, &[&one, &one]);
        let none = frame_info(ImageFormat::Gif, &two, 2, &Limits::default());
        assert_eq!(none.expect_err("none").kind(), ErrorKind::Shape);
        let cut = frame_info(ImageFormat::Gif, &two[..two.len() - 9], 2, &Limits::default());
        assert_eq!(cut.expect_err("cut").kind(), ErrorKind::Image);
    }
}
