//! Where the images and the kept fields of a record stand: one scan for all of them.

use super::alternatives::Alternatives;
use super::item::Item;
use crate::encoding::{Encoding, envelope, is_one};
use crate::error::Result;
use crate::plan::{Place, Plan};
use crate::record::scan::{Hits, Query, scan, scan_around};
use crate::record::value::{self, Kind};

/// Finds what a plan wants of a record.
#[derive(Default)]
pub(super) struct Finder {
    pub(super) query: Query,
    pub(super) hits: Hits,
    /// Of each band the pointers of its places in the query, and how one of them is chosen.
    bands: Vec<(Vec<u8>, Alternatives)>,
    /// The kept fields, by their numbers in the query.
    pub(super) columns: Vec<u8>,
    /// The images of each band, in the order in which they stand.
    pub(super) items: Vec<Vec<Item>>,
    /// A list of numbers that was found is not validated yet.
    unchecked: bool,
}

impl Finder {
    /// Asks for the images of one more band.
    pub(super) fn ask_images(&mut self, plan: &Plan) -> Result<()> {
        self.query.allow_nan(plan.raw.allow_nan);
        let add = |place: &Place| self.query.add(place.field.clone());
        let pointers = plan.places.iter().map(add).collect::<Result<Vec<u8>>>()?;
        if let [place] = &plan.places[..] {
            // With a wildcard, images would be decoded before the rest of their record is known to be JSON.
            if place.encoding == Some(Encoding::List) && !place.field.is_wild() {
                self.query.pass_lists(pointers[0]);
            }
        }
        self.bands.push((pointers, Alternatives::new(&plan.places)));
        self.items.push(Vec::new());
        Ok(())
    }

    /// Asks for the fields that are kept.
    pub(super) fn ask_columns(&mut self, plan: &Plan) -> Result<()> {
        let kept = plan.columns.iter().map(|column| self.query.add(column.field.clone()));
        self.columns = kept.collect::<Result<_>>()?;
        Ok(())
    }

    /// Validates a record and finds the images of all bands.
    pub(super) fn find(&mut self, record: &[u8], plan: &Plan) -> Result<()> {
        self.items.iter_mut().for_each(Vec::clear);
        self.unchecked = scan_around(record, &self.query, &mut self.hits)?;
        let alone = std::slice::from_ref(plan);
        let plans = if plan.bands.is_empty() { alone } else { &plan.bands[..] };
        let plans = plans.iter().chain(plan.arrays.iter().map(|array| &array.plan));
        for ((items, (pointers, alternatives)), band) in
            self.items.iter_mut().zip(&mut self.bands).zip(plans)
        {
            for hit in self.hits.iter() {
                let Some(place) = pointers.iter().position(|p| *p == hit.pointer) else { continue };
                let item = Item {
                    place,
                    object: hit.object,
                    bound: hit.bound,
                    start: hit.start,
                    end: hit.end,
                    either: false,
                };
                push(record, &band.places[place], item, items);
            }
            alternatives.choose(record, &self.hits, items);
        }
        // Where nothing will be decoded, nothing else would find out that `[,1]` is not an empty list.
        if self.unchecked && self.items.iter().any(Vec::is_empty) {
            scan(record, &self.query, &mut self.hits)?;
        }
        Ok(())
    }

    /// Where images stand that a later member of the same name hides.
    pub(super) fn hidden(&self) -> impl Iterator<Item = (usize, usize)> {
        let image = |pointer: u8| self.bands.iter().any(|band| band.0.contains(&pointer));
        self.hits
            .hidden()
            .iter()
            .filter(move |hit| image(hit.pointer))
            .map(|hit| (hit.start, hit.end))
    }

    /// Validates what the scan left to decoders, where one of them failed.
    pub(super) fn check(&mut self, record: &[u8]) -> Result<()> {
        if self.unchecked { scan(record, &self.query, &mut self.hits) } else { Ok(()) }
    }
}

/// Adds the images of a value: itself, none where it is null or an empty list, or the elements of a
/// list of images. What is in a wrapper counts.
fn push(record: &[u8], place: &Place, item: Item, items: &mut Vec<Item>) {
    let takes_lists = place.encoding.as_ref().is_none_or(|encoding| !encoding.takes_arrays());
    let item = opened(record, item);
    let text = &record[item.start..item.end];
    match value::kind(text) {
        Kind::Null => {}
        Kind::Array if takes_lists && holds_images(text) => {
            for element in value::elements(text) {
                let (start, end) = place_of(record, element);
                let element = opened(record, Item { start, end, ..item });
                if value::kind(&record[element.start..element.end]) != Kind::Null {
                    items.push(element);
                }
            }
        }
        Kind::Array if value::is_empty(text) => {}
        _ => items.push(item),
    }
}

/// An item without its wrapper.
fn opened(record: &[u8], item: Item) -> Item {
    if record.get(item.start) != Some(&b'{') {
        return item;
    }
    let (inner, either) = envelope::open_named(&record[item.start..item.end]);
    let (start, end) = match inner {
        b"null" => (item.start, item.start),
        inner => place_of(record, inner),
    };
    Item { start, end, either, ..item }
}

/// Where a slice of the record stands in it.
fn place_of(record: &[u8], part: &[u8]) -> (usize, usize) {
    let start = part.as_ptr() as usize - record.as_ptr() as usize;
    (start, start + part.len())
}

/// Whether an array holds strings or objects, so that it is a list of images and no value by itself.
fn holds_images(array: &[u8]) -> bool {
    if is_one(array) {
        return false;
    }
    let mut elements = value::elements(array);
    let first = elements.find(|element| value::kind(element) != Kind::Null);
    first.is_some_and(|first| match value::kind(first) {
        Kind::String => true,
        Kind::Object => {
            !envelope::is_number(first) && value::kind(envelope::open(first)) != Kind::Array
        }
        _ => false,
    })
}
