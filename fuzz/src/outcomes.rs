//! What must hold of every look at records: no panic, no kind that is not a record's, the same whatever
//! the threads and blocks.

use std::fmt::Write;

use flate2::Crc;
use ndpix::{Each, ErrorKind, Input, Limits, MaxRejects, Options};

pub(super) const LIMITS: Limits =
    Limits { max_record_bytes: 1 << 20, max_pixels: 1 << 20, memory: None };

/// One thread, small blocks, and rejects that never end a run.
pub(super) fn base() -> Options {
    let mut options = Options::default();
    options.max_rejects = Some(MaxRejects::None);
    options.limits = LIMITS;
    options.threads = 1;
    options.block_bytes = Some(4096);
    options
}

/// The same with the field `image`, and options in the words of the command.
pub(super) fn image_with(words: &[(&str, &str)]) -> Options {
    let mut options = base();
    for (name, value) in [("field", "image")].iter().chain(words) {
        options.set(name, value).expect("an option");
    }
    options
}

pub(super) fn bytes(text: &[u8]) -> Vec<Input> {
    vec![Input::Bytes(text.into())]
}

/// The line of a record whose field `image` is the base64 text of these bytes.
pub(super) fn record_of(image: &[u8]) -> String {
    format!("{{\"image\":\"{}\"}}\n", base64_simd::STANDARD.encode_to_string(image))
}

/// One line for each image, and how the run ended.
pub(super) fn outcomes(inputs: Vec<Input>, options: &Options) -> String {
    let mut said = String::new();
    // A panic in here would be caught, and would pass for one of the library's.
    let mut wrong = Vec::new();
    let mut note = |each: Each<'_>| {
        let p = &each.position;
        let what = match &each.image {
            Ok((info, pixels)) => {
                if info.bytes().ok() != Some(pixels.len()) {
                    wrong.push(format!("{info:?} of {} bytes", pixels.len()));
                }
                let mut crc = Crc::new();
                crc.update(pixels);
                format!("{} {} {:08x}", info.shape, info.dtype, crc.sum())
            }
            Err(error) => {
                wrong.extend(bug(error));
                if matches!(error.kind(), ErrorKind::Options | ErrorKind::Plan) {
                    wrong.push(format!("no kind for a record: {error}"));
                }
                format!("{} {}", error.kind(), error.message())
            }
        };
        writeln!(said, "{}:{}:{}: {what}", p.line, p.byte, p.item).expect("a string");
    };
    let ended = ndpix::each(inputs, options, |each| {
        note(each);
        Ok(())
    });
    if let Err(error) = ended {
        wrong.extend(bug(&error));
        writeln!(said, "ended: {} {error}", error.kind()).expect("a string");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    said
}

fn bug(error: &ndpix::Error) -> Option<String> {
    // Whole sentences: what is quoted of the input may say so too.
    let message = error.message();
    let caught = message.ends_with("decoder failed on this image")
        || message.starts_with("a bug in ndpix ended the run");
    caught.then(|| format!("a panic was caught: {error}"))
}

pub(super) fn no_bug(error: &ndpix::Error) {
    assert_eq!(bug(error), None);
}

/// The same outcomes, whatever the threads and blocks.
pub(super) fn same_outcomes(text: &[u8], options: &Options) -> String {
    let plain = outcomes(bytes(text), options);
    for (threads, block_bytes) in [(1, Some(1)), (3, Some(7)), (1, None)] {
        let mut changed = options.clone();
        (changed.threads, changed.block_bytes) = (threads, block_bytes);
        let other = outcomes(bytes(text), &changed);
        assert_eq!(plain, other, "{threads} threads, blocks of {block_bytes:?}");
    }
    plain
}
