//! What bare pixels are: their shape, dtype and order, from the options or from the siblings of their field.

use super::item::Item;
use crate::dtype::ByteOrder;
use crate::encoding::drawn::{Level, Setting};
use crate::encoding::keys;
use crate::encoding::said::Said;
use crate::encoding::{Encoding, RawSpec};
use crate::error::{Error, Result, quote};
use crate::options::{At, Given, Merge, RawChannels, RawDType, RawLayout, RawOrder};
use crate::plan::{Place, Plan, Raw};
use crate::record::pointer::{Pointer, Step};
use crate::record::scan::{Hits, Query};
use crate::record::value;

/// Members in or beside a mask that say its class; the first that is there counts.
pub(super) const CLASSES: [&str; 13] = [
    "category_id",
    "class_id",
    "label_id",
    "class",
    "label",
    "category",
    "class_name",
    "category_name",
    "polygonlabels",
    "brushlabels",
    "ellipselabels",
    "rectanglelabels",
    "labels",
];

/// Where the settings of raw pixels stand in the query.
#[derive(Debug, Default, Clone)]
pub(crate) struct RawFields {
    /// Whether the siblings of the value count, where no option says what they say.
    siblings: bool,
    shape: Vec<Asked>,
    dtype: Vec<Asked>,
    byteorder: Vec<Asked>,
    order: Vec<Asked>,
    layout: Vec<Asked>,
    step: Vec<Asked>,
    /// What may say the class of a mask.
    classes: Vec<Asked>,
    /// The size of the image that a drawn one goes with.
    pub(super) beside: Option<[usize; 2]>,
}

/// A part of a setting, with its pointers in the query: one for each place where it stands beside the value.
#[derive(Debug, Clone)]
struct Asked {
    at: At,
    pointers: Vec<u8>,
}

/// A value in its record.
#[derive(Clone, Copy)]
pub(crate) struct Stand<'r, 'h> {
    pub(crate) record: &'r [u8],
    pub(crate) hits: &'h Hits,
    /// The number of the object around the value.
    pub(crate) object: usize,
    /// The number of its place in the plan.
    pub(crate) place: usize,
    /// The object around the value, where there is no plan.
    pub(crate) parent: Option<&'r [u8]>,
}

impl RawFields {
    /// Asks for the fields that say what the pixels of this plan are.
    pub(super) fn of_plan(plan: &Plan, query: &mut Query) -> Result<Self> {
        let mut fields = Self::ask(&plan.raw, &plan.places, query)?;
        let raw = |place: &Place| place.encoding.as_ref().is_none_or(Encoding::wants_shape);
        let drawn = |place: &Place| place.encoding.as_ref().is_some_and(Encoding::is_drawn);
        fields.siblings = plan.places.iter().any(raw);
        if plan.merge == Merge::Class {
            let beside = |name: &&str| Ok(At::Beside(name.parse()?));
            let all = CLASSES.iter().map(beside).collect::<Result<Vec<At>>>()?;
            let all = all.iter().map(|at| asked(at, &plan.places, query));
            fields.classes = all.collect::<Result<_>>()?;
        }
        if fields.siblings || plan.places.iter().any(drawn) {
            query.note_siblings(&keys::NAMES);
        }
        Ok(fields)
    }

