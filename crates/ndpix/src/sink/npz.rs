//! `.npz`: a zip of NumPy arrays, streaming. The images come first and are written as rows come; all else is
//! spooled and follows them.
//!
//! The count of rows stands in the header of the array, in front of the rows, and the checksum of the
//! member covers both: so the header is mended at the end and the two checksums are put together. A
//! deflated member begins with its header in a stored block (RFC 1951, 3.2.4), for the same reason, and
//! goes on with chunks that the threads have deflated beside each other.

pub(super) mod read;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use serde_json::{Value, json};

use super::line::{Chunks, Line};
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::npy::file::{TIMES, descr, header};
use super::output::{Ability, Output, Refusal, is_array, taken};
use super::pack::make_room;
use super::shelf::Shelf;
use super::spool::{Spool, Whole};
use super::tape::Tape;
use super::zip::{Archive, Sum, joined};
use super::{Facts, Holds, Images, Place, Ready, Sink, entry};
use crate::column::{Column, ColumnType};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result};
use crate::legend::Legend;
use crate::options::OutputCompression;
use crate::threads::Job;
use crate::zip::Method;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: ".npz",
    extensions: &[".npz"],
    can: &[Ability::Ragged, Ability::Gzip, Ability::Text, Ability::Nul],
    folder: None,
    marker: None,
    packs: false,
    splits: true,
    names: Some(NAMES),
    beside: &[INPUTS],
    apart: false,
    refuses,
    open: |out, holds, from| Ok(Box::new(Npz::create(out, holds, from)?)),
};

/// NumPy takes a member for what it is called without its extension.
fn refuses(name: &str) -> Option<Refusal> {
    if name.len() > 4000 {
        Some(Refusal::Unspeakable)
    } else {
        taken(is_array(name.strip_suffix(".npy").unwrap_or(name)))
    }
}

/// Bytes of names of classes: the comment of an archive has 64 KiB, for these, once more for what was said of them, and all else.
const NAMES: usize = 16 << 10;
/// Text of more characters is held as bytes and offsets: NumPy gives every row the room of the longest.
const WIDEST: usize = 256;
/// Bytes that are deflated together.
const CHUNK: usize = 1 << 20;

/// An `.npz` that is being written: its images as they come, all else at the end.
pub(crate) struct Npz {
    body: Arc<Line<Body>>,
    /// Rows on their way to be deflated, where they are.
    chunks: Option<Chunks<Body, (Vec<u8>, Crc)>>,
    shelf: Arc<Shelf>,
    spool: Spool,
    level: Option<u32>,
    images: Images,
    bytes: u64,
}

/// The archive, and the checksum of the rows so far.
struct Body {
    archive: Archive,
    sum: Sum,
}

impl Npz {
    /// Opens the archive and begins its images, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let of = |name| from.map_or(Ok(0), |state| number(state, name));
        let (bytes, end) = (of("bytes")?, of("end")?);
        let mut archive = match from {
            None => Archive::create(out)?,
            Some(_) => Archive::again(out, end)?,
        };
        let shelf = Shelf::open(out, holds.continues, from)?;
        let level = match holds.compression {
            OutputCompression::Gzip(level) => Some(level),
            _ => None,
        };
        let images = holds.images;
        archive.begin(format!("{}.npy", holds.name()), method(level))?;
        archive.append(&head(&images, 0, level))?;
        if from.is_some() {
            archive.go_to(end);
        }
        let body = Line::new(Body { archive, sum: Sum::new(of("sum")? as u32) });
        let mut chunks = level.map(|level| {
            let put = |body: &mut Body, _, (packed, crc): (Vec<u8>, Crc)| {
                body.sum.combine(&crc);
                body.archive.append(&packed)
            };
            Chunks::new(CHUNK, Arc::clone(&body), move |chunk| deflate(chunk, level), put)
        });
        if let (Some(state), Some(chunks)) = (from, &mut chunks) {
            let [left] = shelf.left(state)?;
            chunks.write(&left)?;
        }
        let spool = Spool::new(&shelf, holds, from.map(|state| &state["spool"]))?;
        Ok(Self { body, chunks, shelf, spool, level, images, bytes })
    }

    /// Ends the images and writes all other arrays.
    fn complete(&mut self, facts: &Facts) -> Result<()> {
        if let Some(chunks) = &mut self.chunks {
            chunks.last(false)?;
        }
        let (images, level, bytes) = (self.images, self.level, self.bytes);
        let rows = bytes / (images.item_len()? as u64).max(1);
        let body = Arc::clone(&self.body);
        body.with(|body| {
            let archive = &mut body.archive;
            if level.is_some() {
                // An empty last block.
                archive.append(&[3, 0])?;
            }
            archive.mend(&head(&images, rows, level))?;
            let text = plain_head(&images, rows);
            let mut crc = Crc::new();
            crc.update(&text);
            let sum = joined(crc.sum(), body.sum.value(), bytes);
            archive.end(sum, text.len() as u64 + bytes)?;
            for array in self.spool.arrays() {
                let descr = descr(array.dtype);
                let numbers = (array.shape[0] as u64, &array.shape[1..]);
                copy(archive, array.name, &descr, numbers, array.tape, level)?;
            }
            for whole in self.spool.wholes() {
                column(archive, whole, level)?;
            }
            let count = self.spool.count();
            if let Some(tape) = self.spool.rows() {
                copy(archive, "rows", entry::DESCR, (count, &[]), tape, level)?;
            }
            for (name, legend) in &facts.legends {
                names(archive, name, legend, level)?;
            }
            let attributes = facts.attributes().into_iter();
            let attributes: serde_json::Map<_, _> =
                attributes.map(|(name, value)| (name.to_string(), value.into())).collect();
            archive.close(&Value::from(attributes).to_string())
        })
    }

    fn into_archive(self) -> Option<Archive> {
        drop(self.chunks);
        Arc::into_inner(self.body).map(|line| line.into_inner().archive)
    }
}

