"""Kept fields: beside the images of `load`, `batches` and `open`, with the types that NumPy has for them."""

import base64
import copy
import json
import pickle
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

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


SPELLINGS = [
    lambda at, ns: f"{at:%Y-%m-%dT%H:%M:%S}.{ns:09}Z",
    lambda at, ns: f"{at:%Y-%m-%d %H:%M:%S},{ns:09}",
    lambda at, ns: f"{at:%Y%m%dT%H%M%S}.{ns:09}+0000",
    lambda at, ns: {"sec": int(at.timestamp()), "nanosec": ns},
]


def moments(count, seed):
    """Random times within the range of nanoseconds, of whole seconds in UTC, each with nanoseconds."""
    some = random.Random(seed)
    least, most = np.iinfo(np.int64).min // 10**9 + 1, np.iinfo(np.int64).max // 10**9 - 1
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    spread = [some.randint(least, most) if i % 2 else some.randint(0, 2**31) for i in range(count)]
    return [(epoch + timedelta(seconds=s), some.choice([0, some.randrange(10**9), 10**6 * some.randrange(1000)])) for s in spread]


def test_times_are_those_of_python_and_numpy():
    times = moments(2000, 17)
    some = random.Random(3)
    zones = [timezone(timedelta(minutes=some.randint(-1439, 1439))) for _ in times]
    texts, numbers = [], []
    for i, ((at, ns), zone) in enumerate(zip(times, zones)):
        micro = at.astimezone(zone).replace(microsecond=ns // 1000).isoformat()
        texts.append(SPELLINGS[i % 5](at, ns) if i % 5 < 4 else micro)
        numbers.append(Decimal(int(at.timestamp())) + Decimal(ns) / 10**9)
    # NumPy's own reading, and Python's where it has the digits.
    wanted = np.array([np.datetime64(f"{at:%Y-%m-%dT%H:%M:%S}.{ns:09}", "ns") for at, ns in times])
    micros = [datetime.fromisoformat(t).astimezone(timezone.utc).replace(tzinfo=None) if i % 5 == 4 else None for i, t in enumerate(texts)]
    coarse = wanted.astype("M8[us]")
    assert all(m is None or np.datetime64(m, "us") == c for m, c in zip(micros, coarse))
    wanted = np.where([m is not None for m in micros], coarse.astype("M8[ns]"), wanted)
    pixels = base64.b64encode(b"\0").decode()
    units = {"s": 9, "ms": 6, "us": 3, "ns": 0}
    text = "".join(
        f'{{"image": "{pixels}", "text": {json.dumps(t)}, '
        + ", ".join(f'"{u}": {number.scaleb(9 - p):f}' for u, p in units.items())
        + "}\n"
        for t, number in zip(texts, numbers)
    )
    types = {"text": "datetime", **{unit: f"datetime[{unit}]" for unit in units}}
    options = {"field": "image", "encoding": "raw", "raw_shape": (1, 1), "raw_dtype": "uint8"}
    _, columns = ndpix.load(text.encode(), columns=types, **options)
    exact = np.array([np.datetime64(f"{at:%Y-%m-%dT%H:%M:%S}.{ns:09}", "ns") for at, ns in times])
    for name, column in columns.items():
        assert type(column) is np.ndarray and column.dtype == "<M8[ns]", name
        assert np.array_equal(column, wanted if name == "text" else exact), name


def test_times_in_every_output_and_door(tmp_path, images):
    said = ["2024-05-31T12:00:00.5+02:00", None, "1969-12-31T23:59:59.999999999Z"]
    want = np.array(["2024-05-31T10:00:00.5", "NaT", "1969-12-31T23:59:59.999999999"], "M8[ns]")
    source = tmp_path / "in.ndjson"
    source.write_bytes(lines(record(image, taken=said[i % 3]) for i, image in enumerate(images[:3])))
    taken = {"columns": {"taken": "datetime"}, "progress": False}
    valid = [True, False, True]

    def same(found):
        return np.array_equal(np.asarray(found).view("i8"), want.view("i8"))

    loaded = ndpix.load(source, **taken)[1]["taken"]
    assert loaded.mask.tolist() == [False, True, False] and same(loaded.data)
    batch = next(iter(ndpix.batches(source, 3, columns="taken", column_type=["taken=datetime"])))
    assert same(batch.columns["taken"].data)
    ds = ndpix.open(source, **{**taken, "progress": None})
    assert [ds[i]["taken"] for i in range(3)] == [want[0], None, want[2]]
    ndpix.convert(source, tmp_path / "o.npz", **taken)
    with np.load(tmp_path / "o.npz") as arrays:
        assert arrays["taken"].dtype == "<M8[ns]" and same(arrays["taken"]) and arrays["taken.valid"].tolist() == valid
    h5py = pytest.importorskip("h5py")
    ndpix.convert(source, tmp_path / "o.h5", **taken)
    with h5py.File(tmp_path / "o.h5") as file:
        assert same(file["taken"][:]) and file["taken.valid"][:].tolist() == valid
        assert file["taken"].attrs["units"] == "nanoseconds since 1970-01-01"
        assert file["taken"].attrs["calendar"] == "proleptic_gregorian"
    zarr = pytest.importorskip("zarr")
    ndpix.convert(source, tmp_path / "o.zarr", **taken)
    group = zarr.open_group(tmp_path / "o.zarr", mode="r")
    assert same(group["taken"][:]) and group["taken"].attrs["units"] == "nanoseconds since 1970-01-01"
    numpy = pytest.importorskip("safetensors.numpy")
    ndpix.convert(source, tmp_path / "o.safetensors", **taken)
    assert same(numpy.load_file(tmp_path / "o.safetensors")["taken"])
    parquet = pytest.importorskip("pyarrow.parquet")
    for out, table in [("o.parquet", "o.parquet"), ("o.npy", "o.npy.columns.parquet"), ("shards", "shards/columns.parquet")]:
        ndpix.convert(source, tmp_path / out, shard_rows=2 if out == "shards" else None, **taken)
        column = parquet.read_table(tmp_path / table, columns=["taken"])["taken"]
        assert str(column.type) == "timestamp[ns, tz=UTC]" and column.is_null().to_pylist() == [not v for v in valid]
        assert same(column.cast("int64").fill_null(np.iinfo("i8").min).to_numpy())
    again = ndpix.load(tmp_path / "shards", columns=["taken"])[1]["taken"]
    assert again.dtype == "<M8[ns]" and same(again.data) and again.mask.tolist() == [not v for v in valid]


def test_what_xarray_and_tables_read_are_times(tmp_path, images):
    source = lines(record(image, taken=f"20{i:02}-01-01T00:00:00Z") for i, image in enumerate(images[:5]))
    want = np.array([f"20{i:02}-01-01" for i in range(5)], "M8[ns]")
    for out in ("x.zarr", "x.parquet"):
        ndpix.convert(source, tmp_path / out, columns={"taken": "datetime"}, progress=False)
    xarray = pytest.importorskip("xarray")
    assert np.array_equal(xarray.open_zarr(tmp_path / "x.zarr", consolidated=False)["taken"].values, want)
    for module, read in [
        ("pandas", lambda m: m.read_parquet(tmp_path / "x.parquet", columns=["taken"])["taken"].dt.tz_localize(None).to_numpy()),
        ("polars", lambda m: m.read_parquet(tmp_path / "x.parquet", columns=["taken"])["taken"].dt.replace_time_zone(None).to_numpy()),
    ]:
        assert np.array_equal(read(pytest.importorskip(module)).astype("M8[ns]"), want), module


def test_types_that_contradict_each_other(text):
    with pytest.raises(TypeError, match="leave column_type out"):
        ndpix.load(text, columns={"id": "int"}, column_type={"id": "int"})
    with pytest.raises(ndpix.Error, match="did you mean score") as refused:
        ndpix.load(text, columns=["score", "id"], column_type={"scor": "float"})
    assert refused.value.kind == "options"
    assert ndpix.load(text, columns={"id": "float", "name": None})[1]["id"].dtype == np.float64
