//! Wrapper objects: what databases and programs put around one value (encodings.md 2.8, 2.9, 3.1 to 3.3).
//! They are opened here and nowhere else, before the value is looked at.
//!
//! What is in a wrapper is a part of its text, so that it has a place in the record as any other value.

use crate::record::value::{self, Kind};

/// Deeper lists are none of numbers.
const DEPTH: usize = 8;

/// What databases wrap a number or a word in; DICOM JSON has `{"vr": "US", "Value": [5]}`.
const SCALARS: [&[u8]; 10] = [
    b"$numberInt",
    b"$numberLong",
    b"$numberDouble",
    b"N",
    b"S",
    b"int",
    b"long",
    b"integerValue",
    b"stringValue",
    b"string",
];

/// The value in a wrapper of bytes, of text or of a list, or the value itself.
pub(crate) fn open(value: &[u8]) -> &[u8] {
    if value::kind(value) != Kind::Object {
        return value;
    }
    let mut members = value::entries(value);
    let (Some(first), second, third) = (members.next(), members.next(), members.next()) else {
        return value;
    };
    let is_text = |text: &[u8]| value::kind(text) == Kind::String;
    let inner = match (first, second, third) {
        // MongoDB, in both spellings. Subtype 09 is a vector.
        ((b"$binary", text), None | Some((b"$type", _)), None) => binary(text),
        // DynamoDB.
        ((b"B", text), None, None) => Some(open(text)),
        ((b"L", list), None, None) if value::kind(list) == Kind::Array => Some(list),
        // TensorFlow Serving and Vertex AI.
        ((b"b64", text), None, None) if is_text(text) => Some(text),
        // sqlite-utils.
        ((b"$base64", b"true"), Some((b"encoded", text)), None) => Some(text),
        // DICOM JSON; a list of one is tolerated.
        ((b"vr", _), Some((b"InlineBinary", text)), None) => {
            if value::kind(text) == Kind::Array {
                value::elements(text).next()
            } else {
                Some(text)
            }
        }
        // Node.js, by way of buffer-json.
        ((b"type", b"\"Buffer\""), Some((b"data", text)), None) if is_text(text) => Some(text),
        _ => None,
    };
    inner.unwrap_or(value)
}

fn binary(text: &[u8]) -> Option<&[u8]> {
    if value::kind(text) == Kind::String {
        return Some(text);
    }
    let subtype = value::get(text, "subType");
    value::get(text, "base64").filter(|_| subtype != Some(b"\"09\""))
}

/// As [`open`], also of objects whose members detection knows as places of their own: a field that is named
/// may hold them. Whether it was one of bytes or a path.
pub(crate) fn open_named(value: &[u8]) -> (&[u8], bool) {
    let opened = open(value);
    if value::kind(opened) != Kind::Object {
        return (opened, false);
    }
    let present = |key: &str| {
        let member = value::get(opened, key)?;
        (value::kind(member) != Kind::Null && member != b"\"\"").then_some(member)
    };
    let keys = || value::entries(opened).map(|member| member.0);
    // Hugging Face.
    if keys().count() > 0 && keys().all(|key| matches!(key, b"bytes" | b"path")) {
        return (present("bytes").or(present("path")).unwrap_or(b"null"), true);
    }
    // A tensor of strings, of KServe.
    if value::get(opened, "datatype") == Some(b"\"BYTES\"")
        && let Some(data) = present("data")
    {
        return (data, false);
    }
    let alone = keys().count() == 1 || keys().all(|key| matches!(key, b"url" | b"detail"));
    match ["url", "base64", "S"].into_iter().find_map(present) {
        Some(inner) if alone => (inner, false),
        _ => (opened, false),
    }
}

/// The number or string in a wrapper, or the text itself.
pub(super) fn scalar(text: &[u8]) -> &[u8] {
    if value::kind(text) != Kind::Object {
        return text;
    }
    let mut members = value::entries(text);
    match (members.next(), members.next(), members.next()) {
        (Some((key, inner)), None, None) if SCALARS.contains(&key) => inner,
        (Some((b"vr", _)), Some((b"Value", list)), None) => {
            value::elements(list).next().unwrap_or(text)
        }
        _ => text,
    }
}

