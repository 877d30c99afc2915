"""Masks as run lengths and polygons, and drawings as strokes."""
import numpy as np

from .form import Form
from .pixels import FOUR, HEIGHT, MASK, PNG_FILES, RGB, WIDTH, coco_runs, coco_text, run_lengths

SIZE = {"width": WIDTH, "height": HEIGHT}
# The polygon of `coco-polygon` as the COCO API draws it.
TRIANGLE = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 0],
                     [0, 0, 0, 0, 0, 0]], np.uint8)
# That of `ultralytics-segments`, as the COCO API draws it.
SHARES = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0],
                   [0, 0, 0, 0, 0, 0]], np.uint8)
BLANK = [np.zeros((28, 28), np.uint8)] * 4


def rle(mask):
    return {"size": list(mask.shape), "counts": coco_text(mask)}


def _nose(strokes):
    """A drawing of Quick, Draw!."""
    return {"word": "nose", "countrycode": "AE", "timestamp": "2017-03-01 20:41:36.70725 UTC", "recognized": True,
            "key_id": "1234567890123456", "drawing": strokes}


TWO_STROKES = [[[0, 255], [0, 128]], [[40, 90, 120], [60, 10, 33]]]
RAW_STROKES = [[[1.5, 30.2], [4.0, 80.1], [0, 17]], [[9.0, 8.5, 3.25], [1, 2, 3], [20, 40, 60]]]
STROKES = [
    Form("quickdraw", "one or two strokes", [_nose(TWO_STROKES[: 2 - (i == 1)]) for i in FOUR], BLANK,
         ["--field drawing", "--encoding strokes"], open=True),
    Form("quickdraw-one-stroke", "all of the same length: a rectangular list",
         [_nose(TWO_STROKES[:1]) for _ in FOUR], BLANK, ["--field drawing"], open=True),
    Form("quickdraw-raw", "with times", [_nose(RAW_STROKES) for _ in FOUR], BLANK, open=True),
]

MASKS = [
    Form("coco-text", "compressed run lengths", [{"segmentation": rle(m), "category_id": 1} for m in MASK], MASK,
         ["--field segmentation", "--encoding rle"]),
    Form("coco-runs", "run lengths",
         [{"segmentation": {"size": [HEIGHT, WIDTH], "counts": coco_runs(m)}} for m in MASK],
         MASK, ["--field segmentation"]),
    Form("coco-annotations", "SA-1B: a list of them",
         [{"image": {"image_id": i, **SIZE, "file_name": "a.jpg"}, "annotations": [{"segmentation": rle(MASK[i])}]}
          for i in FOUR], MASK, ["--field annotations[*].segmentation"]),
    Form("coco-beside-path", "the mask of an image that is there",
         [{"file_name": f"im{i}.png", "segmentation": rle(MASK[i])} for i in FOUR], RGB, files=PNG_FILES),
    Form("coco-polygon", "a polygon, with the size of the image",
         [{"segmentation": [[0.5, 0.5, 4.5, 0.5, 4.5, 3.5]], "image_id": 1, **SIZE} for _ in FOUR], [TRIANGLE] * 4,
         ["--field segmentation", "--encoding polygon"]),
    Form("ultralytics-segments", "polygons in parts of the size",
         [{"type": "image", "file": "a.png", **SIZE,
           "annotations": {"segments": [[0, 0.1, 0.1, 0.9, 0.1, 0.5, 0.9]]}} for _ in FOUR],
         [SHARES] * 4, ["--field annotations.segments"]),
    Form("label-studio-rle", "brush strokes, packed bits",
         [{"type": "brushlabels", "value": {"format": "rle", "rle": [0, 0, 0, 16, 57, 27, 1, 2, 3],
                                            "brushlabels": ["a"]}, "original_width": 2, "original_height": 2}
          for _ in FOUR], [np.zeros((2, 2), np.uint8)] * 4, ["--field value.rle"], open=True),
]


