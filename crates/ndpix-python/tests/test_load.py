"""`ndpix.load`: one array, as NumPy users expect it."""

import warnings

import numpy as np
import pytest
from conftest import SAMPLE, lines, pictures, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ndpix


def test_gives_the_pixels(source, images):
    array = ndpix.load(source)
    assert array.dtype == np.uint8
    assert np.array_equal(array, images)


def test_is_an_array_like_any_other(source):
    array = ndpix.load(source)
    assert array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    assert array.ctypes.data % 64 == 0
    array += 1
    assert np.shares_memory(np.from_dlpack(array), array)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_order_does_not_depend_on_threads(source, images, threads):
    assert np.array_equal(ndpix.load(source, threads=threads), images)


def test_grows_without_losing_anything():
    images = pictures(400, (64, 64, 3))
    stream = (record(image) for image in images)
    assert np.array_equal(ndpix.load(stream), images)


def test_sixteen_bits():
    images = pictures(5, (4, 4), np.uint16)
    array = ndpix.load([record(image) for image in images])
    assert array.dtype == np.uint16
    assert np.array_equal(array, images)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.int64]),
        hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=5),
    )
)
def test_raw_pixels_come_back(images):
    records = [{"data": image.tobytes()} for image in images]
    array = ndpix.load(records, field="data", encoding="raw", raw_shape=images.shape[1:], raw_dtype=images.dtype)
    assert array.dtype == images.dtype
    assert np.array_equal(array, images)


def test_lists_of_numbers_and_dtypes():
    records = [{"pixels": [[0, 1], [2, 3]]}, {"pixels": [[4, 5], [6, 7]]}]
    assert ndpix.load(records).dtype == np.int64
    for dtype in ("uint8", np.uint8, np.dtype("u1")):
        assert ndpix.load(records, dtype=dtype).dtype == np.uint8


def test_says_once_what_was_passed_over():
    with pytest.warns(ndpix.RejectedWarning) as caught:
        array = ndpix.load(SAMPLE, field="image")
    assert array.shape == (24, 96, 128, 3)
    (warning,) = [w.message for w in caught]
    assert warning.rejected == 3 == sum(warning.counts.values())
    assert len(warning.first) == 3 and f"{SAMPLE}:" in warning.first[0]


def test_fills_where_asked(images):
    records = [record(images[0]), {"image": "bad"}, record(images[1])]
    with pytest.warns(ndpix.RejectedWarning):
        array = ndpix.load(records, on_error="fill", fill_value=9)
    assert np.array_equal(array, [images[0], np.full_like(images[0], 9), images[1]])


def test_an_error_says_where(tmp_path, images):
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines([record(images[0]), b"", b'{"image": "%%%"}']))
    with pytest.raises(ndpix.Error) as caught:
        ndpix.load(path, encoding="encoded", field="image", on_error="raise")
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.kind, error.file, error.line, error.item) == ("encoding", str(path), 3, 0)
    assert error.byte == path.read_bytes().index(b'{"image": "%')
    assert str(error).startswith(f"{path}:3: ")


def test_errors_of_the_machine_stay_its_own(tmp_path):
    with pytest.raises(FileNotFoundError):
        ndpix.load(tmp_path / "missing.ndjson")


def test_what_does_not_fit_is_said_before():
    records = [record(image) for shape in ((4, 4), (5, 5)) for image in pictures(2, shape)]
    with pytest.raises(ndpix.Error) as caught:
        ndpix.load(records)
    assert caught.value.kind == "plan"


def test_names_are_checked(source):
    with pytest.raises(TypeError, match="colour"):
        ndpix.load(source, colour="red")
    with pytest.raises(ndpix.Error) as caught:
        ndpix.load(source, on_error="ignore")
    assert caught.value.kind == "options"


def test_no_warning_without_rejects(source):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ndpix.load(source)
