//! A conversion in parts: `plan`, `run` and `commit`. What is said of it is the library's; here stand which task
//! does which parts, and what a task has to say when it ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ndpix::{Control, Cut, Error, ErrorKind, Page, Plan, Sight};

use crate::{args, code, ended, exit_code, fail, log, print, watched, write};

/// Decides a run, and writes the decision beside its output.
pub(crate) fn plan(args: &args::Plan) -> u8 {
    let (made, end) = watched(false, |control| told(control, make(args, control)), |done| done.1);
    made.0.map_or(end, |text| print::out(&text))
}

/// Makes a plan: what is printed of it.
fn make(args: &args::Plan, control: &Control<'_>) -> Result<String, Error> {
    let options = args.flags.options()?;
    let cut = match args.parts {
        Some(parts) => Cut::Parts(parts),
        None => args.part_bytes.parse()?,
    };
    let plan = ndpix::plan(log::inputs(&args.inputs)?, &args.output, &options, cut, control)?;
    let path = plan.save()?;
    control.note.iter().for_each(|note| note(&format!("the plan is in {}", path.display())));
    match args.json {
        true => plan.to_json(),
        false => Ok(format!("parts {}\n", plan.parts())),
    }
}

/// Carries out every N-th part.
pub(crate) fn run(args: &args::Run) -> u8 {
    let done = |control: &Control<'_>| told(control, carry_out(args, control));
    watched(args.progress, done, |done| done.1).1
}

fn carry_out(args: &args::Run, control: &Control<'_>) -> Result<(), Error> {
    let args::Run { task, tasks, .. } = *args;
    if task >= tasks {
        return Err(Error::new(
            ErrorKind::Options,
            match tasks {
                0 => "tasks must be at least 1".to_string(),
                _ => format!(
                    "there is no task {task} of {tasks}: they are counted from 0 to {}; use --array=0-{}",
                    tasks - 1,
                    tasks - 1
                ),
            },
        ));
    }
    let mut plan = Plan::open(&args.plan)?;
    args.threads.into_iter().for_each(|threads| plan.set_threads(threads));
    let (mut parts, mut records, mut decoded) = (0, 0, 0);
    for part in (0..plan.parts()).filter(|part| *part as u64 % tasks == task) {
        let facts = plan
            .run(part, args.work.as_deref(), control)
            .map_err(|error| error.within(format_args!("part {part}")))?;
        parts += 1;
        records += facts.records;
        decoded += facts.decoded;
    }
    control.note.iter().for_each(|note| {
        note(&format!(
            "task {task} of {tasks} is done: {parts} of {} parts, {records} records, {decoded} images",
            plan.parts()
        ));
    });
    Ok(())
}

/// Makes the output.
pub(crate) fn commit(args: &args::Commit) -> u8 {
    let plan = match Plan::open(&args.plan) {
        Ok(plan) => plan,
        Err(error) => return fail(&error),
    };
    let options = plan.options();
    let inputs = match plan.inputs() {
        Ok(inputs) => inputs,
        Err(error) => return fail(&error),
    };
    for (name, file) in [("summary", &args.summary), ("report", &args.report)] {
        let apart = |file| ndpix::keep_apart(name, file, &inputs, Some(plan.out()), options);
        if let Err(error) = file.as_deref().map_or(Ok(()), apart) {
            return fail(&error);
        }
    }
    let page = args.report.as_ref().map(|_| Page::new(options));
    let sight = page.as_ref().map(|page| |sight: &Sight<'_>| page.see(sight));
    let work: Option<&Path> = args.work.as_deref();
    let (run, end) = watched(
        args.progress,
        |control| {
            let sight = sight.as_ref().map(|sight| sight as _);
            let (stop, note, started) = (Arc::clone(&control.stop), control.note, control.started);
            plan.commit(None, work, &Control { stop, note, started, sight })
        },
        |run| exit_code(run, options),
    );
    let end = ended(&run, options, args.summary.as_deref(), end, |_| {});
    let Some((page, path)) = page.zip(args.report.as_deref()) else { return end };
    write(path, page.of_run(&run.summary, run.result.as_ref().err(), options), end)
}

/// What came of something that is not a run, with its exit code; why not is said.
fn told<T>(control: &Control<'_>, done: Result<T, Error>) -> (Option<T>, u8) {
    match done {
        Ok(done) => (Some(done), 0),
        Err(error) => {
            log::error(&error);
            let stopped = control.stop.load(Ordering::Relaxed);
            (None, if stopped { 130 } else { code(&error) })
        }
    }
}
