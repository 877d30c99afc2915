//! `ndpix.convert`: an array file.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{errors, inputs, options, summary};

/// The summary of the run; written as JSON to `report` too, also when the run failed.
#[pyfunction]
pub(crate) fn convert<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    out: PathBuf,
    report: Option<PathBuf>,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<Bound<'py, PyDict>> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let (run, written) = task::run(py, &hooks, stop, move |control| {
        let run = ndpix::run(inputs, &out, &options, control);
        let written = report.map(|path| {
            std::fs::write(
                path,
                ndpix_cli::summary_json(&run, ndpix_cli::exit_code(&run, &options), &options),
            )
        });
        (run, written)
    })?;
    run.result.map_err(|e| errors::raise(py, &e))?;
    written.transpose()?;
    summary::dict(py, &run.summary)
}
