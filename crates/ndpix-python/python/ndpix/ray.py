"""ndpix on Ray: `convert` as tasks of a cluster, `read` as a dataset. `pip install ndpix[ray]` brings Ray.
Every node has this version of ndpix and sees inputs and outputs under the same names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import ray
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata
from ray.data.extensions import ArrowTensorArray
from ray.exceptions import RayTaskError
from ray.experimental import tqdm_ray

from ndpix import _convert
from ndpix._batches import batches
from ndpix._errors import Error
from ndpix._options import Options, Path, Source, keywords
from ndpix._parts import Plan, given, plan, settled
from ndpix._progress import watched
from ndpix._summary import Summary

if TYPE_CHECKING:
    from typing_extensions import Unpack

BLOCK = 32 << 20  # bytes of pixels in a block of a dataset
# What kept fields are in Arrow.
TYPES = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "json": pa.string(),
    "ints": pa.list_(pa.int64()),
    "floats": pa.list_(pa.float64()),
    "category": pa.int64(),
}
TIMES = pa.timestamp("ns", "UTC")


@keywords
def convert(
    source: Source,
    out: Path,
    *,
    part_bytes: int | str = "64M",
    parts: int | None = None,
    work: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Summary:
    """`ndpix.convert` on a Ray cluster, to the same bytes: a task for each part, and one for the commit.

    Ray runs a task again whose worker or node dies, or that the machine failed (`OSError`), up to three times. After a
    failure or Ctrl-C the same call goes on: parts that are done wait in `work`.

    Args:
        source: As for `ndpix.plan`; so are `part_bytes` and `parts`.
        out: As for `ndpix.plan`.
        work: As for `Plan.run`.
        progress: A bar of Ray's: `True`, `False`, or `None` for where a terminal or notebook is.
        **options: As for `ndpix.plan`; `threads` are the CPUs of a task, 1 unless it is more.

    Returns:
        What was done, as from `ndpix.convert`.

    Raises:
        Error: As for `ndpix.convert`; it is not tried again, but for kind `fetch`.
        OSError: The machine, four times.
        RayError: Workers that died, four times.
    """
    if _convert.is_skipped(out, options):
        return _convert.convert(source, out, **options)
    threads = options["threads"] = options.get("threads") or 1
    made = plan(source, out, part_bytes=part_bytes, parts=parts, **options)
    task = ray.remote(max_retries=3, retry_exceptions=[OSError, Error], num_cpus=threads)(settled)
    bar = tqdm_ray.tqdm(total=made.parts, desc="ndpix", unit="part") if watched(progress) else None
    everywhere, facts, running = ray.put(made), [], []
    try:
        for part in range(made.parts):
            named = task.options(name=f"ndpix part {part}")
            running.append(named.remote(Plan.run, everywhere, part, work, progress=False))
        left = running
        while left:
            done, left = ray.wait(left, num_returns=len(left), timeout=1)
            facts += map(given, ray.get(done))
            if bar:
                bar.update(len(done))
        named = task.options(name="ndpix commit")
        running = [named.remote(Plan.commit, everywhere, facts, work, progress=False)]
        return given(ray.get(running[0]))
    except BaseException as failed:
        # What still runs is ended and waited for, and nothing else: Ray may die of it (ray-project/ray#54260).
        left = ray.wait(running, num_returns=len(running), timeout=0)[1]
        for one in left:
            ray.cancel(one)
        ray.wait([everywhere, *left], num_returns=len(left) + 1, timeout=10)
        raise (failed.cause if isinstance(failed, RayTaskError) else failed) from None
    finally:
        if bar:
            bar.close()


@keywords
def read(
    source: Source, *, part_bytes: int | str = "64M", parts: int | None = None, **options: Unpack[Options]
) -> ray.data.Dataset:
    """The images of the records as a Ray dataset, in their order and without files.

    It has a column `image` of tensors, and one for each of `arrays` beside it and of `columns`. A read task is a part.

    Args:
        source: As for `ndpix.plan`; so are `part_bytes` and `parts`.
        **options: As for `ndpix.plan` without an output; `threads` are the CPUs of a task, 1 unless it is more.

    Returns:
        The dataset; `preserve_order` is set in its own context.

    Raises:
        Error: As for `ndpix.batches`, here and where it is read.

    Warns:
        RejectedWarning: In the worker, of each part that has rejects; Ray prints it where the driver runs.
    """
    threads = options["threads"] = options.get("threads") or 1
    made = plan(source, part_bytes=part_bytes, parts=parts, **options)
    dataset = ray.data.read_datasource(Ndpix(made), override_num_blocks=made.parts, num_cpus=threads)
    dataset.context.execution_options.preserve_order = True
    return dataset


class Ndpix(Datasource):
    """A read task for each part of a plan; nobody knows how large it is before it was read."""
    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan, self._parts = ray.put(plan), plan.parts

    def estimate_inmemory_data_size(self) -> None:
        return None

    def get_read_tasks(self, parallelism: int, per_task_row_limit: Any = None, data_context: Any = None) -> list[Any]:
        unknown = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
        reads = (partial(_blocks, self._plan, part) for part in range(self._parts))
        return [ReadTask(read, unknown, per_task_row_limit=per_task_row_limit) for read in reads]


def _blocks(everywhere: Any, part: int) -> Iterator[pa.Table]:
    plan: Plan = ray.get(everywhere)
    (shape, dtype), kinds = plan.images, plan.columns
    for batch in batches(plan.part(part), max(1, BLOCK // (math.prod(shape) * dtype.itemsize))):
        # Rows of two axes are lists.
        kept = {n: pa.array(c if c.ndim == 1 else list(c), _type(kinds[n])) for n, c in batch.columns.items()}
        further = {n: ArrowTensorArray.from_numpy(a) for n, a in (batch.arrays or {}).items() if a is not batch.images}
        yield pa.table({"image": ArrowTensorArray.from_numpy(batch.images), **further, **kept})


def _type(reads: str) -> pa.DataType:
    """What a kept field is in Arrow, by the word of `column_type`."""
    return TIMES if reads.startswith("datetime") else TYPES[reads]
