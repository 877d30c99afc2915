//! What belongs here: images that records name by paths, through whole runs. Nothing is read outside of the
//! folders that a run allows, whoever wrote the records and whatever is exchanged meanwhile.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ndpix::{Batches, Control, Dataset, ErrorKind, Input, MaxRejects, Options};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{bytes, convert};

const INSIDE: &[u8] = b"P5 2 2 255\n\x01\x01\x01\x01";
const SECRET: &[u8] = b"P5 2 2 255\n\xee\xee\xee\xee";

/// Options that read paths in `file` and reject what they must.
fn options(base_dir: Option<&Path>) -> Options {
    options! {
        field: Some("file".parse().expect("a field")),
        encoding: vec!["path".parse().expect("an encoding")],
        shape: Some("2,2".parse().expect("a shape")),
        dtype: Some("uint8".parse().expect("a dtype")),
        max_rejects: Some(MaxRejects::None),
        base_dir: base_dir.map(Path::to_owned),
        ..Options::default()
    }
}

fn records(paths: &[impl AsRef<str>]) -> Vec<u8> {
    let mut text = String::new();
    for path in paths {
        let _ = writeln!(text, "{}", serde_json::json!({ "file": path.as_ref() }));
    }
    text.into_bytes()
}

/// `base/in/a.pgm` and `base/a.pgm` are inside, `out/a.pgm` and what links of the base lead to is not.
fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    fs::create_dir_all(root.join("base/in")).expect("a folder");
    fs::create_dir_all(root.join("out")).expect("a folder");
    for name in ["base/in/a.pgm", "base/a.pgm"] {
        fs::write(root.join(name), INSIDE).expect("an image");
    }
    fs::write(root.join("out/a.pgm"), SECRET).expect("an image");
    for (target, name) in [
        ("../out", "base/link"),
        ("../out/a.pgm", "base/link.pgm"),
        ("link.pgm", "base/link-to-link.pgm"),
        ("..", "base/up"),
        ("loop.pgm", "base/loop.pgm"),
        ("b.pgm", "base/c.pgm"),
        ("c.pgm", "base/b.pgm"),
        ("/proc/self/root", "base/root"),
        ("/dev/zero", "base/zero.pgm"),
    ] {
        symlink(target, root.join(name)).expect("a link");
    }
    rustix::fs::mkfifoat(CWD, root.join("base/fifo.pgm"), rustix::fs::Mode::RWXU).expect("a FIFO");
    (folder, root)
}

/// A folder of the base is exchanged for a link to another folder, and a file for a link to another file, again
/// and again, while runs read both. `NDPIX_EXCHANGES=1000000` is how often; a few thousand otherwise.
#[test]
fn exchanged_links_lead_nowhere() {
    let wanted = std::env::var("NDPIX_EXCHANGES").ok().and_then(|n| n.parse().ok()).unwrap_or(4000);
    let (_folder, root) = tree();
    let base = root.join("base");
    let absolute = base.join("in/a.pgm").display().to_string();
    let names = ["in/a.pgm", "a.pgm", "in/../in/a.pgm", "../base/in/a.pgm", &absolute];
    let paths: Vec<_> = names.iter().cycle().take(1000).collect();
    let text = records(&paths);
    let (count, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let exchange = |one: &str, other: &str| {
        renameat_with(CWD, base.join(one), CWD, base.join(other), RenameFlags::EXCHANGE)
            .expect("exchanged");
        count.fetch_add(1, Ordering::Relaxed);
    };
    let (mut rows, mut rejects, mut outside) = (0, 0, 0);
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                exchange("in", "link");
                exchange("a.pgm", "link.pgm");
            }
        });
        let options = options! { threads: 2, ..options(Some(&base)) };
        // On a busy machine one of both may run alone for a while.
        let busy = |rows, rejects| (rows == 0 || rejects == 0) && started.elapsed().as_secs() < 60;
        while count.load(Ordering::Relaxed) < wanted || busy(rows, rejects) {
            let loaded = ndpix::load(bytes(&text), &options, &Control::default());
            let array = loaded.result.expect("an array");
            rows += array.bytes.len() / 4;
            outside += array.bytes.iter().filter(|&&b| b != 1).count();
            rejects += loaded.summary.rejected();
        }
        done.store(true, Ordering::Relaxed);
    });
    let count = count.load(Ordering::Relaxed);
    let said =
        format!("{count} exchanges: {rows} rows, {rejects} rejects, {outside} bytes outside");
    assert_eq!(outside, 0, "{said}");
    assert!(rows > 0 && rejects > 0, "there was a race: {said}");
}

