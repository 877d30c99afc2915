//! Records that are the elements of one array, or values one after another: a scanner of quotes,
//! escapes and brackets. It finds where a value ends if it is well formed, and says when it
//! cannot; everything else about JSON is left to the parser.

use super::{Event, leading_space};

/// Brackets remembered by kind; deeper ones are only counted, since the parser refuses them.
const REMEMBERED: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the `[` of the whole.
    Open,
    /// After it: an element or `]`.
    First,
    /// After a comma: an element.
    Element,
    /// After an element: a comma or `]`.
    Rest,
    /// After the `]` of the whole.
    Closed,
    /// Before a top-level value.
    Value,
    /// In an element or value.
    Inside,
}

/// Scans the elements of an array, or concatenated values.
#[derive(Debug)]
pub(super) struct Values {
    at: At,
    array: bool,
    nesting: Nesting,
}

impl Values {
    pub(super) fn array() -> Self {
        Self { at: At::Open, array: true, nesting: Nesting::default() }
    }

    pub(super) fn concat() -> Self {
        Self { at: At::Value, array: false, nesting: Nesting::default() }
    }

    pub(super) fn step(&mut self, bytes: &[u8], last: bool) -> (usize, Event) {
        if self.at == At::Inside {
            return match self.nesting.scan(bytes) {
                Scan::More(used) if !last => (used, Event::More),
                Scan::More(used) => {
                    // A record cut by the end of the file is the parser's to refuse, and is all
                    // that is said about the cut.
                    let whole = self.nesting.is_scalar();
                    self.at = if self.array && whole { At::Rest } else { At::Closed };
                    (used, Event::End)
                }
                Scan::End(used) => {
                    self.at = if self.array { At::Rest } else { At::Value };
                    (used, Event::End)
                }
                Scan::Unbalanced(used) => {
                    (used, Event::Lost("a bracket is closed that was not opened"))
                }
            };
        }
        let mut used = 0;
        loop {
            used += leading_space(&bytes[used..]);
            let Some(&byte) = bytes.get(used) else {
                return (used, if last { self.end() } else { Event::More });
            };
            let lost = match (self.at, byte) {
                (At::Open, b'[') => {
                    self.at = At::First;
                    used += 1;
                    continue;
                }
                (At::Rest, b',') => {
                    self.at = At::Element;
                    used += 1;
                    continue;
                }
                (At::First | At::Rest, b']') => {
                    self.at = At::Closed;
                    used += 1;
                    continue;
                }
                (At::Open, _) => "an array was expected, which begins with a \"[\"",
                (At::Rest, _) => "a comma or \"]\" is missing between the elements of the array",
                (At::Closed, _) => {
                    "there is text after the \"]\" of the array; if each line is a record, use framing lines"
                }
                (_, b',' | b':' | b']' | b'}') => "a value was expected",
                _ => {
                    self.at = At::Inside;
                    self.nesting.restart();
                    return (used, Event::Begin);
                }
            };
            return (used, Event::Lost(lost));
        }
    }

    fn end(&self) -> Event {
        match self.at {
            At::First | At::Rest | At::Element => {
                Event::Lost("the input ends before the \"]\" of the array")
            }
            At::Open | At::Closed | At::Value | At::Inside => Event::Done,
        }
    }
}

/// What a scan of one value came to, with the bytes it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// It goes on.
    More(usize),
    /// It ended here.
    End(usize),
    /// A bracket does not match.
    Unbalanced(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before the first byte of the value.
    #[default]
    Before,
    /// In a number or word that stands alone.
    Scalar,
    /// Between the tokens of an array or object.
    Between,
    /// In a string.
    String,
    /// After a backslash in a string.
    Escape,
}

/// Follows one value to its end.
#[derive(Debug)]
pub(super) struct Nesting {
    state: State,
    depth: usize,
    /// Bit `d` is set where the bracket at depth `d` is a curly one.
    curly: [u64; REMEMBERED / 64],
}

impl Default for Nesting {
    fn default() -> Self {
        Self { state: State::Before, depth: 0, curly: [0; REMEMBERED / 64] }
    }
}

impl Nesting {
    /// Gets ready for another value. The kinds of brackets are set again as they are opened.
    fn restart(&mut self) {
        self.state = State::Before;
        self.depth = 0;
    }

    /// The value is a number or word, which ends where the bytes end.
    fn is_scalar(&self) -> bool {
        self.state == State::Scalar
    }

    /// Goes on in `bytes`; the first byte of the value is not white space.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Before => match bytes[at] {
                    b'{' | b'[' | b'"' => self.state = State::Between,
                    _ => self.state = State::Scalar,
                },
                State::Scalar => {
                    let ends = |&b: &u8| CLASS[b as usize] != 0;
                    return match bytes[at..].iter().position(ends) {
                        Some(n) => Scan::End(at + n),
                        None => Scan::More(bytes.len()),
                    };
                }
                State::Between => {
                    let Some(n) = bytes[at..].iter().position(|&b| CLASS[b as usize] == 2) else {
                        return Scan::More(bytes.len());
                    };
                    at += n + 1;
                    match bytes[at - 1] {
                        b'"' => self.state = State::String,
                        b'{' => self.open(true),
                        b'[' => self.open(false),
                        close => {
                            if !self.close(close == b'}') {
                                return Scan::Unbalanced(at - 1);
                            }
                            if self.depth == 0 {
                                return Scan::End(at);
                            }
                        }
                    }
                }
                State::String => match memchr::memchr2(b'"', b'\\', &bytes[at..]) {
                    None => return Scan::More(bytes.len()),
                    Some(n) => {
                        at += n + 1;
                        if bytes[at - 1] == b'\\' {
                            self.state = State::Escape;
                        } else {
                            self.state = State::Between;
                            if self.depth == 0 {
                                return Scan::End(at);
                            }
                        }
                    }
                },
                State::Escape => {
                    at += 1;
                    self.state = State::String;
                }
            }
        }
        Scan::More(at)
    }

    fn open(&mut self, curly: bool) {
        if self.depth < REMEMBERED {
            let bit = 1 << (self.depth % 64);
            if curly {
                self.curly[self.depth / 64] |= bit;
            } else {
                self.curly[self.depth / 64] &= !bit;
            }
        }
        self.depth += 1;
    }

    /// Whether the bracket that was opened last is of this kind.
    fn close(&mut self, curly: bool) -> bool {
        let Some(depth) = self.depth.checked_sub(1) else { return false };
        self.depth = depth;
        depth >= REMEMBERED || (self.curly[depth / 64] >> (depth % 64) & 1 == 1) == curly
    }
}

/// 2: a quote or bracket. 1: another byte that ends a number or word.
static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut i = 0;
    while i < 256 {
        class[i] = match i as u8 {
            b'"' | b'[' | b']' | b'{' | b'}' => 2,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => 1,
            _ => 0,
        };
        i += 1;
    }
    class
};
