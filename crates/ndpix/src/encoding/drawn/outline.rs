//! Polygons of COCO as masks, pixel for pixel as pycocotools 2.0.11 makes them.
//!
//! Corners are put on a grid five times as fine as the pixels. Each edge is sampled once for each step of its
//! longer axis. Where two neighbouring samples stand to both sides of the middle of a pixel column, the upper
//! one's row (in whole pixels, rounded up) is where that column changes between outside and inside. As outlines
//! are closed, every column changes an even number of times.
//!
//! Only samples beside the middles of columns count, so only these are computed: an edge costs its columns,
//! however long it is.

use super::canvas::{Canvas, settle};
use crate::error::{Error, Result};
use crate::limits::resize;

/// Fine steps in a pixel, and the fine step left of a column's middle.
const FINE: i64 = 5;
const MIDDLE: i64 = 2;

/// Coordinates from here on are refused: fine ones then are exact in all arithmetic here.
const FAR: f64 = 16_777_216.0;

/// Refuses what is not the corners `x, y, x, y, ...` of a polygon, in pixels.
pub(super) fn check(corners: &[f64]) -> Result<()> {
    if corners.len() < 6 || !corners.len().is_multiple_of(2) {
        return Err(Error::encoding(format!(
            "a polygon of {} numbers; three corners or more are two numbers each",
            corners.len()
        )));
    }
    match corners.iter().find(|number| number.is_nan() || number.abs() >= FAR) {
        Some(number) => Err(Error::shape(format!("a corner of a polygon at {number:?}"))),
        None => Ok(()),
    }
}

/// Draws a polygon with the corners `x, y, x, y, ...` in pixels, filled with `value`. An object of several
/// polygons is their union: draw one after the other. `spare` is overwritten.
pub(super) fn draw(
    corners: &[f64],
    canvas: &mut Canvas<'_>,
    value: u8,
    spare: &mut Vec<u8>,
) -> Result<()> {
    check(corners)?;
    let corners = corners.as_chunks::<2>().0;
    let Some(frame) = Frame::around(corners, canvas) else { return Ok(()) };
    canvas.take_pixels((frame.rows * frame.columns) as u64)?;
    spare.clear();
    resize(spare, frame.rows * frame.columns)?;
    let ends = corners.iter().skip(1).chain(corners.first());
    for (start, end) in corners.iter().zip(ends) {
        let edge = Edge::between(start.map(fine), end.map(fine));
        let crossed = edge.columns(&frame);
        canvas.take(1 + crossed.clone().count() as u64)?;
        for column in crossed {
            if let Some(fine) = edge.crossing(column)
                && let Some(change) = frame.index(column, row_of(fine, canvas.height()))
                && let Some(change) = spare.get_mut(change)
            {
                *change ^= 1;
            }
        }
    }
    settle(spare, frame.columns);
    canvas.stamp(spare, frame.columns, frame.top as usize, frame.left as usize, value)
}

/// A coordinate on the fine grid: five times as far, and a half more, cut towards zero.
fn fine(coordinate: f64) -> i64 {
    // Below 2^27 as coordinates are below 2^24.
    (5.0 * coordinate + 0.5) as i64
}

/// The pixel row at which a column changes that is crossed at a fine row: its middle or the next one below.
fn row_of(fine: i64, height: i64) -> i64 {
    (fine + MIDDLE).div_euclid(FINE).clamp(0, height)
}

/// The part of a mask in which a polygon changes anything.
#[derive(Clone, Copy)]
struct Frame {
    left: i64,
    top: i64,
    columns: usize,
    rows: usize,
}

impl Frame {
    /// The frame of these corners, where any of it is on the canvas.
    fn around(corners: &[[f64; 2]], canvas: &Canvas<'_>) -> Option<Self> {
        let start = [i64::MAX, i64::MIN];
        let around = |[low, high]: [i64; 2], at: i64| [low.min(at), high.max(at)];
        let mut sides = [start; 2];
        for corner in corners {
            let [x, y] = corner.map(fine);
            sides = [around(sides[0], x), around(sides[1], y)];
        }
        let [[left, right], [top, bottom]] = sides;
        let left = (left + MIDDLE).div_euclid(FINE).max(0);
        let right = (right - MIDDLE - 1).div_euclid(FINE).min(canvas.width() - 1);
        let [top, bottom] = [top, bottom].map(|row| row_of(row, canvas.height()));
        if left > right || top == bottom {
            return None;
        }
        // The row that ends the polygon has nothing of it any more.
        let bottom = bottom - 1;
        // All are sides of a mask, none below the first of its pair.
        let [columns, rows] = [1 + right - left, 1 + bottom - top].map(|side| side as usize);
        Some(Self { left, top, columns, rows })
    }

    /// The index of a pixel in the frame, unless it is below: there nothing is left to change.
    fn index(&self, column: i64, row: i64) -> Option<usize> {
        let column = usize::try_from(column - self.left).ok().filter(|&at| at < self.columns)?;
        let row = usize::try_from(row - self.top).ok().filter(|&at| at < self.rows)?;
        Some(row * self.columns + column)
    }
}

/// An edge on the fine grid, in the direction in which its longer axis grows. Both directions so have the
/// same samples.
struct Edge {
    start: [i64; 2],
    /// Samples after the first one: the length of the longer axis.
    steps: i64,
    /// What the shorter axis grows in a step.
    slope: f64,
    /// Whether the longer axis is that of the columns.
    is_flat: bool,
}

