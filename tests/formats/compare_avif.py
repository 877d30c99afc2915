"""Compares the AVIF decoder with Pillow (8 bits) and imagecodecs (10 and 12 bits, gray with alpha).

    compare_avif.py [KIND ...]
"""
import io
import pathlib
import sys
import tempfile
import warnings
from collections import defaultdict

import imagecodecs
import numpy as np
from PIL import Image, ImageSequence

TESTDATA = pathlib.Path(__file__).parents[2] / "testdata"
sys.path.insert(0, str(TESTDATA))
from avif_boxes import ALPHA, full, grid_data, item, put_together, size_box, streams, with_signal

import reading

TMP = pathlib.Path(tempfile.mkdtemp())
RNG = np.random.default_rng(5)
PHOTOS = [np.asarray(Image.open(f"{TESTDATA}/{n}.jpg").convert("RGB")) for n in ("astronaut", "coffee")]
SIZES = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (1, 17), (17, 1), (5, 4), (4, 5), (15, 21), (16, 16), (33, 32), (32, 33),
         (34, 66), (37, 43), (64, 64), (65, 97), (130, 71), (71, 131), (200, 300)]
SUB = ["4:4:4", "4:2:2", "4:2:0"]


def read(paths, frames=False):
    """Of each path: the array, or the text of the error."""
    one = reading.read_frames if frames else reading.read
    found = {str(path): one(path) for path in paths}
    return {path: got if isinstance(got, str) else (got, "") for path, got in found.items()}


def picture(height, width, n=0, channels=3, wild=False):
    if wild:
        a = RNG.integers(0, 256, (height, width, channels), np.uint8)
    else:
        photo = PHOTOS[n % 2]
        y, x = 20 + n * 61 % 100, 40 + n * 97 % 150
        a = photo[y:y + height, x:x + width]
        a = np.resize(a, (height, width, 3)) if a.shape[:2] != (height, width) else a
        if channels == 4:
            alpha = (np.add.outer(np.arange(height) * 7, np.arange(width) * 5) % 256).astype(np.uint8)
            a = np.dstack([a, alpha])
    return np.ascontiguousarray(a[..., :channels])


def save(a, **options):
    out = io.BytesIO()
    try:
        Image.fromarray(a).save(out, "AVIF", **{"speed": 8, **options})
    except ValueError as error:
        print("not made:", options.get("advanced"), error)
        return None
    return out.getvalue()


def by_pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def frames_by_pillow(data):
    return np.stack([np.asarray(f) for f in ImageSequence.Iterator(Image.open(io.BytesIO(data)))])


def by_codecs(data):
    return imagecodecs.avif_decode(data)


FILES = []


def add(kind, data, want):
    if data is not None:
        FILES.append((kind, data, want))


def eight_bits():
    for n, (h, w) in enumerate(SIZES):
        for sub in SUB:
            for rng in ("full", "limited"):
                add(f"{sub} {rng}", save(picture(h, w, n), subsampling=sub, range=rng, quality=[30, 60, 90][n % 3]), by_pillow)
                add(f"{sub} {rng} noise", save(picture(h, w, n, wild=True), subsampling=sub, range=rng, quality=95), by_pillow)
            add(f"{sub} lossless", save(picture(h, w, n), subsampling=sub, quality=100), by_pillow)
            add(f"{sub} alpha", save(picture(h, w, n, 4), subsampling=sub, quality=70), by_pillow)
            add(f"{sub} alpha limited", save(picture(h, w, n, 4), subsampling=sub, quality=70, range="limited"), by_pillow)
            add(f"{sub} multiplied", save(picture(h, w, n, 4), subsampling=sub, quality=80, alpha_premultiplied=True), by_pillow)
        for rng in ("full", "limited"):
            add(f"gray {rng}", save(picture(h, w, n)[..., 1].copy(), range=rng), by_pillow)
            add(f"gray {rng} noise", save(picture(h, w, n, wild=True)[..., 1].copy(), range=rng, quality=95), by_pillow)
            add(f"gray {rng} of colours", save(picture(h, w, n), subsampling="4:0:0", range=rng), by_pillow)
            gray = picture(h, w, n, 4)
            add(f"gray alpha {rng}", save(gray, subsampling="4:0:0", range=rng), by_codecs)
            add(f"gray alpha {rng} multiplied", save(gray, subsampling="4:0:0", range=rng, alpha_premultiplied=True), by_codecs)


