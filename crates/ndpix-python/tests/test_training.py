"""`ndpix.open` for training: bad images do not end an epoch, and it is known which they are."""

import base64
import multiprocessing
import pickle

import numpy as np
import pytest
from conftest import lines, pictures, png, record

import ndpix

BAD = {3: "json", 7: "encoding", 11: "field", 25: "image", 80: "shape"}
"""The kind of each bad record among ninety: 25 is damaged behind its header, 80 comes after the sample."""


def broken(picture):
    """A record whose file has a good header and bad pixels."""
    file = bytearray(png(picture))
    at = file.index(b"IDAT") + 20
    file[at : at + 30] = bytes(30)
    return {"image": base64.b64encode(file).decode(), "label": 25, "name": "b"}


@pytest.fixture
def images():
    return pictures(90)


@pytest.fixture
def mixed(tmp_path, images):
    """Ninety records, the bad ones among them."""
    records = [record(image, label=i, name=f"n{i}", box=[i, i]) for i, image in enumerate(images)]
    records[3] = b"{"
    records[7] = {"image": "%", "label": 7}
    records[11] = {"image": None, "label": 11}
    records[80] = record(pictures(1, (9, 9, 3))[0], label=80)
    records[25] = broken(images[25])
    path = tmp_path / "mixed.ndjson"
    path.write_bytes(lines(records))
    return path


def kinds(bad):
    return {number: reject.kind for number, reject in bad.items()}


def test_shape_and_dtype_are_those_of_the_first_records(mixed, images):
    ds = ndpix.open(mixed, on_error="fill", fill_value=9)
    assert ds[0]["valid"] is True and np.array_equal(ds[0]["image"], images[0])
    found = ds[:]
    assert list(found) == ["image", "valid"] and found["valid"].dtype == bool
    assert np.flatnonzero(~found["valid"]).tolist() == list(BAD)
    assert np.array_equal(found["image"][found["valid"]], images[found["valid"]])
    assert (found["image"][~found["valid"]] == 9).all()
    # A function of the records: other options of pixels are those of the rows, too.
    small = ndpix.open(mixed, on_error="fill", size=4, fit="stretch", dtype="float32", layout="chw")
    assert small[3]["image"].shape == (3, 4, 4) and small[3]["image"].dtype == np.float32


def test_what_is_bad_is_known_as_it_is_met(mixed):
    ds = ndpix.open(mixed, on_error="fill")
    assert ds.bad == {}
    ds[2], ds[3], ds[[7, 8]], ds.__getitems__([25, 3])
    assert kinds(ds.bad) == {3: "json", 7: "encoding", 25: "image"}
    assert ds.bad[7][:4] == (str(mixed), *ds.position(7)[1:]) and ds.bad[7].line == 8
    assert "base64" in ds.bad[7].message and repr(ds) == "<ndpix.Dataset of 90 images, 3 known to be bad>"


@pytest.mark.parametrize("threads", [1, 3])
def test_a_check_finds_them_before(mixed, threads):
    ds = ndpix.open(mixed, on_error="fill", threads=threads)
    headers = {number: kind for number, kind in BAD.items() if number != 25}
    assert kinds(ds.check()) == headers == kinds(ds.bad)
    assert np.flatnonzero(~ds.valid).tolist() == list(headers)
    assert kinds(ds.check(pixels=True)) == BAD and list(ds.bad) == list(BAD)
    # Without fill values it is the same, but for the size: there each image has its own.
    raises = ndpix.open(mixed, field="image", encoding="encoded")
    assert kinds(raises.check(pixels=True)) == {n: k for n, k in BAD.items() if k != "shape"}
    for number in raises.bad:
        with pytest.raises(ndpix.Error) as caught:
            raises[number]
        assert caught.value.kind == BAD[number] and raises.bad[number].message in str(caught.value)


def test_a_check_of_many_images_in_a_record(images):
    values = [record(image)["image"] for image in images]
    values[5], values[30] = "%", "%%"
    ds = ndpix.open(lines([{"all": values}, b"{", {"all": values[:2]}]), field="all[*]", encoding="encoded")
    assert kinds(ds.check()) == {5: "encoding", 30: "encoding", 90: "json"} and len(ds) == 93
    assert ds.bad[30].item == 30


def test_a_selection_is_a_dataset(mixed, images):
    ds = ndpix.open(mixed, on_error="fill", columns=["label"])
    good = ds.select(ds.valid)
    assert len(good) == 86 and good.bad == {} and good.valid.all()
    labels = [number for number in range(90) if number not in BAD or number == 25]
    assert [good[i]["label"] for i in range(len(good))] == labels
    assert good[-1]["label"] == 89 and good.position(3) == ds.position(4)
    few = good.select(np.array([30, 3, 3])).select([2, 0])
    assert few[:]["label"].tolist() == [4, 33] and [item["label"] for item in few.__getitems__([1, 0])] == [33, 4]
    assert np.array_equal(few[0]["image"], images[4])
    again = pickle.loads(pickle.dumps(few))
    assert np.array_equal(again[1]["image"], images[33]) and len(again) == 2
    # What is met in a selection is known to all.
    tail = ds.select(slice(20, None))
    assert tail[5]["valid"] is False and list(tail.bad) == [5, 60] and 25 in ds.bad
    for wrong in ([90], [-91], [[1]], 3, np.ones(89, bool)):
        with pytest.raises(IndexError):
            ds.select(wrong)


