//! What belongs here: rows of every output that are shown, equal to the same rows of an `.npy`; and outputs that were
//! cut or changed, which are refused and bring nothing down.

use std::fs;
use std::path::{Path, PathBuf};

use ndpix::{Options, Shown};

/// Outputs, and the options that make them different inside.
const OUTPUTS: [(&str, &[(&str, &str)]); 21] = [
    ("a.npy", &[]),
    ("a.npz", &[]),
    ("b.npz", &[("output_compression", "gzip:1")]),
    ("a.safetensors", &[]),
    ("a.zarr", &[]),
    ("b.zarr", &[("output_compression", "none"), ("chunks", "3")]),
    ("c.zarr", &[("output_compression", "gzip:1"), ("chunks", "2"), ("shard_rows", "4")]),
    ("d.zarr", &[("chunks", "1"), ("shard_rows", "1")]),
    ("a.h5", &[]),
    ("b.h5", &[("output_compression", "gzip:1"), ("chunks", "3")]),
    ("c.hdf5", &[("chunks", "1"), ("rows", "never")]),
    ("a.parquet", &[]),
    ("b.parquet", &[("output_compression", "none"), ("chunks", "7")]),
    ("c.parquet", &[("output_compression", "gzip:1"), ("chunks", "1")]),
    ("shards", &[("shard_rows", "3")]),
    ("e.npz", &[("layout", "chw")]),
    ("e.zarr", &[("dtype", "float32"), ("layout", "chw")]),
    ("e.parquet", &[("dtype", "uint16")]),
    ("f.parquet", &[("dtype", "float16"), ("output_compression", "none")]),
    ("e.h5", &[("dtype", "float64")]),
    ("f.npz", &[("mode", "BGR")]),
];
const ROWS: [u64; 6] = [0, 69, 3, 4, 68, 33];

/// Records with images of 3 by 5 by 3, and what stands beside them.
fn records(folder: &Path, texts: bool) -> PathBuf {
    let mut lines = String::new();
    for i in 0..70 {
        let pixels: Vec<Vec<[u32; 3]>> = (0..3)
            .map(|y| (0..5).map(|x| [i * 3 % 256, x * 50, (y + i) * 7 % 256]).collect())
            .collect();
        let mut record = serde_json::json!({
            "image": pixels, "label": i, "score": f64::from(i) / 4.0, "good": i % 3 == 0,
        });
        if texts {
            let text = "é\u{1b}[2J\"".repeat(i as usize % 5 * 9);
            record["name"] = text.into();
            record["list"] = (0..i % 12).collect::<Vec<_>>().into();
            record["even"] = vec![i, i + 1].into();
            record["long"] = "x".repeat(if i == 33 { 300 } else { 3 }).into();
        }
        if i % 7 == 4 {
            record["label"] = serde_json::Value::Null;
            record["name"] = serde_json::Value::Null;
        }
        lines.push_str(&format!("{record}\n{}", if i == 2 { "{\"image\": 7}\n" } else { "" }));
    }
    let path = folder.join(if texts { "texts.ndjson" } else { "numbers.ndjson" });
    fs::write(&path, lines).expect("written");
    path
}

fn made(folder: &Path, out: &str, more: &[(&str, &str)]) -> PathBuf {
    let texts = !out.ends_with("safetensors");
    let columns = if texts { "label,score,good,name,list,even,long" } else { "label,score,good" };
    let mut options = Options::default();
    let usual = [("field", "image"), ("max_rejects", "none"), ("dtype", "uint8")];
    for (name, value) in usual.iter().chain([&("mode", "RGB"), &("columns", columns)]).chain(more) {
        options.set(name, value).expect("an option");
    }
    let out = folder.join(out);
    ndpix::convert(&[records(folder, texts)], &out, &options).expect("an output");
    out
}

#[test]
fn every_output_shows_the_same_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, more) in OUTPUTS {
        let out = made(folder.path(), name, more);
        let asked = |wanted: &str| more.iter().find(|o| o.0 == wanted).map(|o| o.1);
        let shown = ndpix::show(&out, &ROWS).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (row, number) in shown.iter().zip(ROWS) {
            let bgr = asked("mode") == Some("BGR");
            check_pixels(name, row, number as u32, asked("layout") == Some("chw"), bgr);
            check_columns(name, row, number);
            let line = number + if number > 2 { 2 } else { 1 };
            match (&row.origin, asked("rows")) {
                (Some(origin), None) => {
                    assert_eq!((origin.line, origin.item, origin.valid), (line, 0, true), "{name}");
                    let listed = origin.file.as_ref().is_some_and(|f| f.ends_with(".ndjson"));
                    assert_eq!((origin.input, listed), (0, name.ends_with(".npy")), "{name}");
                }
                (None, Some("never")) => {
                    assert!(row.to_string().ends_with("no row map says where it came from"))
                }
                _ => panic!("{name}: {row}"),
            }
            assert!(row.png().is_some_and(|png| png.starts_with(b"\x89PNG")), "{name}");
        }
        let picture = Shown::preview(&shown[1..2], 80);
        // Row 69 begins with 207, 0, 227 - in whatever order and numbers it is held.
        let is_deep = asked("dtype").is_some();
        assert!(is_deep || picture.contains("\u{1b}[38;2;207;0;227m"), "{name}: {picture:?}");
        let beyond = ndpix::show(&out, &[70]).expect_err("no row").to_string();
        assert!(beyond.ends_with("has 70 rows, from 0, and no row 70"), "{name}: {beyond}");
    }
}

