//! `convert`: a loop from the reader to a sink, and what is looked at before and after it.

mod checks;
mod commit;
mod earlier;
mod plan;
mod remote;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Value, json};

use crate::books::inputs::Inputs;
use crate::books::marks;
use crate::control::Control;
use crate::error::Result;
use crate::journal::Asked;
use crate::options::{IfExists, Options};
use crate::os;
use crate::source::Input;
use crate::stores;
use crate::summary::Summary;

use earlier::{Begin, Earlier};

pub use checks::{files_of, keep_apart};
pub use plan::{Cut, plan, plan_to_read};

/// How a run ended: what it did is known also when it failed.
#[derive(Debug)]
pub struct Run {
    /// What was done.
    pub summary: Summary,
    /// `Err` when the array is not under its final name.
    pub result: Result<()>,
}

/// Converts NDJSON inputs (paths, globs, `-`) to the array file `out`.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3]]}\n")?;
///
/// let options = ndpix::Options::default().with("field", "image")?.with("shape", "1,2")?;
/// let summary = ndpix::convert(&[records], &out, &options)?;
/// assert_eq!((summary.rows, summary.rejected()), (1, 1));
/// assert!(std::fs::read(&out)?.starts_with(b"\x93NUMPY"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Kind `options` and `plan` before anything is written; any other kind ends the run, the final
/// name is then untouched.
pub fn convert(
    inputs: &[impl AsRef<Path>],
    out: impl AsRef<Path>,
    options: &Options,
) -> Result<Summary> {
    let inputs = Input::expand(inputs)?;
    let run = run(inputs, out.as_ref(), options, &Control::default());
    run.result.map(|()| run.summary)
}

/// As [`convert`], for opened inputs, with a say on the way and a summary also of a failed run.
///
/// ```
/// use ndpix::{Control, ErrorKind, Input, Options};
/// let folder = tempfile::tempdir()?;
/// let records = Input::bytes("{\"image\": [[1, 2]]}\nnot JSON\n");
/// let options = Options::default().with("field", "image")?.with("on_error", "raise")?;
/// let run = ndpix::run(vec![records], &folder.path().join("a.npy"), &options, &Control::default());
/// assert_eq!(run.result.expect_err("the second line").kind(), ErrorKind::Json);
/// assert_eq!((run.summary.decoded, run.summary.unreadable), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run(inputs: Vec<Input>, out: &Path, options: &Options, control: &Control<'_>) -> Run {
    let out = &remote::tidy(out);
    let begun = Instant::now();
    let mut summary =
        Summary { inputs: inputs.iter().map(Input::name).collect(), ..Summary::default() };
    let result = match stores::address(out) {
        Some(address) => put(inputs, address, options, control, &mut summary),
        None => go(inputs, out, options, control, &mut summary),
    };
    summary.seconds = begun.elapsed().as_secs_f64();
    summary.peak_memory = os::peak_memory();
    Run { summary, result }
}

/// A run whose output lies in a store.
fn put(
    inputs: Vec<Input>,
    address: &str,
    options: &Options,
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<()> {
    options.validate()?;
    remote::check(&inputs, address, options)?;
    checks::readable(&inputs)?;
    let this = Asked::of(&inputs, options).map_or(Value::Null, |asked| json!(asked));
    remote::go(address, options, &this, control, summary, |out, options, summary| {
        go(inputs, out, options, control, summary).map(|()| true)
    })
    .map(drop)
}

fn go(
    inputs: Vec<Input>,
    out: &Path,
    options: &Options,
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<()> {
    options.validate()?;
    checks::spare(&inputs, out, options)?;
    checks::readable(&inputs)?;
    let asked = Asked::of(&inputs, options);
    let earlier = Earlier::look(out, asked.as_ref(), options, control)?;
    if let Some(books) = &earlier.whole {
        control.note([format!("{} is of this very command; nothing to do", out.display())]);
        summary.outputs.push(out.display().to_string());
        return marks::recall(summary, books);
    }
    if !checks::may_write(out, options)? {
        control.note([format!("{} exists; nothing to do", out.display())]);
        return Ok(());
    }
    let list = Inputs::begin(out, &inputs, options)?;
    let may_be = options.if_exists != IfExists::Error || (options.append && out.exists());
    let this = asked.as_ref().map_or(Value::Null, |asked| json!(asked));
    let begin = Begin { out, options, asked, list, summary: summary.clone() };
    let opened = begin.open(earlier, inputs, control);
    summary.interrupted = control.stop.load(Ordering::Relaxed);
    let (mut reader, mut books) = opened?;
    let ended = books.drive(&mut reader, control);
    let (result, done, place) = books.close(out, may_be, this, ended);
    *summary = done;
    if let (Some(done), Err(error)) = (place, &result) {
        control.note([earlier::left(out, done, error)]);
    }
    result
}
