//! A DICOM file from its beginning: the file meta information, then the elements of the data set
//! that pydicom's `pixel_array` looks at.
//!
//! Takes the whole file; refuses what is missing as `image`, transfer syntaxes that are not read as
//! `unsupported`. Of a deflated data set only the beginning is inflated, at most [`MOST_HEAD`] bytes of it and no
//! more than `memory`.

use std::io::Read;

use super::elements::{Elements, Writing};
use super::found::{Found, text};
use super::header::{Header, cut_pixels};
use super::syntax::Syntax;
use crate::error::{Error, Result};
use crate::limits::{Limits, make_room};

/// Where the file meta information begins.
pub(super) const PREAMBLE: usize = 132;
/// The bytes that are inflated at first, to find the pixels of a deflated data set.
const FIRST_HEAD: u64 = 64 << 10;
/// The most of them.
const MOST_HEAD: u64 = 64 << 20;
/// The most that deflate shrinks.
const MOST_SHRUNK: u64 = 1032;

/// A file whose header was read.
pub(super) struct File<'a> {
    pub(super) header: Header,
    /// The data set, deflated where its syntax says so.
    pub(super) data: &'a [u8],
}

impl<'a> File<'a> {
    /// Reads all that is said before the pixels; `frame`: the one whose rescale is wanted.
    pub(super) fn read(bytes: &'a [u8], frame: u32, limits: &Limits) -> Result<Self> {
        let (syntax, start) = meta(bytes)?;
        let data = &bytes[start..];
        let header = if syntax.deflated {
            let read = |head: &[u8]| Found::read(head, syntax, frame)?.header(limits);
            let header = inflate_head(data, limits, read)?;
            let length = header.pixels.length.unwrap_or(0).into();
            if (data.len() as u64).saturating_mul(MOST_SHRUNK) < length {
                return Err(cut_pixels());
            }
            header
        } else {
            Found::read(data, syntax, frame)?.header(limits)?
        };
        let there = data.len().saturating_sub(header.pixels.start) as u64;
        if !syntax.deflated && there < header.least() {
            return Err(cut_pixels());
        }
        Ok(Self { header, data })
    }
}

/// The transfer syntax, and where the data set begins.
fn meta(bytes: &[u8]) -> Result<(Syntax, usize)> {
    let writing = Writing { explicit: true, big_endian: false };
    let data = bytes
        .get(PREAMBLE..)
        .ok_or_else(|| Error::image("truncated DICOM: no meta information"))?;
    let mut elements = Elements::new(data, writing, 0);
    let mut identifier = None;
    let mut end = 0;
    // The group ends with the first element of another one.
    while data.get(end..).is_some_and(|rest| rest.starts_with(&[2, 0])) {
        let Some(element) = elements.next()? else { break };
        if element.tag == 0x0002_0010 {
            identifier = Some(text(element.value));
        }
        end = element.start + element.value.len();
    }
    let identifier =
        identifier.ok_or_else(|| Error::image("damaged DICOM: no transfer syntax is said"))?;
    Ok((Syntax::named(identifier)?, PREAMBLE + end))
}

/// Inflates more and more of a deflated data set, until `read` finds what it wants.
fn inflate_head<T>(
    deflated: &[u8],
    limits: &Limits,
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<T> {
    let bound = limits.memory.unwrap_or(MOST_HEAD).min(MOST_HEAD);
    let mut stream = flate2::bufread::DeflateDecoder::new(deflated);
    let mut head = Vec::new();
    let mut most = FIRST_HEAD.min(bound);
    loop {
        let more = most - head.len() as u64;
        make_room(&mut head, more as usize)?;
        stream.by_ref().take(more).read_to_end(&mut head).map_err(damaged_stream)?;
        match read(&head) {
            Err(_) if head.len() as u64 == most && most < bound => most = (most * 4).min(bound),
            Err(_) if head.len() as u64 == most => {
                limits.check_memory(bound + 1)?;
                return Err(Error::limit("DICOM with over 64 MiB of data before its pixels"));
            }
            result => return result,
        }
    }
}

/// The error for a deflate stream that is damaged or cut.
pub(super) fn damaged_stream(error: std::io::Error) -> Error {
    Error::image(format!("the deflated DICOM is damaged or cut: {error}")).caused_by(error)
}
