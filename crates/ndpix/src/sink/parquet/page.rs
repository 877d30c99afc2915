//! Pages: some rows of a column, with the levels that say which are lists and which are missing.
//!
//! Parquet has no integers below 32 bits, and widening them would make four bytes of each pixel. A
//! dictionary of all their values in order has numbers of exactly 8 or 16 bits, and those are the
//! pixels as they are. So no pixel is looked at: pages hold the bytes that come.

use super::thrift::{Thrift, varint};
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::options::OutputCompression;
use crate::sink::pack::{Deflate, Spare, Wrapper, Zstd, make_room};

/// How pages are compressed, and buffers of pages that are filed.
pub(super) struct Codec {
    method: Method,
    spare: Spare<Vec<u8>>,
}

enum Method {
    None,
    Gzip(Deflate),
    Zstd(Zstd),
}

/// A buffer that is larger than this is not kept.
const KEEP: usize = 4 << 20;

impl Codec {
    pub(super) fn new(asked: OutputCompression) -> Self {
        let method = match asked {
            OutputCompression::None => Method::None,
            OutputCompression::Gzip(level) => Method::Gzip(Deflate::new(level, Wrapper::Gzip)),
            OutputCompression::Zstd(level) => Method::Zstd(Zstd::new(level)),
            OutputCompression::Auto => Method::Zstd(Zstd::new(1)),
        };
        Self { method, spare: Spare::default() }
    }

    /// The number that Parquet has for it.
    pub(super) fn number(&self) -> i32 {
        match self.method {
            Method::None => 0,
            Method::Gzip(_) => 2,
            Method::Zstd(_) => 6,
        }
    }

    /// An empty buffer, with room where there is one that was used. Every body is made in one, as every body
    /// is taken back.
    fn room(&self) -> Vec<u8> {
        self.spare.take().unwrap_or_default()
    }

    /// Takes back a buffer that is not needed any more.
    pub(super) fn done(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() <= KEEP {
            buffer.clear();
            self.spare.give(buffer);
        }
    }