fn check_pixels(name: &str, row: &Shown, i: u32, chw: bool, bgr: bool) {
    let value = |y: u32, x: u32, c: u32| {
        let c = if bgr { 2 - c } else { c };
        [i * 3 % 256, x * 50, (y + i) * 7 % 256][c as usize]
    };
    let mut want: Vec<u32> = Vec::new();
    if chw {
        (0..3).for_each(|c| (0..3).for_each(|y| (0..5).for_each(|x| want.push(value(y, x, c)))));
    } else {
        (0..3).for_each(|y| (0..5).for_each(|x| (0..3).for_each(|c| want.push(value(y, x, c)))));
    }
    let size = row.dtype.size();
    let numbers: Vec<u32> = row
        .pixels
        .chunks(size)
        .map(|bytes| match (row.dtype.name(), size) {
            (_, 1) => u32::from(bytes[0]),
            ("uint16", _) => u32::from(u16::from_le_bytes([bytes[0], bytes[1]])),
            ("float32", _) => f32::from_le_bytes(bytes.try_into().expect("four")) as u32,
            ("float64", _) => f64::from_le_bytes(bytes.try_into().expect("eight")) as u32,
            // Halves up to 256 are exact: 10 bits of fraction, exponent with a bias of 15.
            ("float16", _) => match u16::from_le_bytes([bytes[0], bytes[1]]) {
                0 => 0,
                bits => (((1024 + u64::from(bits & 1023)) << (bits >> 10)) >> 25) as u32,
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, want, "{name}, row {i}");
}

fn check_columns(name: &str, row: &Shown, i: u64) {
    let null = i % 7 == 4;
    let number = i.to_string();
    let mut want = vec![
        ("good", (i.is_multiple_of(3)).to_string()),
        ("label", if null { "null".to_string() } else { number }),
        ("score", format!("{:?}", i as f64 / 4.0)),
    ];
    if !name.ends_with("safetensors") {
        let text = "é\u{1b}[2J\"".repeat(i as usize % 5 * 9);
        let words = text.chars().take_while({
            let mut bytes = 0;
            move |c| {
                bytes += c.len_utf8();
                bytes <= 96
            }
        });
        let words = serde_json::Value::from(words.collect::<String>()).to_string();
        let cut = if text.len() > 96 { "…" } else { "" };
        let (len, some) = (i % 12, (i % 12).min(8));
        let list: Vec<_> = (0..some).map(|n| n.to_string()).collect();
        let more = if len > 8 { format!(", … {len} in all") } else { String::new() };
        want.push(("even", format!("[{i}, {}]", i + 1)));
        want.push(("list", format!("[{}{more}]", list.join(", "))));
        want.push(("name", if null { "null".to_string() } else { format!("{words}{cut}") }));
        let long = if i == 33 { format!("\"{}\"…", "x".repeat(96)) } else { "\"xxx\"".into() };
        want.push(("long", long));
    }
    want.sort();
    let mut found: Vec<_> = row.columns.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
    found.sort();
    assert_eq!(found, want, "{name}, row {i}");
}

#[test]
fn images_in_their_own_sizes_are_shown_in_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = folder.path().join("a.ndjson");
    let lines: String =
        (1..9).map(|n| format!("{{\"image\": {:?}}}\n", vec![vec![n * 20; n]; 2])).collect();
    fs::write(&records, lines).expect("written");
    for (name, more) in [
        ("a.npz", None),
        ("b.npz", Some(("output_compression", "gzip:1"))),
        ("a.h5", None),
        ("a.zarr", None),
        ("shards", Some(("shard_rows", "3"))),
    ] {
        for ragged in ["flat", "pad"] {
            let mut options = Options::default();
            let given = [("field", "image"), ("dtype", "uint8"), ("ragged", ragged)];
            for (name, value) in given.into_iter().chain(more) {
                options.set(name, value).expect("an option");
            }
            let out = folder.path().join(format!("{ragged}-{name}"));
            ndpix::convert(&[&records], &out, &options).expect("an output");
            let shown = ndpix::show(&out, &[7, 0, 3]).unwrap_or_else(|e| panic!("{name}: {e}"));
            for (row, n) in shown.iter().zip([8u8, 1, 4]) {
                let width = if ragged == "flat" { n } else { 8 };
                assert_eq!(row.shape[..], [2, usize::from(width)], "{name} {ragged}");
                let line: Vec<u8> = (0..width).map(|x| if x < n { n * 20 } else { 0 }).collect();
                assert_eq!(row.pixels, [&line[..], &line].concat(), "{name} {ragged}");
                let sizes = [("sizes".to_string(), format!("[2, {n}]"))];
                assert_eq!(row.columns, &sizes[..usize::from(ragged == "pad")], "{name}");
            }
        }
    }
}

#[test]
fn image_files_are_shown_as_the_images_that_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = folder.path().join("a.ndjson");
    let text = super::base64(b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06");
    let lines = format!("{{\"image\":\"{text}\",\"id\":1}}\n{{\"image\":3}}\n").repeat(3);
    fs::write(&records, lines).expect("written");
    for compression in ["none", "gzip:1", "zstd:3"] {
        let mut options = Options::default();
        for (name, value) in [
            ("field", "image"),
            ("images_as", "encoded"),
            ("on_error", "fill"),
            ("max_rejects", "none"),
            ("columns", "id"),
            ("output_compression", compression),
        ] {
            options.set(name, value).expect("an option");
        }
        let out = folder.path().join(format!("{compression}.parquet").replace(':', ""));
        ndpix::convert(&[&records], &out, &options).expect("an output");
        let shown = ndpix::show(&out, &[4, 1]).expect("rows");
        assert_eq!(
            (&shown[0].shape[..], &shown[0].pixels[..]),
            (&[1, 2, 3][..], &[1, 2, 3, 4, 5, 6][..])
        );
        assert!(shown[1].to_string().ends_with("item 0, the fill value"), "{}", shown[1]);
        assert!(shown[1].png().is_none() && shown[0].png().is_some());
    }
}

/// The files of an output.
fn files(out: &Path) -> Vec<PathBuf> {
    match fs::read_dir(out) {
        Err(_) => vec![out.to_path_buf()],
        Ok(entries) => entries.flat_map(|entry| files(&entry.expect("an entry").path())).collect(),
    }
}

/// Numbers that look like chance and are the same every time.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn outputs_that_were_cut_or_changed_bring_nothing_down() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let (mut refused, mut kept) = (0, 0);
    for (name, more) in OUTPUTS {
        let out = made(folder.path(), name, more);
        let mut judge = |name: &str| match ndpix::show(&out, &[0, 33, 69]) {
            // What is shown has the form that it says.
            Ok(rows) => {
                kept += 1;
                for row in rows {
                    let len = row.shape.elements().map(|n| n * row.dtype.size());
                    assert_eq!(len, Some(row.pixels.len()), "{name}");
                    assert!(row.to_string().len() < 1 << 16, "{name}");
                    row.png();
                }
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().len() < 2000, "{name}: {error}");
            }
        };
        let files = files(&out);
        let turns = if files.len() > 40 { 2 } else { 24 };
        for path in files {
            let whole = fs::read(&path).expect("a file");
            let len = whole.len() as u64;
            for turn in 0..turns {
                let mut bytes = whole.clone();
                match turn % 4 {
                    0 => bytes.truncate(next(&mut seed).checked_rem(len).unwrap_or(0) as usize),
                    // What says what is where stands at the ends.
                    kind => {
                        let room = if kind == 1 { len } else { len.min(4096) };
                        for _ in 0..=next(&mut seed) % 3 {
                            let Some(at) = next(&mut seed).checked_rem(room) else { continue };
                            let at = if kind == 3 { len - 1 - at } else { at };
                            bytes[at as usize] = next(&mut seed) as u8;
                        }
                    }
                }
                fs::write(&path, bytes).expect("written");
                judge(name);
            }
            fs::write(&path, whole).expect("written");
        }
        judge(name);
    }
    assert!(refused > 200 && kept > 200, "{refused} refused, {kept} shown");
}

