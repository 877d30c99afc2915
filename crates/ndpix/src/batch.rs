//! What travels down the line: the text of whole records and where each of them came from.
//!
//! A [`Text`] belongs to one worker and is filled again and again; its buffers are kept between
//! fills. Spans index into the text, so records are never copied one by one.

/// One non-blank record of a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// First byte of the record in the text: no white space, byte order mark or separator.
    pub(crate) start: usize,
    /// End of the record in the text, without line end and trailing white space.
    pub(crate) end: usize,
    /// Which input, counted from 0.
    pub(crate) file: u32,
    /// Line of the file on which the record starts, from 1.
    pub(crate) line: u64,
    /// Offset of the record's first byte in the decompressed file, from 0.
    pub(crate) byte: u64,
    /// Number of the record over all files, from 0, counting skipped ones and not blank lines.
    pub(crate) index: u64,
    /// Length in bytes when it is over the record limit; then the span is empty.
    pub(crate) overlong: Option<u64>,
}

/// The text of some whole records.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// Text of the records, and whatever stands between them.
    pub(crate) bytes: Vec<u8>,
    /// The records, in input order.
    pub(crate) records: Vec<Record>,
}

impl Text {
    /// The text of one of its records.
    pub(crate) fn record(&self, record: &Record) -> &[u8] {
        &self.bytes[record.start..record.end]
    }

    /// Takes the records from number `at` on into a text of their own.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let mut records = self.records.split_off(at);
        let start = records.first().map_or(self.bytes.len(), |r| r.start);
        for record in &mut records {
            record.start -= start;
            record.end -= start;
        }
        Self { bytes: self.bytes.split_off(start), records }
    }
}
