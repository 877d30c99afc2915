"""Objects of stores as sources. The store is obstore's own, in memory; tests/stores has servers."""

import gzip
import pickle
import re
import sys

import numpy as np
import pytest
from conftest import lines, none_left, pictures, record

import ndpix
from ndpix import _stores


def put(tmp_path, address, body):
    """Puts an object, and gives its address."""
    file = tmp_path / "object"
    file.write_bytes(body)
    _stores.put(str(file), address, False)
    return address


@pytest.fixture
def text(images):
    return lines(record(image, label=i) for i, image in enumerate(images))


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    """A memory without objects, which is a store of obstore's."""
    from obstore.store import MemoryStore, from_url

    ours = lambda root, **settings: MemoryStore() if root == "memory://bucket" else from_url(root, **settings)
    monkeypatch.setattr("ndpix._obstore.from_url", ours)
    _stores._opened.cache_clear()


def test_an_object_is_read_as_its_bytes_are(tmp_path, images, text):
    plain = put(tmp_path, "memory://bucket/a.ndjson", text)
    packed = put(tmp_path, "memory://bucket/b.ndjson.gz", gzip.compress(text))
    for address in (plain, packed):
        assert np.array_equal(ndpix.load(address), images)
        assert np.array_equal(np.concatenate([b.images for b in ndpix.batches(address, 7)]), images)
        assert ndpix.inspect(address).images == len(images)
    both = ndpix.load([plain, packed])
    assert np.array_equal(both, np.concatenate([images, images]))
    out = tmp_path / "a.npy"
    assert ndpix.convert(plain, out).inputs == [plain]
    assert np.array_equal(np.load(out), images)
    assert none_left()


def test_blocks_come_in_order_and_are_not_all_there_at_once(tmp_path, monkeypatch):
    body = np.random.default_rng(3).bytes(300_001)
    address = put(tmp_path, "memory://bucket/a", body)
    monkeypatch.setattr(_stores, "FIRST", 1000)
    monkeypatch.setattr(_stores, "BLOCK", 10_000)
    [found] = _stores.find(address)
    for start, stop in [(0, len(body)), (17, 18), (17, 17), (5, 2000), (299_000, 300_001)]:
        reader, blocks = found.open(start, stop), []
        while block := reader.read():
            assert len(block) <= 10_000 and len(reader._ahead) <= _stores.AHEAD
            blocks.append(block)
        assert b"".join(blocks) == body[start:stop]
        assert reader.read() == b""
    left = found.open(0, len(body))
    left.read()
    left.close()
    assert none_left()


def test_random_access_reads_only_what_is_asked_for(tmp_path, images, text):
    address = put(tmp_path, "memory://bucket/a.ndjson", text)
    dataset = ndpix.open(address, columns=["label"])
    assert np.array_equal(dataset[7]["image"], images[7]) and dataset[-1]["label"] == len(images) - 1
    assert np.array_equal(pickle.loads(pickle.dumps(dataset))[3]["image"], images[3])
    put(tmp_path, address, text + text)
    with pytest.raises(OSError, match="it has changed since it was looked at"):
        dataset[7]


def test_globs_are_expanded_in_byte_order(tmp_path):
    keys = ["in/b-1.ndjson", "in/a-2.ndjson", "in/Z-3.ndjson", "in/deep/a-4.ndjson", "in/a[1].ndjson", "other/a-5.ndjson"]
    for key in keys:
        put(tmp_path, f"memory://bucket/{key}", b"{}")
    found = lambda pattern: [one.name.removeprefix("memory://bucket/") for one in _stores.find(f"memory://bucket/{pattern}")]
    assert found("in/*-*.ndjson") == ["in/Z-3.ndjson", "in/a-2.ndjson", "in/b-1.ndjson"]
    assert found("in/?-[12].ndjson") == ["in/a-2.ndjson", "in/b-1.ndjson"]
    assert found("in/[!a]-*") == ["in/Z-3.ndjson", "in/b-1.ndjson"]
    assert found("*/a-*") == ["in/a-2.ndjson", "other/a-5.ndjson"]
    assert found("**/a-*.ndjson") == ["in/a-2.ndjson", "in/deep/a-4.ndjson", "other/a-5.ndjson"]
    assert found("in/a[1].ndjson") == ["in/a[1].ndjson"], "what is there is itself"
    with pytest.raises(FileNotFoundError, match="no object matches"):
        ndpix.load("memory://bucket/in/x*")


