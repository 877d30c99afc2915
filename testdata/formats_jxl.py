"""Files of JPEG XL, and damaged ones, for make_formats.py. Needs cjxl (Debian: libjxl-tools)."""
import subprocess
import tempfile
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from pictures import crop, file_of, pixels

SIZE = dict(height=15, width=21)


# ---- JPEG XL

def cjxl(source, suffix, *options):
    """The file that cjxl makes of another file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        src, dst = Path(folder, "in" + suffix), Path(folder, "out.jxl")
        src.write_bytes(source)
        subprocess.run(["cjxl", src, dst, "--quiet", *options], check=True, capture_output=True)
        return dst.read_bytes()


def head_of(data):
    """The headers of a bare codestream of less than 513 pixels a side as bits, and the bytes of its frames."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in data[2:])
    # Size; metadata without extra fields, 8-bit integers; extra channels; sRGB, not of XYB.
    assert bits[:3] == "000" and bits[12:17] == "00000" and bits[26:32] == "000001", bits[:40]
    end = 34 + (bits[32:34] == "10") + 5
    assert bits[end - 5:end].endswith("001"), bits[:end]
    whole = -(-end // 8)
    return bits[:end], data[2 + whole:]


def file_of_head(bits, rest):
    """The opposite of `head_of`."""
    bits += "0" * (-len(bits) % 8)
    return b"\xff\x0a" + bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8)) + rest


def jpegxl():
    encode = imagecodecs.jpegxl_encode
    for mode in ("L", "LA", "RGB", "RGBA"):
        a = pixels(2, mode=mode, **SIZE)
        good(f"jxl-{mode.lower()}.jxl", encode(a, lossless=True), a)
    rgb = pixels(2, **SIZE)
    good("jxl-container.jxl", encode(rgb, lossless=True, usecontainer=True), rgb)
    good("jxl-1x1.jxl", encode(rgb[:1, :1], lossless=True), rgb[:1, :1])
    good("jxl-fast.jxl", encode(pixels(2, height=37, width=43), lossless=True, effort=1), pixels(2, height=37, width=43))
    deep = rgb.astype(np.uint16) * 256 + rgb[::-1]
    for bits in (1, 4, 10, 12):
        a = (deep[..., 0] >> (16 - bits)).astype(np.uint8 if bits <= 8 else np.uint16)
        good(f"jxl-gray{bits}.jxl", encode(a, lossless=True, bitspersample=bits), a)
    good("jxl-gray16.jxl", encode(deep[..., 0], lossless=True), deep[..., 0])
    good("jxl-rgb16.jxl", encode(deep, lossless=True), deep)
    for dtype in (np.float16, np.float32):
        a = (deep / 65535).astype(dtype)
        good(f"jxl-{a.dtype.name}.jxl", encode(a, lossless=True), a)
    for orientation in (3, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        png = file_of(crop(2, **SIZE), "PNG", exif=exif)
        good(f"jxl-orientation{orientation}.jxl", cjxl(png, ".png", "-d", "0", "--container=0"), rgb)
    alpha = pixels(2, mode="RGBA", **SIZE).copy()
    alpha[..., 3] = np.arange(21) * 12
    head, rest = head_of(encode(alpha, lossless=True))
    assert head[31:36] == "11010"
    # One extra channel, not the default one: alpha of 8 bits without a name, multiplied.
    data = file_of_head(head[:34] + "0" + "00" + "000" + "00" + "00" + "1" + head[35:], rest)
    good("jxl-premultiplied.jxl", data, imagecodecs.jpegxl_decode(data))
    frames = [crop(n, **SIZE) for n in range(4)]
    frames[2] = frames[1].copy()
    frames[2].paste((250, 10, 0), (3, 2, 12, 9))
    gif = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    data = cjxl(gif, ".gif", "-d", "0")
    good("jxl-animated.jxl", data, imagecodecs.jpegxl_decode(data)[0])
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    good("jxl-extra.jxl", encode(planes, lossless=True, planar=True, photometric=1), planes[0])

    whole = encode(rgb, lossless=True)
    bad("jxl-cut.jxl", whole[:len(whole) // 2])
    bad("jxl-head.jxl", whole[:5])
    bad("jxl-signature.jxl", whole[:2])
    bad("jxl-container-cut.jxl", encode(rgb, lossless=True, usecontainer=True)[:100])
    head, rest = head_of(whole)
    # 60,000 rows, and as many columns.
    bad("jxl-large.jxl", file_of_head("0" + "01" + f"{59_999:018b}"[::-1] + "100" + head[26:], rest), "limit")
    # Integers of 24 bits.
    assert head[28:31] == "000"
    bad("jxl-deep.jxl", file_of_head(head[:29] + "11" + f"{23:06b}"[::-1] + head[31:], rest), "unsupported")


def lossy():
    """Files without a CRC: lossy pixels differ by one from those of libjxl, which dithers bytes."""
    photo = crop(2, height=37, width=43)
    coded = imagecodecs.jpegxl_encode(np.asarray(photo), lossless=False, distance=1)
    good("jxl-lossy.jxl", coded, np.asarray(photo), near=True)
    jpeg = file_of(photo, "JPEG", quality=80)
    good("jxl-jpeg.jxl", cjxl(jpeg, ".jpg", "-j", "1"), np.asarray(photo), near=True)


def write(good_file, bad_file):
    global good, bad
    good, bad = good_file, bad_file
    jpegxl()
    lossy()
