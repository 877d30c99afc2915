//! Images in JSON text that stands in a string: by the path of what is inside.

use super::grade::Grader;
use super::graded::{Around, Graded, Unread, What, nothing};
use super::leaves::walk;
use super::sample::Sample;
use super::words;
use crate::encoding::{self, Encoding, Layer, RawSpec, Scratch};
use crate::limits::Limits;
use crate::paths::Paths;
use crate::record::pointer::Pointer;
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// What a string is that holds JSON text with something like an image inside; `None` for other strings.
pub(super) fn inside(value: &[u8], limits: &Limits) -> Option<Graded> {
    let mut scratch = Vec::new();
    let text = json_text(value, &mut scratch)?;
    let (field, best, images) = best_inside(text, limits)?;
    let said = match images {
        0 | 1 => format!("JSON text inside a string, holds {field:#} ({})", best.said),
        n => format!(
            "JSON text inside a string, holds {n} images, the first {field:#} ({})",
            best.said
        ),
    };
    // One of several would be a guess.
    let is_one = images == 1 && best.what == What::Image { by_path: false };
    let inner = best.encoding.as_ref().filter(|_| is_one);
    if let Some(encoding) = inner.and_then(|inner| layered(field, inner)) {
        let encoding = Some(encoding);
        return Some(Graded { said, encoding, ..best });
    }
    let what = match best.what {
        What::Image { .. } => Unread::Format,
        _ => Unread::Opaque,
    };
    Some(Graded { what: What::Unreadable(what), ..nothing(&said) })
}

/// How a field is read that is JSON text in a string, or whose path goes on inside of one: the field of the string, and
/// its encoding.
pub(super) fn named(
    sample: &Sample<'_>,
    field: &Pointer,
    limits: &Limits,
) -> Option<(Pointer, Encoding)> {
    let whole = sample.records.iter().find_map(|record| {
        let graded = inside(one(record.text, field)?, limits)?;
        Some((field.clone(), graded.encoding.filter(|_| graded.what.counts())?))
    });
    let parts = || {
        (1..field.steps().len()).rev().find_map(|at| {
            let (before, after) = field.steps().split_at(at);
            let (outer, inner) = (Pointer::new(before.to_vec()), Pointer::new(after.to_vec()));
            sample.records.iter().find_map(|record| {
                let found = one(record.text, &outer)?;
                let mut scratch = Vec::new();
                let value = one(json_text(found, &mut scratch)?, &inner)?;
                let (spec, mut room) = (RawSpec::default(), Scratch::default());
                let encoding = encoding::classify(value, &spec, limits, &mut room)?;
                Some((outer.clone(), layered(inner.clone(), &encoding)?))
            })
        })
    };
    whole.or_else(parts)
}

/// The encoding of an image at this path in JSON text, where it can be written.
fn layered(field: Pointer, inner: &Encoding) -> Option<Encoding> {
    let encoding = Encoding::Layered(Layer::Inside(field), Box::new(inner.clone()));
    let is_same = encoding.to_string().parse().is_ok_and(|read: Encoding| read == encoding);
    is_same.then_some(encoding)
}

/// The JSON text in a string, if it is a list or an object.
fn json_text<'a>(value: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let text = match value::kind(value) {
        Kind::String => value::unescape(value, scratch).trim_ascii(),
        _ => return None,
    };
    let is_json = matches!(text.first(), Some(b'{' | b'['))
        && scan(text, &Query::default(), &mut Hits::default()).is_ok();
    is_json.then_some(text)
}

/// The first value at a path.
fn one<'a>(text: &'a [u8], field: &Pointer) -> Option<&'a [u8]> {
    let (mut query, mut hits) = (Query::default(), Hits::default());
    query.add(field.clone()).ok()?;
    scan(text, &query, &mut hits).ok()?;
    hits.first().map(|hit| &text[hit.start..hit.end])
}

/// The leaf most like an image in a JSON text that is not a record, and how many are or seem to be one.
fn best_inside(text: &[u8], limits: &Limits) -> Option<(Pointer, Graded, usize)> {
    let paths = Paths::default();
    let mut grader = Grader::new(limits, &paths);
    let mut best: Option<(Pointer, Graded)> = None;
    let mut images = 0;
    walk(text, &mut |leaf| {
        let name = words::name(leaf.steps, leaf.beside.image_type);
        let spec = leaf.beside.said.spec(&RawSpec::default()).unwrap_or_default();
        let sized = leaf.beside.said.is_sized();
        let around = Around {
            name: &name,
            spec: &spec,
            sized,
            shape_given: false,
            base: None,
            refused: None,
        };
        let graded = grader.grade(leaf.value, around);
        let counts = graded.what.counts() && graded.what != What::Numbers;
        images += usize::from(matches!(
            graded.what,
            What::Image { .. } | What::Unreadable(Unread::Format)
        ));
        if counts && best.as_ref().is_none_or(|b| b.1.what.rank() < graded.what.rank()) {
            best = Some((Pointer::new(leaf.steps.to_vec()), graded));
        }
        counts
    });
    best.map(|(field, graded)| (field, graded, images))
}
