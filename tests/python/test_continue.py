"""Runs that are ended at any moment, and the same command again: it goes on where it was, says so, and makes what a run
makes that nobody ended, byte by byte, sums included. Places are noted much more often than otherwise."""
import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

from command import NDPIX, figure, small_disk
from test_kills import KILLED, build_killer, everything
from test_outputs import Outputs

# ENDS=300 for the figures of RELIABILITY.md.
ENDS = int(os.environ.get("ENDS", 42))
OFTEN = {**os.environ, "NDPIX_JOURNAL_BYTES": "100000"}
# What a run does not know that finds all of it done.
OF_THIS_RUN = {"outputs"}
COLUMNS = ["--columns", "label,score,name,box,tags,meta"]
TWIN = ["--array", "twin=image,encoding=raw"]
OUTPUTS = {
    "out.npy": [*COLUMNS, "--rows", "always"],
    "bare.npy": ["--rows", "never", "--rejects", "none"],
    "fill.npy": ["--on-error", "fill", "--on-missing", "fill", "--dtype", "float32"],
    "out.npz": COLUMNS,
    "gzip.npz": [*COLUMNS, "--output-compression", "gzip:1"],
    "out.safetensors": ["--columns", "label,score"],
    "out.h5": COLUMNS,
    "gzip.h5": [*COLUMNS, "--output-compression", "gzip:1", "--chunks", "7"],
    "out.zarr": COLUMNS,
    "plain.zarr": [*COLUMNS, "--output-compression", "none", "--shard-rows", "64"],
    "out.parquet": COLUMNS,
    "plain.parquet": [*COLUMNS, "--output-compression", "none"],
    "shards": [*COLUMNS, "--shard-rows", "64"],
    "flat.npz": [*COLUMNS, "--ragged", "flat"],
    "pad.h5": [*COLUMNS, "--ragged", "pad"],
    "twin.npy": [*COLUMNS, *TWIN],
    "twin.zarr": [*COLUMNS, *TWIN],
    "twin.npz": TWIN,
}
# What is there already, of other records, when the run begins.
GROW = {
    "out.zarr": COLUMNS,
    "gzip.h5": [*COLUMNS, "--output-compression", "gzip:1", "--chunks", "7"],
    "out.parquet": COLUMNS,
    "plain.parquet": [*COLUMNS, "--output-compression", "none"],
}


def setUpModule():
    global folder, killer
    folder = tempfile.TemporaryDirectory(prefix="ndpix-continue-")
    unittest.addModuleCleanup(folder.cleanup)
    killer = build_killer(Path(folder.name))


