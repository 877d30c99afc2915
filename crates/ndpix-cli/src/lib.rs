//! The `ndpix` command as a library, so that the Python package installs the same one: flags to options,
//! one call into `ndpix`, an exit code.
//!
//! Exit codes: 0 all well, 1 the machine, 2 usage or plan, 3 finished with rejects, 4 stopped
//! because of the data, 130 interrupted.

mod args;
mod completions;
mod flags;
mod formats;
mod help;
mod log;
mod parts;
mod print;
#[cfg(test)]
mod reference;
mod show;
mod signals;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use ndpix::{Control, Error, ErrorKind, Meter, Options, Page, Run, Sight, quoted};
use serde_json::json;

use crate::args::{Cli, Command, Convert, Inspect};
use crate::log::Level;
use crate::print::Progress;
use crate::signals::Watch;

/// Runs the command with these words, the first of them its own name, and gives its exit code.
///
/// It prints, and catches interrupts of the process, as the only thing that the process does.
pub fn main(words: impl IntoIterator<Item = OsString>) -> u8 {
    quiet_workers();
    ndpix::Reserve::keep();
    let words: Vec<_> = words.into_iter().collect();
    log::Log::begin_with(&words);
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(said) => {
            let short = said.kind() == clap::error::ErrorKind::DisplayHelp
                && words.iter().any(|word| word == "-h");
            return match short.then(|| help::ungrouped().try_get_matches_from(&words)) {
                Some(Err(short)) => unread(&short),
                _ => unread(&said),
            };
        }
    };
    if let Some(log) = cli.command.log() {
        log.begin();
    }
    match cli.command {
        Command::Convert(args) => convert(&args),
        Command::Inspect(args) => inspect(&args),
        Command::Plan(args) => parts::plan(&args),
        Command::Run(args) => parts::run(&args),
        Command::Commit(args) => parts::commit(&args),
        Command::Show(args) => show::show(&args),
        Command::Formats { json } => print::out(&formats::list(json)),
        Command::Completions { shell } => print::out(&completions::script(shell)),
        Command::Man => {
            // The page of the command, and after it those of what it can do.
            let mut command = Cli::command();
            command.build();
            let subcommands = command.get_subcommands().filter(|c| c.get_name() != "help").cloned();
            let pages: Vec<_> = std::iter::once(command.clone()).chain(subcommands).collect();
            let mut out = Vec::new();
            let written = pages.into_iter().try_for_each(|page| {
                let is_convert = page.get_name() == "convert";
                // What stands below the options has sections of its own here.
                clap_mangen::Man::new(page.after_long_help(None::<&str>)).render(&mut out)?;
                if is_convert { out.write_all(help::roff().as_bytes()) } else { Ok(()) }
            });
            match written {
                Ok(()) => print::out(&String::from_utf8_lossy(&out)),
                Err(_) => 1,
            }
        }
    }
}

/// Says why words could not be read, or the help that they ask for.
fn unread(said: &clap::Error) -> u8 {
    if said.use_stderr() && log::is_json() {
        let text = said.render().to_string();
        log::say(Level::Error, "error", text.trim_end(), json!({"kind": "options"}));
    } else {
        // Help goes to standard output and is not a failure; a closed pipe is not one either.
        let _ = said.print();
    }
    u8::try_from(said.exit_code()).unwrap_or(2)
}

/// A panic in a worker becomes a rejected image or an error with a message: no trace on the terminal.
fn quiet_workers() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            usual(info);
        }
    }));
}

fn code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Io => 1,
        ErrorKind::Fetch if error.is_transient() => 1,
        ErrorKind::Options | ErrorKind::Plan => 2,
        _ => 4,
    }
}

/// The exit code for a run that ended like this.
pub fn exit_code(run: &Run, options: &Options) -> u8 {
    match &run.result {
        Err(_) if run.summary.interrupted => 130,
        Err(error) => code(error),
        Ok(()) if !run.summary.warnings(options).is_empty() => 3,
        // Who said how many may be rejected knows of fewer.
        Ok(()) if options.max_rejects.is_some() || options.warn_rejects.is_some() => 0,
        Ok(()) => 3 * u8::from(run.summary.rejected() > 0),
    }
}

fn fail(error: &Error) -> u8 {
    log::error(error);
    code(error)
}

