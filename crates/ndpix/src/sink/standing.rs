//! An output that is there and is to grow: how many rows it has, and which inputs.

use std::path::Path;

use super::anew::old::Old;
use super::npy::file::Npy;
use super::npy::next_file;
use super::output::{Ability, Output};
use crate::error::Result;

/// See the module.
pub(crate) enum Standing {
    /// An array that grows where it is, by its rows.
    InPlace(u64),
    /// What is written anew.
    Anew(Box<Old>),
}

impl Standing {
    /// The output `out`, if there is one; none also of an array that is none, which is refused when it is opened.
    ///
    /// # Errors
    /// Kind `options` where no rows can be added to it; `io`.
    pub(crate) fn find(output: &Output, out: &Path) -> Result<Option<Self>> {
        match output.can(Ability::InPlace) {
            true => Ok(Npy::counted(out).map(Self::InPlace)),
            false => Ok(Old::find(out)?.map(|old| Self::Anew(Box::new(old)))),
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        match self {
            Self::InPlace(rows) => *rows,
            Self::Anew(old) => old.rows(),
        }
    }

    /// The number that its row map, if there is one, has for the next input; `out` is its name.
    ///
    /// # Errors
    /// Kind `options` where the row map is none, or has fewer rows.
    pub(crate) fn next_file(&self, out: &Path) -> Result<u32> {
        match self {
            Self::InPlace(rows) => next_file(out, *rows),
            Self::Anew(old) => old.next_file(),
        }
    }
}
