//! What is asked for, under way and there: a queue with threads of its own, which wait for servers while others
//! decode.
//!
//! Images are asked for ahead of their turn, and kept until they are taken. What waits is bounded; a body for
//! which there is no room is held back in its connection, unless somebody waits for it: whoever waits must
//! never wait for those after it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::request::{Client, Failed, is_too_long};

/// So many requests are under way at most.
pub(super) const MOST: usize = 64;
/// The bytes that wait or come, where `memory` sets no bound.
const AHEAD: u64 = 256 << 20;
/// So often a request is made again where it may succeed then.
const AGAIN: u32 = 2;
/// The time before that, where a server does not say; twice as much before the next.
const PAUSE: Duration = Duration::from_millis(500);
/// A thread without work ends after this long.
const IDLE: Duration = Duration::from_secs(2);
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
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Queued,
    /// With the bytes that came so far.
    Flying(u64),
    Done(Result<Arc<Vec<u8>>, Failed>),
}

impl Flight {
    pub(super) fn new(client: Client, most: u64, memory: Option<u64>) -> Self {
        let ahead = memory.map_or(AHEAD, |memory| (memory / 4).min(AHEAD));
        Self { client, most, ahead, state: Mutex::default(), moved: Condvar::new() }
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
    ) -> Option<Result<Arc<Vec<u8>>, Failed>> {
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
        let Some(asked) = state.asked.get_mut(address) else { return state };
        asked.stage = Stage::Flying(0);
        drop(state);
        let mut held_back = false;
        let grant = |more| self.grant(address, more as u64, &mut held_back);
        let got = catch_unwind(AssertUnwindSafe(|| self.client.get(address, self.most, grant)));
        // Where no thread can be started, a library panics.
        let got = got.unwrap_or_else(|_| Err(Failed::Now("cannot be asked for".into(), None)));
        let mut state = self.lock();
        state.ended(address, got, held_back, self.ahead);
        drop(state);
        self.moved.notify_all();
        self.lock()
    }

    /// Waits until there is room for more bytes of a body; `false` where nobody wants them any more.
    fn grant(&self, address: &str, more: u64, held_back: &mut bool) -> bool {
        let mut state = self.lock();
        loop {
            let Some(asked) = state.asked.get(address).filter(|_| !state.closed) else {
                return false;
            };
            if asked.waited == 0 && asked.wanted.is_empty() {
                return false;
            }
            if asked.waited > 0 || state.held + more <= self.ahead {
                break;
            }
            if state.shed() {
                continue;
            }
            *held_back = true;
            let waited = self.moved.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.held += more;
        if let Some(Asked { stage: Stage::Flying(bytes), .. }) = state.asked.get_mut(address) {
            *bytes += more;
        }
        true
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

    /// The next address that may be asked for now: what somebody waits for, what is due again, what is new
    /// where there is room.
    fn next(&mut self, ahead: u64) -> Option<Arc<str>> {
        let State { asked, queue, later, held, .. } = self;
        let now = Instant::now();
        if later.peek().is_some_and(|Reverse((due, _))| *due <= now)
            && let Some(Reverse((_, address))) = later.pop()
        {
            return Some(address);
        }
        let is_waited = |address: &Arc<str>| asked.get(address).is_some_and(|a| a.waited > 0);
        match *held < ahead {
            true => queue.pop_front(),
            false => {
                let at = queue.iter().position(is_waited)?;
                queue.remove(at)
            }
        }
    }

    /// How long there is nothing to do, where that is known.
    fn rest(&self) -> Option<Duration> {
        let due = self.later.peek().map(|Reverse((due, _))| *due);
        due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Notes how a request ended.
    fn ended(&mut self, address: &str, got: Result<Vec<u8>, Failed>, held_back: bool, ahead: u64) {
        let Some((name, _)) = self.asked.get_key_value(address) else { return };
        let name = Arc::clone(name);
        let Some(asked) = self.asked.get_mut(address) else { return };
        if let (Stage::Flying(bytes), Err(_)) = (&asked.stage, &got) {
            self.held -= bytes;
        }
        let wanted = asked.waited > 0 || !asked.wanted.is_empty();
        match got {
            // A connection that stood still because of us has done nothing wrong.
            Err(Failed::Now(..)) if held_back && wanted => {
                asked.stage = Stage::Queued;
                self.queue.push_front(name);
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
                while self.held > ahead / 4 && self.shed() {}
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
