//! What a run looks out for that found its field by itself.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::text::ordered;

/// How much the name of a field speaks for an image; the larger, the more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// The name of something beside the image.
    Lesser,
    /// A name that says nothing.
    Unknown,
    /// No name up to the record itself, but for how the value travels.
    Bare,
    /// The name of an image.
    Image,
}

/// What a path was in the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Known {
    /// It is read.
    Read,
    /// It held something like an image beside one that was read.
    Beside,
    /// It held something like an image, in records without one that was read.
    Apart,
    /// It was there, and nothing like an image.
    Nothing,
}

/// What was decided on, to be held against every later record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Watch {
    /// The paths of the sample, by what they amount to.
    #[serde(with = "ordered")]
    pub(crate) known: HashMap<u64, Known>,
    /// How much the names of the fields that are read speak for them.
    pub(crate) level: Level,
    /// Whether images stand in the record itself.
    pub(crate) embedded: bool,
    /// The words of the names of the fields that are read.
    pub(crate) words: Vec<Vec<Vec<String>>>,
    /// Paths that are one field because they show the same image.
    pub(crate) same: Vec<Vec<u64>>,
    /// Groups of paths of which a record has one.
    pub(crate) apart: Vec<Vec<u64>>,
    /// Whether the field was named: then only another way to hold the same image is looked out for.
    pub(crate) named: bool,
    /// The place of the last record of the sample, as input and offset: whether a record was of the sample does
    /// not depend on how records are counted.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) sampled: Option<(u32, u64)>,
}
