//! The directories (IFDs) of a TIFF or BigTIFF file: finding them and reading their fields.
//!
//! Everything stays a view into the file: a field's values are read one at a time, so a strip
//! table of any length costs nothing. Offsets and counts are checked against the file here; a
//! field that points outside it is `image`.

use std::collections::HashSet;

use crate::error::{Error, Result, counted};

/// The numbers of the tags that ndpix reads.
pub(super) mod tag {
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const HEIGHT: u16 = 257;
    pub(in super::super) const BITS_PER_SAMPLE: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ORIENTATION: u16 = 274;
    pub(in super::super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const T4_OPTIONS: u16 = 292;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const COLOR_MAP: u16 = 320;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_HEIGHT: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(in super::super) const INK_SET: u16 = 332;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const JPEG_TABLES: u16 = 347;
    pub(in super::super) const XMP: u16 = 700;
    pub(in super::super) const YCBCR_COEFFICIENTS: u16 = 529;
    pub(in super::super) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(in super::super) const REFERENCE_BLACK_WHITE: u16 = 532;
}

/// Each page is looked for from the first on, so that the work grows with the square of their number:
/// this many take some seconds.
const MOST_PAGES: u32 = 1 << 14;

/// The byte order and the offset size of a file, with its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) big_endian: bool,
    big_tiff: bool,
}

/// One directory: its entries, unread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directory<'a> {
    file: File<'a>,
    entries: &'a [u8],
}

/// The values of one field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    file: File<'a>,
    kind: u16,
    /// How many values there are.
    pub(super) count: usize,
    /// The values as they lie in the file, exactly `count` of them.
    pub(super) data: &'a [u8],
}

impl<'a> File<'a> {
    /// Reads the file header and gives the file and the offset of its first directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<(Self, u64)> {
        let big_endian = match bytes.get(..2) {
            Some(b"II") => false,
            Some(b"MM") => true,
            _ => return Err(Error::unsupported("the value does not begin like a TIFF file")),
        };
        let mut file = Self { bytes, big_endian, big_tiff: false };
        let first = match file.uint(2, 2) {
            Some(42) => file.uint(4, 4),
            Some(43) => {
                file.big_tiff = true;
                file.uint(8, 8)
                    .filter(|_| file.uint(4, 4) == Some(if big_endian { 0x8_0000 } else { 8 }))
            }
            _ => return Err(Error::unsupported("the value does not begin like a TIFF file")),
        };
        first.map(|at| (file, at)).ok_or_else(|| Error::image("the TIFF header is damaged or cut"))
    }

    /// The unsigned number of `size` bytes (at most 8) at offset `at`.
    fn uint(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        Some(number(self.bytes.get(at..at.checked_add(size)?)?, self.big_endian))
    }

    /// The entries of the directory at `at` and the offset of the next one, 0 where the chain
    /// ends or is cut.
    fn directory(&self, at: u64) -> Option<(Directory<'a>, u64)> {
        let (head, entry, offset) = if self.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let count = usize::try_from(self.uint(at, head)?).ok()?;
        let start = usize::try_from(at).ok()?.checked_add(head)?;
        let end = start.checked_add(count.checked_mul(entry)?)?;
        let entries = self.bytes.get(start..end)?;
        Some((Directory { file: *self, entries }, self.uint(end as u64, offset).unwrap_or(0)))
    }

    /// The directory with this number, from 0, and how many directories the chain holds; a loop ends
    /// the count. Kind `limit` for a number over [`MOST_PAGES`].
    pub(super) fn nth_and_count(&self, first: u64, index: u32) -> Result<(Directory<'a>, u32)> {
        if index >= MOST_PAGES {
            return Err(Error::limit(format!(
                "page {index} of the TIFF: pages from number {MOST_PAGES} on are not read"
            )));
        }
        // Offsets that only grow make no loop; others are remembered to find one.
        let (found, count) = match self.walk(first, index, None) {
            Some(walked) => walked,
            None => self.walk(first, index, Some(HashSet::new())).unwrap_or_default(),
        };
        match found {
            Some(directory) => Ok((directory, count)),
            None if count == 0 => {
                Err(Error::image("the TIFF directory lies outside the file or is cut"))
            }
            None => Err(Error::shape(format!(
                "the TIFF has {}, and none with index {index}",
                counted(count as u64, "page", "pages")
            ))),
        }
    }

    /// Walks the chain: the directory with this number and how many there are. Without `seen` only
    /// as long as offsets grow, `None` where they do not.
    fn walk(
        &self,
        first: u64,
        index: u32,
        mut seen: Option<HashSet<u64>>,
    ) -> Option<(Option<Directory<'a>>, u32)> {
        let (mut found, mut count, mut at) = (None, 0, first);
        // More directories than could lie side by side overlap: no honest file.
        let most = self.bytes.len() / if self.big_tiff { 36 } else { 18 };
        while (count as usize) < most.max(1) {
            if seen.as_mut().is_some_and(|seen| !seen.insert(at)) {
                break;
            }
            let Some((directory, next)) = self.directory(at) else { break };
            if count == index {
                found = Some(directory);
            }
            count += 1;
            if next == 0 {
                break;
            }
            if seen.is_none() && next <= at {
                return None;
            }
            at = next;
        }
        Some((found, count))
    }

    /// `count` bytes at `offset`.
    pub(super) fn slice(&self, offset: u64, count: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(count).ok()?)?)
    }
}

