//! Where the rows of an output came from, as its row map and the list of its inputs say.

use std::path::Path;

use serde_json::Value;

use super::beside;
use super::entry::{DESCR, ITEM};
use super::npy::{INPUTS, read::Rows};
use crate::error::{Error, Result};

/// A list of inputs is not longer than this.
const LIST_BYTES: u64 = 64 << 20;

/// Where a row of an output came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, as the run was given it; `None` where the list of inputs is not there.
    pub file: Option<String>,
    /// Line of the record, from 1.
    pub line: u64,
    /// Offset of its first byte, from 0.
    pub byte: u64,
    /// Which image of the record, from 0.
    pub item: u32,
    /// Whether the row is an image, and not the fill value.
    pub valid: bool,
}

/// What is known of the rows of an output.
#[derive(Debug)]
pub(crate) struct Origins {
    map: Rows,
    /// Names of the files by their numbers.
    names: Vec<(u64, String)>,
}

impl Origins {
    /// What stands beside the array `out`, or in the folder of its shards; `None` where there is no row map.
    ///
    /// # Errors
    /// Kind `options` for a row map that is none.
    pub(crate) fn of(out: &Path) -> Result<Option<Self>> {
        let map = match out.is_dir() {
            true => out.join("rows.npy"),
            false => beside(out, ".rows.npy"),
        };
        if !map.exists() {
            return Ok(None);
        }
        let rows = Rows::open(&map)?;
        if rows.descr != DESCR || !rows.item.is_empty() {
            return Err(Error::options(format!("{} is no row map; move it away", map.display())));
        }
        let list = beside(out, INPUTS);
        let names = match std::fs::metadata(&list) {
            Ok(found) if found.len() <= LIST_BYTES => names(&list)?,
            _ => Vec::new(),
        };
        Ok(Some(Self { map: rows, names }))
    }

    pub(crate) fn row(&self, row: u64) -> Result<Origin> {
        let entry = self.map.row(row, ITEM)?;
        let wide = |from: usize| u64::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
        let narrow =
            |from: usize| u32::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
        let file = u64::from(narrow(0));
        Ok(Origin {
            file: self.names.iter().find(|name| name.0 == file).map(|name| name.1.clone()),
            line: wide(4),
            byte: wide(12),
            item: narrow(20),
            valid: entry[24] != 0,
        })
    }
}

fn names(list: &Path) -> Result<Vec<(u64, String)>> {
    let text = std::fs::read(list)
        .map_err(|e| Error::io(format_args!("cannot read {}", list.display()), e))?;
    let list: Value = serde_json::from_slice(&text).unwrap_or_default();
    let entries = list["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &Value| Some((entry["file"].as_u64()?, entry["name"].as_str()?.to_string()));
    Ok(entries.iter().filter_map(name).collect())
}
