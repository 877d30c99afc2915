"""Signals, limits and pipes that nobody reads, at random moments: the right exit code, no half output, no untrue word."""
import os
import random
import signal
import subprocess
import threading
import time
import unittest
from pathlib import Path

import numpy as np

from command import NDPIX, Case, figure, load, small_disk

# MOMENTS=30 for the figures of RELIABILITY.md.
MOMENTS = int(os.environ.get("MOMENTS", 4))
IGNORED = [signal.SIGHUP, signal.SIGINT, signal.SIGTERM]


class Signals(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = np.random.default_rng(5)
        pictures = [rng.integers(0, 256, (40, 40)).tolist() for _ in range(10)]
        cls.records = [{"image": pictures[i % 10]} for i in range(3000)]

    def setUp(self):
        super().setUp()
        self.source = self.write("in.ndjson", self.records)
        self.args = [NDPIX, "convert", str(self.source), "-o", str(self.out), "--if-exists", "replace",
                     "--size", "100,100", "--threads", "1"]
        begun = time.monotonic()
        subprocess.run(self.args, check=True, capture_output=True)
        self.whole, self.takes = self.out.read_bytes(), time.monotonic() - begun
        self.out.unlink()
        self.random = random.Random(7)

    def check(self, code, said):
        """Whole and said to be, or not there and said not to be."""
        if code == 0:
            self.assertEqual(self.out.read_bytes(), self.whole, said)
            self.assertNotIn(b"interrupted", said)
            self.out.unlink()
        else:
            self.assertFalse(self.out.exists(), said)

    def wait_for_handler(self, run):
        """Waits until the command catches interrupts, and a moment more, in which it reads what there is."""
        caught, end = 0, time.monotonic() + 20
        while not caught >> (signal.SIGINT - 1) & 1 and time.monotonic() < end:
            time.sleep(0.05)
            lines = Path(f"/proc/{run.pid}/status").read_text().splitlines()
            caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
        time.sleep(0.5)

    def signalled(self, which, **options):
        codes = []
        for _ in range(MOMENTS):
            with subprocess.Popen(self.args, stderr=subprocess.PIPE, **options) as run:
                time.sleep(self.random.uniform(0.02, self.takes))
                run.send_signal(which)
                said = run.communicate(timeout=30)[1]
            self.check(run.returncode, said)
            codes.append(run.returncode)
        figure(what=f"{signal.Signals(which).name}{' that was ignored at the start' if options else ''}", runs=MOMENTS,
               result=f"{codes.count(0)} whole, {MOMENTS - codes.count(0)} ended")
        return set(codes)

    def test_an_interrupt_ends_a_run_between_batches(self):
        for which in IGNORED:
            codes = self.signalled(which)
            # On a machine that became faster, moments may come after the end.
            for _ in range(10):
                codes |= self.signalled(which) if 130 not in codes else set()
            # Before the handler is there, a signal does what it always does.
            self.assertLessEqual(codes, {0, 130, -which})
            self.assertIn(130, codes)

    def test_what_was_ignored_stays_ignored(self):
        for which in IGNORED:
            ignore = lambda: signal.signal(which, signal.SIG_IGN)
            self.assertEqual(self.signalled(which, preexec_fn=ignore), {0})

    def test_words_that_nobody_reads(self):
        for _ in range(MOMENTS):
            with subprocess.Popen(self.args, stderr=subprocess.PIPE, pipesize=4096) as run:
                threading.Thread(target=fill, args=(f"/proc/{run.pid}/fd/2",), daemon=True).start()
                time.sleep(self.random.uniform(0.02, self.takes))
                run.send_signal(signal.SIGINT)
                code = run.wait(10)
                said = run.stderr.read1()
            self.check(code, said)
            self.assertIn(code, {0, 130, -signal.SIGINT})
        figure(what="SIGINT with a standard error that nobody reads", runs=MOMENTS, result="all ended within 10 s")

    def test_an_interrupt_while_input_is_awaited(self):
        for before in [b"", b"".join(self.source.read_bytes().splitlines(True)[:200])]:
            args = [NDPIX, "convert", "-", "-o", str(self.out)]
            with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
                run.stdin.write(before)
                run.stdin.flush()
                self.wait_for_handler(run)
                run.send_signal(signal.SIGINT)
                code, said = run.wait(10), run.stderr.read()
            self.assertEqual(code, 130)
            self.assertIn(b"interrupted while waiting for input; nothing was put in place", said)
            self.assertFalse(self.out.exists())

    def test_files_may_not_grow(self):
        for _ in range(MOMENTS):
            limit = self.random.randrange(1, len(self.whole))
            run = subprocess.run(self.args, capture_output=True, timeout=60, **small_disk(limit))
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn(b"File too large", run.stderr)
            self.check(run.returncode, run.stderr)
        self.assertEqual(len(load_after(self)), len(self.records))
        figure(what="a limit for files", runs=MOMENTS, result="exit code 1 and no output")


def load_after(case):
    subprocess.run(case.args, check=True, capture_output=True)
    return load(case.out)


def fill(name):
    """Leaves no room in a pipe, until nobody can read it."""
    try:
        with open(name, "wb", buffering=0) as pipe:
            while pipe.write(bytes(4096)):
                pass
    except OSError:
        pass


if __name__ == "__main__":
    unittest.main()
