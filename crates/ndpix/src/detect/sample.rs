//! The first records of the inputs, by which the plan is made.

use crate::batch::{File, Gone, Text};
use crate::error::Position;
use crate::paths::Base;

/// Records that are looked at for the plan.
pub(crate) const SAMPLE_RECORDS: usize = 64;
/// The sample ends with the record that brings it here.
pub(crate) const SAMPLE_BYTES: usize = 16 << 20;

/// The first records of the inputs.
pub(crate) struct Sample<'a> {
    pub(super) records: Vec<Sampled<'a>>,
    /// What the input begins with, where its first record is of the sample.
    pub(super) begins: &'a [u8],
}

/// A record of the sample.
pub(super) struct Sampled<'a> {
    pub(super) text: &'a [u8],
    pub(super) base: Option<&'a Base>,
    pub(super) position: Position,
    /// Where it stands among the inputs.
    pub(super) place: (u32, u64),
    /// Why its text is not there; then it is empty.
    pub(super) gone: Option<Gone>,
}

impl<'a> Sample<'a> {
    /// The sample that begins with record `first` of the texts.
    pub(crate) fn new(
        texts: impl IntoIterator<Item = &'a Text>,
        files: &'a [File],
        first: usize,
    ) -> Self {
        let all = texts
            .into_iter()
            .flat_map(|text| (0..text.records.len()).map(move |number| (text, number)));
        let mut bytes = 0;
        // Texts end where blocks do; the sample must not.
        let sampled = all.skip(first).take(SAMPLE_RECORDS).take_while(|(text, number)| {
            let wanted = bytes < SAMPLE_BYTES;
            bytes += text.record(&text.records[*number]).len();
            wanted
        });
        let mut begins = &[][..];
        let records = sampled.map(|(text, number)| {
            let (record, origin) = (&text.records[number], text.origin(number, files));
            if record.byte == 0 && record.file == 0 {
                begins = &text.bytes[record.start..];
            }
            Sampled {
                text: text.record(record),
                base: origin.file.base.as_ref(),
                position: origin.position(0),
                place: record.place(),
                gone: record.gone,
            }
        });
        let records = records.collect();
        Self { records, begins }
    }
}

impl Sampled<'_> {
    /// Whether the line of a rejects file stands for it that does not hold it.
    pub(super) fn is_lost(&self) -> bool {
        self.text.is_empty() && self.gone.is_none()
    }
}

impl Sample<'_> {
    /// The same without records of which it cannot be told whether `where` takes them: they are rejects, and no images.
    pub(crate) fn told(mut self, mut is_told: impl FnMut(&[u8]) -> bool) -> Self {
        self.records.retain(|record| is_told(record.text));
        self
    }

    /// The texts of the records.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().map(|record| record.text)
    }

    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}
