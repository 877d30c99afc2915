//! From luma and colour differences to colours in 32-bit floats, in the order of libavif's operations.
//!
//! Takes a [`Frame`] and what its numbers mean; gives the colours of a pixel, 0 to 1. Colour differences
//! that pixels share are weighed 9, 3, 3 and 1. Matrices that are not linear are refused.

use super::frame::{Frame, Layout, Sample};
use super::property::Signal;
use crate::error::{Error, Result};

/// How three numbers become three colours.
enum Mode {
    /// They are green, blue and red.
    Plain,
    /// Luma, green and orange differences.
    Ycgco,
    /// By the weights of red, green and blue in luma.
    Weights([f32; 3]),
}

/// How the numbers of a frame are to be read.
pub(super) struct Float<'a> {
    frame: &'a Frame,
    mode: Mode,
    /// The value of each luma sample, and of each colour difference.
    luma: Vec<f32>,
    differences: Vec<f32>,
}

impl<'a> Float<'a> {
    /// For a frame whose numbers mean that.
    pub(super) fn new(frame: &'a Frame, signal: Signal) -> Result<Self> {
        let gray = frame.layout == Layout::Gray;
        let mode = match signal.matrix {
            _ if gray => Mode::Weights(weights(signal)),
            0 if frame.layout == Layout::Yuv444 => Mode::Plain,
            8 if signal.full => Mode::Ycgco,
            1 | 2 | 4..=7 | 9 | 12 | 15 => Mode::Weights(weights(signal)),
            matrix => {
                let range = if signal.full { "full" } else { "limited" };
                return Err(Error::unsupported(format!(
                    "AVIF with matrix coefficients {matrix}, {range} range, {:?}",
                    frame.layout
                )));
            }
        };
        let depth = frame.depth;
        let most = (1u32 << depth) - 1;
        let scaled =
            |number: u32| if signal.full { most as f32 } else { (number << (depth - 8)) as f32 };
        let black = if signal.full { 0.0 } else { (16u32 << (depth - 8)) as f32 };
        let middle = (1u32 << (depth - 1)) as f32;
        let (range, difference_range) = (scaled(219), scaled(224));
        let table = |zero: f32, range: f32| (0..=most).map(|n| (n as f32 - zero) / range).collect();
        let differences = match mode {
            Mode::Plain => table(black, range),
            _ => table(middle, difference_range),
        };
        Ok(Self { frame, mode, luma: table(black, range), differences })
    }

    /// The value of a luma sample, which may be below 0 or above 1.
    pub(super) fn luma(&self, sample: u16) -> f32 {
        self.luma[usize::from(sample).min(self.luma.len() - 1)]
    }

    /// Whether multiplied colours are divided by alpha when they are whole numbers again: libavif does so
    /// where each pixel has colour differences of its own.
    pub(super) fn whole(&self) -> bool {
        self.frame.layout == Layout::Yuv444 && matches!(self.mode, Mode::Weights(_))
    }

    /// Red, green and blue of a pixel, 0 to 1, divided by alpha where one is given.
    pub(super) fn pixel<T: Sample>(&self, x: usize, y: usize, alpha: Option<f32>) -> [f32; 3] {
        let luma = self.luma(self.frame.row::<T>(0, y)[x].into());
        let rgb = if self.frame.layout == Layout::Gray {
            [luma; 3]
        } else {
            self.colors(luma, self.difference::<T>(1, x, y), self.difference::<T>(2, x, y))
        };
        let rgb = rgb.map(|one| one.clamp(0.0, 1.0));
        match alpha {
            Some(0.0) => [0.0; 3],
            Some(alpha) if alpha < 1.0 => rgb.map(|one| (one / alpha).min(1.0)),
            _ => rgb,
        }
    }

    /// Red, green and blue of a luma and two differences.
    fn colors(&self, luma: f32, u: f32, v: f32) -> [f32; 3] {
        match self.mode {
            Mode::Plain => [v, luma, u],
            Mode::Ycgco => {
                let rest = luma - u;
                [rest + v, luma + u, rest - v]
            }
            Mode::Weights([r, g, b]) => [
                luma + (2.0 * (1.0 - r)) * v,
                luma - (2.0 * (r * (1.0 - r) * v + b * (1.0 - b) * u)) / g,
                luma + (2.0 * (1.0 - b)) * u,
            ],
        }
    }

    /// The colour difference of a pixel.
    fn difference<T: Sample>(&self, index: usize, x: usize, y: usize) -> f32 {
        let (samples, width) = self.frame.plane::<T>(index);
        let at = |x: usize, y: usize| {
            let sample: u16 = samples[y * width + x].into();
            self.differences[usize::from(sample).min(self.differences.len() - 1)]
        };
        let (across, down) = self.frame.layout.halves();
        if !across {
            return at(x, y);
        }
        let (near_x, next_x) = neighbours(x, self.frame.width);
        let (near_y, next_y) = if down { neighbours(y, self.frame.height) } else { (y, y) };
        at(near_x, near_y) * (9.0 / 16.0)
            + at(next_x, near_y) * (3.0 / 16.0)
            + at(near_x, next_y) * (3.0 / 16.0)
            + at(next_x, next_y) * (1.0 / 16.0)
    }
}

