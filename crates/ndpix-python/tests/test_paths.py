"""Paths in records: what they reach from every door and every working directory."""

import io
import json
import shutil

import numpy as np
import pytest
from conftest import lines, pictures, png

import ndpix

IMAGE = pictures(1)[0]
SECRET = 255 - IMAGE


@pytest.fixture
def root(tmp_path):
    """A project, and beside it what nobody allowed to read."""
    for name, picture in (("project/data/a.png", IMAGE), ("private/s.png", SECRET), ("project/s.png", SECRET)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(picture))
    (tmp_path / "private/x.ndjson").write_bytes(b"")
    (tmp_path / "project/x.ndjson").write_bytes(b"")
    return tmp_path


def rejected(file, path):
    """The line of a rejects file, with its keys in their order."""
    keys = ("file", "line", "byte", "item", "kind", "message", "record")
    record = json.dumps({"image": str(path)})
    return dict(zip(keys, (str(file), 1, 0, 0, "unsupported", "m", record)))


def doors(records, folder):
    """Every way to hand records over, each as a function that gives what it read."""
    text = lines(records)
    for name in ("data.ndjson", "data.rejects.ndjson", "data.jsonl"):
        (folder / name).write_bytes(text)
    sources = {
        "path": lambda: folder / "data.ndjson",
        "rejects": lambda: folder / "data.rejects.ndjson",
        "glob": lambda: f"{folder}/*.jsonl",
        "text": lambda: text,
        "stream": lambda: io.BytesIO(text),
        "dicts": lambda: list(records),
        "lines": lambda: iter(text.splitlines()),
    }
    for name, source in sources.items():
        yield f"load {name}", lambda o, s=source: ndpix.load(s(), **o)
        yield f"batches {name}", lambda o, s=source: np.concatenate([b.images for b in ndpix.batches(s(), 3, **o)] or [[]])
        yield f"convert {name}", lambda o, s=source: np.load(converted(s(), folder, o))
        yield f"inspect {name}", lambda o, s=source: [None] * inspected(s(), o)
        if name in ("path", "rejects", "glob", "text"):
            yield f"open {name}", lambda o, s=source: [ndpix.open(s(), **o)[0]]
    for record in records:
        yield "decode", lambda o, r=record: [ndpix.decode(r, **{"field": ".", **o})]
        yield "decode its record", lambda o, r=record: [ndpix.decode(json.loads(r["record"]), **{"field": "image", **o})]


def converted(source, folder, options):
    out = folder / "out.npy"
    ndpix.convert(source, out, if_exists="replace", **options)
    return out


def inspected(source, options):
    report = ndpix.inspect(source, **options)
    return report.images - len(report.rejects)


@pytest.mark.filterwarnings("ignore::ndpix.RejectedWarning")
@pytest.mark.parametrize("place", ["/", ".", "project", "project/data", "private"])
def test_records_that_look_rejected_open_nothing(root, monkeypatch, place):
    monkeypatch.chdir(root / place)
    secret = root / "private"
    records = [
        rejected(secret / "x.ndjson", "s.png"),
        rejected(root / "project/x.ndjson", "s.png"),
        rejected("../x.ndjson", "s.png"),
        rejected("private/x.ndjson", "s.png"),
        rejected(str(secret / "x.ndjson")[1:], "s.png"),
        rejected("x.ndjson", secret / "s.png"),
        rejected("x.ndjson", "../s.png"),
    ]
    folder = root / "project/data"
    path = {"encoding": "path", "shape": IMAGE.shape, "dtype": "uint8", "max_rejects": "none"}
    for options in ({}, path, {"field": "image", **path}, {"field": "file", **path}):
        for more in ({}, {"rejects_input": True}, {"base_dir": folder}):
            for door, read in doors(records, folder):
                try:
                    found = read({**options, **more})
                except (ndpix.Error, OSError):
                    continue
                assert len(found) == 0, f"{door} from {place} with {options} and {more}"


@pytest.mark.parametrize("place", ["/", ".", "project", "private"])
def test_rejects_count_from_their_original(root, monkeypatch, place):
    """A line opens no folder; the option that is named does."""
    monkeypatch.chdir(root / place)
    data = root / "project/data"
    (data / "in.ndjson").write_bytes(lines([{"image": "a.png"}, {"image": "later.png"}]))
    with pytest.warns(ndpix.RejectedWarning):
        ndpix.load(data / "in.ndjson", rejects=root / "private/in.rejects.ndjson")
    (data / "later.png").write_bytes(png(IMAGE))
    # Beside its original it needs nothing.
    shutil.copy(root / "private/in.rejects.ndjson", data / "in.rejects.ndjson")
    assert np.array_equal(ndpix.load(data / "in.rejects.ndjson"), [IMAGE])
    with pytest.raises(ndpix.Error, match="--allow-dir"):
        ndpix.load(root / "private/in.rejects.ndjson", encoding="path", field="image")
    for options in ({"allow_dir": data}, {"allow_dir": ["/"]}, {"base_dir": data}):
        found = ndpix.load(root / "private/in.rejects.ndjson", **options)
        assert np.array_equal(found, [IMAGE])
    # By an option instead of the name, and not by what it holds.
    shutil.copy(root / "private/in.rejects.ndjson", data / "renamed.ndjson")
    assert np.array_equal(ndpix.load(data / "renamed.ndjson", rejects_input=True), [IMAGE])
    with pytest.raises(ndpix.Error, match="JSON text inside a string"):
        ndpix.load(data / "renamed.ndjson")


def test_options_count_from_the_working_directory(root, monkeypatch):
    monkeypatch.chdir(root / "project/data")
    records = [{"image": "../s.png"}, {"image": str(root / "private/s.png")}]
    with pytest.raises(ndpix.Error):
        ndpix.load(records, base_dir=".")
    assert len(ndpix.load(records, base_dir=".", allow_dir=["..", "../../private"])) == 2
    (root / "private/in.ndjson").write_bytes(lines([{"image": "../project/data/a.png"}]))
    for allowed in (".", "..", root, "/"):
        assert np.array_equal(ndpix.load(root / "private/in.ndjson", allow_dir=allowed), [IMAGE])
    opened = ndpix.open("../../private/in.ndjson", allow_dir=".")
    monkeypatch.chdir("/")
    assert np.array_equal(opened[0], IMAGE)


def test_prefixes_are_rewritten(root, monkeypatch):
    monkeypatch.chdir(root)
    records = [{"image": "/data/local-files/?d=data%2Fa.png"}, {"image": "https://example.org/data/a.png"}]
    prefixes = ["/data/local-files/?d==", "https://example.org/="]
    assert len(ndpix.load(records, base_dir="project", path_prefix=prefixes)) == 2
    assert len(ndpix.load(records[:1], base_dir="project", path_prefix=prefixes[0])) == 1
    with pytest.raises(ndpix.Error, match="OLD=NEW"):
        ndpix.load(records, path_prefix="none")


def test_arrays_may_be_named_by_paths(root):
    np.save(root / "project/a.npy", IMAGE)
    assert np.array_equal(ndpix.load([{"image": "a.npy"}], base_dir=root / "project"), [IMAGE])