class Continues(Outputs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(int(os.environ.get("SEED", 11)))

    def setUp(self):
        super().setUp()
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="ndpix-ends-", dir=memory if memory.is_dir() else None)
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "place"
        # What stands there before each run, where something does.
        self.before = None
        lines = self.source(self.rows(800, (60, 50, 3))).read_bytes().splitlines(True)
        broken = [b'{"image": 7}\n', b"\n", b"not JSON\r\n", b"  \n", b'{"label": 3}\n', b"\x1f\x8b\n"]
        for i, line in enumerate(broken):
            lines[140 * i + 5:140 * i + 5] = [line] * 3
        # Two files, of which one is compressed: it is read again, and what was read before is passed over.
        self.inputs = [self.dir / "a.ndjson", self.dir / "b.ndjson.gz", self.dir / "c.ndjson"]
        for path, part in zip(self.inputs, (lines[:500], lines[500:600], lines[600:])):
            path.write_bytes(gzip.compress(b"".join(part), 1) if path.suffix == ".gz" else b"".join(part))

    def command(self, out, *flags):
        return ["convert", *self.inputs, "-o", self.place / out, *self.RAW, *flags, "--summary", self.dir / "sums"]

    def run_it(self, command, **options):
        return subprocess.run([NDPIX, *map(str, command)], capture_output=True, env=OFTEN, timeout=120, **options)

    def made(self):
        """Every file of the place, and the sums of the run."""
        sums = json.loads((self.dir / "sums").read_text())
        for name in "seconds", "peak_memory", "threads":
            del sums[name]
        return everything(self.place), sums

    def anew(self):
        shutil.rmtree(self.place, ignore_errors=True)
        if self.before:
            shutil.copytree(self.before, self.place)
        else:
            self.place.mkdir()
        (self.dir / "sums").unlink(missing_ok=True)

    def whole(self, command):
        """What a run makes that nobody ends, and how long it takes."""
        self.anew()
        begun = time.monotonic()
        done = self.run_it(command)
        self.code = done.returncode
        self.assertIn(self.code, (0, 3), done.stderr.decode())
        made = self.made()
        self.assertFalse([name for name in made[0] if ".partial" in name])
        return made, time.monotonic() - begun

    def again(self, command, want, what):
        """Runs the command once more; whether it went on."""
        done = self.run_it(command)
        said = done.stderr.decode()
        with self.subTest(what, command=" ".join(map(str, command[1:])), said=said):
            if "nothing to do" in said:
                self.assertEqual((done.returncode, everything(self.place)), (self.code, want[0]))
                sums = self.made()[1]
                self.assertEqual([n for n in want[1] if sums[n] != want[1][n] and n not in OF_THIS_RUN], [])
            elif done.returncode == 2:
                self.assertRegex(said, " exists; pass | was appended to ")
                self.assertEqual({k: v for k, v in everything(self.place).items() if ".partial" not in k}, want[0])
            else:
                self.assertIn(done.returncode, (0, 3))
                files, sums = self.made()
                self.assertEqual(list(files), list(want[0]))
                self.assertEqual([n for n in files if files[n] != want[0][n]], [], "other bytes")
                self.assertEqual(sums, want[1])
        return "continues at record" in said

    def tear(self):
        """Sometimes the journal is torn, as by a machine that lost its power."""
        for journal in self.place.glob("*.journal"):
            text = journal.read_bytes()
            if text and self.random.random() < 0.2:
                cut = self.random.randrange(len(text))
                journal.write_bytes(text[:cut] + (text[cut:][:1] and b"\0") * (self.random.random() < 0.5))

    def ended(self, command, want, end, times, what):
        """Ends so many runs by `end`, one to three times before one is left to itself; how many went on."""
        went_on = 0
        for _ in range(times):
            self.anew()
            for _ in range(self.random.choice([1, 1, 2, 3])):
                end(command)
            self.tear()
            went_on += self.again(command, want, what)
        return went_on


    def kill_at_a_step(self, command):
        calls = self.dir / "calls"
        args = [killer, str(self.random.randrange(1, self.steps + 1)), calls, NDPIX, *map(str, command)]
        done = subprocess.run(args, capture_output=True, env=OFTEN, stdin=subprocess.DEVNULL, timeout=120)
        self.assertIn(done.returncode, (0, 2, 3, KILLED), done.stderr.decode())

    def kill_at_a_moment(self, command):
        with subprocess.Popen([NDPIX, *map(str, command)], stderr=subprocess.DEVNULL, env=OFTEN) as run:
            time.sleep(self.random.uniform(0, self.takes))
            run.kill()

    def count_steps(self, command):
        """How many steps a run does to the disk."""
        self.anew()
        calls = self.dir / "calls"
        subprocess.run([killer, "1000000", calls, NDPIX, *map(str, command)], capture_output=True, env=OFTEN, timeout=120)
        return len(calls.read_text().split())

    def killed(self, out, flags):
        command = self.command(out, *flags, "--threads", "2")
        want, self.takes = self.whole(self.command(out, *flags, "--threads", "1"))
        self.steps = self.count_steps(command)
        times = -(-ENDS // len(OUTPUTS))
        half = times // 2 + 1
        went_on = self.ended(command, want, self.kill_at_a_step, half, "killed at a step")
        went_on += self.ended(command, want, self.kill_at_a_moment, times - half, "killed at a moment")
        while went_on == 0 and times < ENDS:
            went_on, times = self.ended(command, want, self.kill_at_a_step, 1, "killed at a step"), times + 1
        figure(what=f"`{out}` killed, its journal torn now and then, {' '.join(flags)}", runs=times,
               result=f"{went_on} went on, the others began anew; the same bytes")
        return went_on

    def signalled(self, which):
        command = self.command("out.npy", *OUTPUTS["out.npy"], "--threads", "2")
        want, self.takes = self.whole(command)

        size = len(want[0]["out.npy"])

        def end(command):
            with subprocess.Popen([NDPIX, *map(str, command)], stderr=subprocess.DEVNULL, env=OFTEN) as run:
                partial, until = self.place / "out.npy.partial", self.random.uniform(0, size)
                while run.poll() is None and size_of(partial) < until:
                    pass
                run.send_signal(which)

        times = max(3, ENDS // 10)
        went_on = self.ended(command, want, end, times, which.name)
        figure(what=f"{which.name}, and the same command again", runs=times,
               result=f"{went_on} went on, the others began anew or were whole; the same bytes")
        self.assertGreater(went_on, 0)

    def test_interrupts(self):
        self.signalled(signal.SIGINT)

    def test_terminations(self):
        self.signalled(signal.SIGTERM)

    def test_full_disks(self):
        for out in "out.npy", "out.zarr":
            command = self.command(out, *OUTPUTS[out], "--threads", "1")
            want, self.takes = self.whole(command)
            largest = max(map(len, want[0].values()))

            def end(command):
                limit = self.random.randrange(largest // 3, largest)
                done = self.run_it(command, **small_disk(limit))
                self.assertEqual(done.returncode, 1, done.stderr)

            times = max(2, ENDS // 20)
            went_on = self.ended(command, want, end, times, "a full disk")
            figure(what=f"`{out}` on a disk that is full, then with room", runs=times,
                   result=f"{went_on} went on, the others began anew; the same bytes")

    def test_a_run_that_rejects_ended_goes_on_with_other_limits(self):
        for flag, value, other in ("--on-error", "raise", "skip"), ("--max-rejects", "3", "none"), \
                ("--max-rejects", "0.5%", "none"):
            command = [*self.command("out.npy", *OUTPUTS["out.npy"]), flag]
            want, _ = self.whole([*command, other])
            self.anew()
            done = self.run_it([*command, value])
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertTrue((self.place / "out.npy.rejects.ndjson").exists() or value == "raise")
            self.assertTrue(self.again([*command, other], want, f"{flag} {value}"))

    def test_what_is_left_of_another_run_is_not_gone_on_with(self):
        base = self.command("out.npy", "--rows", "always")
        self.steps = self.count_steps(base)

        def left():
            """A run that was killed after a place was noted."""
            while True:
                self.anew()
                self.kill_at_a_step([*base, "--threads", "1"])
                journal = self.place / "out.npy.partial.journal"
                made = list(self.place.glob("out.npy.partial.moves")) + list(self.place.glob("out.npy"))
                if not made and journal.exists() and journal.read_bytes().count(b"\n") > 1:
                    return

        def refused(why, command=base):
            done = self.run_it(command)
            said = done.stderr.decode()
            self.assertIn(done.returncode, (0, 3), said)
            self.assertRegex(said, rf"out\.npy\.partial of an earlier run is replaced: {why}")
            self.assertNotIn("continues", said)
            self.assertFalse([name for name in everything(self.place) if ".partial" in name])

        changes = {"it had another dtype": ["--dtype", "float32"], "it had another limit": ["--limit", "700"],
                   "fresh is given": ["--fresh"]}
        for why, flags in changes.items():
            left()
            refused(why, [*base, *flags])
        left()
        refused("it had other inputs", [*base[:1], *base[2:]])
        left()
        text = self.inputs[0].read_bytes()
        self.inputs[0].write_bytes(text[:-20] + b"x" + text[-19:])
        refused(r"\S+a\.ndjson has changed since")
        left()
        (self.place / "out.npy.partial").unlink()
        done = self.run_it(base)
        self.assertNotIn(b"continues", done.stderr)
        self.assertIn(done.returncode, (0, 3))
        left()
        os.truncate(self.place / "out.npy.partial", 200)
        refused(".*200 bytes of the")
        left()
        piped = ["convert", "-", *base[4:]]
        done = self.run_it(piped, input=self.inputs[2].read_bytes())
        self.assertRegex(done.stderr.decode(), "is replaced: only files can be read on")
        self.assertFalse([name for name in everything(self.place) if ".partial" in name])

    def left_of(self, command):
        """Kills the command at steps until it has left a journal with a place, and neither names nor the list of them."""
        self.steps = self.count_steps(command)
        while True:
            self.anew()
            self.kill_at_a_step(command)
            journals = [j for j in self.place.glob("*.journal") if j.read_bytes().count(b"\n") > 1]
            named = [p for p in self.place.iterdir() if ".partial" not in p.name or p.name.endswith(".moves")]
            if journals and not named:
                return

    def test_paths_that_lead_elsewhere(self):
        from PIL import Image
        for name, value in ("one", 1), ("two", 2):
            (self.dir / name).mkdir()
            Image.new("L", (200, 200), value).save(self.dir / name / "x.png")
        source = self.write("paths.ndjson", [{"image": "x.png", "more": "y" * 900} for _ in range(2000)])
        base = ["convert", source, "-o", self.place / "out.npy", "--field", "image", "--encoding", "path"]
        first = [*base, "--base-dir", self.dir / "one"]
        self.left_of(first)
        done = self.run_it([*base, "--base-dir", self.dir / "two"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"is replaced: it had another base_dir", done.stderr)
        self.assertEqual(set(np.unique(np.load(self.place / "out.npy"))), {2})
        # A folder that is named from another one is another folder.
        relative = [*base, "--base-dir", "one"]
        here, there = self.dir, self.dir / "two"
        (there / "one").mkdir()
        shutil.copy(there / "x.png", there / "one")
        self.anew()
        with subprocess.Popen([NDPIX, *map(str, relative)], stderr=subprocess.DEVNULL, env=OFTEN, cwd=here) as run:
            while run.poll() is None and size_of(self.place / "out.npy.partial") < 10_000_000:
                pass
            run.send_signal(signal.SIGINT)
        done = self.run_it(relative, cwd=there)
        self.assertNotIn(b"continues", done.stderr)
        if done.returncode == 0:
            self.assertEqual(set(np.unique(np.load(self.place / "out.npy"))), {2})

    def test_rejects_that_are_read_again(self):
        lines = []
        for i, row in enumerate(self.rows(600, (60, 50, 3))):
            record = self.source([row], "one").read_text().strip()
            lines.append({"file": f"old-{i // 150}.ndjson", "line": i + 1, "byte": 7 * i, "item": 0, "kind": "image",
                          "message": "m", "record": record})
        source = self.write("some.rejects.ndjson", lines)
        for out in "out.npy", "out.zarr":
            command = ["convert", source, "-o", self.place / out, *self.RAW, "--rows", "always", "--summary", self.dir / "sums"]
            want, _ = self.whole(command)
            self.left_of(command)
            self.assertTrue(self.again(command, want, "rejects"))

    def test_outputs_that_share_a_rejects_file(self):
        share = ["--rejects", self.dir / "all.ndjson"]
        one, two = ([*self.command(out, "--threads", "1"), *share] for out in ("one.npy", "two.npy"))
        two[1:4] = two[3:0:-1]
        want, _ = self.whole(one)
        rejects = (self.dir / "all.ndjson").read_bytes()
        for path in self.dir.glob("all*"):
            path.unlink()
        self.left_of(one)
        kept = {p.name: p.read_bytes() for p in self.place.iterdir() if p.is_file()}
        self.run_it(two)
        (self.dir / "all.ndjson").rename(self.dir / "all.ndjson.partial")
        done = self.run_it(one)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual((self.dir / "all.ndjson").read_bytes(), rejects, (done.stderr, list(kept)))

    def test_a_run_of_a_moment_has_no_journal(self):
        self.anew()
        done = subprocess.run([NDPIX, *map(str, self.command("out.npy"))], capture_output=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.anew()
        calls = self.dir / "calls"
        command = [*map(str, self.command("out.npy", "--threads", "1"))]
        subprocess.run([killer, "1000000", calls, NDPIX, *command], capture_output=True)
        plain = calls.read_text().split()
        self.assertNotIn("fdatasync", plain)


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def goes_on(out, flags):
    def test(self):
        self.assertGreater(self.killed(out, flags), 0, "none went on")
    return test


def grows(out, flags):
    def test(self):
        old = self.source(self.rows(90, (60, 50, 3), seed=1), "old.ndjson")
        self.anew()
        done = self.run_it(["convert", old, "-o", self.place / out, *self.RAW, *flags, "--append"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.before = self.place.with_name("before")
        self.place.rename(self.before)
        self.assertGreater(self.killed(out, [*flags, "--append"]), 0, "none went on")
    return test


for out, flags in GROW.items():
    setattr(Continues, f"test_growing_{out.replace('.', '_')}", grows(out, flags))
for out, flags in OUTPUTS.items():
    setattr(Continues, f"test_{out.replace('.', '_')}", goes_on(out, flags))


if __name__ == "__main__":
    unittest.main()
