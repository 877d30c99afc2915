//! A mark: where a run can be gone on with after it was killed, and how its state is read again.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::os;

/// What is needed to go on from here in another process.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// For [`super::open`]. It names no folder, and hardly grows with the rows.
    pub(crate) state: Value,
    /// Files that are being written, and whose content the state counts on.
    pub(crate) files: Vec<Arc<File>>,
    /// Files that became whole since the mark before, and folders in which there are new names.
    pub(crate) paths: Vec<PathBuf>,
}

impl Mark {
    /// Notes a file that the state counts on.
    pub(crate) fn file(&mut self, file: &File) -> std::io::Result<()> {
        self.files.push(Arc::new(file.try_clone()?));
        Ok(())
    }

    /// Makes durable what the state counts on: from then on a run may go on from it. Any thread can do that while
    /// the run goes on, before it finishes. Each mark has what is new since the one before: so they are settled
    /// in order, and after one that could not be, none is to be relied on.
    pub(crate) fn settle(&self) -> Result<()> {
        let failed = |e| Error::io("cannot make durable what was written", e);
        for file in &self.files {
            file.sync_data().map_err(failed)?;
        }
        for path in &self.paths {
            // Some file systems refuse to sync a folder.
            os::sync(path).or_else(|e| if path.is_dir() { Ok(()) } else { Err(failed(e)) })?;
        }
        Ok(())
    }
}

/// A number of a state.
pub(crate) fn number(state: &Value, name: &str) -> Result<u64> {
    state[name].as_u64().ok_or_else(|| broken(name))
}

/// An error of a state that lacks something, or does not fit what is there.
pub(crate) fn broken(name: &str) -> Error {
    Error::new(ErrorKind::Io, format!("what an earlier run noted of itself has no {name}"))
}
