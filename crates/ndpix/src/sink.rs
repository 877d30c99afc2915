//! Where rows go: one trait, one file per output.
//!
//! Takes rows in input order and writes them beside the final name; [`Sink::finish`] gives what is whole,
//! and `moves.rs` puts it in place. A file under its final name is therefore always complete.
//!
//! [`OUTPUTS`] are all of them, a row for each, which stands beside its sink. What they have in common stands in `partial.rs` (names and locks), `moves.rs` (the final names),
//! `spool.rs` (what is kept for each row beside its pixels) and `line.rs` (chunks that the threads pack
//! beside each other and file one after the other).

mod anew;
mod entry;
pub(crate) mod folder;
pub(crate) mod hdf5;
mod holds;
pub(crate) mod index;
pub(crate) mod journal;
#[cfg(test)]
mod kill_tests;
pub(crate) mod line;
pub(crate) mod mark;
pub(crate) mod memory;
pub(crate) mod moves;
pub(crate) mod npy;
mod npz;
pub(crate) mod origins;
pub(crate) mod output;
pub(crate) mod pack;
mod parquet;
pub(crate) mod partial;
pub(crate) mod rejects;
pub(crate) mod rows;
mod safetensors;
mod shards;
pub(crate) mod shelf;
pub(crate) mod shown;
pub(crate) mod spool;
pub(crate) mod stage;
mod standing;
pub(crate) mod tape;
pub(crate) mod upload;
pub(crate) mod work;
mod zarr;
mod zip;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use crate::column::{Column, ColumnType};
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::shape::Shape;
use crate::threads::Job;

pub(crate) use holds::{Facts, Further, Holds, Images};
pub(crate) use mark::Mark;
pub(crate) use moves::Ready;
pub(crate) use output::{Ability, Output};
pub(crate) use partial::{beside, rename};
pub(crate) use standing::Standing;

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

/// An output of rows of one dtype.
pub(crate) trait Sink {
    /// Appends the pixels of whole rows.
    fn write(&mut self, pixels: &[u8]) -> Result<()>;
    /// Appends the pixels of a row of the further array of this number, after those of the main array.
    fn array(&mut self, _number: usize, _pixels: &[u8]) -> Result<()> {
        Ok(())
    }
    /// Hears where the next row comes from, before its pixels are written.
    fn place(&mut self, _place: &Place) -> Result<()> {
        Ok(())
    }
    /// Appends the kept fields of rows, in the order of the rows; they may come later than the pixels.
    fn columns(&mut self, _rows: &[Column]) -> Result<()> {
        Ok(())
    }
    /// Brings the rows of an earlier run in front of those of this one, where there are any and they are not yet there.
    fn catch_up(&mut self, _stop: &AtomicBool) -> Result<()> {
        Ok(())
    }
    /// Hears of a reject, between the rows before and after it.
    fn reject(&mut self, _error: &Error) -> Result<()> {
        Ok(())
    }
    /// What is left to do for the rows so far; asked for after each part.
    fn job(&mut self) -> Option<Job> {
        None
    }
    /// Hands everything so far to the file system and says how another process goes on from here, where
    /// [`Holds::continues`]. It is taken in the turn, between parts, and waits for jobs of other threads.
    ///
    /// # Errors
    /// Those of writing. Rows that go to no file are not gone on with, and nobody asks them.
    fn mark(&mut self) -> Result<Mark> {
        Err(Error::new(ErrorKind::Io, "this output cannot be gone on with by another run"))
    }
    /// Whether a row map will stand beside it, which numbers the inputs.
    fn is_mapped(&self) -> bool {
        false
    }
    /// Makes what is written readable, without giving it the final name. Every job is done.
    fn seal(&mut self, facts: &Facts) -> Result<()>;
    /// The sealed files, which wait for their final names.
    fn finish(self: Box<Self>) -> Result<Ready>;
    /// Ends a run that failed: what is kept, if `keep`, and under which names. What is kept can be gone on with
    /// from the last mark, if there was one.
    fn abandon(self: Box<Self>, _keep: bool) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Every output; where several would do, the first is proposed.
const OUTPUTS: [&Output; 7] = [
    &npy::OUTPUT,
    &npz::OUTPUT,
    &hdf5::OUTPUT,
    &zarr::OUTPUT,
    &safetensors::OUTPUT,
    &parquet::OUTPUT,
    &shards::OUTPUT,
];

/// The output that is written under this name.
///
/// # Errors
/// Kind `options` where there is none.
pub(crate) fn named(out: &Path, options: &Options) -> Result<&'static Output> {
    if out.file_name().is_none() {
        return Err(Error::options(format!("output {} is not the name of a file", out.display())));
    }
    let extension = out.extension().map(|e| format!(".{}", e.to_string_lossy().to_lowercase()));
    let has = |o: &&Output| extension.iter().any(|e| o.extensions.contains(&e.as_str()));
    let known = OUTPUTS.into_iter().find(has);
    match (known, options.shard_rows) {
        (Some(known), None) => Ok(known),
        (Some(known), Some(_)) if known.can(Ability::Shards) => Ok(known),
        (Some(known), Some(_)) => Err(Error::options(format!(
            "{} cannot be cut into shards; {} can: for a folder give a name without the extension of {}",
            known.name,
            able(Ability::Shards, "and"),
            out.display()
        ))),
        (None, Some(_)) => Ok(&shards::OUTPUT),
        (None, None) => {
            let endings: Vec<_> = OUTPUTS.iter().flat_map(|o| o.extensions).copied().collect();
            Err(Error::options(format!(
                "output {} must end in {}; with shard_rows it is a folder of .npy files",
                out.display(),
                joined(&endings, "or")
            )))
        }
    }
}

