//! `ndpix.load`: every image in one array.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, columns, errors, inputs, options};

/// The array, or a dict of several by their names, the columns and the summary of the run as JSON.
#[pyfunction]
pub(crate) fn load<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyDict>, String)> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let lead = options.lead_name();
    let (done, json) = task::run(py, &hooks, stop, move |control| {
        let done = ndpix::load(inputs, &options, control);
        let json = done.summary.json(&options);
        (done, json)
    })?;
    let array = done.result.map_err(|e| errors::raise(py, &e))?;
    let columns = columns::dict(py, done.columns)?;
    let images = arrays::numpy(py, array, None)?;
    let named = arrays::named(&lead, &images, done.arrays)?;
    Ok((named.map_or(images, Bound::into_any), columns, json))
}
