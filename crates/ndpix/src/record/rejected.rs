//! A rejects file read again: each line wraps the text of a record that ndpix rejected before.
//!
//! The keys are those that `sink/rejects.rs` writes. The base directory of the original file comes
//! along, but only where it lies under the working directory or beside the rejects file: a hostile
//! file must not open the rest of the disk.

use std::path::{Path, PathBuf};

use super::value;
use crate::error::{Error, Position, Result};

/// What a line of a rejects file stands for.
pub(crate) struct Original {
    /// The text of the record.
    pub(crate) text: Vec<u8>,
    /// Where its relative paths begin; `None` where that is not allowed or not known.
    pub(crate) base: Option<PathBuf>,
    /// Where the record stood first.
    pub(crate) position: Position,
    /// The one image of the record that was rejected; `None`: all of them.
    pub(crate) item: Option<u32>,
}

/// Whether a (valid) record is a line of a rejects file: exactly its keys, with the record's text.
pub(crate) fn is_rejected(record: &[u8]) -> bool {
    let record = record.trim_ascii();
    value::kind(record) == value::Kind::Object
        && value::entries(record).map(|e| e.0).eq([
            &b"file"[..],
            b"line",
            b"byte",
            b"item",
            b"kind",
            b"message",
        ]
        .into_iter()
        .chain([match value::get(record, "record") {
            Some(_) => &b"record"[..],
            None => b"record_b64",
        }]))
}

/// Unwraps a line of the rejects file at `path`. Kind `json` where the line is something else.
pub(crate) fn original(record: &[u8], path: &Path) -> Result<Original> {
    let other = || Error::json("not a line of a rejects file, as the lines before it are");
    let mut scratch = Vec::new();
    let string =
        |key: &str| value::get(record, key).filter(|v| value::kind(v) == value::Kind::String);
    let text = match (string("record"), string("record_b64")) {
        (Some(text), _) => value::unescape(text, &mut scratch).to_vec(),
        (None, Some(text)) => {
            base64_simd::STANDARD.decode_to_vec(&text[1..text.len() - 1]).map_err(|_| other())?
        }
        _ => return Err(other()),
    };
    // Of an unreadable record nothing is known of its images.
    let whole = [&b"\"json\""[..], b"\"limit\"", b"\"field\""];
    let item = match value::get(record, "kind") {
        Some(kind) if !whole.contains(&kind) => value::get(record, "item").and_then(value::integer),
        _ => None,
    };
    let name = string("file")
        .map(|v| String::from_utf8_lossy(value::unescape(v, &mut scratch)).into_owned());
    let base = name.as_deref().and_then(|n| allowed_base(Path::new(n), path));
    let number = |key: &str| {
        let n = value::get(record, key).and_then(value::integer);
        n.and_then(|n| u64::try_from(n).ok()).unwrap_or_default()
    };
    let position = Position {
        file: name.as_deref().unwrap_or("-").into(),
        line: number("line"),
        byte: number("byte"),
        item: 0,
    };
    Ok(Original { text, base, position, item: item.and_then(|n| u32::try_from(n).ok()) })
}

fn allowed_base(original: &Path, rejects: &Path) -> Option<PathBuf> {
    let folder = |p: &Path| match p.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let base = folder(original).canonicalize().ok()?;
    let roots = [folder(rejects).canonicalize().ok(), std::env::current_dir().ok()];
    roots.iter().flatten().any(|root| base.starts_with(root)).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = br#"{"file":"/etc/x.ndjson","line":2,"byte":9,"item":1,"kind":"image","message":"m","record":"{\"a\":\"\\u0041\"}"}"#;

    #[test]
    fn gives_the_original_text_and_item() {
        assert!(is_rejected(LINE));
        let original = original(LINE, Path::new("r.ndjson")).expect("a reject");
        assert_eq!(original.text, br#"{"a":"\u0041"}"#);
        assert_eq!(original.item, Some(1));
        assert_eq!(original.base, None, "a base outside the project is refused");
    }

    #[test]
    fn other_records_are_left_alone() {
        assert!(!is_rejected(br#"{"file":"a","record":"b"}"#));
        assert!(!is_rejected(b"[1]"));
        assert!(original(b"{}", Path::new("r")).is_err());
    }
}
