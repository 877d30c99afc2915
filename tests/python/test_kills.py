"""Runs that are killed at every single step of what they do to the disk: at each the old output stands with all that
is beside it, or none, or the new one with all of its own; and the same command again makes what a run makes that nobody
killed, byte by byte. The kills come from `killer.c`, which stops the command at its system calls."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import numpy as np

from command import NDPIX, ROOT, figure, ndpix
from test_outputs import Outputs

KILLED = 99
# What keeps fields and rejects, and what has neither; the flags of an output come on top.
FULL, BARE = ["--columns", "label", "--rows", "always"], ["--rows", "never", "--rejects", "none"]
OUTPUTS = {
    "out.npy": [],
    "out.npz": [],
    "out.safetensors": [],
    "out.h5": ["--chunks", "16"],
    "out.zarr": [],
    "out.parquet": [],
    "shards": ["--shard-rows", "32"],
    "twin.npy": ["--array", "twin=image,encoding=raw"],
}
# What is written anew to grow.
GROW = {
    "out.h5": ["--chunks", "16"],
    "out.zarr": ["--columns", "label"],
    "out.parquet": ["--columns", "label"],
    "out.npz": [],
    "shards": ["--shard-rows", "32"],
}


def setUpModule():
    global folder, killer
    folder = tempfile.TemporaryDirectory(prefix="ndpix-killer-")
    unittest.addModuleCleanup(folder.cleanup)
    killer = build_killer(Path(folder.name))


def build_killer(folder):
    """The program that ends a command at one of its steps."""
    killer = folder / "killer"
    compiler = os.environ.get("CC", "cc")
    source = ROOT / "tests" / "python" / "killer.c"
    subprocess.run([compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", killer, source], check=True)
    return killer


def everything(folder):
    """The bytes of every file below a folder, by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def named(folder, out):
    """Of these the ones that have their final names; None where the output has not."""
    there = {name: text for name, text in everything(folder).items() if ".partial" not in name}
    return there if (folder / out).exists() else None


def sums(done):
    """What a run says of records, images and rejects."""
    return re.findall(rb"^(?:records|images|rejects) .*$", done.stderr, re.MULTILINE)


def note(what, steps, found="the old files, the new ones or none"):
    result = f"{found}; the same command again: the same bytes"
    figure(what=f"killed at every step, {what}", runs=steps.total(), result=result)


