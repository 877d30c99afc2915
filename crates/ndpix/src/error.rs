//! The one error of the library: a kind (who must act), a sentence, and where it happened.
//!
//! Stations make errors without a position; the engine adds it, because only the engine knows
//! which record a station was working on. Messages are one sentence, lower case, without a final
//! period, and quote at most 40 bytes of user data, escaped ([`quote`]).

use std::fmt;
use std::sync::Arc;

/// What an error is about, named by who must act. Spelled as in rejects files and summaries.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The machine: reading, writing, disk, memory.
    Io,
    /// The record is not JSON (RFC 8259) or not UTF-8.
    Json,
    /// The record is JSON but its image field is absent, empty or of the wrong JSON type.
    Field,
    /// The text of the value does not decode (base64, hex, data URL, compressed payload).
    Encoding,
    /// The bytes are an image of a known format but damaged.
    Image,
    /// The bytes are no image, or of a format or variant that ndpix does not read.
    Unsupported,
    /// Sizes, byte counts, ranges, dtypes: the image does not fit what it should fit.
    Shape,
    /// A limit on record length, pixels or memory was passed.
    Limit,
    /// An image path that is not allowed, does not exist or cannot be read.
    Path,
    /// The caller's options contradict themselves or each other.
    Options,
    /// The records do not fit one array, or the field cannot be found.
    Plan,
}

impl ErrorKind {
    /// All kinds, in the order of the summary.
    pub const ALL: [Self; 11] = [
        Self::Json,
        Self::Field,
        Self::Encoding,
        Self::Unsupported,
        Self::Image,
        Self::Shape,
        Self::Limit,
        Self::Path,
        Self::Io,
        Self::Options,
        Self::Plan,
    ];

    /// The word in rejects files, summaries and Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Json => "json",
            Self::Field => "field",
            Self::Encoding => "encoding",
            Self::Image => "image",
            Self::Unsupported => "unsupported",
            Self::Shape => "shape",
            Self::Limit => "limit",
            Self::Path => "path",
            Self::Options => "options",
            Self::Plan => "plan",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in the (decompressed) input something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The input as the caller named it; `-` is standard input.
    pub file: Arc<str>,
    /// Line on which the record starts, from 1.
    pub line: u64,
    /// Offset of the record's first byte, from 0.
    pub byte: u64,
    /// Which image of the record, from 0.
    pub item: u32,
}

/// The error of every public function of this crate.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    position: Option<Position>,
    source: Option<std::io::Error>,
}

impl Error {
    /// An error of `kind` with a one-sentence message and no position yet.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), position: None, source: None }))
    }

    /// A failure of the machine: `what` says what was being done, to which file.
    pub fn io(what: impl fmt::Display, source: std::io::Error) -> Self {
        let message = format!("{what}: {source}");
        Self(Box::new(Inner { kind: ErrorKind::Io, message, position: None, source: Some(source) }))
    }

    /// The same error, said of this position.
    pub fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The sentence, without the position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, if it concerns one record.
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(p) = &self.0.position {
            write!(f, "{}:{}: ", p.file, p.line)?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! constructors {
    ($($name:ident $kind:ident),*) => { impl Error { $(
        #[doc = concat!("Shorthand for [`Error::new`] with [`ErrorKind::", stringify!($kind), "`].")]
        pub(crate) fn $name(message: impl Into<String>) -> Self { Self::new(ErrorKind::$kind, message) }
    )* } };
}
constructors!(json Json, field Field, encoding Encoding, image Image, unsupported Unsupported,
    shape Shape, limit Limit, path Path, options Options, plan Plan);

/// User data for a message: at most 40 bytes, escaped, in double quotes, `...` when cut.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(40)];
    let text = String::from_utf8_lossy(cut);
    let mut out = String::with_capacity(cut.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\'' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out.push('"');
    if cut.len() < bytes.len() {
        out.push_str("...");
    }
    out
}
