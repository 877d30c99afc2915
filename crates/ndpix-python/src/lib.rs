//! The native half of the Python package: each file translates one operation, and the engine is `ndpix`.
//!
//! What users see is in `python/ndpix/`; this module takes plain values and gives plain values, keeps
//! the interpreter lock only while it touches Python objects, and holds no state between calls.

mod arrays;
mod batches;
mod columns;
mod command;
mod convert;
mod dataset;
mod decode;
mod errors;
mod inputs;
mod inspect;
mod load;
mod options;
mod parts;
mod stores;
mod task;

use pyo3::prelude::*;

#[global_allocator]
static MEMORY: ndpix::Reserve = ndpix::Reserve;

#[pymodule(gil_used = false)]
fn _ndpix(m: &Bound<'_, PyModule>) -> PyResult<()> {
    // Here an interrupt is an exception; where arrays are made it would be a panic.
    m.py().import("numpy")?;
    let _ = numpy::dtype::<u8>(m.py());
    stores::install();
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("optimised", !cfg!(debug_assertions))?;
    m.add_function(wrap_pyfunction!(options::defaults, m)?)?;
    m.add_function(wrap_pyfunction!(options::changed, m)?)?;
    m.add_function(wrap_pyfunction!(options::governs, m)?)?;
    m.add_function(wrap_pyfunction!(options::formats, m)?)?;
    m.add_function(wrap_pyfunction!(load::load, m)?)?;
    m.add_function(wrap_pyfunction!(convert::convert, m)?)?;
    m.add_class::<parts::Plan>()?;
    m.add_function(wrap_pyfunction!(parts::plan, m)?)?;
    m.add_class::<batches::Batches>()?;
    m.add_function(wrap_pyfunction!(batches::batches, m)?)?;
    m.add_class::<dataset::Dataset>()?;
    m.add_function(wrap_pyfunction!(dataset::open, m)?)?;
    m.add_function(wrap_pyfunction!(dataset::reopen, m)?)?;
    m.add_function(wrap_pyfunction!(decode::decode, m)?)?;
    m.add_function(wrap_pyfunction!(decode::decode_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(inspect::inspect, m)?)?;
    m.add_function(wrap_pyfunction!(inspect::samples, m)?)?;
    m.add_function(wrap_pyfunction!(inspect::entries, m)?)?;
    m.add_function(wrap_pyfunction!(command::command, m)?)?;
    Ok(())
}
