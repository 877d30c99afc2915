//! `.h5`: HDF5, by a writer of its own. The chunks of the images stand first, one after another, and are
//! written as rows come; columns and row map are spooled and follow them, then the index of the chunks
//! and the object headers; the superblock in front of all comes last.
//!
//! What is written is what HDF5 1.8 reads (superblock 2, version 1 B-trees). Rows that are not
//! compressed go into the file as they come, without a copy; it is only said afterwards which of
//! them make a chunk.

mod message;
mod pen;
pub(super) mod read;
mod text;
mod tree;

use std::fs::File;
use std::io::Read;
use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::entry::{FIELDS, field};
use super::line::{Chunks, Line};
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::output::{Ability, Output, Refusal, is_array, taken};
use super::pack::{Deflate, Wrapper};
use super::partial::{Partial, write_failed};
use super::shelf::Shelf;
use super::spool::{Spool, Whole};
use super::tape::Tape;
use super::{Facts, Holds, Images, Place, Ready, Sink, able};
use crate::column::{Column, ColumnType, time};
use crate::dtype::DType;
use crate::error::{Error, Result, brief};
use crate::options::OutputCompression;
use crate::os::FileAt;
use crate::threads::Job;
use message::Message;
use pen::Pen;
use text::Heap;

/// Where chunks begin, after the superblock.
const FIRST: u64 = 64;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: "HDF5",
    extensions: &[".h5", ".hdf5"],
    can: &[Ability::Ragged, Ability::Chunks, Ability::Gzip, Ability::Text],
    folder: None,
    marker: None,
    packs: false,
    splits: true,
    names: None,
    beside: &[INPUTS],
    apart: false,
    refuses,
    open: |out, holds, from| Ok(Box::new(Hdf5::create(out, holds, from)?)),
};

/// Refuses the names that no object can have.
fn refuses(name: &str) -> Option<Refusal> {
    if name.is_empty() || name == "." || name.contains(['\0', '/']) || name.len() > 60_000 {
        Some(Refusal::Unspeakable)
    } else {
        taken(is_array(name))
    }
}

/// An HDF5 file that is being written: the chunks of its images as they come, all else at the end.
pub(crate) struct Hdf5 {
    partial: Partial,
    shelf: Arc<Shelf>,
    spool: Spool,
    images: Images,
    /// The name of their array.
    name: String,
    /// Rows of a chunk.
    rows: usize,
    /// Where rows go that are compressed.
    packing: Option<Packing>,
    /// Bytes of rows.
    bytes: u64,
}

/// Rows on their way to be compressed, and what they become.
struct Packing {
    chunks: Chunks<Packed, Vec<u8>>,
    line: Arc<Line<Packed>>,
    level: u32,
}

/// Compressed chunks one after another.
struct Packed {
    file: File,
    path: PathBuf,
    end: u64,
    /// Their lengths.
    lengths: Tape,
}

impl Packed {
    fn put(&mut self, _: u64, chunk: Vec<u8>) -> Result<()> {
        self.file.write_all_at(&chunk, self.end).map_err(|e| write_failed(&self.path, e))?;
        self.end += chunk.len() as u64;
        self.lengths.write(&(chunk.len() as u32).to_le_bytes())
    }
}