class Kills(Outputs):
    def setUp(self):
        super().setUp()
        # Thousands of runs that make things durable: in memory, where there is such a folder.
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="ndpix-kills-", dir=memory if memory.is_dir() else None)
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "place"
        self.calls = self.dir / "calls"

    def inputs(self):
        """Two inputs of other pixels, with records that are rejected."""
        for seed, (name, count) in enumerate([("old.ndjson", 40), ("new.ndjson", 50)]):
            text = self.source(self.rows(count, seed=seed), name).read_bytes()
            (self.dir / name).write_bytes(text[:text.index(b"\n") + 1] + b'{"image": %d}\n' % seed + text)
        return self.dir / "old.ndjson", self.dir / "new.ndjson"

    def command(self, source, out, *flags):
        return ["convert", source, "-o", self.place / out, *self.RAW, "--threads", "1", *flags]

    def fresh(self, before):
        """The place as it was before the run."""
        shutil.rmtree(self.place, ignore_errors=True)
        if before.exists():
            shutil.copytree(before, self.place)
        else:
            self.place.mkdir()

    def killed(self, number, command):
        """Whether the command was killed at this step; what it did until then."""
        args = [killer, str(number), self.calls, NDPIX, *map(str, command)]
        done = subprocess.run(args, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertIn(done.returncode, (0, 3, KILLED), done.stderr.decode())
        return done.returncode == KILLED, self.calls.read_text().split()

    def before(self, command):
        """What a first run leaves, to begin with again and again."""
        before = self.dir / "before"
        shutil.rmtree(before, ignore_errors=True)
        if command is not None:
            self.fresh(before)
            self.assertIn(ndpix(*command).returncode, (0, 3))
            shutil.copytree(self.place, before)
        return before

    def check(self, out, old, new, holds=None):
        """Kills the command `new` at every step, with what `old` made in its place; how many steps there are. `holds`
        says of what is found, what was there and what is wanted whether that can be."""
        holds = holds or (lambda found, was, want: found in (None, was, want))
        before = self.before(old)
        self.fresh(before)
        was = named(self.place, out)
        done = ndpix(*new)
        self.assertIn(done.returncode, (0, 3), done.stderr.decode())
        want = everything(self.place)
        self.assertFalse([name for name in want if ".partial" in name])
        number = 0
        while True:
            number += 1
            self.fresh(before)
            was_killed, calls = self.killed(number, new)
            if not was_killed:
                self.assertEqual(everything(self.place), want)
                return calls
            with self.subTest(out=out, step=number, call=calls[-1], last=calls[-4:-1]):
                found = named(self.place, out)
                self.assertTrue(holds(found, was, want), "files that do not belong together")
                again = ndpix(*new)
                if again.returncode == 2:
                    # All had its name, and what is left are locks: a run that ended is not made again.
                    self.assertEqual(found, want, again.stderr.decode())
                    self.assertRegex(again.stderr, b" exists; pass | was appended to ")
                    self.assertEqual(named(self.place, out), want)
                else:
                    self.assertEqual(everything(self.place), want)
                    # No run ends better for a kill.
                    self.assertEqual(again.returncode, done.returncode, again.stderr.decode())
                    self.assertEqual(sums(again), sums(done))


    def test_append(self):
        old, new = self.inputs()
        steps = Counter()

        def holds(found, was, want):
            """The array has the old rows or all; a row map is never shorter."""
            if found is None or was is None:
                return found in (None, want)
            place = self.dir / "found"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for name, text in found.items():
                (place / name).write_bytes(text)
            array, rows = np.load(place / "out.npy"), np.load(place / "out.npy.rows.npy")
            text = want["out.npy"]
            return (len(rows) >= len(array) and len(array) in counts and
                    array.tobytes() == text[128:128 + array.nbytes] and
                    rows[:len(array)].tobytes() == want["out.npy.rows.npy"][-25 * counts[1]:][:25 * len(array)])

        first, then = (self.command(source, "out.npy", "--append") for source in (old, new))
        counts = [41, 92]
        for made, add in (None, then), (first, then):
            steps.update(self.check("out.npy", made, add, holds))
        self.assertTrue(steps["fsync"] and steps["rename"], steps)
        note("`--append`", steps, "the old rows or all")


    def test_append_columns(self):
        """The array and its table are the old ones or the new ones, or the array is aside."""
        old, new = self.inputs()
        steps, aside = Counter(), []

        def holds(found, was, want):
            if found is None:
                aside.append((self.place / "out.npy.partial.old").exists())
                return was is None or aside[-1]
            if was is None:
                return found == want
            place = self.dir / "found"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for name, text in found.items():
                (place / name).write_bytes(text)
            array, rows = np.load(place / "out.npy"), np.load(place / "out.npy.rows.npy")
            text = want["out.npy"]
            table = found["out.npy.columns.parquet"]
            return (table == {41: was, 92: want}[len(array)]["out.npy.columns.parquet"] and len(rows) >= len(array) and
                    array.tobytes() == text[128:128 + array.nbytes])

        first, then = (self.command(source, "out.npy", "--append", "--columns", "label") for source in (old, new))
        for made, add in (None, then), (first, then):
            steps.update(self.check("out.npy", made, add, holds))
        self.assertIn(True, aside)
        self.assertTrue(steps["fsync"] and steps["rename"], steps)
        note("`--append` with `--columns`", steps, "the old rows or all, with a table of as many, or the array aside")

    def test_append_anew(self):
        """What is written anew to grow is the old output or the new one, each with its list of inputs, or it is aside."""
        old, new = self.inputs()
        for out, flags in GROW.items():
            steps, aside = Counter(), []

            def holds(found, was, want):
                if found is None and was is not None:
                    aside.append((self.place / f"{out}.partial.old").exists())
                    return aside[-1]
                return found in (was, want)

            first, then = (self.command(source, out, "--append", *flags) for source in (old, new))
            for made, add in (None, then), (first, then):
                steps.update(self.check(out, made, add, holds))
            self.assertIn(True, aside)
            self.assertTrue(steps["fsync"] and steps["rename"], steps)
            note(f"`{out}`, `--append`", steps, "the old output, the new one, or it is aside")


def killed(out, flags):
    def test(self):
        old, new = self.inputs()
        replace = ["--if-exists", "replace"]
        steps = Counter()
        for first, then in (None, FULL), (None, BARE), (FULL, FULL), (FULL, BARE), (BARE, FULL), (BARE, BARE):
            made = first and self.command(old, out, *flags, *first, *replace)
            steps.update(self.check(out, made, self.command(new, out, *flags, *then, *(replace if made else []))))
        self.assertTrue(steps["fsync"] and steps["rename"] + steps["renameat2"], steps)
        note(f"`{out}`, without and with `--if-exists replace`", steps)
    return test


for out, flags in OUTPUTS.items():
    setattr(Kills, f"test_{out.replace('.', '_')}", killed(out, flags))


if __name__ == "__main__":
    unittest.main()
