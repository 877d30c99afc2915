//! What belongs here: rows of an output that are shown, with where they came from; and outputs that are not believed.

use std::fs;
use std::path::{Path, PathBuf};

use ndpix::{Options, Shown};

const LINES: &str = "{\"image\":[[0,1],[2,3]]}\n{\"image\":7}\n\n{\"image\":[[4,5],[6,7]]}\n{\"image\":[[8,9],[10,11]]}\n";

/// Records in a folder, and what they were made into.
fn made(out: &str, more: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (records, out) = (folder.path().join("a\u{1b}.ndjson"), folder.path().join(out));
    fs::write(&records, LINES).expect("written");
    let mut options = Options::default();
    for (name, value) in
        [("field", "image"), ("dtype", "uint8"), ("max_rejects", "none")].iter().chain(more)
    {
        options.set(name, value).expect("an option");
    }
    ndpix::convert(&[records], &out, &options).expect("an output");
    (folder, out)
}

fn pixels(shown: &[Shown]) -> Vec<&[u8]> {
    shown.iter().map(|row| &row.pixels[..]).collect()
}

#[test]
fn rows_come_with_file_line_and_byte() {
    let (_folder, out) = made("a.npy", &[]);
    let shown = ndpix::show(&out, &[2, 1]).expect("rows");
    assert_eq!(pixels(&shown), [[8, 9, 10, 11], [4, 5, 6, 7]]);
    let origin = shown[1].origin.as_ref().expect("a row map");
    assert_eq!((origin.line, origin.byte, origin.item, origin.valid), (4, 37, 0, true));
    assert!(origin.file.as_ref().is_some_and(|file| file.ends_with("a\u{1b}.ndjson")));
    assert!(shown[1].to_string().ends_with(".ndjson:4, byte 37, item 0"), "{}", shown[1]);
    let lines = Shown::preview(&shown, 80);
    assert!(
        lines.contains("row 2") && lines.contains("\u{1b}[38;2;8;8;8m\u{1b}[48;2;10;10;10m▀"),
        "{lines:?}"
    );
    assert!(shown[0].png().is_some_and(|png| png.starts_with(b"\x89PNG")));
}

#[test]
fn without_a_row_map_it_is_said_what_is_not_known() {
    let (folder, out) = made("a.npy", &[("rows", "never")]);
    let silent = |out: &Path| {
        let shown = ndpix::show(out, &[2]).expect("a row");
        assert!(
            shown[0].to_string().ends_with(
                "record 3 of the input, in order, unless a run with rows never or another program wrote it"
            ),
            "{}",
            shown[0]
        );
        pixels(&shown).concat()
    };
    assert_eq!(silent(&out), [8, 9, 10, 11]);
    // As another program would have written it.
    let other = folder.path().join("other.npy");
    fs::copy(&out, &other).expect("copied");
    assert_eq!(silent(&other), [8, 9, 10, 11]);
}

#[test]
fn shards_are_read_as_one() {
    let (_folder, out) = made("shards", &[("shard_rows", "2"), ("on_error", "fill")]);
    let shown = ndpix::show(&out, &[0, 1, 2, 3]).expect("rows");
    assert_eq!(pixels(&shown), [[0, 1, 2, 3], [0; 4], [4, 5, 6, 7], [8, 9, 10, 11]]);
    let valid: Vec<_> =
        shown.iter().map(|row| row.origin.as_ref().map(|o| (o.line, o.valid))).collect();
    assert_eq!(valid, [Some((1, true)), Some((2, false)), Some((4, true)), Some((5, true))]);
    assert!(shown[1].to_string().ends_with("the fill value"), "{}", shown[1]);
}

/// Why these rows are not shown.
fn refused(out: &Path, rows: &[u64]) -> String {
    ndpix::show(out, rows).expect_err("refused").to_string()
}

#[test]
fn what_is_no_output_is_refused() {
    let (folder, out) = made("a.npy", &[]);
    assert!(refused(&out, &[3]).ends_with("has 3 rows, from 0, and no row 3"));
    assert!(refused(folder.path(), &[0]).contains("manifest.json"));
    assert!(
        refused(&folder.path().join("a\u{1b}.ndjson"), &[0]).contains("does not begin as a .npy")
    );
    let whole = fs::read(&out).expect("an array");
    let head = String::from_utf8_lossy(&whole[..128]).into_owned();
    let other = folder.path().join("b.npy");
    let check = |from: &str, to: &str, rows: &[u64], why: &str| {
        assert!(head.contains(from), "{head}");
        let at = whole.windows(from.len()).position(|w| w == from.as_bytes()).expect("it is there");
        let mut bytes = whole.clone();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        fs::write(&other, bytes).expect("written");
        let said = refused(&other, rows);
        assert!(said.contains(why), "{said}");
    };
    check("(3, 2, 2)", "(9, 2, 2)", &[8], "ends before this row");
    check("(3, 2, 2), }          ", "(3, 2, 99999999999), }", &[0], "more than is shown at once");
    check("'|u1'", "'>u2'", &[0], "big-endian");
    check("'|u1'", "'|O8'", &[0], "dtype is |O8");
    check("False", "True ", &[0], "C order");
    fs::write(&other, &whole[..60]).expect("written");
    assert!(refused(&other, &[0]).contains("it ends before"));
}

#[test]
fn a_manifest_does_not_lead_to_other_files() {
    let (folder, out) = made("shards", &[("shard_rows", "2")]);
    let manifest = out.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::copy(out.join("00000.npy"), folder.path().join("x.npy")).expect("copied");
    fs::write(&manifest, text.replace("00000.npy", "../x.npy")).expect("written");
    assert!(refused(&out, &[0]).contains("a file that is not one of the folder"));
}
