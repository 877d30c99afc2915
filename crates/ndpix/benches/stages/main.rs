//! Every station timed alone: `cargo bench -p ndpix --features stations [-- FILTER]`.
//!
//! A stage is named `station/what`, so that a regression names its station. Inputs are made here
//! from the photographs in `testdata` and are the same in every run. Other uses: `--list` prints
//! the names; `--once NAME` makes one input and runs that stage twice, for `bench/instructions.py`;
//! without `--bench`, as under `cargo test`, every stage runs once and its answer is checked.
#![allow(clippy::print_stdout, reason = "a command that prints its table")]

mod files;
mod pictures;
mod texts;
mod timer;

use std::sync::Arc;

use ndpix::stations::{Finder, Shaper, Value, image, npy, promote, records};
use ndpix::{Color, DType, Encoding, Fit, Framing, ImageInfo, Options, Shape, Size};

use pictures::Picture;

/// One station at work: bytes in one call, and the call.
pub(crate) struct Stage {
    name: &'static str,
    /// What MB/s counts: bytes of text for text stations, bytes of pixels from `format` on.
    bytes: usize,
    run: Box<dyn FnMut()>,
}

type Make = fn(&'static str) -> Stage;

/// Every stage in the order of the line, with the function that makes its input.
const STAGES: &[(&str, Make)] = &[
    ("source/gzip", |name| framing(name, Framing::Lines, &files::gzip(&texts::lines(40_000)))),
    ("framing/lines-40k", |name| framing(name, Framing::Lines, &texts::lines(40_000))),
    ("framing/lines-100", |name| framing(name, Framing::Lines, &texts::lines(100))),
    ("framing/array", |name| framing(name, Framing::Array, &texts::array(40_000))),
    ("framing/concat", |name| framing(name, Framing::Concat, &texts::lines(40_000))),
    ("record/base64", |name| record(name, texts::line(40_000))),
    ("record/slashes", |name| record(name, texts::slashes(&texts::line(40_000)))),
    ("record/list", |name| record(name, texts::list_record())),
    ("record/many-fields", |name| record(name, texts::wide_record())),
    ("encoding/base64", |name| base64(name, texts::quoted(&texts::base64(30_000)))),
    ("encoding/base64-url-safe", |name| base64(name, texts::quoted(&texts::url_safe(30_000)))),
    ("encoding/base64-line-breaks", |name| base64(name, texts::quoted(&texts::wrapped(30_000)))),
    ("encoding/base64-slashes", |name| {
        base64(name, texts::slashes(&texts::quoted(&texts::base64(30_000))))
    }),
    ("encoding/list-uint8", |name| list(name, texts::digits(), &[28, 28], DType::Uint8)),
    ("encoding/list-uint16", |name| list(name, texts::counts(), &[128, 128], DType::Uint16)),
    ("encoding/list-float32", |name| list(name, texts::floats(), &[64, 64], DType::Float32)),
    ("format/png", |name| format(name, files::png8(&pictures::rgb()))),
    ("format/png16", |name| format(name, files::png16(&pictures::gray16()))),
    ("format/jpeg", |name| format(name, pictures::jpeg().to_vec())),
    ("format/webp", |name| format(name, pictures::webp().to_vec())),
    ("format/tiff-deflate", |name| format(name, files::tiff_deflate(&pictures::gray16(), false))),
    ("format/tiff-deflate-predictor", |name| {
        format(name, files::tiff_deflate(&pictures::gray16(), true))
    }),
    ("format/tiff-lzw", |name| format(name, files::tiff_lzw(&pictures::gray16(), false))),
    ("format/tiff-lzw-predictor", |name| format(name, files::tiff_lzw(&pictures::gray16(), true))),
    ("format/gif", |name| format(name, files::gif(&pictures::rgb()))),
    ("format/bmp", |name| format(name, files::bmp(&pictures::rgb()))),
    ("format/pnm", |name| format(name, files::pnm(&pictures::rgb()))),
    ("format/qoi", |name| format(name, files::qoi(&pictures::rgb()))),
    ("pixels/gray-to-rgba", |name| promotion(name, &pictures::rgb())),
    ("pixels/resize-rgb", |name| resize(name, Fit::Stretch, DType::Uint8)),
    ("pixels/resize-crop", |name| resize(name, Fit::Crop, DType::Uint8)),
    ("pixels/resize-gray16", |name| resize(name, Fit::Stretch, DType::Uint16)),
    ("sink/npy", |name| sink(name, &pictures::rgb())),
];

fn framing(name: &'static str, framing: Framing, text: &[u8]) -> Stage {
    let bytes: Arc<[u8]> = text.into();
    let expected = records(&bytes, framing).expect("records");
    assert!(expected > 1, "{name} has records");
    let run = move || {
        let count = records(std::hint::black_box(&bytes), framing).expect("records");
        assert_eq!(count, expected);
    };
    Stage { name, bytes: texts::LENGTH, run: Box::new(run) }
}

fn record(name: &'static str, text: Vec<u8>) -> Stage {
    let mut finder = Finder::new("image".parse().expect("a field")).expect("one field");
    let bytes = text.len();
    let run = move || {
        let found = finder.find(std::hint::black_box(&text)).expect("JSON");
        assert!(found.is_some_and(|(start, end)| end > start));
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn base64(name: &'static str, value: Vec<u8>) -> Stage {
    let (mut decoder, bytes) = (Value::default(), value.len());
    let run = move || {
        let value = std::hint::black_box(&value);
        let got = decoder.decode(&Encoding::Encoded, value, None, None).expect("base64");
        assert_eq!(got.len(), 30_000);
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn list(name: &'static str, value: Vec<u8>, axes: &[usize], dtype: DType) -> Stage {
    let (mut decoder, bytes) = (Value::default(), value.len());
    let shape = Shape::new(axes).expect("axes");
    let len = shape.bytes(dtype).expect("small");
    let run = move || {
        let value = std::hint::black_box(&value);
        let got = decoder.decode(&Encoding::List, value, Some(shape), Some(dtype)).expect("a list");
        assert_eq!(got.len(), len);
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn format(name: &'static str, file: Vec<u8>) -> Stage {
    let mut pixels = Vec::new();
    let (format, _) = image(&file, &mut pixels).expect("an image");
    let word = name.trim_start_matches("format/").split('-').next().unwrap_or_default();
    assert_eq!(word.trim_end_matches("16"), format.name(), "the stage says its format");
    let bytes = pixels.len();
    let run = move || {
        image(std::hint::black_box(&file), &mut pixels).expect("an image");
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn promotion(name: &'static str, picture: &Picture<u8>) -> Stage {
    let (gray, mut out) = (picture.samples.clone(), Vec::new());
    let bytes = gray.len() * 4;
    let run = move || promote(std::hint::black_box(&gray), &mut out);
    Stage { name, bytes, run: Box::new(run) }
}

/// A large picture to 224 by 224 by the usual filter: RGB, or one channel of 16 bits.
fn resize(name: &'static str, fit: Fit, dtype: DType) -> Stage {
    let Picture { height, width, samples } = pictures::large();
    let (channels, color, mut stored) = match dtype {
        DType::Uint16 => {
            let deep = samples.chunks(3).map(|p| 110 + u16::from(p[1]) * 8);
            (1, Color::Gray, deep.flat_map(u16::to_le_bytes).collect())
        }
        _ => (3, Color::Rgb, samples),
    };
    let shape = Shape::image(height, width, channels);
    let info = ImageInfo {
        shape,
        dtype,
        bits: dtype.size() as u8 * 8,
        color,
        orientation: 1,
        premultiplied: false,
        rescale: None,
        frames: 1,
    };
    let size = Some(Size { height: 224, width: 224 });
    let mut options = Options::default();
    (options.size, options.fit) = (size, Some(fit));
    let (mut shaper, mut out, bytes) = (Shaper::new(&options, info), Vec::new(), stored.len());
    let run = move || {
        shaper.run(std::hint::black_box(&mut stored), &mut out).expect("resized");
        assert_eq!(out.len(), 224 * 224 * channels * dtype.size());
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn sink(name: &'static str, picture: &Picture<u8>) -> Stage {
    const TIMES: usize = 16;
    let folder = tempfile::tempdir().expect("a folder");
    let shape = Shape::image(picture.height, picture.width, 3);
    let rows = picture.samples.clone();
    let bytes = rows.len() * TIMES;
    let run = move || {
        let out = folder.path().join("out.npy");
        npy(&out, shape, DType::Uint8, std::hint::black_box(&rows), TIMES).expect("written");
    };
    Stage { name, bytes, run: Box::new(run) }
}

fn main() {
    // After a large block was freed, glibc keeps what is freed later: calls do not pay for fresh
    // pages, as batches of a long run do not.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(30 << 20)));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| arguments.iter().any(|a| a == name);
    let filter = arguments.iter().find(|a| !a.starts_with('-')).map_or("", String::as_str);
    let chosen = STAGES
        .iter()
        .filter(|(name, _)| if flag("--once") { *name == filter } else { name.contains(filter) });
    for &(name, make) in chosen {
        if flag("--list") {
            println!("{name}");
        } else if flag("--once") {
            // The first run grows buffers; the second is the one that is counted.
            let mut stage = make(name);
            (stage.run)();
            timer::counted(&mut stage);
        } else if flag("--bench") {
            println!("{}", timer::timed(make(name)));
        } else {
            (make(name).run)();
        }
    }
}
