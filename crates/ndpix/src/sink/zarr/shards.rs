//! The chunks of one array, one after another in files of many: the codec `sharding_indexed`.
//!
//! A shard is its chunks and then its index: for each chunk where it begins and how long it is, as
//! little-endian 64-bit numbers, then their CRC-32C. So a shard is written from the front, and none of it
//! but the index is held in memory, however large it is.

use std::fs::{File, create_dir_all};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::os::FileAt;
use crate::sink::folder::sweep;
use crate::sink::mark::{Mark, number};
use crate::sink::partial::{cut, folder_of, own, write_failed};

/// What the index says of a chunk that is not there: it holds the fill value.
pub(super) const ABSENT: [u64; 2] = [u64::MAX; 2];

/// The shards of one array, the last of them open.
pub(crate) struct Shards {
    /// The folder of the array.
    folder: PathBuf,
    /// Axes after the first; all their chunks have number 0.
    axes: usize,
    /// Chunks of a shard.
    per_shard: usize,
    /// Shards that are finished, and how many were at the last mark.
    number: u64,
    marked: u64,
    current: Option<(File, PathBuf)>,
    /// Bytes of the current shard, up to its current chunk and with what there is of it.
    begin: u64,
    end: u64,
    index: Vec<[u64; 2]>,
}

impl Shards {
    /// The shards of the array in `folder`, of `per_shard` chunks, with `axes` axes after the first.
    pub(crate) fn new(folder: PathBuf, per_shard: usize, axes: usize) -> Self {
        Self {
            folder,
            axes,
            per_shard,
            number: 0,
            marked: 0,
            current: None,
            begin: 0,
            end: 0,
            index: Vec::new(),
        }
    }

    /// The same as they were at a mark: `from` is its state, `lengths` are those of the chunks of the last shard.
    /// What came later is removed.
    ///
    /// # Errors
    /// Kind `io` where a shard is not there, or shorter.
    pub(crate) fn again(mut self, from: &Value, lengths: &[u8]) -> Result<Self> {
        (self.number, self.end) = (number(from, "number")?, number(from, "end")?);
        self.marked = self.number;
        for length in lengths.as_chunks().0 {
            let length = u64::from_le_bytes(*length);
            self.index.push([self.begin, length]);
            self.begin += length;
        }
        for path in (0..self.number).map(|number| self.path(number)) {
            if !self.is_whole(&path) {
                let message = format!("{} is not whole any more", path.display());
                return Err(Error::new(ErrorKind::Io, message));
            }
        }
        if self.end > 0 {
            let path = self.path(self.number);
            let file = own(&path, false).map_err(|e| write_failed(&path, e))?;
            cut(&file, &path, self.end)?;
            self.current = Some((file, path));
        }
        sweep(&self.folder, |name| name == "c")?;
        let last = self.number + u64::from(self.end > 0);
        sweep(&self.folder.join("c"), |name| name.parse().is_ok_and(|number: u64| number < last))?;
        Ok(self)
    }

    /// Takes part in a mark: its state, and the lengths of the chunks of the last shard.
    pub(crate) fn mark(&mut self, mark: &mut Mark) -> Result<(Value, Vec<u8>)> {
        if let Some((file, path)) = &self.current {
            mark.file(file).map_err(|e| write_failed(path, e))?;
        }
        // Those that ended since, and the names of all that are new.
        let new = self.marked..self.number + u64::from(self.current.is_some());
        for path in new.clone().map(|number| self.path(number)) {
            let chunks = self.folder.join("c");
            mark.paths
                .extend(path.ancestors().take_while(|p| **p != *chunks).map(Path::to_path_buf));
        }
        if !new.is_empty() {
            mark.paths.extend([self.folder.join("c"), self.folder.clone()]);
            mark.paths.push(folder_of(&self.folder).to_path_buf());
        }
        self.marked = self.number;
        let lengths = self.index.iter().flat_map(|chunk| chunk[1].to_le_bytes()).collect();
        Ok((json!({"number": self.number, "end": self.end}), lengths))
    }

    /// Where shard `number` is.
    fn path(&self, number: u64) -> PathBuf {
        let mut path = self.folder.join("c").join(number.to_string());
        path.extend(std::iter::repeat_n("0", self.axes));
        path
    }

    /// Whether the index of a shard stands where its last chunk ends, which closes the shard.
    fn is_whole(&self, path: &Path) -> bool {
        let mut last = [0; 16];
        let mut read = || {
            let file = own(path, false)?;
            let index = file.metadata()?.len().checked_sub(16 * self.per_shard as u64 + 4);
            let index = index.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            file.read_exact_at(&mut last, index + 16 * (self.per_shard as u64 - 1))?;
            Ok(index)
        };
        let index: std::io::Result<u64> = read();
        let [begin, len] =
            [&last[..8], &last[8..]].map(|n| n.first_chunk().map_or(0, |n| u64::from_le_bytes(*n)));
        index.is_ok_and(|index| begin.checked_add(len) == Some(index))
    }

    /// Appends to the current chunk.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (file, path) = match self.current.take() {
            Some(open) => self.current.insert(open),
            None => {
                let path = self.path(self.number);
                let made = path.parent().map_or(Ok(()), create_dir_all);
                let file = made.and_then(|()| File::create_new(&path));
                let file = file.map_err(|e| write_failed(&path, e))?;
                self.current.insert((file, path))
            }
        };
        file.write_all_at(bytes, self.end).map_err(|e| write_failed(path, e))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Bytes of the current chunk so far.
    pub(crate) fn written(&self) -> u64 {
        self.end - self.begin
    }

    /// Ends the current chunk, made `len` bytes long by zeros where it is shorter.
    pub(crate) fn end_chunk(&mut self, len: u64) -> Result<()> {
        let len = len.max(self.written());
        self.index.push([self.begin, len]);
        self.begin += len;
        self.end = self.begin;
        if self.index.len() == self.per_shard { self.end_shard() } else { Ok(()) }
    }

    /// Ends the last shard.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if self.index.is_empty() { Ok(()) } else { self.end_shard() }
    }

    fn end_shard(&mut self) -> Result<()> {
        self.index.resize(self.per_shard, ABSENT);
        let mut index: Vec<u8> =
            self.index.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        index.extend_from_slice(&crc32c(&index).to_le_bytes());
        self.write(&index)?;
        (self.begin, self.end) = (0, 0);
        self.index.clear();
        self.current = None;
        self.number += 1;
        Ok(())
    }
}

/// CRC-32C (Castagnoli) of an index.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_shard_is_chunks_and_their_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut shards = Shards::new(folder.path().to_path_buf(), 2, 1);
        for chunk in [&b"abc"[..], b"", b"de"] {
            shards.write(chunk).expect("written");
            shards.end_chunk(4).expect("ended");
        }
        shards.finish().expect("finished");
        let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a shard");
        let (first, second) = (read("c/0/0"), read("c/1/0"));
        assert_eq!((&first[..8], &second[..4]), (&b"abc\0\0\0\0\0"[..], &b"de\0\0"[..]));
        let index = |shard: &[u8]| -> Vec<u64> {
            let numbers = shard[shard.len() - 36..shard.len() - 4].chunks(8);
            numbers.map(|n| u64::from_le_bytes(n.try_into().expect("eight"))).collect()
        };
        assert_eq!((index(&first), first.len()), (vec![0, 4, 4, 4], 8 + 36));
        assert_eq!(index(&second), [0, 4, u64::MAX, u64::MAX]);
    }
}
