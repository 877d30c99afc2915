"""Writes sample.ndjson, cases/, images/ and astronaut.webp from the two photographs beside it.

    .venv/bin/python testdata/make.py

NumPy and Pillow are the oracle: every expected array is what they give for the same bytes, or the
array that a record was made from. Nothing here is random and nothing depends on the time.
"""
import base64
import bz2
import gzip
import hashlib
import json
import lzma
import shutil
import sys
import zlib

import numpy as np
from PIL import Image

import make_pixels
from make_images import make_images
from pictures import HERE, PHOTOS, crop, deep, file_of, jpeg, npy, npz, pixels, png, png16, seen

CASES = HERE / "cases"


# ---- records

def b64(data):
    return base64.b64encode(data).decode()


def line(record):
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def lines(records):
    return b"".join(r if isinstance(r, bytes) else line(r) for r in records)


def images(blobs):
    return lines({"id": i, "image": b64(b)} for i, b in enumerate(blobs))


WRITTEN = set()


def case(name, data, want, args=(), exit=0, rejects=(), ext="ndjson", files=None):
    """One folder of cases/. `want`: the arrays of the rows, as a list or one array, or
    None where no output may appear."""
    folder = CASES / name
    assert name not in WRITTEN
    WRITTEN.add(name)
    folder.mkdir(parents=True)
    (folder / f"input.{ext}").write_bytes(data)
    (folder / "args").write_text("".join(f"{a}\n" for a in args))
    expected = {"exit": exit}
    if want is not None:
        a = want if isinstance(want, np.ndarray) else np.ascontiguousarray(np.stack(want))
        expected |= {"shape": list(a.shape), "dtype": a.dtype.name,
                     "sha256": hashlib.sha256(a.tobytes()).hexdigest()}
    if rejects is not None:
        expected["rejects"] = [
            {"line": r[0], "item": r[2] if len(r) > 2 else 0, "kind": r[1]} for r in rejects]
    if files:
        expected["paths"] = True
        for path, body in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def formats():
    jpegs = [jpeg(i) for i in range(6)]
    case("jpeg", images(jpegs), [seen(b) for b in jpegs])
    gray = [file_of(crop(i, mode="L"), "JPEG", quality=85, progressive=True) for i in range(3)]
    case("jpeg-gray-progressive", images(gray), [seen(b) for b in gray])
    cmyk = [file_of(crop(i, mode="CMYK"), "JPEG", quality=90) for i in range(2)]
    case("jpeg-cmyk", images(cmyk), [seen(b, "RGB") for b in cmyk])
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = [file_of(crop(i), "JPEG", quality=85, exif=exif) for i in range(2)]
    case("jpeg-exif-not-applied", images(turned), [seen(b) for b in turned])

    pngs = [png(i) for i in range(4)]
    case("png", images(pngs), [pixels(i) for i in range(4)], ["--field", "image", "--encoding", "encoded"])
    case("png16-gray", images(png16(deep(i)[..., 0]) for i in range(3)), [deep(i)[..., 0] for i in range(3)])
    case("png16-rgb", images(png16(deep(i)) for i in range(3)), [deep(i) for i in range(3)])
    palette = [file_of(crop(i).quantize(16), "PNG") for i in range(2)]
    case("png-palette", images(palette), [seen(b, "RGB") for b in palette])
    clear = [file_of(crop(i).quantize(16), "PNG", transparency=3) for i in range(2)]
    case("png-palette-transparent", images(clear), [seen(b, "RGBA") for b in clear])
    bits = [file_of(crop(i).convert("1"), "PNG") for i in range(2)]
    case("png-bilevel", images(bits), [seen(b, "L") for b in bits])

    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate"):
        tiffs = [file_of(Image.fromarray(deep(i)[..., 1]), "TIFF", compression=compression) for i in range(2)]
        case(f"tiff16-{compression.removeprefix('tiff_')}", images(tiffs), [deep(i)[..., 1] for i in range(2)])
    webp = [file_of(crop(i), "WEBP", lossless=True) for i in range(3)]
    case("webp-lossless", images(webp), [pixels(i) for i in range(3)])
    gif = [file_of(crop(i).quantize(64), "GIF") for i in range(3)]
    case("gif", images(gif), [seen(b, "RGB") for b in gif])
    for name in ("BMP", "PPM", "QOI"):
        blobs = [file_of(crop(i), name) for i in range(2)]
        case(name.lower(), images(blobs), [pixels(i) for i in range(2)])
    for name in ("TGA", "ICO"):  # no signature worth the name: only where the encoding is given
        made = [crop(i, height=32, width=32, mode="RGBA") for i in range(2)]
        blobs = [file_of(m, name, **({"sizes": [(32, 32)]} if name == "ICO" else {})) for m in made]
        case(name.lower(), images(blobs), [np.asarray(m) for m in made],
             ["--field", "image", "--encoding", "encoded"])


