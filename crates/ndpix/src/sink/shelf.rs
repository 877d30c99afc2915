//! `OUT.partial.d/`: what a run lays aside for the one that goes on when it was killed: tapes that are too long for
//! memory, and what is left of chunks that are not full.
//!
//! It is made with the first thing that lies on it, and goes when the output has its name. The file that says what
//! it is also keeps other runs away from it, and has a word by which a state knows that it is the same shelf.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::folder::{self, Folder, Known, MARK};
use super::mark::{Mark, broken, number};
use super::partial::{Partial, beside, cut, folder_of, own, own_empty, there, write_failed};
use crate::error::{Error, ErrorKind, Result};

/// So many marks can be gone on from: the last, the one that is being made durable, and one that is not yet.
const KEPT: u64 = 3;

/// What a shelf is called.
pub(crate) fn path(out: &Path) -> PathBuf {
    beside(out, ".partial.d")
}

/// The shelf of one output, which is there when something lies on it.
pub(crate) struct Shelf {
    /// The output.
    out: PathBuf,
    /// Whether the run may be gone on with. Otherwise nothing gets a name.
    continues: bool,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    /// The file that says what the folder is, locked.
    lock: Option<Partial>,
    word: String,
    /// Marks so far, those of earlier processes too.
    marks: u64,
}

impl Shelf {
    /// The shelf of the output `out`, which this run has locked: an empty one, or that of the state `from`.
    ///
    /// # Errors
    /// Kind `io` where it is not the one that the state is of, `options` where somebody else has the name.
    pub(crate) fn open(out: &Path, continues: bool, from: Option<&Value>) -> Result<Arc<Self>> {
        let mut made = Made::default();
        match from.map(|state| &state["shelf"]) {
            None => clear(out)?,
            Some(state) => {
                let lock = lock(out)?;
                (&lock.file).read_to_string(&mut made.word).map_err(|e| lock.failed(e))?;
                if state["word"] != *made.word || made.word.is_empty() {
                    let path = path(out);
                    let message =
                        format!("{} is of another run than the one to go on with", path.display());
                    return Err(Error::new(ErrorKind::Io, message));
                }
                made.marks = number(state, "mark")?;
                made.lock = Some(lock);
            }
        }
        let made = Mutex::new(made);
        Ok(Arc::new(Self { out: out.to_path_buf(), continues, made }))
    }

    /// An output that is a folder, and its shelf: new ones, or those of the state `from`.
    pub(crate) fn of_folder(
        out: &Path,
        known: Known,
        continues: bool,
        from: Option<&Value>,
    ) -> Result<(Folder, Arc<Self>)> {
        let open = || Self::open(out, continues, from);
        if from.is_none() {
            return Ok((Folder::create(out, known)?, open()?));
        }
        let mut folder = Folder::again(out, known)?;
        let shelf = open()?;
        folder.expect(&shelf.made().word)?;
        Ok((folder, shelf))
    }

    /// A file for what comes under this name: an empty one, or its first `len` bytes, which were there at a mark.
    pub(crate) fn file(&self, name: &str, len: u64) -> Result<File> {
        let path = match self.continues {
            true => path(&self.out).join(name),
            false => folder_of(&self.out).to_path_buf(),
        };
        let file = match (self.continues, len) {
            (false, _) => tempfile::tempfile_in(&path),
            (true, 0) => {
                self.make(&mut self.made())?;
                own_empty(&path)
            }
            (true, _) => own(&path, false),
        };
        let file = file.map_err(|e| write_failed(&path, e))?;
        if len > 0 {
            cut(&file, &path, len)?;
        }
        Ok(file)
    }

