//! One target for libFuzzer: that of the name in NDPIX_TARGET. `run.sh` calls it.
//!
//! With NDPIX_PLANT it writes into the folder of that name what every target begins with, `TARGET/seeds/` and
//! `TARGET/words`, and ends.
#![no_main]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use ndpix_fuzz::Target;

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

fuzz_target!(
    init: if let Some(folder) = std::env::var_os("NDPIX_PLANT") {
        for target in ndpix_fuzz::ALL {
            plant(target, &Path::new(&folder).join(target.name));
        }
        std::process::exit(0);
    },
    |input: &[u8]| (TARGET.run)(input)
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
