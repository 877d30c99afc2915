//! The lines by which the numbers of frames become quantities: what a data set says of all of them and of each.

use super::elements::Place;
use crate::dtype::DType;
use crate::error::Result;
use crate::format::Rescale;
use crate::limits::make_room;

/// Both numbers of a line, where they are said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line {
    pub(super) slope: Option<f64>,
    pub(super) intercept: Option<f64>,
}

/// What is said at every place.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    top: Line,
    shared: Line,
    /// Of the frames of which something is said, with their numbers, in the order of the file.
    frames: Vec<(u32, Line)>,
}

impl Lines {
    /// Where the numbers of a place are kept.
    pub(super) fn at(&mut self, place: Place) -> Result<&mut Line> {
        let number = match place {
            Place::Top => return Ok(&mut self.top),
            Place::Shared => return Ok(&mut self.shared),
            Place::Frame(number) => number,
        };
        let last = match self.frames.len().checked_sub(1) {
            Some(last) if self.frames[last].0 == number => last,
            _ => {
                make_room(&mut self.frames, 1)?;
                self.frames.push((number, Line::default()));
                self.frames.len() - 1
            }
        };
        Ok(&mut self.frames[last].1)
    }

    /// The line of a frame: that of the innermost place that says both numbers. One alone is none, as in pydicom.
    pub(super) fn of(&self, frame: u32) -> Option<Rescale> {
        let found = self.frames.binary_search_by_key(&frame, |(number, _)| *number);
        let own = found.map_or(Line::default(), |at| self.frames[at].1);
        let both = |line: &Line| line.slope.zip(line.intercept);
        let (slope, intercept) = [own, self.shared, self.top].iter().find_map(both)?;
        Some(Rescale { slope, intercept, blank: None, dtype: DType::Float64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_both_numbers_at_one_place() {
        let both = |slopes: [Option<f64>; 3], intercepts: [Option<f64>; 3]| {
            let mut lines = Lines::default();
            let places = [Place::Top, Place::Shared, Place::Frame(7)];
            for ((place, slope), intercept) in places.into_iter().zip(slopes).zip(intercepts) {
                *lines.at(place).expect("room") = Line { slope, intercept };
            }
            lines.of(7).map(|line| (line.slope, line.intercept))
        };
        let (none, one, two) = (None, Some(1.0), Some(2.0));
        for (slopes, intercepts, wanted) in [
            ([two, none, none], [none, none, none], None),
            ([none, none, none], [two, none, none], None),
            ([two, none, none], [none, one, none], None),
            ([two, none, none], [one, none, none], Some((2.0, 1.0))),
            ([two, one, none], [one, two, none], Some((1.0, 2.0))),
            ([two, one, two], [one, two, two], Some((2.0, 2.0))),
            ([two, none, one], [one, none, none], Some((2.0, 1.0))),
        ] {
            assert_eq!(both(slopes, intercepts), wanted, "{slopes:?} {intercepts:?}");
        }
    }

    #[test]
    fn each_frame_has_its_own() {
        let mut lines = Lines::default();
        *lines.at(Place::Top).expect("room") = Line { slope: Some(1.0), intercept: Some(0.0) };
        for number in [1, 4, 9] {
            lines.at(Place::Frame(number)).expect("room").slope = Some(number.into());
            lines.at(Place::Frame(number)).expect("room").intercept = Some(-1.0);
        }
        for frame in 0..12 {
            let wanted = if [1, 4, 9].contains(&frame) { (frame.into(), -1.0) } else { (1.0, 0.0) };
            let line = lines.of(frame).expect("a line");
            assert_eq!((line.slope, line.intercept), wanted, "{frame}");
            assert_eq!((line.dtype, line.changes()), (DType::Float64, wanted.1 != 0.0));
        }
    }
}
