"""Files of JPEG 2000, and damaged ones, for make_formats.py."""
import struct

import imagecodecs
import numpy as np
from PIL import Image

from pictures import crop, file_of, pixels, seen

SIZE = dict(height=15, width=21)


# ---- JPEG 2000

def jp2_box(name, data):
    return struct.pack(">I4s", 8 + len(data), name) + data


def jp2_of(stream, boxes, space=16):
    """A JP2 file around a codestream, with these boxes in its header."""
    height, width, n = struct.unpack(">I", stream[12:16])[0], struct.unpack(">I", stream[8:12])[0], stream[41]
    head = jp2_box(b"ihdr", struct.pack(">IIHBBBB", height, width, n, 7, 7, 0, 0))
    colr = jp2_box(b"colr", b"\1\0\0" + struct.pack(">I", space))
    return (jp2_box(b"jP  ", b"\r\n\x87\n") + jp2_box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
            + jp2_box(b"jp2h", head + colr + boxes) + jp2_box(b"jp2c", stream))


def j2k(image, **options):
    """The codestream alone."""
    return file_of(image, "JPEG2000", no_jp2=True, **options)


def jpeg2000():
    size = SIZE
    for mode in ("L", "LA", "RGB", "RGBA"):
        image = crop(2, mode=mode, **size)
        good(f"jpeg2000-{mode.lower()}.jp2", file_of(image, "JPEG2000"))
    rgb = crop(2, **size)
    good("jpeg2000-codestream.j2k", j2k(rgb, mct=1))
    good("jpeg2000-lossy53.jp2", file_of(crop(2, mode="L", height=37, width=43), "JPEG2000", quality_mode="rates", quality_layers=[20, 5]))
    good("jpeg2000-tiled.jp2", file_of(crop(2, height=37, width=43), "JPEG2000", tile_size=(16, 16), num_resolutions=2, progression="RPCL"))
    good("jpeg2000-offset.jp2", file_of(rgb, "JPEG2000", offset=(20, 10), tile_offset=(3, 4), tile_size=(30, 20)))
    good("jpeg2000-1x1.jp2", file_of(crop(2, height=1, width=1), "JPEG2000"))
    deep = pixels(2, **size).astype(np.uint16)
    deep = deep * 256 + deep[::-1]
    encode = imagecodecs.jpeg2k_encode
    lossless = dict(level=0, reversible=True, codecformat="j2k")
    for bits in (1, 4, 12):
        a = (deep[..., 0] >> (16 - bits)).astype(np.uint8 if bits <= 8 else np.uint16)
        good(f"jpeg2000-gray{bits}.j2k", encode(a, bitspersample=bits, **lossless), a)
    good("jpeg2000-gray16.j2k", encode(deep[..., 0], **lossless), deep[..., 0])
    good("jpeg2000-rgb16.j2k", encode(deep, **lossless), deep)
    signed = (deep[..., 0].astype(int) - 2**15).astype(np.int16)
    good("jpeg2000-int16.j2k", encode(signed, **lossless), signed)
    good("jpeg2000-int8.j2k", encode((signed >> 8).astype(np.int8), **lossless), (signed >> 8).astype(np.int8))
    five = np.dstack([pixels(2, **size), pixels(3, **size)[..., :2]])
    good("jpeg2000-five.j2k", encode(five, mct=False, **lossless), five)

    few = rgb.quantize(30)
    index, colors = np.asarray(few), np.array(few.getpalette()[:90], np.uint8).reshape(30, 3)
    stream = j2k(Image.fromarray(index))
    table = jp2_box(b"pclr", struct.pack(">HB", 30, 3) + b"\7\7\7" + colors.tobytes())
    cmap = jp2_box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, c) for c in range(3)))
    good("jpeg2000-palette.jp2", jp2_of(stream, table + cmap), colors[index])
    good("jpeg2000-sycc.jp2", jp2_of(j2k(rgb), b"", 18))
    good("jpeg2000-cmyk.jp2", jp2_of(j2k(crop(2, mode="RGBA", **size)), b"", 12), "RGB")
    good("jpeg2000-lab.jp2", jp2_of(j2k(rgb), b"", 14))
    turned = jp2_box(b"cdef", struct.pack(">H9H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1))
    good("jpeg2000-bgr.jp2", jp2_of(j2k(rgb), turned), np.asarray(rgb)[..., ::-1])

    whole = j2k(crop(2, mode="L", **size))
    good("jpeg2000-no-end.j2k", whole[:-2], np.asarray(crop(2, mode="L", **size)))
    at = whole.index(b"\xff\x90")
    good("jpeg2000-open-tile.j2k", whole[:at + 6] + bytes(4) + whole[at + 10:], np.asarray(crop(2, mode="L", **size)))

    jp2 = file_of(rgb, "JPEG2000")
    bad("jpeg2000-cut.jp2", jp2[:len(jp2) // 2])
    bad("jpeg2000-cut-tiles.j2k", (lambda d: d[:d.rindex(b"\xff\x90")])(j2k(rgb, tile_size=(8, 8), num_resolutions=1)))
    bad("jpeg2000-signature.jp2", jp2[:12])
    bad("jpeg2000-no-codestream.jp2", jp2[:jp2.index(b"jp2c") - 4])
    large = whole[:8] + struct.pack(">II", 60_000, 60_000) + whole[16:]
    bad("jpeg2000-large.j2k", large, "limit")
    cod = whole.index(b"\xff\x52")
    bad("jpeg2000-htj2k.j2k", whole[:cod + 12] + b"\x40" + whole[cod + 13:], "unsupported")
    bad("jpeg2000-layers.j2k", whole[:cod + 6] + b"\0\x64" + whole[cod + 8:], "unsupported")
    # A picture of a few bytes in a million blocks.
    tiny = whole[:8] + struct.pack(">II", 4000, 4000) + whole[16:24] + struct.pack(">II", 4000, 4000) + whole[32:]
    tiny = tiny[:cod + 4] + b"\1" + tiny[cod + 5:cod + 10] + b"\0\0" + tiny[cod + 12:cod + 14] + b"\x11" * 6 + tiny[cod + 14:]
    tiny = tiny[:cod + 2] + struct.pack(">H", 18) + tiny[cod + 4:]
    bad("jpeg2000-tiny-blocks.j2k", tiny, "limit")
    bad("jpeg2000-unequal.jp2", jp2_of(unequal(j2k(crop(2, mode="LA", **size))), b"", 17), "unsupported")


def unequal(stream):
    """With 7 bits said of its second component."""
    return stream[:45] + b"\6" + stream[46:]


def write(good_file, bad_file):
    global good, bad
    bad = bad_file

    def good(name, data, want=None):
        good_file(name, data, seen(data, want) if want is None or isinstance(want, str) else want)

    jpeg2000()
