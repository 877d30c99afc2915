//! What belongs here: that every prefix of an input gives a result or an error, never a panic.

use std::fs;

use ndpix::{Frames, Framing, Options};

use super::{base64, bytes, convert, root};

fn small() -> Vec<String> {
    let pgm = base64(b"P5 2 2 255\nabcd");
    vec![
        format!(
            "{{\"id\":1,\"h\":2,\"w\":2,\"image\":\"{pgm}\",\"t\":\"\\u00e9\\ud83d\\ude00 é\"}}"
        ),
        format!("{{\"n\":[-1.5e+3,true,null],\"image\":\"{pgm}\"}}"),
        format!("{{\"image\":\"{}\"}}", base64(b"P6 1 1 255\nabc")),
    ]
}

/// The sums of a run close, however it ended.
fn check(text: &[u8], options: &Options) {
    let s = convert(bytes(text), options).run.summary;
    assert_eq!(s.records, s.with_image + s.without_image + s.unreadable);
    assert_eq!(s.images, s.decoded + s.rejected_images);
    assert_eq!(s.rows, s.decoded + s.filled);
}

#[test]
fn of_every_framing() {
    let [lines, comma, marked] = [
        small().join("\n"),
        format!(" [{}]\n", small().join(" , ")),
        small().iter().map(|r| format!("\x1e{r}\n")).collect(),
    ];
    for (framing, text) in [
        (Framing::Lines, &lines),
        (Framing::Concat, &lines),
        (Framing::Auto, &lines),
        (Framing::Array, &comma),
        (Framing::Auto, &comma),
        (Framing::Seq, &marked),
        (Framing::Auto, &marked),
    ] {
        let options = options! { framing, threads: 1, ..Options::default() };
        for end in 0..=text.len() {
            check(&text.as_bytes()[..end], &options);
        }
    }
}

#[test]
fn of_the_image_in_every_sample() {
    let cases = fs::read_dir(root().join("testdata/cases")).expect("testdata");
    let mut tried = 0;
    for case in cases {
        let path = case.expect("a folder").path().join("input.ndjson");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Some(line) = text.lines().next() else { continue };
        let Some((before, rest)) = line.split_once("\"image\":\"") else { continue };
        let Some((value, after)) = rest.split_once('"') else { continue };
        if !value.is_ascii() {
            continue;
        }
        let step = (value.len() / 100).next_multiple_of(4).max(4);
        let ends = (0..value.len().min(160)).chain((0..value.len()).step_by(step));
        let records: Vec<String> =
            ends.map(|end| format!("{before}\"image\":\"{}\"{after}\n", &value[..end])).collect();
        let options = options! {
            field: Some("image".parse().expect("field")),
            mixed: true,
            threads: 1,
            frames: if path.display().to_string().contains("frames-") {
                Frames::All
            } else {
                Frames::First
            },
            ..Options::default()
        };
        let ended = ndpix::each(bytes(records.concat().as_bytes()), &options, |each| {
            tried += 1;
            if let Err(error) = each.image {
                let caught = error.message().contains("decoder failed on this image");
                assert!(!caught, "a codec panicked: {}: {error}", path.display());
            }
            Ok(())
        });
        assert!(ended.is_ok(), "{}: {ended:?}", path.display());
    }
    assert!(tried > 3000, "{tried} images were tried");
}
