//! What stands beside the images of a group: sizes or offsets, the row map, columns. All of it is known
//! when it is written, from the spool.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::array::{Array, CHUNK, Element, PER_SHARD, Packing, write_group};
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::sink::entry;
use crate::sink::partial::write_failed;
use crate::sink::spool::{Spool, Whole};
use crate::sink::tape::Tape;

/// A chunk of text is cut smaller when it would be longer than this.
const LONGEST: u64 = 16 << 20;

/// Writes everything of `spool` into the group in `folder`, beside the images.
pub(super) fn write(folder: &Path, spool: &mut Spool, images: &Array) -> Result<()> {
    let packing = &images.packing;
    for numbers in spool.further() {
        let (count, item) = (numbers.shape[0] as u64, &numbers.shape[1..]);
        let names = axes(numbers.name, item, images);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let array = Array::of_rows(count, numbers.dtype, item, &names, packing);
        array.write_all(&folder.join(numbers.name), count, numbers.tape.read())?;
    }
    for numbers in spool.sizes() {
        let count = numbers.shape[0] as u64;
        let names: &[&str] = match numbers.name {
            "offsets" => &["image_offset"],
            "valid" => &["row"],
            _ => &["row", "axis"],
        };
        Array::of_rows(count, numbers.dtype, &numbers.shape[1..], names, packing).write_all(
            &folder.join(numbers.name),
            count,
            numbers.tape.read(),
        )?;
    }
    let count = spool.count();
    if let Some(tape) = spool.rows() {
        row_map(&folder.join("rows"), count, tape, packing)?;
    }
    spool.wholes().iter_mut().try_for_each(|whole| column(folder, whole, packing))
}

/// The names of the axes of a further array: those of the images where they are as long, as readers take axes of one name
/// for the same.
fn axes(name: &str, item: &[usize], images: &Array) -> Vec<String> {
    let own = item.iter().enumerate().map(|(axis, length)| {
        let same = images.item.get(axis) == Some(length);
        let shared = images.names.get(axis + 1).filter(|_| same && item.len() <= images.item.len());
        shared.cloned().unwrap_or_else(|| format!("{name}.axis_{}", axis + 1))
    });
    std::iter::once("row".to_string()).chain(own).collect()
}

/// The row map: a group with an array for each field.
fn row_map(folder: &Path, count: u64, tape: &mut Tape, packing: &Arc<Packing>) -> Result<()> {
    for (number, (name, dtype, _)) in entry::FIELDS.into_iter().enumerate() {
        let field = entry::field(tape.read(), number);
        Array::of_rows(count, dtype, &[], &["row"], packing).write_all(
            &folder.join(name),
            count,
            field,
        )?;
    }
    write_group(folder, &serde_json::json!({}))
}

/// A column: numbers with a row for each, or text; lists of several lengths flat, with their offsets.
fn column(folder: &Path, whole: &mut Whole, packing: &Arc<Packing>) -> Result<()> {
    let name = whole.name.to_string();
    let (rows, at) = (whole.rows, folder.join(&name));
    let of = |rows, dtype, item: &[usize], names: &[&str]| {
        Array::of_rows(rows, dtype, item, names, packing)
    };
    match (whole.kind.dtype(), whole.shape()) {
        (None, _) => text(&at, whole, packing)?,
        (Some(dtype), Some(shape)) => {
            let second = format!("{name}.axis");
            let names = &["row", &*second][..shape.len()];
            let mut array = of(rows, dtype, &shape[1..], names);
            if whole.kind == ColumnType::Time {
                array.element = Element::Time;
            }
            array.write_all(&at, rows, whole.values.read())?;
        }
        (Some(dtype), None) => {
            let elements = whole.values.len() / dtype.size() as u64;
            let (element, offset) = (format!("{name}.element"), format!("{name}.offset"));
            of(elements, dtype, &[], &[&*element]).write_all(&at, elements, whole.values.read())?;
            if let Some(offsets) = &mut whole.offsets {
                of(rows + 1, DType::Int64, &[], &[&*offset]).write_all(
                    &folder.join(format!("{name}.offsets")),
                    rows + 1,
                    offsets.read(),
                )?;
            }
        }
    }
    if whole.nulls > 0 {
        of(rows, DType::Bool, &[], &["row"]).write_all(
            &folder.join(format!("{name}.valid")),
            rows,
            whole.valid.read(),
        )?;
    }
    Ok(())
}

/// A column of text, in chunks as the codec `vlen-utf8` has them: how many, then each with its length.
fn text(folder: &Path, whole: &mut Whole, packing: &Arc<Packing>) -> Result<()> {
    let Some(offsets) = &mut whole.offsets else { return Ok(()) };
    let rows = whole.rows;
    let all = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
    let usual = (CHUNK as u64).saturating_mul(rows) / (whole.values.len() + 4 * rows).max(1);
    let mut chunk_rows = usize::try_from(usual).unwrap_or(usize::MAX).clamp(1, all);
    while chunk_rows > 1 && longest(offsets.read(), rows, chunk_rows as u64, folder)? > LONGEST {
        chunk_rows /= 2;
    }
    let array = Array {
        element: Element::Text,
        item: Vec::new(),
        chunk_rows,
        per_shard: all.div_ceil(chunk_rows).min(PER_SHARD),
        names: vec!["row".to_string()],
        packing: Arc::clone(packing),
    };
    let mut shards = array.shards(folder);
    let name = whole.name.to_string();
    let mut texts = whole.texts()?;
    let mut chunk = Vec::new();
    let mut left = rows;
    while left > 0 {
        let now = left.min(chunk_rows as u64);
        chunk.clear();
        chunk.extend_from_slice(&(chunk_rows as u32).to_le_bytes());
        for text in texts.by_ref().take(now as usize) {
            let text = text.map_err(|e| write_failed(folder, e))?;
            let length = u32::try_from(text.len())
                .map_err(|_| Error::limit(format!("a text of {name} is over 4 GiB")))?;
            chunk.extend_from_slice(&length.to_le_bytes());
            chunk.extend_from_slice(&text);
        }
        // A chunk is always whole: after the last row are empty texts.
        chunk.resize(chunk.len() + 4 * (chunk_rows - now as usize), 0);
        shards.write(&packing.pack(&chunk)?)?;
        shards.end_chunk(0)?;
        left -= now;
    }
    shards.finish()?;
    array.describe(folder, rows)
}

/// The most bytes of text in a chunk of `chunk_rows` rows.
fn longest(mut ends: impl Read, rows: u64, chunk_rows: u64, folder: &Path) -> Result<u64> {
    let (mut longest, mut begin) = (0, number(&mut ends, folder)?);
    for row in 1..=rows {
        let end = number(&mut ends, folder)?;
        if row % chunk_rows == 0 || row == rows {
            longest = longest.max(end - begin);
            begin = end;
        }
    }
    Ok(longest)
}

/// The next number of a tape.
fn number(tape: &mut impl Read, folder: &Path) -> Result<u64> {
    let mut bytes = [0; 8];
    tape.read_exact(&mut bytes).map_err(|e| write_failed(folder, e))?;
    Ok(u64::from_le_bytes(bytes))
}
