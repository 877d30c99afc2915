//! Arrays of the library as NumPy arrays, without a copy.

use ndpix::{Aligned, Array, NamedArrays, Spares};
use numpy::PyArray1;
use numpy::ndarray::ArrayView1;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Keeps the memory of an array alive: it is the `base` of the NumPy array.
#[pyclass(frozen, module = "ndpix._ndpix")]
pub(crate) struct Owned {
    bytes: Aligned,
    /// Where the memory goes when nobody uses it any more.
    home: Option<Spares>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if let Some(home) = &self.home {
            home.give(bytes);
        }
    }
}

/// All arrays of some rows by their names, where there are others than `images`, which is called `lead` then; else
/// nothing.
pub(crate) fn named<'py>(
    lead: &str,
    images: &Bound<'py, PyAny>,
    others: NamedArrays,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    if others.is_empty() {
        return Ok(None);
    }
    let all = PyDict::new(images.py());
    all.set_item(lead, images)?;
    for (name, array) in others {
        all.set_item(&*name, numpy(images.py(), array, None)?)?;
    }
    Ok(Some(all))
}

/// A writable NumPy array that takes the memory over.
#[allow(unsafe_code, reason = "NumPy is told of memory that Rust allocated")]
pub(crate) fn numpy<'py>(
    py: Python<'py>,
    array: Array,
    home: Option<Spares>,
) -> PyResult<Bound<'py, PyAny>> {
    let Array { shape, dtype, mut bytes } = array;
    let (ptr, len) = (bytes.as_mut_ptr(), bytes.len());
    let owner = Bound::new(py, Owned { bytes, home })?;
    // SAFETY: `ptr` is valid for `len` initialised bytes for as long as `owner` lives, which nothing
    // reads or writes through; NumPy keeps `owner` alive.
    let flat = unsafe {
        let view = ArrayView1::from_shape_ptr(len, ptr.cast_const());
        PyArray1::borrow_from_array(&view, owner.into_any())
    };
    flat.call_method1(intern!(py, "view"), (dtype.name(),))?
        .call_method1(intern!(py, "reshape"), (PyTuple::new(py, shape)?,))
}
