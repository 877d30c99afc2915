//! Texts that no encoding fits: what they are, so that a refusal can say it.

use super::graded::{Around, Graded, Unread, What, foreign, grouped, has_extension, nothing};
use super::words::Level;
use crate::encoding;
use crate::format;
use crate::record::scan::{Hits, Query, scan};

/// Texts shorter than this in their decoded form are too short to be pixels.
const LEAST: usize = 64;
/// The digits of usual hashes.
const DIGESTS: [usize; 6] = [32, 40, 56, 64, 96, 128];

/// Grades an unescaped string.
pub(super) fn grade(text: &[u8], around: Around<'_>) -> Graded {
    let image_name = around.name.level == Level::Image;
    if let Some(rest) = encoding::strip_scheme(text) {
        return data_url(rest);
    }
    if let Some(bytes) = written_out(text) {
        return bytes;
    }
    if matches!(text.first(), Some(b'{' | b'[')) {
        return json(text);
    }
    if let Some(windows) = windows_path(text) {
        return windows;
    }
    if let Some(bytes) = spaced_pairs(text) {
        let digits = format!("hexadecimal digits of {} bytes, apart", grouped(bytes.len()));
        return match format::sniff(&bytes) {
            Some(format) => wrapped(format!("{digits}: {format}")),
            None if image_name => opaque(digits),
            None => nothing(&digits),
        };
    }
    if text.contains(&b' ') && !text.contains(&0) && !text.iter().any(|c| is_control(*c)) {
        return match damaged_base64(text) {
            true => Graded {
                ways: vec!["repaired+encoded".to_string()],
                ..wrapped("base64 in which + became a blank".to_string())
            },
            false => nothing("text"),
        };
    }
    if image_name && (text.ends_with(b"...") || text.ends_with("…".as_bytes())) && text.len() > 8
    {
        return opaque("text that was cut off".to_string());
    }
    if image_name && redacted(text) {
        return opaque("text that was redacted".to_string());
    }
    if image_name && looks_like_path(text) {
        let said =
            format!("{} may be a path, of a file that is not there", crate::error::quote(text));
        return Graded {
            what: What::Unreadable(Unread::Missing { bare: false }),
            ..nothing(&said)
        };
    }
    if image_name && text.iter().any(|c| is_control(*c)) {
        return opaque(format!(
            "{} characters that are bytes of no known format",
            grouped(text.len())
        ));
    }
    bytes(text, around)
}

/// Bytes that a program wrote out as text, and characters that were bytes once.
fn written_out(text: &[u8]) -> Option<Graded> {
    const CHARACTERS: [&[u8]; 4] = [
        b"\xED\xB2\x89PNG",
        b"\xED\xB3\xBF\xED\xB3\x98",
        b"\xC2\x89PNG",
        b"\xC3\xBF\xC3\x98\xC3\xBF",
    ];
    if let Some(inner) = python_bytes(text) {
        return Some(match (holds_signature(inner), inner.len() >= LEAST) {
            (true, _) => wrapped(format!(
                "an image inside of Python b'...' text of {} characters",
                grouped(text.len())
            )),
            (_, true) => opaque(format!(
                "Python {}'...' text of {} characters",
                &text[..1].escape_ascii(),
                grouped(text.len())
            )),
            _ => nothing("a Python bytes text"),
        });
    }
    if damaged(text) {
        return Some(wrapped("text damaged by U+FFFD: the bytes of an image are gone".to_string()));
    }
    let begins = CHARACTERS.iter().any(|start| text.starts_with(start));
    begins.then(|| wrapped("the bytes of an image as characters, damaged".to_string()))
}

/// An image for sure, in a form that is not read.
fn wrapped(said: String) -> Graded {
    Graded { what: What::Unreadable(Unread::Format), ..nothing(&said) }
}

fn opaque(said: String) -> Graded {
    Graded { what: What::Unreadable(Unread::Opaque), ..nothing(&said) }
}

/// Text in hexadecimal or base64 digits, of bytes that are not of a known format.
fn bytes(text: &[u8], around: Around<'_>) -> Graded {
    let is_hex = text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit);
    if is_hex && (DIGESTS.contains(&text.len()) || text.len() < 2 * LEAST) {
        return nothing("hexadecimal digits");
    }
    let slug =
        !text.iter().any(u8::is_ascii_uppercase) && text.iter().any(|c| matches!(c, b'-' | b'_'));
    if is_uuid(text) || slug {
        return nothing("text");
    }
    let Some(bytes) = encoding::any_bytes(text) else { return nothing("text") };
    match foreign(None, &bytes, &crate::error::Error::unsupported(String::new())) {
        known if known.what != What::Nothing || format::foreign::sort(&bytes).is_some() => {
            let said = match format::recognise(&bytes) {
                Err(error) => error.message().to_string(),
                Ok(format) => format!("{format} wrapped once more"),
            };
            Graded { said, ..known }
        }
        _ if bytes.len() < LEAST || around.name.never => nothing("text"),
        _ => {
            let digits = if is_hex { "hexadecimal digits" } else { "base64" };
            let again =
                encoding::any_bytes(&bytes).is_some_and(|inner| format::sniff(&inner).is_some());
            let said = match again {
                true => format!("{digits} of base64 of an image"),
                false => {
                    format!(
                        "{digits} of {} bytes that are not of a known format",
                        grouped(bytes.len())
                    )
                }
            };
            let remedy = (!again).then(|| {
                "if they are bare pixels, pass raw_shape H,W or H,W,C (and raw_dtype)".to_string()
            });
            let why = if again { Unread::Format } else { Unread::Opaque };
            Graded { what: What::Unreadable(why), remedy, ..nothing(&said) }
        }
    }
}