impl<'a> Directory<'a> {
    /// The field `tag`, `None` where the directory has none.
    pub(super) fn field(&self, tag: u16) -> Result<Option<Field<'a>>> {
        let (entry, wide) = if self.file.big_tiff { (20, 8) } else { (12, 4) };
        let order = self.file.big_endian;
        let Some(entry) =
            self.entries.chunks_exact(entry).find(|e| number(&e[..2], order) == u64::from(tag))
        else {
            return Ok(None);
        };
        let kind = number(&entry[2..4], order) as u16;
        let count = number(&entry[4..4 + wide], order);
        let inline = &entry[4 + wide..];
        let data = (count.checked_mul(size_of_kind(kind) as u64)).and_then(|len| {
            if len <= wide as u64 {
                inline.get(..len as usize)
            } else {
                self.file.slice(number(inline, order), len)
            }
        });
        match data {
            Some(data) if size_of_kind(kind) > 0 => {
                Ok(Some(Field { file: self.file, kind, count: count as usize, data }))
            }
            _ => Err(Error::image(format!("TIFF field {tag} lies outside the file or is damaged"))),
        }
    }

    /// The first value of field `tag`, `default` where the directory has none.
    pub(super) fn number(&self, tag: u16, default: u64) -> Result<u64> {
        match self.field(tag)? {
            None => Ok(default),
            Some(field) => field
                .get(0)
                .ok_or_else(|| Error::image(format!("TIFF field {tag} is empty or not a number"))),
        }
    }

    /// The first value of field `tag`; kind `image` where the directory has none.
    pub(super) fn required(&self, tag: u16) -> Result<u64> {
        self.field(tag)?
            .and_then(|field| field.get(0))
            .ok_or_else(|| Error::image(format!("TIFF field {tag} is missing")))
    }
}

impl Field<'_> {
    /// Value `i` as an unsigned number; `None` past the end and for other kinds of values.
    pub(super) fn get(&self, i: usize) -> Option<u64> {
        let size = match self.kind {
            1 | 6 | 7 | 3 | 8 | 4 | 9 | 13 | 16 | 17 | 18 => size_of_kind(self.kind),
            _ => return None,
        };
        let start = i.checked_mul(size)?;
        Some(number(self.data.get(start..start.checked_add(size)?)?, self.file.big_endian))
    }

    /// Value `i` as a real number; `None` past the end and where it is none.
    pub(super) fn real(&self, i: usize) -> Option<f64> {
        if self.kind != 5 {
            return self.get(i).map(|n| n as f64);
        }
        let pair = self.data.get(i.checked_mul(8)?..)?.get(..8)?;
        let [above, below] = [&pair[..4], &pair[4..]].map(|n| number(n, self.file.big_endian));
        (below != 0).then(|| above as f64 / below as f64)
    }

    /// The one value that all the values equal.
    pub(super) fn uniform(&self) -> Option<u64> {
        let first = self.get(0)?;
        (1..self.count).all(|i| self.get(i) == Some(first)).then_some(first)
    }
}

/// Bytes of one value of a field type, 0 for unknown types.
fn size_of_kind(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

/// The unsigned number that at most eight bytes spell.
fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let add = |n: u64, b: &u8| n << 8 | u64::from(*b);
    if big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}