/// The first output that can hold what the options and these columns ask for.
///
/// # Errors
/// Kind `options` where no output can hold all of it.
pub(crate) fn suited(
    options: &Options,
    columns: &[(Arc<str>, ColumnType)],
) -> Result<&'static Output> {
    let shards = options.shard_rows.is_some();
    let can = |o: &&Output| {
        o.check(options).is_ok()
            && o.check_columns(columns).is_ok()
            && (shards || !o.extensions.is_empty())
    };
    OUTPUTS.into_iter().find(can).ok_or_else(|| {
        let asked = output::demands(options);
        Error::options(format!(
            "no output takes {} together; leave one of them out",
            joined(&asked, "and")
        ))
    })
}

/// The outputs that can be asked for this, as a list for people.
pub(crate) fn able(ability: Ability, last: &str) -> String {
    listed(last, &|output| output.can(ability))
}

/// The outputs of which this is true, as a list for people.
fn listed(last: &str, fits: &dyn Fn(&Output) -> bool) -> String {
    let labels: Vec<_> = OUTPUTS.iter().filter(|o| fits(o)).map(|o| o.label()).collect();
    joined(&labels, last)
}

/// `a, b and c`, where `last` is `and`.
fn joined(words: &[&str], last: &str) -> String {
    match words {
        [words @ .., end] if !words.is_empty() => format!("{} {last} {end}", words.join(", ")),
        _ => words.concat(),
    }
}

