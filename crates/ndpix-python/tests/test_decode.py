"""`ndpix.decode`: one value."""

import base64
import io
import json

import numpy as np
import pytest
from conftest import pictures, png
from hypothesis import given, settings
from hypothesis import strategies as st

import ndpix

IMAGE = pictures(1)[0]
TEXT = base64.b64encode(png(IMAGE)).decode()


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize(
    "value",
    [TEXT, png(IMAGE), f"data:image/png;base64,{TEXT}", npy(IMAGE), IMAGE.tolist(), bytearray(png(IMAGE))],
    ids=["base64", "bytes", "data-url", "npy", "list", "bytearray"],
)
def test_whatever_holds_it(value):
    dtype = "uint8" if isinstance(value, list) else None
    image = ndpix.decode(value, dtype=dtype)
    assert np.array_equal(image, IMAGE) and image.dtype == np.uint8
    assert image.ctypes.data % 64 == 0 and image.flags.writeable


def test_raw_pixels():
    image = ndpix.decode(IMAGE.tobytes(), encoding="raw", raw_shape=IMAGE.shape, raw_dtype=np.uint8)
    assert np.array_equal(image, IMAGE)


def test_a_whole_record():
    record = {"chat": [{"text": "what is this?"}, {"image": TEXT}]}
    assert np.array_equal(ndpix.decode(record, field="chat[1].image"), IMAGE)


def test_a_path_needs_a_folder(tmp_path):
    (tmp_path / "a.png").write_bytes(png(IMAGE))
    assert np.array_equal(ndpix.decode("a.png", encoding="path", base_dir=tmp_path), IMAGE)
    for options in ({}, {"base_dir": tmp_path / ".."}):
        with pytest.raises((ndpix.Error, OSError)):
            ndpix.decode("../../etc/passwd", encoding="path", **options)


def test_pixel_options():
    image = ndpix.decode(TEXT, size=4, fit="stretch", mode="L", layout="hwc")
    assert image.shape == (4, 4)


def test_what_does_not_fit():
    assert ndpix.decode(TEXT, shape=IMAGE.shape).shape == IMAGE.shape
    with pytest.raises(ndpix.Error) as caught:
        ndpix.decode(TEXT, shape=(9, 9))
    assert caught.value.kind == "shape"
    with pytest.raises(ndpix.Error) as caught:
        ndpix.decode(TEXT, max_pixels=10)
    assert caught.value.kind == "limit"


@pytest.mark.parametrize("value", [None, "", "hello", 7, {}, [], b"", b"PNG", {"a": [1]}, "%"])
def test_what_is_no_image(value):
    with pytest.raises(ndpix.Error) as caught:
        ndpix.decode(value)
    assert caught.value.kind in ("field", "encoding", "unsupported", "image", "shape")


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.binary(max_size=80),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
        max_leaves=12,
    )
)
def test_values_from_strangers(value):
    """Anything gives an array or an `Error`."""
    try:
        assert isinstance(ndpix.decode(value), np.ndarray)
    except ndpix.Error as error:
        assert error.kind


def test_errors_pickle():
    import pickle

    with pytest.raises(ndpix.Error) as caught:
        ndpix.decode("%")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.kind, again.line) == (str(caught.value), caught.value.kind, caught.value.line)


def test_values_are_json():
    with pytest.raises(TypeError):
        ndpix.decode({"a": object()})
    assert json.dumps(TEXT)
