//! What is asked for, under way and there: a queue with threads of its own, which wait for servers while others
//! decode.
//!
//! Images are asked for ahead of their turn, and kept until they are taken. What waits and comes is bounded: as
//! many are asked for as there is room, going by those that came. A body for which there is no room after all is
//! given up, and asked for again when there is, or when somebody waits for it: whoever waits must never wait for
//! those after it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::request::{Client, Failed, is_too_long};
use crate::array::Aligned;

/// So many requests are under way at most.
pub(super) const MOST: usize = 64;
/// The bytes that wait or come, where `memory` sets no bound.
const AHEAD: u64 = 256 << 20;
/// So often a request is made again where it may succeed then.
const AGAIN: u32 = 2;
/// The time before that, where a server does not say; twice as much before the next.
const PAUSE: Duration = Duration::from_millis(500);
/// A body of which so much came in time shares its line with others; so often it is asked for again for that.
const SHARED: u64 = 64 << 10;
const LATE: u32 = 8;
/// A thread without work ends after this long.
const IDLE: Duration = Duration::from_secs(2);
/// The most bodies that are kept though nobody is known to want them.
const SPARE: usize = 1024;
/// How often a wait looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// A handshake takes less.
const STACK: usize = 512 << 10;

/// Requests and their threads.
#[derive(Debug)]
pub(super) struct Flight {
    client: Client,
    /// Of one body, and of all that wait and come.
    most: u64,
    ahead: u64,
    state: Mutex<State>,
    /// There is something to do, there is room, or something is there.
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    asked: HashMap<Arc<str>, Asked>,
    queue: VecDeque<Arc<str>>,
    /// What is asked for again, and when.
    later: BinaryHeap<Reverse<(Instant, Arc<str>)>>,
    /// Bodies that nobody is known to want any more, oldest first.
    spare: BTreeMap<u64, Arc<str>>,
    held: u64,
    /// Requests under way, how many there may be, and what a body takes, by those that came.
    flying: usize,
    together: usize,
    mean: u64,
    good: usize,
    clock: u64,
    threads: usize,
    idle: usize,
    closed: bool,
}

/// One address.
#[derive(Debug, Default)]
struct Asked {
    /// Who asked ahead and has not taken it, by their numbers.
    wanted: Vec<u64>,
    /// How many wait for it at this moment.
    waited: usize,
    tries: u32,
    /// How often its time was over while others shared the line.
    late: u32,
    /// What a body has at least that was given up for want of room, and whether it was just now.
    least: u64,
    gave_up: bool,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Queued,
    /// With the bytes that came so far.
    Flying(u64),
    Done(Result<Arc<Aligned>, Failed>),
}

