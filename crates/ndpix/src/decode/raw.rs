//! What bare pixels are: their shape, dtype and order, from the options or from the siblings of their field.

use crate::dtype::ByteOrder;
use crate::encoding::{Encoding, RawSpec, dtype_of, shape_of};
use crate::error::{Error, Result, quote};
use crate::options::{Given, RawChannels, RawDType, RawOrder};
use crate::plan::Plan;
use crate::record::scan::{Hit, Query};
use crate::record::value;
use crate::shape::Shape;

/// Where the siblings of raw pixels stand in the query.
#[derive(Debug, Default, Clone)]
pub(super) struct RawFields {
    shape: Vec<u8>,
    /// Sibling names that are only used when they fit (no option asked for them).
    found: Vec<(&'static str, u8)>,
    dtype: Option<u8>,
    byteorder: Option<u8>,
    step: Option<u8>,
    order: Option<u8>,
}

/// Names of sibling fields that say what raw pixels are (encodings.md 1.2).
const SIBLINGS: [&str; 10] =
    ["shape", "dims", "height", "h", "width", "w", "channels", "c", "dtype", "datatype"];

impl RawFields {
    /// Asks for the fields that say what the pixels of this plan are.
    pub(super) fn ask(plan: &Plan, query: &mut Query) -> Result<Self> {
        let mut fields = RawFields::default();
        let options = &plan.raw;
        let mut all = |pointers: &[crate::record::pointer::Pointer]| {
            pointers.iter().map(|p| query.add(p.clone())).collect::<Result<Vec<u8>>>()
        };
        if let Some(Given::Field(p)) = &options.raw_shape {
            fields.shape = all(p)?;
        }
        if let Some(Given::Field(p)) = &options.raw_dtype {
            fields.dtype = all(p)?.first().copied();
        }
        if let Some(Given::Field(p)) = &options.raw_byteorder {
            fields.byteorder = all(p)?.first().copied();
        }
        if let Some(Given::Field(p)) = &options.raw_step {
            fields.step = all(p)?.first().copied();
        }
        if let Some(Given::Field(p)) = &options.raw_order {
            fields.order = all(p)?.first().copied();
        }
        let raw = plan.encoding.as_ref().is_none_or(Encoding::wants_shape);
        if raw && (options.raw_shape.is_none() || options.raw_dtype.is_none()) {
            for name in SIBLINGS {
                if let Some(pointer) = plan.field.sibling(name) {
                    fields.found.push((name, query.add(pointer)?));
                }
            }
        }
        Ok(fields)
    }

    /// What raw pixels of the image with this parent object are.
    pub(super) fn spec(
        &self,
        plan: &Plan,
        record: &[u8],
        hits: &[Hit],
        parent: usize,
    ) -> Result<RawSpec> {
        let options = &plan.raw;
        let mut spec = RawSpec {
            shape: None,
            dtype: plan.raw.dtype,
            byteorder: None,
            fortran: options.raw_order == Some(Given::Value(RawOrder::F)),
            bgr: options.raw_channels == RawChannels::Bgr,
            step: None,
        };
        let at = |pointer: u8| -> Option<&[u8]> {
            let mut hits = hits.iter().filter(|h| h.pointer == pointer);
            let hit = hits.clone().find(|h| h.parent == parent).or_else(|| hits.next_back())?;
            Some(&record[hit.start..hit.end])
        };
        let sibling = |names: &[&str]| {
            self.found.iter().filter(|f| names.contains(&f.0)).find_map(|f| {
                hits.iter()
                    .find(|h| h.pointer == f.1 && h.parent == parent)
                    .map(|h| &record[h.start..h.end])
            })
        };
        if let Some(Given::Value(shape)) = options.raw_shape {
            spec.shape = Some(shape);
        } else if !self.shape.is_empty() {
            let texts: Option<Vec<&[u8]>> = self.shape.iter().map(|&p| at(p)).collect();
            let texts =
                texts.ok_or_else(|| Error::field("a field that raw_shape names is missing"))?;
            spec.shape = Some(shape_from(&texts)?);
        } else if let Some(text) = sibling(&["shape", "dims"]) {
            spec.shape = Some(shape_from(&[text])?);
        } else if let (Some(h), Some(w)) = (sibling(&["height", "h"]), sibling(&["width", "w"])) {
            spec.shape = match sibling(&["channels", "c"]) {
                Some(c) if value::integer(c) != Some(1) => Some(shape_from(&[h, w, c])?),
                _ => Some(shape_from(&[h, w])?),
            };
        }
        // A flat list or a string of numbers takes the shape that every image must have.
        if matches!(plan.encoding, Some(Encoding::List | Encoding::Text)) {
            spec.shape = spec.shape.or(options.shape);
        }
        match (&options.raw_dtype, self.dtype) {
            (Some(Given::Value(RawDType(dtype, order))), _) => {
                (spec.dtype, spec.byteorder) = (Some(*dtype), *order);
            }
            (_, Some(pointer)) => {
                let text = at(pointer)
                    .ok_or_else(|| Error::field("the field that raw_dtype names is missing"))?;
                let (dtype, order) = dtype_of(text)?;
                (spec.dtype, spec.byteorder) = (Some(dtype), order);
            }
            _ => {
                if let Some(text) = sibling(&["dtype", "datatype"]) {
                    let (dtype, order) = dtype_of(text)?;
                    (spec.dtype, spec.byteorder) = (Some(dtype), order);
                }
            }
        }
        match (&options.raw_byteorder, self.byteorder.and_then(at)) {
            (Some(Given::Value(order)), _) => spec.byteorder = Some(*order),
            (_, Some(text)) => spec.byteorder = Some(byteorder_of(text)?),
            _ => {}
        }
        match (&options.raw_step, self.step.and_then(at)) {
            (Some(Given::Value(step)), _) => spec.step = Some(*step),
            (_, Some(text)) => {
                spec.step = value::integer(text).and_then(|n| usize::try_from(n).ok())
            }
            _ => {}
        }
        if let Some(text) = self.order.and_then(at) {
            spec.fortran = text == b"\"F\"";
        }
        Ok(spec)
    }
}

/// A shape from one field that holds it whole, or from one number each.
fn shape_from(texts: &[&[u8]]) -> Result<Shape> {
    if let [text] = texts {
        return shape_of(text);
    }
    let axes = texts.iter().map(|text| match shape_of(text)?[..] {
        [axis] => Ok(axis),
        _ => Err(Error::shape(format!("{} is no axis of a shape", quote(text)))),
    });
    Shape::new(&axes.collect::<Result<Vec<_>>>()?)
}

/// A byte order as its name, or as a flag that says big-endian.
fn byteorder_of(text: &[u8]) -> Result<ByteOrder> {
    match text {
        b"true" | b"1" => Ok(ByteOrder::Big),
        b"false" | b"0" | b"null" => Ok(ByteOrder::Little),
        _ => std::str::from_utf8(text)
            .unwrap_or("")
            .trim_matches('"')
            .parse()
            .map_err(|e: Error| Error::field(e.message())),
    }
}
