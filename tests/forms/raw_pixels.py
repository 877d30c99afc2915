"""Raw pixels as base64: the shape outside of the record, or in fields beside the pixels."""
import numpy as np

from .form import Form
from .pixels import BGR, DEEP, FLOAT, FOUR, GRAY, HEIGHT, JPEG, JPEG_RGB, PLANES, RGB, WIDTH, b64

SIZE = {"height": HEIGHT, "width": WIDTH}
HWC = {"h": HEIGHT, "w": WIDTH, "c": 3}
BIG = [a.astype(">u2") for a in DEEP]
COLUMNS_FIRST = [a.tobytes("F") for a in GRAY]

OUTSIDE = [
    Form("raw-gray", "gray, the shape outside", [{"id": i, "frame": b64(GRAY[i])} for i in FOUR], GRAY,
         ["--raw-shape 5,6"]),
    Form("raw-rgb", "colour, the shape outside", [{"id": i, "frame": b64(RGB[i])} for i in FOUR], RGB,
         ["--raw-shape 5,6,3"]),
    Form("raw-bgr", "frames of OpenCV", [{"id": i, "frame": b64(BGR[i])} for i in FOUR], RGB,
         ["--raw-shape 5,6,3 --raw-channels bgr", ("--raw-shape 5,6,3", BGR)]),
    Form("raw-uint16", "16 bits, little-endian", [{"frame": b64(a)} for a in DEEP], DEEP,
         ["--raw-shape 5,6 --raw-dtype uint16"]),
    Form("raw-uint16-big", "16 bits, big-endian", [{"frame": b64(a)} for a in BIG], DEEP,
         ["--raw-shape 5,6 --raw-dtype >u2", "--raw-shape 5,6 --raw-dtype uint16 --raw-byteorder big"]),
    Form("raw-float32", "floats", [{"frame": b64(a)} for a in FLOAT], FLOAT,
         ["--raw-shape 5,6 --raw-dtype float32"]),
    Form("raw-columns-first", "Fortran order", [{"frame": b64(a)} for a in COLUMNS_FIRST], GRAY,
         ["--raw-shape 5,6 --raw-order F"]),
    Form("raw-planes", "CHW", [{"frame": b64(a)} for a in PLANES], RGB,
         ["--raw-shape 5,6,3 --raw-layout chw", "--raw-shape 3,5,6 --raw-layout chw", ("--raw-shape 3,5,6", PLANES)]),
    Form("raw-or-jpeg", "raw frames and JPEG in one field",
         [{"frame": b64(RGB[i] if i % 2 else JPEG[i])} for i in FOUR],
         [RGB[i] if i % 2 else JPEG_RGB[i] for i in FOUR], ["--mixed --raw-shape 5,6,3"]),
]

BESIDE = [
    Form("raw-beside-all", "width, height, channels, dtype",
         [{"width": WIDTH, "height": HEIGHT, "channels": 1, "dtype": "uint8", "data": b64(a)} for a in GRAY], GRAY,
         ["--raw-shape @height,@width"]),
    Form("raw-beside-size", "width and height; the length says three channels",
         [{"frame": b64(a), **SIZE} for a in RGB], RGB,
         ["--raw-shape @height,@width,3", "--field frame", "--raw-shape 5,6,3"]),
    Form("raw-beside-hwc", "h, w, c", [{**HWC, "data": b64(a)} for a in RGB], RGB, ["--raw-shape @h,@w,@c"]),
    Form("raw-beside-wh-rgb", "w, h, rgb", [{"w": WIDTH, "h": HEIGHT, "rgb": b64(a)} for a in RGB], RGB,
         ["--raw-shape @h,@w,3"]),
    Form("raw-beside-luminance", "luminance_b64, w, h",
         [{"luminance_b64": b64(a), "w": WIDTH, "h": HEIGHT} for a in GRAY], GRAY, ["--raw-shape @h,@w"]),
    Form("raw-beside-shape-dtype", "shape and dtype, 16 bits",
         [{"image": b64(a), "shape": [HEIGHT, WIDTH], "dtype": "uint16"} for a in DEEP], DEEP,
         ["--raw-shape @shape --raw-dtype @dtype"]),
    Form("raw-beside-strings", "numbers as strings, as BigQuery exports them",
         [{"image": b64(a), "height": "5", "width": "6", "dtype": "uint16"} for a in DEEP], DEEP,
         ["--raw-shape @height,@width --raw-dtype @dtype"]),
    Form("raw-beside-bits", "bits: 16", [{"image": b64(a), **SIZE, "bits": 16} for a in DEEP], DEEP,
         ["--raw-shape @height,@width --raw-dtype @bits", "--raw-shape @height,@width --raw-dtype uint16"]),
    Form("raw-beside-bare-size", "size may be W,H or H,W, and is not an image",
         [{"image": b64(a), "size": [WIDTH, HEIGHT]} for a in GRAY], GRAY, ["--raw-shape @size[1],@size[0]"]),
    Form("raw-beside-bare-size-rgb", "the same in colour, with the mode of Pillow",
         [{"image": b64(a), "size": [WIDTH, HEIGHT], "mode": "RGB"} for a in RGB], RGB,
         ["--raw-shape @size[1],@size[0],@c", "--raw-shape @size[1],@size[0],3"]),
    Form("raw-beside-nested", "an object of w, h, data",
         [{"id": i, "img": {"w": WIDTH, "h": HEIGHT, "data": b64(GRAY[i])}} for i in FOUR], GRAY,
         ["--raw-shape @img.h,@img.w", "--raw-shape @.h,@.w"]),
    Form("raw-beside-no-dtype", "16 bits that nothing tells of", [{"image": b64(a), **SIZE} for a in DEEP], DEEP,
         ["--raw-shape @height,@width --raw-dtype uint16"]),
    Form("raw-beside-varying", "a size of its own in each record",
         [{"h": HEIGHT, "w": WIDTH - i % 2, "data": b64(GRAY[i][:, : WIDTH - i % 2])} for i in FOUR], None),
    Form("raw-beside-depth-bits", "depth: 24 means bits", [{"image": b64(a), **SIZE, "depth": 24} for a in RGB], RGB,
         ["--raw-shape @height,@width,3"]),
]

