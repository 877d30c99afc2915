//! How much of each pixel of one row is covered, and the row drawn onto an image.
//!
//! The arithmetic was measured against Cairo 1.16.0's image surface. Area is counted in half units of 1/256
//! pixel times 1/15 row: 7680 is a whole pixel.

/// Sub-rows of a row of pixels.
pub(super) const SUB_ROWS: i32 = 15;

/// Where an edge is at the middle of a sub-row, and what one sub-row more adds: whole 1/256 pixels, and
/// a rest in parts of `parts`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slope {
    /// One half more than it is, so that the whole part is the rounded one.
    pub(super) x: i32,
    pub(super) rest: i32,
    pub(super) step: i32,
    pub(super) step_rest: i32,
    pub(super) parts: i32,
}

impl Slope {
    /// Goes on by one sub-row.
    pub(super) fn advance(&mut self) {
        self.x += self.step;
        self.rest += self.step_rest;
        if self.rest >= self.parts {
            self.rest -= self.parts;
            self.x += 1;
        }
    }

    /// x and rest one row of pixels further on.
    pub(super) fn after_row(&self) -> (i64, i32) {
        let rows = i64::from(SUB_ROWS);
        let parts = i64::from(self.parts);
        let rest = i64::from(self.rest) + rows * i64::from(self.step_rest);
        let x = i64::from(self.x) + rows * i64::from(self.step) + rest / parts;
        (x, (rest % parts) as i32)
    }

    /// The least and the most x in a row of pixels, in parts of 1/256 pixel.
    fn ends(&self) -> (i64, i64) {
        let parts = i64::from(self.parts);
        let step = i64::from(self.step) * parts + i64::from(self.step_rest);
        let half_step = step / parts / 2 * parts + step % parts / 2;
        let begin = i64::from(self.x) * parts + i64::from(self.rest) - parts / 2 - half_step;
        let end = begin + i64::from(SUB_ROWS) * step;
        (begin.min(end), begin.max(end))
    }
}

/// The covered areas of one row.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// By how much the area of each pixel differs from the pixel before.
    changes: Vec<i32>,
    width: i32,
    /// The pixels that changed: from the first to before the last.
    first: usize,
    last: usize,
}

impl Row {
    /// Makes it so many pixels wide, with nothing covered.
    pub(super) fn set(&mut self, width: i32) -> crate::error::Result<()> {
        let room = width as usize + 2;
        self.changes.clear();
        crate::limits::make_room(&mut self.changes, room)?;
        self.changes.resize(room, 0);
        self.width = width;
        (self.first, self.last) = (usize::MAX, 0);
        Ok(())
    }

    /// Covers one sub-row from `x` on, in 1/256 pixel; `sign` -1 is up to there.
    pub(super) fn cover_from(&mut self, x: i32, sign: i32) {
        let x = x.clamp(0, self.width * 256);
        let (column, part) = ((x >> 8) as usize, x & 255);
        self.change(column, sign, 1, 2 * part);
    }

    /// Covers all sub-rows from an edge on; `sign` -1 is up to there.
    pub(super) fn cover_beside(&mut self, slope: &Slope, sign: i32) {
        let parts = i64::from(slope.parts);
        let (left, right) = slope.ends();
        let (x1, x2) = (left.div_euclid(parts), right.div_euclid(parts));
        let (first, last) = (x1 >> 8, x2 >> 8);
        // How many sub-rows lie on this side of where the edge crosses a column's left border.
        let before = |column: i64| match column > last {
            true => i64::from(SUB_ROWS),
            false => i64::from(SUB_ROWS) * (column * 256 * parts - left) / (right - left),
        };
        let mut done = 0;
        if first < 0 {
            done = before(0);
            self.change(0, sign, done as i32, 0);
        }
        for column in first.max(0)..=last.min(i64::from(self.width) - 1) {
            let until = before(column + 1);
            let from = if column == first { x1 & 255 } else { 0 };
            let to = if column == last { x2 & 255 } else { 256 };
            self.change(column as usize, sign, (until - done) as i32, (from + to) as i32);
            done = until;
        }
        if last >= i64::from(self.width) {
            self.change(self.width as usize, sign, SUB_ROWS - done as i32, 0);
        }
    }

    /// Covers so many sub-rows from a column on, but for a part of that column.
    fn change(&mut self, column: usize, sign: i32, sub_rows: i32, part: i32) {
        self.first = self.first.min(column);
        self.last = self.last.max(column + 2);
        if let Some([this, next]) = self.changes.get_mut(column..column + 2) {
            *this += sign * sub_rows * (512 - part);
            *next += sign * sub_rows * part;
        }
    }

    /// Draws white over pixels as much as they are covered; nothing is covered after.
    pub(super) fn blend(&mut self, pixels: &mut [u8]) {
        let (first, last) = (self.first, self.last);
        (self.first, self.last) = (usize::MAX, 0);
        let Some(changes) = self.changes.get_mut(first..last) else { return };
        let mut area = 0;
        for (pixel, change) in pixels.iter_mut().skip(first).zip(changes.iter_mut()) {
            area += *change;
            let alpha = (area * 17 + 256) >> 9;
            let rest = i32::from(*pixel) * (255 - alpha) + 127;
            *pixel = (alpha + (((rest >> 8) + rest) >> 8)) as u8;
        }
        changes.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(width: i32) -> Row {
        let mut row = Row::default();
        row.set(width).expect("a row");
        row
    }

    #[test]
    fn spans_add_up_to_pixels() {
        let mut row = row(4);
        for _ in 0..15 {
            row.cover_from(128, 1);
            row.cover_from(3 * 256, -1);
        }
        let mut pixels = [0; 4];
        row.blend(&mut pixels);
        assert_eq!(pixels, [128, 255, 255, 0]);
        row.blend(&mut pixels);
        assert_eq!(pixels, [128, 255, 255, 0]);
        // Over what is there already, and beyond the sides.
        row.cover_from(-1_000_000, 1);
        row.cover_from(1_000_000, -1);
        row.blend(&mut pixels);
        assert_eq!(pixels, [136, 255, 255, 17]);
    }

    #[test]
    fn a_slope_is_measured_as_a_trapezoid() {
        // Two pixels to the right in one row.
        let slope = Slope { x: 256 + 17, rest: 0, step: 34, step_rest: 4, parts: 30 };
        let far = Slope { x: 1 << 24, rest: 0, step: 0, step_rest: 0, parts: 30 };
        let mut row = row(4);
        row.cover_beside(&slope, 1);
        row.cover_beside(&far, -1);
        let mut pixels = [0; 4];
        row.blend(&mut pixels);
        assert_eq!(pixels, [0, 60, 187, 255]);
    }
}
