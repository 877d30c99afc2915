//! The one error of the library: a kind (who must act), a sentence, and where it happened.
//!
//! Stations make errors without a position; the engine adds it, because only the engine knows
//! which record a station was working on. Messages are one sentence, lower case, without a final
//! period, and hold little of what users wrote: at most 40 bytes of a value, escaped ([`quote`]), and 120 of
//! a name ([`brief`]; of a field with `{:#}`).

use std::fmt;
use std::sync::Arc;

/// What an error is about, named by who must act. Spelled as in rejects files and summaries.
///
/// ```
/// use ndpix::ErrorKind;
/// assert_eq!(ErrorKind::Unsupported.name(), "unsupported");
/// assert!(ErrorKind::ALL.contains(&ErrorKind::Limit));
/// ```
#[non_exhaustive]
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
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
    /// The bytes are not image, or of a format or variant that ndpix does not read.
    Unsupported,
    /// Sizes, byte counts, ranges, dtypes: the image does not fit what it should fit.
    Shape,
    /// A limit on record length, pixels or memory was passed.
    Limit,
    /// An image path that is not allowed, does not exist or cannot be read.
    Path,
    /// An image behind an address that cannot be fetched, or may not be.
    Fetch,
    /// The caller's options contradict themselves or each other.
    Options,
    /// The records do not fit one array, or the field cannot be found.
    Plan,
}

impl ErrorKind {
    /// All kinds, in the order of the summary.
    pub const ALL: [Self; 12] = [
        Self::Json,
        Self::Field,
        Self::Encoding,
        Self::Unsupported,
        Self::Image,
        Self::Shape,
        Self::Limit,
        Self::Path,
        Self::Fetch,
        Self::Io,
        Self::Options,
        Self::Plan,
    ];

    /// The kinds that concern one record or image.
    pub const OF_RECORDS: [Self; 9] = [
        Self::Json,
        Self::Field,
        Self::Encoding,
        Self::Unsupported,
        Self::Image,
        Self::Shape,
        Self::Limit,
        Self::Path,
        Self::Fetch,
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
            Self::Fetch => "fetch",
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// The error of every public function of this crate: a kind, a sentence, where in the input it happened, and
/// as its [`source`](std::error::Error::source) the error of the system or of a codec that led to it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    position: Option<Position>,
    source: Option<Cause>,
    remedies: Vec<Remedy>,
    passes: bool,
}

/// Options that would mend what an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// What they do, in a few words.
    pub what: String,
    /// Names and values, as [`Options::set`](crate::Options::set) takes them; of a flag the value is `true`.
    pub options: Vec<(&'static str, String)>,
}

impl Remedy {
    pub(crate) fn new(what: impl Into<String>, options: Vec<(&'static str, String)>) -> Self {
        Self { what: what.into(), options }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// An error of `kind` with a one-sentence message and no position yet.
    ///
    /// ```
    /// use ndpix::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Plan, "the records hold no image");
    /// assert_eq!(error.to_string(), "the records hold no image");
    /// assert_eq!((error.kind(), error.position()), (ErrorKind::Plan, None));
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            position: None,
            source: None,
            remedies: Vec::new(),
            passes: false,
        }))
    }

    /// A failure of the machine: `what` says what was being done, to which file. The system's own error is
    /// its [`source`](std::error::Error::source).
    ///
    /// ```
    /// use std::error::Error as _;
    /// let missing = std::fs::read("no/such/file").expect_err("missing");
    /// let error = ndpix::Error::io("cannot read no/such/file", missing);
    /// assert!(error.to_string().starts_with("cannot read no/such/file: "));
    /// let cause = error.source().and_then(|e| e.downcast_ref::<std::io::Error>());
    /// assert_eq!(cause.map(|e| e.kind()), Some(std::io::ErrorKind::NotFound));
    /// ```
    pub fn io(what: impl fmt::Display, source: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("{what}: {source}")).caused_by(source)
    }

    /// The same error, with what led to it as its [`source`](std::error::Error::source).
    pub(crate) fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// The same error, said of this position.
    ///
    /// ```
    /// use ndpix::{Error, ErrorKind, Position};
    /// let place = Position { file: "a.ndjson".into(), line: 3, byte: 120, item: 0 };
    /// let error = Error::new(ErrorKind::Json, "a string has no end").at(place);
    /// assert_eq!(error.to_string(), "a.ndjson:3: a string has no end");
    /// ```
    pub fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The same error, with the name of what it happened in; its position is in its sentence then.
    ///
    /// ```
    /// let error = ndpix::Error::new(ndpix::ErrorKind::Plan, "it has changed").within("part 3");
    /// assert_eq!(error.to_string(), "part 3: it has changed");
    /// ```
    pub fn within(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {self}");
        self.nowhere()
    }

    /// The same error, of something that stands nowhere: a value without a file around it.
    pub(crate) fn nowhere(mut self) -> Self {
        self.0.position = None;
        self
    }

    /// The same error, with what would mend it.
    pub(crate) fn with_remedies(mut self, remedies: Vec<Remedy>) -> Self {
        self.0.remedies = remedies;
        self
    }

    /// The same error, of something that may be otherwise in a while.
    pub(crate) fn passing(mut self) -> Self {
        self.0.passes = true;
        self
    }

    /// Whether the same may succeed in a while: a server that is busy, a connection that was cut. Only errors
    /// of kind `fetch` say so.
    pub fn is_transient(&self) -> bool {
        self.0.passes
    }

    /// Sets of options each of which would mend it; none where nothing is known to.
    pub fn remedies(&self) -> &[Remedy] {
        &self.0.remedies
    }

    /// Who must act.
    ///
    /// ```
    /// let error = ndpix::decode(b"7", &ndpix::Options::default()).expect_err("no image");
    /// assert_eq!(error.kind(), ndpix::ErrorKind::Field);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The sentence, without the position.
    ///
    /// ```
    /// let error = ndpix::Options::default().with("dtype", "float").expect_err("of which size?");
    /// assert!(error.message().starts_with("unknown dtype \"float\"; use one of bool, uint8"));
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, if it concerns one record.
    ///
    /// ```
    /// use ndpix::{Each, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": 7}\n");
    /// let options = Options::default().with("field", "image")?;
    /// ndpix::each(vec![records], &options, |each: Each<'_>| {
    ///     if let Err(error) = each.image {
    ///         assert_eq!(error.position().map(|p| (p.line, p.byte)), Some((2, 20)));
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok::<(), ndpix::Error>(())
    /// ```
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
        self.0.source.as_ref().map(|e| &**e as _)
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
    shape Shape, limit Limit, path Path, fetch Fetch, options Options, plan Plan);

/// A name for a message: at most 120 bytes of it, its beginning and its end where it is longer.
pub(crate) fn brief(name: &str) -> String {
    if name.len() <= 120 {
        return name.to_string();
    }
    let is_whole = |at: &usize| name.is_char_boundary(*at);
    let head = (0..=80).rev().find(is_whole).unwrap_or(0);
    let tail = (name.len() - 30..).find(is_whole).unwrap_or(name.len());
    format!("{}...{}", &name[..head], &name[tail..])
}

/// A number and what it counts, as one and as several: `1 image has`, `2 images have`.
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

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
