//! Outputs and parts in a store: their objects are the files that a disk would have, and nothing half-made is seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndpix::{Control, Cut, Error, ErrorKind, Options, Plan, Run};

use super::{files, found, gzip, put, records, with};

const OUTPUTS: [(&str, &[(&str, &str)]); 7] = [
    ("a.npy", &[]),
    ("a.npz", &[]),
    ("a.h5", &[]),
    ("a.zarr", &[("chunks", "7")]),
    ("a.safetensors", &[]),
    ("a.parquet", &[]),
    ("shards", &[("shard_rows", "64")]),
];

/// A folder in the store that no other process has, as what is made lies in a folder of its address.
fn folder(name: &str) -> String {
    put(&format!("kept://{name}-{}/in.ndjson", std::process::id()), records(300).as_bytes());
    let broken = "{\"image\":7,\"n\":1}\nnot JSON\n";
    put(&format!("kept://{name}-{}/in2.ndjson.gz", std::process::id()), &gzip(broken));
    format!("kept://{name}-{}", std::process::id())
}

fn options(given: &[(&str, &str)]) -> Options {
    let all = [("columns", "n"), ("threads", "2")].iter().chain(given);
    let all = all.into_iter().try_fold(Options::default(), |o, (name, value)| o.with(name, value));
    all.expect("options")
}

fn run(at: &str, out: &str, options: &Options) -> Run {
    ndpix::run(found(&format!("{at}/in*")), Path::new(out), options, &Control::default())
}

/// What is in the store below `at`, by its name there; inputs and what other outputs have left out.
fn there(at: &str, name: &str) -> BTreeMap<String, Vec<u8>> {
    let begins = format!("{at}/{name}");
    with(|map| {
        let ours = map.iter().filter(|(address, _)| address.starts_with(&begins));
        ours.map(|(address, bytes)| (address[at.len() + 1..].to_string(), bytes.to_vec())).collect()
    })
}

/// The same of a folder on a disk.
fn on_disk(at: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(at.join(&folder)).expect("a folder").flatten() {
            let name = folder.join(entry.file_name());
            match entry.path().is_dir() {
                true => folders.push(name),
                false => {
                    let bytes = std::fs::read(entry.path()).expect("a file");
                    all.insert(name.to_string_lossy().into_owned(), bytes);
                }
            }
        }
    }
    all
}

#[test]
fn every_output_is_the_files_of_a_disk() {
    let at = folder("every");
    for (name, given) in OUTPUTS {
        let (options, disk) = (options(given), tempfile::tempdir().expect("a folder"));
        let local = run(&at, disk.path().join(name).to_str().expect("UTF-8"), &options);
        local.result.expect("converted");
        let far = run(&at, &format!("{at}/{name}"), &options);
        far.result.expect("converted");
        assert_eq!(far.summary.rejected(), 2);
        assert_eq!(there(&at, name), on_disk(disk.path()), "{name}");
        let place = disk.path().to_str().expect("UTF-8");
        let outputs: Vec<_> =
            local.summary.outputs.iter().map(|output| output.replace(place, &at)).collect();
        let mut said = far.summary.outputs;
        said[1..].sort();
        let mut wanted = outputs;
        wanted[1..].sort();
        assert_eq!(said, wanted);
    }
}

#[test]
fn what_is_there_is_refused_left_or_replaced() {
    let at = folder("exists");
    let out = format!("{at}/a.zarr");
    let small = options(&[("chunks", "7"), ("limit", "20")]);
    run(&at, &out, &options(&[("chunks", "7"), ("shard_rows", "14")])).result.expect("converted");
    let before = there(&at, "a.zarr");
    let error = run(&at, &out, &small).result.expect_err("it exists");
    assert_eq!(
        (error.kind(), error.to_string().contains("exists; pass if_exists")),
        (ErrorKind::Options, true)
    );
    run(&at, &out, &small.clone().with("if_exists", "skip").expect("an option"))
        .result
        .expect("left");
    assert_eq!(there(&at, "a.zarr"), before);
    let replaced = small.with("if_exists", "replace").expect("an option");
    run(&at, &out, &replaced).result.expect("replaced");
    let disk = tempfile::tempdir().expect("a folder");
    run(&at, disk.path().join("a.zarr").to_str().expect("UTF-8"), &replaced)
        .result
        .expect("converted");
    assert_eq!(there(&at, "a.zarr"), on_disk(disk.path()), "nothing of the old one is left");
}

