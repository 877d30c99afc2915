"""What decoys are made of: five images with thumbnails, masks and depths, and numbers that are not image."""
import numpy as np

from ..described import json_numpy
from ..pixels import HEIC, b64, encoded, noise

HEIGHT, WIDTH = 32, 40
RGB = [noise(2000 + i, HEIGHT, WIDTH, 3) for i in range(5)]
GRAY = [a[..., 0] for a in RGB]
BRIGHT = [(a > 9).astype(int) for a in GRAY]
DEPTH = [noise(2100 + i, HEIGHT, WIDTH, dtype=np.uint16) // 13 for i in range(5)]
PNG = [encoded(a) for a in RGB]
MASK_PNG = [encoded((a > 128).astype(np.uint8) * 255) for a in GRAY]
# Run lengths as COCO has them.
RUNS = {"size": [HEIGHT, WIDTH], "counts": [100, 200, 980]}

# They stand beside the input of every decoy.
FILES = {
    **{f"l/{i}.png": data for i, data in enumerate(PNG)},
    **{f"{i}.png": data for i, data in enumerate(PNG)},
    **{f"l/{i}_m.png": data for i, data in enumerate(MASK_PNG)},
}


def path(i):
    return f"l/{i % 5}.png"


def mask_path(i):
    return f"l/{i % 5}_m.png"


def png(i):
    """The image in base64."""
    return b64(PNG[i % 5])


def thumb(i):
    """The same, a quarter as wide and high."""
    return b64(encoded(RGB[i % 5][::4, ::4].copy()))


def mask(i):
    return b64(MASK_PNG[i % 5])


def color_mask(i):
    return b64(encoded((RGB[i % 5] > 128).astype(np.uint8) * 255))


def depth_png(i):
    return b64(encoded(DEPTH[i % 5]))


def heic(i):
    """An image that is not read."""
    return b64(HEIC[i % 4])


def random_text(seed, length):
    """Base64 of bytes that mean nothing."""
    return b64(noise(3000 + seed, length))


def floats(seed, shape):
    """A list, or lists in lists."""
    return np.random.default_rng(4000 + seed).standard_normal(shape).round(4).tolist()


def ints(seed, shape, limit):
    return np.random.default_rng(5000 + seed).integers(0, limit, shape).tolist()


def float_tensor(seed, shape):
    """Floats as json-numpy writes them."""
    return json_numpy(np.array(floats(seed, shape), np.float32))


def image_url(url):
    """A part of an OpenAI message."""
    return {"type": "image_url", "image_url": {"url": url}}
