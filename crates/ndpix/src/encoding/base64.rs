//! Base64: strict and vectorised first; where that fails the text is mended and tried again; where
//! that fails too, a careful pass decides character by character.
//!
//! What real producers write is taken (URL-safe alphabet, line breaks, no padding, unused bits
//! that are set) and nothing that could hide damage: a foreign character, a mix of alphabets,
//! padding in the middle or text after it is refused with its offset. The careful pass alone
//! defines what is right; mending only makes the usual spellings as fast as strict ones.

use crate::error::{Error, Result};
use crate::limits::{lengthen, make_room};
use crate::sieve::{Leave, sieve};

/// Prefixes that some writers leave in front of the text.
const PREFIXES: [&[u8]; 3] = [b"b64:", b"base64:", b"base64,"];

/// The text without a prefix that only says that base64 follows.
pub(super) fn strip_prefix(text: &[u8]) -> &[u8] {
    PREFIXES.iter().find_map(|p| text.strip_prefix(*p)).unwrap_or(text)
}

/// Replaces `out` with the bytes that a JSON string stands for; `text` is overwritten.
///
/// Escaped slashes and line ends, which some writers leave all over it, are taken out on the way.
pub(super) fn decode_string(value: &[u8], text: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<()> {
    let escaped = value.trim_ascii().strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
    if let Some(escaped) = escaped.filter(|v| memchr::memchr(b'\\', v).is_some()) {
        lengthen(text, escaped.len())?;
        make_room(out, escaped.len().saturating_sub(out.len()))?;
        let (read, written) = sieve(Leave::Escapes, escaped, text);
        out.clear();
        if read == escaped.len()
            && written > 0
            && base64_simd::STANDARD.decode_append(strip_prefix(&text[..written]), out).is_ok()
        {
            return Ok(());
        }
    }
    decode(strip_prefix(super::string(value, text)?), out)
}

/// Replaces `out` with the bytes that `text` stands for.
pub(super) fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    // For whatever way it is read in.
    make_room(out, text.len())?;
    if base64_simd::STANDARD.decode_append(text, out).is_ok() {
        return Ok(());
    }
    if memchr::memchr(b' ', text).is_some() && lost_plus(text) {
        out.clear();
        return Err(Error::encoding(
            "not valid base64: its blanks stand where each + was, it seems; pass text_repair, or encoding repaired+encoded, in data URLs repaired+data-url",
        ));
    }
    if mended(text, out).is_some() {
        return Ok(());
    }
    out.clear();
    lenient(text, out)
}

/// Digits in which there is a `+`, nearly always: one of 64 is one.
const MANY: usize = 256;

/// Whether blanks are what became of every `+`, as forms and URLs leave them: with them alone the padding is right, or
/// of many digits none is one, and the blanks stand where no lines end, which are of one length.
fn lost_plus(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    if memchr::memchr3(b'+', b'-', b'_', text).is_some() {
        return false;
    }
    let Some((digits, blanks)) = blanks(text) else { return false };
    let padded = text.ends_with(b"=") && completes(digits, blanks);
    padded || digits >= MANY && are_uneven(text)
}

/// As [`lost_plus`] where it is known that text was damaged: some `+` may be left, and there may be few digits.
pub(super) fn lost_some_plus(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let padding = text.iter().rev().take_while(|c| **c == b'=').count();
    let is_digit = |c: &u8| c.is_ascii_alphanumeric() || b"+/-_ ".contains(c);
    text[..text.len() - padding].iter().all(is_digit)
        && blanks(text)
            .is_some_and(|(digits, blanks)| completes(digits, blanks) || are_uneven(text))
}

/// How many digits and blanks there are; `None`: no blanks, or white space of another kind too.
fn blanks(text: &[u8]) -> Option<(usize, usize)> {
    let digits = text.iter().filter(|c| !c.is_ascii_whitespace()).count();
    let other = text.iter().any(|c| c.is_ascii_whitespace() && *c != b' ');
    (digits < text.len() && !other).then_some((digits, text.len() - digits))
}

/// Whether only the blanks make whole groups of four.
fn completes(digits: usize, blanks: usize) -> bool {
    !digits.is_multiple_of(4) && (digits + blanks).is_multiple_of(4)
}

/// Whether blanks part a text into what are no lines: these are of one length, but for the last.
fn are_uneven(text: &[u8]) -> bool {
    let mut lines: Vec<usize> = text.split(|c| *c == b' ').map(<[u8]>::len).collect();
    let last = lines.pop().unwrap_or(0);
    let first = lines.first().copied().unwrap_or(0);
    lines.iter().any(|line| *line != first) || last > first
}

