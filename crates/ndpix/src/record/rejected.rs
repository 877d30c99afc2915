//! A rejects file read again: each line wraps the text of a record that ndpix rejected before.
//!
//! The keys are those that `sink/rejects.rs` writes. Whether a file is one is said by its name or by an
//! option, never by what it holds: that is data, and the file that a line names is where its relative paths
//! count from.

use std::path::PathBuf;

use super::scan::{Hits, Query, scan};
use super::value::{self, Kind};
use crate::batch::{File, Original, Record, Text};
use crate::error::ErrorKind;
use crate::paths::Base;

const OTHER: &str =
    "not a line of a rejects file, which this file is by its name or by rejects_input";
/// Why a record cannot be read whose line does not hold it.
pub(crate) const LOST: &str =
    "the rejects file does not hold the text of this record; read the original again";

/// Whether a record looks like the line of a rejects file: exactly its keys.
pub(crate) fn is_rejected(line: &[u8]) -> bool {
    let keys = ["file", "line", "byte", "item", "kind", "message"].map(str::as_bytes);
    let more: [&[u8]; 3] = [b"whole", b"record", b"record_b64"];
    let found = value::entries(line).map(|entry| entry.0).filter(|key| !more.contains(key));
    is_json(line) && value::kind(line) == Kind::Object && found.eq(keys)
}

fn is_json(line: &[u8]) -> bool {
    scan(line, &Query::default(), &mut Hits::default()).is_ok()
}

/// The record that the line of a rejects file wraps, if it is one and holds it.
pub(crate) fn record_of(line: &[u8]) -> Option<Vec<u8>> {
    let mut record = Vec::new();
    original(line, None, &mut record).filter(|original| original.lost.is_none()).map(|_| record)
}

/// Puts the records that the lines of a rejects file wrap in their place, each with what its line says
/// of where it came from. What was done before is not done again.
pub(crate) fn unwrap(text: &mut Text, files: &[File]) {
    let wraps = |record: &Record| files[record.file as usize].rejects;
    if !text.originals.is_empty() || !text.records.iter().any(wraps) {
        return;
    }
    let lines = std::mem::take(&mut text.bytes);
    for record in &mut text.records {
        let line = &lines[record.start..record.end];
        let file = &files[record.file as usize];
        record.start = text.bytes.len();
        let found = match record.gone {
            None if file.rejects => original(line, file.base.as_ref(), &mut text.bytes),
            _ => None,
        };
        let original = match found {
            Some(original) => Some(original),
            None => {
                text.bytes.extend_from_slice(line);
                let lost = record.gone.is_none().then_some((ErrorKind::Json, OTHER));
                let (line, byte) = (record.line, record.byte);
                file.rejects.then(|| Original { file: file.clone(), line, byte, item: None, lost })
            }
        };
        record.end = text.bytes.len();
        text.originals.push(original);
    }
}

/// What a line of a rejects file says whose own relative paths would begin at `base`, the record's text
/// goes to `out`. `None`: the line is something else.
fn original(line: &[u8], base: Option<&Base>, out: &mut Vec<u8>) -> Option<Original> {
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
    // What came from standard input stood in no folder.
    let base = base.filter(|_| name != "-");
    let base = base.map(|b| Base { original: Some(PathBuf::from(&name)), ..b.clone() });
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
    let file = File { name: name.into(), base, rejects: false };
    Some(Original { file, line: at.0, byte: at.1, item: (!whole).then_some(item), lost })
}

/// What stands between the quotes of a string.
fn inner(string: &[u8]) -> &[u8] {
    string.get(1..string.len() - 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const LINE: &[u8] = br#"{"file":"/etc/x.ndjson","line":2,"byte":9,"item":1,"kind":"image","message":"m","record":"{\"a\":\"\\u0041\"}"}"#;

    fn text(lines: &[&[u8]]) -> Text {
        let mut text = Text::default();
        for (i, line) in lines.iter().enumerate() {
            let (start, line_number) = (text.bytes.len(), i as u64 + 1);
            text.bytes.extend_from_slice(line);
            let end = text.bytes.len();
            let (byte, index) = (start as u64, i as u64);
            let (line, matched, untold, gone) = (line_number, index + 1, false, None);
            let record = Record { start, end, file: 0, line, byte, index, matched, untold, gone };
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
        let base = Base { folder: "/work".into(), original: None };
        let files = [File { name: "r.ndjson".into(), base: Some(base), rejects: true }];
        unwrap(&mut text, &files);
        let once = format!("{text:?}");
        unwrap(&mut text, &files);
        assert_eq!(format!("{text:?}"), once, "it is done once");
        let found: Vec<_> = (0..4)
            .map(|i| {
                let origin = text.origin(i, &files);
                let error = text
                    .unreadable(i, &Limits { max_record_bytes: 9, ..Limits::default() })
                    .map(|e| e.kind());
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
        let base = text.origin(0, &files).file.base.clone();
        let named = Base { folder: "/work".into(), original: Some("/etc/x.ndjson".into()) };
        assert_eq!(base, Some(named), "the fence stays that of the rejects file");
    }

    #[test]
    fn data_stays_data() {
        let mut text = text(&[LINE]);
        let base = Base { folder: "/work".into(), original: None };
        let files = [File { name: "data.ndjson".into(), base: Some(base), rejects: false }];
        unwrap(&mut text, &files);
        assert!(text.originals.is_empty());
        assert_eq!(text.record(&text.records[0]), LINE);
    }

    #[test]
    fn other_records_are_left_alone() {
        assert!(!is_rejected(br#"{"file":"a","record":"b"}"#));
        assert!(!is_rejected(b"[1]"));
        assert!(!is_rejected(&LINE[..LINE.len() - 1]));
    }
}