    /// Asks for the fields that settings name, beside values in these places.
    pub(crate) fn ask(raw: &Raw, places: &[Place], query: &mut Query) -> Result<Self> {
        fn parts<T>(given: &Option<Given<T>>) -> &[At] {
            match given {
                Some(Given::Field(parts)) => parts,
                _ => &[],
            }
        }
        let mut all = |parts: &[At]| -> Result<Vec<Asked>> {
            parts.iter().map(|at| asked(at, places, query)).collect()
        };
        Ok(Self {
            siblings: false,
            shape: all(parts(&raw.raw_shape))?,
            dtype: all(parts(&raw.raw_dtype))?,
            byteorder: all(parts(&raw.raw_byteorder))?,
            order: all(parts(&raw.raw_order))?,
            layout: all(parts(&raw.raw_layout))?,
            step: all(parts(&raw.raw_step))?,
            classes: Vec::new(),
            beside: None,
        })
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
        let (object, number) = (item.object, item.place);
        let stand = Stand { record, hits, object, place: number, parent: None };
        let mut spec = self.resolve(&plan.raw, said.as_ref(), stand)?;
        if place.encoding.as_ref().is_some_and(Encoding::is_drawn) {
            spec.setting = setting(record, hits, item)?.asked(spec.shape)?;
            spec.setting.size = spec.setting.size.or(self.beside);
            spec.setting.side = plan.steps.resize.map(|to| [to.size.height, to.size.width]);
        }
        let inner = place.encoding.as_ref().map(Encoding::innermost);
        if matches!(inner, Some(Encoding::List | Encoding::Text)) {
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

    /// The class of a mask, as it is written beside it.
    pub(super) fn class(&self, stand: Stand<'_, '_>) -> Option<Vec<u8>> {
        self.classes.iter().find_map(|class| stand.get("merge", class).ok())
    }

    /// What the settings say of the pixels, and of the rest what the siblings say.
    pub(crate) fn resolve(
        &self,
        raw: &Raw,
        said: Option<&Said<'_>>,
        stand: Stand<'_, '_>,
    ) -> Result<RawSpec> {
        let (dtype, nan, repair) = (raw.dtype, raw.allow_nan, raw.text_repair);
        let given = RawSpec { dtype, nan, repair, ..RawSpec::default() };
        let mut spec = match said {
            None => given,
            Some(said) if raw.says_some() => unless_told(*said, raw).spec(&given)?,
            Some(said) => said.spec(&given)?,
        };
        spec.bgr |= raw.raw_channels == RawChannels::Bgr;
        match &raw.raw_layout {
            Some(Given::Value(layout)) => spec.planes = *layout == RawLayout::Chw,
            Some(Given::Field(_)) => {
                let read = stand.word("raw_layout", &self.layout, "hwc nor chw", keys::planes);
                spec.planes = read?;
            }
            None => {}
        }
        match &raw.raw_shape {
            Some(Given::Value(shape)) => spec.shape = Some(keys::as_it_lies(*shape, spec.planes)),
            Some(Given::Field(_)) => {
                let texts = self.shape.iter().map(|part| stand.get("raw_shape", part));
                let texts = texts.collect::<Result<Vec<_>>>()?;
                let texts: Vec<&[u8]> = texts.iter().map(|text| &text[..]).collect();
                spec.shape = Some(keys::as_it_lies(keys::shape_from(&texts)?, spec.planes));
            }
            None => {}
        }
        match &raw.raw_dtype {
            Some(Given::Value(RawDType(dtype, order))) => {
                (spec.dtype, spec.byteorder) = (Some(*dtype), order.or(spec.byteorder));
            }
            Some(Given::Field(_)) => {
                let (dtype, order) = keys::element_of(&stand.one("raw_dtype", &self.dtype)?)?;
                (spec.dtype, spec.byteorder) = (Some(dtype), order.or(spec.byteorder));
            }
            None => {}
        }
        match &raw.raw_byteorder {
            Some(Given::Value(order)) => spec.byteorder = Some(*order),
            Some(Given::Field(_)) => {
                let read =
                    stand.word("raw_byteorder", &self.byteorder, "little nor big", byteorder);
                spec.byteorder = Some(read?);
            }
            None => {}
        }
        match &raw.raw_step {
            Some(Given::Value(step)) => spec.step = Some(*step),
            Some(Given::Field(_)) => {
                let text = stand.one("raw_step", &self.step)?;
                spec.step = Some(keys::whole(&text).ok_or_else(|| {
                    Error::field(format!("raw_step is {}, which is no number", quote(&text)))
                })?);
            }
            None => {}
        }
        if let Some(order) = &raw.raw_order {
            spec.fortran = self.is_fortran(order, stand)?;
        }
        Ok(spec)
    }

    /// Whether pixels lie column by column; a record that does not say it has the usual order.
    fn is_fortran(&self, order: &Given<RawOrder>, stand: Stand<'_, '_>) -> Result<bool> {
        match order {
            Given::Value(order) => Ok(*order == RawOrder::F),
            Given::Field(_) if self.order.iter().any(|p| stand.get("raw_order", p).is_err()) => {
                Ok(false)
            }
            Given::Field(_) => stand.word("raw_order", &self.order, "C nor F", keys::fortran),
        }
    }

    /// What the siblings of the image say, if there are any.
    fn said<'r>(
        &self,
        place: &Place,
        record: &'r [u8],
        hits: &Hits,
        item: &Item,
    ) -> Option<Said<'r>> {
        if !self.siblings || !place.encoding.as_ref().is_none_or(Encoding::wants_shape) {
            return None;
        }
        let mut siblings = hits.siblings(item.object).peekable();
        siblings.peek()?;
        let mut said = Said::default();
        siblings.for_each(|(number, start, end)| {
            said.take(keys::KEYS[number], &record[start..end]);
        });
        Some(said)
    }
}

