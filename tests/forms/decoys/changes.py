"""Files whose records differ: the image has another name, cannot be read, or is missing in some of them."""
from ..chats import anthropic_image, user
from ..encoded import data_url
from ..pixels import b64
from .samples import GRAY, PNG, RGB, heic, image_url, path, png, random_text


def chat(i):
    """A message list with the image."""
    return user(image_url(data_url(PNG[i % 5])))


def gemini(*parts):
    return {"contents": [{"parts": list(parts)}]}


def inline_data(i):
    return {"inline_data": {"mime_type": "image/png", "data": png(i)}}


def inlineData(i):
    return {"inlineData": {"mimeType": "image/png", "data": png(i)}}


def once(i, more):
    """One record after the sample has more keys."""
    return more if i == 80 else {}


# Several fields that are not names of one.
REFUSED = {
    "two-numbers-apart": lambda i: {"x": GRAY[i].tolist()} if i % 2 else {"y": RGB[i][..., 1].tolist()},
    "pixels-or-heic": lambda i: {"pixels": GRAY[i].tolist()} if i % 2 else {"image": heic(i)},
    "image-or-photo": lambda i: {"image" if i % 2 else "photo": png(i)},
    "image-or-mask": lambda i: {"image" if i % 2 else "mask_image": png(i)},
    "alternatives-beside-heic": lambda i: {
        "photo": heic(i), **({"image_base64": png(i)} if i % 2 else {"image_path": path(i)})},
    "alternatives-beside-url": lambda i: {
        "image": f"https://x/{i}.jpg", **({"frame_b64": png(i)} if i % 2 else {"frame_path": path(i)})},
}

EITHER = {
    "numbered-1-or-2": lambda i: {"image_1" if i % 2 else "image_2": png(i)},
    "numbered-0-or-1": lambda i: {f"image_{i % 2}": png(i)},
    "heic-first": lambda i: {"image": png(i) if i else heic(0)},
    "png-or-url": lambda i: {"image": png(i) if i % 2 else f"https://x/{i}.png"},
    "random-last": lambda i: {"image": png(i) if i < 4 else random_text(i, 400)},
    "two-topics": lambda i: {
        "topic": "/rgb" if i % 2 else "/mask",
        "msg": {"height": 32, "width": 40, "encoding": "mono8", "step": 40, "is_bigendian": 0, "data": b64(GRAY[i])}},
    "anthropic-png-or-url": lambda i: {"messages": user(
        anthropic_image(PNG[i]) if i % 2 else
        {"type": "image", "source": {"type": "url", "url": f"https://x/{i}.png"}})},
}

# Refused, or read with the rest as rejects.
COUNTED = {
    "image-or-heic": lambda i: {"image": png(i)} if i % 2 else {"photo": heic(i)},
    "image-or-url": lambda i: {"image": png(i)} if i % 2 else {"photo": f"https://x/{i}.jpg"},
    "image-or-pixels": lambda i: {"image": png(i)} if i % 2 else {"pixels": RGB[i].tolist()},
    "image-or-random": lambda i: {"image": png(i)} if i % 2 else {"frame": random_text(i, 3840)},
    "path-or-missing": lambda i: {"image": path(i)} if i % 2 else {"file": f"no/{i}.png"},
    "openai-data-and-url": lambda i: {
        "messages": user(image_url(data_url(PNG[i])), image_url(f"https://x/{i}.png"))},
    "labelme-heic": lambda i: {"imageData": heic(i), "imagePath": path(i)},
    "type-text-heic": lambda i: {"type": "text", "image": heic(i)} if i > 3 else {"type": "mcq", "image": png(i)},
    "type-document-url": lambda i: (
        {"type": "document", "image": f"https://x/{i}.png"} if i > 3 else {"type": "scan", "image": png(i)}),
    "gemini-file-uri": lambda i: gemini(
        inlineData(i), {"file_data": {"mime_type": "image/png", "file_uri": f"gs://b/{i}.png"}}),
    "openai-output-url": lambda i: {
        "data": [{"b64_json": png(i), "url": None}, {"b64_json": None, "url": f"https://x/{i}.png"}]},
    "openai-or-responses-url": lambda i: {
        "messages": chat(i) if i % 2 else user({"type": "input_image", "image_url": f"https://x/{i}.png"})},
    "promptflow-missing": lambda i: {
        "x": {"data:image/png;path": path(i)} if i % 2 else {"data:image/jpg;path": f"no/{i}.jpg"}},
}

# One field, or names of one field.
READ = {
    "image": {
        "null-first": lambda i: {"image": png(i) if i else None},
        "string-or-object": lambda i: {"image": png(i)} if i % 2 else {"image": {"data": png(i)}},
        "type-text-or-mcq": lambda i: {"type": "text" if i % 2 else "mcq", "image": png(i)},
    },
    "imageData": {"labelme-some-null": lambda i: {"imageData": png(i) if i % 2 else None, "imagePath": path(i)}},
    "contents": {"gemini-two-spellings": lambda i: gemini({"text": "x"}, inlineData(i) if i % 2 else inline_data(i))},
    "messages|contents": {
        "openai-or-gemini": lambda i: {"messages": chat(i)} if i % 2 else gemini(inline_data(i)),
    },
    "frame": {"type-video-or-photo": lambda i: {"type": "video" if i % 2 else "photo", "frame": png(i)}},
}

# Of 90 records, more than the sample, in which something changes late.
LATE_EITHER = {
    "late-x": lambda i: {"image": png(i)} if i < 70 else {"x": GRAY[i % 5].tolist()},
}

LATE_COUNTED = {
    "late-other-pixels": lambda i: {"image": png(i), "original": png(i if i < 64 else i + 1)},
    "late-second-column": lambda i: {"image_1": png(i), "image_2": "" if i < 70 else png(i + 1)},
    "late-photo": lambda i: {"image" if i < 70 else "photo": png(i)},
    "late-pixels": lambda i: {"image": png(i)} if i < 70 else {"pixels": RGB[i % 5].tolist()},
    "once-photo-url": lambda i: {"image": png(i), **once(i, {"photo": f"https://x/{i}.jpg"})},
    "once-heic": lambda i: {"image": png(i), **once(i, {"extra": heic(0)})},
    "once-random-frame": lambda i: {"image": png(i), **once(i, {"frame": random_text(i, 3000)})},
}

LATE_READ = {
    "image": {
        "base64-and-path": lambda i: {"image": png(i), "image_path": path(i)},
        "late-null-source": lambda i: {"image": None if i == 80 else png(i), "source": f"https://x/{i}.jpg"},
        "late-null-raw": lambda i: {"image": png(i) if i < 70 else None, "raw": random_text(i, 500)},
        "once-source-url": lambda i: {"image": png(i), **once(i, {"source": f"https://x/{i}.jpg"})},
        "once-image-url": lambda i: {"image": png(i), **once(i, {"image_url": f"https://x/{i}.jpg"})},
        "once-thumb-url": lambda i: {"image": png(i), **once(i, {"thumb": f"https://x/{i}.jpg"})},
        "once-embedding": lambda i: {"image": png(i), **once(i, {"embedding": random_text(i, 3000)})},
    },
    "shot": {"late-first-image": lambda i: {"event": "x"} if i < 70 else {"shot": png(i)}},
    "messages": {
        "chat-or-text": lambda i: {
            "messages": chat(i) if i % 2 else [{"role": "user", "content": "see https://x/a.png"}]},
    },
}
