//! A validating scan of one record (RFC 8259) that notes where the wanted values are.
//!
//! One pass, no tree, no allocation beyond the reused lists of [`Hits`]: what is not wanted is skipped,
//! but checked on the way. Nesting is counted in a bit stack, not on the call stack; the scan
//! recurses only along the wanted paths (`walk.rs`). Duplicate keys: the last wins, as in Python.

mod brackets;
mod hits;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod walk;

pub(crate) use hits::{Hit, Hits};

use super::pointer::Pointer;
use super::value::{equal_bytes, smaller_bytes};
use crate::error::{Error, Remedy, Result, quote};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 1024;

/// What to look for: at most 256 pointers, and keys that are noted where they stand beside a wanted
/// value or above it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    wanted: Vec<Wanted>,
    siblings: &'static [&'static str],
    /// Whether NaN and infinities are numbers.
    nan: bool,
    /// By the hash of a key the number of the last sibling that has it, and by that of a sibling the one
    /// before; each and 1 more, 0 for none.
    heads: Vec<u8>,
    before: Vec<u8>,
}

/// A pointer of a query.
#[derive(Debug, Clone)]
struct Wanted {
    pointer: Pointer,
    deep: bool,
    /// Whether [`scan_around`] passes its arrays.
    list: bool,
    /// Whether what it leads to is looked up: [`Hits::beside`].
    aside: bool,
}

impl Query {
    /// Adds a pointer and gives its number in [`Hit::pointer`]. Paths of more than 64 steps and more
    /// than 256 paths are refused as options.
    pub(crate) fn add(&mut self, pointer: Pointer) -> Result<u8> {
        let number = u8::try_from(self.wanted.len());
        let (Ok(number), 0..=64) = (number, pointer.steps().len()) else {
            return Err(Error::options("too many fields, or a field path of more than 64 steps"));
        };
        let deep = pointer.is_deep();
        self.wanted.push(Wanted { pointer, deep, list: false, aside: false });
        Ok(number)
    }

    /// Lets [`scan_around`] pass the arrays that a pointer leads to.
    pub(crate) fn pass_lists(&mut self, pointer: u8) {
        self.wanted[usize::from(pointer)].list = true;
    }

    /// As [`Query::add`], for a pointer whose values are looked up by the object that they stand in:
    /// [`Hits::beside`].
    pub(crate) fn add_aside(&mut self, pointer: Pointer) -> Result<u8> {
        let number = self.add(pointer)?;
        self.wanted[usize::from(number)].aside = true;
        Ok(number)
    }

    /// Takes `NaN`, `Infinity` and `-Infinity` as numbers, or refuses them as JSON does.
    pub(crate) fn allow_nan(&mut self, allow: bool) {
        self.nan = allow;
    }

    /// Notes members of these names, at most 255, in every object that is walked through: [`Hits::siblings`].
    pub(crate) fn note_siblings(&mut self, names: &'static [&'static str]) {
        self.siblings = names;
        (self.heads, self.before) = (vec![0; 256], vec![0; names.len()]);
        for (number, name) in names.iter().enumerate() {
            let head = &mut self.heads[hash(name.as_bytes())];
            (self.before[number], *head) = (*head, number as u8 + 1);
        }
    }

    /// The number of a sibling's name.
    fn sibling(&self, key: &[u8]) -> Option<u8> {
        let mut next = *self.heads.get(hash(key))?;
        while next > 0 {
            let number = next - 1;
            if self.siblings[usize::from(number)].as_bytes() == key {
                return Some(number);
            }
            next = self.before[usize::from(number)];
        }
        None
    }
}

/// A number below 256 that is the same for the same key.
fn hash(key: &[u8]) -> usize {
    let (first, last) = (key.first().copied().unwrap_or(0), key.last().copied().unwrap_or(0));
    let mixed = first.wrapping_mul(37) ^ last.wrapping_mul(11) ^ (key.len() as u8).wrapping_mul(71);
    usize::from(mixed)
}

/// Validates the whole record and replaces `hits` with the values that `query` asks for, in the
/// order in which they begin. Kind `json` with the offset of what is wrong.
pub(crate) fn scan(record: &[u8], query: &Query, hits: &mut Hits) -> Result<()> {
    whole(record, query, false, hits).map(|_| ())
}

/// As [`scan`], but an array that a pointer of [`Query::pass_lists`] leads to is only measured by its
/// brackets, and not yet validated: for lists of numbers, whose decoder accepts nothing that is
/// not JSON. Whether there was such an array; if its decoder fails or is not asked, [`scan`] must
/// have a word.
pub(crate) fn scan_around(record: &[u8], query: &Query, hits: &mut Hits) -> Result<bool> {
    whole(record, query, true, hits)
}

fn whole(record: &[u8], query: &Query, around: bool, hits: &mut Hits) -> Result<bool> {
    hits.clear();
    let mut scan = Scan { text: record, at: 0, query, hits, around, passed: 0, ascii: true };
    let whole = scan.whole();
    let (passed, ascii) = (scan.passed, scan.ascii);
    // What is ASCII is UTF-8: a pass of its own over every record costs 4 % of a run on raw pixels.
    if (whole.is_err() || !ascii)
        && let Err(e) = std::str::from_utf8(record)
    {
        return Err(Error::json(format!("not UTF-8 at offset {}", e.valid_up_to())));
    }
    let list = |h: &&Hit| query.wanted[usize::from(h.pointer)].list && record[h.start] == b'[';
    // Brackets in strings may have misled it; and of two equal keys nobody will decode the first.
    if passed > 0 && (whole.is_err() || passed > hits.iter().filter(list).count()) {
        return self::scan(record, query, hits).map(|()| false);
    }
    if query.wanted.iter().any(|wanted| wanted.aside) {
        hits.set_aside(|pointer| query.wanted[usize::from(pointer)].aside);
    }
    whole.map(|()| passed > 0)
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    query: &'a Query,
    hits: &'a mut Hits,
    /// Whether wanted lists are passed by their brackets, and how many were.
    around: bool,
    passed: usize,
    /// Whether everything so far was; outside of strings and passed arrays nothing else is taken.
    ascii: bool,
}

impl Scan<'_> {
    fn whole(&mut self) -> Result<()> {
        self.space();
        self.begin()?;
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
                "not JSON: NaN and Infinity, at offset {}, are not numbers there; write null, or pass allow_nan",
                self.at
            ))
            .with_remedies(vec![Remedy::new("as numbers", vec![("allow_nan", "true".into())])]),
            Some(rest) => Error::json(format!(
                "not JSON: {what} at offset {}: {}",
                self.at,
                quote(&rest[..rest.len().min(20)])
            )),
        }
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
                    self.hits.strings += 1;
                }
                Some(c @ (b'{' | b'[')) => {
                    self.check_depth(depth + open)?;
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
                Some(b'N') if self.query.nan => self.literal(b"NaN")?,
                Some(b'I') if self.query.nan => self.literal(b"Infinity")?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err(self.unexpected("expected a value")),
            }
            // After a value.
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

    /// Refuses one more value around values, where so many are open.
    fn check_depth(&self, open: usize) -> Result<()> {
        if open < MAX_DEPTH {
            return Ok(());
        }
        Err(Error::json(format!("nested deeper than {MAX_DEPTH} levels at offset {}", self.at)))
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
            if self.peek() == Some(b'I') && self.query.nan {
                return self.literal(b"Infinity");
            }
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
