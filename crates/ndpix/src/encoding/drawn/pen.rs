//! The pen: a polygon that stands for a circle, and which of its corners a turn of the line shows.
//!
//! Which corners and directions those are was measured against Cairo 1.16.0's image surface.

use crate::error::Result;
use crate::limits::make_room;
use std::f64::consts::TAU;

/// A place or a direction in 24.8 fixed point, in pixels; y points down.
pub(super) type Point = (i32, i32);

/// How far the polygon may lie inside the circle, in pixels.
const TOLERANCE: f64 = 0.1;

/// The pen of one line width. Its corners are numbered to the right, from the one in direction x.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// Half the line width in units of the drawing, and pixels per unit.
    half_width: f64,
    scale: f64,
    corners: Vec<Point>,
    /// The direction from each corner to the next.
    edges: Vec<Point>,
}

/// The way a line turns; y points down, so that right is from x to y.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Left,
    Right,
}

impl Turn {
    /// How a line turns from one direction to another.
    pub(super) fn between(old: Point, new: Point) -> Self {
        match cross(old, new) {
            0 if old.0 > 0 => Self::Right,
            turn if turn > 0 => Self::Right,
            _ => Self::Left,
        }
    }
}

impl Pen {
    /// Makes the pen for half a line width, in units of which one is `scale` pixels.
    pub(super) fn set(&mut self, half_width: f64, scale: f64) -> Result<()> {
        if (self.half_width, self.scale) == (half_width, scale) && !self.edges.is_empty() {
            return Ok(());
        }
        (self.half_width, self.scale) = (half_width, scale);
        let step = (1.0 - TOLERANCE / (half_width * scale)).acos();
        let count = ((TAU / step).ceil() as usize).max(4).next_multiple_of(2);
        self.corners.clear();
        self.edges.clear();
        make_room(&mut self.corners, count)?;
        make_room(&mut self.edges, count)?;
        for i in 0..count {
            let angle = TAU * i as f64 / count as f64;
            self.corners.push((self.part(angle.cos()), self.part(angle.sin())));
        }
        let next = self.corners.iter().cycle().skip(1);
        self.edges.extend(self.corners.iter().zip(next).map(|(&a, &b)| minus(b, a)));
        Ok(())
    }

    /// A part of half the line width.
    fn part(&self, part: f64) -> i32 {
        (part * self.half_width * self.scale * 256.0).round_ties_even() as i32
    }

    /// Half the line width.
    pub(super) fn radius(&self) -> i32 {
        self.part(1.0)
    }

    /// From the middle of a line of this direction to its + side, which is the right one.
    pub(super) fn face(&self, (x, y): Point) -> Point {
        let (x, y) = (f64::from(x) / 256.0, f64::from(y) / 256.0);
        let length = x.hypot(y);
        (self.part(-y / length), self.part(x / length))
    }

    /// The corners that a turn from direction `old` to `new` shows on its outer side, in the order of the
    /// turn.
    pub(super) fn fan(&self, old: Point, new: Point, turn: Turn) -> impl Iterator<Item = Point> {
        let count = self.edges.len();
        let before = move |i: usize| if i == 0 { count - 1 } else { i - 1 };
        let after = move |i: usize| if i + 1 == count { 0 } else { i + 1 };
        let next = move |i| if turn == Turn::Right { after(i) } else { before(i) };
        let within = move |i: usize| match turn {
            Turn::Right => is_within(old, self.edges[i], new),
            Turn::Left => is_within_left(old, opposite(self.edges[i]), new),
        };
        // The first edge in the turn's order; then those after it.
        let mut was = within(count - 1);
        let mut starts = |i: usize| {
            let (a, b) = (was, within(i));
            was = b;
            if turn == Turn::Right { !a && b } else { a && !b }
        };
        let first = (0..count).find(|&i| starts(i));
        let first = first.map(|i| if turn == Turn::Right { i } else { before(i) });
        // On the left an edge shows both of its corners, on the right what it has in common with another.
        let begin = first.map(after).filter(|_| turn == Turn::Left);
        let rest = first.map(|i| if turn == Turn::Right { after(i) } else { i });
        let rest =
            std::iter::successors(rest, move |&i| Some(next(i))).take_while(move |&i| within(i));
        begin.into_iter().chain(rest).map(|i| self.corners[i])
    }
}

