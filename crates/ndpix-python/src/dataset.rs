//! `ndpix.open`: images by their number.

use std::path::PathBuf;

use ndpix::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, columns, errors, inputs, options};

/// An index and the files that it leads into.
#[pyclass(frozen, module = "ndpix._ndpix")]
pub(crate) struct Dataset {
    all: ndpix::Dataset,
}

/// Indexes the source, or takes the index from the sidecar where that is of the same inputs.
#[pyfunction]
pub(crate) fn open<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    sidecar: Option<PathBuf>,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<Dataset> {
    let options = options::options(options)?;
    if options.columns.iter().any(|column| column.to_string() == "image") {
        let error = Error::new(
            ErrorKind::Options,
            "a column image would have the name that the image has in an item; leave it out, position(i) says where the record stands",
        );
        return Err(errors::raise(py, &error));
    }
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let opened = task::run(py, &hooks, stop, move |control| {
        ndpix::Dataset::open(inputs, &options, sidecar.as_deref(), control)
    })?;
    Ok(Dataset { all: opened.map_err(|e| errors::raise(py, &e))? })
}

/// Opens the source again with an index that was made before.
#[pyfunction]
pub(crate) fn reopen<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    options: &Bound<'py, PyDict>,
    index: &[u8],
) -> PyResult<Dataset> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let opened = py.detach(|| ndpix::Dataset::with_index(inputs, &options, index));
    Ok(Dataset { all: opened.map_err(|e| errors::raise(py, &e))? })
}

type Parts<'py> = (Bound<'py, PyAny>, Bound<'py, PyDict>);

fn parts<'py>(py: Python<'py>, item: ndpix::Result<ndpix::Item>) -> PyResult<Parts<'py>> {
    let (images, columns) = item.map_err(|e| errors::raise(py, &e))?;
    Ok((arrays::numpy(py, images, None)?, columns::dict(py, columns)?))
}

#[pymethods]
impl Dataset {
    /// The number of images, and of records without any.
    fn __len__(&self) -> usize {
        self.all.len()
    }

    /// The image of this number, and the columns of one row.
    fn get<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Parts<'py>> {
        parts(py, py.detach(|| self.all.get_item(number)))
    }

    /// The images of these numbers, stacked, and the columns.
    fn get_many<'py>(&self, py: Python<'py>, numbers: Vec<usize>) -> PyResult<Parts<'py>> {
        parts(py, py.detach(|| self.all.get_items(&numbers)))
    }

    /// File, line, byte and item of this number; `None` after the last.
    fn position(&self, number: usize) -> Option<(String, u64, u64, u32)> {
        self.all.position(number).map(|p| (p.file.to_string(), p.line, p.byte, p.item))
    }

    /// The index, for `reopen`.
    fn index<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.all.index()))
    }
}
