//! The leaves of a record: strings, lists of numbers, and objects that describe themselves.

use super::drawings::{self, Drawing};
use super::words;
use crate::encoding::drawn::Setting;
use crate::encoding::keys;
use crate::encoding::said::Said;
use crate::encoding::{self, envelope};
use crate::record::pointer::Step;
use crate::record::value::{self, Kind};

/// Deeper values are not looked into.
const DEPTH: usize = 32;
/// Elements of one list that are looked at.
const ELEMENTS: usize = 64;

/// One leaf and what its siblings say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'a> {
    pub(super) steps: &'a [Step],
    pub(super) value: &'a [u8],
    pub(super) beside: Beside<'a>,
    /// Whether it is an object whose members are looked at next, if it is not one value.
    pub(super) opens: bool,
    /// What it draws, where its object says so.
    pub(super) drawing: Option<&'a Drawing>,
}

/// What the members of an object say of each other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// The object that they stand in.
    pub(super) parent: &'a [u8],
    pub(super) said: Said<'a>,
    /// Whether a media type, or a type of part, names something else than an image.
    pub(super) other_kind: bool,
    /// Whether a media type of an image is declared.
    pub(super) image_type: bool,
    /// Whether the object is a message of rosbridge that was packed as an image.
    pub(super) packed: bool,
    /// What it and the objects around it say of what is drawn.
    pub(super) setting: Setting,
}

