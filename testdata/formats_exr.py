"""Files of Radiance HDR, PFM and OpenEXR, and damaged ones, for make_formats.py."""
import struct
import tempfile
from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR


# ---- HDR, PFM and EXR

def light(height=7, width=9, n=0, noise=0.1):
    """A picture in float32 of slopes, flat parts and noise."""
    y, x = np.mgrid[:height, :width]
    a = (np.sin(x / 3 + n) + np.cos(y / 2)) ** 2 + np.random.default_rng(n).random((height, width)) * noise
    a[: height // 3, : width // 2] = 0.25
    return a.astype(np.float32)


def colors(**size):
    return np.dstack([light(n=n, **size) for n in range(3)])


def hdr_of(data, size, head="FORMAT=32-bit_rle_rgbe\n"):
    return f"#?RADIANCE\n{head}\n{size}\n".encode() + data


def hdrs():
    def known(name, data, want=None):
        good(name, data, imagecodecs.rgbe_decode(want or data))

    packed = imagecodecs.rgbe_encode(colors(height=6, width=21))
    known("hdr-new.hdr", packed)
    pixels = np.random.default_rng(1).integers(128, 256, (3, 5, 4), dtype=np.uint8)
    pixels[..., 3] = [[120, 128, 136, 0, 140]]
    flat = hdr_of(pixels.tobytes(), "-Y 3 +X 5")
    known("hdr-flat.hdr", flat)
    known("hdr-exposure.hdr", hdr_of(pixels.tobytes(), "-Y 3 +X 5", "EXPOSURE=2\nFORMAT=32-bit_rle_rgbe\nGAMMA=2.2\n"), flat)
    known("hdr-turned.hdr", hdr_of(pixels[::-1].swapaxes(0, 1)[::-1].tobytes(), "-X 5 +Y 3"), flat)
    runs = np.repeat(pixels[:, :2], [3, 261], axis=1)
    old = b"".join(bytes(a) + b"\1\1\1\2" + bytes(b) + b"\1\1\1\4\1\1\1\1" for a, b in pixels[:, :2])
    known("hdr-old.pic", hdr_of(old, "-Y 3 +X 264"), hdr_of(runs.tobytes(), "-Y 3 +X 264"))
    bad("hdr-cut.hdr", packed[: len(packed) // 2])
    bad("hdr-head.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 3")
    bad("hdr-large.hdr", hdr_of(b"", "-Y 60000 +X 60000"), "limit")
    bad("hdr-xyz.hdr", flat.replace(b"_rgbe", b"_xyze"), "unsupported")
    bad("hdr-no-format.hdr", flat.replace(b"FORMAT", b"FORM"))
    bad("hdr-run.hdr", hdr_of(b"\1\1\1\5", "-Y 1 +X 5"))


def pfms():
    for letter, a in (("Pf", light()), ("PF", colors())):
        for scale in ("-1.0", "2.5"):
            order, name = ("<f4", "") if scale < "0" else (">f4", "-big")
            data = f"{letter}\n9 7\n{scale}\n".encode() + a[::-1].astype(order).tobytes()
            good(f"pfm-{'gray' if letter == 'Pf' else 'rgb'}{name}.pfm", data, a)
    bad("pfm-cut.pfm", data[:100])
    bad("pfm-head.pfm", b"PF\n9 7")
    bad("pfm-large.pfm", b"PF\n60000 60000\n-1\n", "limit")
    bad("pfm-no-scale.pfm", b"Pf\n1 1\n0\nabcd")


def exr_of(channels, compression="ZIP", tile=None, at=None, more=()):
    """A file of one part, or of several."""
    parts = []
    for number, channels in enumerate([channels, *more]):
        h, w = next(iter(channels.values())).shape
        x, y = at or (0, 0)
        window = np.array([x, y], np.int32), np.array([x + w - 1, y + h - 1], np.int32)
        header = {"compression": getattr(OpenEXR, compression + "_COMPRESSION"), "type": OpenEXR.scanlineimage,
                  "dataWindow": window, "displayWindow": (np.zeros(2, np.int32), np.array([9, 9], np.int32))}
        if tile:
            header["type"], header["tiles"] = OpenEXR.tiledimage, OpenEXR.TileDescription()
            header["tiles"].xSize, header["tiles"].ySize = tile
        parts.append(OpenEXR.Part(header, dict(channels), f"part{number}" if more else ""))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.exr"
        OpenEXR.File(parts).write(str(path))
        return path.read_bytes()


def exr_seen(data, names):
    """The channels of these names as the OpenEXR library reads them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.exr"
        path.write_bytes(data)
        with OpenEXR.File(str(path), separate_channels=True) as file:
            found = [file.channels()[name].pixels.copy() for name in names]
    dtype = np.result_type(*found)
    return found[0].astype(dtype) if len(found) == 1 else np.dstack([a.astype(dtype) for a in found])


def mip_map(a):
    """A gray float file of tiles of 4 x 4 and all levels of a mip map; the others than the first are zeros."""
    def attribute(name, kind, value):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    h, w = a.shape
    window = struct.pack("<4i", 0, 0, w - 1, h - 1)
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 0x202)
    head += attribute("channels", "chlist", b"Y\0" + struct.pack("<iB3xii", 2, 0, 1, 1) + b"\0")
    head += attribute("compression", "compression", b"\0")
    head += attribute("dataWindow", "box2i", window) + attribute("displayWindow", "box2i", window)
    head += attribute("lineOrder", "lineOrder", b"\0") + attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    head += attribute("screenWindowCenter", "v2f", bytes(8))
    head += attribute("screenWindowWidth", "float", struct.pack("<f", 1))
    head += attribute("tiles", "tiledesc", struct.pack("<IIB", 4, 4, 1)) + b"\0"
    chunks, level = [], 0
    while True:
        for y, x in np.ndindex(-(-a.shape[0] // 4), -(-a.shape[1] // 4)):
            piece = a[y * 4:y * 4 + 4, x * 4:x * 4 + 4].astype("<f4").tobytes()
            chunks.append(struct.pack("<5i", x, y, level, level, len(piece)) + piece)
        if a.size == 1:
            break
        a, level = np.zeros([max(1, n // 2) for n in a.shape], np.float32), level + 1
    places = np.cumsum([len(head) + 8 * len(chunks)] + [len(chunk) for chunk in chunks])[:-1]
    return head + places.astype("<u8").tobytes() + b"".join(chunks)


def exrs():
    def known(name, channels, names, *args, **more):
        data = exr_of(channels, *args, **more)
        good(f"exr-{name}.exr", data, exr_seen(data, names))

    f = {c: light(n=n) for n, c in enumerate("RGBA")}
    h = {c: a.astype(np.float16) for c, a in f.items()}
    ids = np.random.default_rng(5).integers(0, 2**32, (7, 9), dtype=np.uint32)
    half = {c: h[c] for c in "RGB"}
    # Large enough that packing makes it smaller, without which blocks are stored as they are.
    large = {c: light(35, 31, n, noise=0).astype(np.float16) for n, c in enumerate("RGB")}
    for compression in ("NO", "RLE", "ZIPS", "ZIP", "PXR24", "B44", "B44A"):
        known(f"half-{compression.lower()}", half, "RGB", compression)
    for compression in ("PIZ", "DWAA", "DWAB"):
        known(f"half-{compression.lower()}", large, "RGB", compression)
    known("half-b44a-flat", {"Y": h["R"] * 0 + 1}, "Y", "B44A")
    for compression in ("RLE", "ZIP", "PIZ", "PXR24"):
        steps = {"R": light(35, 31, noise=0).round(1)}
        known(f"float-{compression.lower()}", steps, "R", compression)
        known(f"uint-{compression.lower()}", {"id": (steps["R"] * 70_000).astype(np.uint32)}, ["id"], compression)
    known("rgba", h, "RGBA")
    known("gray", {"Y": f["R"]}, "Y")
    known("gray-alpha", {"Y": h["R"], "A": h["A"]}, "YA")
    known("mixed", {"R": h["R"], "G": f["G"], "B": h["B"]}, "RGB")
    known("mixed-uint", {"U": h["R"], "id": ids}, ["U", "id"])
    known("samples", {**half, "Z": h["A"]}, "BGRZ")
    known("layer", {f"diffuse.{c}": h[c] for c in "RGB"}, [f"diffuse.{c}" for c in "RGB"])
    known("layers", {"Y": h["R"], "diffuse.R": h["G"], "depth.Z": f["B"]}, "Y")
    known("window", half, "RGB", at=(-3, 5))
    known("tiles", half, "RGB", "ZIP", (4, 5))
    known("parts", {"Y": h["R"]}, "Y", more=[half])
    known("1x1", {"Y": h["R"][:1, :1].copy()}, "Y")
    mips = mip_map(f["R"])
    good("exr-mip-map.exr", mips, exr_seen(mips, "Y"))

    whole = exr_of(half)
    bad("exr-cut.exr", whole[:-20])
    bad("exr-head.exr", whole[:100])
    bad("exr-no-blocks.exr", whole[:whole.index(b"screenWindowWidth") + 40])
    wide = whole.replace(struct.pack("<4i", 0, 0, 8, 6), struct.pack("<4i", 0, 0, 59_999, 59_999))
    bad("exr-large.exr", wide, "limit")
    bad("exr-no-size.exr", whole.replace(struct.pack("<4i", 0, 0, 8, 6), struct.pack("<4i", 0, 0, -1, 6)))
    bad("exr-misplaced.exr", whole[:-300] + whole[-295:])
    at = whole.index(b"compression\0compression\0") + 28
    bad("exr-odd-compression.exr", whole[:at] + b"\x63" + whole[at + 1:], "unsupported")
    bad("exr-htj2k.exr", exr_of(large, "HTJ2K32"), "unsupported")
    bad("exr-chroma.exr", exr_of({"Y": h["R"], "RY": h["G"], "BY": h["B"]}), "unsupported")
    at = whole.index(struct.pack("<ii", 1, 1))
    bad("exr-subsampled.exr", whole[:at] + struct.pack("<ii", 2, 2) + whole[at + 8:], "unsupported")
    bad("exr-several-layers.exr", exr_of({"a.Y": h["R"], "b.Y": h["G"]}), "unsupported")
    deep = np.empty((2, 3), dtype=object)
    for i in range(6):
        deep.flat[i] = np.ones(i % 3 + 1, np.float32)
    bad("exr-deep.exr", deep_of(deep), "unsupported")


def deep_of(pixels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.exr"
        OpenEXR.File({"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.deepscanline}, {"Z": pixels}).write(str(path))
        return path.read_bytes()


def write(good_file, bad_file):
    global good, bad
    good, bad = good_file, bad_file
    hdrs()
    pfms()
    exrs()
