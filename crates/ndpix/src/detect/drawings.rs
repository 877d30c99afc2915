//! Drawings: values that say how to draw an image. What stands beside them tells them from pixels.

use std::collections::BTreeMap;

use super::graded::{Graded, What, nothing};
use super::sample::Sample;
use crate::encoding::drawn::{self, Setting};
use crate::encoding::{Encoding, Pixels};
use crate::record::pointer::{Pointer, Step};
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// What a value draws.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    said: &'static str,
    encoding: Encoding,
    setting: Setting,
}

impl Drawing {
    /// Its grade, where the size of its image is known, or `given` by an option.
    pub(super) fn graded(&self, given: bool) -> Graded {
        let said = match self.setting.size {
            _ if self.is_sketch() => self.said.to_string(),
            Some([height, width]) => format!("{}, {height}x{width}", self.said),
            None if given => self.said.to_string(),
            None => {
                let said =
                    format!("{}, and nothing beside them says the size of their image", self.said);
                return Graded { remedy: Some("pass raw_shape H,W".to_string()), ..nothing(&said) };
            }
        };
        let (what, encoding) = (What::Drawing, Some(self.encoding.clone()));
        Graded { what, encoding, ..nothing(&said) }
    }

    /// Whether one of these encodings reads it; none allow all.
    pub(super) fn is_allowed(&self, encodings: &[Encoding]) -> bool {
        encodings.is_empty() || encodings.iter().any(|encoding| reads(encoding, &self.encoding))
    }

    /// How it is read, where the size of its image is known, or `given` by an option; else what it is.
    pub(super) fn readable(&self, given: bool) -> Result<Encoding, String> {
        let Graded { encoding, said, .. } = self.graded(given);
        encoding.ok_or(said)
    }

    fn is_sketch(&self) -> bool {
        matches!(self.encoding, Encoding::Strokes | Encoding::StrokesRaw)
    }
}

/// What was read as a drawing.
pub(super) fn read(encoding: Encoding, pixels: Pixels) -> Graded {
    let said = format!("{encoding}, {}", pixels.shape);
    let (what, encoding, shape) = (What::Drawing, Some(encoding), Some(pixels.shape));
    Graded { what, encoding, shape, ..nothing(&said) }
}

/// COCO run lengths: `{"size": [H, W], "counts": ...}`.
pub(super) fn run_lengths(object: &[u8]) -> Option<Drawing> {
    let said = "COCO run lengths";
    let setting = Setting::default().inside(object);
    drawn::is_runs(object).then_some(Drawing { said, encoding: Encoding::Rle, setting })
}

/// What a member of this object draws, by what stands beside it: the words of Quick, Draw!, COCO, Ultralytics,
/// Label Studio, Labelme, VIA and CVAT. `setting` is that of the members.
pub(super) fn beside(
    key: &str,
    member: &[u8],
    object: &[u8],
    setting: &Setting,
) -> Option<Drawing> {
    let kind = value::kind(member);
    let listed = kind == Kind::Array;
    let is = |key: &str, words: &[&str]| {
        let text = value::get(object, key).and_then(|t| std::str::from_utf8(t).ok());
        text.is_some_and(|text| words.contains(&text.trim_matches('"')))
    };
    let of = |words: &[&str]| ["type", "shape_type", "format"].iter().any(|key| is(key, words));
    let (said, encoding) = match key {
        "drawing" if has(object, &["word", "key_id"]) && (listed || kind == Kind::String) => {
            let raw = drawn::is_raw(member);
            ("strokes", if raw { Encoding::StrokesRaw } else { Encoding::Strokes })
        }
        "segmentation"
            if listed && has(object, &["bbox", "area", "iscrowd", "image_id", "height"]) =>
        {
            ("polygons", Encoding::Polygon)
        }
        "segments" if listed && with_classes(member) => ("polygons", Encoding::Polygon),
        "points" if listed && of(&["polygon", "polyline", "linestrip", "rectangle", "circle"]) => {
            ("polygons", Encoding::Polygon)
        }
        "points" if listed && has(object, &["polygonlabels"]) => ("polygons", Encoding::Polygon),
        "shape_attributes" if kind == Kind::Object && has(member, &["all_points_x", "cx"]) => {
            ("polygons", Encoding::Polygon)
        }
        "points" if listed && of(&["mask"]) => ("run lengths", Encoding::Rle),
        "rle" if listed && of(&["rle"]) => ("run lengths", Encoding::Rle),
        "value" if has(member, &["rle"]) => ("run lengths", Encoding::Rle),
        "counts" if has(object, &["size"]) && (listed || kind == Kind::String) => {
            ("COCO run lengths", Encoding::Rle)
        }
        _ => return None,
    };
    Some(Drawing { said, encoding, setting: *setting })
}

