//! Records read by their place: files are opened once and read at offsets, so that threads and forked
//! processes do not disturb each other.

use std::fmt;
use std::sync::Arc;

use super::Input;
use super::place::{self, Changed, Spot, Stamp};
use crate::error::{Error, Result};
use crate::limits;

/// What tells whether an input has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    name: Arc<str>,
    size: u64,
    /// None for bytes.
    changed: Option<Changed>,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?}", self.name, self.size, self.changed)
    }
}

enum Held {
    Spot(Spot),
    Bytes(Arc<[u8]>),
}

/// Inputs that can be read anywhere.
pub(crate) struct Places {
    places: Vec<Held>,
    stamps: Vec<Known>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.stamps).finish()
    }
}

impl Places {
    /// Opens the inputs; kind `options` where one is a stream.
    pub(crate) fn new(inputs: &[Input]) -> Result<Self> {
        let (mut places, mut stamps) = (Vec::new(), Vec::new());
        for input in inputs {
            let name = input.name();
            let (place, name) = match input {
                Input::Bytes(bytes) => {
                    stamps.push(Known { name, size: bytes.len() as u64, changed: None });
                    places.push(Held::Bytes(Arc::clone(bytes)));
                    continue;
                }
                Input::Range { place, from, to } => {
                    (Some(place.clone()), format!("{name}:{from}-{to}").into())
                }
                _ => (input.file(), name),
            };
            let place = place.ok_or_else(|| stream(&name))?;
            let spot =
                place.spot().map_err(|e| Error::io(format_args!("cannot open {name}"), e))?;
            let stamp =
                stamp(&spot).map_err(|e| Error::io(format_args!("cannot open {name}"), e))?;
            let Stamp { bytes, changed } = stamp.ok_or_else(|| stream(&name))?;
            stamps.push(Known { name, size: bytes, changed: Some(changed) });
            places.push(Held::Spot(spot));
        }
        Ok(Self { places, stamps })
    }

    /// What the inputs were when they were opened.
    pub(crate) fn stamps(&self) -> &[Known] {
        &self.stamps
    }

    /// Refuses to go on where a file was written to since it was opened.
    pub(crate) fn unchanged(&self) -> Result<()> {
        for (place, known) in self.places.iter().zip(&self.stamps) {
            let Held::Spot(spot) = place else { continue };
            let now = stamp(spot)
                .map_err(|e| Error::io(format_args!("cannot read {}", known.name), e))?
                .map(|now| (now.bytes, Some(now.changed)));
            if now != Some((known.size, known.changed.clone())) {
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
            Held::Spot(file) => {
                let len = usize::try_from(len).map_err(|_| gone())?;
                limits::resize(out, len)?;
                file.read_exact_at(out, byte)
                    .map_err(|e| Error::io(format_args!("cannot read {name}"), e))
            }
            Held::Bytes(bytes) => {
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

/// What a file is now. An object is that which was looked for, and its store refuses to read another.
fn stamp(spot: &Spot) -> std::io::Result<Option<Stamp>> {
    match spot {
        Spot::File(file) => Ok(place::stamp_of(&file.metadata()?)),
        Spot::Object(object) => Ok(place::Place::Object(Arc::clone(object)).stamp()),
    }
}
