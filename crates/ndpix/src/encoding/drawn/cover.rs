//! From the edges of an outline to the pixels that lie inside: a sweep from top to bottom.
//!
//! Rows are cut into 15 sub-rows. A row in which edges begin, end or cross is covered sub-row by sub-row, any
//! other as trapezoids; the two differ a little. All of this, down to the order of edges that lie at the same
//! place, was measured against Cairo 1.16.0's image surface.

use super::pen::Point;
use super::row::{Row, SUB_ROWS, Slope};
use crate::error::{Error, Result};
use crate::limits::make_room;

/// Sub-rows that the edges of a drawing may go through, all together, for each 28 pixels of its side.
const STEPS: u64 = 1 << 24;

/// No edge.
const NONE: u32 = u32::MAX;

/// An edge that winds around what lies to its right.
#[derive(Debug, Clone, Copy)]
struct Edge {
    slope: Slope,
    /// The sub-row before which it ends.
    end: i32,
    winding: i32,
    /// The edge that begins in the same sub-row and was added before; its place while they are sorted.
    next: u32,
}

/// The edges of an outline, and what the sweep over them needs; reused from outline to outline.
#[derive(Debug, Default)]
pub(super) struct Cover {
    side: i32,
    edges: Vec<Edge>,
    /// By sub-row, the last edge added that begins there.
    begins: Vec<u32>,
    /// From the first sub-row in which there is an edge to before the last.
    first: i32,
    last: i32,
    /// The edges in the sub-row where the sweep is, from left to right.
    active: Vec<Edge>,
    new: Vec<Edge>,
    merged: Vec<Edge>,
    row: Row,
    /// How many edges may still be followed through sub-rows, by their number and length.
    steps: u64,
}

/// The sub-row that begins nearest to y.
fn sub_row(y: i32) -> i32 {
    ((i64::from(SUB_ROWS) * i64::from(y) + 128) >> 8) as i32
}

impl Cover {
    /// Forgets all edges; the image has so many rows and columns.
    pub(super) fn set(&mut self, side: i32) -> Result<()> {
        let sub_rows = (side * SUB_ROWS) as usize;
        self.side = side;
        self.edges.clear();
        self.begins.clear();
        make_room(&mut self.begins, sub_rows)?;
        self.begins.resize(sub_rows, NONE);
        (self.first, self.last) = (i32::MAX, 0);
        self.steps = STEPS * (1 + side as u64 / 28);
        self.row.set(side)
    }

    /// Whether a circle touches the image.
    pub(super) fn sees(&self, (x, y): Point, radius: i32) -> bool {
        let inside = |at: i32| at >= -radius && at <= self.side * 256 + radius;
        inside(x) && inside(y)
    }

    /// Adds the edge between two points. What lies left or right of the image is moved to its side; nothing
    /// is kept of what lies above or below.
    pub(super) fn edge(&mut self, a: Point, b: Point, winding: i32) -> Result<()> {
        if a.1 == b.1 {
            return Ok(());
        }
        let (a, b, winding) = if a.1 < b.1 { (a, b, winding) } else { (b, a, -winding) };
        let width = self.side * 256;
        let (left, right) = (a.0.min(b.0), a.0.max(b.0));
        if left >= 0 && right <= width {
            return self.part(a, b, (a.1, b.1), winding);
        }
        if right <= 0 || left >= width {
            let x = left.clamp(0, width);
            return self.part((x, a.1), (x, b.1), (a.1, b.1), winding);
        }
        let (x, y) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
        // Where it crosses a side of the image, rounded so that the part inside gets shorter.
        let at_left = || a.1 - (i64::from(a.0) * y).div_euclid(x) as i32;
        let at_right = || a.1 + ((i64::from(width) - i64::from(a.0)) * y).div_euclid(x) as i32;
        let y_left = if left < 0 { Some(at_left()) } else { None };
        let y_right = if right > width { Some(at_right()) } else { None };
        let (above, below, x_above, x_below) = match a.0 < b.0 {
            true => (y_left, y_right, 0, width),
            false => (y_right, y_left, width, 0),
        };
        let (above, below) = (above.unwrap_or(a.1), below.unwrap_or(b.1));
        self.part((x_above, a.1), (x_above, above), (a.1, above), winding)?;
        self.part(a, b, (above, below), winding)?;
        self.part((x_below, below), (x_below, b.1), (below, b.1), winding)
    }

