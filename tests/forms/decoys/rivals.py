"""Records with an image beside another, or in place of one that cannot be read: refused, none is preferred."""
import json

from ..chats import user
from ..encoded import data_url
from ..described import json_numpy
from ..pixels import b64
from .samples import (BRIGHT, DEPTH, GRAY, PNG, RGB, heic, color_mask, depth_png, image_url, ints, mask, mask_path,
                      path, png, random_text, thumb)

REFUSED = {
    "heic-thumb": lambda i: {"image": heic(i), "thumbnail": thumb(i)},
    "heic-mask": lambda i: {"image": heic(i), "mask": mask(i)},
    "url-thumb": lambda i: {"url": f"https://x/{i}.jpg", "thumbnail": thumb(i)},
    "url-noext-thumb": lambda i: {"url": f"https://x/i/{i}", "thumb": thumb(i)},
    "image_url-noext-thumb": lambda i: {"image_url": f"https://x/i/{i}", "thumb": thumb(i)},
    "path-missing-mask": lambda i: {"image": f"no/{i}.jpg", "mask": mask(i)},
    "file_name-missing-thumb": lambda i: {"file_name": f"{i}.jpg", "thumbnail": thumb(i)},
    "path-missing-thumb-uncommon": lambda i: {"file": f"no/{i}.jpg", "blur": thumb(i)},
    "url-uncommon-small": lambda i: {"image_url": f"https://x/{i}.jpg", "lowres": thumb(i)},
    "url-uncommon-logo": lambda i: {"image": f"https://x/{i}.jpg", "watermark": thumb(i)},
    "rawb64-thumb": lambda i: {"image": random_text(i, 3840), "thumbnail": thumb(i)},
    "frame-raw-noshape-qr": lambda i: {"payload": random_text(i, 3840), "qr": thumb(i)},
    "missing-left-right": lambda i: {"left": path(i), "right": f"no/{i}.png"},
    "pixels-mask": lambda i: {"pixels": RGB[i].tolist(), "mask": mask(i)},
    "list-image-mask-list": lambda i: {"image": GRAY[i].tolist(), "mask": BRIGHT[i].tolist()},
    "values-list-thumb": lambda i: {"scan": GRAY[i].tolist(), "thumbnail": thumb(i)},
    "values-list-png": lambda i: {"scan": GRAY[i].tolist(), "png": thumb(i)},
    "raw-depth-siblings-rgb": lambda i: {
        "rgb": png(i),
        "depth": {"shape": [32, 40], "dtype": "uint16", "data": b64(DEPTH[i])},
    },
    "rgb-depth-png": lambda i: {"rgb": png(i), "depth": depth_png(i)},
    "before-after": lambda i: {"before": png(i), "after": png(i + 1)},
    "image-mask-paths": lambda i: {"image": path(i), "mask": mask_path(i)},
    "image-vs-data-other": lambda i: {"image_file": path(i), "image_data": mask(i)},
    "kserve-image-mask": lambda i: {
        "inputs": [
            {"name": "image", "shape": [32, 40], "datatype": "UINT8", "data": GRAY[i].ravel().tolist()},
            {"name": "mask", "shape": [32, 40], "datatype": "UINT8", "data": BRIGHT[i].ravel().tolist()},
        ]
    },
    "content-mask-items": lambda i: {
        "items": [{"role": "image", "data": png(i)}, {"role": "mask", "data": color_mask(i)}]
    },
    "openai-plus-response-img": lambda i: {
        "messages": user(image_url(data_url(PNG[i]))),
        "response": {"data": [{"b64_json": png(i + 1)}]},
    },
    "webpage-screenshot": lambda i: {"url": f"https://x/{i}", "screenshot": png(i), "favicon": thumb(i)},
    "video-b64-thumb": lambda i: {"video": b64(b"\x00\x00\x00\x18ftypmp42" + bytes(400)), "thumbnail": thumb(i)},
    "user-avatar-image": lambda i: {"user": {"avatar": thumb(i)}, "image": png(i)},
    "user-avatar-photo-url": lambda i: {"user": {"avatar": thumb(i)}, "photo": f"https://x/{i}.jpg"},
    "crop-image-missing": lambda i: {"crop": thumb(i), "image": f"no/{i}.jpg"},
    "image-full_image-url": lambda i: {"image": thumb(i), "full_image": f"https://x/{i}.jpg"},
    "small-large-url": lambda i: {"small": thumb(i), "large": f"https://x/{i}.jpg"},
    "image0-raw1": lambda i: {"image_0": png(i), "image_1": random_text(i, 900)},
    "cam-left-raw": lambda i: {"cam_left": png(i), "cam_right": random_text(i, 900)},
    "img_file-list": lambda i: {"image": path(i), "images": [f"no/{i}.png"]},
    "hf-two-cols": lambda i: {
        "image": {"bytes": png(i), "path": None},
        "conditioning_image": {"bytes": mask(i), "path": None},
    },
    "hf-image-mask-dict": lambda i: {
        "image": {"bytes": png(i), "path": "a.png"},
        "mask": {"bytes": mask(i), "path": "m.png"},
    },
    "img-pixels-num": lambda i: {"img": png(i), "pixels": GRAY[i].tolist()},
    "ros-depth-rgb-msgs": lambda i: {
        "rgb": {"height": 32, "width": 40, "encoding": "rgb8", "step": 120, "data": b64(RGB[i])},
        "depth": {"height": 32, "width": 40, "encoding": "16UC1", "step": 80, "data": b64(DEPTH[i])},
    },
    "ros-yuv-thumb": lambda i: {
        "msg": {"height": 32, "width": 40, "encoding": "yuv422", "step": 80, "data": random_text(i, 2560)},
        "jpg": thumb(i),
    },
    "kitti-missing-right": lambda i: {"left": path(i), "right": f"r/{i}.png"},
    "image-list-one-missing": lambda i: {"image_1": path(i), "image_2": f"r/{i}.png"},
    "chat-plus-other-image": lambda i: {
        "messages": user(image_url(data_url(PNG[i]))),
        "image": f"https://x/{i}.png",
    },
    "side-only-heic": lambda i: {"front": png(i), "rear": heic(i)},
    "before-after-url": lambda i: {"before": png(i), "after": f"https://x/{i}.png"},
    "video-url-thumb": lambda i: {"url": f"https://x/{i}.mp4", "thumb": thumb(i)},
    "hyphen-thumb": lambda i: {"file-name": f"no/{i}.jpg", "thumb-nail": thumb(i), "user-thumb": 1},
    "depth_map-list": lambda i: {"rgb": f"https://x/{i}.png", "depth_map": DEPTH[i].tolist()},
    "depth_map-png-rgb-missing": lambda i: {"file": f"no/{i}.png", "depth_map": depth_png(i)},
    "label_map-png": lambda i: {"file": f"no/{i}.jpg", "label_map": mask(i)},
    "mask_png_b64": lambda i: {"path": f"no/{i}.jpg", "mask_png_b64": mask(i)},
    "masks-list": lambda i: {"file_name": f"no/{i}.jpg", "masks": [{"id": 1, "png": mask(i)}]},
    "many-columns": lambda i: dict({"thumb": thumb(i)}, **{f"c{k}x": k for k in range(300)}, image=heic(i)),
    "file-path-both": lambda i: {"file": path(i), "path": f"no/{i}_m.png"},
    "role-thumb-full": lambda i: {
        "images": [{"type": "thumbnail", "data": png(i)}, {"type": "full", "data": png(i + 1)}]
    },
    "layers-name-mask": lambda i: {"layers": [{"name": "photo", "png": png(i)}, {"name": "alpha", "png": mask(i)}]},
    "bare-same-name-level2": lambda i: {"image": path(i), "image_right": f"Q{i}.png"},
    "mask-with-image_url": lambda i: {"mask": mask(i), "image_url": f"https://x/{i}.png"},
    "mask-mask_path-and-image": lambda i: {"mask": mask(i), "mask_path": f"no/{i}.png", "image": f"no/{i}.jpg"},
    "image-label-png": lambda i: {"image": png(i), "label": mask(i)},
    "labels-np-missing-image": lambda i: {"image": f"no/{i}.jpg", "labels": json_numpy(GRAY[i])},
    "chat-assistant-image": lambda i: {
        "messages": user(image_url(data_url(PNG[i]))),
        "choices": [{"message": {"content": [image_url(data_url(PNG[(i + 1) % 5]))]}}],
    },
    "hf-heic-path": lambda i: {"image": {"bytes": heic(i), "path": path(i)}, "thumbnail": thumb(i)},
    "qr-and-file": lambda i: {"qr": png(i), "file": f"no/{i}.png"},
    "webp-in-json": lambda i: {"payload": json.dumps({"image": png(i)}), "thumb": thumb(i)},
    "x-and-y-lists": lambda i: {"x": GRAY[i].tolist(), "y": [[1]]},
    "image-gt-lists": lambda i: {"image": GRAY[i].tolist(), "gt": BRIGHT[i].tolist()},
    "tile-target-small": lambda i: {"tile": RGB[i][:4, :4, 0].tolist(), "image": GRAY[i].tolist()},
}

