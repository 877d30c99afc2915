//! `show`: rows of an output as they are there, with where they came from.

use std::fmt;
use std::path::Path;

use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result, counted};
use crate::format::Color;
use crate::options::Options;
use crate::page::{CELLS, Lie, beside, thumb};
use crate::shape::Shape;
use crate::sink::origins::{Origin, Origins};
use crate::sink::shown::array::MOST_BYTES;
use crate::sink::shown::{Arrays, Held};

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
    /// The row: C-order, little-endian. Of an output of image files the image, decoded.
    pub pixels: Vec<u8>,
    /// Where it came from; `None` where there is no row map.
    pub origin: Option<Origin>,
    /// Its columns and their values as words: JSON, cut where it is long.
    pub columns: Vec<(String, String)>,
    /// Columns beyond those.
    more: usize,
    lie: Lie,
    /// Whether it is an image, and not the fill value.
    valid: bool,
    /// Whether no row map means that row i is record i of one input, unless the run was not to write one.
    in_order: bool,
}

/// Reads these rows of an output, as ndpix writes it, or of an `.npy` that another program wrote.
///
/// ```
/// use ndpix::Options;
/// let folder = tempfile::tempdir()?;
/// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npz"));
/// std::fs::write(&records, "{\"image\": [[1, 2]], \"label\": 5}\n{\"image\": 7}\n{\"image\": [[3, 4]], \"label\": 6}\n")?;
/// let options = Options::default().with("field", "image")?.with("dtype", "uint8")?;
/// ndpix::convert(&[&records], &out, &options.with("columns", "label")?)?;
///
/// let shown = ndpix::show(&out, &[1])?;
/// assert_eq!(shown[0].pixels, [3, 4]);
/// assert_eq!(shown[0].columns, [("label".to_string(), "6".to_string())]);
/// assert_eq!(shown[0].origin.as_ref().map(|o| (o.line, o.byte)), Some((3, 45)));
/// assert!(shown[0].to_string().starts_with("row 1  (1, 2) uint8  label=6  "), "{}", shown[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Kind `options` for a row that is not there and for what is no such output; `limit` where the rows are
/// more than 256 MiB together; `io`.
pub fn show(out: &Path, rows: &[u64]) -> Result<Vec<Shown>> {
    let named = |error: Error| match error.kind() {
        ErrorKind::Options if !error.message().contains(" cannot be shown: ") => {
            refused(out, error.message())
        }
        _ => error,
    };
    let arrays = Arrays::open(out).map_err(named)?;
    let count = arrays.rows().map_err(named)?;
    if let Some((axes, dtype)) = arrays.form().map_err(named)? {
        let shape = Shape::new(axes)?;
        let len = shape.bytes(dtype)?;
        if len.checked_mul(rows.len()).is_none_or(|all| all > MOST_BYTES) {
            return Err(Error::limit(format!(
                "{} rows of {shape} {dtype} are more than is shown at once; name fewer",
                rows.len()
            )));
        }
    }
    let origins = Origins::of(out)?;
    let mut left = MOST_BYTES;
    let mut all = Vec::with_capacity(rows.len());
    for &row in rows {
        if row >= count {
            return Err(Error::options(format!(
                "{} has {}, from 0, and no row {row}",
                out.display(),
                counted(count, "row", "rows")
            )));
        }
        let shown = one(&arrays, &origins, row).map_err(named)?;
        left = left
            .checked_sub(shown.pixels.len())
            .ok_or_else(|| Error::limit("these rows are more than is shown at once; name fewer"))?;
        all.push(shown);
    }
    Ok(all)
}

fn one(arrays: &Arrays, origins: &Origins, row: u64) -> Result<Shown> {
    let (shape, dtype, pixels, decoded) = match arrays.row(row)? {
        Held::Pixels(axes, dtype, pixels) => (Shape::new(&axes)?, dtype, pixels, false),
        Held::File(None) => (Shape::new(&[0])?, DType::Uint8, Vec::new(), true),
        Held::File(Some(file)) => {
            let value = format!("\"{}\"", base64_simd::STANDARD.encode_to_string(file));
            let image = crate::decode(value.as_bytes(), &Options::default())?;
            (Shape::new(&image.shape)?, image.dtype, image.bytes.to_vec(), true)
        }
    };
    // Channels stand first where the output says so, or where the last axis cannot be theirs.
    let is_chw = matches!(shape[..], [1 | 3 | 4, _, width] if width > 4);
    let planes = arrays.option("layout").map_or(is_chw, |layout| layout == "chw");
    let lie = match decoded {
        true => Lie::default(),
        false => Lie { planes, bgr: arrays.option("mode") == Some("BGR") },
    };
    let origin = origins.row(arrays, row)?;
    let valid = origin.as_ref().map_or(arrays.valid(row)?, |origin| origin.valid);
    let (columns, more) = arrays.words(row)?;
    let in_order = arrays.in_order;
    Ok(Shown { row, shape, dtype, pixels, origin, columns, more, lie, valid, in_order })
}

fn refused(out: &Path, why: &str) -> Error {
    Error::options(format!("{} cannot be shown: {why}", out.display()))
}

impl Shown {
    /// The row as a PNG file, at most 1,024 pixels wide and high; `None` for what is no picture. Of deep numbers the
    /// least is black and the greatest white.
    pub fn png(&self) -> Option<Vec<u8>> {
        thumb(&self.shape, self.dtype, self.color(), self.lie, &self.pixels, SIDE)?.png()
    }

    /// Rows as pictures for a terminal of so many columns, beside each other: half blocks in 24-bit colour.
    pub fn preview(all: &[Self], columns: usize) -> String {
        let picture = |shown: &Self| {
            let thumb =
                thumb(&shown.shape, shown.dtype, shown.color(), shown.lie, &shown.pixels, CELLS)?;
            Some((thumb, format!("row {}", shown.row)))
        };
        beside(&all.iter().filter_map(picture).collect::<Vec<_>>(), columns)
    }

    fn color(&self) -> Color {
        match (&self.shape[..], self.lie.planes) {
            (&[_, _, 2], false) | (&[2, _, _], true) => Color::GrayAlpha,
            (&[_, _, 3], false) | (&[3, _, _], true) => Color::Rgb,
            (&[_, _, 4], false) | (&[4, _, _], true) => Color::Rgba,
            _ => Color::Gray,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}  {} {}  ", self.row, self.shape, self.dtype)?;
        for (name, value) in &self.columns {
            write!(f, "{}={value}  ", crate::error::brief(name))?;
        }
        if self.more > 0 {
            write!(f, "and {} columns more  ", self.more)?;
        }
        match &self.origin {
            Some(origin) => {
                match &origin.file {
                    Some(file) => write!(f, "{file}:{}", origin.line)?,
                    None => write!(f, "input {}, line {}", origin.input, origin.line)?,
                }
                write!(f, ", byte {}, item {}", origin.byte, origin.item)?;
            }
            // Nothing in an `.npy` tells what `rows never` and another program leave out from rows in order.
            None if self.in_order => write!(
                f,
                "record {} of the input, in order, unless a run with rows never or another program wrote it",
                self.row + 1
            )?,
            None => f.write_str("no row map says where it came from")?,
        }
        if !self.valid {
            f.write_str(", the fill value")?;
        }
        Ok(())
    }
}