#[test]
fn what_others_wrote_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        ndpix::show(&path, &[0]).expect_err("refused").to_string()
    };
    assert!(said("a.npz", b"PK\x05\x06").contains("no archive that ndpix wrote"));
    assert!(said("a.h5", &[0; 100]).contains("does not begin as HDF5 does"));
    assert!(said("a.parquet", &[0; 100]).contains("does not end as Parquet does"));
    assert!(said("a.safetensors", &[255; 100]).contains("was not written by ndpix"));
    let store = ndpix::show(Path::new("s3://bucket/a.npy"), &[0]).expect_err("refused").to_string();
    assert!(store.contains("in a store; copy it to a disk"), "{store}");
    fs::create_dir(folder.path().join("a.zarr")).expect("a folder");
    let group = ndpix::show(&folder.path().join("a.zarr"), &[0]).expect_err("refused").to_string();
    assert!(group.contains("no group of Zarr v3"), "{group}");
    let whole = fs::read(made(folder.path(), "b.parquet", &[])).expect("a file");
    let at = whole.windows(14).rposition(|w| w == b"ndpix version ").expect("a footer");
    let mut other = whole.clone();
    other[at..at + 6].copy_from_slice(b"parquz");
    let other = said("c.parquet", &other);
    assert!(
        other.contains("wrote it, and what is shown of Parquet is what ndpix wrote"),
        "{other}"
    );
}
