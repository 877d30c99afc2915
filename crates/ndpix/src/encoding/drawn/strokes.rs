//! Drawings of pen strokes, as in Quick, Draw!: scaled, centred and drawn into a square image.
//!
//! The image is the one that Cairo 1.16.0's image surface gives for the drawing: white on black,
//! round caps and joins, best antialiasing, the strokes one over another.

use super::cover::Cover;
use super::ink::outline;
use super::pen::{Pen, Point};
use crate::error::{Error, Result};
use crate::limits::make_room;

/// The side of the square that simplified drawings are in.
const SOURCE_SIDE: f64 = 256.0;
/// The largest coordinate that a simplified drawing has.
const SOURCE_LAST: f64 = 255.0;
/// Everything that is drawn lies so many pixels from the image's corner at the most, in each direction:
/// what can be counted in 24.8 fixed point and multiplied without overflow.
const FARTHEST: f64 = 65_000.0;
/// The longest side of an image, in pixels.
const LONGEST_SIDE: i32 = 32_768;

/// How a drawing becomes an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spec {
    /// Height and width of the image, in pixels.
    pub(super) side: usize,
    /// Width of the line, in units of the square of 256 that the drawing is in.
    pub(super) line_width: f64,
    /// Free room around the square and half the line, in the same units.
    pub(super) padding: f64,
}

impl Spec {
    /// Refuses sizes that cannot be drawn. Kind `shape` where they mean nothing, `limit` where they are too
    /// large. Gives the side.
    fn check(&self, pixels: usize) -> Result<i32> {
        if self.side == 0 || self.side.checked_mul(self.side) != Some(pixels) {
            return Err(Error::shape(format!(
                "a drawing of side {} has no room in {pixels} pixels",
                self.side
            )));
        }
        let side = i32::try_from(self.side).ok().filter(|side| *side <= LONGEST_SIDE);
        let Some(side) = side else {
            return Err(Error::limit(format!(
                "a drawing of side {} is over the limit of {LONGEST_SIDE} pixels",
                self.side
            )));
        };
        let lengths = [self.line_width, self.padding];
        if lengths.iter().any(|length| !length.is_finite() || *length < 0.0) {
            return Err(Error::shape("line width and padding of a drawing are at least 0"));
        }
        Ok(side)
    }

    /// Pixels per unit of the drawing, and pixels before its square.
    fn scale(&self) -> (f64, f64) {
        let around = 2.0 * self.padding + self.line_width;
        let scale = self.side as f64 / (SOURCE_SIDE + around);
        (scale, around / 2.0 * scale)
    }
}

/// The points of a drawing, stroke after stroke; its buffers are reused.
#[derive(Debug, Default)]
pub(super) struct Strokes {
    points: Vec<(f64, f64)>,
    ends: Vec<usize>,
}

impl Strokes {
    /// Forgets all strokes.
    pub(super) fn clear(&mut self) {
        self.points.clear();
        self.ends.clear();
    }

    /// Adds a point, in the units of the square, to the stroke that is not ended yet.
    pub(super) fn point(&mut self, x: f64, y: f64) -> Result<()> {
        make_room(&mut self.points, 1)?;
        self.points.push((x, y));
        Ok(())
    }

    /// Ends a stroke. Kind `shape` where it has no points.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.ends.last().copied().unwrap_or(0) == self.points.len() {
            return Err(Error::shape("a stroke without points"));
        }
        make_room(&mut self.ends, 1)?;
        self.ends.push(self.points.len());
        Ok(())
    }

    /// Whether there is no stroke.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A coordinate that simplified drawings do not have.
    pub(super) fn beyond(&self) -> Option<f64> {
        let mut coordinates = self.points.iter().flat_map(|point| [point.0, point.1]);
        coordinates.find(|number| !(0.0..=SOURCE_LAST).contains(number))
    }

    /// The bytes that they take.
    pub(super) fn capacity(&self) -> usize {
        self.points.capacity() * size_of::<(f64, f64)>() + self.ends.capacity() * size_of::<usize>()
    }

    /// Brings a raw drawing to the size of a simplified one: the smallest x and the smallest y become 0, and
    /// the longer side 255. Points are neither resampled nor left out, which those who published simplified
    /// drawings did after this. Kind `limit` where the drawing is too large or too small for that.
    pub(super) fn simplify(&mut self) -> Result<()> {
        if self.points.is_empty() {
            return Ok(());
        }
        let (low, high) = self.extent();
        let longer = (high.0 - low.0).max(high.1 - low.1);
        let scale = if longer == 0.0 { 1.0 } else { SOURCE_LAST / longer };
        if !longer.is_finite() || !scale.is_finite() {
            return Err(Error::limit(format!("a drawing of length {longer:e}")));
        }
        for (x, y) in &mut self.points {
            *x = (*x - low.0) * scale;
            *y = (*y - low.1) * scale;
        }
        Ok(())
    }

    /// The smallest and the largest x and y.
    fn extent(&self) -> ((f64, f64), (f64, f64)) {
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        let (x, y) = self.points.iter().fold((none, none), |(a, b), &(x, y)| {
            ((a.0.min(x), a.1.max(x)), (b.0.min(y), b.1.max(y)))
        });
        ((x.0, y.0), (x.1, y.1))
    }

    /// The points of each stroke.
    pub(super) fn each(&self) -> impl Iterator<Item = &[(f64, f64)]> {
        let mut begin = 0;
        self.ends.iter().map(move |&end| {
            let points = self.points.get(begin..end).unwrap_or_default();
            begin = end;
            points
        })
    }
}

