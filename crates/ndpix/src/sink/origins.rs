//! Where the rows of an output came from, as its row map and the list of its inputs say.

use std::path::Path;

use serde_json::Value;

use super::beside;
use super::npy::INPUTS;
use super::shown::Arrays;
use crate::error::{Error, Result};

/// A list of inputs is not longer than this.
const LIST_BYTES: u64 = 64 << 20;

/// Where a row of an output came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Which input, from 0.
    pub input: u32,
    /// Its name, as the run was given it; `None` where the list of inputs is not there, which stands beside an `.npy`.
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

/// The names of the inputs of an output, by their numbers in its row map.
#[derive(Debug)]
pub(crate) struct Origins {
    names: Vec<(u64, String)>,
}

impl Origins {
    /// What the list beside the output `out` says, where there is one.
    ///
    /// # Errors
    /// Kind `io`.
    pub(crate) fn of(out: &Path) -> Result<Self> {
        let list = beside(out, INPUTS);
        let names = match std::fs::metadata(&list) {
            Ok(found) if found.len() <= LIST_BYTES => names(&list)?,
            _ => Vec::new(),
        };
        Ok(Self { names })
    }

    /// Where a row came from; `None` where there is no row map.
    pub(crate) fn row(&self, arrays: &Arrays, row: u64) -> Result<Option<Origin>> {
        let Some(entry) = arrays.entry(row)? else { return Ok(None) };
        let wide = |from: usize| u64::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
        let narrow =
            |from: usize| u32::from_le_bytes(std::array::from_fn(|byte| entry[from + byte]));
        let file = u64::from(narrow(0));
        Ok(Some(Origin {
            input: narrow(0),
            file: self.names.iter().find(|name| name.0 == file).map(|name| name.1.clone()),
            line: wide(4),
            byte: wide(12),
            item: narrow(20),
            valid: entry[24] != 0,
        }))
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
