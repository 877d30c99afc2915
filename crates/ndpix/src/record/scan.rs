//! A validating scan of one record (RFC 8259) that notes where the wanted values are.
//!
//! One pass, no tree, no allocation beyond the reused list of hits: what is not wanted is skipped,
//! but checked on the way. Nesting is counted in a bit stack, not on the call stack; the scan
//! recurses only along the wanted paths. Duplicate keys: the last wins, as in Python.

#[cfg(target_arch = "x86_64")]
mod sse2;

use super::pointer::{Pointer, Step};
use super::value::{equal_bytes, smaller_bytes};
use crate::error::{Error, Result, quote};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 1024;

/// The fields to look for: at most 64 pointers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pointers: Vec<Pointer>,
}

/// A value that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Which pointer of the query led here.
    pub(crate) pointer: u8,
    /// Where the innermost object that holds the value begins: siblings share it.
    pub(crate) parent: usize,
    /// The value's text is `record[start..end]`, without surrounding white space.
    pub(crate) start: usize,
    /// See `start`.
    pub(crate) end: usize,
}

impl Query {
    /// Adds a pointer and gives its number in [`Hit::pointer`]. Paths of more than 64 steps and more
    /// than 64 paths are refused as options.
    pub(crate) fn add(&mut self, pointer: Pointer) -> Result<u8> {
        if self.pointers.len() == 64 || pointer.steps().len() > 64 {
            return Err(Error::options("too many fields, or a field path of more than 64 steps"));
        }
        self.pointers.push(pointer);
        Ok((self.pointers.len() - 1) as u8)
    }
}

/// Validates the whole record and replaces `hits` with the values that `query` asks for, in the
/// order in which they stand. Kind `json` with the offset of what is wrong.
pub(crate) fn scan(record: &[u8], query: &Query, hits: &mut Vec<Hit>) -> Result<()> {
    scan_around(record, query, 0, hits).map(|_| ())
}

/// As [`scan`], but an array that a pointer of the mask `lists` leads to is only measured by its
/// brackets, and not yet validated: for lists of numbers, whose decoder accepts nothing that is
/// not JSON. Whether there was such an array; if its decoder fails or is not asked, [`scan`] must
/// have a word.
pub(crate) fn scan_around(
    record: &[u8],
    query: &Query,
    lists: u64,
    hits: &mut Vec<Hit>,
) -> Result<bool> {
    hits.clear();
    let pointers = &query.pointers;
    let mut scan = Scan { text: record, at: 0, pointers, hits, lists, passed: 0, ascii: true };
    let whole = scan.whole();
    let (passed, ascii) = (scan.passed, scan.ascii);
    // What is ASCII is UTF-8: a pass of its own over every record costs 4 % of a run on raw pixels.
    if (whole.is_err() || !ascii)
        && let Err(e) = std::str::from_utf8(record)
    {
        return Err(Error::json(format!("not UTF-8 at offset {}", e.valid_up_to())));
    }
    let kept = hits.iter().filter(|h| lists >> h.pointer & 1 == 1 && record[h.start] == b'[');
    // Brackets in strings may have misled it; and of two equal keys nobody will decode the first.
    if passed > 0 && (whole.is_err() || passed > kept.count()) {
        return self::scan(record, query, hits).map(|()| false);
    }
    whole.map(|()| passed > 0)
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    pointers: &'a [Pointer],
    hits: &'a mut Vec<Hit>,
    /// Pointers whose arrays are passed by their brackets, and how many were.
    lists: u64,
    passed: usize,
    /// Whether everything so far was; outside of strings and passed arrays nothing else is taken.
    ascii: bool,
}

