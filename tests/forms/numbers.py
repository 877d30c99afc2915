"""Pixels as JSON numbers, and as text of numbers."""
import json

import numpy as np

from .form import Form
from .pixels import DEEP, FLOAT, FOUR, GRAY, HEIGHT, INTS, MASK, NAN_FIRST, PNG, RGB, WIDTH, b64

FLOATS = [a.astype(float) for a in FLOAT]
LATER = [a + (i == 3) * 256 for i, a in enumerate(INTS)]
FLAT = [a.ravel().tolist() for a in GRAY]
# Two bands of satellite images, each a flat list.
BANDS = [np.random.default_rng(900 + i).standard_normal((2, 75 * 75)).round(4) for i in FOUR]
ICE = [bands.reshape(2, 75, 75).astype(np.float32) for bands in BANDS]

LISTS = [
    Form("list", "nested", [{"image": a.tolist(), "label": 3} for a in GRAY], INTS, ["--dtype uint8"]),
    Form("list-floats", "floats", [{"image": a.tolist()} for a in FLOATS], FLOATS),
    Form("list-whole-floats", "255.0", [{"image": a.astype(float).tolist()} for a in GRAY], GRAY, ["--dtype uint8"]),
    Form("list-nan", "NaN in a list", [json.dumps({"image": a.tolist()}).encode() for a in NAN_FIRST], NAN_FIRST,
         ["--dtype float32", "--allow-nan"]),
    Form("list-null", "null in a list, as JavaScript writes NaN",
         [json.dumps({"image": a.tolist()}).replace("NaN", "null").encode() for a in NAN_FIRST], NAN_FIRST,
         ["--dtype float32", "--allow-nan"]),
    Form("list-ragged", "rows of different lengths", [{"image": [[1, 2, 3], [4, 5]]} for _ in FOUR], None),
    Form("list-booleans", "booleans", [{"image": a.astype(bool).tolist()} for a in MASK],
         [a.astype(bool) for a in MASK]),
    Form("list-later-256", "one that uint8 cannot hold, late", [{"image": a.tolist()} for a in LATER], LATER,
         ["--dtype uint8 --max-rejects 0"]),
    Form("list-uint16", "numbers that uint8 cannot hold",
         [{"image": a.tolist()} for a in DEEP], DEEP, ["--dtype uint8"]),
    Form("list-strings", "numbers as strings", [{"image": [[str(v) for v in row] for row in a.tolist()]} for a in GRAY],
         GRAY, ["--field image --encoding list", "--field image --dtype uint8"]),
    Form("list-rgb", "three levels", [{"image": a.tolist()} for a in RGB], [a.astype(np.int64) for a in RGB]),
    Form("list-with-shape", "shape beside it", [{"image": a.tolist(), "shape": [HEIGHT, WIDTH]} for a in GRAY], INTS),
    Form("list-record", "the line is the list", [a.tolist() for a in GRAY], INTS, ["--field ."]),
]

FLAT_LISTS = [
    Form("flat", "the shape outside", [{"pixels": flat} for flat in FLAT], GRAY,
         ["--raw-shape 5,6 --dtype uint8", "--shape 5,6 --dtype uint8"]),
    Form("flat-bands", "two bands, a JSON array of records",
         json.dumps([{"id": str(i), "band_1": bands[0].tolist(), "band_2": bands[1].tolist(),
                      "inc_angle": 43.9 if i else "na"} for i, bands in enumerate(BANDS)]).encode(), ICE,
         ["--field band_1 --field band_2 --stack new-axis --raw-shape 75,75 --dtype float32 --layout chw",
          "--field band_1 --field band_2 --stack new-axis --raw-shape 75,75 --dtype float32"], input="in.json"),
    Form("flat-with-size", "width and height beside it",
         [{"pixels": flat, "width": WIDTH, "height": HEIGHT} for flat in FLAT], GRAY,
         ["--raw-shape @height,@width --dtype uint8"]),
    Form("flat-with-shape", "shape beside it", [{"image": flat, "shape": [HEIGHT, WIDTH]} for flat in FLAT], INTS,
         ["--raw-shape @shape"]),
    Form("flat-784", "784 numbers are not guessed to be 28 x 28", [{"pixels": list(range(196)) * 4} for _ in FOUR],
         [np.array(list(range(196)) * 4)] * 4),
]

TEXTS = [
    *(Form(f"text-{name}", f"numbers with {separator!r} between",
           [{"emotion": 0, "pixels": separator.join(map(str, flat)), "Usage": "Training"} for flat in FLAT], GRAY,
           ["--raw-shape 5,6 --dtype uint8", "--shape 5,6 --dtype uint8"])
      for name, separator in {"blanks": " ", "commas": ",", "semicolons": ";", "tabs": "\t"}.items()),
    Form("text-list", "a flat list as text", [{"pixels": str(flat)} for flat in FLAT], GRAY,
         ["--raw-shape 5,6 --dtype uint8"]),
    Form("text-nested", "a nested list as text", [{"pixels": json.dumps(a.tolist())} for a in GRAY], GRAY,
         ["--dtype uint8", "--field pixels --encoding list"]),
]

# Lines that are not objects, or objects in a string.
LINES = [
    Form("line-string", "the line is a JSON string", [b64(data) for data in PNG], RGB, ["--field ."]),
    Form("line-bare", "base64 without quotes", b"".join(b64(data).encode() + b"\n" for data in PNG), RGB),
    Form("line-json-in-string", "a record as a string in a record",
         [{"log": json.dumps({"image": b64(data)})} for data in PNG], RGB, ["--field log.image", "--field log"]),
]

FORMS = [*LISTS, *FLAT_LISTS, *TEXTS, *LINES]
