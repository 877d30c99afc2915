//! Keywords to [`Options`]: each value as the text that the command takes, and nothing more. Names,
//! defaults and checks are those of the library.

use ndpix::{Legend, OptionInfo, Options};
use std::sync::LazyLock;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple, PyType};

use crate::errors;

/// Every option: put together once, as that takes as long as a small image.
static KNOWN: LazyLock<Vec<OptionInfo>> = LazyLock::new(|| Options::table().collect());

/// Options from keywords; `None` leaves an option as it is.
pub(crate) fn options(keywords: &Bound<'_, PyDict>) -> PyResult<Options> {
    let mut options = Options::default();
    for (name, value) in keywords {
        let mut name: String = name.extract()?;
        let mut value = value;
        if name == ARRAYS.0 || name == ARRAYS.1 {
            name = ARRAYS.1.to_string();
            value = if value.is_none() { value } else { arrays(&value)? };
        }
        let Some(option) = KNOWN.iter().find(|option| option.name == name) else {
            return Err(PyTypeError::new_err(format!("unexpected keyword argument '{name}'")));
        };
        if value.is_none() {
            continue;
        }
        let set = match value.cast::<PyDict>() {
            Ok(types) if name == "columns" => {
                if keywords.get_item("column_type")?.is_some_and(|types| !types.is_none()) {
                    return Err(PyTypeError::new_err(
                        "columns says the types of its fields; leave column_type out",
                    ));
                }
                let names =
                    types.keys().iter().map(|name| text(&name)).collect::<PyResult<Vec<_>>>();
                let types = pairs(types)?;
                let set = options.set_each(&name, &names?);
                set.and_then(|()| options.set_each("column_type", &types))
            }
            Ok(all) if option.list => options.set_each(&name, &pairs(all)?),
            _ if option.list => {
                options.set_each(&name, &words(&value)?.unwrap_or(vec![text(&value)?]))
            }
            _ => options.set(&name, &text(&value)?),
        };
        set.map_err(|e| errors::raise(keywords.py(), &e))?;
    }
    Ok(options)
}

/// What the option may be called too, that the command gives once for each array.
const ARRAYS: (&str, &str) = ("arrays", "array");

/// Further arrays as the command spells them, from a list of them or a dict by their names: of fields, or of options
/// with the field among them.
fn arrays<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(all) = value.cast::<PyDict>() else { return Ok(value.clone()) };
    let spelled = PyList::empty(value.py());
    for (name, array) in all {
        let name = text(&name)?;
        let Ok(own) = array.cast::<PyDict>() else {
            let field = if array.is_none() { name.clone() } else { text(&array)? };
            spelled.append(format!("{name}={field}"))?;
            continue;
        };
        let field = own.get_item("field")?.filter(|field| !field.is_none());
        let mut words = format!("{name}={}", field.map_or(Ok(name.clone()), |field| text(&field))?);
        for (option, value) in own {
            let option = text(&option)?;
            if option != "field" && !value.is_none() {
                words += &format!(",{option}={}", text(&value)?);
            }
        }
        spelled.append(words)?;
    }
    Ok(spelled.into_any())
}

/// The items of a list or tuple, as text.
fn words(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
        return Ok(None);
    }
    value.try_iter()?.map(|item| text(&item?)).collect::<PyResult<_>>().map(Some)
}

/// What a dict says, as `KEY=VALUE`, but for keys of which it says `None`; a list of names is one of classes.
fn pairs(dict: &Bound<'_, PyDict>) -> PyResult<Vec<String>> {
    let said = dict.iter().filter(|(_, value)| !value.is_none());
    let pair = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let value = match words(&value)? {
            Some(names) => {
                let legend = Legend::new(names).map_err(|e| errors::raise(dict.py(), &e))?;
                format!("category[{legend}]")
            }
            None => text(&value)?,
        };
        Ok(format!("{}={value}", text(&key)?))
    };
    said.map(pair).collect()
}

/// Words by the kinds of errors that they are for, that of the others under `default`.
fn by_kind(kinds: &Bound<'_, PyDict>) -> PyResult<String> {
    let part = |(kind, word): (Bound<'_, PyAny>, Bound<'_, PyAny>)| -> PyResult<String> {
        let (kind, word) = (text(&kind)?, text(&word)?);
        Ok(if kind == "default" { word } else { format!("{kind}={word}") })
    };
    Ok(kinds.iter().map(part).collect::<PyResult<Vec<_>>>()?.join(","))
}

/// A value in the spelling of the table.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.to_string());
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().to_string());
    }
    if let Ok(kinds) = value.cast::<PyDict>() {
        return by_kind(kinds);
    }
    if let Some(words) = words(value)? {
        let mut inner = value.try_iter()?;
        let nested = inner.any(|v| {
            v.is_ok_and(|v| v.is_instance_of::<PyList>() || v.is_instance_of::<PyTuple>())
        });
        return Ok(words.join(if nested { "/" } else { "," }));
    }
    let py = value.py();
    if value.is_instance_of::<PyType>() || value.hasattr(intern!(py, "newbyteorder"))? {
        // `numpy.uint8`, `numpy.dtype(">u2")`, `float`: NumPy knows what is meant.
        let dtype = py.import("numpy")?.call_method1(intern!(py, "dtype"), (value,))?;
        return dtype.getattr(intern!(py, "str"))?.extract();
    }
    if value.hasattr(intern!(py, "__fspath__"))? {
        return py.import("os")?.call_method1(intern!(py, "fsdecode"), (value,))?.extract();
    }
    value.str()?.extract()
}

/// Every option by its name with its default as text, `None` where it has none: the keywords of
/// every operation.
#[pyfunction]
pub(crate) fn defaults() -> Vec<(&'static str, Option<String>)> {
    Options::default().entries()
}

/// The options that these keywords change, as the command spells them.
#[pyfunction]
pub(crate) fn changed(options: &Bound<'_, PyDict>) -> PyResult<Vec<(&'static str, String)>> {
    Ok(self::options(options)?.changed())
}

/// What each option governs, by its name: `where`, `what`, `how` or only this `run`.
#[pyfunction]
pub(crate) fn governs() -> Vec<(&'static str, &'static str)> {
    Options::table().map(|option| (option.name, option.governs.name())).collect()
}

/// The image formats that this build reads, as JSON.
#[pyfunction]
pub(crate) fn formats() -> String {
    ndpix::ImageFormat::json()
}
