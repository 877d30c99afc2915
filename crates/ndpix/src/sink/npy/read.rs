//! A `.npy` read row by row, as `np.save` and ndpix write it: for looking at it.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::os::FileAt;

/// Longer headers are of no array that is written here.
const MOST: usize = 1 << 16;

/// An array on a disk.
#[derive(Debug)]
pub(crate) struct Rows {
    file: File,
    path: PathBuf,
    /// Where its first row begins.
    start: u64,
    /// The dtype as it stands in the header, without quotes where it is a word.
    pub(crate) descr: String,
    pub(crate) rows: u64,
    /// The axes of a row.
    pub(crate) item: Vec<usize>,
}

impl Rows {
    /// Opens it and reads its header.
    ///
    /// # Errors
    /// Kind `io` where it cannot be opened, `options` where it is no such array.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let what = || format!("cannot read {}", path.display());
        // A pipe would never open.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(no_array(path, "it is no file"));
        }
        let file = File::open(path).map_err(|e| Error::io(what(), e))?;
        let mut head = vec![0; 12];
        let read = file.read_exact_at(&mut head, 0);
        let (from, len) = match (&head[..8], read) {
            (b"\x93NUMPY\x01\x00", Ok(())) => {
                (10, usize::from(u16::from_le_bytes([head[8], head[9]])))
            }
            (b"\x93NUMPY\x02\x00" | b"\x93NUMPY\x03\x00", Ok(())) => {
                (12, u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize)
            }
            _ => return Err(no_array(path, "it does not begin as a .npy does")),
        };
        if len > MOST {
            return Err(no_array(path, "its header is too long"));
        }
        let mut header = vec![0; len];
        file.read_exact_at(&mut header, from).map_err(|e| Error::io(what(), e))?;
        let (descr, shape) = parse(&String::from_utf8_lossy(&header))
            .ok_or_else(|| no_array(path, "its header is not that of an array in C order"))?;
        let (rows, item) = shape.split_first().ok_or_else(|| no_array(path, "it has no rows"))?;
        let item = item.iter().map(|axis| usize::try_from(*axis));
        let item =
            item.collect::<Result<_, _>>().map_err(|_| no_array(path, "its rows are too large"))?;
        Ok(Self {
            file,
            path: path.to_path_buf(),
            start: from + len as u64,
            descr,
            rows: *rows,
            item,
        })
    }

    /// The bytes of a row, which are `len`.
    pub(crate) fn row(&self, row: u64, len: usize) -> Result<Vec<u8>> {
        let at = row.checked_mul(len as u64).and_then(|at| at.checked_add(self.start));
        let short = || no_array(&self.path, "it ends before this row");
        let mut bytes = crate::limits::zeros(len)?;
        match at.map(|at| self.file.read_exact_at(&mut bytes, at)) {
            Some(Ok(())) => Ok(bytes),
            Some(Err(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Err(Error::io(format_args!("cannot read {}", self.path.display()), error))
            }
            _ => Err(short()),
        }
    }
}

fn no_array(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Options, format!("{} cannot be shown: {why}", path.display()))
}

/// Dtype and shape of a header.
fn parse(header: &str) -> Option<(String, Vec<u64>)> {
    let (_, rest) = header.split_once("'descr': ")?;
    let (descr, rest) = rest.split_once(", 'fortran_order': False, 'shape': (")?;
    let (shape, _) = rest.split_once(')')?;
    let axes = shape.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    let axes = axes.map(|axis| axis.parse().ok()).collect::<Option<_>>()?;
    Some((descr.trim_matches('\'').to_string(), axes))
}
