//! What an input is that begins with no record: an image file, other text, a rejects file without records; or one of whose
//! records `where` takes none.

use std::path::Path;

use super::absent::{conditions_said, reason};
use super::sample::{Sample, Sampled};
use crate::encoding;
use crate::error::{Error, brief, quote};
use crate::format;
use crate::options::Options;
use crate::record::value::{self, Kind};

/// Bytes that are shown of what is no JSON.
const SHOWN: usize = 24;

/// Why nothing is read: what the input is, where that is known, or else this.
pub(super) fn or(sample: &Sample<'_>, options: &Options, why: impl FnOnce() -> Error) -> Error {
    strange(sample, options).unwrap_or_else(why)
}

/// What the input is instead of records, where the first of the sample cannot be read and that says it.
fn strange(sample: &Sample<'_>, options: &Options) -> Option<Error> {
    let first = sample.records.first()?;
    let why = reason(first)?;
    let (line, file) = (first.position.line, &first.position.file);
    let name = if **file == *"-" { "standard input".to_string() } else { brief(file) };
    if !options.conditions.is_empty() {
        let none_is_left = sample.records.iter().all(|record| reason(record).is_some());
        return none_is_left.then(|| {
            Error::plan(format!(
                "no record of the sample is left by where {}; of those that cannot be read nobody knows, as that of line {line}: {why}",
                conditions_said(options)
            ))
        });
    }
    if sample.records.iter().all(Sampled::is_lost) {
        return Some(Error::plan(format!(
            "the rejects file says where records were and does not hold their text, as rejects_content position leaves it out; read {name} again, which it names"
        )));
    }
    // The text of a record ends with its line, and the head of an image does not.
    if format::is_file(sample.begins)
        && let Ok(format) = format::recognise(sample.begins)
    {
        // A name is a path where it ends as that of an image.
        let (save, file) = match first.base {
            Some(_) if encoding::is_image_path(file.as_bytes()) => ("", &**file),
            _ => ("save it under a name that ends as its kind does, and ", "photo.png"),
        };
        return Some(Error::plan(format!(
            "{name} is an image file ({format}), and records are JSON; {save}name it in a file of records beside it, with the line {}",
            record_of(file)
        )));
    }
    is_other_text(sample, &why).then(|| {
        let shown = &first.text[..first.text.len().min(SHOWN)];
        Error::plan(format!(
            "{name} seems to be no NDJSON: its line {line} begins with {} and is not JSON; write each record as a line such as {}",
            quote(shown),
            record_of("photo.png")
        ))
    })
}

/// Whether the first record, which is no JSON for this reason, does not even begin as one of several lines or of another way
/// to write objects, and no other holds anything.
fn is_other_text(sample: &Sample<'_>, why: &str) -> bool {
    let holds = |record: &Sampled<'_>| {
        let kind = value::kind(record.text);
        matches!(kind, Kind::Object | Kind::Array) && reason(record).is_none()
    };
    let first = &sample.records[0];
    first.gone.is_none()
        && !matches!(first.text.first(), Some(b'{' | b'[') | None)
        && !why.contains("ends early")
        && !sample.records.iter().any(holds)
}

/// A record that names an image file.
fn record_of(file: &str) -> String {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    format!("{{\"image\": {}}}", serde_json::Value::from(&*name))
}
