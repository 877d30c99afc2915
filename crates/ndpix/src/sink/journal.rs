//! `OUT.partial.journal`: what a run notes of itself on its way, so that the same command goes on with it
//! after it was ended. The first line says what run it is, each other one how to go on from a place between two
//! records. A line begins with its checksum: what is torn, and all after it, was never written.

use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;

use super::partial::{Partial, beside, sync_folder, there};
use crate::error::Result;

/// The journal of one run, locked.
pub(crate) struct Journal {
    file: Partial,
}

/// What an earlier run has left.
pub(crate) struct Left {
    pub(crate) journal: Journal,
    /// Its first line, and the last one that is whole; none where even the first is torn.
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
}

/// What the journal of `out` is called.
pub(crate) fn path(out: &Path) -> PathBuf {
    beside(out, ".partial.journal")
}

impl Journal {
    /// Begins the journal of `out` with its first line, durably.
    pub(crate) fn begin(out: &Path, first: &str) -> Result<Self> {
        let path = path(out);
        let journal = Self { file: Partial::open(&path, &path)? };
        journal.file.file.set_len(0).map_err(|e| journal.file.failed(e))?;
        journal.add(first)?;
        sync_folder(&path);
        Ok(journal)
    }

    /// The journal that an earlier run of `out` left, if one did; what is torn is cut off.
    ///
    /// # Errors
    /// Kind `io` where that run still goes on.
    pub(crate) fn left(out: &Path) -> Result<Option<Left>> {
        let path = path(out);
        if !there(&path) {
            return Ok(None);
        }
        let file = Partial::open(&path, &path)?;
        let (mut first, mut last, mut whole) = (None, None, 0);
        let mut lines = BufReader::new(&file.file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(|e| file.failed(e))? > 0 {
            let Some(text) = checked(&line) else { break };
            whole += line.len() as u64;
            let place = if first.is_none() { &mut first } else { &mut last };
            *place = Some(text.to_string());
            line.clear();
        }
        file.file.set_len(whole).map_err(|e| file.failed(e))?;
        Ok(Some(Left { journal: Self { file }, first, last }))
    }

    /// Appends a line, durably.
    pub(crate) fn add(&self, text: &str) -> Result<()> {
        let mut file = &self.file.file;
        let line = format!("{:08x} {text}\n", sum(text));
        file.seek(SeekFrom::End(0))
            .and_then(|_| file.write_all(line.as_bytes()))
            .and_then(|()| file.sync_data())
            .map_err(|e| self.file.failed(e))
    }

    /// Removes it: nothing is left to go on with.
    pub(crate) fn discard(self) {
        let path = self.file.path().to_path_buf();
        self.file.abandon(false);
        sync_folder(&path);
    }
}

fn sum(text: &str) -> u32 {
    let mut crc = Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// The text of a line that is whole.
fn checked(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (said, text) = line.split_once(' ')?;
    (said.len() == 8 && u32::from_str_radix(said, 16) == Ok(sum(text))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_was_never_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a.npy");
        assert!(Journal::left(&out).expect("nothing").is_none());
        let journal = Journal::begin(&out, "who").expect("begun");
        assert!(Journal::left(&out).is_err(), "the run goes on");
        for line in ["one", "two"] {
            journal.add(line).expect("added");
        }
        drop(journal);
        let whole = std::fs::read(path(&out)).expect("read");
        for cut in 0..=whole.len() {
            std::fs::write(path(&out), &whole[..cut]).expect("written");
            let left = Journal::left(&out).expect("read").expect("there");
            let lines = whole[..cut].iter().filter(|b| **b == b'\n').count();
            assert_eq!(left.first.as_deref(), (lines > 0).then_some("who"));
            assert_eq!(left.last.as_deref(), [None, None, Some("one"), Some("two")][lines]);
            left.journal.add("three").expect("added");
            drop(left);
            let left = Journal::left(&out).expect("read").expect("there");
            let (first, last) = (left.first.as_deref(), left.last.as_deref());
            let want =
                if lines == 0 { (Some("three"), None) } else { (Some("who"), Some("three")) };
            assert_eq!((first, last), want);
        }
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 4;
            std::fs::write(path(&out), other).expect("written");
            let left = Journal::left(&out).expect("read").expect("there");
            assert_ne!(left.last.as_deref(), Some("two"));
            left.journal.discard();
        }
    }
}
