//! `.safetensors`: a header in JSON, then the tensors one after another. The images come first and are
//! written as rows come; room is left for the header, which spaces fill up (as the format allows).

pub(super) mod read;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::entry::FIELDS;
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::output::{Output, Refusal, is_array, taken};
use super::partial::Partial;
use super::shelf::Shelf;
use super::spool::Spool;
use super::{Facts, Holds, Images, Place, Ready, Sink, entry};
use crate::column::Column;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::legend::legends_said;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: "safetensors",
    extensions: &[".safetensors"],
    can: &[],
    folder: None,
    marker: None,
    packs: false,
    splits: true,
    names: None,
    beside: &[INPUTS],
    apart: false,
    refuses,
    open: |out, holds, from| Ok(Box::new(Safetensors::create(out, holds, from)?)),
};

/// Fields of the row map are tensors too.
fn refuses(name: &str) -> Option<Refusal> {
    let field = name.strip_prefix("rows.").unwrap_or_default();
    let is_field = FIELDS.iter().any(|f| f.0 == field);
    taken(name == "__metadata__" || is_field || is_array(name))
}

/// A `.safetensors` that is being written: its images as they come, header and all else at the end.
pub(crate) struct Safetensors {
    partial: Partial,
    shelf: Arc<Shelf>,
    spool: Spool,
    images: Images,
    /// The name of their array.
    name: String,
    /// Bytes of the header with its length.
    head: u64,
    /// Bytes of pixels.
    bytes: u64,
}

impl Safetensors {
    /// Opens the file, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        // What the header will say, with numbers as long as they get.
        let names = holds.columns.iter().map(|(name, _)| 4 * name.len() + 350).sum::<usize>();
        let options =
            holds.options.iter().map(|(k, v)| 2 * (k.len() + v.len()) + 16).sum::<usize>();
        // Text of JSON inside of it, with its quotes escaped.
        let legends = Value::from(legends_said(&holds.legends).to_string()).to_string().len();
        let head = (4096 + names + options + legends).next_multiple_of(4096) as u64;
        let bytes = from.map_or(Ok(0), |state| number(state, "bytes"))?;
        let partial = match from {
            None => Partial::create(out)?,
            Some(_) => Partial::again(out, end(head, bytes))?,
        };
        let shelf = Shelf::open(out, holds.continues, from)?;
        let spool = Spool::new(&shelf, holds, from.map(|state| &state["spool"]))?;
        Ok(Self {
            partial,
            shelf,
            spool,
            images: holds.images,
            name: holds.name().to_string(),
            head,
            bytes,
        })
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        use crate::os::FileAt;
        self.partial.file.write_all_at(bytes, at).map_err(|e| self.partial.failed(e))
    }
}

/// The end of the file, when there are so many bytes of pixels.
fn end(head: u64, bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { head + bytes }
}

/// The tensors, and what the header says of them.
struct Tensors<'a> {
    out: std::io::BufWriter<&'a std::fs::File>,
    header: Map<String, Value>,
    at: u64,
}

impl Tensors<'_> {
    fn add(
        &mut self,
        name: &str,
        dtype: DType,
        shape: &[usize],
        mut data: impl Read,
    ) -> std::io::Result<()> {
        let written = std::io::copy(&mut data, &mut self.out)?;
        self.say(name, dtype, shape, written);
        Ok(())
    }

    /// Notes a tensor of `len` bytes after the others.
    fn say(&mut self, name: &str, dtype: DType, shape: &[usize], len: u64) {
        let offsets = [self.at, self.at + len];
        let said = json!({"dtype": word(dtype), "shape": shape, "data_offsets": offsets});
        self.header.insert(name.to_string(), said);
        self.at += len;
    }
}

impl Sink for Safetensors {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        self.put(self.head + self.bytes, pixels)?;
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
        self.spool.columns(rows)
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        mark.file(&self.partial.file).map_err(|e| self.partial.failed(e))?;
        let state = json!({
            "bytes": self.bytes,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, None, &[])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        use std::io::Seek;
        let count = self.spool.count() as usize;
        let path = self.partial.path().to_path_buf();
        let failed = |e| super::partial::write_failed(&path, e);
        let mut file = &self.partial.file;
        file.seek(std::io::SeekFrom::Start(self.head + self.bytes)).map_err(failed)?;
        let out = std::io::BufWriter::new(file);
        let mut tensors = Tensors { out, header: Map::new(), at: 0 };
        let metadata = facts.attributes().into_iter().map(|(k, v)| (k.to_string(), v.into()));
        let metadata = Value::Object(metadata.collect());
        tensors.header.insert("__metadata__".to_string(), metadata);
        let shape = [&[count][..], &self.images.item()].concat();
        tensors.say(&self.name, self.images.dtype(), &shape, self.bytes);
        // Wide numbers before narrow ones, so that their distances are multiples of their size.
        for wide in [true, false] {
            for whole in self.spool.wholes() {
                let dtype = whole.kind.dtype().unwrap_or(DType::Uint8);
                if (dtype.size() == 8) == wide {
                    let values = whole.values.read();
                    tensors.add(&whole.name, dtype, &[count], values).map_err(failed)?;
                }
                if !wide && whole.nulls > 0 {
                    let name = format!("{}.valid", whole.name);
                    let valid = whole.valid.read();
                    tensors.add(&name, DType::Bool, &[count], valid).map_err(failed)?;
                }
            }
            let Some(tape) = self.spool.rows() else { continue };
            for (number, (name, dtype, _)) in FIELDS.iter().enumerate() {
                if (dtype.size() == 8) == wide {
                    let field = entry::field(tape.read(), number);
                    tensors
                        .add(&format!("rows.{name}"), *dtype, &[count], field)
                        .map_err(failed)?;
                }
            }
        }
        for array in self.spool.arrays() {
            tensors
                .add(array.name, array.dtype, &array.shape, array.tape.read())
                .map_err(failed)?;
        }
        tensors.out.flush().map_err(failed)?;
        let (end, header) = (tensors.at, Value::Object(tensors.header).to_string());
        drop(tensors.out);
        let room = (self.head - 8) as usize;
        if header.len() > room {
            return Err(Error::limit(format!("a header of {} bytes is too long", header.len())));
        }
        let mut head = (room as u64).to_le_bytes().to_vec();
        head.extend_from_slice(header.as_bytes());
        head.resize(self.head as usize, b' ');
        self.put(0, &head)?;
        self.partial.file.set_len(self.head + end).map_err(|e| self.partial.failed(e))?;
        self.partial.sync()
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::file(self.partial, self.shelf))
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        self.partial.abandon(keep).into_iter().collect()
    }
}

/// The format's name of a dtype.
fn word(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "BOOL",
        DType::Uint8 => "U8",
        DType::Int8 => "I8",
        DType::Uint16 => "U16",
        DType::Int16 => "I16",
        DType::Uint32 => "U32",
        DType::Int32 => "I32",
        DType::Uint64 => "U64",
        DType::Int64 => "I64",
        DType::Float16 => "F16",
        DType::Float32 => "F32",
        DType::Float64 => "F64",
    }
}
