"""Compares JPEG XL pixels with libjxl (imagecodecs), on files made here.

Needs cjxl (Debian: libjxl-tools) for animations, transcoded JPEG and the rarer ways of coding.
"""
import io
import os
import subprocess
import sys
import tempfile
from collections import defaultdict

import imagecodecs
import numpy as np
from PIL import Image

from reading import read_frames as read

HERE = tempfile.mkdtemp()
RNG = np.random.default_rng(7)


def photo(h, w, n=None, bits=8, dtype=None):
    """Smooth, with an edge and some noise."""
    y, x = np.mgrid[0:h, 0:w]
    planes = []
    for c in range(n or 1):
        a = np.sin(x / (5 + c)) * np.cos(y / (7 + c)) * 0.35 + 0.5 + 0.1 * ((x + 2 * y + 9 * c) % 31 > 15)
        planes.append(np.clip(a + RNG.normal(0, 0.02, (h, w)), 0, 1))
    a = np.dstack(planes) if n else planes[0]
    if dtype and np.dtype(dtype).kind == "f":
        return a.astype(dtype)
    return np.round(a * (2**bits - 1)).astype(dtype or (np.uint8 if bits <= 8 else np.uint16))


def cjxl(source, *options):
    """The file that cjxl makes of another file's bytes."""
    kind = {b"\x89PNG": "png", b"\xff\xd8\xff\xe0": "jpg", b"GIF8": "gif"}[source[:4]]
    src, dst = os.path.join(HERE, "in." + kind), os.path.join(HERE, "out.jxl")
    with open(src, "wb") as f:
        f.write(source)
    done = subprocess.run(["cjxl", src, dst, "--quiet", *options], capture_output=True)
    if done.returncode:
        print("not made:", options)
        return None
    with open(dst, "rb") as f:
        return f.read()


def file_of(a, kind="PNG", **options):
    out = io.BytesIO()
    (a if isinstance(a, Image.Image) else Image.fromarray(a)).save(out, kind, **options)
    return out.getvalue()


def want(data):
    return data and imagecodecs.jpegxl_decode(data, keeporientation=True)


