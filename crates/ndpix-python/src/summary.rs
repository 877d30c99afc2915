//! The summary of a run as the values of `ndpix.Summary`.

use ndpix::Summary;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The fields by their names, and `rejected`, their sum.
pub(crate) fn dict<'py>(py: Python<'py>, s: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    let counts = [
        ("records", s.records),
        ("with_image", s.with_image),
        ("without_image", s.without_image),
        ("unreadable", s.unreadable),
        ("passed_over", s.passed_over),
        ("blank_lines", s.blank_lines),
        ("images", s.images),
        ("decoded", s.decoded),
        ("rejected_images", s.rejected_images),
        ("rows", s.rows),
        ("filled", s.filled),
        ("rejected", s.rejected()),
        ("oriented", s.oriented),
        ("alpha", s.alpha),
        ("premultiplied", s.premultiplied),
        ("multi_frame", s.multi_frame),
        ("bytes_read", s.bytes_read),
        ("bytes_written", s.bytes_written),
        ("peak_memory", s.peak_memory),
    ];
    for (name, count) in counts {
        all.set_item(name, count)?;
    }
    let rejects = PyDict::new(py);
    for (kind, count) in &s.rejects {
        rejects.set_item(kind.name(), count)?;
    }
    all.set_item("steps", &s.steps)?;
    all.set_item("limited", s.limited)?;
    all.set_item("rejects", rejects)?;
    all.set_item("first_rejects", &s.first_rejects)?;
    all.set_item("inputs", s.inputs.iter().map(|i| i.to_string()).collect::<Vec<_>>())?;
    all.set_item("outputs", &s.outputs)?;
    all.set_item("seconds", s.seconds)?;
    Ok(all)
}
