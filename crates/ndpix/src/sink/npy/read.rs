//! A `.npy` read row by row, as `np.save` and ndpix write it: for looking at it.

use std::path::Path;

use crate::error::Result;
use crate::sink::shown::array::{Array, Codec, Kind, Piece, Source, Stretch};

/// Longer headers are of no array that is written here.
const MOST: usize = 1 << 16;

/// The array of a file.
///
/// # Errors
/// Kind `io` where it cannot be opened, `options` where it is no such array.
pub(crate) fn open(path: &Path) -> Result<Array> {
    let source = Source::open(path)?;
    let refused = |why: &str| source.refused(why);
    of(Piece::new(&source, 0, source.len, Codec::Plain)?, &refused)
}

/// The array that these bytes are.
///
/// # Errors
/// Kind `options`, as `refused` makes it, where they are none.
pub(crate) fn of(piece: Piece, refused: &dyn Fn(&str) -> crate::error::Error) -> Result<Array> {
    let mut head = [0; 12];
    let read = piece.fill(0, &mut head);
    let (from, len) = match (&head[..8], read) {
        (b"\x93NUMPY\x01\x00", Ok(())) => (10, usize::from(u16::from_le_bytes([head[8], head[9]]))),
        (b"\x93NUMPY\x02\x00" | b"\x93NUMPY\x03\x00", Ok(())) => {
            (12, u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize)
        }
        _ => return Err(refused("it does not begin as a .npy does")),
    };
    if len > MOST {
        return Err(refused("its header is too long"));
    }
    let mut header = vec![0; len];
    piece.fill(from, &mut header)?;
    let (descr, shape) = parse(&String::from_utf8_lossy(&header))
        .ok_or_else(|| refused("its header is not that of an array in C order"))?;
    let body = Behind { piece, start: from + len as u64 };
    Array::new(Kind::of_descr(&descr), &shape, Box::new(body)).map_err(refused)
}

/// What follows the header.
struct Behind {
    piece: Piece,
    start: u64,
}

impl Stretch for Behind {
    fn fill(&self, at: u64, buf: &mut [u8]) -> Result<()> {
        self.piece.fill(at.saturating_add(self.start), buf)
    }
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
