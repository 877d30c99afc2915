//! What belongs here: what is said of records never holds much of them, whatever they hold.

use std::fmt::Write as _;
use std::sync::Mutex;

use ndpix::{Control, Input, Options};

use super::base64;

/// The most of the data that one place of a message may hold, in bytes.
const MOST: usize = 200;
/// What hostile text is made of, with what escaping makes of it.
const MARKS: &[u8] = b"Qq 7\\n/.u{}01x";

/// The longest run of hostile text.
fn run(said: &str) -> usize {
    let runs = said.as_bytes().split(|b| !MARKS.contains(b)).map(<[u8]>::len);
    runs.max().unwrap_or(0)
}

/// Text of ten thousand characters: one word, words, lines, and digits.
fn texts() -> [String; 4] {
    [("Q", 10_000), ("Q ", 5_000), ("Q\n", 5_000), ("7", 10_000)].map(|(text, n)| text.repeat(n))
}

/// As JSON.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}

/// Everything that is said of these records with these options, by every door.
fn said(records: &str, options: &Options) -> Vec<String> {
    let input = || vec![Input::bytes(records)];
    let all = Mutex::new(Vec::new());
    let note = |text: &str| all.lock().expect("a list").push(text.to_string());
    let control = Control { note: Some(&note), ..Control::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let run = ndpix::run(input(), &folder.path().join("a.npz"), options, &control);
    let rejects = std::fs::read_to_string(folder.path().join("a.npz.rejects.ndjson"));
    let loaded = ndpix::load(input(), options, &control);
    let mut said: Vec<String> = Vec::new();
    for line in rejects.unwrap_or_default().lines() {
        let rest = line.split_once("\"message\":\"").expect("a message").1;
        said.push(rest.split("\",\"").next().unwrap_or_default().to_string());
    }
    said.extend(run.result.err().map(|e| e.to_string()));
    said.extend(loaded.result.err().map(|e| e.to_string()));
    said.extend([run.summary.text(options), loaded.summary.text(options)]);
    match ndpix::inspect(input(), options) {
        Err(error) => said.push(error.to_string()),
        Ok(report) => {
            said.extend(report.remedies.iter().map(|remedy| remedy.what.clone()));
            // The commands have to name the field as it is, and are for one who asked for them.
            said.push(report.text(&[], options));
        }
    }
    said.extend(all.into_inner().expect("a list"));
    said
}

fn check(what: &str, records: &str, options: &Options, bad: &mut String) {
    for message in said(records, options) {
        if run(&message) > MOST {
            let start: String = message.chars().take(160).collect();
            let _ = writeln!(bad, "{what}: {} of {}: {start}", run(&message), message.len());
        }
    }
}

fn png() -> String {
    quoted(&base64(b"P5 2 2 255\nabcd"))
}

#[test]
fn keys_are_named_in_a_few_words() {
    let mut bad = String::new();
    let options = Options::default();
    for text in texts() {
        let (key, png) = (quoted(&text), png());
        for (what, record) in [
            ("key", format!("{{{key}:{png}}}")),
            ("two", format!("{{{key}:{png},\"b\":{png}}}")),
            ("deep", format!("{{\"a\":{{{key}:[{png}]}}}}")),
            (
                "name",
                format!(
                    "{{\"a\":[{{\"name\":{key},\"data\":{png}}},{{\"name\":\"b\",\"data\":{png}}}]}}"
                ),
            ),
            ("numbers", format!("{{{key}:[[1,2],[3,4]],\"b\":{png}}}")),
            ("lists", format!("{{{key}:[[1,2],[3,4]]}}")),
            ("nothing", format!("{{{key}:1}}")),
            ("path", format!("{{{key}:\"no/such.png\"}}")),
            ("polygon", format!("{{{key}:{{\"size\":[2,2],\"counts\":\"a\"}}}}")),
            ("type", format!("{{\"image\":{{\"type\":{key},\"data\":{png}}}}}")),
            (
                "tensor",
                format!("{{\"image\":{{\"dtype\":{key},\"shape\":[2,2],\"data\":\"AAAA\"}}}}"),
            ),
            (
                "order",
                format!(
                    "{{\"image\":{{\"dtype\":\"uint8\",\"byteorder\":{key},\"shape\":[2,2],\"data\":\"AAAAAA==\"}}}}"
                ),
            ),
            (
                "layout",
                format!(
                    "{{\"image\":{{\"dtype\":\"uint8\",\"layout\":{key},\"shape\":[2,2],\"data\":\"AAAAAA==\"}}}}"
                ),
            ),
            (
                "encoding",
                format!(
                    "{{\"image\":{{\"encoding\":{key},\"height\":2,\"width\":2,\"data\":\"AAAAAA==\"}}}}"
                ),
            ),
        ] {
            let later = format!("{{\"b\":{png}}}\n").repeat(70);
            for records in
                [record.clone(), format!("{record}\n{{\"b\":{png}}}"), format!("{later}{record}")]
            {
                check(what, &records, &options, &mut bad);
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn values_are_quoted_in_a_few_words() {
    let mut bad = String::new();
    let table = Options::table().find(|option| option.name == "encoding").expect("an option");
    let encodings = table.words.iter().copied().chain(["base64+zlib+npy", ""]);
    for encoding in encodings {
        let mut options = Options::default().with("field", "image").expect("a field");
        if !encoding.is_empty() {
            options.set("encoding", encoding).expect("an encoding");
        }
        for text in texts() {
            let q = quoted(&text);
            let header =
                format!("{{'descr': '{text}', 'fortran_order': False, 'shape': (2, 2), }}");
            let head = b"\x93NUMPY\x02\x00".iter().copied();
            let npy: Vec<u8> =
                head.chain((header.len() as u32).to_le_bytes()).chain(header.bytes()).collect();
            let npy = quoted(&base64(&npy));
            for value in [
                q.clone(),
                format!("[{q}]"),
                format!("[[{q}]]"),
                format!("{{{q}:{q}}}"),
                npy,
                format!(
                    "[[1,{}],[1,2]]",
                    if text.starts_with('7') { text.clone() } else { "1".repeat(9999) }
                ),
                quoted(&format!("data:{text};base64,AAAA")),
                quoted(&format!("data:image/png;{text},AAAA")),
                quoted(&format!("/{text}.png")),
                quoted(&format!("{text}/a.npy")),
                quoted(&format!("../{text}")),
                quoted(&format!("file:///{text}.png")),
                quoted(&format!("https://{text}/a.png")),
                quoted(&format!("C:\\\\{text}.png")),
                quoted(&format!("{}x.png", "Q/".repeat(5000))),
                format!("{{\"dtype\":{q},\"shape\":[2,2],\"data\":\"AAAA\"}}"),
                format!("{{\"dtype\":\"uint8\",\"shape\":[{q},2],\"data\":\"AAAA\"}}"),
                format!("{{\"dtype\":\"uint8\",\"shape\":[2,2],\"order\":{q},\"data\":{q}}}"),
                format!("{{\"bytes\":{q},\"path\":{q}}}"),
                format!("{{\"$binary\":{{\"base64\":{q},\"subType\":{q}}}}}"),
            ] {
                check(
                    encoding,
                    &format!("{{\"image\":{value}}}\n{{\"image\":{}}}", png()),
                    &options,
                    &mut bad,
                );
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn text_that_is_not_json_is_not_printed() {
    let mut bad = String::new();
    for text in texts() {
        let q = quoted(&text);
        for record in [
            text.clone(),
            format!("{{{text}"),
            format!("{{{q}:{text}}}"),
            format!("{{{q}:1,{q}:2,}}"),
            format!("[{q},"),
            format!(
                "{{\"file\":{q},\"line\":1,\"byte\":0,\"item\":0,\"kind\":{q},\"message\":{q},\"record\":{q}}}"
            ),
        ] {
            let options = Options::default();
            check("auto", &record, &options, &mut bad);
            for (name, value) in [
                ("field", "image"),
                ("rejects_input", "true"),
                ("framing", "concat"),
                ("framing", "array"),
                ("framing", "lines"),
            ] {
                let options = options.clone().with(name, value).expect(name);
                check(name, &format!("{record}\n{{\"image\":{}}}", png()), &options, &mut bad);
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn options_are_quoted_in_a_few_words() {
    let mut bad = String::new();
    let records = format!("{{\"image\":{},\"id\":1}}\n", png());
    for option in Options::table() {
        for text in texts().into_iter().take(2) {
            for text in [
                text.clone(),
                format!("@{text}"),
                format!("a.{text}[*]"),
                format!("skip,{text}=skip"),
                format!("{text}={text}"),
                format!("a[{text}"),
                format!("/{text}"),
            ] {
                match Options::default().with(option.name, &text) {
                    Err(error) if run(&error.to_string()) > MOST => {
                        let start: String = error.to_string().chars().take(100).collect();
                        let _ = writeln!(bad, "{}: {start}", option.name);
                    }
                    Err(_) => {}
                    Ok(options) => check(option.name, &records, &options, &mut bad),
                }
            }
        }
    }
    let more = |name: &str, value: &str, more: &[(&str, &str)], bad: &mut String| {
        let mut options = Options::default();
        for (name, value) in more.iter().chain(&[(name, value)]) {
            options.set(name, value).expect(name);
        }
        let key = quoted(value);
        let records = format!(
            "{{\"image\":{0},{key}:1}}\n{{\"image\":{0},{key}:\"a\"}}\n{{\"image\":\"AAAAAA==\"}}\n",
            png()
        );
        check(name, &records, &options, bad);
    };
    let word = "Q".repeat(10_000);
    more("columns", &word, &[], &mut bad);
    more("columns", &word, &[("on_missing_column", "fill")], &mut bad);
    more("columns", &format!("{word}\n{word}"), &[], &mut bad);
    more("field", &word, &[("columns", "id"), ("on_missing_column", "fill")], &mut bad);
    more(
        "raw_dtype",
        &format!("@{word}"),
        &[("field", "image"), ("encoding", "raw"), ("raw_shape", "2,2")],
        &mut bad,
    );
    more("raw_shape", &format!("@{word},@b"), &[("field", "image"), ("encoding", "raw")], &mut bad);
    more("field", &format!("{word}|{word}b"), &[], &mut bad);
    more("field", &format!("{word}\n{word}b"), &[("stack", "channel")], &mut bad);
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn text_instead_of_a_name_is_not_printed() {
    let text = format!("{{\"image\": \"{}\"}}", "Q".repeat(10_000));
    for text in [text.clone(), format!("{text}\n{text}\n"), format!(" [{text}]")] {
        let error = Input::expand(&[&text]).expect_err("it is not the name of a file");
        assert!(error.message().contains("text.encode()"), "{}", error.message());
        assert!(!error.message().contains('Q'), "{}", error.message());
    }
    for name in ["Q".repeat(10_000), "Q/".repeat(2_000), "Q*".repeat(5_000), "[Q".repeat(5_000)] {
        if let Err(error) = Input::expand(&[&name]) {
            assert!(run(&error.to_string()) <= MOST, "{error}");
        }
    }
}