impl Hdf5 {
    /// Opens the file, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let rows = holds.chunk_rows()?;
        let len = rows.checked_mul(holds.images.item_len()?).filter(|&len| len < 1 << 32);
        let len = len.ok_or_else(|| {
            Error::options(format!(
                "chunks of {rows} rows of shape {:?} would have more than 4 GiB, which HDF5 cannot hold",
                holds.images.item()
            ))
        })?;
        let of = |name| from.map_or(Ok(0), |state| number(state, name));
        let (bytes, end) = (of("bytes")?, of("end")?);
        let partial = match from {
            None => Partial::create(out)?,
            Some(_) => Partial::again(out, end)?,
        };
        let shelf = Shelf::open(out, holds.continues, from)?;
        let packing = match holds.compression {
            OutputCompression::Gzip(level) => {
                let file = partial.file.try_clone().map_err(|e| partial.failed(e))?;
                let path = partial.path().to_path_buf();
                let lengths = Tape::new(&shelf, "lengths", from.map(|state| &state["lengths"]))?;
                let line = Line::new(Packed { file, path, end: end.max(FIRST), lengths });
                let zlib = Deflate::new(level, Wrapper::Zlib);
                let pack = move |chunk: &[u8]| deflate(chunk, &zlib);
                let mut chunks = Chunks::new(len, Arc::clone(&line), pack, Packed::put);
                if let Some(state) = from {
                    let [left] = shelf.left(state)?;
                    chunks.write(&left)?;
                }
                Some(Packing { chunks, line, level })
            }
            _ => None,
        };
        let spool = Spool::new(&shelf, holds, from.map(|state| &state["spool"]))?;
        Ok(Self {
            partial,
            shelf,
            spool,
            images: holds.images,
            name: holds.name().to_string(),
            rows,
            packing,
            bytes,
        })
    }

    /// Writes everything after the chunks.
    fn complete(&mut self, facts: &Facts) -> Result<()> {
        let item = self.images.item_len()? as u64;
        let rows = self.bytes.checked_div(item).unwrap_or(self.spool.count());
        let full = self.rows as u64;
        // Where there is one chunk, it is no longer than its rows.
        let chunk = full.min(rows).max(1);
        let shape = axes([rows as usize].into_iter().chain(self.images.item()));
        let mut chunks = vec![u32::try_from(chunk).unwrap_or(u32::MAX)];
        chunks.extend(shape[1..].iter().map(|&axis| axis.max(1) as u32));
        let dtype = self.images.dtype();
        let mut said = vec![message::dataspace(&shape, true), message::number(dtype)];
        said.push(message::fill(true));
        if let Some(packing) = &mut self.packing {
            packing.chunks.last(rows > full)?;
            said.push(message::deflated(packing.level));
        }
        let packing = self.packing.as_ref();
        let (mut pen, index) = index(&self.partial, packing, &shape, chunk, item)?;
        said.push(message::chunked(index, &chunks, dtype));
        let mut links = vec![(self.name.clone(), pen.object(&said)?)];
        for array in self.spool.arrays() {
            let object = numbers(&mut pen, array.dtype, &axes(array.shape), array.tape)?;
            links.push((array.name.to_string(), object));
        }
        for whole in self.spool.wholes() {
            column(&mut pen, whole, &self.shelf, &mut links)?;
        }
        let count = self.spool.count();
        if let Some(tape) = self.spool.rows() {
            links.push(("rows".to_string(), row_map(&mut pen, tape, count)?));
        }
        let mut heap = Heap::default();
        let mut root = Vec::new();
        for (name, value) in facts.attributes() {
            root.push(message::attribute(name, &heap.push(&mut pen, value.as_bytes())?));
        }
        heap.flush(&mut pen)?;
        let root = group(&mut pen, &links, root)?;
        pen.end(root)?;
        self.partial.sync()
    }
}

impl Sink for Hdf5 {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        match &mut self.packing {
            Some(packing) => packing.chunks.write(pixels)?,
            None => self
                .partial
                .file
                .write_all_at(pixels, FIRST + self.bytes)
                .map_err(|e| self.partial.failed(e))?,
        }
        self.bytes += pixels.len() as u64;
        Ok(())
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.spool.place(place)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.spool.array(number, pixels)
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        for column in rows {
            // Readers take text to its first NUL and leave the rest unseen.
            if column.kind.dtype().is_none() && memchr::memchr(0, &column.values).is_some() {
                return Err(Error::options(format!(
                    "column {} has text with a NUL character, where text ends in HDF5; leave the column out or write {}",
                    brief(&column.name),
                    able(Ability::Nul, "or")
                )));
            }
        }
        self.spool.columns(rows)
    }

    fn job(&mut self) -> Option<Job> {
        self.packing.as_mut()?.chunks.job()
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        mark.file(&self.partial.file).map_err(|e| self.partial.failed(e))?;
        let (mut end, mut lengths, mut left) = (FIRST + self.bytes, Value::Null, &[][..]);
        if let Some(packing) = &mut self.packing {
            left = packing.chunks.left()?;
            packing.line.with(|packed| {
                end = packed.end;
                lengths = packed.lengths.mark(&mut mark)?;
                Ok::<_, Error>(())
            })?;
        }
        let state = json!({
            "bytes": self.bytes,
            // Nothing stands in front of the first chunk before the end.
            "end": if end == FIRST { 0 } else { end },
            "lengths": lengths,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, None, &[left])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        self.complete(facts)
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::file(self.partial, self.shelf))
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        self.partial.abandon(keep).into_iter().collect()
    }
}

/// A zlib stream of a whole chunk.
fn deflate(chunk: &[u8], zlib: &Deflate) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    zlib.pack(chunk, &mut packed).map_err(|e| Error::io("cannot compress a chunk", e))?;
    match u32::try_from(packed.len()) {
        Ok(_) => Ok(packed),
        Err(_) => {
            Err(Error::limit("a compressed chunk has more than 4 GiB; ask for smaller chunks"))
        }
    }
}

/// An error of reading what was spooled.
fn read_back(error: std::io::Error) -> Error {
    Error::io("cannot read back what was spooled", error)
}

fn axes(shape: impl IntoIterator<Item = usize>) -> Vec<u64> {
    shape.into_iter().map(|axis| axis as u64).collect()
}

