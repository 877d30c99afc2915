//! A rejects file read again: each line wraps the text of a record that ndpix rejected before.
//!
//! The keys are those that `sink/rejects.rs` writes. The base directory of the original file comes
//! along, but only where it lies under the working directory or beside the rejects file: a hostile
//! file must not open the rest of the disk. A relative name was written by a run in another working
//! directory, perhaps; so the original is looked for beside the rejects file first.

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
    let beside = folder(rejects);
    let places = [
        Some(beside.join(original)),
        Some(original.to_path_buf()),
        original.file_name().map(|name| beside.join(name)),
    ];
    let there = places.into_iter().flatten().find(|place| place.is_file());
    // The original itself may be gone, and the images still be there.
    let base = folder(there.as_deref().unwrap_or(original)).canonicalize().ok()?;
    let roots = [beside.canonicalize().ok(), std::env::current_dir().ok()];
    roots.iter().flatten().any(|root| base.starts_with(root)).then_some(base)
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    }
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
    fn the_original_is_looked_for_beside_the_rejects() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a path");
        let at = |name: &str| root.join(name);
        std::fs::create_dir_all(at("project/data/sub")).expect("folders");
        std::fs::create_dir_all(at("elsewhere")).expect("a folder");
        for name in ["project/data/a.ndjson", "project/data/sub/b.ndjson", "elsewhere/c.ndjson"] {
            std::fs::write(at(name), "").expect("written");
        }
        let check = |original: &str, base: Option<&str>| {
            let found = allowed_base(Path::new(original), &at("project/data/r.rejects.ndjson"));
            assert_eq!(found, base.map(&at), "{original}");
        };
        check("a.ndjson", Some("project/data"));
        check("data/a.ndjson", Some("project/data"));
        check("sub/b.ndjson", Some("project/data/sub"));
        // Outside, by whatever way.
        check("../../elsewhere/c.ndjson", None);
        check(&at("elsewhere/c.ndjson").display().to_string(), None);
        check("/etc/passwd", None);
        std::os::unix::fs::symlink(at("elsewhere"), at("project/data/link")).expect("a link");
        check("link/c.ndjson", None);
    }

    #[test]
    fn other_records_are_left_alone() {
        assert!(!is_rejected(br#"{"file":"a","record":"b"}"#));
        assert!(!is_rejected(b"[1]"));
        assert!(original(b"{}", Path::new("r")).is_err());
    }
}
