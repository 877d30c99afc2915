"""Whether the images of an output, as its own library reads them, are those of a `.npy`:
`python readback.py WANT.npy GOT`. Prints one JSON object, as compare.py does."""
import json
import sys
from pathlib import Path

import numpy as np

from compare import compare


def images(path: Path) -> np.ndarray:
    """The main array of an output."""
    match path.suffix:
        case ".npy":
            return np.load(path, mmap_mode="r")
        case ".npz":
            return np.load(path)["images"]
        case ".h5":
            import h5py
            return h5py.File(path)["images"][:]
        case ".zarr":
            import zarr
            return zarr.open_group(path, mode="r")["images"][:]
        case ".safetensors":
            from safetensors.numpy import load_file
            return load_file(path)["images"]
        case ".parquet":
            import pyarrow.parquet
            return pyarrow.parquet.read_table(path)["image"].combine_chunks().to_numpy_ndarray()
    manifest = json.loads((path / "manifest.json").read_text())
    return np.concatenate([np.load(path / shard["file"]) for shard in manifest["shards"]])


if __name__ == "__main__":
    want, got = map(Path, sys.argv[1:])
    print(json.dumps(compare(np.load(want, mmap_mode="r"), images(got))))
