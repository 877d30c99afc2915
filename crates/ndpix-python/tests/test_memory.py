"""Memory does not grow: not with the input, not from call to call. Each measurement is a process of its own."""

import os
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


def run(code, **environment):
    command = [sys.executable, "-c", PREAMBLE + textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
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
        "ndpix.convert(data, out, if_exists='replace', **RAW)",
        "fails(data)",
    ],
)
def test_nothing_leaks(act, tmp_path):
    """Memory of the process and objects of Python stay where they are from call to call.

    With an arena for each thread, threads that come and go leave some MiB here and there, up and down; with
    one arena that is trimmed before each reading, what is left is what grows.
    """
    code = f"""
        import contextlib, ctypes, tracemalloc
        out = {str(tmp_path / "out.npy")!r}
        data = RECORD * 200
        trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)

        def fails(data):
            with contextlib.suppress(ndpix.Error):
                ndpix.load(data + b'{{"image": "%"}}', on_error="raise", **RAW)

        def grown(reading, calls):
            for _ in range(20):
                {act}
            before = reading()
            for _ in range(calls):
                {act}
            return reading() - before

        def resident():
            trim(0)
            return now()

        def traced():
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        process = grown(resident, 200)
        tracemalloc.start()
        print(process, grown(traced, 50))
    """
    process, objects = map(int, run(code, MALLOC_ARENA_MAX="1").split())
    # 2 KiB a call; one array that stays would be 2.4 MB.
    assert process < 400 << 10, f"{process >> 10} KiB in 200 calls"
    assert objects < 50 * 64, f"{objects} bytes of Python's in 50 calls"
