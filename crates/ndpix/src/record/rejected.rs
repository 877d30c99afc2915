//! A rejects file read again: each line wraps the text of a record that ndpix rejected before.
//!
//! The keys are those that `sink/rejects.rs` writes. The base directory of the original file comes
//! along, but only where it lies under the working directory or beside the rejects file: a hostile
//! file must not open the rest of the disk. A relative name was written by a run in another working
//! directory, perhaps; so the original is looked for beside the rejects file first.

use std::path::{Path, PathBuf};

use super::scan::{Query, scan};
use super::value::{self, Kind};
use crate::batch::{File, Original, Text};
use crate::error::ErrorKind;

const OTHER: &str = "not a line of a rejects file, as the lines before it are";
const LOST: &str =
    "the rejects file does not hold the text of this record; read the original again";

/// Whether the first record of a text is a line of a rejects file: exactly its keys.
pub(crate) fn is_rejects(text: &Text) -> bool {
    text.records.first().is_some_and(|record| is_rejected(text.record(record)))
}

fn is_rejected(line: &[u8]) -> bool {
    let keys = ["file", "line", "byte", "item", "kind", "message"].map(str::as_bytes);
    let more: [&[u8]; 3] = [b"whole", b"record", b"record_b64"];
    let found = value::entries(line).map(|entry| entry.0).filter(|key| !more.contains(key));
    is_json(line) && value::kind(line) == Kind::Object && found.eq(keys)
}

fn is_json(line: &[u8]) -> bool {
    scan(line, &Query::default(), &mut Vec::new()).is_ok()
}

/// Puts the records that the lines of a rejects file wrap in their place, each with what its line says
/// of where it came from. What was done before is not done again.
pub(crate) fn unwrap(text: &mut Text, files: &[File]) {
    if !text.originals.is_empty() {
        return;
    }
    let lines = std::mem::take(&mut text.bytes);
    for record in &mut text.records {
        let line = &lines[record.start..record.end];
        let file = &files[record.file as usize];
        record.start = text.bytes.len();
        let found = match record.overlong {
            None => original(line, Path::new(&*file.name), &mut text.bytes),
            Some(_) => None,
        };
        let original = match found {
            Some((original, at)) => {
                (record.line, record.byte) = at;
                original
            }
            None => {
                text.bytes.extend_from_slice(line);
                let lost = record.overlong.is_none().then_some((ErrorKind::Json, OTHER));
                Original { file: file.clone(), item: None, lost }
            }
        };
        record.end = text.bytes.len();
        text.originals.push(original);
    }
}

/// What a line of the rejects file at `path` says, with line and offset of the record; the record's text
/// goes to `out`. `None`: the line is something else.
fn original(line: &[u8], path: &Path, out: &mut Vec<u8>) -> Option<(Original, (u64, u64))> {
    if !is_json(line) {
        return None;
    }
    let mut scratch = Vec::new();
    let string = |key: &str| value::get(line, key).filter(|v| value::kind(v) == Kind::String);
    let number = |key: &str| -> Option<u64> {
        value::get(line, key).and_then(value::integer).and_then(|n| n.try_into().ok())
    };
    let at = (number("line")?, number("byte")?);
    let kind = inner(string("kind")?);
    let kind = ErrorKind::OF_RECORDS.into_iter().find(|k| k.name().as_bytes() == kind)?;
    let item = u32::try_from(number("item")?).ok()?;
    let whole = value::get(line, "whole").is_some();
    let name = String::from_utf8_lossy(value::unescape(string("file")?, &mut scratch)).into_owned();
    let base_dir = allowed_base(Path::new(&name), path);
    let lost = match (string("record"), string("record_b64")) {
        (Some(text), _) => {
            out.extend_from_slice(value::unescape(text, &mut scratch));
            None
        }
        (None, Some(text)) => {
            let text = base64_simd::STANDARD.decode_to_vec(inner(text)).ok()?;
            out.extend_from_slice(&text);
            None
        }
        (None, None) => Some((kind, LOST)),
    };
    let file = File { name: name.into(), base_dir };
    Some((Original { file, item: (!whole).then_some(item), lost }, at))
}

/// What stands between the quotes of a string.
fn inner(string: &[u8]) -> &[u8] {
    string.get(1..string.len() - 1).unwrap_or_default()
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
    use crate::batch::Record;

    const LINE: &[u8] = br#"{"file":"/etc/x.ndjson","line":2,"byte":9,"item":1,"kind":"image","message":"m","record":"{\"a\":\"\\u0041\"}"}"#;

    fn text(lines: &[&[u8]]) -> Text {
        let mut text = Text::default();
        for (i, line) in lines.iter().enumerate() {
            let (start, line_number) = (text.bytes.len(), i as u64 + 1);
            text.bytes.extend_from_slice(line);
            let end = text.bytes.len();
            let (byte, index) = (start as u64, i as u64);
            let record =
                Record { start, end, file: 0, line: line_number, byte, index, overlong: None };
            text.records.push(record);
        }
        text
    }

    #[test]
    fn gives_the_original_text_and_place() {
        let whole = br#"{"file":"b","line":7,"byte":90,"item":0,"whole":true,"kind":"json","message":"m","record_b64":"/w=="}"#;
        let lost = br#"{"file":"b","line":8,"byte":99,"item":3,"kind":"limit","message":"m"}"#;
        let own = (LINE.len() + whole.len() + lost.len()) as u64;
        let mut text = text(&[LINE, whole, lost, b"{\"image\":1}"]);
        assert!(is_rejects(&text));
        let files = [File { name: "r.ndjson".into(), base_dir: None }];
        unwrap(&mut text, &files);
        let once = format!("{text:?}");
        unwrap(&mut text, &files);
        assert_eq!(format!("{text:?}"), once, "it is done once");
        let found: Vec<_> = (0..4)
            .map(|i| {
                let origin = text.origin(i, &files);
                let error = text.unreadable(i, 9).map(|e| e.kind());
                (&*origin.file.name, origin.line, origin.byte, origin.wanted(5), error)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("/etc/x.ndjson", 2, 9, 1..2, None),
                ("b", 7, 90, 0..5, None),
                ("b", 8, 99, 3..4, Some(ErrorKind::Limit)),
                // It stands in the rejects file itself.
                ("r.ndjson", 4, own, 0..5, Some(ErrorKind::Json)),
            ]
        );
        let texts: Vec<_> = text.records.iter().map(|r| text.record(r)).collect();
        assert_eq!(texts, [&br#"{"a":"\u0041"}"#[..], b"\xff", b"", b"{\"image\":1}"]);
        let base = text.origin(0, &files).file.base_dir.clone();
        assert_eq!(base, None, "a base outside the project is refused");
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
        assert!(!is_rejected(&LINE[..LINE.len() - 1]));
    }
}
