//! The datasets of a file, for looking at it: those that are written here, byte for byte as `message.rs` has them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::message::{self, NOWHERE, REFERENCE};
use super::pen::lookup3;
use super::tree::CHILDREN;
use crate::dtype::DType;
use crate::error::Result;
use crate::sink::entry::FIELDS;
use crate::sink::shown::array::{Array, Codec, Kind, Piece, Source, Stretch, Texts};
use crate::sink::shown::group::{Group, Map};

/// An object header is not longer than this.
const HEADER: usize = 256 << 20;
/// Nodes from the root to a chunk, at most.
const DEPTH: usize = 8;
/// Objects of a heap, at most: their numbers have 16 bits.
const OBJECTS: usize = 1 << 16;

/// What the file holds.
///
/// # Errors
/// Kind `options` for what was not written here; `io`.
pub(crate) fn open(path: &Path) -> Result<Group> {
    let source = Source::open(path)?;
    let block = source.bytes(0, 48, 48).map_err(|_| source.refused("it is no HDF5 file"))?;
    if !block.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Err(source.refused("it does not begin as HDF5 does"));
    }
    if block[8..12] != [2, 8, 8, 0] || !is_summed(&block) {
        return Err(source.damaged());
    }
    let mut group = Group::default();
    let mut said = serde_json::Map::new();
    let mut fields = Vec::new();
    for (kind, body) in object(&source, number(&block, 36))? {
        match kind {
            0x06 => {
                let (name, at) = link(&body).ok_or_else(|| source.damaged())?;
                let inner = object(&source, at)?;
                if !inner.iter().any(|message| message.0 == 0x08) {
                    fields = row_map(&source, &inner)?;
                    continue;
                }
                group.add(name, array(&source, &inner)?);
            }
            0x0c => said.extend(attribute(&source, &body)),
            _ => {}
        }
    }
    group.says(&said.into());
    group.map = Map::of_fields(fields);
    Ok(group)
}

/// The fields of a row map, whose group has these messages.
fn row_map(source: &Arc<Source>, messages: &[(u8, Vec<u8>)]) -> Result<Vec<(usize, Array)>> {
    let mut fields = Vec::new();
    for (_, body) in messages.iter().filter(|message| message.0 == 0x06) {
        let (name, at) = link(body).ok_or_else(|| source.damaged())?;
        if let Some(number) = FIELDS.iter().position(|field| field.0 == name) {
            fields.push((number, array(source, &object(source, at)?)?));
        }
    }
    Ok(fields)
}

/// The messages of an object.
fn object(source: &Source, at: u64) -> Result<Vec<(u8, Vec<u8>)>> {
    let head = source.bytes(at, 10, 10)?;
    if !head.starts_with(b"OHDR\x02\x02") {
        return Err(source.damaged());
    }
    let len = u64::from(narrow(&head, 6));
    let all = source.bytes(at, 10 + len + 4, HEADER)?;
    if !is_summed(&all) {
        return Err(source.damaged());
    }
    let mut rest = &all[10..all.len() - 4];
    let mut messages = Vec::new();
    while let [kind, low, high, _, later @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*low, *high]));
        let body = later.get(..len).ok_or_else(|| source.damaged())?;
        messages.push((*kind, body.to_vec()));
        rest = &later[len..];
    }
    Ok(messages)
}

/// Whether a checksum ends these bytes.
fn is_summed(bytes: &[u8]) -> bool {
    let (said, sum) = bytes.split_at(bytes.len().saturating_sub(4));
    sum == lookup3(said).to_le_bytes()
}

/// The name and address of an object of a group.
fn link(body: &[u8]) -> Option<(String, u64)> {
    let [1, 0x11, 1, low, high, rest @ ..] = body else { return None };
    let name = rest.get(..usize::from(u16::from_le_bytes([*low, *high])))?;
    let at = rest.get(name.len()..)?.first_chunk()?;
    Some((String::from_utf8(name.to_vec()).ok()?, u64::from_le_bytes(*at)))
}

/// The name and text of an attribute.
fn attribute(source: &Source, body: &[u8]) -> Option<(String, serde_json::Value)> {
    let len = usize::from(u16::from_le_bytes([*body.get(2)?, *body.get(3)?]));
    let name = body.get(9..9 + len.checked_sub(1)?)?;
    let reference = body.last_chunk::<REFERENCE>()?;
    let text = heap(source, reference, 1 << 20).ok()?;
    Some((String::from_utf8(name.to_vec()).ok()?, String::from_utf8(text).ok()?.into()))
}

