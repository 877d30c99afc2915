//! Pages: some rows of a column, with the levels that say which are lists and which are missing.
//!
//! Parquet has no integers below 32 bits, and widening them would make four bytes of each pixel. A
//! dictionary of all their values in order has numbers of exactly 8 or 16 bits, and those are the
//! pixels as they are. So no pixel is looked at: pages hold the bytes that come.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::thrift::{Thrift, varint};
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::options::OutputCompression;
use crate::sink::pack::Zstd;

/// How pages are compressed.
#[derive(Clone)]
pub(super) enum Codec {
    None,
    Gzip(u32),
    Zstd(Arc<Zstd>),
}

impl Codec {
    pub(super) fn of(asked: OutputCompression) -> Self {
        match asked {
            OutputCompression::None => Self::None,
            OutputCompression::Gzip(level) => Self::Gzip(level),
            OutputCompression::Zstd(level) => Self::Zstd(Arc::new(Zstd::new(level))),
            OutputCompression::Auto => Self::Zstd(Arc::new(Zstd::new(3))),
        }
    }

    /// The number that Parquet has for it.
    pub(super) fn number(&self) -> i32 {
        match self {
            Self::None => 0,
            Self::Gzip(_) => 2,
            Self::Zstd(_) => 6,
        }
    }

    fn pack(&self, plain: Vec<u8>) -> Result<Vec<u8>> {
        let packed = match self {
            Self::None => return Ok(plain),
            Self::Zstd(zstd) => zstd.pack(&plain),
            Self::Gzip(level) => {
                let room = Vec::with_capacity(plain.len());
                let mut pen = GzEncoder::new(room, Compression::new(*level));
                pen.write_all(&plain).and_then(|()| pen.finish())
            }
        };
        packed.map_err(|e| Error::io("cannot compress a page", e))
    }
}

/// A page as it stands in the file.
pub(super) struct Page {
    pub(super) header: Vec<u8>,
    pub(super) body: Vec<u8>,
    /// How long it would be without compression.
    pub(super) plain: u64,
    pub(super) rows: u64,
    /// Values, those that are missing too.
    pub(super) values: u64,
    /// Which rows have a value, where rows may have none.
    pub(super) present: Levels,
}

/// How values are held: as they are; as numbers of a dictionary.
const PLAIN: i32 = 0;
const DICTIONARY: i32 = 8;

/// A page of this kind: its header, which `rest` ends, and its compressed body.
fn page(kind: i32, body: Vec<u8>, codec: &Codec, rest: impl FnOnce(&mut Thrift)) -> Result<Page> {
    let size = |len: usize| {
        i32::try_from(len).map_err(|_| {
            Error::limit(format!("a page of {len} bytes; Parquet has none of 2 GiB and more"))
        })
    };
    let plain = body.len();
    let mut header = Thrift::new();
    header.int(1, kind);
    header.int(2, size(plain)?);
    let packed = codec.pack(body)?;
    header.int(3, size(packed.len())?);
    rest(&mut header);
    let header = header.end();
    let plain = (header.len() + plain) as u64;
    Ok(Page { header, body: packed, plain, rows: 0, values: 0, present: Levels::default() })
}

/// A page of rows.
fn data(body: Vec<u8>, rows: u64, values: u64, encoding: i32, codec: &Codec) -> Result<Page> {
    let page = page(0, body, codec, |header| {
        header.structure(5, |t| {
            t.int(1, values as i32);
            t.int(2, encoding);
            // Levels are runs.
            t.int(3, 3);
            t.int(4, 3);
        });
    })?;
    Ok(Page { rows, values, ..page })
}

/// The page of all values of a dtype that the numbers of Parquet are too wide for, and how many there are.
pub(super) fn dictionary(dtype: DType, codec: &Codec) -> Result<Option<Page>> {
    let values: Vec<i32> = match dtype {
        DType::Uint8 => (0..=u8::MAX).map(i32::from).collect(),
        DType::Int8 => (0..=u8::MAX).map(|v| i32::from(v as i8)).collect(),
        DType::Uint16 => (0..=u16::MAX).map(i32::from).collect(),
        DType::Int16 => (0..=u16::MAX).map(|v| i32::from(v as i16)).collect(),
        _ => return Ok(None),
    };
    let body = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let page = page(2, body, codec, |header| {
        header.structure(7, |t| {
            t.int(1, values.len() as i32);
            t.int(2, PLAIN);
        });
    })?;
    Ok(Some(page))
}