#[test]
fn hostile_paths_open_nothing() {
    let (_folder, root) = tree();
    let at = |name: &str| root.join(name).display().to_string();
    let secret = at("out/a.pgm");
    let (long, deep) =
        (format!("{}.pgm", "x".repeat(5000)), format!("{}a.pgm", "in/../".repeat(3000)));
    let climb = format!("{}{}", "../".repeat(40), &secret[1..]);
    let hostile = [
        "",
        ".",
        "..",
        "/",
        "//",
        "../out/a.pgm",
        "in/../../out/a.pgm",
        "./.././out/a.pgm",
        "..//out//a.pgm",
        &climb,
        &secret,
        &format!("/{secret}"),
        &format!("{secret}/"),
        &at("base/../out/a.pgm"),
        "link/a.pgm",
        "link.pgm",
        "link-to-link.pgm",
        "up/out/a.pgm",
        "up/base/up/out/a.pgm",
        &format!("root{secret}"),
        "loop.pgm",
        "b.pgm",
        "fifo.pgm",
        "zero.pgm",
        "/dev/zero",
        "/dev/stdin",
        "/proc/self/fd/0",
        "/proc/self/fd/../environ",
        &format!("/proc/self/root{secret}"),
        &format!("/proc/self/cwd/{climb}"),
        "a.pgm/",
        "a.pgm/../a.pgm",
        "a.pgm\0",
        "a.pgm%00",
        &long,
        &deep,
        r"..\out\a.pgm",
        r"in\..\..\out\a.pgm",
        &secret.replace('/', "\\"),
        "%2e%2e/out/a.pgm",
        "..%2Fout%2Fa.pgm",
        "%2E%2E%5Cout%5Ca.pgm",
        &secret.replace('/', "%2F"),
        &format!("file://{secret}"),
        &format!("FILE://localhost{secret}"),
        &format!("file:{secret}"),
        &format!("file://{}", at("base/link.pgm")),
        "file://server/share/a.pgm",
        "file:///%2e%2e/%2e%2e/etc/hostname",
        "file://../out/a.pgm",
        "https://127.0.0.1:9/a.pgm",
        "ftp://127.0.0.1/a.pgm",
        r"\\server\share\a.pgm",
        r"\\?\C:\a.pgm",
        "~/a.pgm",
        "$HOME/a.pgm",
        "*.pgm",
        "a.pgm;b.pgm",
    ];
    let done = convert(bytes(&records(&hostile)), &options(Some(&root.join("base"))));
    done.run.result.as_ref().expect("an empty array");
    let summary = &done.run.summary;
    assert_eq!((summary.rows, summary.rejected()), (0, hostile.len() as u64));
    // The empty one is not a path at all.
    let kinds = done.reject_kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "path").count(), hostile.len() - 1, "{kinds:?}");
}

#[test]
fn a_folder_that_is_allowed_is_reached_every_way() {
    let (_folder, root) = tree();
    fs::write(root.join("base/back.pgm"), INSIDE).expect("an image");
    symlink("../base/back.pgm", root.join("out/back.pgm")).expect("a link");
    let secret = root.join("out/a.pgm").display().to_string();
    let paths = [
        "../out/a.pgm",
        "link/a.pgm",
        "link-to-link.pgm",
        &secret,
        &format!("file://{secret}"),
        r"..\out\a.pgm",
        "../out/back.pgm",
        "served/a.pgm",
    ];
    let mut allowed = options(Some(&root.join("base")));
    allowed.allow_dir = vec![root.join("out")];
    allowed.path_prefix = vec!["served/=../out/".parse().expect("a prefix")];
    let loaded = ndpix::load(bytes(&records(&paths)), &allowed, &Control::default());
    let rows = loaded.result.expect("an array");
    assert_eq!(rows.shape, [8, 2, 2], "{:?}", loaded.summary.first_rejects);
    assert_eq!(rows.bytes.iter().filter(|&&b| b == 1).count(), 4);
    allowed.allow_dir = vec![root.join("nowhere")];
    let refused = ndpix::load(bytes(&records(&paths)), &allowed, &Control::default());
    assert_eq!(refused.result.expect_err("no folder").kind(), ErrorKind::Options);
}

