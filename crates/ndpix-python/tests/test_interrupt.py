"""Ctrl-C works at once, and leaves nothing behind."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

PREAMBLE = """
import itertools, os, sys, threading, time
import ndpix

def slow():
    print("begun", flush=True)
    for i in itertools.count():
        time.sleep(0.001)
        yield b'{"image": "UDUgMiAyIDI1NQphYmNk"}'

def names():
    return [open(f"/proc/self/task/{t}/comm").read().strip() for t in os.listdir("/proc/self/task")]
"""


@pytest.mark.parametrize(
    "act",
    [
        "ndpix.load(slow())",
        "ndpix.convert(slow(), sys.argv[1])",
        "[None for _ in ndpix.batches(slow(), 100000)]",
        "ndpix.load(open(os.pipe()[0], 'rb', buffering=0))",
    ],
    ids=["load", "convert", "batches", "stuck"],
)
def test_an_interrupt_is_one(tmp_path, act):
    code = textwrap.dedent(
        f"""
        try:
            print("begun", flush=True)
            {act}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        deadline = time.monotonic() + 3
        while any(n.startswith("ndpix") for n in names()) and time.monotonic() < deadline:
            time.sleep(0.02)
        print([n for n in names() if n.startswith("ndpix")], flush=True)
        os._exit(0)
        """
    )
    out = tmp_path / "out.npy"
    command = [sys.executable, "-c", PREAMBLE + code, str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.6)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        line = process.stdout.readline()
        while line == "begun\n":
            line = process.stdout.readline()
        took = time.monotonic() - sent
        left = process.stdout.readline()
        process.wait(30)
    assert line == "interrupted\n"
    if "pipe" not in act:
        # What is stuck in a read of a pipe ends with it, and not before.
        assert took < 1.5 and left == "[]\n"
    assert took < 4
    assert not out.exists()


def test_numpy_comes_with_the_module():
    """An interrupt of a later import, where arrays are made, would be a panic."""
    program = "import sys, ndpix; sys.exit('numpy' not in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
