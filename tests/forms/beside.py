"""What stands beside an image: boxes, embeddings, a second image, an image that cannot be read."""
from .form import Form
from .pixels import FOUR, HEIC, JPEG, PNG, PNG_FILES, RGB, b64

BOX = {"bbox": [1, 2, 3, 4]}
FIELDS_OR = "--field 'image_base64|image_path'"

FORMS = [
    Form("beside-box", "a PNG and a box", [{"image": b64(data), **BOX} for data in PNG], RGB),
    Form("beside-heic", "HEIC and a box", [{"image": b64(data), **BOX, "label": 1} for data in HEIC], None),
    Form("beside-url", "an address and a box", [{"image": f"https://x/{i}.png", **BOX} for i in FOUR], None),
    Form("beside-raw", "raw frames without shape, and an embedding",
         [{"frame": b64(a), "embedding": [0.1, 0.2, 0.3]} for a in RGB], None),
    Form("beside-nothing", "annotations alone", [{"image_id": i, **BOX, "category_id": 1} for i in FOUR], None),
    Form("beside-cut-jpeg", "a JPEG that was cut, and a box",
         [{"image": b64(data[:40]), **BOX} for data in JPEG], None),
    Form("beside-base64-twice", "base64 of base64, and a box",
         [{"image": b64(b64(data).encode()), "bbox": [1, 2]} for data in PNG], RGB),
    Form("two-images", "two images: which one is not guessed",
         [{"a": b64(PNG[i]), "b": b64(PNG[i - 3])} for i in FOUR], None,
         [("--field a", RGB), ("--field b", RGB[1:] + RGB[:1])]),
    Form("base64-or-path", "image_base64 in some lines, image_path in the others",
         [{"image_base64": b64(PNG[i])} if i % 2 else {"image_path": f"im{i}.png"} for i in FOUR], RGB,
         [FIELDS_OR, "--field image_base64", "--mixed", "--field image_base64 --field image_path"], files=PNG_FILES),
    Form("base64-or-path-first", "the path in the first line alone",
         [{"image_base64": b64(PNG[i])} if i else {"image_path": f"im{i}.png"} for i in FOUR], RGB, [FIELDS_OR],
         files=PNG_FILES),
]
