//! A plan as it is written down: `OUT.plan.json`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, brief};
use crate::options::{Governs, Options};
use crate::plan::Plan as Frozen;
use crate::source::Input;
use crate::source::mark::Mark;
use crate::source::place::{Changed, Place, Stamp};
use crate::stores;

/// The version of the text, not of ndpix.
const FORMAT: u32 = 1;
/// What a plan of another ndpix would decode otherwise.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All of it, in the order of the text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sheet {
    ndpix_plan: u32,
    version: String,
    /// SHA-256 of what follows `run`.
    pub(super) id: String,
    /// Options that only say how a run goes on: with others the parts stay the same.
    run: BTreeMap<String, String>,
    /// The options as they were given, those that last: outputs record them.
    options: BTreeMap<String, String>,
    /// What they come to with these inputs.
    pub(super) frozen: Frozen,
    pub(super) out: Out,
    pub(super) inputs: Vec<Known>,
    pub(super) parts: Vec<Vec<Span>>,
}

/// What is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Out {
    pub(super) path: PathBuf,
    pub(super) format: String,
}

/// An input, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// When it was changed last: where that is the same nothing else is looked at, and where it is not, all is.
    /// Of an object 0.
    pub(crate) mtime_ns: i64,
    /// Of an object what its store calls this state of it: another one is another object.
    pub(crate) etag: Option<String>,
    /// How its records follow each other, where it has any.
    pub(crate) framing: String,
    pub(crate) compression: Vec<String>,
    /// Whether it begins with a byte order mark.
    pub(crate) bom: bool,
    /// Whether it is a rejects file.
    pub(crate) rejects: bool,
    /// CRC-32 of its first 64 KiB, and of its last.
    pub(crate) head: String,
    pub(crate) tail: String,
}

/// Bytes of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Sheet {
    pub(super) fn new(
        options: &Options,
        frozen: Frozen,
        (path, format): (&Path, &str),
        inputs: Vec<Known>,
        parts: Vec<Vec<Span>>,
    ) -> Result<Self> {
        let given = |of: &[Governs]| {
            let all = options.governing(of).into_iter();
            all.map(|(name, value)| (name.to_string(), value)).collect()
        };
        let mut sheet = Self {
            ndpix_plan: FORMAT,
            version: VERSION.to_string(),
            id: String::new(),
            run: given(&[Governs::Run]),
            options: given(&[Governs::Where, Governs::What, Governs::How]),
            frozen,
            out: Out { path: path.to_owned(), format: format.to_string() },
            inputs,
            parts,
        };
        sheet.id = sheet.sum()?;
        Ok(sheet)
    }

    /// SHA-256 of what a part depends on, as 16 characters.
    fn sum(&self) -> Result<String> {
        let inputs = &self.inputs;
        let all = (&self.version, &self.options, &self.frozen, &self.out, inputs, &self.parts);
        let text = serde_json::to_vec(&all).map_err(unwritten)?;
        let mut id = String::new();
        for byte in Sha256::digest(text).iter().take(8) {
            let _ = write!(id, "{byte:02x}");
        }
        Ok(id)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).map_err(unwritten)? + "\n")
    }

    pub(super) fn from_json(text: &str) -> Result<Self> {
        let refused = |why: String| {
            Error::plan(format!("the plan cannot be used: {why}; make it again with ndpix plan"))
        };
        #[derive(Deserialize)]
        struct Head {
            ndpix_plan: u32,
            version: String,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|e| refused(format!("it is not the text of a plan ({e})")).caused_by(e))?;
        if (head.ndpix_plan, head.version.as_str()) != (FORMAT, VERSION) {
            return Err(refused(format!(
                "it is of ndpix {} and this is {VERSION}",
                brief(&head.version)
            )));
        }
        let sheet: Self =
            serde_json::from_str(text).map_err(|e| refused(e.to_string()).caused_by(e))?;
        if sheet.sum()? != sheet.id {
            return Err(refused("it was changed after it was made".to_string()));
        }
        let whole = |span: &Span| {
            let known = sheet.inputs.get(span.file as usize);
            span.from <= span.to && known.is_some_and(|known| span.to <= known.size)
        };
        match sheet.parts.iter().flatten().all(whole) {
            true => Ok(sheet),
            false => Err(refused("its parts are not of its inputs".to_string())),
        }
    }

    /// The options as they were given.
    pub(super) fn options(&self) -> Result<Options> {
        let mut options = Options::default();
        let of_run =
            |name: &str| Options::table().any(|o| o.name == name && o.governs == Governs::Run);
        if let Some(name) = self.run.keys().find(|name| !of_run(name)) {
            return Err(Error::plan(format!(
                "the plan cannot be used: {} does not only say how a run goes on; make it again with ndpix plan",
                brief(name)
            )));
        }
        for (name, value) in self.options.iter().chain(&self.run) {
            options.set(name, value)?;
        }
        Ok(options)
    }
}

