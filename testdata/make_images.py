"""Writes images/ and images/bad/: a small file of every format and variant, and what it holds.

make.py calls it. `manifest.json` says of each file in images/ the shape, dtype and CRC-32 of the
pixels (C-order, little-endian) that Pillow gives for it, or of the array it was made from where
Pillow narrows or refuses it, and of each file in images/bad/ the kind of error that refuses it.
"""
import io
import json
import shutil
import struct
import zlib

import numpy as np
from PIL import Image

from pictures import HERE, chunk, crop, file_of, npy, pixels, png, png16, png_of, seen, tiff_of

SIZE = dict(height=15, width=21)
IMAGES = HERE / "images"
FOUND, REFUSED = {}, {}


def picture(mode="RGB", n=2, **size):
    return crop(n, mode=mode, **(SIZE | size))


def gray16(n=2):
    a = pixels(n, **SIZE).astype(np.uint16)
    return a[..., 0] * 256 + a[..., 1]


def good(name, data, want=None):
    """A file; `want`: its pixels, or a mode in which Pillow shows them."""
    assert name not in FOUND
    (IMAGES / name).write_bytes(data)
    if want is None or isinstance(want, str):
        want = seen(data, want)
    a = np.ascontiguousarray(want).astype(want.dtype.newbyteorder("<"))
    FOUND[name] = {"shape": list(a.shape), "dtype": a.dtype.name, "crc32": f"{zlib.crc32(a.tobytes()):08x}"}


def bad(name, data, kind="image"):
    assert name not in REFUSED
    (IMAGES / "bad" / name).write_bytes(data)
    REFUSED[name] = kind


# ---- PNG

