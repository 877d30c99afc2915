"""Polars reads one column and takes base64 off, Pillow decodes in a thread pool (its decoders release the
GIL), rows go into one preallocated `.npy`."""
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from common import job, pixels

job = job()
frame = pl.scan_ndjson(job.path).select("image")
if job.kind in ("raw", "image"):
    frame = frame.select(pl.col("image").str.decode("base64"))
column = frame.collect()["image"]
array = np.lib.format.open_memmap(job.out, "w+", job.dtype, (job.records, *job.shape))
if job.kind == "list":
    while column.dtype == pl.List:
        column = column.explode()
    array[:] = column.cast(pl.UInt8).to_numpy().reshape(array.shape)
else:
    def one(row, value):
        array[row] = pixels(value, job)

    with ThreadPoolExecutor(job.jobs) as pool:
        for _ in pool.map(one, range(job.records), column):
            pass
array.flush()
