"""Cost as the work grows: `python bench/scale.py [--quick] [--only size,record,files,threads,saturation] [--fresh]`.

Four series, each one figure that grows and the rest alike: the length of the input (through a pipe, by
repetition, so that no such file is needed), the length of a record, the number of files, the number of threads. A
fifth says how many threads would be too many (saturation.py).
CPU is of ndpix alone, the writer of the pipe is not counted. Writes its section of BENCHMARKS.md; with
`--quick` it prints a small version.
"""
import argparse
import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import contenders
import corpora
import goals
import machine
import measure
import places
import saturation
import venvs
from report import mib, table, write

Point = dict[str, Any]
PAIRS = 5
ROUNDS = 5


class Series:
    """Points that are kept as JSON and measured again when ndpix or the machine changed."""

    def __init__(self, quick: bool, fresh: bool) -> None:
        self.quick, self.fresh = quick, fresh
        self.corpora_folder = places.corpora("quick" if quick else "full")
        self.corpora = corpora.load(self.corpora_folder)
        self.results = places.RESULTS / ("scale-quick" if quick else "scale")
        self.results.mkdir(parents=True, exist_ok=True)
        self.key = f"{contenders.Ndpix().fingerprint()} on {machine.processor()}"

    def point(self, name: str, measured: Callable[[Path], Point]) -> Point:
        path = self.results / f"{name}.json"
        if path.exists() and not self.fresh:
            kept = json.loads(path.read_text())
            if kept["key"] == self.key:
                return kept
        print(name, file=sys.stderr, flush=True)
        with places.scratch("ram") as folder:
            made = measured(folder / "out.npy") | {"key": self.key, "load": machine.load()}
        path.write_text(json.dumps(made, indent=1) + "\n")
        return made

    def streamed(self, block: bytes, times: int, flags: list[str], out: Path) -> Point:
        """Runs on standard input; short ones are repeated, with their memory sampled and without."""
        text = len(block) * times
        sampled: list[measure.Cost] = []
        timed: list[measure.Cost] = []
        for number in range(1 if text > 1.5e8 else 2 * ROUNDS):
            remove(out)
            feed = itertools.repeat(block, times)
            memory = number < ROUNDS
            cost = measure.run(contenders.convert("-", out, *flags), memory=memory, feed=feed, timeout=1800)
            (sampled if memory else timed).append(cost)
        timed = timed or sampled
        return {"cpu": median(c.cpu for c in timed), "wall": median(c.wall for c in timed),
                "resident": max(c.resident for c in sampled), "text": text}


def size(series: Series) -> str:
    """The input grows."""
    largest = {"mnist": 1e9 if series.quick else 1e10, "raw": 1e8 if series.quick else 1e9}
    parts = []
    for name, most in largest.items():
        corpus = series.corpora[name]
        lines = (series.corpora_folder / corpus.file).read_bytes().splitlines(keepends=True)
        block = b"".join(leading(lines, 5e6))
        records = block.count(b"\n")
        rows, per_record = [], []
        for want in [1e7, 1e8, 1e9, 1e10]:
            if want > most:
                continue
            times = round(want / len(block))
            point = series.point(f"size-{name}-{want:.0e}", lambda out: series.streamed(
                block, times, contenders.flags(corpus), out))
            count = records * times
            per_record.append(1e6 * point["cpu"] / count)
            rows.append([f"{point['text'] / 1e6:.0f}", str(count), f"{point['cpu']:.2f}", f"{point['wall']:.2f}",
                         f"{per_record[-1]:.1f}", mib(point["resident"])])
        head = ["input MB", "records", "CPU s", "wall s", "CPU us a record", "peak resident MiB"]
        parts.append(f"`{name}` through a pipe; the dearest record costs {max(per_record) / min(per_record):.2f} times "
                     f"the cheapest.\n\n{table(head, rows)}")
    return "\n\n".join(["### The input grows", *parts])


def leading(lines: Iterable[bytes], limit: float) -> Iterator[bytes]:
    """The first line, and more of them while they are not longer than `limit` together."""
    total = 0
    for number, line in enumerate(lines):
        total += len(line)
        if number and total > limit:
            return
        yield line


