//! How a run that was ended goes on: which run it was, and where it was last known to be whole.
//!
//! Places are noted from time to time: what was written up to there is made durable by a thread of its own, and
//! only then the journal says so. A run of a moment has no journal.

mod asked;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::framing::Start;
use crate::os;
use crate::plan::Plan;
use crate::sink::{self, Mark};
use crate::threads::Driver;

pub(crate) use asked::Asked;

/// A place is noted after so many bytes of pixels, or so long, whichever is first.
const BYTES: u64 = 256 << 20;
const LONGEST: Duration = Duration::from_secs(10);
/// The first place; then a run of a minute loses little, and one of hours notes no more than it has to.
const SHORTEST: Duration = Duration::from_secs(1);
/// Tests that end runs at any moment have places noted after so many bytes; with 0 none is noted on the way.
const FOR_TESTS: &str = "NDPIX_JOURNAL_BYTES";

/// How to go on from a place between two records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// Where the inputs are read on, and raw bytes of them up to there.
    pub(crate) start: Start,
    pub(crate) read: u64,
    /// The output, and the rejects file; null where nothing was rejected.
    pub(crate) sink: Value,
    pub(crate) rejects: Value,
    /// What was counted.
    pub(crate) books: Value,
    /// What the whole output, which waits for its name, is known by.
    pub(crate) whole: Option<[u64; 2]>,
    /// The sums of the run then: those of `books` are the ones at this place.
    #[serde(default)]
    pub(crate) ended: Value,
}

/// The journal of a run.
pub(crate) struct Journal {
    out: PathBuf,
    asked: Asked,
    /// What was decided for the run.
    plan: Value,
    earlier: Option<State>,
    file: Arc<Mutex<Option<sink::journal::Journal>>>,
    pace: Pace,
    /// What makes the last place durable.
    settling: Option<Driver>,
    /// Whether it still does; or could not, so that none is noted any more.
    busy: Arc<AtomicBool>,
    /// The state that was noted last.
    last: Option<State>,
}

/// When a place is noted.
struct Pace {
    bytes: u64,
    begun: Instant,
    last: Instant,
    /// Bytes of pixels at that place.
    at: u64,
}

impl Pace {
    fn new() -> Self {
        let bytes = std::env::var(FOR_TESTS).ok().and_then(|bytes| bytes.parse().ok());
        let now = Instant::now();
        Self { bytes: bytes.unwrap_or(BYTES), begun: now, last: now, at: 0 }
    }

    fn is_due(&self, written: u64) -> bool {
        let wait = (self.last - self.begun).clamp(SHORTEST, LONGEST);
        let due = written.saturating_sub(self.at) >= self.bytes || self.last.elapsed() >= wait;
        due && self.bytes > 0
    }
}

impl Journal {
    /// The journal of a run that begins.
    pub(crate) fn new(out: &Path, asked: Asked, plan: Value) -> Self {
        Self {
            out: out.to_path_buf(),
            asked,
            plan,
            earlier: None,
            file: Arc::default(),
            pace: Pace::new(),
            settling: None,
            busy: Arc::default(),
            last: None,
        }
    }

    /// The plan of an earlier run, and where that has left off: this one goes on there.
    ///
    /// # Errors
    /// Kind `plan` where it was decided by another version.
    pub(crate) fn take_up(&mut self) -> Result<(Plan, State)> {
        let lost = || Error::plan("its journal has no place");
        let state = self.earlier.clone().ok_or_else(lost)?;
        Ok((Plan::from_json(self.plan.clone())?, state))
    }

    /// Where an earlier run has left off, with which this one goes on.
    pub(crate) fn earlier(&self) -> Option<&State> {
        self.earlier.as_ref()
    }

    /// The records that are done where the same command goes on when this run ends; none where no place was noted.
    pub(crate) fn place(&self) -> Option<u64> {
        self.last.as_ref().or(self.earlier.as_ref()).map(|state| state.start.done)
    }

    /// As [`Journal::place`], when it is known that another process will find it.
    pub(crate) fn settled_place(&mut self) -> Option<u64> {
        self.is_settled().then(|| self.place()).flatten()
    }

    /// Whether it is time to note a place, after so many bytes of pixels.
    pub(crate) fn is_due(&self, written: u64) -> bool {
        self.pace.is_due(written) && !self.busy.load(Ordering::Acquire)
    }