def test_a_folder_is_its_records(tmp_path, text, images, caplog):
    for key in ("in/b.ndjson", "in/a.jsonl", "in/x.npy.rejects.ndjson", "in/x.npy", "in/.c.ndjson", "in/deep/d.ndjson", "other/e.ndjson"):
        put(tmp_path, f"memory://bucket/{key}", text if "rejects" not in key else b"{")
    with caplog.at_level("INFO", "ndpix"):
        assert np.array_equal(ndpix.load("memory://bucket/in/"), np.concatenate([images, images]))
    assert "memory://bucket/in: 2 files are read, in the order of their names; passed over: 3 (" in caplog.text
    put(tmp_path, "memory://bucket/none/a.txt", b"{}")
    with pytest.raises(ndpix.Error, match=r"none holds no file that ends in .ndjson or .jsonl.*passed over: 1 \(a.txt\)"):
        ndpix.load("memory://bucket/none/")
    with pytest.raises(OSError, match="no object matches"):
        ndpix.load("memory://bucket/nowhere/")


@pytest.mark.parametrize(
    "address, said",
    [
        ("memory://bucket/none", "there is no such object"),
        ("memory://bucket/in", r"it is a folder; name its objects, for example memory://bucket/in/\*.ndjson"),
        ("memory://bucket", "it names no object"),
        ("nowhere://bucket/a", "it is not the address of a store that obstore reads"),
        ("https://example.org/a.ndjson?key=1", r"use a pipe: curl -fsSL 'https://example.org/a.ndjson\?key=1'"),
    ],
)
def test_what_is_no_object_is_said_in_one_sentence(tmp_path, address, said):
    put(tmp_path, "memory://bucket/in/a", b"{}")
    with pytest.raises(OSError, match=said) as caught:
        ndpix.load(address)
    assert f"cannot read {address}: " in str(caught.value) and "\n" not in str(caught.value)


def test_a_server_that_says_one_length_and_gives_another_is_refused(tmp_path, text, monkeypatch):
    address = put(tmp_path, "memory://bucket/a.ndjson", text)

    class Liar:
        """What obstore is asked of, with less in its answers."""

        def __init__(self, answer):
            self.meta, self.range, self._answer = answer.meta, answer.range, answer

        def bytes(self):
            return bytes(self._answer.bytes())[:-1]

    import obstore

    get = obstore.get
    monkeypatch.setattr(obstore, "get", lambda *args, **more: Liar(get(*args, **more)))
    with pytest.raises(OSError, match=rf"cannot read {address}: {len(text)} bytes from 0 on were asked for, and {len(text) - 1} came"):
        ndpix.load(address)


def test_without_a_library_for_stores_it_says_what_to_install(monkeypatch):
    for name in ("ndpix._obstore", "ndpix._fsspec", "obstore", "fsspec"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OSError, match=re.escape('pip install "ndpix[stores]"')):
        ndpix.load("s3://bucket/a.ndjson")


def test_fsspec_does_where_obstore_is_not_installed(tmp_path, monkeypatch, images, text):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "ndpix._obstore", None)
    for name in ("a", "b"):
        address = put(tmp_path, f"memory://bucket/{name}.ndjson", text)
    assert type(_stores.store("memory://bucket")).__name__ == "Fsspec"
    try:
        assert np.array_equal(ndpix.load(address), images)
        assert len(ndpix.load("memory://bucket/*.ndjson")) == 2 * len(images)
        assert np.array_equal(ndpix.open(address)[7], images[7])
        assert not _stores.put(str(tmp_path / "object"), address, True)
        [found] = _stores.find(address)
        put(tmp_path, address, text + b"\n")
        with pytest.raises(OSError, match="it has changed since it was looked at"):
            ndpix.load(address) if found.size == len(text) + 1 else found.open(0, found.size).read()
        with pytest.raises(FileNotFoundError, match="there is no such object"):
            ndpix.load("memory://bucket/none")
    finally:
        fsspec.filesystem("memory").rm("bucket", recursive=True)
    assert pictures(1).shape == (1, 8, 6, 3)
