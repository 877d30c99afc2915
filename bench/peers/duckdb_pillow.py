"""DuckDB reads one column and takes base64 off in SQL, Pillow decodes what is fetched in a thread pool,
rows go into one preallocated `.npy`."""
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np

from common import job, pixels

job = job()
connection = duckdb.connect()
connection.execute(f"set threads={job.jobs}")
connection.execute("set preserve_insertion_order=true")
kind = "UTINYINT[][]" if job.kind == "list" else "VARCHAR"
what = "from_base64(image)" if job.kind in ("raw", "image") else "image"
cursor = connection.execute(
    f"select {what} from read_ndjson('{job.path}', columns={{image: '{kind}'}}, maximum_object_size=67108864)")
array = np.lib.format.open_memmap(job.out, "w+", job.dtype, (job.records, *job.shape))


def one(row, fetched):
    (value,) = fetched
    array[row] = value if job.kind == "list" else pixels(value, job)


done = 0
with ThreadPoolExecutor(job.jobs) as pool:
    while batch := cursor.fetchmany(256):
        list(pool.map(one, range(done, done + len(batch)), batch))
        done += len(batch)
array.flush()
assert done == job.records, f"{done} of {job.records} records"
