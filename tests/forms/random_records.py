"""Random records of one to six leaves, and an oracle that knows which of them is the image.

    PYTHONPATH=tests:tests/python python -m forms.random_records [N [SEED]]

runs N cases (5,000) through the command without options. At exit 0 only the array of the image is right; where a
second image, or one that cannot be read, stands beside it, only a refusal is; rejects are counted at exit 3, and
the rows beside them must be right. What is wrong is printed with its seed and the fewest leaves that do it.
NDPIX names the command.
"""
import os
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import encoded, packed, reported_values, wrappers
from . import text as texts
from .decoys.samples import (DEPTH, FILES, GRAY, PNG, RGB, RUNS, heic, float_tensor, floats, ints, path, png,
                             random_text)
from .described import json_numpy
from .encoded import data_url
from .form import Form
from .pixels import b64
from .run import WRONG, convert, same, some_rows

# Names by what they say: an image, nothing, something unknown, something less than the image.
IMAGE_NAMES = ["image", "img", "photo", "picture", "frame", "screenshot", "tile", "jpg", "png", "rgb_image"]
CARRIERS = ["data", "content", "value", "file", "bytes", "base64"]
UNKNOWN_NAMES = ["canvas", "plot", "face", "sample", "chart", "page", "upload", "foo"]
LESSER_NAMES = ["thumb", "thumbnail", "mask", "depth", "icon", "avatar", "preview", "mask_image"]
FORMATS = ["jpg", "png"]
LEVELS = {2: IMAGE_NAMES, 1: CARRIERS, 0: UNKNOWN_NAMES, -1: LESSER_NAMES}
SAMPLE = 64


@dataclass(frozen=True)
class Leaf:
    """One value of each record.

    `kind` is image, drawing, numbers, unreadable (`known`: of a known image format), grid (integers in two
    levels, too small for an image) or nothing. `images(i)` are those of record i. `names` is the level of its name.
    """

    key: tuple
    level: int
    kind: str
    value: object
    images: object = None
    known: bool = False
    present: tuple = ()
    shift: int = 0

    def rows(self, i):
        """The images of record i, none where the value is null."""
        return self.images(i + self.shift) if self.present[i] else []


def _one(images):
    return lambda i: [images[i % len(images)]]


def _of_form(form):
    """The values of a form whose records have one key."""
    values = [next(iter(record.values())) for record in form.records]
    # An image inside of one more layer, which only options open: it is there, and cannot be read.
    return lambda i: values[i % 4], _one(form.right), TABLE[form.name] == "auto"


def _single(section):
    """The forms of image files that are one value of a record."""
    return [form for form in section.FORMS
            if form.right is not None and not form.files and not form.exit and not form.open
            and isinstance(form.records, list) and len(form.records) == len(form.right) == 4
            and all(isinstance(record, dict) and len(record) == 1 for record in form.records)
            and len({next(iter(record)) for record in form.records}) == 1
            and form.right[0].shape[-1] == 3
            # Where the keys are data, each is a field of its own, read where they show what another field does.
            and len({tuple(v) if isinstance(v, dict) else () for r in form.records for v in r.values()}) == 1
            # A caption may well hold a picture; of the others a value alone may be whole.
            and form.name not in ("reported-markdown", "reported-plus-blank", "reported-prefix-or-not")]