/// Whether lists are outlines with a class before them, as Ultralytics has them.
fn with_classes(lists: &[u8]) -> bool {
    let mut lists = value::elements(lists).map(|list| value::elements(list).count()).peekable();
    lists.peek().is_some() && lists.all(|count| count >= 7 && count % 2 == 1)
}

/// Whether an object has a member of one of these names.
fn has(object: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| value::get(object, name).is_some())
}

/// What the values of a named field draw, if they do: numbers that are read as pixels would be another array. Where
/// they differ in it, what reads all of them.
pub(super) fn named(sample: &Sample<'_>, field: &Pointer) -> Option<Drawing> {
    let (Step::Key(key), parents) = field.steps().split_last()? else { return None };
    let (mut query, mut hits) = (Query::default(), Hits::default());
    query.add(Pointer::new(parents.to_vec())).ok()?;
    let mut found: Option<Drawing> = None;
    for record in &sample.records {
        if scan(record.text, &query, &mut hits).is_err() {
            continue;
        }
        for hit in hits.iter() {
            let object = &record.text[hit.start..hit.end];
            let member =
                (value::kind(object) == Kind::Object).then(|| value::get(object, key)).flatten();
            let Some(member) = member else { continue };
            let setting = around(record.text, parents);
            let drawing = beside(key, member, object, &setting.inside(object));
            let Some(drawing) = drawing.or_else(|| run_lengths(member)) else { continue };
            found = Some(match found {
                Some(before) if !reads(&before.encoding, &drawing.encoding) => drawing,
                Some(before) => before,
                None => drawing,
            });
        }
    }
    found
}

/// What the objects say that lead to a field, as far as their names are keys.
fn around(record: &[u8], parents: &[Step]) -> Setting {
    let (mut value, mut setting) = (record, Setting::default());
    for step in parents {
        if value::kind(value) == Kind::Object {
            setting = setting.inside(value);
        }
        let inner = match step {
            Step::Key(key) => value::get(value, key),
            Step::Index(index) => value::elements(value).nth(*index),
            _ => value::elements(value).next(),
        };
        let Some(inner) = inner else { break };
        value = inner;
    }
    setting
}

/// The encoding among these, where all of them draw, that reads what each of the others does.
pub(super) fn reads_all(encodings: &BTreeMap<String, u64>) -> Option<Encoding> {
    let all = encodings.keys().map(|name| name.parse().ok()).collect::<Option<Vec<Encoding>>>()?;
    let one = all.iter().find(|one| one.is_drawn() && all.iter().all(|other| reads(one, other)));
    one.cloned()
}

/// Whether the first encoding reads what the second does: COCO's polygons are run lengths where there are crowds,
/// and strokes of any extent are also those of 0 to 255.
pub(super) fn reads(one: &Encoding, other: &Encoding) -> bool {
    one == other
        || matches!(
            (one, other),
            (Encoding::Polygon, Encoding::Rle) | (Encoding::StrokesRaw, Encoding::Strokes)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_numbers_says_what_they_draw() {
        let (strokes, polygon) = (Some(Encoding::Strokes), Some(Encoding::Polygon));
        for (key, object, want) in [
            ("drawing", r#"{"word": "nose", "drawing": [[[1, 2], [3, 4]]]}"#, strokes),
            (
                "drawing",
                r#"{"word": "nose", "drawing": "[[[1, 2], [3, 400]]]"}"#,
                Some(Encoding::StrokesRaw),
            ),
            ("drawing", r#"{"drawing": [[1, 2], [3, 4]]}"#, None),
            ("segmentation", r#"{"segmentation": [[1, 2, 3, 4]], "bbox": []}"#, polygon.clone()),
            ("segmentation", r#"{"segmentation": [[1, 2, 3, 4]]}"#, None),
            ("segments", r#"{"segments": [[0, 1, 2, 3, 4, 5, 6]]}"#, polygon.clone()),
            ("segments", r#"{"segments": [[0, 1], [1, 2]]}"#, None),
            ("points", r#"{"points": [[1, 2]], "shape_type": "polygon"}"#, polygon.clone()),
            ("points", r#"{"points": [[1, 2]], "type": "cloud"}"#, None),
            ("points", r#"{"points": [1, 2], "type": "mask"}"#, Some(Encoding::Rle)),
            (
                "shape_attributes",
                r#"{"shape_attributes": {"name": "polygon", "all_points_x": []}}"#,
                polygon,
            ),
            ("rle", r#"{"rle": [1, 2], "format": "rle"}"#, Some(Encoding::Rle)),
            ("rle", r#"{"rle": "12", "format": "rle"}"#, None),
        ] {
            let member = value::get(object.as_bytes(), key).expect(key);
            let drawing = beside(key, member, object.as_bytes(), &Setting::default());
            assert_eq!(drawing.map(|d| d.encoding), want, "{object}");
        }
    }
}
