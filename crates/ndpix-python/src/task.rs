//! Long work beside the interpreter: on a thread of its own and without the interpreter lock, while the
//! calling thread passes messages on and listens for Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ndpix::{Control, Meter};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::inputs::Stop;

/// How often the calling thread looks up.
const TICK: Duration = Duration::from_millis(50);
/// How long an interrupted run may wait for bytes.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a run's messages go.
#[derive(FromPyObject)]
pub(crate) struct Hooks {
    /// Called with each note of the plan.
    note: Py<PyAny>,
    /// Called with the total of bytes or `None`; gives a function that is called with the bytes read
    /// so far, and with `None` at the end. `None`: no progress is wanted.
    progress: Option<Py<PyAny>>,
}

enum Message<T> {
    Note(String),
    Started(Arc<Meter>, Option<u64>),
    Done(T),
}

/// A bar that is closed however the run ends.
struct Bar<'py> {
    tick: Bound<'py, PyAny>,
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.tick.call1((None::<u64>,)) {
            error.write_unraisable(self.tick.py(), Some(&self.tick));
        }
    }
}

/// Runs `work` and gives its result; an interrupt stops it and is the exception.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    hooks: &Hooks,
    stop: Stop,
    work: impl FnOnce(&Control<'_>) -> T + Send + 'static,
) -> PyResult<T> {
    ndpix::Reserve::keep();
    let (sender, mut messages) = channel();
    start(sender, Arc::clone(&stop), work)?;
    let (mut bar, mut meter) = (None, None);
    loop {
        let (back, message) = receive(py, messages, TICK);
        messages = back;
        match message {
            Ok(Message::Done(result)) => return Ok(result),
            Ok(Message::Note(text)) => {
                hooks.note.call1(py, (text,))?;
            }
            Ok(Message::Started(of_run, total)) => {
                if let Some(progress) = &hooks.progress {
                    bar = Some(Bar { tick: progress.bind(py).call1((total,))? });
                }
                meter = Some(of_run);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err(
                    "a bug in ndpix ended the run; please report it",
                ));
            }
        }
        let ticked = bar.as_ref().zip(meter.as_ref()).map(|(b, m)| b.tick.call1((m.bytes(),)));
        if let Err(error) = ticked.transpose().and_then(|_| py.check_signals()) {
            stop.store(true, Ordering::Relaxed);
            wait_for_end(py, messages, meter);
            return Err(error);
        }
    }
}

/// Waits for an interrupted run: what is decoded and written comes to an end, and what is stuck in a read is
/// left behind.
fn wait_for_end<T: Send>(
    py: Python<'_>,
    mut messages: Receiver<Message<T>>,
    mut meter: Option<Arc<Meter>>,
) {
    let mut stuck = Duration::ZERO;
    while stuck < PATIENCE {
        let (back, message) = receive(py, messages, TICK);
        messages = back;
        match message {
            Ok(Message::Note(_)) => {}
            Ok(Message::Started(of_run, _)) => meter = Some(of_run),
            Err(RecvTimeoutError::Timeout) => {
                let is_waiting = meter.as_ref().is_none_or(|meter| meter.is_waiting());
                stuck = if is_waiting { stuck + TICK } else { Duration::ZERO };
            }
            Ok(Message::Done(_)) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn start<T: Send + 'static>(
    sender: Sender<Message<T>>,
    stop: Stop,
    work: impl FnOnce(&Control<'_>) -> T + Send + 'static,
) -> PyResult<()> {
    let body = move || {
        let notes = std::sync::Mutex::new(sender.clone());
        // Nobody listens after an interrupt; then there is nobody to tell.
        let send = |message| {
            let _ = notes.lock().map(|sender| sender.send(message));
        };
        let note = |text: &str| send(Message::Note(text.to_string()));
        let started = |meter, total| send(Message::Started(meter, total));
        let control = Control { stop, note: Some(&note), started: Some(&started), sight: None };
        let result = work(&control);
        send(Message::Done(result));
    };
    std::thread::Builder::new().name("ndpix".into()).spawn(body)?;
    Ok(())
}

/// The next message, waited for without the interpreter lock.
fn receive<T: Send>(
    py: Python<'_>,
    messages: Receiver<T>,
    wait: Duration,
) -> (Receiver<T>, Result<T, RecvTimeoutError>) {
    py.detach(move || {
        let message = messages.recv_timeout(wait);
        (messages, message)
    })
}
