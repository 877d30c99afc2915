//! The boxes of a JP2 file (ISO 15444-1, annex I): what the components of its codestream mean.

use super::codestream::START;
use super::unusual;
use crate::error::{Error, Result};

/// The signature box.
pub(super) const SIGNATURE: &[u8] = b"\0\0\0\x0CjP  \r\n\x87\n";

/// The number of the colour space of inks.
pub(super) const CMYK: u32 = 12;

/// What a JP2 file says of its codestream, or nothing where that has no file around it.
#[derive(Default)]
pub(super) struct Boxes<'a> {
    pub(super) codestream: &'a [u8],
    /// The number of the colour space, where it has one.
    pub(super) space: Option<u32>,
    pub(super) palette: Option<Palette>,
    /// Of each channel its component, and the column of the palette that it goes through.
    pub(super) mapping: Vec<(u16, Option<u8>)>,
    /// Of each channel its number, type and the colour that it is of.
    pub(super) definitions: Vec<[u16; 3]>,
}

/// The colours of a palette.
pub(super) struct Palette {
    /// Bits of a value, 1 to 16.
    pub(super) bits: u8,
    /// Values of a colour.
    pub(super) columns: usize,
    /// Colour by colour.
    pub(super) values: Vec<u16>,
}

impl<'a> Boxes<'a> {
    /// Walks the boxes of a file up to its first codestream, or takes a bare one.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        if bytes.starts_with(&START) {
            return Ok(Self { codestream: bytes, ..Self::default() });
        }
        let mut found = None;
        let mut rest = bytes
            .strip_prefix(SIGNATURE)
            .ok_or_else(|| Error::image("damaged JPEG 2000: it does not begin as one"))?;
        while !rest.is_empty() {
            let (name, data, after) = split_box(rest)?;
            match (name, &mut found) {
                (b"jp2h", None) => found = Some(Self::read_header(data.ok_or_else(cut)?)?),
                (b"jp2c", Some(_)) => {
                    let mut boxes = found.take().unwrap_or_default();
                    // Of a box that is cut short, the stream itself tells what is missing.
                    boxes.codestream = data.unwrap_or(after);
                    return Ok(boxes);
                }
                (b"jp2c", None) => {
                    return Err(Error::image("damaged JPEG 2000: a codestream without a header"));
                }
                _ => {}
            }
            let Some(_) = data else { return Err(cut()) };
            rest = after;
        }
        Err(Error::image("truncated JPEG 2000: the file holds no codestream"))
    }

    /// The boxes inside of the header box.
    fn read_header(mut rest: &[u8]) -> Result<Self> {
        let mut boxes = Self::default();
        let mut spaces = 0;
        while !rest.is_empty() {
            let (name, data, after) = split_box(rest)?;
            let data = data.ok_or_else(cut)?;
            match name {
                b"colr" => {
                    // The first one counts.
                    spaces += 1;
                    if spaces == 1 {
                        boxes.space = space(data);
                    }
                }
                b"pclr" => boxes.palette = Some(Palette::read(data)?),
                b"cmap" => {
                    let (list, _) = data.as_chunks::<4>();
                    let channel = |&[c0, c1, kind, column]: &[u8; 4]| {
                        (u16::from_be_bytes([c0, c1]), (kind == 1).then_some(column))
                    };
                    boxes.mapping = list.iter().map(channel).collect();
                }
                b"cdef" => {
                    let (list, _) = data.get(2..).ok_or_else(cut)?.as_chunks::<6>();
                    let word = |c: &[u8; 6], i: usize| u16::from_be_bytes([c[i], c[i + 1]]);
                    boxes.definitions =
                        list.iter().map(|c| [word(c, 0), word(c, 2), word(c, 4)]).collect();
                }
                _ => {}
            }
            rest = after;
        }
        Ok(boxes)
    }
}

impl Palette {
    fn read(data: &[u8]) -> Result<Self> {
        let &[n0, n1, columns, ref rest @ ..] = data else { return Err(cut()) };
        let count = usize::from(u16::from_be_bytes([n0, n1]));
        let columns = usize::from(columns);
        let (depths, rest) = rest.split_at_checked(columns).ok_or_else(cut)?;
        let &[depth, ..] = depths else { return Err(cut()) };
        if count == 0 || count > 1024 {
            return Err(Error::image("damaged JPEG 2000: a palette of an impossible length"));
        }
        if depths.iter().any(|&other| other != depth) || depth > 15 {
            return Err(unusual("a palette of signed, deep or unequal columns"));
        }
        let bits = depth + 1;
        let values = if bits > 8 {
            let list = rest.as_chunks::<2>().0.iter();
            list.take(count * columns).map(|v| u16::from_be_bytes(*v)).collect::<Vec<_>>()
        } else {
            rest.iter().take(count * columns).map(|&v| v.into()).collect()
        };
        if values.len() < count * columns {
            return Err(cut());
        }
        Ok(Self { bits, columns, values })
    }

    /// The colour of an index; the last where there are not so many.
    pub(super) fn color(&self, index: usize) -> &[u16] {
        let last = self.values.len() / self.columns - 1;
        &self.values[index.min(last) * self.columns..][..self.columns]
    }
}

/// The number of the colour space that a `colr` box says; that of CMYK where an ICC profile is of inks.
fn space(data: &[u8]) -> Option<u32> {
    match data {
        [1, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        [2 | 3, _, _, profile @ ..] if profile.get(16..20) == Some(b"CMYK") => Some(CMYK),
        _ => None,
    }
}

/// The name of the first box, what it holds, and the bytes after it. A box that is longer than the
/// bytes holds `None`, and what there is of it comes after it.
#[allow(clippy::type_complexity, reason = "it is taken apart where it is called")]
fn split_box(bytes: &[u8]) -> Result<(&[u8; 4], Option<&[u8]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let (name, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let (length, rest) = match u32::from_be_bytes(*length) {
        0 => (rest.len() as u64, rest),
        1 => {
            let (long, rest) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
            (u64::from_be_bytes(*long).checked_sub(16).ok_or_else(cut)?, rest)
        }
        short => (u64::from(short).checked_sub(8).ok_or_else(cut)?, rest),
    };
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    Ok(match split {
        Some((data, after)) => (name, Some(data), after),
        None => (name, None, rest),
    })
}

fn cut() -> Error {
    Error::image("truncated or damaged JPEG 2000: a box that is not complete")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_spaces_by_number_and_by_profile() {
        let profile = |method: u8, space: &[u8]| [&[method, 0, 0], &[0; 16][..], space].concat();
        for (data, wanted) in [
            (vec![1, 0, 0, 0, 0, 0, 16], Some(16)),
            (vec![1, 0, 0, 0, 0, 0, 12, 9], Some(CMYK)),
            (profile(2, b"CMYK"), Some(CMYK)),
            (profile(3, b"CMYKprtr"), Some(CMYK)),
            (profile(2, b"RGB "), None),
            (profile(2, b"CMY"), None),
            (profile(4, b"CMYK"), None),
            (vec![2], None),
        ] {
            assert_eq!(space(&data), wanted, "{data:?}");
        }
    }
}
