//! What bare pixels are: their shape, dtype and order, from the options or from the siblings of their field.

use super::item::Item;
use crate::dtype::ByteOrder;
use crate::encoding::keys;
use crate::encoding::said::Said;
use crate::encoding::{Encoding, RawSpec};
use crate::error::{Error, Result};
use crate::options::{Given, Options, RawChannels, RawDType, RawOrder};
use crate::plan::{Place, Plan};
use crate::record::pointer::Pointer;
use crate::record::scan::{Hits, Query};

/// Where the siblings of raw pixels stand in the query.
#[derive(Debug, Default, Clone)]
pub(crate) struct RawFields {
    /// Whether the siblings of the value count, where no option says what they say.
    siblings: bool,
    shape: Vec<u8>,
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
        fields.siblings = plan.places.iter().any(raw);
        if fields.siblings {
            query.note_siblings(&keys::NAMES);
        }
        Ok(fields)
    }

    /// Asks for the fields that the options name.
    pub(crate) fn ask(options: &Options, query: &mut Query) -> Result<Self> {
        let mut fields = RawFields::default();
        let mut all = |pointers: &[Pointer]| {
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
        if matches!(place.encoding, Some(Encoding::List | Encoding::Text)) {
            // A flat list or a string of numbers takes the shape that every image must have.
            if !spec.is_sized() {
                spec.shape = plan.raw.shape;
            }
            // Floats are read as the dtype that is asked for, and not through another one.
            if let (Some(asked), Some(said)) = (plan.raw.dtype, spec.dtype)
                && asked.is_float()
                && said.is_float()
            {
                spec.dtype = Some(asked);
            }
        }
        Ok(spec)
    }

    /// What the options say of the pixels, and of the rest what the siblings say; `object` is the
    /// number of the object around the value.
    pub(crate) fn resolve(
        &self,
        options: &Options,
        said: Said<'_>,
        record: &[u8],
        hits: &Hits,
        object: usize,
    ) -> Result<RawSpec> {
        let at = Fields { record, hits, object };
        let said = unless_told(said, options);
        let mut spec = said.spec(&RawSpec { dtype: options.dtype, ..RawSpec::default() })?;
        spec.bgr |= options.raw_channels == RawChannels::Bgr;
        match &options.raw_shape {
            Some(Given::Value(shape)) => spec.shape = Some(*shape),
            Some(Given::Field(names)) => {
                let texts = names.iter().zip(&self.shape).map(|(n, &p)| at.get("raw_shape", n, p));
                spec.shape = Some(keys::shape_from(&texts.collect::<Result<Vec<_>>>()?)?);
            }
            None => {}
        }
        match &options.raw_dtype {
            Some(Given::Value(RawDType(dtype, order))) => {
                (spec.dtype, spec.byteorder) = (Some(*dtype), order.or(spec.byteorder));
            }
            Some(Given::Field(names)) => {
                let (dtype, order) = keys::dtype_of(at.one("raw_dtype", names, self.dtype)?)?;
                (spec.dtype, spec.byteorder) = (Some(dtype), order.or(spec.byteorder));
            }
            None => {}
        }
        match &options.raw_byteorder {
            Some(Given::Value(order)) => spec.byteorder = Some(*order),
            Some(Given::Field(names)) => {
                let text = at.one("raw_byteorder", names, self.byteorder)?;
                spec.byteorder = Some(byteorder_of(text)?);
            }
            None => {}
        }
        match &options.raw_step {
            Some(Given::Value(step)) => spec.step = Some(*step),
            Some(Given::Field(names)) => {
                let text = at.one("raw_step", names, self.step)?;
                spec.step = Some(keys::whole(text).ok_or_else(|| {
                    let found = crate::error::quote(text);
                    Error::field(format!("raw_step is {found}, which is no number of bytes"))
                })?);
            }
            None => {}
        }
        match &options.raw_order {
            Some(Given::Value(order)) => spec.fortran = *order == RawOrder::F,
            Some(Given::Field(names)) => {
                spec.fortran = fortran_of(at.one("raw_order", names, self.order)?)?;
            }
            None => {}
        }
        Ok(spec)
    }

    /// What the siblings of the image say.
    fn said<'r>(&self, place: &Place, record: &'r [u8], hits: &Hits, item: &Item) -> Said<'r> {
        let mut said = Said::default();
        if self.siblings && place.encoding.as_ref().is_none_or(Encoding::wants_shape) {
            for (number, start, end) in hits.siblings(item.object) {
                said.take(keys::KEYS[number], &record[start..end]);
            }
        }
        said
    }
}

/// What the siblings say of what no option says.
fn unless_told<'a>(mut said: Said<'a>, options: &Options) -> Said<'a> {
    if options.raw_shape.is_some() {
        said = said.without_shape();
    }
    if options.raw_dtype.is_some() {
        said = said.without_dtype();
    }
    if options.raw_byteorder.is_some() {
        said = said.without_bytes();
    }
    if options.raw_order.is_some() {
        said = said.without_order();
    }
    if options.raw_step.is_some() {
        said = said.without_step();
    }
    said
}

/// The fields of a record that options name.
struct Fields<'r, 'h> {
    record: &'r [u8],
    hits: &'h Hits,
    object: usize,
}

impl<'r> Fields<'r, '_> {
    fn one(&self, option: &str, names: &[Pointer], pointer: Option<u8>) -> Result<&'r [u8]> {
        match (names.first(), pointer) {
            (Some(name), Some(pointer)) => self.get(option, name, pointer),
            _ => Err(Error::field(format!("{option} names no field"))),
        }
    }

    fn get(&self, option: &str, name: &Pointer, pointer: u8) -> Result<&'r [u8]> {
        let hit = self.hits.beside(pointer, self.object);
        let text = hit.map(|hit| &self.record[hit.start..hit.end]).filter(|t| *t != b"null");
        text.ok_or_else(|| Error::field(format!("{option} takes @{name}, which is missing")))
    }
}

/// A byte order as its name, or as a flag that says big-endian.
fn byteorder_of(text: &[u8]) -> Result<ByteOrder> {
    match text {
        b"true" | b"1" => Ok(ByteOrder::Big),
        b"false" | b"0" => Ok(ByteOrder::Little),
        _ => keys::byteorder(text).ok_or_else(|| {
            let found = crate::error::quote(text);
            Error::field(format!("raw_byteorder is {found}, which is neither little nor big"))
        }),
    }
}

/// Whether a memory order is that of Fortran.
fn fortran_of(text: &[u8]) -> Result<bool> {
    keys::fortran(text).ok_or_else(|| {
        let found = crate::error::quote(text);
        Error::field(format!("raw_order is {found}, which is neither C nor F"))
    })
}
