"""Where the benchmarks keep what they make: everything is under target/bench, which git ignores."""
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "bench"
RESULTS = WORK / "results"
VENVS = WORK / "venvs"
REPORT = ROOT / "BENCHMARKS.md"
FLOOR = WORK / "floor" / "release" / "ndpix-floor"
NDPIX = Path(os.environ.get("NDPIX", TARGET / "release" / "ndpix"))
RAM = Path("/dev/shm")


def corpora(mode: str) -> Path:
    """The corpora of `quick` or `full` runs."""
    return WORK / "corpora" / mode


@contextmanager
def scratch(where: str) -> Iterator[Path]:
    """An empty folder for outputs on a RAM disk (`ram`) or beside the corpora (`disk`), removed in the
    end; what runs that were killed left behind is removed, too."""
    parent = RAM if where == "ram" and os.access(RAM, os.W_OK) else WORK
    for old in parent.glob("ndpix-bench-*"):
        if not Path("/proc", old.name.rpartition("-")[2]).exists():
            shutil.rmtree(old, ignore_errors=True)
    folder = parent / f"ndpix-bench-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
