//! `OUT.partial/`: what a folder is called until it is whole. The counterpart of `partial.rs`.
//!
//! A folder is never written in place, and one that ndpix did not make is never replaced or removed.
//! Where a folder is replaced, the two change their names in one step, so that whenever a run is killed
//! the old or the new one stands under the final name, whole.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::mark::Mark;
use super::partial::{
    Partial, beside, folder_of, own_empty, rename, sync_folder, text_of, there, write_failed,
};
use crate::error::{Error, ErrorKind, Result};
use crate::os;

/// The file that says of a folder that it is unfinished, and may be removed.
pub(super) const MARK: &str = ".ndpix-partial";

/// Whether a folder is an output of some kind, so that it may go.
pub(crate) type Known = fn(&Path) -> bool;

/// A folder that has its final name only when it is whole.
pub(crate) struct Folder {
    path: PathBuf,
    out: PathBuf,
    known: Known,
    /// By what a state knows it, once there was a mark.
    word: String,
    _lock: Lock,
}

/// Keeps other runs away from a folder, by a file beside the folder: one inside would become part of the output.
pub(super) struct Lock(Option<Partial>);

/// What the file is called that keeps other runs away.
pub(super) fn lock(out: &Path) -> PathBuf {
    beside(out, ".partial.lock")
}

impl Lock {
    pub(super) fn take(out: &Path) -> Result<Self> {
        let path = lock(out);
        Partial::open(&path, &path).map(|lock| Self(Some(lock)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(lock) = self.0.take() {
            lock.abandon(false);
        }
    }
}

impl Folder {
    /// An empty `OUT.partial/`; one that an earlier run left is replaced. `known` says of a folder whether
    /// it is such an output, so that it may go.
    pub(crate) fn create(out: &Path, known: Known) -> Result<Self> {
        may_go(out, known)?;
        let lock = Lock::take(out)?;
        let path = beside(out, ".partial");
        remove(&path, known)?;
        fs::create_dir(&path)
            .and_then(|()| own_empty(&path.join(MARK)))
            .map_err(|e| write_failed(&path, e))?;
        Ok(Self { path, out: out.to_path_buf(), known, word: String::new(), _lock: lock })
    }

    /// The `OUT.partial/` of an earlier run, as it is. Whether it is the one to go on with, [`Self::expect`] says.
    pub(crate) fn again(out: &Path, known: Known) -> Result<Self> {
        let lock = Lock::take(out)?;
        let path = beside(out, ".partial");
        Ok(Self { path, out: out.to_path_buf(), known, word: String::new(), _lock: lock })
    }

    /// Refuses to go on with another folder than the one that states know by this word.
    ///
    /// # Errors
    /// Kind `io` where it is not there, or is of another run.
    pub(crate) fn expect(&mut self, word: &str) -> Result<()> {
        let found = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_dir());
        let is_ours = match text_of(&self.path.join(MARK))? {
            Some(text) if text == word.as_bytes() => {
                self.word = word.to_string();
                true
            }
            Some(_) => false,
            // It lost its mark before it was to be named. Where it was to replace another, that one may lie here.
            None => !there(&self.out) && (self.known)(&self.path),
        };
        if !found || !is_ours {
            let message =
                format!("{} is not the folder of the run to go on with", self.path.display());
            return Err(Error::new(ErrorKind::Io, message));
        }
        self.mark(word, &mut Mark::default())
    }

    /// Takes part in a mark: from then on states know it by this word.
    pub(crate) fn mark(&mut self, word: &str, mark: &mut Mark) -> Result<()> {
        if self.word != word {
            // A word is there, or it is not: never half of it.
            let (path, whole) = (beside(&self.path.join(MARK), ".partial"), self.path.join(MARK));
            own_empty(&path)
                .and_then(|mut file| file.write_all(word.as_bytes()))
                .and_then(|()| fs::rename(&path, &whole))
                .map_err(|e| write_failed(&whole, e))?;
            mark.paths.push(whole);
            self.word = word.to_string();
        }
        mark.paths.extend([self.path.clone(), folder_of(&self.path).to_path_buf()]);
        Ok(())
    }

    /// What it is called now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it will be called.
    pub(crate) fn out(&self) -> &Path {
        &self.out
    }

    /// What may go for it.
    pub(crate) fn known(&self) -> Known {
        self.known
    }

    /// Makes everything in it durable.
    pub(crate) fn sync(&self) -> Result<()> {
        sync(&self.path)
            .map_err(|e| Error::io(format_args!("cannot finish {}", self.path.display()), e))
    }

    /// Makes one more file of it durable.
    pub(crate) fn sync_file(&self, name: &str) -> Result<()> {
        let synced = os::sync(&self.path.join(name));
        let _ = os::sync(&self.path);
        synced.map_err(|e| Error::io(format_args!("cannot finish {}", self.path.display()), e))
    }

    /// Gives it its final name; what had that name is removed.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        may_go(&self.out, self.known)?;
        unmark(&self.path)?;
        if fs::symlink_metadata(&self.out).is_err() {
            rename(&self.path, &self.out)?;
            return Ok(self.out);
        }
        let mut old = self.path.clone();
        if os::exchange(&self.path, &self.out).is_err() {
            old = beside(&self.path, ".old");
            swap(&self.path, &self.out, &old, self.known)?;
        }
        sync_folder(&self.out);
        // The new one is in place, whatever becomes of the old one; the next run would remove it.
        let _ = discard(&old);
        Ok(self.out)
    }

