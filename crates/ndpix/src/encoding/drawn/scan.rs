//! Filled polygons with corners on whole pixels, as Pillow 13's ImageDraw fills them.
//!
//! Every edge is crossed by every row it touches, both of its ends included; crossings, in 32 bits, are
//! sorted and each pair is filled. Edges along a row are filled as they are. Corners are mended: an edge that
//! ends at a row counts twice there, and a corner that stands out sideways by more than a pixel from
//! the next row is drawn in to it.

use super::canvas::Canvas;
use crate::error::Result;
use crate::limits::make_room;

/// Corners have coordinates below this, so that differences are exact enough and never overflow.
pub(super) const FAR: i64 = 1 << 24;

/// Steps of a canvas that an edge takes in a row: it is crossed, sorted and begins or ends a stretch of pixels.
const STEPS: u64 = 4;

/// Fills the polygon of these corners, `[x, y]` in pixels below [`FAR`], with `value`. It is closed whether
/// or not the last corner is the first.
pub(super) fn fill(corners: &[[i64; 2]], canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
    let mut edges = Vec::new();
    make_room(&mut edges, corners.len())?;
    let mut rows = [canvas.height() - 1, 0];
    let pairs = corners.iter().zip(corners.iter().skip(1)).map(|(&start, &end)| [start, end]);
    let closing = match *corners {
        [first, .., last] if first != last => Some([last, first]),
        _ => None,
    };
    for [start, end] in pairs.chain(closing) {
        let [top, bottom] = [start[1].min(end[1]), start[1].max(end[1])];
        rows = [rows[0].min(top), rows[1].max(bottom)];
        if top == bottom {
            canvas.span(top, start[0].min(end[0]), start[0].max(end[0]), value)?;
        } else {
            edges.push(Edge::between(start, end));
        }
    }
    let first = rows[0].max(0);
    let last = rows[1].min(canvas.height());
    Scan::new(edges, last)?.run(first, canvas, value)
}

/// An edge that is not along a row.
struct Edge {
    start: [i64; 2],
    top: i64,
    bottom: i64,
    /// Columns for each row.
    slope: f32,
}

impl Edge {
    fn between(start: [i64; 2], end: [i64; 2]) -> Self {
        // Rounded to 32 bits where Pillow rounds.
        let slope = (end[0] - start[0]) as f32 / (end[1] - start[1]) as f32;
        Self { start, top: start[1].min(end[1]), bottom: start[1].max(end[1]), slope }
    }

    /// The column at which it crosses a row.
    fn crossing(&self, row: i64) -> f32 {
        (row - self.start[1]) as f32 * self.slope + self.start[0] as f32
    }

    /// Whether it is a side of a corner at this row that may be mended.
    fn has_corner(&self, row: i64) -> bool {
        (row == self.top || row == self.bottom) && self.slope != 0.0
    }
}

/// The edges of a polygon, and those that the present row crosses.
struct Scan {
    edges: Vec<Edge>,
    /// The row where the polygon ends, or the one after the canvas.
    last: i64,
    /// Edges in the order of their tops; how many of them are in or before the present row.
    order: Vec<usize>,
    begun: usize,
    active: Vec<usize>,
    /// Edges with a corner at the present row, in their order.
    corners: Vec<usize>,
    crossings: Vec<f32>,
}

impl Scan {
    fn new(edges: Vec<Edge>, last: i64) -> Result<Self> {
        let (mut order, mut active, mut corners, mut crossings) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        make_room(&mut order, edges.len())?;
        make_room(&mut active, edges.len())?;
        make_room(&mut corners, edges.len())?;
        make_room(&mut crossings, 2 * edges.len())?;
        order.extend(0..edges.len());
        order.sort_unstable_by_key(|&i: &usize| edges[i].top);
        Ok(Self { edges, last, order, begun: 0, active, corners, crossings })
    }

    /// Fills the rows from `first` to the last one on the canvas.
    fn run(&mut self, first: i64, canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
        for row in first..=self.last.min(canvas.height() - 1) {
            self.advance(row);
            canvas.take(1 + STEPS * self.active.len() as u64)?;
            self.cross(row, canvas)?;
            for &[start, end] in self.crossings.as_chunks::<2>().0 {
                canvas.span(row, half_up(start), half_down(end), value)?;
            }
        }
        Ok(())
    }

    /// Makes the edges that touch `row` the active ones.
    fn advance(&mut self, row: i64) {
        let Self { edges, order, begun, active, corners, .. } = self;
        active.retain(|&i| edges[i].bottom >= row);
        while let Some(&next) = order.get(*begun)
            && edges[next].top <= row
        {
            if edges[next].bottom >= row {
                active.push(next);
            }
            *begun += 1;
        }
        corners.clear();
        corners.extend(active.iter().filter(|&&i| edges[i].has_corner(row)));
        corners.sort_unstable();
    }

