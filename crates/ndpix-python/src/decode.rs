//! `ndpix.decode`: one image.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::{arrays, errors, options};

/// The image that a value holds, given as JSON text.
#[pyfunction]
pub(crate) fn decode<'py>(
    py: Python<'py>,
    value: &[u8],
    options: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options::options(options)?;
    let image = py.detach(|| ndpix::decode(value, &options)).map_err(|e| errors::raise(py, &e))?;
    arrays::numpy(py, image, None)
}

/// The image that bytes are.
#[pyfunction]
pub(crate) fn decode_bytes<'py>(
    py: Python<'py>,
    image: &[u8],
    options: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = options::options(options)?;
    let image = py.detach(|| ndpix::decode_bytes(image, &options));
    arrays::numpy(py, image.map_err(|e| errors::raise(py, &e))?, None)
}
