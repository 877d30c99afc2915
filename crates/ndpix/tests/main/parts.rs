//! What belongs here: that parts of a plan, whoever makes them and in whichever order, come to the output of one
//! run with one thread, byte by byte; and what is said where they do not.

mod refused;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndpix::{Batches, Control, Cut, Facts, Input, Options, Place, Plan, Run, Summary};

use crate::base64;

/// Options by their names.
fn options(given: &[(&str, &str)]) -> Options {
    let all = given.iter().try_fold(Options::default(), |options, (name, v)| options.with(name, v));
    all.expect("options")
}

fn pnm(height: usize, width: usize, seed: usize) -> String {
    let mut file = format!("P5 {width} {height} 255\n").into_bytes();
    file.extend((0..height * width).map(|i| (seed * 31 + i * 7) as u8));
    base64(&file)
}

/// A line of each sort, with whatever may stand between lines.
fn line(n: usize) -> Vec<u8> {
    let image = pnm(3, 4, n);
    let text = match n % 17 {
        0 => format!("{{\"image\":\"{image}\",\"label\":\"{}\",\"n\":{n}}}\r\n", "é".repeat(n % 5)),
        1 => "\n".into(),
        2 => format!("{{\"image\":\"{image}\",\"label\":null,\"n\":{n}}}\n"),
        3 if n > 70 => "{\"image\":\"broken\n".into(),
        4 => "{\"label\":\"none\",\"n\":1}\n".into(),
        5 if n > 70 => format!("{{\"image\":\"{}\",\"n\":2}}\n", pnm(2, 2, n)),
        6 if n > 70 => "{\"image\":7}\n".into(),
        7 => format!("  \t\r\n {{\"n\":{n},\"image\":\"{image}\"}}  \n"),
        8 if n > 70 => "{\"image\":\"data:image/png;base64,%%%\"}\n".into(),
        9 if n > 70 => return [&b"\x1f\x8b\x08\x00 no stream of its own\n"[..]].concat(),
        10 if n > 70 => "{\"file\":\"/etc/x\",\"line\":2,\"byte\":9,\"item\":0,\"kind\":\"image\",\"message\":\"m\",\"record\":\"{}\"}\n".into(),
        11 if n > 70 => format!("{{\"image\":\"{image}\",\"n\":\"text\"}}\n"),
        12 if n > 70 => return b"{\"image\":\"\xff\xfe\"}\n".to_vec(),
        13 if n > 70 => "\u{feff}{\"image\":1}\n".into(),
        14 if n > 70 => "[{\"image\":1}]\n".into(),
        _ => format!("{{\"image\":\"{image}\",\"label\":\"{n}\",\"n\":{n},\"more\":{{\"a\":[{n}]}}}}\n"),
    };
    text.into_bytes()
}

/// So many lines, the first of number `from`.
fn lines(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).flat_map(line).collect()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(data).and_then(|()| coder.finish()).expect("in memory")
}

/// Every file under a folder, by its name from there.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("inside").to_owned();
            found.insert(name, fs::read(path).expect("a file"));
        }
    }
    found
}

/// What a run counted, without what differs from run to run.
fn counted(run: &Run) -> Summary {
    let file = |name: &String| Path::new(name).file_name().expect("a name").display().to_string();
    let mut outputs: Vec<String> = run.summary.outputs.iter().map(file).collect();
    outputs.sort();
    let mut summary = run.summary.clone();
    (summary.outputs, summary.seconds, summary.peak_memory) = (outputs, 0.0, 0);
    summary
}

/// Inputs, and the run that parts are compared with.
struct Case {
    folder: tempfile::TempDir,
    inputs: Vec<PathBuf>,
    options: Options,
    out: &'static str,
    whole: Run,
    wanted: BTreeMap<PathBuf, Vec<u8>>,
}

