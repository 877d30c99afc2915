"""Pictures, and the bytes of image files that hold them: what the makers of testdata share."""
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
PHOTOS = {name: Image.open(HERE / f"{name}.jpg").convert("RGB") for name in ("astronaut", "coffee")}


def crop(n, height=24, width=32, mode="RGB"):
    """The n-th picture: a crop of one of the photographs."""
    photo = PHOTOS["coffee" if n % 2 else "astronaut"]
    x = 40 + n * 97 % (photo.width - width - 60)
    y = 20 + n * 61 % (photo.height - height - 40)
    return photo.crop((x, y, x + width, y + height)).convert(mode)


def pixels(n, **size):
    return np.asarray(crop(n, **size))


def file_of(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def jpeg(n, **size):
    return file_of(crop(n, **size), "JPEG", quality=85)


def png(n, **size):
    return file_of(crop(n, **size), "PNG")


def seen(data, mode=None):
    """What Pillow sees in the bytes of an image file."""
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.convert(mode) if mode else image)


def npy(a):
    out = io.BytesIO()
    np.save(out, a)
    return out.getvalue()


def npz(deflated=False, **arrays):
    """As np.savez writes it, of no day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(np.asarray(array)), archive.compression)
    return out.getvalue()


def deep(n):
    """A 16-bit picture that uses low and high bytes."""
    a = pixels(n).astype(np.uint16)
    return a * 257 ^ np.arange(a.size, dtype=np.uint16).reshape(a.shape)


# ---- containers that Pillow does not write

def chunk(kind, body):
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width, height, depth, color, rows, before=(), interlace=0):
    """A PNG of these rows (with their filter bytes) and, before them, these chunks."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*c) for c in before)
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def png16(a):
    """A 16-bit PNG: gray, gray and alpha, RGB, RGBA by its channels; Pillow writes no 16-bit colour."""
    color = {1: 0, 2: 4, 3: 2, 4: 6}[a.shape[2] if a.ndim == 3 else 1]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in a)
    return png_of(a.shape[1], a.shape[0], 16, color, rows)


def tiff_of(tags, data=b"", order="<"):
    """A TIFF of one directory: `tags` are `{tag: (type, values)}`, the pixels' bytes follow it. An
    offset into the pixels is written as a negative number: -1 is their first byte."""
    codes = {"B": (1, 1), "H": (3, 2), "I": (4, 4)}
    at = 8 + 2 + 12 * len(tags) + 4
    base = at + sum(len(v) * codes[t][1] for t, v in tags.values() if len(v) * codes[t][1] > 4)
    body, extra = struct.pack(order + "H", len(tags)), b""
    for tag in sorted(tags):
        kind, values = tags[tag]
        raw = struct.pack(f"{order}{len(values)}{kind}", *(base - v - 1 if v < 0 else v for v in values))
        body += struct.pack(order + "HHI", tag, codes[kind][0], len(values))
        body += struct.pack(order + "I", at + len(extra)) if len(raw) > 4 else raw.ljust(4, b"\0")
        extra += raw if len(raw) > 4 else b""
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + body + struct.pack(order + "I", 0) + extra + data
