//! One array of a group: what its `zarr.json` says, and how its rows become chunks.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shards::Shards;
use crate::column::time;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::options::OutputCompression;
use crate::sink::pack::{Deflate, Wrapper, Zstd, make_room};
use crate::sink::partial::write_failed;

/// A chunk of what stands beside the images holds about this many bytes.
pub(super) const CHUNK: usize = 1 << 20;
/// Chunks of that size in a shard.
pub(super) const PER_SHARD: usize = 64;

/// What the elements of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// Numbers, little-endian.
    Number(DType),
    /// Times: int64, whose attributes say what they count.
    Time,
    /// Text of any length.
    Text,
}

/// How the chunks of a group are compressed.
pub(super) enum Packing {
    Plain,
    Gzip(Deflate),
    Zstd(i32, Zstd),
}

impl Packing {
    /// As the option says; `auto` is zstd.
    pub(super) fn new(compression: OutputCompression) -> Arc<Self> {
        let zstd = |level| Self::Zstd(level, Zstd::new(level));
        Arc::new(match compression {
            OutputCompression::None => Self::Plain,
            OutputCompression::Gzip(level) => Self::Gzip(Deflate::new(level, Wrapper::Gzip)),
            OutputCompression::Auto => zstd(1),
            OutputCompression::Zstd(level) => zstd(level),
        })
    }

    /// The bytes of a chunk, compressed.
    pub(super) fn pack(&self, chunk: &[u8]) -> Result<Vec<u8>> {
        let packed = match self {
            Self::Plain => Ok(chunk.to_vec()),
            Self::Gzip(gzip) => {
                let mut packed = Vec::new();
                gzip.pack(chunk, &mut packed).map(|()| packed)
            }
            Self::Zstd(_, zstd) => {
                let mut packed = Vec::new();
                zstd.pack(chunk, &mut packed).map(|()| packed)
            }
        };
        packed.map_err(|e| Error::io("cannot compress a chunk", e))
    }

    /// What metadata call it, if it is anything.
    fn codec(&self) -> Option<Value> {
        match self {
            Self::Plain => None,
            Self::Gzip(gzip) => {
                Some(json!({"name": "gzip", "configuration": {"level": gzip.level()}}))
            }
            Self::Zstd(level, _) => {
                Some(json!({"name": "zstd", "configuration": {"level": level, "checksum": false}}))
            }
        }
    }
}

/// An array that is cut along its first axis only.
pub(super) struct Array {
    pub(super) element: Element,
    /// The shape of a row.
    pub(super) item: Vec<usize>,
    pub(super) chunk_rows: usize,
    /// Chunks of a shard.
    pub(super) per_shard: usize,
    /// Names of the axes.
    pub(super) names: Vec<String>,
    pub(super) packing: Arc<Packing>,
}

impl Array {
    /// An array of `rows` rows of numbers, in chunks and shards that suit them.
    pub(super) fn of_rows(
        rows: u64,
        dtype: DType,
        item: &[usize],
        names: &[&str],
        packing: &Arc<Packing>,
    ) -> Self {
        let row_len = item.iter().product::<usize>() * dtype.size();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
        let chunk_rows = (CHUNK / row_len.max(1)).clamp(1, rows);
        Self {
            element: Element::Number(dtype),
            item: item.to_vec(),
            chunk_rows,
            per_shard: rows.div_ceil(chunk_rows).min(PER_SHARD),
            names: names.iter().map(ToString::to_string).collect(),
            packing: Arc::clone(packing),
        }
    }

    /// Bytes of a chunk of numbers.
    pub(super) fn chunk_len(&self) -> usize {
        match self.element {
            Element::Number(dtype) => {
                self.chunk_rows * self.item.iter().product::<usize>() * dtype.size()
            }
            Element::Time => self.chunk_rows * DType::Int64.size(),
            Element::Text => 0,
        }
    }

    /// Where its chunks go, in the folder of the array.
    pub(super) fn shards(&self, folder: &Path) -> Shards {
        Shards::new(folder.to_path_buf(), self.per_shard, self.item.len())
    }

    /// Writes the rest of an array: rows from `rows`, `count` of them, and `zarr.json`.
    pub(super) fn write_all(&self, folder: &Path, count: u64, mut rows: impl Read) -> Result<()> {
        let mut shards = self.shards(folder);
        let mut chunk = Vec::new();
        make_room(&mut chunk, self.chunk_len()).map_err(|e| write_failed(folder, e))?;
        chunk.resize(self.chunk_len(), 0);
        let row_len = chunk.len() / self.chunk_rows;
        let mut left = if row_len == 0 { 0 } else { count };
        while left > 0 {
            let now = left.min(self.chunk_rows as u64);
            let (read, behind) = chunk.split_at_mut(now as usize * row_len);
            rows.read_exact(read).map_err(|e| write_failed(folder, e))?;
            behind.fill(0);
            shards.write(&self.packing.pack(&chunk)?)?;
            shards.end_chunk(0)?;
            left -= now;
        }
        shards.finish()?;
        self.describe(folder, count)
    }

    /// Writes `zarr.json`: from then on there is an array of `rows` rows.
    pub(super) fn describe(&self, folder: &Path, rows: u64) -> Result<()> {
        write_json(folder, &self.json(rows))
    }

    fn json(&self, rows: u64) -> Value {
        let axes = |first: u64| -> Vec<u64> {
            std::iter::once(first).chain(self.item.iter().map(|n| *n as u64)).collect()
        };
        // An axis of nothing is cut into chunks of one.
        let chunk =
            |first: usize| axes(first as u64).into_iter().map(|n| n.max(1)).collect::<Vec<_>>();
        let little = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let (data_type, fill, bytes) = match self.element {
            Element::Text => ("string", json!(""), json!({"name": "vlen-utf8"})),
            Element::Time => ("int64", json!(time::NONE), little.clone()),
            Element::Number(DType::Bool) => ("bool", json!(false), json!({"name": "bytes"})),
            Element::Number(dtype) => (
                dtype.name(),
                if dtype.is_float() { json!(0.0) } else { json!(0) },
                if dtype.size() == 1 { json!({"name": "bytes"}) } else { little.clone() },
            ),
        };
        let mut codecs = vec![bytes];
        codecs.extend(self.packing.codec());
        let attributes = match self.element {
            Element::Time => {
                time::UNITS.into_iter().map(|(name, said)| (name, said.into())).collect()
            }
            Element::Number(_) | Element::Text => BTreeMap::<&str, Value>::new(),
        };
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": axes(rows),
            "data_type": data_type,
            "chunk_grid": {
                "name": "regular",
                "configuration": {"chunk_shape": chunk(self.chunk_rows * self.per_shard)},
            },
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill,
            "codecs": [{
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": chunk(self.chunk_rows),
                    "codecs": codecs,
                    "index_codecs": [little, {"name": "crc32c"}],
                    "index_location": "end",
                },
            }],
            "dimension_names": self.names,
            "attributes": attributes,
        })
    }
}

/// Writes `zarr.json` of a group with these attributes.
pub(super) fn write_group(folder: &Path, attributes: &Value) -> Result<()> {
    write_json(folder, &json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}))
}

fn write_json(folder: &Path, value: &Value) -> Result<()> {
    let path = folder.join("zarr.json");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::File::create_new(&path))
        .and_then(|mut file| file.write_all(format!("{value:#}\n").as_bytes()))
        .map_err(|e| write_failed(&path, e))
}
