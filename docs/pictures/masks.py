"""Makes the pictures of docs/masks.md: every mask comes out of ndpix. Pillow puts them side by side, and gives numbers colours.

    .venv/bin/python docs/pictures/masks.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import ndpix

HERE = Path(__file__).parent
SIDE, ROOM = 128, 12
PAPER, INK, SHAPE, GROUND = (255, 255, 255), (40, 40, 40), (32, 96, 160), (236, 236, 236)
# Of the numbers 1, 2, 3, 4.
NUMBERS = [SHAPE, (230, 140, 30), (60, 150, 80), (150, 70, 150)]


def rle():
    """A ring as run lengths down the columns."""
    y, x = np.mgrid[:SIDE, :SIDE]
    ring = ((np.hypot(x - 64, y - 64) < 54) & (np.hypot(x - 72, y - 58) > 26)).T.ravel()
    ends = np.flatnonzero(np.diff(ring)) + 1
    counts = np.diff([0, *ends, ring.size]).tolist()
    return ndpix.decode({"size": [SIDE, SIDE], "counts": counts})


def polygon():
    """A star and a triangle, one object of COCO."""
    angles = np.arange(10) * np.pi / 5
    far = np.where(np.arange(10) % 2, 18, 44)
    star = np.stack([50 + far * np.sin(angles), 52 - far * np.cos(angles)], 1).ravel().tolist()
    return ndpix.decode([star, [92, 122, 124, 122, 108, 84]], encoding="polygon", raw_shape=(SIDE, SIDE))


def shapes():
    """A shape of each kind that Labelme draws."""
    made = [
        ("rectangle", [[6, 6], [50, 34]]),
        ("circle", [[92, 30], [92, 6]]),
        ("linestrip", [[10, 66], [44, 52], [70, 78], [118, 64]]),
        ("polygon", [[12, 118], [34, 84], [66, 104], [52, 122]]),
        ("point", [[84, 106]]),
        ("line", [[98, 118], [120, 88]]),
    ]
    drawn = [ndpix.decode({"shape_type": k, "points": p}, encoding="polygon", raw_shape=(SIDE, SIDE)) for k, p in made]
    return np.max(drawn, axis=0)


def sketch(side):
    """A face of six strokes."""
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = [(127.5 + 120 * np.cos(turn)).round().tolist(), (127.5 + 120 * np.sin(turn)).round().tolist()]
    mouth = [(127.5 + 60 * np.cos(turn[:21])).round().tolist(), (150 + 40 * np.sin(turn[:21])).round().tolist()]
    strokes = [ring, mouth, [[90, 90], [80, 100]], [[165, 165], [80, 100]], [[128, 120, 132], [105, 140, 140]]]
    record = {"word": "face", "key_id": "1", "drawing": strokes}
    return ndpix.load([record], size=side)[0]


def merged(how):
    """Two cats, a dog and a bird, of which later ones lie on earlier ones."""
    made = [
        ("cat", "circle", [[46, 58], [46, 20]]),
        ("dog", "rectangle", [[56, 40], [118, 92]]),
        ("cat", "polygon", [[18, 118], [44, 74], [86, 116]]),
        ("bird", "circle", [[98, 40], [98, 22]]),
    ]
    shapes = [{"label": label, "shape_type": kind, "points": points} for label, kind, points in made]
    record = {"imageHeight": SIDE, "imageWidth": SIDE, "shapes": shapes}
    return ndpix.load([record], field="shapes[*].points", merge=how)[0]


def picture(name, cells):
    page = Image.new("RGB", (len(cells) * (SIDE + ROOM) + ROOM, SIDE + 2 * ROOM + 16), PAPER)
    draw = ImageDraw.Draw(page)
    for number, (said, image) in enumerate(cells):
        at = (ROOM + number * (SIDE + ROOM), ROOM)
        page.paste(image, at)
        draw.text((at[0] + SIDE // 2, SIDE + ROOM + 14), said, INK, anchor="mm", font_size=13)
    page.save(HERE / name, optimize=True)


def shaded(mask):
    gray = Image.fromarray(mask * (255 // max(int(mask.max()), 1)))
    gray = gray.resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return Image.composite(Image.new("RGB", gray.size, SHAPE), Image.new("RGB", gray.size, GROUND), gray)


def coloured(mask):
    return Image.fromarray(np.array([GROUND, *NUMBERS], np.uint8)[mask])


def main():
    cells = [("rle", rle()), ("polygon", polygon()), ("shapes of Labelme", shapes())]
    cells += [(f"strokes, {side} by {side}", sketch(side)) for side in (28, SIDE)]
    picture("masks.png", [(said, shaded(mask)) for said, mask in cells])
    ways = ("any", "class", "class[dog,cat,bird]", "instance")
    picture("merged.png", [(f"merge {how}", coloured(merged(how))) for how in ways])


main()
