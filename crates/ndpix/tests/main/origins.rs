//! What belongs here: where a record comes from is said alike everywhere, also of one that is read from a
//! rejects file. That is the place where it was rejected first.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use ndpix::{
    Batches, Control, ErrorKind, Fetch, Input, MaxRejects, OnError, OnMissing, Options, Rows,
};

use crate::{base64, convert};

fn pnm(height: usize, width: usize) -> Vec<u8> {
    let mut file = format!("P5 {width} {height} 255\n").into_bytes();
    file.resize(file.len() + height * width, 7);
    file
}

fn options() -> Options {
    let mut options = options! {
        field: Some("image".parse().expect("a field")),
        mixed: true,
        shape: Some("2,2".parse().expect("a shape")),
        dtype: Some("uint8".parse().expect("a dtype")),
        on_missing: OnMissing::Reject,
        max_rejects: Some(MaxRejects::None),
        rows: Rows::Always,
        fetch: Fetch::Https,
        ..Options::default()
    };
    options.limits.max_pixels = 1000;
    options.limits.max_record_bytes = 2000;
    options
}

/// A file in `folder` with rejects of every kind between good records, some of them the second image of
/// their record. The last one is refused as a whole for its column `n`, which is a number in the sample.
fn every_kind(folder: &Path) -> PathBuf {
    let good = base64(&pnm(2, 2));
    let damaged = base64(&pnm(2, 2)[..12]);
    let (large, huge) = (base64(&pnm(3, 3)), base64(b"P5 2000 2000 255\nabcd"));
    let long = "x".repeat(3000);
    let bad = [
        r#"{"n":1,"image":"#.to_string(),
        r#"{"n":1,"image":5}"#.to_string(),
        format!(r#"{{"n":1,"image":["{good}",5]}}"#),
        format!(r#"{{"n":1,"image":["{good}","data:image/png;base64,%%%%"]}}"#),
        format!(r#"{{"n":1,"image":["{good}","{good}","data:image/png;base64,AAECAwQF"]}}"#),
        format!(r#"{{"n":1,"image":["{good}","{damaged}"]}}"#),
        format!(r#"{{"n":1,"image":"{large}"}}"#),
        format!(r#"{{"n":1,"image":["{good}","{huge}"]}}"#),
        format!(r#"{{"n":1,"image":"{good}","x":"{long}"}}"#),
        r#"{"n":1,"image":"missing.png"}"#.to_string(),
        r#"{"n":1,"image":"https://127.0.0.1/a.png"}"#.to_string(),
        r#"{"n":1}"#.to_string(),
    ];
    let refused = format!(r#"{{"n":"text","image":["{good}","{good}"]}}"#);
    let mut text = String::new();
    for record in std::iter::repeat_n(&bad, 7).flatten().chain([&refused]) {
        let _ = write!(text, "{{\"n\":1,\"image\":\"{good}\"}}\n\n{record}\n");
    }
    let path = folder.join("in.ndjson");
    std::fs::write(&path, text).expect("written");
    path
}

/// The lines of a rejects file without their messages.
fn lines(rejects: &[u8]) -> Vec<serde_json::Value> {
    let parse = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line.as_object_mut().expect("an object").remove("message");
        line
    };
    std::str::from_utf8(rejects).expect("UTF-8").lines().map(parse).collect()
}

#[test]
fn rejects_that_are_fed_back_keep_their_place() {
    let columns = vec!["n".parse().expect("a column")];
    let mixed = options! { columns, ..options() };
    let encoding = vec!["encoded".parse().expect("an encoding")];
    let given = options! { mixed: false, encoding, ..mixed.clone() };
    let mut kinds = [kept(&mixed), kept(&given)].concat();
    kinds.sort_unstable();
    kinds.dedup();
    let mut all = ErrorKind::OF_RECORDS.map(ErrorKind::name);
    all.sort_unstable();
    assert_eq!(kinds, all);
}

/// Feeds the rejects of a run with these options back, twice, and gives their kinds.
fn kept(options: &Options) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let input = every_kind(folder.path());
    let first = convert(vec![Input::Path(input)], options);
    first.run.result.as_ref().expect("an output");
    let mut fed = first.file(".rejects.ndjson").expect("rejects");
    let said = lines(&fed);
    assert!(said.len() == 7 * 12 + 1, "{said:?}");
    for round in 0..2 {
        let path = folder.path().join(format!("{round}.rejects.ndjson"));
        std::fs::write(&path, &fed).expect("written");
        for on_error in [OnError::Skip, OnError::Fill] {
            let options = options! { on_error: on_error.into(), ..options.clone() };
            let again = convert(vec![Input::Path(path.clone())], &options);
            again.run.result.as_ref().expect("an output");
            fed = again.file(".rejects.ndjson").expect("rejects");
            assert_eq!(lines(&fed), said, "{round}");
            if on_error == OnError::Fill {
                rows_are_numbered(&again, &said);
            }
        }
        for (n, line) in said.iter().enumerate().take(13) {
            // The error that ends a run stands where its line says.
            let options =
                options! { on_error: OnError::Raise.into(), skip: n as u64, ..options.clone() };
            let again = convert(vec![Input::Path(path.clone())], &options);
            let error = again.run.result.expect_err("a reject");
            let place = error.position().expect("a place");
            let said = (line["line"].as_u64(), line["byte"].as_u64(), line["item"].as_u64());
            let item = u64::from(place.item);
            assert_eq!((Some(place.line), Some(place.byte), Some(item)), said, "{error}");
            assert_eq!(line["file"].as_str(), Some(&*place.file));
            assert_eq!(line["kind"].as_str(), Some(error.kind().name()), "{error}");
        }
    }
    said.iter().map(|line| line["kind"].as_str().expect("a kind").to_string()).collect()
}

/// The row map of a run in which every reject became a fill row.
fn rows_are_numbered(done: &crate::Done, said: &[serde_json::Value]) {
    let map = done.file(".rows.npy").expect("a row map");
    let header = 10 + usize::from(map[8]) + 256 * usize::from(map[9]);
    let rows: Vec<_> = map[header..].chunks_exact(25).collect();
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    // The record that is refused as a whole has two images and one line.
    let lines = said.iter().chain(said.last());
    assert_eq!(rows.len(), lines.clone().count());
    for (row, line) in rows.iter().zip(lines) {
        let place = (number(&row[4..12]), number(&row[12..20]));
        assert_eq!(
            place,
            (line["line"].as_u64().expect("a line"), line["byte"].as_u64().expect("a byte"))
        );
        // The rejects file is the first file, the one that they were rejected from the second.
        assert_eq!(number(&row[..4]), 1);
    }
    let summary = &done.run.summary;
    let originals: Vec<&str> = summary.originals.iter().map(|name| &**name).collect();
    assert_eq!(originals, [said[0]["file"].as_str().expect("a name")]);
}

#[test]
fn images_that_are_read_after_all_keep_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = every_kind(folder.path());
    let first = convert(vec![Input::Path(input)], &options());
    let path = folder.path().join("x.rejects.ndjson");
    std::fs::write(&path, first.file(".rejects.ndjson").expect("rejects")).expect("written");
    let said = lines(&first.file(".rejects.ndjson").expect("rejects"));
    let options = options! { shape: Some("3,3".parse().expect("a shape")), ..options() };
    let mut rows = Vec::new();
    let input = || vec![Input::Path(path.clone())];
    let mut rejects = Vec::new();
    for batch in Batches::open(input(), &options, 10, &Control::default()).expect("a plan") {
        let batch = batch.expect("a batch");
        rows.extend(batch.lines.iter().copied().zip(batch.files.iter().copied()));
        rejects.extend(batch.rejects.into_iter().map(|r| (r.position.line, r.position.item)));
    }
    let place = |line: &serde_json::Value| (line["line"].as_u64(), line["item"].as_u64());
    let (read, others): (Vec<_>, Vec<_>) = said.iter().partition(|line| line["kind"] == "shape");
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().map(|row| (Some(row.0), Some(0))).eq(read.into_iter().map(place)));
    assert!(rows.iter().all(|row| row.1 == 1));
    let found = rejects.into_iter().map(|r| (Some(r.0), Some(u64::from(r.1))));
    assert_eq!(found.collect::<Vec<_>>(), others.into_iter().map(place).collect::<Vec<_>>());
}
