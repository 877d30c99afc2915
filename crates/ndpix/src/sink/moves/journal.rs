//! `OUT.partial.moves`: the moves at the end of a run, one line of JSON, until they are made:
//! `{"moves":[[from,to],...],"rows":null,"run":...}`. `to` is null where a file is removed, and names without a
//! folder lie beside the output. A line that is not whole was written by a run that had moved nothing.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Move, Moves};
use crate::error::{Error, Result};
use crate::paths::absolute;
use crate::sink::partial::{Partial, beside, folder_of, sync_folder, there};

/// The moves of one run, locked.
pub(super) struct Journal {
    file: Partial,
}

/// The line. A run over many files says much of itself, so nothing of it is copied.
#[derive(Serialize)]
struct Line<'m> {
    moves: Vec<Value>,
    rows: Option<u64>,
    run: &'m Value,
}

/// What the moves of `out` are written to.
pub(crate) fn path(out: &Path) -> PathBuf {
    beside(out, ".partial.moves")
}

impl Journal {
    /// Writes the moves down, durably.
    pub(super) fn write(moves: &Moves) -> Result<Self> {
        let path = path(&moves.out);
        let file = Partial::open(&path, &path)?;
        file.file.set_len(0).map_err(|e| file.failed(e))?;
        let all = moves.all.iter().map(|one| words(one, &moves.out)).collect();
        let line = Line { moves: all, rows: moves.rows, run: &moves.run };
        let mut text = serde_json::to_vec(&line).map_err(|e| file.failed(e.into()))?;
        text.push(b'\n');
        (&file.file).write_all(&text).map_err(|e| file.failed(e))?;
        file.sync()?;
        sync_folder(&path);
        Ok(Self { file })
    }

    /// The journal that an earlier run left, if one did.
    pub(super) fn open(out: &Path) -> Result<Option<Self>> {
        let path = path(out);
        if !there(&path) {
            return Ok(None);
        }
        Ok(Some(Self { file: Partial::open(&path, &path)? }))
    }

    /// What it says, with the names that the `files` beside `out` have now; `None` where it is not whole.
    ///
    /// # Errors
    /// Kind `options` where it names other files: it is not obeyed.
    pub(super) fn read(&self, out: &Path, files: &[PathBuf]) -> Result<Option<Moves>> {
        let mut text = String::new();
        if (&self.file.file).read_to_string(&mut text).is_err() {
            return Ok(None);
        }
        let Some(mut line) =
            text.strip_suffix('\n').and_then(|text| serde_json::from_str::<Value>(text).ok())
        else {
            return Ok(None);
        };
        let of_files = files.iter().flat_map(|f| [Move::comes(f.clone()), Move::goes(f.clone())]);
        let known: Vec<_> = [Move::aside(out), Move::back(out), Move::comes(out.to_path_buf())]
            .into_iter()
            .chain(of_files)
            .map(|one| (words(&one, out), one))
            .collect();
        let find = |said: &Value| {
            known.iter().find(|(words, _)| words == said).map(|(_, one)| one.clone()).ok_or_else(|| {
                Error::options(format!(
                    "{} says that an earlier run was killed before it moved {said}, which are not files of this run; give the same rejects file as that run, or remove it",
                    self.file.path().display()
                ))
            })
        };
        let all = line["moves"].as_array().map_or(&[][..], Vec::as_slice);
        let all = all.iter().map(find).collect::<Result<_>>()?;
        let rows = line["rows"].as_u64();
        Ok(Some(Moves { out: out.to_path_buf(), all, rows, run: line["run"].take() }))
    }

    /// Removes it: everything is made, or nothing is to be.
    pub(super) fn discard(self) {
        let path = self.file.path().to_path_buf();
        self.file.abandon(false);
        sync_folder(&path);
    }
}

/// A move as it stands in the line.
fn words(one: &Move, out: &Path) -> Value {
    let folder = absolute(folder_of(out));
    let word = |path: &Path| {
        let path = absolute(path);
        let name = path.file_name().filter(|_| path.parent() == Some(&folder));
        name.map_or(path.to_string_lossy(), |name| name.to_string_lossy()).into_owned()
    };
    json!([word(&one.from), one.to.as_deref().map(word)])
}
