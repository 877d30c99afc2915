"""Photographs from packages, and pictures made of them.

scikit-image and scikit-learn ship a dozen photographs; `folder` can be any other set. Every picture is
a distinct crop of one of them at a random scale, mirrored and toned at random, with mild sensor
noise, so that codecs meet the entropy of camera pictures and no picture comes twice.
"""
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image

# The colour photographs among what the packages ship; drawings compress unlike photographs.
SKIMAGE = ["astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "ihc.png",
           "motorcycle_left.png", "motorcycle_right.png", "retina.jpg", "rocket.jpg"]
SKLEARN = ["china.jpg", "flower.jpg"]
# A crop is enlarged by no more than this.
ENLARGE = 1.3


def package_folder(name: str) -> Path:
    """Where a package is installed; it is not imported, so it needs none of its dependencies."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{name} is not installed; bench/venvs.py installs it")
    return Path(list(spec.submodule_search_locations)[0])


def load(folder: Path | None = None) -> list[Image.Image]:
    """The photographs, none longer than 2400 pixels: those of `folder`, or of the packages."""
    if folder:
        files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}]
    else:
        data = package_folder("skimage") / "data"
        images = package_folder("sklearn") / "datasets" / "images"
        files = [data / name for name in SKIMAGE] + [images / name for name in SKLEARN]
    photos = []
    for file in files:
        photo = Image.open(file).convert("RGB")
        if max(photo.size) > 2400:
            photo.thumbnail((2400, 2400), Image.Resampling.LANCZOS)
        if min(photo.size) >= 300:
            photos.append(photo)
    if not photos:
        raise SystemExit(f"no photographs of 300 pixels or more in {folder}")
    return photos


def crop(rng: Generator, photos: list[Image.Image], height: int, width: int, noise: float = 2.0) -> np.ndarray:
    """A picture, uint8 `(height, width, 3)`; a mosaic where no photograph is large enough."""
    fitting = [p for p in photos if max(width / p.width, height / p.height) <= ENLARGE]
    if not fitting:
        half = (height + 1) // 2, (width + 1) // 2
        quarters = [crop(rng, photos, *half, noise=0) for _ in range(4)]
        whole = np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])
        return toned(rng, whole[:height, :width], noise)
    for _ in range(10):
        photo = fitting[rng.integers(len(fitting))]
        need = max(width / photo.width, height / photo.height)
        # From the whole photograph to a part of it: pictures are mostly scaled-down photographs.
        scale = max(need, min(1.0, need * float(np.exp(rng.uniform(0, np.log(2.5))))))
        w, h = width / scale, height / scale
        x, y = rng.uniform(0, max(photo.width - w, 0)), rng.uniform(0, max(photo.height - h, 0))
        box = (x, y, min(x + w, photo.width), min(y + h, photo.height))
        pixels = np.asarray(photo.resize((width, height), Image.Resampling.BICUBIC, box=box))
        if pixels.std() >= 12:  # not a flat sky or backdrop
            break
    return toned(rng, pixels, noise)


def toned(rng: Generator, pixels: np.ndarray, noise: float) -> np.ndarray:
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    out = pixels.astype(np.float32) * rng.uniform(0.85, 1.12) + rng.uniform(-8, 8)
    if noise:
        out += rng.standard_normal(out.shape, dtype=np.float32) * (noise * rng.uniform(0.3, 1.7))
    return np.clip(out, 0, 255).astype(np.uint8)


def counts(rng: Generator, photos: list[Image.Image], height: int, width: int) -> np.ndarray:
    """A 16-bit gray frame as a scientific camera gives it: an offset, photon noise, read noise."""
    light = crop(rng, photos, height, width, noise=0).astype(np.float32).mean(2) / 255
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.25 * light**2
    for _ in range(rng.integers(10, 40)):
        cy, cx, size = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(6, 28)
        rows = slice(max(0, int(cy - 3 * size)), int(cy + 3 * size) + 1)
        columns = slice(max(0, int(cx - 3 * size)), int(cx + 3 * size) + 1)
        away = (yy[rows, columns] - cy) ** 2 + (xx[rows, columns] - cx) ** 2
        light[rows, columns] += rng.uniform(0.1, 0.7) * np.exp(-away / (2 * size * size))
    photons = rng.poisson(np.clip(light, 0, 1) * rng.uniform(300, 3000))
    return np.clip(110 + photons + rng.normal(0, 2.0, light.shape), 0, 65535).astype(np.uint16)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 8x8 handwritten digits, 0 to 16, and what they are."""
    path = package_folder("sklearn") / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as text:
        table = np.loadtxt(text, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)


def digit(rng: Generator, drawn: np.ndarray) -> np.ndarray:
    """A digit in the frame of MNIST: 20x20 in 28x28, turned and moved a little, dark background."""
    image = Image.fromarray((drawn * 15.9).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
    image = image.rotate(rng.uniform(-15, 15), Image.Resampling.BILINEAR)
    out = np.zeros((28, 28), np.uint8)
    y, x = rng.integers(2, 7, 2)
    out[y:y + 20, x:x + 20] = np.asarray(image)
    out[out < 40] = 0
    return out