impl Case {
    fn new(out: &'static str, files: &[(&str, Vec<u8>)], given: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |(name, bytes): &(&str, Vec<u8>)| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).expect("written");
            path
        };
        let inputs: Vec<_> = files.iter().map(path).collect();
        let options = options! { threads: 1, ..options(given) };
        let place = folder.path().join("whole");
        fs::create_dir(&place).expect("a folder");
        let read = inputs.iter().cloned().map(Input::Path).collect();
        let whole = ndpix::run(read, &place.join(out), &options, &Control::default());
        let wanted = tree(&place);
        Self { folder, inputs, options, out, whole, wanted }
    }

    /// A plan of the same, whose output is in a folder of its own.
    fn plan(&self, cut: Cut) -> Plan {
        let place = self.folder.path().join("parts");
        let _ = fs::remove_dir_all(&place);
        fs::create_dir(&place).expect("a folder");
        let inputs = self.inputs.iter().cloned().map(Input::Path).collect();
        let out = place.join(self.out);
        let plan = ndpix::plan(inputs, &out, &self.options, cut, &Control::default());
        Plan::from_json(&plan.expect("a plan").to_json().expect("text")).expect("a plan")
    }

    /// Makes all parts, in an order that has nothing to do with theirs, some of them twice, and commits them.
    #[track_caller]
    fn same(&self, cut: Cut) -> usize {
        let plan = self.plan(cut);
        let count = plan.parts();
        let mut order: Vec<usize> = (0..count).chain((0..count).step_by(3)).collect();
        order.sort_by_key(|part| (part * 7919 + 13) % 101);
        let mut facts: Vec<Facts> = Vec::new();
        for part in order {
            let made = plan.run(part, None, &Control::default()).expect("a part");
            match facts.iter().find(|known| known.part == part) {
                Some(known) => assert_eq!(*known, made),
                None => facts.push(made),
            }
        }
        let run = plan.commit(Some(&facts), None, &Control::default());
        self.compare(&run, &plan);
        count
    }

    #[track_caller]
    fn compare(&self, run: &Run, plan: &Plan) {
        let said = |run: &Run| run.result.as_ref().err().map(ToString::to_string);
        let place = self.folder.path().join("parts").display().to_string();
        let whole = self.folder.path().join("whole").display().to_string();
        let (found, wanted) = (said(run), said(&self.whole));
        assert_eq!(found.map(|t| t.replace(&place, &whole)), wanted, "{}", self.out);
        if self.whole.result.is_ok() {
            assert_eq!(counted(run), counted(&self.whole), "{}", self.out);
            assert!(!plan.work().exists(), "parts go with the commit");
        }
        let mut found = tree(&self.folder.path().join("parts"));
        found.retain(|name, _| !name.starts_with(plan.work().file_name().expect("a name")));
        // What another run of the whole would go on with is no part of what was made.
        let goes_on = |name: &Path| {
            let name = name.display().to_string();
            [".partial.d/", ".partial.journal", ".ndjson.partial"]
                .iter()
                .any(|end| name.contains(end))
        };
        let names = |all: &BTreeMap<PathBuf, Vec<u8>>| {
            all.keys().filter(|name| !goes_on(name)).cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&found), names(&self.wanted), "{}", self.out);
        for (name, bytes) in self.wanted.iter().filter(|(name, _)| !goes_on(name)) {
            assert!(found[name] == *bytes, "{} {} differs", self.out, name.display());
        }
    }
}

const OUTPUTS: [(&str, &[(&str, &str)]); 9] = [
    ("a.npy", &[("columns", "label\nn\nmore"), ("rows", "always")]),
    ("a.npz", &[("columns", "label\nn\nmore")]),
    ("a.h5", &[("columns", "label\nn\nmore"), ("output_compression", "gzip")]),
    ("a.zarr", &[("columns", "label\nn\nmore"), ("chunks", "7")]),
    ("b.zarr", &[("columns", "n"), ("chunks", "2"), ("shard_rows", "6")]),
    ("a.safetensors", &[("columns", "n")]),
    ("a.parquet", &[("columns", "label\nn\nmore")]),
    ("shards", &[("columns", "label\nn\nmore"), ("shard_rows", "10")]),
    ("where.npy", &[("columns", "label"), ("where", "n>20")]),
];

/// Several files, small and larger.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a.ndjson", lines(0, 180)),
        ("bom.ndjson", [b"\xef\xbb\xbf", &lines(180, 40)[..]].concat()),
        ("empty.ndjson", Vec::new()),
        ("packed.ndjson.gz", gzip(&lines(220, 30))),
        ("one.ndjson", format!("{{\"image\":\"{}\",\"n\":5}}", pnm(3, 4, 9)).into_bytes()),
        ("blank.ndjson", b"\n\r\n  \n".to_vec()),
        (
            "array.json",
            format!("[{{\"image\":\"{0}\",\"n\":1}},\n{{\"image\":\"{0}\"}}]", pnm(3, 4, 2)).into(),
        ),
        ("end.ndjson", lines(250, 60)),
    ]
}

fn with<'a>(given: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [given, more].concat()
}

#[test]
fn every_output_is_that_of_one_run() {
    for (out, given) in OUTPUTS {
        let case = Case::new(out, &files(), &with(given, &[("max_rejects", "none")]));
        assert!(case.whole.result.is_ok(), "{out}: {:?}", case.whole.result);
        let s = &case.whole.summary;
        assert!(s.rows > 100 && s.rejected() > 50, "{out}: {} {}", s.rows, s.rejected());
        assert_eq!(case.same(Cut::Bytes(1 << 30)), 1);
        assert!(case.same(Cut::Parts(9)) >= 6);
        assert!(case.same(Cut::Bytes(400)) >= 20, "{out}");
    }
}

