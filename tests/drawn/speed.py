"""CPU seconds of masks and drawings, ndpix on one thread beside the script that people write, in turns.

    target/drawn/bin/python tests/drawn/speed.py

Masks: 480 by 640 as COCO text; the script is json.loads, pycocotools' decode and a copy to C order. Drawings: 28 by 28; the
script is json.loads and cairocffi. The last row is what `where` costs for records that it passes over, of what converting
them would.
"""

import base64
import io
import json
import random
import statistics
import time

import numpy as np
import test_strokes
from PIL import Image
from pycocotools import mask as coco

import ndpix

ROUNDS = 5


def masks(count):
    r = np.random.default_rng(1)
    y, x = np.mgrid[:480, :640]
    records = []
    for _ in range(count):
        mask = np.zeros((480, 640), bool)
        for _ in range(3):
            cy, cx, ry, rx = r.uniform(0, 480), r.uniform(0, 640), r.uniform(20, 200), r.uniform(20, 200)
            mask |= ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        records.append({"segmentation": {"size": [480, 640], "counts": rle["counts"].decode()}})
    return records


def drawings(count):
    r = random.Random(1)
    curve = test_strokes.curve
    made = [[curve(r, r.choice([4, 8, 14, 25])) for _ in range(r.randint(1, 6))] for _ in range(count)]
    return [{"word": "x", "key_id": str(n), "drawing": drawing} for n, drawing in enumerate(made)]


def photos(count):
    r = np.random.default_rng(1)
    records = []
    for n in range(count):
        small = Image.fromarray(r.integers(0, 255, (30, 40, 3), np.uint8))
        file = io.BytesIO()
        small.resize((400, 300)).save(file, "JPEG")
        records.append({"split": "test" if n else "train", "image": base64.b64encode(file.getvalue()).decode()})
    return records


def by_pycocotools(text):
    lines = text.splitlines()
    out = np.empty((len(lines), 480, 640), np.uint8)
    for row, line in zip(out, lines):
        row[...] = np.ascontiguousarray(coco.decode(json.loads(line)["segmentation"]))
    return out


def by_cairocffi(text):
    return np.stack([test_strokes.by_cairo(json.loads(line)["drawing"]) for line in text.splitlines()])


def compare(name, records, one, other, equal=True):
    """The median of the ratios of CPU time, one after the other."""
    text = "".join(json.dumps(record) + "\n" for record in records).encode()
    ratios, times = [], []
    for number in range(ROUNDS + 1):
        begun = time.process_time()
        a = one(text)
        between = time.process_time()
        b = other(text)
        ended = time.process_time()
        if number:
            ratios.append((between - begun) / (ended - between))
            times.append((between - begun, ended - between))
    if equal:
        assert np.array_equal(a, b)
    a, b = (statistics.median(t) for t in zip(*times))
    print(f"{name:40} {a:7.3f} s {b:7.3f} s  {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


def main():
    def load(text):
        return ndpix.load(text, threads=1)

    compare("rle 480x640, 2,000 masks", masks(2000), load, by_pycocotools)
    if test_strokes.VERSION == "1.16.0":
        compare("strokes 28x28, 5,000 drawings", drawings(5000), load, by_cairocffi)
    else:
        print(f"strokes: Cairo 1.16.0 is wanted, found {test_strokes.VERSION}")
    options = {"field": "image", "threads": 1}
    compare(
        "where, 1 of 2,000 photos",
        photos(2000),
        lambda text: ndpix.load(text, where="split=train", **options),
        lambda text: ndpix.load(text, **options),
        equal=False,
    )


main()
