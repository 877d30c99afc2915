//! The final names of an output: the main file or folder and what stands beside it get theirs together.
//!
//! One rename is whole by itself. Where there are more, all of them are written down first, in
//! `OUT.partial.moves` (`moves/journal.rs`). What is replaced then goes aside, the files beside it come and
//! go, and the main one is named last: a run that is killed in between leaves nothing under the name of
//! the output, never an array beside files of another. The next run makes the moves that are missing.
//! An array that grows counts its new rows once the moves of what stands beside it are written down; where one of them
//! replaces a table of its rows, it is aside meanwhile.

pub(crate) mod journal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use self::journal::Journal;
use super::folder::{self, Folder, Known, Lock};
use super::npy::file::Npy;
use super::partial::{Partial, beside, remove, rename, there};
use super::shelf::{self, Shelf};
use crate::error::{Error, Result};

/// An output that is whole and waits for its names.
#[derive(Default)]
pub(crate) struct Ready {
    /// None of an output without files.
    pub(crate) main: Option<Main>,
    /// Files beside it; those that grow have their names already.
    pub(crate) beside: Vec<Partial>,
    /// What keeps other runs away meanwhile, and goes afterwards.
    pub(crate) guard: Option<Partial>,
    /// What was laid aside for another run, which goes when it is not needed any more.
    pub(crate) shelf: Option<Arc<Shelf>>,
}

/// The file or folder that is the output.
pub(crate) enum Main {
    File(Partial),
    Folder(Folder),
    /// An array that is there and gets more rows.
    Grows(Npy),
}

/// What the run knows of files beside an output.
#[derive(Default)]
pub(crate) struct Company {
    /// Files of the run that are whole: they lie under these names with `.partial`.
    pub(crate) comes: Vec<PathBuf>,
    /// Files that go with the output that they belonged to, where this one has no such.
    pub(crate) goes: Vec<PathBuf>,
    /// What the run is, for the next one.
    pub(crate) run: Value,
}

impl Main {
    fn out(&self) -> &Path {
        match self {
            Self::File(file) => file.out(),
            Self::Folder(folder) => folder.out(),
            Self::Grows(array) => array.out(),
        }
    }

    fn known(&self) -> Option<Known> {
        match self {
            Self::Folder(folder) => Some(folder.known()),
            Self::File(_) | Self::Grows(_) => None,
        }
    }

    /// Gives it its name, or its rows, where nothing stands beside it.
    fn finish(self) -> Result<()> {
        match self {
            Self::File(file) => file.finish().map(|_| ()),
            Self::Folder(folder) => folder.finish().map(|_| ()),
            Self::Grows(array) => array.grow(),
        }
    }
}

impl Ready {
    /// A file without others of its own.
    pub(crate) fn file(file: Partial, shelf: Arc<Shelf>) -> Self {
        Self { main: Some(Main::File(file)), shelf: Some(shelf), ..Self::default() }
    }

    /// A folder.
    pub(crate) fn folder(folder: Folder, shelf: Arc<Shelf>) -> Self {
        Self { main: Some(Main::Folder(folder)), shelf: Some(shelf), ..Self::default() }
    }

    /// Gives everything its final name; the names, the main one first.
    pub(crate) fn named(self, company: Company) -> Result<Vec<PathBuf>> {
        let Some(main) = self.main else { return Ok(Vec::new()) };
        let out = main.out().to_path_buf();
        let own = self.beside.iter().map(|file| file.out().to_path_buf());
        let names: Vec<_> =
            std::iter::once(out.clone()).chain(own).chain(company.comes.clone()).collect();
        let mut moves = Moves { out: out.clone(), all: Vec::new(), rows: None, run: company.run };
        let comes = self.beside.iter().filter(|file| file.path() != file.out());
        let apart = comes.clone().count() > 0;
        let comes = comes.map(|file| file.out().to_path_buf()).chain(company.comes);
        moves.all.extend(comes.map(Move::comes));
        let goes = company.goes.into_iter().filter(|path| !names.contains(path) && there(path));
        moves.all.extend(goes.map(Move::goes));
        let (shelf, guard) = (self.shelf, self.guard);
        let tidy = || {
            if let Some(shelf) = shelf {
                shelf.end(false);
            }
            guard.and_then(|guard| guard.abandon(false));
        };
        if moves.all.is_empty() {
            main.finish()?;
            tidy();
        } else {
            together(main, moves, apart, tidy)?;
        }
        Ok(names)
    }
}