impl Scan<'_> {
    fn whole(&mut self) -> Result<()> {
        let all = match self.pointers.len() {
            64 => u64::MAX,
            n => (1 << n) - 1,
        };
        self.space();
        self.walk(all, 0, 0)?;
        self.space();
        match self.peek() {
            Some(_) => Err(self.unexpected("text after the end of the record")),
            None => Ok(()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected(&self, what: &str) -> Error {
        match self.text.get(self.at..) {
            Some([]) | None => Error::json(format!("not JSON: the record ends early, {what}")),
            Some(rest) if names_no_number(rest) => Error::json(format!(
                "not JSON: NaN and Infinity, at offset {}, are no numbers there; write null",
                self.at
            )),
            Some(rest) => Error::json(format!(
                "not JSON: {what} at offset {}: {}",
                self.at,
                quote(&rest[..rest.len().min(20)])
            )),
        }
    }

    /// The whole record, of which the pointers in `mask` want something.
    /// The value at `at`, of which the pointers in `mask` want something `depth` steps deep.
    fn walk(&mut self, mask: u64, depth: usize, parent: usize) -> Result<()> {
        let (mut ended, mut rest) = (0u64, mask);
        while rest != 0 {
            let i = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if self.pointers[i].steps().len() == depth {
                ended |= 1 << i;
            }
        }
        let deeper = mask & !ended;
        let start = self.at;
        match self.peek() {
            Some(b'[') if deeper == 0 && ended & self.lists != 0 => self.pass(depth)?,
            Some(b'{') if deeper != 0 => self.object(deeper, depth)?,
            Some(b'[') if deeper != 0 => self.array(deeper, depth, parent)?,
            _ => self.skip(depth)?,
        }
        while ended != 0 {
            let pointer = ended.trailing_zeros() as u8;
            ended &= ended - 1;
            self.hits.push(Hit { pointer, parent, start, end: self.at });
        }
        Ok(())
    }

    /// Passes an array by its brackets, if they match.
    fn pass(&mut self, depth: usize) -> Result<()> {
        match brackets(&self.text[self.at..]) {
            Some(length) => {
                self.ascii &= self.text[self.at..self.at + length].is_ascii();
                self.at += length;
                self.passed += 1;
                Ok(())
            }
            None => self.skip(depth),
        }
    }

    fn object(&mut self, mask: u64, depth: usize) -> Result<()> {
        let (parent, mark) = (self.at, self.hits.len());
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let (start, end, escaped) = self.key()?;
            let text = self.text;
            let wanted = self.matching(mask, depth, |step| match escaped {
                false => step.takes_key(&text[start + 1..end - 1]),
                true => step.takes_key(super::value::unescape(&text[start..end], &mut Vec::new())),
            });
            if wanted == 0 {
                self.skip(depth + 1)?;
            } else {
                if self.hits[mark..].iter().any(|h| wanted >> h.pointer & 1 == 1) {
                    let kept = self.hits.split_off(mark);
                    self.hits.extend(kept.into_iter().filter(|h| wanted >> h.pointer & 1 == 0));
                }
                self.walk(wanted, depth + 1, parent)?;
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("expected ',' or '}'")),
            }
        }
    }

    fn array(&mut self, mask: u64, depth: usize, parent: usize) -> Result<()> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            let wanted = self.matching(mask, depth, |step| step.takes_index(index));
            match wanted {
                0 => self.skip(depth + 1)?,
                _ => self.walk(wanted, depth + 1, parent)?,
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.unexpected("expected ',' or ']'")),
            }
        }
        Ok(())
    }

    fn matching(&self, mask: u64, depth: usize, takes: impl Fn(&Step) -> bool) -> u64 {
        let (mut wanted, mut rest) = (0, mask);
        while rest != 0 {
            let i = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if takes(&self.pointers[i].steps()[depth]) {
                wanted |= 1 << i;
            }
        }
        wanted
    }

    /// A key and its colon: where its text stands (with its quotes), and whether it has escapes.
    fn key(&mut self) -> Result<(usize, usize, bool)> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("expected a key in double quotes"));
        }
        let start = self.at;
        let escaped = self.string()?;
        let end = self.at;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("expected ':'"));
        }
        self.at += 1;
        self.space();
        Ok((start, end, escaped))
    }

    /// Skips one value without a wanted part, checking it; `depth` values are open around it.
    fn skip(&mut self, depth: usize) -> Result<()> {
        let mut stack = [0u64; MAX_DEPTH / 64];
        let mut open = 0usize;
        loop {
            // At the start of a value.
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(c @ (b'{' | b'[')) => {
                    if depth + open >= MAX_DEPTH {
                        return Err(Error::json(format!(
                            "nested deeper than {MAX_DEPTH} levels at offset {}",
                            self.at
                        )));
                    }
                    self.at += 1;
                    self.space();
                    let close = if c == b'{' { b'}' } else { b']' };
                    if self.peek() == Some(close) {
                        self.at += 1;
                    } else {
                        let bit = 1u64 << (open % 64);
                        let word = &mut stack[open / 64];
                        *word = if c == b'{' { *word | bit } else { *word & !bit };
                        open += 1;
                        if c == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err(self.unexpected("expected a value")),
            }
            // Behind a value.
            loop {
                if open == 0 {
                    return Ok(());
                }
                self.space();
                let object = stack[(open - 1) / 64] >> ((open - 1) % 64) & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if object => self.at += 1,
                    Some(b']') if !object => self.at += 1,
                    _ => {
                        let end =
                            if object { "expected ',' or '}'" } else { "expected ',' or ']'" };
                        return Err(self.unexpected(end));
                    }
                }
                open -= 1;
            }
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<()> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.unexpected("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> bool {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at > from
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let from = self.at;
        if !self.digits() || (zero && self.at > from + 1) {
            return Err(self.unexpected("a malformed number"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                return Err(self.unexpected("a malformed number"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.unexpected("a malformed number"));
            }
        }
        Ok(())
    }

    /// Skips a string; whether it has escapes.
    fn string(&mut self) -> Result<bool> {
        let mut escaped = false;
        self.at += 1;
        loop {
            let run = plain(&self.text[self.at..]);
            self.at += run.length;
            escaped |= run.escapes;
            self.ascii &= run.ascii;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += match self.text.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u')
                            if self
                                .text
                                .get(self.at + 2..self.at + 6)
                                .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit)) =>
                        {
                            6
                        }
                        _ => return Err(self.unexpected("a malformed escape")),
                    };
                }
                Some(_) => return Err(self.unexpected("a raw control character in a string")),
                None => return Err(self.unexpected("in the middle of a string")),
            }
        }
    }
}