/// What stands around a value that is drawn.
fn setting(record: &[u8], hits: &Hits, item: &Item) -> Result<Setting> {
    Setting::of(hits.outwards(item.object).map(|object| {
        let mut level = Level::default();
        for (number, start, end) in hits.siblings(object) {
            level.take(keys::KEYS[number].1, &record[start..end]);
        }
        level
    }))
}

/// Adds what a part of a setting needs to the query.
fn asked(at: &At, places: &[Place], query: &mut Query) -> Result<Asked> {
    let pointers = match at {
        At::Number(_) => Vec::new(),
        At::Record(pointer) => vec![query.add_aside(pointer.clone())?],
        At::Beside(name) => places
            .iter()
            .map(|place| query.add_aside(beside(&place.field, name)))
            .collect::<Result<_>>()?,
    };
    Ok(Asked { at: at.clone(), pointers })
}

/// The path of a member of the object around a value.
fn beside(place: &Pointer, name: &Pointer) -> Pointer {
    let steps = place.steps();
    // An element of a list stands in the object that holds the list.
    let is_key = |step: &Step| matches!(step, Step::Key(_) | Step::Keys(_));
    let parent = &steps[..steps.iter().rposition(is_key).unwrap_or(0)];
    Pointer::new([parent, name.steps()].concat())
}

/// What the siblings say of what no option says.
fn unless_told<'a>(mut said: Said<'a>, raw: &Raw) -> Said<'a> {
    if raw.raw_shape.is_some() {
        said = said.without_shape();
    }
    if raw.raw_dtype.is_some() {
        said = said.without_dtype();
    }
    if raw.raw_byteorder.is_some() {
        said = said.without_bytes();
    }
    if raw.raw_order.is_some() {
        said = said.without_order();
    }
    if raw.raw_layout.is_some() {
        said = said.without_layout();
    }
    if raw.raw_step.is_some() {
        said = said.without_step();
    }
    said
}

impl Stand<'_, '_> {
    /// The text of a setting of one part.
    fn one(&self, option: &str, parts: &[Asked]) -> Result<Vec<u8>> {
        let first =
            parts.first().ok_or_else(|| Error::field(format!("{option} names no field")))?;
        self.get(option, first)
    }

    /// A setting of one part that is one of two words.
    fn word<T>(
        &self,
        option: &str,
        parts: &[Asked],
        words: &str,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<T> {
        let text = self.one(option, parts)?;
        read(&text).ok_or_else(|| {
            Error::field(format!("{option} is {}, which is neither {words}", quote(&text)))
        })
    }

    /// The text of a part; an error names the field that is missing.
    fn get(&self, option: &str, part: &Asked) -> Result<Vec<u8>> {
        let found = match (&part.at, self.parent) {
            (At::Number(number), _) => return Ok(number.to_string().into_bytes()),
            (At::Beside(name), Some(parent)) => inside(parent, name),
            (At::Beside(name), None) => {
                let pointer = part.pointers.get(self.place).copied();
                let alone = name.steps().len() == 1;
                pointer
                    .and_then(|pointer| {
                        let hit = self.hits.beside(pointer, self.object);
                        hit.filter(|hit| !alone || hit.object == self.object)
                    })
                    .map(|hit| &self.record[hit.start..hit.end])
            }
            (At::Record(_), _) => {
                let pointer = part.pointers.first().copied();
                let hit = pointer.and_then(|pointer| self.hits.beside(pointer, self.object));
                hit.map(|hit| &self.record[hit.start..hit.end])
            }
        };
        found
            .filter(|text| *text != b"null")
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Error::field(format!("{option} takes {:#}, which is missing", part.at)))
    }
}

/// The value that a path leads to in an object.
fn inside<'a>(object: &'a [u8], path: &Pointer) -> Option<&'a [u8]> {
    path.steps().iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value::get(value, key),
        Step::Index(index) => value::elements(value).nth(*index),
        _ => None,
    })
}

/// A byte order as its name, or as a flag that says big-endian.
fn byteorder(text: &[u8]) -> Option<ByteOrder> {
    match text {
        b"true" | b"1" => Some(ByteOrder::Big),
        b"false" | b"0" => Some(ByteOrder::Little),
        _ => keys::byteorder(text),
    }
}
