"""The recipes for training loaders, with processes as a loader starts them: every image once, in any split.

PyTorch is too large to be required; where it is installed, its own loader runs the recipes too.
"""

import importlib
import multiprocessing
import os
import re
import sys
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


@pytest.fixture
def torch_recipes(source, tmp_path, monkeypatch):
    """The recipes as a module in which the comments about PyTorch are followed, and PyTorch."""
    torch = pytest.importorskip("torch")
    import torch.utils.data

    text = "import itertools\nimport ndpix\nimport torch.utils.data\n" + code("Images") + code("Stream")
    text = re.sub(r"^class (\w+):  # (torch\S+)", r"class \1(\2):", text, flags=re.MULTILINE)
    text = text.replace("        return 0, 1\n", "").replace("        # ", "        ")
    text = re.sub(r"^(ds|image, label|seen|assert)\b.*\n", "", text, flags=re.MULTILINE)
    (tmp_path / "with_torch.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    yield torch, importlib.import_module("with_torch")
    sys.modules.pop("with_torch", None)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_torch_loads_a_map_style_dataset(torch_recipes, images, method):
    torch, recipes = torch_recipes
    load = torch.utils.data.DataLoader
    ds = recipes.Images("images.ndjson", list(range(40)), threads=1)
    assert isinstance(ds, torch.utils.data.Dataset)
    loader = load(ds, batch_size=8, shuffle=True, num_workers=2, multiprocessing_context=method)
    for _ in range(2):
        got = [(label, image) for batch, labels in loader for image, label in zip(batch, labels.tolist())]
        assert sorted(label for label, _ in got) == list(range(40))
        assert all(np.array_equal(image.numpy(), images[label]) for label, image in got)
    plain = load(ndpix.open("images.ndjson", threads=1), batch_size=8, num_workers=2, multiprocessing_context=method)
    assert np.array_equal(torch.cat(list(plain)).numpy(), images)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("workers, method", [(0, None), (2, "fork"), (2, "spawn"), (3, "fork")])
def test_torch_loads_a_sharded_stream(torch_recipes, images, workers, method):
    torch, recipes = torch_recipes
    seen = []
    for rank in range(2):
        stream = recipes.Stream("images.ndjson", block=3, rank=rank, ranks=2)
        assert isinstance(stream, torch.utils.data.IterableDataset)
        loader = torch.utils.data.DataLoader(stream, None, num_workers=workers, multiprocessing_context=method)
        seen += [np.asarray(image).tobytes() for image in loader]
    assert sorted(seen) == sorted(image.tobytes() for image in images)


def test_torch_takes_arrays_without_a_copy(torch_recipes, images):
    torch, _ = torch_recipes
    array = ndpix.load("images.ndjson")
    for tensor in (torch.from_dlpack(array), torch.from_numpy(array)):
        assert tensor.data_ptr() == array.ctypes.data
        array[0, 0, 0, 0] ^= 1
        assert np.array_equal(tensor.numpy(), array)
    (batch,) = ndpix.batches("images.ndjson", 64)
    kept = torch.from_dlpack(batch.images)
    del batch
    assert np.array_equal(kept.numpy(), images)
