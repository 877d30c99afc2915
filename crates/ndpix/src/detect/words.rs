//! What the names of keys say: the tables, and how a path is read by them.
//!
//! A name never makes a value an image; it can only turn reading into refusing. So nobody adds a word
//! without a record that asks for it (`tests/forms/decoys.py`).

use std::collections::HashMap;
use std::sync::LazyLock;

pub(super) use crate::plan::watch::Level;
use crate::record::pointer::Step;

/// The tables below, by what is asked of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Images,
    Lesser,
    Never,
    BeforeMask,
    Transport,
    Formats,
    Sides,
    Masks,
    Pixels,
}

const TABLES: [(Table, &[&str]); 9] = [
    (Table::Images, IMAGES),
    (Table::Lesser, LESSER),
    (Table::Never, NEVER),
    (Table::BeforeMask, BEFORE_MASK),
    (Table::Transport, TRANSPORT),
    (Table::Formats, FORMATS),
    (Table::Sides, SIDES),
    (Table::Masks, &["mask"]),
    (Table::Pixels, &["pixel"]),
];

/// Names of images.
const IMAGES: &[&str] = &[
    "image",
    "img",
    "pixel",
    "frame",
    "photo",
    "picture",
    "pic",
    "photograph",
    "bitmap",
    "raster",
    "rgb",
    "rgba",
    "screenshot",
    "scan",
    "tile",
];

/// Names of what stands beside an image and is one too.
const LESSER: &[&str] = &[
    "thumb",
    "thumbnail",
    "preview",
    "icon",
    "favicon",
    "logo",
    "avatar",
    "mask",
    "depth",
    "disparity",
    "normals",
    "heatmap",
    "segmentation",
    "seg",
    "alpha",
    "matte",
    "overlay",
    "placeholder",
    "blurhash",
    "poster",
    "cover",
    "sprite",
    "badge",
    "qr",
    "barcode",
];

/// Names of numbers and bytes that are not pictures.
const NEVER: &[&str] = &[
    "id",
    "token",
    "attention",
    "loss",
    "logits",
    "embedding",
    "feature",
    "vector",
    "hidden",
    "weights",
    "matrix",
    "label",
    "class",
    "box",
    "bbox",
    "keypoints",
    "landmarks",
    "points",
    "size",
    "shape",
    "wh",
    "mean",
    "std",
    "score",
    "prob",
    "coords",
    "center",
    "offset",
    "range",
    "cursor",
    "tags",
    "text",
    "caption",
    "hash",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "sig",
    "signature",
    "key",
    "cert",
    "nonce",
    "audio",
    "wav",
    "mp3",
    "video",
    "speech",
    "model",
];

/// After one of these a mask is one of tokens.
const BEFORE_MASK: &[&str] = &["attention", "loss", "padding", "special", "label", "action"];

/// How a value travels, and not what it is.
const TRANSPORT: &[&str] = &[
    "base64", "b64", "path", "file", "filename", "filepath", "url", "uri", "bytes", "data", "raw",
    "buffer", "content", "value", "encoded", "string", "str", "src", "href", "payload", "array",
    "binary", "body", "source", "json", "gcs", "local", "name",
];

/// Formats as names: they travel too, and as a whole key they say that it is an image.
const FORMATS: &[&str] = &["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// Which of several: dropped where a name is weighed, kept where two are compared.
const SIDES: &[&str] = &[
    "left", "right", "front", "rear", "top", "bottom", "before", "after", "first", "second",
    "input", "output", "original", "target",
];

/// Letters and digits that are one word.
const JOINED: &[(&str, &str)] = &[
    ("base", "64"),
    ("b", "64"),
    ("md", "5"),
    ("mp", "3"),
    ("mp", "4"),
    ("sha", "1"),
    ("sha", "256"),
    ("sha", "512"),
];

/// What the path of a value says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) level: Level,
    /// Whether number lists, tensors and unknown bytes under it are nothing.
    pub(super) never: bool,
    /// Whether it is called pixels.
    pub(super) pixels: bool,
    /// Whether its own key says only how the value travels.
    pub(super) travels: bool,
    /// The words of each key that has any, without those of transport: two fields are ways to hold one
    /// image only where these are equal.
    pub(super) words: Vec<Vec<String>>,
}

