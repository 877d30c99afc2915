//! Text: framings, compressions, records, values, and what the first records decide.

use std::io::{self, Cursor, Read};

use ndpix::{Control, Framing, Input, Options};

use super::outcomes::{
    LIMITS, base, bytes, image_with, no_bug, outcomes, record_of, same_outcomes,
};

pub(super) fn lines(input: &[u8]) {
    let raw = [("encoding", "raw"), ("raw_shape", "2,2"), ("raw_dtype", "uint8")];
    let mut options = image_with(&raw);
    for framing in Framing::ALL {
        for max_record_bytes in [30, LIMITS.max_record_bytes] {
            options.framing = framing;
            options.limits.max_record_bytes = max_record_bytes;
            same_outcomes(input, &options);
        }
    }
}

/// At most three bytes a read.
struct Drops(Cursor<Vec<u8>>);

impl Read for Drops {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(3);
        self.0.read(&mut buf[..most])
    }
}

pub(super) fn compressed(input: &[u8]) {
    let options = image_with(&[("encoding", "encoded")]);
    let plain = outcomes(bytes(input), &options);
    let reader = Box::new(Drops(Cursor::new(input.to_vec())));
    let dropped = outcomes(vec![Input::Reader { name: "bytes".to_string(), reader }], &options);
    // How much comes out of a damaged stream before it is refused is the codec's; what comes out
    // is the same.
    let parts = |said: &str| {
        let (images, end) = said.split_once("ended: ").unwrap_or((said, ""));
        (images.to_string(), end.split(' ').next().unwrap_or_default().to_string())
    };
    let ((a, a_end), (b, b_end)) = (parts(&plain), parts(&dropped));
    assert_eq!(a_end, b_end, "read three bytes at a time");
    let damaged = a_end == "encoding" && (a.starts_with(&b) || b.starts_with(&a));
    assert!(a == b || damaged, "read three bytes at a time: {plain} {dropped}");
}

pub(super) fn record(input: &[u8]) {
    let fields = ["image", "images[*]", ".", "a.b[1].c", "messages[*].content[*].image_url.url"];
    for field in fields {
        let options = image_with(&[("field", field), ("mixed", "true"), ("framing", "lines")]);
        outcomes(bytes(input), &options);
    }
    detect(input);
}

/// Where the images are, and what they are, is to be found: a whole sample, to the plan and its report.
/// That may fail.
pub(super) fn detect(input: &[u8]) {
    let mut options = base();
    options.threads = 3;
    let looked = ndpix::inspect(bytes(input), &options);
    let read = ndpix::each(bytes(input), &options, |_| Ok(()));
    let loaded = ndpix::load(bytes(input), &options, &Control::default());
    for error in [read.err().as_ref(), loaded.result.as_ref().err()].into_iter().flatten() {
        no_bug(error);
    }
    match looked {
        Err(error) => no_bug(&error),
        Ok(report) => {
            assert_eq!(report.problem.is_none(), report.shape.is_some());
            assert!(!report.text(&[], &options).is_empty());
        }
    }
}

pub(super) fn encodings(input: &[u8]) {
    let chains = [
        "base64+zlib+npy",
        "base64+gzip+raw",
        "base64+zstd+image",
        "hex+image",
        "latin1+raw",
        "bytes+npy",
        "base64+lz4+raw",
        "json+list",
        "json+polygon",
        "repr+list",
        "repr+latin1+image",
        "joined+encoded",
        "unquoted+list",
        "markdown+data-url",
        "npz:a",
        "json+npz",
        "base64+base64+image",
    ];
    let drawn = ["rle", "polygon", "json+polygon"];
    let option = Options::table().find(|option| option.name == "encoding").expect("an option");
    let plain = option.words.into_iter().filter(|word| *word != "auto");
    for (i, name) in plain.chain(chains).enumerate() {
        let mut options = image_with(&[("encoding", name)]);
        if let Some(dtype) = ["uint8", "float32", "bool"].get(i % 4) {
            options.set("dtype", dtype).expect("a dtype");
        }
        if i % 3 == 0 || drawn.contains(&name) {
            options.set("raw_shape", "@h,@w").expect("fields");
        }
        outcomes(bytes(input), &options);
    }
}

pub(super) fn npy(input: &[u8]) {
    let text = record_of(input);
    for encoding in ["npy", "base64+npy"] {
        outcomes(bytes(text.as_bytes()), &image_with(&[("encoding", encoding)]));
    }
}

/// With and without a name; detection looks at members as well.
pub(super) fn npz(input: &[u8]) {
    let text = record_of(input);
    for encoding in ["npz", "npz:a", "encoded"] {
        outcomes(bytes(text.as_bytes()), &image_with(&[("encoding", encoding)]));
    }
    detect(text.as_bytes());
}
