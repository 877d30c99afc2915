"""Where more threads stop helping: from measured times under the two locks, a model for machines of more cores.

Threads take turns twice: at the source (read, decompress, find line ends) and at the output (write, in order).
Everything else is done side by side. So n threads are at most min(n, whole / under a lock) times one.
"""
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import contenders
import places
from corpora import Corpus
from report import table

ROUNDS = 7
CORES = [8, 32, 128]
NAMES = ["raw", "raw-gzip", "mnist", "png", "png16", "tiff16", "jpeg", "webp", "paths"]
OTHERS = ["raw", "jpeg"]
ENDINGS = [".npz", ".h5", ".zarr", ".safetensors", ".parquet"]


@cache
def build() -> Path:
    """The program that tells how long a run holds the locks."""
    cargo = os.environ.get("CARGO", "cargo")
    # With the Python package, whose crates want more of some that they share: so those are built once.
    command = [cargo, "build", "--release", "-p", "ndpix", "-p", "ndpix-python", "--features", "ndpix/stations",
               "--example", "locks"]
    subprocess.run(command, check=True, cwd=places.ROOT)
    return places.TARGET / "release" / "examples" / "locks"


def held(corpus: Corpus, file: Path, out: Path) -> dict[str, Any]:
    """Seconds of a run on one thread, and of those the seconds under each lock: of the run with the median of `whole`."""
    given = [str(word) for word in contenders.flags(corpus)] + ["--threads", "1"]
    runs = []
    for _ in range(ROUNDS):
        for old in out.parent.glob("out*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        said = subprocess.run([build(), file, out, *given], check=True, capture_output=True, text=True)
        runs.append(json.loads(said.stdout))
    return sorted(runs, key=lambda run: run["whole"])[ROUNDS // 2]


def section(corpora: dict[str, Corpus], folder: Path, point: Callable[..., dict[str, Any]]) -> str:
    """`point` keeps what was measured under a name."""
    def bounds(name: str, ending: str) -> list[str]:
        corpus = corpora[name]
        got = point(f"locks-{name}{ending}",
                    lambda out: held(corpus, folder / corpus.file, out.with_suffix(ending)))
        whole, under = got["whole"], {lock: max(got[lock], 1e-5) for lock in ("source", "turn")}
        megabytes = (corpus.image_bytes if corpus.kind == "path" else corpus.text_bytes) / 1e6
        most = max(under, key=lambda lock: under[lock])
        limit = whole / under[most]
        beside = whole - sum(under.values())
        each = [f"{1e3 * seconds / megabytes:.2f}" for seconds in (beside, under["source"], under["turn"])]
        speed = megabytes / under[most]
        return [*each, f"{limit:.1f}", most, *(f"{min(cores, limit):.0f}" for cores in CORES),
                f"{speed / 1e3:.1f}", f"{speed / megabytes * corpus.decoded_bytes / 1e9:.1f}"]

    head = ["side by side, ms/MB", "source lock, ms/MB", "turn lock, ms/MB", "threads that saturate", "the lock",
            *(f"on {cores} cores" for cores in CORES), "then GB/s read", "and GB/s written"]
    rows = [[name, *bounds(name, ".npy")] for name in NAMES if name in corpora]
    others = [[name, ending, *bounds(name, ending)] for name in OTHERS if name in corpora for ending in ENDINGS]
    return "\n\n".join(["### Where it stops scaling", text(), table(["corpus", *head], rows),
                        "The same for the other outputs, compressed as they are without options:",
                        table(["corpus", "output", *head], others), advice()])


def text() -> str:
    return (
        "A model, from times measured in ndpix on this machine with one thread (crates/ndpix/examples/locks.rs, medians of "
        f"{ROUNDS} runs, output on a RAM disk). Threads take turns at the source (read, decompress, find line ends) and at "
        "the output (count, write, in input order); the rest they do side by side, chunks that are compressed too. n "
        "threads are at most the smaller of n and (whole / time under the lock) times as fast as one; the columns \"on N "
        "cores\" give that bound. It leaves out what only such a machine shows: memory bandwidth (text is touched about "
        "three times and pixels twice, so the last two columns times five should stay below it), clocks that fall when all "
        "cores work, and uneven records. MB are of text, for `paths` of image files.")


def advice() -> str:
    return "\n".join([
        "What changes beyond those numbers:", "",
        "* raw, number lists, and compressed inputs are bound by one stream: split the input over several runs, each "
        "with its own output (`--skip` and `--limit` still read what they skip, so split the file, not the run). Two "
        "runs have two source locks and two turn locks.",
        "* Where the source lock is first, gzip is the dearest: a file of one member inflates on one core. One that `bgzip` "
        "wrote, of small members, inflates on all. Many files in one run do not help, because one feed reads them in "
        "order.",
        "* Where the turn lock is first, the kernel's copy into the page cache is the limit: writers of one file wait "
        "for each other in the kernel even without the lock of ndpix (crates/ndpix/src/pipeline.rs has the "
        "measurement), so again it is several outputs that help, not more writers.",
        "* A disk slower than \"GB/s written\" is the limit before either lock."])
