//! The arrays of an `.npz`, for looking at it.

use std::path::Path;

use crate::error::{Error, Result};
use crate::sink::npy::read as npy;
use crate::sink::shown::array::{Kind, Source, refused};
use crate::sink::shown::group::{Group, Map};
use crate::sink::zip::read::members;

/// What the archive holds.
///
/// # Errors
/// Kind `options` for what was not written here; `io`.
pub(crate) fn open(path: &Path) -> Result<Group> {
    let (members, comment) = members(&Source::open(path)?)?;
    let mut group = Group::default();
    group.says(&serde_json::from_str(&comment).unwrap_or_default());
    for (name, piece) in members {
        let refused = |why: &str| -> Error { refused(path, &format!("of {name}, {why}")) };
        let array = npy::of(piece, &refused)?;
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_string();
        match array.kind == Kind::Entry && name == "rows" {
            true => group.map = Some(Map::Entries(array)),
            false => group.add(name, array),
        }
    }
    Ok(group)
}