    /// Takes part in a mark of the output, which may be a folder, with what is left of chunks: the state of the
    /// shelf.
    pub(crate) fn mark(
        &self,
        mark: &mut Mark,
        output: Option<&mut Folder>,
        left: &[&[u8]],
    ) -> Result<Value> {
        let mut made = self.made();
        self.make(&mut made)?;
        made.marks += 1;
        let folder = path(&self.out);
        let path = folder.join(rest(made.marks));
        if left.iter().any(|part| !part.is_empty()) {
            let mut write = || {
                let mut file = own_empty(&path)?;
                left.iter().try_for_each(|part| file.write_all(part))?;
                mark.files.push(Arc::new(file));
                Ok(())
            };
            write().map_err(|e| write_failed(&path, e))?;
        }
        if let Some(old) = made.marks.checked_sub(KEPT) {
            let _ = fs::remove_file(folder.join(rest(old)));
        }
        if let Some(lock) = &made.lock {
            mark.file(&lock.file).map_err(|e| lock.failed(e))?;
        }
        mark.paths.extend([folder_of(&folder).to_path_buf(), folder]);
        if let Some(folder) = output {
            folder.mark(&made.word, mark)?;
        }
        let left: Vec<_> = left.iter().map(|part| part.len()).collect();
        Ok(json!({"word": made.word, "mark": made.marks, "left": left}))
    }

    /// What was left of chunks at the mark whose state is `from`.
    pub(crate) fn left<const N: usize>(&self, from: &Value) -> Result<[Vec<u8>; N]> {
        let lengths = from["shelf"]["left"].as_array().map_or(&[][..], Vec::as_slice);
        let lengths: Vec<_> = lengths.iter().filter_map(Value::as_u64).collect();
        let lengths = <[u64; N]>::try_from(lengths).map_err(|_| broken("left"))?;
        let all = lengths.iter().fold(0u64, |all, len| all.saturating_add(*len));
        if all == 0 {
            return Ok(lengths.map(|_| Vec::new()));
        }
        let path = path(&self.out).join(rest(self.made().marks));
        let read = || {
            let mut file = own(&path, false)?;
            // What a state says is not believed before memory is asked for.
            if file.metadata()?.len() < all {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let mut parts = lengths.map(|len| vec![0; len as usize]);
            parts.iter_mut().try_for_each(|part| file.read_exact(part))?;
            Ok(parts)
        };
        read().map_err(|e| {
            Error::io(format_args!("cannot read the {all} bytes of {}", path.display()), e)
        })
    }

    /// Whether there was a mark, so that this run can be gone on with.
    pub(crate) fn is_marked(&self) -> bool {
        self.made().marks > 0
    }

    /// Removes it, unless the run is to be gone on with: that is so where `keep` and there was a mark.
    pub(crate) fn end(&self, keep: bool) {
        let mut made = self.made();
        if !(keep && made.marks > 0) && made.lock.is_some() {
            // What is left of it is known to be unfinished, and the next run removes it.
            let _ = folder::remove(&path(&self.out), |_| false);
            made.lock = None;
        }
    }

    /// An error of writing to the file of this name.
    pub(crate) fn failed(&self, name: &str, error: std::io::Error) -> Error {
        let path = match self.continues {
            true => path(&self.out).join(name),
            false => folder_of(&self.out).to_path_buf(),
        };
        write_failed(&path, error)
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the folder, if it is not there.
    fn make(&self, made: &mut Made) -> Result<()> {
        if made.lock.is_some() {
            return Ok(());
        }
        let path = path(&self.out);
        fs::create_dir(&path).map_err(|e| write_failed(&path, e))?;
        let lock = lock(&self.out)?;
        made.word = format!("{:016x}", RandomState::new().hash_one(&path));
        (&lock.file).write_all(made.word.as_bytes()).map_err(|e| lock.failed(e))?;
        made.lock = Some(lock);
        Ok(())
    }
}

/// The file with what is left of chunks at a mark.
fn rest(mark: u64) -> String {
    format!("rest.{mark}")
}

/// Keeps other runs away from the shelf.
fn lock(out: &Path) -> Result<Partial> {
    let folder = path(out);
    if folder.is_symlink() {
        let message =
            format!("{} is a link, which this run did not make; remove it", folder.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let path = folder.join(MARK);
    Partial::open(&path, &path)
}

/// Removes what an earlier run laid aside.
///
/// # Errors
/// Kind `io` where a run is at it now, `options` where it is not of ndpix.
pub(crate) fn clear(out: &Path) -> Result<()> {
    let path = path(out);
    if !there(&path) {
        return Ok(());
    }
    folder::may_go(&path, |_| false)?;
    let _lock = path.is_dir().then(|| lock(out)).transpose()?;
    folder::remove(&path, |_| false)
}
