//! What belongs here: who may import whom, and what is absent, as `ARCHITECTURE.md` says it.

mod circles;
mod lengths;

use std::fs;
use std::path::Path;

const WORDS: [&str; 12] = [
    "batch", "column", "control", "dtype", "error", "legend", "limits", "options", "paths", "plan",
    "shape", "summary",
];
const STATIONS: [&str; 7] = ["source", "framing", "record", "encoding", "format", "pixels", "sink"];
/// Used by stations, uses none.
const LEAVES: [&str; 10] =
    ["array", "fetch", "half", "inflate", "os", "reserve", "sieve", "stores", "threads", "zip"];
/// The door to single stations for the stage benchmarks; nothing uses it.
const BENCH_DOOR: &str = "stations";
const ENGINE: [&str; 9] =
    ["detect", "decode", "pipeline", "reader", "parts", "journal", "books", "report", "page"];
/// The ways into the engine, each called by those who use the library.
const DOORS: [&str; 8] =
    ["convert", "load", "batches", "dataset", "single", "each", "inspect", "show"];

/// What words may name of stations and leaves: the closed choices, the name of a field, and who fetches.
const NAMED_BY_WORDS: [&str; 9] = [
    "encoding::Encoding",
    "format::ImageFormat",
    "format::Color",
    "fetch::Fetch",
    "fetch::Fetcher",
    "fetch::Rules",
    "framing::Framing",
    "record::pointer::Field",
    "record::pointer::Pointer",
];

/// The places where a station uses another, and why.
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    (
        "framing/feed.rs",
        "source",
        "one feed spans several inputs and opens each when it is its turn",
    ),
    ("framing/feed/start.rs", "source", "a feed opens the next input, or one at any of its lines"),
    ("encoding", "record", "record::value is how the JSON text of a value is walked"),
    ("encoding", "format", "format::recognise tells image bytes from more encoding"),
    ("pixels", "format", "format::Color and ImageInfo say what comes in"),
];

struct File {
    /// From `src`, such as `format/png.rs`.
    path: String,
    /// `format` of `format/png.rs`.
    module: String,
    /// Without the unit tests at its foot.
    text: Vec<String>,
    /// The same without comments.
    code: Vec<String>,
    lines: usize,
}

fn sources() -> Vec<File> {
    let files = sources_of("ndpix");
    assert!(files.len() > 40, "the sources are found");
    files
}

/// The files of one of the crates.
fn sources_of(name: &str) -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(name).join("src");
    let (mut folders, mut files) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let full = entry.expect("an entry").path();
            if full.is_dir() {
                folders.push(full);
                continue;
            }
            let path = full.strip_prefix(&src).expect("inside").display().to_string();
            if !path.ends_with(".rs") || path.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&full).expect("text");
            let foot = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            let lines: Vec<_> = text[..foot].lines().map(str::to_string).collect();
            let code = lines.iter().filter(|l| !l.trim_start().starts_with("//"));
            let module = path.split(['/', '.']).next().unwrap_or_default().to_string();
            files.push(File {
                path: path.clone(),
                module,
                code: code.cloned().collect(),
                text: lines,
                lines: text.lines().count(),
            });
        }
    }
    files
}

/// The paths after each `crate::` of a file: `a::b::{C, D}` as `a::b::C` and `a::b::D`.
fn imports(file: &File) -> Vec<String> {
    let text = file.code.join("\n");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let path = &rest[..end];
        match rest[end..].strip_prefix('{').and_then(|r| r.split_once('}')) {
            Some((names, _)) if path.ends_with("::") => {
                found.extend(names.split(',').map(|n| format!("{path}{}", n.trim())));
            }
            _ => found.push(path.to_string()),
        }
    }
    found
}

fn head(import: &str) -> &str {
    import.split("::").next().unwrap_or_default()
}

/// Paths of files, and what they hold, that break a rule.
fn breaches(rule: impl Fn(&File) -> Vec<String>) -> Vec<String> {
    let all = sources();
    all.iter().flat_map(|f| rule(f).into_iter().map(|b| format!("{}: {b}", f.path))).collect()
}

fn none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

fn holding(file: &File, what: &str) -> Vec<String> {
    file.code.iter().filter(|l| l.contains(what)).cloned().collect()
}

#[test]
fn every_module_has_its_place() {
    none(breaches(|f| {
        let m = f.module.as_str();
        let floors = [&WORDS[..], &STATIONS, &LEAVES, &ENGINE, &DOORS, &[BENCH_DOOR, "lib"]];
        if floors.concat().contains(&m) {
            Vec::new()
        } else {
            vec!["add it to the table above and to ARCHITECTURE.md".to_string()]
        }
    }));
}