pub(super) fn plus(a: Point, b: Point) -> Point {
    (a.0 + b.0, a.1 + b.1)
}

pub(super) fn minus(a: Point, b: Point) -> Point {
    (a.0 - b.0, a.1 - b.1)
}

pub(super) fn opposite(a: Point) -> Point {
    (-a.0, -a.1)
}

/// The cross product of two directions: above 0 where the second is to the right of the first.
pub(super) fn cross(a: Point, b: Point) -> i64 {
    i64::from(a.0) * i64::from(b.1) - i64::from(a.1) * i64::from(b.0)
}

/// The dot product of two directions.
pub(super) fn dot(a: Point, b: Point) -> i64 {
    i64::from(a.0) * i64::from(b.0) + i64::from(a.1) * i64::from(b.1)
}

/// Whether two directions are the same.
pub(super) fn is_same(a: Point, b: Point) -> bool {
    cross(a, b) == 0 && dot(a, b) > 0
}

/// Whether `edge` lies in the turn to the right from `old` to `new`, which is half a turn at the most.
fn is_within(old: Point, edge: Point, new: Point) -> bool {
    let from_old = cross(old, edge);
    if from_old < 0 {
        return false;
    }
    if cross(old, new) == 0 && dot(old, new) < 0 {
        return true;
    }
    cross(edge, new) >= 0 && (dot(old, edge) > 0 || dot(edge, new) > 0)
}

/// The same for a turn to the left, where only one of two opposite directions counts at its ends.
fn is_within_left(old: Point, edge: Point, new: Point) -> bool {
    if is_same(edge, old) {
        old.0 > 0
    } else if is_same(edge, new) {
        new.0 < 0
    } else {
        is_within(new, edge, old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen(half_width: f64, scale: f64) -> Pen {
        let mut pen = Pen::default();
        pen.set(half_width, scale).expect("a pen");
        pen
    }

    #[test]
    fn wider_pens_have_more_corners() {
        assert_eq!(pen(8.0, 28.0 / 304.0).corners.len(), 12);
        assert_eq!(pen(8.0, 64.0 / 304.0).corners.len(), 20);
        assert_eq!(pen(8.0, 224.0 / 304.0).corners.len(), 36);
        assert_eq!(pen(8.0, 28.0 / 304.0).corners[..2], [(189, 0), (163, 94)]);
        assert_eq!(pen(0.0, 1.0).corners, [(0, 0); 4]);
    }

    #[test]
    fn a_face_is_to_the_right() {
        let pen = pen(8.0, 1.0);
        assert_eq!(pen.face((100, 0)), (0, 2048));
        assert_eq!(pen.face((-3, 4)), (-1638, -1229));
        assert_eq!(Turn::between((1, 0), (0, 1)), Turn::Right);
        assert_eq!(Turn::between((1, 0), (-1, 0)), Turn::Right);
        assert_eq!(Turn::between((-1, 0), (1, 0)), Turn::Left);
    }

    #[test]
    fn a_turn_shows_corners_on_its_outer_side() {
        let pen = pen(8.0, 28.0 / 304.0);
        let fan = |old, new, turn| pen.fan(old, new, turn).collect::<Vec<_>>();
        // Of 12 corners, 10 is (.5, -.87) and 11 the next to the right of it.
        let right = fan((100, 0), (0, 100), Turn::Right);
        assert_eq!(right, [pen.corners[10], pen.corners[11]]);
        let left = fan((100, 0), (0, -100), Turn::Left);
        assert_eq!(left, [3, 2, 1, 0].map(|i| pen.corners[i]));
        assert_eq!(fan((100, 0), (-100, 0), Turn::Left).len(), 7);
        assert!(fan((100, 0), (100, 1), Turn::Right).is_empty());
    }
}
