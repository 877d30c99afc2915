"""What the peers share: their arguments, and the plain way to decode one image.

`python PEER.py CORPORA NAME OUT.npy JOBS` converts the corpus NAME of the folder CORPORA.
"""
import argparse
import io
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Job:
    """A corpus to convert, and what one who writes a script knows of it."""
    folder: Path
    path: Path
    out: str
    jobs: int
    kind: str
    format: str
    shape: tuple[int, ...]
    dtype: str
    records: int


def job() -> Job:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpora", type=Path)
    parser.add_argument("name")
    parser.add_argument("out")
    parser.add_argument("jobs", type=int)
    given = parser.parse_args()
    entry = json.loads((given.corpora / "manifest.json").read_text())[given.name]
    return Job(given.corpora, given.corpora / entry["file"], given.out, given.jobs, entry["kind"],
               entry["format"], tuple(entry["shape"]), entry["dtype"], entry["records"])


def pillow(data: bytes, format: str):
    """The pixels of an image file."""
    import numpy as np
    if format == "tiff":  # the usual reader of scientific TIFF; as fast as Pillow on these files
        import tifffile
        return tifffile.imread(io.BytesIO(data))
    from PIL import Image
    return np.asarray(Image.open(io.BytesIO(data)))


def pixels(value: bytes | str, job: Job):
    """The array of a value whose base64 is off already: bytes, or the path of an image file."""
    import numpy as np
    if job.kind == "path":
        return pillow((job.folder / value).read_bytes(), job.format)
    if job.kind == "raw":
        return np.frombuffer(value, job.dtype).reshape(job.shape)
    return pillow(value, job.format)