#[test]
fn words_import_words_and_name_choices_of_stations() {
    none(breaches(|f| {
        if !WORDS.contains(&f.module.as_str()) {
            return Vec::new();
        }
        let mut all = imports(f);
        all.retain(|i| !WORDS.contains(&head(i)) && !NAMED_BY_WORDS.contains(&i.as_str()));
        all
    }));
}

#[test]
fn stations_import_words_and_the_leaf() {
    none(breaches(|f| {
        let m = f.module.as_str();
        if !STATIONS.contains(&m) && !LEAVES.contains(&m) {
            return Vec::new();
        }
        let allowed = |to: &str| {
            let exception = |e: &(&str, &str, &str)| (e.0 == f.path || e.0 == m) && e.1 == to;
            WORDS.contains(&to)
                || LEAVES.contains(&to)
                || to == m
                || EXCEPTIONS.iter().any(exception)
        };
        let mut all = imports(f);
        all.retain(|i| !allowed(head(i)));
        all
    }));
}

#[test]
fn no_door_is_imported() {
    none(breaches(|f| {
        let mut all = imports(f);
        let other = |i: &String| DOORS.contains(&head(i)) && head(i) != f.module;
        all.retain(|i| other(i) && f.module != "lib");
        all
    }));
}

#[test]
fn the_bench_door_opens_stations_and_nothing_opens_it() {
    none(breaches(|f| {
        let mut all = imports(f);
        match f.module.as_str() {
            BENCH_DOOR => {
                // Of a whole run it tells how long the locks were held.
                let clock = |i: &String| i.starts_with("pipeline::clock");
                all.retain(|i| {
                    !WORDS.contains(&head(i)) && !STATIONS.contains(&head(i)) && !clock(i)
                });
            }
            _ => all.retain(|i| head(i) == BENCH_DOOR),
        }
        all
    }));
}

#[test]
fn exceptions_are_used() {
    let all = sources();
    for (from, to, why) in EXCEPTIONS {
        let mut files = all.iter().filter(|f| f.path == from || f.module == from);
        let used = files.any(|f| imports(f).iter().any(|i| head(i) == to));
        assert!(used, "{from} no longer uses {to} ({why}); strike it from the list");
    }
}

#[test]
fn the_crate_is_named_from_its_root() {
    // `super::` of a file at the root would be an import that the rules above do not see.
    none(breaches(|f| if f.path.contains('/') { Vec::new() } else { holding(f, "super::") }));
}

#[test]
fn threads_are_in_one_place() {
    none(breaches(|f| match f.path.as_str() {
        "pipeline.rs" | "threads.rs" => Vec::new(),
        // They wait for servers, and decode nothing.
        "fetch/flight.rs" => Vec::new(),
        // It asks how many cores there are, and starts nothing.
        "options.rs" => holding(f, "thread::spawn"),
        _ => [holding(f, "std::thread"), holding(f, "thread::")].concat(),
    }));
}

#[test]
fn unsafe_is_where_it_is_argued() {
    let mut found = Vec::new();
    for name in ["ndpix", "ndpix-cli", "ndpix-python"] {
        for file in sources_of(name) {
            let count = |what| holding(&file, what).len();
            let all = count("unsafe {") + count("unsafe fn") + count("unsafe impl");
            if all > 0 || count("allow(unsafe") > 0 {
                found.push(format!("| `{name}/{}` | {all} |", file.path));
            }
        }
    }
    found.sort();
    let design = fs::read_to_string(super::root().join("DESIGN.md")).expect("DESIGN.md");
    let section = design.split("## Unsafe code").nth(1).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut said: Vec<_> =
        rows.map(|row| row.split_inclusive('|').take(3).collect::<String>()).collect();
    said.sort();
    assert_eq!(said, found, "DESIGN.md, \"Unsafe code\", and the sources");
}

#[test]
fn nothing_is_printed() {
    none(breaches(|f| {
        ["println!", "eprintln!", "print!(", "dbg!"].iter().flat_map(|w| holding(f, w)).collect()
    }));
}

#[test]
fn files_are_touched_at_the_ends() {
    none(breaches(|f| match f.module.as_str() {
        "source" | "sink" | "os" => Vec::new(),
        // It looks whether the output exists, and opens nothing.
        "convert" => {
            let mut all = holding(f, "fs::");
            all.retain(|l| !l.contains("fs::metadata"));
            all
        }
        _ => holding(f, "std::fs"),
    }));
}

#[test]
fn systems_differ_in_one_place() {
    none(breaches(|f| match f.module.as_str() {
        "os" => Vec::new(),
        _ => {
            ["std::os::", "rustix", "libc::", "windows_sys", "cfg(unix", "cfg(windows", "target_os"]
                .iter()
                .flat_map(|w| holding(f, w))
                .collect()
        }
    }));
}

#[test]
fn doors_are_elsewhere() {
    none(breaches(|f| {
        ["clap", "pyo3", "anyhow"].iter().flat_map(|w| holding(f, &format!("{w}::"))).collect()
    }));
}
