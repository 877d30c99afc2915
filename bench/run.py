"""The runner: `python bench/run.py quick|full [--only raw,jpeg] [--out ram|disk] [--pairs 5] [--fresh]
[--scripts-only] [--floor-only]`.

For every corpus: one run of each contender with its memory sampled, whose array is compared with the
naive script's; then ndpix and each peer in turn, pair by pair. Results are kept as JSON, one file a row,
so an interrupted run goes on where it was; a row is measured again when ndpix, the peer or the
corpus changed. `full` writes its sections of BENCHMARKS.md, `quick` only prints.
"""
import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import contenders
import corpora
import machine
import measure
import places
import report
import venvs
from contenders import Contender, Ndpix
from corpora import Corpus

Row = dict[str, Any]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Runner:
    """Measures the rows of one mode."""

    def __init__(self, mode: str, pairs: int, where: str, fresh: bool) -> None:
        self.pairs, self.where, self.fresh = pairs, where, fresh
        self.folder = places.corpora(mode)
        self.corpora = corpora.load(self.folder)
        self.results = places.RESULTS / mode
        self.results.mkdir(parents=True, exist_ok=True)

    def rows(self, names: list[str], others: bool, scripts: bool, floor: bool) -> list[Row]:
        found = []
        for name, corpus in self.corpora.items():
            if names and name not in names:
                continue
            peers = contenders.peers(corpus, others, self.corpora) if scripts else []
            peers += contenders.floored(corpus) if floor else []
            missing = [peer for peer in peers if self.kept(corpus, peer) is None]
            if missing:
                with places.scratch(self.where) as out:
                    self.measure(corpus, missing, out)
            found += [row for peer in peers if (row := self.kept(corpus, peer))]
        return found

    def key(self, corpus: Corpus, peer: Contender) -> str:
        """What a row depends on."""
        parts = [machine.processor(), json.dumps(asdict(corpus)), Ndpix().fingerprint(), peer.fingerprint(),
                 self.where, str(self.pairs)]
        return contenders.digest(*(part.encode() for part in parts))

    def path(self, corpus: Corpus, peer: Contender) -> Path:
        return self.results / f"{corpus.name}.{peer.name.replace(' ', '-')}.json"

    def kept(self, corpus: Corpus, peer: Contender) -> Row | None:
        path = self.path(corpus, peer)
        if not path.exists() or (self.fresh and path.stat().st_mtime < BEGUN):
            return None
        row = json.loads(path.read_text())
        return row if row["key"] == self.key(corpus, peer) else None

    def measure(self, corpus: Corpus, peers: list[Contender], out: Path) -> None:
        """Writes the row of every peer."""
        reference = out / "reference.npy"
        say(f"{corpus.name}: the naive script's array")
        naive = self.once(contenders.NAIVE, corpus, reference, reference)
        ours = self.once(Ndpix(), corpus, out / "out.npy", reference)
        for peer in peers:
            theirs = naive if peer is contenders.NAIVE else self.once(peer, corpus, out / "out.npy", reference)
            row: Row = {"key": self.key(corpus, peer), "corpus": corpus.name, "peer": peer.name,
                        "ndpix": ours, "theirs": theirs, "pairs": [], "load": machine.load()}
            # No figures for a contender that made something else.
            if not any(side.get("failed") for side in (ours, theirs)):
                self.time(row, peer, corpus, out / "out.npy")
            self.path(corpus, peer).write_text(json.dumps(row, indent=1) + "\n")
            say("  " + report.line(row))

    def once(self, contender: Contender, corpus: Corpus, out: Path, reference: Path) -> Row:
        """Runs with their memory sampled, and how the array compares with the reference."""
        costs: list[measure.Cost] = []
        try:
            # A short run can end between two looks at its memory.
            while len(costs) < 5 and sum(cost.wall for cost in costs) < 0.5:
                clear(out)
                costs.append(measure.run(contender.command(corpus, self.folder, out), memory=True))
        except (measure.Failed, venvs.Missing) as why:
            return {"failed": str(why)}
        compared = {"same": True, "comparable": True, "says": "the reference"}
        if out != reference:
            compared = self.compare(reference, out)
        made: Row = {"anonymous": max(c.anonymous for c in costs), "resident": max(c.resident for c in costs),
                     "array": compared}
        if not compared["comparable"]:
            made["failed"] = compared["says"]
        return made

    def compare(self, reference: Path, out: Path) -> Row:
        command = [venvs.python("base"), places.BENCH / "compare.py", reference, out]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return {"same": False, "comparable": False, "says": "the array cannot be read"}
        return json.loads(done.stdout)

    def time(self, row: Row, peer: Contender, corpus: Corpus, out: Path) -> None:
        """The pairs of a row. A peer that crashes now and then is run again, and the row says so; one that
        crashes more often than it is to be run has no figures."""
        row["crashes"] = 0
        while len(row["pairs"]) < self.pairs:
            try:
                row["pairs"].append([self.timed(c, corpus, out) for c in contenders.timed(peer)])
            except measure.Failed as why:
                row["crashes"] += 1
                if row["crashes"] > self.pairs:
                    row["pairs"] = []
                    row["theirs"]["failed"] = str(why)
                    return

    def timed(self, contender: Contender, corpus: Corpus, out: Path) -> Row:
        clear(out)
        try:
            cost = measure.run(contender.command(corpus, self.folder, out))
        except measure.Failed as why:
            if isinstance(contender, Ndpix):
                raise SystemExit(f"ndpix failed on {corpus.name}: {why}") from why
            raise
        return {"cpu": cost.cpu, "wall": cost.wall}


def clear(out: Path) -> None:
    """Removes an output and what stands beside it under its name."""
    for file in out.parent.glob(f"{out.name}*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


BEGUN = time.time()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["quick", "full"])
    parser.add_argument("--only", default="", help="corpora, comma separated")
    parser.add_argument("--out", choices=["ram", "disk"], default="ram", help="where outputs go")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="measure again what is there already")
    parser.add_argument("--scripts-only", action="store_true", help="no Polars, DuckDB, Daft, HF datasets")
    parser.add_argument("--floor-only", action="store_true", help="nothing but the floor")
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name]
    if not places.NDPIX.exists():
        raise SystemExit("no ndpix: cargo build --release -p ndpix-cli")
    floor = options.mode == "full" or options.floor_only
    if floor and not places.FLOOR.exists():
        raise SystemExit("no floor: make floor")
    make = [venvs.python("base"), places.BENCH / "make_corpora.py", options.mode, "--only", options.only]
    subprocess.run(make, check=True)
    runner = Runner(options.mode, options.pairs, options.out, options.fresh)
    others = options.mode == "full" and not options.scripts_only and not options.floor_only
    rows = runner.rows(names, others, scripts=not options.floor_only, floor=floor)
    environments = ["base", *(venvs.OPTIONAL if others else [])]
    versions = {package: version for name in environments for package, version in venvs.versions(name).items()}
    text = report.comparison(rows, runner.corpora, options.pairs, options.out, others, versions)
    if options.mode == "full" and not names and not options.floor_only:
        report.write(places.REPORT, "comparison", text)
        say("BENCHMARKS.md is written")
    else:
        print(text)


if __name__ == "__main__":
    main()
