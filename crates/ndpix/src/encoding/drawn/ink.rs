//! The outline of one stroke: the edges around all that the pen covers on its way.
//!
//! Which edges there are, and in what order, was measured against Cairo 1.16.0's image surface. The order
//! decides which of two edges is the outer one where they run into each other.

use super::cover::Cover;
use super::pen::{Pen, Point, Turn, cross, dot, minus, opposite, plus};
use crate::error::Result;
use crate::limits::make_room;

/// Adds the outline of the stroke through these points, in 24.8 fixed point, to what covers. `spare` is
/// overwritten.
pub(super) fn outline(
    mut points: impl Iterator<Item = Point>,
    pen: &Pen,
    spare: &mut Vec<Point>,
    cover: &mut Cover,
) -> Result<()> {
    spare.clear();
    let Some(mut from) = points.next() else { return Ok(()) };
    let mut line = Line { pen, cover, left: spare, ends: None, right: from };
    let mut to = from;
    for point in points {
        if point == to {
            continue;
        }
        // What goes on in the same direction makes the segment longer, and replaces one without length.
        let (old, new) = (minus(to, from), minus(point, to));
        if cross(old, new) != 0 || dot(old, new) < 0 {
            line.segment(from, to)?;
            from = to;
        }
        to = point;
    }
    if from != to {
        line.segment(from, to)?;
    }
    line.finish(to)
}

/// A line that is being drawn.
struct Line<'a> {
    pen: &'a Pen,
    cover: &'a mut Cover,
    /// The outline on the left side, whose edges come after all others.
    left: &'a mut Vec<Point>,
    /// Where the outline is on the right side.
    right: Point,
    /// The faces at the line's begin and at where it is.
    ends: Option<(Point, Face, Face)>,
}

/// The end of a segment: its direction, and from its middle to its right side.
#[derive(Clone, Copy)]
struct Face {
    way: Point,
    side: Point,
}

impl Line<'_> {
    /// Draws the sides of the segment between two points, and the join before it.
    fn segment(&mut self, from: Point, to: Point) -> Result<()> {
        let way = minus(to, from);
        let face = Face { way, side: self.pen.face(way) };
        match self.ends {
            None => self.begin(from, face)?,
            Some((begin, first, old)) => {
                self.join(from, old, face)?;
                self.ends = Some((begin, first, face));
            }
        }
        self.go_right(plus(to, face.side))?;
        self.go_left(minus(to, face.side))
    }

    fn begin(&mut self, at: Point, face: Face) -> Result<()> {
        self.ends = Some((at, face, face));
        self.right = plus(at, face.side);
        self.go_left(minus(at, face.side))
    }

    /// Draws the join of two segments.
    fn join(&mut self, at: Point, old: Face, new: Face) -> Result<()> {
        let turn = Turn::between(old.way, new.way);
        if old.side != new.side && self.cover.sees(at, self.pen.radius()) {
            for corner in self.pen.fan(old.way, new.way, turn) {
                match turn {
                    Turn::Right => self.go_left(plus(at, corner))?,
                    Turn::Left => self.go_right(plus(at, corner))?,
                }
            }
        }
        // The inner side.
        match turn {
            Turn::Right => self.go_right(at)?,
            Turn::Left => self.go_left(at)?,
        }
        self.go_right(plus(at, new.side))?;
        self.go_left(minus(at, new.side))
    }

    /// Draws the caps at both ends and the edges of the left side; a line without segments is a dot.
    fn finish(mut self, to: Point) -> Result<()> {
        if self.ends.is_none() {
            let way = (256, 0);
            self.begin(to, Face { way, side: self.pen.face(way) })?;
        }
        let Some((begin, first, last)) = self.ends else { return Ok(()) };
        let end = self.right;
        self.right = minus(begin, first.side);
        self.cap(begin, opposite(first.way), plus(begin, first.side))?;
        self.right = end;
        self.cap(to, last.way, minus(to, last.side))?;
        self.left.windows(2).try_for_each(|points| self.cover.edge(points[0], points[1], -1))
    }

    /// Draws half a turn to the left on the right side, up to a point.
    fn cap(&mut self, at: Point, way: Point, end: Point) -> Result<()> {
        if self.cover.sees(at, self.pen.radius()) {
            for corner in self.pen.fan(way, opposite(way), Turn::Left) {
                self.go_right(plus(at, corner))?;
            }
        }
        self.go_right(end)
    }

    fn go_right(&mut self, to: Point) -> Result<()> {
        self.cover.edge(self.right, to, 1)?;
        self.right = to;
        Ok(())
    }

    fn go_left(&mut self, to: Point) -> Result<()> {
        make_room(self.left, 1)?;
        self.left.push(to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pixels of a line through places in whole pixels, with a pen 4 pixels wide.
    fn line(points: &[Point]) -> [u8; 144] {
        let (mut pen, mut cover, mut image) = (Pen::default(), Cover::default(), [0; 144]);
        pen.set(2.0, 1.0).expect("a pen");
        cover.set(12).expect("room");
        let points = points.iter().map(|&(x, y)| (x * 256, y * 256));
        outline(points, &pen, &mut Vec::new(), &mut cover).expect("room");
        cover.blend(&mut image).expect("room");
        image
    }

    #[test]
    fn points_on_the_way_change_nothing() {
        let plain = line(&[(3, 4), (9, 7)]);
        assert_eq!(line(&[(3, 4), (3, 4), (5, 5), (5, 5), (9, 7), (9, 7)]), plain);
        assert_eq!(plain[12 * 5 + 6], 255);
        assert_eq!(line(&[]), [0; 144]);
    }

    #[test]
    fn a_dot_is_the_pen() {
        let dot = line(&[(5, 6)]);
        assert_eq!(dot, line(&[(5, 6), (5, 6)]));
        assert_eq!([3, 4, 5, 6, 7].map(|x| dot[12 * 6 + x] > 0), [true, true, true, true, false]);
    }
}
