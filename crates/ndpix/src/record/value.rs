//! Walks one JSON value whose text was validated before (RFC 8259 and UTF-8).
//!
//! Nothing here builds a tree: members and elements are slices of the text. On text that is not
//! JSON after all the walk ends early; it never panics and never reads past the slice.

use memchr::{memchr, memchr2};

use crate::sieve::{Leave, sieve};

/// The type of a JSON value, told from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The word for messages, with its article where it has one.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// The type of the value that `text` is. Nothing at all counts as `null`.
pub(crate) fn kind(text: &[u8]) -> Kind {
    match text.trim_ascii_start().first() {
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        Some(b't' | b'f') => Kind::Bool,
        // NaN and Infinity stand only where they are allowed.
        Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Kind::Number,
        _ => Kind::Null,
    }
}

/// The members of an object: the key as it stands between its quotes, and the text of the value.
pub(crate) fn entries(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = object.trim_ascii().strip_prefix(b"{").unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let (key, after) = split(rest, string_end(rest)?);
        let key = key.get(1..key.len().checked_sub(1)?)?;
        let after = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, after) = split(after, value_end(after)?);
        let after = after.trim_ascii_start();
        rest = after.strip_prefix(b",").unwrap_or_default();
        Some((key, value))
    })
}

/// The elements of an array, each as the text of its value.
pub(crate) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = array.trim_ascii().strip_prefix(b"[").unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let (value, after) = split(rest, value_end(rest)?);
        let after = after.trim_ascii_start();
        rest = after.strip_prefix(b",").unwrap_or_default();
        Some(value)
    })
}

/// Whether an array has no elements.
pub(crate) fn is_empty(array: &[u8]) -> bool {
    let inside = array.trim_ascii().strip_prefix(b"[").unwrap_or_default();
    inside.trim_ascii_start().starts_with(b"]")
}

/// The characters of a string, escapes resolved. Borrows from the text where it has no backslash.
/// A lone surrogate becomes its three bytes (WTF-8), so the result need not be UTF-8.
pub(crate) fn unescape<'a>(quoted: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let text = quoted.trim_ascii();
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    unescape_inner(text, scratch)
}

/// As [`unescape`], of what stands between the quotes (a key of [`entries`]).
pub(crate) fn unescape_inner<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let Some(first) = memchr(b'\\', text) else {
        return text;
    };
    // No escape is shorter than what it stands for, so there is room for whole words. The scratch
    // keeps its length from call to call, because filling it with zeros costs as much as the copy.
    if scratch.len() < text.len() {
        scratch.resize(text.len(), 0);
    }
    scratch[..first].copy_from_slice(&text[..first]);
    let (read, written) = sieve(Leave::SlashEscapes, &text[first..], &mut scratch[first..]);
    let (mut at, mut to) = (first + read, first + written);
    while at < text.len() {
        if let Some(word) = text[at..].first_chunk::<8>() {
            let plain = equal_bytes(u64::from_le_bytes(*word), b'\\').trailing_zeros() as usize / 8;
            scratch[to..to + 8].copy_from_slice(word);
            (at, to) = (at + plain, to + plain);
            if plain == 8 {
                continue;
            }
        } else if text[at] != b'\\' {
            scratch[to] = text[at];
            (at, to) = (at + 1, to + 1);
            continue;
        }
        at += match text.get(at + 1) {
            Some(b'u') => match code_point(&text[at..]) {
                Some((code, used)) => {
                    to += put_wtf8(code, &mut scratch[to..]);
                    used
                }
                None => 2,
            },
            Some(&c) => {
                scratch[to] = match c {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => other,
                };
                to += 1;
                2
            }
            None => 1,
        };
    }
    &scratch[..to]
}

/// Marks bytes of `word` that are `byte` by their high bits: the lowest mark is right, those above it
/// may be false.
#[inline(always)]
pub(crate) fn equal_bytes(word: u64, byte: u8) -> u64 {
    smaller_bytes(word ^ u64::from_le_bytes([byte; 8]), 1)
}

/// As [`equal_bytes`], for bytes smaller than `limit`, which is at most 128.
#[inline(always)]
pub(crate) fn smaller_bytes(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(u64::from_le_bytes([limit; 8])) & !word & 0x8080_8080_8080_8080
}

/// The value of a member; of several with the same key the last, as Python reads it.
pub(crate) fn get<'a>(object: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let [found] = members(object, [key]);
    found
}

/// The values of several members, as [`get`], in one pass over the object.
pub(crate) fn members<'a, const N: usize>(
    object: &'a [u8],
    keys: [&str; N],
) -> [Option<&'a [u8]>; N] {
    let mut scratch = Vec::new();
    let mut found = [None; N];
    for (raw, value) in entries(object) {
        let name = unescape_inner(raw, &mut scratch);
        if let Some(at) = keys.iter().position(|key| key.as_bytes() == name) {
            found[at] = Some(value);
        }
    }
    found
}

/// An integer: a JSON number without fraction or exponent, or the same in a string (`"2"`), as
/// databases and protobuf write 64-bit integers.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let digits = match text.strip_prefix(b"\"") {
        Some(inner) => inner.strip_suffix(b"\"")?.trim_ascii(),
        None => text,
    };
    if digits.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether the token is a number as JSON writes them (RFC 8259, section 6).
