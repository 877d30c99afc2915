//! The planes of a decoded picture, and pictures put together from several.
//!
//! A leaf: luma, or luma and two planes of colour differences, of bytes or of 16-bit numbers.

use super::property::Signal;
use crate::error::{Error, Result};
use crate::limits;

/// Which planes there are, and how many pixels share a colour difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Luma only.
    Gray,
    /// Two by two pixels share one.
    Yuv420,
    /// Two pixels of a row share one.
    Yuv422,
    /// Each pixel has its own.
    Yuv444,
}

impl Layout {
    /// How many planes there are.
    pub(super) fn planes(self) -> usize {
        if self == Self::Gray { 1 } else { 3 }
    }

    /// Whether colour differences are halved across and down.
    pub(super) fn halves(self) -> (bool, bool) {
        (matches!(self, Self::Yuv420 | Self::Yuv422), self == Self::Yuv420)
    }

    /// Width and height of a plane of a picture.
    pub(super) fn plane(self, index: usize, width: usize, height: usize) -> (usize, usize) {
        let (across, down) = if index == 0 { (false, false) } else { self.halves() };
        (width.div_ceil(1 + usize::from(across)), height.div_ceil(1 + usize::from(down)))
    }
}

/// The samples of a plane, row after row.
pub(super) enum Samples {
    /// Of 8 bits.
    Bytes(Vec<u8>),
    /// Of 10 or 12 bits.
    Words(Vec<u16>),
}

impl Default for Samples {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

/// What samples are: bytes, or 16-bit numbers.
pub(super) trait Sample: Copy + Default + Into<u16> {
    /// The samples of a plane, where they are of this kind.
    fn of(samples: &Samples) -> Option<&Vec<Self>>;
    /// The same, to be changed.
    fn of_mut(samples: &mut Samples) -> Option<&mut Vec<Self>>;
}

impl Sample for u8 {
    fn of(samples: &Samples) -> Option<&Vec<Self>> {
        if let Samples::Bytes(bytes) = samples { Some(bytes) } else { None }
    }

    fn of_mut(samples: &mut Samples) -> Option<&mut Vec<Self>> {
        if let Samples::Bytes(bytes) = samples { Some(bytes) } else { None }
    }
}

impl Sample for u16 {
    fn of(samples: &Samples) -> Option<&Vec<Self>> {
        if let Samples::Words(words) = samples { Some(words) } else { None }
    }

    fn of_mut(samples: &mut Samples) -> Option<&mut Vec<Self>> {
        if let Samples::Words(words) = samples { Some(words) } else { None }
    }
}

/// A decoded picture.
pub(super) struct Frame {
    /// Pixels of a row.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Bits a sample: 8, 10 or 12.
    pub(super) depth: u8,
    /// Which planes there are.
    pub(super) layout: Layout,
    /// What the bitstream says of its colours.
    pub(super) signal: Signal,
    /// Luma and the two colour differences; empty where there is none.
    pub(super) planes: [Samples; 3],
}

impl Frame {
    /// The samples of a plane and the length of its rows, for a frame of that kind of samples.
    pub(super) fn plane<T: Sample>(&self, index: usize) -> (&[T], usize) {
        let (width, _) = self.layout.plane(index, self.width, self.height);
        (T::of(&self.planes[index]).map_or(&[][..], |samples| &samples[..]), width)
    }

    /// A row of a plane.
    pub(super) fn row<T: Sample>(&self, index: usize, y: usize) -> &[T] {
        let (samples, width) = self.plane::<T>(index);
        &samples[y * width..][..width]
    }

    /// A picture of that size with nothing in it, otherwise like `part`.
    pub(super) fn like(part: &Self, width: usize, height: usize) -> Result<Self> {
        let Self { depth, layout, signal, .. } = *part;
        let mut planes = [Samples::default(), Samples::default(), Samples::default()];
        for (index, plane) in planes.iter_mut().take(layout.planes()).enumerate() {
            let (width, height) = layout.plane(index, width, height);
            *plane = match depth {
                8 => Samples::Bytes(limits::zeros(width * height)?),
                _ => Samples::Words(limits::zeros(width * height)?),
            };
        }
        Ok(Self { width, height, depth, layout, signal, planes })
    }

    /// Copies `part` to the place whose top left pixel is `(x, y)`; what lies outside is left out.
    pub(super) fn paste(&mut self, part: &Self, x: usize, y: usize) -> Result<()> {
        let kind = |frame: &Self| (frame.depth, frame.layout, frame.signal);
        let (across, down) = self.layout.halves();
        if kind(self) != kind(part)
            || (across && !x.is_multiple_of(2))
            || (down && !y.is_multiple_of(2))
        {
            return Err(Error::image("damaged AVIF: a grid with unequal parts"));
        }
        for index in 0..self.layout.planes() {
            if self.depth == 8 {
                self.paste_plane::<u8>(part, index, x, y);
            } else {
                self.paste_plane::<u16>(part, index, x, y);
            }
        }
        Ok(())
    }

    /// The same for one plane.
    fn paste_plane<T: Sample>(&mut self, part: &Self, index: usize, x: usize, y: usize) {
        let (across, down) = if index == 0 { (false, false) } else { self.layout.halves() };
        let (x, y) = (x >> u8::from(across), y >> u8::from(down));
        let (width, height) = self.layout.plane(index, self.width, self.height);
        let (part_width, part_height) = part.layout.plane(index, part.width, part.height);
        let length = part_width.min(width.saturating_sub(x));
        let rows = part_height.min(height.saturating_sub(y));
        let Some(samples) = T::of_mut(&mut self.planes[index]) else { return };
        for row in 0..rows {
            samples[(y + row) * width + x..][..length]
                .copy_from_slice(&part.row(index, row)[..length]);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A frame of these samples.
    pub(in super::super) fn frame(
        layout: Layout,
        depth: u8,
        (width, height): (usize, usize),
        planes: [&[u16]; 3],
    ) -> Frame {
        let planes = planes.map(|samples| match depth {
            8 => Samples::Bytes(samples.iter().map(|&sample| sample as u8).collect()),
            _ => Samples::Words(samples.to_vec()),
        });
        let signal = Signal { primaries: 1, matrix: 6, full: true };
        Frame { width, height, depth, layout, signal, planes }
    }

    #[test]
    fn parts_are_put_together_and_cut() {
        let part = frame(Layout::Yuv420, 8, (2, 2), [&[1, 2, 3, 4], &[5], &[6]]);
        let mut whole = Frame::like(&part, 3, 3).expect("small");
        for (x, y) in [(0, 0), (2, 0), (0, 2), (2, 2)] {
            whole.paste(&part, x, y).expect("fits");
        }
        assert_eq!(whole.plane::<u8>(0), (&[1, 2, 1, 3, 4, 3, 1, 2, 1][..], 3));
        assert_eq!(whole.plane::<u8>(2), (&[6, 6, 6, 6][..], 2));
        assert_eq!(whole.row::<u8>(1, 1), [5, 5]);
        assert!(whole.paste(&part, 1, 0).is_err());
        let deep = frame(Layout::Yuv420, 10, (2, 2), [&[1, 2, 3, 4], &[5], &[6]]);
        assert!(whole.paste(&deep, 0, 0).is_err());
    }
}
