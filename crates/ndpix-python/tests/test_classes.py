"""Names of classes as numbers, through Python."""
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import ndpix

NAMES = ["cat", "dog", "late", "ä"]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    path = tmp_path_factory.mktemp("classes") / "in.ndjson"
    words = [None if i % 7 == 3 else ["cat", "dog", "ä"][i % 3] for i in range(300)]
    words[200] = "late"
    path.write_text("".join(json.dumps({"image": [[i % 250]], "label": word}) + "\n" for i, word in enumerate(words)))
    return path, words


def numbers(words, names):
    return [names.index(word) if word else -1 for word in words]


def test_every_door_gives_the_same_numbers(labelled, tmp_path):
    path, words = labelled
    kept = {"field": "image", "columns": {"label": "category"}}
    want = numbers(words, NAMES)
    _, columns = ndpix.load(path, **kept)
    assert columns.legends == {"label": NAMES}
    assert np.ma.getdata(columns["label"]).tolist() == want
    assert np.ma.getmaskarray(columns["label"]).tolist() == [word is None for word in words]
    batches = ndpix.batches(path, 64, **kept)
    assert [n for batch in batches for n in np.ma.getdata(batch.columns["label"]).tolist()] == want
    assert batches.summary.legends == {"label": NAMES}
    ds = ndpix.open(path, **kept)
    assert ds.legends == {"label": NAMES}
    assert [ds[i]["label"] for i in (200, 2, 3)] == [2, 3, None]
    # Workers are given the names, and do not look for them again.
    again = pickle.loads(pickle.dumps(ds))
    assert again._options["column_type"] == ["label=category[cat,dog,late,ä]"] and again[200]["label"] == 2
    assert ndpix.plan(path, tmp_path / "out.npz", **kept).legends == {"label": NAMES}
    # Named, as a list or as the command has it.
    names = ["late", "ä", "dog", "cat"]
    for types in ({"label": names}, {"label": "category[late,ä,dog,cat]"}):
        _, columns = ndpix.load(path, field="image", columns=types)
        assert np.ma.getdata(columns["label"]).tolist() == numbers(words, names)
    _, columns = ndpix.load(path, field="image", columns="label", column_type={"label": names})
    assert columns.legends == {"label": names}


def test_rows_that_are_filled_have_no_class(tmp_path):
    path = tmp_path / "in.ndjson"
    path.write_text('{"image": [[1]], "label": "dog"}\nbroken\n{"image": [[2]], "label": null}\n')
    ds = ndpix.open(path, field="image", columns={"label": "category"}, on_error="fill")
    assert [(ds[i]["label"], ds[i]["valid"]) for i in range(3)] == [(0, True), (-1, False), (None, True)]


def test_outputs_say_what_numbers_mean(labelled, tmp_path):
    import h5py
    import zarr

    path, words = labelled
    want = numbers(words, NAMES)
    for name in ("out.npz", "out.h5", "out.zarr", "out.parquet", "out.npy", "shards"):
        out = tmp_path / name
        rows = 90 if name == "shards" else None
        summary = ndpix.convert(path, out, field="image", columns={"label": "category"}, shard_rows=rows)
        assert summary.legends == {"label": NAMES}
        match name:
            case "out.npz":
                with np.load(out) as arrays:
                    found, said = arrays["label"], json.dumps({"label": arrays["label.legend"].tolist()})
            case "out.h5":
                with h5py.File(out) as file:
                    found, said = file["label"][:], file.attrs["ndpix_legends"]
            case "out.zarr":
                group = zarr.open_group(out)
                found, said = group["label"][:], json.dumps(group.attrs["ndpix_legends"])
            case "shards":
                _, columns = ndpix.load(out, columns=["label"])
                found, said = np.ma.getdata(columns["label"]), json.dumps(columns.legends)
                assert ndpix.open(out, columns=["label"]).legends == {"label": NAMES}
            case _:
                import pyarrow.parquet

                table = pyarrow.parquet.read_table(out if name == "out.parquet" else f"{out}.columns.parquet")
                found, said = table["label"].fill_null(-1).to_numpy(), table.schema.metadata[b"ndpix_legends"].decode()
        assert found.tolist() == want, name
        shown = subprocess.run([sys.executable, "-m", "ndpix", "show", out, "200"], capture_output=True, text=True)
        assert 'label=2 ("late")' in shown.stdout, (name, shown)
        assert json.loads(said) == {"label": NAMES}, name


def test_what_cannot_be_numbered(labelled):
    path, _ = labelled
    with pytest.raises(ndpix.Error, match="named twice"):
        ndpix.load(path, field="image", columns={"label": ["cat", "cat"]})
    code = "import ndpix; ndpix.load('-', field='image', columns={'label': 'category'})"
    with open(path, "rb") as file:
        done = subprocess.run(["cat"], stdin=file, capture_output=True)
    run = subprocess.run([sys.executable, "-c", code], input=done.stdout, capture_output=True, text=False)
    assert b"a pipe can be read only once" in run.stderr
    with pytest.raises(ndpix.Error, match="column label"):
        ndpix.load([{"image": [[1]], "label": {"a": 1}}], field="image", columns={"label": "category"})


def test_masks_by_names(tmp_path):
    def record(*labels):
        shapes = [
            {"label": label, "points": [[2 * i, 0], [2 * i + 1, 2]], "shape_type": "rectangle"}
            for i, label in enumerate(labels)
        ]
        return {"imageHeight": 3, "imageWidth": 6, "shapes": shapes}

    records = [record("dog", "cat", "cow"), *[record("cat", "cow")] * 80, record("ant")]
    with pytest.raises(ndpix.Error, match="merge class.A,B."):
        ndpix.load(iter(records), field="shapes[*].points", merge="class")
    masks = ndpix.load(records, field="shapes[*].points", merge="class")
    assert masks[0, 0].tolist() == [4, 4, 2, 2, 3, 3] and masks[-1, 0].tolist() == [1, 1, 0, 0, 0, 0]
    out = tmp_path / "masks.npz"
    path = tmp_path / "in.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    summary = ndpix.convert(path, out, field="shapes[*].points", merge="class[dog,cat,cow,ant]")
    assert summary.legends == {"images": ["dog", "cat", "cow", "ant"]}
    with np.load(out) as arrays:
        assert arrays["images"][0, 0].tolist() == [1, 1, 2, 2, 3, 3]
        assert arrays["images.legend"].tolist() == summary.legends["images"]