#[test]
fn cuts_fall_everywhere() {
    let text = lines(70, 34);
    let fixed = [("field", "image"), ("shape", "3,4"), ("dtype", "uint8"), ("encoding", "encoded")];
    let case = Case::new("a.npy", &[("a.ndjson", text)], &with(&fixed, &[("max_rejects", "none")]));
    assert!(case.same(Cut::Bytes(1)) > 30);
    for bytes in (40..130).step_by(7) {
        case.same(Cut::Bytes(bytes));
    }
}

#[test]
fn rows_are_filled_and_numbers_of_rows_are_put_into_texts() {
    let list = |n: usize| {
        let images = (0..n % 4).map(|i| format!("\"{}\"", pnm(3, 4, n * 5 + i)));
        let bad = (n % 7 == 3).then(|| "\"UDUg\"".to_string());
        let all: Vec<String> = images.chain(bad).collect();
        format!("{{\"images\":[{}],\"n\":{n},\"t\":\"{}\"}}\n", all.join(","), "x".repeat(n % 9))
    };
    let text: String = (0..150).map(list).collect();
    let columns = [
        ("field", "images[*]"),
        ("encoding", "encoded"),
        ("columns", ".\nimages\nn"),
        ("max_rejects", "none"),
    ];
    for (out, fills) in [("a.npy", false), ("a.parquet", true), ("b.npy", true), ("s", false)] {
        let fill = [("on_error", "fill"), ("on_missing", "fill"), ("fill_value", "9")];
        let mut given = with(&columns, if fills { &fill } else { &[] });
        given.extend((out == "s").then_some(("shard_rows", "13")));
        let case = Case::new(out, &[("a.ndjson", text.clone().into_bytes())], &given);
        assert!(case.whole.result.is_ok(), "{out}: {:?}", case.whole.result);
        case.same(Cut::Bytes(900));
        case.same(Cut::Parts(3));
    }
}

#[test]
fn what_was_seen_in_the_sample_is_seen_in_parts() {
    // A field that was found: later records with an image elsewhere are rejects, those of the sample are not.
    let record = |n: usize| {
        let image = pnm(3, 4, n);
        match n % 10 {
            3 => format!("{{\"image\":\"{image}\",\"n\":{n},\"other\":\"a text\"}}\n"),
            7 if n > 64 => format!("{{\"photo\":\"{image}\",\"n\":{n}}}\n"),
            9 if n > 64 => format!("{{\"image\":\"{image}\",\"other\":\"{image}\"}}\n"),
            _ => format!("{{\"image\":\"{image}\",\"n\":{n}}}\n"),
        }
    };
    let text: String = (0..200).map(record).collect();
    let half = text.match_indices('\n').nth(30).expect("a line").0 + 1;
    let files = [("a.ndjson", text[..half].into()), ("b.ndjson", text[half..].into())];
    let case = Case::new("a.npy", &files, &[("columns", "n"), ("max_rejects", "none")]);
    assert!(case.whole.summary.rejected() > 10, "{:?}", case.whole);
    case.same(Cut::Bytes(300));
    case.same(Cut::Parts(2));
}

#[test]
fn images_of_their_own_sizes() {
    let record = |n: usize| format!("{{\"image\":\"{}\"}}\n", pnm(1 + n % 7, 2 + n % 5, n));
    let text: Vec<u8> = (0..120).map(record).collect::<String>().into();
    for (out, given) in [
        ("a.npz", &[("ragged", "flat")][..]),
        ("a.h5", &[("ragged", "pad")]),
        ("a.zarr", &[("ragged", "pad"), ("size", "9,9"), ("pad_value", "3")]),
        ("a.parquet", &[("images_as", "encoded")]),
        ("a.npy", &[("size", "8,8"), ("fit", "pad"), ("dtype", "float32"), ("scale", "unit")]),
        (
            "b.npy",
            &[("size", "5"), ("fit", "crop"), ("normalize", "0.5/0.25"), ("dtype", "float32")],
        ),
    ] {
        let case = Case::new(out, &[("a.ndjson", text.clone())], given);
        assert!(case.whole.result.is_ok(), "{out} {given:?}: {:?}", case.whole.result);
        case.same(Cut::Bytes(500));
    }
}