fn convert(args: &Convert) -> u8 {
    let (options, inputs) =
        match args.flags.options().and_then(|options| Ok((options, log::inputs(&args.inputs)?))) {
            Ok(both) => both,
            Err(error) => return fail(&error),
        };
    for (name, file) in [("summary", &args.summary), ("report", &args.report)] {
        let apart = |f| ndpix::keep_apart(name, f, &inputs, Some(&args.output), &options);
        if let Err(error) = file.as_deref().map_or(Ok(()), apart) {
            return fail(&error);
        }
    }
    let columns = print::columns().filter(|_| args.preview && !is_out(args.summary.as_deref()));
    let page = (args.report.is_some() || columns.is_some()).then(|| Page::new(&options));
    let sight = page.as_ref().map(|page| |sight: &Sight<'_>| page.see(sight));
    let (run, end) = watched(
        args.progress,
        |control| {
            let sight = sight.as_ref().map(|sight| sight as _);
            let (stop, note, started) = (Arc::clone(&control.stop), control.note, control.started);
            let control = Control { stop, note, started, sight };
            ndpix::run(inputs, &args.output, &options, &control)
        },
        |run| exit_code(run, &options),
    );
    let remedies = |error: &Error| remedies(error, args, &options);
    let end = ended(&run, &options, args.summary.as_deref(), end, remedies);
    let pictures = page.as_ref().zip(columns).map(|(page, columns)| page.preview(columns));
    let end = match pictures.map_or(0, |pictures| print::out(&pictures)) {
        0 => end,
        failed => failed,
    };
    let Some((page, path)) = page.zip(args.report.as_deref()) else { return end };
    write(path, page.of_run(&run.summary, run.result.as_ref().err(), &options), end)
}

/// Whether a summary goes to standard output.
fn is_out(summary: Option<&Path>) -> bool {
    summary.is_some_and(|path| path.as_os_str() == "-")
}

/// Writes a file beside what was asked for, and gives the exit code: `end`, or that of the failure.
fn write(path: &Path, bytes: impl AsRef<[u8]>, end: u8) -> u8 {
    match std::fs::write(path, bytes) {
        Ok(()) => end,
        Err(error) => {
            log::failure(&format!("cannot write {}: {error}", path.display()));
            1
        }
    }
}

/// Does what ends at a signal and shows how far it is, and gives what came of it with its exit code.
fn watched<T>(
    progress: bool,
    work: impl FnOnce(&Control<'_>) -> T,
    code: impl FnOnce(&T) -> u8,
) -> (T, u8) {
    let watch = Watch::begin();
    let bar = Progress::default();
    let started = |meter: Arc<Meter>, total| {
        bar.start(progress, Arc::clone(&meter), total);
        if let Ok(mut slot) = watch.meter.lock() {
            *slot = Some(meter);
        }
    };
    let stop = Arc::clone(&watch.stop);
    let control = Control { stop, note: Some(&log::note), started: Some(&started), sight: None };
    let done = work(&control);
    let end = code(&done);
    watch.end.get_or_init(|| end);
    bar.end();
    (done, end)
}

/// Says how a run has ended, on the terminal and in the summary.
fn ended(
    run: &Run,
    options: &Options,
    summary: Option<&Path>,
    end: u8,
    remedies: impl FnOnce(&Error),
) -> u8 {
    let s = &run.summary;
    if end != 2 && s.records + s.blank_lines + s.outputs.len() as u64 > 0 {
        log::summary(run, options, end);
    }
    if let Err(error) = &run.result {
        log::error(error);
        remedies(error);
    }
    let Some(path) = summary else { return end };
    let json = run.summary.json_ended(options, run.result.as_ref().err(), end);
    if is_out(Some(path)) {
        return match print::out(&json) {
            0 => end,
            failed => failed,
        };
    }
    write(path, json, end)
}

/// The commands that would do, for an error that knows them.
fn remedies(error: &Error, args: &Convert, options: &Options) {
    for remedy in error.remedies() {
        let words = remedy.command(&args.inputs, &args.output.display().to_string(), options);
        let (what, command) = (&remedy.what, quoted(&words));
        let more = json!({"what": what, "command": command});
        log::say(Level::Info, "remedy", &format!("  {what}: {command}"), more);
    }
}

fn inspect(args: &Inspect) -> u8 {
    let columns = print::columns().filter(|_| args.preview && !args.json);
    let report = args.flags.options().and_then(|options| {
        let inputs = log::inputs(&args.inputs)?;
        if args.report.is_none() && columns.is_none() {
            return Ok((ndpix::inspect(inputs, &options)?, None, options));
        }
        if let Some(path) = &args.report {
            ndpix::keep_apart("report", path, &inputs, None, &options)?;
        }
        let (report, page) = ndpix::look(inputs, &options)?;
        Ok((report, Some(page), options))
    });
    let (report, page, options) = match report {
        Ok(looked) => looked,
        Err(error) => return fail(&error),
    };
    let text = match args.json {
        true => report.json(&args.inputs, &options),
        false => report.text(&args.inputs, &options),
    };
    let pictures = page.as_ref().zip(columns).map(|(page, columns)| page.preview(columns));
    let end = match print::out(&(pictures.unwrap_or_default() + &text)) {
        0 if report.problem.is_some() => 2,
        end => end,
    };
    let Some((page, path)) = page.zip(args.report.as_deref()) else { return end };
    write(path, page.of_look(&report, &args.inputs, &options), end)
}