/// Whether a JSON string is a data URL of the media type of an image.
pub(super) fn claims_image(value: &[u8]) -> bool {
    let head = value.strip_prefix(b"\"").unwrap_or(value).trim_ascii_start();
    head.get(..11).is_some_and(|head| head.eq_ignore_ascii_case(b"data:image/"))
}

/// What follows `data:`, where it is not an image that is read.
fn data_url(rest: &[u8]) -> Graded {
    let head = rest.split(|&c| c == b',').next().unwrap_or(rest);
    let kind = head.split(|&c| c == b';').next().unwrap_or(head);
    let starts = |word: &[u8]| kind.get(..word.len()).is_some_and(|k| k.eq_ignore_ascii_case(word));
    let mut said = format!("a data URL of type {}", crate::error::quote(kind));
    let base64 = memchr::memchr(b',', rest).map_or(&[][..], |at| &rest[at + 1..]);
    let mut ways = Vec::new();
    if base64.contains(&b' ') && damaged_base64(base64) {
        said += " with base64 in which + became a blank";
        ways.push("repaired+data-url".to_string());
    }
    let what = match () {
        () if starts(b"video/") => What::Video,
        () if starts(b"image") || kind.is_empty() => What::Unreadable(Unread::Format),
        () => What::Nothing,
    };
    Graded { what, ways, ..nothing(&said) }
}

/// What begins like JSON; what valid JSON holds is looked at elsewhere.
fn json(text: &[u8]) -> Graded {
    if scan(text, &Query::default(), &mut Hits::default()).is_err() {
        // NumPy's str() of an array, or a list of Python.
        let digits = text.iter().filter(|c| c.is_ascii_digit()).count();
        let other = text.iter().filter(|c| c.is_ascii_alphabetic()).count();
        return match text.starts_with(b"[") && digits > 0 && other * 8 < digits {
            true => Graded {
                what: What::Unreadable(Unread::Opaque),
                ..nothing("the text of a NumPy array, as str() writes it")
            },
            false => nothing("text"),
        };
    }
    nothing("JSON text inside a string")
}

/// The inside of `b'...'`, as `str()` of bytes leaves it.
fn python_bytes(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"bytearray(").and_then(|t| t.strip_suffix(b")")).unwrap_or(text);
    match text {
        [b'b', quote @ (b'\'' | b'"'), inner @ .., last] if quote == last => Some(inner),
        _ => None,
    }
}

/// Whether the text begins as an image file does, spelled out or in base64.
fn holds_signature(text: &[u8]) -> bool {
    text.starts_with(b"\\x89PNG")
        || text.starts_with(b"\\xff\\xd8")
        || text.starts_with(b"GIF8")
        || encoding::any_bytes(text).is_some_and(|bytes| format::sniff(&bytes).is_some())
}

/// Whether bytes that are not text were made text, and lost.
fn damaged(text: &[u8]) -> bool {
    let lost = memchr::memmem::find(text, "\u{FFFD}".as_bytes()).is_some();
    let head = &text[..text.len().min(32)];
    let known = [&b"PNG"[..], b"JFIF", b"Exif", b"WEBP"];
    let names = known.iter().any(|m| memchr::memmem::find(head, m).is_some());
    lost && (names || text.iter().any(|c| is_control(*c)))
}

/// The bytes of hexadecimal digits that stand in pairs with the same sign between all of them.
fn spaced_pairs(text: &[u8]) -> Option<Vec<u8>> {
    let text = [&b"\\x"[..], b"0x"].iter().find_map(|p| text.strip_prefix(*p)).unwrap_or(text);
    let sign = *text.get(2).filter(|c| matches!(c, b' ' | b':' | b'-' | b','))?;
    let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    let bytes: Vec<u8> =
        text.trim_ascii_end().split(|&c| c == sign).map(pair).collect::<Option<_>>()?;
    (bytes.len() >= LEAST / 2).then_some(bytes)
}

fn damaged_base64(text: &[u8]) -> bool {
    let filled: Vec<u8> = text.iter().map(|&c| if c == b' ' { b'+' } else { c }).collect();
    encoding::any_bytes(&filled).is_some_and(|bytes| format::sniff(&bytes).is_some())
}

/// A drive letter, or backslashes and the extension of an image.
fn windows_path(text: &[u8]) -> Option<Graded> {
    let drive = matches!(text, [c, b':', b'\\' | b'/', ..] if c.is_ascii_alphabetic());
    let image = encoding::is_image_path(text);
    (drive && image).then(|| Graded {
        what: What::Unreadable(Unread::Missing { bare: false }),
        ..nothing(&format!("a Windows path, {}", crate::error::quote(text)))
    })
}

/// A text with separators that is a path and no phrase: its last part has a digit or an extension.
fn looks_like_path(text: &[u8]) -> bool {
    let last = text.rsplit(|c| matches!(c, b'/' | b'\\')).next().unwrap_or(text);
    text.iter().any(|c| matches!(c, b'/' | b'\\'))
        && text.len() <= 1024
        && !last.is_empty()
        && (last.iter().any(u8::is_ascii_digit)
            || has_extension(last, &["dcm", "svs", "npz", "zarr", "dat"]))
        && encoding::any_bytes(text).is_none_or(|bytes| bytes.len() < LEAST)
}

fn redacted(text: &[u8]) -> bool {
    let lower = text[..text.len().min(64)].to_ascii_lowercase();
    [&b"redacted"[..], b"removed", b"omitted", b"truncated"]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn is_control(c: u8) -> bool {
    c < b' ' && !matches!(c, b'\t' | b'\n' | b'\r') || c == 0x7F
}
