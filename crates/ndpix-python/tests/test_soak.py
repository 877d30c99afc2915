"""Many operations of all kinds in one process: no memory, no thread and no open file stays behind."""
import gc
import json
import os
import random
from pathlib import Path

import ndpix
import numpy as np
import pytest
from conftest import none_left

# OPERATIONS=2000 for the figures of RELIABILITY.md.
OPERATIONS = int(os.environ.get("OPERATIONS", 200))
OUTPUTS = ["a.npy", "a.npz", "a.safetensors", "a.h5", "a.zarr", "a.parquet"]


def held():
    """Resident bytes and open files."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024, len(os.listdir("/proc/self/fd"))


@pytest.mark.filterwarnings("ignore::ndpix.RejectedWarning")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says what a process holds")
def test_nothing_stays_behind(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 256, (40, 24, 32, 3), np.uint8)
    good = [{"image": p.tolist(), "label": i} for i, p in enumerate(pictures)]
    bad = [*good[:20], {"image": [[1, 2], [3]]}, {"image": "what"}, {}, *good[20:]]
    files = []
    for name, records in ("good.ndjson", good), ("bad.ndjson", bad):
        files.append(tmp_path / name)
        files[-1].write_text("".join(json.dumps(r) + "\n" for r in records))
    rng = random.Random(2)

    def operation():
        source = str(rng.choice(files))
        options = rng.choice([{}, {"size": (20, 20), "fit": "stretch"}, {"dtype": "float32"}, {"mode": "L"}])
        options |= {"field": "image", "dtype": options.get("dtype", "uint8"), "max_rejects": None}
        match rng.randrange(6):
            case 0:
                assert len(ndpix.load(source, **options)) == 40
            case 1:
                out = tmp_path / rng.choice(OUTPUTS)
                ndpix.convert(source, str(out), if_exists="replace", columns=["label"], **options)
            case 2:
                # Given up after a batch.
                for _ in ndpix.batches(source, batch_size=8, **options):
                    if rng.random() < 0.3:
                        break
            case 3:
                data = ndpix.open(source, **{k: v for k, v in options.items() if k != "max_rejects"})
                assert data[len(data) - 1] is not None
            case 4:
                ndpix.inspect(source, **options)
            case 5:
                with pytest.raises(ndpix.Error):
                    ndpix.load(source, field="nowhere")

    for _ in range(OPERATIONS // 4):
        operation()
    before = held()
    for _ in range(OPERATIONS):
        operation()
    after = held()
    assert none_left()
    assert after[1] == before[1], (before, after)
    grown = after[0] - before[0]
    assert grown < 16 << 20, (before, after)
    if "FIGURES" in os.environ:
        what = {"what": "operations of all kinds in one process", "runs": OPERATIONS}
        result = f"memory {grown / (1 << 20):+.1f} MiB, none of our threads, files {after[1] - before[1]:+d}"
        with open(os.environ["FIGURES"], "a") as file:
            file.write(json.dumps({**what, "result": result}) + "\n")
