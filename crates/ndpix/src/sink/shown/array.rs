//! An array of an output that is read again: what its rows are, and their bytes wherever they stand.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{lengthen, zeros};
use crate::os::FileAt;
use crate::sink::entry::{DESCR, ITEM};
use crate::sink::npy::file::TIMES;

/// More bytes of pixels than this are not shown at once.
pub(crate) const MOST_BYTES: usize = 256 << 20;
/// Axes of an array; more are of none that is written here.
const AXES: usize = 16;

/// The bytes of an array, in C order and little-endian.
pub(crate) trait Stretch: Send {
    /// Fills `buf` with the bytes from `at`.
    fn fill(&self, at: u64, buf: &mut [u8]) -> Result<()>;

    /// The first bytes of the text of a row, at most so many; for arrays of text alone.
    fn text(&self, row: u64, _most: usize) -> Result<Vec<u8>> {
        Err(Error::options(format!("row {row} is no text")))
    }

    /// The texts of all rows, one after another; for arrays of text alone.
    fn texts(&self) -> Texts<'_> {
        Box::new(|_| self.text(0, 0).map(drop))
    }
}

/// Values, one for each row, from the first on.
pub(crate) trait Turns {
    /// The value of the next row; none where it has none.
    fn next(&mut self) -> Result<Option<&[u8]>>;
}

/// Gives the text of the next row with each call, in the place of what the buffer held.
pub(crate) type Texts<'t> = Box<dyn FnMut(&mut Vec<u8>) -> Result<()> + 't>;

/// What an element of an array is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Number(DType),
    /// Times, where the format has them: nanoseconds since 1970.
    Time,
    /// So many code points of 4 bytes each, zeros after the end.
    Wide(usize),
    Text,
    /// An entry of a row map.
    Entry,
    /// Nothing that is shown, and what it is called.
    Other(String),
}

impl Kind {
    /// What the header of a `.npy` says of it.
    pub(crate) fn of_descr(descr: &str) -> Self {
        let width = descr.strip_prefix("<U").and_then(|width| width.parse().ok());
        // Text of two characters is no uint16, which is spelled alike but for the case.
        match (width, DType::parse(descr)) {
            (Some(width), _) => Self::Wide(width),
            (_, Some((dtype, order))) if order != Some(ByteOrder::Big) => Self::Number(dtype),
            _ if descr == DESCR => Self::Entry,
            _ if descr == TIMES => Self::Time,
            _ => Self::Other(descr.to_string()),
        }
    }

    /// Bytes of an element; of text none.
    fn size(&self) -> usize {
        match self {
            Self::Number(dtype) => dtype.size(),
            Self::Time => DType::Int64.size(),
            Self::Wide(width) => width.saturating_mul(4),
            Self::Entry => ITEM,
            Self::Text | Self::Other(_) => 0,
        }
    }
}

/// See the module.
pub(crate) struct Array {
    pub(crate) kind: Kind,
    pub(crate) rows: u64,
    /// The axes of a row.
    pub(crate) item: Vec<usize>,
    pub(crate) body: Box<dyn Stretch>,
}

