"""Compares Radiance HDR, PFM and OpenEXR with OpenCV, imagecodecs, Pillow and OpenEXR, on files made here."""
import itertools
import os
import struct
import sys
import tempfile

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
import cv2
import imagecodecs
import numpy as np
import OpenEXR
from PIL import Image

from reading import read


def smooth(height, width, seed=0, dtype=np.float32):
    """A picture with flat parts, slopes, noise and values of any size."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    a = (np.sin(x / 7 + seed) + np.cos(y / 5)) ** 2 + rng.random((height, width)) * 0.1
    a[: height // 3, : width // 2] = 0.25
    if dtype == np.uint32:
        return rng.integers(0, 2**32, (height, width), dtype=np.uint32) if seed % 2 else (a * 1e6).astype(np.uint32)
    return a.astype(dtype)


# ---- Radiance HDR

def rgbe(height, width, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    a[..., 3] = rng.integers(0, 256, (height, width))
    a[: height // 2, : width // 2] = a[0, 0]
    a[..., 0] |= 128  # as normalised pixels are: none is taken for a run
    return a


def pack(row):
    """One channel of a line in runs and literals."""
    out, at = b"", 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 127 and row[at + run] == row[at]:
            run += 1
        if run > 2:
            out += bytes([128 + run, row[at]])
            at += run
            continue
        end = at
        while end < len(row) and end - at < 128 and not (end + 2 < len(row) and row[end] == row[end + 1] == row[end + 2]):
            end += 1
        out += bytes([end - at]) + bytes(row[at:end])
        at = end
    return out


def old(row):
    """A line of pixels and runs in the old way."""
    out, at = b"", 0
    while at < len(row):
        run = 1
        while at + run < len(row) and (row[at + run] == row[at]).all():
            run += 1
        out += bytes(row[at])
        left = run - 1
        while left:
            out += bytes([1, 1, 1, left & 255])
            left >>= 8
        at += run
    return out


def hdr(lines, way, head="#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", size=None):
    size = size or f"-Y {lines.shape[0]} +X {lines.shape[1]}"
    data = b""
    for row in lines:
        if way == "new":
            data += struct.pack(">BBH", 2, 2, len(row)) + b"".join(pack(row[:, c]) for c in range(4))
        else:
            data += old(row) if way == "old" else row.tobytes()
    return head.encode() + b"\n" + size.encode() + b"\n" + data


def hdr_reference(data):
    """imagecodecs and OpenCV, which have to agree."""
    a = imagecodecs.rgbe_decode(data)
    b = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert a.dtype == b.dtype == np.float32 and (a.view(np.uint32) == b.view(np.uint32)).all()
    return a


def hdrs():
    sizes = [(1, 1), (1, 7), (7, 1), (3, 8), (1, 8), (5, 9), (40, 210), (17, 129), (2, 300), (2, 1000), (64, 64)]
    for n, (h, w) in enumerate(sizes):
        lines = rgbe(h, w, n)
        ways = ["flat"] + (["new"] if w >= 8 else [])
        for way in ways:
            data = hdr(lines, way)
            yield f"hdr {way}", data, hdr_reference(data)
        yield "hdr old runs", hdr(lines, "old"), hdr_reference(hdr(lines, "flat"))
    for n, (h, w) in enumerate(sizes):
        picture = np.dstack([smooth(h, w, n + i) for i in range(3)])
        for compression in (0, 1):
            data = cv2.imencode(".hdr", picture, [cv2.IMWRITE_HDR_COMPRESSION, compression])[1].tobytes()
            yield "hdr of OpenCV", data, hdr_reference(data)
        data = imagecodecs.rgbe_encode(picture)
        if data.startswith(b"#?"):
            yield "hdr of imagecodecs", data, hdr_reference(data)
    lines = rgbe(5, 9)
    heads = ["#?RGBE\nGAMMA=2.2\nEXPOSURE=3\nEXPOSURE=0.5\nFORMAT=32-bit_rle_rgbe\n",
             "#?RADIANCE\n# comment\nSOFTWARE=x y\nFORMAT=32-bit_rle_rgbe\nCOLORCORR=1 2 3\n"]
    for head in heads:
        data = hdr(lines, "new", head)
        yield "hdr with other lines", data, hdr_reference(hdr(lines, "new"))
    # The picture as Radiance defines the resolution line: up and right are positive.
    upright = hdr_reference(hdr(lines, "flat"))
    for major, minor in itertools.product("XY", "XY"):
        for a, b in itertools.product("+-", "+-"):
            if major != minor:
                turned = lines if major == "Y" else lines.swapaxes(0, 1)
                back = {"X": "-", "Y": "+"}
                stored = turned[::-1] if a == back[major] else turned
                stored = stored[:, ::-1] if b == back[minor] else stored
                size = f"{a}{major} {stored.shape[0]} {b}{minor} {stored.shape[1]}"
                yield "hdr turned", hdr(np.ascontiguousarray(stored), "flat", size=size), upright


# ---- PFM

def pfm(a, scale, letter=None, head="{letter}\n{w} {h}\n{scale}\n"):
    order = "<f4" if scale.startswith("-") else ">f4"
    text = head.format(letter=letter or ("Pf" if a.ndim == 2 else "PF"), w=a.shape[1], h=a.shape[0], scale=scale)
    return text.encode() + a[::-1].astype(order).tobytes()


def pfm_reference(data):
    from io import BytesIO
    if data.startswith(b"Pf"):
        return np.asarray(Image.open(BytesIO(data)))
    a = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.ascontiguousarray(a[..., ::-1])


def pfms():
    for n, (h, w) in enumerate([(1, 1), (1, 7), (7, 1), (3, 8), (40, 21), (17, 129), (64, 64)]):
        gray, rgb = smooth(h, w, n), np.dstack([smooth(h, w, n + i) for i in range(3)])
        for scale in ("-1.0", "1.0", "1", "-1", "-1.000000"):
            yield "pfm gray", pfm(gray, scale), pfm_reference(pfm(gray, scale))
            yield "pfm rgb", pfm(rgb, scale), pfm_reference(pfm(rgb, scale))
        for scale in ("-2.5", "100", "1e-3"):
            yield "pfm gray, scale", pfm(gray, scale), pfm_reference(pfm(gray, scale))
            yield "pfm rgb, scale", pfm(rgb, scale), rgb
        data = pfm(gray, "-1", head="{letter} {w}\n# comment\n{h} {scale}\n")
        yield "pfm gray, comments", data, pfm_reference(data)
        for a in (gray, rgb):
            data = cv2.imencode(".pfm", np.ascontiguousarray(a[..., ::-1] if a.ndim == 3 else a))[1].tobytes()
            yield "pfm of OpenCV", data, a
    odd = np.array([[np.nan, np.inf, -np.inf], [-0.0, 1e-45, 3e38]], np.float32)
    odd.view(np.uint32)[0, 0] = 0x7F800001  # a signalling NaN
    yield "pfm gray, odd numbers", pfm(odd, "-1"), pfm_reference(pfm(odd, "-1"))


# ---- OpenEXR

COMPRESSIONS = ["NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"]
KINDS = {"half": np.float16, "float": np.float32, "uint": np.uint32}


def exr(channels, compression="ZIP", tile=None, offset=(0, 0), display=None, order=None, **more):
    """The bytes of a file of one part."""
    h, w = next(iter(channels.values())).shape
    header = {"compression": getattr(OpenEXR, compression + "_COMPRESSION"), "type": OpenEXR.scanlineimage, **more}
    x, y = offset
    header["dataWindow"] = (np.array([x, y], np.int32), np.array([x + w - 1, y + h - 1], np.int32))
    header["displayWindow"] = display or header["dataWindow"]
    if order is not None:
        header["lineOrder"] = order
    if tile:
        header["type"], header["tiles"] = OpenEXR.tiledimage, OpenEXR.TileDescription()
        header["tiles"].xSize, header["tiles"].ySize = tile
    return written(OpenEXR.File(header, dict(channels)))  # it changes the dict


def written(file):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.exr")
        file.write(path)
        with open(path, "rb") as stream:
            return stream.read()


def exr_channels(data, part=0):
    """All channels of a part by the OpenEXR library, in the order of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.exr")
        with open(path, "wb") as stream:
            stream.write(data)
        with OpenEXR.File(path, separate_channels=True) as file:
            found = {name: channel.pixels.copy() for name, channel in file.parts[part].channels.items()}
    return dict(sorted(found.items()))


