//! Outputs opened again to be looked at, each by the reader that stands beside its writer.

pub(crate) mod array;
pub(crate) mod group;
pub(crate) mod turns;
mod value;

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;

use super::entry::FIELDS;
use super::holds::LEGENDS;
use super::npy::{self, COLUMNS, ROWS};
use super::parquet::FieldKind;
use super::parquet::read::Table;
use super::{beside, hdf5, npz, safetensors, shards, zarr};
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result};
use array::{Array, Joined, Kind, MOST_BYTES, refused};
use group::{Group, Map};
use value::{NONE, NUMBERS, TEXT};

/// A manifest is not longer than this.
const MANIFEST_BYTES: u64 = 64 << 20;
/// Columns of a row that are shown, at most.
const WORDS: usize = 32;

/// An output that is read again.
pub(crate) struct Arrays {
    group: Group,
    /// The columns, and of an output that is a table the images too.
    table: Option<Table>,
    is_table: bool,
    /// Whether no row map means that row i is record i of one input, unless the run was not to write one.
    pub(crate) in_order: bool,
}

/// A row as it is held.
pub(crate) enum Held {
    /// Axes, dtype and pixels.
    Pixels(Vec<usize>, DType, Vec<u8>),
    /// An image file; `None`: there is none.
    File(Option<Vec<u8>>),
}

impl Arrays {
    /// Opens an output by its name, as it was written.
    ///
    /// # Errors
    /// Kind `options` for what was not written here; `io`.
    pub(crate) fn open(out: &Path) -> Result<Self> {
        let ending = out.extension().map(|end| end.to_string_lossy().to_lowercase());
        let columns = |path: &Path| path.exists().then(|| Table::open(path)).transpose();
        let of = |group, table| Self { group, table, is_table: false, in_order: false };
        Ok(match ending.as_deref() {
            _ if is_address(out) => {
                return Err(refused(out, "it is in a store; copy it to a disk first"));
            }
            Some("zarr") => of(zarr::read::open(out)?, None),
            _ if out.is_dir() => of(shards(out)?, columns(&out.join("columns.parquet"))?),
            Some("npz") => of(npz::read::open(out)?, None),
            Some("safetensors") => of(safetensors::read::open(out)?, None),
            Some("h5" | "hdf5") => of(hdf5::read::open(out)?, None),
            Some("parquet") => {
                let table = Table::open(out)?;
                let mut group = Group::default();
                group.says(&table.said);
                Self { is_table: true, ..of(group, Some(table)) }
            }
            _ => {
                let mut group = Group::default();
                group.add("images", npy::read::open(out)?);
                group.map = entries(&beside(out, ROWS))?;
                let table = columns(&beside(out, COLUMNS))?;
                table.iter().for_each(|table| group.says(&table.said));
                Self { in_order: true, ..of(group, table) }
            }
        })
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> Result<u64> {
        match self.images() {
            Some((table, _)) => Ok(table.rows),
            None => self.group.rows(),
        }
    }

    /// An option of the run, where it was given and the output says so.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.group.option(name)
    }

    /// The axes and dtype that all rows have, where they are known to be alike.
    pub(crate) fn form(&self) -> Result<Option<(&[usize], DType)>> {
        match self.images() {
            None => self.group.form().map(|(axes, dtype)| axes.map(|axes| (axes, dtype))),
            Some((table, field)) => Ok(table.tensors(field)),
        }
    }

    /// The table and field of the images, where they are in one.
    fn images(&self) -> Option<(&Table, usize)> {
        let table = self.table.as_ref().filter(|_| self.is_table)?;
        Some((table, table.field("image")?))
    }

    /// A row.
    pub(crate) fn row(&self, row: u64) -> Result<Held> {
        let Some((table, field)) = self.images() else {
            let (_, dtype) = self.group.form()?;
            let (axes, pixels) = self.group.row(row)?;
            return Ok(Held::Pixels(axes, dtype, pixels));
        };
        let cell = table.cell(field, row, MOST_BYTES)?;
        match (table.tensors(field), cell) {
            (Some((axes, dtype)), Some(cell)) => Ok(Held::Pixels(axes.to_vec(), dtype, cell.bytes)),
            (None, Some(cell)) if cell.len > cell.bytes.len() as u64 => {
                Err(Error::limit("it is more than is shown at once"))
            }
            (_, cell) => Ok(Held::File(cell.map(|cell| cell.bytes))),
        }
    }

    /// The entry of a row in the row map, if there is one.
    pub(crate) fn entry(&self, row: u64) -> Result<Option<Vec<u8>>> {
        let Some((table, _)) = self.images() else {
            return self.group.map.as_ref().map(|map| map.entry(row)).transpose();
        };
        let mut entry = Vec::new();
        for (name, dtype, _) in FIELDS {
            let Some(bytes) = row_value(table, name, dtype, row)? else { return Ok(None) };
            entry.extend_from_slice(&bytes);
        }
        Ok(Some(entry))
    }

    /// Whether a row is an image, where that is said apart from the row map.
    pub(crate) fn valid(&self, row: u64) -> Result<bool> {
        match self.images() {
            None => self.group.valid(row),
            Some((table, _)) => {
                let valid = row_value(table, "valid", DType::Bool, row)?;
                Ok(valid.is_none_or(|valid| valid != [0]))
            }
        }
    }

