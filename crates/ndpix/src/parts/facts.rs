//! What is known of a part that is done: sums, so that those of all parts are those of the run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sink::work::Sum;
use crate::summary::Summary;

/// What is known of a part that is done: which it is, and counts. Small, and the same whoever made it.
///
/// ```
/// use ndpix::{Control, Cut, Facts, Input, Options};
/// let folder = tempfile::tempdir()?;
/// let records = folder.path().join("a.ndjson");
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
/// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
/// let out = folder.path().join("a.npy");
/// let plan = ndpix::plan(inputs, &out, &options, Cut::Bytes(10), &Control::default())?;
/// let facts = plan.run(1, None, &Control::default())?;
/// assert_eq!((facts.part, facts.records, facts.decoded), (1, 1, 1));
/// assert_eq!(Facts::from_json(&facts.to_json())?, facts);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Facts {
    /// The plan that it is a part of.
    pub plan: String,
    /// Its number, from 0.
    pub part: usize,
    /// Records of it, whatever became of them.
    pub records: u64,
    /// Records that `where` passes over.
    pub passed_over: u64,
    /// Blank lines.
    pub blank: u64,
    /// Decompressed bytes.
    pub bytes: u64,
    /// Image values found.
    pub images: u64,
    /// Images that were decoded.
    pub decoded: u64,
    /// Images and records that could not be, by kind.
    pub failed: BTreeMap<String, u64>,
    /// The ranges that it read, in order.
    pub(crate) pieces: Vec<Piece>,
    /// Its files.
    pub(crate) files: Vec<Sum>,
}

/// What was counted of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Piece {
    pub(crate) file: u32,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) newlines: u64,
    pub(crate) records: u64,
}

impl Facts {
    /// These facts as JSON, on one line.
    ///
    /// See [`Facts`] for an example.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What [`Facts::to_json`] gave.
    ///
    /// # Errors
    /// Kind `plan` for anything else.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| {
            Error::plan(format!("these are not the facts of a part: {e}")).caused_by(e)
        })
    }

    /// Puts the counts of a part here.
    pub(super) fn counted(mut self, s: &Summary) -> Self {
        (self.images, self.decoded) = (s.images, s.decoded);
        self.failed = s.rejects.iter().map(|(kind, n)| (kind.to_string(), *n)).collect();
        self
    }
}
