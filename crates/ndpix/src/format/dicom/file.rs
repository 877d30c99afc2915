//! A DICOM file from its beginning: the file meta information, then the elements of the data set
//! that pydicom's `pixel_array` looks at.
//!
//! Takes the whole file; refuses what is missing as `image`, transfer syntaxes that are not read as
//! `unsupported`.

use super::deflated;
use super::elements::{Elements, Writing};
use super::found::{Found, text};
use super::frames::Fragments;
use super::header::{Header, cut_pixels};
use super::syntax::Syntax;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Where the file meta information begins.
pub(super) const PREAMBLE: usize = 132;
/// The most that deflate shrinks.
const MOST_SHRUNK: u64 = 1032;

/// A file whose header was read.
pub(super) struct File<'a> {
    pub(super) header: Header,
    /// The data set, deflated where its syntax says so.
    pub(super) data: &'a [u8],
}

impl<'a> File<'a> {
    /// Reads all that is said before the pixels.
    pub(super) fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let (syntax, start) = meta(bytes)?;
        let data = &bytes[start..];
        let header = if syntax.deflated {
            let read = |head: &[u8]| Found::read(head, syntax)?.header(limits);
            let header = deflated::head(data, limits, read)?;
            let length = header.pixels.length.unwrap_or(0).into();
            if (data.len() as u64).saturating_mul(MOST_SHRUNK) < length {
                return Err(cut_pixels());
            }
            header
        } else {
            Found::read(data, syntax)?.header(limits)?
        };
        let there = data.len().saturating_sub(header.pixels.start) as u64;
        if !syntax.deflated && there < header.least() {
            return Err(cut_pixels());
        }
        Ok(Self { header, data })
    }

    /// What the frames of coded pixels are made of.
    pub(super) fn fragments(&self) -> Result<Fragments<'a>> {
        let pixels = &self.header.pixels;
        let table = pixels.table.clone().and_then(|(offsets, lengths)| {
            Some((self.data.get(offsets)?, self.data.get(lengths)?))
        });
        let value = self.data.get(pixels.start..).unwrap_or_default();
        Fragments::read(value, self.header.frames, table)
    }
}

/// The transfer syntax, and where the data set begins.
fn meta(bytes: &[u8]) -> Result<(Syntax, usize)> {
    let writing = Writing { explicit: true, big_endian: false };
    let data = bytes
        .get(PREAMBLE..)
        .ok_or_else(|| Error::image("truncated DICOM: no meta information"))?;
    let mut elements = Elements::new(data, writing);
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