    /// Adds the part of a downward edge that lies between two y.
    fn part(&mut self, a: Point, b: Point, (top, bottom): (i32, i32), winding: i32) -> Result<()> {
        let begin = sub_row(top).max(0);
        let end = sub_row(bottom).min(self.side * SUB_ROWS);
        if begin >= end {
            return Ok(());
        }
        let taken = (end - begin) as u64;
        self.steps = self
            .steps
            .checked_sub(taken)
            .ok_or_else(|| Error::limit("the strokes of a drawing are too long to draw"))?;
        let (dx, dy) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
        let parts = 2 * i64::from(SUB_ROWS) * dy;
        // From the edge's begin to the middle of the sub-row; half a part more, to round.
        let down = 256 * (2 * i64::from(begin) + 1) - 2 * i64::from(SUB_ROWS) * i64::from(a.1);
        let (x, step) = (dx * down + parts / 2, dx * 512);
        let (whole, whole_step) = (x.div_euclid(parts), step.div_euclid(parts));
        let slope = Slope {
            x: (i64::from(a.0) + whole) as i32,
            rest: (x - whole * parts) as i32,
            step: whole_step as i32,
            step_rest: (step - whole_step * parts) as i32,
            parts: parts as i32,
        };
        let Some(head) = self.begins.get_mut(begin as usize) else { return Ok(()) };
        make_room(&mut self.edges, 1)?;
        let next = std::mem::replace(head, self.edges.len() as u32);
        self.edges.push(Edge { slope, end, winding, next });
        self.first = self.first.min(begin);
        self.last = self.last.max(end);
        Ok(())
    }

    /// Draws what the edges wind around white over the image, rows of as many pixels, and forgets the edges.
    pub(super) fn blend(&mut self, image: &mut [u8]) -> Result<()> {
        let most = self.edges.len();
        for buffer in [&mut self.active, &mut self.new, &mut self.merged] {
            buffer.clear();
            make_room(buffer, most)?;
        }
        let side = self.side as usize;
        let rows = self.first.min(self.last) / SUB_ROWS..(self.last + SUB_ROWS - 1) / SUB_ROWS;
        let skipped = rows.start as usize * side;
        let images = image.get_mut(skipped..).unwrap_or_default().chunks_exact_mut(side.max(1));
        for (row, pixels) in rows.zip(images) {
            let top = row * SUB_ROWS;
            self.take_new(top);
            if self.is_plain(top) {
                self.whole_row(top);
            } else {
                self.sub_rows(top);
            }
            self.row.blend(pixels);
        }
        self.edges.clear();
        (self.first, self.last) = (i32::MAX, 0);
        Ok(())
    }

    /// Takes in the edges that begin in a sub-row.
    fn take_new(&mut self, at: i32) {
        let Some(head) = self.begins.get_mut(at as usize) else { return };
        if *head == NONE {
            return;
        }
        let mut next = std::mem::replace(head, NONE);
        self.new.clear();
        while let Some(edge) = self.edges.get(next as usize) {
            self.new.push(*edge);
            next = edge.next;
        }
        self.new.reverse();
        let mut size = 1;
        while size < self.new.len() {
            self.merged.clear();
            for both in self.new.chunks(2 * size) {
                let (one, other) = both.split_at(size.min(both.len()));
                merge(one, other, &mut self.merged);
            }
            std::mem::swap(&mut self.new, &mut self.merged);
            size *= 2;
        }
        self.merged.clear();
        merge(&self.active, &self.new, &mut self.merged);
        std::mem::swap(&mut self.active, &mut self.merged);
    }

    /// Whether in a row of pixels no edge begins after its first sub-row, none ends, and none cross.
    fn is_plain(&self, top: i32) -> bool {
        let later = self.begins.get(top as usize + 1..(top + SUB_ROWS) as usize);
        if later.is_some_and(|begins| begins.iter().any(|&begin| begin != NONE)) {
            return false;
        }
        self.active.iter().all(|edge| edge.end >= top + SUB_ROWS)
            && self.active.is_sorted_by_key(|edge| edge.slope.after_row().0)
    }

    /// Covers a row of pixels as trapezoids.
    fn whole_row(&mut self, top: i32) {
        let Self { active, row, .. } = self;
        spans(active, |edge, sign| row.cover_beside(&edge.slope, sign));
        active.retain(|edge| edge.end > top + SUB_ROWS);
        for Edge { slope, .. } in active.iter_mut() {
            let (x, rest) = slope.after_row();
            (slope.x, slope.rest) = (x as i32, rest);
        }
        sort(active);
    }

    /// Covers a row of pixels sub-row by sub-row.
    fn sub_rows(&mut self, top: i32) {
        let mut next_end = 0;
        for at in top..top + SUB_ROWS {
            if self.begins.get(at as usize).is_some_and(|&begin| begin != NONE) {
                self.take_new(at);
                next_end = 0;
            }
            let Self { active, row, .. } = self;
            spans(active, |edge, sign| row.cover_from(edge.slope.x, sign));
            if next_end <= at + 1 {
                active.retain(|edge| edge.end > at + 1);
                next_end = active.iter().map(|edge| edge.end).min().unwrap_or(0);
            }
            let (mut before, mut is_sorted) = (i32::MIN, true);
            for Edge { slope, .. } in active.iter_mut() {
                slope.advance();
                is_sorted &= before <= slope.x;
                before = slope.x;
            }
            if !is_sorted {
                sort(active);
            }
        }
    }
}

