"""Records with one image, and with what does not rival it: read. The keys are the fields that are right."""
import numpy as np

from ..chats import anthropic_image, user
from ..described import json_numpy
from ..pixels import b64
from .samples import (BRIGHT, DEPTH, GRAY, PNG, RGB, RUNS, depth_png, float_tensor, floats, ints, mask, path,
                      png, random_text, thumb)

# A document as a part of a message.
PDF = {"type": "document",
       "source": {"type": "base64", "media_type": "application/pdf", "data": b64(b"%PDF-1.4 " + bytes(90))}}

READ = {
    "image": {
        "plain": lambda i: {"image": png(i), "label": i},
        "img-source-url": lambda i: {"image": png(i), "url": f"https://site/{i}.jpg"},
        "img-source-image_url": lambda i: {"image": png(i), "image_url": f"https://site/{i}.jpg"},
        "img-thumb-url": lambda i: {"image": png(i), "thumbnail": f"https://site/t{i}.jpg"},
        "img-clip-list": lambda i: {"image": png(i), "clip": floats(i, 64), "bbox": ints(i + 100, 4, 30000)},
        "img-image_embedding-list": lambda i: {"image": png(i), "image_embedding": floats(i, 64)},
        "img-image_hash": lambda i: {"image": png(i), "image_hash": random_text(i, 48)},
        "img-confusion": lambda i: {"image": png(i), "grid": ints(i, (10, 10), 9)},
        "img-np-hidden": lambda i: {"image": png(i), "features": float_tensor(i, (16, 64))},
        "img-tokens2d": lambda i: {"image": png(i), "input_ids": ints(i, (8, 16), 30000)},
        "image-pixels-meta": lambda i: {"image": png(i), "pixels": 1280},
        "image-frame-list": lambda i: {"image": png(i), "frame": [0, 10]},
        "path-existing-file_name": lambda i: {"image": png(i), "file_name": f"{i}.png"},
        "path-existing-file_name-dir": lambda i: {"image": png(i), "file_name": path(i)},
        "image-path-url-src": lambda i: {
            "image": path(i),
            "coco_url": f"http://images/{i}.jpg",
            "flickr_url": f"http://f/{i}.jpg",
        },
        "image-path-mask-missing": lambda i: {"image": path(i), "mask": f"masks/{i}.png"},
        "image-caption-mentions": lambda i: {
            "image": path(i),
            "conversations": [{"from": "human", "value": "<image>\nwhat"}],
        },
        "mnist-image-float": lambda i: {"label": 3, "image": floats(i, 784)},
        "mnist-28": lambda i: {"label": 3, "image": ints(i, (28, 28), 256)},
        "digits-8": lambda i: {"label": 3, "image": ints(i, (8, 8), 16)},
        "image-list-bbox": lambda i: {"image": GRAY[i].tolist(), "bbox": ints(i, 4, 30000)},
        "image-list-mask1d": lambda i: {"image": GRAY[i].tolist(), "attention_mask": [1, 1, 0]},
        "product-image-brandlogo-svg": lambda i: {"image": png(i), "logo": "data:image/svg+xml,%3Csvg%3E"},
        "path-npy-label": lambda i: {"image": path(i), "feat": f"feats/{i}.npy"},
        "path-label-mask-png-rle": lambda i: {"image": path(i), "segmentation": RUNS},
        "list-edges": lambda i: {"image": ints(i, (28, 28), 256), "edges": [[0, 1], [1, 2]]},
        "np-labels-image": lambda i: {"image": json_numpy(RGB[i]), "labels": json_numpy(GRAY[i])},
        "many-columns-image-last": lambda i: dict({f"c{k}x": k for k in range(300)}, image=png(i)),
        "same-name-bare-file_name": lambda i: {"image": path(i), "file_name": f"{i}.png"},
        "image-y-lists": lambda i: {"image": GRAY[i].tolist(), "y": [[1]]},
    },
    "jpg": {
        "jpg-emb-b64": lambda i: {"jpg": png(i), "embedding": b64(np.array(floats(i, 256), "f4"))},
        "latin-image-name": lambda i: {"image": "Straße in München", "jpg": png(i)},
        "image_id-b64ish": lambda i: {"image_id": "aGVsbG8gd29ybGQgZ29vZGJ5ZQ", "jpg": png(i)},
        "image-uuid": lambda i: {"image": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "jpg": png(i)},
        "image-sha256": lambda i: {
            "image": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "jpg": png(i),
        },
        "image-name-noext": lambda i: {"image": f"COCO_train_{i:012d}", "jpg": png(i)},
        "jpg-cls-webdataset": lambda i: {
            "__key__": f"{i:06d}",
            "jpg": png(i),
            "cls": 3,
            "json": {"url": f"https://x/{i}.jpg"},
        },
        "laion": lambda i: {"url": f"https://x/{i}.jpg", "caption": "c", "jpg": png(i)},
        "image-na": lambda i: {"image": "n/a", "jpg": png(i)},
    },
    "obs.cam": {
        "img-np-state": lambda i: {"obs": {"cam": json_numpy(RGB[i]), "state": float_tensor(i, 7)}},
        "img-np-actionchunk": lambda i: {"obs": {"cam": json_numpy(RGB[i])}, "action": float_tensor(i, (16, 14))},
    },
    "img": {
        "image-frames-idx": lambda i: {"img": png(i), "frames": [0, 10, 20]},
        "cifar-hwc": lambda i: {"label": 3, "img": RGB[i].tolist()},
        "text-phone-list": lambda i: {"img": png(i), "dims": "32, 40, 3"},
    },
    "data": {
        "image-list-size": lambda i: {"data": png(i), "image": [40, 32]},
        "data-path-missing": lambda i: {"data": png(i), "path": f"train/{i}.png"},
    },
    "file_name": {"image-path-orig-missing": lambda i: {"file_name": path(i), "original": f"raw/{i}.tif"}},
    "mask": {
        "mask-only": lambda i: {"id": i, "mask": mask(i)},
        "mask-mask_url": lambda i: {"mask": mask(i), "mask_url": f"https://x/{i}.png"},
        "logits-mask-np": lambda i: {
            "logits": float_tensor(i, (32, 40)),
            "mask": json_numpy(BRIGHT[i].astype(np.uint8)),
        },
    },
    "depth": {
        "depth-npz": lambda i: {"depth": DEPTH[i].tolist()},
        "float-depth-list": lambda i: {"depth": (DEPTH[i] / 1000).tolist()},
        "depth-depth_file": lambda i: {"depth": depth_png(i), "depth_file": f"no/{i}.png"},
    },
    "x": {"unnamed-28": lambda i: {"label": 3, "x": ints(i, (28, 28), 256)}},
    "pixels": {
        "pixels-and-flat": lambda i: {"label": 3, "pixels": GRAY[i].tolist(), "flat": GRAY[i].ravel().tolist()},
        "fer-text": lambda i: {"emotion": 1, "pixels": " ".join(map(str, ints(i, 48 * 48, 256)))},
        "md5-pixels": lambda i: {"image_md5": "9e107d9d372bb6826bd81d3542a419d6", "pixels": GRAY[i].tolist()},
        "pixels-ids2d": lambda i: {"pixels": ints(i, (28, 28), 256), "input_ids": [ints(i + 100, 5, 30000)]},
    },
    "screenshot": {
        "screenshot-favicon-url": lambda i: {"screenshot": png(i), "favicon": f"https://x/{i}.ico"},
        "screenshot-url": lambda i: {"url": f"https://x/{i}.html", "screenshot": png(i)},
        "screenshot-audio": lambda i: {"screenshot": png(i), "audio": random_text(i, 900)},
        "photo-and-or": lambda i: {"photo": "yes/no", "screenshot": png(i)},
        "screenshot-thumb-same": lambda i: {"screenshot": png(i), "thumb": png(i)},
    },
    "page": {"pdf-and-page": lambda i: {"pdf": b64(b"%PDF-1.4 " + bytes(500)), "page": png(i)}},
    "msg.data": {
        "ros-camera-info": lambda i: {
            "topic": "/c",
            "msg": {"height": 32, "width": 40, "encoding": "rgb8", "step": 120, "is_bigendian": 0, "data": b64(RGB[i])},
            "K": floats(i, 9),
        }
    },
    "crop": {"crop-file_name": lambda i: {"crop": thumb(i), "file_name": f"{i}.jpg"}},
    "canvas": {
        "canvas-audio": lambda i: {"canvas": png(i), "audio": random_text(i, 900)},
        "prompt-names-file": lambda i: {"canvas": png(i), "prompt": "edit the cat.png"},
    },
    "plot": {"plot-model": lambda i: {"plot": png(i), "model": random_text(i, 900)}},
    "face": {"face-embedding": lambda i: {"face": png(i), "embedding": random_text(i, 1024)}},
    "captcha": {"captcha-answer": lambda i: {"captcha": png(i), "answer": "x"}},
    "data[*].b64_json": {"b64_json-url": lambda i: {"data": [{"b64_json": png(i), "url": f"https://x/{i}.png"}]}},
    "tile": {"tile-xyz": lambda i: {"tile": png(i), "z": 1, "x": 2, "y": 3}},
    "content": {"content-file": lambda i: {"filename": f"{i}.jpg", "content": png(i)}},
    "xray": {"xray-file": lambda i: {"xray": png(i), "filename": f"{i}.dcm.png"}},
    "pixel_values": {"vit-pixel_values": lambda i: {"pixel_values": floats(i, (3, 32, 32)), "labels": 3}},
    "segmentation": {
        "rle-and-poly": lambda i: {"segmentation": RUNS, "bbox": [1, 2, 3, 4], "height": 32, "width": 40},
        "coco-ann-rle-imgid": lambda i: {"image_id": 7, "category_id": 1, "segmentation": RUNS, "score": 0.5},
    },
    "png": {"quickdraw-png": lambda i: {"word": "x", "key_id": "1", "drawing": [[[1, 2], [3, 4]]], "png": png(i)}},
    "data.image": {"labelstudio-upload": lambda i: {"file": f"{i}_x.png", "data": {"image": path(i)}}},
    "imageData": {"labelme-path-missing": lambda i: {"imageData": png(i), "imagePath": f"..\\no\\{i}.jpg"}},
    "messages": {
        "anthropic-pdf": lambda i: {"messages": user(anthropic_image(PNG[i]), PDF)},
        "type-text-null": lambda i: {
            "messages": [{"content": [{"type": "text", "value": "hi"}, {"type": "image_url", "value": path(i)}]}]
        }
    },
    "image_paths": {"two-message-files": lambda i: {"image_paths": [path(i)], "thumb_urls": ["https://x/t.jpg"]}},
    "steps": {
        "steps-named": lambda i: {
            "steps": [{"name": "click", "screenshot": png(i)}, {"name": "type", "screenshot": png(i + 1)}]
        }
    },
    "views": {
        "views-lr": lambda i: {"views": [{"name": "left", "image": png(i)}, {"name": "right", "image": png(i + 1)}]}
    },
    "label": {"label-png-only": lambda i: {"id": i, "label": mask(i)}},
    "parts": {
        "type-file-value": lambda i: {"parts": [{"type": "file", "data": "readme"}, {"type": "image", "data": png(i)}]}
    },
}