def label_studio_rle(mask):
    """A mask as Label Studio keeps it: RGBA numbers, packed by @thi.ng/rle-pack in words of 8 bits."""
    pixels = np.zeros((mask.size, 4), np.uint8)
    pixels[:, 3] = mask.ravel()
    pixels[mask.ravel() > 0, :3] = [10, 20, 30]
    numbers, sizes, bits = pixels.ravel().tolist(), [3, 4, 8, 16], ""
    bits += f"{len(numbers):032b}{8 - 1:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    at = 0
    while at < len(numbers):
        run = 1
        while at + run < len(numbers) and numbers[at + run] == numbers[at] and run < 65536:
            run += 1
        kind = next(k for k, size in enumerate(sizes) if run - 1 < 1 << size)
        bits += f"1{kind:02b}{run - 1:0{sizes[kind]}b}{numbers[at]:08b}"
        at += run
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def cvat_mask(mask):
    """A mask as CVAT keeps it: run lengths within its box, row by row, then the box: left, top, right, bottom."""
    rows, columns = np.nonzero(mask)
    top, bottom, left, right = (int(x) for x in (rows.min(), rows.max(), columns.min(), columns.max()))
    return [*run_lengths(mask[top : bottom + 1, left : right + 1]), left, top, right, bottom]


def _block(i, hole):
    mask = np.zeros((12, 16), np.uint8)
    mask[2 + i : 8, 3 : 9 + i] = 255
    mask[3, 4] = 0 if hole else mask[3, 4]
    return mask


BLOCKS = [_block(i, hole=False) for i in FOUR]
HOLED = [_block(i, hole=True) for i in FOUR]
ONES = [(m > 0).astype(np.uint8) for m in HOLED]
REPORTED = [
    Form("label-studio-brush", "an export of Label Studio",
         [{"id": i, "data": {"image": f"/data/upload/{i}.png"},
           "annotations": [{"result": [{"original_width": 16, "original_height": 12, "image_rotation": 0,
                                        "type": "brushlabels",
                                        "value": {"format": "rle", "rle": label_studio_rle(BLOCKS[i]),
                                                  "brushlabels": ["a"]}}]}]} for i in FOUR], BLOCKS,
         ["--field 'annotations[*].result[*].value.rle'", "--field 'annotations[*].result[*].value'"],
         seen="HumanSignal/label-studio#382, HumanSignal/label-studio-sdk#368"),
    Form("cvat-mask", "run lengths with their box",
         [{"frame": i, "width": 16, "height": 12,
           "shapes": [{"type": "mask", "label": "x", "points": cvat_mask(HOLED[i])}]} for i in FOUR], ONES,
         ["--field 'shapes[*].points'"], seen="cvat-ai/cvat#4723"),
    Form("coco-result", "results of a detector",
         [{"image_id": i, "segmentation": rle(HOLED[i]), "score": 0.5} for i in FOUR], ONES,
         ["--field segmentation", "--field segmentation.counts"],
         seen="cocodataset/cocoapi#493, talmolab/sleap-io#487, CAMMA-public/Endoscapes#9"),
    Form("coco-polygon-no-size", "a polygon, the size stands nowhere",
         [{"id": i, "image_id": 7, "bbox": [3.0, 2.0, 9.0, 6.0], "area": 54.0,
           "segmentation": [[3.0, 2.0, 11.0, 2.0, 11.0, 7.0, 3.0, 7.0]], "iscrowd": 0} for i in FOUR], None,
         ["--field segmentation"], seen="facebookresearch/Detectron#100"),
    Form("quickdraw-lines", "three points each: a rectangular list",
         [{"word": "line", "key_id": str(i), "drawing": [[[0, 10 * i + 5, 255], [0, 50, 200]]]} for i in FOUR], BLANK,
         open=True, seen="googlecreativelab/quickdraw-dataset"),
]

FORMS = [*STROKES, *MASKS, *REPORTED]
