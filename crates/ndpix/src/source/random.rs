//! Records read by their place: files are opened once and read at offsets, so that threads and forked
//! processes do not disturb each other.

use std::fmt;
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use super::Input;
use crate::error::{Error, Result};
use crate::limits;

/// What tells whether an input has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    name: Arc<str>,
    size: u64,
    /// Seconds and nanoseconds; none for bytes.
    modified: Option<(i64, i64)>,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?}", self.name, self.size, self.modified)
    }
}

#[derive(Debug)]
enum Place {
    File(File),
    Bytes(Arc<[u8]>),
}

/// Inputs that can be read anywhere.
#[derive(Debug)]
pub(crate) struct Places {
    places: Vec<Place>,
    stamps: Vec<Stamp>,
}

impl Places {
    /// Opens the inputs; kind `options` where one is a stream.
    pub(crate) fn new(inputs: &[Input]) -> Result<Self> {
        let (mut places, mut stamps) = (Vec::new(), Vec::new());
        for input in inputs {
            let name = input.name();
            match input {
                Input::Path(path) | Input::Range { path, .. } => {
                    let open = |path| {
                        let file = File::open(path)?;
                        let meta = file.metadata()?;
                        Ok((file, meta))
                    };
                    let (file, meta) =
                        open(path).map_err(|e| Error::io(format_args!("cannot open {name}"), e))?;
                    if !meta.is_file() {
                        return Err(stream(&name));
                    }
                    let name = match input {
                        Input::Range { from, to, .. } => format!("{name}:{from}-{to}").into(),
                        _ => name,
                    };
                    stamps.push(stamp(name, &meta));
                    places.push(Place::File(file));
                }
                Input::Bytes(bytes) => {
                    stamps.push(Stamp { name, size: bytes.len() as u64, modified: None });
                    places.push(Place::Bytes(Arc::clone(bytes)));
                }
                Input::Stdin | Input::Reader { .. } => return Err(stream(&name)),
            }
        }
        Ok(Self { places, stamps })
    }

    /// What the inputs were when they were opened.
    pub(crate) fn stamps(&self) -> &[Stamp] {
        &self.stamps
    }

    /// Refuses to go on where a file was written to since it was opened.
    pub(crate) fn unchanged(&self) -> Result<()> {
        for (place, known) in self.places.iter().zip(&self.stamps) {
            let Place::File(file) = place else { continue };
            let meta = file
                .metadata()
                .map_err(|e| Error::io(format_args!("cannot read {}", known.name), e))?;
            if stamp(Arc::clone(&known.name), &meta) != *known {
                return Err(Error::options(format!(
                    "{} has changed since it was indexed; open it again",
                    known.name
                )));
            }
        }
        Ok(())
    }

    /// The bytes of one record.
    pub(crate) fn read(&self, file: u32, byte: u64, len: u64, out: &mut Vec<u8>) -> Result<()> {
        let name = &self.stamps[file as usize].name;
        let gone = || {
            Error::io(format_args!("cannot read {name}"), std::io::ErrorKind::UnexpectedEof.into())
        };
        match &self.places[file as usize] {
            Place::File(file) => {
                let len = usize::try_from(len).map_err(|_| gone())?;
                limits::resize(out, len)?;
                file.read_exact_at(out, byte)
                    .map_err(|e| Error::io(format_args!("cannot read {name}"), e))
            }
            Place::Bytes(bytes) => {
                let end = byte.checked_add(len).and_then(|end| usize::try_from(end).ok());
                let text = end.and_then(|end| bytes.get(byte as usize..end)).ok_or_else(gone)?;
                out.clear();
                limits::make_room(out, text.len())?;
                out.extend_from_slice(text);
                Ok(())
            }
        }
    }
}

fn stream(name: &str) -> Error {
    Error::options(format!(
        "{name} is a stream and cannot be read at random; save it to a file, or go through it in batches"
    ))
}

fn stamp(name: Arc<str>, meta: &Metadata) -> Stamp {
    Stamp { name, size: meta.len(), modified: Some((meta.mtime(), meta.mtime_nsec())) }
}
