//! `ndpix.batches`: the pull side, one batch at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, columns, errors, inputs, options};

/// How often a waiting thread looks for Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

type Numbers<'py, T> = Bound<'py, PyArray1<T>>;
type Reject = (String, u64, u64, u32, &'static str, String);
/// Images, all arrays by their names where there are several, files, lines, items, valid, columns, rejects.
type Parts<'py> = (
    Bound<'py, PyAny>,
    Option<Bound<'py, PyDict>>,
    Numbers<'py, u32>,
    Numbers<'py, u64>,
    Numbers<'py, u32>,
    Numbers<'py, bool>,
    Bound<'py, PyDict>,
    Vec<Reject>,
);

/// A run that waits for whoever takes its batches.
#[pyclass(frozen, module = "ndpix._ndpix")]
pub(crate) struct Batches {
    run: Mutex<ndpix::Batches>,
    options: ndpix::Options,
}

/// Opens the source and begins to read.
#[pyfunction]
pub(crate) fn batches<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    batch_size: usize,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<Batches> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let (opened, options) = task::run(py, &hooks, stop, move |control| {
        (ndpix::Batches::open(inputs, &options, batch_size, control), options)
    })?;
    let run = opened.map_err(|e| errors::raise(py, &e))?;
    Ok(Batches::of(run, options))
}

impl Batches {
    pub(crate) fn of(run: ndpix::Batches, options: ndpix::Options) -> Self {
        Self { run: Mutex::new(run), options }
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut ndpix::Batches) -> T + Send,
    ) -> T {
        py.detach(|| act(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl Batches {
    /// The parts of the next batch; `None` at the end.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Parts<'py>>> {
        loop {
            match self.with(py, |run| run.next_within(TICK)) {
                Some(None) => return Ok(None),
                Some(Some(Ok(batch))) => {
                    let home = self.with(py, |run| run.spares());
                    let rejects = batch.rejects.into_iter().map(|r| {
                        let p = r.position;
                        (p.file.to_string(), p.line, p.byte, p.item, r.kind.name(), r.message)
                    });
                    let images = arrays::numpy(py, batch.images, Some(home))?;
                    let named = arrays::named(&self.options.lead_name(), &images, batch.arrays)?;
                    return Ok(Some((
                        images,
                        named,
                        batch.files.into_pyarray(py),
                        batch.lines.into_pyarray(py),
                        batch.items.into_pyarray(py),
                        batch.valid.into_pyarray(py),
                        columns::dict(py, batch.columns)?,
                        rejects.collect(),
                    )));
                }
                Some(Some(Err(error))) => return Err(errors::raise(py, &error)),
                None => {}
            }
            if let Err(interrupt) = py.check_signals() {
                self.close(py);
                return Err(interrupt);
            }
        }
    }

    /// Ends the run and its threads.
    fn close(&self, py: Python<'_>) {
        self.with(py, ndpix::Batches::close);
    }

    /// What was done so far, as JSON; the whole of it at the end.
    fn summary(&self, py: Python<'_>) -> String {
        self.with(py, |run| run.summary()).json(&self.options)
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // The run may be reading from Python just now: it gets the lock that it needs to end.
        Python::try_attach(|py| self.close(py));
    }
}
