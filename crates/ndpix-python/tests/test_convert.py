"""`ndpix.convert`: the file that the command writes."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import SAMPLE, ROOT

import ndpix


def test_writes_what_load_gives(tmp_path, source, images):
    summary = ndpix.convert(source, tmp_path / "out.npy")
    assert np.array_equal(np.load(tmp_path / "out.npy"), images)
    assert summary.rows == summary.records == len(images)
    assert summary.rejected == 0
    assert summary.outputs == [str(tmp_path / "out.npy")]
    assert summary.inputs == [str(source)]


def test_is_the_command(tmp_path):
    """Every case of testdata through Python gives the bytes that the command gives."""
    ndpix.convert(SAMPLE, tmp_path / "a.npy", field="image", rows="always", rejects_content="position")
    flags = ["--field", "image", "--rows", "always", "--rejects-content", "position"]
    command = [sys.executable, "-m", "ndpix", "convert", str(SAMPLE), "-o", str(tmp_path / "b.npy"), *flags]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    for suffix in ("", ".rows.npy", ".rejects.ndjson"):
        assert (tmp_path / f"a.npy{suffix}").read_bytes() == (tmp_path / f"b.npy{suffix}").read_bytes()


def cases():
    folders = sorted((ROOT / "testdata" / "cases").iterdir())
    return [pytest.param(folder, id=folder.name) for folder in folders]


@pytest.mark.parametrize("folder", cases())
def test_the_cases_of_the_command(tmp_path, folder):
    """The folders of testdata/cases: flags as keywords, the same array, the same rejects."""
    expected = json.loads((folder / "expected.json").read_text())
    words = (folder / "args").read_text().splitlines()
    keywords = {}
    switches = {name for name, default in ndpix._ndpix.defaults() if default == "false"}
    while words:
        name = words.pop(0).removeprefix("--").replace("-", "_")
        value = True if name in switches else words.pop(0)
        # A flag that is given again adds to a list: the bands of a stack.
        keywords[name] = value if name not in keywords else [*np.atleast_1d(keywords[name]).tolist(), value]
    out = tmp_path / "out.npy"
    source = next(folder.glob("input.*"))
    if "sha256" not in expected:
        with pytest.raises((ndpix.Error, OSError)):
            ndpix.convert(source, out, **keywords)
        assert not out.exists()
        return
    ndpix.convert(source, out, **keywords)
    array = np.load(out)
    assert (list(array.shape), array.dtype.name) == (expected["shape"], expected["dtype"])
    rejects = out.with_name("out.npy.rejects.ndjson")
    got = [json.loads(line) for line in rejects.read_bytes().splitlines()] if rejects.exists() else []
    if "rejects" in expected:
        assert [{k: r[k] for k in ("line", "item", "kind")} for r in got] == expected["rejects"]


def test_the_summary_as_json(tmp_path, source):
    ndpix.convert(source, tmp_path / "out.npy", summary=tmp_path / "summary.json")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["version"], summary["exit"], summary["rows"]) == (1, 0, 40)


def test_a_page_for_people(tmp_path):
    out, page = tmp_path / "out.npy", tmp_path / "page.html"
    summary = ndpix.convert(SAMPLE, out, report=page)
    html = page.read_text("utf-8")
    assert f"<h1>{summary.rows} rows written</h1>" in html
    assert html.count("src=\"data:image/png;base64,") == summary.rows == 24
    with pytest.raises(ndpix.Error):
        ndpix.convert(SAMPLE, out, report=page, on_error="raise", if_exists="replace")
    assert "<h1>Stopped after" in page.read_text("utf-8")


@pytest.mark.parametrize("name", ["summary", "report"])
def test_files_of_the_caller_are_kept_apart(tmp_path, name):
    source, out = tmp_path / "in.ndjson", tmp_path / "out.npy"
    source.write_bytes(SAMPLE.read_bytes())
    for path in (source, out, f"{out}.rejects.ndjson"):
        with pytest.raises(ndpix.Error, match="give another name"):
            ndpix.convert(source, out, **{name: path})
    assert [p.name for p in tmp_path.iterdir()] == ["in.ndjson"]
    assert source.read_bytes() == SAMPLE.read_bytes()


def test_an_existing_output_is_safe(tmp_path, source):
    out = tmp_path / "out.npy"
    out.write_bytes(b"mine")
    with pytest.raises(ndpix.Error) as caught:
        ndpix.convert(source, out)
    assert caught.value.kind == "options"
    assert out.read_bytes() == b"mine"
    ndpix.convert(source, out, if_exists="replace")
    assert np.load(out).shape[0] == 40


def test_the_command_has_its_exit_codes(tmp_path):
    def run(*words):
        return subprocess.run([sys.executable, "-m", "ndpix", *words], capture_output=True, check=False)

    assert run("--version").stdout == f"ndpix {ndpix.__version__}\n".encode()
    assert run("convert").returncode == 2
    assert run("convert", str(tmp_path / "missing"), "-o", str(tmp_path / "o.npy")).returncode in (1, 2)
