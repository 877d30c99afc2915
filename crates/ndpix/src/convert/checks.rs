//! What is refused before anything is written: an output that is not to be written, files of the user
//! that would be, and a disk that is too small. Nothing is opened here.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::options::{IfExists, Options, OutputCompression, Rejects};
use crate::os;
use crate::reader::Reader;
use crate::report::human;
use crate::sink::partial::folder_of;
use crate::sink::{self, Ability, Output, beside, journal, moves, rejects, shelf};
use crate::source::Input;

/// Whether to write at all: refuses what no output can be.
pub(super) fn may_write(out: &Path, options: &Options) -> Result<bool> {
    let output = sink::named(out, options)?;
    output.check(options)?;
    let Ok(found) = std::fs::metadata(out) else {
        // What stands beside nothing is left of an output that is gone.
        return Ok(true);
    };
    match (output.is_folder(), found.is_dir(), found.is_file()) {
        (false, _, false) => {
            return Err(Error::options(format!(
                "output {} is a folder, pipe or device; give a regular file",
                out.display()
            )));
        }
        (true, false, _) => {
            return Err(Error::options(format!(
                "output {} is a file, and {} would be a folder; give another name",
                out.display(),
                output.name
            )));
        }
        _ => {}
    }
    if options.append {
        return Ok(true);
    }
    match options.if_exists {
        IfExists::Error => Err(Error::options(format!(
            "output {} exists; pass if_exists replace or skip, or another name",
            out.display()
        ))),
        IfExists::Skip => Ok(false),
        IfExists::Replace => Ok(true),
    }
}

/// The rejects file of a run, also where it will not be written.
fn rejects_path(out: &Path, options: &Options) -> PathBuf {
    match &options.rejects {
        Rejects::Path(path) => path.clone(),
        Rejects::Beside | Rejects::None => rejects::default_path(out),
    }
}

/// Whether the output is a folder.
fn is_folder(out: &Path, options: &Options) -> bool {
    sink::named(out, options).is_ok_and(Output::is_folder)
}

/// The output and what stands beside it.
fn array_files(out: &Path, options: &Options) -> Vec<PathBuf> {
    let suffixes = sink::named(out, options).map_or(Vec::new(), |output| output.suffixes(options));
    let files = suffixes.iter().map(|suffix| beside(out, suffix));
    std::iter::once(out.to_path_buf()).chain(files).collect()
}

/// Every file that a run may write: the output, its sidecars, and what they are called before they
/// are whole. A caller that writes files of its own keeps them apart from these.
///
/// ```
/// use std::path::{Path, PathBuf};
/// let files = ndpix::files_of(Path::new("a.npy"), &ndpix::Options::default());
/// assert!(files.contains(&PathBuf::from("a.npy.rejects.ndjson")));
/// ```
pub fn files_of(out: &Path, options: &Options) -> Vec<PathBuf> {
    let rejects = rejects_path(out, options);
    let mut all = own_files(out, options);
    all.extend([beside(&rejects, ".partial"), rejects::shown(&rejects), rejects]);
    all
}

/// Refuses a file of the caller's own, of this name, that is an input, the output `out`, or a file beside it.
///
/// ```
/// use std::path::Path;
/// use ndpix::{Input, Options, keep_apart};
/// let (options, out) = (Options::default(), Path::new("a.npy"));
/// assert!(keep_apart("summary", Path::new("a.json"), &[], Some(out), &options).is_ok());
/// assert!(keep_apart("summary", Path::new("./a.npy"), &[], Some(out), &options).is_err());
/// let inputs = [Input::Path("a.ndjson".into())];
/// assert!(keep_apart("report", Path::new("a.ndjson"), &inputs, None, &options).is_err());
/// ```
///
/// # Errors
/// Kind `options`.
pub fn keep_apart(
    name: &str,
    file: &Path,
    inputs: &[Input],
    out: Option<&Path>,
    options: &Options,
) -> Result<()> {
    let mut taken = out.map_or_else(Vec::new, |out| files_of(out, options));
    taken.extend(inputs.iter().filter_map(Input::path).map(Path::to_path_buf));
    let inside = out.is_some_and(|out| file.starts_with(out));
    if !inside && !taken.iter().any(|path| same(file, path)) {
        return Ok(());
    }
    let what = if out.is_some() { "an input, the output or a file beside it" } else { "an input" };
    Err(Error::options(format!("{name} {} is {what}; give another name", file.display())))
}

/// Whether two names lead to one file, existing or not.
fn same(a: &Path, b: &Path) -> bool {
    if let (Some(a), Some(b)) = (os::id(a), os::id(b)) {
        return a == b;
    }
    let full = |path: &Path| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    a == b || full(a).is_some_and(|a| Some(a) == full(b))
}

