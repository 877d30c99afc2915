//! Bytes that are written once and read once, afterwards: small ones in memory, more on disk, in a file
//! without a name that goes with the process.

use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use super::partial::write_failed;
use crate::error::Result;

/// More than this goes to disk.
const IN_MEMORY: usize = 256 << 10;

/// Bytes that go to disk where they are many, in a file without a name.
pub(crate) struct Tape {
    file: BufWriter<SpooledTempFile>,
    folder: PathBuf,
    len: u64,
}

impl Tape {
    /// An empty one, on the disk that holds `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let file = tempfile::spooled_tempfile_in(IN_MEMORY, folder);
        Self {
            file: BufWriter::with_capacity(16 << 10, file),
            folder: folder.to_path_buf(),
            len: 0,
        }
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.len += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| write_failed(&self.folder, e))
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads it from its first byte.
    pub(crate) fn read(&mut self) -> Result<impl Read + '_> {
        self.file
            .flush()
            .and_then(|()| self.file.get_mut().seek(SeekFrom::Start(0)))
            .map_err(|e| write_failed(&self.folder, e))?;
        Ok(BufReader::with_capacity(64 << 10, self.file.get_mut()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_got() {
        for parts in [0, 1, 1000, 100_000] {
            let mut tape = Tape::new(Path::new("."));
            let want: Vec<u8> = (0..parts).flat_map(|i: u32| i.to_le_bytes()).collect();
            for part in want.chunks(7) {
                tape.write(part).expect("written");
            }
            for _ in 0..2 {
                let mut all = Vec::new();
                tape.read().expect("a reader").read_to_end(&mut all).expect("read");
                assert!(all == want && tape.len() == want.len() as u64);
            }
        }
    }
}
