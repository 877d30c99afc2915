//! A small picture of an image or a row, whatever its axes and numbers are.

use crate::dtype::DType;
use crate::format::{self, Color};
use crate::pixels::sample::{Sample, with_sample};

/// Samples of a side that one pixel of it is the mean of, at most.
const TAPS: usize = 4;

/// A small picture: `height` rows of `width` pixels of 1 to 4 bytes, gray, gray and alpha, RGB or RGBA.
#[derive(Debug)]
pub(crate) struct Thumb {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Thumb {
    /// The same as a PNG file.
    pub(crate) fn png(&self) -> Option<Vec<u8>> {
        format::write_png(self.width as u32, self.height as u32, self.channels, &self.pixels)
    }
}

/// How pixels lie in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lie {
    /// Channels are the first axis of a picture.
    pub(crate) planes: bool,
    /// Blue comes first.
    pub(crate) bgr: bool,
}

/// Elements from one sample to the next, along each axis of a picture.
struct Grid {
    height: usize,
    width: usize,
    channels: usize,
    steps: [usize; 3],
}

/// A picture whose longer side is at most `side`, of pixels which are little-endian and in C order. What has more axes than a picture gives the
/// first of its pictures, and channels that are no colours the first of them. `None` for what is no picture.
pub(crate) fn thumb(
    axes: &[usize],
    dtype: DType,
    color: Color,
    lie: Lie,
    pixels: &[u8],
    side: usize,
) -> Option<Thumb> {
    let axes = if axes.len() > 3 { &axes[axes.len() - 3..] } else { axes };
    let elements = axes.iter().try_fold(1usize, |n, axis| n.checked_mul(*axis))?;
    if elements == 0 || elements.checked_mul(dtype.size())? > pixels.len() {
        return None;
    }
    let grid = grid(axes, lie)?;
    let (height, width) = small(grid.height, grid.width, side);
    let shown = if grid.channels <= 4 { grid.channels } else { 1 };
    // Ink and other planes are no colours.
    let shown = match (color, shown) {
        (Color::Cmyk, _) | (Color::Samples, 2 | 4) => 1,
        (_, shown) => shown,
    };
    let mut values = Vec::with_capacity(height * width * shown);
    for y in 0..height {
        let rows = taps(y, height, grid.height);
        for x in 0..width {
            let columns = taps(x, width, grid.width);
            for channel in 0..shown {
                let channel =
                    if lie.bgr && shown >= 3 && channel < 3 { 2 - channel } else { channel };
                let at = rows.clone().flat_map(|r| {
                    let (steps, columns) = (grid.steps, columns.clone());
                    columns.map(move |c| r * steps[0] + c * steps[1] + channel * steps[2])
                });
                values.push(with_sample!(dtype, mean(pixels, at)));
            }
        }
    }
    Some(Thumb { width, height, channels: shown, pixels: to_bytes(&values, dtype) })
}

fn grid(axes: &[usize], lie: Lie) -> Option<Grid> {
    Some(match (axes, lie.planes) {
        (&[height, width], _) => Grid { height, width, channels: 1, steps: [width, 1, 1] },
        (&[channels, height, width], true) => {
            Grid { height, width, channels, steps: [width, 1, height * width] }
        }
        (&[height, width, channels], false) => {
            Grid { height, width, channels, steps: [width * channels, channels, 1] }
        }
        _ => return None,
    })
}

/// Height and width with the same aspect; small images stay as they are.
fn small(height: usize, width: usize, most: usize) -> (usize, usize) {
    let longer = height.max(width);
    let scaled = |side: usize| match longer > most {
        true => ((side as u128 * most as u128 / longer as u128) as usize).max(1),
        false => side,
    };
    (scaled(height), scaled(width))
}

/// The samples of a side that pixel `i` of `n` is the mean of.
fn taps(i: usize, n: usize, side: usize) -> impl Iterator<Item = usize> + Clone {
    let edge = |i: usize| (i as u128 * side as u128 / n as u128) as usize;
    let (from, to) = (edge(i), edge(i + 1).max(edge(i) + 1));
    (from..to.min(side)).step_by((to - from).div_ceil(TAPS))
}

fn mean<S: Sample>(pixels: &[u8], at: impl Iterator<Item = usize>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for at in at {
        let value = S::get(&pixels[at * S::SIZE..][..S::SIZE]);
        sum += if value.is_finite() { value } else { 0.0 };
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}

/// What is not 8-bit goes from its least value to its greatest.
fn to_bytes(values: &[f64], dtype: DType) -> Vec<u8> {
    let (low, high) = match dtype {
        DType::Uint8 => (0.0, 255.0),
        DType::Bool => (0.0, 1.0),
        _ => values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v))),
    };
    let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
    values.iter().map(|v| ((v - low) * scale).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::{Color, DType, Lie, Thumb};

    /// Height, width and samples of the picture.
    fn seen(thumb: Option<Thumb>) -> (usize, usize, Vec<u8>) {
        let thumb = thumb.expect("a picture");
        assert!(thumb.png().is_some());
        (thumb.height, thumb.width, thumb.pixels)
    }

    fn thumb(axes: &[usize], dtype: DType, color: Color, lie: Lie, pixels: &[u8]) -> Option<Thumb> {
        super::thumb(axes, dtype, color, lie, pixels, 96)
    }

    #[test]
    fn small_pictures_stay_as_they_are() {
        let pixels = [1, 2, 3, 4, 5, 6];
        let plain = thumb(&[1, 2, 3], DType::Uint8, Color::Rgb, Lie::default(), &pixels);
        assert_eq!(seen(plain), (1, 2, pixels.to_vec()));
        let lie = Lie { planes: true, bgr: true };
        let planes = thumb(&[3, 1, 2], DType::Uint8, Color::Rgb, lie, &[3, 6, 2, 5, 1, 4]);
        assert_eq!(seen(planes), (1, 2, pixels.to_vec()));
    }

    #[test]
    fn other_numbers_go_from_black_to_white() {
        let pixels: Vec<u8> =
            [-1.0f32, 0.0, 1.0, f32::NAN].iter().flat_map(|v| v.to_le_bytes()).collect();
        let gray = thumb(&[1, 4], DType::Float32, Color::Gray, Lie::default(), &pixels);
        assert_eq!(seen(gray), (1, 4, vec![0, 128, 255, 128]));
        let flat = thumb(&[1, 1], DType::Int64, Color::Gray, Lie::default(), &7i64.to_le_bytes());
        assert_eq!(seen(flat), (1, 1, vec![0]));
    }

    #[test]
    fn large_pictures_become_small_and_keep_their_aspect() {
        let pixels = vec![200; 500 * 1000];
        let (height, width, out) =
            seen(thumb(&[500, 1000], DType::Uint8, Color::Gray, Lie::default(), &pixels));
        assert_eq!((height, width), (48, 96));
        assert!(out.iter().all(|&v| v == 200));
        let line =
            thumb(&[1, 100_000], DType::Uint8, Color::Gray, Lie::default(), &vec![9; 100_000]);
        assert_eq!(seen(line).0, 1);
    }

    #[test]
    fn what_is_no_picture_has_none() {
        let none = |axes: &[usize], len: usize| {
            thumb(axes, DType::Uint8, Color::Samples, Lie::default(), &vec![0; len]).is_none()
        };
        assert!(none(&[7], 7) && none(&[0, 4], 0) && none(&[2, 2], 3));
        assert!(none(&[usize::MAX, 2, 1], 8), "sizes are not believed");
        assert!(!none(&[3, 2, 2, 9], 108), "the first frame, its first channel");
    }
}
