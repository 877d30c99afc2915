//! What belongs here: that what ndpix reads from generated records is what a plain second way
//! gives: a full JSON parser, base64 digit by digit, numbers by the standard library.

use std::fmt::Write;

use ndpix::{ErrorKind, Options};
use serde_json::Value;

use super::random::Random;
use super::{base64, bytes};

const SEED: u64 = 20_260_731;

/// What became of an image: its pixels, or the kind of its error.
type Found = Result<Vec<u8>, ErrorKind>;

fn each(text: &str, options: &Options) -> Vec<Vec<Found>> {
    let mut all: Vec<Vec<Found>> = Vec::new();
    let mut last = 0;
    let ended = ndpix::each(bytes(text.as_bytes()), options, |each| {
        if each.position.line != last {
            last = each.position.line;
            all.resize_with(last as usize, Vec::new);
        }
        let found = each.image.map(|(_, pixels)| pixels.to_vec()).map_err(|e| e.kind());
        all[last as usize - 1].push(found);
        Ok(())
    });
    assert!(ended.is_ok(), "{ended:?}");
    all
}

/// Compares what `each` finds in the records, one a line, with what is wanted of each.
#[track_caller]
fn check(records: &[String], options: &Options, wanted: impl Fn(&str) -> Vec<Found>) {
    let options = options! { framing: "lines".parse().expect("framing"), ..options.clone() };
    let found = each(&(records.join("\n") + "\n"), &options);
    assert_eq!(found.len(), records.len());
    for (found, record) in found.iter().zip(records) {
        assert_eq!(*found, wanted(record), "seed {SEED}, options {options:?}, record {record}");
    }
}

// ---- fields

const KEYS: [&str; 6] = ["a", "b", "c", "a.b", "é", ""];

/// A key in JSON, some of its characters escaped.
fn key(random: &mut Random) -> String {
    let mut text = "\"".to_string();
    for c in random.pick(&KEYS).chars() {
        if random.once_in(4) {
            write!(text, "\\u{:04x}", c as u32).expect("a string")
        } else {
            text.push(c);
        }
    }
    text + "\""
}

fn space(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", " ", "\t", "  \r "])
}

/// A value; strings are two bytes in base64.
fn value(random: &mut Random, depth: usize) -> String {
    let kind = if depth == 0 { random.below(7) } else { random.below(12) };
    let pad = space(random);
    match kind {
        0..=3 => {
            let text = base64(&random.bytes(2));
            match random.below(3) {
                0 => format!("\"{}\"", text.replace('/', "\\/")),
                1 => format!("\"\\u{:04X}{}\"", text.as_bytes()[0], &text[1..]),
                _ => format!("\"{text}\""),
            }
        }
        4 => "null".to_string(),
        5 => {
            random.pick(&["true", "-0.5e+3", "12", "\"\\ud83d\\ude00]}\\\"\"", "\"\""]).to_string()
        }
        6 => random.pick(&["{}", "[]", "[ ]", "{ }"]).to_string(),
        7..=9 => {
            let members: Vec<String> = (0..random.below(5))
                .map(|_| format!("{}{pad}:{pad}{}", key(random), value(random, depth - 1)))
                .collect();
            format!("{{{pad}{}{pad}}}", members.join(&format!("{pad},")))
        }
        _ => {
            let elements: Vec<String> =
                (0..random.below(4)).map(|_| value(random, depth - 1)).collect();
            format!("[{}{pad}]", elements.join(&format!("{pad},{pad}")))
        }
    }
}

/// The values that steps lead to, by the parser's tree.
fn find<'v>(value: &'v Value, steps: &[&str], out: &mut Vec<&'v Value>) {
    match (steps, value) {
        ([], value) => out.push(value),
        (["*", rest @ ..], Value::Array(all)) => all.iter().for_each(|v| find(v, rest, out)),
        ([step, rest @ ..], Value::Array(all)) => {
            let element = step.parse().ok().and_then(|i: usize| all.get(i));
            element.into_iter().for_each(|v| find(v, rest, out));
        }
        ([step, rest @ ..], Value::Object(all)) => {
            all.get(*step).into_iter().for_each(|v| find(v, rest, out));
        }
        _ => {}
    }
}

