"""Small pictures of arrays, as PNG, with what NumPy and Python have."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 96
"""The longest side of a small picture."""


def small(image: NDArray[Any], side: int = SIDE) -> NDArray[np.uint8] | None:
    """The image as height, width and 1 to 4 channels of 8 bits, at most `side` long; `None` for what is no picture.

    Channels may come first. Numbers that are not 8 bits deep are stretched from their least to their most, images
    much smaller than `side` are enlarged by a whole factor.
    """
    import numpy as np

    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim == 3 and image.shape[0] in (1, 3, 4) and not 1 <= image.shape[2] <= 4:
        image = image.transpose(1, 2, 0)
    if image.ndim != 3 or not 1 <= image.shape[2] <= 4 or 0 in image.shape or image.dtype.kind not in "buif":
        return None
    step = -(-max(image.shape[:2]) // side)
    picture = image[::step, ::step]
    if picture.dtype != np.uint8:
        values = np.nan_to_num(picture.astype(np.float64), posinf=0, neginf=0)
        low, high = values.min(), values.max()
        # Halves, as the whole range of float64 is more than float64 holds.
        picture = np.rint((values / 2 - low / 2) * (255 / ((high / 2 - low / 2) or 1))).astype(np.uint8)
    factor = max(1, side // 2 // max(picture.shape[:2]))
    return picture.repeat(factor, 0).repeat(factor, 1)


def png(picture: NDArray[np.uint8]) -> bytes:
    """The PNG file of what `small` gives."""
    import numpy as np

    height, width, channels = picture.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)
    lines[:, 1:] = picture.reshape(height, -1)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines.tobytes())) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A small picture in red, green and blue, its alpha blended on white."""
    import numpy as np

    colour = picture[:, :, : 1 if picture.shape[2] < 3 else 3]
    if picture.shape[2] in (2, 4):
        alpha = picture[:, :, -1:].astype(np.uint16)
        colour = ((colour * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    return np.broadcast_to(colour, (*picture.shape[:2], 3))
