//! A part that is done, as files: blocks one after another, each with its lengths in front.

use super::Facts;
use super::block::{Bases, Block, Written};
use crate::batch::File;
use crate::books::count;
use crate::error::{Error, Result};
use crate::pipeline::{Fate, Part};
use crate::sink::work::{Reel, Try, Work};
use crate::summary::Summary;

const PIXELS: usize = 0;
const ROWS: usize = 1;
const COLUMNS: usize = 2;
const REJECTS: usize = 3;

/// Writes the files of a part.
pub(super) struct Writer<'w> {
    files: Try<'w>,
    block: Written,
    keeps: bool,
    /// What was counted.
    pub(super) summary: Summary,
    last_record: Option<u64>,
}

impl<'w> Writer<'w> {
    /// `keeps`: whether the text of a record without image may be asked for.
    pub(super) fn new(files: Try<'w>, keeps: bool) -> Self {
        let (block, summary) = (Written::default(), Summary::default());
        Self { files, block, keeps, summary, last_record: None }
    }

    /// Writes what the threads hand over.
    pub(super) fn write(&mut self, part: &Part<'_>) -> Result<()> {
        if part.outcomes.is_empty() {
            return Ok(());
        }
        for outcome in part.outcomes.iter() {
            let index = part.text.records[outcome.record].index;
            let first = self.last_record.replace(index) != Some(index);
            count(&mut self.summary, &outcome.result, first);
            if let Fate::Unreadable(e) | Fate::Rejected(e) | Fate::Refused(e) = &outcome.result {
                *self.summary.rejects.entry(e.kind()).or_default() += 1;
            }
        }
        self.block.write(part, self.keeps);
        let Written { rows, columns, rejects } = &self.block;
        let lens = [rows.0.len(), columns.0.len(), rejects.0.len(), part.pixels.len()];
        lens.iter().try_for_each(|len| self.files.write(ROWS, &(*len as u64).to_le_bytes()))?;
        self.files.write(ROWS, &rows.0)?;
        self.files.write(COLUMNS, &columns.0)?;
        self.files.write(REJECTS, &rejects.0)?;
        self.files.write(PIXELS, part.pixels)
    }

    /// The files, which are to be sealed.
    pub(super) fn files(self) -> Try<'w> {
        self.files
    }
}

/// Reads the files of a part, block by block.
pub(crate) struct Fragment {
    reels: Vec<Reel>,
    bytes: [Vec<u8>; 4],
    head: Vec<u8>,
}

impl Fragment {
    pub(super) fn open(work: &Work, facts: &Facts) -> Result<Self> {
        let open = |(file, sum)| work.open(facts.part, file, sum);
        let reels =
            facts.files.iter().copied().enumerate().map(open).collect::<Result<Vec<_>>>()?;
        Ok(Self { reels, bytes: Default::default(), head: Vec::new() })
    }

    /// The pixels of the next block, whose other things are put into `block`; `None` at the end, when all is
    /// known to be what was written.
    pub(super) fn next(
        &mut self,
        block: &mut Block,
        bases: &Bases,
        files: &[File],
    ) -> Result<Option<&[u8]>> {
        if self.reels[ROWS].is_over() {
            self.reels.iter_mut().try_for_each(Reel::check)?;
            return Ok(None);
        }
        self.reels[ROWS].read(32, &mut self.head)?;
        for (number, file) in [ROWS, COLUMNS, REJECTS, PIXELS].into_iter().enumerate() {
            let mut len = [0; 8];
            len.copy_from_slice(&self.head[8 * number..8 * number + 8]);
            self.reels[file].read(u64::from_le_bytes(len), &mut self.bytes[file])?;
        }
        let [pixels, rows, columns, rejects] = &self.bytes;
        let len = |outcome: &crate::pipeline::Outcome| match outcome.result {
            Fate::Row { len, .. } => len,
            _ => 0,
        };
        let read = block.read([rows, columns, rejects], bases, files).filter(|()| {
            block.outcomes.iter().map(len).fold(0, usize::saturating_add) == pixels.len()
        });
        match read {
            Some(()) => Ok(Some(pixels)),
            None => Err(self.damaged("it is not what ndpix writes")),
        }
    }

    fn damaged(&self, why: &str) -> Error {
        self.reels[ROWS].damaged(why)
    }
}
