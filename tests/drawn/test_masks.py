"""Masks of random cases against their references, bit for bit: pycocotools, label_studio_converter, LabelMe on Pillow.

CASES times the counts below, 0.1 unless given; SEED begins the random numbers. Kaggle's and CVAT's have no library
behind them: their references are the few lines here. `make test-drawn` installs what this needs.
"""

import math
import os
import random
import unittest

import numpy as np
from label_studio_converter.brush import decode_rle, encode_rle
from PIL import Image, ImageDraw
from pycocotools import mask as coco

import ndpix

CASES_TIMES = float(os.environ.get("CASES", "0.1"))
SEED = os.environ.get("SEED", "1")
TWO = "may be the run lengths of two programs"
"""What is said of a list that is right for two programs; small masks of CVAT are, now and then."""


def decoded(kind, height, width, rest):
    """The mask that ndpix draws, or why it does not."""
    shape = (height, width)
    try:
        if kind == "string":
            return ndpix.decode({"size": shape, "counts": rest}, encoding="rle")
        if kind == "counts":
            return ndpix.decode({"size": shape, "counts": [int(n) for n in rest.split()]}, encoding="rle")
        if kind in ("brush", "cvat"):
            return ndpix.decode([int(n) for n in rest.split()], encoding="rle", raw_shape=shape)
        if kind == "kaggle":
            return ndpix.decode(rest, encoding="rle", raw_shape=shape)
        numbers = [[float(n) for n in part.split()] for part in rest.split(";")]
        if kind == "coco":
            return ndpix.decode(numbers, encoding="polygon", raw_shape=shape)
        points = [numbers[0][at : at + 2] for at in range(0, len(numbers[0]), 2)]
        return ndpix.decode({"points": points, "shape_type": kind}, encoding="polygon", raw_shape=shape)
    except ndpix.Error as error:
        return str(error)


# --- LabelMe 6's shape_to_mask, without its windows (labelme.utils.shape, line_width=10, point_size=5) ---
def shape_to_mask(img_shape, points, shape_type, line_width=10, point_size=5):
    mask = Image.fromarray(np.zeros(img_shape[:2], dtype=np.uint8))
    draw = ImageDraw.Draw(mask)
    xy = [tuple(p) for p in points]
    if shape_type == "circle":
        (cx, cy), (px, py) = xy
        d = math.sqrt((cx - px) ** 2 + (cy - py) ** 2)
        draw.ellipse(((cx - d, cy - d), (cx + d, cy + d)), outline=1, fill=1)
    elif shape_type == "rectangle":
        (x0, y0), (x1, y1) = xy
        draw.rectangle(((min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))), outline=1, fill=1)
    elif shape_type in ("line", "linestrip"):
        draw.line(xy=xy, fill=1, width=line_width)
    elif shape_type == "point":
        cx, cy = xy[0]
        draw.ellipse(((cx - point_size, cy - point_size), (cx + point_size, cy + point_size)), outline=1, fill=1)
    else:
        draw.polygon(xy=xy, outline=1, fill=1)
    return np.array(mask, dtype=bool).astype(np.uint8)


# --- random cases ---
def size(r, most=90):
    kind = r.random()
    if kind < 0.1:
        return r.randint(1, 4), r.randint(1, 4)
    if kind < 0.2:
        return r.randint(1, 3), r.randint(1, 300)
    if kind < 0.3:
        return r.randint(1, 300), r.randint(1, 3)
    if kind < 0.33:
        return r.randint(200, 640), r.randint(200, 640)
    return r.randint(1, most), r.randint(1, most)


def blob(r, h, w):
    g = np.random.default_rng(r.getrandbits(32))
    kind = r.random()
    if kind < 0.2:
        return (g.random((h, w)) < r.random()).astype(np.uint8)
    if kind < 0.3:
        return np.full((h, w), r.randint(0, 1), np.uint8)
    y, x = np.mgrid[:h, :w]
    m = np.zeros((h, w), bool)
    for _ in range(r.randint(1, 4)):
        cy, cx, ry, rx = r.uniform(0, h), r.uniform(0, w), r.uniform(0.5, h), r.uniform(0.5, w)
        m ^= ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 0.3
    return m.astype(np.uint8)


def number(r, low, high):
    kind = r.random()
    v = r.uniform(low, high)
    if kind < 0.3:
        return float(round(v))
    if kind < 0.45:
        return round(v * 2) / 2
    if kind < 0.6:
        return round(v, 1)
    if kind < 0.75:
        return round(v, 2)
    return v


