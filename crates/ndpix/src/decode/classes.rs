//! The classes of masks: numbers as they are, and names by a legend.

use std::borrow::Cow;

use super::Decoder;
use super::band::Band;
use super::item::Item;
use super::raw::{CLASSES, Stand};
use crate::error::{Error, Result, quote};
use crate::legend::Legend;
use crate::options::Merge;
use crate::record::scan::Hits;
use crate::record::value::{self, Kind};

/// The name of a class: a string, or a number without fraction and exponent; `None`: it is something else.
pub(crate) fn name_of(text: &[u8]) -> Option<Cow<'_, str>> {
    match value::kind(text) {
        Kind::String => {
            let mut scratch = Vec::new();
            let name = std::str::from_utf8(value::unescape(text, &mut scratch)).ok()?;
            Some(Cow::Owned(name.to_string()))
        }
        Kind::Number => {
            let digits = std::str::from_utf8(text).ok()?;
            digits.parse::<i64>().is_ok().then_some(Cow::Borrowed(digits))
        }
        _ => None,
    }
}

/// The number that a legend has for the name of a class; 0 as long as it has none at all.
pub(crate) fn number_in(legend: &Legend, text: &[u8]) -> Option<usize> {
    let name = name_of(text)?;
    if legend.is_empty() { Some(0) } else { legend.number(&name) }
}

impl Decoder<'_> {
    /// The classes of the masks of the record that was last found, where they are asked for: of the array that leads with the
    /// number 0, of further ones from 1 on. What is no class is left to the decoding.
    pub(crate) fn classes(&self, record: &[u8], take: &mut dyn FnMut(usize, &[u8])) {
        // Of the first array the only band, or several, which have no masks.
        let bands = std::iter::once(0).chain(self.leading()..self.bands.len());
        for (array, band) in bands.enumerate().filter(|(_, band)| self.bands[*band].has_classes()) {
            for item in &self.finder.items[band] {
                let class = self.bands[band].class_of(record, &self.finder.hits, item);
                class.into_iter().for_each(|class| take(array, &class));
            }
        }
    }
}

impl Band<'_> {
    /// Whether its masks are drawn by their classes.
    fn has_classes(&self) -> bool {
        self.plan.merge == Merge::Class
    }

    /// The class of a mask, as it is written in or beside it; of a list of one the one.
    fn class_of(&self, record: &[u8], hits: &Hits, item: &Item) -> Option<Vec<u8>> {
        let text = &record[item.start..item.end];
        let within = match value::kind(text) {
            Kind::Object => {
                let mut said = value::members(text, CLASSES).into_iter().flatten();
                said.find(|class| value::kind(class) != Kind::Null)
            }
            _ => None,
        };
        let (object, place) = (item.object, item.place);
        let stand = Stand { record, hits, object, place, parent: None };
        let class = match within {
            Some(class) => class.to_vec(),
            None => self.fields.class(stand)?,
        };
        let mut all = value::elements(&class);
        let only = match (value::kind(&class), all.next(), all.next()) {
            (Kind::Array, Some(only), None) => Some(only.to_vec()),
            _ => None,
        };
        drop(all);
        Some(only.unwrap_or(class))
    }

    /// The number that a mask of its class is drawn with.
    pub(super) fn class_number(
        &self,
        record: &[u8],
        hits: &Hits,
        item: &Item,
        mask: usize,
    ) -> Result<u64> {
        let class = self.class_of(record, hits, item).ok_or_else(|| {
            Error::field(format!(
                "mask {mask} has no class in or beside it ({}); pass merge instance or any",
                CLASSES.join(", ")
            ))
        })?;
        let said = name_of(&class).map_or_else(|| quote(&class), |name| quote(name.as_bytes()));
        match &self.plan.classes {
            Some(legend) => {
                number_in(legend, &class).map(|number| number as u64 + 1).ok_or_else(|| {
                    Error::field(format!(
                        "mask {mask} is of class {said}, which is not among the classes {}",
                        legend.said(1)
                    ))
                })
            }
            None => {
                let number = value::integer(&class).and_then(|number| u64::try_from(number).ok());
                number.filter(|number| *number > 0).ok_or_else(|| {
                    Error::field(format!(
                        "mask {mask} is of class {said}, and without names classes are numbers from 1 on, as 0 is what no mask covers; name all of them, merge class[A,B], in the order of their numbers"
                    ))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_strings_and_whole_numbers() {
        for (text, name) in [
            (r#""cat""#, Some("cat")),
            (r#""\u00e4""#, Some("ä")),
            ("17", Some("17")),
            ("1.5", None),
            ("1e3", None),
            ("true", None),
            (r#""\ud800""#, None),
            ("[1]", None),
        ] {
            assert_eq!(name_of(text.as_bytes()).as_deref(), name, "{text}");
        }
        let legend: Legend = "cat,17".parse().expect("a legend");
        let number = |text: &str| number_in(&legend, text.as_bytes());
        assert_eq!([number("17"), number("\"17\""), number("\"cow\"")], [Some(1), Some(1), None]);
        assert_eq!(number_in(&Legend::default(), b"\"cow\""), Some(0));
    }
}