    fn pack(&self, plain: Vec<u8>) -> Result<Vec<u8>> {
        let mut packed = match self.method {
            Method::None => return Ok(plain),
            Method::Gzip(_) | Method::Zstd(_) => self.room(),
        };
        match &self.method {
            Method::None => {}
            Method::Zstd(zstd) => zstd.pack(&plain, &mut packed).map_err(failed)?,
            Method::Gzip(gzip) => gzip.pack(&plain, &mut packed).map_err(failed)?,
        }
        self.done(plain);
        Ok(packed)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::io("cannot compress a page", error)
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

/// The header of a page of this kind and these sizes, which `rest` ends.
fn header(
    kind: i32,
    plain: usize,
    packed: usize,
    rest: impl FnOnce(&mut Thrift),
) -> Result<Vec<u8>> {
    let size = |len: usize| {
        i32::try_from(len).map_err(|_| {
            Error::limit(format!("a page of {len} bytes; Parquet has none of 2 GiB and more"))
        })
    };
    let mut header = Thrift::new();
    header.int(1, kind);
    header.int(2, size(plain)?);
    header.int(3, size(packed)?);
    rest(&mut header);
    Ok(header.end())
}

/// What the header of a page of so many values ends with.
fn data_header(header: &mut Thrift, values: u64, encoding: i32) {
    header.structure(5, |t| {
        t.int(1, values as i32);
        t.int(2, encoding);
        // Levels are runs.
        t.int(3, 3);
        t.int(4, 3);
    });
}

/// A page of this kind: its header, which `rest` ends, and its compressed body.
fn page(kind: i32, body: Vec<u8>, codec: &Codec, rest: impl FnOnce(&mut Thrift)) -> Result<Page> {
    let plain = body.len();
    let packed = codec.pack(body)?;
    let header = header(kind, plain, packed.len(), rest)?;
    let plain = (header.len() + plain) as u64;
    Ok(Page { header, body: packed, plain, rows: 0, values: 0, present: Levels::default() })
}

/// A page of rows.
fn data(body: Vec<u8>, rows: u64, values: u64, encoding: i32, codec: &Codec) -> Result<Page> {
    let page = page(0, body, codec, |header| data_header(header, values, encoding))?;
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
    let mut body = codec.room();
    body.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    let page = page(2, body, codec, |header| {
        header.structure(7, |t| {
            t.int(1, values.len() as i32);
            t.int(2, PLAIN);
        });
    })?;
    Ok(Some(page))
}

/// What stands before the pixels in a page of tensors, of which each has so many elements, and after them.
struct Around {
    values: u64,
    encoding: i32,
    padding: usize,
}

/// Appends the levels of so many tensors, and what else stands before their elements.
fn before(dtype: DType, elements: usize, count: usize, body: &mut Vec<u8>) -> Around {
    let (mut lists, mut there) = (Levels::default(), Levels::default());
    for _ in 0..count {
        lists.push(0, 1);
        lists.push(1, elements as u64 - 1);
    }
    let values = (count * elements) as u64;
    there.push(2, values);
    lists.write(body);
    there.write(body);
    match dtype {
        DType::Uint8 | DType::Int8 | DType::Uint16 | DType::Int16 => {
            // One run of groups of eight numbers, each as wide as an element.
            body.push(8 * dtype.size() as u8);
            varint(body, values.div_ceil(8) << 1 | 1);
            let padding = (values.next_multiple_of(8) - values) as usize * dtype.size();
            Around { values, encoding: DICTIONARY, padding }
        }
        _ => Around { values, encoding: PLAIN, padding: 0 },
    }
}

/// A page of tensors, of which each has so many elements.
pub(super) fn tensors(dtype: DType, elements: usize, rows: &[u8], codec: &Codec) -> Result<Page> {
    let count = rows.len() / (elements * dtype.size()).max(1);
    let mut body = codec.room();
    make_room(&mut body, rows.len() + 8 * count + 64).map_err(failed)?;
    let Around { values, encoding, padding } = before(dtype, elements, count, &mut body);
    match dtype {
        DType::Bool => bits(&mut body, rows.iter().map(|b| *b != 0)),
        _ => body.extend_from_slice(rows),
    }
    body.resize(body.len() + padding, 0);
    data(body, count as u64, values, encoding, codec)
}

/// A page of tensors without the tensors, where they stand in it as they are.
pub(super) struct Frame {
    /// What stands before them, the header too, and how many zeros after them.
    pub(super) head: Vec<u8>,
    pub(super) padding: usize,
    pub(super) rows: u64,
    pub(super) values: u64,
    /// Bytes of all of it.
    pub(super) len: u64,
}

/// The frame of so many tensors. Booleans have none: they are packed.
pub(super) fn frame(dtype: DType, elements: usize, count: usize) -> Result<Frame> {
    let mut body = Vec::new();
    let Around { values, encoding, padding } = before(dtype, elements, count, &mut body);
    let len = body.len() + count * elements * dtype.size() + padding;
    let mut head = header(0, len, len, |header| data_header(header, values, encoding))?;
    let len = (head.len() + len) as u64;
    head.extend_from_slice(&body);
    Ok(Frame { head, padding, rows: count as u64, values, len })
}

/// The length that stands before an image that is none.
pub(super) const NONE: u32 = u32::MAX;

/// A page of image files: before each the four bytes of its length, or of [`NONE`].
pub(super) fn images(rows: &[u8], codec: &Codec) -> Result<Page> {
    let mut present = Levels::default();
    let mut files = Vec::new();
    let mut rest = rows;
    while let Some(length) = rest.first_chunk::<4>() {
        let length = u32::from_le_bytes(*length);
        let len = if length == NONE { 0 } else { length as usize };
        let (file, later) = rest.split_at((4 + len).min(rest.len()));
        present.push(u8::from(length != NONE), 1);
        files.extend((length != NONE).then_some(file));
        rest = later;
    }
    let count = present.len();
    let mut body = codec.room();
    make_room(&mut body, rows.len() + 64).map_err(failed)?;
    present.with(|level| 2 * level).write(&mut body);
    files.into_iter().for_each(|file| body.extend_from_slice(file));
    Ok(Page { present, ..data(body, count, count, PLAIN, codec)? })
}

/// The paths of image files that have none, of the rows that have a file.
pub(super) fn no_paths(present: &Levels, codec: &Codec) -> Result<Page> {
    let mut body = codec.room();
    present.write(&mut body);
    data(body, present.len(), present.len(), PLAIN, codec)
}

/// A page of numbers that every row has.
pub(super) fn numbers(dtype: DType, rows: &[u8], codec: &Codec) -> Result<Page> {
    let count = (rows.len() / dtype.size()) as u64;
    let mut body = codec.room();
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
    let mut body = codec.room();
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

    /// The levels that [`Self::bytes`] are of.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let run = |run: &[u8; 9]| (run[0], run.last_chunk().map_or(0, |n| u64::from_le_bytes(*n)));
        Self { runs: bytes.as_chunks().0.iter().map(run).collect() }
    }

    /// They as bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let run = |(level, times): &(u8, u64)| [*level].into_iter().chain(times.to_le_bytes());
        self.runs.iter().flat_map(run).collect()
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

    /// Appends them as a page has them: their length in bytes, then run after run.
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

    fn plain() -> Codec {
        Codec::new(OutputCompression::None)
    }

    /// What follows the header, of a page that is not compressed.
    fn body(page: Result<Page>) -> Vec<u8> {
        page.expect("a page").body
    }

    #[test]
    fn pixels_are_numbers_of_a_dictionary() {
        // Two rows of three: a list begins where the level is 0, and every element is there.
        let levels = [8, 0, 0, 0, 2, 0, 4, 1, 2, 0, 4, 1, 2, 0, 0, 0, 12, 2];
        let page = tensors(DType::Uint8, 3, &[7, 8, 9, 10, 11, 255], &plain());
        let want = [&levels[..], &[8, 3], &[7, 8, 9, 10, 11, 255, 0, 0]].concat();
        assert_eq!(body(page), want);
        let frame = frame(DType::Uint8, 3, 2).expect("a frame");
        let page = tensors(DType::Uint8, 3, &[7, 8, 9, 10, 11, 255], &plain()).expect("a page");
        assert_eq!((frame.len, frame.values), (page.plain, page.values));
        assert_eq!(frame.head, [&page.header[..], &page.body[..want.len() - 8]].concat());
        let page = tensors(DType::Bool, 3, &[1, 0, 0, 1, 1, 0], &plain());
        assert_eq!(body(page), [&levels[..], &[0b01_1001]].concat());
        let page = dictionary(DType::Int8, &plain()).expect("a page").expect("one");
        assert_eq!((page.body.len(), &page.body[4 * 255..]), (1024, &[255; 4][..]));
        assert!(dictionary(DType::Float16, &plain()).expect("a page").is_none());
    }

    #[test]
    fn buffers_come_back() {
        for asked in [OutputCompression::None, OutputCompression::Gzip(1), OutputCompression::Auto]
        {
            let codec = Codec::new(asked);
            for _ in 0..10 {
                let dictionary = dictionary(DType::Uint8, &codec).expect("a page").expect("one");
                codec.done(dictionary.body);
                codec.done(tensors(DType::Uint8, 3, &[1; 300], &codec).expect("a page").body);
                codec.done(images(&[0; 400], &codec).expect("a page").body);
            }
            let held = std::iter::from_fn(|| codec.spare.take()).count();
            assert!(held <= 2, "{held} for {asked}");
        }
    }

    #[test]
    fn files_have_their_length_before_them() {
        let rows = [&2u32.to_le_bytes()[..], b"ab", &NONE.to_le_bytes(), &0u32.to_le_bytes()];
        let page = images(&rows.concat(), &plain()).expect("a page");
        assert_eq!((page.rows, &page.present.runs), (3, &vec![(1, 1), (0, 1), (1, 1)]));
        let levels = [6, 0, 0, 0, 2, 2, 2, 0, 2, 2];
        assert_eq!(page.body, [&levels[..], &[2, 0, 0, 0, b'a', b'b', 0, 0, 0, 0]].concat());
        let paths = no_paths(&page.present, &plain());
        assert_eq!(body(paths), [6, 0, 0, 0, 2, 1, 2, 0, 2, 1]);
    }

    #[test]
    fn what_is_missing_is_in_the_levels_alone() {
        let column = |kind, rows: &[Option<&[u8]>]| {
            let mut column = Column::new("c".into(), kind);
            rows.iter().for_each(|row| column.push(*row));
            kept(&column, &plain())
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
