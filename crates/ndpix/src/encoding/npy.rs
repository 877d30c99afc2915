//! `.npy` files, versions 1 to 3: the header says shape, dtype, byte order and memory order.
//!
//! The header is a Python dictionary; only the literals that NumPy writes are read. Object arrays
//! (pickles) and structured dtypes are refused, never evaluated.

use super::{Pixels, RawSpec, raw};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::limits::Limits;
use crate::shape::Shape;

/// The first bytes of every `.npy` file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Replaces the file in `bytes` by its pixels; `spare` is overwritten. Of what is `given` the order of the
/// colours and of the axes counts.
pub(super) fn finish(
    given: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Pixels> {
    let (spec, start) = header(bytes)?;
    bytes.drain(..start);
    let (bgr, planes) = (given.bgr, given.planes);
    raw::finish(&RawSpec { bgr, planes, ..spec }, limits, bytes, spare)
}

/// Shape and dtype of the file that begins so, `None` where its elements are text, times or in no axes: no image.
pub(super) fn look(head: &[u8]) -> Result<Option<(Shape, DType)>> {
    const WORDS: [&[u8]; 5] =
        [b"'descr': '<U", b"'descr': '>U", b"'descr': '|S", b"'descr': '<M", b"'descr': '<m"];
    match header(head) {
        Ok((RawSpec { shape: Some(shape), dtype: Some(dtype), .. }, _)) => Ok(Some((shape, dtype))),
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let is_text = WORDS.iter().any(|word| memchr::memmem::find(head, word).is_some());
            if is_text { Ok(None) } else { Err(error) }
        }
        // An axis without elements, or too many of them.
        Err(error) if error.kind() == ErrorKind::Shape => Ok(None),
        Err(error) => Err(error),
        Ok(_) => Ok(None),
    }
}

/// What the header says, and where the elements begin.
fn header(bytes: &[u8]) -> Result<(RawSpec, usize)> {
    let cut = || Error::encoding("the .npy header is cut");
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        return Err(Error::encoding(format!(
            "expected a .npy file, found {} bytes beginning {}",
            bytes.len(),
            quote(&bytes[..bytes.len().min(6)])
        )));
    };
    let (length, start) = match *after {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        [version @ (0 | 4..), ..] => {
            return Err(Error::unsupported(format!(".npy version {version} is not known")));
        }
        _ => return Err(cut()),
    };
    let end = length.checked_add(start).ok_or_else(cut)?;
    let text = bytes.get(start..end).ok_or_else(cut)?;
    Ok((dictionary(text)?, end))
}

fn dictionary(text: &[u8]) -> Result<RawSpec> {
    let damaged = || Error::encoding(format!("the .npy header is not understood: {}", quote(text)));
    let mut rest = text.trim_ascii().strip_prefix(b"{").ok_or_else(damaged)?;
    let (mut shape, mut descr, mut fortran) = (None, None, None);
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b"}") {
            if !after.trim_ascii().is_empty() {
                return Err(damaged());
            }
            break;
        }
        let (key, after) = literal(rest).ok_or_else(damaged)?;
        let after = after.trim_ascii_start().strip_prefix(b":").ok_or_else(damaged)?;
        let (value, after) = literal(after.trim_ascii_start()).ok_or_else(damaged)?;
        match unquoted(key).ok_or_else(damaged)? {
            b"descr" => descr = Some(dtype(value)?),
            b"fortran_order" => {
                fortran = Some(match value {
                    b"True" => true,
                    b"False" => false,
                    _ => return Err(damaged()),
                });
            }
            b"shape" => shape = Some(axes(value)?.ok_or_else(damaged)?),
            _ => return Err(damaged()),
        }
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest);
    }
    match (shape, descr, fortran) {
        (Some(shape), Some(spec), Some(fortran)) => {
            Ok(RawSpec { shape: Some(shape), fortran, ..spec })
        }
        _ => Err(damaged()),
    }
}

/// Splits off the literal that `text` begins with: a quoted string, a tuple or list, a word.
fn literal(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = match text.first()? {
        quote @ (b'\'' | b'"') => text[1..].iter().position(|c| c == quote)? + 2,
        b'(' => text.iter().position(|&c| c == b')')? + 1,
        b'[' => text.iter().rposition(|&c| c == b']')? + 1,
        _ => text.iter().position(|c| !c.is_ascii_alphanumeric())?,
    };
    (end > 0).then(|| text.split_at(end))
}

