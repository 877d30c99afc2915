"""Makes the pictures of docs/pixels.md: every array comes out of `ndpix convert`.

    .venv/bin/python docs/pixels.py        # NDPIX names the command, else target/release/ndpix

Pillow and NumPy only put the arrays side by side and write their names below them.
"""
import base64
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
NDPIX = os.environ.get("NDPIX", str(ROOT / "target" / "release" / "ndpix"))
OUT = ROOT / "docs" / "pixels"
PAPER, INK = (255, 255, 255), (40, 40, 40)


def ndpix(data, *flags):
    """The one image that `ndpix convert` makes of the bytes of an image file."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.ndjson", Path(folder) / "out.npy"
        source.write_text(json.dumps({"image": base64.b64encode(data).decode()}) + "\n")
        command = [NDPIX, "convert", source, "-o", out, "--field", "image", "--encoding", "encoded", *flags]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        return np.load(out)[0]


def shown(array, zoom=1):
    """An array as a picture, each pixel `zoom` wide; alpha on a chequered ground."""
    if array.ndim == 3 and array.shape[2] in (2, 4):
        mode = "LA" if array.shape[2] == 2 else "RGBA"
        image = Image.fromarray(array if mode == "RGBA" else np.dstack([array[..., :1]] * 3 + [array[..., 1:]]))
        y, x = np.mgrid[:image.height, :image.width]
        ground = np.where((x // 8 + y // 8) % 2, 255, 205).astype(np.uint8)
        under = Image.fromarray(ground).convert("RGB")
        under.paste(image, mask=image.getchannel("A"))
        image = under
    else:
        image = Image.fromarray(array).convert("RGB")
    return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.NEAREST)


def sheet(name, cells, columns):
    """Pictures with their names below, in rows."""
    width = max(max(im.width for _, im in cells), max(len(text) * 7 for text, _ in cells)) + 12
    height = max(im.height for _, im in cells) + 30
    rows = -(-len(cells) // columns)
    page = Image.new("RGB", (width * columns, height * rows), PAPER)
    draw = ImageDraw.Draw(page)
    for i, (text, image) in enumerate(cells):
        x, y = i % columns * width, i // columns * height
        page.paste(image, (x + (width - image.width) // 2, y + 6))
        draw.text((x + width // 2, y + height - 12), text, INK, anchor="mm", font_size=13)
    OUT.mkdir(exist_ok=True)
    if name.endswith(".jpg"):
        page.save(OUT / name, quality=88)
    else:
        page.save(OUT / name, optimize=True)


def file_of(image, format="PNG", **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def fits(photo):
    whole = ndpix(photo)
    cells = [(f"stored: {whole.shape[0]},{whole.shape[1]} (at a third)", shown(ndpix(photo, "--size", "133,200")))]
    for fit in ("stretch", "crop", "pad"):
        cells.append((f"--size 160 --fit {fit}", shown(ndpix(photo, "--size", "160", "--fit", fit))))
    sheet("fit.jpg", cells, 4)


def filters(photo):
    filters = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
    face = Image.open(io.BytesIO(photo)).convert("RGB").crop((150, 20, 310, 180))
    small = [(f"smaller, {f}", shown(ndpix(photo, "--size", "48", "--resample", f), 3)) for f in filters]
    eye = file_of(face.crop((40, 50, 72, 82)))
    large = [(f"larger, {f}", shown(ndpix(eye, "--size", "144", "--resample", f))) for f in filters]
    sheet("resample.png", small[:3] + small[3:] + large, 6)


def modes(photo):
    image = Image.open(io.BytesIO(photo)).convert("RGB").crop((90, 0, 390, 300)).resize((150, 150))
    image = image.convert("RGBA")
    y, x = np.mgrid[:150, :150]
    away = np.hypot(x - 74.5, y - 74.5)
    image.putalpha(Image.fromarray(np.clip((75 - away) * 12, 0, 255).astype(np.uint8)))
    data = file_of(image)
    cells = [("stored: RGBA", shown(ndpix(data)))]
    for mode in ("L", "LA", "RGB", "RGBA", "BGR"):
        cells.append((f"--mode {mode}", shown(ndpix(data, "--mode", mode))))
    cells.append(("--mode RGB --background white", shown(ndpix(data, "--mode", "RGB", "--background", "white"))))
    palette = file_of(image.convert("RGB").quantize(12))
    cells.append(("--mode P (12 indices, times 20)", shown(ndpix(palette, "--mode", "P") * 20)))
    sheet("mode.png", cells, 4)


def turned(photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(photo)).convert("RGB").resize((150, 150)).crop((0, 0, 150, 110))
    data = file_of(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=92, exif=exif)
    sheet("exif_transpose.jpg", [("stored, orientation 6", shown(ndpix(data))), ("--exif-transpose", shown(ndpix(data, "--exif-transpose")))], 2)


if __name__ == "__main__":
    astronaut, coffee = ((ROOT / "testdata" / f"{name}.jpg").read_bytes() for name in ("astronaut", "coffee"))
    fits(coffee)
    filters(astronaut)
    modes(astronaut)
    turned(astronaut)
