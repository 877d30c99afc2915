//! Where a feed begins that goes on after what an earlier run has done: a place between two records, and what
//! was counted up to there.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Current, Feed, FeedCounts};
use crate::batch::Record;
use crate::error::{ErrorKind, Result};
use crate::framing::{Framing, Scanner, sniff};
use crate::source;

/// A place in the inputs from which they are read on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The input, from 0.
    pub(crate) file: u32,
    /// Line and offset of the next byte in it; but for lines that are not compressed the beginning.
    pub(crate) line: u64,
    pub(crate) byte: u64,
    /// Whether that is on a line after its record.
    pub(crate) recorded: bool,
    /// Records over all inputs before that byte.
    pub(crate) index: u64,
    /// Records over all inputs that are done: those after `index` are passed over once more.
    pub(crate) done: u64,
    /// Of those before that byte the records that meet `where`, those that `skip` passes over too.
    pub(crate) matched: u64,
    /// Of those before this input.
    pub(crate) met_before: u64,
    /// Blank lines and decompressed bytes over all inputs before that byte.
    pub(crate) blank: u64,
    pub(crate) bytes: u64,
    /// The number of the first record of each input up to this one.
    pub(crate) firsts: Vec<u64>,
}

impl Start {
    /// Whether its numbers can be those of one place: it may have come from a file that somebody has changed.
    pub(crate) fn is_sound(&self) -> bool {
        let first = self.firsts.last().copied().unwrap_or(u64::MAX);
        let before = self.index.checked_sub(first);
        let blank = before.and_then(|records| {
            let records = records.checked_sub(u64::from(self.recorded))?;
            self.line.checked_sub(1)?.checked_sub(records)
        });
        self.firsts.len() as u64 == u64::from(self.file) + 1
            && self.firsts.is_sorted()
            && before.is_some()
            && self.index <= self.done
            && self.met_before <= self.matched
            && self.matched <= self.index
            && (self.byte == 0
                || (blank.is_some_and(|blank| blank <= self.blank) && self.byte <= self.bytes))
    }
}

/// What was counted when an input was begun.
#[derive(Debug, Clone, Copy)]
struct Begin {
    index: u64,
    matched: u64,
    blank: u64,
    bytes: u64,
    /// Whether it can be read on from any of its lines.
    lines: bool,
}

/// What was counted at the beginning of each input, told while they are read to whoever commits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begins(Arc<Mutex<Vec<Begin>>>);

impl Begins {
    /// Those of the inputs before `start`, of which only the numbers of their records are known.
    pub(super) fn before(start: &Start) -> Self {
        let known = start.firsts.iter().take(start.file as usize);
        let begin =
            |index: &u64| Begin { index: *index, matched: 0, blank: 0, bytes: 0, lines: false };
        Self(Arc::new(Mutex::new(known.map(begin).collect())))
    }

    /// Notes that the next input begins, with what was counted up to there.
    pub(super) fn next(&self, index: u64, matched: u64, blank: u64, bytes: u64) {
        self.with(|all| all.push(Begin { index, matched, blank, bytes, lines: false }));
    }

    /// Notes that the input that was begun last holds lines and is not compressed.
    pub(super) fn lines(&self) {
        self.with(|all| all.last_mut().into_iter().for_each(|begin| begin.lines = true));
    }

    /// Where to go on after `record`; with `moved` its line and offset are those of another file.
    pub(crate) fn after(&self, record: &Record, moved: bool) -> Option<Start> {
        let (begin, firsts) = self.with(|all| {
            let upto = all.get(..=record.file as usize)?;
            Some((*upto.last()?, upto.iter().map(|begin| begin.index).collect()))
        })?;
        let done = record.index + 1;
        let start = Start {
            file: record.file,
            line: 1,
            byte: 0,
            recorded: false,
            index: begin.index,
            done,
            matched: begin.matched,
            met_before: begin.matched,
            blank: begin.blank,
            bytes: begin.bytes,
            firsts,
        };
        if !begin.lines || moved {
            return Some(start);
        }
        let byte = record.byte + record.len();
        // A line without a record is blank.
        let blank = record.line - 1 - (record.index - begin.index);
        Some(Start {
            line: record.line,
            byte,
            recorded: true,
            index: done,
            matched: record.matched,
            blank: begin.blank + blank,
            bytes: begin.bytes + byte,
            ..start
        })
    }

    fn with<R>(&self, act: impl FnOnce(&mut Vec<Begin>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Feed {
    /// Begins there, and counts as if it had come from the first byte of the first input.
    pub(crate) fn with_start(mut self, start: Start) -> Self {
        let passed: u64 =
            self.inputs.by_ref().take(start.file as usize).filter_map(|i| i.size()).sum();
        self.meter.pass(passed + start.byte);
        self.opened = start.file;
        self.index = start.index;
        self.done = start.done;
        self.matched = start.matched;
        let records = start.matched.saturating_sub(self.skip);
        self.counts = FeedCounts {
            blank: start.blank,
            skipped: start.index - records,
            records,
            bytes: start.bytes,
            hit_limit: false,
        };
        // The last of them ends here.
        let ends = start.firsts.iter().skip(1).chain([&start.index]);
        for (taken, (first, end)) in self.taken.iter_mut().zip(start.firsts.iter().zip(ends)) {
            *taken = if *end > self.skip || self.pick.is_some() { end - first } else { 0 };
        }
        self.begins = Begins::before(&start);
        self.start = Some(start);
        self
    }

    /// What was counted at the beginning of each input.
    pub(crate) fn begins(&self) -> Begins {
        self.begins.clone()
    }

    /// Begins the next input, if there is one.
    pub(super) fn open_next(&mut self) -> Result<()> {
        let Some(mut input) = self.inputs.next() else {
            self.ended = true;
            return Ok(());
        };
        let file = self.opened;
        self.opened += 1;
        let start = self.start.take();
        let range = input.begins_at();
        let (line, byte) = start.as_ref().map_or((1, 0), |start| (start.line, start.byte));
        let byte = byte.max(range.unwrap_or(0));
        let meter = Arc::clone(&self.meter);
        let reader = source::open(&mut input, byte, meter, self.threads).map_err(|e| {
            if e.kind() == ErrorKind::Json { e.at(self.position(file, line, byte)) } else { e }
        })?;
        for name in &reader.compressions {
            if !self.compressions.contains(name) {
                self.compressions.push(name);
            }
        }
        let first = start.as_ref().and_then(|start| start.firsts.last().copied());
        let first = first.unwrap_or(self.index);
        let mut current = Current {
            seeks: input.is_file() && reader.compressions.is_empty(),
            reader,
            file,
            ended: false,
            cut: false,
            told: range.map(|_| Framing::Lines),
            scanner: range.filter(|from| *from > 0).map(|_| Scanner::on_line(false)),
            sniff: sniff::Sniff::default(),
            line,
            byte,
            records: self.index - first,
            record: None,
        };
        if current.scanner.is_some() {
            self.decided = Framing::Lines;
        }
        let counts = self.counts;
        match start.filter(|start| start.byte > 0) {
            None => self.begins.next(self.index, self.matched, counts.blank, counts.bytes),
            Some(start) => {
                let blank =
                    counts.blank - (line - 1 - (self.index - first - u64::from(start.recorded)));
                self.begins.next(first, start.met_before, blank, counts.bytes - byte);
                self.begins.lines();
                self.decided = Framing::Lines;
                current.scanner = Some(Scanner::on_line(start.recorded));
            }
        }
        self.current = Some(current);
        Ok(())
    }
}
