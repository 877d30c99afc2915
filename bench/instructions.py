"""Instruction counts of the stages against bench/instructions.json: `python bench/instructions.py [--update]`.

Every stage runs once under callgrind; more than 3 % above its count fails and names the station. Counts
repeat where times do not, but they belong to a compiler and to the CPU features that valgrind offers
(AVX2 at most: a path for AVX-512 is never counted). A slower instruction counts as much as a quick one: `make
stages` is where time is told.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import places

COUNTS = places.BENCH / "instructions.json"
TOLERANCE = 0.03


def said(*command: str | Path) -> str:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def build() -> Path:
    """The bench binary."""
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "bench", "-p", "ndpix", "--features", "stations", "--bench", "stages", "--no-run",
               "--message-format", "json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=places.ROOT)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    built = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "stages"]
    return Path(built[-1])


def count(binary: Path, stage: str) -> int:
    """The instructions of one call."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*timer::counted*",
               binary, "--once", stage]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode or not found or found[1] == "0":
        raise SystemExit(f"{stage} did not run under valgrind:\n{done.stderr[-2000:]}")
    return int(found[1])


def circumstances() -> dict[str, str]:
    """What counts depend on besides the code."""
    info = Path("/proc/cpuinfo").read_text().split()
    vectors = "AVX2" if "avx2" in info else "no AVX2"
    return {"compiler": said("rustc", "--version").split(" (")[0], "valgrind": said("valgrind", "--version").strip(),
            "vectors": vectors}


def compare(old: dict[str, int], new: dict[str, int], tolerance: float = TOLERANCE) -> tuple[list[str], list[str]]:
    """What is worse or missing, and what is better: the second is no failure, but asks for an update."""
    worse, better = [], []
    for stage in [*old, *(s for s in new if s not in old)]:
        if stage not in new:
            worse.append(f"{stage} is gone; make instructions UPDATE=1 forgets it")
        elif stage not in old:
            worse.append(f"{stage} has no count yet; make instructions UPDATE=1 adds it")
        else:
            change = new[stage] / old[stage] - 1
            text = f"{stage}: {new[stage]:,} instructions, {change:+.1%} from {old[stage]:,}"
            if change > tolerance:
                worse.append(text)
            elif change < -tolerance:
                better.append(text)
    return worse, better


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the counts instead of comparing with them")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed; it is a package of most distributions")
    binary = build()
    stages = said(binary, "--list").split()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = dict(zip(stages, pool.map(lambda stage: count(binary, stage), stages)))
    found: dict[str, Any] = {"circumstances": circumstances(), "counts": counts}
    if options.update or not COUNTS.exists():
        COUNTS.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{len(counts)} counts are written")
        return
    kept = json.loads(COUNTS.read_text())
    if kept["circumstances"] != found["circumstances"]:
        print(f"counted with {kept['circumstances']}, compared with {found['circumstances']}", file=sys.stderr)
    worse, better = compare(kept["counts"], counts)
    for text in better:
        print(f"better: {text}")
    for text in worse:
        print(f"worse: {text}")
    if worse:
        raise SystemExit(f"{len(worse)} of {len(counts)} stages are worse by more than {TOLERANCE:.0%}, or not known")
    print(f"{len(counts)} stages are within {TOLERANCE:.0%} of their counts")


if __name__ == "__main__":
    main()