/// The halved place of a sample, and the next on its other side where there is one.
fn neighbours(at: usize, side: usize) -> (usize, usize) {
    let near = at / 2;
    let next = match at % 2 {
        0 => near.saturating_sub(1),
        _ if at == side - 1 => near,
        _ => near + 1,
    };
    (near, next)
}

/// A colour from 0 to 1 as a whole number up to `most`.
pub(super) fn level(one: f32, most: f32) -> u16 {
    (0.5 + one.clamp(0.0, 1.0) * most) as u16
}

/// The weights of red, green and blue in luma; those of BT.601 where nothing else is known.
fn weights(signal: Signal) -> [f32; 3] {
    let (red, blue) = match signal.matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 => (0.2627, 0.0593),
        12 => derived(signal.primaries),
        _ => (0.299, 0.114),
    };
    [red, 1.0 - red - blue, blue]
}

/// The weights of red and blue that follow from the places of the primaries and of white, by the equations
/// of ITU-T H.273 for `MatrixCoefficients` 12.
fn derived(primaries: u16) -> (f32, f32) {
    let [rx, ry, gx, gy, bx, by, wx, wy]: [f32; 8] = match primaries {
        4 => [0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316],
        5 => [0.64, 0.33, 0.29, 0.60, 0.15, 0.06, 0.3127, 0.3290],
        6 | 7 => [0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290],
        8 => [0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316],
        9 => [0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290],
        10 => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.3333, 0.3333],
        11 => [0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351],
        12 => [0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290],
        22 => [0.630, 0.340, 0.295, 0.605, 0.155, 0.077, 0.3127, 0.3290],
        _ => [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329],
    };
    let (rz, gz, bz, wz) = (1.0 - (rx + ry), 1.0 - (gx + gy), 1.0 - (bx + by), 1.0 - (wx + wy));
    let whole =
        wy * (rx * (gy * bz - by * gz) + gx * (by * rz - ry * bz) + bx * (ry * gz - gy * rz));
    let red = wx * (gy * bz - by * gz) + wy * (bx * gz - gx * bz) + wz * (gx * by - bx * gy);
    let blue = wx * (ry * gz - gy * rz) + wy * (gx * rz - rx * gz) + wz * (rx * gy - gx * ry);
    (ry * red / whole, by * blue / whole)
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::frame;
    use super::*;

    const FULL: Signal = Signal { primaries: 1, matrix: 6, full: true };

    #[test]
    fn gray_has_equal_colours() {
        let one = frame(Layout::Yuv444, 10, (1, 1), [&[700], &[512], &[512]]);
        let float = Float::new(&one, FULL).expect("linear");
        let rgb = float.pixel::<u16>(0, 0, None).map(|one| level(one, 1023.0));
        assert_eq!(rgb, [700; 3]);
        let half = float.pixel::<u16>(0, 0, Some(0.5)).map(|one| level(one, 1023.0));
        assert_eq!((half, float.pixel::<u16>(0, 0, Some(0.0))), ([1023; 3], [0.0; 3]));
    }

    #[test]
    fn plain_and_ycgco() {
        let one = frame(Layout::Yuv444, 8, (1, 1), [&[100], &[148], &[118]]);
        let rgb = |matrix| {
            let float = Float::new(&one, Signal { matrix, ..FULL }).expect("linear");
            float.pixel::<u8>(0, 0, None).map(|one| level(one, 255.0))
        };
        assert_eq!((rgb(0), rgb(8)), ([118, 100, 148], [70, 120, 90]));
    }

    #[test]
    fn derived_weights() {
        let near = |a: f32, b: f32| (a - b).abs() < 0.001;
        for (primaries, red, blue) in [(1, 0.2126, 0.0722), (9, 0.2627, 0.0593)] {
            let (r, b) = derived(primaries);
            assert!(near(r, red) && near(b, blue), "{primaries}");
        }
    }

    #[test]
    fn curved_matrices_are_refused() {
        let one = frame(Layout::Yuv420, 8, (1, 1), [&[100], &[148], &[118]]);
        for (matrix, full) in [(0, true), (3, true), (8, false), (10, true), (14, true), (99, true)]
        {
            assert!(Float::new(&one, Signal { matrix, full, ..FULL }).is_err(), "{matrix}");
        }
    }

    #[test]
    fn neighbours_inside() {
        assert_eq!(
            [0, 1, 2, 3, 4].map(|x| neighbours(x, 5)),
            [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)]
        );
        assert_eq!(neighbours(3, 4), (1, 1));
    }
}
