//! A file that is several: lines of one topic each, whose images are alike only within a topic.

use std::collections::BTreeMap;

use super::sample::Sample;
use crate::decode::Decoder;
use crate::dtype::DType;
use crate::error::{Remedy, Result};
use crate::plan::Plan;
use crate::record::pointer::{Pointer, Step};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// More values than these are no topics, and longer ones neither.
const TOPICS: usize = 8;
const LENGTH: usize = 64;

/// What an image is: its shape and dtype.
type Look = (Shape, DType);

/// The values of a member, each with what its images are, `None` where they are not alike, and in how many
/// records.
type Topics = BTreeMap<String, (Option<Look>, usize)>;

/// What takes the records of one topic: one remedy for each value of the first member that all records have, and by
/// which their images are alike. None where there is no such member.
pub(crate) fn topics(sample: &Sample<'_>, plan: &Plan) -> Result<Vec<Remedy>> {
    let mut members: Option<BTreeMap<String, Topics>> = None;
    let mut decoder = Decoder::new(plan)?;
    for record in &sample.records {
        let Ok(items) = decoder.find(record.text) else { continue };
        let mut looks: Vec<Look> = Vec::new();
        for item in 0..items {
            if let Ok(found) = decoder.probe(record.text, item, record.base) {
                looks.push((found.info.shape, found.info.dtype));
            }
        }
        let words = words(record.text);
        let known = members.get_or_insert_with(|| {
            words.iter().map(|(name, _)| (name.clone(), Topics::new())).collect()
        });
        known.retain(|name, _| words.iter().any(|(other, _)| other == name));
        for (name, word) in words {
            let Some(topics) = known.get_mut(&name) else { continue };
            for (number, &look) in looks.iter().enumerate() {
                let (all, records) = topics.entry(word.clone()).or_insert((Some(look), 0));
                *all = all.filter(|all| *all == look);
                *records += usize::from(number == 0);
            }
        }
    }
    let parts = |topics: &Topics| {
        // A name that each record has for itself is no topic.
        let shared = |(look, records): &(Option<Look>, usize)| look.is_some() && *records > 1;
        (2..=TOPICS).contains(&topics.len()) && topics.values().all(shared)
    };
    let Some((name, topics)) = members.into_iter().flatten().find(|(_, topics)| parts(topics))
    else {
        return Ok(Vec::new());
    };
    let field = Pointer::new(vec![Step::Key(name)]);
    Ok(topics
        .into_keys()
        .map(|word| {
            Remedy::new(
                format!("those of {field} {word}"),
                vec![("where", format!("{field}={word}"))],
            )
        })
        .collect())
}

/// The members of a record that are short strings, and what they say.
fn words(record: &[u8]) -> Vec<(String, String)> {
    let (mut words, mut scratch) = (Vec::new(), Vec::new());
    for (key, text) in value::entries(record) {
        if value::kind(text) != Kind::String || text.len() > LENGTH {
            continue;
        }
        let word = String::from_utf8_lossy(value::unescape(text, &mut scratch)).into_owned();
        let key = String::from_utf8_lossy(value::unescape_inner(key, &mut scratch)).into_owned();
        // A condition takes its value without the blanks around it.
        if word.trim() == word && !word.is_empty() && !word.contains(['\n', '\r']) {
            words.push((key, word));
        }
    }
    words
}
