"""Daft takes base64 off and decodes images in expressions; the Arrow partitions are copied into one
preallocated `.npy`. It decodes JPEG with a library of its own, and panics on 16-bit images."""
import daft
import numpy as np
from daft import col

from common import job

job = job()
column = col("image")
frame = daft.read_json(str(job.path))
if job.kind == "path":
    column = (daft.lit(f"{job.folder.resolve()}/") + column).download().decode_image(mode="RGB")
elif job.kind == "raw":
    column = column.cast(daft.DataType.binary()).decode("base64")
elif job.kind == "image":
    column = column.cast(daft.DataType.binary()).decode("base64").decode_image(mode="RGB")
array = np.lib.format.open_memmap(job.out, "w+", job.dtype, (job.records, *job.shape))
done = 0
for part in frame.select(column.alias("image")).to_arrow_iter():
    for value in part.column(0) if hasattr(part, "column") else part:
        if job.kind == "list":
            array[done] = value.as_py()
        elif job.kind == "raw":
            array[done] = np.frombuffer(value.as_buffer(), job.dtype).reshape(job.shape)
        else:
            data = getattr(value, "value", value)["data"]  # the storage of the image extension type
            array[done] = data.values.to_numpy(zero_copy_only=False).reshape(job.shape)
        done += 1
array.flush()
assert done == job.records, f"{done} of {job.records} records"
