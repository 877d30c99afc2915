"""`ndpix.open`: random access, in every process that a training loader may start."""

import gzip
import lzma
import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from conftest import lines, none_left, pictures, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ndpix


def test_one_image_at_a_time(source, images):
    ds = ndpix.open(source)
    assert len(ds) == 40
    assert all(np.array_equal(ds[i], images[i]) for i in (0, 7, 39, -1, np.int64(3)))
    assert ds[3].ctypes.data % 64 == 0
    assert ds.position(3)[:2] == (str(source), 4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-40, 39), max_size=12))
def test_lists_are_numpy_s(source, images, index):
    ds = ndpix.open(source)
    got = ds[index]
    if index:
        assert np.array_equal(got, images[index])
        assert np.array_equal(ds[np.array(index)], images[index])
    else:
        assert len(got) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.slices(40))
def test_slices_are_numpy_s(source, images, index):
    got = ndpix.open(source)[index]
    assert len(got) == len(images[index])
    assert len(got) == 0 or np.array_equal(got, images[index])


def test_masks_and_what_is_no_index(source, images):
    ds = ndpix.open(source)
    mask = np.arange(40) % 3 == 0
    assert np.array_equal(ds[mask], images[mask])
    for index in (40, -41, [0, 40]):
        with pytest.raises(IndexError):
            ds[index]
    for index in ([[0]], 1.5, "a"):
        with pytest.raises((IndexError, ValueError)):
            ds[index]


def test_several_images_in_a_record(tmp_path, images):
    records = [{"all": [record(i)["image"] for i in images[:3]]}, {"all": []}, {"all": [record(images[3])["image"]]}]
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines(records))
    ds = ndpix.open(path, field="all[*]")
    assert len(ds) == 5
    assert np.array_equal(ds[[0, 1, 2, 4]], images[:4])
    with pytest.raises(ndpix.Error) as caught:
        ds[3]
    assert (caught.value.kind, caught.value.line) == ("field", 2)


def test_nothing_is_passed_over(tmp_path, images):
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines([record(images[0]), b"{", {"image": "%%"}, {"image": None}, record(images[1])]))
    ds = ndpix.open(path, field="image", encoding="encoded")
    kinds = []
    for i in (1, 2, 3):
        with pytest.raises(ndpix.Error) as caught:
            ds[i]
        kinds.append(caught.value.kind)
        assert caught.value.line == i + 1
    assert kinds == ["json", "encoding", "field"]
    with pytest.raises(ndpix.Error) as caught:
        ds[:]
    assert caught.value.line == 2
    fill = dict(on_error="fill", on_missing="fill", shape=(8, 6, 3), dtype="uint8", fill_value=7)
    ds = ndpix.open(path, field="image", encoding="encoded", **fill)
    found = ds[:]
    assert np.array_equal(found["image"], [images[0], *[np.full_like(images[0], 7)] * 3, images[1]])
    assert found["valid"].tolist() == [True, False, False, False, True]


def test_pixel_options_hold(source, images):
    ds = ndpix.open(source, size=(4, 4), fit="stretch", layout="chw")
    assert np.array_equal(ds[:5], ndpix.load(source, size=(4, 4), fit="stretch", layout="chw", limit=5))


def test_images_of_different_sizes(tmp_path):
    images = [*pictures(1, (3, 3)), *pictures(1, (4, 4))]
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines(map(record, images)))
    ds = ndpix.open(path)
    assert [ds[i].shape for i in (0, 1)] == [(3, 3), (4, 4)]
    assert [image.shape for image in ds.__getitems__([1, 0, -1])] == [(4, 4), (3, 3), (4, 4)]
    with pytest.raises(ndpix.Error) as caught:
        ds[:]
    assert caught.value.kind == "shape"


def test_what_cannot_be_read_at_random(tmp_path, source):
    packed = tmp_path / "in.ndjson.xz"
    packed.write_bytes(lzma.compress(source.read_bytes()))
    with pytest.raises(ndpix.Error, match="decompress it, or convert it"):
        ndpix.open(packed)
    with pytest.raises(ndpix.Error, match="stream"), open(source, "rb") as stream:
        ndpix.open(stream)


def test_gzip_is_read_at_random(tmp_path, source, images):
    packed = tmp_path / "in.ndjson.gz"
    text = source.read_bytes()
    packed.write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
    ds = ndpix.open(packed)
    again = pickle.loads(pickle.dumps(ds))
    for number in (39, 0, 17, 18):
        assert (ds[number] == images[number]).all() and (again[number] == images[number]).all()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        loaded = pool.map(ds.__getitem__, range(40))
    assert all((a == b).all() for a, b in zip(loaded, images))
    packed.write_bytes(gzip.compress(text))
    with pytest.raises(ndpix.Error, match="has changed since"):
        ds[0]


def test_the_sidecar(tmp_path, source, images):
    index = tmp_path / "index"
    ndpix.open(source, index=index)
    first = index.read_bytes()
    assert len(ndpix.open(source, index=index)) == 40
    assert index.read_bytes() == first
    with source.open("ab") as more:
        more.write(lines([record(images[0])]))
    assert len(ndpix.open(source, index=index)) == 41
    assert index.read_bytes() != first
    with pytest.raises(ndpix.Error):
        ndpix.open(source, index=source)
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_text_in_memory(source, images):
    ds = ndpix.open(source.read_bytes())
    assert np.array_equal(pickle.loads(pickle.dumps(ds))[5], images[5])


def test_a_file_that_changes_is_noticed(source, images):
    ds = ndpix.open(source)
    data = pickle.dumps(ds)
    with source.open("ab") as more:
        more.write(b"\n")
    with pytest.raises(ndpix.Error, match="has changed"):
        ds[0]
    with pytest.raises(ndpix.Error, match="has changed"):
        pickle.loads(data)


def total(ds, numbers, queue):
    queue.put((os.getpid(), int(ds[numbers].sum())))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(source, images, method):
    ds = ndpix.open(source)
    ds[:8]
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    parts = [list(range(i, 40, 2)) for i in range(2)]
    workers = [context.Process(target=total, args=(ds, part, queue)) for part in parts]
    for worker in workers:
        worker.start()
    got = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(n for _, n in got) == int(images.sum())
    assert os.getpid() not in {pid for pid, _ in got}


def test_several_threads(source, images):
    ds = ndpix.open(source)
    wrong = []

    def read(start):
        for i in range(start, 40, 4):
            if not np.array_equal(ds[i], images[i]):
                wrong.append(i)
            if not np.array_equal(ds[i : i + 3], images[i : i + 3]):
                wrong.append(i)

    workers = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == [] and none_left()
