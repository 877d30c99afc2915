"""ndpix on Dask: `convert` as tasks of a cluster, `read` as an array. `pip install ndpix[dask]` brings Dask.
Every worker has this version of ndpix and sees inputs and outputs under the same names.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import dask
import dask.array
import distributed
import numpy as np

from ndpix import _convert
from ndpix._batches import batches
from ndpix._errors import Error
from ndpix._options import Options, Others, Path, Source, keywords
from ndpix._parts import Plan, given, plan, settled
from ndpix._progress import watched
from ndpix._summary import Summary

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keywords
def convert(
    source: Source,
    out: Path,
    *,
    client: distributed.Client | None = None,
    part_bytes: int | str = "64M",
    parts: int | None = None,
    work: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Summary:
    """`ndpix.convert` on a Dask cluster: a task for each part, and one for the commit. The bytes are the same.

    Dask runs a task again whose worker dies, or that the machine failed (`OSError`), up to three times. After a failure
    or Ctrl-C the same call goes on: parts that are done wait in `work`. A task that runs is not stopped by Dask, and
    comes to its end.

    Args:
        source: As for `ndpix.plan`; so are `part_bytes` and `parts`.
        out: As for `ndpix.plan`.
        client: Whose cluster it is; without it the client that was made last.
        work: As for `Plan.run`.
        progress: A bar of Dask's: `True`, `False`, or `None` for where a terminal is.
        **options: As for `ndpix.plan`; `threads` are those of a task, 1 unless it is more.

    Returns:
        What was done, as from `ndpix.convert`.

    Raises:
        Error: As for `ndpix.convert`; it is not tried again, but for kind `fetch`.
        OSError: The machine, four times.
        KilledWorker: Workers that died, four times.
        ValueError: There is no client.
    """
    if _convert.is_skipped(out, options):
        return _convert.convert(source, out, **options)
    options["threads"] = options.get("threads") or 1
    client = client or distributed.default_client()
    made = plan(source, out, part_bytes=part_bytes, parts=parts, **options)
    everywhere = client.submit(Plan.from_json, made.to_json(), key=f"{made.id}-plan", retries=3)
    submit, running = partial(client.submit, settled, progress=False, retries=3), [everywhere]
    try:
        tasks = [submit(Plan.run, everywhere, part, work, key=f"{made.id}-{part}") for part in range(made.parts)]
        running += tasks
        if watched(progress):
            distributed.progress(tasks, notebook=False)
        facts = []
        for task, done in distributed.as_completed(tasks, with_results=True):
            facts.append(given(done))
            # What Dask keeps and loses with a worker it would make once more, perhaps beside the commit.
            task.release()
        running.append(submit(Plan.commit, everywhere, facts, work, key=f"{made.id}-commit"))
        return given(running[-1].result())
    finally:
        # Dask keeps what has a key: without this a failure would be the answer to the next call, too.
        client.cancel(running)


@keywords
def read(
    source: Source, *, part_bytes: int | str = "64M", parts: int | None = None, **options: Unpack[Others]
) -> dask.array.Array:
    """The images of the records as a Dask array, in their order, and without files.

    A chunk is a part. How many rows it has is known when it was read, so the first axis is `nan`, as in arrays that Dask
    makes of data frames: `compute_chunk_sizes` reads all of it to know.

    Args:
        source: As for `ndpix.plan`; so are `part_bytes` and `parts`.
        **options: As for `ndpix.plan` without an output, but for `columns`; `threads` as for `convert`.

    Returns:
        The array that `ndpix.load` gives.

    Raises:
        Error: As for `ndpix.batches`, here and where the array is computed.

    Warns:
        RejectedWarning: Of each part that has rejects, where it is computed and where the client is.
    """
    for beside in ("columns", "array", "arrays"):
        if options.get(beside) is not None:
            raise Error(f"this is one array, without {beside}; leave out {beside}, or load them")
    options["threads"] = options.get("threads") or 1
    made = plan(source, part_bytes=part_bytes, parts=parts, **options)
    shape, dtype = made.images
    everywhere = dask.delayed(Plan.from_json)(made.to_json(), dask_key_name=f"ndpix-{made.id}-plan")
    chunks = [
        dask.array.from_delayed(
            dask.delayed(rows)(everywhere, part, dask_key_name=f"ndpix-{made.id}-{part}"), (np.nan, *shape), dtype
        )
        for part in range(made.parts)
    ]
    return dask.array.concatenate(chunks, allow_unknown_chunksizes=True)


def rows(plan: Plan, part: int) -> np.ndarray[Any, Any]:
    run = batches(plan.part(part), sys.maxsize)
    run._warn = distributed.warn
    shape, dtype = plan.images
    # One batch, or none.
    return ([batch.images for batch in run] or [np.empty((0, *shape), dtype)])[0]
