//! Shapes of LabelMe as its `shape_to_mask` draws them, with Pillow 13 on x86-64: polygons, rectangles,
//! circles, lines ten pixels wide, points with a radius of five.

use super::canvas::Canvas;
use super::scan;
use crate::error::{Error, Result, quote};
use crate::limits::make_room;

/// The pixels across a line, and those from a point's middle to its rim.
const LINE_WIDTH: f64 = 10.0;
const POINT_RADIUS: f64 = 5.0;

/// A circle that is wider than this is refused: Pillow's own arithmetic overflows from about 55,000 on.
const WIDEST: i64 = 50_000;

/// What the points of a shape stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Corners, three or more.
    Polygon,
    /// Four corners.
    OrientedRectangle,
    /// Two opposite corners.
    Rectangle,
    /// The middle and a point on the rim.
    Circle,
    /// Two ends.
    Line,
    /// Points of a line with bends, any number.
    Linestrip,
    /// One middle.
    Point,
}

impl Kind {
    /// All kinds by their `shape_type`.
    const NAMES: [(&str, Self); 7] = [
        ("polygon", Self::Polygon),
        ("oriented_rectangle", Self::OrientedRectangle),
        ("rectangle", Self::Rectangle),
        ("circle", Self::Circle),
        ("line", Self::Line),
        ("linestrip", Self::Linestrip),
        ("point", Self::Point),
    ];

    /// The kind by the words of LabelMe, VIA and CVAT; LabelMe takes none (`null`) for a polygon.
    pub(super) fn named(name: &str) -> Result<Self> {
        let name = match name {
            "rect" => "rectangle",
            "polyline" => "linestrip",
            name => name,
        };
        match Self::NAMES.iter().find(|(known, _)| *known == name) {
            Some(&(_, kind)) => Ok(kind),
            None => Err(Error::unsupported(format!(
                "a shape of type {} is not drawn; {} are",
                quote(name.as_bytes()),
                Self::NAMES.map(|(name, _)| name).join(", ")
            ))),
        }
    }

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Whether a shape of this kind may have so many points.
    fn takes(self, points: usize) -> bool {
        match self {
            Self::Polygon => points >= 3,
            Self::OrientedRectangle => points == 4,
            Self::Rectangle | Self::Circle | Self::Line => points == 2,
            Self::Linestrip => true,
            Self::Point => points == 1,
        }
    }
}

/// Refuses points `x, y, x, y, ...` that are no shape of this kind. Call it before the mask is allocated.
pub(super) fn check(kind: Kind, points: &[f64]) -> Result<()> {
    let (pairs, rest) = points.as_chunks::<2>();
    if !rest.is_empty() || !kind.takes(pairs.len()) {
        return Err(Error::encoding(format!(
            "a {} with {} numbers for its points",
            kind.name(),
            points.len()
        )));
    }
    let far = scan::FAR as f64;
    if let Some(number) = points.iter().find(|number| number.is_nan() || number.abs() >= far) {
        return Err(Error::shape(format!("a point of a shape at {number:?}")));
    }
    Ok(())
}

/// Draws a shape with the points `x, y, x, y, ...` in pixels, filled with `value`.
pub(super) fn draw(kind: Kind, points: &[f64], canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
    check(kind, points)?;
    let (pairs, _) = points.as_chunks::<2>();
    match (kind, pairs) {
        (Kind::Rectangle, &[a, b]) => rectangle(a, b, canvas, value),
        (Kind::Circle, &[middle, rim]) => {
            let [dx, dy] = [middle[0] - rim[0], middle[1] - rim[1]];
            disc(middle, (dx * dx + dy * dy).sqrt(), canvas, value)
        }
        (Kind::Point, &[middle]) => disc(middle, POINT_RADIUS, canvas, value),
        (Kind::Line | Kind::Linestrip, _) => {
            for (&start, &end) in pairs.iter().zip(pairs.iter().skip(1)) {
                line(whole(start), whole(end), canvas, value)?;
            }
            Ok(())
        }
        _ => {
            let mut corners = Vec::new();
            make_room(&mut corners, pairs.len())?;
            corners.extend(pairs.iter().copied().map(whole));
            scan::fill(&corners, canvas, value)
        }
    }
}