# What stands beside the pixels and says how they lie: obeyed or refused, never ignored.
SAID = [
    Form("raw-said-byteorder", "byteorder: big",
         [{"image": b64(a), **SIZE, "dtype": "uint16", "byteorder": "big"} for a in BIG], DEEP,
         ["--raw-byteorder @byteorder"]),
    Form("raw-said-order", "order: F",
         [{"image": b64(a.tobytes("F")), "shape": [HEIGHT, WIDTH], "dtype": "uint16", "order": "F"} for a in DEEP],
         DEEP, ["--raw-order @order"]),
    Form("raw-said-encoding", "encoding: bgr8", [{"data": b64(a), **HWC, "encoding": "bgr8"} for a in BGR], RGB,
         ["--raw-channels bgr"]),
    Form("raw-said-channel-order", "channel_order: BGR",
         [{"data": b64(a), **HWC, "channel_order": "BGR"} for a in BGR], RGB, ["--raw-channels bgr"]),
    Form("raw-said-planes", "a shape of planes: delivered as it says",
         [{"data": b64(a), "shape": [3, HEIGHT, WIDTH], "dtype": "uint8"} for a in PLANES], PLANES),
    Form("raw-said-layout", "layout: CHW", [{"data": b64(a), **HWC, "layout": "CHW"} for a in PLANES], RGB,
         ["--raw-layout chw"]),
]


def _described(key, value, **said):
    return {"image": {"shape": [HEIGHT, WIDTH], "dtype": "uint16", key: b64(value), **said}}


# The same said within an object that describes itself, under each key that such a payload has.
SAID_INSIDE = [
    form
    for key in "data buffer bytes b64 base64 values raw array".split()
    for form in (
        Form(f"raw-said-{key}-F", f"shape, dtype, {key}, order: F",
             [_described(key, a.tobytes("F"), order="F") for a in DEEP], DEEP),
        Form(f"raw-said-{key}-big", f"shape, dtype, {key}, order: big",
             [_described(key, a, order="big") for a in BIG], DEEP),
    )
]


def _prefix(head, image):
    return np.frombuffer(head + image.tobytes()[len(head):], np.uint8).reshape(image.shape)


def _constant(value, shape=(3, 4)):
    return [np.full(shape, value, np.uint8) for _ in FOUR]


# Pixels that look like something else.
LOOKALIKES = [
    Form("raw-black", "AAAA is also hex of 0xaa", [{"f": b64(a)} for a in _constant(0)], _constant(0),
         ["--raw-shape 3,4"]),
    Form("raw-constant-119", "d3d3 is also hex", [{"f": b64(a)} for a in _constant(119)], _constant(119),
         ["--raw-shape 3,4"]),
    Form("raw-constant-221", "3d3d is also hex", [{"f": b64(a)} for a in _constant(221)], _constant(221),
         ["--raw-shape 3,4"]),
    Form("raw-hex-d3", "hex of 0xd3 is also base64", [{"f": "d3" * 8} for _ in FOUR], _constant(0xD3, (2, 4)),
         ["--raw-shape 2,4"]),
    *(Form(f"raw-begins-like-{name}", f"the first pixels are {head!r}",
           [{"f": b64(_prefix(head, a))} for a in GRAY], [_prefix(head, a) for a in GRAY], ["--raw-shape 5,6"])
      for name, head in (("bmp", b"BM"), ("zlib", b"\x78\x9c"), ("ico", b"\0\0\1\0"))),
    Form("raw-one-huge-line", "a line of 40 MB", [{"id": 0, "image": b64(np.zeros((4000, 7500), np.uint8))}],
         [np.zeros((4000, 7500), np.uint8)], ["--raw-shape 4000,7500"]),
]

FORMS = [*OUTSIDE, *BESIDE, *SAID, *SAID_INSIDE, *LOOKALIKES]
