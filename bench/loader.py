"""What a training loader costs: PyTorch's DataLoader with ndpix.open beside a dataset in Python.

    python bench/loader.py FOLDER [--images 10000] [--workers 4] [--epochs 3] [--rounds 3]

It needs torch, simplejpeg, pybase64, orjson, pillow and ndpix in one environment. FOLDER gets the records, one image
in a hundred of which is bad: no JSON, no base64, no image, cut off. Both read them shuffled, with labels, without an
exception, in turns. Printed are images a second of wall time, CPU seconds of all processes, and who was named.
"""

import argparse
import base64
import io
import json
import random
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import orjson
import pybase64
import simplejpeg
import torch
from PIL import Image
from torch.utils.data import DataLoader

import ndpix

TESTDATA = Path(__file__).resolve().parents[1] / "testdata"
SIDE = 256


class Script:
    """A map-style dataset as one writes it: offsets of lines, orjson, pybase64, simplejpeg."""

    def __init__(self, path):
        self.path, self.file, self.offsets = path, None, [0]
        with open(path, "rb") as file:
            for line in file:
                self.offsets.append(self.offsets[-1] + len(line))

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, i):
        if self.file is None:
            self.file = open(self.path, "rb", buffering=0)
        self.file.seek(self.offsets[i])
        label = 0
        try:
            record = orjson.loads(self.file.read(self.offsets[i + 1] - self.offsets[i]))
            label = record["label"]
            image = simplejpeg.decode_jpeg(pybase64.b64decode(record["image"], validate=True))
            return {"image": image, "valid": True, "label": label}
        except ValueError:
            return {"image": np.zeros((SIDE, SIDE, 3), np.uint8), "valid": False, "label": label}


def make(path, count):
    """Crops of a photograph, and every hundredth record bad: gives the numbers of those."""
    photo = np.asarray(Image.open(TESTDATA / "astronaut.jpg"))
    rng, bad = random.Random(1), []
    with open(path, "wb") as file:
        for i in range(count):
            y, x = (rng.randrange(side - SIDE) for side in photo.shape[:2])
            out = io.BytesIO()
            Image.fromarray(photo[y : y + SIDE, x : x + SIDE]).save(out, "JPEG", quality=90)
            jpeg, line = out.getvalue(), None
            if i % 100 == 70:
                bad.append(i)
                # simplejpeg gives the upper half of a file that is cut off, so that this one is cut in its header.
                jpeg, line = [(jpeg, b"{"), (b"no image", None), (jpeg[:200], None), (jpeg, b"")][len(bad) % 4]
            record = json.dumps({"image": base64.b64encode(jpeg).decode(), "label": i}).encode()
            if line == b"":
                record = record.replace(b'"image": "', b'"image": "%%')
            file.write((line or record) + b"\n")
    return bad


def epochs(dataset, args, numbers):
    """Images a second, CPU seconds, and the labels of what was valid in the last epoch."""
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(dataset, args.batch, shuffle=True, num_workers=args.workers, generator=generator)
    before, cpu = time.perf_counter(), spent()
    for _ in range(args.epochs):
        good = []
        for batch in loader:
            assert batch["image"].shape[1:] == (SIDE, SIDE, 3)
            good += batch["label"][batch["valid"]].tolist()
    seconds = time.perf_counter() - before
    assert sorted(set(range(numbers)) - set(good)) == args.bad, "every bad one is known, and no other"
    return args.epochs * numbers / seconds, spent() - cpu


def spent():
    """CPU seconds of this process and of all that have ended."""
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    for name, default in (("images", 10_000), ("workers", 4), ("epochs", 3), ("rounds", 3), ("batch", 32)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message="This DataLoader will create")
    path = args.folder / f"loader-{args.images}.ndjson"
    args.bad = make(path, args.images)
    begun = time.perf_counter()
    ours = ndpix.open(path, columns=["label"], on_error="fill", threads=1)
    opened = time.perf_counter()
    named = ours.check()
    print(f"{len(args.bad)} bad; open {opened - begun:.2f} s, check {time.perf_counter() - opened:.2f} s")
    assert list(named) == args.bad
    for number in args.bad[:4]:
        print(f"  {number}: {named[number].kind}: {named[number].message}")
    datasets = {"ndpix": ours, "script": Script(path)}
    found = {name: [] for name in datasets}
    for turn in range(args.rounds):
        for name in sorted(datasets, reverse=turn % 2 == 1):
            found[name].append(epochs(datasets[name], args, args.images))
            rate, cpu = found[name][-1]
            print(f"{name}: {rate:.0f} images/s, {cpu:.1f} CPU s", flush=True)
    wall = np.median([a[0] / b[0] for a, b in zip(found["ndpix"], found["script"])])
    work = np.median([b[1] / a[1] for a, b in zip(found["ndpix"], found["script"])])
    print(f"throughput of ndpix by that of the script: {wall:.2f} of wall time, {work:.2f} of CPU time")


main()