#[test]
fn rejects_that_are_read_again_come_from_where_they_were() {
    let first = Case::new(
        "a.npy",
        &[("a.ndjson", lines(0, 300))],
        &[("max_rejects", "none"), ("columns", "n"), ("on_missing", "reject")],
    );
    let rejects = first.wanted[Path::new("a.npy.rejects.ndjson")].clone();
    let good = format!("{{\"image\":\"{}\"}}\n", pnm(3, 4, 1));
    let mended =
        String::from_utf8_lossy(&rejects).replace("7}", &format!("\\\"{}\\\"}}", pnm(3, 4, 1)));
    let files = [("good.ndjson", good.into_bytes()), ("b.rejects.ndjson", mended.into_bytes())];
    for more in [&[][..], &[("on_error", "fill"), ("on_missing", "reject"), ("rows", "always")]] {
        let fixed = [("max_rejects", "none"), ("shape", "3,4"), ("dtype", "uint8")];
        let given = with(&with(&fixed, &[("field", "image"), ("encoding", "encoded")]), more);
        let case = Case::new("a.npy", &files, &given);
        assert!(case.whole.result.is_ok(), "{:?}", case.whole.result);
        assert!(case.whole.summary.rejected() > 20);
        case.same(Cut::Bytes(600));
    }
}

#[test]
fn what_ends_a_run_ends_the_commit_at_the_same_record() {
    for given in [
        &[("on_error", "raise")][..],
        &[("max_rejects", "4")],
        &[("max_rejects", "2%")],
        &[("max_rejects", "0"), ("rejects_content", "position")],
    ] {
        let case = Case::new("a.npy", &[("a.ndjson", lines(0, 200))], given);
        let plan = case.plan(Cut::Bytes(1000));
        for part in 0..plan.parts() {
            plan.run(part, None, &Control::default()).expect("a part knows no limit");
        }
        let run = plan.commit(None, None, &Control::default());
        assert!(case.whole.result.is_err(), "{given:?}");
        case.compare(&run, &plan);
        // Other options of only this run go on with the same parts.
        let mended =
            options! { max_rejects: Some(ndpix::MaxRejects::None), ..case.options.clone() };
        if given[0].0 == "max_rejects" {
            let inputs = Input::expand(&case.inputs).expect("inputs");
            let again =
                ndpix::plan(inputs, plan.out(), &mended, Cut::Bytes(1000), &Control::default());
            let again = again.expect("a plan");
            assert_eq!(again.id(), plan.id());
            again.commit(None, None, &Control::default()).result.expect("enough is allowed");
        }
    }
}

#[test]
fn a_part_is_read_in_batches_too() {
    let given = [("max_rejects", "none"), ("columns", "n"), ("rows", "always"), ("chunks", "4")];
    let case = Case::new("a.h5", &files(), &given);
    let plan = case.plan(Cut::Bytes(2000));
    let (mut rows, mut pixels) = (0, Vec::new());
    for part in 0..plan.parts() {
        for batch in Batches::of_part(&plan, part, 5, &Control::default()).expect("batches") {
            let batch = batch.expect("a batch");
            rows += batch.lines.len();
            pixels.extend_from_slice(&batch.images.bytes);
        }
    }
    assert_eq!(rows as u64, case.whole.summary.rows);
    let whole = case.inputs.iter().cloned().map(Input::Path).collect();
    let options = options(&[("max_rejects", "none"), ("columns", "n")]);
    let whole = ndpix::load(whole, &options, &Control::default());
    assert!(whole.result.expect("an array").bytes[..] == pixels);
}

#[test]
fn a_range_is_no_file_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.ndjson");
    let text = "\u{feff}{\"image\":[[1]]}\r\n\n{\"image\":[[2]]}\n{\"image\":[[3]]}";
    fs::write(&path, text).expect("written");
    let cut = |at: usize| text.match_indices('\n').nth(at).expect("a line").0 as u64 + 1;
    let load = |from: u64, to: u64| {
        let range = vec![Input::Range { place: Place::Path(path.clone()), from, to }];
        let loaded = ndpix::load(range, &options(&[("field", "image")]), &Control::default());
        (loaded.result.map(|a| a.as_slice::<i64>().expect("integers").to_vec()), loaded.summary)
    };
    let all = text.len() as u64;
    assert_eq!(load(0, all).0.expect("all"), [1, 2, 3]);
    assert_eq!(load(0, cut(1)).0.expect("the first"), [1]);
    assert_eq!(load(cut(1), all).0.expect("the others"), [2, 3]);
    let summary = load(cut(0), cut(2)).1;
    assert_eq!((summary.rows, summary.blank_lines, summary.bytes_read), (1, 1, cut(2) - cut(0)));
    let short = load(cut(1), all + 5).0.expect_err("the file ends before");
    assert!(short.to_string().contains("5 bytes shorter"), "{short}");
}
