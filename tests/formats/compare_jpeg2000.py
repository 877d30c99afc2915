"""Compares JPEG 2000 pixels with Pillow (OpenJPEG) and imagecodecs, on files made here.

Needs opj_compress (Debian: libopenjp2-tools) for subsampled files and the rarer ways of coding.
"""
import io
import os
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict

import imagecodecs
import numpy as np
from PIL import Image, ImageCms

from reading import read

HERE = tempfile.mkdtemp()
RNG = np.random.default_rng(7)


def photo(h, w, n=None, bits=8, dtype=None):
    """Smooth, with an edge and some noise."""
    y, x = np.mgrid[0:h, 0:w]
    planes = []
    for c in range(n or 1):
        a = np.sin(x / (5 + c)) * np.cos(y / (7 + c)) * 0.35 + 0.5 + 0.1 * ((x + 2 * y + 9 * c) % 31 > 15)
        a = np.clip(a + RNG.normal(0, 0.02, (h, w)), 0, 1)
        planes.append(np.round(a * (2**bits - 1)))
    a = np.dstack(planes) if n else planes[0]
    return a.astype(dtype or (np.uint8 if bits <= 8 else np.uint16))


def pil(a, mode=None, **options):
    out = io.BytesIO()
    Image.fromarray(a, mode).save(out, "JPEG2000", **options)
    return out.getvalue()


def made(a, **options):
    """As `pil`, or nothing where Pillow cannot write it so."""
    try:
        return pil(a, **options)
    except OSError:
        print("not made:", a.shape, options)


def by_pillow(data, mode=None):
    im = Image.open(io.BytesIO(data))
    return np.asarray(im.convert(mode) if mode else im)


def codestream(data):
    return data[data.index(b"jp2c") + 4:]


def box(name, data):
    return struct.pack(">I4s", 8 + len(data), name) + data


def jp2(stream, h, w, n, bits, boxes, space=16):
    """A JP2 file around a codestream."""
    head = box(b"ihdr", struct.pack(">IIHBBBB", h, w, n, bits - 1, 7, 0, 0))
    colr = b"" if space is None else box(b"colr", b"\1\0\0" + struct.pack(">I", space))
    return (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
            + box(b"jp2h", head + colr + boxes) + box(b"jp2c", stream))


def opj(planes, bits, steps, *options, signed=False):
    """A codestream of planes, by opj_compress; `steps` are the subsamplings."""
    h, w = planes[0].shape[0] * steps[0][1], planes[0].shape[1] * steps[0][0]
    raw, out = os.path.join(HERE, "in.raw"), os.path.join(HERE, "out.j2k")
    order = ">u2" if bits > 8 else "u1"
    with open(raw, "wb") as f:
        for p in planes:
            f.write(p.astype(order).tobytes())
    how = f"{w},{h},{len(planes)},{bits},{'s' if signed else 'u'}@" + ":".join(f"{x}x{y}" for x, y in steps)
    subprocess.run(["opj_compress", "-i", raw, "-o", out, "-F", how, *options], check=True,
                   stdout=subprocess.DEVNULL)
    with open(out, "rb") as f:
        return f.read()


def opj_decompress(data):
    """Pixels by opj_decompress, which also reads what Pillow and imagecodecs refuse."""
    src, dst = os.path.join(HERE, "d.j2k"), os.path.join(HERE, "d.pgx")
    with open(src, "wb") as f:
        f.write(data)
    for c in range(9):
        name = os.path.join(HERE, f"d_{c}.pgx")
        if os.path.exists(name):
            os.remove(name)
    subprocess.run(["opj_decompress", "-i", src, "-o", dst], check=True, stdout=subprocess.DEVNULL)
    planes = []
    for c in range(9):
        name = os.path.join(HERE, f"d_{c}.pgx")
        if not os.path.exists(name):
            break
        with open(name, "rb") as f:
            head, body = f.read().split(b"\n", 1)
        words = head.split()
        bits, w, h = int(words[-3].lstrip(b"+-")), int(words[-2]), int(words[-1])
        planes.append(np.frombuffer(body, ">u2" if bits > 8 else "u1").reshape(h, w))
    return planes


