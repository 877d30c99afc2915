//! Numbers in one string: `"0 64 128 255"`, as spreadsheets and CSV files leave them.
//!
//! Separators are white space, commas and semicolons; one pair of brackets may stand around the
//! whole. The tokens are put into a JSON list, which [`numbers`](super::numbers) reads.

use crate::error::{Error, Result, quote};
use crate::record::value;

/// Longer tokens are not numbers but, for example, lines of wrapped base64.
const MAX_TOKEN: usize = 24;

/// Whether the string can only be a list of numbers: two of them or more and nothing else.
pub(super) fn looks_like(text: &[u8]) -> bool {
    let text = inner(text);
    // A long text without a separator at its beginning, such as base64, is not gone through.
    if text.len() > MAX_TOKEN && !text[..=MAX_TOKEN].iter().any(separates) {
        return false;
    }
    let mut count = 0;
    let good = tokens(text).all(|token| {
        count += 1;
        token.len() <= MAX_TOKEN && value::is_number(token)
    });
    good && count >= 2
}

/// Replaces `list` with the JSON list of the numbers in `text`.
pub(super) fn to_list(text: &[u8], list: &mut Vec<u8>) -> Result<()> {
    list.clear();
    list.push(b'[');
    for token in tokens(inner(text)) {
        if !value::is_number(token) {
            let hint = if memchr::memmem::find(text, b"...").is_some() {
                "; the text was abbreviated and the numbers are gone"
            } else {
                ""
            };
            return Err(Error::encoding(format!(
                "expected numbers with separators, found {}{hint}",
                quote(token)
            )));
        }
        if list.len() > 1 {
            list.push(b',');
        }
        list.extend_from_slice(token);
    }
    list.push(b']');
    if list.len() == 2 {
        return Err(Error::encoding("expected numbers with separators, found none"));
    }
    Ok(())
}

fn inner(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    match text {
        [b'[', inner @ .., b']'] | [b'(', inner @ .., b')'] => inner.trim_ascii(),
        _ => text,
    }
}

fn separates(c: &u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r' | b',' | b';')
}

/// What stands between separators. A comma takes the white space around it with it; two commas
/// have an empty token between them.
fn tokens(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!text.is_empty()).then_some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.iter().position(separates).unwrap_or(text.len());
        let (token, after) = text.split_at(end);
        let after = after.trim_ascii_start();
        rest = match after {
            [b',' | b';', more @ ..] => Some(more.trim_ascii_start()),
            [] => None,
            more => Some(more),
        };
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<String> {
        let mut out = Vec::new();
        to_list(text.as_bytes(), &mut out).ok()?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn separators() {
        for text in ["0 64 128 255", "0, 64,128 ,255", "[0;64;128;255]", " 0\t64\n128\r\n255 "] {
            assert_eq!(list(text).as_deref(), Some("[0,64,128,255]"), "{text}");
            assert!(looks_like(text.as_bytes()), "{text}");
        }
        assert_eq!(list("-1.5e+3").as_deref(), Some("[-1.5e+3]"));
    }

    #[test]
    fn other_texts() {
        for text in [
            "",
            "[]",
            "1,,2",
            ",1",
            "1,",
            "1 a",
            "[[0 64]\n [128 255]]",
            "007 1",
            "1. 2",
            "1 ... 2",
            "[1",
            "-",
            "1e",
        ] {
            assert_eq!(list(text), None, "{text}");
            assert!(!looks_like(text.as_bytes()), "{text}");
        }
        assert!(!looks_like(b"7"));
        assert!(!looks_like(b"1234567890123456789012345 1"));
    }
}