/// Calls with 1 for each edge at which the inside begins, and with -1 where it ends.
fn spans(edges: &[Edge], mut each: impl FnMut(&Edge, i32)) {
    let mut winding = 0;
    for edge in edges {
        let before = winding;
        winding += edge.winding;
        if before == 0 {
            each(edge, 1);
        } else if winding == 0 {
            each(edge, -1);
        }
    }
}

/// Merges two sorted lists. Of equal edges the next is taken from the list that gave the one before, which is
/// the first list at the start.
fn merge(one: &[Edge], other: &[Edge], merged: &mut Vec<Edge>) {
    let (mut this, mut that) = (one, other);
    while let ([edge, rest @ ..], [limit, ..]) = (this, that) {
        if edge.slope.x <= limit.slope.x {
            merged.push(*edge);
            this = rest;
        } else {
            std::mem::swap(&mut this, &mut that);
        }
    }
    merged.extend_from_slice(this);
    merged.extend_from_slice(that);
}

/// Sorts edges that are nearly sorted; equal ones stay in their order.
fn sort(edges: &mut [Edge]) {
    let mut swaps = 8 * edges.len();
    for i in 1..edges.len() {
        let mut at = i;
        while let Some([before, this]) = edges.get_mut(at.wrapping_sub(1)..at + 1)
            && before.slope.x > this.slope.x
        {
            std::mem::swap(before, this);
            at -= 1;
            swaps = swaps.saturating_sub(1);
        }
        if swaps == 0 {
            return sort_many(edges);
        }
    }
}

/// The same for any edges, without memory of its own.
fn sort_many(edges: &mut [Edge]) {
    for (place, edge) in edges.iter_mut().enumerate() {
        edge.next = place as u32;
    }
    edges.sort_unstable_by_key(|edge| (edge.slope.x, edge.next));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(side: i32) -> Cover {
        let mut cover = Cover::default();
        cover.set(side).expect("room");
        cover
    }

    /// An edge at x that is the `mark`th.
    fn at(x: i32, mark: u32) -> Edge {
        let slope = Slope { x, rest: 0, step: 0, step_rest: 0, parts: 30 };
        Edge { slope, end: 0, winding: 1, next: mark }
    }

    fn marks(edges: &[Edge]) -> Vec<(i32, u32)> {
        edges.iter().map(|edge| (edge.slope.x, edge.next)).collect()
    }

    #[test]
    fn a_square_covers_its_pixels() {
        let mut cover = cover(3);
        let corners = [(256, 256), (512, 256), (512, 640), (256, 640), (256, 256)];
        for ends in corners.windows(2) {
            cover.edge(ends[0], ends[1], -1).expect("room");
        }
        let mut image = [0; 9];
        cover.blend(&mut image).expect("room");
        assert_eq!(image, [0, 0, 0, 0, 255, 0, 0, 136, 0]);
        // Nothing is left of it.
        cover.blend(&mut image).expect("room");
        assert_eq!(image, [0, 0, 0, 0, 255, 0, 0, 136, 0]);
    }

    #[test]
    fn what_lies_around_the_image_covers_it() {
        let far = 65_000 * 256;
        let corners = [(-far, -far), (far, -far), (far, far), (-far, far), (-far, -far)];
        let mut cover = cover(2);
        for ends in corners.windows(2) {
            cover.edge(ends[0], ends[1], 1).expect("room");
        }
        let mut image = [0; 4];
        cover.blend(&mut image).expect("room");
        assert_eq!(image, [255; 4]);
    }

    #[test]
    fn equal_edges_follow_their_own_list() {
        let mut merged = Vec::new();
        merge(&[at(5, 0), at(7, 1)], &[at(4, 2), at(5, 3)], &mut merged);
        assert_eq!(marks(&merged), [(4, 2), (5, 3), (5, 0), (7, 1)]);
        merged.clear();
        merge(&[at(5, 0)], &[at(5, 1)], &mut merged);
        assert_eq!(marks(&merged), [(5, 0), (5, 1)]);
    }

    #[test]
    fn sorting_keeps_equal_edges_in_order() {
        let mut edges: Vec<_> = (0..500).map(|i| at((i * 37 % 50) as i32, i)).collect();
        let mut expected = edges.clone();
        expected.sort_by_key(|edge| edge.slope.x);
        let expected = marks(&expected);
        let mut few = vec![at(3, 0), at(1, 1), at(3, 2), at(1, 3)];
        sort(&mut few);
        assert_eq!(marks(&few), [(1, 1), (1, 3), (3, 0), (3, 2)]);
        // Many take another way, which numbers them anew.
        for (i, edge) in edges.iter_mut().enumerate() {
            edge.winding = i as i32;
        }
        sort(&mut edges);
        let found: Vec<_> = edges.iter().map(|edge| (edge.slope.x, edge.winding as u32)).collect();
        assert_eq!(found, expected);
    }
}
