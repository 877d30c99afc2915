//! `ndpix.convert`: an array file.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{errors, inputs, options};

/// The summary of the run as JSON; written to `report` too, also when the run failed.
#[pyfunction]
pub(crate) fn convert(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    out: PathBuf,
    report: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
    hooks: Hooks,
) -> PyResult<String> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let (run, json, written) = task::run(py, &hooks, stop, move |control| {
        let run = ndpix::run(inputs, &out, &options, control);
        let exit = ndpix_cli::exit_code(&run, &options);
        let ended = run.summary.json_ended(&options, run.result.as_ref().err(), exit);
        let written = report.map(|path| std::fs::write(path, ended));
        (run.result, run.summary.json(&options), written)
    })?;
    run.map_err(|e| errors::raise(py, &e))?;
    written.transpose()?;
    Ok(json)
}