impl Sink for Npz {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.bytes += pixels.len() as u64;
        match &mut self.chunks {
            Some(chunks) => chunks.write(pixels),
            None => self.body.with(|body| {
                body.sum.update(pixels);
                body.archive.append(pixels)
            }),
        }
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.spool.place(place)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.spool.array(number, pixels)
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.spool.columns(rows)
    }

    fn job(&mut self) -> Option<Job> {
        self.chunks.as_mut()?.job()
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        let left = self.chunks.as_mut().map_or(Ok(&[][..]), Chunks::left)?;
        let (end, sum) = self
            .body
            .with(|body| body.archive.mark(&mut mark).map(|end| (end, body.sum.value())))?;
        let state = json!({
            "bytes": self.bytes,
            "end": end,
            "sum": sum,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, None, &[left])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        self.complete(facts)
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        let lost = || Error::new(ErrorKind::Io, "the archive is still being written");
        let shelf = Arc::clone(&self.shelf);
        Ok(Ready::file(self.into_archive().ok_or_else(lost)?.into_partial(), shelf))
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        self.into_archive().and_then(|archive| archive.abandon(keep)).into_iter().collect()
    }
}

fn method(level: Option<u32>) -> Method {
    level.map_or(Method::Stored, |_| Method::Deflated)
}

/// The header of the images.
fn plain_head(images: &Images, rows: u64) -> Vec<u8> {
    header(&descr(images.dtype()), rows, &images.item())
}

/// The same as it stands in the member: in a stored block where that is deflated.
fn head(images: &Images, rows: u64, level: Option<u32>) -> Vec<u8> {
    let text = plain_head(images, rows);
    let Some(_) = level else { return text };
    let len = text.len() as u16;
    let mut block = vec![0];
    block.extend_from_slice(&len.to_le_bytes());
    block.extend_from_slice(&(!len).to_le_bytes());
    block.extend_from_slice(&text);
    block
}

/// Blocks that hold `chunk` and end at a whole byte, so that others may follow; and its checksum.
fn deflate(chunk: &[u8], level: u32) -> Result<(Vec<u8>, Crc)> {
    let mut crc = Crc::new();
    crc.update(chunk);
    let mut packer = Compress::new(Compression::new(level), false);
    let mut packed = Vec::new();
    loop {
        // Stored blocks are the worst case; the flush takes a few bytes more.
        make_room(&mut packed, chunk.len() / 2 + 4096)
            .map_err(|e| Error::io("cannot deflate", e))?;
        let rest = &chunk[packer.total_in() as usize..];
        packer
            .compress_vec(rest, &mut packed, FlushCompress::Sync)
            .map_err(|e| Error::io("cannot deflate", e.into()))?;
        if packer.total_in() as usize == chunk.len() && packed.len() < packed.capacity() {
            return Ok((packed, crc));
        }
    }
}

/// What a member is written through: deflated or not, with the checksum of what goes in.
struct Pen<'a> {
    archive: &'a mut Archive,
}