/// Reads the keys of a path. `image_type` is whether a sibling declares the media type of an image.
pub(super) fn name(steps: &[Step], image_type: bool) -> Name {
    let keys: Vec<&str> = steps.iter().filter_map(key).collect();
    let cut: Vec<Vec<String>> = keys.iter().map(|key| words(key)).collect();
    let left: Vec<&[String]> = cut.iter().map(|words| without_transport(words)).collect();
    let deciding = left.iter().rev().map(|words| weighed(words)).find(|words| !words.is_empty());
    let last = deciding.as_ref().and_then(|words| words.last().copied());
    // As the name itself, or above keys that only say how the value travels.
    let mut named = keys.iter().zip(&left).rev();
    let is_format = named
        .find(|(key, words)| is_format(key) || !weighed(words).is_empty())
        .is_some_and(|(key, _)| is_format(key));
    let level = match (&deciding, last) {
        (Some(words), _) if words.iter().any(|word| is(Table::Lesser, word)) && lesser(words) => {
            Level::Lesser
        }
        _ if image_type || is_format => Level::Image,
        (_, Some(word)) if is(Table::Images, word) => Level::Image,
        (_, Some(_)) => Level::Unknown,
        (_, None) => Level::Bare,
    };
    let masks_tokens = |words: &[&str]| matches!(words, [.., before, mask] if is(Table::Masks, mask) && is(Table::BeforeMask, before));
    Name {
        level,
        never: deciding.as_ref().is_some_and(|words| masks_tokens(words))
            || last.is_some_and(|word| is(Table::Never, word)),
        pixels: last.is_some_and(|word| is(Table::Pixels, word)),
        travels: left.last().is_none_or(|words| words.is_empty()),
        words: left.iter().filter(|words| !words.is_empty()).map(|words| words.to_vec()).collect(),
    }
}

/// Whether a name alone is one of what stands beside an image.
pub(super) fn is_lesser(name: &str) -> bool {
    let words = words(name);
    lesser(&weighed(without_transport(&words)))
}

/// The last word is a lesser name, or an image's after a lesser one (`mask_image`).
fn lesser(words: &[&str]) -> bool {
    match words {
        [before @ .., last] if is(Table::Images, last) => {
            before.iter().any(|word| is(Table::Lesser, word))
        }
        [.., last] => is(Table::Lesser, last),
        [] => false,
    }
}

fn key(step: &Step) -> Option<&str> {
    match step {
        Step::Key(key) | Step::Named(key) => Some(key),
        _ => None,
    }
}

/// The words that weigh: neither numbers nor sides.
fn weighed(words: &[String]) -> Vec<&str> {
    let weighs =
        |word: &&str| !is(Table::Sides, word) && !word.starts_with(|c: char| c.is_ascii_digit());
    words.iter().map(String::as_str).filter(weighs).collect()
}

fn without_transport(words: &[String]) -> &[String] {
    let travels = |word: &String| is(Table::Transport, word) || is(Table::Formats, word);
    let kept = words.iter().rposition(|word| !travels(word)).map_or(0, |last| last + 1);
    &words[..kept]
}

fn is_format(key: &str) -> bool {
    key.starts_with("image/") || FORMATS.iter().any(|format| format.eq_ignore_ascii_case(key))
}