/// Writes the index of the chunks after them: its address, and the pen for what follows. `shape` is that of
/// all rows; `chunk` rows of `item` bytes make a chunk.
fn index<'f>(
    partial: &'f Partial,
    packing: Option<&Packing>,
    shape: &[u64],
    chunk: u64,
    item: u64,
) -> Result<(Pen<'f>, u64)> {
    let rank = shape.len();
    let Some(packing) = packing else {
        let count = if item == 0 { 0 } else { shape[0].div_ceil(chunk) };
        let len = chunk * item;
        let mut pen = Pen::new(partial, FIRST + count * len)?;
        let lengths = repeat_n(len as u32, count as usize).map(Ok);
        let index = tree::write(&mut pen, rank, chunk, FIRST, lengths)?;
        return Ok((pen, index));
    };
    packing.line.with(|packed| {
        let mut pen = Pen::new(partial, packed.end)?;
        let count = packed.lengths.len() / 4;
        let mut tape = packed.lengths.read();
        let lengths = (0..count).map(|_| {
            let mut len = [0; 4];
            tape.read_exact(&mut len).map_err(read_back)?;
            Ok(u32::from_le_bytes(len))
        });
        let index = tree::write(&mut pen, rank, chunk, FIRST, lengths)?;
        Ok((pen, index))
    })
}

/// Writes an array that stands in one piece; its address.
fn array(
    pen: &mut Pen,
    datatype: Message,
    shape: &[u64],
    data: impl Read,
    size: usize,
) -> Result<u64> {
    said_of(pen, datatype, shape, (data, size), Vec::new())
}

/// The same, with attributes.
fn said_of(
    pen: &mut Pen,
    datatype: Message,
    shape: &[u64],
    (data, size): (impl Read, usize),
    attributes: Vec<Message>,
) -> Result<u64> {
    let from = pen.copy(data)?;
    let len = shape.iter().product::<u64>() * size as u64;
    let mut said = vec![
        message::dataspace(shape, false),
        datatype,
        message::fill(false),
        message::contiguous(from, len),
    ];
    said.extend(attributes);
    pen.object(&said)
}

/// Writes times, with what they count; their address.
fn times(pen: &mut Pen, shape: &[u64], tape: &mut Tape) -> Result<u64> {
    let mut heap = Heap::default();
    let mut attributes = Vec::new();
    for (name, text) in time::UNITS {
        attributes.push(message::attribute(name, &heap.push(pen, text.as_bytes())?));
    }
    heap.flush(pen)?;
    let dtype = DType::Int64;
    said_of(pen, message::number(dtype), shape, (tape.read(), dtype.size()), attributes)
}

fn numbers(pen: &mut Pen, dtype: DType, shape: &[u64], tape: &mut Tape) -> Result<u64> {
    array(pen, message::number(dtype), shape, tape.read(), dtype.size())
}

/// Writes a group of objects with its attributes; its address.
fn group(pen: &mut Pen, links: &[(String, u64)], attributes: Vec<Message>) -> Result<u64> {
    let mut said = message::group().to_vec();
    said.extend(links.iter().map(|(name, object)| message::link(name, *object)));
    said.extend(attributes);
    pen.object(&said)
}

/// Writes a column, with `NAME.offsets` where its lists have several lengths, and `NAME.valid` where rows
/// have no value.
fn column(
    pen: &mut Pen,
    whole: &mut Whole,
    shelf: &Arc<Shelf>,
    links: &mut Vec<(String, u64)>,
) -> Result<()> {
    let (name, rows) = (whole.name.to_string(), whole.rows);
    match (whole.kind.dtype(), whole.shape()) {
        (Some(_), Some(shape)) if whole.kind == ColumnType::Time => {
            links.push((name.clone(), times(pen, &axes(shape), &mut whole.values)?));
        }
        (Some(dtype), Some(shape)) => {
            links.push((name.clone(), numbers(pen, dtype, &axes(shape), &mut whole.values)?));
        }
        (Some(dtype), None) => {
            let shape = [whole.values.len() / dtype.size() as u64];
            links.push((name.clone(), numbers(pen, dtype, &shape, &mut whole.values)?));
            if let Some(tape) = &mut whole.offsets {
                let offsets = numbers(pen, DType::Int64, &[rows + 1], tape)?;
                links.push((format!("{name}.offsets"), offsets));
            }
        }
        (None, _) => {
            let (mut heap, mut references) =
                (Heap::default(), Tape::new(shelf, "references", None)?);
            for text in whole.texts()? {
                references.write(&heap.push(pen, &text.map_err(read_back)?)?)?;
            }
            heap.flush(pen)?;
            let data = references.read();
            links.push((
                name.clone(),
                array(pen, message::text(), &[rows], data, message::REFERENCE)?,
            ));
        }
    }
    if whole.nulls > 0 {
        links
            .push((format!("{name}.valid"), numbers(pen, DType::Bool, &[rows], &mut whole.valid)?));
    }
    Ok(())
}

/// Writes the row map as a group of arrays, one for each field.
fn row_map(pen: &mut Pen, tape: &mut Tape, count: u64) -> Result<u64> {
    let mut links = Vec::new();
    for (number, (name, dtype, _)) in FIELDS.into_iter().enumerate() {
        let values = field(tape.read(), number);
        let object = array(pen, message::number(dtype), &[count], values, dtype.size())?;
        links.push((name.to_string(), object));
    }
    group(pen, &links, Vec::new())
}

#[cfg(test)]
mod tests;
