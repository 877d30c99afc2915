"""Runs the `ndpix` command that NDPIX names (target/release/ndpix without it)."""
import json
import os
import resource
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
NDPIX = os.environ.get("NDPIX", str(ROOT / "target" / "release" / "ndpix"))
SAMPLE = ROOT / "testdata" / "sample.ndjson"


def ndpix(*args, **options):
    """The finished process; its output as bytes."""
    command = [NDPIX, *map(str, args)]
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("timeout", 120)
    return subprocess.run(command, capture_output=True, **options)


def killed(seconds, *args):
    """Starts the command, and kills it after so many seconds, if it has not ended by itself."""
    with subprocess.Popen([NDPIX, *map(str, args)], stderr=subprocess.DEVNULL) as run:
        time.sleep(seconds)
        run.kill()


def small_disk(limit):
    """Options of a run in which no file can have more bytes, as on a disk that is full."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}


def figure(**facts):
    """Notes what a test found, for RELIABILITY.md, where FIGURES names a file for it."""
    if "FIGURES" in os.environ:
        with open(os.environ["FIGURES"], "a") as file:
            file.write(json.dumps(facts) + "\n")


def rejects_of(out):
    path = Path(f"{out}.rejects.ndjson")
    return [json.loads(x) for x in path.read_bytes().splitlines()] if path.exists() else []


def load(out):
    """The array, opened as a map; checks the header against NumPy's own."""
    try:
        array = np.load(out, mmap_mode="r")
    except ValueError:  # NumPy maps no empty file
        array = np.load(out)
    with open(out, "rb") as f:
        version = np.lib.format.read_magic(f)
        assert version == (1, 0), version
        header = np.lib.format.read_array_header_1_0(f)
        offset = f.tell()
        f.seek(0)
        mine = f.read(offset)
        f.seek(0, os.SEEK_END)
        size = f.tell()
    assert header == (array.shape, False, array.dtype), header
    assert offset % 64 == 0, f"pixels begin at {offset}"
    assert size == offset + array.nbytes, f"{size} bytes for a header of {offset} and {array.nbytes} of pixels"
    with tempfile.TemporaryFile() as f:
        np.lib.format.write_array_header_1_0(f, np.lib.format.header_data_from_array_1_0(array))
        f.seek(0)
        theirs = f.read()
    # Everything but the header's length field and its padding.
    assert (mine[:8], mine[10:].split()) == (theirs[:8], theirs[10:].split()), (mine, theirs)
    return array


class Case(unittest.TestCase):
    """A test with a folder of its own, `self.dir`, removed afterwards."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ndpix-test-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        self.out = self.dir / "out.npy"

    def run_ndpix(self, code, *args, **options):
        done = ndpix(*args, **options)
        said = done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, code, f"ndpix {' '.join(map(str, args))}\n{said}")
        return done

    def write(self, name, records):
        path = self.dir / name
        path.write_bytes(b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records))
        return path
