"""Conversions in parts whose tasks and commits are killed at every single step: what is there is nothing or all, and the
same commands again make what one run with one thread writes, byte by byte."""
import base64
import json
import shutil
import subprocess
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import numpy as np

from command import NDPIX, Case, figure, ndpix
from test_kills import KILLED, build_killer, everything

OUTPUTS = {
    "out.npy": ["--rows", "always"],
    "out.npz": [],
    "out.h5": ["--chunks", "16"],
    "out.zarr": [],
    "out.parquet": [],
    "out.safetensors": ["--columns", "n"],
    "shards": ["--shard-rows", "32"],
}
FLAGS = ["--field", "image", "--encoding", "raw", "--raw-shape", "6,8", "--max-rejects", "none"]
COLUMNS = ["--columns", "label,n,more"]


def setUpModule():
    global folder, killer
    folder = tempfile.TemporaryDirectory(prefix="ndpix-killer-")
    unittest.addModuleCleanup(folder.cleanup)
    killer = build_killer(Path(folder.name))


def line(number):
    """A record of one of many sorts; those of the sample are good."""
    pixels = base64.b64encode(np.random.default_rng(number).integers(0, 256, 48, np.uint8).tobytes()).decode()
    good = {"image": pixels, "label": f"é{number}", "n": number, "more": {"a": [number], "image": pixels[:5]}}
    text = json.dumps(good, ensure_ascii=number % 2 == 0).encode()
    match number % 23 if number >= 64 else 0:
        case 1:
            return text + b"\r\n"
        case 2:
            return b"\n \t\r\n"
        case 3:
            return text[:-9] + b"\n"
        case 4:
            return b'{"label": null, "n": 3}\n'
        case 5:
            return text.replace(pixels.encode(), pixels[:40].encode()) + b"\n"
        case 6:
            return b'{"image": null}\n'
        case 7:
            return b"\x1f\x8b\x08\x00 is no stream of its own\n"
        case 8:
            line = {"file": "/etc/x", "line": 2, "byte": 9, "item": 0, "kind": "image", "message": "m", "record": "{}"}
            return json.dumps(line).encode() + b"\n"
        case 9:
            return text.replace(b'"n": ', b'"n": "no", "m": ') + b"\n"
        case 10:
            return text.replace(b'"label": ', b'"label": null, "l": ') + b"\n"
        case 11:
            return b"\xef\xbb\xbf" + text + b"\n"
        case 12:
            return b'{"image": "\xff"}\n'
    return text + b"\n"


class Parts(Case):
    def convert(self, place, out, inputs, *flags):
        """What one run writes."""
        place.mkdir()
        done = ndpix("convert", *inputs, "-o", place / out, *FLAGS, "--threads", "1", *flags, timeout=3600)
        self.assertIn(done.returncode, (0, 3), done.stderr.decode())
        return everything(place)

    def plan(self, place, out, inputs, *flags):
        done = ndpix("plan", *inputs, "-o", place / out, *FLAGS, *flags)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return place / f"{out}.plan.json"

    def made(self, place):
        """What there is but for the plan and its parts."""
        return {name: text for name, text in everything(place).items()
                if not name.startswith(tuple(f"{out}.p{x}" for out in OUTPUTS for x in ("lan.json", "arts")))}

    def same(self, found, want, what):
        self.assertEqual(sorted(found), sorted(want), what)
        for name, text in want.items():
            self.assertTrue(found[name] == text, f"{what}: {name} differs")


class KilledParts(Parts):
    def setUp(self):
        super().setUp()
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="ndpix-parts-", dir=memory if memory.is_dir() else None)
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "place"
        self.calls = self.dir / "calls"
        self.input = self.dir / "in.ndjson"
        self.input.write_bytes(b"".join(line(number) for number in range(150)))

    def killed(self, number, *command):
        """Whether the command was killed at this step; what it did until then."""
        args = [killer, str(number), self.calls, NDPIX, *map(str, command)]
        done = subprocess.run(args, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
        self.assertIn(done.returncode, (0, 3, KILLED), done.stderr.decode())
        return done.returncode == KILLED, self.calls.read_text().split()

    def test_tasks(self):
        want = self.convert(self.dir / "whole", "out.npy", [self.input], *COLUMNS)
        steps, number, done = Counter(), 0, False
        while not done:
            number += 1
            shutil.rmtree(self.place, ignore_errors=True)
            self.place.mkdir()
            plan = self.plan(self.place, "out.npy", [self.input], *COLUMNS, "--parts", "3")
            was_killed, calls = self.killed(number, "run", plan, "--task", 0, "--tasks", 1, "--threads", 1)
            done = not was_killed
            steps.update(calls[-1:] if was_killed else [])
            with self.subTest(step=number, call=calls[-1]):
                self.run_ndpix(0, "run", plan, "--task", 0, "--tasks", 1)
                self.run_ndpix(0, "commit", plan)
                self.same(self.made(self.place), want, f"step {number}")
        self.assertTrue(steps["fsync"] and steps["rename"], steps)
        figure(what="a task killed at every step, and run again", runs=steps.total(), result="the bytes of one run")


def killed(out, flags):
    def test(self):
        flags_of = flags if out == "out.safetensors" else [*COLUMNS, *flags]
        want = self.convert(self.dir / "whole", out, [self.input], *flags_of)
        self.place.mkdir()
        plan = self.plan(self.place, out, [self.input], *flags_of, "--parts", "4", "--threads", "1")
        self.run_ndpix(0, "run", plan, "--task", 0, "--tasks", 1)
        before = self.dir / "before"
        shutil.copytree(self.place, before)
        steps, number = Counter(), 0
        while True:
            number += 1
            shutil.rmtree(self.place)
            shutil.copytree(before, self.place)
            was_killed, calls = self.killed(number, "commit", plan)
            with self.subTest(out=out, step=number, call=calls[-1]):
                if (self.place / out).exists():
                    found = {name: text for name, text in self.made(self.place).items() if ".partial" not in name}
                    self.same(found, want, f"step {number}")
                again = ndpix("commit", plan)
                self.assertIn(again.returncode, (0, 2, 3), again.stderr.decode())
                if again.returncode == 2:
                    self.assertIn(b" exists; pass ", again.stderr)
                else:
                    self.same(self.made(self.place), want, f"after step {number}")
                    self.assertFalse((self.place / f"{out}.parts").exists())
            if not was_killed:
                break
            steps.update(calls[-1:])
        self.assertTrue(steps["fsync"] and steps["rename"] + steps["renameat2"], steps)
        figure(what=f"a commit of parts killed at every step, `{out}`", runs=steps.total(),
               result="nothing or all; the same command again: the bytes of one run")
    return test


for out, flags in OUTPUTS.items():
    setattr(KilledParts, f"test_commit_{out.replace('.', '_')}", killed(out, flags))


if __name__ == "__main__":
    unittest.main()
