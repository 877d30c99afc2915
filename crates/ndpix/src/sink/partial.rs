//! `OUT.partial`: what an output is called until it is whole, and the lock that keeps other runs away.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::os;

/// A file that has its final name only when it is whole.
#[derive(Debug)]
pub(crate) struct Partial {
    /// The file, open for writing and locked.
    pub(crate) file: File,
    out: PathBuf,
    path: PathBuf,
}

impl Partial {
    /// An empty `OUT.partial`; one that an earlier run left is replaced.
    pub(crate) fn create(out: &Path) -> Result<Self> {
        let partial = Self::open(out, &beside(out, ".partial"))?;
        partial.file.set_len(0).map_err(|e| partial.failed(e))?;
        Ok(partial)
    }

    /// The file `path`, as it is, which will be called `out`; a link is refused.
    pub(crate) fn open(out: &Path, path: &Path) -> Result<Self> {
        let file = own(path, true).map_err(|e| write_failed(path, e))?;
        Self::lock(file, out, path)
    }

    /// The first `len` bytes of the `OUT.partial` that an earlier run left, which this run goes on with.
    pub(crate) fn again(out: &Path, len: u64) -> Result<Self> {
        let path = beside(out, ".partial");
        let file = own(&path, false)
            .map_err(|e| Error::io(format_args!("cannot go on with {}", path.display()), e))?;
        let partial = Self::lock(file, out, &path)?;
        cut(&partial.file, &partial.path, len)?;
        Ok(partial)
    }

    /// An output that is there and is added to.
    pub(crate) fn append(out: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(out);
        Self::lock(file.map_err(|e| write_failed(out, e))?, out, out)
    }

    fn lock(file: File, out: &Path, path: &Path) -> Result<Self> {
        // The lock is taken before the old content goes, so that two runs never share a file.
        let refused = || {
            let message = format!("{} is being written by another run", path.display());
            Error::new(ErrorKind::Io, message)
        };
        if !os::lock(&file) {
            return Err(refused());
        }
        // A run that ends names or removes its file: then this may be the lock on one that is called otherwise.
        match os::id_of(&file) {
            Ok(mine) if Some(mine) == os::id(path) => {
                Ok(Self { file, out: out.to_path_buf(), path: path.to_path_buf() })
            }
            _ => Err(refused()),
        }
    }

    /// What it will be called.
    pub(crate) fn out(&self) -> &Path {
        &self.out
    }

    /// What it is called now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error of writing to it.
    pub(crate) fn failed(&self, error: std::io::Error) -> Error {
        write_failed(&self.path, error)
    }

    /// Makes its content durable.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file
            .sync_all()
            .map_err(|e| Error::io(format_args!("cannot finish {}", self.path.display()), e))
    }

    /// Gives it its final name.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        rename(&self.path, &self.out)?;
        Ok(self.out)
    }

    /// Leaves it as it is, or removes it.
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        if keep {
            return Some(self.path);
        }
        let _ = std::fs::remove_file(&self.path);
        None
    }
}

/// A file under a name that only ndpix gives, as it is; where it is not there, `makes` it. What somebody
/// else has put there is not written through: links, and what is not a file, are refused.
pub(super) fn own(path: &Path, makes: bool) -> std::io::Result<File> {
    os::open_alone(path, makes)?.ok_or_else(|| {
        std::io::Error::other("it is a link, or not a file, which this run did not make; remove it")
    })
}

/// As [`own`], emptied.
pub(super) fn own_empty(path: &Path) -> std::io::Result<File> {
    let file = own(path, true)?;
    file.set_len(0)?;
    Ok(file)
}

/// Cuts off what lies after the first `len` bytes of a file, which an earlier run wrote after its last mark.
///
/// # Errors
/// Kind `io` where there are fewer.
pub(super) fn cut(file: &File, path: &Path, len: u64) -> Result<()> {
    let there = file.metadata().map_err(|e| write_failed(path, e))?.len();
    if there < len {
        let message = format!("{} has {there} bytes of the {len} that were in it", path.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    file.set_len(len).map_err(|e| write_failed(path, e))
}

/// An error of writing to `path`, with what to do about a full disk.
pub(crate) fn write_failed(path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded => " (free some space and run the same command again)",
        _ => "",
    };
    Error::io(format_args!("cannot write {}{hint}", path.display()), error)
}

/// `OUT` with `suffix` appended to its whole name.
pub(crate) fn beside(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// A small file that lies whole and durable beside its final name, `path`, which it does not have yet.
pub(crate) fn leave(path: &Path, text: &[u8]) -> Result<()> {
    let partial = beside(path, ".partial");
    let write = || {
        let mut file = own_empty(&partial)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().map_err(|e| write_failed(&partial, e))
}

/// What a small file holds, if there is one.
pub(crate) fn text_of(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == Io::NotFound => Ok(None),
        Err(e) => Err(Error::io(format_args!("cannot read {}", path.display()), e)),
    }
}

/// The folder that holds `out`.
pub(crate) fn folder_of(out: &Path) -> &Path {
    out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Renames and makes the rename durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to)
        .map_err(|e| Error::io(format_args!("cannot put {} in place", to.display()), e))?;
    sync_folder(to);
    Ok(())
}

/// Removes a file, if it is there, and makes that durable.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(e) if e.kind() == Io::NotFound => {}
        Err(e) => return Err(Error::io(format_args!("cannot remove {}", path.display()), e)),
    }
    Ok(())
}

/// Makes the names durable that are in the folder of `path`. Some file systems refuse to; what was done to
/// them has succeeded.
pub(crate) fn sync_folder(path: &Path) {
    let _ = os::sync(folder_of(path));
}

/// Whether something has this name, be it a link that leads nowhere.
pub(crate) fn there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_put_under_our_names_is_not_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("theirs"), "kept").expect("a file");
        std::os::unix::fs::symlink(at("theirs"), at("link.npy.partial")).expect("a link");
        std::fs::hard_link(at("theirs"), at("hard.npy.partial")).expect("a link");
        std::os::unix::fs::symlink(at("nowhere"), at("loose.npy.partial")).expect("a link");
        std::fs::create_dir(at("folder.npy.partial")).expect("a folder");
        for name in ["link.npy", "hard.npy", "loose.npy", "folder.npy"] {
            assert!(Partial::create(&at(name)).is_err(), "{name}");
        }
        assert_eq!(std::fs::read(at("theirs")).expect("a file"), b"kept");
        assert!(!at("nowhere").exists());
        // What a killed run left is used again.
        std::fs::write(at("left.npy.partial"), "old").expect("a file");
        let left = Partial::create(&at("left.npy")).expect("a file of ours");
        assert_eq!(left.file.metadata().expect("a file").len(), 0);
    }
}