def test_fields_of_what_is_filled_can_be_collated(mixed):
    ds = ndpix.open(mixed, on_error="fill", columns=["label", "name", "box"])
    assert ds[7]["label"] == 7 and ds[11]["label"] == 11
    assert ds[3]["label"] == 0 and ds[3]["name"] == "" and ds[3]["box"].tolist() == []
    assert all(item["label"] is not None and item["name"] is not None for item in ds.__getitems__(range(90)))
    several = ds[[2, 3]]
    assert several["label"].mask.tolist() == [False, True] and several["name"].tolist() == ["n2", None]
    with pytest.raises(ndpix.Error, match="a column valid"):
        ndpix.open(lines([record(pictures(1)[0], valid=1)]), columns="valid", on_error="fill")


def test_records_without_image(images):
    text = lines([record(images[0]), {"image": None}, {"image": 7}])
    options = {"field": "image", "encoding": "encoded"}
    assert not ndpix.open(text, on_error="fill", **options)[1]["valid"]
    missing = ndpix.open(text, on_missing="fill", **options)
    assert not missing[1]["valid"] and "no image" in missing.bad[1].message
    with pytest.raises(ndpix.Error):
        missing[2]
    named = ndpix.open(text, on_error={"field": "fill"}, **options)
    assert named[:]["valid"].tolist() == [True, False, False]


def test_images_of_different_sizes_have_no_fill_row():
    text = lines([record(pictures(1, (4, n))[0]) for n in (4, 5)])
    with pytest.raises(ndpix.Error) as caught:
        ndpix.open(text, on_error="fill")
    assert caught.value.kind == "plan"
    assert ndpix.open(text, on_error="fill", shape=(4, 4))[:]["valid"].tolist() == [True, False]


def pair(item):
    return item["image"].astype(np.float32) / 255, item["label"] if item["valid"] else -1


def test_a_transform(mixed, images):
    ds = ndpix.open(mixed, on_error="fill", columns=["label"], transform=pair)
    image, label = ds[2]
    assert image.dtype == np.float32 and label == 2 and ds[3][1] == -1
    assert [label for _, label in ds.__getitems__([1, 7, 4])] == [1, -1, 4]
    assert pickle.loads(pickle.dumps(ds.select([5])))[0][1] == 5
    with pytest.raises(ndpix.Error, match="one by one"):
        ds[:2]
    assert ndpix.open(mixed, transform=np.mean)[0] == images[0].mean()


def work(ds, batches, queue):
    """What a worker of a loader does."""
    for batch in batches:
        items = ds.__getitems__(batch)
        queue.put([(item["label"], item["valid"], np.array(item["image"])) for item in items])
    queue.put(sorted(ds.bad))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_that_meet_bad_images(mixed, images, method):
    ds = ndpix.open(mixed, on_error="fill", columns=["label"], threads=1)
    ds.check()
    order = np.random.default_rng(0).permutation(90).tolist()
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    workers = [context.Process(target=work, args=(ds, [order[i::2]], queue)) for i in range(2)]
    for worker in workers:
        worker.start()
    got = [queue.get(timeout=60) for _ in range(4)]
    for worker in workers:
        worker.join()
    seen = [item for part in got if part and isinstance(part[0], tuple) for item in part]
    assert sum(valid for _, valid, _ in seen) == 85 and len(seen) == 90
    assert all(np.array_equal(image, images[label]) for label, valid, image in seen if valid)
    # What was known before is known to them; what one of them met is known to it alone.
    known = [part for part in got if part and not isinstance(part[0], tuple)]
    assert sorted(map(len, known)) == [4, 5] and 25 not in ds.bad


def test_shards_know_their_fill_rows(tmp_path, mixed):
    ndpix.convert(mixed, tmp_path / "out", on_error="fill", on_missing="fill", shard_rows=7, columns="label")
    ds = ndpix.open(tmp_path / "out")
    assert np.flatnonzero(~ds.valid).tolist() == list(BAD) == list(ds.bad)
    assert len(ds.select(ds.valid)) == 85 and ds.bad[7].line == 8 and "rejects file" in ds.bad[7].message
    whole = ndpix.open(ndpix.convert(mixed, tmp_path / "w", limit=3, shard_rows=2).outputs[0])
    assert whole.valid.all() and len(whole.valid) == 3
