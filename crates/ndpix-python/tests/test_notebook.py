"""What objects show of themselves: in a line, in a notebook, and as a grid of images."""

import io
import json
import re
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import lines, pictures, record
from PIL import Image

import ndpix
from ndpix import _progress
from ndpix._pictures import png, small

EVIL = "<script>alert(1)</script>\x1b[2J\u202e'\"&\u2066"

KEY = json.dumps(EVIL)
"""The same as the name of a field."""


def safe(text):
    """Whether nothing of the data acts in this text."""
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069]", text)


def clean(page):
    """Whether a page has no tag or attribute but those that are meant."""
    tags = {tag for tag, _ in re.findall(r"<(/?\w+)((?: [^>]*)?)>", page)}
    known = {"table", "tr", "th", "td", "div", "figure", "figcaption", "img", "span"}
    attributes = set(re.findall(r" (\w+)=['\"]", page))
    return {tag.lstrip("/") for tag in tags} <= known and attributes <= {"style", "src"} and safe(page)


@pytest.fixture
def hostile(tmp_path, images):
    """Names and values that would act on a page or a terminal."""
    path = tmp_path / f"<b>{'x' * 30}\u202e.ndjson"
    records = [record(image, label=EVIL, **{EVIL: "v"}) for image in images]
    records[3] = {"image": EVIL, "label": EVIL}
    path.write_bytes(lines(records))
    return path


def test_lines_are_short(source, tmp_path):
    batches = ndpix.batches(source, 25, columns=["label"])
    batch = next(batches)
    summary = ndpix.convert(source, tmp_path / "out.npy")
    assert repr(batch) == "<ndpix.Batch of 25 images (8, 6, 3) uint8, columns label>"
    assert repr(batches) == "<ndpix.Batches: 25 images so far>"
    assert repr(ndpix.open(source)) == "<ndpix.Dataset of 40 images>"
    assert repr(summary) == "<ndpix.Summary: 40 rows of 40 records>"
    report = ndpix.inspect(source)
    assert repr(report) == "<ndpix.Report of 40 records: field image, encoding encoded, rows of (8, 6, 3) uint8>"
    assert len(repr(ndpix.inspect([{"a": 1}]))) < 300


def test_pages_show_images(source, images, tmp_path):
    batch = next(ndpix.batches(source, 25, columns=["label"]))
    page = batch._repr_html_()
    assert page.count("<img") == 8 and "line 8<" in page and "and 17 more" in page and "0, 1, 2" in page
    page = ndpix.open(source, columns="label", transform=len)._repr_html_()
    assert page.count("<img") == 8 and "7, label 7<" in page
    page = ndpix.convert(source, tmp_path / "out.npy")._repr_html_()
    assert "40: 40 with image" in page and "out.npy" in page
    assert "0 images so far" in ndpix.batches(source, 25)._repr_html_()
    bad = ndpix.open(lines([record(images[0]), {"image": "%"}]), field="image", encoding="encoded")
    page = bad._repr_html_()
    assert page.count("<img") == 1 and "not valid base64" in page


def test_nothing_of_the_data_acts(hostile, tmp_path):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        summary = ndpix.convert(hostile, tmp_path / "out.npy", field="image")
        batch = next(batches := ndpix.batches(hostile, 64, field="image", columns=["label", KEY]))
        list(batches)
    ds = ndpix.open(hostile, field="image", encoding="encoded", columns=["label"])
    ds.check()
    grid = ndpix.show(batch.images, titles=batch.columns["label"])
    report = ndpix.inspect(hostile, field=KEY)
    assert safe(repr(report)) and safe(str(report)) and clean(report._repr_html_())
    for thing in (summary, batch, batches, ds, grid):
        assert clean(thing._repr_html_()), thing
        assert safe(repr(thing)) and len(repr(thing)) < 400
    assert batch._repr_html_().count("&lt;script&gt;") > 1 and "&lt;script&gt;" in grid._repr_html_()
    assert safe(repr(batch.rejects)) and safe(repr(ds.bad)) and all(safe(str(w.message)) for w in said) and said
    for call in (lambda: ds[3], lambda: ndpix.load(hostile, field=KEY, encoding="encoded")):
        with pytest.raises(ndpix.Error) as caught:
            call()
        assert safe(str(caught.value))


def test_a_page_is_bounded(tmp_path):
    huge = np.random.default_rng(0).integers(0, 256, (1500, 4000, 3), np.uint8)
    long = "a" * 100_000
    text = lines([record(huge, label=long)] * 3 + [{"image": long}] * 2)
    batch = next(ndpix.batches(text, 8, field="image", encoding="encoded", columns="label", max_rejects="none"))
    assert len(batch._repr_html_()) < 200_000 and len(repr(batch)) < 200
    many = ndpix.show(np.repeat(huge[None, :500, :500], 500, 0), titles=[long] * 500)
    assert len(many) == 64 and len(many._repr_html_()) < 3_000_000 and "and 436 more" in repr(many)


