//! Kept fields as NumPy arrays.

use std::sync::Arc;

use ndpix::{Column, ColumnType, Legend};
use numpy::ndarray::Array1;
use numpy::{Element, IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Arrays by the names of the columns.
pub(crate) fn dict(py: Python<'_>, columns: Vec<Column>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for column in columns {
        let array = match column.kind {
            ColumnType::Int64 | ColumnType::Class => scalars(py, &column, i64::from_le_bytes)?,
            ColumnType::Time => {
                let times = numbers(&column.values, i64::from_le_bytes).into_pyarray(py);
                masked(times.call_method1("view", ("datetime64[ns]",))?, &column)?
            }
            ColumnType::Float64 => scalars(py, &column, f64::from_le_bytes)?,
            ColumnType::Bool => {
                let values = column.values.iter().map(|b| *b == 1).collect::<Vec<bool>>();
                masked(values.into_pyarray(py).into_any(), &column)?
            }
            ColumnType::Ints => lists(py, &column, i64::from_le_bytes)?,
            ColumnType::Floats => lists(py, &column, f64::from_le_bytes)?,
            ColumnType::Text | ColumnType::Json => {
                let text = |row: usize| {
                    if column.valid[row] {
                        Ok(PyString::from_bytes(py, column.value(row))?.into_any().unbind())
                    } else {
                        Ok(py.None())
                    }
                };
                objects(py, (0..column.len()).map(text).collect::<PyResult<_>>()?)
            }
        };
        all.set_item(&*column.name, array)?;
    }
    Ok(all)
}

/// The names of classes by the column or array that has their numbers.
pub(crate) type Legends = Vec<(String, Vec<String>)>;

pub(crate) fn legends(all: &[(Arc<str>, Legend)]) -> Legends {
    let names = |legend: &Legend| legend.names().map(str::to_string).collect();
    all.iter().map(|(name, legend)| (name.to_string(), names(legend))).collect()
}

fn numbers<T>(bytes: &[u8], read: fn([u8; 8]) -> T) -> Vec<T> {
    bytes.as_chunks::<8>().0.iter().map(|b| read(*b)).collect()
}

fn scalars<'py, T: Element>(
    py: Python<'py>,
    column: &Column,
    read: fn([u8; 8]) -> T,
) -> PyResult<Bound<'py, PyAny>> {
    masked(numbers(&column.values, read).into_pyarray(py).into_any(), column)
}

/// The array, or one that hides the rows without value, where there are any.
fn masked<'py>(array: Bound<'py, PyAny>, column: &Column) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    if column.valid.iter().all(|valid| *valid) {
        return Ok(array);
    }
    let mask = column.valid.iter().map(|valid| !valid).collect::<Vec<bool>>();
    py.import("numpy.ma")?.call_method1("MaskedArray", (array, mask.into_pyarray(py)))
}

/// An array of two axes where all lists are there and of one length, and else one of arrays.
fn lists<'py, T: Element>(
    py: Python<'py>,
    column: &Column,
    read: fn([u8; 8]) -> T,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = column.len();
    let width = column.ends.first().map_or(0, |end| end / 8);
    let even = (0..rows).all(|row| column.valid[row] && column.value(row).len() == 8 * width);
    if even {
        let flat = numbers(&column.values, read).into_pyarray(py);
        return Ok(flat.reshape([rows, width])?.into_any());
    }
    let list = |row: usize| {
        if column.valid[row] {
            numbers(column.value(row), read).into_pyarray(py).into_any().unbind()
        } else {
            py.None()
        }
    };
    Ok(objects(py, (0..rows).map(list).collect()))
}

fn objects(py: Python<'_>, values: Vec<Py<PyAny>>) -> Bound<'_, PyAny> {
    PyArray1::from_owned_object_array(py, Array1::from(values)).into_any()
}
