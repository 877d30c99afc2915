//! The elements of a data set that say what its pixels are, as they stand in the file.
//!
//! Walks to the pixel data and keeps values; [`Found::header`] puts them together, and refuses what is
//! missing or makes no sense as `image`, depths and numbers of samples that are not read as `unsupported`.

use std::ops::Range;

use super::elements::{DOUBLE_PIXELS, Element, Elements, FLOAT_PIXELS, PIXEL_DATA, Place};
use super::header::{Header, Photometric, Pixels};
use super::lines::Lines;
use super::syntax::{Coding, Syntax};
use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::Limits;

/// The elements that count, as they stand in the file.
pub(super) struct Found<'a> {
    syntax: Syntax,
    rows: Option<u64>,
    columns: Option<u64>,
    samples: Option<u64>,
    photometric: Option<&'a [u8]>,
    planar: Option<u64>,
    allocated: Option<u64>,
    stored: Option<u64>,
    high: Option<u64>,
    signed: Option<u64>,
    frames: Option<&'a [u8]>,
    lines: Lines,
    offsets: Option<Range<usize>>,
    lengths: Option<Range<usize>>,
    pixels: Option<Element<'a>>,
}

impl<'a> Found<'a> {
    /// Walks the data set to its pixels.
    pub(super) fn read(data: &'a [u8], syntax: Syntax) -> Result<Self> {
        let mut found = Self {
            syntax,
            rows: None,
            columns: None,
            samples: None,
            photometric: None,
            planar: None,
            allocated: None,
            stored: None,
            high: None,
            signed: None,
            frames: None,
            lines: Lines::default(),
            offsets: None,
            lengths: None,
            pixels: None,
        };
        let mut elements = Elements::new(data, syntax.writing);
        while found.pixels.is_none()
            && let Some(element) = elements.next()?
        {
            found.take(element)?;
        }
        Ok(found)
    }

    /// Keeps the value of an element that counts.
    fn take(&mut self, element: Element<'a>) -> Result<()> {
        let place = element.place;
        match element.tag {
            0x0028_1052 => self.lines.at(place)?.intercept = decimal(element.value)?,
            0x0028_1053 => self.lines.at(place)?.slope = decimal(element.value)?,
            _ if place != Place::Top => {}
            0x0028_0002 => self.samples = self.number(element.value),
            0x0028_0004 => self.photometric = Some(text(element.value)),
            0x0028_0006 => self.planar = self.number(element.value),
            0x0028_0008 => self.frames = Some(text(element.value)),
            0x0028_0010 => self.rows = self.number(element.value),
            0x0028_0011 => self.columns = self.number(element.value),
            0x0028_0100 => self.allocated = self.number(element.value),
            0x0028_0101 => self.stored = self.number(element.value),
            0x0028_0102 => self.high = self.number(element.value),
            0x0028_0103 => self.signed = self.number(element.value),
            0x7FE0_0001 => self.offsets = Some(range(&element)),
            0x7FE0_0002 => self.lengths = Some(range(&element)),
            PIXEL_DATA | FLOAT_PIXELS | DOUBLE_PIXELS => self.pixels = Some(element),
            _ => {}
        }
        Ok(())
    }

    /// A number of 16 bits, or of 32 where a file writes more than the standard asks for.
    fn number(&self, value: &[u8]) -> Option<u64> {
        match *value {
            [a, b] => Some(self.syntax.writing.short([a, b]).into()),
            [a, b, c, d] => Some(self.syntax.writing.long([a, b, c, d]).into()),
            _ => None,
        }
    }

    /// What the elements say together.
    pub(super) fn header(self, limits: &Limits) -> Result<Header> {
        let Some(pixels) = &self.pixels else {
            return Err(match self.rows.or(self.columns) {
                Some(_) => Error::image("truncated or damaged DICOM: an image without pixel data"),
                None => {
                    Error::unsupported("DICOM without an image; there is nothing to read in it")
                }
            });
        };
        let float = pixels.tag != PIXEL_DATA;
        let height = need("rows", self.rows, |n| (1..=65_535).contains(&n))?;
        let width = need("columns", self.columns, |n| (1..=65_535).contains(&n))?;
        let samples = need("samples per pixel", self.samples, |n| n > 0)?;
        if !matches!(samples, 1 | 3) {
            return Err(Error::unsupported(format!("DICOM with {samples} samples per pixel")));
        }
        let allocated = need("bits allocated", self.allocated, |n| (1..=64).contains(&n))?;
        let mut stored = allocated;
        let mut signed = 0;
        if !float {
            stored = need("bits stored", self.stored, |n| (1..=allocated).contains(&n))?;
            signed = need("pixel representation", self.signed, |n| n < 2)?;
            // What a codec gives lies in the lowest bits, whatever is said of the bytes.
            if matches!(self.syntax.coding, Coding::Native | Coding::Rle) {
                check_high_bit(self.high, stored, allocated)?;
            }
        }
        let dtype = dtype_of(pixels.tag, allocated, signed == 1)?;
        let coded = self.syntax.coding != Coding::Native;
        let planar = match samples {
            1 => 0,
            _ if coded => 0,
            _ => need("planar configuration", self.planar, |n| n < 2)?,
        };
        let big_words = self.syntax.writing.big_endian && pixels.vr == *b"OW";
        let header = Header {
            syntax: self.syntax,
            height: height as usize,
            width: width as usize,
            samples: samples as usize,
            photometric: photometric(self.photometric)?,
            allocated: allocated as u32,
            stored: stored as u32,
            dtype,
            planar: planar == 1,
            frames: frames(self.frames)?,
            lines: self.lines,
            pixels: Pixels {
                start: pixels.start,
                length: pixels.length,
                swapped: big_words && allocated == 8 && !float,
                table: self
                    .offsets
                    .zip(self.lengths)
                    .filter(|(a, b)| a.len() == b.len() && !a.is_empty()),
            },
        };
        header.check(limits)?;
        Ok(header)
    }
}

