"""Several fields as one image, and later frames of animations, by keywords."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

import ndpix


def png(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


BANDS = [np.arange(12, dtype=np.uint8).reshape(3, 4) + 40 * n for n in range(3)]
RECORD = dict(zip("abc", map(png, BANDS)))
TEXT = (json.dumps(RECORD) + "\n").encode() * 2


def test_a_list_of_fields_is_stacked_in_its_order():
    array = ndpix.load(TEXT, field=["a", "c", "b"], stack="channel")
    assert np.array_equal(array, [np.stack([BANDS[0], BANDS[2], BANDS[1]], -1)] * 2)
    array = ndpix.load(TEXT, field=("a", "b"), stack="new-axis")
    assert np.array_equal(array, [np.stack(BANDS[:2])] * 2)


def test_one_record_is_decoded_alike():
    array = ndpix.decode(RECORD, field=["a", "b"], stack="channel", layout="chw")
    assert np.array_equal(array, np.stack(BANDS[:2]))


def test_the_report_names_the_bands():
    report = ndpix.inspect(TEXT, field=["a", "b"], stack="channel")
    assert (report.field, report.bands, report.shape) == ("a", ["b"], "(3, 4, 2)")


def test_what_does_not_fit_is_refused():
    for options in ({"field": ["a", "b"]}, {"field": ["a"], "stack": "channel"}, {"stack": "channel"}):
        with pytest.raises(ndpix.Error) as caught:
            ndpix.load(TEXT, **options)
        assert caught.value.kind == "options"


def test_frames_are_an_axis():
    frames = [Image.fromarray(np.full((3, 4, 3), n, np.uint8)) for n in (10, 200)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    record = json.dumps({"image": base64.b64encode(out.getvalue()).decode()}).encode() + b"\n"
    want = np.stack([np.asarray(f) for f in frames])
    assert np.array_equal(ndpix.load(record, frames="all"), want[None])
    assert np.array_equal(ndpix.load(record, frames="index:1"), want[1:])
