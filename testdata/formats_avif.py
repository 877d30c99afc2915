"""Files of AVIF, and damaged ones, for make_formats.py.

The pixels are those of Pillow, or of imagecodecs where Pillow narrows 10 and 12 bits or makes RGBA of gray with alpha.
"""
import imagecodecs
import numpy as np
from PIL import Image

from pictures import crop, file_of, seen

from avif_boxes import grid_data, item, put_together, size_box, streams, with_signal

SIZE = dict(height=15, width=21)


def avif(image, **options):
    return file_of(image, "AVIF", **{"speed": 4, "quality": 60, **options})


def faded(**size):
    image = crop(2, **(SIZE | size)).convert("RGBA")
    w, h = image.size
    image.putalpha(Image.fromarray((np.arange(w * h) * 5 % 256).astype(np.uint8).reshape(h, w)))
    return image


def deep(bits, channels, **options):
    a = np.asarray(crop(2, **SIZE)).astype(np.uint16) << (bits - 8)
    a = np.dstack([a, a[..., :1][::-1]])[..., [0] if channels == 1 else [0, 3] if channels == 2 else list(range(channels))]
    return imagecodecs.avif_encode(np.squeeze(a), 70, bitspersample=bits, speed=4, **options)


def turned(data, *boxes):
    color = streams(data)[0]
    return put_together([item(color[2], color[3] + [(1, b) for b in boxes])])


def avifs():
    photo = crop(2, **SIZE)
    for sub in ("444", "422", "420", "400"):
        good(f"avif-{sub}.avif", avif(photo, subsampling=":".join(sub)))
    good("avif-limited.avif", avif(photo, range="limited"))
    good("avif-lossless.avif", avif(photo, quality=100, subsampling="4:4:4"))
    good("avif-1x1.avif", avif(crop(2, height=1, width=1)))
    good("avif-alpha.avif", avif(faded()))
    good("avif-multiplied.avif", avif(faded(), alpha_premultiplied=True))
    gray = avif(faded(), subsampling="4:0:0")
    good("avif-gray-alpha.avif", gray, imagecodecs.avif_decode(gray))
    good("avif-gray.avif", avif(photo.convert("L")))
    for bits in (10, 12):
        for channels, sub in ((1, "400"), (3, "420"), (4, "444")):
            data = deep(bits, channels, pixelformat=sub)
            good(f"avif-{bits}-{sub}{'-alpha' if channels == 4 else ''}.avif", data, imagecodecs.avif_decode(data))
    for name, matrix in (("709", 1), ("fcc", 4), ("ycgco", 8), ("2020", 9)):
        good(f"avif-matrix-{name}.avif", with_signal(avif(photo), 1, matrix))
    good("avif-grain.avif", avif(photo, advanced={"film-grain-test": "1"}))
    plain = avif(photo)
    irot, imir = (lambda n: b"\0\0\0\x09irot" + bytes([n])), (lambda n: b"\0\0\0\x09imir" + bytes([n]))
    good("avif-turned.avif", turned(plain, irot(1)))
    good("avif-turned-mirrored.avif", turned(plain, irot(3), imir(0)))
    color, alpha = streams(avif(faded()))[:2]
    both, refs = [item(color[2], color[3]), item(alpha[2], alpha[3])], [(b"auxl", 2, [1])]
    good("avif-idat.avif", put_together(both, references=refs, iloc=1, method=1, extents=2, endless=True))
    good("avif-large-numbers.avif", put_together(both, references=refs, iloc=2, big=True, wide_links=True, gap=b"xyz", extents=3))
    good("avif-sequence.avif", film(crop(2, **SIZE), crop(3, **SIZE), crop(4, **SIZE)), seen(film(crop(2, **SIZE), crop(3, **SIZE), crop(4, **SIZE))))
    moving = [faded(), faded().transpose(0), faded().transpose(1)]
    good("avif-sequence-alpha.avif", film(*moving), seen(film(*moving)))
    parts = [streams(avif(Image.new("RGB", (64, 64), c), quality=30))[0] for c in ((200, 30, 40), (20, 220, 60), (90, 90, 250), (9, 9, 9))]
    shared = [(e, p) for e, p in parts[0][3] if p[4:8] in (b"colr", b"pixi")] + [(0, size_box(102, 98))]
    grid = item(grid_data(2, 2, 102, 98), shared, b"grid")
    cells = [item(p[2], p[3]) for p in parts]
    good("avif-grid.avif", put_together([grid] + cells, references=[(b"dimg", 1, [2, 3, 4, 5])]))

    bad("avif-cut.avif", plain[:-20])
    bad("avif-head.avif", plain[:60])
    bad("avif-no-item.avif", plain.replace(b"pitm\0\0\0\0\0\1", b"pitm\0\0\0\0\0\7"))
    bad("avif-no-size.avif", put_together([item(color[2], [p for p in color[3] if p[1][4:8] != b"ispe"])]))
    bad("avif-other-size.avif", put_together([item(color[2], [p for p in color[3] if p[1][4:8] != b"ispe"] + [(0, size_box(21, 16))])]), "unsupported")
    bad("avif-large.avif", put_together([item(color[2], [p for p in color[3] if p[1][4:8] != b"ispe"] + [(0, size_box(60000, 60000))])]), "limit")
    bad("avif-strange.avif", turned(plain, b"\0\0\0\x0bxxxx\1\2\3"), "unsupported")
    bad("avif-alpha-without-size.avif", put_together([both[0], item(alpha[2], [p for p in alpha[3] if p[1][4:8] != b"ispe"])], references=refs))
    bad("avif-grid-repeated.avif", put_together([grid] + cells, references=[(b"dimg", 1, [2, 3, 4, 4])]))
    bad("avif-grid-short.avif", put_together([grid] + cells, references=[(b"dimg", 1, [2, 3, 4])]))
    bad("avif-curved-matrix.avif", with_signal(plain, 9, 10), "unsupported")
    bad("avif-damaged.avif", put_together([item(color[2][:14] + b"\xff" * 9 + color[2][23:], color[3])]))


def film(*images):
    return avif(images[0], save_all=True, append_images=list(images[1:]), speed=6)


def write(good_file, bad_file):
    global good, bad
    bad = bad_file

    def good(name, data, want=None):
        good_file(name, data, seen(data) if want is None else want)

    avifs()