def test_show(tmp_path, images):
    grid = ndpix.show(images[:5], titles=range(5))
    page = grid._repr_html_()
    assert page.count("<img") == 5 and ">4</figcaption>" in page
    grid.save(tmp_path / "grid.png")
    sheet = np.asarray(Image.open(tmp_path / "grid.png"))
    # Eight by six pixels are enlarged twelve times; three beside each other, with gaps of four.
    assert sheet.shape == (2 * 100 + 4, 3 * 76 + 4, 3)
    assert np.array_equal(sheet[4:100:12, 4:76:12], images[0]) and np.array_equal(sheet[104:200:12, 80:152:12], images[4])
    assert (sheet[104:, 156:] == 255).all()


def test_show_takes_what_images_are(images):
    images[0, 0, 0, :2] = 0, 255
    mixed = [
        images[0],
        images[0][:, :, 0],
        images[0].transpose(2, 0, 1).astype(np.float32) / 255,
        np.dstack([images[0], np.full((8, 6), 0, np.uint8)]),
        np.array([[0, 40_000]], np.uint16),
        np.array([[np.nan, np.inf, -1e308, 1e308]]),
        np.array([[True, False]]),
        np.zeros((3, 3, 9)),
        np.zeros((0, 4)),
        np.array("text"),
    ]
    grid = ndpix.show(iter(mixed))
    assert len(grid) == 10 and grid._repr_html_().count("<img") == 8
    sheet = np.asarray(Image.open(io.BytesIO(grid._repr_png_())))
    # Channels first are found, and what is transparent is white.
    assert np.abs(sheet[4:100:12, 204:276:12].astype(int) - images[0]).max() <= 1
    assert (sheet[4:100, 304:376] == 255).all() and sheet[104, 4].tolist() == [0] * 3 and sheet[104, 99].tolist() == [255] * 3
    for wrong in (images[0], images[0][:, :, 0], {"image": images}):
        with pytest.raises(ndpix.Error):
            ndpix.show(wrong)
    with pytest.raises(ndpix.Error, match="5 images have 2 titles"):
        ndpix.show(images[:5], titles="ab")
    assert len(ndpix.show([])) == 0 and Image.open(io.BytesIO(ndpix.show([])._repr_png_()))


def test_small_pictures():
    for shape, dtype in (((300, 200), "uint8"), ((9, 9, 2), "uint8"), ((50, 40), "uint16"), ((9, 9, 4), "uint8")):
        picture = Image.open(io.BytesIO(png(small(pictures(1, shape, dtype)[0]))))
        picture.load()
        assert 45 <= max(picture.size) <= 96


@pytest.fixture
def notebook(monkeypatch):
    """A notebook as far as ndpix asks for it; gives what is displayed."""
    shown = []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, data, raw):
            assert raw
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        assert raw and display_id
        shown.append(data["text/plain"])
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = ZMQInteractiveShell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return shown


@pytest.mark.parametrize("tqdm", ["none", "without widgets"])
def test_progress_in_a_notebook_is_one_line(source, notebook, monkeypatch, capfd, tqdm):
    module = None
    if tqdm != "none":
        module = types.ModuleType("tqdm.notebook")
        module.IProgress = None
    monkeypatch.setitem(sys.modules, "tqdm.notebook", module)
    ndpix.load(source)
    assert notebook[0] == "ndpix" and notebook[-1] == ""
    tick = _progress._bar(10 << 20)
    tick(5 << 20)
    assert notebook[-1] == "ndpix 5 of 10 MiB"
    tick(None)
    assert notebook[-1] == "" and capfd.readouterr() == ("", "")


def test_progress_in_a_notebook_is_the_bar_of_tqdm(source, notebook, monkeypatch, capfd):
    calls = []

    class Bar:
        n = 0

        def __init__(self, **options):
            calls.append(options["desc"])

        def update(self, more):
            self.n += more

        def close(self):
            calls.append(self.n)

    module = types.ModuleType("tqdm.notebook")
    module.IProgress, module.tqdm = object, Bar
    monkeypatch.setitem(sys.modules, "tqdm.notebook", module)
    ndpix.load(source)
    assert calls[0] == "ndpix" and calls[1] > 0 and notebook == [] and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("what", ["digits.ndjson", b"[]", Path("images.npy"), (np.zeros((2, 8, 8)), {"label": np.arange(2)})])
def test_show_refuses_what_is_no_image(what):
    with pytest.raises(ndpix.Error, match="no image|first of a pair"):
        ndpix.show(what)