def files():
    """Kind, file, wanted array (or a beginning of the error)."""
    for bits in range(1, 17):
        for size in ((15, 21), (64, 64)):
            a = photo(*size, bits=bits)
            yield "gray, depth 1-16", imagecodecs.jpeg2k_encode(a, level=0, bitspersample=bits, reversible=True), a
            low = (a.astype(int) - 2**(bits - 1)).astype(np.int8 if bits <= 8 else np.int16)
            yield "gray, signed", imagecodecs.jpeg2k_encode(low, level=0, bitspersample=bits, reversible=True), low
    for n in (2, 3, 4):
        for dtype in (np.uint8, np.uint16, np.int8, np.int16):
            bits = 8 * dtype().itemsize
            for size in ((1, 1), (1, 9), (9, 1), (33, 47), (128, 130)):
                a = photo(*size, n, bits=bits, dtype=np.uint16)
                a = (a.astype(int) - (2**(bits - 1) if np.dtype(dtype).kind == "i" else 0)).astype(dtype)
                for kind in ("jp2", "j2k"):
                    yield (f"{n} channels, {np.dtype(dtype).name}",
                           imagecodecs.jpeg2k_encode(a, level=0, codecformat=kind, reversible=True, mct=n == 3), a)
    for n in (5, 7, 12):
        for bits in (8, 12, 16):
            a = photo(21, 33, n, bits=bits)
            yield "5 to 12 channels", imagecodecs.jpeg2k_encode(a, level=0, bitspersample=bits, reversible=True, mct=False), a
    for h, w in ((1, 1), (1, 7), (7, 1), (2, 2), (3, 5), (17, 31), (64, 64), (65, 63), (200, 131)):
        for a in (photo(h, w), photo(h, w, 3), photo(h, w, 4), photo(h, w, 2), photo(h, w, bits=16)):
            yield "odd sizes, Pillow", pil(a), a
    rgb = photo(150, 211, 3)
    ways = [dict(tile_size=(64, 64)), dict(tile_size=(37, 53)), dict(tile_size=(24, 28), num_resolutions=2),
            dict(num_resolutions=1), dict(num_resolutions=3), dict(codeblock_size=(4, 4)), dict(codeblock_size=(16, 64)),
            dict(precinct_size=(64, 64), codeblock_size=(32, 32)), dict(precinct_size=(128, 128), tile_size=(100, 100)),
            dict(offset=(20, 10), tile_offset=(3, 4), tile_size=(50, 40)),
            dict(quality_mode="rates", quality_layers=[40, 10, 1]), dict(mct=1), dict(plt=True), dict(comment="hello"),
            dict(no_jp2=True)]
    ways += [dict(progression=p, tile_size=(80, 70), num_resolutions=4) for p in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")]
    ways += [dict(progression=p, precinct_size=(32, 32), codeblock_size=(16, 16)) for p in ("LRCP", "RLCP", "RPCL", "PCRL", "CPRL")]
    for way in ways:
        for a in (rgb, rgb[..., 0], photo(130, 131, bits=16)):
            if a.ndim == 2:
                way = {k: v for k, v in way.items() if k != "mct"}
            data = made(a, **way)
            if data:
                yield "ways of coding, lossless", data, by_pillow(data)
    for way in ways:
        for a in (rgb, rgb[..., 0], photo(130, 131, bits=16)):
            more = {k: v for k, v in way.items() if a.ndim == 3 or k != "mct"}
            if "tile_size" in way:
                more["num_resolutions"] = 2  # OpenJPEG aborts where a level of a tile has one column.
            data = made(a, **({"quality_mode": "dB", "quality_layers": [32, 38]} | more | dict(irreversible=True)))
            if data:
                yield "lossy 9/7", data, by_pillow(data)
            data = made(a, **({"quality_mode": "rates", "quality_layers": [30, 8]} | more))
            if data:
                yield "lossy 5/3", data, by_pillow(data)
    for n, bits in ((3, 12), (3, 16), (4, 16)):
        for level in (30, 45, 60):
            data = imagecodecs.jpeg2k_encode(photo(60, 80, n, bits=bits), level=level, bitspersample=bits, mct=n == 3)
            yield "lossy, deep colour", data, imagecodecs.jpeg2k_decode(data)
    # Switches of the block coder: bypass, reset, terminate, causal, predictable, segment symbols.
    a = photo(90, 75)
    for mode in (1, 2, 4, 8, 16, 32, 3, 5, 9, 33, 63):
        yield "block coder switches", opj([a], 8, [(1, 1)], "-M", str(mode)), a
        data = opj([a], 8, [(1, 1)], "-M", str(mode), "-I", "-r", "9")
        yield "block coder switches, lossy", data, imagecodecs.jpeg2k_decode(data)
    planes = [photo(90, 75) for _ in range(3)]
    for options in (("-SOP",), ("-EPH",), ("-SOP", "-EPH", "-t", "40,40"), ("-TP", "R"), ("-TP", "L", "-r", "20,5,1"), ("-TP", "C"),
                    ("-POC", "T1=0,0,1,3,3,CPRL/T1=3,0,1,6,3,CPRL"), ("-ROI", "c=0,U=7"), ("-n", "1"), ("-TLM",), ("-PLT",),
                    ("-c", "[64,64],[32,32]", "-b", "16,16"), ("-d", "10,20"), ("-d", "10,20", "-T", "5,5", "-t", "33,44")):
        try:
            data = opj(planes, 8, [(1, 1)] * 3, *options)
        except subprocess.CalledProcessError:
            print("not made:", options)
            continue
        yield "markers and tile-parts", data, imagecodecs.jpeg2k_decode(data)
    # Palettes, ink and sYCC, told in boxes.
    few = Image.fromarray(rgb).quantize(200)
    index = np.asarray(few)
    colors = np.array(few.getpalette()[:600], np.uint8).reshape(200, 3)
    stream = codestream(pil(index))
    table = struct.pack(">HB", 200, 3) + b"\7\7\7" + colors.tobytes()
    cmap = b"".join(struct.pack(">HBB", 0, 1, c) for c in range(3))
    data = jp2(stream, *index.shape, 1, 8, box(b"pclr", table) + box(b"cmap", cmap))
    yield "palettes", data, colors[index]
    yield "palettes", jp2(stream, *index.shape, 1, 8, box(b"pclr", table)), colors[index]
    alpha = np.arange(200, dtype=np.uint8)[:, None]
    table = struct.pack(">HB", 200, 4) + b"\7" * 4 + np.hstack([colors, alpha]).tobytes()
    cmap = b"".join(struct.pack(">HBB", 0, 1, c) for c in range(4))
    yield "palettes", jp2(stream, *index.shape, 1, 8, box(b"pclr", table) + box(b"cmap", cmap)), np.hstack([colors, alpha])[index]
    deep = colors.astype(">u2") * 257
    table = struct.pack(">HB", 200, 3) + b"\15\15\15".replace(b"\15", b"\17") + deep.tobytes()
    yield "palettes", jp2(stream, *index.shape, 1, 8, box(b"pclr", table)), deep.astype(np.uint16)[index]
    inks = photo(40, 50, 4)
    data = jp2(codestream(pil(inks)), 40, 50, 4, 8, b"", 12)
    yield "CMYK", data, by_pillow(data, "RGB")
    every = np.stack(np.meshgrid([0, 3, 77, 128, 200, 255], np.arange(256), np.arange(256), indexing="ij"), -1)
    every = every.reshape(6 * 256, 256, 3).astype(np.uint8)
    data = jp2(codestream(pil(every, num_resolutions=1)), *every.shape[:2], 3, 8, b"", 18)
    yield "sYCC, every chroma", data, by_pillow(data)
    data = jp2(codestream(pil(inks)), 40, 50, 4, 8, b"", 18)
    yield "sYCC with alpha", data, by_pillow(data)
    swapped = box(b"cdef", struct.pack(">H9H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1))
    yield "channels in another order", jp2(codestream(pil(rgb)), *rgb.shape[:2], 3, 8, swapped), rgb[..., ::-1]
    argb = photo(30, 31, 4)
    first = box(b"cdef", struct.pack(">H12H", 4, 0, 1, 0, 1, 0, 1, 2, 0, 2, 3, 0, 3))
    yield "channels in another order", jp2(codestream(pil(argb)), 30, 31, 4, 8, first), argb[..., [1, 2, 3, 0]]
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for n, space in ((3, 14), (3, 20), (3, 21), (3, 99), (4, 13), (4, 17), (1, 15), (3, None), (4, None), (2, None), (1, None)):
        a = photo(20, 30, n) if n > 1 else photo(20, 30)
        data = jp2(codestream(pil(a)), 20, 30, n, 8, b"" if space else box(b"colr", b"\2\0\0" + icc), space)
        yield "other colour spaces, ICC", data, by_pillow(data)
    # Subsampled components: each sample covers its step, as opj_decompress shows them.
    for (dx, dy), size in (((2, 2), (40, 60)), ((2, 1), (40, 60)), ((1, 2), (40, 60)), ((4, 1), (16, 28)), ((2, 2), (2, 2))):
        h, w = size
        luma = photo(h, w)
        small = [photo(h // dy, w // dx) for _ in range(2)]
        raw = opj([luma, *small], 8, [(1, 1), (dx, dy), (dx, dy)], "-n", "1" if h < 20 else "3")
        whole = np.dstack([luma] + [s.repeat(dy, 0).repeat(dx, 1) for s in small])
        want = np.asarray(Image.fromarray(whole, "YCbCr").convert("RGB"))
        yield "subsampled sYCC", raw, want
        yield "subsampled sYCC", jp2(raw, h, w, 3, 8, b"", 18), want
        yield "subsampled RGB", jp2(raw, h, w, 3, 8, b"", 16), whole
        if min(size) > 16:
            tiled = opj([luma, *small], 8, [(1, 1), (dx, dy), (dx, dy)], "-t", "16,16", "-n", "2")
            yield "subsampled, tiled", jp2(tiled, h, w, 3, 8, b"", 16), whole
    # opj_compress fills the planes of odd sizes in its own way; what is in them opj_decompress says.
    for (dx, dy), (h, w) in (((2, 2), (41, 61)), ((2, 1), (33, 27)), ((4, 2), (41, 27)), ((3, 3), (32, 31))):
        planes = [photo(h, w), photo(-(-h // dy), -(-w // dx)), photo(-(-h // dy), -(-w // dx)), photo(h, w)]
        try:
            raw = opj(planes, 8, [(1, 1), (dx, dy), (dx, dy), (1, 1)], "-n", "3")
        except subprocess.CalledProcessError:
            print("not made:", dx, dy, h, w)
            continue
        planes = opj_decompress(raw)
        want = np.dstack([p if p.shape == (h, w) else p.repeat(dy, 0).repeat(dx, 1)[:h, :w] for p in planes])
        yield "subsampled, odd sizes", raw, want
    a = photo(20, 30)
    yield "all subsampled alike", opj([a], 8, [(2, 2)]), a
    # Files that are not all there, and what is refused.
    data = pil(rgb, tile_size=(64, 64))
    for part in (0.02, 0.1, 0.5, 0.9, 0.99):
        yield "cut files", data[:int(len(data) * part)], "Image"
    yield "no end marker", pil(a, no_jp2=True)[:-2], a
    yield "refused: 20 bits", imagecodecs.jpeg2k_encode(photo(9, 9, bits=16).astype(np.uint32), level=0, bitspersample=20, reversible=True), "Unsupported"


def main():
    table = defaultdict(lambda: [0, 0, 0, 0])
    for number, (kind, data, want) in enumerate(files()):
        path = os.path.join(HERE, f"{number}.jp2")
        with open(path, "wb") as f:
            f.write(data)
        got = read(path)
        row = table[kind]
        row[0] += 1
        if isinstance(want, str) or isinstance(got, str):
            good = isinstance(want, str) and isinstance(got, str) and want in got
            row[1] += good
            if not good:
                row[3] += 1
                print(f"{kind}: {path}: {got if isinstance(got, str) else got.shape}, not {want if isinstance(want, str) else want.shape}")
            continue
        if got.shape != want.shape or got.dtype != want.dtype:
            row[3] += 1
            print(f"{kind}: {path}: {got.shape} {got.dtype}, not {want.shape} {want.dtype}")
            continue
        off = np.abs(got.astype(int) - want.astype(int))
        row[1] += not off.any()
        row[2] = max(row[2], int(off.max(initial=0)))
        if off.any():
            print(f"{kind}: {path}: off by up to {off.max()}, {(off > 0).mean():.5%}", got.shape, got.dtype)
    print(f"{'kind':32} files exact  max wrong")
    for kind, (count, exact, most, wrong) in table.items():
        print(f"{kind:32} {count:5} {exact:5} {most:4} {wrong:5}")
    sys.exit(any(wrong for *_, wrong in table.values()))


if __name__ == "__main__":
    main()
