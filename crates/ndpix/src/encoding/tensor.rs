//! Objects that say their own shape and dtype: `__numpy__`, the dialects of `__ndarray__`,
//! Plotly's `bdata`, Bokeh's `ndarray`, and `{dtype, shape, data}` with its KServe spelling.
//!
//! What the object says wins over the caller's [`RawSpec`], which only fills gaps. Objects of
//! pickles and structured dtypes are refused.

use super::keys::{self, Key, dtype_of};
use super::said::Said;
use super::{Loose, Payload, RawSpec, Scratch, base64, bytes, hex, listed, npy, raw};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format;
use crate::inflate::{Compression, inflate};
use crate::limits::Limits;
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// A tensor object: the texts of its members, found in one pass.
#[derive(Default)]
struct Tensor<'a> {
    payload: Option<&'a [u8]>,
    said: Said<'a>,
    encoding: Option<&'a [u8]>,
    /// A payload without a shape is one row (Plotly).
    one_row: bool,
    /// The payload says its shape by itself: lists of monty, or a packed `.npy` file.
    whole: bool,
}

/// Replaces `scratch.bytes` with the pixels of the tensor, or with the image file that it holds instead.
pub(super) fn decode(
    object: &[u8],
    given: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Payload> {
    let kind = value::kind(object);
    if kind != Kind::Object {
        return Err(Error::field(format!("expected a tensor object, found {}", kind.name())));
    }
    let tensor = find(object, true)?;
    let given = RawSpec { step: None, loose: Loose::default(), ..*given };
    let mut spec = tensor.said.spec(&given)?;
    let payload = tensor.payload.unwrap_or_default();
    let Scratch { bytes: out, text, spare, .. } = scratch;
    match value::kind(payload) {
        Kind::Array => {
            let found = listed::read(payload, &spec, limits, out, spare)?;
            return listed::finish(found, &spec, limits, out, spare).map(Payload::Pixels);
        }
        Kind::String => {
            let text = super::string(payload, text)?;
            let hexadecimal = tensor.encoding.is_some_and(|e| e.eq_ignore_ascii_case(b"\"hex\""));
            match text.strip_prefix(b"b64.gz:") {
                Some(text) => {
                    base64::decode(text, spare)?;
                    inflate(Compression::Gzip, spare, limits.max_payload_bytes(), out)?;
                }
                None if hexadecimal => hex::decode(text, out)?,
                None => base64::decode(base64::strip_prefix(text), out)?,
            }
        }
        Kind::Object => bytes::decode(payload, limits, spare, out)?,
        other => {
            return Err(Error::field(format!(
                "expected base64 or a list as the data of a tensor, found {}",
                other.name()
            )));
        }
    }
    if spec.shape.is_none() && tensor.one_row {
        let size = spec.dtype.map_or(1, DType::size);
        spec.shape = Shape::new(&[out.len() / size]).ok();
    }
    if !raw::fits(&spec, out) {
        if let Some(compression) = Compression::sniff(out) {
            inflate(compression, out, limits.max_payload_bytes(), spare)?;
            std::mem::swap(out, spare);
        }
        if out.starts_with(npy::MAGIC) {
            return npy::finish(&spec, limits, out, spare).map(Payload::Pixels);
        }
        if format::sniff(out).is_some() {
            return Ok(Payload::File);
        }
    }
    raw::finish(&spec, limits, out, spare).map(Payload::Pixels)
}

/// Keys that only tensor objects have.
pub(super) const MARKS: [&str; 3] = ["__numpy__", "__ndarray__", "bdata"];

/// Whether the object has the members of a tensor, whatever they hold: one with a shape.
pub(super) fn looks_like(object: &[u8]) -> bool {
    find(object, true)
        .is_ok_and(|t| t.payload.is_some() && (t.said.has_shape() || t.one_row || t.whole))
}

/// As [`looks_like`], also where height and width are its shape: then its payload may be a file as well.
pub(super) fn is_sized(object: &[u8]) -> bool {
    find(object, true)
        .is_ok_and(|t| t.payload.is_some() && (t.said.is_sized() || t.one_row || t.whole))
}

/// Finds the members of a tensor; `outer` allows one more object inside.
fn find(object: &[u8], outer: bool) -> Result<Tensor<'_>> {
    let mut tensor = Tensor { said: Said::of_tensor(), ..Tensor::default() };
    let (mut numpy, mut ndarray, mut plotly, mut generic) = (None, None, None, None);
    let mut several = false;
    let mut unescaped = Vec::new();
    for (key, text) in value::entries(object) {
        match value::unescape_inner(key, &mut unescaped) {
            b"__numpy__" => numpy = Some(text),
            b"__ndarray__" => ndarray = Some(text),
            b"bdata" => plotly = Some(text),
            // MessagePack's spelling of the dtype, beside a payload under "data".
            b"type" if !tensor.said.has_dtype() && dtype_of(text).is_ok() => {
                tensor.said.take(("type", Key::DType), text);
            }
            b"@module" => tensor.whole |= text == b"\"numpy\"",
            b"codec" => tensor.whole |= value::kind(text) == Kind::String,
            name if keys::is_payload(name) => several |= generic.replace(text).is_some(),
            name => {
                if name == b"encoding" {
                    tensor.encoding = Some(text);
                }
                if let Some(key) = keys::key(name) {
                    tensor.said.take(key, text);
                }
            }
        }
    }
    let discriminators = [numpy, ndarray, plotly].iter().flatten().count();
    if discriminators > 1 || (discriminators == 0 && several) {
        return Err(Error::field("a tensor object with more than one payload"));
    }
    tensor.one_row = plotly.is_some();
    match (numpy, ndarray) {
        (Some(inner), _) if outer && value::kind(inner) == Kind::Object => {
            return find(inner, false);
        }
        (Some(b"true"), _) => {}
        (_, Some(list)) if !tensor.said.has_dtype() && !tensor.said.has_shape() => {
            let mut parts = value::elements(list);
            let three = (parts.next(), parts.next(), parts.next(), parts.next());
            if let (Some(shape), Some(dtype), Some(data), None) = three
                && value::kind(dtype) == Kind::String
            {
                tensor.said.take(("shape", Key::Shape), shape);
                tensor.said.take(("dtype", Key::DType), dtype);
                ndarray = Some(data);
            }
        }
        _ => {}
    }
    tensor.payload = match numpy {
        Some(b"true") => generic,
        Some(text) => Some(text),
        None => ndarray.or(plotly).or(generic),
    };
    tensor.payload = tensor.payload.and_then(unwrapped);
    // Monty has lists, and what is packed stands under this one name.
    let is_list = tensor.payload.is_some_and(|text| value::kind(text) == Kind::Array);
    tensor.whole &= is_list || ndarray.is_some();
    if tensor.payload.is_none() {
        return Err(Error::field(
            "an object that is not a tensor: it has no shape, dtype and data",
        ));
    }
    Ok(tensor)
}