/// What draws: the pen and buffers, reused from drawing to drawing.
#[derive(Debug, Default)]
pub(super) struct Brush {
    pen: Pen,
    spare: Vec<Point>,
    cover: Cover,
}

impl Brush {
    /// Replaces `image`, rows of `spec.side` pixels, with the drawing: 255 where the pen was, 0 elsewhere.
    ///
    /// The drawing is centred by its largest coordinates alone: the smallest are taken for 0, as they are in
    /// simplified drawings. Kind `shape` where there is nothing to draw or no room, `limit` where it is too
    /// large.
    pub(super) fn draw(&mut self, strokes: &Strokes, spec: &Spec, image: &mut [u8]) -> Result<()> {
        let side = spec.check(image.len())?;
        if strokes.points.is_empty() {
            return Err(Error::shape("a drawing without strokes"));
        }
        let (scale, before) = spec.scale();
        let (low, high) = strokes.extent();
        let shift = ((SOURCE_SIDE - high.0) / 2.0, (SOURCE_SIDE - high.1) / 2.0);
        let device = |(x, y)| (scale * (x + shift.0) + before, scale * (y + shift.1) + before);
        let half_width = spec.line_width / 2.0;
        let near = |(x, y): (f64, f64)| x.abs().max(y.abs()) + half_width * scale < FARTHEST;
        if !near(device(low)) || !near(device(high)) {
            return Err(Error::limit(format!(
                "the points of a drawing lie over {FARTHEST} pixels from the image"
            )));
        }
        self.pen.set(half_width, scale)?;
        self.cover.set(side)?;
        image.fill(0);
        for points in strokes.each() {
            let points = points.iter().map(|&point| fixed(device(point)));
            outline(points, &self.pen, &mut self.spare, &mut self.cover)?;
            self.cover.blend(image)?;
        }
        Ok(())
    }
}

