"""Builds the fuzz targets and gives each so many seconds of libFuzzer: run.py SECONDS [TARGET...].

It needs nightly Rust and cargo-fuzz. Rust and C are built with AddressSanitizer; with clang the C libraries
report what they reach to libFuzzer too. What a target has learned stays in target/fuzz/run/TARGET/corpus, what
it found is in found/ beside it.
"""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "fuzz"
CARGO = os.environ.get("CARGO", "cargo")
# A small input that takes longer hangs; one allocation of more is not for it. The targets allow 2**20 pixels.
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=256", "-max_len=65536"]


def needed():
    """Says what is missing, in a line."""
    for command, remedy in [
        ([CARGO, "+nightly", "--version"], "nightly Rust: rustup toolchain install nightly"),
        ([CARGO, "+nightly", "fuzz", "--version"], "cargo-fuzz: cargo install cargo-fuzz"),
    ]:
        if subprocess.run(command, capture_output=True).returncode != 0:
            sys.exit(f"make fuzz needs {remedy}")


def build():
    clang = shutil.which("clang")
    checks = "address,fuzzer-no-link" if clang else "address"
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(TARGET),
        "CC": clang or "gcc",
        # zstd's assembly has a twin in C, which can be watched.
        "CFLAGS": f"-g1 -fno-omit-frame-pointer -fsanitize={checks} -DZSTD_DISABLE_ASM=1",
    }
    subprocess.run([CARGO, "+nightly", "fuzz", "build"], cwd=ROOT, env=environment, check=True)
    return next(TARGET.glob("*/release/fuzz"))


def fuzz(program, name, seconds):
    """Gives executions, CPU seconds, the most memory, slow inputs, and what was found."""
    folder = TARGET / "run" / name
    found = folder / "found"
    for needed_folder in [found, folder / "corpus"]:
        needed_folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    flags = [f"-max_total_time={seconds}", f"-artifact_prefix={found}/", "-print_final_stats=1", *LIMITS]
    words = folder / "words"
    if words.stat().st_size:
        flags.append(f"-dict={words}")
    environment = os.environ | {
        "NDPIX_TARGET": name,
        "NDPIX_SLOW": str(found),
        "ASAN_OPTIONS": "detect_odr_violation=0",
        "LSAN_OPTIONS": f"suppressions={ROOT / 'fuzz' / 'leaks.txt'}:print_suppressions=0",
    }
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / "log", "w") as log:
        command = [program, *flags, folder / "corpus", folder / "seeds"]
        code = subprocess.run(command, env=environment, stdout=log, stderr=log).returncode
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
    said = (folder / "log").read_text(errors="replace")
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", said))
    new = sorted(set(found.iterdir()) - before)
    slow = [path for path in new if path.name.startswith("slow-")]
    crashes = [path for path in new if path not in slow]
    if code != 0 and not crashes:
        crashes.append(folder / "log")
    return int(stats.get("number_of_executed_units", 0)), cpu, stats.get("peak_rss_mb", "?"), slow, crashes


def main():
    seconds, names = sys.argv[1], sys.argv[2:]
    needed()
    program = build()
    subprocess.run([program], env=os.environ | {"NDPIX_PLANT": str(TARGET / "run")}, check=True)
    names = names or sorted(path.parent.name for path in (TARGET / "run").glob("*/words"))
    row = "{:12} {:>10} {:>8} {:>8} {:>6} {:>9}"
    print(row.format("target", "executions", "CPU s", "peak MB", "slow", "findings"))
    findings = []
    for name in names:
        executions, cpu, peak, slow, crashes = fuzz(program, name, seconds)
        print(row.format(name, executions, f"{cpu:.0f}", peak, len(slow), len(crashes)), flush=True)
        findings += crashes
    for path in findings:
        print(f"found: {path}")
    sys.exit(1 if findings else 0)


main()
