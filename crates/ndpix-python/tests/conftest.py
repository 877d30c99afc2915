"""What the tests share: records made with Pillow, and a check that no thread is left behind."""

import base64
import contextlib
import importlib.util
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
# PyTorch is too large to be required.
collect_ignore = [] if importlib.util.find_spec("torch") else ["test_torch.py"]
SAMPLE = ROOT / "testdata" / "sample.ndjson"


def png(array):
    """An image file with these pixels."""
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def pictures(count, shape=(8, 6, 3), dtype=np.uint8):
    """Random pixels, the same ones each time."""
    high = np.iinfo(dtype).max + 1
    return np.random.default_rng(7).integers(0, high, (count, *shape), dtype)


def record(array, **more):
    """A record that holds an image as base64 of a PNG."""
    return {"image": base64.b64encode(png(array)).decode(), **more}


def lines(records):
    """NDJSON text."""
    return b"".join(json.dumps(r).encode() + b"\n" if isinstance(r, dict) else r + b"\n" for r in records)


def threads():
    """The threads of the engine in this process, by name."""
    names = []
    for path in Path("/proc/self/task").glob("*/comm"):
        # One may end between the look at the folder and the look at its name.
        with contextlib.suppress(OSError):
            names.append(path.read_text().strip())
    return [name for name in names if name.startswith("ndpix")]


def none_left(patience=5.0):
    """Whether the engine's threads end within a moment."""
    end = time.monotonic() + patience
    while threads() and time.monotonic() < end:
        time.sleep(0.01)
    return not threads()


@pytest.fixture
def images():
    return pictures(40)


@pytest.fixture
def source(tmp_path, images):
    """A file of forty records."""
    path = tmp_path / "images.ndjson"
    path.write_bytes(lines(record(image, label=i) for i, image in enumerate(images)))
    return path