/// Pixels in 24.8 fixed point.
fn fixed((x, y): (f64, f64)) -> Point {
    ((x * 256.0).round_ties_even() as i32, (y * 256.0).round_ties_even() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec { side: 28, line_width: 16.0, padding: 16.0 };

    fn strokes(drawing: &[(&[f64], &[f64])]) -> Strokes {
        let mut strokes = Strokes::default();
        for (x, y) in drawing {
            x.iter().zip(*y).for_each(|(&x, &y)| strokes.point(x, y).expect("a point"));
            strokes.end().expect("a stroke");
        }
        strokes
    }

    fn image(drawing: &[(&[f64], &[f64])], spec: Spec) -> Vec<u8> {
        let mut image = vec![7; spec.side * spec.side];
        Brush::default().draw(&strokes(drawing), &spec, &mut image).expect("an image");
        image
    }

    /// The FNV-1a sum of the pixels.
    fn fnv(image: &[u8]) -> u64 {
        image.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, &pixel| {
            (sum ^ u64::from(pixel)).wrapping_mul(0x100_0000_01b3)
        })
    }

    fn refusal(drawing: &Strokes, spec: Spec, room: usize) -> String {
        let error = Brush::default().draw(drawing, &spec, &mut vec![0; room]);
        error.expect_err("a refusal").message().to_string()
    }

    #[test]
    fn a_dot_is_what_cairo_draws() {
        let dot = image(&[(&[10.0], &[10.0])], SPEC);
        let rows = [13, 14, 15].map(|y| dot[28 * y + 13..28 * y + 16].to_vec());
        assert_eq!(rows, [[1, 50, 0], [50, 254, 30], [0, 31, 0]]);
        assert_eq!(dot.iter().map(|&v| u32::from(v)).sum::<u32>(), 416);
        assert_eq!(dot, image(&[(&[10.0, 10.0], &[10.0, 10.0])], SPEC));
    }

    /// FNV-1a sums of the images that Cairo 1.16.0 gives.
    #[test]
    fn drawings_are_what_cairo_draws() {
        let sum = |drawing: &[(&[f64], &[f64])], spec| fnv(&image(drawing, spec));
        assert_eq!(sum(&[(&[0.0, 255.0], &[0.0, 255.0])], SPEC), 0xc096_3d2a_cad9_e20e);
        // There and back on the same way, and beside it.
        let back: (&[f64], &[f64]) = (&[13.0, 191.0, 13.0], &[40.0, 97.0, 40.0]);
        assert_eq!(sum(&[back], SPEC), 0x26c7_dd2b_e2aa_dc48);
        let hairpin: (&[f64], &[f64]) = (&[0.0, 255.0, 3.0], &[0.0, 90.0, 250.0]);
        let other: (&[f64], &[f64]) = (&[200.0, 40.0, 41.0], &[10.0, 10.0, 200.0]);
        assert_eq!(sum(&[hairpin, other], SPEC), 0xd28f_5050_b7c4_84da);
        assert_eq!(sum(&[(&[0.5, 100.25], &[3.5, 200.75])], SPEC), 0xa6fa_6891_fb65_34bf);
        let straight: (&[f64], &[f64]) = (&[101.0, 161.0, 191.0, 255.0], &[8.0, 68.0, 98.0, 163.0]);
        assert_eq!(sum(&[straight], Spec { side: 64, ..SPEC }), 0xc903_f6db_e23e_fe10);
        let outside: (&[f64], &[f64]) =
            (&[-300.0, 500.0, -200.0, 90.0], &[120.0, -90.0, 380.0, 600.0]);
        assert_eq!(sum(&[outside], Spec { side: 64, ..SPEC }), 0x6629_766b_b855_e0f3);
        let large: (&[f64], &[f64]) =
            (&[29.0, 70.0, 130.0, 201.0, 255.0], &[5.0, 90.0, 250.0, 101.0, 77.0]);
        assert_eq!(sum(&[large], Spec { side: 224, ..SPEC }), 0x8095_da63_2a8e_d50e);
    }

    #[test]
    fn other_lines_are_what_cairo_draws() {
        let bent: (&[f64], &[f64]) = (&[0.0, 120.0, 255.0], &[255.0, 10.0, 200.0]);
        let thin = Spec { line_width: 4.0, padding: 8.0, ..SPEC };
        assert_eq!(fnv(&image(&[bent], thin)), 0x67e7_2d0a_1374_d89e);
        let wide = Spec { line_width: 32.0, padding: 0.0, ..SPEC };
        assert_eq!(fnv(&image(&[bent], wide)), 0x28d9_5577_3343_8bf3);
        let none = Spec { line_width: 0.0, ..SPEC };
        assert!(image(&[bent], none).iter().all(|&v| v == 0));
    }

    #[test]
    fn buffers_keep_nothing_of_the_drawing_before() {
        let (mut brush, mut image) = (Brush::default(), [0; 28 * 28]);
        let line = strokes(&[(&[0.0, 255.0], &[0.0, 255.0])]);
        let dot = strokes(&[(&[10.0], &[10.0])]);
        brush.draw(&dot, &SPEC, &mut image).expect("a dot");
        brush.draw(&dot, &Spec { side: 2, ..SPEC }, &mut image[..4]).expect("a small dot");
        brush.draw(&line, &SPEC, &mut image).expect("a line");
        assert_eq!(fnv(&image), 0xc096_3d2a_cad9_e20e);
    }

    #[test]
    fn raw_drawings_become_255_long() {
        let mut raw = strokes(&[(&[-10.0, 500.0], &[20.0, 30.0]), (&[100.0], &[275.0])]);
        raw.simplify().expect("a size");
        assert_eq!(raw.points, [(0.0, 0.0), (255.0, 5.0), (55.0, 127.5)]);
        let mut dot = strokes(&[(&[1e9], &[-7.0])]);
        dot.simplify().expect("a dot");
        assert_eq!(dot.points, [(0.0, 0.0)]);
        for far in [f64::MAX, 5e-324] {
            assert!(strokes(&[(&[-far, far], &[0.0, 0.0])]).simplify().is_err());
        }
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        let mut none = Strokes::default();
        assert_eq!(refusal(&none, SPEC, 784), "a drawing without strokes");
        assert!(none.end().is_err());
        let dot = strokes(&[(&[1.0], &[1.0])]);
        assert_eq!(refusal(&dot, SPEC, 783), "a drawing of side 28 has no room in 783 pixels");
        assert!(refusal(&dot, Spec { side: 0, ..SPEC }, 0).starts_with("a drawing of side 0"));
        assert!(refusal(&dot, Spec { padding: -1.0, ..SPEC }, 784).starts_with("line width"));
        let far = strokes(&[(&[-1e7, 0.0], &[1.0, 1.0])]);
        assert!(refusal(&far, SPEC, 784).ends_with("65000 pixels from the image"));
        let wide = Spec { line_width: 1e9, side: 1, padding: 0.0 };
        assert!(Brush::default().draw(&dot, &wide, &mut [0]).is_ok());
    }
}
