//! Drawings: values that say how to draw an image. They are recognised, so that they are named.

use super::graded::{Graded, What, nothing};
use super::sample::Sample;
use crate::record::pointer::{Pointer, Step};
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// COCO run lengths: `{"size": [H, W], "counts": ...}`.
pub(super) fn run_lengths(object: &[u8]) -> Option<Graded> {
    let [Some(size), Some(counts)] = value::members(object, ["size", "counts"]) else {
        return None;
    };
    let sides: Vec<i64> = value::elements(size).filter_map(value::integer).collect();
    let [height, width] = sides[..] else { return None };
    matches!(value::kind(counts), Kind::String | Kind::Array)
        .then(|| drawing(format!("COCO run lengths, {height}x{width}")))
}

/// What a member of this object draws, as a grade: what could be drawn into an array of known size.
pub(super) fn beside(key: &str, member: &[u8], object: &[u8]) -> Option<Graded> {
    let said = said(key, member, object)?;
    (said == STROKES || has(object, &["height"]) && has(object, &["width"])).then(|| drawing(said))
}

const STROKES: &str = "strokes";

/// What a member of this object draws, by what stands beside it: the words of Quick, Draw!, COCO, Label
/// Studio, Labelme and CVAT.
fn said(key: &str, member: &[u8], object: &[u8]) -> Option<&'static str> {
    let listed = value::kind(member) == Kind::Array;
    let is = |key: &str, words: &[&str]| {
        let text = value::get(object, key).and_then(|t| std::str::from_utf8(t).ok());
        text.is_some_and(|text| words.contains(&text.trim_matches('"')))
    };
    let kind = |words: &[&str]| ["type", "shape_type", "format"].iter().any(|key| is(key, words));
    match key {
        "drawing" if has(object, &["word", "key_id"]) => {
            (listed || value::kind(member) == Kind::String).then_some(STROKES)
        }
        "segmentation"
            if listed && has(object, &["bbox", "area", "iscrowd", "image_id", "height"]) =>
        {
            Some("polygons")
        }
        "points" if listed && kind(&["polygon", "polyline", "linestrip", "rectangle"]) => {
            Some("polygons")
        }
        "points" if listed && kind(&["mask"]) => Some("run lengths"),
        "rle" if listed && kind(&["rle"]) => Some("run lengths"),
        _ => None,
    }
}

/// Whether an object has a member of one of these names.
fn has(object: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| value::get(object, name).is_some())
}

/// What the values of a named field draw, if they do: numbers that are read as pixels would be another
/// array.
pub(super) fn named(sample: &Sample<'_>, field: &Pointer) -> Option<&'static str> {
    let (Step::Key(key), parents) = field.steps().split_last()? else { return None };
    let (mut query, mut hits) = (Query::default(), Hits::default());
    query.add(Pointer::new(parents.to_vec())).ok()?;
    sample.records.iter().find_map(|record| {
        scan(record.text, &query, &mut hits).ok()?;
        hits.iter().find_map(|hit| {
            let object = &record.text[hit.start..hit.end];
            let member =
                (value::kind(object) == Kind::Object).then(|| value::get(object, key))??;
            said(key, member, object)
        })
    })
}

pub(super) fn drawing(said: impl ToString) -> Graded {
    Graded { what: What::Drawing, ..nothing(&said.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_numbers_says_what_they_draw() {
        for (key, object, want) in [
            ("drawing", r#"{"word": "nose", "drawing": [[[1, 2], [3, 4]]]}"#, Some(STROKES)),
            ("drawing", r#"{"drawing": [[1, 2], [3, 4]]}"#, None),
            ("segmentation", r#"{"segmentation": [[1, 2, 3, 4]], "bbox": []}"#, Some("polygons")),
            ("segmentation", r#"{"segmentation": [[1, 2, 3, 4]]}"#, None),
            ("points", r#"{"points": [[1, 2]], "shape_type": "polygon"}"#, Some("polygons")),
            ("points", r#"{"points": [[1, 2]], "type": "cloud"}"#, None),
            ("rle", r#"{"rle": [1, 2], "format": "rle"}"#, Some("run lengths")),
            ("rle", r#"{"rle": "12", "format": "rle"}"#, None),
        ] {
            let member = value::get(object.as_bytes(), key).expect(key);
            assert_eq!(said(key, member, object.as_bytes()), want, "{object}");
        }
    }
}
