//! One target for libFuzzer: that of the name in NDPIX_TARGET. `run.sh` calls it.
//!
//! With NDPIX_PLANT it writes into the folder of that name what every target begins with, `TARGET/seeds/` and
//! `TARGET/words`, and ends. With NDPIX_SLOW it keeps in that folder the inputs that take too long.
#![no_main]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use ndpix_fuzz::Target;
use nix::sys::resource::{UsageWho, getrusage};

static TARGET: LazyLock<&Target> =
    LazyLock::new(|| ndpix_fuzz::named(&std::env::var("NDPIX_TARGET").expect("NDPIX_TARGET")));

/// Seeds as files of their own, words as the dictionary that libFuzzer reads.
fn plant(target: &Target, folder: &Path) {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds).expect("a folder");
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(seeds.join(format!("{number:03}")), seed).expect("a seed");
    }
    let mut words = String::new();
    for word in target.words {
        let bytes: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        writeln!(words, "\"{bytes}\"").expect("a string");
    }
    fs::write(folder.join("words"), words).expect("words");
}

/// Of the processor, for a target's handful of runs, all of them instrumented.
const SLOW: Duration = Duration::from_secs(1);

/// What the process has used of the processor: others on the machine do not count.
fn used() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("usage");
    let micros =
        [usage.user_time(), usage.system_time()].map(|t| t.tv_sec() * 1_000_000 + t.tv_usec());
    Duration::from_micros(micros.iter().sum::<i64>() as u64)
}

fn run(input: &[u8]) {
    let begun = used();
    (TARGET.run)(input);
    let took = used() - begun;
    if let Some(folder) = std::env::var_os("NDPIX_SLOW")
        && took > SLOW
    {
        let name = format!("slow-{}-{}ms", input.len(), took.as_millis());
        fs::write(Path::new(&folder).join(name), input).expect("a slow input");
    }
}

fuzz_target!(
    init: if let Some(folder) = std::env::var_os("NDPIX_PLANT") {
        for target in ndpix_fuzz::ALL {
            plant(target, &Path::new(&folder).join(target.name));
        }
        std::process::exit(0);
    },
    |input: &[u8]| run(input)
);

// Half of the inputs keep checksums that are wrong.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if let Some(mend) = TARGET.mend
        && seed % 2 == 0
    {
        mend(&mut data[..size]);
    }
    size
});
