//! Station 2: cut a stream of bytes into batches of record spans.
//!
//! [`Feed`] goes through its inputs in order and fills a text with whole records. Where records
//! begin and end is decided by one scanner per file ([`lines`], [`values`], [`seq`]), which never
//! sees a byte twice and keeps no text; so results do not depend on how the bytes arrive. Whether
//! a record is JSON is left to `record`.

mod feed;
mod lines;
mod seq;
mod sniff;
mod values;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, quote};

pub(crate) use feed::{Begins, Feed, FeedCounts, Pick, Picked, Start};

/// How records follow each other in a file.
///
/// ```
/// use ndpix::{Framing, Input, Options};
/// let mut options = Options::default().with("field", "image")?;
/// options.framing = Framing::Array;
/// let mut images = 0;
/// let records = Input::bytes(r#"[{"image": [[1, 2]]}, {"image": [[3, 4]]}]"#);
/// ndpix::each(vec![records], &options, |each| {
///     images += usize::from(each.image.is_ok());
///     Ok(())
/// })?;
/// assert_eq!(images, 2);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Decided for each file by how it begins.
    #[default]
    Auto,
    /// One record on each line (NDJSON, JSON Lines).
    Lines,
    /// The elements of one JSON array.
    Array,
    /// JSON values one after another, with or without white space between them.
    Concat,
    /// JSON text sequences (RFC 7464): a record separator (0x1E) before each record.
    Seq,
}

impl Framing {
    /// All framings, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Lines, Self::Array, Self::Concat, Self::Seq];

    /// The word in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Lines => "lines",
            Self::Array => "array",
            Self::Concat => "concat",
            Self::Seq => "seq",
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Framing {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|f| f.name() == word).ok_or_else(|| {
            let found = quote(word.as_bytes());
            Error::options(format!(
                "framing {found} is not known; use auto, lines, array, concat or seq"
            ))
        })
    }
}

/// What a scanner found; the record or the gap before it ends where the scanner stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// A record begins here.
    Begin,
    /// The record ends here, perhaps with white space before.
    End,
    /// A blank line ended.
    Blank,
    /// The bytes are used up.
    More,
    /// The file is at its end.
    Done,
    /// It cannot be told where records begin and end: what was found.
    Lost(&'static str),
}

/// How far a scanner came in the bytes it was given, and what it met there.
#[derive(Debug, Clone, Copy)]
struct Step {
    used: usize,
    newlines: u64,
    event: Event,
}

#[derive(Debug)]
enum Scanner {
    Lines(lines::Lines),
    Values(values::Values),
    Seq(seq::Seq),
}

impl Scanner {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Auto | Framing::Lines => Self::Lines(lines::Lines::default()),
            Framing::Array => Self::Values(values::Values::array()),
            Framing::Concat => Self::Values(values::Values::concat()),
            Framing::Seq => Self::Seq(seq::Seq::default()),
        }
    }

    /// A scanner of lines that begins after the record of a line, or before a line.
    fn on_line(recorded: bool) -> Self {
        Self::Lines(lines::Lines::begin(recorded))
    }

    /// Goes on in `bytes`, the ones after those already used. `last`: none follow them.
    fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        let (used, event) = match self {
            Self::Lines(lines) => return lines.step(bytes, last),
            Self::Values(values) => values.step(bytes, last),
            Self::Seq(seq) => seq.step(bytes, last),
        };
        let newlines = memchr::memchr_iter(b'\n', &bytes[..used]).count() as u64;
        Step { used, newlines, event }
    }
}

/// White space of JSON (RFC 8259).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn leading_space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&b| is_space(b)).count()
}

fn trailing_space(bytes: &[u8]) -> usize {
    bytes.iter().rev().take_while(|&&b| is_space(b)).count()
}

#[cfg(test)]
mod tests;
