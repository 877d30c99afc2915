//! The first records of the inputs, by which the plan is made.

use std::borrow::Cow;
use std::path::Path;

use crate::batch::Text;
use crate::error::Position;
use crate::pipeline::File;
use crate::record::rejected;
use crate::record::scan::{Query, scan};

/// Records that are looked at for the plan.
pub(crate) const SAMPLE_RECORDS: usize = 64;
/// The sample ends with the record that brings it here.
pub(crate) const SAMPLE_BYTES: usize = 16 << 20;

/// The first records of the inputs.
pub(crate) struct Sample<'a> {
    pub(super) records: Vec<Sampled<'a>>,
    /// Whether they are the lines of a rejects file, here already unwrapped.
    pub(crate) rejects_input: bool,
}

/// A record of the sample.
pub(super) struct Sampled<'a> {
    pub(super) text: Cow<'a, [u8]>,
    pub(super) base: Option<Cow<'a, Path>>,
    pub(super) position: Position,
    /// Its length where it is over the limit; then the text is empty.
    pub(super) overlong: Option<u64>,
}

impl<'a> Sample<'a> {
    pub(crate) fn new(texts: impl IntoIterator<Item = &'a Text>, files: &'a [File]) -> Self {
        let mut all = texts
            .into_iter()
            .flat_map(|t| t.records.iter().map(move |r| (t.record(r), r)))
            .peekable();
        let mut hits = Vec::new();
        let rejects_input = all.peek().is_some_and(|(text, _)| {
            scan(text, &Query::default(), &mut hits).is_ok() && rejected::is_rejected(text)
        });
        let mut bytes = 0;
        // Texts end where blocks do; the sample must not.
        let sampled = all.take(SAMPLE_RECORDS).take_while(|(text, _)| {
            let wanted = bytes < SAMPLE_BYTES;
            bytes += text.len();
            wanted
        });
        let records = sampled.map(|(text, record)| {
            let file = &files[record.file as usize];
            let wrapped = match rejects_input {
                true => rejected::original(text, Path::new(&*file.name)).ok(),
                false => None,
            };
            match wrapped {
                Some(original) => Sampled {
                    text: Cow::Owned(original.text),
                    base: original.base.map(Cow::Owned),
                    position: original.position,
                    overlong: record.overlong,
                },
                None => Sampled {
                    text: Cow::Borrowed(text),
                    base: file.base_dir.as_deref().map(Cow::Borrowed),
                    position: Position {
                        file: file.name.clone(),
                        line: record.line,
                        byte: record.byte,
                        item: 0,
                    },
                    overlong: record.overlong,
                },
            }
        });
        Self { records: records.collect(), rejects_input }
    }
}

impl Sample<'_> {
    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}