/// The pixel of a point: cut towards zero.
fn whole(point: [f64; 2]) -> [i64; 2] {
    // Coordinates are below 2^26, circles included.
    point.map(|coordinate| coordinate as i64)
}

/// All pixels between two opposite corners, both included.
fn rectangle(a: [f64; 2], b: [f64; 2], canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
    let (a, b) = (whole(a), whole(b));
    let rows = a[1].min(b[1]).max(0)..=a[1].max(b[1]).min(canvas.height() - 1);
    for row in rows {
        canvas.span(row, a[0].min(b[0]), a[0].max(b[0]), value)?;
    }
    Ok(())
}

/// A line without joints: four corners, half a width beside each end, the odd pixel on one side.
fn line(start: [i64; 2], end: [i64; 2], canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
    let [dx, dy] = [end[0] - start[0], end[1] - start[1]].map(|d| d as f64);
    if (dx, dy) == (0.0, 0.0) {
        return canvas.span(start[1], start[0], start[0], value);
    }
    // The squares and their sum are whole numbers below 2^53.
    let length = (dx * dx + dy * dy).sqrt();
    let half = (LINE_WIDTH - 1.0) / 2.0;
    let (narrow, wide) = (half.floor() / length, half.ceil() / length);
    // The nearest whole number, of two the one nearer to zero; no more than the line is wide.
    let near = |x: f64| ((x.abs() - 0.5).ceil().copysign(x)) as i64;
    let [left, right] = [near(narrow * dy), near(wide * dy)];
    let [above, below] = [near(narrow * dx), near(wide * dx)];
    let corners = [
        [start[0] - left, start[1] + below],
        [end[0] - left, end[1] + below],
        [end[0] + right, end[1] - above],
        [start[0] + right, start[1] - above],
    ];
    scan::fill(&corners, canvas, value)
}

/// The pixels in the ellipse that fits the box around a circle, once the box is cut to whole pixels.
fn disc(middle: [f64; 2], radius: f64, canvas: &mut Canvas<'_>, value: u8) -> Result<()> {
    let [left, top] = whole(middle.map(|at| at - radius));
    let [right, bottom] = whole(middle.map(|at| at + radius));
    let (a, b) = (right - left, bottom - top);
    if a.max(b) > WIDEST {
        return Err(Error::unsupported(format!(
            "a circle {} pixels wide; up to {WIDEST} are drawn",
            a.max(b)
        )));
    }
    if (a, b) == (0, 0) {
        // Pillow draws none where the box is a pixel.
        return Ok(());
    }
    let mut rim = Rim { a, b, x: a, y: b % 2 };
    loop {
        canvas.take(1)?;
        // Whole pixels, as x and a, y and b are even or odd together and x is not above a, y not above b.
        let [first, last] = [left + (a - rim.x) / 2, left + (a + rim.x) / 2];
        canvas.span(top + (b - rim.y) / 2, first, last, value)?;
        canvas.span(top + (b + rim.y) / 2, first, last, value)?;
        let row = rim.y;
        while rim.y == row {
            if rim.is_at_top() {
                return Ok(());
            }
            rim.step();
            canvas.take(1)?;
        }
    }
}

/// A point that walks along a quarter of an ellipse with the half axes `a` and `b`, in half pixels, from the
/// side to the top: of the three steps outwards the one that leaves it nearest to the curve.
struct Rim {
    a: i64,
    b: i64,
    x: i64,
    y: i64,
}

impl Rim {
    fn is_at_top(&self) -> bool {
        self.x == self.a % 2 && self.y >= self.b
    }

    /// How far a point is from the curve, by its equation. The products are below 2^63 as the axes are no
    /// longer than [`WIDEST`].
    fn distance(&self, [x, y]: [i64; 2]) -> i64 {
        let [a, b, x, y] = [self.a, self.b, x, y].map(|n| n * n);
        (a * y + b * x - a * b).abs()
    }

