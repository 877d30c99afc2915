//! What is printed: lines and progress on standard error, text for the next program on standard output.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ndpix::Meter;

/// A line for people, in which names of files and fields cannot act on the terminal. A closed pipe is not an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", ndpix::shown(line));
}

/// Text for the next program, and the exit code it ends with. A closed pipe ends quietly.
pub(crate) fn out(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(e) => {
            say(&format!("ndpix: cannot write to standard output: {e}"));
            1
        }
    }
}

/// The columns of the terminal that standard output is; `None` where it is none.
pub(crate) fn columns() -> Option<usize> {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    std::io::stdout().is_terminal().then(|| said().unwrap_or(80))
}

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
        let bar = (forced || std::io::stderr().is_terminal()).then(|| bar(total));
        // Where there is no room for a thread there is no progress.
        let ticker = Builder::new().spawn(move || {
            let begun = Instant::now();
            let mut logged = 0;
            while !of_ticker.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(200));
                let read = meter.bytes();
                let minutes = begun.elapsed().as_secs() / 60;
                match &bar {
                    Some(bar) => bar.set_position(read),
                    None if minutes > logged => {
                        logged = minutes;
                        let of = total.map_or(String::new(), |t| format!(" of {}", HumanBytes(t)));
                        say(&format!("ndpix: {minutes} min, {}{of} read", HumanBytes(read)));
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
