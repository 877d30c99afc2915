//! Where the bytes of a file lie: what can be read from any of them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::os::FileAt;
use crate::stores::Object;

/// Where the bytes of a file lie.
#[derive(Clone)]
pub enum Place {
    /// On a disk.
    Path(PathBuf),
    /// Elsewhere.
    Object(Arc<dyn Object>),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.name()).finish()
    }
}

/// A file, by what is another when it was written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Its bytes, compressed as it is.
    pub(crate) bytes: u64,
    pub(crate) changed: Changed,
}

/// When a file was changed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Changed {
    /// In seconds and nanoseconds.
    At(i64, i64),
    /// What its store calls this state of it.
    Tag(String),
}

impl Place {
    /// The name of the file as the user wrote it.
    pub(crate) fn name(&self) -> Arc<str> {
        match self {
            Self::Path(path) => path.to_string_lossy().into(),
            Self::Object(object) => object.name().into(),
        }
    }

    /// What the file is now; `None` where it cannot be read from any of its bytes.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Path(path) => stamp_of(&path.metadata().ok()?),
            Self::Object(object) => Some(Stamp {
                bytes: object.size(),
                changed: Changed::Tag(object.tag().to_string()),
            }),
        }
    }

    /// The bytes from `from` to the end; with `to` up to that, and less are an error.
    pub(crate) fn open(&self, from: u64, to: Option<u64>) -> io::Result<Box<dyn Read + Send>> {
        let (inner, to): (Box<dyn Read + Send>, _) = match self {
            Self::Path(path) => {
                let mut file = File::open(path)?;
                if from > 0 {
                    file.seek(SeekFrom::Start(from))?;
                }
                (Box::new(file), to)
            }
            Self::Object(object) => {
                let to = to.unwrap_or(object.size()).min(object.size());
                (object.open(from.min(to), to)?, Some(to))
            }
        };
        Ok(match to {
            Some(to) => Box::new(Span { inner, left: to.saturating_sub(from) }),
            None => inner,
        })
    }

    /// What can be read again and again.
    pub(crate) fn spot(&self) -> io::Result<Spot> {
        match self {
            Self::Path(path) => File::open(path).map(Spot::File),
            Self::Object(object) => Ok(Spot::Object(Arc::clone(object))),
        }
    }
}

/// A file opened to be read at any of its bytes.
pub(crate) enum Spot {
    File(File),
    Object(Arc<dyn Object>),
}

impl Spot {
    /// Fills `buf` with the bytes from `at`, as far as there are any: how many.
    pub(crate) fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_at(buf, at),
            Self::Object(object) => {
                let left = object.size().saturating_sub(at).min(buf.len() as u64) as usize;
                self.read_exact_at(&mut buf[..left], at).map(|()| left)
            }
        }
    }

    /// Fills `buf` with the bytes from `at`.
    pub(crate) fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buf, at),
            Self::Object(object) => {
                let to = at.saturating_add(buf.len() as u64);
                if to > object.size() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                if buf.is_empty() { Ok(()) } else { object.open(at, to)?.read_exact(buf) }
            }
        }
    }
}

/// What a file is, if it can be read from any of its bytes.
pub(crate) fn stamp_of(meta: &std::fs::Metadata) -> Option<Stamp> {
    let (seconds, nanoseconds) = match meta.modified().ok()?.duration_since(UNIX_EPOCH) {
        Ok(after) => (after.as_secs() as i64, after.subsec_nanos()),
        Err(before) => match (before.duration().as_secs() as i64, before.duration().subsec_nanos())
        {
            (seconds, 0) => (-seconds, 0),
            (seconds, part) => (-seconds - 1, 1_000_000_000 - part),
        },
    };
    let changed = Changed::At(seconds, nanoseconds.into());
    meta.is_file().then_some(Stamp { bytes: meta.len(), changed })
}

/// A part of a file, which is an error where the file ends before it.
struct Span {
    inner: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Span {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.inner.read(&mut buf[..most])?;
        if n == 0 && most > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("it is {} bytes shorter than it was", self.left),
            ));
        }
        self.left -= n as u64;
        Ok(n)
    }
}
