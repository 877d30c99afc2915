//! Chains: a transport, any compressions and a content, such as `base64+zlib+npy`.

use super::{Chain, Content, Payload, RawSpec, Scratch, Transport, base64, bytes, hex, npy, raw};
use crate::error::{Error, ErrorKind, Result};
use crate::inflate::inflate;
use crate::limits::Limits;

/// Takes the steps of the chain one after the other.
pub(super) fn decode(
    chain: &Chain,
    value: &[u8],
    spec: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Payload> {
    let Scratch { bytes: out, text, spare, .. } = scratch;
    match chain.transport {
        Transport::Base64 => base64::decode_string(value, text, out)?,
        Transport::Hex => hex::decode(super::string(value, text)?, out)?,
        Transport::Latin1 => latin1(super::string(value, text)?, out)?,
        Transport::Bytes => bytes::decode(value, limits, spare, out)?,
    }
    for (i, &compression) in chain.compressions.iter().enumerate() {
        // Of bare pixels the size is known: a small payload that would grow far beyond is not grown.
        let last = i + 1 == chain.compressions.len() && chain.content == Content::Raw;
        let most = raw::expected(spec).filter(|_| last).map_or(u64::MAX, |n| n as u64);
        inflate(compression, out, limits.max_payload_bytes().min(most), spare).map_err(
            |e| match e.kind() == ErrorKind::Limit && most < limits.max_payload_bytes() {
                true => Error::shape(format!(
                    "the {} payload is longer than the {most} bytes that its shape takes",
                    compression.name()
                )),
                false => e,
            },
        )?;
        std::mem::swap(out, spare);
    }
    Ok(match chain.content {
        Content::Image => Payload::File,
        Content::Raw => Payload::Pixels(raw::finish(spec, limits, out, spare)?),
        Content::Npy => Payload::Pixels(npy::finish(spec, limits, out, spare)?),
    })
}

/// Replaces `out` with one byte for each character, or where there are lone surrogates, which Python's
/// `surrogateescape` writes, with what that read.
pub(super) fn latin1(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let escaped = |high: u8| memchr::memmem::find(text, &[0xED, high]).is_some();
    if escaped(0xB2) || escaped(0xB3) {
        return surrogates(text, out);
    }
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = match (first, after) {
            (0..0x80, _) => {
                out.push(first);
                after
            }
            (0xC2 | 0xC3, &[next, ref more @ ..]) => {
                out.push(first << 6 | next & 0x3F);
                more
            }
            (0xEF, [0xBF, 0xBD, ..]) => {
                return Err(Error::encoding(
                    "the bytes were destroyed by a text conversion (they contain U+FFFD)",
                ));
            }
            _ => {
                return Err(Error::encoding(format!(
                    "a character above U+00FF at byte {} stands for no byte",
                    text.len() - rest.len()
                )));
            }
        };
    }
    Ok(())
}

/// Replaces `out` with the bytes that Python's `surrogateescape` made text: lone surrogates are bytes, and
/// everything else stands for its own UTF-8.
fn surrogates(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(0xED, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = match rest[at..] {
            [_, high @ (0xB2 | 0xB3), low, ref more @ ..] => {
                out.push(high << 6 | low & 0x3F);
                more
            }
            _ => {
                out.push(0xED);
                &rest[at + 1..]
            }
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::shape::Shape;

    const NPY_ZLIB: &str = "\"eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgpGmjoKtQpkAy4Gh4b/AOeHHXY=\"";

    fn read(chain: &str, value: &str, spec: &RawSpec) -> Result<(Payload, Vec<u8>)> {
        let mut scratch = Scratch::default();
        let chain = chain.parse()?;
        let payload = decode(&chain, value.as_bytes(), spec, &Limits::default(), &mut scratch)?;
        Ok((payload, scratch.bytes))
    }

    #[test]
    fn compressed_pixels() {
        let none = RawSpec::default();
        let square = RawSpec { shape: Shape::new(&[2, 2]).ok(), ..none };
        let (payload, bytes) = read("base64+zlib+npy", NPY_ZLIB, &none).expect("npy");
        assert_eq!(bytes, [0, 64, 128, 255]);
        assert!(
            matches!(payload, Payload::Pixels(p) if p.dtype == DType::Uint8 && *p.shape == [2, 2])
        );
        let gzip = "\"H4sIAAEAAAAC/2NwaPgPABolX0cEAAAA\"";
        assert_eq!(
            read("base64+gzip+raw", gzip, &square).map(|r| r.1).ok(),
            Some(vec![0, 64, 128, 255])
        );
        assert!(read("base64+zlib+raw", gzip, &square).is_err());
        let image = read("hex+image", "\"\\\\x8950\"", &none).expect("hex");
        assert_eq!(image, (Payload::File, vec![0x89, 0x50]));
        assert_eq!(read("bytes+image", "[137,80]", &none).ok(), Some(image));
    }

    #[test]
    fn characters_as_bytes() {
        let none = RawSpec::default();
        let text = r#""\u0089PNG\u00ffÿ""#;
        let (_, bytes) = read("latin1+image", text, &none).expect("latin1");
        assert_eq!(bytes, [0x89, b'P', b'N', b'G', 0xFF, 0xFF]);
        // What was UTF-8 by chance became its character.
        let text = "\"\\udc89PNG\u{76e}\u{e9}\\udcff\"";
        let (_, bytes) = read("latin1+image", text, &none).expect("surrogateescape");
        assert_eq!(bytes, b"\x89PNG\xDD\xAE\xC3\xA9\xFF");
        for bad in ["\"\u{FFFD}PNG\"", "\"\u{100}\"", "\"\\ud800\""] {
            assert!(read("latin1+image", bad, &none).is_err(), "{bad}");
        }
    }
}
