"""The recipes for training loaders as PyTorch's own loader runs them. It is too large to be required: this file is
collected where it is installed (conftest.py); test_loaders.py has the processes that it would start.
"""

import importlib
import re
import sys

import numpy as np
import pytest
import torch
import torch.utils.data
from conftest import lines, record
from test_loaders import code

import ndpix


@pytest.fixture
def torch_recipes(source, tmp_path, monkeypatch):
    """The recipes as a module in which the comments about PyTorch are followed, and PyTorch."""
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


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("workers, method", [(0, None), (4, "fork"), (4, "spawn")])
def test_bad_images_do_not_end_an_epoch(tmp_path, images, workers, method):
    records = [record(image, label=i, name=f"n{i}") for i, image in enumerate(images)]
    records[5], records[17], records[30] = b"{", {"image": "%", "label": 17, "name": "n17"}, {"label": 30}
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines(records))
    ds = ndpix.open(path, columns=["label", "name"], on_error="fill", threads=1)
    assert list(ds.check()) == [5, 17, 30]
    load = torch.utils.data.DataLoader
    loader = load(ds, batch_size=8, shuffle=True, num_workers=workers, multiprocessing_context=method)
    for _ in range(3):
        seen = []
        for batch in loader:
            keep = batch["valid"]
            assert len(batch["name"]) == len(keep) and (batch["image"][~keep] == 0).all()
            seen += zip(batch["label"][keep].tolist(), batch["image"][keep].numpy())
        assert sorted(label for label, _ in seen) == [i for i in range(40) if i not in (5, 17, 30)]
        assert all(np.array_equal(image, images[label]) for label, image in seen)
    good = load(ds.select(ds.valid), batch_size=8, shuffle=True, num_workers=workers, multiprocessing_context=method)
    assert sum(batch["valid"].sum().item() for batch in good) == 37
