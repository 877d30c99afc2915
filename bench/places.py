"""Where the benchmarks keep what they make: everything is under target/bench, which git ignores."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "bench"
RESULTS = WORK / "results"
VENVS = WORK / "venvs"
REPORT = ROOT / "BENCHMARKS.md"
NDPIX = Path(os.environ.get("NDPIX", TARGET / "release" / "ndpix"))
RAM = Path("/dev/shm")


def corpora(mode: str) -> Path:
    """The corpora of `quick` or `full` runs."""
    return WORK / "corpora" / mode


def outputs(where: str) -> Path:
    """A folder for outputs on a RAM disk (`ram`) or beside the corpora (`disk`)."""
    folder = RAM / "ndpix-bench" if where == "ram" and RAM.is_dir() else WORK / "out"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
