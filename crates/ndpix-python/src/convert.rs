//! `ndpix.convert`: an array file.

use std::path::PathBuf;
use std::sync::Arc;

use ndpix::{Control, Page, Sight, keep_apart};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{errors, inputs, options};

/// The summary of the run as JSON; written to `summary` too, and as a page to `report`, also when the run
/// failed.
#[pyfunction]
pub(crate) fn convert(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    out: PathBuf,
    summary: Option<PathBuf>,
    report: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
    hooks: Hooks,
) -> PyResult<String> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let (run, json, written) = task::run(py, &hooks, stop, move |control| {
        for (name, file) in [("summary", &summary), ("report", &report)] {
            let apart = |file| keep_apart(name, file, &inputs, Some(&out), &options);
            if let Err(error) = file.as_deref().map_or(Ok(()), apart) {
                return (Err(error), String::new(), Ok(()));
            }
        }
        let page = report.map(|path| (path, Page::new(&options)));
        let sight = page.as_ref().map(|(_, page)| |sight: &Sight<'_>| page.see(sight));
        let (stop, note, started) = (Arc::clone(&control.stop), control.note, control.started);
        let control = Control { stop, note, started, sight: sight.as_ref().map(|s| s as _) };
        let run = ndpix::run(inputs, &out, &options, &control);
        let error = run.result.as_ref().err();
        let write = || {
            if let Some(path) = summary {
                let exit = ndpix_cli::exit_code(&run, &options);
                std::fs::write(path, run.summary.json_ended(&options, error, exit))?;
            }
            page.map_or(Ok(()), |(path, page)| {
                std::fs::write(path, page.of_run(&run.summary, error, &options))
            })
        };
        let (written, json) = (write(), run.summary.json(&options));
        (run.result, json, written)
    })?;
    run.map_err(|e| errors::raise(py, &e))?;
    written?;
    Ok(json)
}
