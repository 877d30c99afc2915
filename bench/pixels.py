"""What the steps of pixels cost: `python bench/pixels.py [[NAME=]PROGRAM ...]`.

ndpix beside a tuned script (orjson, pybase64, NumPy; one array mapped into the output) that makes the same bytes, on
records of 100 x 100 x 3 raw bytes; and ndpix alone on photographs. Each PROGRAM is an ndpix command, such as an older
one; without any it is the one in target/release. CPU seconds, medians of ROUNDS turns in which each runs once. It needs
numpy, orjson, pybase64 and pillow, and writes its section of BENCHMARKS.md.
"""
import base64
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

import machine
import measure
from report import table, write

ROOT = Path(__file__).resolve().parents[1]
RECORDS, PHOTOS, ROUNDS = 4000, 60, 5
STEPS = {
    "as stored": [],
    "float16, unit": ["--dtype", "float16", "--scale", "unit"],
    "float32, unit": ["--dtype", "float32", "--scale", "unit"],
    "chw": ["--layout", "chw"],
    "float32, imagenet, chw": ["--dtype", "float32", "--scale", "unit", "--normalize", "imagenet", "--layout", "chw"],
}
PHOTO_STEPS = {
    "photo, 224": ["--size", "224", "--fit", "stretch"],
    "photo, 224, mode L": ["--size", "224", "--fit", "stretch", "--mode", "L"],
}
SCRIPT = '''
import sys, numpy as np, orjson, pybase64
records, out, steps = sys.argv[1:]
count = sum(1 for _ in open(records, "rb"))
dtype = "f2" if "float16" in steps else "f4" if "float32" in steps else "u1"
shape = (count, 3, 100, 100) if "chw" in steps else (count, 100, 100, 3)
array = np.lib.format.open_memmap(out, "w+", np.dtype(dtype), shape)
mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
for row, line in zip(array, open(records, "rb")):
    a = np.frombuffer(pybase64.b64decode(orjson.loads(line)["image"], validate=True), np.uint8).reshape(100, 100, 3)
    if "unit" in steps or "imagenet" in steps:
        a = a / np.float32(255)
    if "imagenet" in steps:
        a = (a - mean) / std
    row[:] = a.transpose(2, 0, 1) if "chw" in steps else a
'''


def record(number, data):
    return json.dumps({"id": number, "label": "x", "image": base64.b64encode(data).decode()}) + "\n"


def photographs():
    """JPEG of 2000 x 1500 from the photographs of testdata, with the noise of a camera."""
    random = np.random.default_rng(0)
    for number in range(PHOTOS):
        picture = Image.open(ROOT / "testdata" / ("astronaut.jpg", "coffee.jpg")[number % 2]).convert("RGB")
        a = np.asarray(picture.resize((2000, 1500), Image.Resampling.BICUBIC)) + random.normal(0, 3, (1500, 2000, 3))
        file = io.BytesIO()
        Image.fromarray(a.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
        yield file.getvalue()


def main():
    named = [word.rpartition("=") for word in sys.argv[1:] or [str(ROOT / "target/release/ndpix")]]
    programs, names = [program for *_, program in named], [f"ndpix {name}".strip() for name, *_ in named]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        folder = Path(folder)
        raw, photo, script = folder / "raw.ndjson", folder / "photo.ndjson", folder / "script.py"
        random = np.random.default_rng(0)
        with open(raw, "w") as file:
            file.writelines(record(n, random.integers(0, 256, 30_000, np.uint8).tobytes()) for n in range(RECORDS))
        with open(photo, "w") as file:
            file.writelines(record(n, data) for n, data in enumerate(photographs()))
        script.write_text(SCRIPT)
        rows = [compared(programs, script, raw, folder, name, flags) for name, flags in STEPS.items()]
        rows += [compared(programs, None, photo, folder, name, flags) for name, flags in PHOTO_STEPS.items()]
    said = [f"{key}: {value}" for key, value in machine.describe().items()]
    text = "## Steps of pixels\n\n" + "\n".join(f"* {line}" for line in said) + "\n\n" + table(["steps", *names, "script", "ndpix / script"], rows)
    print(text)
    write(ROOT / "BENCHMARKS.md", "pixels", text)


def compared(programs, script, records, folder, name, flags):
    made, wanted, costs = folder / "made.npy", folder / "wanted.npy", {}
    raw = ["--encoding", "raw", "--raw-shape", "100,100,3", "--raw-dtype", "uint8"] if script else []
    for _ in range(ROUNDS):
        for program in programs:
            command = [program, "convert", records, "-o", made, "--if-exists", "replace", "--threads", "1", "--quiet"]
            costs.setdefault(program, []).append(measure.run([*command, *raw, *flags]).cpu)
        if script:
            costs.setdefault("script", []).append(measure.run([sys.executable, script, records, wanted, name]).cpu)
    if script and subprocess.run(["cmp", "--silent", made, wanted]).returncode:
        sys.exit(f"{name}: the script makes other bytes")
    of = {who: median(all_of) for who, all_of in costs.items()}
    last = of[programs[-1]]
    ratio = [f"{of['script']:.3f}", f"{last / of['script']:.2f}"] if script else ["-", "-"]
    return [name, *(f"{of[program]:.3f}" for program in programs), *ratio]


main()
