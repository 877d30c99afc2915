"""Hugging Face datasets: load_dataset of JSON, map to an Image feature in two processes, every row copied
into one preallocated `.npy`. Its caches start empty, in a folder beside the output."""
import base64
import os
import shutil

from common import job, pixels

job = job()
scratch = f"{job.out}.datasets"
shutil.rmtree(scratch, ignore_errors=True)
os.environ |= {"HF_HOME": scratch, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": f"{scratch}/cache"}

import datasets  # noqa: E402  reads the environment when it is imported
import numpy as np  # noqa: E402

datasets.disable_progress_bars()
rows = datasets.load_dataset("json", data_files=str(job.path), split="train")
array = np.lib.format.open_memmap(job.out, "w+", job.dtype, (job.records, *job.shape))
if job.kind == "list":
    done = 0
    for batch in rows.with_format("numpy").iter(batch_size=1000):
        values = np.asarray(batch["image"])
        array[done:done + len(values)] = values
        done += len(values)
elif job.kind == "raw":
    for row, record in enumerate(rows):
        array[row] = pixels(base64.b64decode(record["image"]), job)
else:
    if job.kind == "path":
        rows = rows.map(lambda r: {"image": os.path.join(job.folder, r["image"])}, num_proc=job.jobs)
        rows = rows.cast_column("image", datasets.Image())
    else:
        features = datasets.Features({**rows.features, "image": datasets.Image()})
        rows = rows.map(lambda r: {"image": {"bytes": base64.b64decode(r["image"]), "path": None}},
                        num_proc=job.jobs, features=features)
    for row, record in enumerate(rows):
        array[row] = np.asarray(record["image"])
array.flush()
del rows
shutil.rmtree(scratch, ignore_errors=True)
