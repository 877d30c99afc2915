//! The feed: goes through the inputs in order, counts lines, bytes and records, and hands out
//! batches of whole records.
//!
//! Text stays in one buffer from reading to handing out; what is left after the last record is
//! moved only where that costs less than what was handed out, so the work is linear in the input.
//! An error waits until every record before it was handed out.

mod cut;
mod ended;
mod start;

use std::io::{self, Read};
use std::sync::Arc;

use super::{Event, Framing, Scanner, sniff, trailing_space};
use crate::batch::{File, Text};
use crate::control::Meter;
use crate::error::{Error, Position, Result};
use crate::limits::{Limits, lengthen, make_room};
use crate::source::{self, Input, Opened};

pub(crate) use start::{Begins, Start};

/// How much is read at a time and handed out as one batch, unless `with_block_bytes` says otherwise.
const BLOCK: usize = 1 << 20;

/// No block is smaller because the inputs are: compressed ones may hold much more.
const SMALL: u64 = 4 << 10;
/// A record that grows beyond this is read while nothing else is held.
const ALONE: usize = 32 << 20;
/// White space after a record that does not count against the record limit. It is held until
/// the record's end is seen, so it cannot be without limit itself.
const SPACE: u64 = 1 << 20;

/// What a [`Feed`] has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FeedCounts {
    /// Blank lines.
    pub(crate) blank: u64,
    /// Records passed over by `where` and `skip`.
    pub(crate) skipped: u64,
    /// Records handed out.
    pub(crate) records: u64,
    /// Decompressed bytes gone through.
    pub(crate) bytes: u64,
    /// It stopped because `limit` was reached.
    pub(crate) hit_limit: bool,
}

/// The file that is being cut.
struct Current {
    reader: Opened,
    /// Whether it can be opened again at any of its bytes.
    seeks: bool,
    file: u32,
    /// Nothing more can be read, and whether that is no end.
    ended: bool,
    cut: bool,
    /// What its framing is, where that is not to be found out.
    told: Option<Framing>,
    /// `None` until the framing is known.
    scanner: Option<Scanner>,
    sniff: sniff::Sniff,
    /// Line and offset of the next byte to scan.
    line: u64,
    byte: u64,
    /// Records that ended, those that are passed over too.
    records: u64,
    record: Option<Open>,
}

/// A record whose end was not seen yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    start: usize,
    line: u64,
    byte: u64,
    /// Offset after its last byte so far that is not white space.
    solid: u64,
    /// It is not handed out, so its text is not kept.
    dropped: bool,
}

impl Open {
    /// Its length when it is over the limit and goes on to `end`.
    fn overlong(&self, end: u64, max: u64) -> Option<u64> {
        let (record, all) = (self.solid - self.byte, end - self.byte);
        if record > max { Some(record) } else { (all > max.saturating_add(SPACE)).then_some(all) }
    }
}

/// What becomes of a record whose text was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picked {
    /// It is handed out.
    Yes,
    /// It is passed over.
    No,
    /// It cannot be told: it is handed out, and known as such.
    Untold,
    /// It is passed over, and so is all that follows.
    Over,
}

/// Says it of the text of a record, which may be the line of a rejects file.
pub(crate) type Pick = Box<dyn FnMut(&[u8], bool) -> Picked + Send>;

/// Cuts inputs into batches of whole records.
pub(crate) struct Feed {
    inputs: std::vec::IntoIter<Input>,
    files: Vec<File>,
    total_bytes: Option<u64>,
    opened: u32,
    asked: Framing,
    decided: Framing,
    compressions: Vec<&'static str>,
    max_record_bytes: u64,
    skip: u64,
    limit: Option<u64>,
    pick: Option<Pick>,
    /// Records over all inputs that are picked.
    matched: u64,
    block: usize,
    threads: usize,
    keeps_cut: bool,
    meter: Arc<Meter>,
    counts: FeedCounts,
    /// Of each input the records up to the last that was handed out.
    taken: Vec<u64>,
    /// Of each input the line ends that were gone through between its records.
    line_ends: Vec<u64>,
    marked: bool,
    index: u64,
    /// Where it begins, until that is opened; records before number `done` are not handed out.
    start: Option<Start>,
    done: u64,
    begins: Begins,
    current: Option<Current>,
    /// Text read and not yet handed out: initialised memory, in use up to `filled`, scanned up to
    /// `scanned`.
    buf: Vec<u8>,
    filled: usize,
    scanned: usize,
    /// Given once every record before it was handed out.
    failure: Option<Error>,
    ended: bool,
}

