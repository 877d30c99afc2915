//! Bytes written as JSON numbers: a list of them, signed or not, a Node.js `Buffer`, or a
//! JavaScript typed array that became an object with the keys "0", "1", ...

use super::numbers;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::record::value::{self, Kind};

/// Replaces `out` with the bytes; `spare` is overwritten.
pub(super) fn decode(
    text: &[u8],
    limits: &Limits,
    spare: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<()> {
    match value::kind(text) {
        Kind::Array => list(text, limits, out),
        Kind::Object if is_buffer(text) => match value::get(text, "data") {
            Some(data) if value::kind(data) == Kind::Array => list(data, limits, out),
            _ => Err(Error::field("a Buffer without a list of bytes under \"data\"")),
        },
        Kind::Object if is_indexed(text) => {
            spare.clear();
            for (_, byte) in value::entries(text) {
                spare.push(if spare.is_empty() { b'[' } else { b',' });
                spare.extend_from_slice(byte);
            }
            spare.push(b']');
            list(spare, limits, out)
        }
        other => Err(Error::field(format!(
            "expected a list of bytes or a Buffer, found {}",
            other.name()
        ))),
    }
}

/// Whether the object is what Node.js writes for a `Buffer`.
pub(super) fn is_buffer(object: &[u8]) -> bool {
    value::get(object, "type") == Some(b"\"Buffer\"")
}

/// Whether the keys of the object are "0", "1", ... in this order.
pub(super) fn is_indexed(object: &[u8]) -> bool {
    let mut count = 0usize;
    let ordered = value::entries(object).all(|(key, _)| {
        let digits = std::str::from_utf8(key).ok().and_then(|key| key.parse::<usize>().ok());
        let fits = digits == Some(count);
        count += 1;
        fits
    });
    ordered && count > 0
}

fn list(text: &[u8], limits: &Limits, out: &mut Vec<u8>) -> Result<()> {
    // An image file may have more bytes than pixels are allowed.
    let limits = Limits { max_pixels: u64::MAX, ..*limits };
    let unsigned = match numbers::decode(text, Some(DType::Uint8), false, &limits, out) {
        Ok(found) if found.shape.len() == 1 => return Ok(()),
        Ok(_) => return Err(Error::shape("expected a flat list of bytes, found lists in it")),
        Err(error) => error,
    };
    match numbers::decode(text, Some(DType::Int8), false, &limits, out) {
        Ok(found) if found.shape.len() == 1 => Ok(()),
        _ => Err(unsigned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(text.as_bytes(), &Limits::default(), &mut Vec::new(), &mut out).ok()?;
        Some(out)
    }

    #[test]
    fn every_form() {
        for text in [
            "[0,64,128,255]",
            r#"{"type":"Buffer","data":[0,64,128,255]}"#,
            r#"{"0":0,"1":64,"2":128,"3":255}"#,
            "[0,64,-128,-1]",
        ] {
            assert_eq!(read(text).as_deref(), Some(&[0, 64, 128, 255][..]), "{text}");
        }
    }

    #[test]
    fn refusals() {
        for text in [
            "[0,256]",
            "[-1,255]",
            "[-129]",
            "[1.5]",
            "[[1]]",
            "[]",
            "{}",
            r#"{"type":"Buffer"}"#,
            r#"{"1":0,"0":64}"#,
            "\"AA==\"",
            "null",
            "7",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