def matrices():
    for sub in SUB:
        for alpha in (3, 4):
            for size in [(15, 21), (64, 64), (33, 50)]:
                base = save(picture(*size, 1, alpha, wild=alpha == 3), subsampling=sub, quality=90)
                for matrix in [1, 2, 4, 5, 6, 7, 8, 9, 0, 3, 10, 11, 12, 13, 14, 15, 16]:
                    for rng in (True, False):
                        for primaries in ([1] if matrix != 12 else [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22]):
                            data = with_signal(base, primaries, matrix, rng)
                            add(f"matrix {matrix} {sub}{' alpha' if alpha == 4 else ''}", data, by_pillow)
    gray = save(picture(20, 31, 1)[..., 0].copy(), quality=90)
    for matrix in range(0, 17):
        for rng in (True, False):
            add("matrix of gray", with_signal(gray, 1, matrix, rng), by_pillow)


def deep():
    for bits in (10, 12):
        for n, (h, w) in enumerate(SIZES):
            for channels in (3, 4, 1):
                a = RNG.integers(0, 1 << bits, (h, w, channels)).astype(np.uint16)
                smooth = (np.add.outer(np.arange(h) * 9, np.arange(w) * 13)[..., None] + np.arange(channels) * 200) % (1 << bits)
                a = (a // 8 + smooth * 7 // 8).astype(np.uint16)
                a = a[..., 0].copy() if channels == 1 else a
                for pixelformat in ["420", "422", "444"] if channels > 1 else ["400"]:
                    data = imagecodecs.avif_encode(a, 90, bitspersample=bits, pixelformat=pixelformat, speed=8)
                    kind = f"{bits} bits {pixelformat}{' alpha' if channels == 4 else ''}"
                    add(kind, data, by_codecs)
                    add(kind + " limited", with_signal(data, full_range=False), by_codecs)
                    if channels == 4:
                        add(kind + " multiplied", multiplied(data), by_codecs)
                    if n % 4 == 0:
                        for matrix in (0, 1, 4, 7, 8, 9, 12):
                            add(kind + " matrices", with_signal(data, 9, matrix), by_codecs)
                if channels == 4:
                    ga = np.ascontiguousarray(a[..., [0, 3]])
                    data = imagecodecs.avif_encode(ga, 90, bitspersample=bits, speed=8)
                    for limited in (True, False):
                        add(f"{bits} bits gray alpha", with_signal(data, full_range=limited), by_codecs)
                        add(f"{bits} bits gray alpha multiplied", with_signal(multiplied(data), full_range=limited), by_codecs)
                if n % 3 == 0:
                    data = imagecodecs.avif_encode(a, None, bitspersample=bits, speed=8)
                    add(f"{bits} bits lossless", data, by_codecs)


def multiplied(data):
    """With the word that colours are multiplied with alpha."""
    parts = streams(data)
    (color, alpha) = [i for i in parts if i[1] == b"av01"]
    return put_together([item(color[2], color[3]), item(alpha[2], alpha[3])],
                        references=[(b"auxl", 2, [1]), (b"prem", 1, [2])])


def containers():
    data = save(picture(37, 43, 3, 4), quality=70)
    color, alpha = streams(data)[:2]
    items = [item(color[2], color[3]), item(alpha[2], alpha[3])]
    refs = [(b"auxl", 2, [1])]
    for iloc in (0, 1, 2):
        for options in (dict(), dict(extents=3, gap=b"xx"), dict(big=True), dict(endless=True), dict(wide_links=True)):
            add("boxes", put_together(items, references=refs, iloc=iloc, **options), by_pillow)
    for iloc in (1, 2):
        for options in (dict(), dict(extents=2), dict(endless=True), dict(big=True)):
            add("idat", put_together(items, references=refs, iloc=iloc, method=1, **options), by_pillow)
    add("boxes", put_together(items, references=refs, brand=b"mif1"), by_pillow)
    add("boxes", put_together(items, references=refs, brand=b"miaf"), by_pillow)
    add("boxes", put_together(items, references=refs, extra=[full(b"free", b"abc")]), by_pillow)
    add("boxes", put_together(items[::-1], primary=2, references=[(b"auxl", 1, [2])]), by_pillow)
    bare = [(e, p) for e, p in color[3] if p[4:8] not in (b"colr", b"pixi")]
    add("no colr box", put_together([item(color[2], bare)]), by_pillow)
    add("no colr box", put_together([item(color[2], bare), items[1]], references=refs), by_pillow)
    for sub in SUB:
        limited = streams(save(picture(37, 43, 3), quality=70, range="limited", subsampling=sub))[0]
        bare = [(e, p) for e, p in limited[3] if p[4:8] != b"colr"]
        add("no colr box", put_together([item(limited[2], bare)]), by_pillow)


def refused():
    """What Pillow refuses."""
    data = save(picture(37, 43, 3, 4), quality=70)
    color, alpha = streams(data)[:2]
    refs = [(b"auxl", 2, [1])]

    def without(of, kind):
        return [(e, p) for e, p in of[3] if p[4:8] != kind]

    def make(a, b=alpha[3], **more):
        return put_together([item(color[2], a), item(alpha[2], b)], references=refs, **more)
    for kind in (b"ispe", b"av1C"):
        add("refused", make(without(color, kind)), by_pillow)
        add("refused", make(color[3], without(alpha, kind)), by_pillow)
    irot, imir = full(b"irot")[:8] + b"\1", full(b"imir")[:8] + b"\1"
    irot, imir = b"\0\0\0\x09irot\1", b"\0\0\0\x09imir\1"
    for p in (irot, imir, b"\0\0\0\x09a1op\0", b"\0\0\0\x0alsel\0\0"):
        add("refused", make(color[3] + [(0, p)]), by_pillow)
    add("refused", make(color[3] + [(1, b"\0\0\0\x0bxxxx\1\2\3")]), by_pillow)
    add("refused", make(color[3] + [(0, b"\0\0\0\x0bxxxx\1\2\3")]), by_pillow)
    add("refused", make(color[3], alpha[3] + [(1, b"\0\0\0\x0bxxxx\1\2\3")]), by_pillow)
    add("refused", make([(e, size_box(42, 37)) if p[4:8] == b"ispe" else (e, p) for e, p in color[3]]), by_pillow)
    add("refused", make(color[3], [(e, size_box(42, 37)) if p[4:8] == b"ispe" else (e, p) for e, p in alpha[3]]), by_pillow)
    add("refused", data.replace(b"av1C\x81\0\x0c", b"av1C\x81\0\x4c"), by_pillow)
    add("refused", data.replace(b"av1C\x81\0\x0c", b"av1C\x82\0\x0c"), by_pillow)
    add("refused", data[:-1], by_pillow)
    add("refused", data.replace(b"pict", b"vide", 1), by_pillow)


def grids():
    for sub in SUB + ["4:0:0"]:
        for rows, columns, h, w, cell in [(1, 2, 64, 128, 64), (2, 2, 100, 120, 64), (2, 3, 128, 192, 64), (3, 1, 150, 66, 70),
                                          (1, 1, 64, 64, 64), (2, 2, 101, 121, 64), (1, 4, 300, 1000, 300)]:
            cells = [picture(cell, cell, n, 4) for n in range(rows * columns)]
            files = [streams(save(c, subsampling=sub, quality=70)) for c in cells]
            shared = [(e, p) for e, p in files[0][0][3] if p[4:8] in (b"colr", b"pixi")] + [(0, size_box(w, h))]
            n = rows * columns
            colors = [item(f[0][2], f[0][3]) for f in files]
            alphas = [item(f[1][2], f[1][3]) for f in files]
            grid = item(grid_data(rows, columns, w, h, wide=n % 2 == 0), shared, b"grid")
            want = by_codecs if sub == "4:0:0" else by_pillow
            add(f"grid {sub}", put_together([grid] + colors, references=[(b"dimg", 1, list(range(2, n + 2)))]), by_pillow)
            both = [grid] + colors + [item(grid["data"], shared + [(0, ALPHA)], b"grid")] + alphas
            refs = [(b"dimg", 1, list(range(2, n + 2))), (b"dimg", n + 2, list(range(n + 3, 2 * n + 3))), (b"auxl", n + 2, [1])]
            add(f"grid {sub} alpha grid", put_together(both, references=refs), want)
            each = [grid] + colors + alphas
            refs = [(b"dimg", 1, list(range(2, n + 2)))] + [(b"auxl", n + 2 + i, [i + 2]) for i in range(n)]
            add(f"grid {sub} alpha of cells", put_together(each, references=refs), want)
            if max(h, w) < 300:
                whole = streams(save(picture(h, w, 9, 4), quality=70))[1]
                refs = [(b"dimg", 1, list(range(2, n + 2))), (b"auxl", n + 2, [1])]
                add(f"grid {sub} alpha whole", put_together([grid] + colors + [item(whole[2], whole[3])], references=refs), want)
            repeat = [(b"dimg", 1, [2] * n)]
            add("grid refused", put_together([grid] + colors, references=repeat), by_pillow)
            add("grid refused", put_together([grid] + colors, references=[(b"dimg", 1, list(range(2, n + 1)))]), by_pillow)


def codings():
    for n, options in enumerate([dict(tile_rows=1, tile_cols=1), dict(tile_cols=2), dict(autotiling=True), dict(speed=0), dict(speed=10)]):
        for sub in SUB:
            add("tiles and speeds", save(picture(270, 390, n), subsampling=sub, quality=60, **options), by_pillow)
    for n in range(1, 17):
        add("film grain", save(picture(96, 113, n), quality=50, advanced={"film-grain-test": str(n)}), by_pillow)
        add("film grain", save(picture(96, 113, n), quality=50, subsampling="4:4:4", advanced={"film-grain-test": str(n)}), by_pillow)
        add("film grain alpha", save(picture(96, 113, n, 4), quality=50, advanced={"film-grain-test": str(n)}), by_pillow)
        add("film grain gray", save(picture(96, 113, n)[..., 0].copy(), quality=50, advanced={"film-grain-test": str(n)}), by_pillow)
    for n, name in enumerate(["enable-palette", "enable-intrabc", "enable-cdef", "enable-restoration", "enable-qm"]):
        flat = np.asarray(Image.fromarray(picture(90, 110, n)).quantize(12).convert("RGB"))
        add("coding tools", save(flat, quality=60, subsampling="4:4:4", advanced={name: "1"}), by_pillow)
        add("coding tools", save(flat, quality=60, advanced={name: "1", "tune-content": "screen"} if n else {name: "1"}), by_pillow)
    for n in range(9, 17):
        add("superres", save(picture(120, 130, n), quality=60, advanced={"superres-mode": "1", "superres-denominator": str(n)}), by_pillow)


def sequences():
    for sub in SUB + ["4:0:0"]:
        for channels in (3, 4):
            for h, w, count in [(33, 47, 5), (64, 64, 12), (1, 1, 2)]:
                images = [Image.fromarray(picture(h, w, n, channels)) for n in range(count)]
                out = io.BytesIO()
                images[0].save(out, "AVIF", save_all=True, append_images=images[1:], subsampling=sub, quality=60, speed=8)
                want = frames_by_pillow if (sub, channels) != ("4:0:0", 4) else gray_frames
                add(f"sequence {sub}{' alpha' if channels == 4 else ''}", out.getvalue(), want)


def gray_frames(data):
    frames = frames_by_pillow(data)
    return frames[..., [0, 3]]


def main():
    wrong = 0
    makers = [eight_bits, matrices, deep, containers, refused, grids, codings, sequences]
    for maker in makers:
        if sys.argv[1:] and maker.__name__ not in sys.argv[1:]:
            continue
        FILES.clear()
        maker()
        table = defaultdict(lambda: [0, 0, 0, 0.0, 0, []])
        paths = []
        for n, (_, data, _) in enumerate(FILES):
            path = TMP / f"{maker.__name__}{n}.avif"
            path.write_bytes(data)
            paths.append(path)
        got = read(paths, maker is sequences)
        for path, (kind, data, want) in zip(paths, FILES):
            row = table[kind]
            row[0] += 1
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    right = want(data)
                except Exception as error:
                    right = f"{type(error).__name__}: {error}"
            have = got.get(str(path), "no answer")
            if isinstance(right, str) or isinstance(have, str):
                if isinstance(right, str) and isinstance(have, str):
                    row[4] += 1
                else:
                    row[5].append(f"{path.name}: have {have if isinstance(have, str) else have[0].shape}, not {right if isinstance(right, str) else right.shape}")
                continue
            have = have[0]
            if have.shape != right.shape or have.dtype != right.dtype:
                row[5].append(f"{path.name}: have {have.shape} {have.dtype} want {right.shape} {right.dtype}")
            elif (have == right).all():
                row[1] += 1
            else:
                diff = np.abs(have.astype(int) - right.astype(int))
                row[2] = max(row[2], int(diff.max()))
                row[3] = max(row[3], float((diff > 0).mean()))
                row[5].append(f"{path.name}: {have.shape} max {diff.max()} share {(diff > 0).mean():.5f}")
        print(f"== {maker.__name__}")
        print(f"{'kind':34} files exact refused  max  share")
        for kind, (count, exact, most, share, both, notes) in table.items():
            print(f"{kind:34} {count:5} {exact:5} {both:7} {most:4}  {share:.5f}")
            for note in notes[:6]:
                print("      ", note)
        wrong += sum(" max " in note for *_, notes in table.values() for note in notes)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
