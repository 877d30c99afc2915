//! An output that lies in a store: it is made on a disk as any other, and put when it is whole.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::options::{IfExists, Options, Rejects};
use crate::sink;
use crate::sink::stage::Stage;
use crate::sink::upload::Upload;
use crate::source::Input;
use crate::stores;
use crate::summary::Summary;

/// The name of an output without a slash at its end.
pub(super) fn tidy(out: &Path) -> PathBuf {
    match stores::address(out) {
        Some(address) => address.trim_end_matches('/').into(),
        None => out.components().collect(),
    }
}

/// Whether there is an output of this name.
pub(super) fn is_there(out: &Path, options: &Options) -> Result<bool> {
    match stores::address(out) {
        Some(address) => {
            let last = Upload::last(address, sink::named(out, options)?);
            Ok(stores::look(&last)?.is_some())
        }
        None => Ok(out.exists()),
    }
}

/// Refuses what cannot be done in a store, and inputs that would be written over.
pub(super) fn check(inputs: &[Input], address: &str, options: &Options) -> Result<()> {
    let output = sink::named(Path::new(address), options)?;
    output.check(options)?;
    stores::stores(address)?;
    if address.starts_with("http://") || address.starts_with("https://") {
        return Err(Error::options(format!(
            "output {address} is on a web server, which takes none; write to a store, or to a file"
        )));
    }
    if options.append {
        return Err(Error::options(format!(
            "append adds to a file, and {address} lies in a store, where objects only change as a whole; append to a file, and copy that"
        )));
    }
    if let Rejects::Path(path) = &options.rejects
        && let Some(rejects) = stores::address(path)
    {
        return Err(Error::options(format!(
            "rejects {rejects} is not a file; give one, or leave it out: they go beside the output then"
        )));
    }
    let taken = Upload::company(address, output, options);
    for input in inputs {
        let name = input.name();
        let inside = name
            .strip_prefix(address)
            .is_some_and(|rest| rest.is_empty() || (output.is_folder() && rest.starts_with('/')));
        if inside || taken.iter().any(|taken| **taken == *name) {
            return Err(Error::options(format!(
                "{name} is an input and would be overwritten; give another name"
            )));
        }
    }
    Ok(())
}

/// Whether to write at all.
pub(super) fn may_write(address: &str, options: &Options) -> Result<bool> {
    if !is_there(Path::new(address), options)? {
        return Ok(true);
    }
    match options.if_exists {
        IfExists::Error => Err(Error::options(format!(
            "output {address} exists; pass if_exists replace or skip, or another name"
        ))),
        IfExists::Skip => Ok(false),
        IfExists::Replace => Ok(true),
    }
}

/// Makes an output with `make`, which is told where and with which options, and puts it. `this` is the run in JSON, by
/// which what an earlier one has left is known. Whether there is an output of this very run now.
pub(super) fn go(
    address: &str,
    options: &Options,
    this: &Value,
    control: &Control<'_>,
    summary: &mut Summary,
    make: impl FnOnce(&Path, &Options, &mut Summary) -> Result<bool>,
) -> Result<bool> {
    let output = sink::named(Path::new(address), options)?;
    let stage = Stage::open(address)?;
    let upload = Upload::new(&stage.out, address, output, options);
    let whole = !options.fresh && stage.is_whole(this)?;
    if whole && upload.is_there()? {
        control.note([format!("{address} is of this very command; nothing to do")]);
        stage.discard();
        return Ok(true);
    }
    if !may_write(address, options)? {
        control.note([format!("{address} exists; nothing to do")]);
        stage.leave();
        return Ok(false);
    }
    if whole {
        control.note([format!("{address} was made by an earlier run, and is only put there now")]);
    } else {
        stage.begin()?;
        let made = Options { if_exists: IfExists::Replace, ..options.clone() };
        if let Err(error) = make(&stage.out, &made, summary) {
            stage.leave();
            return Err(error);
        }
        stage.end(this)?;
    }
    match upload.put(options.if_exists == IfExists::Replace, &control.stop) {
        Ok(names) => {
            let here = stage.folder();
            summary.outputs.retain(|name| !Path::new(name).starts_with(here));
            summary.outputs.splice(0..0, names);
            stage.discard();
            Ok(true)
        }
        Err(error) => {
            control.note([format!(
                "what was made is in {}: the same command puts it there without making it again",
                stage.folder().display()
            )]);
            stage.leave();
            Err(error)
        }
    }
}