/// A dataset with these messages.
fn array(source: &Arc<Source>, messages: &[(u8, Vec<u8>)]) -> Result<Array> {
    let parse = || {
        let of = |kind| messages.iter().find(|message| message.0 == kind).map(|m| &m.1[..]);
        let (space, datatype, layout) = (of(0x01)?, of(0x03)?, of(0x08)?);
        let [2, rank, _, 1, axes @ ..] = space else { return None };
        let axes = axes.as_chunks().0.iter().map(|axis| u64::from_le_bytes(*axis));
        let shape: Vec<u64> = axes.take(usize::from(*rank)).collect();
        let dtype = DType::ALL.into_iter().find(|dtype| message::number(*dtype).1 == datatype);
        let kind = match dtype {
            Some(dtype) => Kind::Number(dtype),
            None if datatype == message::text().1 => Kind::Text,
            None => Kind::Other("one that ndpix does not write".to_string()),
        };
        let size = dtype.map_or(REFERENCE, DType::size) as u64;
        Some((kind, layout, shape, size, of(0x0b)))
    };
    let (kind, layout, shape, size, packed) = parse().ok_or_else(|| source.damaged())?;
    let body: Box<dyn Stretch> = match layout {
        [3, 1, place @ ..] if place.len() == 16 => {
            let (at, len) = (number(place, 0), number(place, 8));
            let at = if at == NOWHERE && len == 0 { 0 } else { at };
            let piece = Piece::new(source, at, len, Codec::Plain)?;
            Box::new(Whole { source: Arc::clone(source), piece })
        }
        [3, 2, rank, place @ ..] if usize::from(*rank) == shape.len() + 1 && place.len() >= 12 => {
            let item = shape.iter().skip(1).try_fold(size, |len, axis| len.checked_mul(*axis));
            let rows = u64::from(narrow(place, 8));
            let len = item.and_then(|item| item.checked_mul(rows));
            Box::new(Chunks {
                source: Arc::clone(source),
                root: number(place, 0),
                rank: shape.len(),
                rows,
                chunk_len: len.ok_or_else(|| source.damaged())?,
                codec: if packed.is_some() { Codec::Zlib } else { Codec::Plain },
                last: Mutex::default(),
            })
        }
        _ => return Err(source.damaged()),
    };
    Array::new(kind, &shape, body).map_err(|why| source.refused(why))
}

/// Data in one piece; of text the references to it.
struct Whole {
    source: Arc<Source>,
    piece: Piece,
}

impl Stretch for Whole {
    fn fill(&self, at: u64, buf: &mut [u8]) -> Result<()> {
        self.piece.fill(at, buf)
    }

    fn text(&self, row: u64, most: usize) -> Result<Vec<u8>> {
        let mut reference = [0; REFERENCE];
        let at = row.checked_mul(REFERENCE as u64).ok_or_else(|| self.source.damaged())?;
        self.piece.fill(at, &mut reference)?;
        heap(&self.source, &reference, most)
    }

    fn texts(&self) -> Texts<'_> {
        let (mut at, mut heap) = (0, Collection::default());
        Box::new(move |text| {
            let mut reference = [0; REFERENCE];
            self.piece.fill(at, &mut reference)?;
            at += REFERENCE as u64;
            text.clear();
            text.extend_from_slice(heap.text(&self.source, &reference)?);
            Ok(())
        })
    }
}

/// The texts that stand together in a heap, and where the last one ended: mostly the next one follows it.
#[derive(Default)]
struct Collection {
    begin: u64,
    bytes: Vec<u8>,
    at: usize,
}

