//! What a user calls a source, as inputs of the library: paths and globs, text, files, records.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ndpix::{Framing, Input, Options};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PySequence, PyString, PyTuple};

use crate::errors;

/// Records are handed on when this many bytes have come together, or after this long.
const BLOCK: usize = 256 << 10;
const PATIENCE: Duration = Duration::from_millis(5);

/// Set when nobody waits for the run any more: then nothing more is read for it, since a slow stream may
/// not fill what the run looks up after for a long time.
pub(crate) type Stop = Arc<AtomicBool>;

fn stopped(stop: &Stop) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) { Err(io::Error::other("interrupted")) } else { Ok(()) }
}

/// The inputs that `source` names, and the options with the framing that they have by themselves.
pub(crate) fn framed(
    source: &Bound<'_, PyAny>,
    mut options: Options,
    stop: &Stop,
) -> PyResult<(Vec<Input>, Options)> {
    let (inputs, lines) = inputs(source, stop)?;
    if lines && options.framing == Framing::Auto {
        options.framing = Framing::Lines;
    }
    Ok((inputs, options))
}

/// The inputs that `source` names, and whether its items are records: then each is one line.
fn inputs(source: &Bound<'_, PyAny>, stop: &Stop) -> PyResult<(Vec<Input>, bool)> {
    let py = source.py();
    if let Some(paths) = paths(source)? {
        let mut notes = Vec::new();
        let inputs = Input::expand_noting(&paths, &mut |text| notes.push(text.to_string()));
        let logger = py.import("ndpix._progress")?.getattr(intern!(py, "logger"))?;
        for text in notes {
            logger.call_method1(intern!(py, "info"), (text,))?;
        }
        return Ok((inputs.map_err(|e| errors::raise(py, &e))?, false));
    }
    if let Some(bytes) = bytes(source)? {
        return Ok((vec![Input::Bytes(bytes.into())], false));
    }
    if source.hasattr(intern!(py, "read"))? {
        let name = source
            .getattr(intern!(py, "name"))
            .and_then(|n| n.extract())
            .unwrap_or("stream".to_string());
        let reader = Box::new(Stream {
            file: source.clone().unbind(),
            text: Vec::new(),
            given: 0,
            stop: stop.clone(),
        });
        return Ok((vec![Input::Reader { name, reader }], false));
    }
    if source.is_instance_of::<PyDict>() {
        return Err(PyTypeError::new_err("a single record: give a list of records"));
    }
    let iter = source.try_iter().map_err(|_| {
        PyTypeError::new_err(
            "the source is a path, a list of paths, a binary file, bytes, or an iterable of bytes or dict",
        )
    })?;
    let dumps = py.import("ndpix._records")?.getattr(intern!(py, "record"))?.unbind();
    let name = "records".to_string();
    if source.is_instance_of::<PyList>() || source.is_instance_of::<PyTuple>() {
        // What is held in memory can be given as often as it is wanted.
        let (held, stop) = (source.clone().unbind(), stop.clone());
        let open = move || -> io::Result<Box<dyn Read + Send>> {
            Python::attach(|py| {
                let iter = held.bind(py).try_iter().map_err(io::Error::other)?;
                let (iter, dumps) = (iter.into_any().unbind(), dumps.clone_ref(py));
                Ok(Box::new(Records::new(iter, dumps, stop.clone())) as Box<dyn Read + Send>)
            })
        };
        return Ok((vec![Input::Repeated { name, open: Arc::new(open) }], true));
    }
    let reader = Box::new(Records::new(iter.into_any().unbind(), dumps, stop.clone()));
    Ok((vec![Input::Reader { name, reader }], true))
}

/// One path or a sequence of nothing but paths.
fn paths(source: &Bound<'_, PyAny>) -> PyResult<Option<Vec<PathBuf>>> {
    let is_path = |value: &Bound<'_, PyAny>| -> PyResult<bool> {
        Ok(value.is_instance_of::<PyString>()
            || value.hasattr(intern!(value.py(), "__fspath__"))?)
    };
    if is_path(source)? {
        return Ok(Some(vec![source.extract()?]));
    }
    if source.cast::<PySequence>().is_err() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for value in source.try_iter()? {
        let value = value?;
        if !is_path(&value)? {
            return Ok(None);
        }
        all.push(value.extract()?);
    }
    Ok((!all.is_empty()).then_some(all))
}

/// The content of a bytes-like object.
fn bytes(source: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = source.cast::<PyByteArray>() {
        return Ok(Some(bytes.to_vec()));
    }
    match source.get_type().name()?.to_str()? {
        "memoryview" | "mmap" => {
            let copy = source.py().get_type::<PyBytes>().call1((source,))?;
            Ok(Some(copy.cast::<PyBytes>()?.as_bytes().to_vec()))
        }
        _ => Ok(None),
    }
}

/// A binary file object; the interpreter lock is held only while it reads.
struct Stream {
    file: Py<PyAny>,
    /// What it gave beyond what was asked for, as some do.
    text: Vec<u8>,
    given: usize,
    stop: Stop,
}

impl Stream {
    fn fill(&mut self, py: Python<'_>, wanted: usize) -> PyResult<()> {
        let got = self.file.bind(py).call_method1(intern!(py, "read"), (wanted,))?;
        let bytes = got.cast::<PyBytes>().map_err(|_| {
            PyTypeError::new_err("the file must be open in binary mode: open(path, \"rb\")")
        })?;
        self.text.clear();
        self.text.extend_from_slice(bytes.as_bytes());
        self.given = 0;
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            stopped(&self.stop)?;
            Python::attach(|py| self.fill(py, buf.len())).map_err(io::Error::other)?;
        }
        let n = (&self.text[self.given..]).read(buf)?;
        self.given += n;
        Ok(n)
    }
}

/// An iterator of records, as text with one on each line.
struct Records {
    iter: Py<PyAny>,
    dumps: Py<PyAny>,
    text: Vec<u8>,
    given: usize,
    done: bool,
    stop: Stop,
}

impl Records {
    fn new(iter: Py<PyAny>, dumps: Py<PyAny>, stop: Stop) -> Self {
        Self { iter, dumps, text: Vec::new(), given: 0, done: false, stop }
    }

    /// Takes what comes within a moment, at least one record.
    fn fill(&mut self, py: Python<'_>) -> PyResult<()> {
        self.text.clear();
        self.given = 0;
        let begun = Instant::now();
        while self.text.len() < BLOCK && (self.text.is_empty() || begun.elapsed() < PATIENCE) {
            let mut iter = self.iter.bind(py).try_iter()?;
            let Some(record) = iter.next().transpose()? else {
                self.done = true;
                break;
            };
            let from = self.text.len();
            match bytes(&record)? {
                Some(bytes) => self.text.extend(bytes),
                None => {
                    let text = self.dumps.bind(py).call1((record,))?;
                    self.text.extend(text.cast::<PyBytes>()?.as_bytes());
                }
            }
            // One record stays one line; a return is white space where a line feed is, and as
            // forbidden inside strings.
            self.text[from..].iter_mut().filter(|b| **b == b'\n').for_each(|b| *b = b'\r');
            self.text.push(b'\n');
        }
        Ok(())
    }
}

impl Read for Records {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() && !self.done {
            stopped(&self.stop)?;
            Python::attach(|py| self.fill(py)).map_err(io::Error::other)?;
        }
        let n = (&self.text[self.given..]).read(buf)?;
        self.given += n;
        Ok(n)
    }
}