def packed(a, bits):
    """Rows of samples of 1, 2 or 4 bits, with a filter byte."""
    digits = (a[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return b"".join(b"\0" + np.packbits(row.reshape(-1)).tobytes() for row in digits.astype(np.uint8))


def adam7(a):
    """The rows of the seven passes."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [a[y::dy, x::dx] for y, x, dy, dx in passes]
    return b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)


def filtered(a):
    """Rows that take each of the five filters in turn."""
    rows, bpp = a.reshape(a.shape[0], -1).astype(int), a.shape[2]
    out = b""
    for y, row in enumerate(rows):
        up = rows[y - 1] if y else row * 0
        left, corner = (np.concatenate([np.zeros(bpp, int), r[:-bpp]]) for r in (row, up))
        guess = left + up - corner
        off = [abs(guess - left), abs(guess - up), abs(guess - corner)]
        paeth = np.where((off[0] <= off[1]) & (off[0] <= off[2]), left, np.where(off[1] <= off[2], up, corner))
        filters = [0 * row, left, up, (left + up) // 2, paeth]
        out += bytes([y % 5]) + ((row - filters[y % 5]) % 256).astype(np.uint8).tobytes()
    return out


def with_wrong_crc(data, name):
    at = data.index(name)
    end = at + 4 + struct.unpack(">I", data[at - 4:at])[0]
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1:]


def pngs():
    h, w = SIZE["height"], SIZE["width"]
    rgb = np.asarray(picture())
    for mode in ("L", "LA", "RGB", "RGBA"):
        good(f"png-{mode.lower()}.png", file_of(picture(mode), "PNG"))
    for bits in (1, 2, 4):
        a = np.asarray(picture("L")) >> (8 - bits)
        good(f"png-gray{bits}.png", png_of(w, h, bits, 0, packed(a, bits)), a * np.uint8(255 // (2**bits - 1)))
        key = struct.pack(">H", int(a[3, 3]))
        alpha = np.where(a == a[3, 3], 0, 255).astype(np.uint8)
        good(f"png-gray{bits}-key.png", png_of(w, h, bits, 0, packed(a, bits), [(b"tRNS", key)]),
             np.dstack([a * np.uint8(255 // (2**bits - 1)), alpha]))
    for bits in (1, 2, 4, 8):
        few = picture().quantize(2**bits if bits < 8 else 200)
        good(f"png-palette{bits}.png", file_of(few, "PNG", bits=bits), "RGB")
        good(f"png-palette{bits}-alpha.png", file_of(few, "PNG", bits=bits, transparency=bytes([0, 99])), "RGBA")
    good("png-rgb-key.png", file_of(picture(), "PNG", transparency=tuple(map(int, rgb[2, 5]))), "RGBA")
    deep = gray16()
    wide = np.dstack([deep, deep[::-1], deep[:, ::-1], deep ^ 0x0F0F])
    good("png16-gray.png", png16(deep), deep)
    for channels, name in ((2, "la"), (3, "rgb"), (4, "rgba")):
        good(f"png16-{name}.png", png16(wide[..., :channels]), wide[..., :channels])
    good("png16-key.png", png_of(w, h, 16, 0, b"".join(b"\0" + r.astype(">u2").tobytes() for r in deep),
                                 [(b"tRNS", struct.pack(">H", int(deep[1, 1])))]),
         np.dstack([deep, np.where(deep == deep[1, 1], 0, 65535).astype(np.uint16)]))
    good("png-interlaced.png", png_of(w, h, 8, 2, adam7(rgb), interlace=1))
    good("png16-interlaced.png", png_of(w, h, 16, 0, adam7(deep.astype(">u2")), interlace=1), deep)
    good("png-1x1-interlaced.png", png_of(1, 1, 8, 0, b"\0\x7f", interlace=1))
    good("png-filters.png", png_of(w, h, 8, 2, filtered(rgb)))
    good("png-animated.png", file_of(picture(), "PNG", save_all=True, append_images=[picture(n=3)]))
    good("png-no-end.png", png(2, **SIZE)[:-12])
    good("png-wrong-crc.png", with_wrong_crc(png(2, **SIZE), b"IDAT"))

    whole = png(2, **SIZE)
    palette = file_of(picture().quantize(9), "PNG", transparency=bytes([0, 99]))
    bad("png-cut.png", whole[:len(whole) // 2])
    bad("png-signature.png", whole[:8])
    for data, name in ((whole, b"IHDR"), (palette, b"PLTE"), (palette, b"tRNS")):
        bad(f"png-wrong-crc-{name.decode().lower()}.png", with_wrong_crc(data, name))
    flipped = bytearray(whole)
    flipped[whole.index(b"IDAT") + 60] ^= 16
    bad("png-damaged.png", bytes(flipped))
    bad("png-no-rows.png", png_of(w, h, 8, 2, b""))
    bad("png-no-width.png", png_of(0, h, 8, 2, b"\0"))
    bad("png-odd-depth.png", png_of(w, h, 3, 2, b"\0"))
    bad("png-no-palette.png", png_of(w, h, 8, 3, b"\0" * (h * (w + 1))))
    for colours in (100, 770):
        bad(f"png-palette-{colours}-bytes.png", png_of(w, h, 8, 3, b"\0" * (h * (w + 1)), [(b"PLTE", bytes(colours))]))
    bad("png-large.png", png_of(60_000, 60_000, 8, 2, b"\0" * 999), "limit")
    bad("png-mangled.png", whole.replace(b"\r\n", b"\n"), "unsupported")


# ---- JPEG and WebP

def lossy():
    size = dict(height=37, width=43)
    photo = picture(**size)
    for name, options in {
        "444": dict(subsampling="4:4:4"), "422": dict(subsampling="4:2:2"), "420": dict(subsampling="4:2:0"),
        "progressive": dict(progressive=True), "optimized": dict(optimize=True, quality=30),
        "restarts": dict(restart_marker_blocks=2), "rgb": dict(keep_rgb=True), "best": dict(quality=100),
    }.items():
        good(f"jpeg-{name}.jpg", file_of(photo, "JPEG", **{"quality": 80, **options}))
    good("jpeg-gray.jpg", file_of(picture("L", **size), "JPEG"))
    good("jpeg-cmyk.jpg", file_of(picture("CMYK", **size), "JPEG"), "RGB")
    good("jpeg-1x1.jpg", file_of(picture(height=1, width=1), "JPEG"))
    exif = Image.Exif()
    exif[0x0112] = 8
    good("jpeg-turned.jpg", file_of(photo, "JPEG", exif=exif))

    # Ends after its second scan: libjpeg smooths what the others would have said.
    scans = file_of(photo, "JPEG", progressive=True).split(b"\xff\xda")
    good("jpeg-two-scans.jpg", b"\xff\xda".join(scans[:3]) + b"\xff\xd9")

    whole = file_of(photo, "JPEG", quality=80)
    scan = whole.index(b"\xff\xda")
    frame = whole.index(b"\xff\xc0")
    bad("jpeg-cut.jpg", whole[:len(whole) - 200])
    bad("jpeg-cut-head.jpg", whole[:frame + 6])
    bad("jpeg-no-end.jpg", whole[:-2])
    bad("jpeg-no-tables.jpg", whole[:2] + whole[frame:])
    bad("jpeg-no-scan.jpg", whole[:scan] + b"\xff\xd9")
    bad("jpeg-damaged.jpg", whole[:scan + 60] + b"\xff\xd0" + whole[scan + 60:])
    bad("jpeg-large.jpg", whole[:frame + 5] + struct.pack(">HH", 65_000, 65_000) + whole[frame + 9:], "limit")
    bad("jpeg-no-width.jpg", whole[:frame + 7] + b"\0\0" + whole[frame + 9:])

    good("webp-lossless.webp", file_of(picture(), "WEBP", lossless=True))
    good("webp-lossless-alpha.webp", file_of(faded(), "WEBP", lossless=True, exact=True))
    good("webp-lossy.webp", file_of(picture(), "WEBP", quality=60))
    good("webp-lossy-alpha.webp", file_of(faded(), "WEBP", quality=60))
    good("webp-animated.webp", file_of(picture(), "WEBP", save_all=True, append_images=[picture(n=3)], lossless=True), "RGB")
    whole = file_of(picture(), "WEBP", lossless=True)
    bad("webp-cut.webp", whole[:len(whole) // 2])
    bad("webp-head.webp", whole[:16])
    bad("webp-damaged.webp", whole[:21] + b"\xff" * 9 + whole[30:])


def faded():
    image = picture("RGBA")
    image.putalpha(Image.fromarray((np.arange(15 * 21) * 5 % 256).astype(np.uint8).reshape(15, 21)))
    return image


# ---- TIFF

def strips(a, order="<", rows=4, **more):
    """Plain strips of an array of any dtype."""
    a = a if a.ndim == 3 else a[..., None]
    h, w, channels = a.shape
    parts = [a[y:y + rows].astype(a.dtype.newbyteorder(order)).tobytes() for y in range(0, h, rows)]
    return tiff_from(a, parts, order, {278: ("H", [rows])}, 273, 279, **more)


def tiff_from(a, parts, order, place, offsets, counts, compression=1, planar=1, predictor=1):
    starts = np.cumsum([0] + [len(p) for p in parts[:-1]])
    channels = a.shape[2]
    tags = {
        256: ("H", [a.shape[1]]), 257: ("H", [a.shape[0]]), 258: ("H", [a.itemsize * 8] * channels),
        259: ("H", [compression]), 262: ("H", [2 if channels >= 3 else 1]), 277: ("H", [channels]),
        284: ("H", [planar]), 339: ("H", [{"u": 1, "i": 2, "f": 3}[a.dtype.kind]] * channels),
        offsets: ("I", [-1 - int(s) for s in starts]), counts: ("I", [len(p) for p in parts]), **place}
    if channels in (2, 4):
        tags[338] = ("H", [2])
    if predictor > 1:
        tags[317] = ("H", [predictor])
    return tiff_of(tags, b"".join(parts), order)


def tiles(a, order="<", side=16, planar=1):
    a = a if a.ndim == 3 else a[..., None]
    h, w, channels = a.shape
    full = np.zeros((-(-h // side) * side, -(-w // side) * side, channels), a.dtype)
    full[:h, :w] = a
    layers = [full] if planar == 1 else [full[..., c] for c in range(channels)]
    parts = [layer[y:y + side, x:x + side].astype(a.dtype.newbyteorder(order)).tobytes()
             for layer in layers for y in range(0, full.shape[0], side) for x in range(0, full.shape[1], side)]
    return tiff_from(a, parts, order, {322: ("H", [side]), 323: ("H", [side])}, 324, 325, planar=planar)


def planes(a):
    parts = [np.ascontiguousarray(a[..., c]).tobytes() for c in range(a.shape[2])]
    return tiff_from(a, parts, "<", {278: ("H", [a.shape[0]])}, 273, 279, planar=2)


def differences(a):
    """Predictor 2, before deflate."""
    out = a.copy()
    out[:, 1:] -= a[:, :-1]
    return tiff_from(out[..., None], [zlib.compress(out.tobytes(), 9)], "<", {278: ("H", [a.shape[0]])}, 273, 279,
                     compression=8, predictor=2)


def float_differences(a):
    """Predictor 3: the bytes of a row by significance, then their differences."""
    planes = a.astype(">f4").view(np.uint8).reshape(a.shape[0], a.shape[1], 4).transpose(0, 2, 1)
    rows = planes.reshape(a.shape[0], -1).copy()
    rows[:, 1:] -= rows[:, :-1].copy()
    return tiff_from(a[..., None], [zlib.compress(rows.tobytes(), 9)], "<", {278: ("H", [a.shape[0]])}, 273, 279,
                     compression=8, predictor=3)


def tiffs():
    for name in ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "zstd", "lzma", "jpeg"):
        short = name.removeprefix("tiff_")
        good(f"tiff-rgb-{short}.tif", file_of(picture(), "TIFF", compression=name))
    good("tiff-gray-jpeg.tif", file_of(picture("L"), "TIFF", compression="jpeg"))
    for name in ("raw", "group3", "group4", "tiff_ccitt", "packbits"):
        good(f"tiff-bilevel-{name.removeprefix('tiff_')}.tif", file_of(picture("1"), "TIFF", compression=name), "L")
    for mode in ("L", "LA", "RGBA"):
        good(f"tiff-{mode.lower()}.tif", file_of(faded().convert(mode), "TIFF"))
    good("tiff-palette.tif", file_of(picture().quantize(50), "TIFF"), "RGB")
    good("tiff-cmyk.tif", file_of(picture("CMYK"), "TIFF"), "RGB")
    good("tiff-big.tif", file_of(picture(), "TIFF", big_tiff=True))
    good("tiff-pages.tif", file_of(picture(), "TIFF", save_all=True, append_images=[picture(n=3)]))

    deep = gray16()
    signed = deep.astype(np.int32) - 30_000
    arrays = {
        "uint16": deep, "int16": signed.astype(np.int16), "int8": signed.astype(np.int8), "uint32": deep.astype(np.uint32) * 65_537,
        "int32": signed * 65_537, "float32": signed.astype(np.float32) / 7, "float64": signed / 7,
        "rgb16": np.dstack([deep, deep[::-1], deep ^ 255]), "five": np.dstack([deep] * 5) + np.arange(5, dtype=np.uint16),
    }
    for name, a in arrays.items():
        good(f"tiff-{name}-little.tif", strips(a), a)
        good(f"tiff-{name}-big.tif", strips(a, ">"), a)
    rgb = np.asarray(picture())
    good("tiff-tiles.tif", tiles(rgb), rgb)
    good("tiff-tiles-planar.tif", tiles(rgb, planar=2), rgb)
    good("tiff-tiles-uint16-big.tif", tiles(deep, ">"), deep)
    good("tiff-planar.tif", planes(rgb), rgb)
    good("tiff-predictor2.tif", differences(deep), deep)
    good("tiff-predictor3.tif", float_differences(arrays["float32"]), arrays["float32"])

    whole = strips(rgb)
    bad("tiff-cut.tif", whole[:len(whole) // 2])
    bad("tiff-head.tif", whole[:6])
    bad("tiff-no-directory.tif", whole[:4] + struct.pack("<I", 1 << 30) + whole[8:])
    bad("tiff-no-size.tif", tiff_of({257: ("H", [3]), 273: ("I", [-1]), 279: ("I", [9])}, bytes(9)))
    bad("tiff-large.tif", tiff_of({
        256: ("I", [60_000]), 257: ("I", [60_000]), 258: ("H", [8]), 259: ("H", [1]), 262: ("H", [1]),
        273: ("I", [-1]), 277: ("H", [1]), 279: ("I", [9])}, bytes(9)), "limit")
    bad("tiff-strip-outside.tif", tiff_of({
        256: ("H", [3]), 257: ("H", [3]), 258: ("H", [8]), 259: ("H", [1]), 262: ("H", [1]),
        273: ("I", [70_000]), 277: ("H", [1]), 278: ("H", [3]), 279: ("I", [9])}, bytes(9)))
    lzw = file_of(picture(), "TIFF", compression="tiff_lzw")
    bad("tiff-damaged-lzw.tif", lzw.replace(lzw[60:90], b"\xff" * 30))
    bad("tiff-odd-compression.tif", strips(rgb, compression=34_712), "unsupported")


# ---- GIF, BMP, PNM, QOI, ICO, TGA

def bmp_of(width, height, bits, rows, palette=b"", compression=0, masks=b""):
    size = len(rows)
    start = 54 + len(masks) + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, size, 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", start + size, 0, 0, start) + head + masks + palette + rows


def small_formats():
    few = picture().quantize(30)
    good("gif.gif", file_of(few, "GIF", interlace=0), "RGB")
    good("gif-interlaced.gif", file_of(few, "GIF", interlace=1), "RGB")
    good("gif-transparent.gif", file_of(few, "GIF", transparency=int(np.asarray(few)[0, 0])), "RGBA")
    good("gif-animated.gif", file_of(few, "GIF", save_all=True, append_images=[picture(n=3).quantize(30)]), "RGB")
    good("gif-gray.gif", file_of(picture("L"), "GIF"), "RGB")
    whole = file_of(few, "GIF")
    # Literals of eleven bits, of which Pillow takes the lower eight: clear codes between, so that none is longer.
    codes = [code for row in np.asarray(few).astype(int) for v in row for code in (2048, int(v) + 256)] + [2049]
    stream = sum(code << 12 * i for i, code in enumerate(codes)).to_bytes(len(codes) * 3 // 2 + 1, "little")
    blocks = b"".join(bytes([len(b)]) + b for b in (stream[i:i + 255] for i in range(0, len(stream), 255)))
    data = whole.index(b",", 13 + 3 * 32) + 10
    good("gif-long-codes.gif", whole[:data] + b"\x0b" + blocks + b"\0;", "RGB")
    bad("gif-twelve-bits.gif", whole[:data] + b"\x0c" + blocks + b"\0;")
    bad("gif-cut.gif", whole[:len(whole) // 2])
    bad("gif-head.gif", whole[:10])
    bad("gif-no-image.gif", whole[:13 + 3 * 32] + b";")

    good("bmp-rgb.bmp", file_of(picture(), "BMP"))
    good("bmp-palette.bmp", file_of(few, "BMP"), "RGB")
    good("bmp-gray.bmp", file_of(picture("L"), "BMP"))
    good("bmp-bilevel.bmp", file_of(picture("1"), "BMP"), "L")
    good("bmp-rgba.bmp", file_of(faded(), "BMP"))
    rgb = np.asarray(picture())
    padded = np.concatenate([rgb[..., ::-1].reshape(15, -1), np.zeros((15, 1), np.uint8)], axis=1)
    good("bmp-top-down.bmp", bmp_of(21, -15, 24, padded.tobytes()))
    colours = bytes(x for i in range(16) for x in (i * 16, 255 - i * 9, i * 3, 0))
    rows4 = b"".join(bytes([(x * 37 + y * 11) % 256 for x in range(12)]) for y in range(5))
    good("bmp-palette4.bmp", bmp_of(23, 5, 4, rows4, colours), "RGB")
    rle8 = bytes([3, 1, 2, 2, 0, 0, 0, 3, 4, 5, 6, 0, 2, 7, 0, 0, 5, 9, 0, 1])
    good("bmp-rle8.bmp", bmp_of(5, 3, 8, rle8, colours, compression=1), "RGB")
    whole = file_of(picture(), "BMP")
    bad("bmp-cut.bmp", whole[:len(whole) // 2])
    bad("bmp-head.bmp", whole[:30])
    bad("bmp-large.bmp", bmp_of(60_000, 60_000, 24, b"\0" * 99), "limit")
    bad("bmp-odd-depth.bmp", bmp_of(5, 5, 7, b"\0" * 99))

    good("pnm-p6.ppm", file_of(picture(), "PPM"))
    good("pnm-p5.pgm", file_of(picture("L"), "PPM"))
    good("pnm-p4.pbm", file_of(picture("1"), "PPM"), "L")
    gray = np.asarray(picture("L"))
    plain = " ".join(map(str, gray.ravel())).encode()
    good("pnm-p2.pgm", b"P2\n# a comment\n21 15\n255\n" + plain + b"\n", gray)
    good("pnm-p1.pbm", b"P1 4 2\n1 0 1 0\n0011\n", "L")
    good("pnm-p3.ppm", b"P3 2 1 255\n1 2 3 4 5 6\n")
    good("pnm-p5-16.pgm", b"P5 21 15 65535\n" + gray16().astype(">u2").tobytes(), gray16())
    good("pnm-p7.pam", b"P7\nWIDTH 21\nHEIGHT 15\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
         + faded().tobytes(), np.asarray(faded()))
    bad("pnm-cut.ppm", file_of(picture(), "PPM")[:400])
    bad("pnm-head.pgm", b"P5 21")
    bad("pnm-large.pgm", b"P5 60000 60000 255\n", "limit")
    bad("pnm-too-bright.pgm", b"P2 2 1 100\n99 101\n")
    bad("pnm-no-number.pgm", b"P2 2 1 255\n9 x\n")

    good("qoi-rgb.qoi", file_of(picture(), "QOI"))
    good("qoi-rgba.qoi", file_of(faded(), "QOI"))
    whole = file_of(picture(), "QOI")
    bad("qoi-cut.qoi", whole[:len(whole) // 2])
    bad("qoi-large.qoi", b"qoif" + struct.pack(">II", 60_000, 60_000) + b"\3\0" + b"\xc0" * 99, "limit")
    bad("qoi-odd-channels.qoi", whole[:12] + b"\5" + whole[13:])

    square = faded().resize((16, 16))
    good("ico-png.ico", file_of(square, "ICO", sizes=[(16, 16)]))
    good("ico-bmp.ico", file_of(square, "ICO", sizes=[(16, 16)], bitmap_format="bmp"))
    good("ico-two.ico", file_of(square, "ICO", sizes=[(8, 8), (16, 16)]))
    bad("ico-cut.ico", file_of(square, "ICO", sizes=[(16, 16)])[:60])

    for mode in ("L", "LA", "RGB", "RGBA"):
        for packing in (None, "tga_rle"):
            name = f"tga-{mode.lower()}{'-rle' if packing else ''}.tga"
            good(name, file_of(faded().convert(mode), "TGA", compression=packing))
    good("tga-palette.tga", file_of(picture().quantize(40), "TGA"), "RGB")
    good("tga-bottom-up.tga", file_of(picture(), "TGA", orientation=-1))
    good("tga-top-down.tga", file_of(picture(), "TGA", orientation=1))
    bad("tga-cut.tga", file_of(picture(), "TGA")[:300])


def others():
    """Files that are no images, or of formats that are named and not read."""
    for name, data in {
        "empty.bin": b"", "text.txt": b"not an image, only text\n", "svg.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "pickle.pkl": b"\x80\x04K\x01.", "objects.npy": npy(np.array([None])),
        "heic.heic": b"\0\0\0\x1cftypheic" + bytes(20), "zeros.bin": bytes(200), "gzip.gz": b"\x1f\x8b\x08" + bytes(20),
    }.items():
        bad(name, data, "unsupported")


def make_images():
    shutil.rmtree(IMAGES, ignore_errors=True)
    (IMAGES / "bad").mkdir(parents=True)
    pngs()
    lossy()
    tiffs()
    small_formats()
    others()
    manifest = {"images": FOUND, "bad": REFUSED}
    lines = [f' "{name}": {json.dumps(entry)}' for name, entry in sorted(FOUND.items())]
    kinds = [f' "{name}": {json.dumps(kind)}' for name, kind in sorted(REFUSED.items())]
    text = '{"images": {\n' + ",\n".join(lines) + '\n},\n"bad": {\n' + ",\n".join(kinds) + "\n}}\n"
    assert json.loads(text) == manifest
    (IMAGES / "manifest.json").write_text(text)