    fn step(&mut self) {
        let (x, y) = (self.x, self.y);
        let mut next = [x, y + 2];
        if x > 1 {
            for other in [[x - 2, y + 2], [x - 2, y]] {
                if self.distance(other) < self.distance(next) {
                    next = other;
                }
            }
        }
        [self.x, self.y] = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn drawn(kind: &str, points: &[f64]) -> Result<String, ErrorKind> {
        let mut pixels = [b'.'; 30];
        let mut canvas = Canvas::new(5, 6, &mut pixels).expect("canvas");
        let kind = Kind::named(kind).map_err(|e| e.kind())?;
        draw(kind, points, &mut canvas, b'#').map_err(|e| e.kind())?;
        let rows = pixels.chunks(6).map(|row| String::from_utf8_lossy(row).into_owned());
        Ok(rows.collect::<Vec<_>>().join("/"))
    }

    #[test]
    fn as_labelme_draws_them() {
        for (kind, points, expected) in [
            ("polygon", &[0.5, 0.5, 4.9, 1.0, 2.0, 3.5][..], "#...../.####./.###../..#.../......"),
            ("polygon", &[-1.5, 2.0, 9.0, -3.0, 3.0, 3.0], "...###/.#####/#####./...#../......"),
            ("polygon", &[1.0, 1.0, 4.0, 1.0, 2.0, 1.0], "....../.####./....../....../......"),
            (
                "oriented_rectangle",
                &[2.0, 0.0, 5.0, 2.0, 3.0, 4.0, 0.0, 2.0],
                "..#.../.###../######/..###./...#..",
            ),
            ("rectangle", &[4.5, 3.2, -0.5, 1.9], "....../#####./#####./#####./......"),
            ("rectangle", &[-3.0, -3.0, -1.0, 9.0], "....../....../....../....../......"),
            ("circle", &[2.5, 2.0, 2.5, 4.0], ".###../#####./#####./#####./.###.."),
            ("circle", &[2.0, 2.0, 2.0, 2.0], "....../....../....../....../......"),
            ("circle", &[2.2, 2.1, 2.6, 2.1], "....../.##.../.##.../....../......"),
            ("line", &[12.0, -3.0, -2.0, 9.0], ".#####/######/######/######/######"),
            ("line", &[1.0, 1.0, 1.5, 1.0], "....../.#..../....../....../......"),
            ("linestrip", &[1.0, 1.0], "....../....../....../....../......"),
            ("linestrip", &[-9.0, -4.0, 9.0, -4.0, 9.0, 9.0], "######/######/.....#/.....#/.....#"),
            ("point", &[0.0, 0.0], "######/######/######/#####./####.."),
            ("point", &[8.6, 1.2], "...###/...###/...###/...###/....##"),
        ] {
            assert_eq!(drawn(kind, points).as_deref(), Ok(expected), "{kind} {points:?}");
        }
    }

    #[test]
    fn refusals() {
        for (kind, points) in [
            ("polygon", 4),
            ("polygon", 7),
            ("line", 6),
            ("circle", 2),
            ("point", 0),
            ("rectangle", 3),
        ] {
            assert_eq!(drawn(kind, &vec![1.0; points]), Err(ErrorKind::Encoding), "{kind}");
        }
        assert_eq!(drawn("mask", &[1.0; 4]), Err(ErrorKind::Unsupported));
        assert_eq!(drawn("point", &[1.0, f64::NAN]), Err(ErrorKind::Shape));
        assert_eq!(drawn("point", &[-16_777_216.0, 1.0]), Err(ErrorKind::Shape));
        assert_eq!(drawn("circle", &[1.0, 1.0, 1.0, 25_003.0]), Err(ErrorKind::Unsupported));
        assert!(drawn("circle", &[1.0, 1.0, 1.0, 25_000.0]).is_ok());
    }
}
