//! `ndpix.inspect`: what the first records say, and a few of their images.

use std::path::PathBuf;

use ndpix::{Array, Input, Report, Summary};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, errors, inputs, options};

/// The report as JSON, text and HTML, with the command to run where the source is files; as a page it is
/// written to `page`.
#[pyfunction]
pub(crate) fn inspect(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    page: Option<PathBuf>,
    options: &Bound<'_, PyDict>,
    hooks: Hooks,
) -> PyResult<(String, String, String)> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let names = inputs.iter().map(|input| match input {
        Input::Path(path) => Some(path.clone()),
        Input::Object(object) => Some(PathBuf::from(object.name())),
        Input::Stdin => Some(PathBuf::from("-")),
        _ => None,
    });
    let names = names.collect::<Option<Vec<PathBuf>>>().unwrap_or_default();
    let (said, written) = task::run(py, &hooks, stop, move |_| {
        let looked = match &page {
            None => ndpix::inspect(inputs, &options).map(|report| (report, None)),
            Some(file) => ndpix::keep_apart("report", file, &inputs, None, &options)
                .and_then(|()| ndpix::look(inputs, &options))
                .map(|(report, seen)| (report, Some((file, seen)))),
        };
        let (report, page) = match looked {
            Ok(both) => both,
            Err(error) => return (Err(error), Ok(())),
        };
        let written = page.map_or(Ok(()), |(file, page)| {
            std::fs::write(file, page.of_look(&report, &names, &options))
        });
        let said = (
            report.json(&names, &options),
            report.text(&names, &options),
            report.html(&names, &options),
        );
        (Ok(said), written)
    })?;
    let said = said.map_err(|e| errors::raise(py, &e))?;
    written?;
    Ok(said)
}

/// The names of what the JSON of summaries and of reports holds, and what each is.
#[pyfunction]
pub(crate) fn entries() -> (ndpix::Entries, ndpix::Entries) {
    (Summary::entries(), Report::entries())
}

/// The images of the first `count` records or of all: the line of each, and the image with its own shape
/// or the exception for what it is.
#[pyfunction]
pub(crate) fn samples<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    count: Option<u64>,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<Vec<(u64, Bound<'py, PyAny>)>> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, mut options) = inputs::framed(source, options, &stop)?;
    options.limit = [options.limit, count].into_iter().flatten().min();
    let found = task::run(py, &hooks, stop, move |_| each(inputs, &options))?;
    let found = found.map_err(|e| errors::raise(py, &e))?.into_iter().map(|(line, image)| {
        let image = match image {
            Ok(image) => arrays::numpy(py, image, None)?,
            Err(error) => errors::raise(py, &error).into_value(py).into_bound(py).into_any(),
        };
        Ok((line, image))
    });
    found.collect()
}

type Found = Vec<(u64, ndpix::Result<Array>)>;

fn each(inputs: Vec<Input>, options: &ndpix::Options) -> ndpix::Result<Found> {
    let mut found = Vec::new();
    ndpix::each(inputs, options, |each| {
        let image = match each.image {
            Ok((info, pixels)) => Ok(Array::copied(&info.shape, info.dtype, pixels)?),
            Err(error) => Err(error),
        };
        found.push((each.position.line, image));
        Ok(())
    })?;
    Ok(found)
}
