//! Bytes that are written once and read once, afterwards: few of them in memory, more on disk.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use serde_json::Value;

use super::mark::{Mark, broken};
use super::shelf::Shelf;
use crate::error::Result;
use crate::os::FileAt;

/// More than this goes to disk.
const IN_MEMORY: usize = 256 << 10;
/// Of a tape on disk, bytes that wait to be written together.
const TOGETHER: usize = 16 << 10;

/// Bytes that go to a file of the shelf where they are many.
pub(crate) struct Tape {
    shelf: Arc<Shelf>,
    name: String,
    file: Option<Arc<File>>,
    /// Bytes in the file, and those after them.
    filed: u64,
    tail: Vec<u8>,
}

impl Tape {
    /// An empty one, or the one that the state `from` is of.
    pub(crate) fn new(
        shelf: &Arc<Shelf>,
        name: impl Into<String>,
        from: Option<&Value>,
    ) -> Result<Self> {
        let (shelf, name) = (Arc::clone(shelf), name.into());
        let filed = from.map_or(Some(0), Value::as_u64).ok_or_else(|| broken(&name))?;
        let file = match filed {
            0 => None,
            _ => Some(Arc::new(shelf.file(&name, filed)?)),
        };
        Ok(Self { shelf, name, file, filed, tail: Vec::new() })
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let most = if self.file.is_some() { TOGETHER } else { IN_MEMORY };
        if self.tail.len() + bytes.len() > most {
            self.flush()?;
            if bytes.len() > TOGETHER {
                return self.put(bytes);
            }
        }
        self.tail.extend_from_slice(bytes);
        Ok(())
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> u64 {
        self.filed + self.tail.len() as u64
    }

    /// Reads it from its first byte.
    pub(crate) fn read(&self) -> impl Read + '_ {
        BufReader::with_capacity(64 << 10, Reading { tape: self, at: 0 })
    }

    /// Takes part in a mark: its state.
    pub(crate) fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        if self.len() > 0 {
            self.flush()?;
        }
        mark.files.extend(self.file.clone());
        Ok(self.filed.into())
    }

    fn flush(&mut self) -> Result<()> {
        let tail = std::mem::take(&mut self.tail);
        self.put(&tail)?;
        // The room of a tape in memory is not needed any more.
        if tail.capacity() <= 2 * TOGETHER {
            self.tail = tail;
            self.tail.clear();
        }
        Ok(())
    }

    /// Writes to the file what comes after all that is in it.
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(Arc::new(self.shelf.file(&self.name, 0)?)),
        };
        file.write_all_at(bytes, self.filed).map_err(|e| self.shelf.failed(&self.name, e))?;
        self.filed += bytes.len() as u64;
        Ok(())
    }
}

/// A tape that is read. How much comes at once does not depend on what is in the file already: compressors make
/// other bytes of the same text where it comes in other parts.
struct Reading<'t> {
    tape: &'t Tape,
    at: u64,
}

impl Read for Reading<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut all = 0;
        while let Some(file) = self.tape.file.as_ref().filter(|_| self.at < self.tape.filed) {
            let left = usize::try_from(self.tape.filed - self.at).unwrap_or(usize::MAX);
            let len = left.min(out.len() - all);
            let got = file.read_at(&mut out[all..all + len], self.at)?;
            if got == 0 {
                return Ok(all);
            }
            all += got;
            self.at += got as u64;
        }
        let tail = &self.tape.tail[(self.at - self.tape.filed) as usize..];
        let len = tail.len().min(out.len() - all);
        out[all..all + len].copy_from_slice(&tail[..len]);
        self.at += len as u64;
        Ok(all + len)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn gives_back_what_it_got() {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = |name: &str, named| {
            Shelf::open(&folder.path().join(name), named, None).expect("a shelf")
        };
        for (named, parts) in [false, true].map(|n| [0, 1, 1000, 100_000].map(|p| (n, p))).concat()
        {
            let shelf = shelf(&format!("{parts}"), named);
            let mut tape = Tape::new(&shelf, "tape", None).expect("a tape");
            let want: Vec<u8> = (0..parts).flat_map(|i: u32| i.to_le_bytes()).collect();
            let (small, large) = want.split_at(want.len() / 2);
            for part in small.chunks(7).chain(large.chunks(50_000)) {
                tape.write(part).expect("written");
            }
            for _ in 0..2 {
                let mut all = Vec::new();
                tape.read().read_to_end(&mut all).expect("read");
                assert!(all == want && tape.len() == want.len() as u64);
            }
            // Only what is long gets a name, where there are names.
            let made = Path::new(&format!("{parts}.partial.d")).to_path_buf();
            assert_eq!(folder.path().join(made).exists(), named && want.len() > IN_MEMORY);
            shelf.end(true);
        }
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    }
}