/// Opens the output `out` for what it is to hold; `from`: the state of a mark of the same output that was to hold the
/// same. What came after that mark is cut off, and the run goes on from there.
///
/// # Errors
/// Kind `options` where this output cannot hold it; kind `io`, also where what was there at the mark is not there
/// any more: then only another run from the beginning helps.
pub(crate) fn open(
    output: &Output,
    out: &Path,
    holds: &Holds,
    from: Option<&Value>,
) -> Result<Box<dyn Sink + Send>> {
    output.check_columns(&holds.columns)?;
    output.check_legends(&holds.columns, &holds.legends)?;
    match holds.append && !output.can(Ability::InPlace) {
        true => Ok(Box::new(anew::open(output, out, holds, from)?)),
        false => (output.open)(out, holds, from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_written() {
        let of = |name: &str, shards: bool| {
            let options = Options { shard_rows: shards.then_some(5), ..Options::default() };
            named(Path::new(name), &options).ok().map(|output| output.name)
        };
        assert_eq!(of("a.NPY", false), Some(".npy"));
        assert_eq!(of("a.hdf5", false), Some("HDF5"));
        assert_eq!(of("a.zarr", true), Some("Zarr"));
        assert_eq!(of("folder", true), Some("a folder of .npy files"));
        assert_eq!(
            (of("folder", false), of("a.npy", true), of("a.xyz", false)),
            (None, None, None)
        );
    }

    #[test]
    fn every_output_stands_where_outputs_are_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in [
            "README.md",
            "docs/outputs.md",
            "docs/options/index.md",
            "crates/ndpix-cli/src/args.rs",
            "crates/ndpix-cli/tests/inspect.rs",
        ] {
            let text = std::fs::read_to_string(root.join(file)).expect(file);
            for ending in OUTPUTS.iter().filter_map(|output| output.extensions.first()) {
                assert!(text.contains(ending), "{file} does not name {ending}");
            }
        }
    }

    #[test]
    fn columns_have_names_of_their_own() {
        let refused = |output: &Output, names: [&str; 2], kind| {
            output.check_columns(&names.map(|name| (name.into(), kind))).is_err()
        };
        let (scalar, list) = (ColumnType::Bool, ColumnType::Ints);
        assert!(refused(&hdf5::OUTPUT, ["a.valid", "a"], scalar));
        assert!(refused(&npz::OUTPUT, ["a", "a.offsets"], list));
        assert!(refused(&zarr::OUTPUT, ["a", "rows"], scalar));
        assert!(!refused(&hdf5::OUTPUT, ["a", "a.offsets"], scalar));
        assert!(!refused(&npy::OUTPUT, ["a", "a.valid"], scalar));
        assert!(!refused(&zarr::OUTPUT, ["a", "b.valid"], list));
    }

    #[test]
    fn a_refusal_names_outputs_that_take_it() {
        let said = |output: &Output, name: &str, kind| {
            let refused = output.check_columns(&[(name.into(), kind)]).expect_err("refused");
            refused.message().split("write ").nth(1).unwrap_or_default().to_string()
        };
        let text = ColumnType::Text;
        assert_eq!(
            said(&safetensors::OUTPUT, "t", text),
            ".npy, .npz, .h5, .zarr, .parquet or a folder (shard_rows)"
        );
        assert_eq!(
            said(&safetensors::OUTPUT, "rows", text),
            ".npy, .parquet or a folder (shard_rows)"
        );
        assert_eq!(
            said(&hdf5::OUTPUT, "a/b", text),
            ".npy, .npz, .parquet or a folder (shard_rows)"
        );
    }

    #[test]
    fn the_first_output_that_can_is_proposed() {
        let of = |settings: &[(&str, &str)]| {
            let mut options = Options::default();
            settings.iter().for_each(|(name, value)| options.set(name, value).expect("a value"));
            suited(&options, &[]).map(Output::ending).map_err(|e| e.message().to_string())
        };
        assert_eq!(of(&[]), Ok(".npy"));
        assert_eq!(of(&[("ragged", "flat")]), Ok(".npz"));
        assert_eq!(of(&[("ragged", "pad"), ("chunks", "5")]), Ok(".h5"));
        assert_eq!(of(&[("output_compression", "zstd")]), Ok(".zarr"));
        assert_eq!(of(&[("images_as", "encoded")]), Ok(".parquet"));
        assert_eq!(of(&[("shard_rows", "5"), ("ragged", "flat")]), Ok(".zarr"));
        assert_eq!(of(&[("shard_rows", "5"), ("chunks", "5")]), Ok(".zarr"));
        assert_eq!(of(&[("append", "true")]), Ok(".npy"));
        let none = of(&[("images_as", "encoded"), ("shard_rows", "5")]);
        assert!(none.is_err_and(|said| said.contains("images_as encoded and shard_rows")));
    }
}