/// The elements without what Bokeh wraps the bytes in once more: `{"type": "bytes", "data": base64}`.
fn unwrapped(payload: &[u8]) -> Option<&[u8]> {
    let wraps =
        value::kind(payload) == Kind::Object && value::get(payload, "type") == Some(b"\"bytes\"");
    if wraps { value::get(payload, "data") } else { Some(payload) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Pixels;
    use crate::error::ErrorKind;

    fn read(text: &str) -> Result<(Pixels, Vec<u8>)> {
        let mut scratch = Scratch::default();
        let spec = RawSpec::default();
        match decode(text.as_bytes(), &spec, &Limits::default(), &mut scratch)? {
            Payload::Pixels(pixels) => Ok((pixels, scratch.bytes)),
            other => Err(Error::field(format!("no pixels: {other:?}"))),
        }
    }

    #[test]
    fn every_dialect() {
        for text in [
            r#"{"__numpy__":"AECA/w==","dtype":"|u1","shape":[2,2]}"#,
            r#"{"__numpy__":true,"dtype":"uint8","shape":[2,2],"data":"AECA\/w=="}"#,
            r#"{"__numpy__":{"shape":[2,2],"dtype":"uint8","data":"AECA/w==","order":"C"}}"#,
            r#"{"__ndarray__":[[0,64],[128,255]],"dtype":"uint8","shape":[2,2],"Corder":false}"#,
            r#"{"__ndarray__":"b64:AECA/w==","dtype":"uint8","shape":[2,2],"Corder":true,"endian":"little"}"#,
            r#"{"__ndarray__":"b64.gz:H4sIAAEAAAAC/2NwaPgPABolX0cEAAAA","dtype":"uint8","shape":[2,2]}"#,
            r#"{"__ndarray__":[[2,2],"uint8",[0,64,128,255]]}"#,
            r#"{"shape":["2","2"],"dtype":"uint8","data":"AECA/w=="}"#,
            r#"{"shape":[2,2],"dtype":"uint8","values":[0,64,128,255]}"#,
            r#"{"shape":[2,2],"dtype":"uint8","data":"AIBA/w==","order":"F"}"#,
            r#"{"shape":[2,2],"dtype":"uint8","data":{"type":"Buffer","data":[0,64,128,255]}}"#,
            r#"{"dtype":"u1","bdata":"AECA/w==","shape":"2, 2"}"#,
            r#"{"type":"ndarray","array":{"type":"bytes","data":"H4sIAAEAAAAC/2NwaPgPABolX0cEAAAA"},"shape":[2,2],"dtype":"uint8","order":"little"}"#,
            r#"{"nd":true,"type":"|u1","shape":[2,2],"data":"AECA/w=="}"#,
            r#"{"name":"x","shape":[2,2],"datatype":"UINT8","data":[[0,64],[128,255]]}"#,
            r#"{"@module":"numpy","@class":"array","dtype":"uint8","data":[[0,64],[128,255]]}"#,
        ] {
            let (pixels, bytes) = read(text).expect(text);
            assert_eq!((&*pixels.shape, pixels.dtype), (&[2, 2][..], DType::Uint8), "{text}");
            assert_eq!(bytes, [0, 64, 128, 255], "{text}");
            assert!(looks_like(text.as_bytes()), "{text}");
        }
        let (row, _) = read(r#"{"dtype":"u1","bdata":"AECA/w=="}"#).expect("one row");
        assert_eq!(*row.shape, [4]);
        let big = r#"{"shape":[4],"dtype":"uint16","data":"AAAAQACA//8=","order":"big"}"#;
        assert_eq!(read(big).map(|r| r.1).ok(), Some(vec![0, 0, 64, 0, 128, 0, 255, 255]));
    }

    #[test]
    fn refusals() {
        for (text, kind) in [
            ("[1]", ErrorKind::Field),
            (r#"{"a":1}"#, ErrorKind::Field),
            (r#"{"__numpy__":"AA==","dtype":"|O","shape":[1]}"#, ErrorKind::Field),
            (r#"{"__numpy__":"AA==","dtype":[["a","<u2"]],"shape":[1]}"#, ErrorKind::Field),
            (r#"{"__numpy__":"AA==","dtype":"|u1","shape":[2]}"#, ErrorKind::Shape),
            (r#"{"__numpy__":"AA==","dtype":"|u1","shape":[-1]}"#, ErrorKind::Shape),
            (r#"{"__numpy__":"AA==","dtype":"|u1","shape":[0.5]}"#, ErrorKind::Shape),
            (r#"{"__numpy__":"AA==","dtype":"|u1","shape":"8x9"}"#, ErrorKind::Shape),
            (r#"{"__numpy__":"","dtype":"|u1","shape":[0,5]}"#, ErrorKind::Shape),
            (
                r#"{"__numpy__":"AA==","__ndarray__":"AA==","dtype":"|u1","shape":[1]}"#,
                ErrorKind::Field,
            ),
            (r#"{"data":"AA==","b64":"AA==","dtype":"|u1","shape":[1]}"#, ErrorKind::Field),
            (r#"{"data":null,"dtype":"|u1","shape":[1]}"#, ErrorKind::Field),
            (r#"{"data":[1,2],"datatype":"UINT8","shape":[1,1,1,1,1,1,1,1,2]}"#, ErrorKind::Shape),
        ] {
            assert_eq!(read(text).map_err(|e| e.kind()).err(), Some(kind), "{text}");
        }
    }
}
