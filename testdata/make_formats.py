"""Writes formats/ and formats/bad/: small files of the formats that have a cargo feature each, and what they hold.

    python testdata/make_formats.py [exr ...]

NumPy, Pillow and the libraries of the formats (requirements-formats.txt) make them, and are the oracle; with names
only those parts are made anew, and the others stay. `manifest.json` says of each file what that of images/ says;
no checksum where decoders may differ by one.
"""
import importlib
import json
import sys
import zlib
from pathlib import Path

import numpy as np

FORMATS = Path(__file__).parent / "formats"
MANIFEST = FORMATS / "manifest.json"
PARTS = {
    "avif": ("avif",),
    "exr": ("exr", "hdr", "pfm"),
    "dicom": ("dicom", "fits"),
    "jpeg2000": ("jpeg2000",),
    "jxl": ("jxl",),
}


def main():
    told = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {"images": {}, "bad": {}}
    for part in sys.argv[1:] or PARTS:
        for name in [n for n in [*told["images"], *told["bad"]] if n.replace(".", "-").split("-")[0] in PARTS[part]]:
            told["images"].pop(name, None)
            told["bad"].pop(name, None)
            (FORMATS / name).unlink(missing_ok=True)
            (FORMATS / "bad" / name).unlink(missing_ok=True)

        def good(name, data, want, near=False):
            assert name not in told["images"]
            (FORMATS / name).write_bytes(data)
            a = np.ascontiguousarray(want)
            a = a.astype(a.dtype.newbyteorder("<"))
            crc = None if near else f"{zlib.crc32(a.tobytes()):08x}"
            told["images"][name] = {"shape": list(a.shape), "dtype": a.dtype.name, "crc32": crc}

        def bad(name, data, kind="image"):
            assert name not in told["bad"]
            (FORMATS / "bad" / name).write_bytes(data)
            told["bad"][name] = kind

        importlib.import_module(f"formats_{part}").write(good, bad)
    parts = []
    for part, entries in told.items():
        lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(entries.items())]
        parts.append(f" {json.dumps(part)}: {{\n" + ",\n".join(lines) + "\n }")
    MANIFEST.write_text("{\n" + ",\n".join(parts) + "\n}\n")


main()
