//! Threads beside the loop: one that drives a whole run for a caller who pulls, and a few that share
//! out single images of random access.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::lock;
use crate::error::{Error, Result};

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

/// Calls `work` with each of `0..count`, on as many threads, and gives the error of the lowest number.
/// Each thread has a state of its own.
pub(crate) fn spread<S>(
    count: usize,
    threads: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, usize) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let run = || {
        let fail = |at: usize, error: Error| {
            let mut first = lock(&failed);
            if first.as_ref().is_none_or(|f| at < f.0) {
                *first = Some((at, error));
            }
        };
        let mut mine = match state() {
            Ok(mine) => mine,
            Err(error) => return fail(0, error),
        };
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            // Numbers below a failure are still done: which one is the first is then always the same.
            if at >= count || lock(&failed).is_some() {
                return;
            }
            if let Err(error) = work(&mut mine, at) {
                return fail(at, error);
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
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}
