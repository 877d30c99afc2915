//! A row of the table of options.

use crate::error::Result;
use crate::options::Options;

/// What an option decides. A new option must say it, and whoever depends on options asks for it: an index
/// of a dataset, what an output says of its making, a folder of shards.
///
/// ```
/// use ndpix::{Governs, Options};
/// let governs = |name| Options::table().find(|option| option.name == name).map(|o| o.governs);
/// assert_eq!(governs("field"), Some(Governs::Where));
/// assert_eq!(governs("size"), Some(Governs::What));
/// assert_eq!(governs("chunks"), Some(Governs::How));
/// assert_eq!(governs("threads"), Some(Governs::Run));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Governs {
    /// Where images are: which records, fields and files are read. An index depends on it.
    Where,
    /// What the pixels of an image are, in the record and in the array.
    What,
    /// How the output holds them: its rows, columns and chunks.
    How,
    /// Only this run: it goes on in another way, and what it writes holds the same.
    Run,
}

impl Governs {
    /// The word in documentation.
    ///
    /// ```
    /// assert_eq!(ndpix::Governs::Run.name(), "run");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Where => "where",
            Self::What => "what",
            Self::How => "how",
            Self::Run => "run",
        }
    }
}

/// What a door has to know of an option to offer it.
///
/// ```
/// let on_missing = ndpix::Options::table().find(|o| o.name == "on_missing").expect("an option");
/// assert_eq!(on_missing.words, ["skip", "fill", "reject"]);
/// assert_eq!(on_missing.default.as_deref(), Some("skip"));
/// assert!(!on_missing.list && !on_missing.is_switch());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionInfo {
    /// Its name: the keyword, and the flag with `-` for `_`.
    pub name: &'static str,
    /// What it decides.
    pub governs: Governs,
    /// The words that it knows: all that it takes, or those among numbers, fields and chains; often none.
    pub words: Vec<&'static str>,
    /// Whether it takes several values, each on a line of its own in [`Options::set`].
    pub list: bool,
    /// Its default as text; `None` where that has no word.
    pub default: Option<String>,
}

impl OptionInfo {
    /// Whether it is on or off, and a flag without value.
    ///
    /// ```
    /// assert!(ndpix::Options::table().any(|option| option.name == "mixed" && option.is_switch()));
    /// ```
    pub fn is_switch(&self) -> bool {
        self.default.as_deref() == Some("false")
    }
}

pub(super) type Get = fn(&Options) -> Option<String>;
pub(super) type Set = fn(&mut Options, &str) -> Result<()>;

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) governs: Governs,
    /// Its value as text; `None`: not given.
    pub(super) get: Get,
    /// How text becomes the value.
    pub(super) set: Set,
    words: fn() -> Vec<&'static str>,
    list: bool,
}

pub(super) const fn row(name: &'static str, governs: Governs, get: Get, set: Set) -> Row {
    Row { name, governs, get, set, words: Vec::new, list: false }
}

impl Row {
    pub(super) const fn words(self, words: fn() -> Vec<&'static str>) -> Self {
        Self { words, ..self }
    }

    pub(super) const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    pub(super) fn info(&self) -> OptionInfo {
        let Self { name, governs, list, .. } = *self;
        OptionInfo {
            name,
            governs,
            words: (self.words)(),
            list,
            default: (self.get)(&Options::default()),
        }
    }
}
