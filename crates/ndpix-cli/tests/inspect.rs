//! What `inspect` says to run does run: its command is tried for all that can be asked of an output. Where it
//! has no command, no output would have done.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const GRAY: &str = r#"{"image":"UDUgMiAyIDI1NQphYmNk","label":7,"text":"a"}"#;
const RGB: &str = r#"{"image":"UDYgMiAyIDI1NQphYmNkYWJjZGFiY2Q=","label":7,"text":"b"}"#;
const WIDE: &str = r#"{"image":"UDUgNCAxIDI1NQphYmNk","label":7,"text":"c"}"#;
const DEEP: &str = r#"{"image":"UDUgMiAyIDY1NTM1CmFhYmJjY2Rk","label":7,"text":"d"}"#;
const CUT: &str = r#"{"image":"UDUgMiAyIDI1NQphYmM=","label":7,"text":"e"}"#;
const LIST: &str = r#"{"image":[[1,2],[3,4]],"label":7,"text":"f"}"#;
const LONG: &str = r#"{"image":[[1,2,3],[3,4,5]],"label":7,"text":"g"}"#;

/// Samples: alike, of different sizes, channels and depths, with what is rejected, and no image files.
const SAMPLES: [&[&str]; 7] = [
    &[GRAY, GRAY],
    &[GRAY, WIDE],
    &[GRAY, RGB],
    &[GRAY, DEEP],
    &[GRAY, GRAY, CUT],
    &[LIST, LIST],
    &[LIST, LONG],
];
const RAGGED: [&str; 3] = ["", "--ragged flat", "--ragged pad"];
const IMAGES_AS: [&str; 2] = ["", "--images-as encoded"];
const SHARD_ROWS: [&str; 2] = ["", "--shard-rows 2"];
/// What else only some outputs can hold.
const MORE: [&str; 8] = [
    "--chunks 1",
    "--append",
    "--output-compression gzip",
    "--output-compression zstd",
    "--output-compression zstd --chunks 1",
    "--columns label",
    "--columns text",
    "--columns text --output-compression gzip",
];
/// A name for every output.
const OUTPUTS: [&str; 7] = ["o.npy", "o.npz", "o.h5", "o.zarr", "o.safetensors", "o.parquet", "o"];

/// Runs the command in `folder`.
fn ndpix(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndpix"));
    command.current_dir(folder).args(args).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asks for the command that suits these records and options, and runs it.
fn check(records: &[&str], flags: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let text: String = records.iter().map(|r| format!("{r}\n")).collect();
    fs::write(folder.join("in.ndjson"), text).expect("written");
    let asked = [&["inspect", "in.ndjson", "--json"], flags].concat();
    let report = ndpix(folder, &asked);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap_or_default();
    if let Some(words) = report["command"].as_array() {
        let words: Vec<&str> = words.iter().skip(1).filter_map(|w| w.as_str()).collect();
        let ran = ndpix(folder, &words);
        return match ran.status.code() {
            Some(0 | 3) => Ok(()),
            code => {
                Err(format!("{records:?} {flags:?}\n{words:?} ended with {code:?}: {}", said(&ran)))
            }
        };
    }
    for out in OUTPUTS {
        let args = [&["convert", "in.ndjson", "-o", out, "--max-rejects", "none"], flags].concat();
        let ran = ndpix(folder, &args);
        if matches!(ran.status.code(), Some(0 | 3)) {
            return Err(format!(
                "{records:?} {flags:?}\nno command, but {out} would do: {report:#}"
            ));
        }
    }
    Ok(())
}

fn all_well(cases: impl Iterator<Item = (&'static [&'static str], String)>) {
    let checked =
        cases.map(|(records, flags)| check(records, &flags.split_whitespace().collect::<Vec<_>>()));
    let (mut count, mut bad) = (0, Vec::new());
    for result in checked {
        count += 1;
        bad.extend(result.err());
    }
    assert!(count > 20, "cases are tried");
    assert!(bad.is_empty(), "{} of {count}:\n{}", bad.len(), bad.join("\n"));
}

/// All of ragged, images_as and shard_rows together.
fn layouts() -> impl Iterator<Item = String> {
    RAGGED.into_iter().flat_map(|ragged| {
        IMAGES_AS.into_iter().flat_map(move |images| {
            SHARD_ROWS.into_iter().map(move |shards| format!("{ragged} {images} {shards}"))
        })
    })
}

#[test]
fn every_layout_is_written_by_the_command_that_is_suggested() {
    all_well(SAMPLES.into_iter().flat_map(|records| layouts().map(move |flags| (records, flags))));
}

#[test]
fn every_ability_of_outputs_is_found() {
    let records: &[&str] = &[GRAY, WIDE];
    all_well(
        MORE.into_iter()
            .flat_map(|more| layouts().map(move |flags| (records, format!("{flags} {more}")))),
    );
}

#[test]
fn a_pipe_is_told_that_padding_reads_twice() {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_ndpix"))
        .args(["inspect", "-", "--json", "--ragged", "pad"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let text = format!("{GRAY}\n{WIDE}\n");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let report = child.wait_with_output().expect("it ends").stdout;
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert!(report["command"].is_null(), "{report:#}");
    assert!(report["problem"].as_str().is_some_and(|p| p.contains("pass size H,W")), "{report:#}");
}

#[test]
fn what_was_rejected_is_read_again_by_the_command_that_is_suggested() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("in.ndjson"), [GRAY, WIDE].join("\n")).expect("written");
    let made = ["convert", "in.ndjson", "-o", "in.npy", "--shape", "2,2", "--max-rejects", "1"];
    assert_eq!(ndpix(folder, &made).status.code(), Some(0));
    let report = ndpix(folder, &["inspect", "in.npy.rejects.ndjson", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    let words = report["command"].as_array().expect("a command");
    let words: Vec<&str> = words.iter().skip(1).filter_map(|word| word.as_str()).collect();
    let ran = ndpix(folder, &words);
    assert_eq!(ran.status.code(), Some(0), "{words:?}: {}", said(&ran));
}
