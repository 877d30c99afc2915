"""Everything that ndpix has, as a program with types: `test_types.py` checks it strictly, and runs it in a folder with
`images.ndjson`, forty records with `label`."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ndpix

Image = npt.NDArray[Any]

options: ndpix.Options = {"size": 4, "fit": "crop", "mode": "RGB", "on_error": "fill"}
several: list[str] = ["images.ndjson", "images.ndjson"]
paths: Sequence[Path] = deque([Path("images.ndjson")])

# One array, with and without fields, from each kind of source.
images: Image = ndpix.load("images.ndjson", threads=1)
images = ndpix.load(several, **options)
images = ndpix.load(paths, progress=False, dtype=np.float32, scale="unit")
images = ndpix.load(Path("images.ndjson").read_bytes(), on_error={"default": "fill", "json": "raise"})
images = ndpix.load([{"image": [[1, 2]]}], field="image", raw_dtype="uint8")
images = ndpix.load(io.BytesIO(b'{"image": [[1, 2]]}'), field="image", shape=(1, 2))
with open("images.ndjson", "rb") as file:
    both = ndpix.load(file, columns=["label"])
labels: npt.NDArray[np.int64] = both[1]["label"]
kept: ndpix.Kept = both[1]
assert kept.legends == {}
assert both[0].shape[0] == len(labels) == 40
said = ndpix.load("images.ndjson", columns={"label": "float"}), ndpix.load("images.ndjson", columns={"label": None})
times = ndpix.load("images.ndjson", columns=["label"], column_type={"label": "datetime[ms]"})
stamps: npt.NDArray[np.datetime64] = times[1]["label"]

# A file, and what was done.
summary: ndpix.Summary = ndpix.convert("images.ndjson", Path("typed.npy"), **options)
assert summary.rows + summary.rejected == 40 and summary.rejects.get("json", 0) == 0 and not summary.warnings
outputs: list[str] = summary.outputs

# Batches.
with ndpix.batches("images.ndjson", 16, columns="label") as batches:
    for batch in batches:
        lines: npt.NDArray[np.uint64] = batch.lines
        reject: ndpix.Reject
        for reject in batch.rejects:
            print(reject.file, reject.line + 1, reject.kind.upper())
        assert len(batch) == len(batch.images) == int(batch.valid.sum()) == len(lines)
assert batches.summary.decoded == 40

# Images by number.
plain: ndpix.Dataset[Image] = ndpix.open("images.ndjson", index="typed.index")
one: Image = plain[3]
more: list[Image] = [plain[2:5], plain[[3, 1]], plain[np.arange(3)], plain[np.arange(40) < 7], plain[np.int64(1)]]
assert [len(part) for part in more[:4]] == [3, 2, 3, 7] and one.shape == more[4].shape
each: list[Image] = plain.__getitems__([1, 2])
filled: ndpix.Dataset[dict[str, Any]] = ndpix.open("images.ndjson", on_error="fill")
missing: ndpix.Dataset[dict[str, Any]] = ndpix.open("images.ndjson", on_missing="fill", dtype="uint8")
labelled: ndpix.Dataset[dict[str, Any]] = ndpix.open(several, columns=["label"], on_error="fill")
assert filled[0]["valid"] and missing[0]["valid"] and labelled[3]["label"] == 3


def mean(item: dict[str, Any]) -> tuple[float, int]:
    return float(item["image"].mean()), int(item["label"])


pairs: ndpix.Dataset[tuple[float, int]] = ndpix.open("images.ndjson", columns=["label"], transform=mean)
value, label = pairs[5]
bad: dict[int, ndpix.Reject] = labelled.check(pixels=True)
assert bad == labelled.bad == {} and label == 5 and value > 0
good: ndpix.Dataset[dict[str, Any]] = labelled.select(labelled.valid).select(slice(10))
assert len(good) == 10 and good.position(3)[1] == 4

# One value, what is in a file, and how it looks.
pixel: Image = ndpix.decode("UDUgMiAyIDI1NQphYmNk")
report: ndpix.Report = ndpix.inspect("images.ndjson", size=(4, 4), fit="stretch")
field: str | None = report.field
assert field == "image" and report.problem is None and pixel.shape == (2, 2)
readable: list[ndpix.Format] = ndpix.formats()
print(readable[0]["name"])
grid: ndpix.Grid = ndpix.show(images, titles=["a"] * len(images))
ndpix.show([pixel, *report.thumbnails()]).save("typed.png")

# In parts.
plan: ndpix.Plan = ndpix.plan("images.ndjson", "parts.npy", part_bytes="4K", columns=["label"])
part: ndpix.Part = plan.part(0)
assert len(next(ndpix.batches(part, 4))) > 0
facts = [plan.run(number) for number in range(plan.parts)]
assert plan.commit(facts).rows == 40 and ndpix.Plan.from_json(plan.to_json()).id == plan.id

# What goes wrong.
records: list[dict[str, Any]] = [{"image": [[1]]}, {"image": 7}]
try:
    ndpix.load(records, field="image", encoding="list", on_error="raise")
except ndpix.Error as error:
    kind: str = error.kind
    line: int | None = error.line
    assert kind == "field" and line == 2
warning: type[UserWarning] = ndpix.RejectedWarning
version: str = ndpix.__version__