/// Whether an object is a number in a wrapper.
pub(crate) fn is_number(object: &[u8]) -> bool {
    value::kind(object) == Kind::Object && number(object).is_some()
}

/// The number in a wrapper.
fn number(object: &[u8]) -> Option<&[u8]> {
    let text = scalar(object);
    let bare = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text);
    (text.len() < object.len() && value::is_number(bare)).then_some(bare)
}

/// Replaces `out` with the list, its numbers taken out of their wrappers; whether it is one of these.
pub(super) fn numbers(list: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    write(list, out, 0)
}

fn write(text: &[u8], out: &mut Vec<u8>, depth: usize) -> bool {
    let text = open(text);
    if value::kind(text) != Kind::Array || depth == DEPTH {
        let found = number(text);
        out.extend_from_slice(found.unwrap_or_default());
        return found.is_some();
    }
    out.push(b'[');
    for (index, element) in value::elements(text).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if !write(element, out, depth + 1) {
            return false;
        }
    }
    out.push(b']');
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(text: &str) -> String {
        String::from_utf8_lossy(open(text.as_bytes())).into_owned()
    }

    #[test]
    fn wrappers_are_opened() {
        for text in [
            r#"{"$binary":{"base64":"QQ==","subType":"00"}}"#,
            r#"{"$binary":"QQ==","$type":"00"}"#,
            r#"{"B":"QQ=="}"#,
            r#"{"b64":"QQ=="}"#,
            r#"{"$base64":true,"encoded":"QQ=="}"#,
            r#"{"vr":"OW","InlineBinary":"QQ=="}"#,
            r#"{"vr":"OW","InlineBinary":["QQ=="]}"#,
            r#"{"type":"Buffer","data":"QQ=="}"#,
        ] {
            assert_eq!(opened(text), "\"QQ==\"", "{text}");
        }
        for text in [
            r#"{"$binary":{"base64":"QQ==","subType":"09"}}"#,
            r#"{"b64":"QQ==","w":5}"#,
            r#"{"B":"QQ==","C":1}"#,
            r#"{"bytes":"QQ==","path":null}"#,
            r#"{"type":"Buffer","data":[65]}"#,
            "{}",
            "[1]",
        ] {
            assert_eq!(opened(text), text);
        }
    }

    #[test]
    fn a_named_field_may_hold_more_of_them() {
        let named = |text: &str| {
            let (inner, either) = open_named(text.as_bytes());
            (String::from_utf8_lossy(inner).into_owned(), either)
        };
        for (text, inner, either) in [
            (r#"{"bytes":"QQ==","path":null}"#, "\"QQ==\"", true),
            (r#"{"bytes":null,"path":"a.png"}"#, "\"a.png\"", true),
            (r#"{"bytes":null,"path":null}"#, "null", true),
            (r#"{"name":"x","shape":[1],"datatype":"BYTES","data":["QQ=="]}"#, "[\"QQ==\"]", false),
            (r#"{"url":"a.png","detail":"low"}"#, "\"a.png\"", false),
            (r#"{"base64":"QQ=="}"#, "\"QQ==\"", false),
            (r#"{"S":"a.png"}"#, "\"a.png\"", false),
            (r#"{"base64":"QQ==","shape":[1]}"#, r#"{"base64":"QQ==","shape":[1]}"#, false),
        ] {
            assert_eq!(named(text), (inner.to_string(), either), "{text}");
        }
    }

    #[test]
    fn numbers_come_out_of_their_wrappers() {
        let list = |text: &str| {
            let mut out = Vec::new();
            numbers(text.as_bytes(), &mut out).then(|| String::from_utf8_lossy(&out).into_owned())
        };
        for (text, want) in [
            (r#"[[{"$numberInt":"5"},{"$numberLong":"6"}]]"#, Some("[[5,6]]")),
            (r#"{"L":[{"N":"5"},{"N":"-6.5"}]}"#, Some("[5,-6.5]")),
            (r#"[{"L":[{"N":"5"}]}]"#, Some("[[5]]")),
            (r#"[{"N":"x"}]"#, None),
            (r#"[{"a":"5"}]"#, None),
            ("[5]", None),
        ] {
            assert_eq!(list(text).as_deref(), want, "{text}");
        }
    }
}