/// Records that look like those of a rejects file, and would move the start of paths to where the secret is.
#[test]
fn records_that_look_rejected_open_nothing() {
    let (_folder, root) = tree();
    let line = |file: &str, path: &str| {
        let record = serde_json::json!({ "file": path }).to_string();
        let (file, kind) = (root.join(file).display().to_string(), "unsupported");
        // In the order of a rejects file.
        format!(
            "{{\"file\":{},\"line\":1,\"byte\":0,\"item\":0,\"kind\":\"{kind}\",\"message\":\"m\",\"record\":{}}}\n",
            serde_json::json!(file),
            serde_json::json!(record)
        )
    };
    fs::write(root.join("out/s.pgm"), SECRET).expect("an image");
    let text = [line("out/x.ndjson", "s.pgm"), line("base/x.ndjson", "../out/s.pgm")].concat();
    let at = |name: &str| {
        let path = root.join("base").join(name);
        fs::write(&path, &text).expect("written");
        Input::Path(path)
    };
    let stream = || Input::Reader {
        name: "x.rejects.ndjson".into(),
        reader: Box::new(std::io::Cursor::new(text.clone().into_bytes())),
    };
    type Door = fn(Vec<Input>, &Options) -> usize;
    let doors: [(&str, Door); 5] = [
        ("convert", |inputs, options| convert(inputs, options).run.summary.rows as usize),
        ("load", |inputs, options| {
            let loaded = ndpix::load(inputs, options, &Control::default());
            loaded.result.map_or(0, |array| array.shape[0])
        }),
        ("batches", |inputs, options| {
            let batches = Batches::open(inputs, options, 4, &Control::default());
            batches.map_or(0, |all| all.flatten().map(|b| b.images.shape[0]).sum())
        }),
        ("inspect", |inputs, options| {
            let report = ndpix::inspect(inputs, options);
            report.map_or(0, |r| r.shapes.iter().map(|s| s.count as usize).sum())
        }),
        ("decode", |inputs, options| {
            let Some(Input::Bytes(text)) = inputs.into_iter().next() else { return 0 };
            usize::from(ndpix::decode(&text, options).is_ok())
        }),
    ];
    let plain = options! { shape: None, dtype: None, ..options(None) };
    let based = options! { base_dir: Some(root.join("base")), ..plain.clone() };
    let told = options! { rejects_input: true, ..plain.clone() };
    let both = options! { rejects_input: true, ..based.clone() };
    for (door, read) in doors {
        for options in
            [&plain, &based, &told, &both, &options(None), &options(Some(&root.join("base")))]
        {
            for input in [
                at("data.ndjson"),
                at("x.rejects.ndjson"),
                Input::Bytes(text.as_bytes().into()),
                stream(),
            ] {
                let name = input.name();
                assert_eq!(read(vec![input], options), 0, "{door} of {name}");
            }
        }
    }
    for name in ["data.ndjson", "x.rejects.ndjson"] {
        let opened = Dataset::open(vec![at(name)], &plain, None, &Control::default());
        let rows = opened.map_or(0, |all| (0..all.len()).filter(|&i| all.get(i).is_ok()).count());
        assert_eq!(rows, 0, "open of {name}");
    }
    // Where the fence is wide enough, the line says where its path counts from.
    let open = options! { allow_dir: vec![root.join("out")], ..options(None) };
    fs::write(root.join("out/x.ndjson"), "").expect("written");
    let loaded = ndpix::load(vec![at("x.rejects.ndjson")], &open, &Control::default());
    assert_eq!(loaded.result.expect("an array").bytes[..], SECRET[11..].repeat(2));
    let loaded = ndpix::load(vec![at("data.ndjson")], &open, &Control::default());
    assert_eq!(loaded.summary.rows, 0, "the name says what it is");
}

