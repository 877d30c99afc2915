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


def test_volumes_keep_their_axis_in_every_output(tmp_path):
    import h5py
    import pyarrow.parquet
    import zarr
    from safetensors.numpy import load_file

    rng = np.random.default_rng(7)
    volumes = rng.integers(0, 65536, (5, 3, 6, 8)).astype(np.uint16)
    source = tmp_path / "volumes.ndjson"
    with open(source, "w") as file:
        for volume in volumes:
            pages = [Image.fromarray(page) for page in volume]
            data = io.BytesIO()
            pages[0].save(data, "TIFF", save_all=True, append_images=pages[1:])
            file.write(json.dumps({"image": base64.b64encode(data.getvalue()).decode()}) + "\n")
    assert np.array_equal(ndpix.load(source, frames="stack"), volumes)
    for name in ("v.npy", "v.npz", "v.h5", "v.zarr", "v.safetensors", "v.parquet", "shards"):
        out = tmp_path / name
        ndpix.convert(source, out, frames="stack", shard_rows=2 if name == "shards" else None)
        match name:
            case "v.npz":
                with np.load(out) as arrays:
                    found = arrays["images"]
            case "v.h5":
                with h5py.File(out) as file:
                    found = file["images"][:]
            case "v.zarr":
                found = zarr.open_group(out)["images"][:]
            case "v.safetensors":
                found = load_file(out)["images"]
            case "v.parquet":
                column = pyarrow.parquet.read_table(out)["image"].combine_chunks()
                found = column.to_numpy_ndarray() if hasattr(column, "to_numpy_ndarray") else None
                assert column.type.shape == [3, 6, 8]
            case "shards":
                found = ndpix.load(out)
            case _:
                found = np.load(out)
        assert np.array_equal(found, volumes), name