    /// Notes a place; what it counts on is made durable meanwhile.
    pub(crate) fn note(&mut self, marks: Vec<Mark>, state: State, written: u64) -> Result<()> {
        (self.pace.last, self.pace.at) = (Instant::now(), written);
        let line = self.line(&state)?;
        self.last = Some(state);
        let (file, busy) = (Arc::clone(&self.file), Arc::clone(&self.busy));
        busy.store(true, Ordering::Release);
        let settle = move || {
            if settle(&file, &marks, &line).is_ok() {
                busy.store(false, Ordering::Release);
            }
        };
        // Where there is no room for a thread, no place is noted any more, and the run goes on.
        self.settling = Driver::start(settle).ok();
        Ok(())
    }

    /// Notes the last place of a run that ends, and comes back when that is durable.
    pub(crate) fn note_now(&mut self, marks: &[Mark], state: State) -> Result<()> {
        let line = self.line(&state)?;
        settle(&self.file, marks, &line)?;
        self.last = Some(state);
        Ok(())
    }

    /// Whether what was noted before is durable, which is waited for; else nothing more can be noted.
    pub(crate) fn is_settled(&mut self) -> bool {
        if let Some(mut settling) = self.settling.take() {
            settling.join();
        }
        !self.busy.load(Ordering::Acquire)
    }

    /// Notes that the output is whole, with these sums, and only waits for its name.
    pub(crate) fn whole(&mut self, ended: Value) {
        if !self.is_settled() {
            return;
        }
        let state = self.last.clone().or_else(|| self.earlier.clone());
        let whole = os::id(&sink::beside(&self.out, ".partial"));
        if let (Some(state), Some(_)) = (state, whole) {
            // Where this fails, the next run makes it whole once more.
            let _ = self.note_now(&[], State { whole, ended, ..state });
        }
    }

    /// Removes the journal: the output has its name.
    pub(crate) fn discard(mut self) {
        self.is_settled();
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        file.into_iter().for_each(sink::journal::Journal::discard);
    }

    /// The line of a state; before the first one the file is begun.
    fn line(&self, state: &State) -> Result<String> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            *file = Some(sink::journal::Journal::begin(&self.out, &self.asked.line(&self.plan))?);
        }
        Ok(serde_json::json!(state).to_string())
    }
}

/// Makes durable what a place counts on, and then the place.
fn settle(file: &Mutex<Option<sink::journal::Journal>>, marks: &[Mark], line: &str) -> Result<()> {
    marks.iter().try_for_each(Mark::settle)?;
    let file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.as_ref().map_or(Ok(()), |file| file.add(line))
}

/// What an earlier run has left.
pub(crate) enum Found {
    /// Nothing that counts; why, where there is something.
    Nothing(Option<String>),
    /// A place from which to go on.
    Place(Box<Journal>),
    /// The whole output, under its name, and what was counted.
    Whole(Value),
}

/// Looks what an earlier run of `out` has left for one of which this is asked.
///
/// # Errors
/// Kind `io` where that run still goes on.
pub(crate) fn look(out: &Path, asked: &Asked) -> Result<Found> {
    let Some(left) = sink::journal::Journal::left(out)? else { return Ok(Found::Nothing(None)) };
    let (Some(first), Some(last)) = (left.first, left.last) else {
        return Ok(Found::Nothing(Some("its journal is torn".to_string())));
    };
    let state = serde_json::from_str::<State>(&last).ok();
    let Some(state) = state.filter(|state| state.start.is_sound()) else {
        return Ok(Found::Nothing(Some("its journal says something else".to_string())));
    };
    let plan = match asked.plan_of(&first, state.books["rejected"] != 0) {
        Ok(plan) => plan,
        Err(why) => return Ok(Found::Nothing(Some(why))),
    };
    if state.whole.is_some() && os::id(out) == state.whole {
        return Ok(Found::Whole(state.ended));
    }
    let mut journal = Journal::new(out, asked.clone(), plan);
    journal.file = Arc::new(Mutex::new(Some(left.journal)));
    journal.earlier = Some(State { whole: None, ..state });
    Ok(Found::Place(Box::new(journal)))
}

/// Removes what an earlier run has left to go on with.
///
/// # Errors
/// Kind `io` where that run still goes on.
pub(crate) fn forget(out: &Path) -> Result<()> {
    let left = sink::journal::Journal::left(out)?;
    left.into_iter().for_each(|left| left.journal.discard());
    Ok(())
}