fn unquoted(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => Some(inner),
        _ => None,
    }
}

fn dtype(value: &[u8]) -> Result<RawSpec> {
    let name = unquoted(value).and_then(|name| std::str::from_utf8(name).ok());
    match name.and_then(DType::parse) {
        Some((dtype, byteorder)) => {
            Ok(RawSpec { dtype: Some(dtype), byteorder, ..RawSpec::default() })
        }
        None => Err(Error::unsupported(format!(
            ".npy elements of dtype {} are not read (objects and pickles never are)",
            quote(value)
        ))),
    }
}

/// The axes in a tuple; `None` where it is none. Python 2 wrote `2L`.
fn axes(tuple: &[u8]) -> Result<Option<Shape>> {
    let Some(inner) = tuple.strip_prefix(b"(").and_then(|t| t.strip_suffix(b")")) else {
        return Ok(None);
    };
    let mut found = [0; Shape::MAX_RANK];
    let mut rank = 0;
    for part in inner.split(|&c| c == b',').map(<[u8]>::trim_ascii).filter(|p| !p.is_empty()) {
        let digits = part.strip_suffix(b"L").unwrap_or(part);
        let Some(axis) = std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()) else {
            return Ok(None);
        };
        let Some(slot) = found.get_mut(rank) else {
            return Err(Error::shape(format!(
                "a .npy array of more than {} axes",
                Shape::MAX_RANK
            )));
        };
        *slot = axis;
        rank += 1;
    }
    Shape::new(&found[..rank]).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, dict: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = [MAGIC, &[version, 0]].concat();
        match version {
            1 => bytes.extend_from_slice(&(dict.len() as u16).to_le_bytes()),
            _ => bytes.extend_from_slice(&(dict.len() as u32).to_le_bytes()),
        }
        bytes.extend_from_slice(dict.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn read(version: u8, dict: &str, data: &[u8]) -> Result<(Pixels, Vec<u8>)> {
        let mut bytes = file(version, dict, data);
        let pixels = finish(&RawSpec::default(), &Limits::default(), &mut bytes, &mut Vec::new())?;
        Ok((pixels, bytes))
    }

    #[test]
    fn reads_every_version_and_order() {
        let c = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }   \n";
        let f = "{'descr': '>u2', 'fortran_order': True, 'shape': (2L, 2L,), }\n";
        for version in 1..=3 {
            let (pixels, bytes) = read(version, c, &[0, 64, 128, 255]).expect("valid");
            assert_eq!((&*pixels.shape, pixels.dtype), (&[2, 2][..], DType::Uint8));
            assert_eq!(bytes, [0, 64, 128, 255]);
        }
        let (_, bytes) = read(1, f, &[0, 1, 0, 3, 0, 2, 0, 4]).expect("valid");
        assert_eq!(bytes, [1, 0, 2, 0, 3, 0, 4, 0]);
    }

    #[test]
    fn refusals() {
        let kind = |dict: &str, data: &[u8]| read(1, dict, data).map_err(|e| e.kind()).err();
        let with =
            |descr: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}");
        assert_eq!(kind(&with("'|O'"), &[0]), Some(ErrorKind::Unsupported));
        assert_eq!(kind(&with("[('a', '<u2'), ('b', 'u1')]"), &[0]), Some(ErrorKind::Unsupported));
        assert_eq!(kind(&with("'|u1'"), &[0, 1]), Some(ErrorKind::Shape));
        assert_eq!(
            kind("{'descr': '|u1', 'fortran_order': False}", &[0]),
            Some(ErrorKind::Encoding)
        );
        assert_eq!(kind("{'shape': (-1,)}", &[0]), Some(ErrorKind::Encoding));
        assert_eq!(kind("{", &[]), Some(ErrorKind::Encoding));
        for cut in 0..file(1, &with("'|u1'"), &[0]).len() {
            let mut bytes = file(1, &with("'|u1'"), &[0])[..cut].to_vec();
            assert!(
                finish(&RawSpec::default(), &Limits::default(), &mut bytes, &mut Vec::new())
                    .is_err()
            );
        }
    }
}
