//! Where rows go: one trait, one file per output.
//!
//! Takes rows in input order and writes them beside the final name; [`Sink::finish`] makes the file
//! whole and puts it in place. A file under its final name is therefore always complete.

pub(crate) mod index;
pub(crate) mod memory;
pub(crate) mod npy;
pub(crate) mod rejects;
pub(crate) mod rows;

use std::path::{Path, PathBuf};

use crate::batch::Record;
use crate::error::{Error, Result};

/// An output of rows of one shape and dtype.
pub(crate) trait Sink {
    /// Appends whole rows.
    fn write(&mut self, rows: &[u8]) -> Result<()>;
    /// Hears where the next row comes from, before it is written; `valid`: it is no fill row.
    fn place(&mut self, _record: &Record, _item: u32, _valid: bool) -> Result<()> {
        Ok(())
    }
    /// Hears of a reject, between the rows before and behind it.
    fn reject(&mut self, _error: &Error) -> Result<()> {
        Ok(())
    }
    /// Makes what is written readable, without giving it the final name.
    fn seal(&mut self) -> Result<()>;
    /// Gives the sealed file its final name.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// `OUT` with `suffix` appended to its whole name.
pub(crate) fn beside(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// Renames and makes the rename durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)
        .map_err(|e| Error::io(format_args!("cannot put {} in place", to.display()), e))?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Some file systems refuse to sync a folder; the rename itself has succeeded.
    let _ = std::fs::File::open(folder).and_then(|f| f.sync_all());
    Ok(())
}