/// The dtype of samples; the tag says whether they are floating-point.
fn dtype_of(tag: u32, allocated: u64, signed: bool) -> Result<DType> {
    match (tag, allocated, signed) {
        (FLOAT_PIXELS, 32, _) => Ok(DType::Float32),
        (DOUBLE_PIXELS, 64, _) => Ok(DType::Float64),
        (FLOAT_PIXELS | DOUBLE_PIXELS, ..) => {
            Err(Error::image(format!("damaged DICOM: floating-point pixels of {allocated} bits")))
        }
        (_, 1, _) | (_, 8, false) => Ok(DType::Uint8),
        (_, 8, true) => Ok(DType::Int8),
        (_, 16, false) => Ok(DType::Uint16),
        (_, 16, true) => Ok(DType::Int16),
        (_, 32, false) => Ok(DType::Uint32),
        (_, 32, true) => Ok(DType::Int32),
        (_, 64, false) => Ok(DType::Uint64),
        (_, 64, true) => Ok(DType::Int64),
        _ => Err(Error::unsupported(format!("DICOM with {allocated} bits allocated"))),
    }
}

/// Refuses samples that do not lie in the lowest bits of what is allocated for them.
fn check_high_bit(high: Option<u64>, stored: u64, allocated: u64) -> Result<()> {
    match high {
        Some(high) if stored < allocated && high != stored - 1 => Err(Error::unsupported(format!(
            "DICOM whose samples of {stored} bits do not lie in the lowest ones (HighBit {high})"
        ))),
        _ => Ok(()),
    }
}

/// The colour space of that name.
fn photometric(name: Option<&[u8]>) -> Result<Photometric> {
    match name {
        Some(b"MONOCHROME1" | b"MONOCHROME2" | b"PALETTE COLOR") => Ok(Photometric::Plain),
        Some(b"RGB") => Ok(Photometric::Rgb),
        Some(b"YBR_FULL") => Ok(Photometric::Ybr),
        Some(b"YBR_FULL_422") => Ok(Photometric::Ybr422),
        Some(b"YBR_ICT" | b"YBR_RCT") => Ok(Photometric::Wavelet),
        Some(b"HSV" | b"ARGB" | b"CMYK") => Ok(Photometric::Other { ybr: false }),
        Some(b"YBR_PARTIAL_422" | b"YBR_PARTIAL_420") => Ok(Photometric::Other { ybr: true }),
        Some(other) => {
            Err(Error::image(format!("damaged DICOM: photometric interpretation {}", quote(other))))
        }
        None => Err(Error::image("damaged DICOM: no photometric interpretation is said")),
    }
}

/// How many frames there are; 0 and nothing stand for one, as in pydicom.
fn frames(value: Option<&[u8]>) -> Result<u32> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(1) };
    let number = std::str::from_utf8(value).ok().and_then(|value| value.parse::<u32>().ok());
    let number =
        number.ok_or_else(|| Error::image(format!("damaged DICOM: {} frames", quote(value))))?;
    Ok(number.max(1))
}

/// A value that must be there and make sense.
fn need(name: &str, value: Option<u64>, fits: impl Fn(u64) -> bool) -> Result<u64> {
    match value {
        Some(value) if fits(value) => Ok(value),
        Some(value) => Err(Error::image(format!("damaged DICOM: {name} {value}"))),
        None => Err(Error::image(format!("damaged DICOM: no {name}"))),
    }
}

/// A text without what pads it.
pub(super) fn text(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|b| !matches!(b, 0 | b' ')).map_or(0, |last| last + 1);
    value[..end].trim_ascii_start()
}

/// A decimal number; `None` where the element is empty.
fn decimal(value: &[u8]) -> Result<Option<f64>> {
    let value = text(value);
    if value.is_empty() {
        return Ok(None);
    }
    let number = std::str::from_utf8(value).ok().and_then(|value| value.parse::<f64>().ok());
    match number.filter(|number| number.is_finite()) {
        None => Err(Error::image(format!("damaged DICOM: a rescale by {}", quote(value)))),
        number => Ok(number),
    }
}

/// Where the value of an element is.
fn range(element: &Element<'_>) -> Range<usize> {
    element.start..element.start + element.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn samples_lie_in_the_lowest_bits() {
        for (high, stored, allocated, fits) in [
            (None, 12, 16, true),
            (Some(11), 12, 16, true),
            (Some(15), 12, 16, false),
            (Some(12), 12, 16, false),
            (Some(0), 12, 16, false),
            (Some(7), 16, 16, true),
            (Some(0), 1, 8, true),
        ] {
            let error = check_high_bit(high, stored, allocated).err();
            assert_eq!(error.is_none(), fits, "{high:?} {stored} {allocated}");
            assert!(error.is_none_or(
                |e| e.kind() == ErrorKind::Unsupported && e.message().contains("HighBit")
            ));
        }
    }
}
