//! Whole runs into an array file: the books close, and it is the same whatever the threads and blocks.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use ndpix::{
    Control, Framing, Limits, MaxRejects, OnError, OnErrors, OnMissing, Options, Rows, Run, Summary,
};

use super::choices::Choices;
use super::outcomes::{base, bytes, no_bug};
use super::seeds::line_seeds;

/// Bytes that choose the options.
const CHOSEN: usize = 13;

/// Every small text with a few choices of options.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let choices = |n: usize| (0..CHOSEN).map(move |i| (n * (37 + i * 11) / 3) as u8);
    let texts = line_seeds();
    (0..6)
        .flat_map(|n| texts.iter().map(move |text| choices(n).chain(text.clone()).collect()))
        .collect()
}

/// A run into a folder of its own.
pub(super) struct Done {
    pub(super) run: Run,
    pub(super) out: PathBuf,
    pub(super) folder: tempfile::TempDir,
}

impl Done {
    pub(super) fn file(&self, suffix: &str) -> Option<Vec<u8>> {
        fs::read(format!("{}{suffix}", self.out.display())).ok()
    }
}

/// Converts into a folder where a file that is made durable costs nothing, where there is one.
pub(super) fn convert(text: &[u8], name: &str, options: &Options) -> Done {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    let out = folder.path().join(name);
    let run = ndpix::run(bytes(text), &out, options, &Control::default());
    if let Err(error) = &run.result {
        no_bug(error);
    }
    closes(&run.summary, &options.on_error);
    Done { run, out, folder }
}

fn chosen(choices: &mut Choices<'_>) -> Options {
    let mut options = base();
    options.limits = Limits {
        max_record_bytes: [1 << 20, 20, 60][choices.below(3)],
        max_pixels: [1 << 20, 3, 4][choices.below(3)],
        memory: [None, Some(40), Some(400), Some(1 << 20)][choices.below(4)],
    };
    let words =
        [("raw_shape", "2,2"), ("raw_dtype", "uint8"), ("shape", "2,2"), ("dtype", "uint8")];
    let (found, no_shape, no_dtype) = (choices.once_in(4), choices.once_in(4), choices.once_in(4));
    let left = |name: &str| (name == "shape" && no_shape) || (name == "dtype" && no_dtype);
    for (name, value) in words.into_iter().filter(|word| !left(word.0)) {
        options.set(name, value).expect("an option");
    }
    if !found {
        options
            .set("field", "image")
            .and_then(|()| options.set("encoding", "raw"))
            .expect("options");
    }
    options.framing = Framing::ALL[choices.below(5)];
    options.skip = choices.below(3) as u64;
    options.limit = [None, None, Some(1), Some(3)][choices.below(4)];
    options.on_error = OnError::ALL[choices.below(3)].into();
    options.on_missing = OnMissing::ALL[choices.below(3)];
    options.max_rejects =
        [Some(MaxRejects::None), None, Some(MaxRejects::Count(1))][choices.below(3)];
    options.rows = Rows::Always;
    options
}

/// Under limits and options that the input itself chooses.
pub(super) fn runs(input: &[u8]) {
    let (mut choices, text) = Choices::of(input, CHOSEN);
    let options = chosen(&mut choices);
    let done = |options: &Options| {
        let done = convert(text, "out.npy", options);
        let s = &done.run.summary;
        let (array, rejects) = (done.file(""), done.file(".rejects.ndjson"));
        assert_eq!(done.run.result.is_ok(), array.is_some(), "a file under its name is whole");
        if let Some(array) = &array {
            let header = array.len() as u64 - s.bytes_written;
            assert_eq!(header, 128, "the header and the rows are the file");
        }
        let count =
            rejects.as_ref().map_or(0, |r| r.iter().filter(|&&b| b == b'\n').count() as u64);
        assert_eq!(count, s.rejected(), "every reject has its line");
        let said = done.run.result.as_ref().map_err(ToString::to_string).err();
        let mut counts = format!("{:?}", (s.records, s.images, s.rows, s.filled));
        if said.is_none() {
            // Of a run that stopped they say how far ahead was read.
            write!(counts, "{:?}", (s.blank_lines, s.passed_over, s.limited)).expect("a string");
        }
        (said, counts, array, rejects, done.file(".rows.npy"))
    };
    let plain = done(&options);
    for (threads, block_bytes) in [(1, Some(1)), (3, Some(5)), (3, None)] {
        let mut changed = options.clone();
        (changed.threads, changed.block_bytes) = (threads, block_bytes);
        let other = done(&changed);
        assert!(
            plain == other,
            "{threads} threads, blocks of {block_bytes:?}: {plain:?} {other:?}"
        );
    }
}

fn closes(s: &Summary, on_error: &OnErrors) {
    assert_eq!(s.records, s.with_image + s.without_image + s.unreadable, "{s:?}");
    assert_eq!(s.images, s.decoded + s.rejected_images, "{s:?}");
    assert_eq!(s.rows, s.decoded + s.filled, "{s:?}");
    assert!(s.filled == 0 || *on_error != OnError::Raise.into() || s.without_image > 0, "{s:?}");
}