fn unwritten(error: serde_json::Error) -> Error {
    Error::plan(format!("the plan cannot be written down: {error}")).caused_by(error)
}

impl Known {
    /// A file as it is now, with nothing of what it holds.
    pub(crate) fn of(input: &Input, options: &Options) -> Result<Self> {
        let name = input.name();
        let once = || {
            Error::options(format!(
                "{name} can be read only once, and a plan is carried out in several processes; give the names of files"
            ))
        };
        let place = input.file().ok_or_else(once)?;
        if let Place::Path(path) = &place {
            path.metadata().map_err(|e| Error::io(format_args!("cannot open {name}"), e))?;
        }
        let named = |place: &Place| match place {
            Place::Path(path) => path.to_str().map(ToString::to_string),
            Place::Object(object) => Some(object.name().to_string()),
        };
        let (Some(stamp), Some(text)) = (place.stamp(), named(&place)) else {
            return Err(Error::options(format!(
                "{name} is not a regular file with a name in UTF-8, and a plan is carried out in several processes; give such files"
            )));
        };
        let mark = Mark::at(&place).ok_or_else(|| unreadable(&name))?;
        let (mtime_ns, etag) = changed(&stamp);
        Ok(Self {
            name: text,
            size: mark.bytes,
            mtime_ns,
            etag,
            framing: String::new(),
            compression: Vec::new(),
            bom: false,
            rejects: input.is_rejects() || options.rejects_input,
            head: format!("{:08x}", mark.head),
            tail: format!("{:08x}", mark.tail),
        })
    }

    /// The file, looked for anew.
    ///
    /// # Errors
    /// Kind `io` where an object cannot be found.
    pub(crate) fn place(&self) -> Result<Place> {
        let path = PathBuf::from(&self.name);
        let Some(address) = stores::address(&path) else { return Ok(Place::Path(path)) };
        let found = stores::look(address)?.map(Place::Object);
        found.ok_or_else(|| {
            let gone = std::io::ErrorKind::NotFound.into();
            Error::io(format_args!("cannot read {}, which the plan names", brief(address)), gone)
        })
    }

    /// As [`Known::place`].
    pub(super) fn input(&self) -> Result<Input> {
        self.place().map(|place| match place {
            Place::Path(path) => Input::Path(path),
            Place::Object(object) => Input::Object(object),
        })
    }

    /// Refuses a file that is not what it was when the plan was made.
    ///
    /// # Errors
    /// Kind `plan`; kind `io` where it cannot be read.
    pub(super) fn check(&self) -> Result<()> {
        let name = brief(&self.name);
        let place = self.place()?;
        if let Place::Path(path) = &place {
            path.metadata().map_err(|e| {
                Error::io(
                    format_args!(
                        "cannot open {name}, as the plan names it from the folder where it was made"
                    ),
                    e,
                )
            })?;
        }
        let stale = |why: String| {
            Error::plan(format!(
                "the plan is of other inputs: {name} {why}; make the plan again with ndpix plan, and run its parts"
            ))
        };
        let found = place.stamp().ok_or_else(|| stale("is no file any more".to_string()))?;
        if found.bytes != self.size {
            return Err(stale(format!(
                "has {} bytes, and had {} when the plan was made",
                found.bytes, self.size
            )));
        }
        let (mtime_ns, etag) = changed(&found);
        let tagged = etag.as_ref().is_some_and(|tag| !tag.is_empty());
        if (mtime_ns, &etag) == (self.mtime_ns, &self.etag) && (etag.is_none() || tagged) {
            return Ok(());
        }
        let mark = Mark::at(&place).ok_or_else(|| unreadable(&name))?;
        let ends = (format!("{:08x}", mark.head), format!("{:08x}", mark.tail));
        match !tagged && (&ends.0, &ends.1) == (&self.head, &self.tail) {
            true => Ok(()),
            false => Err(stale("has other bytes than when the plan was made".to_string())),
        }
    }
}

/// When a file was changed last, or what its store calls its state.
fn changed(stamp: &Stamp) -> (i64, Option<String>) {
    match &stamp.changed {
        Changed::At(seconds, nanos) => {
            (seconds.saturating_mul(1_000_000_000).saturating_add(*nanos), None)
        }
        Changed::Tag(tag) => (0, Some(tag.clone())),
    }
}

fn unreadable(name: &str) -> Error {
    Error::io(format_args!("cannot read {name}"), std::io::ErrorKind::Other.into())
}