def record(series: Series) -> str:
    """The record grows: raw pixels, about 200 MB of input, two records at least."""
    lengths = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    lengths += [] if series.quick else [100_000_000, 500_000_000]
    total = 2e7 if series.quick else 2e8
    rows = []
    for length in lengths:
        height = max(1, length // 4 // 1000)
        width = length // 4 // height
        pixels = height * width * 3
        text = base64.b64encode(bytes(range(251)) * (pixels // 251) + bytes(pixels % 251)).decode()
        line = b'{"id": 1, "image": "%s"}\n' % text.encode()
        block = line * max(1, 1_000_000 // len(line))
        times = max(2, round(total / len(block)))
        flags = ["--raw-shape", f"{height},{width},3", "--encoding", "raw", "--field", "image"]
        point = series.point(f"record-{length}", lambda out: series.streamed(block, times, flags, out))
        bound = goals.memory(contenders.THREADS, len(line), pixels)
        over = " (over)" if point["resident"] > bound else ""
        count = block.count(b"\n") * times
        rows.append([f"{length:,}", str(count), f"{point['text'] / 1e6:.0f}", f"{point['cpu']:.2f}",
                     f"{1e3 * point['cpu'] / (point['text'] / 1e6):.2f}", mib(point["resident"]) + over, mib(bound)])
    head = ["bytes a record", "records", "input MB", "CPU s", "CPU ms a MB", "peak resident MiB", "bound MiB"]
    return f"### The record grows\n\nBase64 of bare pixels through a pipe.\n\n{table(head, rows)}"


def files(series: Series) -> str:
    """The same records in more files."""
    corpus = series.corpora["mnist"]
    lines = (series.corpora_folder / corpus.file).read_bytes().splitlines(keepends=True)
    lines = list(itertools.islice(itertools.cycle(lines), 20_000))
    rows = []
    for count in [1, 10, 100, 1_000, 10_000]:
        folder = places.WORK / "scale-files"

        def measured(out: Path) -> Point:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            each = len(lines) // count
            for i in range(count):
                (folder / f"{i:05d}.ndjson").write_bytes(b"".join(lines[i * each:(i + 1) * each]))
            command = contenders.convert(folder / "*.ndjson", out, *contenders.flags(corpus))
            costs = []
            for _ in range(ROUNDS):
                remove(out)
                costs.append(measure.run(command, memory=True))
            shutil.rmtree(folder)
            return {"cpu": median(c.cpu for c in costs), "wall": median(c.wall for c in costs),
                    "resident": max(c.resident for c in costs)}

        point = series.point(f"files-{count}", measured)
        rows.append([f"{count:,}", f"{point['cpu']:.3f}", f"{point['wall']:.3f}",
                     f"{1e6 * point['cpu'] / len(lines):.1f}", mib(point["resident"])])
    head = ["files", "CPU s", "wall s", "CPU us a record", "peak resident MiB"]
    return f"### The files grow in number\n\n{len(lines):,} records of `mnist`.\n\n{table(head, rows)}"


def threads(series: Series) -> str:
    """One thread and two, in turn."""
    names = ["raw", "mnist", *goals.SCALING_FORMATS]
    rows = []
    for name in names:
        corpus = series.corpora[name]

        def measured(out: Path) -> Point:
            pairs = []
            for _ in range(PAIRS):
                pair = []
                for count in (1, 2):
                    remove(out)
                    source = series.corpora_folder / corpus.file
                    cost = measure.run(contenders.convert(source, out, *contenders.flags(corpus), threads=count))
                    pair.append({"cpu": cost.cpu, "wall": cost.wall})
                pairs.append(pair)
            return {"pairs": pairs}

        point = series.point(f"threads-{name}", measured)
        faster = median(one["wall"] / two["wall"] for one, two in point["pairs"])
        dearer = median(two["cpu"] / one["cpu"] for one, two in point["pairs"])
        goal = ""
        if name in goals.SCALING_FORMATS:
            goal = f" ({'' if round(faster, 2) >= goals.SCALING else 'missed: '}goal {goals.SCALING})"
        rows.append([name, *(f"{median(pair[i]['wall'] for pair in point['pairs']):.3f}" for i in (0, 1)),
                     f"{faster:.2f}{goal}", f"{dearer:.2f}", f"{point['load']:.1f}"])
    head = ["corpus", "1 thread, wall s", "2 threads, wall s", "times as fast", "CPU ratio", "load"]
    text = (f"Medians of {PAIRS} pairs on {os.cpu_count()} cores. Two threads cannot be twice as fast where "
            "something else runs: the load average is in the last column, and ndpix itself makes up to 2 of it.")
    return f"### Two threads\n\n{text}\n\n{table(head, rows)}"


def many_threads(series: Series) -> str:
    return saturation.section(series.corpora, series.corpora_folder, series.point)


def remove(out: Path) -> None:
    for file in out.parent.glob(f"{out.name}*"):
        file.unlink()


SERIES: dict[str, Callable[[Series], str]] = {"size": size, "record": record, "files": files, "threads": threads,
                                             "saturation": many_threads}


def report(parts: Iterable[str]) -> str:
    facts = "\n".join(f"* {name}: {value}" for name, value in machine.describe().items())
    head = f"ndpix with `--threads {contenders.THREADS}`, output on a RAM disk."
    return "\n\n".join(["## Cost as the work grows", head, facts, *parts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="series, comma separated")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there already")
    options = parser.parse_args()
    if not places.NDPIX.exists():
        raise SystemExit("no ndpix: cargo build --release -p ndpix-cli")
    needed = ",".join({"raw", "mnist", *goals.SCALING_FORMATS, *saturation.NAMES})
    mode = "quick" if options.quick else "full"
    subprocess.run([venvs.python("base"), places.BENCH / "make_corpora.py", mode, "--only", needed], check=True)
    series = Series(options.quick, options.fresh)
    names = [name for name in options.only.split(",") if name] or list(SERIES)
    text = report([SERIES[name](series) for name in names])
    if options.quick or len(names) < len(SERIES):
        print(text)
    else:
        write(places.REPORT, "scale", text)
        print("BENCHMARKS.md is written", file=sys.stderr)


if __name__ == "__main__":
    main()
