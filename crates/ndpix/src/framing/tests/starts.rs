//! A feed that goes on after any record gives the rest, and counts as if it had come from the beginning.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::compressed::gzip;
use super::*;

/// Everything that a feed gives and counts, and after each record where to go on.
fn all(mut feed: Feed) -> (Vec<(Row, Start)>, FeedCounts, Vec<u64>, u64) {
    let (mut text, mut rows, begins) = (Text::default(), Vec::new(), feed.begins());
    while feed.next(&mut text, 3, &|| {}).expect("whole") {
        for r in &text.records {
            let record = String::from_utf8_lossy(text.record(r)).into_owned();
            let start = begins.after(r, false).expect("a file that was begun");
            let text = serde_json::to_string(&start).expect("in memory");
            let start: Start = serde_json::from_str(&text).expect("as it was");
            assert!(start.is_sound(), "{start:?}");
            rows.push(((record, r.file, r.line, r.byte, r.index, r.gone.map(|_| r.len())), start));
        }
    }
    (rows, feed.counts(), feed.taken().to_vec(), feed.meter().bytes())
}

fn kept(folder: &Path, name: &str, bytes: &[u8]) -> NamedTempFile {
    let mut file = tempfile::Builder::new().prefix(name).tempfile_in(folder).expect("a file");
    file.write_all(bytes).expect("written");
    file
}

#[test]
fn a_feed_goes_on_after_any_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = format!("{{\"long\":\"{}\"}}", "x".repeat(90));
    let lines = format!(
        "\u{feff}{{\"a\":1}}\r\n\n  \n{{\"a\":2}}  \r\n{long}   \n\n[3]\nnot JSON\n\u{1f}\u{8b} \n \n"
    );
    let files: [(&str, Vec<u8>); 7] = [
        ("a", lines.clone().into_bytes()),
        ("b", gzip(lines.as_bytes())),
        ("c", b"[{\"a\":1}, {\"a\":2},\n {\"a\":3}]".to_vec()),
        ("d", b"\n\n\n".to_vec()),
        ("e", b"{\"a\":1} {\"a\":2}\n{\"a\":3}".to_vec()),
        ("f", b"{\"f\":1}".to_vec()),
        ("g", lines.into_bytes()),
    ];
    let files: Vec<_> =
        files.iter().map(|(name, bytes)| kept(folder.path(), name, bytes)).collect();
    let path = |file: &NamedTempFile| Input::Path(file.path().to_path_buf());
    let limits = Limits { max_record_bytes: 80, ..Limits::default() };
    for (skip, limit) in [(0, None), (0, Some(19)), (4, None), (9, Some(12))] {
        let feed = |block| {
            let inputs = files.iter().map(path).collect();
            Feed::new(inputs, Framing::Auto, &limits, skip, limit).with_block_bytes(block)
        };
        let (whole, counts, taken, bytes) = all(feed(64));
        let sought = whole.iter().filter(|(_, start)| start.byte > 0).count();
        assert!((1..whole.len()).contains(&sought), "some go on there, some at the beginning");
        for block in [1, 1000] {
            for (n, (_, start)) in whole.iter().enumerate() {
                let mut rest = all(feed(block).with_start(start.clone()));
                if limit == Some(rest.1.records) && rest.0.is_empty() {
                    // White space after the last record is not looked at again.
                    rest.1.bytes = counts.bytes;
                }
                let want = whole[n + 1..].to_vec();
                assert_eq!((&rest.0, rest.1, &rest.2), (&want, counts, &taken), "{start:?}");
                // How far is read ahead depends on the block.
                assert!(limit.is_some() || rest.3 == bytes, "{start:?}");
            }
        }
    }
}