def exr_picture(data, names=None, part=0):
    found = exr_channels(data, part)
    taken = [found[name] for name in (names or found)]
    dtype = np.result_type(*[a.dtype for a in taken])
    taken = [a.astype(dtype) for a in taken]
    return taken[0] if len(taken) == 1 else np.dstack(taken)


def mip(levels, tile, ripmap=False):
    """A tiled gray float file with the levels of a mip map, uncompressed; a ripmap's other levels are zeros."""
    h, w = levels[0].shape

    def attribute(name, kind, value):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value
    window = struct.pack("<4i", 0, 0, w - 1, h - 1)
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 0x202)
    head += attribute("channels", "chlist", b"Y\0" + struct.pack("<iB3xii", 2, 0, 1, 1) + b"\0")
    head += attribute("compression", "compression", b"\0")
    head += attribute("dataWindow", "box2i", window) + attribute("displayWindow", "box2i", window)
    head += attribute("lineOrder", "lineOrder", b"\0") + attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    head += attribute("screenWindowCenter", "v2f", bytes(8)) + attribute("screenWindowWidth", "float", struct.pack("<f", 1))
    head += attribute("tiles", "tiledesc", struct.pack("<IIB", tile, tile, 2 if ripmap else 1)) + b"\0"
    chunks = []
    numbered = [((i, i), a) for i, a in enumerate(levels)]
    if ripmap:
        sizes = [a.shape for a in levels]
        numbered = [((i, j), levels[0] if i == j == 0 else np.zeros((sizes[j][0], sizes[i][1]), np.float32))
                    for j in range(len(levels)) for i in range(len(levels))]
    for (i, j), a in numbered:
        for ty in range(-(-a.shape[0] // tile)):
            for tx in range(-(-a.shape[1] // tile)):
                piece = a[ty * tile:(ty + 1) * tile, tx * tile:(tx + 1) * tile].astype("<f4").tobytes()
                chunks.append(struct.pack("<5i", tx, ty, i, j, len(piece)) + piece)
    at = len(head) + 8 * len(chunks)
    table = b""
    for chunk in chunks:
        table += struct.pack("<Q", at)
        at += len(chunk)
    return head + table + b"".join(chunks)


def exrs():
    sizes = [(1, 1), (1, 7), (7, 1), (15, 21), (33, 65), (100, 37)]
    for compression in COMPRESSIONS:
        lossy = " (lossy)" if compression.startswith("DWA") else ""
        for kind, dtype in KINDS.items():
            if lossy and kind == "uint":
                continue
            for n, (h, w) in enumerate(sizes + ([(300, 70)] if lossy else [])):
                rgba = {c: smooth(h, w, n + i, dtype) for i, c in enumerate("RGBA")}
                rgb = {c: rgba[c] for c in "RGB"}
                for channels, names in ((rgb, "RGB"), (rgba, "RGBA"), ({"Y": rgba["R"]}, "Y"), ({"Z": rgba["R"]}, "Z")):
                    data = exr(channels, compression)
                    yield f"exr {compression} {kind}{lossy}", data, exr_picture(data, names)
    for compression in COMPRESSIONS:
        lossy = " (lossy)" if compression.startswith("DWA") else ""
        for h, w, tile in ((15, 21, (8, 8)), (65, 33, (32, 16)), (20, 20, (64, 64)), (1, 1, (5, 3)), (40, 40, (7, 9))):
            channels = {c: smooth(h, w, i, np.float16) for i, c in enumerate("RGB")}
            data = exr(channels, compression, tile)
            yield f"exr tiles {compression}{lossy}", data, exr_picture(data, "RGB")
    a = {c: smooth(15, 21, i) for i, c in enumerate("ABGR")}
    half = {c: x.astype(np.float16) for c, x in a.items()}
    ids = smooth(15, 21, 1, np.uint32)
    rgb = {c: a[c] for c in "RGB"}
    cases = {
        "mixed half and float": ({"R": half["R"], "G": a["G"], "B": half["B"]}, "RGB"),
        "mixed with uint": ({"R": half["R"], "G": ids, "B": a["B"]}, "RGB"),
        "gray and alpha": ({"Y": a["R"], "A": a["A"]}, "YA"),
        "only alpha": ({"A": half["A"]}, "A"),
        "more channels": ({**a, "Z": ids}, None),
        "two channels": ({"U": half["R"], "V": half["G"]}, None),
        "five channels": ({c: a["R"] * i for i, c in enumerate("vwxyz")}, None),
        "odd names": ({"r": a["R"], "g": a["G"], "b": a["B"]}, None),
        "one layer": ({f"diffuse.{c}": a[c] for c in "RGBA"}, [f"diffuse.{c}" for c in "RGBA"]),
        "nested layer": ({f"a.b.{c}": a[c] for c in "RGB"}, [f"a.b.{c}" for c in "RGB"]),
        "layers beside": ({**rgb, "diffuse.R": ids, "Z.V": half["R"]}, "RGB"),
    }
    for name, (channels, names) in cases.items():
        for compression in ("NO", "ZIP", "PIZ", "B44"):
            for tile in (None, (8, 8)):
                data = exr(channels, compression, tile)
                yield f"exr {name}", data, exr_picture(data, names)
    for offset in ((5, 7), (-5, -7), (-1000, 3)):
        for display in (None, (np.array([0, 0], np.int32), np.array([9, 9], np.int32)),
                        (np.array([-50, -50], np.int32), np.array([99, 99], np.int32))):
            for compression, tile in (("ZIP", None), ("PIZ", (8, 8)), ("NO", None)):
                data = exr(rgb, compression, tile, offset, display)
                yield "exr windows", data, exr_picture(data, "RGB")
    for compression in COMPRESSIONS:
        for kind in KINDS.values():
            if not (compression.startswith("DWA") and kind == np.uint32):
                for value in (0, 1):
                    flat = np.full((2000, 1500), value, kind)
                    data = exr({"R": flat, "G": flat, "B": flat} if value else {"Y": flat}, compression)
                    yield "exr large and flat", data, exr_picture(data, "RGB" if value else "Y")
    for order in (OpenEXR.INCREASING_Y, OpenEXR.DECREASING_Y, OpenEXR.RANDOM_Y):
        for compression in ("ZIPS", "ZIP", "NO"):
            tile = (8, 8) if order == OpenEXR.RANDOM_Y else None
            data = exr(rgb, compression, tile, order=order)
            yield "exr line orders", data, exr_picture(data, "RGB")
    odd = np.array([[np.nan, np.inf, -np.inf], [-0.0, 1e-45, 3e38]], np.float32)
    odd.view(np.uint32)[0, 0] = 0x7F800001
    for compression in ("NO", "RLE", "ZIP", "PIZ", "PXR24"):
        data = exr({"Y": odd}, compression)
        yield "exr odd numbers", data, exr_picture(data)
    every = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(256, 256)
    for compression in COMPRESSIONS[:-2]:
        data = exr({"Y": every}, compression)
        yield "exr all halves", data, exr_picture(data)
    for compression in ("B44", "B44A", "DWAA", "DWAB"):
        for n, kind in enumerate((np.float16, np.float32)):
            lossy = " (lossy)" if compression.startswith("DWA") else ""
            linear = {c: OpenEXR.Channel(smooth(65, 70, n + i, kind), 1, 1, True) for i, c in enumerate("RGB")}
            header = {"compression": getattr(OpenEXR, compression + "_COMPRESSION"), "type": OpenEXR.scanlineimage}
            data = written(OpenEXR.File(header, linear))
            yield f"exr linear channels{lossy}", data, exr_picture(data, "RGB")
            for seed in range(4):
                noise = np.random.default_rng(seed).random((300, 200, 4)).astype(kind) * 10**seed
                data = exr({c: noise[..., i].copy() for i, c in enumerate("RGBA")}, compression)
                if lossy:
                    assert (exr_picture(data, "RGBA") != noise).any()
                yield f"exr noise {compression}{lossy}", data, exr_picture(data, "RGBA")
    for second in (a, half):
        parts = [OpenEXR.Part({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, dict(rgb), "one"),
                 OpenEXR.Part({"compression": OpenEXR.PIZ_COMPRESSION, "type": OpenEXR.scanlineimage}, dict(second), "two")]
        for order in (parts, parts[::-1]):
            data = written(OpenEXR.File(order))
            yield "exr parts", data, exr_picture(data, "RGB" if order is parts else "RGBA")
    for h, w, tile in ((16, 16, 8), (21, 13, 4), (64, 48, 16)):
        levels = [smooth(h, w)]
        while max(levels[-1].shape) > 1:
            y, x = levels[-1].shape
            levels.append(smooth(max(1, y // 2), max(1, x // 2), 9))
        for ripmap in (False, True) if h == w else (False,):
            data = mip(levels, tile, ripmap)
            assert (exr_picture(data) == levels[0]).all()
            yield "exr mip maps", data, levels[0]


def refusals():
    """Files that are refused: what, the bytes, and a word of the message."""
    a = smooth(16, 16)
    lines = rgbe(5, 9)
    yield "hdr xyze", hdr(lines, "flat", "#?RADIANCE\nFORMAT=32-bit_rle_xyze\n"), "unsupported: HDR of XYZ"
    for compression in ("HTJ2K256", "HTJ2K32"):
        yield "exr " + compression, exr({"Y": a}, compression), "unsupported: EXR compressed by HTJ2K"
    yield "exr ZSTD", exr({"Y": a}, "ZSTD"), "unsupported: EXR compressed by Zstandard"
    yield "exr luminance and chroma", exr({"Y": a, "RY": a, "BY": a}), "unsupported: EXR of luminance and chroma"
    whole = exr({"Q": a, "Y": a})
    sampling = struct.pack("<ii", 1, 1)
    at = whole.index(sampling, whole.index(b"chlist"))
    yield "exr subsampled", whole[:at] + struct.pack("<ii", 2, 2) + whole[at + 8:], "unsupported: EXR of subsampled"
    yield "exr two layers", exr({"a.R": a, "b.R": a}), 'pass frames index:0 for "a", index:1 for "b"'
    deep = np.empty((3, 4), dtype=object)
    for i in range(12):
        deep.flat[i] = np.ones(i % 3 + 1, np.float32)
    try:
        data = written(OpenEXR.File({"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.deepscanline}, {"Z": deep}))
        yield "exr deep", data, "unsupported: EXR of deep"
    except Exception as error:  # the library's own trouble
        print("no deep file:", error)


def bits(a):
    return a.view(f"u{a.dtype.itemsize}")


def main():
    rows, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, data, want) in enumerate(itertools.chain(hdrs(), pfms(), exrs())):
            path = os.path.join(folder, f"{number}.{kind.split()[0]}")
            with open(path, "wb") as stream:
                stream.write(data)
            row = rows.setdefault(kind, [0, 0, 0.0])
            row[0] += 1
            got = read(path)
            want = np.ascontiguousarray(want)
            if isinstance(got, str):
                wrong.append(f"{kind}: {got}")
                row[2] = np.inf
            elif got.shape != want.shape or got.dtype != want.dtype:
                wrong.append(f"{kind}: {got.shape} {got.dtype}, not {want.shape} {want.dtype}")
                row[2] = np.inf
            elif (bits(got) == bits(want)).all():
                row[1] += 1
            else:
                with np.errstate(all="ignore"):
                    off = np.abs(got.astype(float) - want.astype(float))
                off = np.where(bits(got) == bits(want), 0, off)
                row[2] = max(row[2], np.nanmax(off) if np.isfinite(off).any() else np.nan)
                if "lossy" not in kind:
                    at = np.argwhere(bits(got) != bits(want))
                    wrong.append(f"{kind}: {len(at)} of {got.size} samples, first {got[tuple(at[0])]!r}, not {want[tuple(at[0])]!r}")
            for left in (path, path + ".npy"):
                if os.path.exists(left):
                    os.remove(left)
        for number, (kind, data, word) in enumerate(refusals()):
            path = os.path.join(folder, f"refused{number}")
            with open(path, "wb") as stream:
                stream.write(data)
            got = read(path)
            row = rows.setdefault(f"refused: {kind}", [0, 0, 0.0])
            row[0] += 1
            if isinstance(got, str) and word.lower() in got.lower():
                row[1] += 1
            else:
                wrong.append(f"refused {kind}: {got}")
    print(f"{'kind of file':44} {'count':>5} {'exact':>5} {'largest difference':>18}")
    for kind, (count, exact, off) in rows.items():
        print(f"{kind:44} {count:5} {exact:5} {off:18.6g}")
    print(f"{'all':44} {sum(r[0] for r in rows.values()):5} {sum(r[1] for r in rows.values()):5}")
    print("\n".join(wrong[:40]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