impl Array {
    /// An array of this shape, its rows first.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn new(
        kind: Kind,
        shape: &[u64],
        body: Box<dyn Stretch>,
    ) -> std::result::Result<Self, &'static str> {
        let (rows, item) = shape.split_first().ok_or("it has no rows")?;
        let item: Vec<usize> = item
            .iter()
            .map(|axis| usize::try_from(*axis))
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| "its rows are too large")?;
        if item.len() >= AXES {
            return Err("it has too many axes");
        }
        Ok(Self { kind, rows: *rows, item, body })
    }

    /// The dtype of its numbers.
    ///
    /// # Errors
    /// Kind `options` where it holds none.
    pub(crate) fn dtype(&self) -> Result<DType> {
        match &self.kind {
            Kind::Number(dtype) => Ok(*dtype),
            Kind::Other(descr) if descr.starts_with('>') => {
                Err(Error::options("its numbers are big-endian"))
            }
            Kind::Other(descr) => Err(Error::options(format!("its dtype is {descr}"))),
            _ => Err(Error::options("it holds no numbers")),
        }
    }

    /// The bytes of so many rows.
    ///
    /// # Errors
    /// Kind `limit` where they are too many to be shown; `options` where they are not there; `io`.
    pub(crate) fn read(&self, row: u64, rows: u64) -> Result<Vec<u8>> {
        let mut buffer = Vec::new();
        self.append(row, rows, MOST_BYTES, &mut buffer)?;
        Ok(buffer)
    }

    /// Appends the bytes of so many rows to a buffer.
    ///
    /// # Errors
    /// As [`Array::read`], where they are more than `most`.
    pub(crate) fn append(
        &self,
        row: u64,
        rows: u64,
        most: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        if row.checked_add(rows).is_none_or(|end| end > self.rows) {
            return Err(Error::options("it has fewer rows than it says"));
        }
        let len = self.row_len();
        let bytes = |rows: u64| len.and_then(|len| (len as u64).checked_mul(rows));
        let many = || Error::limit("it is more than is shown at once");
        let (Some(at), Some(all)) = (bytes(row), bytes(rows)) else { return Err(many()) };
        let all = usize::try_from(all).ok().filter(|all| *all <= most).ok_or_else(many)?;
        let before = buffer.len();
        lengthen(buffer, before.checked_add(all).ok_or_else(many)?)?;
        self.body.fill(at, &mut buffer[before..])
    }

    /// Bytes of a row; of text none.
    pub(crate) fn row_len(&self) -> Option<usize> {
        self.item.iter().try_fold(self.kind.size(), |len, axis| len.checked_mul(*axis))
    }

    /// A number of it that is an index.
    pub(crate) fn index(&self, row: u64) -> Result<u64> {
        let bytes = self.read(row, 1)?;
        let number = bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
        let number = number.filter(|_| self.kind == Kind::Number(DType::Int64));
        number
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| Error::options("what should count its elements does not"))
    }
}

/// Arrays in files one after another, as one; only the one that was read last is open.
pub(crate) struct Joined {
    /// Of each the bytes that it has, and its file.
    pub(crate) parts: Vec<(u64, PathBuf)>,
    pub(crate) open: fn(&Path) -> Result<Array>,
    pub(crate) last: Mutex<Option<(usize, Array)>>,
}

impl Stretch for Joined {
    fn fill(&self, mut at: u64, mut buf: &mut [u8]) -> Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, (all, path)) in self.parts.iter().enumerate() {
            if at < *all && !buf.is_empty() {
                let now = usize::try_from(all - at).unwrap_or(usize::MAX).min(buf.len());
                let (here, later) = buf.split_at_mut(now);
                let (_, array) = match last.take().filter(|last| last.0 == number) {
                    Some(open) => open,
                    None => (number, (self.open)(path)?),
                };
                array.body.fill(at, here)?;
                *last = Some((number, array));
                (at, buf) = (*all, later);
            }
            at -= at.min(*all);
        }
        if buf.is_empty() { Ok(()) } else { Err(Error::options("it ends before this row")) }
    }
}

/// How bytes are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Deflate,
    Zlib,
    Gzip,
    Zstd,
}

/// A file that is read at any of its bytes.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    path: PathBuf,
    pub(crate) len: u64,
}

