//! Where rows go: one trait, one file per output.
//!
//! Takes rows in input order and writes them beside the final name; [`Sink::finish`] makes the file
//! whole and puts it in place. A file under its final name is therefore always complete.
//!
//! [`Output`] is the list of outputs. What they have in common stands in `partial.rs` (names and locks),
//! `spool.rs` (what is kept for each row beside its pixels) and `line.rs` (chunks that the threads pack
//! beside each other and file one after the other).

mod entry;
pub(crate) mod folder;
pub(crate) mod hdf5;
mod holds;
pub(crate) mod index;
pub(crate) mod line;
pub(crate) mod memory;
pub(crate) mod npy;
mod npz;
pub(crate) mod output;
mod pack;
mod parquet;
pub(crate) mod partial;
pub(crate) mod rejects;
pub(crate) mod rows;
mod safetensors;
mod shards;
pub(crate) mod spool;
pub(crate) mod tape;
mod zarr;
mod zip;

use std::path::{Path, PathBuf};

use crate::column::Column;
use crate::error::{Error, Result};
use crate::shape::Shape;

pub(crate) use holds::{Facts, Holds, Images};
pub(crate) use output::Output;
pub(crate) use partial::{beside, rename};

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the record over all files, from 0.
    pub(crate) index: u64,
    /// Which input, from 0.
    pub(crate) file: u32,
    /// The line on which its record begins, from 1.
    pub(crate) line: u64,
    /// Offset of the record's first byte in the decompressed file.
    pub(crate) byte: u64,
    /// Which image of the record.
    pub(crate) item: u32,
    /// Whether it is an image, and no fill row.
    pub(crate) valid: bool,
    /// The image's own shape, where rows differ in it.
    pub(crate) shape: Shape,
}

/// What is left to do for rows that were written, outside of the turn: in any order, by any thread.
pub(crate) type Job = Box<dyn FnOnce() -> Result<()> + Send>;

/// An output of rows of one dtype.
pub(crate) trait Sink {
    /// Appends the pixels of whole rows.
    fn write(&mut self, pixels: &[u8]) -> Result<()>;
    /// Hears where the next row comes from, before its pixels are written.
    fn place(&mut self, _place: &Place) -> Result<()> {
        Ok(())
    }
    /// Appends the kept fields of rows, in the order of the rows; they may come later than the pixels.
    fn columns(&mut self, _rows: &[Column]) -> Result<()> {
        Ok(())
    }
    /// Hears of a reject, between the rows before and behind it.
    fn reject(&mut self, _error: &Error) -> Result<()> {
        Ok(())
    }
    /// What is left to do for the rows so far; asked for after each part.
    fn job(&mut self) -> Option<Job> {
        None
    }
    /// Makes what is written readable, without giving it the final name. Every job is done.
    fn seal(&mut self, facts: &Facts) -> Result<()>;
    /// Gives the sealed files their final names, the array last; their names, the array first.
    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>>;
    /// Ends a run that failed: what is kept, if `keep`, and under which names.
    fn abandon(self: Box<Self>, _keep: bool) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Opens the output `out` for what it is to hold.
///
/// # Errors
/// Kind `options` where this output cannot hold it; kind `io`.
pub(crate) fn open(output: Output, out: &Path, holds: &Holds) -> Result<Box<dyn Sink + Send>> {
    output.check_columns(&holds.columns)?;
    Ok(match output {
        Output::Npy => Box::new(npy::NpyFiles::create(out, holds)?),
        Output::Zarr => Box::new(zarr::ZarrGroup::create(out, holds)?),
        Output::Npz => Box::new(npz::Npz::create(out, holds)?),
        Output::Hdf5 => Box::new(hdf5::Hdf5::create(out, holds)?),
        Output::Safetensors => Box::new(safetensors::Safetensors::create(out, holds)?),
        Output::Parquet => Box::new(parquet::Parquet::create(out, holds)?),
        Output::Shards => Box::new(shards::Shards::create(out, holds)?),
    })
}
