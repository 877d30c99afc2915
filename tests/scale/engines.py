"""What every engine has to show: with two workers, of which one is killed in a part and one in the commit, it makes the
bytes of one run with one thread, and reads the rows that `ndpix.load` gives."""
import base64
import io
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import ndpix
import numpy as np
from PIL import Image

import kills
from command import ROOT
from test_kills import everything
from test_parts_killed import COLUMNS, FLAGS, OUTPUTS, Parts, line

# RECORDS=200000 for more of it.
RECORDS = int(os.environ.get("RECORDS", 6000))
PARTS = 6
SECONDS = 180 + RECORDS // 500
RAW = {"field": "image", "encoding": "raw", "raw_shape": "6,8"}


def options(flags):
    """Flags of the command as keywords; those without a value are none of the tests."""
    names = [flag.removeprefix("--").replace("-", "_") for flag in flags[::2]]
    return {name: int(value) if value.isdigit() else value for name, value in zip(names, flags[1::2], strict=True)}


class Engine(Parts):
    """The tests; `engine` is the module, `rows` computes what it has read."""

    def setUp(self):
        super().setUp()
        # An engine that has lost its workers waits for others without an end.
        signal.signal(signal.SIGALRM, self.too_long)
        signal.alarm(SECONDS)
        self.addCleanup(signal.alarm, 0)
        self.input = self.dir / "in.ndjson"
        self.input.write_bytes(b"".join(line(number) for number in range(RECORDS)))
        self.place = self.dir / "place"
        self.place.mkdir()

    def too_long(self, *_):
        raise AssertionError(f"not done after {SECONDS} seconds")

    def test_every_output_with_two_workers_killed(self):
        for out, flags in OUTPUTS.items():
            flags = [*flags] if out == "out.safetensors" else [*COLUMNS, *flags]
            want = self.convert(self.dir / out, out, [self.input], *flags)
            with self.subTest(out=out):
                # A worker may be done before anybody has seen that it had begun.
                self.assertTrue(any(self.killed(out, flags, want) for _ in range(5)), "no worker was killed")

    def killed(self, out, flags, want):
        """Converts while a worker is killed in a part and one in the commit: whether they were."""
        shutil.rmtree(self.place)
        self.place.mkdir()
        kills.arm("part", "commit")
        summary = self.engine.convert(self.input, self.place / out, parts=PARTS, **options([*FLAGS, *flags]))
        self.same(everything(self.place), want, out)
        self.assertEqual(summary.records, RECORDS - sum(number % 23 == 2 for number in range(64, RECORDS)))
        return kills.happened("part") and kills.happened("commit")

    def test_a_folder_for_the_parts(self):
        want = self.convert(self.dir / "whole", "out.npy", [self.input], *COLUMNS)
        work = self.dir / "work"
        given = options([*FLAGS, *COLUMNS])
        self.engine.convert([self.input], self.place / "out.npy", part_bytes="64K", work=work, threads=2, **given)
        self.same(everything(self.place), want, "a folder for the parts")
        self.assertFalse(work.exists())
        skipped = self.engine.convert([self.input], self.place / "out.npy", if_exists="skip", **given)
        self.assertEqual((skipped.rows, skipped.outputs), (0, []))
        self.same(everything(self.place), want, "an output that is there")

    def test_errors_are_those_of_ndpix(self):
        found = []
        for convert in ndpix.convert, self.engine.convert:
            with self.assertRaises(ndpix.Error) as caught:
                convert(self.input, self.place / "out.npy", on_error="raise", **RAW)
            error = caught.exception
            self.assertIs(type(error), ndpix.Error)
            found.append((str(error), error.kind, error.file, error.line, error.byte, error.item))
        self.assertEqual(*found)
        self.assertGreater(found[0][3], 64)
        (self.dir / "work").touch()
        with self.assertRaises(OSError) as caught:
            self.engine.convert(self.input, self.place / "other.npy", work=self.dir / "work", **RAW)
        self.assertIs(type(caught.exception), NotADirectoryError)
        self.assertEqual([name for name in everything(self.place) if not name.startswith("out.npy.")], [])

    def test_what_is_read_is_what_load_gives(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ndpix.RejectedWarning)
            for given in {}, {"on_error": "fill", "on_missing": "fill"}:
                want = ndpix.load(self.input, **RAW, **given)
                kills.arm("read")
                found = self.rows(self.engine.read(self.input, parts=20, **RAW, **given))
                self.assertTrue(kills.happened("read"))
                np.testing.assert_array_equal(found, want)
        with self.assertRaises(ndpix.Error) as caught:
            self.rows(self.engine.read(self.input, parts=20, on_error="raise", **RAW))
        self.assertIn(caught.exception.kind, ("json", "shape", "encoding", "field"))
        self.assertGreater(caught.exception.byte, 0)

    def test_ctrl_c(self):
        """In the middle of the work, and the same call again."""
        file = io.BytesIO()
        Image.new("RGB", (2500, 2500), (3, 2, 1)).save(file, "PNG")
        record = b'{"image": "%s"}\n' % base64.b64encode(file.getvalue())
        self.input.write_bytes(record * 600)
        out = self.place / "out.npy"
        command = [sys.executable, Path(__file__).with_name("driver.py"), self.engine.__name__, self.input, out]
        with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT) as driver:
            parts = self.until(lambda: [*self.place.glob("out.npy.parts/*/part-*")], driver)
            driver.send_signal(signal.SIGINT)
            begun = time.monotonic()
            said = driver.communicate(timeout=60)[1].decode()
            took = time.monotonic() - begun
        self.assertIn("\nKeyboardInterrupt", said)
        self.assertLess(took, 15)
        self.assertFalse(out.exists(), said)
        stamps = {part: part.stat().st_mtime_ns for part in parts}
        self.assertTrue(all(part.stat().st_mtime_ns == stamp for part, stamp in stamps.items()))
        done = subprocess.run(command, capture_output=True, timeout=300, cwd=ROOT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-3000:])
        self.assertEqual(sorted(everything(self.place)), ["out.npy"])
        np.testing.assert_array_equal(np.load(out)[::599, 0, 0], [[3, 2, 1]] * 2)

    def until(self, there, driver):
        """What is there after a while."""
        end = time.monotonic() + 120
        while time.monotonic() < end and driver.poll() is None:
            if found := there():
                return found
            time.sleep(0.01)
        driver.kill()
        raise AssertionError(f"nothing came of it: {driver.communicate()[1].decode()[-3000:]}")
