"""The plain script for a compressed output: naive.py, and at its end h5py, zarr or NumPy's own writer, with the
chunks and the level that ndpix uses. OUT says which by its extension."""
import base64
import json

import numpy as np

from common import job, pixels

job = job()
images = []
with open(job.path) as file:
    for line in file:
        value = json.loads(line)["image"]
        if job.kind == "list":
            images.append(np.array(value, dtype=job.dtype))
        else:
            images.append(pixels(base64.b64decode(value), job))
array = np.stack(images)
rows = max(1, (1 << 20) // array[0].nbytes)
if job.out.endswith(".npz"):
    np.savez_compressed(job.out, images=array)
elif job.out.endswith(".h5"):
    import h5py
    with h5py.File(job.out, "w") as file:
        file.create_dataset("images", data=array, chunks=(rows, *array.shape[1:]), compression="gzip",
                            compression_opts=4)
else:
    import zarr
    zarr.create_array(job.out, name="images", data=array, chunks=(rows, *array.shape[1:]),
                      shards=(16 * rows, *array.shape[1:]), compressors=zarr.codecs.ZstdCodec(level=1))
