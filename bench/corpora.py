"""The corpora: what a record of each holds, how large each is, and the manifest that tells peers.

A corpus is `NAME.ndjson` (`.json`, `.ndjson.gz` for two variants) in a folder with `manifest.json`. A
variant holds the records of another corpus in another spelling.
"""
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["raw", "image", "list", "path"]


@dataclass(frozen=True)
class Spec:
    """A corpus before it is made."""
    name: str
    kind: Kind
    format: str
    shape: tuple[int, ...]
    dtype: str
    says: str
    """What a record holds, for the report."""
    quick_mb: float
    full_mb: float
    """Megabytes of text (of image files for `paths`)."""
    of: str = ""
    """The corpus that this one spells otherwise."""


SPECS = [
    Spec("raw", "raw", "", (100, 100, 3), "uint8", "base64 of bare pixels, shape beside it", 20, 60),
    Spec("jpeg", "image", "jpeg", (375, 500, 3), "uint8", "base64 of JPEG, quality 90, 4:2:0", 6, 60),
    Spec("png", "image", "png", (256, 256, 3), "uint8", "base64 of PNG", 8, 60),
    Spec("png16", "image", "png", (512, 512), "uint16", "base64 of 16-bit gray PNG, camera counts", 8, 60),
    Spec("mnist", "list", "", (28, 28), "uint8", "nested lists of integers", 8, 60),
    Spec("webp", "image", "webp", (512, 512, 3), "uint8", "base64 of lossy WebP, quality 85", 2, 20),
    Spec("tiff16", "image", "tiff", (512, 512), "uint16",
         "base64 of TIFF: deflate and LZW in turn, every other pair with a predictor", 8, 60),
    Spec("photo", "image", "jpeg", (1500, 2000, 3), "uint8", "base64 of JPEG, quality 90, 4:2:0", 4, 40),
    Spec("paths", "path", "jpeg", (375, 500, 3), "uint8", "paths of JPEG files, quality 90, 4:2:0", 6, 60),
    Spec("raw-slashes", "raw", "", (100, 100, 3), "uint8",
         r"raw with `\/` for every slash, as pandas writes it", 20, 60, "raw"),
    Spec("raw-array", "raw", "", (100, 100, 3), "uint8", "raw as one JSON array", 20, 60, "raw"),
    Spec("raw-gzip", "raw", "", (100, 100, 3), "uint8", "raw in a gzip file, level 6", 20, 60, "raw"),
]
BY_NAME = {spec.name: spec for spec in SPECS}


@dataclass(frozen=True)
class Corpus:
    """A corpus that was made."""
    name: str
    kind: Kind
    format: str
    shape: tuple[int, ...]
    dtype: str
    says: str
    of: str
    file: str
    """Its name in the folder."""
    records: int
    text_bytes: int
    """Bytes of the file, decompressed."""
    image_bytes: int
    """Bytes of the images inside, before base64."""
    decoded_bytes: int
    largest_record: int

    @property
    def bits_per_pixel(self) -> float:
        pixels = self.records * self.shape[0] * self.shape[1]
        return 8 * self.image_bytes / pixels


def load(folder: Path) -> dict[str, Corpus]:
    """The manifest of a folder; empty where there is none."""
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    entries = json.loads(path.read_text())
    return {name: Corpus(**{**entry, "shape": tuple(entry["shape"])}) for name, entry in entries.items()}


def save(folder: Path, corpora: dict[str, Corpus]) -> None:
    entries = {name: asdict(corpus) for name, corpus in corpora.items()}
    (folder / "manifest.json").write_text(json.dumps(entries, indent=1) + "\n")
