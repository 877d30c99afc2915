//! The header of one HDU of a FITS file: cards of 80 bytes in blocks of 2880, up to `END`.
//!
//! Takes the whole file and where the header begins; gives the few values that decide what the data
//! are and where they end. The first card of a name counts, as in astropy. Refuses headers without an
//! end and values of the wrong type as `image`. Nothing is allocated but the axes, at most 999.

use std::collections::BTreeMap;

use crate::error::{Error, Result, quote};

/// Headers and data each fill whole blocks.
pub(super) const BLOCK: usize = 2880;
/// The length of a card.
const CARD: usize = 80;
/// The most axes that the standard allows.
const MOST_AXES: u64 = 999;

/// What an HDU is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The primary HDU or an IMAGE extension.
    Image,
    /// A table, or an extension that is not known.
    Other,
    /// A table that is an image, compressed by tiles.
    Tiles,
}

/// What the cards of a header say.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Bits of a stored number; negative for floating-point ones.
    pub(super) bitpix: i64,
    /// The sides, the fastest first. Empty where there are no data.
    pub(super) axes: Vec<u64>,
    pub(super) scale: f64,
    pub(super) zero: f64,
    /// The stored number that stands for no value; `None` where that is no whole number, as in astropy, and of
    /// floating-point numbers, which have NaN.
    pub(super) blank: Option<i64>,
    /// Whether the data are random groups, the oldest way to write tables.
    pub(super) groups: bool,
    /// Where the data begin in the file.
    pub(super) data: usize,
    /// The bytes of the data, without what fills the last block.
    length: u64,
}

/// Cards as they are read; of each name the first.
#[derive(Default)]
struct Cards<'a> {
    kind: Option<&'a [u8]>,
    values: BTreeMap<&'static str, &'a [u8]>,
    axes: BTreeMap<u64, u64>,
}

/// The cards whose values are kept, beside `NAXISn`.
const KEPT: [&str; 10] = [
    "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK", "GROUPS", "ZIMAGE", "SIMPLE",
];

impl Header {
    /// Reads the header that begins at `start`, a whole number of blocks from the head of the file.
    pub(super) fn read(bytes: &[u8], start: usize) -> Result<Self> {
        let cut = || Error::image("truncated FITS: the file ends inside a header");
        let mut cards = Cards::default();
        let mut at = start;
        loop {
            let card = bytes.get(at..).and_then(|rest| rest.get(..CARD)).ok_or_else(cut)?;
            at += CARD;
            let name = card[..8].trim_ascii_end();
            if name == b"END" {
                break;
            }
            cards.take(name, card)?;
        }
        let data = start + (at - start).next_multiple_of(BLOCK);
        cards.finish(data)
    }

    /// Where the next HDU begins; past the end of the file where the data are cut.
    pub(super) fn next(&self) -> Result<usize> {
        let blocks = self.length.div_ceil(BLOCK as u64).checked_mul(BLOCK as u64);
        let end = blocks.and_then(|n| n.checked_add(self.data as u64));
        end.and_then(|end| usize::try_from(end).ok())
            .ok_or_else(|| Error::image("damaged FITS: the data of an HDU are impossibly long"))
    }
}

impl<'a> Cards<'a> {
    /// Keeps what one card says, where it matters.
    fn take(&mut self, name: &'a [u8], card: &'a [u8]) -> Result<()> {
        if !card[8..].starts_with(b"= ") {
            return Ok(());
        }
        let value = value(&card[10..]);
        if name == b"XTENSION" {
            self.kind.get_or_insert(value);
        } else if let Some(kept) = KEPT.iter().find(|kept| kept.as_bytes() == name) {
            self.values.entry(kept).or_insert(value);
        } else if let Some(number) = name.strip_prefix(b"NAXIS").and_then(digits)
            && (1..=MOST_AXES).contains(&number)
            && !self.axes.contains_key(&number)
        {
            let side = u64::try_from(integer("NAXISn", value)?);
            self.axes.insert(number, side.map_err(|_| odd("NAXISn", value))?);
        }
        Ok(())
    }

    /// The whole number that a card says, or what it is where there is no such card.
    fn integer(&self, name: &'static str, missing: Option<i64>) -> Result<i64> {
        match (self.values.get(name), missing) {
            (Some(value), _) => integer(name, value),
            (None, Some(missing)) => Ok(missing),
            (None, None) => Err(Error::image(format!("damaged FITS: a header without {name}"))),
        }
    }

    /// The real number that a card says, or what it is where there is no such card.
    fn real(&self, name: &'static str, missing: f64) -> Result<f64> {
        self.values.get(name).map_or(Ok(missing), |value| real(name, value))
    }