/// Names a main file and others, and then makes `tidy`.
///
/// With `apart` an array that grows is aside while the others come.
fn together(main: Main, mut moves: Moves, apart: bool, tidy: impl FnOnce()) -> Result<()> {
    let known = main.known();
    if let Main::Grows(array) = &main {
        moves.rows = Some(array.rows());
        if apart {
            clear(&old(&moves.out), known)?;
            moves.all.push(Move::back(&moves.out));
        }
    } else {
        moves.replace(known)?;
    }
    let journal = Journal::write(&moves)?;
    if let Main::Grows(array) = main {
        let grown = match apart {
            false => array.grow(),
            true => rename(&moves.out, &old(&moves.out)).and_then(|()| array.grow()),
        };
        // Where this fails the array is as it was, and nothing else has moved.
        if let Err(error) = grown {
            moves.restore()?;
            journal.discard();
            return Err(error);
        }
        moves.make(known)?;
        tidy();
    } else {
        moves.make(known)?;
        tidy();
        // Until here it keeps other runs away.
        drop(main);
    }
    // As long as it is there, the next run knows that this one came to its end.
    journal.discard();
    Ok(())
}

/// Takes up the moves of a run that was killed between them, of the output `out` and the `files` beside it;
/// what that run was, if it is whole now.
///
/// # Errors
/// Kind `io` where a run is at it now, `options` where the moves are not those of such files.
pub(crate) fn take_up(
    out: &Path,
    files: &[PathBuf],
    known: Option<Known>,
) -> Result<Option<Value>> {
    let Some(journal) = Journal::open(out)? else {
        tidy(out, known);
        return Ok(None);
    };
    // What that run had to keep others away goes with this one.
    let _lock = known.map(|_| Lock::take(out)).transpose()?;
    let Some(moves) = journal.read(out, files)? else {
        journal.discard();
        return Ok(None);
    };
    // An array that did not come to count its new rows is as it was.
    let back = Move::back(out);
    let is_aside = moves.all.contains(&back) && there(&back.from);
    let array = if is_aside { &back.from } else { out };
    if moves.rows.is_some() && moves.rows != Npy::counted(array) {
        moves.restore()?;
        journal.discard();
        return Ok(None);
    }
    moves.make(known)?;
    if moves.rows.is_some() {
        remove(&beside(out, ".partial"))?;
    }
    tidy(out, None);
    journal.discard();
    Ok(Some(moves.run))
}

/// Removes what is left of the run of an output that has its name now, as it was killed before it came to that. Where
/// this does not succeed, the next run of that output will see why.
fn tidy(out: &Path, known: Option<Known>) {
    if !there(&beside(out, ".partial")) {
        let is_locked = known.is_some() && there(&folder::lock(out));
        let _lock = is_locked.then(|| Lock::take(out));
        let _ = shelf::clear(out);
    }
}

/// What is to happen to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(super) from: PathBuf,
    /// None: it is removed.
    pub(super) to: Option<PathBuf>,
}

impl Move {
    pub(super) fn comes(path: PathBuf) -> Self {
        Self { from: beside(&path, ".partial"), to: Some(path) }
    }

    pub(super) fn goes(path: PathBuf) -> Self {
        Self { from: path, to: None }
    }

    /// What went aside gets its name again.
    pub(super) fn back(out: &Path) -> Self {
        Self { from: old(out), to: Some(out.to_path_buf()) }
    }

    /// What stands under the name of the output.
    pub(super) fn aside(out: &Path) -> Self {
        Self { from: out.to_path_buf(), to: Some(old(out)) }
    }
}

/// What an output that is replaced is called until it is removed.
pub(crate) fn old(out: &Path) -> PathBuf {
    beside(out, ".partial.old")
}

/// All that is to happen at the end of a run, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(super) out: PathBuf,
    pub(super) all: Vec<Move>,
    /// Of an array that grows: the rows that it counts then.
    pub(super) rows: Option<u64>,
    pub(super) run: Value,
}

impl Moves {
    /// The main file comes too, after the others, and what has its name goes before them.
    fn replace(&mut self, known: Option<Known>) -> Result<()> {
        clear(&old(&self.out), known)?;
        if there(&self.out) {
            known.map_or(Ok(()), |known| folder::may_go(&self.out, known))?;
            self.all.insert(0, Move::aside(&self.out));
        }
        self.all.push(Move::comes(self.out.clone()));
        Ok(())
    }

    /// Makes all that are not made yet.
    fn make(&self, known: Option<Known>) -> Result<()> {
        let main = Move::comes(self.out.clone());
        // The main file is named last: then nothing is left to do but to clear away.
        let made = self.all.last() == Some(&main) && !there(&main.from);
        for one in self.all.iter().filter(|_| !made) {
            match &one.to {
                None => remove(&one.from)?,
                Some(_) if !there(&one.from) => {}
                Some(to) if *one == Move::aside(&self.out) => {
                    self.free(to)?;
                    known.map_or(Ok(()), |known| folder::may_go(&one.from, known))?;
                    rename(&one.from, to)?;
                }
                Some(to) => {
                    if *to == self.out {
                        self.free(to)?;
                        known.map_or(Ok(()), |_| folder::unmark(&one.from))?;
                    }
                    rename(&one.from, to)?;
                }
            }
        }
        // The new one is in place, whatever becomes of the old one; the next run would remove it.
        let _ = clear(&old(&self.out), known);
        Ok(())
    }