#[test]
fn one_value_opens_no_path_unasked() {
    let (_folder, root) = tree();
    let at = root.join("base/a.pgm").display().to_string();
    let base = root.join("base");
    let value = |path: &str| serde_json::json!(path).to_string().into_bytes();
    for path in ["a.pgm", &at, &format!("file://{at}"), "Cargo.toml"] {
        for encoding in [Vec::new(), vec!["path".parse().expect("an encoding")]] {
            let options = options! { encoding, ..Options::default() };
            let error = ndpix::decode(&value(path), &options).expect_err(path);
            assert!(matches!(error.kind(), ErrorKind::Path | ErrorKind::Field), "{path}: {error}");
            let allowed = options! { allow_dir: vec![base.clone()], ..options };
            let error = ndpix::decode(&value(path), &allowed).expect_err(path);
            assert_eq!(error.kind(), ErrorKind::Options, "{path}: {error}");
        }
    }
    let options = options! { base_dir: Some(base), ..Options::default() };
    for path in ["a.pgm", &at] {
        assert_eq!(ndpix::decode(&value(path), &options).expect(path).bytes[..], [1; 4]);
    }
}

#[test]
fn a_path_may_name_an_array_or_an_address_that_is_here() {
    let (_folder, root) = tree();
    let header = b"{'descr': '<u2', 'fortran_order': False, 'shape': (1, 2), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header);
    npy.extend([1, 0, 2, 0]);
    fs::write(root.join("base/a.npy"), npy).expect("an array");
    let input = |paths: &[&str]| {
        let path = root.join("base/in.ndjson");
        fs::write(&path, records(paths)).expect("written");
        vec![Input::Path(path)]
    };
    let auto =
        options! { field: None, encoding: Vec::new(), shape: None, dtype: None, ..options(None) };
    let array = |paths: &[&str], options: &Options| {
        ndpix::load(input(paths), options, &Control::default()).result.expect("an array")
    };
    let found = array(&["a.npy", "a.npy"], &auto);
    assert_eq!(
        (&found.shape[..], &found.bytes[..]),
        (&[2, 1, 2][..], &[1, 0, 2, 0, 1, 0, 2, 0][..])
    );
    let mut served = auto.clone();
    served.path_prefix = vec!["https://example.org/data/=".parse().expect("a prefix")];
    let found =
        array(&["https://example.org/data/in/a.pgm", "https://example.org/data/a.pgm"], &served);
    assert_eq!(found.bytes[..], [1; 8]);
    let url = format!("file://{}", root.join("base/a.pgm").display());
    assert_eq!(array(&[&url], &auto).bytes[..], [1; 4]);
}

#[test]
fn what_is_not_found_is_looked_for_once() {
    let (_folder, root) = tree();
    let said = |paths: &[&str]| {
        let path = root.join("out/in.ndjson");
        fs::write(&path, records(paths)).expect("written");
        let plain = options! { shape: None, dtype: None, ..options(None) };
        let loaded = ndpix::load(vec![Input::Path(path)], &plain, &Control::default());
        let error = loaded.result.expect_err("no image");
        assert_eq!(error.kind(), ErrorKind::Plan);
        let message = error.message().to_string();
        let (_, option) = message.rsplit_once("; pass ").unwrap_or_default();
        (option.to_string(), message)
    };
    let (option, message) = said(&["in/a.pgm"]);
    assert!(message.contains("does not exist (searched in "), "{message}");
    let (name, folder) = option.split_once(' ').expect("an option");
    assert_eq!(
        (name, Path::new(folder).canonicalize().ok()),
        ("--base-dir", Some(root.join("base")))
    );
    for paths in [&["../base/a.pgm"], &[&*root.join("base/a.pgm").display().to_string()]] {
        let (option, message) = said(paths);
        let (name, folder) = option.split_once(' ').expect(&message);
        assert_eq!(
            (name, Path::new(folder).canonicalize().ok()),
            ("--allow-dir", Some(root.join("base")))
        );
    }
    assert_eq!(said(&["nowhere/at/all.pgm"]).0, "");
}
