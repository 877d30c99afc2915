"""Whatever a user calls a source."""

import gzip
import io
import pathlib
import sys
import subprocess

import numpy as np
import pytest
from conftest import lines, pictures, png, record

import ndpix


def test_paths(source, images, monkeypatch):
    monkeypatch.chdir(source.parent)
    class Named:
        def __fspath__(self):
            return str(source)

    for name in (source, str(source), "images.ndjson", "im*.ndjson", Named(), pathlib.PurePath(source)):
        assert np.array_equal(ndpix.load(name), images)


def test_lists_of_paths_in_their_order(tmp_path, images):
    for name, part in (("b", images[:3]), ("a", images[3:7]), ("c", images[7:9])):
        (tmp_path / f"{name}.ndjson").write_bytes(lines(map(record, part)))
    assert np.array_equal(ndpix.load([tmp_path / "b.ndjson", str(tmp_path / "a.ndjson")]), images[:7])
    assert np.array_equal(ndpix.load(tmp_path / "*.ndjson"), images[[3, 4, 5, 6, 0, 1, 2, 7, 8]])


def test_files_and_text(source, images):
    text = source.read_bytes()
    for held in (text, bytearray(text), memoryview(text), io.BytesIO(text), gzip.compress(text)):
        assert np.array_equal(ndpix.load(held), images)
    for opened in (open(source, "rb"), open(source, "rb", buffering=0), gzip.open(io.BytesIO(gzip.compress(text)))):
        with opened:
            assert np.array_equal(ndpix.load(opened), images)


def test_records(images):
    for records in (
        [record(i) for i in images],
        (record(i) for i in images),
        [lines([record(i)]) for i in images],
        ({"image": png(i)} for i in images),
        map(lambda i: {"image": png(i), "bbox": np.arange(4), "score": np.float32(0.5)}, images),
    ):
        assert np.array_equal(ndpix.load(records), images)


def test_a_record_over_several_lines_stays_one(images):
    import json

    pretty = [json.dumps(record(i), indent=2).encode() for i in images]
    assert np.array_equal(ndpix.load(pretty), images)
    with pytest.warns(ndpix.RejectedWarning):
        assert len(ndpix.load([*pretty, b'{"image": "a\nb"}'])) == 40


def test_lines_of_records_are_their_numbers(images):
    records = [record(images[0]), b"", record(images[1])]
    (batch,) = ndpix.batches(records)
    assert batch.lines.tolist() == [1, 3]


def test_streams_have_no_folder(tmp_path, images):
    (tmp_path / "a.png").write_bytes(png(images[0]))
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines([{"file": "a.png"}] * 2))
    assert ndpix.load(path, encoding="path", field="file").shape[0] == 2
    with pytest.raises(ndpix.Error):
        ndpix.load(path.read_bytes(), encoding="path", field="file")
    assert ndpix.load(path.read_bytes(), encoding="path", field="file", base_dir=tmp_path).shape[0] == 2


def test_standard_input(source):
    code = "import ndpix; print(ndpix.load('-').shape)"
    with open(source, "rb") as stdin:
        done = subprocess.run([sys.executable, "-c", code], stdin=stdin, capture_output=True, check=True)
    assert done.stdout == b"(40, 8, 6, 3)\n"


@pytest.mark.parametrize("source", [7, None, 1.5, {"image": 1}, ["text", b"{}"], iter(["text"]), [object()]])
def test_what_is_no_source(source):
    with pytest.raises(TypeError):
        ndpix.load(source)


def test_a_text_file_is_refused(source):
    with pytest.raises(TypeError, match="binary"), open(source) as stream:
        ndpix.load(stream)


def test_no_input_at_all(tmp_path):
    for nothing in (b"", [], iter([])):
        with pytest.raises(ndpix.Error):
            ndpix.load(nothing)
    with pytest.raises(FileNotFoundError):
        ndpix.load(tmp_path / "*.ndjson")


def test_a_read_that_fails():
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError("the other end has gone")

    with pytest.raises(ConnectionResetError, match="the other end"):
        ndpix.load(Broken())


def test_numbers_of_files(tmp_path):
    images = pictures(4)
    for name, part in (("a", images[:1]), ("b", images[1:])):
        (tmp_path / f"{name}.ndjson").write_bytes(lines(map(record, part)))
    (batch,) = ndpix.batches(tmp_path / "*.ndjson")
    assert batch.files.tolist() == [0, 1, 1, 1] and batch.lines.tolist() == [1, 1, 2, 3]


def test_text_is_given_as_bytes():
    text = '{"image": "a secret"}\n' * 3
    for source in (text, text.strip(), [text, text]):
        with pytest.raises(ndpix.Error, match=r"text\.encode\(\)") as caught:
            ndpix.load(source)
        assert caught.value.kind == "options" and "secret" not in str(caught.value)
