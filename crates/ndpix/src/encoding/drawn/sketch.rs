//! Strokes in the spellings of Quick, Draw! and of programs that list points.

use super::lists::number;
use super::setting::Setting;
use super::strokes::{Spec, Strokes};
use super::{Drawing, Pixels, What};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// How large drawings are drawn where nothing is asked for: as the bitmaps that go with Quick, Draw! are.
const SIDE: usize = 28;
/// The width of the line, and the room around the drawing, in units of its square of 256 (encodings.md 4.5).
const LINE: f64 = 16.0;

/// Whether strokes have another extent than simplified ones.
pub(crate) fn is_raw(value: &[u8]) -> bool {
    let (mut text, mut strokes) = (Vec::new(), Strokes::default());
    let found = listed(value, &mut text).and_then(|list| read(list, true, &mut strokes));
    found.is_ok() && strokes.beyond().is_some()
}

impl Drawing {
    /// Reads strokes: lists of x and of y, and of times, which are passed over; or lists of points. They may be JSON
    /// text in a string. `raw` ones are brought to an extent of 255 first.
    ///
    /// # Errors
    /// Kind `field` for another type, `shape` for strokes that are none.
    pub(in crate::encoding) fn read_strokes(
        &mut self,
        value: &[u8],
        setting: &Setting,
        raw: bool,
        limits: &Limits,
        text: &mut Vec<u8>,
    ) -> Result<Pixels> {
        let side = match setting.side {
            None => SIDE,
            Some([height, width]) if height == width => height,
            Some([height, width]) => {
                return Err(Error::shape(format!(
                    "strokes are drawn on a square, not on {height}x{width}; give size {height},{height}"
                )));
            }
        };
        let pixels = self.begin(side, side, limits)?;
        self.strokes.clear();
        read(listed(value, text)?, setting.sketch, &mut self.strokes)?;
        if raw {
            self.strokes.simplify()?;
        } else if let Some(number) = self.strokes.beyond() {
            return Err(Error::shape(format!(
                "a stroke with coordinate {number}, where simplified strokes have 0 to 255; pass encoding strokes-raw to bring drawings of any extent to it"
            )));
        }
        self.what = What::Strokes;
        Ok(pixels)
    }
}

/// How strokes are drawn on a square of this side.
pub(super) fn spec(side: usize) -> Spec {
    Spec { side, line_width: LINE, padding: LINE }
}

/// The list of strokes, also of a string that holds it.
fn listed<'a>(value: &'a [u8], text: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let list = match value::kind(value) {
        Kind::String => {
            let text = value::unescape(value, text);
            scan(text, &Query::default(), &mut Hits::default())?;
            text
        }
        _ => value,
    };
    match value::kind(list) {
        Kind::Array => Ok(list),
        other => Err(Error::field(format!("expected a list of strokes, found {}", other.name()))),
    }
}

/// Reads a list of strokes.
fn read(list: &[u8], sketch: bool, strokes: &mut Strokes) -> Result<()> {
    let is_points = points(list, sketch)?;
    for stroke in value::elements(list) {
        if is_points {
            for point in value::elements(stroke) {
                let mut point = value::elements(point);
                strokes.point(
                    number(point.next().unwrap_or_default())?,
                    number(point.next().unwrap_or_default())?,
                )?;
            }
        } else {
            coordinates(stroke, strokes)?;
        }
        strokes.end()?;
    }
    if strokes.is_empty() { Err(Error::shape("a drawing without strokes")) } else { Ok(()) }
}

/// Whether strokes are lists of points, and not of coordinates.
///
/// # Errors
/// Kind `shape` where nothing says which, and for what is neither.
fn points(list: &[u8], sketch: bool) -> Result<bool> {
    let (mut points, mut coordinates, mut many) = (true, true, false);
    for stroke in value::elements(list) {
        let lengths = || value::elements(stroke).map(|list| value::elements(list).count());
        let all = lengths().count();
        points &= lengths().all(|n| n == 2) || lengths().all(|n| n == 3);
        coordinates &= (2..=3).contains(&all);
        many |= all > 3;
    }
    match (points, coordinates) {
        _ if sketch => Ok(false),
        (false, true) => Ok(false),
        (true, false) if many => Ok(true),
        (true, _) => Err(Error::shape(
            "strokes of three points or fewer may be lists of points or of coordinates; only beside word and key_id, as Quick, Draw! has them, they are x and y",
        )),
        (false, false) => Err(Error::shape(
            "a stroke is a list of x and a list of y, equally long, or a list of points",
        )),
    }
}

/// Reads a stroke of a list of x, a list of y, and perhaps one of times.
fn coordinates(stroke: &[u8], strokes: &mut Strokes) -> Result<()> {
    let mut parts = value::elements(stroke);
    let (Some(xs), Some(ys)) = (parts.next(), parts.next()) else {
        return Err(Error::shape("a stroke without a list of x and a list of y"));
    };
    let (mut xs, mut ys) = (value::elements(xs), value::elements(ys));
    let mut times = parts.next().map(value::elements);
    if parts.next().is_some() {
        return Err(Error::shape("a stroke of more lists than x, y and times"));
    }
    loop {
        let time = times.as_mut().map(|times| times.next().is_some());
        match (xs.next(), ys.next()) {
            (None, None) if time != Some(true) => return Ok(()),
            (Some(x), Some(y)) if time != Some(false) => strokes.point(number(x)?, number(y)?)?,
            _ => return Err(Error::shape("a stroke whose lists are not equally long")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(list: &str, sketch: bool) -> std::result::Result<Vec<Vec<(f64, f64)>>, String> {
        let mut strokes = Strokes::default();
        read(list.as_bytes(), sketch, &mut strokes).map_err(|e| e.message().to_string())?;
        Ok(strokes.each().map(<[(f64, f64)]>::to_vec).collect())
    }

    #[test]
    fn coordinates_and_points() {
        let two = Ok(vec![vec![(1.0, 3.0), (2.0, 4.0)]]);
        assert_eq!(all("[[[1,2],[3,4]]]", true), two);
        assert_eq!(all("[[[1,2],[3,4],[0,9]]]", true), two);
        let four = Ok(vec![vec![(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0)]]);
        assert_eq!(all("[[[1,2],[3,4],[5,6],[7,8]]]", false), four);
        assert_eq!(all("[[[1,2,0],[3,4,0],[5,6,0],[7,8,0]]]", false), four);
        assert_eq!(all("[[[1,3,5,7],[2,4,6,8]]]", false), four);
        assert!(all("[[[1,2],[3,4]]]", false).is_err_and(|said| said.contains("word and key_id")));
    }

    #[test]
    fn strokes_that_are_none() {
        for bad in [
            "[]",
            "[[]]",
            "[[[],[]]]",
            "[[[1,2],[3]]]",
            "[[[1,2]]]",
            "[[[\"1\"],[2]]]",
            "[[1,2],[3,4]]",
            "[[[1],[2],[]]]",
            "[[[1],[2],[3],[4]]]",
            "[null]",
        ] {
            assert!(all(bad, true).is_err(), "{bad}");
        }
        assert!(is_raw(b"[[[0,256],[0,1]]]") && !is_raw(b"[[[0,255],[0,1],[0,999]]]"));
    }
}