def files():
    """Kind, file, wanted array (or a beginning of the error)."""
    encode = imagecodecs.jpegxl_encode
    sizes = ((1, 1), (1, 9), (9, 1), (17, 31), (64, 64), (130, 71), (300, 411))
    for bits in (1, 2, 4, 7, 8, 9, 10, 12, 14, 16):
        for n in (None, 2, 3, 4):
            a = photo(33, 45, n, bits=bits)
            yield "lossless, 1-16 bits", encode(a, lossless=True, bitspersample=bits), a
    for dtype in (np.uint8, np.uint16, np.float16, np.float32):
        for n in (None, 2, 3, 4):
            for size in sizes:
                a = photo(*size, n, bits=8 * np.dtype(dtype).itemsize, dtype=dtype)
                yield f"lossless, {np.dtype(dtype).name}", encode(a, lossless=True, effort=3 if size[0] > 99 else None), a
    for effort in (1, 2, 3, 5, 7, 8, 9):
        for a in (photo(99, 280, 3), photo(99, 280), photo(40, 50, 4, bits=16)):
            yield "lossless, efforts", encode(a, lossless=True, effort=effort), a
    for box in (True, False):
        a = photo(40, 50, 3)
        yield "lossless, efforts", encode(a, lossless=True, usecontainer=box), a
    wild = (RNG.normal(0, 1, (20, 30, 3)) * 10.0 ** RNG.integers(-20, 20, (20, 30, 3))).astype(np.float32)
    yield "lossless, float32", encode(wild, lossless=True), wild
    for n in (None, 2, 3, 4):
        for size in sizes:
            for distance in (0.5, 1, 3, 8):
                a = photo(*size, n)
                data = encode(a, lossless=False, distance=distance, effort=4)
                yield "lossy, uint8", data, want(data)
            a = photo(*size, n, bits=16)
            data = encode(a, lossless=False, distance=1, effort=4)
            yield "lossy, uint16", data, want(data)
            a = photo(*size, n, dtype=np.float32)
            data = encode(a, lossless=False, distance=1, effort=4)
            yield "lossy, float32", data, want(data)
    png = file_of(photo(200, 301, 3))
    for options in (("-p",), ("--progressive_ac",), ("--qprogressive_ac",), ("--progressive_dc=1",), ("--progressive_dc=2",), ("--epf=0",), ("--epf=3",),
                    ("--gaborish=0",), ("--photon_noise=ISO3200",), ("--resampling=2",), ("--resampling=4",), ("-m", "1"), ("--dots=1", "-e", "8"),
                    ("--patches=1", "-e", "8"), ("-e", "9"), ("--group_order=1",), ("--faster_decoding=4",), ("-m", "1", "-R", "1"), ("--intensity_target=1000",)):
        data = cjxl(png, "-d", "2", *options)
        yield "lossy, ways of coding", data, want(data)
    for options in (("-R", "1"), ("-g", "0"), ("-g", "3"), ("-P", "6"), ("-P", "15"), ("-C", "0"), ("-C", "6"), ("-C", "25"), ("--container=1",), ("-E", "3"),
                    ("--modular_palette_colors=0",), ("-X", "0"), ("-Y", "0"), ("-e", "9", "-I", "1"), ("--modular_lossy_palette", "--modular_palette_colors=0")):
        data = cjxl(png, "-d", "0", "-m", "1", *options)
        yield "lossless, ways of coding", data, want(data)
    few = Image.fromarray(photo(120, 90, 3)).quantize(40).convert("RGB")
    for a in (np.asarray(few), np.asarray(few.convert("L")), np.asarray(few.convert("RGBA")), np.asarray(few) // 128 * 255):
        data = encode(np.ascontiguousarray(a), lossless=True)
        yield "lossless, few colours", data, a
    text = np.full((120, 200, 3), 255, np.uint8)
    text[10:100:9, 5:190:3] = (0, 40, 200)
    for options in (("-d", "1", "-e", "7"), ("-d", "0", "-e", "7"), ("-d", "3", "-e", "9")):
        data = cjxl(file_of(text), *options)
        yield "patches", data, want(data)
    for options in (dict(quality=80), dict(quality=95, subsampling=0), dict(quality=60, progressive=True), dict(quality=75, subsampling=1)):
        for a in (photo(70, 91, 3), photo(70, 91), photo(64, 128, 3)):
            jpeg = file_of(a, "JPEG", **{k: v for k, v in options.items() if a.ndim == 3 or k != "subsampling"})
            data = cjxl(jpeg, "-j", "1")
            yield "transcoded JPEG", data, want(data)
    alpha = photo(50, 61, 4)
    for options in (("-d", "0"), ("-d", "1"), ("--premultiply=1", "-d", "0"), ("--premultiply=1", "-d", "1"), ("-d", "2", "--ec_resampling=2")):
        data = cjxl(file_of(alpha), *options)
        yield "alpha", data, want(data)
    frames = [Image.fromarray(photo(40, 50, 3)) for _ in range(5)]
    gif = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    small = [Image.fromarray(photo(40, 50, 4)) for _ in range(4)]
    for s in small[1:]:
        s.paste((0, 0, 0, 0), (0, 0, 50, 25))
    apng = file_of(small[0], "PNG", save_all=True, append_images=small[1:], duration=100, blend=1, disposal=0)
    part = [frames[0].copy()]
    for i in range(1, 6):
        part.append(part[-1].copy())
        part[-1].paste((250, 10 * i, 0), (3 * i, 2 * i, 3 * i + 9, 2 * i + 8))
    patch = file_of(part[0], "GIF", save_all=True, append_images=part[1:], duration=50)
    for data in (gif, apng, patch):
        for options in (("-d", "0"), ("-d", "1")):
            data_ = cjxl(data, *options)
            yield "animations", data_, want(data_)
    profile = file_of(photo(40, 50, 3), icc_profile=profile_of_srgb())
    for options in (("-d", "0"), ("-d", "1"), ("-d", "1", "-m", "1")):
        data = cjxl(profile, *options)
        yield "ICC profile", data, want(data)
    for space in ("RGB_D65_SRG_Rel_Lin", "RGB_D65_202_Rel_PeQ", "RGB_D65_DCI_Rel_SRG", "RGB_D65_SRG_Rel_g0.45455", "RGB_D65_202_Rel_HLG"):
        for options in (("-d", "0"), ("-d", "1")):
            data = cjxl(file_of(photo(40, 50, 3)), "-x", "color_space=" + space, *options)
            yield "colour spaces", data, want(data)
    for space in ("Gra_D65_Rel_SRG", "Gra_D65_Rel_Lin", "Gra_D65_Rel_g0.45455"):
        for options in (("-d", "0"), ("-d", "1")):
            data = cjxl(file_of(photo(40, 50)), "-x", "color_space=" + space, *options)
            yield "colour spaces", data, want(data)
    for orientation in range(1, 9):
        png = file_of(photo(40, 51, 3), exif=exif(orientation))
        for options in (("-d", "0"), ("-d", "1"), ("-d", "0", "--container=1")):
            data = cjxl(png, *options)
            yield "EXIF orientation", data, want(data)
    planar = photo(30, 40, 3).transpose(2, 0, 1)
    data = encode(np.ascontiguousarray(planar), lossless=True, planar=True, photometric=1)
    yield "extra channels ignored", data, planar[0]
    data = encode(photo(200, 301, 3), lossless=True)
    for part in (0.01, 0.1, 0.5, 0.9, 0.99):
        yield "cut files", data[:int(len(data) * part)], "Image"
    data = cjxl(gif, "-d", "0")
    yield "cut files", data[:len(data) * 2 // 3], "Image"


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def profile_of_srgb():
    from PIL import ImageCms
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def main():
    table = defaultdict(lambda: [0, 0, 0, 0])
    for number, (kind, data, want) in enumerate(files()):
        path = os.path.join(HERE, f"{number}.jxl")
        if data is None:
            continue
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
        off = np.abs(got.astype(float) - want.astype(float))
        row[1] += not off.any()
        row[2] = max(row[2], off.max(initial=0))
        if off.any():
            print(f"{kind}: {path}: off by up to {off.max():.3g}, {(off > 0).mean():.5%}, mean {off.mean():.3g}", got.shape, got.dtype)
    print(f"{'kind':32} files exact      max wrong")
    for kind, (count, exact, most, wrong) in table.items():
        print(f"{kind:32} {count:5} {exact:5} {most:8.3g} {wrong:5}")
    sys.exit(any(wrong for *_, wrong in table.values()))


if __name__ == "__main__":
    main()