/// Goes through the leaves of a value in the order in which they stand. `take` says whether the leaf was
/// something. An object that may describe itself comes first as one value (`opens`); where it is nothing
/// so, its members come, and where none of these is something either, the object once more.
pub(super) fn walk(value: &[u8], take: &mut dyn FnMut(Leaf<'_>) -> bool) {
    visit(value, &mut Vec::new(), Beside::default(), None, take);
}

fn visit(
    value: &[u8],
    steps: &mut Vec<Step>,
    beside: Beside<'_>,
    drawing: Option<&Drawing>,
    take: &mut dyn FnMut(Leaf<'_>) -> bool,
) -> bool {
    // A record that is a wrapper has a member to be named by.
    let value = if steps.is_empty() { value } else { envelope::open(value) };
    let leaf = Leaf { steps, value, beside, drawing, opens: false };
    match value::kind(value) {
        Kind::String => take(leaf),
        Kind::Array if drawing.is_some() || encoding::is_one(value) => take(leaf),
        Kind::Array => match innermost(value) {
            Some(Kind::Number | Kind::Bool) => take(leaf),
            Some(_) if steps.len() < DEPTH => elements(value, steps, beside, take),
            _ => false,
        },
        Kind::Object if drawing.is_some() => take(leaf),
        Kind::Object => {
            let marked = encoding::is_marked(value);
            if marked || drawings::run_lengths(value).is_some() {
                return take(leaf);
            }
            let whole = encoding::is_whole(value);
            if whole && take(Leaf { opens: true, ..leaf }) {
                return true;
            }
            let inside = steps.len() < DEPTH && members(value, steps, beside, take);
            inside || (whole && take(Leaf { steps, value, beside, drawing, opens: false }))
        }
        _ => false,
    }
}

/// What stands beside a list is said of each of its elements.
fn elements(
    array: &[u8],
    steps: &mut Vec<Step>,
    around: Beside<'_>,
    take: &mut dyn FnMut(Leaf<'_>) -> bool,
) -> bool {
    let Beside { said, parent, setting, .. } = around;
    let beside = Beside { said, parent, setting, ..Beside::default() };
    // A record that is a list of unlike things is a row of a table: its places have numbers.
    let mut kinds = value::elements(array).map(value::kind).filter(|k| *k != Kind::Null);
    let first = kinds.next();
    let row = steps.is_empty() && kinds.any(|k| Some(k) != first);
    let mut any = false;
    for (index, element) in value::elements(array).take(ELEMENTS).enumerate() {
        steps.push(match row {
            true => Step::Index(index),
            false => named(element).unwrap_or(Step::Any),
        });
        any |= visit(element, steps, beside, None, take);
        steps.pop();
    }
    any
}

/// The step to an element that has a name of its own: a tensor of a model server, or something that
/// stands beside an image.
fn named(element: &[u8]) -> Option<Step> {
    if value::kind(element) != Kind::Object {
        return None;
    }
    let word = |key: &str| {
        let text = value::get(element, key)?;
        let mut scratch = Vec::new();
        let text =
            (value::kind(text) == Kind::String).then(|| value::unescape(text, &mut scratch))?;
        (text.len() <= 64).then(|| String::from_utf8_lossy(text).into_owned())
    };
    if value::get(element, "datatype").is_some() && value::get(element, "shape").is_some() {
        return word("name").map(Step::Named);
    }
    let names = ["name", "role", "kind", "type", "layer"].into_iter().filter_map(word);
    names.into_iter().find(|name| words::is_lesser(name)).map(Step::Named)
}

fn members(
    object: &[u8],
    steps: &mut Vec<Step>,
    around: Beside<'_>,
    take: &mut dyn FnMut(Leaf<'_>) -> bool,
) -> bool {
    let mut any = false;
    let setting = around.setting.inside(object);
    let mut beside = Beside { parent: object, setting, ..Beside::default() };
    let mut scratch = Vec::new();
    for (key, member) in value::entries(object) {
        let key = value::unescape_inner(key, &mut scratch);
        if let Some(key) = keys::key(key) {
            beside.said.take(key, member);
        }
        if MEDIA_TYPES.contains(&key) {
            beside.image_type |= is_image_type(member);
            beside.other_kind |= is_other_kind(member);
        }
        beside.packed |= key == b"op" && member == b"\"png\"";
    }
    for (key, member) in value::entries(object) {
        if matches!(value::kind(member), Kind::Number | Kind::Bool | Kind::Null) {
            continue;
        }
        let key = String::from_utf8_lossy(value::unescape_inner(key, &mut scratch)).into_owned();
        let drawing = drawings::beside(&key, member, object, &setting);
        steps.push(Step::Key(key));
        any |= visit(member, steps, beside, drawing.as_ref(), take);
        steps.pop();
    }
    any
}

/// Keys under which a media type stands.
const MEDIA_TYPES: &[&[u8]] = &[
    b"type",
    b"mediaType",
    b"media_type",
    b"mime_type",
    b"mimeType",
    b"mime",
    b"mimetype",
    b"contentType",
    b"content_type",
];

/// Types of the parts of messages that hold no image.
const OTHER_KINDS: &[&str] =
    &["text", "input_text", "output_text", "document", "file", "audio", "video"];

fn is_other_kind(member: &[u8]) -> bool {
    let text = member.strip_prefix(b"\"").and_then(|m| m.strip_suffix(b"\"")).unwrap_or_default();
    let text = text.to_ascii_lowercase();
    let starts = |head: &str| text.starts_with(head.as_bytes());
    OTHER_KINDS.iter().any(|kind| text == kind.as_bytes())
        || ["text/", "audio/", "video/"].into_iter().any(starts)
        || (starts("application/") && !starts("application/octet-stream"))
}

fn is_image_type(member: &[u8]) -> bool {
    member.get(..7).is_some_and(|head| head.eq_ignore_ascii_case(b"\"image/"))
}

/// The kind of the first value in a nest of lists that is neither null nor an empty list.
fn innermost(array: &[u8]) -> Option<Kind> {
    let (mut list, mut depth) = (array, 0);
    while depth < DEPTH {
        let first = value::elements(list).find(|e| value::kind(e) != Kind::Null)?;
        let first = envelope::open(first);
        match value::kind(first) {
            Kind::Array => list = first,
            Kind::Object if envelope::is_number(first) => return Some(Kind::Number),
            kind => return Some(kind),
        }
        depth += 1;
    }
    None
}
