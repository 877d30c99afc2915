//! Station 1: open an input and give its decompressed bytes.
//!
//! An [`Input`] is a path, an object of a store, standard input, bytes in memory or a reader of the caller's. Compression
//! is recognised by the first bytes, never by a name, and at most two layers of it are taken off.
//! Cutting the bytes into records is left to `framing`.

mod compressed;
pub(crate) mod cut;
mod folder;
mod gzip;
pub(crate) mod mark;
mod members;
mod original;
pub(crate) mod place;
pub(crate) mod random;
pub(crate) mod reference;
pub(crate) mod search;

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::control::Meter;
use crate::error::{Error, Result, brief};
use crate::paths::{Base, absolute};
use crate::stores::{self, Object};

use place::{Place, Stamp};

/// Something that holds records. Compressed ones (gzip, zstd, bzip2, xz) are recognised by their first bytes.
///
/// ```
/// use ndpix::{Input, Options};
/// let text = "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n";
/// let input = Input::Reader { name: "a socket".into(), reader: Box::new(text.as_bytes()) };
/// let report = ndpix::inspect(vec![input], &Options::default().with("field", "image")?)?;
/// assert_eq!((report.images, report.field.as_deref()), (2, Some("image")));
/// # Ok::<(), ndpix::Error>(())
/// ```
pub enum Input {
    /// A file, opened when it is its turn.
    Path(PathBuf),
    /// A file that lies elsewhere, opened when it is its turn.
    Object(Arc<dyn Object>),
    /// The lines of a file from one of its bytes to another, `from` after a line end or at its beginning and
    /// `to` after one or at its end. It is no file of its own: what it begins with is a line, whatever that
    /// looks like. Positions are offsets in the file, and lines are counted from 1.
    Range {
        /// The file, which is not compressed.
        place: Place,
        /// The first byte, from 0.
        from: u64,
        /// The byte after the last.
        to: u64,
    },
    /// Standard input.
    Stdin,
    /// Text in memory.
    Bytes(Arc<[u8]>),
    /// Any reader, with the name that messages call it by.
    Reader {
        /// What messages call it.
        name: String,
        /// Where the bytes come from.
        reader: Box<dyn Read + Send>,
    },
    /// What gives the same bytes as often as it is opened.
    Repeated {
        /// What messages call it.
        name: String,
        /// Opens it from the beginning.
        open: Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>,
    },
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Input").field(&self.name()).finish()
    }
}