# What stands beside the image is not surely another one.
EITHER = {
    "items-heteros-list": lambda i: {"layers": [png(i), color_mask(i)]},
    "product-image-sign-svg": lambda i: {"image": png(i), "sign": "data:image/svg+xml,%3Csvg%3E"},
    "meta-json-string": lambda i: {"image": png(i), "exif": json.dumps({"Thumb": thumb(i)})},
    "img-int-list-labels": lambda i: {"image": png(i), "labels": ints(i, (32, 40), 9)},
    "labelmap-imgname": lambda i: {"image": png(i), "mask": ints(i, (32, 40), 9)},
    "same-twice": lambda i: {"image": png(i), "original_image": png(i)},
    "image-frame-name": lambda i: {"image": png(i), "frame": f"f_{i}.png"},
    "img-mask-list-numbers": lambda i: {"img": png(i), "mask": GRAY[i].tolist()},
    "video-mp4-path-thumb": lambda i: {"video": f"v/{i}.mp4", "thumbnail": thumb(i)},
    "signature-image": lambda i: {"signature_image": png(i), "document": f"no/{i}.png"},
    "face-and-photo-missing": lambda i: {"face_image": thumb(i), "file_name": f"no/{i}.jpg"},
    "mask-file_name": lambda i: {"file_name": f"{i}.jpg", "mask": mask(i)},
}
