"""What each output costs: `python bench/outputs.py [--quick] [--only raw,jpeg] [--pairs 5]`.

Every output of ndpix beside its `.npy` of the same corpus, and the compressed ones beside the plain script that
writes the same with NumPy, h5py or zarr. What was written is read back by its own library and compared with the
`.npy` before a row is printed. Writes its section of BENCHMARKS.md; with `--quick` or `--only` it prints it.
"""
import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import contenders
import corpora
import machine
import measure
import places
import venvs
from corpora import Corpus
from report import table, write

NAMES = ["raw", "jpeg", "png16", "mnist"]
# Rows of a shard are so many that there are several of them.
SHARDS = "100"


@dataclass(frozen=True)
class Kind:
    """An output: its file, its options, and whether the plain script writes it, too."""
    name: str
    file: str
    flags: tuple[str, ...] = ()
    script: str = ""


PLAIN = [
    Kind(".npz", "out.npz"),
    Kind(".h5", "out.h5"),
    Kind(".zarr, none", "out.zarr", ("--output-compression", "none")),
    Kind(".safetensors", "out.safetensors"),
    Kind(".parquet, none", "out.parquet", ("--output-compression", "none")),
    Kind("shards", "out", ("--shard-rows", SHARDS)),
]
PACKED = [
    Kind(".npz, gzip:6", "out.npz", ("--output-compression", "gzip:6"), "np.savez_compressed"),
    Kind(".h5, gzip:4", "out.h5", ("--output-compression", "gzip:4"), "h5py, gzip 4"),
    Kind(".zarr, zstd:1", "out.zarr", (), "zarr, zstd 1, sharded"),
    Kind(".parquet, zstd:1", "out.parquet"),
]


class Outputs:
    """Commands on the corpora, and what they cost."""

    def __init__(self, mode: str, pairs: int, folder: Path) -> None:
        self.pairs, self.folder = pairs, folder
        self.corpora_folder = places.corpora(mode)
        self.corpora = corpora.load(self.corpora_folder)

    def ndpix(self, corpus: Corpus, out: Path, *flags: str) -> list[str | Path]:
        return contenders.convert(self.corpora_folder / corpus.file, out, *contenders.flags(corpus), *flags)

    def script(self, corpus: Corpus, out: Path) -> list[str | Path]:
        script = places.BENCH / "peers" / "containers.py"
        return [venvs.python("outputs"), script, self.corpora_folder, corpus.name, out, "1"]

    def same(self, corpus: Corpus, out: Path) -> str:
        """What the reader of an output says of it, beside the `.npy`."""
        want = self.folder / f"{corpus.name}.npy"
        if not want.exists():
            measure.run(self.ndpix(corpus, want))
        said = subprocess.run([venvs.python("outputs"), places.BENCH / "readback.py", want, out], check=True,
                              capture_output=True, text=True)
        return json.loads(said.stdout)["says"]

    def pair(self, one: list[str | Path], two: list[str | Path]) -> tuple[float, float, float]:
        """CPU seconds of both, and the median ratio of the first to the second."""
        costs = []
        for _ in range(self.pairs):
            pair = []
            for command in (one, two):
                remove(out_of(command))
                pair.append(measure.run(command).cpu)
            costs.append(pair)
        return (*(median(c[i] for c in costs) for i in (0, 1)), median(a / b for a, b in costs))

    def row(self, corpus: Corpus, kind: Kind) -> list[str]:
        print(f"{corpus.name} {kind.name}", file=sys.stderr, flush=True)
        out, npy = self.folder / kind.file, self.folder / "pair.npy"
        remove(out)
        measure.run(self.ndpix(corpus, out, *kind.flags))
        says, size = self.same(corpus, out), bytes_of(out)
        ours, base, ratio = self.pair(self.ndpix(corpus, out, *kind.flags), self.ndpix(corpus, npy))
        cells = [corpus.name, kind.name, f"{size / 1e6:.1f}", f"{ours:.3f}", f"{base:.3f}", f"{ratio:.2f}"]
        theirs = ["-", "-", "-"]
        if kind.script:
            other = self.folder / f"script{Path(kind.file).suffix}"
            ours, script, ratio = self.pair(self.ndpix(corpus, out, *kind.flags), self.script(corpus, other))
            if self.same(corpus, other) != says:
                says += "; the script wrote another"
            theirs = [f"{script:.3f}", f"{ratio:.2f}", f"{bytes_of(other) / 1e6:.1f}"]
            remove(other)
        remove(out)
        return [*cells, *theirs, says]


def out_of(command: list[str | Path]) -> Path:
    """The output of a command of ndpix or of the script."""
    return Path(command[command.index("-o") + 1 if "-o" in command else -2])


def remove(out: Path) -> None:
    for path in out.parent.glob(f"{out.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def bytes_of(out: Path) -> int:
    return sum(p.stat().st_size for p in ([out] if out.is_file() else out.rglob("*")) if p.is_file())


def section(outputs: Outputs, names: list[str]) -> str:
    before = machine.load()
    head = ["corpus", "output", "MB", "CPU s", ".npy CPU s", "CPU / .npy"]
    more = ["script CPU s", "CPU / script", "script MB", "read back"]
    plain, packed = [], []
    for name in names:
        corpus = outputs.corpora[name]
        for kind in PLAIN:
            row = outputs.row(corpus, kind)
            plain.append([*row[:6], row[-1]])
        packed += [outputs.row(corpus, kind) for kind in PACKED]
    versions = ", ".join(f"{name} {version}" for name, version in venvs.versions("outputs").items())
    scripts = ", ".join(f"{k.name}: {k.script}" for k in PACKED if k.script)
    return "\n\n".join([
        "## Outputs",
        f"ndpix with `--threads {contenders.THREADS}`, outputs on a RAM disk; medians of {outputs.pairs} pairs (A B A B). "
        "MB are of the whole output, with row map. Read back: what the reader of the format says of the array, beside the "
        "`.npy` of the same corpus.",
        "\n".join(f"* {name}: {value}" for name, value in machine.describe().items()),
        f"Versions: {versions}. The load average was {before:.1f} at the start and {machine.load():.1f} at the end.",
        "### Not compressed, beside `.npy`", table([*head, "read back"], plain),
        "### Compressed, beside the plain script",
        f"The script is peers/containers.py: json, base64, Pillow, a list, and in the end the writer ({scripts}).",
        table([*head, *more], packed),
    ])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="corpora, comma separated")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    if not places.NDPIX.exists():
        raise SystemExit("no ndpix: cargo build --release -p ndpix-cli")
    names = [name for name in options.only.split(",") if name] or NAMES
    mode = "quick" if options.quick else "full"
    subprocess.run([venvs.python("base"), places.BENCH / "make_corpora.py", mode, "--only", ",".join(names)], check=True)
    with places.scratch("ram") as folder:
        text = section(Outputs(mode, options.pairs, folder), names)
    if options.quick or names != NAMES:
        print(text)
    else:
        write(places.REPORT, "outputs", text)
        print("BENCHMARKS.md is written", file=sys.stderr)


if __name__ == "__main__":
    main()
