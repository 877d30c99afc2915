"""Image files in base64 and data URLs, and the tools that keep them so."""
import base64
from urllib.parse import quote

import numpy as np

from .form import Form
from .pixels import (AVIF, DEEP, FOUR, HEIC, HEIGHT, JPEG, JPEG_2000, JPEG_RGB, JPEG_XL, PNG, PNG_FILES, RGB, WIDTH, b64,
                     decoded, encoded)


def data_url(data, head="data:image/png;base64,"):
    return head + b64(data)


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode()


def wrapped(data):
    """Base64 in lines of 76 characters."""
    return base64.encodebytes(data).decode()


def images(write, files=PNG):
    """Records with one key, `image`."""
    return [{"image": write(data)} for data in files]


def _format(name, **options):
    files = [encoded(a, name, **options) for a in RGB]
    return Form(f"encoded-{name.lower()}", name, [{"id": i, "image": b64(files[i])} for i in FOUR],
                [decoded(data, "RGB") for data in files])


FILES = [
    _format("PNG"), _format("JPEG"), _format("GIF"), _format("WEBP", lossless=True), _format("TIFF"), _format("BMP"),
    Form("encoded-url-safe", "the other alphabet, no padding",
         images(lambda d: url_safe(d).rstrip("="), JPEG), JPEG_RGB),
    Form("encoded-list", "two images in a record", [{"images": [b64(PNG[i]), b64(PNG[i + 1])]} for i in (0, 2)], RGB,
         ["--field images[*]"]),
    Form("encoded-type-lies", "called PNG, is JPEG", [{"type": "image/png", "image": b64(data)} for data in JPEG],
         JPEG_RGB),
    Form("encoded-avif", "AVIF", images(b64, AVIF), [decoded(data) for data in AVIF]),
    Form("encoded-jpeg2000", "JPEG 2000", images(b64, JPEG_2000), RGB),
    Form("encoded-jxl", "JPEG XL", images(b64, [JPEG_XL] * 4), [np.full((8, 8), 7, np.uint8)] * 4),
    Form("encoded-unsupported", "HEIC", images(b64, HEIC), None),
    Form("encoded-twice", "base64 of base64", [{"image": data_url(b64(data).encode())} for data in PNG], RGB,
         ["--encoding base64+image", "--encoding base64+base64+image"]),
]

HEADS = {
    "no-subtype": "data:image;base64,", "jpg": "data:image/jpg;base64,", "blank": "data:image;base64, ",
    "no-type": "data:;base64,", "octets": "data:application/octet-stream;base64,",
    "charset": "data:image/png;charset=utf-8;base64,", "name": "data:image/png;name=x.png;base64,",
    "upper-case": "DATA:image/png;BASE64,",
}
DATA_URLS = [
    Form("data-url", "a data URL", images(data_url), RGB),
    *(Form(f"data-url-{name}", f"begins {head!r}", images(lambda d, head=head: data_url(d, head)), RGB)
      for name, head in HEADS.items()),
    Form("data-url-percent", "percent escapes",
         images(lambda d: "data:image/png;base64," + quote(b64(d), safe="")), RGB),
    Form("data-url-blanks", "each + became a blank", images(lambda d: data_url(d).replace("+", " ")), None),
    Form("data-url-svg", "SVG as text",
         [{"icon": "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='2' height='2'/%3E"}
          for _ in FOUR], None),
    Form("encoded-svg", "SVG in base64",
         [{"icon": b64(b"<svg xmlns='http://www.w3.org/2000/svg' width='2' height='2'/>")} for _ in FOUR], None),
    Form("prodigy", "a task of Prodigy",
         [{"image": data_url(data, "data:image/jpeg;base64,"), "text": "f.jpg", "meta": {"file": "f.jpg"},
           "width": WIDTH, "height": HEIGHT, "spans": [{"label": "X", "points": [[1, 2], [2, 3]], "type": "polygon"}],
           "_input_hash": 1, "answer": "accept"} for data in JPEG], JPEG_RGB),
    Form("prodigy-mixed", "data URLs and paths in one field",
         [{"image": data_url(PNG[i]) if i % 2 else f"im{i}.png"} for i in FOUR], RGB, ["--mixed"], files=PNG_FILES),
]


def _dicom(array, signed):
    """A DICOM instance as JSON: rows, columns, bits, sign, pixels."""
    return {"00280010": {"vr": "US", "Value": [array.shape[0]]}, "00280011": {"vr": "US", "Value": [array.shape[1]]},
            "00280100": {"vr": "US", "Value": [16]}, "00280103": {"vr": "US", "Value": [int(signed)]},
            "7FE00010": {"vr": "OW", "InlineBinary": b64(array)}}