#[test]
fn what_is_not_for_a_store_is_refused() {
    let at = folder("refused");
    let said = |out: &str, given: &[(&str, &str)]| {
        let given = [&[("columns", "")], given].concat();
        run(&at, out, &options(&given)).result.expect_err("refused").to_string()
    };
    let out = format!("{at}/a.npy");
    assert!(said(&out, &[("append", "true")]).contains("objects only change as a whole"));
    assert!(said(&out, &[("rejects", "kept://b/r.ndjson")]).contains("is not a file; give one"));
    assert!(
        said("https://example.org/a.npy", &[]).contains("is on a web server, which takes none")
    );
    put(&format!("{at}/in3.npy.rejects.ndjson"), b"{}");
    let error = said(&format!("{at}/in3.npy"), &[]);
    assert!(
        error.contains("in3.npy.rejects.ndjson is an input and would be overwritten"),
        "{error}"
    );
    assert!(there(&at, "a.npy").is_empty());
}

#[test]
fn who_comes_second_is_refused_and_changes_nothing() {
    let at = folder("second");
    let out = format!("{at}/a.npy");
    let plan = ndpix::plan(
        found(&format!("{at}/in.ndjson")),
        Path::new(&out),
        &options(&[]),
        Cut::Parts(4),
        &Control::default(),
    );
    let plan = plan.expect("a plan");
    let work = tempfile::tempdir().expect("a folder");
    for part in 0..plan.parts() {
        plan.run(part, Some(work.path()), &Control::default()).expect("a part");
    }
    // Somebody else is done while this one commits.
    let other = |text: &str| {
        if text.starts_with("field") {
            put(&out, b"theirs");
        }
    };
    let control = Control { note: Some(&other), ..Control::default() };
    let error: Error = plan.commit(None, Some(work.path()), &control).result.expect_err("second");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("was written by another run meanwhile and is left alone"),
        "{error}"
    );
    assert_eq!(there(&at, "a.npy")["a.npy"], b"theirs");
    // Beside it stands what this one has put, which a run of something else does not take for its own.
    with(|map| map.remove(&out));
    let columns = format!("{out}.columns.parquet");
    let error = run(&at, &out, &options(&[])).result.expect_err("in the way").to_string();
    assert!(error.contains(&format!("{columns} is there and {out} is not")), "{error}");
    let replace = options(&[("if_exists", "replace")]);
    run(&at, &out, &replace).result.expect("replaced");
    assert_eq!(there(&at, "a.npy")["a.npy"][..6], *b"\x93NUMPY");
}

#[test]
fn parts_wait_in_a_store_too() {
    let at = folder("parts");
    let out = format!("{at}/a.npy");
    let disk = tempfile::tempdir().expect("a folder");
    run(&at, disk.path().join("a.npy").to_str().expect("UTF-8"), &options(&[]))
        .result
        .expect("converted");
    let plan = ndpix::plan(
        found(&format!("{at}/in*")),
        Path::new(&out),
        &options(&[]),
        Cut::Parts(4),
        &Control::default(),
    );
    let name = plan.and_then(|plan| plan.save()).expect("a plan");
    assert_eq!(name, Path::new(&format!("{out}.plan.json")));
    let plan = Plan::open(&name).expect("a plan");
    let control = Control::default;
    // A try that was killed, and a part that is made twice.
    put(&format!("{out}.parts/{}/00001/abc/pixels", plan.id()), b"half");
    for part in [1, 0, 1].into_iter().chain(2..plan.parts()) {
        plan.run(part, None, &control()).expect("a part");
    }
    let facts = format!("{out}.parts/{}/00002/facts.json", plan.id());
    let bytes = with(|map| map.remove(&facts)).expect("facts");
    let error =
        plan.commit(None, None, &control()).result.expect_err("a part is missing").to_string();
    assert!(error.contains("part 2 is missing (1 of"), "{error}");
    put(&facts, &bytes);
    let pixels = with(|map| {
        map.keys().find(|name| name.contains("/00000/") && name.ends_with("/pixels")).cloned()
    });
    let pixels = pixels.expect("pixels");
    with(|map| {
        let mut bytes = map[&pixels].to_vec();
        bytes[3] ^= 1;
        map.insert(pixels, bytes.into());
    });
    let error = plan.commit(None, None, &control()).result.expect_err("damaged").to_string();
    assert!(error.contains("part 0: ") && error.contains("is damaged"), "{error}");
    plan.run(0, None, &control()).expect("made again");
    plan.commit(None, None, &control()).result.expect("committed");
    let mut made = there(&at, "a.npy");
    assert!(made.remove("a.npy.plan.json").is_some());
    assert_eq!(made, on_disk(disk.path()), "and no part is left");
    assert!(files(disk.path()).contains_key("a.npy.columns.parquet"));
    let error = plan.commit(None, None, &control()).result.expect_err("it exists").to_string();
    assert!(error.contains("exists; pass if_exists"), "{error}");
}