TABLE = dict(reversed(line.split()[:2]) for line in (Path(__file__).parent / "table.txt").read_text().splitlines())
FORMS = [_of_form(form) for section in (encoded, wrappers, texts, reported_values) for form in _single(section)]
IMAGES = [
    (png, _one(RGB)),
    (lambda i: data_url(PNG[i % 5]), _one(RGB)),
    (lambda i: PNG[i % 5].hex(), _one(RGB)),
    (path, _one(RGB)),
    (lambda i: {"bytes": png(i), "path": None}, _one(RGB)),
    (lambda i: {"$binary": {"base64": png(i), "subType": "00"}}, _one(RGB)),
    (lambda i: list(PNG[i % 5]), _one(RGB)),
    (lambda i: json_numpy(RGB[i % 5]), _one(RGB)),
    (lambda i: {"shape": [32, 40], "dtype": "uint16", "data": b64(DEPTH[i % 5])}, _one(DEPTH)),
    (lambda i: {"height": 32, "width": 40, "encoding": "rgb8", "step": 120, "data": b64(RGB[i % 5])}, _one(RGB)),
    (lambda i: [png(i), png(i + 1)], lambda i: [RGB[i % 5], RGB[(i + 1) % 5]]),
]
UNREADABLE = [
    (heic, True),
    (lambda i: png(i)[:200], True),
    (lambda i: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E", True),
    (lambda i: f"https://example.com/{i}.jpg", False),
    (lambda i: f"no/{i}.png", False),
    (lambda i: random_text(i, 3840), False),
    (lambda i: b64(packed.pickle.dumps(GRAY[i % 5])), False),
]
NUMBERS = [
    (lambda i: GRAY[i % 5].tolist(), _one(GRAY)),
    (lambda i: RGB[i % 5].tolist(), _one(RGB)),
    (lambda i: GRAY[i % 5][:9, :8].tolist(), _one([a[:9, :8] for a in GRAY])),
]
RUNS_MASK = np.repeat([0, 1, 0], RUNS["counts"]).reshape(40, 32).T.astype(np.uint8)
NOTHING = {
    "label": lambda i: i % 3, "caption": lambda i: f"a dog on beach {i}", "bbox": lambda i: ints(i, 4, 900),
    "embedding": lambda i: floats(i, 64), "input_ids": lambda i: ints(i, 40, 30000), "score": lambda i: i / 7,
    "hidden": lambda i: floats(i, (12, 16)), "md5": lambda i: f"{i:032x}",
    "uuid": lambda i: f"{i:08x}-4f89-11d3-9a0c-0305e82c3301", "page_url": lambda i: f"https://example.com/{i}",
    "location": lambda i: "52.52, 13.40", "tags": lambda i: ["a", "b"],
    "meta": lambda i: {"width": 640, "height": 480, "lens": [1.5, 2.0]}, "state": lambda i: float_tensor(i, 7),
    "audio": lambda i: random_text(i, 900), "flag": lambda i: True, "size": lambda i: [40, 32],
    "attention_mask": lambda i: [1] * 40, "note": lambda i: None, "created": lambda i: "2026-01-01T00:00:00Z",
}
GRIDS = {"edges": lambda i: [[0, 1], [1, 2]], "boxes": lambda i: ints(i, (6, 4), 600)}


def _key(rng, used):
    """A name that no other leaf has, plain or above a carrier, with its level."""
    while True:
        level = rng.choice([2, 2, 1, 0, 0, -1])
        name = rng.choice(LEVELS[level])
        if name not in used:
            used.add(name)
            return ((name, "data") if level != 1 and rng.random() < 0.2 else (name,)), level


def _leaf(rng, used):
    kind = rng.choices(["image", "form", "unreadable", "numbers", "drawing", "grid", "nothing"],
                       [5, 4, 3, 2, 1, 1, 9])[0]
    if kind in ("nothing", "grid"):
        names = sorted(set(NOTHING if kind == "nothing" else GRIDS) - used)
        name = rng.choice(names or ["label"])
        used.add(name)
        return Leaf((name,), 0, kind, {**NOTHING, **GRIDS}[name])
    key, level = _key(rng, used)
    if kind == "unreadable":
        value, known = rng.choice(UNREADABLE)
        return Leaf(key, level, kind, value, known=known)
    if kind == "drawing":
        return Leaf(key, level, kind, lambda i: RUNS, _one([RUNS_MASK]))
    value, images, *opens = rng.choice({"image": IMAGES, "form": FORMS, "numbers": NUMBERS}[kind])
    if opens == [False]:
        return Leaf(key, level, "unreadable", value, known=True)
    inside = value(0) if isinstance(value(0), dict) else {}
    if any(name in IMAGE_NAMES for name in inside) or str(inside.get("mimeType")).startswith("image/"):
        level = 2  # that of the name inside, or of the media type beside
    return Leaf(key, level, "numbers" if kind == "numbers" else "image", value, images)


def draw(seed):
    """The leaves of a case, each with the records in which it is not null."""
    rng = random.Random(seed)
    count = rng.choice([3, 4, 5, 6, 80]) if rng.random() < 0.5 else 4
    used, leaves = set(), []
    for _ in range(rng.randint(1, 6)):
        how = rng.random()
        present = [how > 0.15 or rng.random() < 0.6 for _ in range(count)]
        if count > SAMPLE and how > 0.7:
            present = [i >= SAMPLE + 4 for i in range(count)]
        leaves.append(replace(_leaf(rng, used), present=tuple(present), shift=rng.randrange(4)))
    # The same image under one name or another, as base64 or as a path.
    if rng.random() < 0.08 and "image" not in used and count <= SAMPLE:
        odd = tuple(rng.random() < 0.5 for _ in range(count))
        leaves.append(Leaf(("image_base64",), 2, "image", png, _one(RGB), present=odd))
        leaves.append(Leaf(("image_path",), 2, "image", path, _one(RGB), present=tuple(not x for x in odd)))
    return leaves


def records(leaves):
    out = []
    for i in range(len(leaves[0].present)):
        record = {}
        for leaf in leaves:
            inner = record
            for key in leaf.key[:-1]:
                inner = inner.setdefault(key, {})
            inner[leaf.key[-1]] = leaf.value(i + leaf.shift) if leaf.present[i] else None
        out.append(record)
    return out


def _rows(leaves):
    """The images of leaves, record by record."""
    return np.stack([image for i in range(len(leaves[0].present)) for leaf in leaves for image in leaf.rows(i)])


def _beside(one, other):
    return any(a and b for a, b in zip(one.present, other.present))


def _joined(images):
    """Leaves that show the same wherever they stand beside each other, as one leaf; None where they do not."""
    for one in images:
        for other in images:
            shared = [i for i, (a, b) in enumerate(zip(one.present, other.present)) if a and b]
            if not shared or not all(same(*map(np.stack, (one.rows(i), other.rows(i)))) for i in shared):
                return None

    def rows(i):
        return next((leaf.rows(i) for leaf in images if leaf.present[i]), [])

    present = tuple(map(any, zip(*(leaf.present for leaf in images))))
    return replace(images[0], level=max(leaf.level for leaf in images), images=rows, present=present, shift=0)


def _rivals(image, leaf):
    """Whether a leaf may be the image instead."""
    if leaf.kind not in ("unreadable", "numbers"):
        return False
    if image.level == -1:
        return True
    # With no names of their own an address, or a path beside embedded bytes, is another way to hold the same image.
    ways = ("https://",) if image.value is path else ("https://", "no/")
    wordless = all(name in (*CARRIERS, *FORMATS) for name in image.key + leaf.key)
    if wordless and leaf.level >= image.level and str(leaf.value(0)).startswith(ways):
        return False
    return leaf.level != -1 and (leaf.known or leaf.level >= image.level)


def _read(leaf, leaves, late):
    """What is right where this leaf is read: all of it, or with rejects; nothing where a rival stands beside it."""
    others = [other for other in leaves if other.key != leaf.key]
    second = [other for other in late if other.kind == "image" and other.level != -1]
    rivals = [other for other in others if _rivals(leaf, other)]
    if not rivals and not second:
        return [_rows([leaf])], [_rows([leaf])]
    if any(_beside(leaf, other) or leaf.level == -1 for other in rivals if other not in late):
        return [], []
    return [], [_rows([leaf])]


def oracle(leaves):
    """The arrays that are right at exit 0, and those whose rows are right beside rejects. None: refuse."""
    leaves = [leaf for leaf in leaves if any(leaf.present)]
    candidates = [leaf for leaf in leaves if leaf.kind not in ("nothing", "grid")]
    # The sample decides, or where it has nothing, what comes first.
    decide = [leaf for leaf in candidates if any(leaf.present[:SAMPLE])] or candidates
    late = [leaf for leaf in candidates if leaf not in decide]
    kinds = {kind: [leaf for leaf in decide if leaf.kind == kind]
             for kind in ("image", "drawing", "numbers", "unreadable")}
    images = kinds["image"]
    pair = [leaf for leaf in images if leaf.key[0] in ("image_base64", "image_path")]
    if len(pair) == 2 and all(leaf in pair or _joined([leaf, one]) for leaf in images for one in pair if _beside(leaf, one)):
        images = pair
    if {leaf.key[0] for leaf in images} == {"image_base64", "image_path"}:
        others = [leaf for leaf in candidates if leaf not in images and _rivals(images[0], leaf)]
        right = _rows(images)
        return ([] if others else [right]), [right, *(_rows([leaf]) for leaf in images)]
    if images:
        image = _joined(images)
        if image:
            return _read(image, [leaf for leaf in candidates if leaf not in images], late)
        apart = not any(_beside(a, b) for a in images for b in images if a is not b)
        return [], [_rows([leaf]) for leaf in images] if apart else []
    rest = kinds["drawing"] + kinds["numbers"]
    if len(rest) > 1 and kinds["numbers"] == rest and _joined(rest):
        rest = [_joined(rest)]
    if kinds["unreadable"] or len(rest) != 1:
        return [], []
    # Boxes have a name that pictures never have.
    grids = [leaf for leaf in leaves if leaf.kind == "grid" and leaf.key[-1] != "boxes" and any(leaf.present[:SAMPLE])]
    if rest[0].kind == "numbers" and rest[0].level < 2 and grids:
        return [], []
    return _read(rest[0], [*rest, *late], late)


def verdict(leaves, root):
    """right, refused (rightly), pedantic (a needless refusal or needless rejects), or WRONG with what came."""
    source = Form("case", "", records(leaves), None, files=FILES).write(root)
    run = convert(source, "", source.parent / "out.npy")
    whole, part = oracle(leaves)
    if run.code not in (0, 2, 3, 4):
        return f"{WRONG} exit {run.code}: {run.said.strip()}"
    if run.array is None:
        return "pedantic" if whole else "refused"
    if run.code == 0 and any(same(run.array, right) for right in whole):
        return "right"
    if run.rejects and any(some_rows(run.array, right) for right in part):
        return "pedantic" if whole else "right"
    return f"{WRONG} {run.array.shape} {run.array.dtype} at exit {run.code}: {run.said.splitlines()[0]}"


def _wrong(leaves):
    with tempfile.TemporaryDirectory(prefix="ndpix-random-") as root:
        what = verdict(leaves, Path(root))
    return what if what.startswith(WRONG) else None


def fewest(leaves):
    """Leaves of which none can go."""
    for leaf in leaves:
        rest = [other for other in leaves if other is not leaf]
        if rest and _wrong(rest):
            return fewest(rest)
    return leaves


def run_case(seed):
    leaves = draw(seed)
    with tempfile.TemporaryDirectory(prefix="ndpix-random-") as root:
        what = verdict(leaves, Path(root))
    if not what.startswith(WRONG):
        return what, None
    leaves = fewest(leaves)
    shown = "; ".join(f"{'.'.join(leaf.key)}: {leaf.kind}, {sum(leaf.present)} of {len(leaf.present)}, "
                      f"{str(leaf.value(leaf.shift))[:60]}" for leaf in leaves)
    return WRONG, f"seed {seed}: {_wrong(leaves)}\n    {shown}"


def run_cases(seeds):
    """How many ended how, and what is wrong."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        came = list(pool.map(run_case, seeds))
    return Counter(what for what, _ in came), [said for _, said in came if said]


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    counts, wrong = run_cases(range(seed, seed + count))
    print(*wrong, f"{count} cases from seed {seed}: {dict(counts)}", sep="\n")
    sys.exit(bool(wrong))
