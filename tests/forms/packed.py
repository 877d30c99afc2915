"""Arrays as .npy, and bytes that a compressor packed, inside base64."""
import bz2
import gzip
import io
import lzma
import pickle
import zlib

import numpy as np
import pyarrow
from PIL import Image

from .form import Form
from .pixels import DEEP, GRAY, HEIGHT, MASK, WIDTH, b64, decoded, npy, npz


def zstd(data):
    return pyarrow.Codec("zstd").compress(data, asbytes=True)


def lz4(data):
    """A frame of LZ4."""
    return pyarrow.Codec("lz4").compress(data, asbytes=True)


COMPRESSORS = {
    "gzip": gzip.compress, "zlib": zlib.compress, "zlib-1": lambda data: zlib.compress(data, 1),
    "zlib-9": lambda data: zlib.compress(data, 9), "zstd": zstd, "lz4": lz4, "xz": lzma.compress, "bz2": bz2.compress,
}


def _masks(pack):
    """Records whose mask is packed so."""
    return [{"mask": b64(pack(a))} for a in DEEP]


ARRAYS = [
    Form("npy", "an .npy file", _masks(npy), DEEP),
    Form("npy-zlib", "as FiftyOne keeps masks", _masks(lambda a: zlib.compress(npy(a))), DEEP),
    Form("npy-gzip", "the same with gzip", _masks(lambda a: gzip.compress(npy(a), mtime=0)), DEEP),
    Form("npy-columns-first-big", "Fortran order, big-endian",
         _masks(lambda a: npy(np.asfortranarray(a.astype(">u2")))),
         DEEP),
    Form("npy-zlib-mongo", "FiftyOne's masks in a dump of MongoDB",
         [{"mask": {"$binary": {"base64": b64(zlib.compress(npy(a))), "subType": "00"}}} for a in DEEP], DEEP,
         ["--field mask.$binary.base64", "--field mask"]),
    Form("npz", "an .npz file of one array", _masks(lambda a: npz(arr_0=a)), DEEP),
    Form("npz-deflated", "as np.savez_compressed writes it, with numbers and text beside the image",
         _masks(lambda a: npz(deflated=True, image=a, label=3, name="x", box=np.zeros(4))), DEEP),
    Form("npz-several", "an .npz file of an image and its mask",
         [{"mask": b64(npz(image=a, mask=m))} for a, m in zip(GRAY, MASK)], GRAY,
         ["--encoding npz:image", ("--encoding npz:mask", MASK), "--encoding npz"]),
    Form("npz-objects", "an .npz file of an image and Python objects",
         _masks(lambda a: npz(image=a, meta=np.array([{"a": 1}], dtype=object))), DEEP, ["--encoding npz:image"]),
    Form("npz-names-differ", "one array each, of other names",
         [{"mask": b64(npz(**{name: a}))} for name, a in zip("abab", DEEP)], DEEP, ["--encoding npz", "--encoding npz:a"]),
    Form("npy-objects", "an .npy file of Python objects",
         _masks(lambda a: npy(np.array([{"a": 1}], dtype=object), allow_pickle=True)), None),
]


def palette_mask(mask):
    """A PNG with a palette, as Supervisely writes a mask: index 0 is transparent black, 1 is white."""
    image = Image.frombytes("P", mask.shape[::-1], mask.tobytes())
    image.putpalette([0, 0, 0, 255, 255, 255])
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    return out.getvalue()


PACKED = [
    *(Form(f"packed-{name}", f"{name} of raw pixels",
           [{"w": WIDTH, "h": HEIGHT, "z": b64(pack(a.tobytes()))} for a in GRAY], GRAY, ["--raw-shape @h,@w"])
      for name, pack in COMPRESSORS.items()),
    Form("packed-palette-png", "zlib of a PNG: the bitmaps of Supervisely",
         [{"geometryType": "bitmap", "bitmap": {"origin": [10, 20], "data": b64(zlib.compress(palette_mask(m)))}}
          for m in MASK], [decoded(palette_mask(m), "RGBA") for m in MASK],
         ["--field bitmap.data", ("--field bitmap.data --mode P", MASK)]),
    Form("packed-mask-3d", "Supervisely's Mask3D has a head of its own",
         [{"z": b64(gzip.compress(b"5,6,1|" + a.tobytes(), mtime=0))} for a in GRAY], None),
    Form("packed-pickle-lz4", "RLlib: a pickle is never opened", [{"obs": b64(lz4(pickle.dumps(a)))} for a in GRAY],
         None),
    Form("packed-pickle", "a pickle is never opened", [{"z": b64(pickle.dumps(a))} for a in GRAY], None),
    Form("packed-kerchunk", "kerchunk writes base64: before it", [{"z": "base64:" + b64(a)} for a in GRAY], GRAY,
         ["--raw-shape 5,6"]),
]

FORMS = [*ARRAYS, *PACKED]
