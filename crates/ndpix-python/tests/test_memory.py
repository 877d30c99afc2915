"""Memory does not grow: not with the input, not from call to call. Each measurement is a process of its own."""

import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import base64, gc
import numpy as np
import ndpix

def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) << 10

def now():
    gc.collect()
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) << 10

PIXELS = base64.b64encode(np.arange(64 * 64 * 3, dtype=np.uint8).tobytes()).decode()
RECORD = b'{"image": "' + PIXELS.encode() + b'"}\\n'
RAW = dict(field="image", encoding="raw", raw_shape=(64, 64, 3), raw_dtype="uint8")
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_batches_do_not_grow_with_the_stream():
    """A stream of 400 MB and a stream of 50 MB have the same peak."""
    code = """
        def stream(megabytes):
            block = RECORD * 64
            for _ in range(megabytes * (1 << 20) // len(block)):
                yield from [RECORD] * 64
        rows = sum(len(b) for b in ndpix.batches(stream(%d), 256, **RAW))
        print(rows, peak())
    """
    (rows, small), (more, large) = (map(int, run(code % n).split()) for n in (50, 400))
    assert more > 7 * rows
    assert large < small + (24 << 20), f"{small >> 20} MiB for the small stream, {large >> 20} for the large"
    assert large < 300 << 20


@pytest.mark.parametrize("source", ["(RECORD for _ in range(25600))", "open(name, 'rb')", "name"])
def test_load_holds_the_array_and_little_else(source):
    """At most 64 MiB beside an array of 300 MiB, whether the number of rows can be told or not."""
    code = f"""
        import tempfile
        with tempfile.NamedTemporaryFile() as file:
            name = file.name
            for _ in range(100):
                file.write(RECORD * 256)
            file.flush()
            base = now()
            array = ndpix.load({source}, **RAW)
            print(array.nbytes, peak() - base)
    """
    nbytes, used = map(int, run(code).split())
    assert nbytes == 25600 * 64 * 64 * 3
    assert used < nbytes + (64 << 20), f"{used >> 20} MiB for {nbytes >> 20}"


@pytest.mark.parametrize(
    "act",
    [
        "ndpix.load(data, **RAW)",
        "list(ndpix.batches(data, 16, **RAW))",
        "next(ndpix.batches(data, 16, **RAW))",
        "ndpix.open(data, **RAW)[:]",
        "ndpix.decode(PIXELS, **{**RAW, 'field': None})",
        "ndpix.inspect(data, **RAW)",
    ],
)
def test_nothing_leaks(act):
    code = f"""
        data = RECORD * 200
        for _ in range(20):
            {act}
        before = now()
        for _ in range(150):
            {act}
        print(now() - before)
    """
    grown = int(run(code))
    # The allocator's arenas settle within some MiB; one array that stays in each call would be 350.
    assert grown < 24 << 20, f"{grown >> 10} KiB in 150 calls"
