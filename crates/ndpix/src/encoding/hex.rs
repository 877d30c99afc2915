//! Hexadecimal text: bare, `0x...`, `\x...` (PostgreSQL) and `x'...'` (SQL).
//!
//! Either case, two digits for each byte; blanks between bytes, where all of them are apart.

use crate::error::{Error, Result};

/// The value of one hexadecimal digit.
pub(super) fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

/// What stands after a prefix that says hexadecimal, if there is one.
pub(super) fn strip_prefix(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'\\', b'\\', b'x' | b'X', rest @ ..]
        | [b'\\', b'x' | b'X', rest @ ..]
        | [b'0', b'x' | b'X', rest @ ..] => Some(rest),
        [b'x' | b'X', b'\'', rest @ .., b'\''] => Some(rest),
        _ => None,
    }
}

/// Whether the text is pairs of digits with blanks between them.
pub(super) fn is_apart(text: &[u8]) -> bool {
    let mut pairs = text.split(u8::is_ascii_whitespace).filter(|pair| !pair.is_empty());
    let is_pair = |pair: &[u8]| pair.len() == 2 && is_pairs(pair);
    text.get(2).is_some_and(u8::is_ascii_whitespace) && pairs.all(is_pair)
}

/// Whether the text is pairs of digits and nothing else.
pub(super) fn is_pairs(text: &[u8]) -> bool {
    text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit)
}

/// Replaces `out` with the bytes that `text` stands for.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let text = text.trim_ascii();
    let digits = strip_prefix(text).unwrap_or(text);
    if is_apart(digits) {
        let pairs = digits.split(u8::is_ascii_whitespace).filter(|pair| !pair.is_empty());
        out.extend(pairs.filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)));
        return Ok(());
    }
    if !digits.len().is_multiple_of(2) {
        return Err(Error::encoding(format!(
            "not valid hexadecimal: {} digits, an odd number",
            digits.len()
        )));
    }
    out.reserve(digits.len() / 2);
    let (pairs, _) = digits.as_chunks::<2>();
    for (i, &[high, low]) in pairs.iter().enumerate() {
        let (Some(h), Some(l)) = (digit(high), digit(low)) else {
            let bad = if digit(high).is_some() { low } else { high };
            return Err(Error::encoding(format!(
                "not valid hexadecimal: found {:?} near digit {}",
                char::from(bad),
                2 * i
            )));
        };
        out.push(h << 4 | l);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for text in [
            "004080ff",
            "00 40 80 ff",
            "\\\\x004080ff",
            "004080FF",
            "\\x004080ff",
            "0x004080ff",
            "x'004080ff'",
            "X'004080FF'",
        ] {
            let mut out = vec![1];
            decode(text.as_bytes(), &mut out).expect(text);
            assert_eq!(out, [0, 64, 128, 255], "{text}");
        }
    }

    #[test]
    fn refusals() {
        for text in ["0040f", "0g", "x'00", "00 4", "00 404", "\\x0x"] {
            assert!(decode(text.as_bytes(), &mut Vec::new()).is_err(), "{text}");
        }
    }
}
