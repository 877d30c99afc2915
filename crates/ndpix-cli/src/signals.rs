//! What signals do to a run. The first ends it between batches, so that it says what it left; a second one
//! ends the process. What was ignored when the process began (by nohup, by a shell that puts it in the
//! background) stays ignored.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{Builder, sleep};
use std::time::Duration;

use ndpix::Meter;

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
        let of_thread = Arc::clone(&watch);
        if system::catch(move || of_thread.interrupt()).is_err() {
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
