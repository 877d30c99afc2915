//! The tensors of a `.safetensors`, for looking at it.

use std::path::Path;

use serde_json::Value;

use super::word;
use crate::dtype::DType;
use crate::error::Result;
use crate::sink::entry::FIELDS;
use crate::sink::shown::array::{Array, Codec, Kind, Piece, Source};
use crate::sink::shown::group::{Group, Map};

/// A header is not longer than this: others read none that is (100 MB).
const HEAD: usize = 100_000_000;

/// What the file holds.
///
/// # Errors
/// Kind `options` for what is none; `io`.
pub(crate) fn open(path: &Path) -> Result<Group> {
    let source = Source::open(path)?;
    let len = source.bytes(0, 8, 8)?;
    let len = len.first_chunk().map_or(0, |len| u64::from_le_bytes(*len));
    let head = source.bytes(8, len, HEAD)?;
    let Ok(Value::Object(head)) = serde_json::from_slice(&head) else {
        return Err(source.damaged());
    };
    let mut group = Group::default();
    let mut fields = Vec::new();
    for (name, tensor) in &head {
        if name == "__metadata__" {
            group.says(tensor);
            continue;
        }
        let numbers = |name: &str| -> Option<Vec<u64>> {
            tensor[name].as_array()?.iter().map(Value::as_u64).collect()
        };
        let offsets = numbers("data_offsets").unwrap_or_default();
        let (Some(shape), &[from, to]) = (numbers("shape"), &offsets[..]) else {
            return Err(source.damaged());
        };
        let said = tensor["dtype"].as_str().unwrap_or_default();
        let dtype = DType::ALL.into_iter().find(|dtype| word(*dtype) == said);
        let kind = dtype.map_or_else(|| Kind::Other(said.to_string()), Kind::Number);
        let at = from.checked_add(8 + len).ok_or_else(|| source.damaged())?;
        let piece = Piece::new(&source, at, to.saturating_sub(from), Codec::Plain)?;
        let array = Array::new(kind, &shape, Box::new(piece)).map_err(|why| source.refused(why))?;
        let field = name.strip_prefix("rows.");
        match FIELDS.iter().position(|known| Some(known.0) == field) {
            Some(number) => fields.push((number, array)),
            None => group.add(name.clone(), array),
        }
    }
    group.map = Map::of_fields(fields);
    Ok(group)
}
