"""`ndpix.batches`: order, bounds, and an end in every case."""

import gc
import io
import itertools
import os
import threading
import time
import warnings

import numpy as np
import pytest
from conftest import lines, none_left, pictures, record
from hypothesis import given, settings
from hypothesis import strategies as st

import ndpix


def test_batches_are_the_rows_of_load(source, images):
    got = list(ndpix.batches(source, batch_size=16))
    assert [len(b) for b in got] == [16, 16, 8]
    assert np.array_equal(np.concatenate([b.images for b in got]), images)
    assert np.array_equal(np.concatenate([b.lines for b in got]), np.arange(1, 41))
    assert all(b.valid.all() and not b.items.any() and not b.files.any() for b in got)
    assert none_left()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 50), st.integers(1, 4), st.lists(st.booleans(), max_size=60))
def test_every_split_is_the_same(batch_size, threads, good):
    images = pictures(len(good), (3, 2))
    records = [record(i) if ok else {"image": "UDUK"} for i, ok in zip(images, good)]
    options = dict(field="image", encoding="encoded", shape=(3, 2), dtype="uint8", max_rejects="none")
    batches = ndpix.batches(lines(records), batch_size, threads=threads, **options)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        got = list(batches)
    assert len(said) == (not all(good))
    want = images[np.array(good, bool)]
    assert sum(map(len, got)) == len(want)
    if got:
        assert np.array_equal(np.concatenate([b.images for b in got]), want)
        assert [n for b in got for n in b.lines] == [i + 1 for i, ok in enumerate(good) if ok]
    assert batches.summary.rejected == len(good) - sum(good)


def test_rejects_come_with_their_batch(images):
    records = [record(images[0]), {"image": "bad"}, record(images[1]), b"{", record(images[2])]
    with pytest.warns(ndpix.RejectedWarning, match="2 rejected"):
        got = list(ndpix.batches(lines(records), 2))
    assert [len(b) for b in got] == [2, 1]
    found = [(r.line, r.kind) for b in got for r in b.rejects]
    assert [line for line, _ in found] == [2, 4] and found[1][1] == "json"


def test_fill_rows_are_marked(images):
    records = [record(images[0]), {"image": "bad"}, record(images[1])]
    with pytest.warns(ndpix.RejectedWarning):
        (batch,) = ndpix.batches(records, on_error="fill")
    assert batch.valid.tolist() == [True, False, True]
    assert not batch.images[1].any()


def test_arrays_stay_when_the_iterator_goes_on(source, images):
    kept = [b.images for b in ndpix.batches(source, batch_size=3)]
    gc.collect()
    assert np.array_equal(np.concatenate(kept), images)


def test_an_endless_iterable(images):
    stream = (record(images[i % 40]) for i in itertools.count())
    with ndpix.batches(stream, batch_size=8) as batches:
        first = [next(batches) for _ in range(20)]
    assert np.array_equal(first[5].images, images[[i % 40 for i in range(40, 48)]])
    assert none_left()


@pytest.mark.parametrize("how", ["abandon", "close", "break", "exception"])
def test_no_thread_is_left(source, how):
    batches = ndpix.batches(source, batch_size=2, threads=3)
    try:
        for _ in batches:
            if how == "exception":
                raise KeyError(how)
            break
    except KeyError:
        pass
    if how == "close":
        batches.close()
        assert list(batches) == []
    del batches
    gc.collect()
    assert none_left()


def test_a_failing_record_comes_behind_its_batches(images):
    records = [*map(record, images[:5]), {"image": "%%%"}, *map(record, images[5:])]
    batches = ndpix.batches(records, 2, on_error="raise", field="image", encoding="encoded")
    got = []
    with pytest.raises(ndpix.Error) as caught:
        for batch in batches:
            got.append(len(batch))
    assert got == [2, 2, 1] and caught.value.line == 6
    assert list(batches) == []
    assert none_left()


def test_what_an_iterable_raises_comes_out(images):
    def records():
        yield from map(record, images)
        raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        list(ndpix.batches(records(), 8))
    assert none_left()


def test_a_plan_that_fails_fails_at_the_call():
    with pytest.raises(ndpix.Error) as caught:
        ndpix.batches([{"nothing": 1}])
    assert caught.value.kind == "plan"
    with pytest.raises(ndpix.Error):
        ndpix.batches([{"image": 1}], batch_size=0)
    assert none_left()


def test_a_pipe_that_ends_late(images):
    read, write = os.pipe()
    with open(read, "rb") as reader, open(write, "wb") as writer:
        writer.write(lines(map(record, images)))
        writer.flush()
        threading.Timer(0.2, writer.close).start()
        got = sum(len(b) for b in ndpix.batches(reader, 8))
    assert got == 40


def test_other_threads_run_meanwhile():
    """Whoever waits for a slow stream holds no interpreter lock."""

    class Slow(io.RawIOBase):
        def __init__(self, data):
            self.data = io.BytesIO(data)

        def read(self, size=-1):
            time.sleep(0.02)
            return self.data.read(2000)

    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.wait(0.001):
            counted += 1

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    total = sum(len(b) for b in ndpix.batches(Slow(lines(map(record, pictures(60))))))
    stop.set()
    thread.join()
    assert total == 60 and counted > 10
