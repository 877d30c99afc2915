"""The adapter of the conformance corpus, through the Python package; the Rust one is
crates/ndpix/examples/conformance.rs. It knows the kinds of a case's specification and nothing of any
file or record.

    conformance.py --spec CASE.spec.json --input CASE.ndjson --out DIR [--base-dir DIR]
"""

import argparse
import json
from pathlib import Path

import numpy as np

import ndpix
from ndpix import _ndpix
from ndpix._progress import Hooks

REASONS = {
    "json": "json",
    "field": "record",
    "encoding": "base64",
    "unsupported": "format",
    "image": "decode",
    "limit": "limit",
    "path": "path",
}
"""The corpus's words for kinds; all others are `shape`."""


def quoted(key):
    return '"' + key.replace('"', '\\"') + '"' if any(c in key for c in '.[]"/') else key


def options(spec, base_dir):
    """A case's specification as keywords."""
    field = spec.get("image_pointer") or spec.get("image_field") or spec.get("data_field")
    kind, transfer = spec["kind"], spec.get("transfer")
    encoding = {
        "raw": "raw",
        "raw-image-message": "raw",
        "json-numpy": "tensor",
        "nested": "list",
        "path": "path",
        "rle": "rle",
        "strokes": "strokes-raw" if spec.get("normalize") else "strokes",
    }
    found = {
        "field": field,
        "encoding": ("data-url" if transfer == "data-url" else "encoded") if kind == "encoded" else encoding[kind],
        "framing": "lines",
        "base_dir": base_dir or None,
    }
    if kind == "nested":
        return found | {"dtype": spec.get("dtype")}
    if kind not in ("raw", "json-numpy"):
        return found
    named = {name: spec.get(f"{name}_field") for name in ("shape", "dtype", "order")}
    at = {name: f"@{quoted(key)}" for name, key in named.items() if key}
    return found | {
        "raw_shape": at.get("shape") or spec.get("shape"),
        "raw_dtype": at.get("dtype") or spec.get("dtype"),
        "raw_order": at.get("order") or "C",
    }


def images(source, keywords):
    """The line of each record, with its image or exception: by number where the file allows it."""
    try:
        ds = ndpix.open(source, **keywords)
    except ndpix.Error as error:
        if error.kind != "options":
            raise
        yield from _ndpix.samples(source, None, keywords, Hooks(False))
        return
    for number in range(len(ds)):
        try:
            yield ds.position(number)[1], ds[number]
        except ndpix.Error as error:
            yield ds.position(number)[1], error


def main():
    parser = argparse.ArgumentParser()
    for name in ("--spec", "--input", "--out", "--base-dir"):
        parser.add_argument(name)
    asked = parser.parse_args()
    keywords = options(json.loads(Path(asked.spec).read_text()), asked.base_dir)
    out = Path(asked.out)
    for line, image in images(asked.input, keywords):
        if isinstance(image, Exception):
            (out / f"{line}.error.txt").write_text(f"{REASONS.get(image.kind, 'shape')} {image}\n")
        else:
            np.save(out / f"{line}.npy", image)


if __name__ == "__main__":
    main()