/// Whether this is what Python's `json.dumps` writes of numbers that JSON does not have; the sign before
/// them is passed already.
fn names_no_number(text: &[u8]) -> bool {
    text.starts_with(b"NaN") || text.starts_with(b"Infinity")
}

/// The length of the array that `text` begins with, if it holds no strings.
fn brackets(text: &[u8]) -> Option<usize> {
    let mut depth = 0;
    for (i, chunk) in text.chunks(64).enumerate() {
        // Sums of bytes over a whole chunk become vector instructions.
        let count = |bracket| chunk.iter().map(|&b| u8::from(b == bracket)).sum::<u8>() as usize;
        let (opened, closed) = (count(b'['), count(b']'));
        if closed < depth {
            depth = depth + opened - closed;
            continue;
        }
        for (j, &byte) in chunk.iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' if depth == 1 => return Some(64 * i + j + 1),
                b']' => depth -= 1,
                _ => {}
            }
        }
    }
    None
}

/// The inside of a string, as far as nothing needs attention.
struct Run {
    length: usize,
    /// Whether it holds some of the escapes that base64 is full of.
    escapes: bool,
    ascii: bool,
}

/// How far it is from the start to a quote, a control character, or a backslash but in the escapes
/// that base64 is full of.
fn plain(text: &[u8]) -> Run {
    #[cfg(target_arch = "x86_64")]
    let mut run = sse2::plain(text);
    #[cfg(not(target_arch = "x86_64"))]
    let mut run = Run { length: 0, escapes: false, ascii: true };
    let rest = &text[run.length..];
    let (words, tail) = rest.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = equal_bytes(word, b'"') | equal_bytes(word, b'\\') | smaller_bytes(word, 0x20);
        if marks != 0 {
            let short = 8 * i + marks.trailing_zeros() as usize / 8;
            run.ascii &= rest[8 * i..short].is_ascii();
            run.length += short;
            return run;
        }
        run.ascii &= word & 0x8080_8080_8080_8080 == 0;
    }
    let special = |b: u8| b == b'"' || b == b'\\' || b < 0x20;
    let short = tail.iter().take_while(|&&b| !special(b)).count();
    run.ascii &= tail[..short].is_ascii();
    run.length += rest.len() - tail.len() + short;
    run
}

#[cfg(test)]
mod tests;
