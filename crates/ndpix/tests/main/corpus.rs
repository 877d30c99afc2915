//! What belongs here: that every file in `testdata/images` and `testdata/formats` holds the pixels that the manifest
//! of the folder says, and every file in their folders `bad` is refused with its kind. Pillow, NumPy and the
//! libraries of the formats made them (`testdata/make_images.py`, `testdata/make_formats.py`). A file's name begins with its format, whose dtypes and colors are those
//! that the format says it may have.

use std::collections::BTreeMap;
use std::fs;

use flate2::Crc;
use ndpix::{ImageFormat, Options, Shape};
use serde_json::Value;

use super::{bytes, root};

/// What an image file gives: shape, dtype and checksum of its pixels, or the kind of its error.
type Found = Result<(String, String, String), String>;

/// The format by which a file is named, where this build reads it.
fn format_of(name: &str) -> Option<ImageFormat> {
    let begins = name.split(['-', '.']).next().expect("a name");
    begins.strip_suffix("16").unwrap_or(begins).parse().ok()
}

/// What `each` finds in the files of a folder, in their order.
fn decode(folder: &str, names: &[String]) -> Vec<(Found, String)> {
    let text: Vec<String> = names.iter().map(|n| format!("{{\"file\":\"{n}\"}}\n")).collect();
    let options = options! {
        field: Some("file".parse().expect("field")),
        encoding: vec!["path".parse().expect("encoding")],
        base_dir: Some(root().join(folder)),
        ..Options::default()
    };
    let mut all = Vec::new();
    let ended = ndpix::each(bytes(text.concat().as_bytes()), &options, |each| {
        all.push(match each.image {
            Ok((info, pixels)) => {
                let mut crc = Crc::new();
                crc.update(pixels);
                let pixels = format!("{:08x}", crc.sum());
                let name = &names[all.len()];
                let format = format_of(name).expect("a format that is read");
                assert!(
                    format.dtypes().contains(&info.dtype),
                    "{name}: {} is not said",
                    info.dtype
                );
                assert!(
                    format.colors().contains(&info.color),
                    "{name}: {} is not said",
                    info.color
                );
                (Ok((info.shape.to_string(), info.dtype.to_string(), pixels)), String::new())
            }
            Err(error) => (Err(error.kind().to_string()), error.to_string()),
        });
        Ok(())
    });
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(all.len(), names.len());
    all
}

/// In place of a checksum where decoders may differ by one.
const NEAR: &str = "near";

/// Whether that was found which was wanted.
fn same(found: &Found, wanted: &Found) -> bool {
    match (found, wanted) {
        (Ok(found), Ok(wanted)) if wanted.2 == NEAR => {
            (&found.0, &found.1) == (&wanted.0, &wanted.1)
        }
        _ => found == wanted,
    }
}

/// Compares every file of a folder with what its manifest says; no file may be without an entry. Files of formats
/// that this build does not read are refused.
fn check(folder: &str, part: &str, wanted: impl Fn(&str, &Value) -> Found) {
    let set = folder.trim_end_matches("/bad");
    let manifest = fs::read(root().join(set).join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let entries: BTreeMap<String, Value> =
        serde_json::from_value(manifest[part].clone()).expect("a table");
    let names: Vec<String> = entries.keys().cloned().collect();
    let there = fs::read_dir(root().join(folder)).expect("a folder").filter_map(|entry| {
        let entry = entry.expect("an entry");
        entry.path().is_file().then(|| entry.file_name().to_string_lossy().into_owned())
    });
    let mut there: Vec<String> = there.filter(|name| name != "manifest.json").collect();
    there.sort();
    assert_eq!(there, names, "the manifest names every file");
    let wrong: Vec<String> = decode(folder, &names)
        .into_iter()
        .zip(&entries)
        .filter(|((found, _), (name, entry))| !same(found, &wanted(name, entry)))
        .map(|((found, said), (name, entry))| format!("{name}: {found:?} {said}; wanted {entry}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn images_hold_the_recorded_pixels() {
    for folder in ["testdata/images", "testdata/formats"] {
        check(folder, "images", |name, entry| {
            if format_of(name).is_none() {
                return Err("unsupported".to_string());
            }
            let axes: Vec<usize> = serde_json::from_value(entry["shape"].clone()).expect("axes");
            let shape = Shape::new(&axes).expect("a shape").to_string();
            let word = |key: &str| entry[key].as_str().unwrap_or(NEAR).to_string();
            Ok((shape, word("dtype"), word("crc32")))
        });
    }
}

#[test]
fn bad_files_are_refused_with_their_kind() {
    check("testdata/images/bad", "bad", |_, kind| Err(kind.as_str().expect("a kind").to_string()));
    check("testdata/formats/bad", "bad", |name, kind| match format_of(name) {
        Some(_) => Err(kind.as_str().expect("a kind").to_string()),
        None => Err("unsupported".to_string()),
    });
}
