"""Kept fields: beside the images of `load`, `batches` and `open`, with the types that NumPy has for them."""

import base64
import copy
import json
import pickle

import numpy as np
import pytest
from conftest import lines, pictures, png, record

import ndpix


def fields(i):
    """What a record has beside its image."""
    return {
        "id": i,
        "score": i / 4,
        "ok": i % 2 == 0,
        "name": f"n\u00e9 {i}",
        "box": [i, i + 1],
        "path": [i / 2] * (i % 3),
        "meta": {"k": i, "list": [1, None]},
        "maybe": None if i % 3 == 0 else i,
        "odd": None if i % 3 == 0 else [i],
    }


def test_blanks_and_line_ends_in_names(images):
    text = lines(record(image, **{"tr ": i, " tr": -i, "tr": "other"}) for i, image in enumerate(images))
    numbers = list(range(len(images)))
    for name in ("/tr ", "tr "):
        for columns in (name, [name], (name, "/ tr")):
            found = list(ndpix.load(text, columns=columns)[1].values())
            assert found[0].tolist() == numbers, columns
    assert found[1].tolist() == [-i for i in numbers]
    for columns in ("/tr\ntr ", ["/tr\ntr "]):
        with pytest.raises(ndpix.Error, match="line end") as refused:
            ndpix.load(text, columns=columns)
        assert refused.value.kind == "options"


@pytest.fixture
def text(images):
    return lines(record(image, **fields(i)) for i, image in enumerate(images))


ALL = list(fields(0))


def check(columns, numbers):
    """The columns are those of the records of these numbers."""
    wanted = [fields(i) for i in numbers]
    assert list(columns) == ALL
    kinds = {"id": np.int64, "score": np.float64, "ok": np.bool_, "name": object, "meta": object, "path": object}
    for name, kind in kinds.items():
        assert columns[name].dtype == kind and type(columns[name]) is np.ndarray, name
    for name in ("id", "score", "ok", "name"):
        assert columns[name].tolist() == [w[name] for w in wanted]
    assert columns["box"].dtype == np.int64 and columns["box"].tolist() == [w["box"] for w in wanted]
    for found, want in zip(columns["path"], wanted):
        assert found.dtype == np.float64 and found.tolist() == want["path"]
    assert [json.loads(m) for m in columns["meta"]] == [w["meta"] for w in wanted]
    assert isinstance(columns["maybe"], np.ma.MaskedArray) and columns["maybe"].dtype == np.int64
    assert columns["maybe"].tolist() == [w["maybe"] for w in wanted]
    assert [None if o is None else o.tolist() for o in columns["odd"]] == [w["odd"] for w in wanted]


def test_load_gives_a_pair(text, images):
    found, columns = ndpix.load(text, columns=ALL)
    assert np.array_equal(found, images)
    check(columns, range(40))
    assert isinstance(ndpix.load(text), np.ndarray)
    assert ndpix.load(text, columns=[])[1] == {}
    assert list(ndpix.load(text, columns="id,meta.k")[1]) == ["id", "meta.k"]
    assert list(ndpix.load(text, columns=("meta.list[0]",))[1]) == ["meta.list[0]"]


def test_batches_have_their_rows(text, images):
    numbers = iter(range(40))
    for batch in ndpix.batches(text, 9, columns=ALL):
        mine = [next(numbers) for _ in range(len(batch))]
        assert np.array_equal(batch.images, images[mine])
        check(batch.columns, mine)
    assert ndpix.batches(text, 9).__next__().columns == {}


def test_open_gives_dicts(text, images):
    dataset = ndpix.open(text, columns=ALL)
    item = dataset[4]
    assert np.array_equal(item.pop("image"), images[4])
    assert item.pop("box").tolist() == [4, 5] and item.pop("path").tolist() == [2.0] and item.pop("odd").tolist() == [4]
    assert json.loads(item.pop("meta")) == fields(4)["meta"]
    assert item == {"id": 4, "score": 1.0, "ok": True, "name": "n\u00e9 4", "maybe": 4}
    assert {k: type(v) for k, v in item.items()} == {"id": int, "score": float, "ok": bool, "name": str, "maybe": int}
    assert dataset[3]["maybe"] is None and dataset[3]["odd"] is None

    for index, mine in [(slice(2, 9), range(2, 9)), ([7, 3, 7], [7, 3, 7])]:
        some = dataset[index]
        assert np.array_equal(some.pop("image"), images[mine])
        check(some, mine)
    items = dataset.__getitems__([5, 6])
    assert [i["id"] for i in items] == [5, 6] and np.array_equal(items[1]["image"], images[6])
    for again in (pickle.loads(pickle.dumps(dataset)), copy.copy(dataset)):
        assert again[8]["name"] == "n\u00e9 8"


def test_rows_that_are_filled(text):
    bad = lines([{"image": "%", **fields(40)}, {"image": None, **fields(41)}, {**record(pictures(1)[0]), "id": "x"}])
    options = {"columns": ["id", "name"], "on_error": "fill", "on_missing": "fill"}
    with pytest.warns(ndpix.RejectedWarning, match="1 encoding, 1 field"):
        images, columns = ndpix.load(text * 2 + bad, max_rejects=2, **options)
    assert len(images) == 83
    assert columns["id"][80:].tolist() == [40, 41, None]
    assert columns["name"][80:].tolist() == ["n\u00e9 40", "n\u00e9 41", None]
    with pytest.raises(ndpix.Error, match="column id: found a string, wanted integers") as error:
        ndpix.load(text * 2 + bad[bad.index(b"\n") + 1 :], columns="id", on_error="raise")
    assert (error.value.kind, error.value.line) == ("field", 82)


def test_images_become_row_numbers():
    urls = ["data:image/png;base64," + base64.b64encode(png(i)).decode() for i in pictures(5)]
    records = [{"chat": [{"url": u} for u in some], "n": len(some)} for some in (urls[:2], [], urls[2:])]
    options = {"field": "chat[*].url", "columns": ["chat", "n"]}
    images, columns = ndpix.load(records, **options)
    assert len(images) == 5 and columns["n"].tolist() == [2, 2, 3, 3, 3]
    numbers = [[c["url"] for c in json.loads(chat)] for chat in columns["chat"]]
    assert numbers == [[0, 1]] * 2 + [[2, 3, 4]] * 3
    batches = list(ndpix.batches(records, 2, **options))
    assert [len(b) for b in batches] == [2, 2, 1]
    assert [t for b in batches for t in b.columns["chat"]] == columns["chat"].tolist()
    # In a dataset a record without image has a number too.
    assert ndpix.open(lines(records), **options)[3]["chat"] == '[{"url": 3}, {"url": 4}, {"url": 5}]'


def test_what_is_refused(text, tmp_path):
    for columns, said in [("id,id", "given twice"), ("meta.list[*]", "several values"), ("a..b", "an empty key")]:
        with pytest.raises(ndpix.Error, match=said):
            ndpix.load(text, columns=columns)
    with pytest.raises(ndpix.Error, match="the name that the image has"):
        ndpix.open(text, columns=["image"])
    for name, value in [("chunks", 5), ("append", True), ("shard_rows", 9), ("images_as", "encoded"), ("ragged", "flat")]:
        for door in (ndpix.load, ndpix.batches, ndpix.open):
            with pytest.raises(ndpix.Error, match=name):
                door(text, **{name: value})