    /// An array that went aside and did not come to count its new rows gets its name again.
    fn restore(&self) -> Result<()> {
        let back = Move::back(&self.out);
        if !self.all.contains(&back) || !there(&back.from) {
            return Ok(());
        }
        self.free(&self.out)?;
        rename(&back.from, &self.out)
    }

    /// Refuses a name that something has which came since the moves were written down.
    fn free(&self, to: &Path) -> Result<()> {
        if !there(to) {
            return Ok(());
        }
        Err(Error::options(format!(
            "{0} appeared after an earlier run had begun to put {1} there, and is left alone; move it away and run the same command again",
            self.out.display(),
            beside(&self.out, ".partial").display(),
        )))
    }
}

/// Removes an output that went aside.
fn clear(old: &Path, known: Option<Known>) -> Result<()> {
    match known {
        None => remove(old),
        Some(known) => folder::remove(old, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sealed output with a file beside it, and what an older one left.
    fn output(out: &Path) -> Ready {
        for (name, text) in [("", "old"), (".rows", "old rows"), (".columns", "old columns")] {
            std::fs::write(beside(out, name), text).expect("written");
        }
        let [main, rows] = ["", ".rows"].map(|name| {
            let path = beside(out, name);
            std::fs::write(beside(&path, ".partial"), format!("new{name}")).expect("written");
            Partial::open(&path, &beside(&path, ".partial")).expect("opened")
        });
        Ready { main: Some(Main::File(main)), beside: vec![rows], ..Ready::default() }
    }

    fn names(out: &Path) -> Vec<String> {
        let all = std::fs::read_dir(out.parent().expect("a folder")).expect("a folder");
        let mut all: Vec<_> =
            all.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        all.sort();
        all
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).expect("text")
    }

    #[test]
    fn files_get_their_names_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a");
        let goes = vec![beside(&out, ".columns"), beside(&out, ".none")];
        let named = output(&out).named(Company { goes, ..Company::default() }).expect("named");
        assert_eq!(named, [out.clone(), beside(&out, ".rows")]);
        assert_eq!(names(&out), ["a", "a.rows"]);
        assert_eq!((text(&out), text(&beside(&out, ".rows"))), ("new".into(), "new.rows".into()));
    }

    /// The moves of an output that was killed before the first of them.
    fn killed(out: &Path) -> PathBuf {
        let ready = output(out);
        let all = vec![Move::comes(beside(out, ".rows")), Move::goes(beside(out, ".columns"))];
        let mut moves = Moves { out: out.to_path_buf(), all, rows: None, run: "this".into() };
        moves.replace(None).expect("the old one goes");
        drop(Journal::write(&moves).expect("written"));
        drop(ready);
        journal::path(out)
    }

    #[test]
    fn moves_of_a_killed_run_are_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a");
        killed(&out);
        let files = [".rows", ".columns"].map(|name| beside(&out, name));
        assert_eq!(take_up(&out, &files, None).expect("made"), Some("this".into()));
        assert_eq!((names(&out), text(&out)), (vec!["a".into(), "a.rows".into()], "new".into()));
        assert_eq!(take_up(&out, &files, None).expect("nothing is left"), None);
    }

    #[test]
    fn moves_that_are_not_whole_or_not_ours_are_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a");
        let path = killed(&out);
        let line = text(&path);
        // A file of this output is not one that this run has: it is named, and nothing moves.
        let error = take_up(&out, &[beside(&out, ".rows")], None).expect_err("refused").to_string();
        assert!(error.contains("a.columns") && error.contains("or remove it"), "{error}");
        std::fs::write(&path, line.replace("a.columns", "../b")).expect("written");
        let files = [".rows", ".columns"].map(|name| beside(&out, name));
        assert!(take_up(&out, &files, None).is_err());
        assert_eq!(text(&out), "old");
        // What has come since stays.
        std::fs::write(&path, &line).expect("written");
        std::fs::rename(&out, old(&out)).expect("the first move");
        std::fs::write(&out, "theirs").expect("written");
        let error = take_up(&out, &files, None).expect_err("refused").to_string();
        assert!(error.contains("appeared"), "{error}");
        assert_eq!(text(&out), "theirs");
        for cut in 0..line.len() {
            std::fs::write(&path, &line[..cut]).expect("written");
            assert_eq!(take_up(&out, &files, None).expect("discarded"), None);
            assert!(!path.exists());
        }
    }
}
