//! The arrays of a group, for looking at it: those that are cut along their first axis, in shards.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use super::shards::ABSENT;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::sink::entry::FIELDS;
use crate::sink::shown::array::{Array, Codec, Kind, Piece, Source, Stretch, Texts, refused, skip};
use crate::sink::shown::group::{Group, Map};

/// What says what an array or a group is, is not longer than this.
const JSON: u64 = 16 << 20;

/// What the group in this folder holds.
///
/// # Errors
/// Kind `options` for what was not written here; `io`.
pub(crate) fn open(folder: &Path) -> Result<Group> {
    let mut group = Group::default();
    let said = said(folder)?.filter(|said| said["node_type"] == "group");
    let Some(said) = said else {
        return Err(refused(folder, "it is no group of Zarr v3"));
    };
    group.says(&said["attributes"]);
    let attributes = said["attributes"].as_object().into_iter().flat_map(|all| all.keys());
    let strange: Vec<_> = attributes.filter(|name| !name.starts_with("ndpix_")).collect();
    strange.into_iter().for_each(|name| group.strange(name.clone()));
    let mut map = None;
    for (name, path) in inner(folder)? {
        match array(&path)? {
            Some(array) => group.add(name, array),
            None if name == "rows" => map = Some(path),
            None => group.strange(name),
        }
    }
    let mut fields = Vec::new();
    for (name, path) in map.map(|map| inner(&map)).transpose()?.unwrap_or_default() {
        let number = FIELDS.iter().position(|field| field.0 == name);
        fields.extend(number.zip(array(&path)?));
    }
    group.map = Map::of_fields(fields);
    Ok(group)
}

/// The folders in a folder.
fn inner(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries = fs::read_dir(folder)
        .map_err(|e| Error::io(format_args!("cannot read {}", folder.display()), e))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut all: Vec<_> = paths
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_string(), path)))
        .collect();
    all.sort();
    Ok(all)
}

/// What is in `zarr.json`, where there is one.
fn said(folder: &Path) -> Result<Option<Value>> {
    let path = folder.join("zarr.json");
    if !path.exists() {
        return Ok(None);
    }
    let source = Source::open(&path)?;
    let text = source.bytes(0, source.len, JSON as usize)?;
    serde_json::from_slice(&text).map(Some).map_err(|_| source.damaged())
}

/// The array in a folder, where there is one.
fn array(folder: &Path) -> Result<Option<Array>> {
    let Some(said) = said(folder)?.filter(|said| said["node_type"] == "array") else {
        return Ok(None);
    };
    let other = || refused(folder, "its chunks are not as ndpix writes them");
    let (kind, shape, body) = parse(folder, &said).ok_or_else(other)?;
    Array::new(kind, &shape, Box::new(body)).map(Some).map_err(|why| refused(folder, why))
}

fn parse(folder: &Path, said: &Value) -> Option<(Kind, Vec<u64>, Chunks)> {
    let numbers = |value: &Value| -> Option<Vec<u64>> {
        value.as_array()?.iter().map(Value::as_u64).collect()
    };
    let shape = numbers(&said["shape"])?;
    let data_type = said["data_type"].as_str()?;
    let kind = match DType::ALL.into_iter().find(|dtype| dtype.name() == data_type) {
        Some(dtype) => Kind::Number(dtype),
        None if data_type == "string" => Kind::Text,
        None => Kind::Other(data_type.to_string()),
    };
    let [sharding] = &said["codecs"].as_array()?[..] else { return None };
    let shard = numbers(&said["chunk_grid"]["configuration"]["chunk_shape"])?;
    let inside = &sharding["configuration"];
    let chunk = numbers(&inside["chunk_shape"])?;
    let is_sharded = sharding["name"] == "sharding_indexed" && inside["index_location"] == "end";
    // An axis of nothing is cut into chunks of one.
    let whole = shape.iter().skip(1).map(|axis| (*axis).max(1)).collect::<Vec<_>>();
    let (rows, first) = (*chunk.first()?, *shard.first()?);
    if !is_sharded || chunk[1..] != whole || shard[1..] != whole || rows == 0 {
        return None;
    }
    let codec = match &inside["codecs"].as_array()?[..] {
        [_] => Codec::Plain,
        [_, codec] if codec["name"] == "gzip" => Codec::Gzip,
        [_, codec] if codec["name"] == "zstd" => Codec::Zstd,
        _ => return None,
    };
    let size = if let Kind::Number(dtype) = kind { dtype.size() as u64 } else { 0 };
    let row_len = shape.iter().skip(1).try_fold(size, |len, axis| len.checked_mul(*axis))?;
    Some((
        kind,
        shape,
        Chunks {
            folder: folder.to_path_buf(),
            axes: whole.len(),
            rows,
            chunk_len: row_len.checked_mul(rows)?,
            per_shard: first.is_multiple_of(rows).then_some(first / rows).filter(|n| *n > 0)?,
            codec,
            last: Mutex::default(),
        },
    ))
}

