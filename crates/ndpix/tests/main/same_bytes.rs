//! What belongs here: that outputs do not depend on threads, on how bytes arrive, or on compression.

use std::fs;
use std::io::{self, Cursor, Read};

use ndpix::{Input, OnError, OnMissing, Options, Rows};

use super::{base64, bytes, convert, raw};

const SIDE: usize = 48;
const NAME: &str = "bytes";

/// Several hundred records, some of them broken, and the pixels of the good ones.
fn sample() -> (String, Vec<u8>) {
    let (mut text, mut pixels) = (String::new(), Vec::new());
    let mut state = 1u32;
    for i in 0..800 {
        let image: Vec<u8> = (0..SIDE * SIDE * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let good = format!(
            "{{\"id\":{i},\"height\":{SIDE},\"width\":{SIDE},\"channels\":3,\"image\":\"{}\"}}",
            base64(&image)
        );
        match i % 19 {
            // The sample is whole; what follows is not.
            3 if i > 64 => text += &good[..good.len() - 3],
            5 if i > 64 => text += &good.replacen("image\":\"", "image\":\"%", 1),
            7 if i > 64 => text += &good.replacen("\"channels\":3", "\"channels\":4", 1),
            9 => text += "{\"id\":null,\"image\":null}",
            11 if i > 64 => text += "{\"image\":7}",
            13 => text += &format!("\n  \t\r\n{good}\r"),
            _ => text += &good,
        }
        if !(matches!(i % 19, 3 | 5 | 7 | 11) && i > 64 || i % 19 == 9) {
            pixels.extend(image);
        }
        text.push('\n');
    }
    (text, pixels)
}

fn options(threads: usize) -> Options {
    options! { threads, rows: Rows::Always, ..Options::default() }
}

/// The array, the rejects and the row map; the input's name in the rejects made the same.
fn files(inputs: Vec<Input>, options: &Options) -> [Vec<u8>; 3] {
    let name = inputs[0].name();
    let done = convert(inputs, options);
    assert!(done.run.result.is_ok(), "{:?}", done.run.result);
    let rejects = String::from_utf8(done.file(".rejects.ndjson").expect("rejects")).expect("UTF-8");
    let rejects = rejects.replace(&format!("\"file\":\"{name}\""), &format!("\"file\":\"{NAME}\""));
    [done.file("").expect("an array"), rejects.into_bytes(), done.file(".rows.npy").expect("a map")]
}

#[track_caller]
fn same(found: &[Vec<u8>; 3], wanted: &[Vec<u8>; 3]) {
    for (i, what) in ["array", "rejects", "rows"].into_iter().enumerate() {
        assert!(found[i] == wanted[i], "the {what} differ");
    }
}

/// At most so many bytes a read.
struct Drops(Cursor<Vec<u8>>, usize);

impl Read for Drops {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(self.1);
        self.0.read(&mut buf[..most])
    }
}

/// A gzip member of stored blocks.
fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks = data.chunks(65_535);
    let last = blocks.len().saturating_sub(1);
    for (i, block) in blocks.enumerate() {
        let len = block.len() as u16;
        out.push(u8::from(i == last));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(block);
    }
    let crc = data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8)
            .fold(crc ^ u32::from(byte), |c, _| (c >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(c & 1)))
    });
    out.extend((!crc).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[test]
fn whatever_the_threads() {
    let (text, pixels) = sample();
    let one = files(bytes(text.as_bytes()), &options(1));
    assert!(one[0][128..] == pixels, "the rows are the images that were sent");
    assert_eq!(one[1].iter().filter(|&&b| b == b'\n').count(), 153);
    for threads in [2, 3, 8] {
        same(&files(bytes(text.as_bytes()), &options(threads)), &one);
    }
}

#[test]
fn whatever_the_threads_with_fill_rows() {
    let (text, _) = sample();
    let at = |threads| {
        options! {
            on_error: OnError::Fill.into(),
            on_missing: OnMissing::Fill,
            fill_value: 7.0,
            ..options(threads)
        }
    };
    let one = files(bytes(text.as_bytes()), &at(1));
    assert_eq!(one[0].len(), 128 + 800 * SIDE * SIDE * 3);
    for threads in [2, 8] {
        same(&files(bytes(text.as_bytes()), &at(threads)), &one);
    }
}

#[test]
fn however_the_bytes_arrive() {
    let (text, _) = sample();
    let wanted = files(bytes(text.as_bytes()), &options(2));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in
        [("a.ndjson", text.clone().into_bytes()), ("b.ndjson", gzip(text.as_bytes()))]
    {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        same(&files(vec![Input::Path(path)], &options(2)), &wanted);
    }
    for most in [7, 4096] {
        for content in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let reader = Box::new(Drops(Cursor::new(content), most));
            let inputs = vec![Input::Reader { name: "pipe".to_string(), reader }];
            same(&files(inputs, &options(2)), &wanted);
        }
    }
}

#[test]
fn of_parts_and_of_records_read_alone() {
    // After the sample: a record of many parts with a bad image in the midst, one of more than
    // 32 MiB, and small ones around them.
    let (mut text, mut pixels) = (String::new(), Vec::new());
    let mut image = |value: usize| {
        let image = [value as u8; SIDE * SIDE * 3];
        pixels.extend(image);
        format!("\"{}\"", base64(&image))
    };
    let small = |text: &mut String, image: &mut dyn FnMut(usize) -> String| {
        (0..70).for_each(|i| *text += &format!("{{\"image\":{}}}\n", image(i)));
    };
    small(&mut text, &mut image);
    let many: Vec<String> =
        (0..900).map(|i| if i == 450 { "\"AAAA\"".to_string() } else { image(i) }).collect();
    text += &format!("{{\"image\":[{}]}}\n", many.join(","));
    small(&mut text, &mut image);
    text += &format!("{{\"pad\":\"{}\",\"image\":{}}}\n", "x".repeat(33 << 20), image(7));
    small(&mut text, &mut image);
    let at = |threads| options! { threads, rows: Rows::Always, ..raw("48,48,3") };
    let one = files(bytes(text.as_bytes()), &at(1));
    assert!(one[0][128..] == pixels, "the rows are the images that were sent");
    for threads in [2, 8] {
        same(&files(bytes(text.as_bytes()), &at(threads)), &one);
    }
}

#[test]
fn the_sample_ends_with_a_record_and_not_with_a_block() {
    // 16 MiB are full with record 53; the next has another shape.
    let record = |list: &str| format!("{{\"pad\":\"{}\",\"image\":{list}}}\n", "x".repeat(320_000));
    let text = record("[[1,2],[3,4]]").repeat(53) + &record("[[1,2]]");
    let with = |block_bytes| {
        let mut options = options! { block_bytes, ..Options::default() };
        options.set("field", "image").expect("field");
        let done = convert(bytes(text.as_bytes()), &options);
        assert!(done.run.result.is_ok(), "{block_bytes:?}: {:?}", done.run.result);
        (done.file(""), done.reject_kinds())
    };
    let usual = with(None);
    assert_eq!(usual.1, ["shape"]);
    assert!(with(Some(1)) == usual && with(Some(4 << 20)) == usual, "blocks show");
}