impl Edge {
    fn between(start: [i64; 2], end: [i64; 2]) -> Self {
        let [dx, dy] = [end[0] - start[0], end[1] - start[1]];
        let is_flat = dx.abs() >= dy.abs();
        let (long, short) = if is_flat { (dx, dy) } else { (dy, dx) };
        let start = if long < 0 { end } else { start };
        // Exact: both are below 2^28. Without steps it is not a number, and no column is crossed.
        let slope = (short * long.signum()) as f64 / long.abs() as f64;
        Self { start, steps: long.abs(), slope, is_flat }
    }

    /// The shorter axis at a step: cut towards zero, half a step on.
    fn at(&self, step: i64) -> i64 {
        let from = self.start[usize::from(self.is_flat)];
        (from as f64 + self.slope * step as f64 + 0.5) as i64
    }

    /// The columns in a frame whose middle is crossed.
    fn columns(&self, frame: &Frame) -> std::ops::RangeInclusive<i64> {
        let (a, b) = match self.is_flat {
            true => (self.start[0], self.start[0] + self.steps),
            false => (self.at(0), self.at(self.steps)),
        };
        let first = (a.min(b) + MIDDLE).div_euclid(FINE);
        let last = (a.max(b) - MIDDLE - 1).div_euclid(FINE);
        // As many as an `i64` of the frame's columns says.
        first.max(frame.left)..=last.min(frame.left + frame.columns as i64 - 1)
    }

    /// The fine row of the upper one of the samples to both sides of a column's middle.
    fn crossing(&self, column: i64) -> Option<i64> {
        let middle = FINE * column + MIDDLE;
        if self.is_flat {
            let step = middle - self.start[0];
            return Some(self.at(step).min(self.at(step + 1)));
        }
        let is_beyond = |step| match self.slope > 0.0 {
            true => self.at(step) > middle,
            false => self.at(step) <= middle,
        };
        // Near the first step beyond; what the division rounds is made good.
        let near = (middle - self.start[0]) as f64 + 0.5;
        let mut step = ((near / self.slope) as i64).clamp(1, self.steps);
        while step > 1 && is_beyond(step - 1) {
            step -= 1;
        }
        while step < self.steps && !is_beyond(step) {
            step += 1;
        }
        (is_beyond(step) && !is_beyond(step - 1)).then_some(self.start[1] + step - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn mask(height: usize, width: usize, polygons: &[&[f64]]) -> Result<String, ErrorKind> {
        let mut pixels = vec![b'.'; height * width];
        let mut canvas = Canvas::new(height, width, &mut pixels).expect("canvas");
        for corners in polygons {
            draw(corners, &mut canvas, b'#', &mut vec![9; 3]).map_err(|e| e.kind())?;
        }
        let rows = pixels.chunks(width.max(1)).map(|row| String::from_utf8_lossy(row).into_owned());
        Ok(rows.collect::<Vec<_>>().join("/"))
    }

    fn drawn(polygons: &[&[f64]]) -> String {
        mask(4, 5, polygons).expect("drawn")
    }

    #[test]
    fn refusals() {
        for bad in [&[][..], &[0.0; 4], &[0.0; 5], &[0.0; 7]] {
            assert_eq!(mask(4, 5, &[bad]), Err(ErrorKind::Encoding), "{bad:?}");
        }
        for far in [f64::NAN, f64::INFINITY, -FAR, FAR, 1e300] {
            let corners = [0.0, 0.0, 1.0, far, 2.0, 2.0];
            assert_eq!(mask(4, 5, &[&corners]), Err(ErrorKind::Shape), "{far}");
        }
    }

    #[test]
    fn long_edges_cost_their_columns() {
        let far = FAR - 1.0;
        let corners = [[-far, far], [far, -far], [far, far]].concat().repeat(100);
        assert!(mask(100, 100, &[&corners]).is_ok());
        let many = [-1.0, -1.0, 9000.0, 2.0, 9000.0, 3.0].repeat(4000);
        assert_eq!(mask(3, 9000, &[&many]), Err(ErrorKind::Limit));
    }

    #[test]
    fn masks_without_pixels() {
        let corners = [0.0, 0.0, 9.0, 0.0, 9.0, 9.0];
        assert_eq!(mask(0, 5, &[&corners]), Ok(String::new()));
        assert_eq!(mask(5, 0, &[&corners]), Ok(String::new()));
    }

    #[test]
    fn nothing_of_it_on_the_canvas() {
        let nothing = "...../...../...../.....";
        assert_eq!(drawn(&[&[-3.0, 1.0, -1.0, 1.0, -1.0, 3.0]]), nothing);
        assert_eq!(drawn(&[&[1.0, 9.0, 4.0, 9.0, 4.0, 19.0]]), nothing);
        assert_eq!(drawn(&[&[1.0, -9.0, 4.0, -9.0, 4.0, -2.0]]), nothing);
        assert_eq!(drawn(&[&[2.0; 8]]), nothing);
    }

    #[test]
    fn as_pycocotools_draws_them() {
        for (corners, expected) in [
            (&[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0][..], "...../.###./.###./....."),
            (&[0.5, 0.5, 4.5, 1.0, 2.0, 3.5], "...../.###./..#../....."),
            (&[-2.0, -1.5, 3.0, 0.3, 1.2, 9.0], "###../###../###../##..."),
            (&[1.5, -3.0, 1.5, 7.0, 3.5, 7.0, 3.5, -3.0], "..##./..##./..##./..##."),
            (&[1.0, 1.0, 1.0, 1.0, 4.0, 1.0, 4.0, 4.0, 1.0, 1.0], "...../..##./...#./....."),
        ] {
            assert_eq!(drawn(&[corners]), expected, "{corners:?}");
        }
        let two: [&[f64]; 2] =
            [&[0.0, 0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 2.0], &[1.0, 1.0, 5.0, 2.0, 4.0, 4.0]];
        assert_eq!(drawn(&two), "##.../###../...##/.....");
    }
}