impl Flight {
    pub(super) fn new(client: Client, most: u64, memory: Option<u64>) -> Self {
        let ahead = memory.map_or(AHEAD, |memory| (memory / 4).min(AHEAD));
        Self {
            client,
            most,
            ahead,
            state: Mutex::new(State { together: MOST, ..State::default() }),
            moved: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an address, ahead of whoever has this number.
    pub(super) fn ask(self: &Arc<Self>, address: &str, number: u64) {
        let mut state = self.lock();
        state.enter(address).wanted.push(number);
        self.staff(&mut state);
    }

    /// Hears that whoever has this number wants these no more.
    pub(super) fn release(&self, addresses: &[Arc<str>], number: u64) {
        let mut state = self.lock();
        for address in addresses {
            state.left(address, number, self.ahead);
        }
        drop(state);
        self.moved.notify_all();
    }

    /// A number for somebody who asks ahead.
    pub(super) fn number(&self) -> u64 {
        let mut state = self.lock();
        state.clock += 1;
        state.clock
    }

    /// What is behind an address, when it is there; `None` where that is not wanted any more.
    pub(super) fn take(
        self: &Arc<Self>,
        address: &str,
        number: Option<u64>,
        is_over: &dyn Fn() -> bool,
    ) -> Option<Result<Arc<Aligned>, Failed>> {
        let mut state = self.lock();
        state.enter(address).waited += 1;
        self.staff(&mut state);
        // Its turn is now, whatever room there is.
        self.moved.notify_all();
        let found = loop {
            match state.asked.get(address).map(|asked| &asked.stage) {
                Some(Stage::Done(found)) => break Some(found.clone()),
                Some(_) if is_over() => break None,
                Some(Stage::Queued) if state.threads == 0 => state = self.work_one(state, address),
                Some(_) => {
                    let waited = self.moved.wait_timeout(state, LOOK);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => break None,
            }
        };
        if let Some(asked) = state.asked.get_mut(address) {
            asked.waited -= 1;
        }
        state.left(address, number.unwrap_or(0), self.ahead);
        drop(state);
        self.moved.notify_all();
        found
    }

    /// Ends all threads, as soon as each of them has ended its request.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.moved.notify_all();
    }

    /// Starts another thread where there is work for it.
    fn staff(self: &Arc<Self>, state: &mut State) {
        if state.idle > 0 {
            self.moved.notify_all();
        }
        if state.queue.len() + state.later.len() <= state.idle || state.threads >= MOST {
            return;
        }
        let flight = Arc::clone(self);
        let work = move || flight.work();
        let thread = Builder::new().name("ndpix-fetch".into()).stack_size(STACK).spawn(work);
        // Without any whoever waits does it.
        state.threads += usize::from(thread.is_ok());
    }

    /// What a thread does: one request after another.
    fn work(&self) {
        let mut state = self.lock();
        let mut idle_since = Instant::now();
        while !state.closed {
            if let Some(address) = state.next(self.ahead) {
                state = self.work_one(state, &address);
                idle_since = Instant::now();
                continue;
            }
            let rest = state.rest();
            if rest.is_none() && idle_since.elapsed() > IDLE {
                break;
            }
            state.idle += 1;
            let waited = self.moved.wait_timeout(state, rest.unwrap_or(IDLE));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.idle -= 1;
        }
        state.threads -= 1;
    }

    /// Makes a request that is queued, and notes how it ended.
    fn work_one<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        address: &str,
    ) -> MutexGuard<'s, State> {
        // Whoever waited where there was no thread has done it meanwhile.
        let queued = |asked: &&mut Asked| matches!(asked.stage, Stage::Queued);
        let Some(asked) = state.asked.get_mut(address).filter(queued) else { return state };
        asked.stage = Stage::Flying(0);
        let again = asked.tries + asked.late > 0;
        state.flying += 1;
        drop(state);
        let grant = |more| self.grant(address, more as u64);
        let got =
            catch_unwind(AssertUnwindSafe(|| self.client.get(address, self.most, again, grant)));
        let bug = "cannot be asked for: a bug in ndpix; please report it with the address";
        let got = got.unwrap_or_else(|_| Err(Failed::Never(bug.into())));
        let mut state = self.lock();
        state.flying -= 1;
        state.ended(address, got, self.ahead);
        drop(state);
        self.moved.notify_all();
        self.lock()
    }

    /// Whether more bytes of a body may be kept: `false` where nobody wants them, or there is no room.
    fn grant(&self, address: &str, more: u64) -> bool {
        let mut state = self.lock();
        let Some(asked) = state.asked.get(address).filter(|_| !state.closed) else { return false };
        let is_waited = asked.waited > 0;
        if !is_waited && asked.wanted.is_empty() {
            return false;
        }
        while !is_waited && state.held + more > self.ahead && state.shed() {}
        let is_room = is_waited || state.held + more <= self.ahead;
        let Some(asked) = state.asked.get_mut(address) else { return false };
        let Stage::Flying(bytes) = &mut asked.stage else { return false };
        if is_room {
            *bytes += more;
            state.held += more;
        } else {
            (asked.least, asked.gave_up) = (*bytes + more, true);
        }
        is_room
    }
}

impl State {
    /// The address as it stands here; what is new is queued.
    fn enter(&mut self, address: &str) -> &mut Asked {
        if !self.asked.contains_key(address) {
            let name: Arc<str> = address.into();
            self.queue.push_back(Arc::clone(&name));
            self.asked.insert(name, Asked::default());
        }
        self.asked.entry(address.into()).or_default()
    }

    /// The next address that may be asked for now: what is due again, what there is room for, what somebody waits
    /// for.
    fn next(&mut self, ahead: u64) -> Option<Arc<str>> {
        if self.flying >= self.together {
            return None;
        }
        let State { asked, queue, later, held, .. } = self;
        let now = Instant::now();
        if later.peek().is_some_and(|Reverse((due, _))| *due <= now)
            && let Some(Reverse((_, address))) = later.pop()
        {
            return Some(address);
        }
        let coming = (self.flying as u64 + 1).saturating_mul(self.mean);
        let may = |address: &Arc<str>| {
            asked.get(address).is_none_or(|a| a.waited > 0 || *held + coming + a.least < ahead)
        };
        let at = queue.iter().position(may)?;
        queue.remove(at)
    }