def encodings():
    rgb = [pixels(i, height=8, width=12) for i in range(4)]
    gray = [pixels(i, height=6, width=8, mode="L") for i in range(4)]

    case("raw-siblings", lines(
        {"width": 12, "height": 8, "channels": 3, "dtype": "uint8", "data": b64(a.tobytes())} for a in rgb),
        rgb, ["--field", "data", "--encoding", "raw"])
    case("raw-siblings-auto", lines(
        {"id": i, "shape": list(a.shape), "dtype": "uint8", "image": b64(a.tobytes())} for i, a in enumerate(rgb)), rgb)
    case("raw-options", images(a.tobytes() for a in rgb), rgb,
         ["--field", "image", "--encoding", "raw", "--raw-shape", "8,12,3", "--raw-dtype", "uint8"])
    case("raw-bgr", images(a[..., ::-1].tobytes() for a in rgb), rgb,
         ["--field", "image", "--encoding", "raw", "--raw-shape", "8,12,3", "--raw-channels", "bgr"])
    case("raw-uint16-big", images(deep(i).astype(">u2").tobytes() for i in range(2)), [deep(i) for i in range(2)],
         ["--field", "image", "--encoding", "raw", "--raw-shape", "24,32,3",
          "--raw-dtype", "uint16", "--raw-byteorder", "big"])
    case("raw-fields", lines({"rows": "6", "cols": 8, "frame": b64(a.tobytes())} for a in gray), gray,
         ["--field", "frame", "--encoding", "raw", "--raw-shape", "@rows,@cols", "--raw-dtype", "uint8"])
    case("raw-wrong-length", images([gray[0].tobytes(), gray[1].tobytes()[:-1], gray[2].tobytes()]), [gray[0], gray[2]],
         ["--field", "image", "--encoding", "raw", "--raw-shape", "6,8", "--raw-dtype", "uint8"],
         exit=3, rejects=[(2, "shape")])
    case("raw-gzip-chain", images(gzip.compress(a.tobytes(), mtime=0) for a in gray), gray,
         ["--field", "image", "--encoding", "base64+gzip+raw", "--raw-shape", "6,8", "--raw-dtype", "uint8"])

    case("list-nested", lines({"image": a.tolist()} for a in rgb), rgb, ["--dtype", "uint8"])
    case("list-nested-int64", lines({"image": a.tolist()} for a in gray), [a.astype(np.int64) for a in gray])
    floats = [(a / 255).round(4) for a in gray]
    case("list-nested-float64", lines({"image": a.tolist()} for a in floats), floats)
    case("list-flat", lines({"label": i, "pixels": a.ravel().tolist()} for i, a in enumerate(gray)), gray,
         ["--field", "pixels", "--encoding", "list", "--shape", "6,8", "--dtype", "uint8"])
    wide = gray[1].astype(int).tolist()
    wide[2][3] = 256
    ragged = gray[2].tolist()
    ragged[1].pop()
    case("list-bad", lines({"image": v} for v in (gray[0].tolist(), wide, ragged, gray[3].tolist(), gray[0].tolist())),
         [gray[0], gray[3], gray[0]], ["--field", "image", "--encoding", "list", "--dtype", "uint8"],
         exit=3, rejects=[(2, "shape"), (3, "shape")])
    case("text", lines({"label": i, "pixels": " ".join(map(str, a.ravel()))} for i, a in enumerate(gray)), gray,
         ["--field", "pixels", "--encoding", "text", "--shape", "6,8", "--dtype", "uint8"])

    url = lambda data, kind="image/png": {
        "type": "image_url", "image_url": {"url": f"data:{kind};base64,{b64(data)}"}}
    chat = lambda *parts: {"messages": [
        {"role": "user", "content": [{"type": "text", "text": "what is this?"}, *parts]},
        {"role": "assistant", "content": "a picture"}]}
    case("chat-data-urls", lines([
        chat(url(png(0)), url(png(1))), chat(url(png(2), "image/jpg")), chat(),
        chat(url(png(3)), url(png(0)[:100]))]),
        [pixels(i) for i in range(4)], ["--field", "messages[*].content[*].image_url.url"],
        exit=3, rejects=[(4, "image", 1)])
    case("data-url", lines({"image": f"data:image/png;base64,{b64(png(i))}"} for i in range(3)), [pixels(i) for i in range(3)])
    case("image-list", lines({"images": [b64(png(2 * i)), b64(png(2 * i + 1))]} for i in range(2)), [pixels(i) for i in range(4)])

    case("json-numpy", lines(
        {"obs": {"__numpy__": b64(a.tobytes()), "dtype": a.dtype.str, "shape": list(a.shape)}} for a in rgb), rgb)
    case("npy", images(npy(a) for a in rgb), rgb)
    case("npy-fortran", images(npy(np.asfortranarray(a.astype("f4"))) for a in gray), [a.astype("f4") for a in gray],
         ["--field", "image", "--encoding", "npy"])
    case("npy-zlib", images(zlib.compress(npy(a)) for a in rgb), rgb, ["--encoding", "base64+zlib+npy"])
    case("npy-zlib-auto", images(zlib.compress(npy(a)) for a in rgb), rgb)
    case("npz", images(npz(image=a, label=i) for i, a in enumerate(rgb)), rgb)
    case("npz-member", images(npz(deflated=True, rgb=a, mask=a[..., 0] > 99) for a in rgb), [a[..., 0] > 99 for a in rgb],
         ["--encoding", "npz:mask"])
    case("hex", lines({"image": "\\x" + png(i).hex()} for i in range(2)), [pixels(i) for i in range(2)])
    case("hex-chain", lines({"image": png(i).hex().upper()} for i in range(2)), [pixels(i) for i in range(2)],
         ["--encoding", "hex+image"])
    small = dict(height=6, width=8)
    case("byte-list", lines({"image": list(png(i, **small))} for i in range(2)), [pixels(i, **small) for i in range(2)])
    case("node-buffer", lines({"image": {"type": "Buffer", "data": list(png(i, **small))}} for i in range(2)),
         [pixels(i, **small) for i in range(2)])
    case("base64-url-safe", lines(
        {"image": base64.urlsafe_b64encode(png(i)).decode().rstrip("=")} for i in range(3)), [pixels(i) for i in range(3)])
    case("base64-wrapped", lines(
        {"image": base64.encodebytes(png(i)).decode()} for i in range(3)), [pixels(i) for i in range(3)])
    case("pandas-slashes", images(jpeg(i) for i in range(3)).replace(b"/", b"\\/"), [seen(jpeg(i)) for i in range(3)])
    case("field-pointer", lines({"data": {"image/png": b64(png(i)), "text": "x"}} for i in range(2)),
         [pixels(i) for i in range(2)], ["--field", "/data/image~1png"])
    case("field-quoted", lines({"a.b": [{}, {"c": b64(png(i))}]} for i in range(2)),
         [pixels(i) for i in range(2)], ["--field", '"a.b"[1].c'])
    case("record-root", lines(b64(png(i)) for i in range(2)), [pixels(i) for i in range(2)], ["--field", "."])
    case("duplicate-key", b"".join(
        b'{"image":"%s","image":"%s"}\n' % (b64(png(5)).encode(), b64(png(i)).encode()) for i in range(2)),
        [pixels(i) for i in range(2)])
    case("paths", lines({"file": f} for f in (
        "files/a.png", "./files/../files/b.png", "../../README.md", "files/none.png", "files/sub/c.png",
        "/etc/hostname", "files/a.png", "files/b.png")),
        [pixels(i) for i in (0, 1, 2, 0, 1)], ["--field", "file", "--encoding", "path"], exit=3,
        rejects=[(3, "path"), (4, "path"), (6, "path")],
        files={"files/a.png": png(0), "files/b.png": png(1), "files/sub/c.png": png(2)})
    case("paths-auto", lines({"file_name": f"files/{n}.jpg", "label": n} for n in "ab"),
         [seen(jpeg(0)), seen(jpeg(1))], files={"files/a.jpg": jpeg(0), "files/b.jpg": jpeg(1)})