    /// Whether a card says true.
    fn holds(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| *value == b"T")
    }

    /// The header, whose data begin at `data`.
    fn finish(self, data: usize) -> Result<Header> {
        let kind = match self.kind {
            None if self.values.contains_key("SIMPLE") && !self.holds("SIMPLE") => {
                return Err(Error::unsupported("FITS that does not follow the standard (SIMPLE)"));
            }
            None | Some(b"IMAGE") => Kind::Image,
            Some(b"BINTABLE") if self.holds("ZIMAGE") => Kind::Tiles,
            Some(_) => Kind::Other,
        };
        let bitpix = self.integer("BITPIX", None)?;
        if !matches!(bitpix, 8 | 16 | 32 | 64 | -32 | -64) {
            return Err(Error::image(format!("damaged FITS: BITPIX {bitpix}")));
        }
        let count = self.integer("NAXIS", None)?;
        let count = u64::try_from(count).ok().filter(|n| *n <= MOST_AXES);
        let count = count.ok_or_else(|| Error::image("damaged FITS: an impossible NAXIS"))?;
        let side = |n: u64| self.axes.get(&n).copied();
        let axes: Option<Vec<u64>> = (1..=count).map(side).collect();
        let axes = axes.ok_or_else(|| Error::image("damaged FITS: a NAXISn is missing"))?;
        let extra = |name, missing| {
            let n = u64::try_from(self.integer(name, Some(missing))?).ok();
            n.ok_or_else(|| Error::image(format!("damaged FITS: {name} below zero")))
        };
        let (pcount, gcount) = (extra("PCOUNT", 0)?, extra("GCOUNT", 1)?);
        let groups = self.holds("GROUPS") && axes.first() == Some(&0);
        let length = if axes.is_empty() {
            Some(0)
        } else {
            let numbers = axes.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
            let all = numbers.and_then(|n| n.checked_add(pcount)?.checked_mul(gcount));
            all.and_then(|n| n.checked_mul(bitpix.unsigned_abs() / 8))
        };
        let length = length
            .ok_or_else(|| Error::image("damaged FITS: the data of an HDU are impossibly long"))?;
        let (scale, zero) = (self.real("BSCALE", 1.0)?, self.real("BZERO", 0.0)?);
        let blank = self.values.get("BLANK").and_then(|value| integer("BLANK", value).ok());
        let blank = blank.filter(|_| bitpix > 0);
        Ok(Header { kind, bitpix, axes, scale, zero, blank, groups, data, length })
    }
}

/// The value of a card, without its comment: what stands between quotes, or up to a slash.
fn value(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    let (text, end) = match field.strip_prefix(b"'") {
        Some(text) => (text, b'\''),
        None => (field, b'/'),
    };
    let end = text.iter().position(|b| *b == end).unwrap_or(text.len());
    text[..end].trim_ascii()
}

/// Digits and nothing else, without a zero in front, as a number.
fn digits(text: &[u8]) -> Option<u64> {
    let plain = text.iter().all(u8::is_ascii_digit) && !text.starts_with(b"0");
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

/// A whole number.
fn integer(name: &str, value: &[u8]) -> Result<i64> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| odd(name, value))
}

/// A real number; Fortran's exponent of double precision is a D.
fn real(name: &str, value: &[u8]) -> Result<f64> {
    let text = std::str::from_utf8(value).ok().map(|text| text.replace(['D', 'd'], "E"));
    let number = text.and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
    number.ok_or_else(|| odd(name, value))
}

/// The error for a value that is not of its kind.
fn odd(name: &str, value: &[u8]) -> Error {
    Error::image(format!("damaged FITS: {name} is {}", quote(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_at_quotes_and_slashes() {
        assert_eq!(value(b"                  16 / bits   "), b"16");
        assert_eq!(value(b"'IMAGE   '           / kind / of"), b"IMAGE");
        assert_eq!(value(b"'no end"), b"no end");
        assert_eq!(value(b"   "), b"");
    }

    #[test]
    fn numbers() {
        assert_eq!(real("BZERO", b"3.2768D4").expect("a number"), 32768.0);
        assert_eq!(real("BZERO", b"9223372036854775808").expect("a number"), 2f64.powi(63));
        assert!(real("BZERO", b"nan").is_err() && real("BZERO", b"").is_err());
        assert_eq!(
            (digits(b"12"), digits(b""), digits(b"01"), digits(b"1A")),
            (Some(12), None, None, None)
        );
        assert!(integer("NAXIS", b"1.5").is_err());
    }
}
