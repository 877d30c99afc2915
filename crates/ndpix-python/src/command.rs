//! The `ndpix` command, as the wheel installs it.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command with these words, the first of them its name, and gives the exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| ndpix_cli::main(words))
}
