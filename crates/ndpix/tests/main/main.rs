//! Whole runs through the public API. Each module opens with what belongs in it.

/// Options that differ from others in these fields: `options! { threads: 2, ..raw("2,2") }`. From outside
/// of its crate `Options` cannot be written as a struct.
macro_rules! options {
    (@ $field:ident) => { $field };
    (@ $field:ident $value:expr) => { $value };
    ($($field:ident $(: $value:expr)?,)* ..$base:expr) => {{
        let mut options: ndpix::Options = $base;
        $(options.$field = options!(@ $field $($value)?);)*
        options
    }};
}

mod append;
mod architecture;
mod arrays;
mod causes;
mod classes;
mod columns;
mod conditions;
mod corpus;
mod depths;
mod documented;
mod doors;
mod drawn;
mod fuzz;
mod gzip;
mod hostile;
mod large;
mod layers;
mod limits;
mod nan;
mod npy;
mod on_error;
mod oracle;
mod origins;
mod page;
mod parts;
mod paths;
mod places;
mod quantities;
mod random;
mod said;
mod same_bytes;
mod show;
mod show_outputs;
mod shutdown;
mod stores;
mod times;
mod truncation;
mod wrapped;

use std::fs;
use std::path::{Path, PathBuf};

use ndpix::{Control, Input, MaxRejects, Options, Run};

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * i)) as usize & 63] as char;
            out.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

/// Options that need no sample: raw uint8 pixels of this shape in `image`; rejects never end a run.
fn raw(shape: &str) -> Options {
    options! {
        field: Some("image".parse().expect("field")),
        encoding: vec!["raw".parse().expect("encoding")],
        raw_shape: Some(shape.parse().expect("shape")),
        raw_dtype: Some("uint8".parse().expect("dtype")),
        shape: Some(shape.parse().expect("shape")),
        dtype: Some("uint8".parse().expect("dtype")),
        max_rejects: Some(MaxRejects::None),
        ..Options::default()
    }
}

/// Text in memory as input.
fn bytes(text: &[u8]) -> Vec<Input> {
    vec![Input::Bytes(text.into())]
}

/// A run into a folder of its own.
struct Done {
    run: Run,
    out: PathBuf,
    _folder: tempfile::TempDir,
}

impl Done {
    fn file(&self, suffix: &str) -> Option<Vec<u8>> {
        fs::read(format!("{}{suffix}", self.out.display())).ok()
    }

    /// The kinds in the rejects file, in its order.
    fn reject_kinds(&self) -> Vec<String> {
        let text = self.file(".rejects.ndjson").unwrap_or_default();
        let text = String::from_utf8(text).expect("rejects are UTF-8");
        let kind = |line: &str| {
            let rest = line.split_once("\"kind\":\"").expect("a kind").1;
            rest.split('"').next().unwrap_or_default().to_string()
        };
        text.lines().map(kind).collect()
    }
}

fn convert(inputs: Vec<Input>, options: &Options) -> Done {
    convert_with(inputs, options, &Control::default())
}

fn convert_with(inputs: Vec<Input>, options: &Options, control: &Control<'_>) -> Done {
    convert_in(tempfile::tempdir().expect("a folder"), inputs, options, control)
}

fn convert_in(
    folder: tempfile::TempDir,
    inputs: Vec<Input>,
    options: &Options,
    control: &Control<'_>,
) -> Done {
    let out = folder.path().join("out.npy");
    let run = ndpix::run(inputs, &out, options, control);
    Done { run, out, _folder: folder }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
