//! What is printed: notes and the summary on standard error, reports on standard output.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use ndpix::{Frames, Options, Ragged, Report, Run};
use serde_json::{Value, json};

/// A line for people. A closed pipe is not an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Text for the next program, and the exit code it ends with. A closed pipe ends quietly.
pub(crate) fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(e) => {
            say(&format!("ndpix: cannot write to standard output: {e}"));
            1
        }
    }
}

/// A bar by bytes on a terminal; elsewhere a log line a minute.
#[derive(Default)]
pub(crate) struct Progress {
    ended: Arc<AtomicBool>,
    ticker: Mutex<Option<JoinHandle<()>>>,
}

impl Progress {
    pub(crate) fn start(&self, forced: bool, counter: Arc<AtomicU64>, total: Option<u64>) {
        let ended = Arc::clone(&self.ended);
        let bar = (forced || std::io::stderr().is_terminal()).then(|| bar(total));
        let ticker = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut logged = 0;
            while !ended.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(200));
                let read = counter.load(Ordering::Relaxed);
                let minutes = begun.elapsed().as_secs() / 60;
                match &bar {
                    Some(bar) => bar.set_position(read),
                    None if minutes > logged => {
                        logged = minutes;
                        let of = total.map_or(String::new(), |t| format!(" of {}", HumanBytes(t)));
                        say(&format!("ndpix: {minutes} min, {}{of} read", HumanBytes(read)));
                    }
                    None => {}
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        if let Ok(mut slot) = self.ticker.lock() {
            *slot = Some(ticker);
        }
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let ticker = self.ticker.lock().ok().and_then(|mut slot| slot.take());
        if let Some(ticker) = ticker {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => {
            (ProgressBar::new(total), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The closing lines of a run.
pub(crate) fn summary(run: &Run, options: &Options) {
    let s = &run.summary;
    say(&format!(
        "records  {} = {} with image + {} without + {} unreadable; {} passed over, {} blank lines{}",
        s.records,
        s.with_image,
        s.without_image,
        s.unreadable,
        s.passed_over,
        s.blank_lines,
        if s.limited { "; ended by limit" } else { "" },
    ));
    say(&format!(
        "images   {} = {} decoded + {} rejected; {} rows{}",
        s.images,
        s.decoded,
        s.rejected_images,
        s.rows,
        if s.filled > 0 { format!(", {} of them filled", s.filled) } else { String::new() },
    ));
    if s.rejected() > 0 {
        let kinds: Vec<_> = s.rejects.iter().map(|(k, n)| format!("{n} {k}")).collect();
        say(&format!("rejects  {} ({})", s.rejected(), kinds.join(", ")));
        s.first_rejects.iter().for_each(|r| say(&format!("  {r}")));
        let more = s.rejected() - s.first_rejects.len() as u64;
        if more > 0 {
            say(&format!("  and {more} more"));
        }
    }
    if s.with_image > 0 && s.without_image > s.with_image {
        say(
            "note     most records have no image in the field; it may have another name in some of the inputs",
        );
    }
    // What was done about orientation and alpha stands among the steps.
    if s.oriented > 0 && !options.exif_transpose {
        say(&format!("note     {} images carry an orientation that is not applied", s.oriented));
    }
    if s.alpha > 0 && !s.steps.iter().any(|step| step.starts_with("alpha of ")) {
        say(&format!("note     {} images have alpha, which is the last channel", s.alpha));
    }
    if s.premultiplied > 0 && !s.steps.iter().any(|step| step.contains("un-multiplied")) {
        say(&format!(
            "note     {} images store colours multiplied with alpha, which are kept so",
            s.premultiplied
        ));
    }
    if s.multi_frame > 0 && options.frames == Frames::First {
        say(&format!(
            "note     {} images have more frames or pages than the first, which was read",
            s.multi_frame
        ));
    }
    for step in &s.steps {
        say(&format!("pixels   {step}"));
    }
    for file in &s.outputs {
        // What is not under its final name is not to be used as if it were.
        let word = if file.ends_with(".partial") { "left" } else { "wrote" };
        say(&format!("{word:8} {file}"));
    }
    say(&format!(
        "took     {:.1} s, {} read, {} written, peak memory {}",
        s.seconds,
        HumanBytes(s.bytes_read),
        HumanBytes(s.bytes_written),
        HumanBytes(s.peak_memory)
    ));
}

/// The summary for programs, as JSON text, with the exit code of the command. `version` changes when a
/// name or a meaning does.
pub fn summary_json(run: &Run, exit: u8, options: &Options) -> String {
    let s = &run.summary;
    let rejects: serde_json::Map<String, Value> =
        s.rejects.iter().map(|(k, n)| (k.to_string(), json!(n))).collect();
    let error = run.result.as_ref().err().map(|e| {
        json!({"kind": e.kind().name(), "message": e.message(), "text": e.to_string(),
               "line": e.position().map(|p| p.line), "byte": e.position().map(|p| p.byte)})
    });
    let value = json!({
        "version": 1, "ndpix": env!("CARGO_PKG_VERSION"), "exit": exit, "error": error,
        "records": s.records, "with_image": s.with_image, "without_image": s.without_image,
        "unreadable": s.unreadable, "passed_over": s.passed_over, "blank_lines": s.blank_lines,
        "limited": s.limited, "images": s.images, "decoded": s.decoded,
        "rejected_images": s.rejected_images, "rows": s.rows, "filled": s.filled,
        "rejected": s.rejected(), "rejects": rejects, "first_rejects": s.first_rejects,
        "oriented": s.oriented, "alpha": s.alpha, "premultiplied": s.premultiplied, "steps": s.steps, "multi_frame": s.multi_frame, "bytes_read": s.bytes_read,
        "bytes_written": s.bytes_written, "inputs": s.inputs.iter().map(|i| i.as_ref()).collect::<Vec<&str>>(),
        "outputs": s.outputs, "seconds": s.seconds, "peak_memory": s.peak_memory,
        "interrupted": s.interrupted, "threads": options.thread_count(),
    });
    format!("{value:#}\n")
}

/// The words of the command that does what the report says.
pub fn command(report: &Report, inputs: &[PathBuf], options: &Options) -> Vec<String> {
    let mut words = vec!["ndpix".to_string(), "convert".to_string()];
    words.extend(inputs.iter().map(|p| p.display().to_string()));
    let first = inputs.first().filter(|p| p.as_os_str() != "-");
    let stem = first.and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    let stem = stem
        .as_deref()
        .and_then(|n| n.split('.').next())
        .filter(|n| !n.is_empty() && !n.contains('*'));
    let ending = report.output.unwrap_or(".npy");
    words.extend(["-o".to_string(), format!("{}{ending}", stem.unwrap_or("images"))]);
    for field in report.field.iter().chain(&report.bands) {
        words.extend(["--field".to_string(), field.clone()]);
    }
    words.extend(report.encoding.iter().flat_map(|e| ["--encoding".to_string(), e.clone()]));
    let mut rest = options.clone();
    (rest.field, rest.bands, rest.encoding) = (None, Vec::new(), None);
    words.extend(rest.flags());
    for (name, value) in report.suggestion.iter().flatten() {
        words.extend([flag(name), value.clone()]);
    }
    words
}

/// The flag of an option.
pub(crate) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// Words as a line for a shell.
pub fn quoted(words: &[String]) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./,+%=@:".contains(c);
    let quote = |word: &String| match !word.is_empty() && word.chars().all(safe) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// The report for programs.
pub(crate) fn inspect_json(report: &Report, inputs: &[PathBuf], options: &Options) -> String {
    let counts = |list: &[(String, u64)]| -> Value {
        list.iter().map(|(k, n)| (k.clone(), json!(n))).collect::<serde_json::Map<_, _>>().into()
    };
    let fields: Vec<_> = report
        .fields
        .iter()
        .map(|f| json!({"field": f.field, "encodings": counts(&f.encodings)}))
        .collect();
    let shapes: Vec<_> = report
        .shapes
        .iter()
        .map(|s| json!({"shape": s.shape, "dtype": s.dtype, "color": s.color, "count": s.count}))
        .collect();
    let orientations: serde_json::Map<String, Value> =
        report.orientations.iter().map(|(o, n)| (o.to_string(), json!(n))).collect();
    let words = command(report, inputs, options);
    let runs = report.problem.is_none() || report.suggestion.is_some();
    let choices: Vec<Value> = report
        .choices
        .iter()
        .map(|(options, bytes)| {
            let options: serde_json::Map<String, Value> =
                options.iter().map(|(k, v)| (k.to_string(), json!(v))).collect();
            json!({"options": options, "bytes": bytes})
        })
        .collect();
    let value = json!({
        "version": 1, "framing": report.framing, "compression": report.compression,
        "sampled": report.sampled, "fields": fields, "field": report.field, "bands": report.bands,
        "encoding": report.encoding, "images": report.images, "formats": counts(&report.formats),
        "shapes": shapes, "orientations": orientations, "aspects": counts(&report.aspects),
        "alpha": report.alpha, "multi_frame": report.multi_frame,
        "without_image": report.without_image, "rejects": report.rejects, "shape": report.shape,
        "dtype": report.dtype, "expected_rows": report.expected_rows,
        "expected_bytes": report.expected_bytes, "free_bytes": report.free_bytes, "choices": choices, "notes": report.notes, "problem": report.problem,
        "command": if runs { json!(words) } else { Value::Null },
        "command_line": if runs { json!(quoted(&words)) } else { Value::Null },
    });
    format!("{value:#}\n")
}

/// The report for people.
pub(crate) fn inspect_text(report: &Report, inputs: &[PathBuf], options: &Options) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("{name:12} {text}"));
    let list = |l: &[(String, u64)]| {
        l.iter().map(|(k, n)| format!("{k} ({n})")).collect::<Vec<_>>().join(", ")
    };
    let packed = match report.compression.is_empty() {
        true => String::new(),
        false => format!(", {}", report.compression.join(", ")),
    };
    line("records", format!("{} looked at, framing {}{packed}", report.sampled, report.framing));
    for field in &report.fields {
        let mut read = report.field.iter().chain(&report.bands);
        let chosen = if read.any(|f| *f == field.field) { "  <- read" } else { "" };
        line("field", format!("{}: {}{chosen}", field.field, list(&field.encodings)));
    }
    if report.images > 0 {
        line("images", format!("{}, {} records without", report.images, report.without_image));
        line("formats", list(&report.formats));
    }
    for shape in &report.shapes {
        line("shape", format!("{} {} {}: {}", shape.shape, shape.dtype, shape.color, shape.count));
    }
    if report.orientations.iter().any(|o| o.0 != 1) {
        let seen: Vec<_> = report.orientations.iter().map(|(o, n)| format!("{o} ({n})")).collect();
        line("orientation", seen.join(", "));
    }
    if report.aspects.len() > 1 {
        line("aspect", list(&report.aspects[..report.aspects.len().min(6)]));
    }
    if report.alpha > 0 {
        line("alpha", format!("{} images", report.alpha));
    }
    for reject in report.rejects.iter().take(5) {
        line("reject", reject.clone());
    }
    let images = match (&report.shape, &report.dtype) {
        (Some(shape), Some(dtype)) => Some(format!("rows of {shape} {dtype}")),
        (None, Some(dtype)) if options.ragged == Ragged::Pad => {
            Some(format!("rows of the largest image, {dtype}"))
        }
        (None, Some(dtype)) => Some(format!("images of their own sizes, {dtype}")),
        _ => report.expected_rows.map(|_| "image files as they are".to_string()),
    };
    if let Some(images) = images {
        let rows =
            report.expected_rows.map_or(String::new(), |rows| format!(", about {rows} rows"));
        let bytes = report.expected_bytes.map_or(String::new(), |bytes| {
            let free =
                report.free_bytes.map(|free| format!(" ({} free on this disk)", HumanBytes(free)));
            format!(", {}{}", HumanBytes(bytes), free.unwrap_or_default())
        });
        line("output", format!("{images}{rows}{bytes}"));
    }
    for (options, bytes) in report.choices.iter().filter(|c| !c.0.is_empty()) {
        let flags: Vec<_> = options.iter().map(|(k, v)| format!("{} {v}", flag(k))).collect();
        let of =
            if report.expected_rows.is_some() || report.problem.is_some() { "" } else { " a row" };
        line("or", format!("{}: {}{of}", flags.join(" "), HumanBytes(*bytes)));
    }
    report.notes.iter().for_each(|n| line("note", n.clone()));
    if let Some(problem) = &report.problem {
        line("problem", problem.clone());
    }
    if report.problem.is_none() || report.suggestion.is_some() {
        line("run", quoted(&command(report, inputs, options)));
    }
    lines.join("\n") + "\n"
}
