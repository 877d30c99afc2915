//! What travels down the line: the text of whole records and where each of them came from.
//!
//! A [`Text`] belongs to one worker and is filled again and again; its buffers are kept between
//! fills. Spans index into the text, so records are never copied one by one.
//!
//! Where a record comes from is one fact, its [`Origin`]: that of a record which stood in a rejects file
//! is the place that it was rejected from.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Position};
use crate::limits::Limits;
use crate::paths::Base;

/// A file that records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// As the caller, or the rejects file, names it.
    pub(crate) name: Arc<str>,
    /// Where relative paths in its records begin; none for what has no folder.
    pub(crate) base: Option<Base>,
    /// Whether its records are the lines of a rejects file.
    pub(crate) rejects: bool,
}

/// What a line of a rejects file says of the record that it wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Original {
    /// The file that the record was rejected from.
    pub(crate) file: File,
    /// Line and offset at which it stands there.
    pub(crate) line: u64,
    pub(crate) byte: u64,
    /// The one image of the record that was rejected; `None`: all of them.
    pub(crate) item: Option<u32>,
    /// Why there is no record to be read, and who must act.
    pub(crate) lost: Option<(ErrorKind, &'static str)>,
}

/// Where a record comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'t> {
    /// The file that it stands in, or was rejected from.
    pub(crate) file: &'t File,
    /// Line of the file on which the record starts, from 1.
    pub(crate) line: u64,
    /// Offset of the record's first byte in the decompressed file, from 0.
    pub(crate) byte: u64,
    /// What its line in a rejects file said; none in any other file.
    pub(crate) original: Option<&'t Original>,
}

impl Origin<'_> {
    /// The place of one of its images.
    pub(crate) fn position(&self, item: u32) -> Position {
        let file = Arc::clone(&self.file.name);
        Position { file, line: self.line, byte: self.byte, item }
    }

    /// The one image that the record is read for, by its line in a rejects file.
    pub(crate) fn item(&self) -> Option<u32> {
        self.original.and_then(|original| original.item)
    }

    /// The images of the record that are wanted, of so many.
    pub(crate) fn wanted(&self, items: usize) -> std::ops::Range<usize> {
        let one = self.item().map(|n| n as usize);
        // Where other options find fewer images, which of them was rejected is not known.
        one.filter(|&n| n < items).map_or(0..items, |n| n..n + 1)
    }
}

/// One non-blank record of a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// First byte of the record in the text: no white space, byte order mark or separator.
    pub(crate) start: usize,
    /// End of the record in the text, without line end and trailing white space.
    pub(crate) end: usize,
    /// Which input, counted from 0.
    pub(crate) file: u32,
    /// Line of the input on which the record starts, from 1.
    pub(crate) line: u64,
    /// Offset of the record's first byte in the decompressed input, from 0.
    pub(crate) byte: u64,
    /// Number of the record over all files, from 0, counting skipped ones and not blank lines.
    pub(crate) index: u64,
    /// Records over all files up to this one that meet `where`; all of them where nothing is asked.
    pub(crate) matched: u64,
    /// Whether `where` cannot tell if it is read: it is, so that it is said why.
    pub(crate) untold: bool,
    /// Why its text is not there; then the span is empty.
    pub(crate) gone: Option<Gone>,
}

/// Why the text of a record is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It is over the record limit, with this length in bytes.
    Overlong(u64),
    /// The compressed input ends before it does; or before the next would begin, of which nobody knows.
    Cut,
}

impl Gone {
    /// What is said of such a record, if these limits refuse it.
    pub(crate) fn refused(self, limits: &Limits) -> Option<Error> {
        match self {
            Self::Overlong(length) => limits.check_record(length).err(),
            Self::Cut => Some(Error::encoding(
                "the compressed input is cut here: it ends before its end, and what would follow is missing",
            )),
        }
    }
}

/// The text of some whole records.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// Text of the records, and whatever stands between them.
    pub(crate) bytes: Vec<u8>,
    /// The records, in input order.
    pub(crate) records: Vec<Record>,
    /// For each record that stood in a rejects file what its line said; empty where none did.
    pub(crate) originals: Vec<Option<Original>>,
}

impl Record {
    /// Where it stands among the inputs.
    pub(crate) fn place(&self) -> (u32, u64) {
        (self.file, self.byte)
    }

    /// Its length in bytes, as far as it is known.
    pub(crate) fn len(&self) -> u64 {
        match self.gone {
            Some(Gone::Overlong(length)) => length,
            _ => (self.end - self.start) as u64,
        }
    }
}

impl Text {
    /// The text of one of its records.
    pub(crate) fn record(&self, record: &Record) -> &[u8] {
        &self.bytes[record.start..record.end]
    }

    /// Where a record of the text comes from; `files` are the inputs.
    pub(crate) fn origin<'t>(&'t self, number: usize, files: &'t [File]) -> Origin<'t> {
        let record = &self.records[number];
        let original = self.originals.get(number).and_then(Option::as_ref);
        let (file, line, byte) = match original {
            Some(original) => (&original.file, original.line, original.byte),
            None => (&files[record.file as usize], record.line, record.byte),
        };
        Origin { file, line, byte, original }
    }

    /// Why a record of the text cannot be read, where that is known before it is looked at.
    pub(crate) fn unreadable(&self, number: usize, limits: &Limits) -> Option<Error> {
        if let Some(gone) = self.records[number].gone {
            return gone.refused(limits);
        }
        let lost = self.originals.get(number).and_then(Option::as_ref).and_then(|o| o.lost);
        lost.map(|(kind, message)| Error::new(kind, message))
    }

    /// Takes the records from number `at` on into a text of their own.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let mut records = self.records.split_off(at);
        let start = records.first().map_or(self.bytes.len(), |r| r.start);
        for record in &mut records {
            record.start -= start;
            record.end -= start;
        }
        let originals = self.originals.split_off(at.min(self.originals.len()));
        Self { bytes: self.bytes.split_off(start), records, originals }
    }
}
