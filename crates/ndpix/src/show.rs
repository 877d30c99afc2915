//! `show`: rows of an output as they are there, with where they came from.

use std::fmt;
use std::path::Path;

use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result};
use crate::format::Color;
use crate::page::{CELLS, Lie, beside, thumb};
use crate::shape::Shape;
use crate::sink::origins::{Origin, Origins};
use crate::sink::shown::Arrays;

/// More bytes of pixels than this are not shown at once.
const MOST_BYTES: usize = 256 << 20;
/// The longer side of a row in a PNG file.
const SIDE: usize = 1024;

/// A row of an output. As text it is a line for people.
#[derive(Debug)]
pub struct Shown {
    /// Its number.
    pub row: u64,
    /// Its shape.
    pub shape: Shape,
    /// Its dtype.
    pub dtype: DType,
    /// The row: C-order, little-endian.
    pub pixels: Vec<u8>,
    /// Where it came from; `None` where there is no row map, and row i is record i of one input.
    pub origin: Option<Origin>,
}

/// Reads these rows of an output: an `.npy`, or a folder of shards.
///
/// ```
/// use ndpix::Options;
/// let folder = tempfile::tempdir()?;
/// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": 7}\n{\"image\": [[3, 4]]}\n")?;
/// ndpix::convert(&[&records], &out, &Options::default().with("field", "image")?.with("dtype", "uint8")?)?;
///
/// let shown = ndpix::show(&out, &[1])?;
/// assert_eq!(shown[0].pixels, [3, 4]);
/// assert_eq!(shown[0].origin.as_ref().map(|o| (o.line, o.byte)), Some((3, 33)));
/// assert!(shown[0].to_string().starts_with("row 1  (1, 2) uint8  "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Kind `options` for a row that is not there and an output that cannot be read so; `limit` where the rows are
/// more than 256 MiB together; `io`.
pub fn show(out: &Path, rows: &[u64]) -> Result<Vec<Shown>> {
    let arrays = Arrays::open(out)?;
    let (dtype, order) = DType::parse(&arrays.descr)
        .ok_or_else(|| refused(out, &format!("its dtype is {}", arrays.descr)))?;
    if order == Some(ByteOrder::Big) {
        return Err(refused(out, "its numbers are big-endian"));
    }
    let shape = Shape::new(&arrays.item)?;
    let len = shape.bytes(dtype)?;
    if len.checked_mul(rows.len()).is_none_or(|all| all > MOST_BYTES) {
        return Err(Error::limit(format!(
            "{} rows of {shape} {dtype} are more than is shown at once; name fewer",
            rows.len()
        )));
    }
    let origins = Origins::of(out)?;
    let shown = |&row: &u64| {
        if row >= arrays.rows {
            return Err(Error::options(format!(
                "{} has {} rows, from 0, and no row {row}",
                out.display(),
                arrays.rows
            )));
        }
        let origin = origins.as_ref().map(|origins| origins.row(row)).transpose()?;
        Ok(Shown { row, shape, dtype, pixels: arrays.row(row, len)?, origin })
    };
    rows.iter().map(shown).collect()
}

fn refused(out: &Path, why: &str) -> Error {
    Error::options(format!("{} cannot be shown: {why}", out.display()))
}

impl Shown {
    /// The row as a PNG file, at most 1,024 pixels wide and high; `None` for what is no picture. Of deep numbers the
    /// least is black and the greatest white.
    pub fn png(&self) -> Option<Vec<u8>> {
        thumb(&self.shape, self.dtype, self.color(), self.lie(), &self.pixels, SIDE)?.png()
    }

    /// Rows as pictures for a terminal of so many columns, beside each other: half blocks in 24-bit colour.
    pub fn preview(all: &[Self], columns: usize) -> String {
        let picture = |shown: &Self| {
            let thumb =
                thumb(&shown.shape, shown.dtype, shown.color(), shown.lie(), &shown.pixels, CELLS)?;
            Some((thumb, format!("row {}", shown.row)))
        };
        beside(&all.iter().filter_map(picture).collect::<Vec<_>>(), columns)
    }

    /// Channels stand first where the last axis cannot be theirs.
    fn lie(&self) -> Lie {
        let planes = matches!(self.shape[..], [1 | 3 | 4, _, width] if width > 4);
        Lie { planes, bgr: false }
    }

    fn color(&self) -> Color {
        match (&self.shape[..], self.lie().planes) {
            (&[_, _, 2], false) => Color::GrayAlpha,
            (&[_, _, 3], false) | (&[3, _, _], true) => Color::Rgb,
            (&[_, _, 4], false) | (&[4, _, _], true) => Color::Rgba,
            _ => Color::Gray,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}  {} {}  ", self.row, self.shape, self.dtype)?;
        let Some(origin) = &self.origin else {
            return write!(f, "record {} of the input, in order", self.row + 1);
        };
        match &origin.file {
            Some(file) => write!(f, "{file}:{}", origin.line)?,
            None => write!(f, "line {}", origin.line)?,
        }
        write!(f, ", byte {}, item {}", origin.byte, origin.item)?;
        if !origin.valid {
            f.write_str(", the fill value")?;
        }
        Ok(())
    }
}