def policies():
    rgb = [pixels(i) for i in range(6)]
    good = [{"id": i, "image": b64(png(i))} for i in range(6)]
    cut = b'{"id":9,"image":"' + b64(png(0)).encode()[:80] + b"\n"
    foreign = {"id": 9, "image": b64(png(0))[:40] + "%" + b64(png(0))[41:]}
    damaged = {"id": 9, "image": b64(jpeg(0)[:500])}
    none = {"id": 9, "image": None}

    mixed = [file_of(crop(0, mode="L"), "PNG"), png(1)]
    case("promote-gray", images(mixed), [seen(b, "RGB") for b in mixed])
    mixed.append(file_of(crop(2, mode="RGBA"), "PNG"))
    case("promote-rgba", images(mixed), [seen(b, "RGBA") for b in mixed])
    case("sizes-differ", images([png(0), png(1, height=20)]), None, exit=2)
    case("shape-fixed", images([png(0), png(1, height=20), png(2)]), [rgb[0], rgb[2]],
         ["--shape", "24,32,3", "--dtype", "uint8"], exit=3, rejects=[(2, "shape")])

    broken = [good[0], cut, good[1], foreign, good[2], damaged, b"\n", good[3], good[4]]
    kinds = [(2, "json"), (4, "encoding"), (6, "image")]
    case("rejects", lines(broken), rgb[:5], exit=3, rejects=kinds)
    case("rejects-allowed", lines(broken), rgb[:5], ["--max-rejects", "3"], rejects=kinds)
    case("rejects-too-many", lines(broken), None, ["--max-rejects", "2"], exit=4, rejects=kinds)
    case("on-error-raise", lines(broken), None, ["--on-error", "raise"], exit=4, rejects=None)
    seven = np.full_like(rgb[0], 7)
    case("on-error-fill", lines(broken), [rgb[0], seven, rgb[1], seven, rgb[2], seven, rgb[3], rgb[4]],
         ["--on-error", "fill", "--fill-value", "7"], exit=3, rejects=kinds)
    case("missing-skipped", lines([good[0], none, {"id": 1}, good[1]]), rgb[:2], ["--field", "image"])
    zero = np.zeros_like(rgb[0])
    case("on-missing-fill", lines([good[0], none, {"id": 1}, good[1]]), [rgb[0], zero, zero, rgb[1]],
         ["--field", "image", "--on-missing", "fill"])
    case("on-missing-reject", lines([good[0], none, good[1]]), rgb[:2],
         ["--field", "image", "--on-missing", "reject"], exit=3, rejects=[(2, "field")])
    case("skip-limit", lines([good[0], b"\n", *good[1:]]), rgb[2:5], ["--skip", "2", "--limit", "3"])
    case("limit-pixels", lines([good[0], {"image": b64(png(1, height=100, width=100))}, good[1]]), rgb[:2],
         ["--max-pixels", "5000"], exit=3, rejects=[(2, "limit")])
    case("empty", b"", None, ["--field", "image"], exit=2)
    case("empty-with-shape", b"\n\n", np.zeros((0, 24, 32, 3), np.uint8),
         ["--field", "image", "--shape", "24,32,3", "--dtype", "uint8"])


