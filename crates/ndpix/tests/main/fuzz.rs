//! What belongs here: that no input, however damaged, ends in anything but a result or an error,
//! soon, and the same whatever the threads and blocks.
//!
//! What is tried, and what must hold, are the targets in `fuzz/src`, which `make fuzz` gives to libFuzzer too.
//! Inputs are changed copies of good ones, by a fixed seed. `NDPIX_FUZZ=SEED,SECONDS` goes on for
//! so long with another. What is found is written to a file; moved to `testdata/fuzz/TARGET-what`
//! it is tried in every run (CONTRIBUTING.md).

mod mutate;
#[path = "../../../../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a crate of its own as well")]
mod targets;

use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mutate::Mutator;
use targets::Target;

use super::random::Random;
use super::root;

const SEED: u64 = 1;
/// A small input that takes longer hangs, or might as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tries one input; gives what is wrong.
fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    let once = || {
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
        match ended {
            Ok(()) => Ok(begun.elapsed()),
            Err(panic) => Err(match panic.downcast::<String>() {
                Ok(text) => *text,
                Err(other) => {
                    other.downcast::<&str>().map_or("a panic".to_string(), |t| t.to_string())
                }
            }),
        }
    };
    // The machine may have been busy: slow is what is slow three times.
    for _ in 0..3 {
        if once()? < PATIENCE {
            return Ok(());
        }
    }
    Err(format!("it takes more than {PATIENCE:?}"))
}

/// Changes the target's seeds and tries them, so many rounds or as long as NDPIX_FUZZ says.
fn check(name: &str, rounds: usize) {
    let target = targets::named(name);
    let (seed, seconds) = match std::env::var("NDPIX_FUZZ") {
        Ok(text) => {
            let (seed, seconds) = text.split_once(',').expect("NDPIX_FUZZ=SEED,SECONDS");
            (seed.parse().expect("a seed"), Some(seconds.parse().expect("seconds")))
        }
        Err(_) => (SEED, None),
    };
    let begun = Instant::now();
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has seeds");
    let mut mutator = Mutator::new(Random::new(seed), target.words);
    let mut round = 0;
    loop {
        let goes_on = match seconds {
            Some(seconds) => begun.elapsed().as_secs() < seconds,
            None => round < rounds,
        };
        if !goes_on {
            break;
        }
        let mut input = mutator.change(&seeds);
        if let Some(mend) = target.mend
            && round % 2 == 0
        {
            mend(&mut input);
        }
        if let Err(wrong) = attempt(target, &input) {
            let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
                .join(format!("{name}-seed{seed}-round{round}"));
            fs::write(&file, &input).expect("written");
            panic!(
                "fuzz target {name}, seed {seed}, round {round}: {wrong}\n\
                 the input is {}; mend the cause and keep it as testdata/fuzz/{name}-WHAT",
                file.display()
            );
        }
        round += 1;
    }
    if seconds.is_some() {
        let said = writeln!(io::stdout(), "fuzz target {name}, seed {seed}: {round} rounds");
        said.expect("printed");
    }
}

#[test]
fn what_was_found_before() {
    for entry in fs::read_dir(root().join("testdata/fuzz")).expect("testdata/fuzz") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().expect("a name").to_string_lossy();
        let name = file.split('-').next().unwrap_or_default();
        let target = targets::ALL.iter().find(|t| t.name == name);
        let target = target.unwrap_or_else(|| panic!("{file} begins with no target's name"));
        let input = fs::read(&path).expect("a file");
        attempt(target, &input).unwrap_or_else(|wrong| panic!("{file}: {wrong}"));
    }
}

#[test]
fn every_seed_is_good_for_its_target() {
    for target in targets::ALL {
        for (i, seed) in (target.seeds)().iter().enumerate() {
            attempt(target, seed).unwrap_or_else(|wrong| panic!("{} {i}: {wrong}", target.name));
        }
    }
}

macro_rules! targets {
    ($($name:ident $rounds:literal),* $(,)?) => { $(
        #[test]
        fn $name() {
            check(stringify!($name), $rounds);
        }
    )* };
}
// About a second each.
targets! {
    lines 200, compressed 3000, record 8000, pointer 5000, encodings 5000, npy 30_000, npz 8000,
    detect 1000,
    rejects 300, runs 600, outputs 300,
    png 12_000, jpeg 2500, webp 2500, tiff 3000, gif 2000, bmp 2000, pnm 15_000, qoi 12_000,
    ico 12_000, tga 6000,
}
