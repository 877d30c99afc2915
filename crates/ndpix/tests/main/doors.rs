//! What belongs here: `load`, `Batches` and `Dataset` give the rows that `convert` writes, for any number of
//! threads, and end as it ends. The Python tests hold the rest.

use std::fmt::Write;

use ndpix::{Batches, Control, Dataset, ErrorKind, OnError, Options};

use crate::{base64, bytes, convert, raw};

/// Raw images of 2 x 2 pixels, of which every seventh is bad.
fn text(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let pixels = [i as u8, (i >> 8) as u8, 7, 9];
        let value = if i % 7 == 3 { "%".to_string() } else { base64(&pixels) };
        let _ = writeln!(text, "{{\"image\":\"{value}\"}}");
    }
    text
}

fn written(text: &str, options: &Options) -> Vec<u8> {
    convert(bytes(text.as_bytes()), options).file("").expect("an array")[128..].to_vec()
}

#[test]
fn every_door_gives_the_same_rows() {
    let text = text(5000);
    for on_error in [OnError::Skip, OnError::Fill] {
        let options = options! { on_error: on_error.into(), fill_value: 5.0, ..raw("2,2") };
        let want = written(&text, &options);
        for threads in [1, 3] {
            let options = options! { threads, block_bytes: Some(4096), ..options.clone() };
            let input = || bytes(text.as_bytes());
            let loaded = ndpix::load(input(), &options, &Control::default());
            let array = loaded.result.expect("an array");
            assert!(array.bytes[..] == want[..]);
            assert_eq!(array.shape, [want.len() / 4, 2, 2]);
            assert_eq!(loaded.summary.rejected(), 714);

            let mut rows = Vec::new();
            let batches = Batches::open(input(), &options, 100, &Control::default());
            for batch in batches.expect("a plan") {
                let batch = batch.expect("a batch");
                assert_eq!(batch.lines.len(), batch.images.shape[0]);
                rows.extend_from_slice(&batch.images.bytes);
            }
            assert!(rows == want);
        }
    }
}

#[test]
fn numbers_are_those_of_the_records() {
    let text = text(50);
    let options = options! { on_error: OnError::Fill.into(), fill_value: 5.0, ..raw("2,2") };
    let want = written(&text, &options);
    let dataset = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default());
    let dataset = dataset.expect("a dataset");
    assert_eq!(dataset.len(), 50);
    let numbers: Vec<usize> = (0..50).rev().collect();
    let all = dataset.get_many(&numbers).expect("images");
    let reversed: Vec<u8> = want.chunks(4).rev().flatten().copied().collect();
    assert!(all.bytes[..] == reversed[..]);
    assert_eq!(dataset.position(10).expect("a place").line, 11);
    assert_eq!(dataset.get(50).expect_err("after the last").kind(), ErrorKind::Options);

    let again = Dataset::with_index(bytes(text.as_bytes()), &options, &dataset.index());
    assert!(again.expect("the same").get(9).expect("an image").bytes[..] == want[36..40]);
    let other = Dataset::with_index(bytes(b"{}"), &options, &dataset.index());
    assert!(other.is_err());
}

/// An index is taken again with options that say nothing of where images are, and with no others.
#[test]
fn an_index_depends_on_where_images_are() {
    let text = b"{\"image\": \"AAAAAA==\", \"id\": 1}\n";
    let options = raw("2,2");
    let index =
        Dataset::open(bytes(text), &options, None, &Control::default()).expect("a dataset").index();
    let again = |name, value| {
        let options = options.clone().with(name, value).expect(name);
        Dataset::with_index(bytes(text), &options, &index).is_ok()
    };
    for (name, value) in [("threads", "2"), ("mode", "L"), ("columns", "id"), ("rows", "always")] {
        assert!(again(name, value), "{name}");
    }
    for (name, value) in [
        ("framing", "lines"),
        ("limit", "1"),
        ("rejects_input", "true"),
        ("formats", "png"),
        ("max_pixels", "9"),
    ] {
        assert!(!again(name, value), "{name}");
    }
}

#[test]
fn the_first_bad_one_is_the_error() {
    let text = text(40);
    let options = raw("2,2");
    for threads in [1, 2, 4] {
        let options = options! { threads, ..options.clone() };
        let dataset = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default());
        let numbers: Vec<usize> = (0..40).collect();
        let error = dataset.expect("a dataset").get_many(&numbers).expect_err("a bad one");
        assert_eq!(
            (error.kind(), error.position().map(|p| p.line)),
            (ErrorKind::Encoding, Some(4))
        );
    }
}

#[test]
fn batches_end_with_their_cause() {
    let text = text(3000);
    let options = options! { on_error: OnError::Raise.into(), ..raw("2,2") };
    let batches = Batches::open(bytes(text.as_bytes()), &options, 2, &Control::default());
    let ends: Vec<_> = batches.expect("a plan").collect();
    let rows = |r: &ndpix::Result<ndpix::Batch>| r.as_ref().map(|b| b.lines.len()).ok();
    assert_eq!(ends.iter().map(rows).collect::<Vec<_>>(), [Some(2), Some(1), None]);

    // Abandoned: dropping waits for the threads, with batches that nobody took.
    let options = raw("2,2");
    let mut batches = Batches::open(bytes(text.as_bytes()), &options, 2, &Control::default());
    assert!(batches.as_mut().expect("a plan").next().is_some());
    drop(batches);
}

#[test]
fn files_of_arrays_are_called_so() {
    let inputs: [(&[u8], &str); 4] = [
        (b"\x93NUMPY\x01\0v\0{'descr'", "a NumPy array"),
        (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04-\0\0\0", "a zip archive"),
    ];
    for (input, kind) in inputs {
        let loaded = ndpix::load(bytes(input), &Options::default(), &Control::default());
        let error = loaded.result.expect_err("no records");
        assert!(error.message().contains(&format!("input is {kind}")), "{error}");
    }
}
