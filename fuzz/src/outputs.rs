//! Whole runs with any options into any output. The input chooses: a byte for the output, a byte for each
//! option, 0 for its default, and behind them the records.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ndpix::Options;

use super::choices::Choices;
use super::outcomes::{base, record_of};
use super::runs::convert;
use super::seeds::line_seeds;

const OUTPUTS: [&str; 7] =
    ["out.npy", "out.npz", "out.h5", "out.zarr", "out.safetensors", "out.parquet", "out"];

/// Options and some of their values; without any the words of the option.
const OPTIONS: &[(&str, &[&str])] = &[
    ("field", &["image", "image|other", "images[*]", "**.image", "image\nn", "n|image"]),
    ("stack", &[]),
    ("ragged", &[]),
    ("columns", &["n", "n\nlabel", "meta.x", "meta", "image"]),
    ("on_missing_column", &[]),
    ("column_type", &["n=int", "n=datetime[s]", "label=datetime", "meta.x=json", "n=floats"]),
    ("where", &["n>=2", "label=a", "meta exists", "label~^b\nn!=5"]),
    (
        "array",
        &[
            "mask=mask",
            "mask=mask,dtype=uint8\nn",
            "mask=masks[*],merge=any",
            "rgb=image,layout=chw",
        ],
    ),
    ("merge", &[]),
    ("mixed", &["true"]),
    ("encoding", &[]),
    ("framing", &[]),
    ("raw_shape", &["2,2", "4", "@h,@w"]),
    ("raw_dtype", &[]),
    ("raw_byteorder", &[]),
    ("raw_order", &[]),
    ("raw_channels", &[]),
    ("raw_layout", &[]),
    ("raw_step", &["2", "3"]),
    ("allow_nan", &["true"]),
    ("shape", &["2,2", "2,2,3", "1"]),
    ("dtype", &[]),
    ("mode", &[]),
    ("background", &["#ff8000"]),
    ("exif_transpose", &["false"]),
    ("rescale", &[]),
    ("frames", &["all", "index:1"]),
    ("size", &["1", "2", "3,5"]),
    ("fit", &[]),
    ("resample", &[]),
    ("pad_value", &["1", "0.5"]),
    ("scale", &[]),
    ("normalize", &["imagenet", "clip", "0.5/0.5"]),
    ("layout", &[]),
    ("fill_value", &["7", "-1", "1e300"]),
    ("skip", &["1"]),
    ("limit", &["1", "3"]),
    ("on_missing", &[]),
    ("on_error", &[]),
    ("max_rejects", &["0", "1", "50%"]),
    ("rejects_content", &[]),
    ("rows", &[]),
    ("images_as", &[]),
    ("chunks", &["1", "2"]),
    ("output_compression", &["none", "gzip:1", "zstd:1"]),
    ("shard_rows", &["1", "2"]),
    ("memory", &["16M", "64M"]),
    ("max_record_bytes", &["60"]),
    ("max_pixels", &["4"]),
    ("append", &["true"]),
];

