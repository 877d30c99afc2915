//! Object stores: what the library asks of them, as `ndpix._stores` answers it.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use ndpix::{Object, Stores};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// From here on the library reads and writes stores in this process.
pub(crate) fn install() {
    ndpix::set_stores(Box::new(Reached));
}

/// The stores that Python reaches.
struct Reached;

/// Calls a function of `ndpix._stores`.
fn ask<T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>>(
    name: &str,
    arguments: impl FnOnce(Python<'_>) -> PyResult<Bound<'_, PyTuple>>,
) -> io::Result<T> {
    Python::attach(|py| {
        let answer = py.import("ndpix._stores")?.getattr(name)?.call1(arguments(py)?)?;
        answer.extract()
    })
    .map_err(failed)
}

/// An exception as the error that it is of the machine, with its own words.
fn failed(error: PyErr) -> io::Error {
    Python::attach(|py| {
        let value = error.value(py);
        if !error.is_instance_of::<PyOSError>(py) {
            return io::Error::other(error.clone_ref(py));
        }
        let said = |name: &str| value.getattr(name).ok().filter(|said| !said.is_none());
        let words = said("strerror").map_or_else(|| value.to_string(), |words| words.to_string());
        let number = said("errno").and_then(|number| number.extract::<i32>().ok());
        let kind = number
            .map_or(io::ErrorKind::Other, |number| io::Error::from_raw_os_error(number).kind());
        io::Error::new(kind, words)
    })
}

impl Stores for Reached {
    fn find(&self, address: &str) -> io::Result<Vec<Arc<dyn Object>>> {
        let found: Vec<Py<PyAny>> = ask("find", |py| (address,).into_pyobject(py))?;
        let lying = |object| Lying::of(object).map(|lying| Arc::new(lying) as Arc<dyn Object>);
        found.into_iter().map(lying).collect()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        ask("listed", |py| (folder,).into_pyobject(py))
    }

    fn put(&self, file: &Path, address: &str, create: bool) -> io::Result<bool> {
        ask("put", |py| (file, address, create).into_pyobject(py))
    }

    fn remove(&self, addresses: &[String]) -> io::Result<()> {
        ask::<Option<bool>>("remove", |py| (addresses,).into_pyobject(py)).map(drop)
    }
}

/// What an object of `ndpix._stores` is.
struct Lying {
    object: Py<PyAny>,
    name: String,
    size: u64,
    tag: String,
}

impl Lying {
    fn of(object: Py<PyAny>) -> io::Result<Self> {
        let about = Python::attach(|py| {
            let bound = object.bind(py);
            let name = bound.getattr("name")?.extract()?;
            Ok((name, bound.getattr("size")?.extract()?, bound.getattr("tag")?.extract()?))
        });
        let (name, size, tag) = about.map_err(failed)?;
        Ok(Self { object, name, size, tag })
    }
}

impl Object for Lying {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn tag(&self) -> &str {
        &self.tag
    }

    fn open(&self, from: u64, to: u64) -> io::Result<Box<dyn Read + Send>> {
        let reader = Python::attach(|py| self.object.call_method1(py, "open", (from, to)));
        let reader = reader.map_err(failed)?;
        Ok(Box::new(Blocks { reader, block: Vec::new(), given: 0 }))
    }
}

/// Bytes of an object, in the blocks in which they come.
struct Blocks {
    reader: Py<PyAny>,
    block: Vec<u8>,
    given: usize,
}

impl Read for Blocks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() {
            self.block.clear();
            self.given = 0;
            let filled: PyResult<()> = Python::attach(|py| {
                let block = self.reader.bind(py).call_method0("read")?;
                self.block.extend_from_slice(block.cast::<PyBytes>()?.as_bytes());
                Ok(())
            });
            filled.map_err(failed)?;
        }
        let n = (&self.block[self.given..]).read(buf)?;
        self.given += n;
        Ok(n)
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        // What is on its way ends by itself; nobody waits for it.
        let _ = Python::try_attach(|py| self.reader.call_method0(py, "close").map(drop));
    }
}
