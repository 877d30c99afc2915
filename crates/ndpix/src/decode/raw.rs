//! What bare pixels are: their shape, dtype and order, from the options or from the siblings of their field.

use super::item::Item;
use crate::dtype::ByteOrder;
use crate::encoding::keys::{self, Said};
use crate::encoding::{Encoding, RawSpec};
use crate::error::{Error, Result};
use crate::options::{Given, Options, RawChannels, RawDType, RawOrder};
use crate::plan::{Place, Plan};
use crate::record::scan::{Hits, Query};
use crate::record::value;

/// Where the siblings of raw pixels stand in the query.
#[derive(Debug, Default, Clone)]
pub(crate) struct RawFields {
    shape: Vec<u8>,
    /// Whether the siblings of the value count, where no option says what they say.
    siblings: bool,
    dtype: Option<u8>,
    byteorder: Option<u8>,
    step: Option<u8>,
    order: Option<u8>,
}

impl RawFields {
    /// Asks for the fields that say what the pixels of this plan are.
    pub(super) fn of_plan(plan: &Plan, query: &mut Query) -> Result<Self> {
        let mut fields = Self::ask(&plan.raw, query)?;
        let raw = |place: &Place| place.encoding.as_ref().is_none_or(Encoding::wants_shape);
        let open = plan.raw.raw_shape.is_none() || plan.raw.raw_dtype.is_none();
        fields.siblings = open && plan.places.iter().any(raw);
        if fields.siblings {
            query.note_siblings(&keys::NAMES);
        }
        Ok(fields)
    }

    /// Asks for the fields that the options name.
    pub(crate) fn ask(options: &Options, query: &mut Query) -> Result<Self> {
        let mut fields = RawFields::default();
        let mut all = |pointers: &[crate::record::pointer::Pointer]| {
            pointers.iter().map(|p| query.add_aside(p.clone())).collect::<Result<Vec<u8>>>()
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
        Ok(fields)
    }

    /// What the raw pixels of an image are.
    pub(super) fn spec(
        &self,
        plan: &Plan,
        record: &[u8],
        hits: &Hits,
        item: &Item,
    ) -> Result<RawSpec> {
        let place = &plan.places[item.place];
        let said = self.said(place, record, hits, item);
        let mut spec = self.resolve(&plan.raw, said, record, hits, item.object)?;
        // A flat list or a string of numbers takes the shape that every image must have.
        if matches!(place.encoding, Some(Encoding::List | Encoding::Text)) {
            spec.shape = spec.shape.or(plan.raw.shape);
        }
        Ok(spec)
    }

    /// What the options say of the pixels, and of the rest what the siblings say; `object` is the
    /// number of the object around the value.
    pub(crate) fn resolve(
        &self,
        options: &Options,
        mut said: Said<'_>,
        record: &[u8],
        hits: &Hits,
        object: usize,
    ) -> Result<RawSpec> {
        let at = |pointer: u8| -> Option<&[u8]> {
            let hit = hits.beside(pointer, object)?;
            Some(&record[hit.start..hit.end])
        };
        if options.raw_shape.is_some() {
            said = said.without_shape();
        }
        if options.raw_dtype.is_some() {
            said.dtype = None;
        }
        let mut spec = said.spec(&RawSpec { dtype: options.dtype, ..RawSpec::default() })?;
        spec.bgr = options.raw_channels == RawChannels::Bgr;
        match options.raw_shape {
            Some(Given::Value(shape)) => spec.shape = Some(shape),
            Some(Given::Field(_)) => {
                let texts: Option<Vec<&[u8]>> = self.shape.iter().map(|&p| at(p)).collect();
                let texts =
                    texts.ok_or_else(|| Error::field("a field that raw_shape names is missing"))?;
                spec.shape = Some(keys::shape_from(&texts)?);
            }
            None => {}
        }
        match (&options.raw_dtype, self.dtype) {
            (Some(Given::Value(RawDType(dtype, order))), _) => {
                (spec.dtype, spec.byteorder) = (Some(*dtype), order.or(spec.byteorder));
            }
            (_, Some(pointer)) => {
                let text = at(pointer)
                    .ok_or_else(|| Error::field("the field that raw_dtype names is missing"))?;
                let (dtype, order) = keys::dtype_of(text)?;
                (spec.dtype, spec.byteorder) = (Some(dtype), order.or(spec.byteorder));
            }
            _ => {}
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
        match (&options.raw_order, self.order.and_then(at)) {
            (Some(Given::Value(order)), _) => spec.fortran = *order == RawOrder::F,
            (_, Some(text)) => spec.fortran = text == b"\"F\"",
            _ => {}
        }
        Ok(spec)
    }

    /// What the siblings of the image say.
    fn said<'r>(&self, place: &Place, record: &'r [u8], hits: &Hits, item: &Item) -> Said<'r> {
        let mut said = Said::default();
        if self.siblings && place.encoding.as_ref().is_none_or(Encoding::wants_shape) {
            for (number, (_, key)) in keys::KEYS.iter().enumerate() {
                if let Some((start, end)) = hits.sibling(item.object, number) {
                    said.take(*key, &record[start..end]);
                }
            }
        }
        said
    }
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