impl Input {
    /// A copy of this text: records in memory.
    ///
    /// ```
    /// let input = ndpix::Input::bytes(r#"{"image": [[0, 255]]}"#);
    /// let loaded = ndpix::load(vec![input], &ndpix::Options::default().with("field", "image")?, &ndpix::Control::default());
    /// assert_eq!(loaded.result?.shape, [1, 1, 2]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn bytes(text: impl AsRef<[u8]>) -> Self {
        Self::Bytes(text.as_ref().into())
    }

    /// The name as the user wrote it; `-` is standard input, `bytes` is text in memory.
    ///
    /// ```
    /// assert_eq!(&*ndpix::Input::Path("a.ndjson".into()).name(), "a.ndjson");
    /// assert_eq!(&*ndpix::Input::Stdin.name(), "-");
    /// ```
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::Path(path) => path.to_string_lossy().into(),
            Self::Object(object) => object.name().into(),
            Self::Range { place, .. } => place.name(),
            Self::Stdin => "-".into(),
            Self::Bytes(_) => "bytes".into(),
            Self::Reader { name, .. } | Self::Repeated { name, .. } => name.as_str().into(),
        }
    }

    /// Inputs for what a user wrote: `-` is standard input, `s3://bucket/key` and its like are objects where this
    /// process reads stores ([`set_stores`](crate::set_stores)), a folder is its files that end in `.ndjson` or `.jsonl`,
    /// compressed or not, what else exists is itself, and anything else is a glob, expanded in byte order.
    ///
    /// ```
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("b.ndjson"), "")?;
    /// std::fs::write(folder.path().join("a.ndjson"), "")?;
    /// let inputs = ndpix::Input::expand(&[folder.path().join("*.ndjson")])?;
    /// let names: Vec<_> = inputs.iter().map(ndpix::Input::name).collect();
    /// assert!(names[0].ends_with("a.ndjson") && names[1].ends_with("b.ndjson"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options` for a folder without such files, `io` where nothing matches or a file cannot be looked at.
    pub fn expand(patterns: &[impl AsRef<Path>]) -> Result<Vec<Self>> {
        Self::expand_noting(patterns, &mut |_| {})
    }

    /// As [`Input::expand`]; `note` hears of each folder how many of its files are read, and how many are not.
    ///
    /// ```
    /// let folder = tempfile::tempdir()?;
    /// for name in ["b.jsonl", "a.ndjson", "a.npy.rejects.ndjson"] {
    ///     std::fs::write(folder.path().join(name), "")?;
    /// }
    /// let mut notes = Vec::new();
    /// let inputs = ndpix::Input::expand_noting(&[folder.path()], &mut |text| notes.push(text.to_string()))?;
    /// assert!(inputs[0].name().ends_with("a.ndjson") && inputs[1].name().ends_with("b.jsonl"));
    /// assert!(notes[0].contains("2 files are read") && notes[0].contains("passed over: 1"), "{notes:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Input::expand`].
    pub fn expand_noting(
        patterns: &[impl AsRef<Path>],
        note: &mut dyn FnMut(&str),
    ) -> Result<Vec<Self>> {
        let mut inputs = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if pattern.as_os_str() == OsStr::new("-") {
                inputs.push(Self::Stdin);
                continue;
            }
            if let Some(address) = stores::address(pattern) {
                let objects = match stores::is_folder(address) {
                    false => stores::find(address)?,
                    true => {
                        let all = stores::find(&format!("{address}*"))?;
                        let is_taken = |o: &Arc<dyn Object>| {
                            o.name().rsplit('/').next().is_some_and(folder::is_taken)
                        };
                        let (taken, passed): (Vec<_>, Vec<_>) = all.into_iter().partition(is_taken);
                        let passed = passed
                            .iter()
                            .map(|o| o.name().rsplit('/').next().unwrap_or_default().to_string());
                        note(&folder::said(address, taken.len(), passed.collect())?);
                        taken
                    }
                };
                inputs.extend(objects.into_iter().map(Self::Object));
                continue;
            }
            match pattern.metadata() {
                Ok(m) if m.is_dir() => {
                    let (taken, passed) = folder::files(pattern)?;
                    note(&folder::said(&pattern.display().to_string(), taken.len(), passed)?);
                    inputs.extend(taken.into_iter().map(Self::Path));
                }
                Ok(_) => inputs.push(Self::Path(pattern.to_owned())),
                Err(e) => inputs.extend(matches(pattern, e)?.into_iter().map(Self::Path)),
            }
        }
        Ok(inputs)
    }

    /// The same input once more; `None` where it can be read only once.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::Path(path) if self.is_file() => Some(Self::Path(path.clone())),
            Self::Object(object) => Some(Self::Object(Arc::clone(object))),
            Self::Bytes(bytes) => Some(Self::Bytes(Arc::clone(bytes))),
            Self::Range { place, from, to } => {
                Some(Self::Range { place: place.clone(), from: *from, to: *to })
            }
            Self::Repeated { name, open } => {
                Some(Self::Repeated { name: name.clone(), open: Arc::clone(open) })
            }
            Self::Path(_) | Self::Stdin | Self::Reader { .. } => None,
        }
    }

    /// Size of the raw bytes, where it is known before they are read.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Range { from, to, .. } => Some(to.saturating_sub(*from)),
            Self::Path(_) | Self::Object(_) => Some(self.stamp()?.bytes),
            Self::Stdin | Self::Reader { .. } | Self::Repeated { .. } => None,
        }
    }

    /// What the file is now; none of what is no file, or a part of one.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.file()?.stamp()
    }

    /// Whether it is a file that can be read from any of its bytes.
    pub(crate) fn is_file(&self) -> bool {
        self.stamp().is_some()
    }

    /// The file that it is.
    pub(crate) fn file(&self) -> Option<Place> {
        match self {
            Self::Path(path) => Some(Place::Path(path.clone())),
            Self::Object(object) => Some(Place::Object(Arc::clone(object))),
            Self::Range { .. } | Self::Stdin | Self::Bytes(_) => None,
            Self::Reader { .. } | Self::Repeated { .. } => None,
        }
    }

    /// The file on a disk that it is, or is a part of.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Range { place: Place::Path(path), .. } => Some(path),
            Self::Object(_) | Self::Range { .. } => None,
            Self::Stdin | Self::Bytes(_) | Self::Reader { .. } | Self::Repeated { .. } => None,
        }
    }

    /// The byte of its file with which it begins, where it is a part of one.
    pub(crate) fn begins_at(&self) -> Option<u64> {
        match self {
            Self::Range { from, .. } => Some(*from),
            _ => None,
        }
    }

    /// Where relative paths inside the records begin.
    pub(crate) fn base(&self) -> Option<Base> {
        let folder = absolute(self.path()?).parent()?.to_owned();
        Some(Base { folder, original: None })
    }

    /// Whether its name is that of a rejects file. What it holds does not count: it is data.
    pub(crate) fn is_rejects(&self) -> bool {
        let ends = |name: &[u8]| name.ends_with(b".rejects.ndjson");
        let place = match self {
            Self::Range { place, .. } => Some(place.clone()),
            _ => self.file(),
        };
        place.is_some_and(|place| match place {
            Place::Path(path) => ends(path.as_os_str().as_encoded_bytes()),
            Place::Object(object) => ends(object.name().as_bytes()),
        })
    }
}

