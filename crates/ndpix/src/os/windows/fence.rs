//! The folders that image paths may reach, and files opened inside of them.
//!
//! Paths come from records. Their steps are names alone, without drives, streams and names of devices, as they are
//! put behind the true name of an allowed folder. Links are followed by the system, and what was opened is given
//! away only if its own name, without links, is inside.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::final_path;
use crate::os::Stop;

/// The folders that may be reached.
#[derive(Debug)]
pub(crate) struct Fence {
    folders: Vec<Folder>,
    /// Whether relative paths start in the first of them.
    starts: bool,
}

#[derive(Debug)]
struct Folder {
    /// Its absolute path as the user wrote it, and without links: `\\?\C:\...`, where every name is only a name.
    given: PathBuf,
    real: PathBuf,
}

impl Folder {
    fn open(path: &Path) -> io::Result<Self> {
        let given = std::path::absolute(path)?;
        let real = given.canonicalize()?;
        Ok(Self { given, real })
    }
}

impl Fence {
    /// Opens the folders: `start`, where relative paths begin, and others that may be reached. The error
    /// comes with the folder that it is about.
    pub(crate) fn new(
        start: Option<&Path>,
        others: &[PathBuf],
    ) -> Result<Self, (PathBuf, io::Error)> {
        let all = start.into_iter().chain(others.iter().map(PathBuf::as_path));
        let opened = all.map(|path| Folder::open(path).map_err(|e| (path.to_owned(), e)));
        Ok(Self { folders: opened.collect::<Result<_, _>>()?, starts: start.is_some() })
    }

    /// Opens the regular file that `path` names, for reading.
    pub(crate) fn open(&self, path: &Path) -> Result<File, Stop> {
        let full = match self.folders.first().filter(|_| self.starts) {
            _ if path.has_root() || path.is_absolute() => path.to_owned(),
            Some(start) => start.given.join(path),
            None => return Err(Stop::Outside),
        };
        // By its names alone, without `.` and `..`.
        let full = std::path::absolute(full).map_err(Stop::Io)?;
        let found = self
            .folders
            .iter()
            .find_map(|f| Some((f, below(&full, &f.given).or_else(|| below(&full, &f.real))?)));
        let (folder, names) = found.ok_or(Stop::Outside)?;
        let (mut place, mut links) = (folder.real.clone(), false);
        for name in names {
            if name.contains([':', '/', '\\']) {
                return Err(Stop::Io(io::ErrorKind::InvalidInput.into()));
            }
            place.push(name);
            links |= fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink());
        }
        // What links lead to is not told where that may be outside.
        let stop = |e| if links { Stop::Outside } else { Stop::Io(e) };
        self.inside(&place.canonicalize().map_err(stop)?)?;
        let seen = fs::metadata(&place).map_err(stop)?;
        if !seen.is_file() {
            let what = if seen.is_dir() { "a directory" } else { "not a regular file" };
            return Err(Stop::Is(what));
        }
        let file = File::open(&place).map_err(stop)?;
        self.inside(&final_path(&file).map_err(Stop::Io)?)?;
        Ok(file)
    }

    fn inside(&self, real: &Path) -> Result<(), Stop> {
        let inside = self.folders.iter().any(|folder| real.starts_with(&folder.real));
        if inside { Ok(()) } else { Err(Stop::Outside) }
    }
}

/// The names that lead from a folder to what lies below it; the system takes names of either case for the same.
fn below<'p>(path: &'p Path, folder: &Path) -> Option<Vec<&'p str>> {
    let mut steps = path.components();
    for expected in folder.components() {
        let (step, expected) = (steps.next()?.as_os_str(), expected.as_os_str());
        step.eq_ignore_ascii_case(expected).then_some(())?;
    }
    let names = steps.map(|step| match step {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    names.collect()
}
