//! Threads beside the loop: one that drives a whole run for a caller who pulls, a few that share out what is counted
//! (images of random access, members of gzip), and a few that do what a commit without a loop leaves to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// What is left to do for rows that were written, outside of the turn: in any order, by any thread.
pub(crate) type Job = Box<dyn FnOnce() -> Result<()> + Send>;

/// What a mutex holds, also after a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic is to a run.
pub(crate) fn bug() -> Error {
    Error::new(ErrorKind::Io, "a bug in ndpix ended the run; please report it with the input")
}

/// A run on a thread of its own, for callers that take its results when they like.
#[derive(Debug)]
pub(crate) struct Driver {
    thread: Option<JoinHandle<()>>,
    ended: Receiver<()>,
}

impl Driver {
    /// How long an ended run may take to notice. What is stuck in a read of a pipe is left to it.
    const PATIENCE: Duration = Duration::from_secs(2);

    pub(crate) fn start(run: impl FnOnce() + Send + 'static) -> Result<Self> {
        let (sender, ended) = channel();
        let body = move || {
            run();
            drop(sender);
        };
        let thread = Builder::new()
            .name("ndpix-driver".into())
            .spawn(body)
            .map_err(|e| Error::io("cannot start a thread", e))?;
        Ok(Self { thread: Some(thread), ended })
    }

    /// Waits for the thread to end.
    pub(crate) fn join(&mut self) {
        let waited = self.ended.recv_timeout(Self::PATIENCE);
        let ended = !matches!(waited, Err(RecvTimeoutError::Timeout));
        if let Some(thread) = self.thread.take().filter(|_| ended) {
            let _ = thread.join();
        }
    }
}

/// Calls `make`, which gives jobs to what it is called with; they are done beside it, in any order, by as many
/// threads, or at once where that is one. At the end all are done. The first failure is the error.
pub(crate) fn beside<T>(
    threads: usize,
    make: impl FnOnce(&mut dyn FnMut(Job) -> Result<()>) -> Result<T>,
) -> Result<T> {
    if threads < 2 {
        return make(&mut |job| job());
    }
    // As many wait as are done: what they hold is bounded.
    let (sender, jobs) = sync_channel::<Job>(threads);
    let (jobs, failed) = (Mutex::new(jobs), Mutex::new(None));
    let work = || {
        loop {
            let Ok(job) = lock(&jobs).recv() else { return };
            let done = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err(bug()));
            if let Err(error) = done {
                lock(&failed).get_or_insert(error);
            }
        }
    };
    let made = std::thread::scope(|scope| {
        let start = || Builder::new().name("ndpix-job".into()).spawn_scoped(scope, work);
        let started = (0..threads).filter_map(|_| start().ok()).count();
        let give = &mut |job: Job| match lock(&failed).take() {
            Some(error) => Err(error),
            None if started == 0 => job(),
            None => match sender.send(job) {
                Ok(()) => Ok(()),
                Err(left) => left.0(),
            },
        };
        let made = make(give);
        drop(sender);
        made
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => made.and(Err(error)),
        None => made,
    }
}

/// The failure of the lowest number, of what several threads do.
#[derive(Default)]
struct Failure(Mutex<Option<(usize, Error)>>);

impl Failure {
    fn note(&self, at: usize, error: Error) {
        let mut first = lock(&self.0);
        if first.as_ref().is_none_or(|f| at < f.0) {
            *first = Some((at, error));
        }
    }

    /// Whether a number need not be done. Those below a failure are: which one is the first is then always the same.
    fn is_before(&self, at: usize) -> bool {
        lock(&self.0).as_ref().is_some_and(|first| first.0 < at)
    }
}

/// Calls `work` with each of `0..count`, on as many threads, and gives the error of the lowest number.
/// Each thread has a state of its own.
pub(crate) fn spread<S>(
    count: usize,
    threads: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, usize) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failure = Failure::default();
    let run = || {
        let mut mine = match state() {
            Ok(mine) => mine,
            Err(error) => return failure.note(0, error),
        };
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count || failure.is_before(at) {
                return;
            }
            if let Err(error) = work(&mut mine, at) {
                return failure.note(at, error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            // Fewer threads do the same.
            if Builder::new().name("ndpix-each".into()).spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    match failure.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_a_failure_are_done() {
        let failure = Failure::default();
        for (failed, first) in [(7, 7), (9, 7), (4, 4), (5, 4)] {
            failure.note(failed, Error::options(failed.to_string()));
            let is_done = |at: &usize| !failure.is_before(*at);
            assert!((0..12).filter(is_done).eq(0..=first), "after {failed}");
        }
    }

    #[test]
    fn the_error_is_that_of_the_lowest_number() {
        for threads in 1..6 {
            let done = Mutex::new(vec![false; 50]);
            let work = |(): &mut (), at: usize| {
                lock(&done)[at] = true;
                if at % 10 > 6 { Err(Error::options(at.to_string())) } else { Ok(()) }
            };
            let error = spread(50, threads, || Ok(()), work).expect_err("some fail");
            assert_eq!(error.message(), "7");
            assert!(lock(&done)[..7].iter().all(|done| *done));
        }
    }
}
