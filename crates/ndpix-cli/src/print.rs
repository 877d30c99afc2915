//! Text for the next program on standard output, and progress.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ndpix::Meter;
use serde_json::json;

use crate::log::{self, Level};

/// Text for the next program, and the exit code it ends with. A closed pipe ends quietly.
pub(crate) fn out(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(e) => {
            log::failure(&format!("cannot write to standard output: {e}"));
            1
        }
    }
}

/// The columns of the terminal that standard output is; `None` where it is none.
pub(crate) fn columns() -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    std::io::stdout().is_terminal().then(|| said().unwrap_or(80))
}

/// How often a line says how far a run is; where progress is asked for and lines are objects.
const MINUTE: u64 = 60;
const OFTEN: u64 = 5;

/// A bar by bytes on a terminal; elsewhere a log line a minute.
#[derive(Default)]
pub(crate) struct Progress {
    ticker: Mutex<Option<(Arc<AtomicBool>, JoinHandle<()>)>>,
}

impl Progress {
    pub(crate) fn start(&self, forced: bool, meter: Arc<Meter>, total: Option<u64>) {
        // Of several runs, one after another, each has its own.
        self.end();
        let ended = Arc::new(AtomicBool::new(false));
        let of_ticker = Arc::clone(&ended);
        let (json, shows) = (log::is_json(), forced || std::io::stderr().is_terminal());
        let bar = (shows && !json && !log::is_quiet()).then(|| bar(total));
        let every = if forced && json { OFTEN } else { MINUTE };
        // Where there is no room for a thread there is no progress.
        let ticker = Builder::new().spawn(move || {
            let begun = Instant::now();
            let mut lines = 0;
            while !of_ticker.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(200));
                let read = meter.bytes();
                let seconds = begun.elapsed().as_secs();
                match &bar {
                    Some(bar) => bar.set_position(read),
                    None if seconds / every > lines => {
                        lines = seconds / every;
                        said(seconds, read, total);
                    }
                    None => {}
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        if let Ok(mut slot) = self.ticker.lock() {
            *slot = ticker.ok().map(|ticker| (ended, ticker));
        }
    }

    pub(crate) fn end(&self) {
        let ticker = self.ticker.lock().ok().and_then(|mut slot| slot.take());
        if let Some((ended, ticker)) = ticker {
            ended.store(true, Ordering::Relaxed);
            ticker.thread().unpark();
            let _ = ticker.join();
        }
    }
}

/// Says how far a run is.
fn said(seconds: u64, read: u64, total: Option<u64>) {
    let of = total.map_or(String::new(), |total| format!(" of {}", HumanBytes(total)));
    let after = match seconds {
        ..MINUTE => format!("{seconds} s"),
        _ => format!("{} min", seconds / MINUTE),
    };
    let more = json!({"seconds": seconds, "bytes": read, "total_bytes": total});
    log::say(Level::Info, "progress", &format!("{after}, {}{of} read", HumanBytes(read)), more);
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
