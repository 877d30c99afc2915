"""Folders of shards, read as one."""

import json
import pickle

import numpy as np
import pytest
from conftest import lines, pictures, record

import ndpix

FIELDS = {
    "id": lambda i: i,
    "score": lambda i: i / 4,
    "ok": lambda i: i % 2 == 0,
    "name": lambda i: f"n{i}",
    "maybe": lambda i: None if i % 3 == 0 else i,
    "box": lambda i: [i, i + 1],
    "path": lambda i: None if i % 5 == 0 else [i / 2] * (i % 3),
    "meta": lambda i: {"k": i},
}


@pytest.fixture
def text(images):
    return lines(record(image, **{n: f(i) for n, f in FIELDS.items()}) for i, image in enumerate(images))


@pytest.fixture
def folder(text, tmp_path):
    ndpix.convert(text, tmp_path / "out", shard_rows=7, columns=list(FIELDS), rows="always")
    return tmp_path / "out"


def same(found, wanted):
    assert list(found) == list(wanted)
    for name, column in wanted.items():
        assert type(found[name]) is type(column) and found[name].dtype == column.dtype, name
        assert str(found[name].tolist()) == str(column.tolist()), name


def test_shards_are_one_array(folder, text, images):
    found = ndpix.load(folder)
    assert found.dtype == images.dtype and found.flags.writeable and np.array_equal(found, images)
    found, columns = ndpix.load(str(folder), columns=list(FIELDS))
    assert np.array_equal(found, images)
    same(columns, ndpix.load(text, columns=list(FIELDS))[1])
    assert list(ndpix.load(folder, columns="name")[1]) == ["name"]


def test_shards_are_a_dataset(folder, text, images):
    dataset = ndpix.open(folder)
    assert len(dataset) == 40 and np.array_equal(dataset[6], images[6]) and np.array_equal(dataset[-1], images[39])
    assert np.array_equal(dataset[[30, 2, 7]], images[[30, 2, 7]]) and dataset[5:5].shape == (0, 8, 6, 3)
    assert dataset.position(20)[1:] == ndpix.open(text).position(20)[1:]
    with pytest.raises(IndexError):
        dataset[40]
    fields = pickle.loads(pickle.dumps(ndpix.open(folder, columns=list(FIELDS))))
    wanted = ndpix.open(text, columns=list(FIELDS))
    for i in (0, 3, 4, 39):
        assert str(fields[i]) == str(wanted[i])
    assert str(fields.__getitems__([8, 3])) == str(wanted.__getitems__([8, 3]))


def test_images_of_their_own_sizes(tmp_path):
    images = [pictures(1, (3 + i, 9 - i))[0] for i in range(6)] * 3
    ndpix.convert(lines(map(record, images)), tmp_path / "flat", ragged="flat", shard_rows=4)
    dataset = ndpix.open(tmp_path / "flat")
    assert len(dataset) == 18 and all(np.array_equal(dataset[i], image) for i, image in enumerate(images))
    with pytest.raises(ndpix.Error, match="do not stack"):
        dataset[:2]
    with pytest.raises(ndpix.Error, match="different sizes"):
        ndpix.load(tmp_path / "flat")
    ndpix.convert(lines(map(record, images)), tmp_path / "pad", ragged="pad", shard_rows=4)
    padded = ndpix.load(tmp_path / "pad")
    assert padded.shape == (18, 8, 9) and np.array_equal(padded[7, :4, :8], images[7])


def test_what_is_refused(folder, tmp_path):
    with pytest.raises(ndpix.Error, match="size has no say"):
        ndpix.load(folder, size=4)
    with pytest.raises(ndpix.Error, match="no column lable; it holds id, score"):
        ndpix.open(folder, columns="lable")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["shards"][1]["rows"] = 6
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ndpix.Error, match="00001.npy has 7 rows, and the manifest says 6"):
        ndpix.load(folder)
    for name in ("../other.npy", str(folder / "00000.npy"), "in/00000.npy", "in\\00000.npy", "..", "", 7):
        manifest["shards"][1]["file"] = name
        (folder / "manifest.json").write_text(json.dumps(manifest))
        for read in (ndpix.load, ndpix.open):
            with pytest.raises(ndpix.Error, match="not a file of this folder") as refused:
                read(folder)
            assert refused.value.kind == "options"
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises((ndpix.Error, OSError)):
        ndpix.load(tmp_path)