pub(crate) fn is_number(token: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let n = text.iter().take_while(|c| c.is_ascii_digit()).count();
        (n, &text[n..])
    }
    let text = token.strip_prefix(b"-").unwrap_or(token);
    let (n, mut rest) = digits(text);
    if n == 0 || (n > 1 && text[0] == b'0') {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (n, after) = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            unsigned => unsigned,
        };
        let (n, after) = digits(exponent);
        return n > 0 && after.is_empty();
    }
    rest.is_empty()
}

fn split(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    text.split_at(at.min(text.len()))
}

/// Offset after the closing quote of the string that `text` begins with.
fn string_end(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Offset after the value that `text` begins with; `None` where no value begins.
fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_end(text),
        b'{' | b'[' => {
            let mut depth = 0usize;
            let mut at = 0;
            while let Some(&c) = text.get(at) {
                at += match c {
                    b'"' => string_end(&text[at..])?,
                    b'{' | b'[' => {
                        depth += 1;
                        1
                    }
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                        1
                    }
                    _ => 1,
                };
            }
            None
        }
        b',' | b']' | b'}' | b':' => None,
        _ => text
            .iter()
            .position(|c| matches!(c, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
            .or(Some(text.len())),
    }
}

/// The code point of the `\uXXXX` that `text` begins with (two of them for a pair), and how many
/// bytes it takes.
fn code_point(text: &[u8]) -> Option<(u32, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |n, &c| Some(n << 4 | char::from(c).to_digit(16)?))
    };
    let high = unit(0)?;
    if (0xD800..0xDC00).contains(&high)
        && let Some(low) = unit(6).filter(|low| (0xDC00..0xE000).contains(low))
    {
        return Some((0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12));
    }
    Some((high, 6))
}

/// Writes a code point as UTF-8, or a lone surrogate the same way; how many bytes it took.
fn put_wtf8(code: u32, out: &mut [u8]) -> usize {
    let mut buffer = [0; 4];
    let bytes = match char::from_u32(code) {
        Some(c) => c.encode_utf8(&mut buffer).as_bytes(),
        None => {
            buffer[0] = 0xE0 | (code >> 12) as u8 & 0x0F;
            buffer[1] = 0x80 | (code >> 6) as u8 & 0x3F;
            buffer[2] = 0x80 | code as u8 & 0x3F;
            &buffer[..3]
        }
    };
    out[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(quoted: &str) -> Vec<u8> {
        unescape(quoted.as_bytes(), &mut Vec::new()).to_vec()
    }

    #[test]
    fn walks_members_and_elements() {
        let object = br#" { "a" : [1, {"b":"]}"}] , "c\"":null,"a":"x,y" } "#;
        let all: Vec<_> = entries(object).collect();
        assert_eq!(all[0], (&b"a"[..], &br#"[1, {"b":"]}"}]"#[..]));
        assert_eq!(all[1], (&br#"c\""#[..], &b"null"[..]));
        assert_eq!(all.len(), 3);
        assert_eq!(get(object, "a"), Some(&br#""x,y""#[..]));
        assert_eq!(get(object, "c\""), Some(&b"null"[..]));
        assert_eq!(get(object, "b"), None);
        let list: Vec<_> = elements(b"[ 1 ,[2, 3],\"a\\\"b\" ]").collect();
        assert_eq!(list, [&b"1"[..], b"[2, 3]", b"\"a\\\"b\""]);
        assert_eq!(elements(b"[]").count() + entries(b"{ }").count(), 0);
    }

    #[test]
    fn resolves_escapes() {
        assert_eq!(text(r#""plain""#), b"plain");
        assert_eq!(text(r#""AECA\/w\u003d\u003D""#), b"AECA/w==");
        let many = r"abcdefgh\/ij\/klmnopqrstuvwxyz\/\/\n0123456789\u00e9".repeat(3);
        let plain = "abcdefgh/ij/klmnopqrstuvwxyz//\n0123456789\u{e9}".repeat(3);
        for cut in 0..9 {
            let (escaped, plain) =
                (format!("\"{}{many}\"", &"x".repeat(cut)), format!("{}{plain}", "x".repeat(cut)));
            assert_eq!(text(&escaped), plain.as_bytes());
        }
        assert_eq!(text(r#""\u0089\n\ud83d\ude00""#), "\u{89}\n\u{1F600}".as_bytes());
        assert_eq!(text(r#""\udc89x""#), b"\xED\xB2\x89x");
        assert_eq!(text(r#""\ud800\u0041""#), b"\xED\xA0\x80A");
    }

    #[test]
    fn integers_also_in_strings() {
        assert_eq!(integer(b"-3"), Some(-3));
        assert_eq!(integer(br#""2""#), Some(2));
        for bad in ["2.0", "1e1", "\"+2\"", "\"\"", "true", "99999999999999999999"] {
            assert_eq!(integer(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn broken_text_ends_the_walk() {
        for bad in ["{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "{\"a\\", "{}}", "{:1}", "x", ""]
        {
            assert_eq!(entries(bad.as_bytes()).count(), 0, "{bad}");
        }
        for bad in ["[", "[,1]", "[[1", "[\"", "", "]"] {
            assert_eq!(elements(bad.as_bytes()).count(), 0, "{bad}");
        }
        assert_eq!(text("\"\\"), b"");
        assert_eq!(text("\"\\u12"), b"12");
    }
}
