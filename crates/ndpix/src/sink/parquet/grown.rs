//! A file that gets more rows: what its footer says, and its bytes, which stay where they are.

use std::fs::File;
use std::path::Path;

use serde_json::Value;

use super::file::{Chunk, Group, MAGIC};
use super::schema::{self, Field};
use super::thrift::{Read, Thrift};
use crate::error::{Error, Result};
use crate::legend::legends_said;
use crate::limits::zeros;
use crate::os::FileAt;
use crate::sink::Holds;
use crate::sink::holds::{COLUMNS, COUNTS, LEGENDS, columns_said, same_columns, same_legends};

/// What is there of a file that gets more rows.
pub(super) struct Grown {
    pub(super) file: File,
    /// Where its footer begins.
    pub(super) end: u64,
    pub(super) groups: Vec<Group>,
    /// What it says of the runs that made it.
    pub(super) counts: Value,
}

impl Grown {
    /// The file `path`, which must have `rows` rows of these fields, its pages compressed by `codec`.
    ///
    /// # Errors
    /// Kind `options` where it has others, with what it has.
    pub(super) fn open(
        path: &Path,
        holds: &Holds,
        fields: &[Field],
        codec: i32,
        rows: u64,
    ) -> Result<Self> {
        let failed = |e| Error::io(format_args!("cannot read {}", path.display()), e);
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        let mut tail = [0; 8];
        let tail_at = len.checked_sub(8).ok_or_else(|| other(path))?;
        file.read_exact_at(&mut tail, tail_at).map_err(failed)?;
        let footer = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        let end = tail_at.checked_sub(footer).filter(|_| tail.ends_with(MAGIC));
        let end = end.ok_or_else(|| other(path))?;
        let mut bytes = zeros(footer as usize)?;
        file.read_exact_at(&mut bytes, end).map_err(failed)?;
        let said = Read::of(&bytes).ok_or_else(|| other(path))?;
        // Text and JSON text are the same to Parquet, and not to whoever reads them.
        let of = |name| attribute(&said, name).and_then(|text| serde_json::from_str(text).ok());
        same_columns(path, &of(COLUMNS).unwrap_or_default(), &columns_said(&holds.columns))?;
        same_legends(path, &of(LEGENDS).unwrap_or_default(), &legends_said(&holds.legends))?;
        let mut t = Thrift::new();
        schema::write(fields, 2, &mut t);
        let wanted = t.end();
        if said.list(2) != Read::of(&wanted).as_ref().and_then(|wanted| wanted.list(2)) {
            return Err(other(path));
        }
        let groups = groups(&said, codec, end).ok_or_else(|| other(path))?;
        let there = groups.iter().try_fold(0u64, |all, group| all.checked_add(group.rows));
        if there != Some(rows) {
            return Err(Error::options(format!(
                "{} has {} rows and its array {rows}; remove it, or write both anew",
                path.display(),
                there.unwrap_or(u64::MAX)
            )));
        }
        let counts = of(COUNTS).unwrap_or_default();
        Ok(Self { file, end, groups, counts })
    }
}

fn other(path: &Path) -> Error {
    Error::options(format!(
        "{} is not a table that ndpix wrote; move it away, or write it anew with its array",
        path.display()
    ))
}

/// The groups of a footer, whose pages end before `end`.
fn groups(said: &Read<'_>, codec: i32, end: u64) -> Option<Vec<Group>> {
    let mut groups = Vec::new();
    for group in said.list(4)? {
        let chunk = |chunk: &Read<'_>| {
            let data = chunk.field(3)?;
            let chunk = Chunk::said(data)?;
            let lies = chunk.ends().is_some_and(|at| at <= end);
            (lies && data.count(4) == u64::try_from(codec).ok()).then_some(chunk)
        };
        let chunks = group.list(1)?.iter().map(chunk).collect::<Option<_>>()?;
        groups.push(Group { rows: group.count(3)?, chunks });
    }
    Some(groups)
}

/// A text of the footer, by its name.
fn attribute<'b>(said: &Read<'b>, name: &str) -> Option<&'b str> {
    said.list(5)?.iter().find(|entry| entry.text(1) == Some(name))?.text(2)
}