fn values(name: &str, some: &[&'static str]) -> Vec<&'static str> {
    if !some.is_empty() {
        return some.to_vec();
    }
    Options::table().find(|option| option.name == name).expect("an option").words
}

/// Records with these options, and the others as they are by default.
fn seed(out: usize, words: &[(&str, &str)], text: &[u8]) -> Vec<u8> {
    let mut seed = vec![out as u8];
    for (name, some) in OPTIONS {
        let word = words.iter().find(|word| word.0 == *name);
        let at = |word: &(&str, &str)| values(name, some).iter().position(|v| *v == word.1);
        seed.push(word.map_or(0, |word| at(word).expect("a value") as u8 + 1));
    }
    seed.extend_from_slice(text);
    seed
}

/// Outputs by their numbers, and options that fit them.
type Fit = (&'static [usize], &'static [(&'static str, &'static str)]);

/// Options that go together, and the outputs that can do so.
const SEEDS: &[Fit] = &[
    (&[0, 1, 2, 3, 4, 5, 6], &[("columns", "n\nlabel"), ("dtype", "int64")]),
    (&[0, 1, 2, 3, 4, 5, 6], &[("columns", "n"), ("on_missing", "fill"), ("rows", "never")]),
    (&[0, 1, 2, 3, 4, 5, 6], &[("dtype", "float32"), ("layout", "chw"), ("on_error", "fill")]),
    (&[0], &[("append", "true"), ("rows", "always")]),
    (&[2, 3, 5], &[("chunks", "1"), ("output_compression", "gzip:1"), ("columns", "meta")]),
    (&[2, 3, 5], &[("chunks", "2"), ("output_compression", "none"), ("rows", "always")]),
    (&[3, 6], &[("shard_rows", "1"), ("columns", "n\nlabel")]),
    (&[1, 2, 3, 6], &[("ragged", "flat"), ("columns", "n")]),
    (&[1, 2, 3, 6], &[("ragged", "pad"), ("rows", "always")]),
    (&[0, 1, 2, 3, 4, 5, 6], &[("array", "mask=mask,dtype=uint8\nn"), ("columns", "n")]),
    (&[0, 1, 4, 6], &[("array", "mask=masks[*],merge=any"), ("on_error", "fill")]),
    (&[0, 2], &[("where", "n>=2"), ("on_missing", "fill")]),
];

/// The same for image files.
const FILES: &[Fit] = &[
    (&[1, 2, 3, 6], &[("ragged", "flat"), ("mode", "RGB")]),
    (&[1, 2, 3, 6], &[("ragged", "pad"), ("mode", "L"), ("columns", "image")]),
    (&[0, 3, 5], &[("mode", "RGB"), ("size", "3,5"), ("fit", "pad"), ("resample", "lanczos")]),
    (&[0, 4], &[("mode", "RGB"), ("size", "1"), ("fit", "crop"), ("normalize", "0.5/0.5")]),
    (&[5], &[("images_as", "encoded"), ("columns", "n"), ("on_missing_column", "fill")]),
];

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let listed = r#"{"image":[[1,2],[3,4]],"n":1,"label":"a","meta":{"x":[1.5]},"mask":[[0,1]],"masks":[{"size":[2,2],"counts":"103"}]}
{"image":[[5,6],[7,8]],"n":2,"label":"b\n","meta":null,"mask":[[2,1]],"masks":[{"size":[2,2],"counts":[1,2,1]},{"size":[2,2],"counts":"103"}]}
{"image":null,"n":3}
{"image":[[5,6],[7,"800"]],"n":null,"label":""}
{"image":[[9,6],[7,8]],"n":5}
"#;
    let [gray, color] =
        ["P5 2 2 255\nabcd", "P6 1 3 255\nabcdefghi"].map(|f| record_of(f.as_bytes()));
    let files = [gray.as_str(), &gray, &color].concat();
    let of = |text: &str, rows: &[Fit]| -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for (outputs, words) in rows {
            for &out in *outputs {
                let mut words = [&[("field", "image")], *words].concat();
                if out == OUTPUTS.len() - 1 {
                    words.push(("shard_rows", "2"));
                }
                seeds.push(seed(out, &words, text.as_bytes()));
            }
        }
        seeds
    };
    let raw =
        [("field", "image"), ("encoding", "raw"), ("raw_shape", "2,2"), ("raw_dtype", "int8")];
    [of(listed, SEEDS), of(&files, FILES), vec![seed(0, &raw, &line_seeds()[0])]].concat()
}

/// Everything in a folder, by its path.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut folders, mut all) = (vec![folder.to_path_buf()], BTreeMap::new());
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("inside").display().to_string();
            all.insert(name, fs::read(&path).expect("a file"));
        }
    }
    all
}

/// What a run wrote, or why it did not.
fn written(
    text: &[u8],
    name: &str,
    options: &Options,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let done = convert(text, name, options);
    assert!(!done.run.summary.text(options).is_empty());
    let files = tree(done.folder.path());
    match &done.run.result {
        Ok(_) => {
            assert!(done.out.exists(), "{name} is there");
            let partial = files.keys().find(|file| file.contains("partial"));
            assert_eq!(partial, None, "nothing is left over");
            Ok(files)
        }
        Err(error) => {
            assert!(!done.out.exists(), "{name} of a run that failed");
            Err(error.to_string().replace(&done.folder.path().display().to_string(), ""))
        }
    }
}

pub(super) fn outputs(input: &[u8]) {
    let (mut choices, text) = Choices::of(input, 1 + OPTIONS.len());
    let name = OUTPUTS[choices.below(OUTPUTS.len())];
    let mut options = base();
    for (option, some) in OPTIONS {
        let values = values(option, some);
        if let Some(chosen) = choices.below(values.len() + 1).checked_sub(1) {
            options.set(option, values[chosen]).expect("a value");
        }
    }
    let plain = written(text, name, &options);
    for (threads, block_bytes) in [(1, Some(1)), (3, Some(7))] {
        let mut changed = options.clone();
        (changed.threads, changed.block_bytes) = (threads, block_bytes);
        let other = written(text, name, &changed);
        assert!(
            plain == other,
            "{threads} threads, blocks of {block_bytes:?}: {plain:?} {other:?}"
        );
    }
}