/// Decodes text in the URL-safe alphabet, with white space, or without padding. `None` where it
/// takes a closer look.
fn mended(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.resize(text.len(), 0);
    let (read, mut length) = sieve(Leave::Space, text, out);
    if read < text.len() {
        return None;
    }
    let padding = out[..length].iter().rev().take_while(|&&c| c == b'=').count();
    if padding > 2 || (padding > 0 && length % 4 != 0) {
        return None;
    }
    length -= padding;
    let (mut standard, mut url_safe) = (false, false);
    // Without branches, so that it becomes vector instructions.
    for c in &mut out[..length] {
        standard |= (*c == b'+') | (*c == b'/');
        url_safe |= (*c == b'-') | (*c == b'_');
        *c = if *c == b'-' { b'+' } else { *c };
        *c = if *c == b'_' { b'/' } else { *c };
    }
    if standard && url_safe || length == 0 {
        return None;
    }
    let length = base64_simd::STANDARD_NO_PAD.decode_inplace(&mut out[..length]).ok()?.len();
    out.truncate(length);
    Some(())
}

/// Set on the digits that only the standard alphabet has, and on those of the URL-safe one.
const STANDARD: u8 = 0x40;
const URL_SAFE: u8 = 0x80;
/// No digit of either alphabet.
const OTHER: u8 = STANDARD | URL_SAFE;