/// Cuts a key at case changes, digits and everything that is not a letter; lower case.
fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        // An upper case letter before a lower case one begins a word: HTMLImage.
        let begins = c.is_uppercase() && chars.peek().is_some_and(|next| next.is_lowercase());
        let same = match (before, c) {
            (b, c) if b.is_alphabetic() && c.is_alphabetic() => {
                !(begins || b.is_lowercase() && c.is_uppercase())
            }
            (b, c) => b.is_ascii_digit() && c.is_ascii_digit(),
        };
        if c.is_alphabetic() || c.is_ascii_digit() {
            match words.last_mut() {
                Some(word) if same => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    join(words)
}

fn join(mut words: Vec<String>) -> Vec<String> {
    let mut at = 0;
    while at + 1 < words.len() {
        if JOINED.contains(&(words[at].as_str(), words[at + 1].as_str())) {
            let digits = words.remove(at + 1);
            words[at].push_str(&digits);
        }
        at += 1;
    }
    words
}

/// Whether the word is in the table, in singular or plural.
fn is(table: Table, word: &str) -> bool {
    /// A bit for each table that a word is in.
    static KNOWN: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| {
        let mut known = HashMap::new();
        for (table, words) in TABLES {
            for word in words {
                *known.entry(singular(word)).or_default() |= 1 << table as u16;
            }
        }
        known
    });
    KNOWN.get(singular(word)).is_some_and(|tables| tables >> table as u16 & 1 == 1)
}

fn singular(word: &str) -> &str {
    for ending in ["xes", "ses", "ches", "shes"] {
        if word.ends_with(ending) && word.len() > ending.len() + 1 {
            return &word[..word.len() - 2];
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with('s') => stem,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::pointer::Pointer;

    fn of(path: &str) -> Name {
        name(path.parse::<Pointer>().expect(path).steps(), false)
    }

    #[test]
    fn levels() {
        for (path, level) in [
            ("image", Level::Image),
            ("left_image", Level::Image),
            ("image_1", Level::Image),
            ("imageB64", Level::Image),
            ("image_base64", Level::Image),
            ("HTMLImage", Level::Image),
            ("pixel_values", Level::Image),
            ("image.data", Level::Image),
            ("jpg", Level::Image),
            ("jpg.data", Level::Image),
            ("jpg.size.data", Level::Unknown),
            ("foo.\"image/png\"", Level::Image),
            ("image_size", Level::Unknown),
            ("image_id", Level::Unknown),
            ("cam_left", Level::Unknown),
            ("x", Level::Unknown),
            (".", Level::Bare),
            ("data", Level::Bare),
            ("left", Level::Bare),
            ("content.data[*].b64_json", Level::Bare),
            ("mask", Level::Lesser),
            ("masks[*].png", Level::Lesser),
            ("mask_image", Level::Lesser),
            ("mask_png_b64", Level::Lesser),
            ("user-thumb", Level::Lesser),
        ] {
            assert_eq!(of(path).level, level, "{path}");
        }
        assert_eq!(
            name("data".parse::<Pointer>().expect("data").steps(), true).level,
            Level::Image
        );
        assert_eq!(
            name("mask".parse::<Pointer>().expect("mask").steps(), true).level,
            Level::Lesser
        );
    }

    #[test]
    fn names_of_numbers() {
        for path in
            ["input_ids", "attention_mask", "image_embedding", "bboxes", "image_sha256", "classes"]
        {
            assert!(of(path).never, "{path}");
        }
        for path in ["mask", "image", "data", "labels.image"] {
            assert!(!of(path).never, "{path}");
        }
        assert!(of("pixels").pixels && of("pixel_values").pixels && !of("image").pixels);
    }

    #[test]
    fn ways_to_hold_one_image() {
        let same = |a: &str, b: &str| of(a).words == of(b).words;
        for (a, b) in [
            ("image_base64", "image_path"),
            ("image", "image.data"),
            ("image", "image[*]"),
            ("parts[*].inlineData.data", "parts[*].inline_data.data"),
            ("b64", "file"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in
            [("image", "photo"), ("image", "mask_image"), ("image_1", "image_2"), ("left", "right")]
        {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
