//! `ndpix.inspect`: what the first records say, and a few of their images.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndpix::{Array, Input, Report};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::inputs::Stop;
use crate::task::{self, Hooks};
use crate::{arrays, errors, inputs, options};

/// The report as a dict, with the command to run where the source is files.
#[pyfunction]
pub(crate) fn inspect<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    options: &Bound<'py, PyDict>,
    hooks: Hooks,
) -> PyResult<Bound<'py, PyDict>> {
    let options = options::options(options)?;
    let stop = Stop::default();
    let (inputs, options) = inputs::framed(source, options, &stop)?;
    let names = inputs.iter().map(|input| match input {
        Input::Path(path) => Some(path.clone()),
        Input::Stdin => Some(PathBuf::from("-")),
        _ => None,
    });
    let names: Option<Vec<PathBuf>> = names.collect();
    let (report, options) =
        task::run(py, &hooks, stop, move |_| (ndpix::inspect(inputs, &options), options))?;
    let report = report.map_err(|e| errors::raise(py, &e))?;
    let words = names.filter(|_| report.problem.is_none() || report.suggestion.is_some());
    let command =
        words.map(|names| ndpix_cli::quoted(&ndpix_cli::command(&report, &names, &options)));
    let all = dict(py, report)?;
    all.set_item("command", command)?;
    Ok(all)
}

fn dict(py: Python<'_>, r: Report) -> PyResult<Bound<'_, PyDict>> {
    let counts = |pairs: Vec<(String, u64)>| -> PyResult<_> {
        let all = PyDict::new(py);
        pairs.into_iter().try_for_each(|(name, count)| all.set_item(name, count))?;
        Ok(all)
    };
    let fields = PyDict::new(py);
    for field in r.fields {
        fields.set_item(field.field, counts(field.encodings)?)?;
    }
    let shapes: Vec<_> =
        r.shapes.into_iter().map(|s| (s.shape, s.dtype, s.color, s.count)).collect();
    let orientations = PyDict::new(py);
    r.orientations.into_iter().try_for_each(|(o, count)| orientations.set_item(o, count))?;
    let all = PyDict::new(py);
    all.set_item("framing", r.framing)?;
    all.set_item("compression", r.compression)?;
    all.set_item("sampled", r.sampled)?;
    all.set_item("fields", fields)?;
    all.set_item("field", r.field)?;
    all.set_item("bands", r.bands)?;
    all.set_item("encoding", r.encoding)?;
    all.set_item("images", r.images)?;
    all.set_item("formats", counts(r.formats)?)?;
    all.set_item("shapes", shapes)?;
    all.set_item("orientations", orientations)?;
    all.set_item("multi_frame", r.multi_frame)?;
    all.set_item("without_image", r.without_image)?;
    all.set_item("rejects", r.rejects)?;
    all.set_item("shape", r.shape)?;
    all.set_item("dtype", r.dtype)?;
    all.set_item("expected_rows", r.expected_rows)?;
    all.set_item("expected_bytes", r.expected_bytes)?;
    all.set_item("free_bytes", r.free_bytes)?;
    all.set_item("notes", r.notes)?;
    all.set_item("problem", r.problem)?;
    all.set_item("suggestion", r.suggestion.map(named))?;
    let choices = r.choices.into_iter().map(|(options, bytes)| (named(options), bytes));
    all.set_item("choices", choices.collect::<Vec<_>>())?;
    Ok(all)
}

/// Options by their names.
fn named(options: Vec<(&'static str, String)>) -> BTreeMap<&'static str, String> {
    options.into_iter().collect()
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