impl Feed {
    /// Passes over `skip` records and then hands out at most `limit`.
    pub(crate) fn new(
        inputs: Vec<Input>,
        framing: Framing,
        limits: &Limits,
        skip: u64,
        limit: Option<u64>,
    ) -> Self {
        let info = |i: &Input| File { name: i.name(), base: i.base(), rejects: i.is_rejects() };
        Self {
            files: inputs.iter().map(info).collect(),
            taken: vec![0; inputs.len()],
            line_ends: vec![0; inputs.len()],
            marked: false,
            total_bytes: inputs.iter().map(Input::size).sum(),
            inputs: inputs.into_iter(),
            opened: 0,
            asked: framing,
            decided: framing,
            compressions: Vec::new(),
            max_record_bytes: limits.longest_record().0,
            skip,
            limit,
            pick: None,
            matched: 0,
            block: BLOCK,
            threads: 1,
            keeps_cut: false,
            meter: Arc::default(),
            counts: FeedCounts::default(),
            index: 0,
            start: None,
            done: 0,
            begins: Begins::default(),
            current: None,
            buf: Vec::new(),
            filled: 0,
            scanned: 0,
            failure: None,
            ended: false,
        }
    }

    /// Reads and hands out blocks of `bytes`; what the records are does not depend on it.
    pub(crate) fn with_block_bytes(mut self, bytes: usize) -> Self {
        // Zeroing a whole block takes about as long as all else that is done with an input of a few bytes.
        // One byte more, so that the end is found in the room that is there.
        let all = self.total_bytes.unwrap_or(u64::MAX).saturating_add(1).max(SMALL);
        self.block = bytes.max(1).min(usize::try_from(all).unwrap_or(usize::MAX));
        self
    }