SIGNED = [a.view(np.int16) for a in DEEP]
DICOM = "--field 7FE00010.InlineBinary --raw-shape @00280010.Value[0],@00280011.Value[0]"
TOOLS = [
    Form("b64-object", "image_bytes: b64", [{"key": "0", "image_bytes": {"b64": b64(data)}} for data in PNG], RGB,
         ["--field image_bytes.b64", "--field image_bytes"]),
    Form("b64-object-raw", "the same with raw pixels", [{"key": "0", "image_bytes": {"b64": b64(a)}} for a in RGB],
         RGB, ["--field image_bytes.b64 --raw-shape 5,6,3", "--field image_bytes --raw-shape 5,6,3"]),
    Form("b64-object-latin-1", "bytes as characters instead",
         [{"image_bytes": {"b64": data.decode("latin1")}} for data in PNG], RGB, ["--field image_bytes.b64"]),
    Form("hf-bytes", "Hugging Face: bytes and path", [{"image": {"bytes": b64(data), "path": None}} for data in PNG],
         RGB, ["--field image.bytes", "--field image"]),
    Form("hf-list", "a list of them", [{"images": [{"bytes": b64(data), "path": "a.png"}]} for data in PNG], RGB,
         ["--field images[*].bytes", "--field images[*]"]),
    Form("hf-bytes-or-path", "bytes, or else path",
         [{"image": {"bytes": b64(PNG[i]), "path": None} if i % 2 else {"bytes": None, "path": f"im{i}.png"}}
          for i in FOUR], RGB,
         ["--field image", "--field image --mixed", "--field image.bytes",
          "--field 'image.bytes|image.path'"], files=PNG_FILES),
    Form("hf-byte-numbers", "bytes as numbers", [{"image": {"bytes": list(data), "path": "x.png"}} for data in PNG],
         RGB, ["--field image.bytes"]),
    Form("hf-pandas", "pandas escapes slashes",
         [b'{"image":{"bytes":"%s","path":null}}' % b64(data).replace("/", "\\/").encode() for data in PNG], RGB,
         ["--field image.bytes"]),
    Form("labelme", "imageData; imagePath is of another machine",
         [{"version": "5.5.0", "flags": {},
           "shapes": [{"label": "a", "points": [[0, 0], [1, 0], [1, 1]], "shape_type": "polygon"}],
           "imagePath": "..\\img\\a.jpg", "imageData": b64(data), "imageHeight": HEIGHT, "imageWidth": WIDTH}
          for data in JPEG], JPEG_RGB, ["--field imageData"]),
    Form("jupyter-output", "the output of a cell, base64 in lines",
         [{"output_type": "display_data", "data": {"image/png": wrapped(data), "text/plain": ["<Figure>"]},
           "metadata": {"image/png": {"width": 640, "height": 480}}} for data in PNG], RGB,
         ["--field /data/image~1png"]),
    Form("jupyter-output-lines", "the lines in a list",
         [{"output_type": "display_data", "data": {"image/png": wrapped(data).splitlines(keepends=True)}}
          for data in PNG], RGB, ["--field /data/image~1png", "--field /data/image~1png --encoding joined"]),
    Form("jupyter-attachments", "the name of a file is a key",
         [{"attachments": {f"x{i}.png": {"image/png": b64(PNG[i])}}} for i in FOUR], RGB,
         ["--field attachments.*.*", "--field 'attachments.*.\"image/png\"'"]),
    Form("ros-compressed", "a CompressedImage of ROS",
         [{"header": {"stamp": {"sec": 1}}, "format": "bgr8; jpeg compressed bgr8", "data": b64(data)}
          for data in JPEG], JPEG_RGB),
    Form("ros-compressed-op", "rosbridge packs a whole message as a PNG",
         [{"op": "png", "data": b64(data)} for data in PNG],
         None),
    Form("labelbox-mask", "a mask of Labelbox",
         [{"uuid": "..", "dataRow": {"globalKey": "a.png"}, "name": "cell", "mask": {"png": b64(data)}}
          for data in PNG], RGB, ["--field mask.png"]),
    Form("dicom-uint16", "DICOM as JSON", [_dicom(a, False) for a in DEEP], DEEP, [f"{DICOM} --raw-dtype uint16"]),
    Form("dicom-int16", "DICOM as JSON, signed", [_dicom(a, True) for a in SIGNED], SIGNED,
         [f"{DICOM} --raw-dtype int16"]),
]

FORMS = [*FILES, *DATA_URLS, *TOOLS]