impl Source {
    /// Opens it; a pipe would never open.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>> {
        let what = || format!("cannot read {}", path.display());
        let found = std::fs::metadata(path).map_err(|e| Error::io(what(), e))?;
        if !found.is_file() {
            return Err(refused(path, "it is no file"));
        }
        let file = File::open(path).map_err(|e| Error::io(what(), e))?;
        Ok(Arc::new(Self { file, path: path.to_path_buf(), len: found.len() }))
    }

    /// Fills `buf` with the bytes from `at`.
    pub(crate) fn read(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buf, at)
    }

    /// So many bytes from `at`, at most `most`: more are of nothing that is written here.
    pub(crate) fn bytes(&self, at: u64, len: u64, most: usize) -> Result<Vec<u8>> {
        let end = at.checked_add(len).filter(|end| *end <= self.len);
        let len = usize::try_from(len).ok().filter(|len| *len <= most && end.is_some());
        let mut bytes = zeros(len.ok_or_else(|| self.damaged())?)?;
        self.read(at, &mut bytes).map_err(|e| self.failed(e))?;
        Ok(bytes)
    }

    /// Why it is not shown.
    pub(crate) fn refused(&self, why: &str) -> Error {
        refused(&self.path, why)
    }

    pub(crate) fn damaged(&self) -> Error {
        self.refused("it is damaged, or was not written by ndpix")
    }

    /// What became of reading it.
    pub(crate) fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.refused("it ends before this row"),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                self.refused(&format!("it is damaged: {error}"))
            }
            _ => Error::io(format_args!("cannot read {}", self.path.display()), error),
        }
    }
}

/// Bytes in a file, compressed or not.
pub(crate) struct Piece {
    source: Arc<Source>,
    at: u64,
    /// As they stand in the file.
    len: u64,
    codec: Codec,
    /// Where the last read ended, to go on from there.
    cursor: Mutex<Option<(u64, Box<dyn Read + Send>)>>,
}

impl Piece {
    /// # Errors
    /// Kind `options` where the file ends before them.
    pub(crate) fn new(source: &Arc<Source>, at: u64, len: u64, codec: Codec) -> Result<Self> {
        if at.checked_add(len).is_none_or(|end| end > source.len) {
            return Err(source.refused("it ends before this row"));
        }
        Ok(Self { source: Arc::clone(source), at, len, codec, cursor: Mutex::default() })
    }

    /// All of them from the first on, as they were.
    pub(crate) fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        let span = Span { source: Arc::clone(&self.source), at: self.at, left: self.len };
        let span = BufReader::with_capacity(64 << 10, span);
        Ok(match self.codec {
            Codec::Plain => Box::new(span),
            Codec::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(span)),
            Codec::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(span)),
            Codec::Gzip => Box::new(flate2::bufread::GzDecoder::new(span)),
            Codec::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(span)?),
        })
    }

    fn inflate(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, mut stream) = match cursor.take().filter(|cursor| cursor.0 <= at) {
            Some(cursor) => cursor,
            None => (0, self.stream()?),
        };
        skip(&mut stream, at - from)?;
        stream.read_exact(buf)?;
        *cursor = Some((at + buf.len() as u64, stream));
        Ok(())
    }
}

/// Passes over so many bytes.
pub(crate) fn skip(stream: &mut impl Read, len: u64) -> io::Result<()> {
    match io::copy(&mut stream.take(len), &mut io::sink())? {
        skipped if skipped == len => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Stretch for Piece {
    fn fill(&self, at: u64, buf: &mut [u8]) -> Result<()> {
        let read = match self.codec {
            Codec::Plain => match at.checked_add(buf.len() as u64) {
                Some(end) if end <= self.len => self.source.read(self.at + at, buf),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            },
            _ => self.inflate(at, buf),
        };
        read.map_err(|e| self.source.failed(e))
    }
}

struct Span {
    source: Arc<Source>,
    at: u64,
    left: u64,
}

impl Read for Span {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.source.file.read_at(&mut buf[..most], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Why an output is not shown.
pub(crate) fn refused(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Options, format!("{} cannot be shown: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_number_of_its_letter() {
        for width in [1, 2, 4, 8, 17] {
            assert_eq!(Kind::of_descr(&format!("<U{width}")), Kind::Wide(width));
        }
        assert_eq!(Kind::of_descr("<u2"), Kind::Number(DType::Uint16));
        assert_eq!(Kind::of_descr(">u2"), Kind::Other(">u2".to_string()));
        assert_eq!(Kind::of_descr(DESCR), Kind::Entry);
    }
}