    /// Inputs may be decompressed by so many threads.
    pub(crate) fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Fills `text` with whole records, at least one; `false` at the end of the last input.
    ///
    /// Calls `alone` before one record grows beyond 32 MiB, so that the caller can wait until no
    /// other text is in use. An error comes after all records before it.
    pub(crate) fn next(
        &mut self,
        text: &mut Text,
        max_records: usize,
        alone: &dyn Fn(),
    ) -> Result<bool> {
        text.records.clear();
        text.originals.clear();
        let mut called = false;
        while !self.ended && self.failure.is_none() {
            if self.limit.is_some_and(|limit| self.counts.records >= limit) {
                self.counts.hit_limit = true;
                self.ended = true;
                break;
            }
            if let (Some(first), Some(last)) = (text.records.first(), text.records.last())
                && (text.records.len() >= max_records || last.end - first.start >= self.block)
            {
                break;
            }
            match self.advance(text, &mut called, alone) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => self.failure = Some(e),
            }
        }
        if text.records.is_empty() {
            text.bytes.clear();
            self.current = None;
            self.ended = true;
            return self.failure.take().map_or(Ok(false), Err);
        }
        self.hand_over(text)?;
        Ok(true)
    }

    /// What a record that does not fit into memory is to the run: the machine's.
    fn no_room(&self, error: Error) -> Error {
        let Some(current) = &self.current else { return error };
        let (line, byte) =
            current.record.map_or((current.line, current.byte), |r| (r.line, r.byte));
        let what = format!("cannot read a record: {}", error.message());
        Error::io(what, io::ErrorKind::OutOfMemory.into()).at(self.position(
            current.file,
            line,
            byte,
        ))
    }

    /// One step: the next file, its framing, more bytes, or what the scanner meets next. `false`
    /// when the records of `text` should be handed out before more is read.
    fn advance(&mut self, text: &mut Text, called: &mut bool, alone: &dyn Fn()) -> Result<bool> {
        let Some(current) = &mut self.current else {
            return self.open_next().map(|()| true);
        };
        if current.scanner.is_none() {
            let bytes = &self.buf[self.scanned..self.filled];
            let bom = bytes.starts_with(b"\xef\xbb\xbf");
            if current.byte == 0 && bom {
                self.scanned += 3;
                self.counts.bytes += 3;
                current.byte = 3;
                self.marked |= current.file == 0;
                return Ok(true);
            }
            let undecided = current.byte == 0 && b"\xef\xbb\xbf".starts_with(bytes);
            let framing = match current.told.unwrap_or(self.asked) {
                _ if undecided && !current.ended => None,
                Framing::Auto => current.sniff.decide(bytes, current.ended, self.max_record_bytes),
                asked => Some(asked),
            };
            let Some(framing) = framing else {
                return self.read(text, called, alone);
            };
            self.decided = framing;
            current.scanner = Some(Scanner::new(framing));
            if framing == Framing::Lines && current.seeks {
                self.begins.lines();
            }
        }
        let Some(scanner) = &mut current.scanner else { return Ok(true) };

        let last = current.ended && !current.cut;
        let step = scanner.step(&self.buf[self.scanned..self.filled], last);
        let used = &self.buf[self.scanned..self.scanned + step.used];
        self.scanned += step.used;
        self.counts.bytes += step.used as u64;
        current.byte += step.used as u64;
        current.line += step.newlines;
        self.line_ends[current.file as usize] += step.newlines;
        if let Some(record) = &mut current.record {
            let space = trailing_space(used);
            if space < used.len() {
                record.solid = current.byte - space as u64;
            }
            record.dropped |= record.overlong(current.byte, self.max_record_bytes).is_some();
        }
        match step.event {
            Event::Begin => {
                // Of what is picked the text must be seen.
                let dropped = self.pick.is_none() && self.index < self.skip.max(self.done);
                let (start, line, byte) = (self.scanned, current.line, current.byte);
                current.record = Some(Open { start, line, byte, solid: byte, dropped });
            }
            Event::End => self.end_record(text, false),
            Event::Blank => self.counts.blank += 1,
            Event::More => return self.read(text, called, alone),
            Event::Done => self.current = None,
            Event::Lost(what) => {
                let (line, byte) =
                    current.record.map_or((current.line, current.byte), |r| (r.line, r.byte));
                let file = current.file;
                let message = format!("the records cannot be told apart here: {what}");
                return Err(Error::json(message).at(self.position(file, line, byte)));
            }
        }
        Ok(true)
    }

    /// Reads one more block after the text that is still needed; `false` when there is enough
    /// of it to hand out first, so that text to come is not held after it.
    fn read(&mut self, text: &mut Text, called: &mut bool, alone: &dyn Fn()) -> Result<bool> {
        let Some(current) = &mut self.current else { return Ok(true) };
        if current.cut {
            self.end_cut(text);
            return Ok(true);
        }
        if text.records.first().is_some_and(|r| self.filled - r.start >= self.block) {
            return Ok(false);
        }
        if let Some(record) = &mut current.record
            && record.dropped
        {
            record.start = self.scanned;
        }
        let needed = current.record.map_or(self.scanned, |r| r.start);
        let held = self.filled - needed;
        // Moving at most as much as is given up keeps the whole linear.
        if text.records.is_empty() && needed >= held {
            self.buf.copy_within(needed..self.filled, 0);
            self.scanned -= needed;
            self.filled = held;
            if let Some(record) = &mut current.record {
                record.start = 0;
            }
        }
        if held + self.block > ALONE && !*called {
            *called = true;
            alone();
        }
        let end = self.filled + self.block;
        lengthen(&mut self.buf, end).map_err(|e| self.no_room(e))?;
        let Some(current) = &mut self.current else { return Ok(true) };
        let got = loop {
            match current.reader.read(&mut self.buf[self.filled..end]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                got => break got,
            }
        };
        match got {
            Ok(n) => {
                self.filled += n;
                current.ended = n == 0;
                Ok(true)
            }
            Err(e) if self.keeps_cut && source::is_cut(&e) => {
                (current.ended, current.cut) = (true, true);
                Ok(true)
            }
            Err(e) => {
                let (file, line, byte) = (current.file, current.line, current.byte);
                let at = self.position(file, line, byte);
                Err(source::error(&at.file, e).at(at))
            }
        }
    }

    /// Gives the records' text away, by exchanging the buffers where that copies less.
    fn hand_over(&mut self, text: &mut Text) -> Result<()> {
        let (Some(first), Some(last)) = (text.records.first(), text.records.last()) else {
            return Ok(());
        };
        let (start, end) = (first.start, last.end);
        let open = self.current.as_ref().and_then(|c| c.record.as_ref());
        let needed = open.map_or(self.scanned, |r| r.start);
        let tail = self.filled - needed;
        if tail > end - start {
            text.bytes.clear();
            make_room(&mut text.bytes, end - start).map_err(|e| self.no_room(e))?;
            text.bytes.extend_from_slice(&self.buf[start..end]);
            for record in &mut text.records {
                record.start -= start;
                record.end -= start;
            }
            return Ok(());
        }
        std::mem::swap(&mut text.bytes, &mut self.buf);
        let roomy = self.buf.capacity() > 8 * BLOCK.max(tail);
        if roomy && (self.buf.capacity() > ALONE || self.buf.len() < self.buf.capacity() / 8) {
            self.buf = Vec::new();
        }
        // The next text will be about as long. Growing to it in steps leaves pieces after that the
        // allocator keeps: 4 of 67 MiB on records of 10 MB.
        let room = (end - start).min(ALONE) + self.block;
        // Where there is no room for it yet, there may be when it is read.
        let _ = self.buf.try_reserve_exact(room.saturating_sub(self.buf.len()));
        lengthen(&mut self.buf, tail).map_err(|e| self.no_room(e))?;
        self.buf[..tail].copy_from_slice(&text.bytes[needed..self.filled]);
        text.bytes.truncate(end);
        self.scanned -= needed;
        self.filled = tail;
        if let Some(open) = self.current.as_mut().and_then(|c| c.record.as_mut()) {
            open.start = 0;
        }
        Ok(())
    }

    fn position(&self, file: u32, line: u64, byte: u64) -> Position {
        Position { file: self.file_name(file), line, byte, item: 0 }
    }

    /// The name of an input as the user wrote it.
    fn file_name(&self, file: u32) -> Arc<str> {
        self.files.get(file as usize).map_or_else(|| "".into(), |f| Arc::clone(&f.name))
    }

    /// The inputs.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// What was done so far.
    pub(crate) fn counts(&self) -> FeedCounts {
        self.counts
    }

    /// Of each input the records up to the last that was handed out, those before it that were passed over too.
    pub(crate) fn taken(&self) -> &[u64] {
        &self.taken
    }

    /// Whether the first input begins with a byte order mark.
    pub(crate) fn marked(&self) -> bool {
        self.marked
    }

    /// Of each input the line ends that were gone through.
    pub(crate) fn line_ends(&self) -> &[u64] {
        &self.line_ends
    }

    /// The framing of the file that was last begun; never `Auto` once there was a record.
    pub(crate) fn framing(&self) -> Framing {
        self.decided
    }

    /// The compressions met so far, by name.
    pub(crate) fn compressions(&self) -> &[&'static str] {
        &self.compressions
    }

    /// Grows by every raw (compressed) byte that is read.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// How many of so many records are handed out, by `skip` and `limit`.
    pub(crate) fn taken_of(&self, records: f64) -> f64 {
        // As many of them meet `where` as of those before.
        let met = self.matched as f64 / (self.index.max(1)) as f64;
        let left = (records * met - self.skip as f64).max(0.0);
        self.limit.map_or(left, |limit| left.min(limit as f64))
    }

    /// What the counter will reach, where the sizes of all inputs are known.
    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }
}
