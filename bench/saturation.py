"""Where more threads stop helping: from measured times under the two locks, a model for machines of more cores.

Threads take turns twice: at the source (read, decompress, find line ends) and at the output (write, in order).
Everything else is done side by side. So n threads are at most min(n, whole / under a lock) times one.
"""
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import contenders
import measure
import places
from corpora import Corpus
from report import table

ROUNDS = 7
CORES = [8, 32, 128]
# Of crates/ndpix/src: text of a batch (reader.rs), rows that are written at once (pipeline.rs).
BATCH = 512 << 10
PART = 2 << 20
NAMES = ["raw", "raw-gzip", "mnist", "png", "png16", "tiff16", "jpeg", "webp", "paths"]


def cpu(command: list[str | Path], out: Path) -> float:
    costs = []
    for _ in range(ROUNDS):
        for file in out.parent.glob(f"{out.name}*"):
            file.unlink()
        costs.append(measure.run(command).cpu)
    return median(costs)


def source(corpus: Corpus, file: Path, out: Path) -> float:
    """The CPU of a run that passes over every record: all that is done under the source lock."""
    shape = ",".join(map(str, corpus.shape))
    given = ["--field", "image", "--encoding", "raw", "--shape", shape, "--dtype", corpus.dtype]
    passed = contenders.convert(file, out, "--skip", str(10**12), *given, threads=1)
    return cpu(passed, out)


def part(corpus: Corpus) -> int:
    """Bytes that are written at once: the rows of a batch, or of a part of it."""
    row = corpus.decoded_bytes // corpus.records
    batch = max(1, BATCH * corpus.records // corpus.text_bytes)
    return row * max(1, min(batch, PART // row or 1))


def turn(corpus: Corpus, out: Path) -> float:
    """The CPU of writing the array as ndpix does, from a buffer that is used again."""
    rows = bytes(range(256)) * (part(corpus) // 256 + 1)
    rows = rows[:part(corpus)]
    costs = []
    for _ in range(ROUNDS):
        out.unlink(missing_ok=True)
        with open(out, "wb") as file:
            begun = time.process_time()
            at = 0
            while at < corpus.decoded_bytes:
                at += os.pwrite(file.fileno(), rows, at)
            costs.append(time.process_time() - begun)
    return median(costs)


def measured(corpus: Corpus, folder: Path, out: Path, empty: float) -> dict[str, Any]:
    file = folder / corpus.file
    whole = cpu(contenders.convert(file, out, *contenders.flags(corpus), threads=1), out) - empty
    return {"whole": whole, "source": max(source(corpus, file, out) - empty, 1e-5), "turn": turn(corpus, out)}


def start(out: Path) -> float:
    """The CPU of a run on nothing."""
    given = ["--field", "image", "--encoding", "raw", "--shape", "1,1", "--dtype", "uint8"]
    return cpu(contenders.convert("/dev/null", out, *given, threads=1), out)


def section(corpora: dict[str, Corpus], folder: Path, point: Callable[..., dict[str, Any]]) -> str:
    """`point` keeps what was measured under a name."""
    empty = point("saturation-start", lambda out: {"cpu": start(out)})["cpu"]
    rows = []
    for name in NAMES:
        if name not in corpora:
            print(f"{name} is left out: no such corpus yet", file=sys.stderr)
            continue
        corpus = corpora[name]
        got = point(f"saturation-{name}", lambda out: measured(corpus, folder, out, empty))
        whole, locks = got["whole"], {"source": got["source"], "turn": got["turn"]}
        megabytes = corpus.text_bytes / 1e6 if corpus.kind != "path" else corpus.image_bytes / 1e6
        most = max(locks, key=lambda lock: locks[lock])
        limit = whole / locks[most]
        side_by_side = whole - sum(locks.values())
        each = [f"{1e3 * seconds / megabytes:.2f}" for seconds in (side_by_side, locks["source"], locks["turn"])]
        speed = megabytes / locks[most]
        rows.append([name, *each, f"{limit:.1f}", most, *(f"{min(cores, limit):.0f}" for cores in CORES),
                     f"{speed / 1e3:.1f}", f"{speed / megabytes * corpus.decoded_bytes / 1e9:.1f}"])
    head = ["corpus", "side by side, ms/MB", "source lock, ms/MB", "turn lock, ms/MB", "threads that saturate",
            "the lock", *(f"on {cores} cores" for cores in CORES), "then GB/s read", "and GB/s written"]
    return "\n\n".join(["### Where it stops scaling", text(), table(head, rows), advice()])


def text() -> str:
    return (
        "A model, from times measured on this machine with one thread. Threads take turns at the source (read, "
        "decompress, find line ends) and at the output (one `pwrite` for each part, in input order); the rest they do "
        "side by side. Source: the CPU of a run that passes over every record (`--skip`). Turn: the same writes to the "
        "same RAM disk. Side by side: what is left of a whole run. n threads are at most the smaller of n and (whole "
        "/ time under the lock) times as fast as one; the columns \"on N cores\" give that bound. It leaves out what "
        "only such a machine shows: memory bandwidth (text is touched about three times and pixels twice, so the last "
        "two columns times five should stay below it), clocks that fall when all cores work, and uneven records. MB "
        "are of text, for `paths` of image files.")


def advice() -> str:
    return "\n".join([
        "What changes beyond those numbers:", "",
        "* raw, number lists, and compressed inputs are bound by one stream: split the input over several runs, each "
        "with its own output (`--skip` and `--limit` still read what they skip, so split the file, not the run). Two "
        "runs have two source locks and two turn locks.",
        "* Where the source lock is first, gzip is the dearest: one stream inflates on one core. zstd inflates several "
        "times as fast; many files in one run do not help, because one feed reads them in order.",
        "* Where the turn lock is first, the kernel's copy into the page cache is the limit: writers of one file wait "
        "for each other in the kernel even without the lock of ndpix (crates/ndpix/src/pipeline.rs has the "
        "measurement), so again it is several outputs that help, not more writers.",
        "* A disk slower than \"GB/s written\" is the limit before either lock."])