/// A page of tensors, of which each has so many elements.
pub(super) fn tensors(dtype: DType, elements: usize, rows: &[u8], codec: &Codec) -> Result<Page> {
    let count = rows.len() / (elements * dtype.size()).max(1);
    let (mut lists, mut there) = (Levels::default(), Levels::default());
    for _ in 0..count {
        lists.push(0, 1);
        lists.push(1, elements as u64 - 1);
    }
    let values = (count * elements) as u64;
    there.push(2, values);
    let mut body = Vec::with_capacity(rows.len() + 8 * count + 64);
    lists.write(&mut body);
    there.write(&mut body);
    let encoding = match dtype {
        DType::Uint8 | DType::Int8 | DType::Uint16 | DType::Int16 => {
            // One run of groups of eight numbers, each as wide as an element.
            body.push(8 * dtype.size() as u8);
            varint(&mut body, values.div_ceil(8) << 1 | 1);
            body.extend_from_slice(rows);
            let padding = values.next_multiple_of(8) - values;
            body.resize(body.len() + padding as usize * dtype.size(), 0);
            DICTIONARY
        }
        DType::Bool => {
            bits(&mut body, rows.iter().map(|b| *b != 0));
            PLAIN
        }
        _ => {
            body.extend_from_slice(rows);
            PLAIN
        }
    };
    data(body, count as u64, values, encoding, codec)
}

/// The length that stands before an image that is none.
pub(super) const NONE: u32 = u32::MAX;

/// A page of image files: before each the four bytes of its length, or of [`NONE`].
pub(super) fn images(rows: &[u8], codec: &Codec) -> Result<Page> {
    let mut present = Levels::default();
    let mut values = Vec::with_capacity(rows.len());
    let mut rest = rows;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        rest = behind;
        match u32::from_le_bytes(*length) {
            NONE => present.push(0, 1),
            len => {
                present.push(1, 1);
                let (file, behind) = rest.split_at((len as usize).min(rest.len()));
                values.extend_from_slice(length);
                values.extend_from_slice(file);
                rest = behind;
            }
        }
    }
    let count = present.len();
    let mut body = Vec::with_capacity(values.len() + 64);
    present.with(|level| 2 * level).write(&mut body);
    body.extend_from_slice(&values);
    Ok(Page { present, ..data(body, count, count, PLAIN, codec)? })
}

/// The paths of image files that have none, of the rows that have a file.
pub(super) fn no_paths(present: &Levels, codec: &Codec) -> Result<Page> {
    let mut body = Vec::new();
    present.write(&mut body);
    data(body, present.len(), present.len(), PLAIN, codec)
}

/// A page of numbers that every row has.
pub(super) fn numbers(dtype: DType, rows: &[u8], codec: &Codec) -> Result<Page> {
    let count = (rows.len() / dtype.size()) as u64;
    let mut body = Vec::with_capacity(rows.len());
    match dtype {
        DType::Bool => bits(&mut body, rows.iter().map(|b| *b != 0)),
        _ => body.extend_from_slice(rows),
    }
    data(body, count, count, PLAIN, codec)
}

/// A page of a kept field.
pub(super) fn kept(column: &Column, codec: &Codec) -> Result<Page> {
    let list = matches!(column.kind, ColumnType::Ints | ColumnType::Floats);
    let (mut lists, mut there) = (Levels::default(), Levels::default());
    for (row, &valid) in column.valid.iter().enumerate() {
        let length = column.value(row).len() as u64 / 8;
        match (list, valid) {
            (true, true) if length > 0 => there.push(3, length),
            _ => there.push(u8::from(valid), 1),
        }
        lists.push(0, 1);
        lists.push(1, length.saturating_sub(1));
    }
    let mut body = Vec::with_capacity(column.values.len() + 5 * column.len() + 64);
    if list {
        lists.write(&mut body);
    }
    there.write(&mut body);
    let values = (0..column.len()).filter(|row| column.valid[*row]).map(|row| column.value(row));
    match column.kind {
        ColumnType::Bool => bits(&mut body, values.map(|value| value != [0])),
        ColumnType::Text | ColumnType::Json => values.for_each(|text| {
            body.extend_from_slice(&(text.len() as u32).to_le_bytes());
            body.extend_from_slice(text);
        }),
        _ => values.for_each(|value| body.extend_from_slice(value)),
    }
    data(body, column.len() as u64, there.len(), PLAIN, codec)
}

/// Appends booleans, eight to a byte, the first in the lowest bit.
fn bits(out: &mut Vec<u8>, values: impl Iterator<Item = bool>) {
    for (i, value) in values.enumerate() {
        if i % 8 == 0 {
            out.push(0);
        }
        if let Some(last) = out.last_mut() {
            *last |= u8::from(value) << (i % 8);
        }
    }
}

