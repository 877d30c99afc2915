//! How long threads hold the source and the turn, for `bench/saturation.py`: behind the feature `stations`, and nothing
//! without it.

#[cfg(feature = "stations")]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "stations")]
use std::time::{Duration, Instant};

/// What only one thread at a time holds.
#[derive(Clone, Copy)]
pub(crate) enum Lock {
    Source,
    Turn,
}

/// Nanoseconds that each was held in this process.
#[cfg(feature = "stations")]
static HELD: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// The time from its making to its end.
pub(crate) struct Held {
    #[cfg(feature = "stations")]
    since: (Lock, Instant),
}

impl Held {
    #[cfg_attr(not(feature = "stations"), expect(unused_variables, reason = "nothing is timed"))]
    pub(crate) fn of(lock: Lock) -> Self {
        Self {
            #[cfg(feature = "stations")]
            since: (lock, Instant::now()),
        }
    }
}

#[cfg(feature = "stations")]
impl Drop for Held {
    fn drop(&mut self) {
        let (lock, since) = self.since;
        HELD[lock as usize].fetch_add(since.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }
}

/// How long source and turn were held so far.
#[cfg(feature = "stations")]
pub(crate) fn held() -> [Duration; 2] {
    [Lock::Source, Lock::Turn]
        .map(|lock| Duration::from_nanos(HELD[lock as usize].load(Ordering::Relaxed)))
}