/// The chunks of an array, and the one that was read last.
struct Chunks {
    folder: PathBuf,
    axes: usize,
    rows: u64,
    chunk_len: u64,
    per_shard: u64,
    codec: Codec,
    last: Mutex<Option<(u64, Option<Piece>)>>,
}

impl Chunks {
    /// What `read` makes of a chunk; `None`: its rows hold zeros.
    fn with<T>(&self, number: u64, read: impl FnOnce(Option<&Piece>) -> Result<T>) -> Result<T> {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*last {
            Some((known, _)) if *known == number => {}
            _ => *last = Some((number, self.piece(number)?)),
        }
        read(last.as_ref().and_then(|last| last.1.as_ref()))
    }

    fn piece(&self, number: u64) -> Result<Option<Piece>> {
        let mut path = self.folder.join("c").join((number / self.per_shard).to_string());
        path.extend(std::iter::repeat_n("0", self.axes));
        let source = Source::open(&path)?;
        let index = self.per_shard.checked_mul(16).and_then(|len| len.checked_add(4));
        let index = index.and_then(|len| source.len.checked_sub(len));
        let index = index.ok_or_else(|| source.refused("it ends before its index"))?;
        let entry = source.bytes(index + number % self.per_shard * 16, 16, 16)?;
        let [at, len] = [0, 8].map(|from| {
            entry.get(from..).and_then(<[u8]>::first_chunk).map_or(0, |n| u64::from_le_bytes(*n))
        });
        if [at, len] == ABSENT {
            return Ok(None);
        }
        Piece::new(&source, at, len, self.codec).map(Some)
    }

    fn damaged(&self, error: &io::Error) -> Error {
        refused(&self.folder, &format!("it is damaged: {error}"))
    }
}

impl Stretch for Chunks {
    fn fill(&self, mut at: u64, mut buf: &mut [u8]) -> Result<()> {
        while !buf.is_empty() {
            let (number, within) = (at / self.chunk_len.max(1), at % self.chunk_len.max(1));
            let room = usize::try_from(self.chunk_len - within).unwrap_or(usize::MAX);
            let (now, later) = buf.split_at_mut(room.min(buf.len()));
            at += now.len() as u64;
            self.with(number, |piece| match piece {
                Some(piece) => piece.fill(within, now),
                None => {
                    now.fill(0);
                    Ok(())
                }
            })?;
            buf = later;
        }
        Ok(())
    }

    /// How many texts there are, then each with its length: the codec `vlen-utf8`.
    fn text(&self, row: u64, most: usize) -> Result<Vec<u8>> {
        self.with(row / self.rows, |piece| {
            let Some(piece) = piece else { return Ok(Vec::new()) };
            let read = || {
                let mut stream = piece.stream()?;
                let mut len = [0; 4];
                stream.read_exact(&mut len)?;
                for _ in 0..row % self.rows {
                    stream.read_exact(&mut len)?;
                    skip(&mut stream, u64::from(u32::from_le_bytes(len)))?;
                }
                stream.read_exact(&mut len)?;
                let len = (u32::from_le_bytes(len) as usize).min(most);
                let mut text = vec![0; len];
                stream.read_exact(&mut text)?;
                Ok(text)
            };
            read().map_err(|e| self.damaged(&e))
        })
    }

    fn texts(&self) -> Texts<'_> {
        let (mut row, mut stream) = (0, None);
        Box::new(move |text| {
            if row % self.rows == 0 {
                let piece = self.piece(row / self.rows)?;
                stream =
                    piece.map(|piece| piece.stream()).transpose().map_err(|e| self.damaged(&e))?;
                let counted = stream.as_mut().map_or(Ok(0), narrow);
                counted.map_err(|e| self.damaged(&e))?;
            }
            row += 1;
            text.clear();
            let Some(stream) = &mut stream else { return Ok(()) };
            let read = narrow(stream).and_then(|len| {
                let read = stream.take(len.into()).read_to_end(text)?;
                if read as u64 == u64::from(len) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            });
            read.map_err(|e| self.damaged(&e))
        })
    }
}

/// A number of 4 bytes.
fn narrow(stream: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}
