//! Records read by their place: files are opened once and read at offsets, so that threads and forked
//! processes do not disturb each other. Of gzip the marks of `gzip.rs` say where a place is.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use flate2::read::MultiGzDecoder;

use super::Input;
use super::compressed::Compression;
use super::gzip::{MOST, Marks, Readers};
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

impl Held {
    /// Fills `buf` with the bytes from `at`, as far as there are any: how many.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        match self {
            Self::Spot(spot) => spot.read_at(buf, at),
            Self::Bytes(bytes) => {
                let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                let len = buf.len().min(bytes.len() - from);
                buf[..len].copy_from_slice(&bytes[from..from + len]);
                Ok(len)
            }
        }
    }
}

/// All of it from the first byte on.
struct Whole<'h>(&'h Held, u64);

impl Read for Whole<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read_at(buf, self.1)?;
        self.1 += got as u64;
        Ok(got)
    }
}

/// The compression that the first bytes show.
fn compression(reader: impl Read) -> io::Result<Option<Compression>> {
    let mut prefix = Vec::new();
    reader.take(16).read_to_end(&mut prefix)?;
    Ok(Compression::of(&prefix))
}

/// Inputs that can be read anywhere.
pub(crate) struct Places {
    places: Vec<Held>,
    stamps: Vec<Known>,
    /// Of each input that is compressed where to begin, once that is known.
    marks: Vec<Option<OnceLock<Marks>>>,
    readers: Readers,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.stamps).finish()
    }
}

impl Places {
    /// Opens the inputs; kind `options` where one is a stream, or compressed otherwise than with gzip.
    pub(crate) fn new(inputs: &[Input]) -> Result<Self> {
        let (mut places, mut stamps, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        for input in inputs {
            let name = input.name();
            let (place, name) = match input {
                Input::Bytes(bytes) => {
                    let held = Held::Bytes(Arc::clone(bytes));
                    marks.push(packed(&held, &name)?);
                    stamps.push(Known { name, size: bytes.len() as u64, changed: None });
                    places.push(held);
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
            let held = Held::Spot(spot);
            // From any byte but the first a file is text.
            marks.push(if input.begins_at().is_some() { None } else { packed(&held, &name)? });
            stamps.push(Known { name, size: bytes, changed: Some(changed) });
            places.push(held);
        }
        Ok(Self { places, stamps, marks, readers: Readers::default() })
    }

    /// What the inputs were when they were opened.
    pub(crate) fn stamps(&self) -> &[Known] {
        &self.stamps
    }

    /// Whether one of them is compressed.
    pub(crate) fn are_packed(&self) -> bool {
        self.marks.iter().any(Option::is_some)
    }

    /// Goes through those that are compressed, so that they can be read; until `stop` says so.
    pub(crate) fn survey(&self, stop: &dyn Fn() -> bool) {
        let most = (MOST / self.marks.iter().flatten().count().max(1)).max(1);
        for (place, marks) in self.places.iter().zip(&self.marks) {
            let Some(marks) = marks else { continue };
            marks.get_or_init(|| Marks::set(&|buf, at| place.read_at(buf, at), most, stop));
        }
    }

    /// What the survey has found, for [`Self::know`].
    pub(crate) fn found(&self) -> Vec<u8> {
        let marks = self.marks.iter().flatten().filter_map(OnceLock::get);
        marks.flat_map(Marks::bytes).collect()
    }

    /// Takes what an earlier survey of the same inputs has found; `None`: it is not that.
    pub(crate) fn know(&self, mut found: &[u8]) -> Option<()> {
        for marks in self.marks.iter().flatten() {
            let (known, rest) = Marks::of(found)?;
            found = rest;
            marks.set(known).ok()?;
        }
        found.is_empty().then_some(())
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
        let gone =
            || Error::io(format_args!("cannot read {name}"), io::ErrorKind::UnexpectedEof.into());
        let place = &self.places[file as usize];
        if let Some(marks) = &self.marks[file as usize] {
            let len = usize::try_from(len).map_err(|_| gone())?;
            limits::resize(out, len)?;
            let marks = marks.get().ok_or_else(gone)?;
            return marks
                .read(&|buf, at| place.read_at(buf, at), (&self.readers, file), byte, out)
                .map_err(|e| Error::io(format_args!("cannot read {name}"), e));
        }
        match place {
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

/// Room for the marks of what is compressed with gzip.
fn packed(held: &Held, name: &str) -> Result<Option<OnceLock<Marks>>> {
    let failed = |e| Error::io(format_args!("cannot read {name}"), e);
    // What is damaged is found by the pass over all records.
    let inner = || compression(MultiGzDecoder::new(Whole(held, 0))).unwrap_or(None);
    let other = match compression(Whole(held, 0)).map_err(failed)? {
        None => return Ok(None),
        Some(Compression::Gzip) => match inner() {
            None => return Ok(Some(OnceLock::new())),
            Some(_) => "twice",
        },
        Some(other) => other.name(),
    };
    Err(Error::options(format!(
        "{name} is compressed ({other}) and cannot be read at random; decompress it, or convert it and open the array with numpy.load(..., mmap_mode=\"r\")"
    )))
}

fn stream(name: &str) -> Error {
    Error::options(format!(
        "{name} is a stream and cannot be read at random; save it to a file, or go through it in batches"
    ))
}

/// What a file is now. An object is that which was looked for, and its store refuses to read another.
fn stamp(spot: &Spot) -> io::Result<Option<Stamp>> {
    match spot {
        Spot::File(file) => Ok(place::stamp_of(&file.metadata()?)),
        Spot::Object(object) => Ok(place::Place::Object(Arc::clone(object)).stamp()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Input {
        let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        packer.write_all(text).expect("in memory");
        Input::Bytes(packer.finish().expect("in memory").into())
    }

    #[test]
    fn marks_of_more_files_than_there_may_be_marks() {
        let text: Vec<u8> = (0..1u64 << 20)
            .flat_map(|i| (i * i).wrapping_mul(2_654_435_761).to_be_bytes())
            .collect();
        let (large, small) = (packed(&text), packed(b"{}\n"));
        for count in [MOST - 1, MOST + 1, 3 * MOST] {
            let input = |number| if number == 7 { &large } else { &small };
            let inputs: Vec<_> = (0..count).filter_map(|number| input(number).again()).collect();
            let places = Places::new(&inputs).expect("bytes");
            places.survey(&|| false);
            // One for each, without text before it.
            assert!(places.found().len() < count * 32, "{} for {count}", places.found().len());
            let (mut out, at) = (Vec::new(), text.len() - 500);
            places.read(7, at as u64, 500, &mut out).expect("it is there");
            assert!(out == text[at..], "the end of one of {count}");
        }
    }
}
