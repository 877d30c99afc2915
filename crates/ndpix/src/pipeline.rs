//! The only file with threads, but for `threads.rs`: every worker runs the same loop, and batches commit in order.
//!
//! A worker locks the source, takes whole records and the next ticket, unlocks, decodes, waits for
//! its turn, commits. There are exactly as many batches as threads, so they are the memory bound.
//! With one thread the same loop runs in place: that is the specification. Where a batch holds
//! more pixels than a few MiB it is committed in parts, so that neither a record with a thousand
//! images nor a short line that names a large file widens the bound. Large images wait for each
//! other: those decoded ahead of their turn share a budget.
//!
//! The commit writes while it has the turn. Writers of one file wait for each other anyway: the kernel
//! takes the file's lock for every buffered write. Two threads that each `pwrite` parts of 400 KiB or
//! 2 MiB (600 MB to a RAM disk, medians of 7) took 0.51 and 0.59 s without a lock of their own, 0.52 and
//! 0.66 s with one, and one thread 0.51 and 0.65 s. So writing outside the turn gains nothing.

pub(crate) mod clock;
mod doubts;
mod part;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::batch::{File, Text};
use crate::decode::{Decoder, Kept, PixelBuffer};
use crate::error::{Error, ErrorKind, Result};
use crate::framing::Feed;
use crate::plan::Plan;
use crate::record::filter::Filter;
use crate::record::rejected;
use crate::threads::{Job, bug, lock};
use crate::{limits, reserve};

use clock::{Held, Lock};
pub(crate) use doubts::Doubts;
pub(crate) use part::{Fate, Outcome, Part};

/// Records that all threads together look ahead, where their images are fetched.
const AHEAD: usize = 1024;

/// A part of a batch is committed when this many bytes of pixels are waiting.
const PART_BYTES: usize = 2 << 20;

/// Images that take more than this count against the memory budget.
const LARGE: u64 = 8 << 20;
/// Larger buffers are given back: one enormous image must not keep its memory for the whole run.
const KEEP_BYTES: usize = 64 << 20;
/// The budget where `memory` sets none.
const AUTO_MEMORY: u64 = 2 << 30;

/// What the workers share.
struct Shared<'a, C> {
    plan: &'a Plan,
    files: &'a [File],
    stop: &'a AtomicBool,
    part_bytes: usize,
    max_records: usize,
    source: Mutex<Source<'a>>,
    turn: Mutex<Turn<C>>,
    turned: Condvar,
    /// Set when `ended` is, for those who wait for something else than their turn.
    over: AtomicBool,
}

struct Source<'a> {
    feed: &'a mut Feed,
    sample: VecDeque<Text>,
    /// A failure of the source, reported after everything before it is committed.
    failure: Option<Error>,
    ticket: u64,
    done: bool,
}

struct Turn<C> {
    next: u64,
    commit: C,
    /// Bytes of the large images that are decoded and not committed, and the largest of all so far.
    held: u64,
    largest: u64,
    /// Buffers of large images, used again by whichever thread comes next: memory that is touched
    /// for the first time costs more than decoding, and there are never more than are in use.
    spare: Vec<PixelBuffer>,
    /// Set when the run ends early; waiting workers leave.
    ended: bool,
    failure: Option<Error>,
}

/// What there is to do.
pub(crate) struct Work<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) files: &'a [File],
    pub(crate) feed: &'a mut Feed,
    /// Batches that were read for the plan; they come first.
    pub(crate) sample: VecDeque<Text>,
    /// A failure of the source after the sample.
    pub(crate) failure: Option<Error>,
}

