//! `.npy`, streaming: the very header that `np.save` writes, patched with the row count at the end.
//!
//! NumPy pads the header so that the first axis can grow to 21 digits in place (NEP 1 and
//! `numpy/lib/_format_impl.py`, GROWTH_AXIS_MAX_DIGITS): so its length does not depend on the rows.
//! Rows are written from the caller's buffer, never through a mapped file, and may exceed memory.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result, brief};
use crate::os::FileAt;
use crate::sink::mark::{Mark, number};
use crate::sink::partial::{Partial, cut, own};

/// Version 1.0.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Times as they stand in the header.
pub(crate) const TIMES: &str = "<M8[ns]";

/// A dtype as it stands in the header.
pub(crate) fn descr(dtype: DType) -> String {
    format!("'{}'", dtype.descr())
}

/// The header of an array of `rows` items: `descr` as in the header's dictionary, quotes included.
pub(crate) fn header(descr: &str, rows: u64, item: &[usize]) -> Vec<u8> {
    let mut shape = format!("({rows},");
    for (i, axis) in item.iter().enumerate() {
        shape.push_str(&format!("{}{axis}", if i == 0 { " " } else { ", " }));
    }
    shape.push(')');
    let mut dict = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    dict.push_str(&" ".repeat(21usize.saturating_sub(rows.to_string().len())));
    // Magic, version and length take 10 bytes; the newline one. NumPy pads by 1 to 64, never by 0.
    let pad = 64 - (10 + dict.len() + 1) % 64;
    dict.push_str(&" ".repeat(pad));
    dict.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&(dict.len() as u16).to_le_bytes());
    out.extend_from_slice(dict.as_bytes());
    out
}

/// The first axis of a header's shape.
fn first_axis(header: &str) -> Option<u64> {
    header.split_once("'shape': (")?.1.split_once(',')?.0.parse().ok()
}

