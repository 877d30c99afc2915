//! What belongs here: wrapper objects open alike for a field that is found and for one that is named, and
//! `encoding` as a list allows some ways to hold an image and no other.

use ndpix::{Control, Options};

use crate::{base64, bytes};

/// A 9 x 10 picture as the file that holds it, and its pixels.
fn file() -> (String, Vec<u8>) {
    let pixels: Vec<u8> = (0..90).map(|i| (i * 7) as u8).collect();
    (base64(&[&b"P5 10 9 255\n"[..], &pixels].concat()), pixels)
}

fn read(text: &str, options: &Options) -> (Vec<usize>, Vec<u8>) {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    let array = loaded.result.unwrap_or_else(|e| panic!("{text}: {e}"));
    (array.shape, array.bytes.to_vec())
}

fn field(name: &str) -> Options {
    options! { field: Some(name.parse().expect("field")), ..Options::default() }
}

#[test]
fn wrappers_open_alike_with_a_name_and_without() {
    let (text, pixels) = file();
    for value in [
        format!(r#"{{"$binary":{{"base64":"{text}","subType":"00"}}}}"#),
        format!(r#"{{"$binary":"{text}","$type":"00"}}"#),
        format!(r#"{{"B":"{text}"}}"#),
        format!(r#"{{"b64":"{text}"}}"#),
        format!(r#"{{"$base64":true,"encoded":"{text}"}}"#),
        format!(r#"{{"bytes":"{text}","path":null}}"#),
        format!(r#"{{"bytes":"{text}","path":"a.pgm"}}"#),
        format!(r#"{{"name":"x","shape":[1],"datatype":"BYTES","data":["{text}"]}}"#),
        format!(r#"{{"type":"Buffer","data":"base64:{text}"}}"#),
        format!(r#"[{{"b64":"{text}"}}]"#),
    ] {
        let record = format!(r#"{{"id":1,"image":{value}}}"#);
        for options in [Options::default(), field("image")] {
            assert_eq!(read(&record, &options), (vec![1, 9, 10], pixels.clone()), "{record}");
        }
        let told = field("image").with("encoding", "encoded").expect("an encoding");
        assert_eq!(read(&record, &told).1, pixels, "{record}");
    }
}

#[test]
fn an_object_of_an_image_file_is_that_file() {
    let (text, pixels) = file();
    for object in [
        format!(r#"{{"height":480,"width":640,"data":"{text}"}}"#),
        format!(r#"{{"shape":[9,10],"dtype":"uint16","data":"{text}"}}"#),
    ] {
        let record = format!(r#"{{"image":{object}}}"#);
        for options in [Options::default(), field("image"), field("image.data")] {
            assert_eq!(read(&record, &options), (vec![1, 9, 10], pixels.clone()), "{record}");
        }
    }
}

#[test]
fn what_stands_beside_a_wrapper_is_said_of_its_pixels() {
    let deep: Vec<u8> = (0..90u16).flat_map(|i| (i * 700).to_le_bytes()).collect();
    let text = base64(&deep);
    let dicom = |tag: &str, n: u32| format!(r#""{tag}":{{"vr":"US","Value":[{n}]}}"#);
    let members = [
        dicom("00280010", 9),
        dicom("00280011", 10),
        dicom("00280002", 1),
        dicom("00280100", 16),
        dicom("00280103", 0),
        r#""00280004":{"vr":"CS","Value":["MONOCHROME2"]}"#.to_string(),
    ];
    for record in [
        format!(
            r#"{{"image":{{"$binary":{{"base64":"{text}","subType":"00"}}}},"h":{{"$numberInt":"9"}},"w":{{"$numberInt":"10"}},"dtype":"uint16"}}"#
        ),
        format!(
            r#"{{"Item":{{"image":{{"B":"{text}"}},"height":{{"N":"9"}},"width":{{"N":"10"}},"dtype":{{"S":"uint16"}}}}}}"#
        ),
        format!(r#"{{{},"7FE00010":{{"vr":"OW","InlineBinary":"{text}"}}}}"#, members.join(",")),
    ] {
        assert_eq!(read(&record, &Options::default()), (vec![1, 9, 10], deep.clone()), "{record}");
    }
}

#[test]
fn lists_of_wrapped_numbers_are_numbers() {
    let rows = |number: &dyn Fn(usize) -> String| {
        let row = |i: usize| (0..10).map(|j| number(10 * i + j)).collect::<Vec<_>>().join(",");
        (0..9).map(|i| format!("[{}]", row(i))).collect::<Vec<_>>().join(",")
    };
    for list in
        [rows(&|n| format!(r#"{{"$numberInt":"{n}"}}"#)), rows(&|n| format!(r#"{{"N":"{n}"}}"#))]
    {
        let record = format!(r#"{{"image":[{list}]}}"#);
        for options in [Options::default(), field("image")] {
            let (shape, values) = read(&record, &options);
            assert_eq!((shape, values[8 * 33]), (vec![1, 9, 10], 33), "{record}");
        }
    }
}

#[test]
fn bytes_or_a_path_are_read_record_by_record() {
    let (text, pixels) = file();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.pgm"), [&b"P5 10 9 255\n"[..], &pixels].concat())
        .expect("a file");
    let records = format!(
        "{{\"image\":{{\"bytes\":\"{text}\",\"path\":null}}}}\n{{\"image\":{{\"bytes\":null,\"path\":\"a.pgm\"}}}}\n"
    );
    let auto = Options::default().with("base_dir", &folder.path().display().to_string());
    let auto = auto.expect("a folder");
    let named = auto.clone().with("field", "image").expect("a field");
    for options in [auto, named] {
        assert_eq!(read(&records, &options), (vec![2, 9, 10], pixels.repeat(2)));
    }
}

#[test]
fn a_list_of_encodings_allows_these() {
    let (text, pixels) = file();
    let list: Vec<&[u8]> = pixels.chunks(10).collect();
    let encoded = format!("{{\"image\":\"{text}\"}}\n");
    let url = format!("{{\"image\":\"data:image/x-portable-graymap;base64,{text}\"}}\n");
    let numbers = format!("{{\"image\":{list:?}}}\n");
    let allow = |names: &str| Options::default().with("encoding", names).expect("encodings");
    let both = format!("{encoded}{url}");
    for options in [
        allow("encoded,data-url"),
        options! { field: Some("image".parse().expect("field")), ..allow("encoded,data-url") },
    ] {
        assert_eq!(read(&both, &options), (vec![2, 9, 10], pixels.repeat(2)));
        let loaded = ndpix::load(
            bytes(format!("{both}{numbers}").as_bytes()),
            &options,
            &Control::default(),
        );
        assert_eq!((loaded.summary.rows, loaded.summary.rejected_images), (2, 1));
    }
    let loaded =
        ndpix::load(bytes(numbers.as_bytes()), &allow("encoded,path"), &Control::default());
    assert!(loaded.result.is_err());
    let report =
        ndpix::inspect(bytes(both.as_bytes()), &allow("encoded,data-url")).expect("a report");
    let words =
        report.command(&["a.ndjson".into()], &allow("encoded,data-url")).expect("a command");
    let at = words.iter().position(|word| word == "--encoding").expect("the encodings");
    assert_eq!(words[at + 1], "encoded,data-url");
    assert_eq!(words.iter().filter(|word| *word == "--encoding").count(), 1);
}
