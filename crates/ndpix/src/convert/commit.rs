//! The commit of a plan: what its parts have left goes through the books of a run, in the order of the records.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::json;

use super::{Run, checks, remote};
use crate::books::Books;
use crate::books::inputs::Inputs;
use crate::books::marks;
use crate::books::sights::Sights;
use crate::control::{Control, Meter};
use crate::error::{Error, ErrorKind, Result};
use crate::framing::FeedCounts;
use crate::journal;
use crate::options::{IfExists, Options};
use crate::os;
use crate::parts::{Facts, Plan, Replay};
use crate::pipeline::Part;
use crate::sink::beside;
use crate::sink::work::Work;
use crate::source::Input;
use crate::stores;
use crate::summary::Summary;
use crate::threads;

/// So many missing parts are named.
const NAMED: usize = 10;

impl Plan {
    /// Makes the output of parts that are done, which wait in the folder `work`, by default [`Plan::work`], and
    /// removes them when it is there. It is that of [`run`](crate::run()) with one thread, byte by byte; so are
    /// rejects, row map and counts. With `facts` it is asked of these, in any order, whether all parts are done.
    /// [`Control::sight`] sees what that of a run does, but for the text of records that are not rejected.
    ///
    /// See [`Plan`] for an example.
    ///
    /// # Errors
    /// As [`run`](crate::run()); kind `plan` where an input has changed, kind `io` where parts are missing or
    /// damaged, which are named.
    pub fn commit(
        &self,
        facts: Option<&[Facts]>,
        work: Option<&Path>,
        control: &Control<'_>,
    ) -> Run {
        let begun = Instant::now();
        let mut summary = Summary { inputs: self.names(), ..Summary::default() };
        let result = commit(self, facts, &self.place(work), control, &mut summary);
        summary.seconds = begun.elapsed().as_secs_f64();
        summary.peak_memory = os::peak_memory();
        Run { summary, result }
    }
}