def framings():
    rgb = [pixels(i) for i in range(3)]
    records = [{"id": i, "image": b64(png(i))} for i in range(3)]
    text = lines(records)
    case("array", json.dumps(records, indent=1).encode(), rgb, ext="json")
    case("concat", "".join(json.dumps(r, indent=1) for r in records).encode(), rgb, ["--framing", "concat"], ext="json")
    case("seq", b"".join(b"\x1e" + line(r) for r in records), rgb, ext="json-seq")
    case("crlf-bom", b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"), rgb)
    case("no-final-newline", text.rstrip(), rgb)
    case("gzip", gzip.compress(text, mtime=0), rgb, ext="ndjson.gz")
    half = text.index(b"\n") + 40
    case("gzip-members", gzip.compress(text[:half], mtime=0) + gzip.compress(text[half:], mtime=0), rgb, ext="ndjson.gz")
    case("bzip2", bz2.compress(text), rgb, ext="ndjson.bz2")
    case("xz", lzma.compress(text), rgb, ext="ndjson.xz")


def sample():
    records = []
    for n in range(24):
        size = dict(height=96, width=128)
        data = png(n, **size) if n in (7, 15) else jpeg(n, **size)
        records.append({"id": f"img-{n:04}", "label": "coffee" if n % 2 else "astronaut", "image": b64(data)})
    whole = b64(jpeg(0, height=96, width=128))
    broken = {
        5: line({"id": "img-cut", "label": "astronaut", "image": whole})[:900] + b"\n",
        12: {"id": "img-foreign", "label": "astronaut", "image": whole[:200] + "%" + whole[201:]},
        19: {"id": "img-short", "label": "astronaut", "image": b64(jpeg(0, height=96, width=128)[:1500])},
        24: {"id": "img-none", "label": "note"},
    }
    for at, record in broken.items():
        records.insert(at, record)
    (HERE / "sample.ndjson").write_bytes(lines(records))


shutil.rmtree(CASES, ignore_errors=True)
formats()
encodings()
policies()
framings()
make_pixels.write(sys.modules[__name__])
sample()
make_images()
# For crates/ndpix/benches: no crate at hand writes lossy WebP.
(HERE / "astronaut.webp").write_bytes(file_of(PHOTOS["astronaut"].crop((128, 128, 384, 384)), "WEBP", quality=85))
