//! Outputs opened again to be looked at: an `.npy`, or a folder of shards.

use std::path::Path;

use serde_json::Value;

use super::npy::read::Rows;
use crate::error::{Error, Result};

/// A manifest is not longer than this.
const MANIFEST_BYTES: u64 = 64 << 20;

/// The arrays of an output, one after another.
#[derive(Debug)]
pub(crate) struct Arrays {
    all: Vec<Rows>,
    /// Of all of them together.
    pub(crate) rows: u64,
    pub(crate) descr: String,
    pub(crate) item: Vec<usize>,
}

impl Arrays {
    pub(crate) fn open(out: &Path) -> Result<Self> {
        let all = match out.is_dir() {
            true => shards(out)?,
            false => vec![Rows::open(out)?],
        };
        let Some(first) = all.first() else {
            return Err(Error::options(format!("{} has no rows", out.display())));
        };
        let (descr, item) = (first.descr.clone(), first.item.clone());
        if all.iter().any(|array| array.descr != descr || array.item != item) {
            return Err(Error::options(format!("the shards of {} are not alike", out.display())));
        }
        let rows = all.iter().try_fold(0u64, |sum, array| sum.checked_add(array.rows));
        let rows = rows.ok_or_else(|| Error::options("the shards count too many rows"))?;
        Ok(Self { all, rows, descr, item })
    }

    /// The bytes of a row, which are `len`.
    pub(crate) fn row(&self, row: u64, len: usize) -> Result<Vec<u8>> {
        let mut left = row;
        for array in &self.all {
            if left < array.rows {
                return array.row(left, len);
            }
            left -= array.rows;
        }
        Err(Error::options(format!("there is no row {row}")))
    }
}

/// The shards that the manifest of a folder names.
fn shards(folder: &Path) -> Result<Vec<Rows>> {
    let path = folder.join("manifest.json");
    let refused =
        |why: &str| Error::options(format!("{} cannot be shown: {why}", folder.display()));
    let small = std::fs::metadata(&path).is_ok_and(|found| found.len() <= MANIFEST_BYTES);
    let text = match small {
        true => std::fs::read(&path)
            .map_err(|e| Error::io(format_args!("cannot read {}", path.display()), e))?,
        false => return Err(refused("it holds no manifest.json of shards")),
    };
    let manifest: Value = serde_json::from_slice(&text).unwrap_or_default();
    if manifest["format"] != super::shards::FORMAT {
        return Err(refused(
            "its manifest is not of shards; .npy files and folders of shards are read",
        ));
    }
    if manifest["holds"] != "images" {
        return Err(refused("its images have sizes of their own"));
    }
    let shards = manifest["shards"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shard = |shard: &Value| match shard["file"].as_str() {
        // A manifest that came from elsewhere must not lead to other files.
        Some(name) if !name.contains('/') && name.ends_with(".npy") => {
            Rows::open(&folder.join(name))
        }
        _ => Err(refused("its manifest names a file that is not one of the folder")),
    };
    shards.iter().map(shard).collect()
}
