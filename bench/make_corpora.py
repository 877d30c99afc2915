"""Makes the corpora: `python bench/make_corpora.py quick|full [--only raw,jpeg] [--photos DIR]`.

Record i of a corpus depends on the corpus, i and the photographs alone, so a second run makes the
same files. What the manifest has already is not made again.
"""
import argparse
import base64
import gzip
import io
import json
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import corpora
import photos
import places
from corpora import Corpus, Spec

SEED = 1


class Maker:
    """What a worker process keeps: the photographs and digits."""
    photos: list[Image.Image] = []
    digits: tuple[np.ndarray, np.ndarray]


def start(folder: Path | None) -> None:
    Maker.photos = photos.load(folder)
    Maker.digits = photos.digits()


def image_file(pixels: np.ndarray, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def tiff(pixels: np.ndarray, number: int) -> bytes:
    import tifffile

    out = io.BytesIO()
    compression = "zlib" if number % 2 == 0 else "lzw"
    tifffile.imwrite(out, pixels, compression=compression, predictor=number % 4 >= 2, rowsperstrip=64)
    return out.getvalue()


def image(spec: Spec, number: int, rng: np.random.Generator) -> bytes:
    """The bytes of the image in record `number`."""
    height, width = spec.shape[:2]
    match spec.format:
        case "":
            return photos.crop(rng, Maker.photos, height, width).tobytes()
        case "jpeg":
            pixels = photos.crop(rng, Maker.photos, height, width, noise=6.0)
            return image_file(pixels, "JPEG", quality=90, subsampling=2)
        case "webp":
            return image_file(photos.crop(rng, Maker.photos, height, width), "WEBP", quality=85)
        case "png" if spec.dtype == "uint8":
            return image_file(photos.crop(rng, Maker.photos, height, width), "PNG")
        case "png":
            return image_file(photos.counts(rng, Maker.photos, height, width), "PNG")
        case "tiff":
            return tiff(photos.counts(rng, Maker.photos, height, width), number)
    raise ValueError(spec.format)


def record(task: tuple[str, int]) -> tuple[dict[str, Any], bytes]:
    """A record without its image, and the bytes of the image; a list is in the record itself."""
    name, number = task
    spec = corpora.BY_NAME[name]
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode()), number])
    made: dict[str, Any] = {"id": f"{name}-{number:07d}", "label": int(rng.integers(1000))}
    if spec.kind == "list":
        drawn, labels = Maker.digits
        which = int(rng.integers(len(drawn)))
        pixels = photos.digit(rng, drawn[which])
        return {**made, "label": int(labels[which]), "image": pixels.tolist()}, b""
    data = image(spec, number, rng)
    if spec.kind == "raw":
        made["shape"] = list(spec.shape)
    return made, data


def records(spec: Spec, pool: ProcessPoolExecutor) -> Iterator[tuple[dict[str, Any], bytes]]:
    chunk = 64 if spec.kind == "list" else 4
    number = 0
    while True:
        tasks = [(spec.name, number + i) for i in range(4 * chunk)]
        yield from pool.map(record, tasks, chunksize=chunk)
        number += len(tasks)


def make(spec: Spec, megabytes: float, folder: Path, pool: ProcessPoolExecutor) -> Corpus:
    path = folder / f"{spec.name}.ndjson"
    files = folder / spec.name
    size = image_bytes = largest = count = 0
    with open(path, "wb") as out:
        for made, data in records(spec, pool):
            if spec.kind == "path":
                files.mkdir(exist_ok=True)
                name = f"{spec.name}/{count:06d}.{spec.format}"
                (folder / name).write_bytes(data)
                made["image"] = name
            elif data:
                made["image"] = base64.b64encode(data).decode()
            line = json.dumps({**made, "split": "train"}).encode() + b"\n"
            out.write(line)
            count += 1
            size += len(line)
            image_bytes += len(data)
            weight = len(data) if spec.kind == "path" else len(line)
            largest = max(largest, weight)
            if (image_bytes if spec.kind == "path" else size) >= megabytes * 1e6:
                break
    return described(spec, path.name, count, size, image_bytes, largest)


def described(spec: Spec, file: str, count: int, size: int, image_bytes: int, largest: int) -> Corpus:
    decoded = count * int(np.prod(spec.shape)) * np.dtype(spec.dtype).itemsize
    return Corpus(spec.name, spec.kind, spec.format, spec.shape, spec.dtype, spec.says, spec.of, file,
                  count, size, image_bytes, decoded, largest)


def vary(spec: Spec, base: Corpus, folder: Path) -> Corpus:
    """The records of `base` in another spelling."""
    text = (folder / base.file).read_bytes()
    match spec.name:
        case "raw-slashes":
            text, file = text.replace(b"/", rb"\/"), f"{spec.name}.ndjson"
        case "raw-array":
            text, file = b"[" + b",\n".join(text.splitlines()) + b"]\n", f"{spec.name}.json"
        case "raw-gzip":
            file = f"{spec.name}.ndjson.gz"
        case _:
            raise ValueError(spec.name)
    largest = max(map(len, text.splitlines()))
    size = len(text)
    (folder / file).write_bytes(gzip.compress(text, 6, mtime=0) if file.endswith(".gz") else text)
    return described(spec, file, base.records, size, base.image_bytes, largest)


def make_all(mode: str, only: list[str], folder: Path, photo_folder: Path | None) -> dict[str, Corpus]:
    folder.mkdir(parents=True, exist_ok=True)
    made = corpora.load(folder)
    needed = {*only, *(corpora.BY_NAME[name].of for name in only)}
    wanted = [spec for spec in corpora.SPECS if not only or spec.name in needed]
    with ProcessPoolExecutor(initializer=start, initargs=(photo_folder,)) as pool:
        for spec in wanted:
            if spec.name in made:
                continue
            begun = time.monotonic()
            megabytes = spec.quick_mb if mode == "quick" else spec.full_mb
            made[spec.name] = vary(spec, made[spec.of], folder) if spec.of else make(spec, megabytes, folder, pool)
            corpora.save(folder, made)
            corpus = made[spec.name]
            print(f"{spec.name}: {corpus.records} records, {corpus.text_bytes / 1e6:.1f} MB, "
                  f"{corpus.bits_per_pixel:.1f} bits a pixel, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["quick", "full"])
    parser.add_argument("--only", default="")
    parser.add_argument("--photos", type=Path)
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    make_all(options.mode, only, places.corpora(options.mode), options.photos)


if __name__ == "__main__":
    main()