def corners(r, h, w, n):
    """Corners: around a middle or anywhere, some outside, some repeated, some in line, rarely far away."""
    style = r.random()
    pts = []
    out = r.choice([0, 0, 0.3, 2, 20])
    if style < 0.05:
        out = r.choice([1e3, 1e5, 1e6])
    if style < 0.5:
        cx, cy = number(r, 0, w), number(r, 0, h)
        rad = r.uniform(0.3, 1 + max(h, w) * (0.7 + out))
        angles = sorted(r.uniform(0, 2 * math.pi) for _ in range(n))
        for a in angles:
            d = rad * r.uniform(0.3, 1)
            x, y = cx + d * math.cos(a), cy + d * math.sin(a)
            pts.append((number(r, x, x), number(r, y, y)))
    else:
        grid = r.random() < 0.3
        for _ in range(n):
            x, y = number(r, -out * w, w * (1 + out)), number(r, -out * h, h * (1 + out))
            if grid:
                x, y = float(round(x / 4) * 4), float(round(y / 4) * 4)
            pts.append((x, y))
    for i in range(1, n):
        k = r.random()
        if k < 0.05:
            pts[i] = pts[i - 1]
        elif k < 0.08:
            pts[i] = r.choice(pts)
        elif k < 0.13:
            pts[i] = (pts[i][0], pts[i - 1][1])
        elif k < 0.18:
            pts[i] = (pts[i - 1][0], pts[i][1])
        elif k < 0.2:
            pts[i] = (pts[i - 1][0] + r.randint(-9, 9), pts[i - 1][1] + r.randint(-9, 9))
    if r.random() < 0.2:
        pts[-1] = pts[0]
    return [(max(-1.6e7, min(1.6e7, x)), max(-1.6e7, min(1.6e7, y))) for x, y in pts]


def count(r):
    return r.choice([3, 3, 4, 4, 5, 6, 8, 12, 20, 40, r.randint(3, 40)])


def flat(points):
    return " ".join(repr(v) for p in points for v in p)


def runs_of(m):
    f = m.flatten(order="F")
    edges = np.flatnonzero(np.diff(f)) + 1
    counts = np.diff(np.concatenate([[0], edges, [f.size]])).tolist()
    return ([0] if f[0] else []) + counts


def case_string(r):
    h, w = size(r)
    m = blob(r, h, w)
    rle = coco.encode(np.asfortranarray(m))
    return ("string", h, w, rle["counts"].decode()), lambda: coco.decode(rle)


def case_counts(r):
    h, w = size(r)
    counts = runs_of(blob(r, h, w))
    for _ in range(r.choice([0, 0, 1, 5])):  # runs of no length
        i = r.randrange(len(counts))
        k = r.randint(0, counts[i])
        counts[i : i + 1] = [k, 0, counts[i] - k]
    return ("counts", h, w, " ".join(map(str, counts))), lambda: coco.decode(
        coco.frPyObjects({"size": [h, w], "counts": counts}, h, w)
    )


def case_polygon(r):
    h, w = size(r)
    far = 1.6e7 if r.random() < 0.002 else r.choice([1e3, 1e4])  # the reference samples every fifth of a pixel
    polygons = [[max(-far, min(far, v)) for p in corners(r, h, w, count(r)) for v in p] for _ in range(r.choice([1, 1, 1, 2, 3, 5]))]
    rest = ";".join(" ".join(repr(v) for v in p) for p in polygons)
    return ("coco", h, w, rest), lambda: coco.decode(coco.merge(coco.frPyObjects(polygons, h, w)))


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, width):
        self.text.append(format(value, f"0{width}b"))

    def bytes(self):
        t = "".join(self.text)
        t += "0" * (-len(t) % 8)
        return [int(t[i : i + 8], 2) for i in range(0, len(t), 8)]


def case_brush(r):
    h, w = r.randint(1, 40), r.randint(1, 40)
    if r.random() < 0.5:  # as the converter writes them
        m = blob(r, h, w) * r.choice([255, 255, 128, 1])
        rle = encode_rle(np.repeat(m.reshape(-1, 1), 4, axis=1).flatten().tolist())
    else:  # anything that the format can say
        n, bits = h * w * 4, Bits()
        word, widths = r.choice([8, 8, 8, r.randint(1, 8)]), [r.randint(1, 16) for _ in range(4)]
        bits.put(n, 32), bits.put(word - 1, 5)
        for x in widths:
            bits.put(x - 1, 4)
        at = 0
        while at < n:
            which = r.randrange(4)
            k = min(n - at, 1 << widths[which], r.choice([1, 3, 20, 500, 1 << 16]))
            k = r.randint(1, k)
            same = r.randint(0, 1)
            bits.put(same, 1), bits.put(which, 2), bits.put(k - 1, widths[which])
            for _ in range(1 if same else k):
                bits.put(r.getrandbits(word), word)
            at += k
        rle = bits.bytes()
    return ("brush", h, w, " ".join(map(str, rle))), lambda: decode_rle(rle).reshape(h, w, 4)[:, :, 3]