/// Runs every record of the sample and then of the feed through the decoder, and hands the outcomes to
/// `commit` in input order; the job that a commit leaves is done at once, by the same thread, outside of the
/// turn. `stop` ends the run between batches. The first cause is the error.
pub(crate) fn run<C>(work: Work<'_>, threads: usize, stop: &AtomicBool, commit: C) -> Result<()>
where
    C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
{
    let Work { plan, files, feed, sample, failure } = work;
    let slot = plan.slot_len()?.max(1);
    let shared = Shared {
        plan,
        files,
        stop,
        part_bytes: PART_BYTES,
        max_records: max_records(plan, slot, threads),
        source: Mutex::new(Source { feed, sample, failure, ticket: 0, done: false }),
        turn: Mutex::new(Turn {
            next: 0,
            commit,
            held: 0,
            largest: 0,
            spare: Vec::new(),
            ended: false,
            failure: None,
        }),
        turned: Condvar::new(),
        over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        // This thread is one of them, and alone enough to finish.
        for i in 1..threads {
            let spawned = std::thread::Builder::new()
                .name(format!("ndpix-{i}"))
                .spawn_scoped(scope, || work_guarded(&shared));
            if spawned.is_err() {
                break;
            }
        }
        work_guarded(&shared);
    });
    let turn = shared.turn.into_inner().unwrap_or_else(PoisonError::into_inner);
    let source = shared.source.into_inner().unwrap_or_else(PoisonError::into_inner);
    match turn.failure.or(source.failure) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn fail<C>(shared: &Shared<'_, C>, error: Error) {
    let mut turn = lock(&shared.turn);
    turn.ended = true;
    shared.over.store(true, Ordering::Relaxed);
    turn.failure.get_or_insert(error);
    shared.turned.notify_all();
}

/// A panic outside a codec is an error of the run, never a hang.
fn work_guarded<C>(shared: &Shared<'_, C>)
where
    C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
{
    match catch_unwind(AssertUnwindSafe(|| work(shared))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => fail(shared, error),
        Err(_) => fail(shared, bug()),
    }
}

/// The most records of a batch: as many as fill a part, and where images are fetched enough of them that many
/// requests are under way.
fn max_records(plan: &Plan, slot: usize, threads: usize) -> usize {
    let ahead = if plan.paths.rules.fetches() { AHEAD / threads.max(1) } else { 1 };
    (PART_BYTES / slot).clamp(ahead.max(1), 1 << 16)
}

/// Whether the run is over or to be ended, and then ends it: an image that was waited for will not come.
fn is_over<C>(shared: &Shared<'_, C>) -> bool {
    let mut turn = lock(&shared.turn);
    if shared.stop.load(Ordering::Relaxed) {
        turn.ended = true;
        shared.over.store(true, Ordering::Relaxed);
        shared.turned.notify_all();
    }
    turn.ended
}

/// Waits until every earlier ticket is committed; `None` when the run has ended meanwhile.
fn wait_turn<'s, C>(shared: &'s Shared<'_, C>, ticket: u64) -> Option<MutexGuard<'s, Turn<C>>> {
    let mut turn = lock(&shared.turn);
    while turn.next != ticket && !turn.ended {
        turn = shared.turned.wait(turn).unwrap_or_else(PoisonError::into_inner);
    }
    (!turn.ended).then_some(turn)
}

/// Waits until a large image may be decoded, and gives a buffer for it: when the budget has room for
/// it and for one more like the largest, or when it is this ticket's turn, which must never wait
/// for those after it. `None` when the run has ended meanwhile.
fn admit<C>(shared: &Shared<'_, C>, ticket: u64, need: u64) -> Option<PixelBuffer> {
    let budget = shared.plan.limits.memory.unwrap_or(AUTO_MEMORY);
    let mut turn = lock(&shared.turn);
    turn.largest = turn.largest.max(need);
    while !turn.ended && turn.next != ticket && turn.held + need + turn.largest > budget {
        turn = shared.turned.wait(turn).unwrap_or_else(PoisonError::into_inner);
    }
    turn.held += need;
    let buffer = turn.spare.pop().unwrap_or_default();
    let spare: usize = turn.spare.iter().map(PixelBuffer::capacity).sum();
    if turn.held + spare as u64 > budget {
        turn.spare.clear();
    }
    (!turn.ended).then_some(buffer)
}

fn work<C>(shared: &Shared<'_, C>) -> Result<()>
where
    C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
{
    let mut worker = Worker {
        decoder: Decoder::new(shared.plan)?,
        outcomes: Vec::new(),
        pixels: PixelBuffer::default(),
        kept: Kept::new(shared.plan),
        doubts: Doubts::new(shared.plan)?,
        filter: Filter::new(&shared.plan.conditions, shared.plan.raw.allow_nan)?,
        others: 0,
        held: 0,
    };
    worker.decoder.heed([shared.stop, &shared.over]);
    let mut text = Text::default();
    while let Some(ticket) = take(shared, &mut text) {
        rejected::unwrap(&mut text, shared.files);
        if reserve::is_short() {
            return Err(Error::io("cannot go on", io::ErrorKind::OutOfMemory.into()));
        }
        worker.decoder.look_ahead(text.records.iter().map(|record| text.record(record)));
        for index in 0..text.records.len() {
            if !worker.record(shared, ticket, &text, index)? {
                return Ok(());
            }
        }
        if !worker.commit(shared, ticket, &text, true)? {
            return Ok(());
        }
    }
    Ok(())
}

/// The next records and their ticket, under the source lock.
fn take<C>(shared: &Shared<'_, C>, text: &mut Text) -> Option<u64> {
    let mut source = lock(&shared.source);
    let _held = Held::of(Lock::Source);
    if source.done || shared.stop.load(Ordering::Relaxed) || lock(&shared.turn).ended {
        return None;
    }
    let ticket = source.ticket;
    if let Some(mut sampled) = source.sample.pop_front() {
        // It was read before the plan said how many records make a batch.
        if sampled.records.len() > shared.max_records {
            source.sample.push_front(sampled.split_off(shared.max_records));
        }
        *text = sampled;
    } else if source.failure.is_some() {
        source.done = true;
        return None;
    } else {
        // A very long record is read only when nothing else is in flight.
        let alone = || drop(wait_turn(shared, ticket));
        match source.feed.next(text, shared.max_records, &alone) {
            Ok(true) => {}
            Ok(false) => {
                source.done = true;
                return None;
            }
            Err(error) => {
                source.done = true;
                source.failure = Some(error);
                return None;
            }
        }
    }
    source.ticket += 1;
    Some(ticket)
}

struct Worker<'p> {
    decoder: Decoder<'p>,
    outcomes: Vec<Outcome>,
    pixels: PixelBuffer,
    kept: Kept,
    doubts: Doubts<'p>,
    /// Says of a record why it cannot be told whether it is read.
    filter: Filter,
    /// Parts of the record that hold something else, and were not images.
    others: usize,
    /// What it holds of the memory budget.
    held: u64,
}

impl Worker<'_> {
    /// Decodes every image of one record; `false` when the run has ended.
    fn record<C>(
        &mut self,
        shared: &Shared<'_, C>,
        ticket: u64,
        text: &Text,
        index: usize,
    ) -> Result<bool>
    where
        C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
    {
        let origin = text.origin(index, shared.files);
        let bytes = text.record(&text.records[index]);
        let place = |error: Error, item: usize| error.at(origin.position(item as u32));
        let found = match text.unreadable(index, &shared.plan.limits) {
            Some(error) => Err(error),
            None if text.records[index].untold => {
                self.filter.check(bytes).and_then(|_| self.decoder.find(bytes))
            }
            None => self.decoder.find(bytes),
        };
        let items = match found {
            Ok(items) => items,
            Err(error) => {
                self.kept.nothing();
                let item = origin.item().unwrap_or(0);
                let result = Fate::Unreadable(error.at(origin.position(item)));
                self.outcomes.push(Outcome { record: index, item, result });
                return Ok(true);
            }
        };
        let kept = self.decoder.keep(bytes, &mut self.kept);
        let place_in = text.records[index].place();
        let refused = self
            .doubts
            .of_record(&self.decoder, place_in, bytes, origin.file.base.as_ref())
            .and(kept)
            .err();
        if items == 0 {
            // What is kept of it matters only where it becomes a row.
            let result = match refused {
                Some(error) if error.kind() == ErrorKind::Field => Fate::Rejected(place(error, 0)),
                Some(error) if shared.plan.fills_missing => Fate::Unreadable(place(error, 0)),
                _ => Fate::Missing,
            };
            self.outcomes.push(Outcome { record: index, item: 0, result });
            return Ok(true);
        }
        self.others = 0;
        for item in origin.wanted(items) {
            if let Some(error) = &refused {
                let error = Error::new(error.kind(), error.message());
                let result = Fate::Refused(place(error, item));
                self.outcomes.push(Outcome { record: index, item: item as u32, result });
            } else if !self.image(shared, ticket, text, index, item)? {
                return Ok(false);
            }
        }
        // All that it has are parts that hold something else.
        if self.others > 0 && self.others == origin.wanted(items).len() {
            self.outcomes.push(Outcome { record: index, item: 0, result: Fate::Missing });
        }
        Ok(true)
    }

    /// Decodes one image of the record that was last found; `false` when the run has ended.
    fn image<C>(
        &mut self,
        shared: &Shared<'_, C>,
        ticket: u64,
        text: &Text,
        index: usize,
        item: usize,
    ) -> Result<bool>
    where
        C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
    {
        let origin = text.origin(index, shared.files);
        let bytes = text.record(&text.records[index]);
        let before = self.pixels.used().len();
        if before >= shared.part_bytes && !self.part(shared, ticket, text, bytes)? {
            return Ok(false);
        }
        let opened = self.decoder.open(bytes, item, origin.file.base.as_ref());
        if opened.as_ref().is_err_and(Error::is_transient) && is_over(shared) {
            return Ok(false);
        }
        if let Ok(opened) = &opened
            && opened.need > LARGE
        {
            // A part of its own, in a buffer of its own.
            if !self.outcomes.is_empty() && !self.part(shared, ticket, text, bytes)? {
                return Ok(false);
            }
            match admit(shared, ticket, opened.need) {
                Some(buffer) => self.pixels = buffer,
                None => return Ok(false),
            }
            self.held = opened.need;
        }
        let before = self.pixels.used().len();
        let at = |error: Error| error.at(origin.position(item as u32));
        let result = match opened.and_then(|o| {
            // Codecs of others do not ask before they allocate.
            if o.need > LARGE {
                limits::probe(o.need)?;
            }
            self.decoder.fill(&o, &mut self.pixels)
        }) {
            Ok(found) => Fate::Row { found, len: self.pixels.used().len() - before },
            Err(error) if error.kind() == ErrorKind::Json => Fate::Unreadable(at(error)),
            Err(error) if matches!(error.kind(), ErrorKind::Limit | ErrorKind::Fetch) => {
                Fate::Rejected(at(error))
            }
            Err(_)
                if self.doubts.is_other(&self.decoder, item, bytes, origin.file.base.as_ref()) =>
            {
                self.others += 1;
                return Ok(true);
            }
            Err(error) => Fate::Rejected(at(error)),
        };
        self.outcomes.push(Outcome { record: index, item: item as u32, result });
        Ok(true)
    }

    /// Hands over what is decoded so far of the record that was last found, and goes on with it.
    fn part<C>(
        &mut self,
        shared: &Shared<'_, C>,
        ticket: u64,
        text: &Text,
        record: &[u8],
    ) -> Result<bool>
    where
        C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
    {
        let goes_on = self.commit(shared, ticket, text, false)?;
        self.decoder.keep(record, &mut self.kept)?;
        Ok(goes_on)
    }

    /// Waits for its turn and hands over what is decoded, of the batch the `last`; `false` when the run has
    /// ended.
    fn commit<C>(
        &mut self,
        shared: &Shared<'_, C>,
        ticket: u64,
        text: &Text,
        last: bool,
    ) -> Result<bool>
    where
        C: FnMut(&mut Part<'_>) -> Result<Option<Job>> + Send,
    {
        let Some(mut turn) = wait_turn(shared, ticket) else { return Ok(false) };
        let held_turn = Held::of(Lock::Turn);
        let (pixels, kept) = (self.pixels.used(), &self.kept);
        let files = shared.files;
        let mut part = Part { text, outcomes: &mut self.outcomes, pixels, kept, last, files };
        let committed = (turn.commit)(&mut part);
        self.outcomes.clear();
        self.pixels.clear(KEEP_BYTES);
        self.kept.clear(KEEP_BYTES);
        let held = std::mem::take(&mut self.held);
        let waits = held > 0 && matches!(committed, Ok(Some(_)));
        if held > 0 {
            self.decoder.shrink(KEEP_BYTES);
            turn.spare.push(std::mem::take(&mut self.pixels));
            // A job holds the pixels on.
            turn.held -= if waits { 0 } else { held };
            shared.turned.notify_all();
        }
        // After a failure nobody has a turn any more: `fail` says so.
        if last && committed.is_ok() {
            turn.next += 1;
            shared.turned.notify_all();
        }
        drop((turn, held_turn));
        // What the commit left to do needs no turn: compression, mostly.
        let done = committed?.map_or(Ok(()), |job| job());
        if waits {
            lock(&shared.turn).held -= held;
            shared.turned.notify_all();
        }
        done.map(|()| true)
    }
}
