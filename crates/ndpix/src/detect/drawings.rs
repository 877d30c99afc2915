//! Drawings: values that say how to draw an image. They are recognised, so that they are named.

use super::graded::{Graded, What, nothing};
use crate::record::value::{self, Kind};

/// COCO run lengths: `{"size": [H, W], "counts": ...}`.
pub(super) fn run_lengths(object: &[u8]) -> Option<Graded> {
    let size = value::get(object, "size")?;
    let counts = value::get(object, "counts")?;
    let sides: Vec<i64> = value::elements(size).filter_map(value::integer).collect();
    let [height, width] = sides[..] else { return None };
    matches!(value::kind(counts), Kind::String | Kind::Array)
        .then(|| drawing(format!("COCO run lengths, {height}x{width}")))
}

/// What a member of this object draws: strokes beside `word` or `key_id`, polygons beside a size.
pub(super) fn beside(key: &str, member: &[u8], object: &[u8]) -> Option<Graded> {
    let has = |key: &str| value::get(object, key).is_some();
    match key {
        "drawing" if has("word") || has("key_id") => {
            matches!(value::kind(member), Kind::Array | Kind::String)
                .then(|| drawing("strokes".to_string()))
        }
        _ => None,
    }
}

pub(super) fn drawing(said: String) -> Graded {
    Graded { what: What::Drawing, ..nothing(&said) }
}
