//! The framing of a file from how it begins: a decidable look at its first line, never a guess
//! from its name. A first line over the record limit is not looked at to its end.

use super::values::{Nesting, Scan};
use super::{Framing, leading_space, seq};

/// White space that is looked through; after more of it everything counts as lines, so that none
/// has to be held.
const SPACE: usize = 1 << 20;

/// How much of the first line was looked at.
#[derive(Debug, Default)]
pub(super) struct Sniff {
    /// First byte of the first value.
    start: Option<usize>,
    /// Bytes already looked at.
    seen: usize,
    /// Something other than white space follows the first byte.
    inner: bool,
    /// Where the first value ended; only what follows it on its line is of interest.
    complete: Option<usize>,
    nesting: Nesting,
}

impl Sniff {
    /// The framing of a file that begins with `bytes`, or `None` if it takes more of them. `bytes`
    /// must begin at the same place each time.
    pub(super) fn decide(&mut self, bytes: &[u8], last: bool, max: u64) -> Option<Framing> {
        let undecided = |framing| last.then_some(framing);
        let start = match self.start {
            Some(start) => start,
            None => {
                self.seen += leading_space(&bytes[self.seen..]);
                if self.seen > SPACE {
                    return Some(Framing::Lines);
                }
                if self.seen == bytes.len() {
                    return undecided(Framing::Lines);
                }
                self.start = Some(self.seen);
                self.seen
            }
        };
        match bytes[start] {
            seq::SEPARATOR => return Some(Framing::Seq),
            b'{' | b'[' => {}
            _ => return Some(Framing::Lines),
        }
        if !self.inner {
            let from = self.seen.max(start + 1);
            self.seen = from + leading_space(&bytes[from.min(bytes.len())..]);
            if self.seen - start > SPACE {
                return Some(Framing::Lines);
            }
            match (bytes[start], bytes.get(self.seen)) {
                (_, None) if !last => return None,
                (b'[', None | Some(b'{')) => return Some(Framing::Array),
                _ => {}
            }
            self.inner = true;
            self.seen = start;
        }
        self.first_line(bytes, start, last, max)
    }

    /// Follows the value of the first line to its end or to the end of the line.
    fn first_line(&mut self, bytes: &[u8], start: usize, last: bool, max: u64) -> Option<Framing> {
        let array = bytes[start] == b'[';
        let newline = memchr::memchr(b'\n', &bytes[self.seen..]).map(|n| self.seen + n);
        let end = newline.unwrap_or(bytes.len());
        let line_ended = newline.is_some() || last;
        let incomplete = if array { Framing::Array } else { Framing::Lines };
        let complete = match self.complete {
            Some(complete) => complete,
            None => {
                // Not a byte after the limit counts, however many of them are here already.
                let most = start.saturating_add(usize::try_from(max).unwrap_or(usize::MAX));
                match self.nesting.scan(&bytes[self.seen..end.min(most)]) {
                    Scan::Unbalanced(_) => return Some(incomplete),
                    Scan::More(_) if most <= end => return Some(incomplete),
                    Scan::More(_) if line_ended => {
                        let alone =
                            !array && leading_space(&bytes[start + 1..end]) == end - start - 1;
                        return Some(if alone { Framing::Concat } else { incomplete });
                    }
                    Scan::More(_) => {
                        self.seen = end;
                        return None;
                    }
                    Scan::End(_) if array => return Some(Framing::Lines),
                    Scan::End(used) => {
                        self.seen += used;
                        *self.complete.insert(self.seen)
                    }
                }
            }
        };
        self.seen += leading_space(&bytes[self.seen..end]);
        if self.seen - complete > SPACE {
            return Some(Framing::Lines);
        }
        match bytes[self.seen..end].first() {
            Some(b'{') => Some(Framing::Concat),
            Some(_) => Some(Framing::Lines),
            None => line_ended.then_some(Framing::Lines),
        }
    }
}
