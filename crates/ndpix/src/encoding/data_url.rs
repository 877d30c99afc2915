//! `data:` URLs: `data:[type][;parameter]*[;base64],payload`.
//!
//! The declared media type is ignored, because it often lies: the bytes say what they are. Where
//! a data URL is expected, plain base64 is taken too.

use super::base64;
use crate::error::{Error, Result, quote};

/// What follows `data:` (in any case), if the text is such a URL.
pub(crate) fn strip_scheme(text: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = text.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case(b"data:").then_some(rest)
}

/// Whether the text is a URL with an authority, such as `https://`: two letters or more before the
/// colon, so that no drive letter counts.
pub(super) fn is_remote(text: &[u8]) -> bool {
    let Some(at) = text.windows(3).take(32).position(|w| w == b"://") else {
        return false;
    };
    // Files of this machine are paths.
    at >= 2
        && !text[..at].eq_ignore_ascii_case(b"file")
        && text[0].is_ascii_alphabetic()
        && text[..at].iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'.' | b'-'))
}

/// Replaces `out` with the bytes of the URL; `spare` is overwritten.
pub(super) fn decode(text: &[u8], spare: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<()> {
    let text = text.trim_ascii();
    // A prefix that was put before a whole URL says nothing.
    let whole = |text: &[u8]| {
        memchr::memchr(b',', text).filter(|&at| strip_scheme(&text[at + 1..]).is_some())
    };
    let text = match strip_scheme(text).and(whole(text)) {
        Some(at) => &text[at + 1..],
        None => text,
    };
    let Some(rest) = strip_scheme(text) else {
        if is_remote(text) {
            return Err(Error::encoding(format!(
                "expected a data URL, found the address {}, which is not fetched",
                quote(text.split(|c| *c == b'?').next().unwrap_or(text))
            )));
        }
        return base64::decode(base64::strip_prefix(text), out);
    };
    let Some(comma) = memchr::memchr(b',', rest) else {
        return Err(Error::encoding(format!("data URL without a comma: {}", quote(text))));
    };
    let (head, payload) = (&rest[..comma], &rest[comma + 1..]);
    if !head.split(|&c| c == b';').any(|p| p.trim_ascii().eq_ignore_ascii_case(b"base64")) {
        return percent_decode(payload, out);
    }
    if memchr::memchr(b'%', payload).is_none() {
        return base64::decode(payload, out);
    }
    percent_decode(payload, spare)?;
    base64::decode(spare, out)
}

fn percent_decode(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        let byte = match rest.get(at + 1..at + 3) {
            Some(&[high, low]) => super::hex::digit(high).zip(super::hex::digit(low)),
            _ => None,
        };
        let Some((high, low)) = byte else {
            let offset = text.len() - rest.len() + at;
            return Err(Error::encoding(format!(
                "data URL with a '%' that no two hex digits follow, at offset {offset} of the payload"
            )));
        };
        out.push(high << 4 | low);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        decode(text.as_bytes(), &mut Vec::new(), &mut out).map(|()| out)
    }

    #[test]
    fn spellings() {
        for text in [
            "data:image/png;base64,AECA/w==",
            "DATA:image/png;BASE64,AECA/w==",
            "data:;base64,AECA/w==",
            "data:image;base64, AECA/w==",
            "data:image/png;charset=utf-8;base64,AECA%2Fw%3D%3d",
            "data:image/png,%00%40%80%FF",
            "AECA/w==",
            " base64,AECA/w==",
        ] {
            assert_eq!(read(text).ok().as_deref(), Some(&[0, 64, 128, 255][..]), "{text}");
        }
        assert_eq!(read("data:image/png;base64,").ok().as_deref(), Some(&[][..]));
        assert_eq!(read("data:image/svg+xml;utf8,<svg/>").ok().as_deref(), Some(&b"<svg/>"[..]));
    }

    #[test]
    fn refusals() {
        for (text, says) in [
            ("data:image/png;base64iVBO", "without a comma"),
            ("https://example.com/a.png", "not fetched"),
            ("data:,%4", "at offset 0"),
            ("data:,a%zz", "at offset 1"),
            ("data:;base64,AE*A", "found '*' at offset 2"),
        ] {
            assert!(read(text).expect_err(text).message().contains(says), "{text}");
        }
        assert!(is_remote(b"s3://b/k") && !is_remote(b"c://x") && !is_remote(b"a/b://c"));
    }
}
