"""What it costs that a run can be continued and parted, for RELIABILITY.md: the journal, going on at 90 %, parts and
their commit. Ratios of runs one after another, `A B A B`, medians.

    NDPIX=target/release/ndpix .venv/bin/python scripts/costs.py [FOLDER]
"""
import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "python")]

from command import NDPIX, figure  # noqa: E402
from measure import run  # noqa: E402

PAIRS = int(os.environ.get("PAIRS", 7))
GIGABYTE = int(float(os.environ.get("GIGABYTES", 1)) * 1e9)


def encoded(rng, number, name):
    """A photograph's kind of picture, as raw pixels or JPEG."""
    small = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    pixels = small.resize((256, 256), Image.Resampling.BICUBIC)
    if name == "raw":
        text = {"image": base64.b64encode(pixels.tobytes()).decode(), "shape": [256, 256, 3], "dtype": "uint8"}
    else:
        file = io.BytesIO()
        pixels.save(file, "JPEG", quality=95)
        text = {"image": base64.b64encode(file.getvalue()).decode()}
    return json.dumps({**text, "label": number}).encode() + b"\n"


def corpus(folder, name, size):
    rng, path = np.random.default_rng(1), folder / f"{name}.ndjson"
    lines = [encoded(rng, number, name) for number in range(100)]
    times = max(1, size // sum(map(len, lines)))
    with open(path, "wb") as file:
        for _ in range(times):
            file.writelines(lines)
    return path


def remove(*paths):
    for path in paths:
        for found in path.parent.glob(path.name + "*"):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def journal(source, out):
    """The same run with and without places that are noted on the way."""
    costs = {"0": [], "": []}
    for _ in range(PAIRS):
        for often, all_of_it in costs.items():
            remove(out)
            environment = [f"NDPIX_JOURNAL_BYTES={often}"] if often else ["-u", "NDPIX_JOURNAL_BYTES"]
            all_of_it.append(run(["env", *environment, NDPIX, "convert", source, "-o", out]))
    off, on = costs["0"], costs[""]
    cpu, wall = (median(getattr(b, what) / getattr(a, what) for a, b in zip(off, on)) for what in ("cpu", "wall"))
    figure(what=f"the journal, {source.stem}, {source.stat().st_size / 1e9:.1f} GB", runs=2 * PAIRS,
           result=f"CPU {cpu:.3f}, wall {wall:.3f} of the run without")
    return median(cost.cpu for cost in on)


def going_on(source, out, whole):
    """A run that is interrupted when 90 % are done, and the rest of it."""
    size, costs = out.stat().st_size, []
    for _ in range(PAIRS):
        remove(out)
        with subprocess.Popen([NDPIX, "convert", source, "-o", out], stderr=subprocess.DEVNULL) as first:
            partial = Path(f"{out}.partial")
            while not partial.exists() or partial.stat().st_size < 0.9 * size:
                time.sleep(0.002)
            first.send_signal(signal.SIGINT)
            assert first.wait() == 130, "it was too fast"
        assert partial.stat().st_size >= 0.9 * size
        costs.append(run([NDPIX, "convert", source, "-o", out]).cpu)
        assert out.stat().st_size == size
    figure(what=f"going on at 90 %, {source.stem}", runs=PAIRS, result=f"{median(costs) / whole:.1%} of the CPU of a whole run")


def parts(source, out, part_bytes):
    """All parts one after another, and their commit, beside the run that is one."""
    plan, shares, commits = Path(f"{out}.plan.json"), [], []
    for _ in range(PAIRS):
        remove(out)
        whole = run([NDPIX, "convert", source, "-o", out, "--threads", "1"]).cpu
        size = out.stat().st_size
        remove(out)
        subprocess.run([NDPIX, "plan", source, "-o", out, "--part-bytes", part_bytes, "--threads", "1"], check=True,
                       capture_output=True)
        shares.append(run([NDPIX, "run", plan, "--task", "0", "--tasks", "1"]).cpu / whole)
        commits.append(run([NDPIX, "commit", plan]).cpu / (size / 1e8))
        assert out.stat().st_size == size
        remove(out)
    figure(what=f"parts of {part_bytes}, {source.stem}", runs=PAIRS,
           result=f"{median(shares):.2f} of the CPU of one run; commit {median(commits):.3f} CPU s for each 100 MB of `.npy`")


def main():
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target"
    with tempfile.TemporaryDirectory(prefix="ndpix-costs-", dir=place) as folder:
        folder = Path(folder)
        for name in "raw", "jpeg":
            source, out = corpus(folder, name, GIGABYTE if name == "raw" else GIGABYTE // 3), folder / "out.npy"
            whole = journal(source, out)
            if name == "raw":
                going_on(source, out, whole)
            source.unlink()
    # What a disk takes for pages that are new to it differs from run to run more than what is measured.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ndpix-costs-", dir=memory if memory.is_dir() else place) as folder:
        folder = Path(folder)
        for name in "raw", "jpeg":
            source, out = corpus(folder, name, GIGABYTE // (2 if name == "raw" else 8)), folder / "out.npy"
            for part_bytes in "8M", "64M":
                parts(source, out, part_bytes)
            source.unlink()


if __name__ == "__main__":
    main()