    /// The columns of a row, each with its value as a word; and how many there are beyond them.
    pub(crate) fn words(&self, row: u64) -> Result<(Vec<(String, String)>, usize)> {
        let mut words = Vec::new();
        let mut all = 0;
        for name in self.group.columns() {
            all += 1;
            if all <= WORDS {
                words.push((name.to_string(), self.group.word(name, row)?));
            }
        }
        for (number, field) in self.table.iter().flat_map(|table| table.fields.iter().enumerate()) {
            let FieldKind::Kept(kind) = field.kind else { continue };
            all += 1;
            if let (Some(table), true) = (&self.table, all <= WORDS) {
                words.push((field.name.clone(), word(table, number, kind, row)?));
            }
        }
        for (name, word) in &mut words {
            if let Some(class) = self.class(name, word) {
                *word = format!("{word} ({})", value::text(class.as_bytes()));
            }
        }
        let more = all - words.len();
        Ok((words, more))
    }

    /// The name of the class that has this number in a column, where the output says it.
    fn class(&self, column: &str, number: &str) -> Option<&str> {
        let names = self.group.said(LEGENDS).get(column)?.as_array()?;
        names.get(number.parse::<usize>().ok()?)?.as_str()
    }
}

/// A field of the row map of a table, if it is there.
fn row_field(table: &Table, name: &str, dtype: DType) -> Option<usize> {
    let field = table.field(&super::parquet::row_field(name));
    field.filter(|at| table.fields[*at].kind == FieldKind::Number(dtype))
}

/// What a row has in it.
fn row_value(table: &Table, name: &str, dtype: DType, row: u64) -> Result<Option<Vec<u8>>> {
    let field = row_field(table, name, dtype);
    let cell = field.map(|field| table.cell(field, row, 0)).transpose()?.flatten();
    Ok(cell.map(|cell| cell.bytes))
}

/// What a row of a table has in a column, as a word.
fn word(table: &Table, field: usize, kind: ColumnType, row: u64) -> Result<String> {
    let most = if kind.dtype().is_some() { 8 * NUMBERS as usize } else { TEXT + 1 };
    let Some(cell) = table.cell(field, row, most)? else { return Ok(NONE.to_string()) };
    match (kind.dtype(), kind.is_scalar()) {
        (None, _) => Ok(value::text(&cell.bytes)),
        (Some(_), true) if kind == ColumnType::Time => Ok(value::time(&cell.bytes)),
        (Some(dtype), true) => Ok(value::number(dtype, &cell.bytes)),
        (Some(dtype), false) => {
            value::list(dtype, cell.len / dtype.size() as u64, |_| Ok(cell.bytes))
        }
    }
}

/// The row map in a file, if there is one.
fn entries(path: &Path) -> Result<Option<Map>> {
    if !path.exists() {
        return Ok(None);
    }
    match npy::read::open(path)? {
        map if map.kind == Kind::Entry && map.item.is_empty() => Ok(Some(Map::Entries(map))),
        _ => Err(Error::options(format!("{} is no row map; move it away", path.display()))),
    }
}

/// Whether a name is that of an object in a store.
fn is_address(out: &Path) -> bool {
    let scheme = out.to_str().and_then(|out| out.split_once("://")).map(|parts| parts.0);
    scheme
        .is_some_and(|scheme| scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The arrays of a folder of shards, which its manifest names.
fn shards(folder: &Path) -> Result<Group> {
    let path = folder.join(shards::MANIFEST);
    let refused = |why: &str| refused(folder, why);
    let small = fs::metadata(&path).is_ok_and(|found| found.len() <= MANIFEST_BYTES);
    let text = match small {
        true => fs::read(&path)
            .map_err(|e| Error::io(format_args!("cannot read {}", path.display()), e))?,
        false => return Err(refused("it holds no manifest.json of shards")),
    };
    let manifest: Value = serde_json::from_slice(&text).unwrap_or_default();
    if manifest["format"] != shards::FORMAT {
        return Err(refused("its manifest is not of shards"));
    }
    let shards = manifest["shards"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut kind, mut item, mut rows, mut parts) = (None, Vec::new(), 0u64, Vec::new());
    for shard in shards {
        // A manifest that came from elsewhere must not lead to other files.
        let name =
            shard["file"].as_str().filter(|name| !name.contains('/') && name.ends_with(".npy"));
        let name =
            name.ok_or_else(|| refused("its manifest names a file that is not one of the folder"))?;
        let path = folder.join(name);
        let array = npy::read::open(&path)?;
        let len = array.row_len().and_then(|len| array.rows.checked_mul(len as u64));
        let all = rows.checked_add(array.rows).zip(len);
        let (all, len) = all.ok_or_else(|| refused("its shards count too many rows"))?;
        if parts.is_empty() {
            (kind, item) = (Some(array.kind.clone()), array.item.clone());
        }
        if kind.as_ref() != Some(&array.kind) || item != array.item {
            return Err(refused("its shards are not alike"));
        }
        parts.push((len, path));
        rows = all;
    }
    if parts.is_empty() {
        // What its rows would be, the manifest says.
        let dtype = DType::ALL.into_iter().find(|dtype| manifest["dtype"] == dtype.name());
        kind = dtype.map(Kind::Number);
        let axes = manifest["item"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        item = axes.map(|axis| axis as usize).collect();
    }
    let kind = kind.ok_or_else(|| refused("its manifest does not say what it holds"))?;
    let mut group = Group::default();
    group.says(&manifest);
    group.map = entries(&folder.join("rows.npy"))?;
    for name in ["offsets", "shapes", "sizes", "valid"] {
        let path = folder.join(format!("{name}.npy"));
        if path.exists() {
            group.add(name, npy::read::open(&path)?);
        }
    }
    let name = if manifest["holds"] == "pixels" { "pixels" } else { "images" };
    let joined = Joined { parts, open: npy::read::open, last: Mutex::default() };
    group.add(name, Array { kind, rows, item, body: Box::new(joined) });
    Ok(group)
}
