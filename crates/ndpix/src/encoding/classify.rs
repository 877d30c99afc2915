//! Which encoding one value has on its own evidence: each step is a test that the bytes pass or
//! fail, and the first that passes decides (encodings.md 10.2 D).
//!
//! A signature counts before a length, and a length only against a shape that was given; nothing
//! is guessed from names or from likely sizes.

use super::{
    Chain, Content, Encoding, Layer, RawSpec, Scratch, Transport, any_bytes, base64, bytes, chain,
    data_url, depth, drawn, hex, layers, listed, npy, npz, raw, tensor, text,
};
use crate::format;
use crate::inflate::{Compression, inflate};
use crate::limits::Limits;
use crate::record::value::{self, Kind};

/// Layers that are looked into.
const LAYERS: u8 = 2;

/// The first encoding that the value fits.
pub(super) fn classify(
    value: &[u8],
    spec: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Option<Encoding> {
    within(value, spec, limits, scratch, 0)
}

/// The same inside of so many layers.
fn within(
    value: &[u8],
    spec: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
    deep: u8,
) -> Option<Encoding> {
    let plain = plain(value, spec, limits, scratch);
    let layered = || layered(value, spec, limits, deep);
    match plain {
        None | Some(Encoding::Path) if deep < LAYERS => layered().or(plain),
        plain => plain,
    }
}

/// The layer around a value, and how what is inside holds an image. Only what can be nothing else counts: an image
/// file, or numbers in lists.
fn layered(value: &[u8], spec: &RawSpec, limits: &Limits, deep: u8) -> Option<Encoding> {
    let layer = layers::around(value)?;
    let mut inside = Vec::new();
    layers::open(&layer, value, &mut inside).ok()?;
    let inner = within(&inside, spec, limits, &mut Scratch::default(), deep + 1)?;
    let counts = match (&inner, &layer) {
        (Encoding::List, Layer::Json | Layer::Repr | Layer::Unquoted) => true,
        (Encoding::Chain(chain), _) => chain.content != Content::Raw,
        (Encoding::Encoded | Encoding::DataUrl | Encoding::Npy | Encoding::Npz(_), _) => true,
        (Encoding::Layered(..), _) => true,
        (Encoding::Tensor | Encoding::Rle | Encoding::Bytes, Layer::Json) => true,
        _ => false,
    };
    // As it is written: base64 of a .npy file is a chain as well.
    let inner = match inner {
        Encoding::Npy => Encoding::Chain(Chain {
            transport: Transport::Base64,
            compressions: vec![],
            content: Content::Npy,
        }),
        other => other,
    };
    counts.then(|| Encoding::Layered(layer, Box::new(inner)))
}

/// The first encoding that the value fits without a layer.
fn plain(value: &[u8], spec: &RawSpec, limits: &Limits, scratch: &mut Scratch) -> Option<Encoding> {
    match value::kind(value) {
        Kind::Object if bytes::is_buffer(value) || bytes::is_indexed(value) => {
            bytes::decode(value, limits, &mut scratch.spare, &mut scratch.bytes).ok()?;
            own_content(spec, &scratch.bytes).map(|_| Encoding::Bytes)
        }
        Kind::Object if drawn::is_runs(value) => Some(Encoding::Rle),
        Kind::Object => tensor::is_sized(value).then_some(Encoding::Tensor),
        Kind::Array => list(value, spec, limits, scratch),
        Kind::String => string(value, spec, limits, scratch),
        _ => None,
    }
}

fn list(value: &[u8], spec: &RawSpec, limits: &Limits, scratch: &mut Scratch) -> Option<Encoding> {
    let Scratch { bytes: out, spare, .. } = scratch;
    if bytes::decode(value, limits, spare, out).is_ok() {
        if signature(out).is_some() {
            return Some(Encoding::Bytes);
        }
        if spec.depth.is_some() && depth::is_one(out) {
            return Some(Encoding::CompressedDepth);
        }
    }
    let found = listed::read(value, spec, limits, out, spare).ok()?;
    listed::finish(found, spec, limits, out, spare).ok().map(|_| Encoding::List)
}

fn string(
    value: &[u8],
    spec: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Option<Encoding> {
    let Scratch { bytes: out, text: unescaped, spare, .. } = scratch;
    let text = value::unescape(value, unescaped).trim_ascii();
    if data_url::strip_scheme(text).is_some() {
        data_url::decode(text, spare, out).ok()?;
        let once_more = || any_bytes(out).is_some_and(|bytes| signature(&bytes).is_some());
        return (signature(out).is_some() || !once_more()).then_some(Encoding::DataUrl);
    }
    if data_url::is_remote(text) {
        return Some(Encoding::Url);
    }
    let is_hex = |digits: &[u8]| hex::is_pairs(digits) || hex::is_apart(digits);
    if hex::strip_prefix(text).is_some_and(is_hex) {
        hex::decode(text, out).ok()?;
        return plain_or_chain(Transport::Hex, spec, limits, spare, out);
    }
    // No early exit inside a chunk, so that the compiler turns it into vector compares.
    let printed = |c: u8| (b' '..=b'~').contains(&c) | (c == b'\t') | (c == b'\r') | (c == b'\n');
    if !text.chunks(64).all(|chunk| chunk.iter().fold(true, |all, &c| all & printed(c))) {
        if chain::latin1(text, out).is_ok() && signature(out) == Some(Content::Image) {
            return plain_or_chain(Transport::Latin1, spec, limits, spare, out);
        }
        return is_image_path(text).then_some(Encoding::Path);
    }
    if text::looks_like(text) {
        return Some(Encoding::Text);
    }
    if !text.is_empty() && base64::decode(base64::strip_prefix(text), out).is_ok() {
        let found = plain_or_chain(Transport::Base64, spec, limits, spare, out);
        if found.is_some() {
            return found;
        }
    }
    if text.len() >= 16 && is_hex(text) && hex::decode(text, out).is_ok() {
        let found = plain_or_chain(Transport::Hex, spec, limits, spare, out);
        if found.is_some() {
            return found;
        }
    }
    is_image_path(text).then_some(Encoding::Path)
}

/// The encoding of bytes that came by this transport, compressed or not.
fn plain_or_chain(
    transport: Transport,
    spec: &RawSpec,
    limits: &Limits,
    spare: &mut Vec<u8>,
    bytes: &mut Vec<u8>,
) -> Option<Encoding> {
    if transport == Transport::Base64
        && let Some(member) = npz::found(bytes)
    {
        return Some(Encoding::Npz(member));
    }
    if transport == Transport::Base64 && spec.depth.is_some() && depth::is_one(bytes) {
        return Some(Encoding::CompressedDepth);
    }
    if let Some(content) = own_content(spec, bytes) {
        return Some(match (transport, content) {
            (Transport::Base64, Content::Raw) => Encoding::Raw,
            (Transport::Base64, Content::Image) => Encoding::Encoded,
            (Transport::Base64, Content::Npy) => Encoding::Npy,
            (Transport::Hex, _) => Encoding::Hex,
            (Transport::Latin1 | Transport::Bytes, _) => {
                Encoding::Chain(Chain { transport, compressions: vec![], content })
            }
        });
    }
    let mut compressions = Vec::new();
    while compressions.len() < 2 {
        let compression = Compression::sniff(bytes)?;
        inflate(compression, bytes, limits.max_payload_bytes(), spare).ok()?;
        std::mem::swap(bytes, spare);
        compressions.push(compression);
        if let Some(content) = own_content(spec, bytes) {
            return Some(Encoding::Chain(Chain { transport, compressions, content }));
        }
    }
    None
}

/// What bytes are by their signature, else by their number.
fn own_content(spec: &RawSpec, bytes: &[u8]) -> Option<Content> {
    if let Some(content) = signature(bytes) {
        return Some(content);
    }
    if raw::fits(spec, bytes) {
        return Some(Content::Raw);
    }
    format::is_file(bytes).then_some(Content::Image)
}

fn signature(bytes: &[u8]) -> Option<Content> {
    if bytes.starts_with(npy::MAGIC) {
        return Some(Content::Npy);
    }
    format::sniff(bytes).map(|_| Content::Image)
}

pub(crate) fn is_image_path(text: &[u8]) -> bool {
    let Ok(path) = std::str::from_utf8(text) else {
        return false;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        let known = format::has_extension(extension) || extension.eq_ignore_ascii_case("npy");
        !stem.is_empty() && !path.contains(char::is_control) && known
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgcGBo+A8AAwUBwFNbFZ8AAAAASUVORK5CYII=";

    fn found(value: &str, axes: Option<&[usize]>) -> String {
        let spec =
            RawSpec { shape: axes.and_then(|axes| Shape::new(axes).ok()), ..RawSpec::default() };
        let found = classify(value.as_bytes(), &spec, &Limits::default(), &mut Scratch::default());
        let word = found.as_ref().map_or("none".to_string(), Encoding::to_string);
        assert_eq!(word.parse().ok(), found, "it is written as it reads");
        word
    }

    #[test]
    fn signatures_decide() {
        let npy = "k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/";
        let zlib = "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgpGmjoKtQpkAy4Gh4b/AOeHHXY=";
        let npz = "UEsDBBQAAAAAAAAAIQBVgTsahAAAAIQAAAAJAAAAYXJyXzAubnB5k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/UEsBAhQDFAAAAAAAAAAhAFWBOxqEAAAAhAAAAAkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLBQYAAAAAAQABADcAAACrAAAAAAA=";
        let again = |text: &str| base64_simd::STANDARD.encode_to_string(text);
        for (text, name) in [
            (PNG, "encoded"),
            (&format!("data:image/png;base64,{PNG}"), "data-url"),
            (npy, "npy"),
            (zlib, "base64+zlib+npy"),
            (npz, "npz:arr_0"),
            ("\\\\x89504e470d0a1a0a", "hex"),
            ("89504e470d0a1a0a", "hex"),
            ("\\u0089PNG\\r\\n\\u001a\\n...", "latin1+image"),
            ("/9j/AAAA", "encoded"),
            (&again(PNG), "base64+encoded"),
            (&format!("data:image/png;base64,{}", again(PNG)), "base64+encoded"),
            (&again(npy), "base64+base64+npy"),
            (&again(npz), "base64+npz:arr_0"),
            ("\\\\x89 50 4e 47 0d 0a 1a 0a", "hex"),
            ("https://example.com/a.png", "url"),
            ("s3://bucket/a", "url"),
            ("file:///images/a.png", "path"),
            (r"images\\a.npy", "path"),
            ("images/a.PNG", "path"),
            ("ä/ö.jpeg", "path"),
            ("0 64 128 255", "text"),
            ("a cat", "none"),
            ("cats", "none"),
            ("", "none"),
            (".png", "none"),
            ("2024-01-01", "none"),
        ] {
            assert_eq!(found(&format!("\"{text}\""), None), name, "{text}");
        }
    }

    #[test]
    fn lengths_count_only_with_a_shape() {
        let square: Option<&[usize]> = Some(&[2, 2]);
        for (value, without, with) in [
            ("\"AECA/w==\"", "none", "raw"),
            ("\"H4sIAAEAAAAC/2NwaPgPABolX0cEAAAA\"", "none", "base64+gzip+raw"),
            ("\"0x004080ff\"", "none", "hex"),
            ("[0,64,128,255]", "list", "list"),
            ("[[0,64],[128,255]]", "list", "list"),
            ("[[0,64,1],[128,255,1]]", "list", "none"),
            (r#"{"type":"Buffer","data":[0,64,128,255]}"#, "none", "bytes"),
            (r#"{"type":"Buffer","data":[137,80,78,71,13,10,26,10]}"#, "bytes", "bytes"),
            ("[137,80,78,71,13,10,26,10]", "bytes", "bytes"),
            ("[-119,80,78,71,13,10,26,10]", "bytes", "bytes"),
            (r#"{"__numpy__":"AECA/w==","dtype":"|u1","shape":[2,2]}"#, "tensor", "tensor"),
            ("null", "none", "none"),
            ("[\"a\"]", "none", "none"),
            ("7", "none", "none"),
        ] {
            assert_eq!(found(value, None), without, "{value}");
            assert_eq!(found(value, square), with, "{value}");
        }
        let black = "\"AAAAAAAAAAAAAAAA\"";
        assert_eq!(found(black, Some(&[3, 4])), "raw");
        assert_eq!(found("\"d3d3d3d3d3d3d3d3\"", Some(&[2, 4])), "hex");
        assert_eq!(found("\"d3d3d3d3d3d3d3d3\"", Some(&[3, 4])), "raw");
        assert_eq!(found("\"d3d3d3d3d3d3d3d3\"", None), "none");
    }
}