    /// Leaves it as it is, or removes it.
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        if keep {
            return Some(self.path);
        }
        let _ = discard(&self.path);
        None
    }
}

/// Puts `new` in the place of `out`, which is then called `old`, where the file system cannot exchange
/// names: for a moment nothing is called `out`.
fn swap(new: &Path, out: &Path, old: &Path, known: Known) -> Result<()> {
    remove(old, known)?;
    rename(out, old)?;
    rename(new, out).inspect_err(|_| {
        let _ = fs::rename(old, out);
    })
}

/// Takes away what says that a folder is unfinished.
pub(super) fn unmark(path: &Path) -> Result<()> {
    match fs::remove_file(path.join(MARK)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(write_failed(path, e)),
        _ => Ok(()),
    }
}

/// Removes an output or an unfinished folder, if it is there.
pub(super) fn remove(path: &Path, known: Known) -> Result<()> {
    may_go(path, known)?;
    discard(path).map_err(|e| write_failed(path, e))
}

/// Refuses what is neither an unfinished folder nor an output, so that nobody may remove it.
pub(super) fn may_go(path: &Path, known: Known) -> Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    let empty = || fs::read_dir(path).is_ok_and(|mut all| all.next().is_none());
    if found.is_symlink()
        || (found.is_dir() && (empty() || path.join(MARK).exists() || known(path)))
    {
        return Ok(());
    }
    Err(Error::options(format!(
        "{} is not an output of ndpix and is left alone; remove it or give another name",
        path.display()
    )))
}

/// Removes a folder, its mark last: what a kill leaves is still known to be unfinished. Of a link the
/// link goes, and what it leads to stays.
fn discard(path: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
        Ok(found) if !found.is_dir() => return fs::remove_file(path),
        Ok(_) => {}
    }
    own_empty(&path.join(MARK))?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(path.join(MARK))?;
    fs::remove_dir(path)
}

/// Removes what came into a folder after a mark: all but what `stays`, by its name.
pub(crate) fn sweep(path: &Path, stays: impl Fn(&str) -> bool) -> Result<()> {
    if !there(path) {
        return Ok(());
    }
    let go = || {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == MARK || name.to_str().is_some_and(&stays) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    go().map_err(|e| write_failed(path, e))
}

/// Makes a folder durable: its files, then what they are called.
fn sync(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            os::sync(&entry.path())?;
        }
    }
    // Some file systems refuse to sync a folder.
    let _ = os::sync(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(path: &Path) -> bool {
        path.join("ours").exists()
    }

    fn whole(out: &Path, text: &str) -> PathBuf {
        let folder = Folder::create(out, known).expect("created");
        fs::create_dir(folder.path().join("a")).expect("a folder");
        fs::write(folder.path().join("a/ours"), text).expect("written");
        fs::write(folder.path().join("ours"), text).expect("written");
        folder.sync().expect("synced");
        folder.finish().expect("finished")
    }

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).expect("a folder");
        let mut all: Vec<_> =
            all.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        all.sort();
        all
    }

    #[test]
    fn a_folder_is_replaced_by_a_whole_one() {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("out");
        for text in ["one", "two"] {
            whole(&out, text);
            assert_eq!(fs::read_to_string(out.join("a/ours")).expect("text"), text);
            assert_eq!(
                (names(place.path()), names(&out)),
                (vec!["out".into()], vec!["a".into(), "ours".into()])
            );
        }
    }

    #[test]
    fn a_folder_of_somebody_else_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("out");
        for name in ["out", "out.partial"] {
            let folder = place.path().join(name);
            fs::create_dir(&folder).expect("a folder");
            fs::write(folder.join("precious"), "").expect("written");
            assert!(Folder::create(&out, known).is_err());
            assert_eq!(names(place.path()), [name]);
            fs::remove_dir_all(&folder).expect("removed");
        }
        // It may also come while the run goes on.
        let folder = Folder::create(&out, known).expect("created");
        fs::create_dir(&out).expect("a folder");
        fs::write(out.join("precious"), "").expect("written");
        assert!(folder.finish().is_err() && out.join("precious").exists());
    }

    #[test]
    fn leftovers_are_replaced_and_runs_keep_apart() {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("out");
        let first = Folder::create(&out, known).expect("created");
        fs::write(first.path().join("half"), "").expect("written");
        let error = Folder::create(&out, known).err().expect("locked").to_string();
        assert!(error.contains("another run"), "{error}");
        assert_eq!(first.abandon(true), Some(place.path().join("out.partial")));
        let second = Folder::create(&out, known).expect("created");
        assert_eq!(names(second.path()), [MARK]);
        assert_eq!(second.abandon(false), None);
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn names_change_also_where_they_cannot_be_exchanged() {
        let place = tempfile::tempdir().expect("a folder");
        let [new, out, old] = ["new", "out", "old"].map(|n| place.path().join(n));
        for (folder, text) in [(&new, "new"), (&out, "out"), (&old, "older")] {
            fs::create_dir(folder).expect("a folder");
            fs::write(folder.join("ours"), text).expect("written");
        }
        swap(&new, &out, &old, known).expect("swapped");
        let text = |folder: &Path| fs::read_to_string(folder.join("ours")).expect("text");
        assert_eq!((text(&out), text(&old), new.exists()), ("new".into(), "out".into(), false));
    }
}