/// Every file that a run may write, without the rejects file, which may have any other name.
fn own_files(out: &Path, options: &Options) -> Vec<PathBuf> {
    let finals = array_files(out, options).into_iter();
    let mut all: Vec<_> = finals.flat_map(|path| [beside(&path, ".partial"), path]).collect();
    all.extend([moves::journal::path(out), moves::old(out)]);
    all.extend([journal::path(out), shelf::path(out)]);
    if is_folder(out, options) {
        all.push(beside(out, ".partial.lock"));
    }
    all
}

/// Makes the moves that are left of a run that was killed at its end; what that run was, if this is so.
pub(super) fn take_up(out: &Path, options: &Options) -> Result<Option<Value>> {
    let files = array_files(out, options).into_iter().skip(1);
    let files: Vec<_> = files.chain([rejects_path(out, options)]).collect();
    moves::take_up(out, &files, sink::named(out, options)?.folder)
}

/// Refuses to write over an input, over the array, or into what is not a regular file.
pub(super) fn spare(inputs: &[Input], out: &Path, options: &Options) -> Result<()> {
    let folder = folder_of(out);
    if !folder.is_dir() {
        return Err(Error::options(format!(
            "output {}: there is no folder {}; make it first",
            out.display(),
            folder.display()
        )));
    }
    let rejects = rejects_path(out, options);
    if own_files(out, options).contains(&rejects) {
        return Err(Error::options(format!(
            "rejects {} is a file of the output itself; give another name",
            rejects.display()
        )));
    }
    let inside = [out.to_path_buf(), beside(out, ".partial"), shelf::path(out)];
    if inside.iter().any(|folder| rejects.starts_with(folder)) || !folder_of(&rejects).is_dir() {
        return Err(Error::options(format!(
            "rejects {} is inside the output, or in a folder that is not there; give another name",
            rejects.display()
        )));
    }
    let mut there = Vec::new();
    let folder = is_folder(out, options);
    for path in files_of(out, options) {
        let Ok(found) = std::fs::metadata(&path) else { continue };
        // The output itself is looked at by `may_write`, a folder that is unfinished or old by the sink.
        let ours = [beside(out, ".partial"), moves::old(out)];
        let looked_at = path == out || path == shelf::path(out) || (folder && ours.contains(&path));
        if !looked_at && !found.is_file() {
            return Err(Error::options(format!(
                "{} would be written but is a folder, pipe or device; {}",
                path.display(),
                if path == rejects { "give another name for rejects" } else { "remove it" }
            )));
        }
        there.extend(os::id(&path));
    }
    for input in inputs {
        let Some(path) = input.path() else { continue };
        // Under whatever name: a link counts as the file it leads to.
        let known = || os::id(path).is_some_and(|id| there.contains(&id));
        let inside = || match (path.canonicalize(), out.canonicalize()) {
            (Ok(path), Ok(out)) => folder && path.starts_with(out),
            _ => false,
        };
        if !there.is_empty() && (known() || inside()) {
            return Err(Error::options(format!(
                "{} is an input and would be overwritten; give another name",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Refuses to start where an input cannot be opened when it is its turn, perhaps hours later.
pub(super) fn readable(inputs: &[Input]) -> Result<()> {
    for input in inputs {
        let Some(path) = input.path() else { continue };
        os::may_read(path)
            .map_err(|e| Error::io(format_args!("cannot open {}", path.display()), e))?;
    }
    Ok(())
}

/// Refuses to start where the plan and the size of the inputs say that the disk cannot hold it.
pub(super) fn disk(reader: &Reader, out: &Path, options: &Options) -> Result<()> {
    let packs = match options.output_compression {
        OutputCompression::Auto => sink::named(out, options)?.packs,
        OutputCompression::None => false,
        OutputCompression::Gzip(_) | OutputCompression::Zstd(_) => true,
    };
    if packs {
        // Nobody knows how small it will be.
        return Ok(());
    }
    let folder = folder_of(out);
    let (Some(rows), Some(free)) = (reader.expected_rows(), os::free_bytes(folder)) else {
        return Ok(());
    };
    let old = match options.append && !sink::named(out, options)?.can(Ability::InPlace) {
        true => std::fs::metadata(out).map_or(0, |found| found.len()),
        false => 0,
    };
    let need = rows * reader.row_bytes() as f64 + old as f64;
    // The estimate rests on the sample: only a clear miss is refused.
    if need * 0.8 > free as f64 {
        return Err(Error::io(
            format_args!(
                "about {} will be needed for {}, but {} are free",
                human(need as u64),
                out.display(),
                human(free)
            ),
            std::io::ErrorKind::StorageFull.into(),
        ));
    }
    Ok(())
}
