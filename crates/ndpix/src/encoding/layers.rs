//! Layers: text that was written once too often. Each is taken off by itself and gives the JSON value inside, which
//! is then read as any other.
//!
//! Nothing is executed: what Python wrote is read by a small parser of bytes and of nested numbers.

use std::borrow::Cow;
use std::fmt;

use super::data_url;
use crate::error::{Error, Result, quote};
use crate::limits::make_room;
use crate::record::pointer::Pointer;
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// Text around a value.
///
/// ```
/// use ndpix::{Encoding, Layer, Options};
/// let layered: Encoding = "json+list".parse()?;
/// assert_eq!(layered, Encoding::Layered(Layer::Json, Box::new(Encoding::List)));
/// let image = ndpix::decode(br#""[[1, 2]]""#, &Options::default().with("encoding", "json+list")?)?;
/// assert_eq!(image.shape, [1, 2]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// JSON text in a string.
    Json,
    /// The value at a path of JSON text in a string: `json:a.b`.
    Inside(Pointer),
    /// Base64 of text.
    Base64,
    /// What Python's `str` writes of bytes, lists and arrays.
    Repr,
    /// A list of strings that are one text.
    Joined,
    /// The one data URL in running text.
    Markdown,
    /// Numbers in quotes.
    Unquoted,
    /// Text whose `+` became blanks.
    Repaired,
}

impl Layer {
    pub(super) const NAMES: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("base64", Self::Base64),
        ("repr", Self::Repr),
        ("joined", Self::Joined),
        ("markdown", Self::Markdown),
        ("unquoted", Self::Unquoted),
        ("repaired", Self::Repaired),
    ];

    /// The layer of a word.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word.strip_prefix("json:") {
            Some(path) => path.parse().ok().map(Self::Inside),
            None => {
                Self::NAMES.iter().find(|(name, _)| *name == word).map(|(_, layer)| layer.clone())
            }
        }
    }

    /// Whether it is around a JSON array.
    pub(super) fn takes_arrays(&self) -> bool {
        matches!(self, Self::Joined | Self::Unquoted)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside(path) => write!(f, "json:{path}"),
            plain => {
                let named = Self::NAMES.iter().find(|(_, layer)| layer == plain);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

/// Lists nested deeper are none of numbers.
const DEPTH: usize = 16;

/// Replaces `out` with the JSON text of the value inside a layer.
///
/// # Errors
/// Kind `field` for a value of another type, `encoding` for text that is not of this layer, `limit`.
pub(super) fn open(layer: &Layer, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    make_room(out, value.len().saturating_mul(2))?;
    let mut scratch = Vec::new();
    match layer {
        Layer::Joined => return joined(value, out),
        Layer::Unquoted => return unquoted(value, out),
        _ => {}
    }
    let text = super::string(value, &mut scratch)?.trim_ascii();
    match layer {
        Layer::Json => {
            scan(text, &Query::default(), &mut Hits::default()).map_err(|e| {
                Error::encoding(format!("the string holds no JSON text: {}", e.message()))
            })?;
            out.extend_from_slice(text);
        }
        Layer::Inside(path) => {
            let (mut query, mut hits) = (Query::default(), Hits::default());
            query.add(path.clone())?;
            scan(text, &query, &mut hits).map_err(|e| {
                Error::encoding(format!("the string holds no JSON text: {}", e.message()))
            })?;
            let [hit] = hits[..] else {
                return Err(Error::field(format!(
                    "the JSON text in the string has {} values at {path:#}, and one is wanted",
                    hits.len()
                )));
            };
            out.extend_from_slice(&text[hit.start..hit.end]);
        }
        Layer::Base64 => {
            let mut bytes = Vec::new();
            data_url::decode(text, &mut Vec::new(), &mut bytes)?;
            string(&bytes, out)?;
        }
        Layer::Repr => repr(text, out)?,
        Layer::Markdown => string(url_in(text)?, out)?,
        Layer::Repaired => {
            let text: Vec<u8> = text.iter().map(|&c| if c == b' ' { b'+' } else { c }).collect();
            string(&text, out)?;
        }
        Layer::Joined | Layer::Unquoted => {}
    }
    Ok(())
}

/// The layer that a value may have around it; whether it has shows when it is opened.
pub(super) fn around(value: &[u8]) -> Option<Layer> {
    let mut scratch = Vec::new();
    match value::kind(value) {
        Kind::Array if is_joined(value) => Some(Layer::Joined),
        Kind::Array => quoted_numbers(value).then_some(Layer::Unquoted),
        Kind::String => {
            let text = value::unescape(value, &mut scratch).trim_ascii();
            let is_json = || scan(text, &Query::default(), &mut Hits::default()).is_ok();
            Some(match text {
                [b'[' | b'{', ..] if is_json() => Layer::Json,
                [b'[' | b'b', ..] => Layer::Repr,
                _ if memchr::memmem::find(text, MARK).is_some_and(|at| at > 0) => Layer::Markdown,
                _ => Layer::Base64,
            })
        }
        _ => None,
    }
}

/// A JSON string of this text, or where it is not printable ASCII of a character for each byte.
fn string(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    make_room(out, text.len().saturating_mul(2) + 2)?;
    out.push(b'"');
    for &c in text {
        match c {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', c]),
            b' '..=b'~' => out.push(c),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                make_room(out, 6)?;
                out.extend_from_slice(b"\\u00");
                out.extend([c >> 4, c & 15].map(|digit| DIGITS[usize::from(digit)]));
            }
        }
    }
    out.push(b'"');
    Ok(())
}

/// Whether a list holds the lines of one text: strings of digits of base64, each of which but the last ends its line.
fn is_joined(list: &[u8]) -> bool {
    let mut lines = value::elements(list).peekable();
    let (mut any, mut good) = (false, true);
    while let Some(line) = lines.next() {
        let ends = line.ends_with(b"\\n\"");
        good &= line.starts_with(b"\"") && (ends || lines.peek().is_none());
        any |= ends && lines.peek().is_some();
        if !good {
            return false;
        }
    }
    any
}

/// The strings of a list, one after the other.
fn joined(list: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if value::kind(list) != Kind::Array {
        let name = value::kind(list).name();
        return Err(Error::field(format!(
            "expected a list of strings that are one text, found {name}"
        )));
    }
    out.push(b'"');
    for line in value::elements(list) {
        let inner = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\""));
        let inner = inner.ok_or_else(|| {
            Error::field(format!(
                "expected strings that are one text, found {} among them",
                value::kind(line).name()
            ))
        })?;
        out.extend_from_slice(inner);
    }
    out.push(b'"');
    Ok(())
}

