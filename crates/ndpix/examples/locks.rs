//! What one run does where only one thread at a time can: `locks INPUT OUT [--option value]...`, one JSON line.
//!
//! `bench/saturation.py` gives it one thread, so that nothing waits: `source` are the seconds under the source lock
//! (read, decompress, find line ends), `turn` those in the turn (count, write), `whole` all of the run.
#![allow(clippy::print_stdout, reason = "a command that prints its line")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use ndpix::{Control, Input, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            println!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, Box<dyn Error>> {
    let [input, out, given @ ..] = arguments else {
        return Err("locks INPUT OUT [--option value]...".into());
    };
    let mut options = Options::default();
    for pair in given.chunks(2) {
        let [name, value] = pair else {
            return Err("each option has a value".into());
        };
        options = options.with(&name.trim_start_matches("--").replace('-', "_"), value)?;
    }
    let begun = Instant::now();
    let inputs = Input::expand(&[input])?;
    ndpix::run(inputs, Path::new(out), &options, &Control::default()).result?;
    let whole = begun.elapsed().as_secs_f64();
    let [source, turn] = ndpix::stations::locks().map(|held| held.as_secs_f64());
    Ok(format!("{{\"whole\": {whole}, \"source\": {source}, \"turn\": {turn}}}"))
}