impl Collection {
    /// The text that a reference leads to.
    fn text(&mut self, source: &Source, reference: &[u8; REFERENCE]) -> Result<&[u8]> {
        let (len, begin) = (narrow(reference, 0) as usize, number(reference, 4));
        if self.bytes.is_empty() || begin != self.begin {
            let head = source.bytes(begin, 16, 16)?;
            if !head.starts_with(b"GCOL\x01") {
                return Err(source.damaged());
            }
            self.bytes = source.bytes(begin, number(&head, 8).max(16), usize::MAX)?;
            (self.begin, self.at) = (begin, 16);
        }
        for from in [self.at, 16] {
            let mut at = from;
            while let Some(head) = self.bytes.get(at..at.saturating_add(16)) {
                let held = usize::try_from(number(head, 8)).unwrap_or(usize::MAX);
                if head[..2] == reference[12..14] && held == len {
                    let end = (at + 16).saturating_add(len);
                    self.at = end.checked_next_multiple_of(8).unwrap_or(end);
                    return self.bytes.get(at + 16..end).ok_or_else(|| source.damaged());
                }
                let next =
                    held.checked_next_multiple_of(8).and_then(|held| held.checked_add(at + 16));
                // Object 0 is what is left over.
                match next.filter(|_| head[..2] != [0, 0]) {
                    Some(next) => at = next,
                    None => break,
                }
            }
        }
        Err(source.damaged())
    }
}

/// The first bytes of the text that a reference leads to.
fn heap(source: &Source, reference: &[u8; REFERENCE], most: usize) -> Result<Vec<u8>> {
    let (len, begin, object) =
        (narrow(reference, 0), number(reference, 4), narrow(reference, 12) as u16);
    let head = source.bytes(begin, 16, 16)?;
    if !head.starts_with(b"GCOL\x01") {
        return Err(source.damaged());
    }
    let end = begin.saturating_add(number(&head, 8));
    let mut at = begin + 16;
    for _ in 0..OBJECTS {
        let head = source.bytes(at, 16, 16)?;
        let held = number(&head, 8);
        match u16::from_le_bytes([head[0], head[1]]) {
            0 => break,
            found if found == object && held == u64::from(len) => {
                return source.bytes(at + 16, held.min(most as u64), most);
            }
            _ => {}
        }
        let next = held.checked_next_multiple_of(8).and_then(|held| at.checked_add(held + 16));
        match next {
            Some(next) if next < end => at = next,
            _ => break,
        }
    }
    Err(source.damaged())
}

/// Data in chunks, and the one that was read last.
struct Chunks {
    source: Arc<Source>,
    root: u64,
    rank: usize,
    rows: u64,
    chunk_len: u64,
    codec: Codec,
    last: Mutex<Option<(u64, Piece)>>,
}

impl Chunks {
    /// The chunk that begins with a row.
    fn piece(&self, row: u64) -> Result<Piece> {
        let key = 8 + 8 * (self.rank + 1);
        let size = 24 + CHILDREN * 8 + (CHILDREN + 1) * key;
        let mut at = self.root;
        for _ in 0..DEPTH {
            let node = self.source.bytes(at, size as u64, size)?;
            let count = usize::from(u16::from_le_bytes([node[6], node[7]]));
            if !node.starts_with(b"TREE\x01") || count > CHILDREN {
                break;
            }
            // Each child stands after its key: bytes of the chunk, a mask, its first row, the other axes.
            let children = (0..count).map(|child| &node[24 + child * (key + 8)..]);
            let Some(child) = children.take_while(|child| number(child, 8) <= row).last() else {
                break;
            };
            at = number(child, key);
            if node[5] == 0 {
                let is_it = number(child, 8) == row && narrow(child, 4) == 0;
                if !is_it {
                    break;
                }
                return Piece::new(&self.source, at, u64::from(narrow(child, 0)), self.codec);
            }
        }
        Err(self.source.damaged())
    }
}

impl Stretch for Chunks {
    fn fill(&self, mut at: u64, mut buf: &mut [u8]) -> Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        while !buf.is_empty() {
            let len = self.chunk_len.max(1);
            let (row, within) = ((at / len).saturating_mul(self.rows), at % len);
            let room = usize::try_from(len - within).unwrap_or(usize::MAX);
            let (now, later) = buf.split_at_mut(room.min(buf.len()));
            let piece = match last.take() {
                Some((known, piece)) if known == row => piece,
                _ => self.piece(row)?,
            };
            piece.fill(within, now)?;
            *last = Some((row, piece));
            at += now.len() as u64;
            buf = later;
        }
        Ok(())
    }
}

/// A number of 8 bytes; 0 where there is none.
fn number(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// A number of 4 bytes; 0 where there is none.
fn narrow(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