/// Whether a list of strings is one value: the lines of a text, or numbers.
pub(crate) fn is_one(list: &[u8]) -> bool {
    is_joined(list) || quoted_numbers(list)
}

/// Whether a list holds numbers in quotes, by the first of them.
fn quoted_numbers(list: &[u8]) -> bool {
    let mut first = list;
    for _ in 0..DEPTH {
        if value::kind(first) != Kind::Array {
            return is_quoted(first);
        }
        let Some(inner) = value::elements(first).next() else { return false };
        first = inner;
    }
    false
}

fn is_quoted(text: &[u8]) -> bool {
    let inner = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    inner.is_some_and(value::is_number)
}

/// Takes the quotes from the numbers of a list.
fn unquoted(list: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if value::kind(list) != Kind::Array {
        let name = value::kind(list).name();
        return Err(Error::field(format!("expected a list of numbers in quotes, found {name}")));
    }
    // Between quotes of a number is none of the characters that would be missed.
    let mut rest = list;
    while let Some(at) = memchr::memchr(b'"', rest) {
        let (before, text) = rest.split_at(at);
        let end = memchr::memchr(b'"', &text[1..]).map_or(text.len(), |end| end + 2);
        if !is_quoted(&text[..end]) {
            return Err(Error::encoding(format!(
                "{} is not a number in quotes",
                quote(&text[..end])
            )));
        }
        out.extend_from_slice(before);
        out.extend_from_slice(&text[1..end - 1]);
        rest = &text[end..];
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// How a data URL of an image begins.
const MARK: &[u8] = b"data:image/";

/// The one data URL in a text.
fn url_in(text: &[u8]) -> Result<&[u8]> {
    let lower = text.to_ascii_lowercase();
    let mut places = memchr::memmem::find_iter(&lower, MARK);
    let (Some(at), None) = (places.next(), places.next()) else {
        let count = memchr::memmem::find_iter(&lower, MARK).count();
        return Err(Error::encoding(format!(
            "expected a text with one data URL of an image, found {count}"
        )));
    };
    let rest = &text[at..];
    let ends = |c: &u8| c.is_ascii_whitespace() || b"\"'()<>`]".contains(c);
    let url = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    match data_url::strip_scheme(url) {
        Some(_) => Ok(url),
        None => Err(Error::encoding("expected a data URL")),
    }
}

/// What Python wrote: bytes, or nested numbers.
fn repr(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    match text {
        [b'b' | b'B', quotes @ (b'\'' | b'"'), inner @ .., last] if last == quotes => {
            string(&python_bytes(inner)?, out)
        }
        [b'[' | b'(', ..] => numbers(text, out),
        _ => Err(Error::encoding(format!(
            "expected what Python writes of bytes or of an array, found {}",
            quote(text)
        ))),
    }
}

/// The bytes that stand between the quotes of `b'...'`.
fn python_bytes(inner: &[u8]) -> Result<Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', inner).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    let mut bytes = Vec::new();
    make_room(&mut bytes, inner.len())?;
    let mut rest = inner;
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = super::hex::digit(*high).zip(super::hex::digit(*low));
                let (high, low) = digits.ok_or_else(|| escape(rest))?;
                (high << 4 | low, after)
            }
            (b'\\', [c, after @ ..]) => match c {
                b'n' => (b'\n', after),
                b'r' => (b'\r', after),
                b't' => (b'\t', after),
                b'\\' | b'\'' | b'"' => (*c, after),
                _ => return Err(escape(rest)),
            },
            (b'\\', []) => return Err(escape(rest)),
            (c, after) => (c, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Ok(Cow::Owned(bytes))
}

fn escape(rest: &[u8]) -> Error {
    Error::encoding(format!("{} is no byte as Python writes it", quote(&rest[..rest.len().min(4)])))
}

/// Nested numbers with commas or blanks between them, as a JSON list.
fn numbers(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if memchr::memmem::find(text, b"...").is_some() {
        return Err(Error::encoding("the text was abbreviated and the numbers are gone"));
    }
    let mut open: Vec<u8> = Vec::new();
    let (mut between, mut comma) = (false, false);
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match first {
            b'[' | b'(' => {
                if between {
                    out.push(b',');
                }
                if open.len() == DEPTH {
                    return Err(Error::encoding("lists nested too deeply for numbers"));
                }
                open.push(if first == b'[' { b']' } else { b')' });
                out.push(b'[');
                (between, comma, rest) = (false, false, after);
            }
            b']' | b')' => {
                if open.pop() != Some(first) {
                    return Err(Error::encoding("brackets that do not match"));
                }
                out.push(b']');
                (between, comma, rest) = (true, false, after);
            }
            b',' if between && !comma => (comma, rest) = (true, after),
            b',' => return Err(Error::encoding("a comma without a number before it")),
            c if c.is_ascii_whitespace() => rest = after,
            _ => {
                let ends = |c: &u8| c.is_ascii_whitespace() || b"[](),".contains(c);
                let (token, after) =
                    rest.split_at(rest.iter().position(ends).unwrap_or(rest.len()));
                if between {
                    out.push(b',');
                }
                number(token, out)?;
                (between, comma, rest) = (true, false, after);
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(Error::encoding("brackets that do not match")) }
}

/// A number of Python, as JSON has it: `1.` is `1.0`.
fn number(token: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let bare = token.strip_suffix(b".").filter(|bare| value::is_number(bare));
    match (token, bare) {
        (b"nan", _) => out.extend_from_slice(b"NaN"),
        (b"inf", _) => out.extend_from_slice(b"Infinity"),
        (b"-inf", _) => out.extend_from_slice(b"-Infinity"),
        (b"True", _) => out.extend_from_slice(b"true"),
        (b"False", _) => out.extend_from_slice(b"false"),
        (_, Some(bare)) => {
            out.extend_from_slice(bare);
            out.extend_from_slice(b".0");
        }
        _ if value::is_number(token) => out.extend_from_slice(token),
        _ => return Err(Error::encoding(format!("expected a number, found {}", quote(token)))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(layer: &Layer, value: &str) -> std::result::Result<String, String> {
        let mut out = Vec::new();
        open(layer, value.as_bytes(), &mut out).map_err(|e| e.message().to_string())?;
        Ok(String::from_utf8(out).expect("JSON text"))
    }

    #[test]
    fn what_is_inside() {
        for (layer, value, inside) in [
            (Layer::Json, r#""[[0, 64],\n [128, 255]]""#, "[[0, 64],\n [128, 255]]"),
            (Layer::Json, r#""\"AECA\"""#, r#""AECA""#),
            (
                Layer::Inside("a.b".parse().expect("a path")),
                r#""{\"a\":{\"b\":\"x\\u0041\"}}""#,
                r#""x\u0041""#,
            ),
            (Layer::Base64, r#""QUJD""#, r#""ABC""#),
            (Layer::Repr, r#""b'AECA/w=='""#, r#""AECA/w==""#),
            (Layer::Repr, r#""b'\\x89PNG\\r\\n\\\\'""#, r#""\u0089PNG\u000d\u000a\\""#),
            (Layer::Repr, r#""[[1 2]\n [3 4]]""#, "[[1,2],[3,4]]"),
            (Layer::Repr, r#""[[ 1.  2.5]\n [nan -inf]]""#, "[[1.0,2.5],[NaN,-Infinity]]"),
            (Layer::Repr, r#""[(1, 2), (3, 4)]""#, "[[1,2],[3,4]]"),
            (Layer::Joined, r#"["AE", "CA", "\/w=="]"#, r#""AECA\/w==""#),
            (Layer::Unquoted, r#"[["0", "64"],["128","-1.5e3"]]"#, "[[0, 64],[128,-1.5e3]]"),
            (Layer::Repaired, r#""AE CA""#, r#""AE+CA""#),
            (
                Layer::Markdown,
                r#""see ![x](data:image/png;base64,AECA) there""#,
                r#""data:image/png;base64,AECA""#,
            ),
        ] {
            assert_eq!(opened(&layer, value).as_deref(), Ok(inside), "{value}");
        }
    }

    #[test]
    fn what_is_of_no_such_layer() {
        for (layer, value) in [
            (Layer::Json, r#""[1""#),
            (Layer::Json, "[1]"),
            (Layer::Inside("a".parse().expect("a path")), r#""{\"b\":1}""#),
            (Layer::Inside("a[*]".parse().expect("a path")), r#""{\"a\":[1,2]}""#),
            (Layer::Base64, r#""!""#),
            (Layer::Repr, r#""abc""#),
            (Layer::Repr, r#""b'\\q'""#),
            (Layer::Repr, r#""[[1 2]\n ...\n [3 4]]""#),
            (Layer::Repr, r#""[[1 2]""#),
            (Layer::Repr, r#""[1 x]""#),
            (Layer::Repr, r#""[1,,2]""#),
            (Layer::Repr, r#""[,1]""#),
            (Layer::Repr, r#""[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]""#),
            (Layer::Repr, r#""[__import__('os')]""#),
            (Layer::Joined, r#"["a", 1]"#),
            (Layer::Unquoted, r#"["1", "a"]"#),
            (Layer::Unquoted, r#"["1]"#),
            (Layer::Markdown, r#""nothing""#),
            (Layer::Markdown, r#""data:image/png,a DATA:image/png,b""#),
        ] {
            assert!(opened(&layer, value).is_err(), "{value}");
        }
    }
}
