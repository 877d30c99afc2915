//! What belongs here: an output that is written anew to grow is that of one run over all inputs, byte by byte; and what is
//! refused leaves it as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndpix::{ErrorKind, Options, Summary};

use super::{base64, raw};

/// The outputs, and an option that belongs to each.
const OUTPUTS: [(&str, &str, &str); 7] = [
    ("a.zarr", "chunks", "3"),
    ("b.zarr", "output_compression", "none"),
    ("a.h5", "output_compression", "gzip"),
    ("a.parquet", "chunks", "4"),
    ("a.npz", "output_compression", "gzip"),
    ("b.npz", "rows", "auto"),
    ("shards", "shard_rows", "4"),
];

/// Records of a night, of which the last is rejected.
fn night(folder: &Path, number: u8, count: u8) -> PathBuf {
    let record = |i: u8| {
        let text = if i.is_multiple_of(3) { "null".into() } else { format!("\"ä{i}\"") };
        let image = base64(&[number, i, i, number, 7, 7]);
        format!(
            "{{\"image\": \"{image}\", \"n\": {i}.5, \"t\": {text}, \"l\": [{i}], \"o\": {{\"i\": {i}}}}}\n"
        )
    };
    let text: String = (0..count).map(record).chain(["{\"image\": 7}\n".into()]).collect();
    let path = folder.join(format!("{number}.ndjson"));
    fs::write(&path, text).expect("written");
    path
}

fn appended(inputs: &[PathBuf], out: &Path, option: (&str, &str)) -> ndpix::Result<Summary> {
    let mut options = raw("2,3");
    for (name, value) in [("append", "true"), ("columns", "n,t,l,o"), option] {
        options.set(name, value)?;
    }
    ndpix::convert(inputs, out, &options)
}

/// The bytes of all files below a folder, without those that are read.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut folders, mut all) = (vec![folder.to_path_buf()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|end| end != "ndjson") {
                let name = path.strip_prefix(folder).expect("inside").to_path_buf();
                all.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    all
}

#[test]
fn what_has_grown_is_what_one_run_makes() {
    let place = tempfile::tempdir().expect("a folder");
    let nights: Vec<_> = (0..3).map(|i| night(place.path(), i, 5 + 4 * i)).collect();
    for (name, option, value) in OUTPUTS {
        let [grown, once] = ["grown", "once"].map(|folder| place.path().join(folder));
        for folder in [&grown, &once] {
            fs::create_dir(folder).expect("a folder");
        }
        let summary = appended(&nights, &once.join(name), (option, value)).expect(name);
        assert_eq!((summary.rows, summary.rejected()), (27, 3));
        for (i, night) in nights.iter().enumerate() {
            let inputs = std::slice::from_ref(night);
            let summary = appended(inputs, &grown.join(name), (option, value)).expect(name);
            assert_eq!(summary.rows, 5 + 4 * i as u64, "{name}");
        }
        let (found, want) = (files(&grown), files(&once));
        assert!(found.keys().eq(want.keys()), "{name}: {:?}", found.keys());
        want.iter().for_each(|(file, bytes)| assert!(found[file] == *bytes, "{}", file.display()));
        let shown = ndpix::show(&grown.join(name), &[0, 5, 26]).expect(name);
        let origins = shown.iter().filter_map(|row| row.origin.as_ref());
        let origins: Vec<_> = origins.map(|origin| (origin.input, origin.line)).collect();
        assert_eq!(origins, [(0, 1), (1, 1), (2, 13)], "{name}");
        for folder in [&grown, &once] {
            fs::remove_dir_all(folder).expect("removed");
        }
    }
}

#[test]
fn what_is_refused_leaves_it_as_it_was() {
    let place = tempfile::tempdir().expect("a folder");
    let nights: Vec<_> = (0..2).map(|i| night(place.path(), i, 5)).collect();
    for (name, option, value) in OUTPUTS {
        let out = place.path().join(name);
        appended(&nights[..1], &out, (option, value)).expect(name);
        let before = files(place.path());
        let refused = |inputs: &[PathBuf], more: (&str, &str), said: &str| {
            let mut options = raw("2,3");
            for (name, value) in [("append", "true"), ("columns", "n,t,l,o"), (option, value), more]
            {
                options.set(name, value).expect("a value");
            }
            let error = ndpix::convert(inputs, &out, &options).expect_err(said);
            assert_eq!(error.kind(), ErrorKind::Options, "{name}: {error}");
            assert!(error.message().contains(said), "{name}: {error}");
            assert_eq!(files(place.path()), before, "{name}: {error}");
        };
        let (again, other) = (&nights[..1], &nights[1..]);
        refused(again, ("threads", "1"), "was appended to");
        refused(other, ("dtype", "float32"), "ask for the same, or write another output");
        refused(
            other,
            ("columns", "n,t"),
            "has the columns n (numbers), t (strings), l (lists of integers), o (JSON text)",
        );
        refused(other, ("rows", "never"), "grows by its row map");
        appended(other, &out, (option, value)).expect(name);
        let found = fs::metadata(&out).expect("it is there");
        if found.is_dir() { fs::remove_dir_all(&out) } else { fs::remove_file(&out) }
            .expect("removed");
        fs::remove_file(place.path().join(format!("{name}.inputs.json"))).expect("removed");
        fs::remove_file(place.path().join(format!("{name}.rejects.ndjson"))).expect("removed");
    }
}

#[test]
fn one_without_a_row_map_does_not_grow() {
    let place = tempfile::tempdir().expect("a folder");
    let inputs = [night(place.path(), 0, 5)];
    for name in ["a.zarr", "a.h5", "a.parquet", "a.npz", "a.safetensors"] {
        let out = place.path().join(name);
        let set =
            |options: Options, name: &str, value: &str| options.with(name, value).expect("a value");
        ndpix::convert(&inputs, &out, &set(raw("2,3"), "rows", "never")).expect(name);
        let error =
            ndpix::convert(&inputs, &out, &set(raw("2,3"), "append", "true")).expect_err(name);
        assert!(error.message().contains("no row map of its rows"), "{error}");
    }
}