const DIGITS: [u8; 256] = {
    let mut table = [OTHER; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut i = 0;
    while i < letters.len() {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    table[b'+' as usize] = STANDARD | 62;
    table[b'/' as usize] = STANDARD | 63;
    table[b'-' as usize] = URL_SAFE | 62;
    table[b'_' as usize] = URL_SAFE | 63;
    table
};

/// The whole groups that `text` begins with, as far as they are of one alphabet: how many
/// characters they take. `alphabet` gathers the marks of the digits.
fn groups(text: &[u8], alphabet: &mut u8, out: &mut Vec<u8>) -> usize {
    let (groups, _) = text.as_chunks::<4>();
    let mut read = 0;
    for group in groups {
        let [a, b, c, d] = group.map(|c| DIGITS[usize::from(c)]);
        let marks = *alphabet | ((a | b | c | d) & OTHER);
        if marks == OTHER {
            break;
        }
        *alphabet = marks;
        let word = u32::from(a & 63) << 18
            | u32::from(b & 63) << 12
            | u32::from(c & 63) << 6
            | u32::from(d & 63);
        let [_, bytes @ ..] = word.to_be_bytes();
        out.extend_from_slice(&bytes);
        read += 4;
    }
    read
}

fn lenient(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.reserve(text.len() / 4 * 3 + 3);
    let mut alphabet = 0;
    let (mut group, mut digits, mut padding) = (0u32, 0usize, 0usize);
    let mut offset = 0;
    while let Some(&c) = text.get(offset) {
        if digits % 4 == 0 && padding == 0 {
            let read = groups(&text[offset..], &mut alphabet, out);
            if read > 0 {
                offset += read;
                digits += read;
                continue;
            }
        }
        let digit = DIGITS[usize::from(c)];
        match c {
            _ if digit != OTHER => {
                if padding > 0 {
                    return Err(fault("text after the padding", offset));
                }
                alphabet |= digit & OTHER;
                if alphabet == OTHER {
                    return Err(fault("both the standard and the URL-safe alphabet", offset));
                }
                group = group << 6 | u32::from(digit & 63);
                digits += 1;
                if digits % 4 == 0 {
                    out.extend_from_slice(&group.to_be_bytes()[1..]);
                    group = 0;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C => {}
            b'=' => {
                padding += 1;
                if padding > 2 {
                    return Err(fault("more padding than base64 has", offset));
                }
            }
            _ => return Err(foreign(text, offset)),
        }
        offset += 1;
    }
    let over = digits % 4;
    if over == 1 {
        return Err(Error::encoding(format!(
            "not valid base64: {digits} characters is not a possible length (cut?)"
        )));
    }
    if padding > 0 && over + padding != 4 {
        return Err(Error::encoding(format!(
            "not valid base64: {padding} padding characters after {digits} others"
        )));
    }
    if digits == 0 && !text.is_empty() {
        return Err(Error::encoding("not valid base64: only white space"));
    }
    match over {
        2 => out.push((group >> 4) as u8),
        3 => out.extend_from_slice(&[(group >> 10) as u8, (group >> 2) as u8]),
        _ => {}
    }
    Ok(())
}

fn fault(what: &str, offset: usize) -> Error {
    Error::encoding(format!("not valid base64: {what} at offset {offset}"))
}

fn foreign(text: &[u8], offset: usize) -> Error {
    let end = text.len().min(offset + 4);
    let found = text[offset..end].utf8_chunks().next().and_then(|c| c.valid().chars().next());
    let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
    let hint = match text.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"data:") => {
            "; it is a data URL: pass encoding data-url"
        }
        _ => "",
    };
    Error::encoding(format!("not valid base64: found {found:?} at offset {offset}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>> {
        let mut out = vec![9];
        decode(text.as_bytes(), &mut out).map(|()| out)
    }

    #[test]
    fn spellings_of_one_text() {
        for text in ["AECA/w==", "AECA_w==", "AECA/w", "AECA_w", "AEC\nA/w==\r\n", " AECA /w= ="] {
            assert_eq!(read(text).ok().as_deref(), Some(&[0, 64, 128, 255][..]), "{text}");
        }
        assert_eq!(read("AECA/x==").ok().as_deref(), Some(&[0, 64, 128, 255][..]), "unused bits");
        assert_eq!(read("").ok().as_deref(), Some(&[][..]));
        assert_eq!(read("AEA").ok().as_deref(), Some(&[0, 64][..]));
    }

    #[test]
    fn escapes_are_no_part_of_the_text() {
        let string = |inner: &str| {
            let (mut text, mut out) = (Vec::new(), Vec::new());
            decode_string(format!("\"{inner}\"").as_bytes(), &mut text, &mut out).map(|()| out).ok()
        };
        for inner in
            [r"AECA\/w==", r"AECA\/w=\r\n=", r"AE\nCA\u002fw==", r"b64:AECA\/w==", "AECA/w=="]
        {
            assert_eq!(string(inner), Some(vec![0, 64, 128, 255]), "{inner}");
        }
        for inner in [r"AECA\bw==", r"AECA\\nw==", r#"AECA\"w=="#, r"\n\r"] {
            assert_eq!(string(inner), None, "{inner}");
        }
        let (mut text, mut out) = (Vec::new(), Vec::new());
        let error = decode_string(b"7", &mut text, &mut out).expect_err("no string");
        assert_eq!(error.kind(), crate::error::ErrorKind::Field);
    }

    #[test]
    fn damage_is_refused_with_its_place() {
        for (text, says) in [
            ("AECA%w==", "found '%' at offset 4"),
            ("AECé", "found 'é' at offset 3"),
            ("AE+A_w==", "both the standard and the URL-safe alphabet at offset 4"),
            ("AE==CA/w", "text after the padding at offset 4"),
            ("AECA/w==QUJD", "text after the padding at offset 8"),
            ("====", "more padding"),
            ("AECA/w===", "more padding"),
            ("AECA=", "1 padding characters after 4"),
            ("AECA/", "not a possible length"),
            ("    ", "only white space"),
            ("data:,AE", "encoding data-url"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.message().contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn blanks_that_were_plus_are_no_line_ends() {
        let long = |blank_at: &[usize]| {
            let digit = |at: usize| if blank_at.contains(&at) { ' ' } else { 'A' };
            (0..400).map(digit).collect::<String>()
        };
        for text in ["AE CAw==", "A E C/w=", &long(&[3, 100, 101, 390]), &long(&[7])] {
            let error = read(text).expect_err(text);
            assert!(error.message().contains("repaired+encoded"), "{text}: {error}");
        }
        for text in [
            "AECA /w==",
            "AE CA /w ==",
            " AECA/w== ",
            "AEC\nA /w==",
            "AAAA BBBB CCCC DD==",
            "A+CA /w==",
            &long(&[76, 153, 230, 307]).replace("AAAA", "AA+A"),
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_two_passes_agree() {
        let bytes: Vec<u8> = (0..=255).collect();
        for n in 0..bytes.len() {
            let text = base64_simd::STANDARD.encode_to_string(&bytes[..n]);
            let mut out = Vec::new();
            lenient(text.as_bytes(), &mut out).expect("valid");
            assert_eq!(out, bytes[..n]);
        }
    }

    #[test]
    fn what_is_mended_is_what_the_careful_pass_gives() {
        let bytes: Vec<u8> = (0..200u8).map(|i| i.wrapping_mul(97)).collect();
        let mut mended_ones = 0;
        for n in 0..bytes.len() {
            let text = base64_simd::STANDARD.encode_to_string(&bytes[..n]);
            let url = base64_simd::URL_SAFE.encode_to_string(&bytes[..n]);
            let lines = |text: &str, width| {
                let lines: Vec<_> =
                    text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
                lines.join("\r\n")
            };
            for text in [
                text.trim_end_matches('=').to_string(),
                format!("{text}="),
                format!("{text}\u{1}"),
                format!("{}%{text}", &text[..n % 5]),
                format!("{text}{url}"),
                lines(&text, 76),
                lines(&url, 33),
                lines(url.trim_end_matches('='), 5),
                format!(" {text} \t"),
                url,
            ] {
                let (mut quick, mut careful) = (Vec::new(), Vec::new());
                if mended(text.as_bytes(), &mut quick).is_some() {
                    lenient(text.as_bytes(), &mut careful).expect(&text);
                    assert_eq!(quick, careful, "{text}");
                    mended_ones += 1;
                }
            }
        }
        assert!(mended_ones > 1000, "{mended_ones}");
    }
}
