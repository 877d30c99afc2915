//! `ndpix.open`: images by their number.

use std::path::PathBuf;
use std::sync::Arc;

use ndpix::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, columns, errors, inputs, options};

/// An index and the files that it leads into.
#[pyclass(frozen, module = "ndpix._ndpix")]
pub(crate) struct Dataset {
    all: Arc<ndpix::Dataset>,
    /// What the first of several arrays is called.
    lead: Arc<str>,
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
    let lead = options.lead_name();
    let opened = task::run(py, &hooks, stop, move |control| {
        ndpix::Dataset::open(inputs, &options, sidecar.as_deref(), control)
    })?;
    Ok(Dataset { all: Arc::new(opened.map_err(|e| errors::raise(py, &e))?), lead })
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
    let lead = options.lead_name();
    let opened = py.detach(|| ndpix::Dataset::with_index(inputs, &options, index));
    Ok(Dataset { all: Arc::new(opened.map_err(|e| errors::raise(py, &e))?), lead })
}

/// A number or row, and what is wrong there: file, line, byte, item, kind, message.
type Wrong = (usize, (String, u64, u64, u32, &'static str, String));
/// Images, or a dict of all arrays by their names, columns, and the rows that are filled.
type Parts<'py> = (Bound<'py, PyAny>, Bound<'py, PyDict>, Vec<Wrong>);

fn wrong((at, error): (usize, Error)) -> Wrong {
    let (file, line, byte, item) = match error.position() {
        Some(p) => (p.file.to_string(), p.line, p.byte, p.item),
        None => (String::new(), 0, 0, 0),
    };
    (at, (file, line, byte, item, error.kind().name(), error.message().to_string()))
}

fn parts<'py>(py: Python<'py>, lead: &str, item: ndpix::Item) -> PyResult<Parts<'py>> {
    let images = arrays::numpy(py, item.images, None)?;
    let named = arrays::named(lead, &images, item.arrays)?;
    let images = named.map_or(images, Bound::into_any);
    Ok((images, columns::dict(py, item.columns)?, item.filled.into_iter().map(wrong).collect()))
}

#[pymethods]
impl Dataset {
    /// The number of images, and of records without any.
    fn __len__(&self) -> usize {
        self.all.len()
    }

    /// The image of this number, the columns of one row, and what is wrong if it is filled.
    fn get<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Parts<'py>> {
        let item = py.detach(|| self.all.get_item(number));
        parts(py, &self.lead, item.map_err(|e| errors::raise(py, &e))?)
    }

    /// The images of these numbers, stacked, the columns, and what is wrong with rows that are filled.
    fn get_many<'py>(&self, py: Python<'py>, numbers: Vec<usize>) -> PyResult<Parts<'py>> {
        let items = py.detach(|| self.all.get_items(&numbers));
        parts(py, &self.lead, items.map_err(|e| errors::raise(py, &e))?)
    }

    /// As `get`, of each of these numbers.
    fn get_each<'py>(&self, py: Python<'py>, numbers: Vec<usize>) -> PyResult<Vec<Parts<'py>>> {
        let items = py.detach(|| self.all.get_each(&numbers));
        let items = items.map_err(|e| errors::raise(py, &e))?.into_iter();
        items.map(|item| parts(py, &self.lead, item)).collect()
    }

    /// The numbers of all images that cannot be given, and what is wrong with them.
    fn check(&self, py: Python<'_>, pixels: bool, hooks: Hooks) -> PyResult<Vec<Wrong>> {
        let all = Arc::clone(&self.all);
        let checked =
            task::run(py, &hooks, Stop::default(), move |control| all.check(pixels, control))?;
        Ok(checked.map_err(|e| errors::raise(py, &e))?.into_iter().map(wrong).collect())
    }

    /// The names of classes by the column or array that has their numbers.
    fn legends(&self) -> columns::Legends {
        columns::legends(&self.all.legends())
    }

    /// Options that name the classes which were found, as the command spells them; those that are lists line by line.
    fn named_options(&self) -> Vec<(&'static str, String)> {
        self.all.named_options()
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