/// Whether a name that is not one of a file reads like records.
fn is_text(name: &[u8]) -> bool {
    let begins = matches!(name.trim_ascii_start().first(), Some(b'{' | b'['));
    name.contains(&b'\n') || (begins && name.contains(&b'"'))
}

/// A name as it is shown in messages.
fn shown(path: &Path) -> String {
    brief(&path.display().to_string())
}

/// The files that match a glob; `why` is the reason why it is not the name of a file.
fn matches(pattern: &Path, why: io::Error) -> Result<Vec<PathBuf>> {
    if is_text(pattern.as_os_str().as_encoded_bytes()) {
        return Err(Error::options(
            "an input is the name of a file, and this is the text of records; give text as bytes, in Python text.encode()",
        ));
    }
    let missing = |why| Error::io(format!("cannot read {}", shown(pattern)), why);
    let text = match pattern.to_str() {
        Some(text) if text.contains(['*', '?', '[']) => text,
        _ => return Err(missing(why)),
    };
    let found = glob::glob(text).map_err(|e| {
        Error::options(format!("{} is neither a file nor a glob: {e}", shown(pattern))).caused_by(e)
    })?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|e| {
            let what = format!("cannot read {}", shown(e.path()));
            Error::io(what, e.into())
        })?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(missing(io::Error::new(io::ErrorKind::NotFound, "no file matches")));
    }
    paths.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(paths)
}

/// The decompressed bytes of one input.
pub(crate) struct Opened {
    reader: Box<dyn Read + Send>,
    /// Names of the compressions that were taken off, outermost first.
    pub(crate) compressions: Vec<&'static str>,
}

