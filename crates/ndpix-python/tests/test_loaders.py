"""The recipes for training loaders, with processes as a loader starts them: every image once, in any split."""

import multiprocessing
import os
import re
import warnings

import numpy as np
import pytest
from conftest import ROOT

import ndpix


def code(name):
    """The snippet of a recipe, as the page has it."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(), re.DOTALL)
    (found,) = [block for block in blocks if f"class {name}" in block]
    return found


def recipe(name):
    """The class of a recipe."""
    names = {"ndpix": ndpix}
    exec(code(name), names)
    return names[name]


def work(rank, ranks, worker, workers, queue):
    class Mine(recipe("Stream")):
        def worker(self):
            return worker, workers

    images = list(Mine("images.ndjson", block=3, rank=rank, ranks=ranks))
    queue.put((rank, worker, [image.tobytes() for image in images]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_shards_are_everything_once(source, images, monkeypatch, method):
    monkeypatch.chdir(source.parent)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    ranks, workers = 2, 2
    started = [
        context.Process(target=work, args=(rank, ranks, worker, workers, queue))
        for rank in range(ranks)
        for worker in range(workers)
    ]
    for process in started:
        process.start()
    got = [queue.get(timeout=60) for _ in started]
    for process in started:
        process.join()
    assert {(rank, worker) for rank, worker, _ in got} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    seen = [image for _, _, part in got for image in part]
    assert sorted(seen) == sorted(image.tobytes() for image in images)


def items(ds, batches, queue):
    for batch in batches:
        queue.put((tuple(batch), np.stack(ds.__getitems__(batch))))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_map_style_loader(source, images, monkeypatch, method):
    monkeypatch.chdir(source.parent)
    ds = ndpix.open("images.ndjson", threads=1)
    order = np.random.default_rng(0).permutation(40).tolist()
    batches = [order[i : i + 8] for i in range(0, 40, 8)]
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    started = [context.Process(target=items, args=(ds, batches[i::2], queue)) for i in range(2)]
    for process in started:
        process.start()
    got = dict(queue.get(timeout=60) for _ in batches)
    for process in started:
        process.join()
    for batch in batches:
        assert np.array_equal(got[tuple(batch)], images[batch])


def test_an_iterator_stays_behind_in_a_fork(source):
    batches = ndpix.batches(source, 2)
    next(batches)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if not child:
        try:
            next(batches)
        except ndpix.Error as error:
            os._exit(0 if "fork" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sum(map(len, batches)) == 38
