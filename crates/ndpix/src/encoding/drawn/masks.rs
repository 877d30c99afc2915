//! Run lengths in the spellings of COCO, Label Studio, CVAT and Kaggle.
//!
//! A list of integers is what it says by itself: the runs of COCO sum to the pixels of the image, those of CVAT to
//! the box that stands at their end, and the bytes of a brush begin with how many they stand for. What fits none of
//! them is refused, and so is what fits two.

use super::setting::{Setting, sides};
use super::{Drawing, Pixels, What, brush, runs};
use crate::error::{Error, Result, quote};
use crate::limits::{Limits, make_room};
use crate::record::value::{self, Kind};

/// Whether an object is run lengths as COCO has them.
pub(crate) fn is_runs(object: &[u8]) -> bool {
    let [Some(size), Some(counts)] = value::members(object, ["size", "counts"]) else {
        return false;
    };
    sides(size).is_some() && matches!(value::kind(counts), Kind::String | Kind::Array)
}

/// How many pixels there are.
fn area(pixels: Pixels) -> u64 {
    pixels.shape.iter().map(|&side| side as u64).product()
}

/// The box at the end of a list, where it lies in the image and the runs before it fill it.
fn boxed(runs: &[u32], height: usize, width: usize) -> Option<[u32; 4]> {
    let (runs, &[left, top, right, bottom]) = runs.split_last_chunk::<4>()?;
    let columns = right.checked_sub(left)? as usize + 1;
    let rows = bottom.checked_sub(top)? as usize + 1;
    let inside = (right as usize) < width && (bottom as usize) < height;
    (inside && runs::check(runs, rows, columns).is_ok()).then_some([left, top, right, bottom])
}

impl Drawing {
    /// Reads run lengths: an object of COCO, its counts, a list of CVAT or of Label Studio, a text of Kaggle.
    ///
    /// # Errors
    /// Kind `field` for another type, `encoding` for counts that are damaged, `shape` where they do not sum to the
    /// image, `limit`.
    pub(in crate::encoding) fn read_runs(
        &mut self,
        value: &[u8],
        setting: &Setting,
        limits: &Limits,
        text: &mut Vec<u8>,
    ) -> Result<Pixels> {
        match value::kind(value) {
            Kind::Object => {
                let [size, counts, rle] = value::members(value, ["size", "counts", "rle"]);
                let Some(counts) = counts else {
                    // The value of Label Studio.
                    return match rle.filter(|rle| value::kind(rle) == Kind::Array) {
                        Some(rle) => self.read_list(rle, setting, limits),
                        None => {
                            Err(Error::field("an object without run lengths under counts or rle"))
                        }
                    };
                };
                let own = match size {
                    None => None,
                    Some(size) => Some(sides(size).ok_or_else(|| {
                        Error::shape("size is not a height and a width, as COCO has them")
                    })?),
                };
                let setting = Setting { size: own.or(setting.size), ..*setting };
                match value::kind(counts) {
                    Kind::String => self.read_text(counts, &setting, limits, text),
                    Kind::Array => {
                        let pixels = self.mask(&setting, limits)?;
                        self.integers(counts)?;
                        self.columns(pixels)
                    }
                    other => Err(Error::field(format!(
                        "expected a string or a list as counts, found {}",
                        other.name()
                    ))),
                }
            }
            Kind::String if value == b"\"\"" => {
                // Kaggle's mask of nothing.
                let pixels = self.mask(setting, limits)?;
                runs::from_pairs(b"", area(pixels), &mut self.runs)?;
                self.columns(pixels)
            }
            Kind::String => self.read_text(value, setting, limits, text),
            Kind::Array => self.read_list(value, setting, limits),
            other => Err(Error::field(format!("expected run lengths, found {}", other.name()))),
        }
    }

    /// Counts of COCO as text, or the numbers of Kaggle, which have blanks between them.
    fn read_text(
        &mut self,
        value: &[u8],
        setting: &Setting,
        limits: &Limits,
        text: &mut Vec<u8>,
    ) -> Result<Pixels> {
        let text = value::unescape(value, text);
        let pixels = self.mask(setting, limits)?;
        match text.trim_ascii().iter().any(u8::is_ascii_whitespace) {
            true => runs::from_pairs(text, area(pixels), &mut self.runs)?,
            false => runs::from_text(text, &mut self.runs)?,
        }
        self.columns(pixels)
    }

    /// A list of integers.
    fn read_list(&mut self, list: &[u8], setting: &Setting, limits: &Limits) -> Result<Pixels> {
        let pixels = self.mask(setting, limits)?;
        let (height, width) = (pixels.shape[0], pixels.shape[1]);
        self.integers(list)?;
        let columns = runs::check(&self.runs, height, width).is_ok();
        let within = boxed(&self.runs, height, width);
        self.bytes.clear();
        let bytes = self.runs.iter().map_while(|&run| u8::try_from(run).ok());
        make_room(&mut self.bytes, self.runs.len())?;
        self.bytes.extend(bytes);
        let whole = self.bytes.len() == self.runs.len();
        let brush = whole && brush::check(&self.bytes, height, width).is_ok();
        self.what = match (columns, within, brush) {
            (true, None, false) => What::Columns,
            (false, Some(within), false) => {
                self.runs.truncate(self.runs.len() - 4);
                What::Box(within)
            }
            (false, None, true) => What::Brush,
            (false, None, false) => {
                return Err(Error::shape(format!(
                    "{} integers are no run lengths of an image of {height}x{width}: they do not sum to its pixels (COCO), do not end with the box that they fill (CVAT), and do not begin with the length of a brush (Label Studio)",
                    self.runs.len()
                )));
            }
            _ => {
                return Err(Error::shape(
                    "integers that may be the run lengths of two programs; give an object with size and counts",
                ));
            }
        };
        Ok(pixels)
    }

    /// Takes the run lengths as those of columns.
    fn columns(&mut self, pixels: Pixels) -> Result<Pixels> {
        runs::check(&self.runs, pixels.shape[0], pixels.shape[1])?;
        self.what = What::Columns;
        Ok(pixels)
    }

    /// Reads integers that are none of them negative.
    fn integers(&mut self, list: &[u8]) -> Result<()> {
        for text in value::elements(list) {
            let number =
                (value::kind(text) == Kind::Number).then(|| value::integer(text)).flatten();
            let run = number.ok_or_else(|| {
                Error::shape(format!("{} is not a run length, which is an integer", quote(text)))
            });
            let run = runs::length(run?)?;
            make_room(&mut self.runs, 1)?;
            self.runs.push(run);
        }
        Ok(())
    }
}
