"""Records without an image: what looks like one is refused."""
import numpy as np

from ..described import json_numpy
from ..pixels import b64
from .samples import RGB, RUNS, float_tensor, floats, ints, random_text

REFUSED = {
    "tokens-attention": lambda i: {"text": "a b", "input_ids": ints(i, 12, 30000), "attention_mask": [1] * 12},
    "tokens-loss-mask": lambda i: {"tokens": ints(i, 600, 30000), "mask": [0] * 300 + [1] * 300},
    "mlm-mask-2d": lambda i: {"input_ids": ints(i, 16, 30000), "attention_mask": [[1] * 16] * 16},
    "frame-indices": lambda i: {"video": "v.mp4", "frames": [0, 30, 60, 90]},
    "frame-range": lambda i: {"video": "v.mp4", "frame": [0, 120]},
    "depth-range": lambda i: {"sensor": "x", "depth": [0.5, 4.2]},
    "depth-profile": lambda i: {"station": "x", "depth": floats(i, 20), "temp": floats(i + 100, 20)},
    "icon-colors": lambda i: {"name": "x", "icon": [255, 128, 0]},
    "image-mean": lambda i: {"name": "x", "image_mean": [0.48, 0.45, 0.4], "image_std": [0.2, 0.2, 0.2]},
    "embedding": lambda i: {"text": "x", "embedding": floats(i, 64)},
    "embedding-matrix": lambda i: {"text": "x", "hidden": floats(i, (12, 16))},
    "box-batch": lambda i: {"boxes": ints(i, (10, 4), 30000)},
    "two-grids-arc": lambda i: {"input": ints(i, (12, 12), 9), "output": ints(i + 100, (12, 12), 9)},
    "b64-embedding": lambda i: {"text": "x", "embedding": b64(np.array(floats(i, 256), "f4"))},
    "np-embedding": lambda i: {"text": "x", "embedding": float_tensor(i, 256)},
    "np-hidden": lambda i: {"text": "x", "hidden": float_tensor(i, (16, 64))},
    "np-action": lambda i: {"obs": {"state": float_tensor(i, 7)}},
    "np-pose": lambda i: {"cam": "a", "pose": json_numpy(np.eye(4))},
    "audio-b64": lambda i: {"id": i, "audio": random_text(i, 4000)},
    "segments-time": lambda i: {"text": "x", "segmentation": [[0.0, 1.2], [1.2, 3.0]]},
    "polygons-nosize": lambda i: {"segmentation": [[1.0, 2, 3, 4, 5, 6]], "bbox": [1, 2, 3, 4]},
    "frame-text": lambda i: {"frame": "1, 2, 3, 4, 5", "x": 1},
    "picture-desc": lambda i: {"picture": "a dog on a beach", "label": 2},
    "icon-name": lambda i: {"icon": "fa-user", "image": "none"},
    "unnamed-28-float": lambda i: {"label": 3, "x": floats(i, (28, 28))},
    "cifar-flat": lambda i: {"label": 3, "data": ints(i, 3072, 256)},
    "clip-image-text": lambda i: {"text": floats(i, 512), "image": floats(i + 100, 512)},
    "heights-dtm": lambda i: {"dem": ints(i, (20, 20), 900)},
    "two-rle": lambda i: {"gt": RUNS, "pred": {"size": [32, 40], "counts": [90, 210, 980]}},
    "landmarks-wh-only": lambda i: {"width": 640, "height": 480, "landmarks": [[1, 2]] * 68},
    "points-gt": lambda i: {"width": 640, "height": 480, "question": "x", "points": [[100, 200]]},
    "arc-small": lambda i: {"input": ints(i, (12, 12), 9), "output": ints(i + 100, (3, 3), 9)},
    "np-input_ids": lambda i: {"input_ids": json_numpy(np.array(ints(i, (8, 32), 30000)))},
    "kserve-input_ids": lambda i: {
        "inputs": [{"name": "input_ids", "shape": [8, 16], "datatype": "INT64", "data": ints(i, 128, 30000)}]
    },
    "kserve-ids-mask": lambda i: {
        "inputs": [
            {"name": "input_ids", "shape": [8, 16], "datatype": "INT64", "data": ints(i, 128, 30000)},
            {"name": "attention_mask", "shape": [8, 16], "datatype": "INT64", "data": [1] * 128},
        ]
    },
}

# Small grids and vectors under names that tell little: reading them is as good as refusing.
EITHER = {
    "confusion-int": lambda i: {"epoch": i, "confusion_matrix": ints(i, (10, 10), 50)},
    "token-batch": lambda i: {"input_ids": ints(i, (8, 16), 30000)},
    "sudoku": lambda i: {"puzzle": ints(i, (9, 9), 9)},
    "points-wh-label": lambda i: {"width": 640, "height": 480, "points": [[1, 2], [3, 4]], "label": "x"},
    "shape-hw-list": lambda i: {"shape": [2, 3], "data": floats(i, 6), "dtype": "float32"},
    "emb2d-image": lambda i: {"image": floats(i, (12, 16))},
    "vlm-grid": lambda i: {
        "input_ids": ints(i, 20, 30000),
        "pixel_values": floats(i + 100, (16, 64)),
        "image_grid_thw": [[1, 4, 4]],
    },
    "occupancy-grid": lambda i: {"info": {"width": 40, "height": 32, "resolution": 0.05}, "data": ints(i, 1280, 100)},
    "x-edges": lambda i: {"x": ints(i, (28, 28), 256), "edges": [[0, 1], [1, 2]]},
    "never-image-embedding-np": lambda i: {"embedding": json_numpy(RGB[i])},
    "rows-cols-data": lambda i: {"rows": 3, "cols": 4, "data": ints(i, 12, 30000)},
    "h-w-person": lambda i: {"height": 12, "width": 10, "data": ints(i, 120, 9)},
    "price-c": lambda i: {"w": 4, "h": 4, "c": 1, "values": floats(i, 16)},
    "unnamed-chw": lambda i: {"label": 3, "x": RGB[i].transpose(2, 0, 1).tolist()},
}
