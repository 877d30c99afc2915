//! What goes to standard error: lines for people, or one JSON object a line for programs; under `--quiet` errors and
//! warnings alone.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use ndpix::{Error, Input, Options, Reject, Run, shown};
use serde_json::{Value, json};

/// How a command says what it says on the way.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Log {
    /// Print errors and warnings alone: no notes, no progress, no summary
    #[arg(long, hide_short_help = true)]
    quiet: bool,
    /// How lines on standard error are written: json is one object a line
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_short_help = true)]
    log_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

// The one thing that the process does says it all in one way, from whatever thread.
static QUIET: AtomicBool = AtomicBool::new(false);
static JSON: AtomicBool = AtomicBool::new(false);

impl Log {
    /// From here on everything is said in this way.
    pub(crate) fn begin(self) {
        QUIET.store(self.quiet, Ordering::Relaxed);
        JSON.store(self.log_format == Format::Json, Ordering::Relaxed);
    }

    /// The same, as far as words ask for it that cannot be read otherwise.
    pub(crate) fn begin_with(words: &[std::ffi::OsString]) {
        let asks = words.windows(2).any(|two| two[0] == "--log-format" && two[1] == "json");
        JSON.store(asks || words.iter().any(|w| w == "--log-format=json"), Ordering::Relaxed);
        QUIET.store(false, Ordering::Relaxed);
    }
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Info,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Whether lines are objects.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Whether only errors and warnings are printed.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Says one thing: `text` to people, and to programs with the values of the object `more`.
///
/// Names of files and fields cannot act on a terminal. A closed pipe is not an error.
pub(crate) fn say(level: Level, event: &str, text: &str, more: Value) {
    if is_quiet() && level == Level::Info {
        return;
    }
    let line = if is_json() { object(level, event, text, more) } else { text_of(event, text) };
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn text_of(event: &str, text: &str) -> String {
    let text = shown(text);
    match event {
        // What is a table, or belongs to the line before.
        "summary" | "remedy" => text.into_owned(),
        "warning" => format!("ndpix: WARNING: {text}"),
        _ => format!("ndpix: {text}"),
    }
}

fn object(level: Level, event: &str, text: &str, more: Value) -> String {
    let (level, text, more) = (level.name(), Value::from(text), more.to_string());
    let more = more.strip_prefix('{').map_or("}".to_string(), |more| format!(",{more}"));
    let line = format!(r#"{{"level":"{level}","event":"{event}","message":{text}{more}"#);
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            c if c.is_ascii() || shown(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8() => {
                safe.push(c);
            }
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                safe.push_str(&format!("\\u{unit:04x}"));
            }),
        }
    }
    safe
}

/// Says a note.
pub(crate) fn note(text: &str) {
    say(Level::Info, "note", text, Value::Null);
}

/// The inputs that the words name, and what is said of folders among them.
pub(crate) fn inputs(words: &[PathBuf]) -> Result<Vec<Input>, Error> {
    Input::expand_noting(words, &mut note)
}

/// Says what ended the command, which is not an error of the library.
pub(crate) fn failure(text: &str) {
    say(Level::Error, "error", text, json!({"kind": "io"}));
}

/// Says what ended the command, and of a run the commands that would do.
pub(crate) fn error(error: &Error) {
    let place = error.position();
    let more = json!({
        "kind": error.kind().name(),
        "reason": error.message(),
        "file": place.map(|place| &*place.file),
        "line": place.map(|place| place.line),
        "byte": place.map(|place| place.byte),
        "item": place.map(|place| place.item),
    });
    say(Level::Error, "error", &error.to_string(), more);
}

/// Says how a run has ended, but for its error; `exit` is the exit code.
pub(crate) fn summary(run: &Run, options: &Options, exit: u8) {
    let s = &run.summary;
    if is_json() {
        s.first_rejects.iter().for_each(reject);
        let json = s.json_ended(options, run.result.as_ref().err(), exit);
        let values: Value = serde_json::from_str(&json).unwrap_or_default();
        let text = format!("{} records, {} rows, {} rejected", s.records, s.rows, s.rejected());
        say(Level::Info, "summary", &text, json!({"summary": values}));
    } else {
        say(Level::Info, "summary", s.text(options).trim_end(), Value::Null);
    }
    // Of a run that did not finish the error says it.
    for text in s.warnings(options).iter().filter(|_| run.result.is_ok()) {
        say(Level::Warning, "warning", text, Value::Null);
    }
}

fn reject(reject: &Reject) {
    let place = &reject.position;
    let more = json!({
        "kind": reject.kind.name(),
        "reason": reject.message,
        "file": *place.file,
        "line": place.line,
        "byte": place.byte,
        "item": place.item,
    });
    say(Level::Info, "reject", &reject.to_string(), more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_object_acts_and_all_of_it_is_there() {
        let text = "a\u{1b}[2J\u{202e}b\u{e0001}ü\n\u{7f}";
        let line = object(Level::Info, "note", text, json!({"file": text, "line": 3}));
        assert!(
            !line.contains(['\u{1b}', '\u{202e}', '\u{e0001}', '\n']) && line.contains('ü'),
            "{line}"
        );
        let read: Value = serde_json::from_str(&line).expect("JSON");
        let want =
            json!({"level": "info", "event": "note", "message": text, "file": text, "line": 3});
        assert_eq!(read, want);
    }
}