/// The images that stand where the steps lead: lists of images give one each, null none.
fn images(record: &str, steps: &[&str]) -> Vec<Found> {
    let Ok(tree) = serde_json::from_str::<Value>(record) else { return vec![Err(ErrorKind::Json)] };
    let mut hits = Vec::new();
    find(&tree, steps, &mut hits);
    let mut values = Vec::new();
    for hit in hits {
        match hit {
            Value::Array(all) => match all.iter().find(|v| !v.is_null()) {
                Some(Value::String(_) | Value::Object(_)) => values.extend(all),
                _ if all.is_empty() => {}
                _ => values.push(hit),
            },
            _ => values.push(hit),
        }
    }
    let mut found: Vec<Found> = values
        .into_iter()
        .filter(|v| !v.is_null())
        .map(|value| match value {
            Value::String(text) => plain_base64(text).and_then(|bytes| match bytes.len() {
                2 => Ok(bytes),
                _ => Err(ErrorKind::Shape),
            }),
            _ => Err(ErrorKind::Field),
        })
        .collect();
    if found.is_empty() {
        found.push(Err(ErrorKind::Field));
    }
    found
}

fn at(field: &str) -> Options {
    options! {
        field: Some(field.parse().expect("field")),
        encoding: vec!["raw".parse().expect("encoding")],
        raw_shape: Some("2".parse().expect("shape")),
        raw_dtype: Some("uint8".parse().expect("dtype")),
        ..Options::default()
    }
}

#[test]
fn fields_are_those_of_a_json_parser() {
    let random = &mut Random::new(SEED);
    let records: Vec<String> = (0..3000)
        .map(|_| {
            let members: Vec<String> = (0..1 + random.below(6))
                .map(|_| format!("{}:{}", key(random), value(random, 3)))
                .collect();
            format!("{{{}}}", members.join(","))
        })
        .collect();
    for (field, steps) in [
        ("a", &["a"][..]),
        ("a.b", &["a", "b"]),
        ("\"a.b\"", &["a.b"]),
        ("/a.b/c", &["a.b", "c"]),
        ("é", &["é"]),
        ("/", &[""]),
        ("a[1]", &["a", "1"]),
        ("/b/0/c", &["b", "0", "c"]),
        ("a[*]", &["a", "*"]),
        ("b[*].c", &["b", "*", "c"]),
        ("c[*][*]", &["c", "*", "*"]),
        ("a[*].b[0]", &["a", "*", "b", "0"]),
        ("a.a[*].a", &["a", "a", "*", "a"]),
    ] {
        check(&records, &at(field), |record| images(record, steps));
    }
    let roots: Vec<String> = (0..1000).map(|_| value(random, 2)).collect();
    check(&roots, &at("."), |record| images(record, &[]));
}

#[test]
fn damaged_records_are_those_of_a_json_parser() {
    let random = &mut Random::new(SEED);
    let mut records = Vec::new();
    while records.len() < 20_000 {
        let mut record =
            format!("{{\"a\":{},\"b\":{}}}", value(random, 3), value(random, 2)).into_bytes();
        for _ in 0..1 + random.below(2) {
            let at = random.below(record.len());
            match random.below(3) {
                0 => drop(record.remove(at)),
                1 => {
                    record[at] = *random
                        .pick(&[b"{", b"}", b"\"", b"\\", b",", b"0", b"-", b"e", b"."])
                        .first()
                        .expect("one")
                }
                _ => record.insert(at, b"[]{}:,\"\\ntf019.eE+-u\x01\x7f"[random.below(22)]),
            }
        }
        let Ok(text) = String::from_utf8(record) else { continue };
        // Two policies are ndpix's own: lone surrogates and numbers of any size are let pass.
        let foreign = serde_json::from_str::<Value>(&text).is_err_and(|e| {
            let said = e.to_string();
            said.contains("surrogate")
                || said.contains("out of range")
                || said.contains("hex escape")
        });
        if !foreign && !text.trim().is_empty() {
            records.push(text);
        }
    }
    check(&records, &at("a"), |record| images(record, &["a"]));
}

// ---- base64

/// Digit by digit: either alphabet but not both, white space, padding that fits or none.
fn plain_base64(text: &str) -> Found {
    let refused = Err(ErrorKind::Encoding);
    let (mut bits, mut digits, mut padding) = (Vec::new(), 0, 0);
    let (mut standard, mut safe) = (false, false);
    for c in text.chars() {
        let value = match c {
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => continue,
            '=' => {
                padding += 1;
                continue;
            }
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' | '-' => 62,
            '/' | '_' => 63,
            _ => return refused,
        };
        standard |= matches!(c, '+' | '/');
        safe |= matches!(c, '-' | '_');
        if padding > 0 {
            return refused;
        }
        digits += 1;
        bits.extend((0..6).rev().map(|i| value >> i & 1));
    }
    let whole = match padding {
        0 => digits % 4 != 1,
        _ => digits % 4 >= 2 && (digits + padding) % 4 == 0,
    };
    if !whole || (standard && safe) || (digits == 0 && !text.is_empty()) {
        return refused;
    }
    Ok(bits.chunks_exact(8).map(|b| b.iter().fold(0, |byte, bit| byte << 1 | *bit as u8)).collect())
}

