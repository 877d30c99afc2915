//! Signals of Unix.
#![allow(unsafe_code, reason = "asks the system what a signal does")]

use std::io;
use std::sync::Arc;
use std::thread::Builder;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Has `then` called, on a thread of its own, at each signal that is to end the process and is not ignored.
pub(super) fn catch(then: impl Fn() + Send + 'static) -> io::Result<()> {
    let caught: Vec<i32> =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&s| !is_ignored(s)).collect();
    // Then a write beyond the limit for files fails as one to a full disk does.
    if !is_ignored(SIGXFSZ) {
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    }
    let mut signals = Signals::new(caught)?;
    Builder::new().spawn(move || signals.forever().for_each(|_| then()))?;
    Ok(())
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
