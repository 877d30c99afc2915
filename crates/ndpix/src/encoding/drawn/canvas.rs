//! The mask that objects are drawn on, and how much work may still go into it.

use crate::error::{Error, Result};

/// Steps that any mask may take. A step is an edge in a row or column, or up to [`STRIDE`] pixels painted.
const STEPS: u64 = 1 << 22;

/// Pixels of a mask that add one step.
const PIXELS_OF_STEP: u64 = 8;

/// How many pixels are painted in about the time of a step.
const STRIDE: u64 = 64;

/// Pixels in C order, one byte each, with a budget of steps for all that is drawn on them.
pub(super) struct Canvas<'a> {
    pixels: &'a mut [u8],
    height: usize,
    width: usize,
    steps: u64,
}

impl<'a> Canvas<'a> {
    /// A canvas of `pixels` as they are: `height` rows of `width` bytes. Kind `shape` where they are more
    /// or fewer, `limit` where a side is over 2^31 - 1 pixels.
    pub(super) fn new(height: usize, width: usize, pixels: &'a mut [u8]) -> Result<Self> {
        if i32::try_from(height).is_err() || i32::try_from(width).is_err() {
            return Err(Error::limit(format!("a mask of {height} x {width} pixels is too large")));
        }
        if height.checked_mul(width) != Some(pixels.len()) {
            return Err(Error::shape(format!(
                "{} bytes for a mask of {height} x {width} pixels",
                pixels.len()
            )));
        }
        let steps = STEPS + pixels.len() as u64 / PIXELS_OF_STEP;
        Ok(Self { pixels, height, width, steps })
    }

    /// The number of rows, as a coordinate.
    pub(super) fn height(&self) -> i64 {
        self.height as i64
    }

    /// The number of columns, as a coordinate.
    pub(super) fn width(&self) -> i64 {
        self.width as i64
    }

    /// Takes so many steps from the budget; kind `limit` where they are not left.
    pub(super) fn take(&mut self, steps: u64) -> Result<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Error::limit(format!(
                "the outlines of a mask of {} x {} pixels are too long to draw",
                self.height, self.width
            ))),
        }
    }

    /// Takes the steps of so many pixels from the budget.
    pub(super) fn take_pixels(&mut self, pixels: u64) -> Result<()> {
        self.take(pixels / STRIDE + 1)
    }

    /// Paints the pixels of a row from column `first` to column `last`, both included, where they are on
    /// the canvas.
    pub(super) fn span(&mut self, row: i64, first: i64, last: i64, value: u8) -> Result<()> {
        let (first, last) = (first.max(0), last.min(self.width() - 1));
        if !(0..self.height()).contains(&row) || first > last {
            return Ok(());
        }
        // All three are between 0 and a side of the mask.
        let (row, first, last) = (row as usize, first as usize, last as usize);
        self.take_pixels((last - first) as u64)?;
        let start = row * self.width;
        self.pixels[start + first..=start + last].fill(value);
        Ok(())
    }

    /// Paints where `stencil` is not 0: rows of `columns` bytes, the first at row `top` and column `left`.
    /// What is outside of the canvas is left out.
    pub(super) fn stamp(
        &mut self,
        stencil: &[u8],
        columns: usize,
        top: usize,
        left: usize,
        value: u8,
    ) -> Result<()> {
        if columns == 0 || left >= self.width {
            return Ok(());
        }
        self.take_pixels(stencil.len() as u64)?;
        let rows = self.pixels.chunks_exact_mut(self.width).skip(top);
        for (row, stencil) in rows.zip(stencil.chunks_exact(columns)) {
            for (pixel, &covered) in row[left..].iter_mut().zip(stencil) {
                *pixel = if covered == 0 { *pixel } else { value };
            }
        }
        Ok(())
    }
}

/// Turns changes into a mask, in place: in each column a pixel is 1 where an odd number of the `plane`'s 1s
/// stand at it or above it, otherwise 0. `columns` is the length of a row.
///
/// Edges that run down the columns are so turned into pixels in C order with whole rows at a time.
pub(super) fn settle(plane: &mut [u8], columns: usize) {
    if columns == 0 {
        return;
    }
    for at in (columns..plane.len()).step_by(columns) {
        let (above, row) = plane.split_at_mut(at);
        for (pixel, above) in row.iter_mut().zip(&above[at - columns..]) {
            *pixel ^= above;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn spans_are_cut_at_the_sides() {
        let mut pixels = [0; 6];
        let mut canvas = Canvas::new(2, 3, &mut pixels).expect("canvas");
        for (row, first, last) in [(0, -5, 0), (1, 1, 9), (-1, 0, 2), (2, 0, 2), (0, 2, 1)] {
            canvas.span(row, first, last, 7).expect("span");
        }
        assert_eq!(pixels, [7, 0, 0, 0, 7, 7]);
    }

    #[test]
    fn stencils_are_cut_at_the_sides() {
        let mut pixels = [1; 6];
        let mut canvas = Canvas::new(2, 3, &mut pixels).expect("canvas");
        canvas.stamp(&[1, 0, 0, 1, 1, 1], 2, 1, 2, 9).expect("stamp");
        canvas.stamp(&[1, 1], 2, 0, 3, 9).expect("beside it");
        canvas.stamp(&[1, 1], 2, 2, 0, 9).expect("below it");
        assert_eq!(pixels, [1, 1, 1, 1, 1, 9]);
    }

    #[test]
    fn changes_settle_down_the_columns() {
        let mut plane = [1, 0, 0, 1, 1, 0, 0, 1];
        settle(&mut plane, 2);
        assert_eq!(plane, [1, 0, 1, 1, 0, 1, 0, 0]);
        settle(&mut [], 0);
    }

    #[test]
    fn the_budget_ends() {
        let mut pixels = [0; 64];
        let mut canvas = Canvas::new(8, 8, &mut pixels).expect("canvas");
        canvas.take(STEPS).expect("all that any mask has");
        canvas.take(8).expect("those of its pixels");
        assert_eq!(canvas.take(1).map_err(|e| e.kind()), Err(ErrorKind::Limit));
    }

    #[test]
    fn refusals() {
        assert!(Canvas::new(2, 2, &mut [0; 3]).is_err());
        assert!(Canvas::new(usize::MAX, 2, &mut [0; 3]).is_err());
        assert!(Canvas::new(usize::MAX, 0, &mut []).is_err());
        assert!(Canvas::new(0, 5, &mut []).is_ok());
    }
}