/// What the header of a file says; `None` of what is no `.npy`.
fn text_of(file: &File) -> Option<String> {
    let mut head = [0; 10];
    file.read_exact_at(&mut head, 0).ok()?;
    let len = u16::from_le_bytes(*head.last_chunk()?);
    let mut text = vec![0; len.into()];
    file.read_exact_at(&mut text, head.len() as u64).ok().filter(|()| head.starts_with(MAGIC))?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The rows that a header counts, of a file of `size` bytes; `None` where it is that of another array, or rows are
/// missing.
fn rows_of(file: &File, size: u64, descr: &str, item: &[usize], item_len: usize) -> Option<u64> {
    let len = header(descr, 0, item).len();
    let mut found = vec![0; len];
    file.read_exact_at(&mut found, 0).ok()?;
    let rows = first_axis(&String::from_utf8_lossy(&found))
        .filter(|rows| header(descr, *rows, item) == found);
    rows.filter(|rows| {
        let bytes = rows.checked_mul(item_len as u64);
        bytes.and_then(|b| b.checked_add(len as u64)).is_some_and(|end| end <= size)
    })
}

/// An array file that grows row by row.
#[derive(Debug)]
pub(crate) struct Npy {
    partial: Partial,
    descr: String,
    item: Vec<usize>,
    item_len: usize,
    /// Bytes of rows.
    bytes: u64,
    /// Bytes of rows that were there before, in a file that has its final name already.
    before: Option<u64>,
}

impl Npy {
    /// An array of items of `item_len` bytes; `descr` as in the header, quotes included.
    pub(crate) fn create(
        out: &Path,
        descr: String,
        item: Vec<usize>,
        item_len: usize,
    ) -> Result<Self> {
        let partial = Partial::create(out)?;
        let npy = Self { partial, descr, item, item_len, bytes: 0, before: None };
        npy.put(0, &header(&npy.descr, 0, &npy.item))?;
        Ok(npy)
    }

    /// The array `out` as it is, with rows to come after its own. Its header counts them only when all
    /// are there, so that it is whole at any moment; rows of a run that was killed are written over.
    ///
    /// # Errors
    /// Kind `options` where it holds something else.
    pub(crate) fn append(
        out: &Path,
        descr: String,
        item: Vec<usize>,
        item_len: usize,
    ) -> Result<Self> {
        let partial = Partial::append(out)?;
        let mut npy = Self { partial, descr, item, item_len, bytes: 0, before: None };
        let rows = npy.rows_of_header()?.ok_or_else(|| npy.not_alike())?;
        npy.bytes = rows.saturating_mul(npy.item_len as u64);
        npy.before = Some(npy.bytes);
        Ok(npy)
    }

    /// The array that the state `from` is of, without rows that came after it.
    ///
    /// # Errors
    /// Kind `io` where rows are missing that were there.
    pub(crate) fn again(
        out: &Path,
        descr: String,
        item: Vec<usize>,
        item_len: usize,
        from: &Value,
    ) -> Result<Self> {
        let (bytes, before) = (number(from, "bytes")?, from["before"].as_u64());
        let start = header(&descr, 0, &item).len() as u64;
        let partial = match before {
            Some(_) => Partial::append(out)?,
            None => Partial::again(out, start + bytes)?,
        };
        let npy = Self { partial, descr, item, item_len, bytes, before };
        if let Some(before) = before {
            let rows = before / (item_len as u64).max(1);
            if npy.rows_of_header()?.is_none_or(|counted| counted < rows) {
                let message =
                    format!("{} has no longer the {rows} rows that it had", out.display());
                return Err(Error::new(ErrorKind::Io, message));
            }
            cut(&npy.partial.file, out, start + bytes)?;
            npy.put(0, &header(&npy.descr, rows, &npy.item))?;
        }
        Ok(npy)
    }

    /// Takes part in a mark: its state.
    pub(crate) fn mark(&self, mark: &mut Mark) -> Result<Value> {
        mark.file(&self.partial.file).map_err(|e| self.partial.failed(e))?;
        Ok(json!({"bytes": self.bytes, "before": self.before}))
    }

    /// The rows that the header counts; `None` where it is that of another array, or rows are missing.
    fn rows_of_header(&self) -> Result<Option<u64>> {
        let file = &self.partial.file;
        let size = file.metadata().map_err(|e| self.partial.failed(e))?.len();
        Ok(rows_of(file, size, &self.descr, &self.item, self.item_len))
    }

    /// Whether `path` is such an array, as it was sealed.
    pub(crate) fn is_whole(path: &Path, descr: &str, item: &[usize], item_len: usize) -> bool {
        let end = |file: &File, size| {
            let rows = rows_of(file, size, descr, item, item_len)?;
            Some(header(descr, 0, item).len() as u64 + rows * item_len as u64)
        };
        own(path, false).is_ok_and(|file| {
            let size = file.metadata().map_or(0, |found| found.len());
            end(&file, size) == Some(size)
        })
    }

    /// Why rows of this array cannot be added to what has its name.
    fn not_alike(&self) -> Error {
        let holds = match text_of(&self.partial.file) {
            None => "is no array file of NumPy".to_string(),
            Some(text) => {
                let whole = first_axis(&text).is_some_and(|rows| {
                    header(&self.descr, rows, &self.item).ends_with(text.as_bytes())
                });
                match whole {
                    true => "has fewer rows than it counts".to_string(),
                    false => format!("holds {}", brief(text.trim())),
                }
            }
        };
        Error::options(format!(
            "{} {holds}, and rows of this run are of {} {:?}, which cannot be added to it; write another output, or replace this one: if_exists replace without append",
            self.out().display(),
            self.descr,
            self.item
        ))
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.partial.file.write_all_at(bytes, at).map_err(|e| self.partial.failed(e))
    }

    /// The rows that the header of a file counts, whatever they are; `None` of what is no `.npy`.
    pub(crate) fn counted(path: &Path) -> Option<u64> {
        first_axis(&text_of(&File::open(path).ok()?)?)
    }

    /// What it is called, or will be.
    pub(crate) fn out(&self) -> &Path {
        self.partial.out()
    }

    /// The rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.bytes / (self.item_len as u64).max(1)
    }

    /// The rows that were there before, of an array that has its name already.
    pub(crate) fn before(&self) -> Option<u64> {
        self.before.map(|bytes| bytes / (self.item_len as u64).max(1))
    }

    /// The bytes of row `row`, which must be there.
    pub(crate) fn row(&self, row: u64) -> Result<Vec<u8>> {
        let start = header(&self.descr, 0, &self.item).len() as u64;
        let mut bytes = vec![0; self.item_len];
        self.partial.file.read_exact_at(&mut bytes, start + row * self.item_len as u64).map_err(
            |e| Error::io(format_args!("cannot read {}", self.partial.path().display()), e),
        )?;
        Ok(bytes)
    }

    /// Forgets the rows from number `rows` on.
    pub(crate) fn cut(&mut self, rows: u64) {
        self.bytes = self.bytes.min(rows.saturating_mul(self.item_len as u64));
    }

    /// Appends whole rows.
    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<()> {
        let start = header(&self.descr, 0, &self.item).len() as u64 + self.bytes;
        self.put(start, rows)?;
        self.bytes += rows.len() as u64;
        Ok(())
    }

    /// Makes it readable and durable.
    pub(crate) fn seal(&mut self) -> Result<()> {
        self.settle()?;
        self.count()
    }

    /// Makes the rows of an array that is there durable, before its header counts them.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.before.map_or(Ok(()), |_| self.partial.sync())
    }

    /// Counts the rows of an array that is there; where that fails, they go.
    pub(crate) fn grow(self) -> Result<()> {
        let counted = self.count();
        if counted.is_err() {
            self.abandon(false);
        }
        counted
    }

    fn count(&self) -> Result<()> {
        let head = header(&self.descr, self.rows(), &self.item);
        let end = head.len() as u64 + self.bytes;
        self.put(0, &head)?;
        self.partial.file.set_len(end).map_err(|e| self.partial.failed(e))?;
        self.partial.sync()
    }

    /// Gives it its final name.
    pub(crate) fn finish(self) -> Result<PathBuf> {
        self.partial.finish()
    }

    /// The file, sealed.
    pub(crate) fn into_partial(self) -> Partial {
        self.partial
    }

    /// See [`Partial::abandon`]; an array that was there before has its old rows.
    pub(crate) fn abandon(self, keep: bool) -> Option<PathBuf> {
        let Some(before) = self.before else { return self.partial.abandon(keep) };
        let head = header(&self.descr, before / (self.item_len as u64).max(1), &self.item);
        // Where this fails, the header or the length is that of more rows, all of which are there.
        let _ = self.put(0, &head);
        let _ = self.partial.file.set_len(head.len() as u64 + before);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_numpy() {
        // np.save of np.zeros((3, 2, 2), "u1") with NumPy 2.4.
        let text = header("'|u1'", 3, &[2, 2]);
        assert_eq!(text.len(), 128);
        assert!(text.starts_with(b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }  "));
        assert!(text.ends_with(b" \n"));
        assert!(header("'<u2'", 7, &[]).windows(4).any(|w| w == b"(7,)"));
    }

    #[test]
    fn the_header_does_not_grow_with_the_rows() {
        for rows in [0, 9, 10, 99_999, u64::MAX] {
            assert_eq!(header("'|u1'", rows, &[28, 28]).len(), 128);
        }
    }

    #[test]
    fn rows_are_added_to_what_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a.npy");
        let open = |item: &[usize]| {
            let len = item.iter().product();
            if out.exists() {
                Npy::append(&out, "'|u1'".into(), item.to_vec(), len)
            } else {
                Npy::create(&out, "'|u1'".into(), item.to_vec(), len)
            }
        };
        for round in 1..4u8 {
            let mut npy = open(&[3]).expect("open");
            npy.write(&[round; 6]).expect("written");
            npy.seal().expect("sealed");
            npy.finish().expect("finished");
            // A run that is killed leaves rows after the last; a run that fails takes its own away.
            let mut killed = open(&[3]).expect("open");
            killed.write(&[99; 30]).expect("written");
            drop(killed);
            let mut failed = open(&[3]).expect("open");
            failed.write(&[77; 3]).expect("written");
            failed.seal().expect("sealed");
            assert!(failed.abandon(true).is_none());
        }
        let all = std::fs::read(&out).expect("read");
        assert!(all[..128] == header("'|u1'", 6, &[3])[..]);
        assert_eq!(all[128..], [[1; 6], [2; 6], [3; 6]].concat());
        let refused = |item: &[usize]| open(item).expect_err("refused").to_string();
        for other in [&[4][..], &[3, 1]] {
            let said = refused(other);
            assert!(
                said.contains("a.npy holds {'descr': '|u1', ") && said.contains("(6, 3)"),
                "{said}"
            );
        }
        std::fs::write(&out, &all[..140]).expect("cut");
        assert!(refused(&[3]).contains("has fewer rows than it counts"));
        std::fs::write(&out, "something else").expect("written");
        assert!(refused(&[3]).contains("is no array file of NumPy"));
    }
}