/// Levels of values, as runs of equal ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Levels {
    runs: Vec<(u8, u64)>,
}

impl Levels {
    /// Appends a level so many times.
    pub(super) fn push(&mut self, level: u8, times: u64) {
        match self.runs.last_mut() {
            _ if times == 0 => {}
            Some(last) if last.0 == level => last.1 += times,
            _ => self.runs.push((level, times)),
        }
    }

    /// Appends all of another.
    pub(super) fn extend(&mut self, other: &Self) {
        other.runs.iter().for_each(|(level, times)| self.push(*level, *times));
    }

    fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.1).sum()
    }

    /// The same with other levels.
    fn with(&self, level: impl Fn(u8) -> u8) -> Self {
        Self { runs: self.runs.iter().map(|run| (level(run.0), run.1)).collect() }
    }

    /// Appends them as a page has them: their length in bytes, then run behind run.
    fn write(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        for (level, times) in &self.runs {
            varint(out, times << 1);
            out.push(*level);
        }
        let len = (out.len() - at - 4) as u32;
        out[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows the header, of a page that is not compressed.
    fn body(page: Result<Page>) -> Vec<u8> {
        page.expect("a page").body
    }

    #[test]
    fn pixels_are_numbers_of_a_dictionary() {
        // Two rows of three: a list begins where the level is 0, and every element is there.
        let levels = [8, 0, 0, 0, 2, 0, 4, 1, 2, 0, 4, 1, 2, 0, 0, 0, 12, 2];
        let page = tensors(DType::Uint8, 3, &[7, 8, 9, 10, 11, 255], &Codec::None);
        let want = [&levels[..], &[8, 3], &[7, 8, 9, 10, 11, 255, 0, 0]].concat();
        assert_eq!(body(page), want);
        let page = tensors(DType::Bool, 3, &[1, 0, 0, 1, 1, 0], &Codec::None);
        assert_eq!(body(page), [&levels[..], &[0b01_1001]].concat());
        let page = dictionary(DType::Int8, &Codec::None).expect("a page").expect("one");
        assert_eq!((page.body.len(), &page.body[4 * 255..]), (1024, &[255; 4][..]));
        assert!(dictionary(DType::Float16, &Codec::None).expect("a page").is_none());
    }

    #[test]
    fn files_have_their_length_before_them() {
        let rows = [&2u32.to_le_bytes()[..], b"ab", &NONE.to_le_bytes(), &0u32.to_le_bytes()];
        let page = images(&rows.concat(), &Codec::None).expect("a page");
        assert_eq!((page.rows, &page.present.runs), (3, &vec![(1, 1), (0, 1), (1, 1)]));
        let levels = [6, 0, 0, 0, 2, 2, 2, 0, 2, 2];
        assert_eq!(page.body, [&levels[..], &[2, 0, 0, 0, b'a', b'b', 0, 0, 0, 0]].concat());
        let paths = no_paths(&page.present, &Codec::None);
        assert_eq!(body(paths), [6, 0, 0, 0, 2, 1, 2, 0, 2, 1]);
    }

    #[test]
    fn what_is_missing_is_in_the_levels_alone() {
        let column = |kind, rows: &[Option<&[u8]>]| {
            let mut column = Column::new("c".into(), kind);
            rows.iter().for_each(|row| column.push(*row));
            kept(&column, &Codec::None)
        };
        let one = 1i64.to_le_bytes();
        let page = column(ColumnType::Int64, &[Some(&one), None, Some(&one)]);
        assert_eq!(body(page), [&[6, 0, 0, 0, 2, 1, 2, 0, 2, 1], &one[..], &one].concat());
        let page = column(ColumnType::Text, &[None, Some(b"no"), Some(b"")]);
        let text = [2, 0, 0, 0, b'n', b'o', 0, 0, 0, 0];
        assert_eq!(body(page), [&[4, 0, 0, 0, 2, 0, 4, 1][..], &text].concat());
        let page = column(ColumnType::Bool, &[Some(&[1]), None, Some(&[0]), Some(&[1])]);
        assert_eq!(body(page), [6, 0, 0, 0, 2, 1, 2, 0, 4, 1, 0b101]);
        // Nothing, an empty list, a list of two.
        let two = [one, one].concat();
        let page = column(ColumnType::Ints, &[None, Some(b""), Some(&two)]).expect("a page");
        assert_eq!((page.rows, page.values), (3, 4));
        let lists = [4, 0, 0, 0, 6, 0, 2, 1];
        assert_eq!(page.body, [&lists[..], &[6, 0, 0, 0, 2, 0, 2, 1, 4, 3], &two].concat());
    }
}
