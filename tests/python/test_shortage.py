"""Too little memory: a reject, an error or an exit code, and never the end of the process without a word."""
import json
import os
import random
import resource
import subprocess
import sys
import unittest
from pathlib import Path

import numpy as np

from command import NDPIX, Case, figure

# RUNS=200 for the figures of RELIABILITY.md.
RUNS = int(os.environ.get("RUNS", 24))
MIB = 1 << 20
OUTPUTS = ["out.npy", "out.npz", "out.safetensors", "out.h5", "out.zarr", "out.parquet"]
OPTIONS = [[], ["--size", "700,900"], ["--mode", "RGB"], ["--dtype", "float32"], ["--columns", "name"],
           ["--rows", "out.rows.ndjson"], ["--ragged", "flat"], ["--threads", "8"], ["--memory", "64M"]]


def base64(data):
    import base64
    return base64.b64encode(data).decode()


def png(pixels):
    import io

    from PIL import Image
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def address_space(command):
    """The addresses that a process takes that does nothing."""
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if command[0] != NDPIX:
            run.stdout.readline()
        status = Path(f"/proc/{run.pid}/status").read_text()
    finally:
        run.kill()
        run.communicate()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmPeak:")) * 1024


class Shortage(Case):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        small = rng.integers(0, 256, (60, 80, 3), np.uint8)
        large = rng.integers(0, 256, (2000, 3000, 3), np.uint8)
        noise = base64(png(large))
        self.sources = [
            self.write("small.ndjson", [{"image": base64(png(small)), "name": f"n{i}"} for i in range(300)]),
            self.write("large.ndjson", [{"image": noise, "name": "x"}] * 3),
            self.write("lists.ndjson", [{"image": large[:, :, 0].tolist(), "name": "x"}] * 2),
            self.write("solid.ndjson", [{"image": base64(png(np.zeros((12000, 12000), np.uint8))), "name": "x"}] * 2),
        ]
        self.random = random.Random(os.environ.get("SEED", 11))

    def limited(self, most):
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def test_the_command_ends_with_a_word(self):
        base = address_space([NDPIX, "convert", "-", "-o", str(self.out)])
        codes = {}
        for number in range(RUNS):
            out = self.dir / f"{number}-{self.random.choice(OUTPUTS)}"
            most = base + int(MIB * 2 ** self.random.uniform(6, 10))
            args = ["convert", self.random.choice(self.sources), "-o", out, *self.random.choice(OPTIONS)]
            run = subprocess.run([NDPIX, *map(str, args)], capture_output=True, preexec_fn=self.limited(most),
                                 stdin=subprocess.DEVNULL, timeout=120)
            self.assertIn(run.returncode, (0, 1, 2, 3, 4), (args, most - base, run.stderr[-500:]))
            self.assertTrue(run.stderr)
            self.assertEqual(out.exists(), run.returncode in (0, 3), (args, run.stderr[-500:]))
            codes[run.returncode] = codes.get(run.returncode, 0) + 1
        self.assertIn(0, codes)
        self.assertGreater(len(codes), 1, codes)
        ends = ", ".join(f"{count} with exit code {code}" for code, count in sorted(codes.items()))
        figure(what="the command with 64 MiB to 1 GiB of addresses", runs=RUNS, result=f"0 aborts: {ends}")

    def test_python_raises(self):
        begin = "import ndpix, numpy, sys; print(flush=True); sys.stdin.read()"
        base = address_space([sys.executable, "-c", begin])
        program = """
import json, sys, ndpix
try:
    ndpix.load(sys.argv[1], **json.loads(sys.argv[2]))
    print("whole")
except (MemoryError, OSError, ndpix.Error) as error:
    print(type(error).__name__)
"""
        options = [{}, {"size": [700, 900]}, {"mode": "RGB"}, {"dtype": "float32"}, {"threads": 8}]
        said = []
        for _ in range(RUNS):
            most = base + int(MIB * 2 ** self.random.uniform(6, 10))
            arguments = [str(self.random.choice(self.sources)), json.dumps(self.random.choice(options))]
            run = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True,
                                 preexec_fn=self.limited(most), timeout=120)
            self.assertEqual(run.returncode, 0, (arguments, most - base, run.stderr[-800:]))
            said.append(run.stdout.strip().decode())
        self.assertIn("whole", said)
        self.assertGreater(len(set(said)), 1, said)
        ends = ", ".join(f"{said.count(end)} {end}" for end in sorted(set(said)))
        figure(what="Python's load with 64 MiB to 1 GiB of addresses", runs=RUNS, result=f"0 aborts: {ends}")


if __name__ == "__main__":
    unittest.main()