/// Whether the blanks in a text stand for `+`: it has none, nor is it of the other alphabet, and with them its padding is
/// right or it is long and they part it unevenly.
fn was_plus(text: &str) -> bool {
    let text = text.trim_ascii();
    let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let blanks = text.matches(' ').count();
    if blanks == 0 || digits.len() + blanks != text.len() || text.contains(['+', '-', '_']) {
        return false;
    }
    let padded = text.ends_with('=') && !digits.len().is_multiple_of(4);
    let lines: Vec<usize> = text.split(' ').map(str::len).collect();
    let (last, rest) = lines.split_last().expect("a line");
    let even = rest.iter().all(|line| *line == rest[0]) && *last <= rest[0];
    (padded && text.len().is_multiple_of(4)) || (digits.len() >= 256 && !even)
}

#[test]
fn base64_is_decoded_digit_by_digit() {
    let random = &mut Random::new(SEED);
    let mut records = Vec::new();
    for i in 0..12_000 {
        let length = 1 + random.below(if i % 50 == 0 { 4000 } else { 70 });
        let mut text = base64(&random.bytes(length));
        if random.once_in(2) {
            text = text.replace('+', "-").replace('/', "_");
        }
        if random.once_in(3) {
            text = text.trim_end_matches('=').to_string();
        }
        if random.once_in(4) {
            let every = 1 + random.below(80);
            let lines: Vec<&str> =
                text.as_bytes().chunks(every).map(|l| str::from_utf8(l).expect("ASCII")).collect();
            text = lines.join(random.pick(&["\\n", "\\r\\n", " ", "\\t"]));
        }
        if random.once_in(3) && !text.contains('\\') {
            for _ in 0..1 + random.below(3) {
                let at = random.below(text.len() + 1);
                if !text.is_char_boundary(at) {
                    continue;
                }
                match random.below(4) {
                    0 => text.truncate(at),
                    1 => text.insert(
                        at,
                        *random.pick(&[&'=', &'%', &' ', &'-', &'/', &'é', &'A', &'.']),
                    ),
                    2 if at < text.len() => drop(text.remove(at)),
                    _ => text.push(*random.pick(&[&'=', &'A', &'_', &'\u{2028}', &' '])),
                }
            }
        }
        records.push(format!("{{\"n\":{length},\"image\":\"{text}\"}}"));
    }
    let options = options! { raw_shape: Some("@n".parse().expect("a field")), ..at("image") };
    check(&records, &options, |record| {
        let tree: Value = serde_json::from_str(record).expect("JSON");
        let text = tree["image"].as_str().expect("a string");
        if was_plus(text) {
            return vec![Err(ErrorKind::Encoding)];
        }
        vec![plain_base64(text).and_then(|bytes| {
            if bytes.len() as u64 == tree["n"] { Ok(bytes) } else { Err(ErrorKind::Shape) }
        })]
    });
}

// ---- numbers

fn number(random: &mut Random, float: bool) -> String {
    let whole = match random.below(8) {
        0..=3 => random.below(256) as i64,
        4 => -(random.below(300) as i64),
        5 => random.below(70_000) as i64,
        _ => random.next() as i64 - (1 << 52),
    };
    if float {
        match random.below(5) {
            0 => format!("{whole}.{}", random.next()),
            1 => format!("{}.0", whole % 1000),
            2 => format!("{}e{}", whole % 1000, random.below(80) as i64 - 40),
            3 => format!("-0.{:07}E-{}", random.below(10_000_000), random.below(30)),
            _ => whole.to_string(),
        }
    } else {
        whole.to_string()
    }
}

/// Rows of numbers with odd spaces; now and then one row is too short.
fn list(random: &mut Random, float: bool) -> String {
    let (rows, columns) = (1 + random.below(4), 1 + random.below(6));
    let ragged = random.once_in(12);
    let pad = space(random);
    let rows: Vec<String> = (0..rows)
        .map(|row| {
            let columns = columns + usize::from(ragged && row == 1);
            let numbers: Vec<String> = (0..columns).map(|_| number(random, float)).collect();
            format!("[{pad}{}]", numbers.join(&format!(",{pad}")))
        })
        .collect();
    format!("[{}{pad}]", rows.join(","))
}