fn commit(
    plan: &Plan,
    facts: Option<&[Facts]>,
    work: &Work,
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<()> {
    let (out, options) = (plan.output()?, plan.options());
    plan.check_all()?;
    let inputs = plan.inputs()?;
    let stands = match stores::address(out) {
        None => {
            checks::spare(&inputs, out, options)?;
            go(plan, facts, &inputs, work, (out, options), control, summary)?
        }
        Some(address) => {
            remote::check(&inputs, address, options)?;
            let this = json!({"plan": plan.id()});
            if work.is_swept()? && remote::is_there(out, options)? {
                of_this(out, control)
            } else {
                remote::go(address, options, &this, control, summary, |out, options, summary| {
                    go(plan, facts, &inputs, work, (out, options), control, summary)
                })?
            }
        }
    };
    if stands {
        swept(work, control);
    }
    Ok(())
}

fn of_this(out: &Path, control: &Control<'_>) -> bool {
    control.note([format!("{} is of this very plan; nothing to do", out.display())]);
    true
}

/// Makes the output; whether it is there now, of this very plan.
fn go(
    plan: &Plan,
    facts: Option<&[Facts]>,
    inputs: &[Input],
    work: &Work,
    (out, options): (&Path, &Options),
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<bool> {
    let this = json!({"plan": plan.id()});
    if let Some(earlier) = checks::take_up(out, options)? {
        control.note([format!(
            "an earlier run was killed before all files of {} had their names; they have them now",
            out.display()
        )]);
        if options.if_exists != IfExists::Replace && this == earlier["of"] {
            summary.outputs.push(out.display().to_string());
            marks::recall(summary, &earlier["books"])?;
            return Ok(of_this(out, control));
        }
    }
    if out.exists() && work.is_swept()? {
        return Ok(of_this(out, control));
    }
    if !checks::may_write(out, options)? {
        control.note([format!("{} exists; nothing to do", out.display())]);
        return Ok(false);
    }
    let parts = all(plan, facts, work)?;
    let listed = Inputs::begin(out, inputs, options)?;
    control.note(plan.frozen().said());
    let left = beside(out, ".partial").exists();
    let may_be = options.if_exists != IfExists::Error;
    journal::forget(out)?;
    let summary_so_far = std::mem::take(summary);
    let mut books = Books::open(out, options, plan.frozen(), listed, summary_so_far, None)?;
    if left {
        control
            .note([format!("{} of an earlier run is replaced", beside(out, ".partial").display())]);
    }
    let sights = Sights::new(control, plan.frozen());
    let mut replay = Replay::new(plan);
    let ended = threads::beside(options.thread_count(), |give| {
        take_all(&mut replay, &parts, work, control, &mut |part| {
            books.take(part, &sights)?.map_or(Ok(()), &mut *give)
        })
    });
    let counts = FeedCounts {
        skipped: parts.iter().map(|facts| facts.passed_over).sum(),
        blank: parts.iter().map(|facts| facts.blank).sum(),
        records: parts.iter().map(|facts| facts.records).sum(),
        bytes: parts.iter().map(|facts| facts.bytes).sum(),
        ..FeedCounts::default()
    };
    let ended = ended.and_then(|()| books.may_end(control));
    let ended = books.over(&plan.frozen().steps, counts, &replay.taken, ended);
    let (result, done, _) = books.close(out, may_be, this, ended);
    *summary = done;
    result.map(|()| true)
}

/// Removes the parts of an output that is there; what stays in the way of nothing is no failure.
fn swept(work: &Work, control: &Control<'_>) {
    if let Err(error) = work.sweep() {
        control.note([format!("the parts are not needed any more, but stay: {error}")]);
    }
}

/// The facts of all parts, in order.
fn all(plan: &Plan, facts: Option<&[Facts]>, work: &Work) -> Result<Vec<Facts>> {
    let mut told: HashMap<usize, &Facts> = HashMap::new();
    for facts in facts.unwrap_or_default() {
        if !plan.is_of(facts) {
            return Err(Error::plan(format!(
                "facts of part {} are of the plan {}, and this is {}; commit the parts of one plan",
                facts.part,
                facts.plan,
                plan.id()
            )));
        }
        told.insert(facts.part, facts);
    }
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for part in 0..plan.parts() {
        match plan.done(work, part)?.filter(|_| facts.is_none() || told.contains_key(&part)) {
            Some(facts) => all.push(facts),
            None => missing.push(part),
        }
    }
    if missing.is_empty() {
        return Ok(all);
    }
    let named: Vec<_> = missing.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if missing.len() > NAMED { ", ..." } else { "" };
    let (parts, are) = if missing.len() > 1 { ("parts", "are") } else { ("part", "is") };
    Err(Error::new(
        ErrorKind::Io,
        format!(
            "{parts} {}{more} {are} missing ({} of {} in {}); run {}, and commit again",
            named.join(", "),
            missing.len(),
            plan.parts(),
            work.folder().display(),
            if missing.len() > 1 { "them" } else { "it" },
        ),
    ))
}

/// Gives what all parts have left to `take`, in order.
fn take_all(
    replay: &mut Replay,
    parts: &[Facts],
    work: &Work,
    control: &Control<'_>,
    take: &mut dyn FnMut(&mut Part<'_>) -> Result<()>,
) -> Result<()> {
    let meter = Arc::new(Meter::default());
    if let Some(started) = control.started {
        started(Arc::clone(&meter), Some(parts.iter().map(|facts| facts.bytes).sum()));
    }
    for facts in parts {
        let stop = || control.stop.load(Ordering::Relaxed);
        let mut stopped = stop();
        let mut failed = false;
        let taken = replay.part(work, facts, |part| {
            stopped = stopped || stop();
            if stopped {
                return Ok(());
            }
            let taken = take(part);
            failed = taken.is_err();
            taken
        });
        if stopped {
            return Ok(());
        }
        if let Err(error) = taken {
            if failed {
                return Err(error);
            }
            // What is damaged is made again where it is asked for; what cannot be read may be read later.
            if std::error::Error::source(&error).is_none() {
                work.forget(facts.part)?;
            }
            return Err(Error::new(
                ErrorKind::Io,
                format!("part {}: {error}; run it again, and commit again", facts.part),
            ));
        }
        meter.pass(facts.bytes);
    }
    Ok(())
}
