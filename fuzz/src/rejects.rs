//! Rejects files: those that a run wrote, fed back, are rejected alike; and any others.

use ndpix::Options;

use super::outcomes::image_with;
use super::runs::convert;
use super::seeds::line_seeds;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let base64 = r#"{"file":"b","line":7,"byte":90,"item":0,"whole":true,"kind":"json","message":"m","record_b64":"/w=="}"#;
    let lost = r#"{"file":"b","line":8,"byte":99,"item":3,"kind":"limit","message":"m"}"#;
    let mut seeds = line_seeds();
    seeds.push(format!("{base64}\n{lost}\n").into_bytes());
    seeds
}

/// The lines of a rejects file as values, without their messages.
fn lines(rejects: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(rejects).expect("UTF-8");
    let value = |line| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        value.as_object_mut().expect("an object").remove("message").expect("a message");
        value
    };
    text.lines().map(value).collect()
}

fn rejected(text: &[u8], options: &Options) -> Option<Vec<u8>> {
    let done = convert(text, "out.npy", options);
    done.run.result.is_ok().then(|| done.file(".rejects.ndjson").unwrap_or_default())
}

/// The input as records, and the input as a rejects file.
pub(super) fn rejects(input: &[u8]) {
    let words = [
        ("encoding", "raw"),
        ("raw_shape", "2,2"),
        ("raw_dtype", "uint8"),
        ("shape", "2,2"),
        ("dtype", "uint8"),
        ("on_missing", "reject"),
    ];
    let plain = image_with(&words);
    let mut fed = plain.clone();
    fed.rejects_input = true;
    // What is no line of a rejects file is rejected once for that.
    let wrapped = rejected(input, &fed).and_then(|lines| rejected(&lines, &fed));
    for first in [rejected(input, &plain), wrapped].into_iter().flatten() {
        let again = rejected(&first, &fed).expect("what is rejected ends no run");
        assert_eq!(lines(&first), lines(&again), "they are rejected again, from the same places");
    }
}