/// The list by the standard library: `element` converts the text of one number.
fn plain_list(record: &str, element: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<Found> {
    let text = record.split_once(':').expect("a member").1.trim_end_matches('}');
    let tree: Vec<Vec<Value>> = serde_json::from_str(text).expect("rows");
    if tree.iter().any(|row| row.len() != tree[0].len()) {
        return vec![Err(ErrorKind::Shape)];
    }
    let numbers = text.split(|c: char| "[], \t\r\n".contains(c)).filter(|n| !n.is_empty());
    let all: Option<Vec<Vec<u8>>> = numbers.map(element).collect();
    vec![all.map(|bytes| bytes.concat()).ok_or(ErrorKind::Shape)]
}

fn exact<T: TryFrom<i128>>(text: &str) -> Option<T> {
    let whole = text.parse::<i128>().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        // 2^53: above it the text and the float may be two numbers.
        (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i128)
    })?;
    T::try_from(whole).ok()
}

#[test]
fn numbers_are_those_of_the_standard_library() {
    let random = &mut Random::new(SEED);
    let make = |random: &mut Random, float| -> Vec<String> {
        (0..4000).map(|_| format!("{{\"image\":{}}}", list(random, float))).collect()
    };
    let (integers, floats) = (make(random, false), make(random, true));
    let with = |dtype: Option<&str>| {
        options! {
            encoding: vec!["list".parse().expect("encoding")],
            raw_shape: None,
            raw_dtype: None,
            dtype: dtype.map(|d| d.parse().expect("dtype")),
            ..at("image")
        }
    };
    check(&integers, &with(None), |record| {
        plain_list(record, |n| Some(exact::<i64>(n)?.to_le_bytes().to_vec()))
    });
    let float64 =
        |record: &str| plain_list(record, |n| Some(n.parse::<f64>().ok()?.to_le_bytes().to_vec()));
    // After the name of the field, which has an "e" too.
    let natural = |record: &str| {
        if record[8..].contains(['.', 'e', 'E']) {
            float64(record)
        } else {
            plain_list(record, |n| Some(exact::<i64>(n)?.to_le_bytes().to_vec()))
        }
    };
    check(&floats, &with(None), natural);
    for records in [&integers, &floats] {
        check(records, &with(Some("uint8")), |record| {
            plain_list(record, |n| Some(exact::<u8>(n)?.to_le_bytes().to_vec()))
        });
        check(records, &with(Some("int16")), |record| {
            plain_list(record, |n| Some(exact::<i16>(n)?.to_le_bytes().to_vec()))
        });
        check(records, &with(Some("float64")), float64);
        check(records, &with(Some("float32")), |record| {
            plain_list(record, |n| {
                let narrow = n.parse::<f64>().ok()? as f32;
                narrow.is_finite().then(|| narrow.to_le_bytes().to_vec())
            })
        });
    }
}

#[test]
fn around_lists_json_is_what_the_parser_takes() {
    let random = &mut Random::new(SEED);
    let marks = "[]{},:\"\\ 01.-t";
    let records: Vec<String> = (0..6000)
        .map(|_| {
            let more = random.pick(&["", "\"b\":\"]\",", "\"b\":[\"[\",\"]\"],", "\"image\":[7],"]);
            let mut record = format!("{{{more}\"image\":{}}}", list(random, false)).into_bytes();
            for _ in 0..random.below(4) {
                let at = random.below(record.len());
                let mark = marks.as_bytes()[random.below(marks.len())];
                match random.below(3) {
                    0 => record[at] = mark,
                    1 => record.insert(at, mark),
                    _ => drop(record.remove(at)),
                }
            }
            String::from_utf8(record).expect("ASCII")
        })
        .collect();
    let options = options! {
        encoding: vec!["list".parse().expect("encoding")],
        framing: "lines".parse().expect("framing"),
        ..at("image")
    };
    let mut damaged = 0;
    for (found, record) in each(&(records.join("\n") + "\n"), &options).iter().zip(&records) {
        let is_json = serde_json::from_str::<Value>(record).is_ok();
        damaged += usize::from(!is_json);
        assert_eq!(!is_json, *found == [Err(ErrorKind::Json)], "seed {SEED}, record {record}");
    }
    assert!((1000..5000).contains(&damaged), "{damaged}");
}
