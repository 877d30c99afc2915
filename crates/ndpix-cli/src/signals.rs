//! What signals do to a run. The first ends it between batches, so that it says what it left; a second one
//! ends the process. What was ignored when the process began (by nohup, by a shell that puts it in the
//! background) stays ignored.

#![allow(unsafe_code, reason = "asks the system what a signal does")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{Builder, sleep};
use std::time::Duration;

use ndpix::Meter;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::log;

/// The exit code of a run that was interrupted.
const INTERRUPTED: u8 = 130;
/// How often an interrupted run is looked at, and how many times it may be found stuck.
const TICK: Duration = Duration::from_millis(100);
const PATIENCE: u32 = 30;

/// What the threads that wait for signals know of a run.
#[derive(Default)]
pub(crate) struct Watch {
    /// Ends the run between batches.
    pub(crate) stop: Arc<AtomicBool>,
    /// Of the inputs that are read now, once the plan is made.
    pub(crate) meter: Mutex<Option<Arc<Meter>>>,
    /// The exit code, once the run has ended and only words are left.
    pub(crate) end: OnceLock<u8>,
}

impl Watch {
    /// Catches the signals that end a run, as the only thing that this process does.
    pub(crate) fn begin() -> Arc<Self> {
        let watch = Arc::new(Self::default());
        let caught: Vec<i32> =
            [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&s| !is_ignored(s)).collect();
        // Then a write beyond the limit for files fails as one to a full disk does.
        let limit = match is_ignored(SIGXFSZ) {
            true => Ok(()),
            false => signal_hook::flag::register(SIGXFSZ, Arc::default()).map(|_| ()),
        };
        let of_thread = Arc::clone(&watch);
        let caught = limit.and_then(|()| Signals::new(caught)).and_then(|mut signals| {
            Builder::new().spawn(move || signals.forever().for_each(|_| of_thread.interrupt()))
        });
        if caught.is_err() {
            log::note("interrupts cannot be caught here; Ctrl-C ends the run at once");
        }
        watch
    }

    fn interrupt(self: &Arc<Self>) {
        if self.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
        let watch = Arc::clone(self);
        // Where there is no room for a thread, a second signal still ends the process.
        drop(Builder::new().spawn(move || watch.cut()));
    }

    /// Ends an interrupted process that waits for bytes that do not come, or for somebody who reads its words.
    /// What is decoded, written, synced and put in place takes its time and comes to an end.
    fn cut(&self) {
        let mut stuck = 0;
        while stuck < PATIENCE {
            sleep(TICK);
            let meter = self.meter.lock().ok().and_then(|meter| meter.clone());
            let is_waiting = match (self.end.get(), meter) {
                (Some(_), _) => true,
                (None, Some(meter)) => meter.is_waiting(),
                // The first records are read, and nothing is written yet.
                (None, None) => true,
            };
            stuck = if is_waiting { stuck + 1 } else { 0 };
        }
        if self.end.get().is_none() {
            // Standard error may be a pipe that nobody reads.
            drop(Builder::new().spawn(|| {
                log::failure("interrupted while waiting for input; nothing was put in place");
            }));
            sleep(2 * TICK);
        }
        std::process::exit(self.end.get().copied().unwrap_or(INTERRUPTED).into());
    }
}

/// Whether a signal does nothing to this process.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: all bytes zero is a valid `sigaction`, and with a null pointer for the new one the system only
    // writes the present one into it.
    let now = unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(signal, std::ptr::null(), &mut now) == 0).then_some(now)
    };
    now.is_some_and(|now| now.sa_sigaction == libc::SIG_IGN)
}
