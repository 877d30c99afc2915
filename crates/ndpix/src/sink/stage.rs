//! Where an output for a store is made: a folder of the user's on a disk, known by the address alone, so that the same
//! command finds there what an earlier run has left.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::partial::{Partial, beside, leave, remove, rename, text_of, write_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::os;

/// What the output is of, once it is whole.
const WHOLE: &str = "whole.json";

/// The folder of one output, kept from other runs.
pub(crate) struct Stage {
    folder: PathBuf,
    /// The output there, which is called as it will be in the store.
    pub(crate) out: PathBuf,
    lock: Partial,
}

impl Stage {
    /// The folder of this address.
    ///
    /// # Errors
    /// Kind `io`, also where another run has it.
    pub(crate) fn open(address: &str) -> Result<Self> {
        let folder = path(address);
        for made in [folder.parent().unwrap_or(&folder), &folder] {
            own(made)?;
        }
        let lock = folder.join("lock");
        let lock =
            Partial::open(&lock, &lock).map_err(|e| match std::error::Error::source(&e) {
                Some(_) => e,
                None => {
                    Error::new(ErrorKind::Io, format!("{address} is being written by another run"))
                }
            })?;
        let name = address.rsplit('/').next().unwrap_or_default();
        Ok(Self { out: folder.join(name), folder, lock })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the output is there, whole, of this very run.
    pub(crate) fn is_whole(&self, run: &Value) -> Result<bool> {
        let told = text_of(&self.folder.join(WHOLE))?;
        let same = told.is_some_and(|told| told == run.to_string().as_bytes());
        Ok(same && !run.is_null() && self.out.exists())
    }

    /// Hears that the output is made.
    pub(crate) fn begin(&self) -> Result<()> {
        remove(&self.folder.join(WHOLE))
    }

    /// Hears that it is whole, of this run.
    pub(crate) fn end(&self, run: &Value) -> Result<()> {
        let path = self.folder.join(WHOLE);
        leave(&path, run.to_string().as_bytes())?;
        rename(&beside(&path, ".partial"), &path)
    }

    /// Removes all of it; what stays is in the way of nothing.
    pub(crate) fn discard(self) {
        let _ = remove(&self.folder.join(WHOLE));
        let _ = fs::remove_dir_all(&self.folder);
        self.lock.abandon(false);
    }

    /// Leaves what an ended run goes on with.
    pub(crate) fn leave(self) {
        self.lock.abandon(false);
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The folder of an address.
fn path(address: &str) -> PathBuf {
    let mut id = String::new();
    for byte in Sha256::digest(address).iter().take(8) {
        let _ = write!(id, "{byte:02x}");
    }
    os::cache_folder().join(id)
}

/// Makes a folder that is the user's alone.
fn own(folder: &Path) -> Result<()> {
    match os::own_folder(folder).map_err(|e| write_failed(folder, e))? {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Io,
            format!(
                "{} is a link, or the folder of somebody else, and outputs for stores are made in it; remove it, or set XDG_CACHE_HOME",
                folder.display()
            ),
        )),
    }
}
