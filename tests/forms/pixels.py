"""The images that the forms hold: four of each kind, small, the same in every run; and how they are written."""
import base64
import io

import numpy as np
from PIL import Image

FOUR = range(4)
HEIGHT, WIDTH = 5, 6


def noise(seed, *shape, dtype=np.uint8):
    """Integers of the whole range of the dtype."""
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def b64(data):
    """Base64 text of bytes, or of the memory of an array, row by row."""
    return base64.b64encode(data if isinstance(data, bytes) else data.tobytes()).decode()


def encoded(array, format="PNG", **options):
    """The bytes of an image file."""
    out = io.BytesIO()
    Image.fromarray(array).save(out, format, **options)
    return out.getvalue()


def decoded(data, mode=None):
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.convert(mode) if mode else image)


def npy(array, **options):
    """The bytes of an .npy file."""
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(deflated=False, **arrays):
    """The bytes of an .npz archive."""
    out = io.BytesIO()
    (np.savez_compressed if deflated else np.savez)(out, **arrays)
    return out.getvalue()


def run_lengths(mask):
    """The run lengths of a mask in the order given, the first of zeros (perhaps none)."""
    flat = np.concatenate([[0], mask.ravel() > 0, [2]]).astype(np.int8)
    ends = np.flatnonzero(np.diff(flat))
    return np.diff(ends, prepend=0).tolist()


def coco_runs(mask):
    """COCO run lengths: columns first."""
    return run_lengths(mask.T)


def coco_text(mask):
    """COCO run lengths as the text that the COCO API writes: differences to the last but one, 5 bits a character."""
    text, runs = "", coco_runs(mask)
    for i, run in enumerate(runs):
        value, more = run - (runs[i - 2] if i > 2 else 0), True
        while more:
            low, value = value & 31, value >> 5
            more = value != (-1 if low & 16 else 0)
            text += chr(48 + low + 32 * more)
    return text


GRAY = [noise(100 + i, HEIGHT, WIDTH) for i in FOUR]
RGB = [noise(200 + i, HEIGHT, WIDTH, 3) for i in FOUR]
RGBA = [noise(300 + i, HEIGHT, WIDTH, 4) for i in FOUR]
DEEP = [noise(400 + i, HEIGHT, WIDTH, dtype=np.uint16) for i in FOUR]
FLOAT = [np.random.default_rng(500 + i).standard_normal((HEIGHT, WIDTH)).astype(np.float32) for i in FOUR]
MASK = [(noise(600 + i, HEIGHT, WIDTH) < 128).astype(np.uint8) for i in FOUR]
# One that packs well, and three that do not.
LARGE = [np.zeros((40, 50), np.uint8) if i == 1 else noise(700 + i, 40, 50) for i in FOUR]

BGR = [np.ascontiguousarray(a[..., ::-1]) for a in RGB]
PLANES = [np.ascontiguousarray(a.transpose(2, 0, 1)) for a in RGB]
INTS = [a.astype(np.int64) for a in GRAY]
NAN_FIRST = [np.where(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) == 0, np.nan, a.astype(float)) for a in FLOAT]

PNG = [encoded(a) for a in RGB]
JPEG = [encoded(a, "JPEG", quality=95) for a in RGB]
JPEG_RGB = [decoded(data) for data in JPEG]
PNG_FILES = {f"im{i}.png": data for i, data in enumerate(PNG)}

# The JPEG XL is a square of 8 x 8 with gray 7, as libjxl 0.11 wrote it.
AVIF = [encoded(a, "AVIF") for a in RGB]
# What ndpix does not read.
HEIC = [b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + noise(900 + i, 20, 20).tobytes() for i in FOUR]
JPEG_2000 = [encoded(a, "JPEG2000") for a in RGB]
JPEG_XL = base64.b64decode("/wpBQFDcCAgEAQBAAEsYixVCocBpAAAAAAAAAAA=")