    /// Makes the crossings of `row` those of the active edges, sorted.
    fn cross(&mut self, row: i64, canvas: &mut Canvas<'_>) -> Result<()> {
        self.crossings.clear();
        for &i in &self.active {
            let edge = &self.edges[i];
            let crossing = edge.crossing(row);
            if row == edge.bottom && row < self.last {
                self.crossings.extend([crossing; 2]);
            } else if edge.has_corner(row) {
                self.crossings.push(self.mended(i, row, canvas)?);
            } else {
                self.crossings.push(crossing);
            }
        }
        self.crossings.sort_unstable_by(f32::total_cmp);
        Ok(())
    }

    /// Where edge `i` crosses the row of its corner: as far out as the nearer one of this edge and the first
    /// earlier edge of the corner is one row on, and a pixel more, where it stands out further.
    fn mended(&self, i: usize, row: i64, canvas: &mut Canvas<'_>) -> Result<f32> {
        let edge = &self.edges[i];
        let at = edge.crossing(row);
        let beside = if row == edge.bottom { row - 1 } else { row + 1 };
        let earlier = self.corners.iter().take_while(|&&other| other < i);
        canvas.take(1 + self.corners.partition_point(|&other| other < i) as u64)?;
        for other in earlier.map(|&other| &self.edges[other]) {
            let spans = (other.top..=other.bottom).contains(&beside);
            if !spans || at.round() != other.crossing(row).round() {
                continue;
            }
            let (a, b) = (edge.crossing(beside), other.crossing(beside));
            if at > a + 1.0 && at > b + 1.0 {
                return Ok(a.max(b).round() + 1.0);
            }
            if at < a - 1.0 && at < b - 1.0 {
                return Ok(a.min(b).round() - 1.0);
            }
            break;
        }
        Ok(at)
    }
}

/// The nearest column, of two the one further from zero. Below zero the half is added in 64 bits.
fn half_up(x: f32) -> i64 {
    // Crossings are near a corner's column, so far below 2^62.
    match x >= 0.0 {
        true => (x + 0.5).floor() as i64,
        false => -((f64::from(-x) + 0.5).floor() as i64),
    }
}

/// The nearest column, of two the one nearer to zero. Below zero the half is taken in 64 bits.
fn half_down(x: f32) -> i64 {
    match x >= 0.0 {
        true => (x - 0.5).ceil() as i64,
        false => -((f64::from(-x) - 0.5).ceil() as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(corners: &[[i64; 2]]) -> String {
        let mut pixels = [b'.'; 30];
        let mut canvas = Canvas::new(5, 6, &mut pixels).expect("canvas");
        fill(corners, &mut canvas, b'#').expect("drawn");
        let rows = pixels.chunks(6).map(|row| String::from_utf8_lossy(row).into_owned());
        rows.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn halves() {
        assert_eq!([0.5, 1.5, -0.5, -1.5, 0.2, -0.2].map(half_up), [1, 2, -1, -2, 0, 0]);
        assert_eq!([0.5, 1.5, -0.5, -1.5, 0.7, -0.7].map(half_down), [0, 1, 0, -1, 1, -1]);
    }

    #[test]
    fn as_pillow_fills_them() {
        for (corners, expected) in [
            (&[[1, 0], [4, 2], [2, 4]][..], ".#..../.##.../..###./..##../..#..."),
            (&[[0, 1], [5, 1], [5, 3]], "....../######/...###/.....#/......"),
            // The corner at the side is reached from the row before and from the one after.
            (&[[0, 0], [5, 1], [0, 2]], "#...../######/#...../....../......"),
            (&[[5, 0], [0, 1], [5, 2], [5, 4]], ".....#/######/.....#/.....#/.....#"),
            (&[[0, 2], [5, 2]], "....../....../######/....../......"),
            (&[[0, 0], [0, 0], [4, 4]], "#...../.#..../..#.../...#../....#."),
            (&[[-3, -3], [9, 1], [-2, 3]], "######/######/####../....../......"),
        ] {
            assert_eq!(drawn(corners), expected, "{corners:?}");
        }
    }

    #[test]
    fn long_outlines_end() {
        let mut pixels = [0; 100];
        let mut canvas = Canvas::new(100, 1, &mut pixels).expect("canvas");
        let zigzag: Vec<_> = (0..20_000).map(|i| [i % 7, 99 * (i % 2)]).collect();
        assert!(fill(&zigzag, &mut canvas, 1).is_err());
        let far: Vec<_> = (0..100).map(|i| [i % 7 - FAR, (FAR - 1) * (1 - i % 2 * 2)]).collect();
        let mut canvas = Canvas::new(100, 1, &mut pixels).expect("canvas");
        assert!(fill(&far, &mut canvas, 1).is_ok());
        assert!(fill(&[], &mut canvas, 1).is_ok());
        assert!(fill(&[[0, 0]], &mut canvas, 1).is_ok());
    }
}