impl Read for Opened {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

/// Opens an input and takes off its compression; a reader of the caller's is used up.
///
/// From any byte but the first a file is no stream of its own: what it begins with there is text, whatever it
/// looks like. `meter` notes every raw byte that is read. What does not have to be waited for is decompressed by as many
/// `threads` as can.
pub(crate) fn open(
    input: &mut Input,
    from: u64,
    meter: Arc<Meter>,
    threads: usize,
) -> Result<Opened> {
    let name = input.name();
    let waits = !input.is_file() && !matches!(input, Input::Bytes(_));
    let threads = if waits { 1 } else { threads };
    if from > 0 || input.begins_at().is_some() {
        return open_at(input, from, meter)
            .map_err(|e| Error::io(format!("cannot open {name}"), e));
    }
    let raw: Box<dyn Read + Send> = match input {
        Input::Path(_) | Input::Object(_) => {
            let opened = input.file().map(|place| place.open(0, None)).transpose();
            let opened = opened.map_err(|e| Error::io(format!("cannot open {name}"), e))?;
            opened.unwrap_or_else(|| Box::new(io::empty()))
        }
        Input::Stdin => Box::new(io::stdin()),
        Input::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        Input::Range { .. } => Box::new(io::empty()),
        Input::Reader { reader, .. } => std::mem::replace(reader, Box::new(io::empty())),
        Input::Repeated { open, .. } => {
            open().map_err(|e| Error::io(format!("cannot open {name}"), e))?
        }
    };
    let mut peeked = Peeked::new(Box::new(Counted { inner: raw, meter }));
    let mut compressions = Vec::new();
    while compressions.len() < 2
        && let Some(kind) = compressed::Compression::of(&peeked.prefix)
    {
        compressions.push(kind.name());
        peeked = Peeked::new(kind.decoder(peeked, threads).map_err(|e| error(&name, e))?);
    }
    if is_utf16(&peeked.prefix) {
        return Err(Error::json("input is UTF-16; convert it to UTF-8"));
    }
    if let Some(kind) = arrays(&peeked.prefix) {
        return Err(Error::json(format!(
            "input is {kind}, and records are JSON; what reads such files reads this one"
        )));
    }
    Ok(Opened { reader: Box::new(peeked), compressions })
}

/// The bytes of a file from byte `from` on.
fn open_at(input: &Input, from: u64, meter: Arc<Meter>) -> io::Result<Opened> {
    let inner = match input {
        Input::Range { place, from: first, to } => place.open(from.max(*first), Some(*to)),
        _ => input.file().ok_or(io::ErrorKind::NotSeekable)?.open(from, None),
    }?;
    let reader = Box::new(Counted { inner, meter });
    Ok(Opened { reader, compressions: Vec::new() })
}

/// Whether a failed read of an opened input means that a compressed stream ends early.
pub(crate) fn is_cut(e: &io::Error) -> bool {
    let damaged = e.get_ref().and_then(|inner| inner.downcast_ref::<compressed::Damaged>());
    damaged.is_some_and(|damaged| damaged.why.kind() == io::ErrorKind::UnexpectedEof)
}

/// What a failed read of an opened input means: damaged data, or the machine.
pub(crate) fn error(name: &str, e: io::Error) -> Error {
    let remedy = match is_cut(&e) {
        true => "; on_truncated keep reads what stands before",
        false => "",
    };
    match e.downcast::<compressed::Damaged>() {
        Ok(damaged) => Error::encoding(format!("{damaged}{remedy}")).caused_by(damaged.why),
        Err(e) => {
            let e = e.downcast::<Raw>().map_or_else(|e| e, |raw| raw.0);
            let name = if name == "-" { "standard input" } else { name };
            Error::io(format!("cannot read {name}"), e)
        }
    }
}

/// A byte order mark, or two ASCII characters with NULs between.
fn is_utf16(prefix: &[u8]) -> bool {
    matches!(prefix, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || matches!(prefix, &[a, 0, b, 0, ..] | &[0, a, 0, b, ..] if a != 0 && b != 0)
}

/// What files that hold arrays begin with, and no JSON.
fn arrays(prefix: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], _); 4] = [
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a zip archive, as .npz is"),
    ];
    known.into_iter().find(|(magic, _)| prefix.starts_with(magic)).map(|(_, kind)| kind)
}

/// A failure of the raw reader, marked so that it is not taken for damaged data.
#[derive(Debug)]
struct Raw(io::Error);

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Raw {}

/// Counts raw bytes and marks raw failures.
struct Counted {
    inner: Box<dyn Read + Send>,
    meter: Arc<Meter>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.meter.read(|| self.inner.read(buf)) {
            Ok(n) => Ok(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => Err(io::Error::new(e.kind(), Raw(e))),
        }
    }
}

/// A reader whose first bytes were looked at; a failure met on the way waits for its turn.
struct Peeked {
    prefix: Vec<u8>,
    given: usize,
    failure: Option<io::Error>,
    inner: Box<dyn Read + Send>,
}

impl Peeked {
    fn new(mut inner: Box<dyn Read + Send>) -> Self {
        let mut prefix = Vec::new();
        let failure = (&mut inner).take(8).read_to_end(&mut prefix).err();
        Self { prefix, given: 0, failure, inner }
    }
}

impl Read for Peeked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given < self.prefix.len() {
            let n = (&self.prefix[self.given..]).read(buf)?;
            self.given += n;
            return Ok(n);
        }
        match self.failure.take() {
            Some(e) => Err(e),
            None => self.inner.read(buf),
        }
    }
}