def case_kaggle(r):
    h, w = size(r)
    pairs = []
    for _ in range(r.choice([0, 1, 3, 10, 60])):
        s = r.randint(1, h * w)
        pairs.append((s, r.randint(0, min(h * w + 1 - s, r.choice([3, 40, 10**6])))))

    def reference():
        m = np.zeros(h * w, np.uint8)
        for s, n in pairs:
            m[s - 1 : s - 1 + n] = 1
        return m.reshape(w, h).T

    return ("kaggle", h, w, " ".join(f"{s} {n}" for s, n in pairs)), reference


def case_cvat(r):
    h, w = size(r)
    left, top = r.randrange(w), r.randrange(h)
    right, bottom = r.randint(left, w - 1), r.randint(top, h - 1)
    inner = blob(r, bottom - top + 1, right - left + 1)

    def reference():
        m = np.zeros((h, w), np.uint8)
        m[top : bottom + 1, left : right + 1] = inner
        return m

    runs = runs_of(inner.T) + [left, top, right, bottom]
    return ("cvat", h, w, " ".join(map(str, runs))), reference


def labelme(kind, points):
    def case(r):
        h, w = size(r)
        pts = points(r, h, w)
        return (kind, h, w, flat(pts)), lambda: shape_to_mask((h, w), pts, kind)

    return case


def circle(r, h, w):
    far = r.random() < 0.1
    reach = 3000 if far else max(h, w) * r.choice([0.1, 0.5, 1.2])
    x, y = number(r, -5, w + 5), number(r, -5, h + 5)
    k = r.random()
    dx, dy = number(r, -reach, reach), number(r, -reach, reach)
    if k < 0.1:
        dx = dy = 0.0
    elif k < 0.2:
        dx, dy = number(r, -2, 2), number(r, -2, 2)
    elif k < 0.4:
        dy = 0.0
    return [(x, y), (x + dx, y + dy)]


def line_points(n):
    return lambda r, h, w: corners(r, h, w, n(r))


SHAPES = {
    "labelme polygon": (labelme("polygon", line_points(count)), 4000),
    "labelme oriented_rectangle": (labelme("oriented_rectangle", line_points(lambda r: 4)), 500),
    "labelme rectangle": (labelme("rectangle", line_points(lambda r: 2)), 2000),
    "labelme circle": (labelme("circle", circle), 3000),
    "labelme line": (labelme("line", line_points(lambda r: 2)), 2000),
    "labelme linestrip": (labelme("linestrip", line_points(lambda r: r.randint(1, 9))), 2000),
    "labelme point": (labelme("point", line_points(lambda r: 1)), 2000),
}
CASES = {
    "coco string": (case_string, 6000),
    "coco counts": (case_counts, 6000),
    "coco polygons": (case_polygon, 10000),
    "label studio brush": (case_brush, 1500),
    "kaggle pairs": (case_kaggle, 2000),
    "cvat boxes": (case_cvat, 2000),
    **SHAPES,
}


class Masks(unittest.TestCase):
    def test_each_is_as_its_reference_draws_it(self):
        for name, (case, count) in CASES.items():
            with self.subTest(name):
                r = random.Random(f"{SEED} {name}")
                count = max(1, int(count * CASES_TIMES))
                equal = two = 0
                for _ in range(count):
                    made, reference = case(r)
                    mask, want = decoded(*made), reference()
                    if isinstance(mask, str):
                        self.assertIn(TWO, mask, str(made)[:300])
                        two += 1
                        continue
                    self.assertEqual((mask.dtype, mask.shape), (np.uint8, want.shape))
                    self.assertTrue(np.array_equal(mask, want), str(made)[:300])
                    equal += 1
                print(f"{name:28} {equal:6} of {count:6} equal, {two} refused as those of two programs", flush=True)
                self.assertLess(two, count / 50)


if __name__ == "__main__":
    unittest.main()
