"""The cases of the pixel options: modes, orientation, sizes, dtypes and layout, with Pillow as the oracle."""
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

BILINEAR = Image.Resampling.BILINEAR


def mixed(p):
    """Image files of three sizes, four modes and three orientations, as one input may hold them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = exif.tobytes()
    exif[0x0112] = 3
    return [
        p.file_of(p.crop(0, height=40, width=60), "PNG"),
        p.file_of(p.crop(1, height=60, width=40, mode="L"), "PNG"),
        p.file_of(p.crop(2, height=40, width=60), "JPEG", quality=90, exif=sideways),
        p.file_of(clear(p, 3), "PNG"),
        p.file_of(p.crop(4, height=44, width=52), "WEBP", lossless=True, exif=exif.tobytes()),
        p.file_of(p.crop(5, height=40, width=60), "TIFF", tiffinfo={274: 8}),
    ]


def clear(p, n, height=40, width=60):
    """A picture whose alpha runs from 0 to 255."""
    image = p.crop(n, height=height, width=width, mode="RGBA")
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    image.putalpha(Image.fromarray(np.ascontiguousarray(np.broadcast_to(ramp, (height, width)))))
    return image


def stored(data):
    """As stored: TIFF orientation, which Pillow applies on loading, taken off."""
    image = Image.open(io.BytesIO(data))
    if image.format == "TIFF":
        image.tag_v2[274] = 1
        image.getexif()[274] = 1
    image.load()
    return image


def upright(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data)))


def tiff(array, photometric, bits=8, alpha=None):
    """An uncompressed TIFF of packed rows, for what Pillow does not write. `alpha` is ExtraSamples."""
    height, width, channels = array.shape
    data = packed(array, bits)
    fields = [(256, [width]), (257, [height]), (258, [bits] * channels), (262, [photometric]), (273, [8]),
              (277, [channels]), (278, [height]), (279, [len(data)]), *([(338, [alpha])] if alpha else [])]
    at, near, far = 8 + len(data), struct.pack("<H", len(fields)), b""
    end = at + 2 + 12 * len(fields) + 4
    for tag, values in fields:
        kind = "H" if len(values) > 1 or tag == 338 else "I"
        raw = struct.pack(f"<{len(values)}{kind}", *values)
        if len(raw) > 4:
            far, raw = far + raw, struct.pack("<I", end + len(far))
        near += struct.pack("<HHI", tag, 3 if kind == "H" else 4, len(values)) + raw.ljust(4, b"\0")
    return struct.pack("<2sHI", b"II", 42, at) + data + near + bytes(4) + far


def packed(array, bits):
    if bits >= 8:
        return array.astype(f"<u{bits // 8}").tobytes()
    spread = (array.reshape(len(array), -1, 1) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.reshape(len(array), -1).astype(np.uint8), axis=1).tobytes()


def gray_png(array, bits):
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = np.frombuffer(packed(array, bits), np.uint8).reshape(len(array), -1)
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], bits, 0, 0, 0, 0)
    data = zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def with_xmp(p):
    """Images that say their orientation in XMP, and some that say it in EXIF too."""
    attribute = lambda n: f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{n}"/>'
    element = lambda n: f"<rdf:Description><tiff:Orientation>{n}</tiff:Orientation></rdf:Description>"
    picture = lambda n: p.crop(n, height=32, width=32)
    exif = Image.Exif()
    exif[0x0112] = 3
    plain = Image.Exif()
    plain[0x010E] = "a picture"
    made = []

    def text(add):
        info = PngInfo()
        add(info)
        return info

    name = "XML:com.adobe.xmp"
    for info in (
        text(lambda i: i.add_itxt(name, attribute(6))),
        text(lambda i: i.add_itxt(name, element(8), zip=True)),
        text(lambda i: i.add_text(name, attribute(2))),
        text(lambda i: i.add_text(name, element(4), zip=True)),
        text(lambda i: (i.add_itxt(name, attribute(6)), i.add_text(name, attribute(3)))),
        text(lambda i: i.add_itxt(name, attribute(9) + attribute(6))),
        text(lambda i: i.add_itxt(name, "tiff:Orientation='6'" + element(5))),
        text(lambda i: i.add_text("Raw profile type exif", f"\nexif\n{len(exif.tobytes()):8}\n{exif.tobytes().hex()}\n", zip=True)),
        text(lambda i: i.add_itxt("another", attribute(6))),
    ):
        made.append(p.file_of(picture(len(made)), "PNG", pnginfo=info))
    made.append(p.file_of(picture(9), "PNG", pnginfo=text(lambda i: i.add_itxt(name, attribute(6))), exif=exif.tobytes()))
    for format in ("JPEG", "WEBP"):
        more = {"quality": 90} if format == "JPEG" else {"lossless": True}
        made.append(p.file_of(picture(10), format, xmp=attribute(7).encode(), **more))
        made.append(p.file_of(picture(11), format, xmp=attribute(7).encode(), exif=exif.tobytes(), **more))
        made.append(p.file_of(picture(12), format, xmp=element(5).encode(), exif=plain.tobytes(), **more))
    made.append(p.file_of(picture(13), "TIFF", tiffinfo={700: attribute(6).encode()}))
    made.append(p.file_of(picture(14), "TIFF", tiffinfo={700: attribute(6).encode(), 274: 3}))
    return made


def write(p):
    """Writes the cases; `p` is make.py with its pictures and `case`."""
    files = mixed(p)
    size = ["--size", "20,24"]
    rgb = lambda image: image.convert("RGB")
    for fit, make in {
        "stretch": lambda im: im.resize((24, 20), BILINEAR),
        "crop": lambda im: ImageOps.fit(im, (24, 20), BILINEAR),
        "pad": lambda im: ImageOps.pad(im, (24, 20), BILINEAR),
    }.items():
        p.case(f"size-{fit}", p.images(files), [np.asarray(make(rgb(upright(b)))) for b in files],
               ["--mode", "RGB", "--exif-transpose", *size, "--fit", fit])
    p.case("size-needs-fit", p.images(files), None, size, exit=2)
    p.case("size-same-aspect", p.images(files[:1] * 2), [np.asarray(stored(files[0]).resize((24, 16), BILINEAR))] * 2,
           ["--size", "16,24"])
    p.case("size-as-stored", p.images(files[:1] * 2), [np.asarray(stored(files[0]))] * 2, ["--size", "40,60"])
    p.case("size-aspect-rejected", p.images([files[0]] * 64 + [files[1], files[0]]),
           [np.asarray(stored(files[0]).resize((24, 16), BILINEAR))] * 65, ["--size", "16,24", "--mode", "RGB"],
           exit=3, rejects=[(65, "shape")])
    p.case("size-mixed-promoted", p.images(files[:4]),
           [np.asarray(ImageOps.fit(stored(b).convert("RGBA"), (24, 20), BILINEAR)) for b in files[:4]],
           [*size, "--fit", "crop"])
    p.case("exif-transpose", p.images(files[i] for i in (2, 5)), [np.asarray(upright(files[i])) for i in (2, 5)],
           ["--exif-transpose"])
    turned = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned.append(p.file_of(p.crop(orientation, height=32, width=32), "PNG", exif=exif.tobytes()))
    p.case("exif-transpose-all", p.images(turned), [np.asarray(upright(b)) for b in turned], ["--exif-transpose"])

    xmp = with_xmp(p)
    p.case("exif-transpose-xmp", p.images(xmp), [np.asarray(upright(b)) for b in xmp], ["--exif-transpose"])

    alpha = [p.file_of(clear(p, n), "PNG") for n in range(2)]
    for mode in ("L", "LA", "RGB", "RGBA"):
        p.case(f"mode-{mode.lower()}", p.images(alpha), [np.asarray(stored(b).convert(mode)) for b in alpha], ["--mode", mode])
    p.case("mode-bgr", p.images(files[:1]), [np.asarray(stored(files[0]))[..., ::-1]], ["--mode", "BGR"])

    def on_white(data):
        image = stored(data)
        under = Image.new("RGB", image.size, "white")
        under.paste(image, mask=image.getchannel("A"))
        return under

    p.case("background", p.images(alpha), [np.asarray(on_white(b)) for b in alpha], ["--mode", "RGB", "--background", "white"])
    p.case("background-gray", p.images(alpha), [np.asarray(on_white(b).convert("L")) for b in alpha],
           ["--mode", "L", "--background", "#ffffff"])

    # Colours above their alpha, which no multiplication gives, too.
    associated = [np.asarray(clear(p, n)) for n in range(2)]
    opened = lambda a: Image.open(io.BytesIO(tiff(a, 2, alpha=1)))
    files_of = lambda arrays, *how: p.images(tiff(a, *how, alpha=1) for a in arrays)
    p.case("premultiplied-stored", files_of(associated, 2), associated)
    p.case("premultiplied-rgba", files_of(associated, 2), [np.asarray(opened(a)) for a in associated], ["--mode", "RGBA"])
    p.case("premultiplied-background", files_of(associated, 2), [np.asarray(on_white(tiff(a, 2, alpha=1))) for a in associated],
           ["--mode", "RGB", "--background", "white"])
    p.case("premultiplied-size", files_of(associated, 2), [np.asarray(opened(a).resize((24, 16), BILINEAR)) for a in associated],
           ["--size", "16,24"])
    p.case("premultiplied-size-as-stored", files_of(associated, 2), [np.asarray(opened(a)) for a in associated],
           ["--size", "40,60"])
    gray = [np.ascontiguousarray(a[..., 1::2]) for a in associated]
    opened_gray = lambda a: Image.open(io.BytesIO(tiff(a, 1, alpha=1))).convert("LA")
    p.case("premultiplied-gray", files_of(gray, 1), [np.asarray(opened_gray(a)) for a in gray], ["--mode", "LA"])
    p.case("premultiplied-gray-size", files_of(gray, 1), [np.asarray(opened_gray(a).convert("L").resize((24, 16), BILINEAR)) for a in gray],
           ["--mode", "L", "--size", "16,24"])
    deep = [(a.astype(np.uint32) * 257).astype(np.uint16) for a in associated]
    full = lambda a: np.where(a[..., 3:] == 0, 0, np.minimum(a[..., :3] * np.uint64(65535) // np.maximum(a[..., 3:], 1), 65535)).astype(np.uint16)
    p.case("premultiplied-16-bit", files_of(deep, 2, 16), [full(a) for a in deep], ["--mode", "RGB"])

    labels = [p.crop(n).quantize(16) for n in range(2)]
    for format in ("PNG", "GIF", "BMP", "TIFF"):
        masks = [p.file_of(im, format) for im in labels]
        p.case(f"mode-p-{format.lower()}", p.images(masks), [np.asarray(stored(b)) for b in masks], ["--mode", "P"])
    few = [p.file_of(p.crop(n).quantize(4), "PNG", bits=2) for n in range(2)]
    p.case("mode-p-two-bits", p.images(few), [np.asarray(stored(b)) for b in few], ["--mode", "P"])
    for bits in (1, 2, 4):
        stored_labels = [(p.pixels(n, mode="L") >> (8 - bits)) for n in range(2)]
        masks = [*(gray_png(a, bits) for a in stored_labels), *(tiff(a[..., None], 1 - n, bits) for n, a in enumerate(stored_labels))]
        p.case(f"mode-p-gray-{bits}-bit", p.images(masks), stored_labels * 2, ["--mode", "P"])
    p.case("mode-p-nearest", p.images(p.file_of(im, "PNG") for im in labels),
           [np.asarray(im.resize((20, 15), Image.Resampling.NEAREST)) for im in labels],
           ["--mode", "P", "--size", "15,20", "--resample", "nearest"])
    p.case("mode-p-no-palette", p.images([p.file_of(labels[0], "PNG"), p.png(1)]), [np.asarray(labels[0])],
           ["--mode", "P"], exit=3, rejects=[(2, "shape")])

    deep = [p.deep(n)[..., 0] for n in range(2)]
    p.case("size-16-bit", p.images(p.png16(a) for a in deep),
           [np.asarray(Image.fromarray(a).resize((20, 15), BILINEAR)) for a in deep], ["--size", "15,20"])
    color = [p.deep(n) for n in range(2)]
    each = lambda a: np.stack([np.asarray(Image.fromarray(np.ascontiguousarray(a[..., c])).resize((20, 15), BILINEAR)) for c in range(3)], -1)
    p.case("size-16-bit-colour", p.images(p.png16(a) for a in color), [each(a) for a in color], ["--size", "15,20"])
    p.case("scale-full", p.images(p.png16(a) for a in color),
           [((a.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8) for a in color],
           ["--dtype", "uint8", "--scale", "full"])
    p.case("dtype-out-of-range", p.images([p.png16(deep[0]), p.png16(deep[1] % 200)]), [(deep[1] % 200).astype(np.uint8)],
           ["--dtype", "uint8"], exit=3, rejects=[(1, "shape")])
    p.case("dtype-mixed-depth", p.images([p.file_of(p.crop(0, mode="L"), "PNG"), p.png16(deep[1])]),
           [p.pixels(0, mode="L").astype(np.uint16) * 257, deep[1]], ["--dtype", "uint16", "--scale", "full"])

    pictures = [p.pixels(n) for n in range(3)]
    files = [p.png(n) for n in range(3)]
    unit = [(a / np.float32(255)).astype(np.float32) for a in pictures]
    p.case("scale-unit", p.images(files), unit, ["--scale", "unit"])
    p.case("scale-unit-half", p.images(files), [a.astype(np.float16) for a in unit], ["--scale", "unit", "--dtype", "float16"])
    p.case("layout-chw", p.images(files), [a.transpose(2, 0, 1) for a in pictures], ["--layout", "chw"])
    gray = p.file_of(p.crop(0, mode="L"), "PNG")
    p.case("layout-chw-promoted", p.images([gray, files[1]]),
           [np.stack([p.pixels(0, mode="L")] * 3), pictures[1].transpose(2, 0, 1)], ["--layout", "chw"])
    mean, std = (np.array(v, np.float32) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    small = [np.asarray(Image.fromarray(a).resize((16, 12), BILINEAR)) for a in pictures]
    p.case("imagenet", p.images(files),
           [((a / np.float32(255) - mean) / std).transpose(2, 0, 1) for a in small],
           ["--size", "12,16", "--normalize", "imagenet", "--layout", "chw"])
    p.case("normalize-given", p.images(files), [(a - np.float32(127.5)) / np.float32(127.5) for a in pictures],
           ["--normalize", "127.5/127.5"])

    def pages(first, count):
        images = [p.crop(first + i) for i in range(count)]
        return p.file_of(images[0], "TIFF", save_all=True, append_images=images[1:])

    stacks = [pages(0, 3), pages(3, 3)]
    p.case("frames-all", p.images(stacks), [np.stack([p.pixels(3 * i + j) for j in range(3)]) for i in range(2)],
           ["--frames", "all"])
    p.case("frames-all-resized", p.images(stacks),
           [np.stack([np.asarray(p.crop(3 * i + j).resize((16, 12), BILINEAR)).transpose(2, 0, 1) for j in range(3)]) for i in range(2)],
           ["--frames", "all", "--size", "12,16", "--layout", "chw"])
    p.case("frames-index", p.images([*stacks, p.png(0)]), [p.pixels(2), p.pixels(5)], ["--frames", "index:2"],
           exit=3, rejects=[(3, "shape")])
    p.case("frames-differ", p.images([stacks[0], pages(0, 2)]), None, ["--frames", "all"], exit=2)
    write_films(p)
    write_stacks(p)


def film(p, format, first, **options):
    """An animation of three pictures, of which the later ones cover a part of the first."""
    cover = clear(p, first, 24, 32)
    frames = [cover]
    for n in range(2):
        frame = cover.copy()
        frame.paste(clear(p, first + n + 1, 12, 16), (4 + 9 * n, 3 + 6 * n))
        frames.append(frame)
    if format == "GIF":
        for frame in frames:
            frame.putalpha(frame.getchannel("A").point(lambda a: 255 * (a > 99)))
    return p.file_of(frames[0], format, save_all=True, append_images=frames[1:], **options)


def shown(data, frame, mode="RGBA"):
    """A frame as Pillow shows it. From a fresh file: frames loaded before change what it puts back."""
    import io
    image = Image.open(io.BytesIO(data))
    image.seek(frame)
    return np.asarray(image.convert(mode))


def write_films(p):
    """Animations: all frames, one, and damaged ones."""
    kinds = {
        "gif": [film(p, "GIF", n, disposal=[n, 2, 3]) for n in (0, 2)],
        "webp": [film(p, "WEBP", n, lossless=True) for n in (0, 3)],
        "apng": [film(p, "PNG", n, disposal=[0, 2, 1], blend=[0, 1, n & 1]) for n in (0, 3)],
    }
    for name, films in kinds.items():
        p.case(f"frames-{name}", p.images(films), [np.stack([shown(b, n) for n in range(3)]) for b in films],
               ["--frames", "all"])
        p.case(f"frames-{name}-index", p.images(films), [shown(b, 2) for b in films], ["--frames", "index:2"])
        broken = films[0][:len(films[0]) * 9 // 10]
        # A WebP says in its head how long it is.
        first = [] if name == "webp" else [shown(broken, 0)]
        records = p.images([films[0], broken, films[1], films[1]])
        good = (films[0], films[1], films[1])
        p.case(f"frames-{name}-damaged", records, [shown(b, 2) for b in good], ["--frames", "index:2"],
               exit=3, rejects=[(2, "image")])
        p.case(f"frames-{name}-damaged-all", records, [np.stack([shown(b, n) for n in range(3)]) for b in good],
               ["--frames", "all", "--shape", "3,24,32,4"], exit=3, rejects=[(2, "image")])
        p.case(f"frames-{name}-damaged-first", records,
               [shown(films[0], 0), *first, shown(films[1], 0), shown(films[1], 0)],
               exit=0 if first else 3, rejects=[] if first else [(2, "image")])
    gif, webp, apng = (films[0] for films in kinds.values())
    still = p.file_of(clear(p, 5, 24, 32), "PNG")
    p.case("frames-mixed", p.images([gif, webp, apng, still]),
           [np.asarray(Image.fromarray(shown(b, 1)).convert("RGB").resize((16, 12), BILINEAR)).transpose(2, 0, 1)
            for b in (gif, webp, apng)],
           ["--frames", "index:1", "--mode", "RGB", "--size", "12,16", "--layout", "chw"],
           exit=3, rejects=[(4, "shape")])
    p.case("frames-all-mixed", p.images([gif, webp, apng, still]),
           [np.stack([shown(b, n, "RGB") for n in range(3)]) for b in (gif, webp, apng)],
           ["--frames", "all", "--mode", "RGB", "--shape", "3,24,32,3"], exit=3, rejects=[(4, "shape")])
    p.case("frames-over-limit", p.images([gif, still]), [shown(still, 0)[None]],
           ["--frames", "all", "--max-pixels", "2000", "--shape", "1,24,32,4"], exit=3, rejects=[(1, "limit")])


def write_stacks(p):
    """Several fields as one image."""
    fields = lambda *names: [word for name in names for word in ("--field", name)]
    records = lambda *columns: p.lines(
        {name: p.b64(data) if isinstance(data, bytes) else data for name, data in zip(("red", "b.nir", "mask"), row)}
        for row in zip(*columns))
    red, nir, mask = ([p.pixels(3 * i + n, mode="L") for i in range(3)] for n in range(3))
    files = [[p.file_of(Image.fromarray(a), "PNG") for a in band] for band in (red, nir, mask)]
    rgb = [p.pixels(i) for i in range(3)]
    three, two = fields("red", '"b.nir"', "mask"), fields("red", '"b.nir"')
    data = records(*files)
    p.case("stack-channel", data, [np.stack(bands, -1) for bands in zip(red, nir, mask)], [*three, "--stack", "channel"])
    p.case("stack-new-axis", data, [np.stack(bands) for bands in zip(red, nir, mask)], [*three, "--stack", "new-axis"])
    p.case("stack-order", data, [np.stack(bands) for bands in zip(mask, red)],
           [*fields("mask", "red"), "--stack", "new-axis"])
    p.case("stack-channel-chw", data, [np.stack(bands) for bands in zip(red, nir, mask)],
           [*three, "--stack", "channel", "--layout", "chw"])
    colored = records([p.png(i) for i in range(3)], files[1])
    p.case("stack-rgb-and-gray", colored, [np.dstack(bands) for bands in zip(rgb, nir)], [*two, "--stack", "channel"])
    p.case("stack-rgb-and-gray-chw", colored, [np.dstack(bands).transpose(2, 0, 1) for bands in zip(rgb, nir)],
           [*two, "--stack", "channel", "--layout", "chw"])
    p.case("stack-rgb-new-axis-chw", records([p.png(i) for i in range(3)], [p.png(i + 4) for i in range(3)]),
           [np.stack([p.pixels(i), p.pixels(i + 4)]).transpose(0, 3, 1, 2) for i in range(3)],
           [*two, "--stack", "new-axis", "--layout", "chw"])
    small = lambda a: np.asarray(Image.fromarray(a).resize((16, 12), BILINEAR)).astype(np.float32) / np.float32(255)
    p.case("stack-resized-normalized", records([p.png(i, height=48, width=64) for i in range(3)], files[1]),
           [np.stack([(small(np.asarray(p.crop(i, height=48, width=64).convert("L"))) - np.float32(0.5)) / np.float32(0.25),
                      (small(a) - np.float32(0.5)) / np.float32(0.25)]) for i, a in enumerate(nir)],
           [*two, "--stack", "new-axis", "--mode", "L", "--size", "12,16", "--scale", "unit", "--normalize", "0.5/0.25"])
    p.case("stack-encodings", records(files[0], [a.tolist() for a in nir], [p.npy(a) for a in mask]),
           [np.stack(bands, -1) for bands in zip(red, nir, mask)], [*three, "--stack", "channel", "--dtype", "uint8"])
    deep = [p.png16(p.deep(i)[..., 0]) for i in range(3)]
    p.case("stack-depths", records(files[0], deep),
           [np.dstack([a.astype(np.uint16) * 257, p.deep(i)[..., 0]]) for i, a in enumerate(red)],
           [*two, "--stack", "channel", "--dtype", "uint16", "--scale", "full"])
    p.case("stack-depths-differ", records(files[0], deep), None, [*two, "--stack", "channel"], exit=2)
    films = [[film(p, "GIF", n), film(p, "PNG", n)] for n in range(2)]
    p.case("stack-frames", records(*zip(*films)),
           [np.stack([np.dstack([shown(b, n, "RGB") for b in pair]) for n in range(3)]) for pair in films],
           [*two, "--stack", "channel", "--frames", "all", "--mode", "RGB"])
    p.case("stack-sizes-differ", records([p.png(0)], [p.png(1, height=20)]), None, [*two, "--stack", "new-axis"], exit=2)
    p.case("stack-wildcard", records([p.png(0)], [p.png(1)]), None, [*fields("red", "b[*]"), "--stack", "channel"], exit=2)
    p.case("stack-one-field", records([p.png(0)], [p.png(1)]), None, [*fields("red"), "--stack", "channel"], exit=2)
    p.case("stack-off", records([p.png(0)], [p.png(1)]), None, two, exit=2)
    good = [np.stack([red[i], nir[i]]) for i in range(3)]
    bad = p.lines([
        {"red": p.b64(files[0][0]), "b.nir": p.b64(files[1][0])},
        {"red": p.b64(files[0][0])},
        {"red": None, "other": 1},
        {"red": p.b64(files[0][0]), "b.nir": p.b64(files[1][0][:200])},
        {"red": p.b64(files[0][1]), "b.nir": p.b64(files[1][1])},
        {"red": p.b64(files[0][0]), "b.nir": "%%%"},
        {"red": p.b64(files[0][0]), "b.nir": [p.b64(files[1][0])] * 2},
        {"red": p.b64(files[0][0]), "b.nir": p.b64(p.png(0))},
        b'{"red": 1, "b.nir": \n',
        {"red": p.b64(files[0][2]), "b.nir": p.b64(files[1][2])},
    ])
    wrong = [(2, "field"), (4, "image"), (6, "encoding"), (7, "field"), (8, "shape"), (9, "json")]
    known = ["--encoding", "encoded", "--mode", "auto"]
    p.case("stack-bad-bands", bad, None, [*two, "--stack", "new-axis", *known], exit=2)
    bad = bad.replace(p.b64(p.png(0)).encode(), p.b64(p.file_of(p.crop(0, height=20, mode="L"), "PNG")).encode())
    many = p.lines({"red": p.b64(files[0][0]), "b.nir": p.b64(files[1][0])} for _ in range(64))
    p.case("stack-bad-bands-later", many + bad, [good[0]] * 64 + good, [*two, "--stack", "new-axis", *known],
           exit=3, rejects=[(line + 64, kind) for line, kind in wrong])
    p.case("stack-missing-filled", many + bad, [good[0]] * 64 + [good[0], 0 * good[0], good[1], good[2]],
           [*two, "--stack", "new-axis", *known, "--on-missing", "fill"],
           exit=3, rejects=[(line + 64, kind) for line, kind in wrong])
