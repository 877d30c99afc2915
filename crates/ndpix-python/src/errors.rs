//! Errors of the library as exceptions: `ndpix.Error`, except that the machine's stay `OSError`.

use std::io;

use ndpix::{Error, ErrorKind};
use pyo3::exceptions::{PyMemoryError, PyOSError};
use pyo3::intern;
use pyo3::prelude::*;

/// The exception for an error. What a stream of the caller's raised comes out as it went in.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let source = std::error::Error::source(error).and_then(|s| s.downcast_ref::<io::Error>());
    if let Some(theirs) = source.and_then(|s| s.get_ref()).and_then(|s| s.downcast_ref::<PyErr>()) {
        return theirs.clone_ref(py);
    }
    match (error.kind(), source) {
        (ErrorKind::Io, Some(s)) if s.kind() == io::ErrorKind::OutOfMemory => {
            PyMemoryError::new_err(error.to_string())
        }
        (ErrorKind::Io, Some(s)) => match s.raw_os_error().or_else(|| errno(s.kind())) {
            Some(errno) => PyOSError::new_err((errno, error.to_string())),
            None => PyOSError::new_err(error.to_string()),
        },
        (ErrorKind::Io, None) => PyOSError::new_err(error.to_string()),
        _ => ours(py, error).unwrap_or_else(|failed| failed),
    }
}

fn ours(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let place = error.position();
    let arguments = (
        message(error),
        error.kind().name(),
        place.map(|p| p.file.to_string()),
        place.map(|p| p.line),
        place.map(|p| p.byte),
        place.map(|p| p.item),
    );
    let class = py.import("ndpix._errors")?.getattr(intern!(py, "Error"))?;
    Ok(PyErr::from_value(class.call1(arguments)?))
}

/// What is said, with the keywords that would do, where they are known.
fn message(error: &Error) -> String {
    let mut text = error.to_string();
    for remedy in error.remedies() {
        let keywords: Vec<String> = grouped(&remedy.options)
            .into_iter()
            .map(|(name, values)| match &values[..] {
                [value] => format!("{name}={value:?}"),
                several => format!("{name}={several:?}"),
            })
            .collect();
        text.push_str(&format!("\n  {}: {}", remedy.what, keywords.join(", ")));
    }
    text
}

/// The values of each option, in the order in which they stand.
fn grouped<'e>(options: &'e [(&'static str, String)]) -> Vec<(&'static str, Vec<&'e str>)> {
    let mut groups: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for (name, value) in options {
        match groups.iter_mut().find(|group| group.0 == *name) {
            Some(group) => group.1.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}

/// What the system calls failures that the library names itself.
fn errno(kind: io::ErrorKind) -> Option<i32> {
    // The numbers are the same on every Unix.
    match kind {
        io::ErrorKind::NotFound => Some(2),
        io::ErrorKind::PermissionDenied => Some(13),
        io::ErrorKind::StorageFull => Some(28),
        _ => None,
    }
}