    /// How long there is nothing to do, where that is known; what is due waits for a request to end where as many
    /// are under way as may be.
    fn rest(&self) -> Option<Duration> {
        if self.flying >= self.together {
            return None;
        }
        let due = self.later.peek().map(|Reverse((due, _))| *due);
        due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Notes how a request ended.
    fn ended(&mut self, address: &str, got: Result<Aligned, Failed>, ahead: u64) {
        let Some((name, _)) = self.asked.get_key_value(address) else { return };
        let name = Arc::clone(name);
        let Some(asked) = self.asked.get_mut(address) else { return };
        let came = if let Stage::Flying(bytes) = asked.stage { bytes } else { 0 };
        self.held -= if got.is_err() { came } else { 0 };
        let wanted = asked.waited > 0 || !asked.wanted.is_empty();
        match got {
            // It has done nothing wrong.
            Err(_) if std::mem::take(&mut asked.gave_up) && wanted => {
                asked.stage = Stage::Queued;
                self.queue.push_front(name);
            }
            // It may be the line that is too narrow for so many.
            Err(Failed::Late)
                if wanted && came >= SHARED && asked.late < LATE && self.together > 1 =>
            {
                asked.late += 1;
                asked.stage = Stage::Queued;
                self.queue.push_front(name);
                self.together = (self.together / 2).max(1);
            }
            Err(Failed::Late) if wanted && asked.tries < AGAIN => {
                asked.tries += 1;
                asked.stage = Stage::Queued;
                self.later.push(Reverse((Instant::now() + PAUSE, name)));
            }
            Err(Failed::Now(_, after))
                if wanted && asked.tries < AGAIN && !after.is_some_and(is_too_long) =>
            {
                let pause = after.unwrap_or(PAUSE * 2_u32.pow(asked.tries));
                asked.tries += 1;
                asked.stage = Stage::Queued;
                self.later.push(Reverse((Instant::now() + pause, name)));
            }
            got => {
                if let Ok(body) = &got {
                    self.good += 1;
                    if self.good.is_multiple_of(self.together) {
                        self.together = (self.together + 1).min(MOST);
                    }
                    self.mean = self.mean - self.mean / 8 + body.len() as u64 / 8;
                }
                asked.stage = Stage::Done(got.map(Arc::new));
                if !wanted {
                    self.drop_or_spare(&name, ahead);
                }
            }
        }
    }

    /// Notes that one who wanted an address does no more.
    fn left(&mut self, address: &str, number: u64, ahead: u64) {
        let Some((name, _)) = self.asked.get_key_value(address) else { return };
        let name = Arc::clone(name);
        let Some(asked) = self.asked.get_mut(address) else { return };
        if let Some(at) = asked.wanted.iter().position(|n| *n == number) {
            asked.wanted.swap_remove(at);
        }
        if asked.waited > 0 || !asked.wanted.is_empty() {
            return;
        }
        match asked.stage {
            Stage::Done(_) => self.drop_or_spare(&name, ahead),
            // Whether a thread has it already or not, it finds nothing to do.
            Stage::Queued => {
                self.asked.remove(&name);
                self.queue.retain(|queued| *queued != name);
                self.later.retain(|Reverse((_, queued))| *queued != name);
            }
            Stage::Flying(_) => {}
        }
    }

    /// Keeps a body that nobody is known to want, as long as there is room: records often name the same image,
    /// and what was looked at to make a plan is read again. What failed is asked for anew.
    fn drop_or_spare(&mut self, name: &Arc<str>, ahead: u64) {
        match self.asked.get(name).map(|asked| &asked.stage) {
            Some(Stage::Done(Ok(_))) => {
                self.clock += 1;
                self.spare.insert(self.clock, Arc::clone(name));
                while (self.held > ahead / 4 || self.spare.len() > SPARE) && self.shed() {}
            }
            _ => drop(self.asked.remove(name)),
        }
    }

    /// Gives up the body that nobody has wanted for the longest time; `false` where there is none.
    fn shed(&mut self) -> bool {
        let Some((_, name)) = self.spare.pop_first() else { return false };
        // Somebody may want it again, or it stands here twice.
        let idle = |asked: &Asked| asked.waited == 0 && asked.wanted.is_empty();
        if self.asked.get(&name).is_some_and(idle)
            && let Some(Asked { stage: Stage::Done(Ok(body)), .. }) = self.asked.remove(&name)
        {
            self.held -= body.len() as u64;
        }
        true
    }
}
