//! The rejects file: one JSON line per reject, with the original text, so that it can be read again
//! (`record/rejected.rs`). `whole` stands in a line where all images of the record are rejected together.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;
use serde_json::{Value, json};

use super::mark::Mark;
use super::partial::{cut, folder_of, own, own_empty, remove, write_failed};
use super::{beside, rename};
use crate::error::{Error, ErrorKind, Result};
use crate::options::RejectsContent;

/// Writes rejects in input order; the file is made with the first one.
#[derive(Debug)]
pub(crate) struct RejectsFile {
    path: PathBuf,
    content: RejectsContent,
    /// Whether rejects of earlier runs stay in front of those of this one.
    adds: bool,
    file: Option<Kept>,
    /// A write failed: what is there is not whole.
    broken: bool,
    /// Another run may go on with it.
    marked: bool,
}

/// The file, with length and checksum of all that is in it.
#[derive(Debug)]
struct Kept {
    file: BufWriter<File>,
    len: u64,
    crc: Crc,
}

impl Kept {
    fn new(file: File) -> Self {
        Self { file: BufWriter::new(file), len: 0, crc: Crc::new() }
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.crc.update(&bytes[..n]);
        self.len += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl RejectsFile {
    /// The rejects file `path`; `adds`: what it holds stays.
    pub(crate) fn new(path: PathBuf, content: RejectsContent, adds: bool) -> Self {
        Self { path, content, adds, file: None, broken: false, marked: false }
    }

    /// Goes on from the state of a mark. The output is opened before it, and keeps other runs away.
    ///
    /// # Errors
    /// Kind `io` where what was there at the mark is not there any more.
    pub(crate) fn again(mut self, from: &Value) -> Result<Self> {
        let partial = self.partial();
        match from["len"].as_u64() {
            // Those that came after the mark will come again.
            None => remove(&partial)?,
            Some(len) => {
                let failed = |e| write_failed(&partial, e);
                let file = own(&partial, false).map_err(failed)?;
                let mut kept = Kept { len, ..Kept::new(file.try_clone().map_err(failed)?) };
                // Another output may have the same file for its rejects.
                let mut text = BufReader::new(file.take(len));
                loop {
                    let some = text.fill_buf().map_err(failed)?;
                    if some.is_empty() {
                        break;
                    }
                    kept.crc.update(some);
                    let n = some.len();
                    text.consume(n);
                }
                if from["crc"] != kept.crc.sum() {
                    let message = format!("{} holds other rejects", partial.display());
                    return Err(Error::new(ErrorKind::Io, message));
                }
                cut(kept.file.get_ref(), &partial, len)?;
                kept.file.seek(SeekFrom::End(0)).map_err(failed)?;
                self.file = Some(kept);
            }
        }
        Ok(Self { marked: true, ..self })
    }

    /// As [`super::Sink::mark`]. From then on what is not finished with its output stays beside it as it is.
    pub(crate) fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        if let Some(file) = &mut self.file {
            let flushed = file.flush().and_then(|()| mark.file(file.file.get_ref()));
            mark.state = json!({"len": file.len, "crc": file.crc.sum()});
            flushed.map_err(|e| self.failed(e))?;
            mark.paths.push(folder_of(&self.path).to_path_buf());
        }
        self.marked = true;
        Ok(mark)
    }

    fn failed(&self, error: std::io::Error) -> Error {
        write_failed(&self.path, error)
    }

    fn create(&self) -> std::io::Result<Kept> {
        let mut file = Kept::new(own_empty(&self.partial())?);
        if self.adds && self.path.exists() {
            std::io::copy(&mut File::open(&self.path)?, &mut file)?;
        }
        Ok(file)
    }

    fn partial(&self) -> PathBuf {
        beside(&self.path, ".partial")
    }

    /// Writes one reject, of the `whole` record or of one image; `record` is its text, or `None` where it
    /// was too long to hold.
    pub(crate) fn push(&mut self, error: &Error, whole: bool, record: Option<&[u8]>) -> Result<()> {
        let Some(position) = error.position() else { return Ok(()) };
        let io = |e| Error::io(format_args!("cannot write {}", self.path.display()), e);
        if self.file.is_none() {
            self.file = Some(self.create().map_err(io)?);
        }
        let quoted = |text: &str| Value::from(text).to_string();
        let line = format!(
            "{{\"file\":{},\"line\":{},\"byte\":{},\"item\":{}{},\"kind\":\"{}\",\"message\":{}",
            quoted(&position.file),
            position.line,
            position.byte,
            position.item,
            if whole { ",\"whole\":true" } else { "" },
            error.kind(),
            quoted(error.message()),
        );
        let record = record.filter(|_| self.content == RejectsContent::Full);
        let written = match &mut self.file {
            Some(file) => write_line(file, &line, record).map_err(io),
            None => Ok(()),
        };
        self.broken |= written.is_err();
        written
    }

    /// Makes what was written durable: the name that it is to have, if there is anything.
    pub(crate) fn seal(&mut self) -> Result<Option<PathBuf>> {
        let io = |e| Error::io(format_args!("cannot write {}", self.path.display()), e);
        let Some(file) = self.file.take() else { return Ok(None) };
        file.file.into_inner().map_err(|e| io(e.into_error()))?.sync_all().map_err(io)?;
        Ok(Some(self.path.clone()))
    }

    /// The file of an earlier run, which goes where this one rejects nothing. Only what is surely a rejects
    /// file goes.
    pub(crate) fn old(&self) -> Option<PathBuf> {
        let ours = self.path.to_string_lossy().ends_with(".rejects.ndjson");
        (ours && !self.adds && self.path.is_file()).then(|| self.path.clone())
    }

    /// Ends it alone, without an output that it goes with. `replace`: under its final name, where an old one
    /// (also one that has no successor) goes; otherwise it stays `.partial`, so that it never stands beside an
    /// array that it does not belong to. Gives its name, if there is one.
    pub(crate) fn finish(mut self, replace: bool) -> Result<Option<PathBuf>> {
        let partial = self.partial();
        let io = |e| write_failed(&partial, e);
        match self.seal()? {
            None => {
                self.old().filter(|_| replace).map_or(Ok(()), |old| remove(&old))?;
                Ok(None)
            }
            Some(path) if replace && !self.broken => {
                if self.marked {
                    // Whoever goes on with it needs it as it is; whoever looks at the rejects, too.
                    let text = shown(&path);
                    std::io::copy(
                        &mut File::open(&partial).map_err(io)?,
                        &mut own_empty(&text).map_err(io)?,
                    )
                    .map_err(io)?;
                    rename(&text, &path)?;
                } else {
                    rename(&partial, &path)?;
                }
                Ok(Some(path))
            }
            Some(_) => Ok(Some(partial)),
        }
    }
}

/// Writes the line that begins like this, with the text of its record; a long one is never there twice.
fn write_line(file: &mut impl Write, line: &str, record: Option<&[u8]>) -> std::io::Result<()> {
    file.write_all(line.as_bytes())?;
    match record.map(|text| (text, std::str::from_utf8(text))) {
        Some((_, Ok(text))) => {
            file.write_all(b",\"record\":")?;
            serde_json::to_writer(&mut *file, text)?;
        }
        Some((text, Err(_))) => {
            file.write_all(b",\"record_b64\":\"")?;
            // Groups of three bytes are four characters each, whatever comes after them.
            for part in text.chunks(3 << 10) {
                file.write_all(base64_simd::STANDARD.encode_to_string(part).as_bytes())?;
            }
            file.write_all(b"\"")?;
        }
        None => {}
    }
    file.write_all(b"}\n")
}

/// What a copy of the rejects file `path`, for whoever looks at it, is called until it is whole.
pub(crate) fn shown(path: &Path) -> PathBuf {
    beside(path, ".partial.shown")
}

/// The path of the rejects file that goes with `out`.
pub(crate) fn default_path(out: &Path) -> PathBuf {
    beside(out, ".rejects.ndjson")
}