impl Write for Pen<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.archive.append(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a member that is the array of `descr` and `shape` (its first axis apart) with what `data` gives.
fn member(
    archive: &mut Archive,
    name: &str,
    descr: &str,
    (rows, item): (u64, &[usize]),
    mut data: impl Read,
    level: Option<u32>,
) -> Result<()> {
    archive.begin(format!("{name}.npy"), method(level))?;
    let (mut crc, mut len) = (Crc::new(), 0);
    let mut copy = |pen: &mut dyn Write| {
        let mut buffer = header(descr, rows, item);
        while !buffer.is_empty() {
            crc.update(&buffer);
            len += buffer.len() as u64;
            pen.write_all(&buffer)?;
            buffer.resize(64 << 10, 0);
            let got = data.read(&mut buffer)?;
            buffer.truncate(got);
        }
        Ok(())
    };
    let pen = Pen { archive };
    let written = match level {
        None => copy(&mut { pen }),
        Some(level) => {
            let mut pen = DeflateEncoder::new(pen, Compression::new(level));
            copy(&mut pen).and_then(|()| pen.finish().map(|_| ()))
        }
    };
    written.map_err(|e: std::io::Error| Error::io(format_args!("cannot write {name}"), e))?;
    archive.end(crc.sum(), len)
}

fn copy(
    archive: &mut Archive,
    name: &str,
    descr: &str,
    shape: (u64, &[usize]),
    tape: &mut Tape,
    level: Option<u32>,
) -> Result<()> {
    member(archive, name, descr, shape, tape.read(), level)
}

/// Writes a column, with `NAME.valid` where rows have no value, and `NAME.offsets` where it is not an array.
fn column(archive: &mut Archive, whole: &mut Whole, level: Option<u32>) -> Result<()> {
    let (name, rows) = (Arc::clone(&whole.name), whole.rows);
    // What is filled up with zeros loses those at its end.
    let narrow = whole.kind.dtype().is_none() && whole.longest <= WIDEST && !whole.nul;
    if narrow {
        let width = whole.longest.max(1);
        let descr = format!("'<U{width}'");
        let texts = whole.texts()?;
        member(archive, &name, &descr, (rows, &[]), Wide::new(texts, width), level)?;
    } else {
        let descr = match whole.kind {
            ColumnType::Time => format!("'{TIMES}'"),
            kind => descr(kind.dtype().unwrap_or(DType::Uint8)),
        };
        let shape = whole.shape();
        let count = whole.values.len() / whole.kind.dtype().map_or(1, DType::size) as u64;
        match &shape {
            Some(shape) => {
                copy(archive, &name, &descr, (rows, &shape[1..]), &mut whole.values, level)?;
            }
            None => copy(archive, &name, &descr, (count, &[]), &mut whole.values, level)?,
        }
        if let (None, Some(offsets)) = (shape, &mut whole.offsets) {
            let name = format!("{name}.offsets");
            copy(archive, &name, "'<i8'", (rows + 1, &[]), offsets, level)?;
        }
    }
    match whole.nulls {
        0 => Ok(()),
        _ => copy(archive, &format!("{name}.valid"), "'|b1'", (rows, &[]), &mut whole.valid, level),
    }
}

/// Writes the names of classes as `NAME.legend`; those that no array of text holds are in the attributes alone.
fn names(archive: &mut Archive, name: &str, legend: &Legend, level: Option<u32>) -> Result<()> {
    let width = legend.names().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
    if width > WIDEST || legend.names().any(|name| name.ends_with('\0')) {
        return Ok(());
    }
    let (name, descr) = (format!("{name}.legend"), format!("'<U{width}'"));
    let texts = legend.names().map(|name| Ok(name.as_bytes().to_vec()));
    member(archive, &name, &descr, (legend.len() as u64, &[]), Wide::new(texts, width), level)
}

/// Texts as NumPy holds them: `width` code points each, 4 bytes little-endian, zeros after the end.
struct Wide<T> {
    texts: T,
    width: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl<T: Iterator<Item = std::io::Result<Vec<u8>>>> Wide<T> {
    fn new(texts: T, width: usize) -> Self {
        Self { texts, width, buffer: Vec::new(), at: 0 }
    }
}

impl<T: Iterator<Item = std::io::Result<Vec<u8>>>> Read for Wide<T> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            for text in self.texts.by_ref().take(64) {
                let text = text?;
                let before = self.buffer.len();
                for point in String::from_utf8_lossy(&text).chars() {
                    self.buffer.extend_from_slice(&u32::from(point).to_le_bytes());
                }
                self.buffer.resize(before + 4 * self.width, 0);
            }
        }
        let len = out.len().min(self.buffer.len() - self.at);
        out[..len].copy_from_slice(&self.buffer[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_deflate_follow_each_other() {
        let noise = |n: usize| (0..n).map(|i| (i * i / 7) as u8).collect::<Vec<u8>>();
        for level in [1, 4, 9] {
            let mut all = Vec::new();
            let mut packed = Vec::new();
            for chunk in [noise(100_000), vec![7; 300_000], noise(3), noise(70_001)] {
                packed.extend(deflate(&chunk, level).expect("deflated").0);
                all.extend(chunk);
            }
            packed.extend([3, 0]);
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(&packed[..]).read_to_end(&mut back).expect("whole");
            assert!(back == all);
        }
    }

    #[test]
    fn texts_take_the_room_of_the_longest() {
        let texts = ["é", "", "ab"].map(|t| Ok(t.as_bytes().to_vec()));
        let mut all = Vec::new();
        Wide::new(texts.into_iter(), 2).read_to_end(&mut all).expect("read");
        let points: Vec<u32> = all.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect();
        assert_eq!(points, [0xe9, 0, 0, 0, 0x61, 0x62]);
    }
}
