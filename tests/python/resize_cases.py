"""Random images through `ndpix convert` with random pixel options, compared with Pillow byte by byte.

    .venv/bin/python tests/python/resize_cases.py            # 6,000 cases, a seed from the clock
    .venv/bin/python tests/python/resize_cases.py 20000 17   # so many, from this seed

Many cases share a run of the command: same options, different images. The seed of a run that differs
is printed with its options and the image; `test_resize.py` runs a fixed slice.
"""
import base64
import io
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from command import load, ndpix

FILTERS = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
# A kind of image: dtype, channels, and Pillow's mode; None where Pillow has none.
KINDS = {
    "L": ("u1", 1), "LA": ("u1", 2), "RGB": ("u1", 3), "RGBA": ("u1", 4),
    "I;16": ("<u2", 1), "I;16 x 3": ("<u2", 3), "I": ("<i4", 1), "F": ("<f4", 1), "F x 3": ("<f4", 3),
}
# What a kind can be converted to, and the kind that it then is.
MODES = {"L": ("L", "LA", "RGB", "RGBA"), "LA": ("L", "LA", "RGB", "RGBA"),
         "RGB": ("L", "LA", "RGB", "RGBA", "BGR"), "RGBA": ("L", "LA", "RGB", "RGBA", "BGR")}


def side(rng):
    """1 to 700, small ones more often."""
    return int(round(700 ** rng.random()))


def noise(rng, kind, height, width):
    dtype, channels = KINDS[kind]
    rand = np.random.default_rng(rng.getrandbits(64))
    shape = (height, width) if channels == 1 else (height, width, channels)
    low, high = {"u1": (0, 255), "<u2": (0, 65535), "<i4": (-2 ** 28, 2 ** 28), "<f4": (-300, 300)}[dtype]
    flavour = rng.randrange(3)
    if flavour == 0:  # everything
        a = rand.uniform(low, high, shape)
    elif flavour == 1:  # extremes, so that filters overshoot
        a = rand.choice([low, high], shape).astype("f8")
    else:  # smooth
        y, x = np.mgrid[:height, :width]
        wave = (np.sin(y / 7 + rng.random()) * np.cos(x / 5) + 1) / 2
        a = low + (high - low) * (wave if channels == 1 else np.stack([wave ** (c + 1) for c in range(channels)], -1))
    return np.ascontiguousarray(a.astype(dtype))


def images_of(array, kind):
    """The array as images of Pillow: one, or one a channel where Pillow has no such mode."""
    if kind.endswith(" x 3"):
        return [Image.fromarray(np.ascontiguousarray(array[..., c])) for c in range(3)]
    if kind == "LA":
        return [Image.merge("LA", [Image.fromarray(np.ascontiguousarray(array[..., c])) for c in range(2)])]
    return [Image.fromarray(array)]


def pillow(array, kind, options):
    """What Pillow makes of it."""
    images = images_of(array, kind)
    mode = options.get("mode")
    if "background" in options and kind in ("LA", "RGBA"):
        full = images[0].convert("RGBA")
        under = Image.new("RGB", full.size, options["background"])
        under.paste(full, mask=full.getchannel("A"))
        images = [under]
    if mode:
        images = [im.convert("RGB" if mode == "BGR" else mode) for im in images]
    if "size" in options:
        height, width = options["size"]
        method = getattr(Image.Resampling, options["resample"].upper())
        fit, pad = options.get("fit"), options["pad_value"]
        if fit == "crop":
            images = [ImageOps.fit(im, (width, height), method) for im in images]
        elif fit == "pad":
            color = lambda im: pad if len(im.getbands()) == 1 else (pad,) * len(im.getbands())
            images = [ImageOps.pad(im, (width, height), method, color=color(im)) for im in images]
        else:
            images = [im.resize((width, height), method) for im in images]
    arrays = [np.asarray(im) for im in images]
    out = arrays[0] if len(arrays) == 1 else np.stack(arrays, -1)
    return np.ascontiguousarray(out[..., ::-1] if mode == "BGR" else out)


def options_for(rng, kind):
    dtype, _ = KINDS[kind]
    options = {}
    if kind in MODES and rng.random() < 0.4:
        options["mode"] = rng.choice(MODES[kind])
        if options["mode"] in ("L", "RGB", "BGR") and rng.random() < 0.5:
            options["background"] = f"#{rng.getrandbits(24):06x}"
    elif kind == "LA":  # an array of two channels is gray and alpha only where that is said
        options["mode"] = "LA"
    options["size"] = (side(rng), side(rng))
    options["fit"] = rng.choice(("stretch", "crop", "pad"))
    options["resample"] = rng.choice(FILTERS)
    options["pad_value"] = 0
    if options["fit"] == "pad" and rng.random() < 0.5:
        options["pad_value"] = rng.randrange(256) if dtype != "<f4" else rng.randrange(1000) / 8
    return options


def flags(options):
    for name, value in options.items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield from (f"--{name.replace('_', '-')}", text)


def record(array):
    out = io.BytesIO()
    np.save(out, array)
    return json.dumps({"image": base64.b64encode(out.getvalue()).decode()}).encode() + b"\n"


def run(folder, seed, most):
    """One run of the command on up to `most` images; the number of images, and what differs."""
    rng = random.Random(seed)
    kind = rng.choice(list(KINDS))
    options = options_for(rng, kind)
    arrays = [noise(rng, kind, side(rng), side(rng)) for _ in range(most)]
    source, out = folder / "in.ndjson", folder / "out.npy"
    source.write_bytes(b"".join(map(record, arrays)))
    said = [*flags(options)]
    done = ndpix("convert", source, "-o", out, "--field", "image", "--encoding", "npy",
                 "--if-exists", "replace", *said)
    about = f"seed {seed}: {kind} {' '.join(said)}"
    if done.returncode != 0:
        return len(arrays), f"{about}: exit {done.returncode}\n{done.stderr.decode()}"
    rows = load(out)
    for i, array in enumerate(arrays):
        want = pillow(array, kind, options)
        if rows[i].shape != want.shape or rows.dtype != want.dtype:
            return len(arrays), f"{about}: image {i}: {rows[i].shape} {rows.dtype}, Pillow has {want.shape} {want.dtype}"
        if rows[i].tobytes() != want.tobytes():
            count = int((rows[i].view("u1") != want.view("u1")).sum()) if want.ndim else 1
            return len(arrays), f"{about}: image {i} of shape {array.shape}: {count} bytes of {want.nbytes} differ"
    return len(arrays), None


def compare(cases, seed, each=20):
    """Runs at least so many cases; what differs."""
    done, found = 0, []
    with tempfile.TemporaryDirectory(prefix="ndpix-resize-") as folder:
        while done < cases:
            count, differs = run(Path(folder), seed, each)
            found.extend([differs] if differs else [])
            done, seed = done + count, seed + 1
    return done, found


if __name__ == "__main__":
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"{cases} cases from seed {seed}")
    done, found = compare(cases, seed)
    print("\n".join(found[:20]))
    print(f"{done} cases, {len(found)} runs differ from Pillow {Image.__version__}")
    sys.exit(bool(found))
