"""`ndpix.inspect`: the report, in a terminal and in a notebook."""

import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from conftest import SAMPLE, lines, pictures, record

import ndpix


def test_says_what_is_there(source):
    report = ndpix.inspect(source)
    assert (report.framing, report.field, report.encoding) == ("lines", "image", "encoded")
    assert report.fields["image"]["encodings"] == {"encoded": report.sampled}
    assert report.formats == {"png": 40} and report.images == 40
    assert (report.shape, report.dtype, report.problem) == ("(8, 6, 3)", "uint8", None)
    assert "image: in 40 of 40 records, encoded" in str(report)
    assert (report.rejected, report.alpha, report.aspects) == (0, 0, {"3:4": 40})
    assert report.spread["kinds"] == 1 and report.spread["smallest"] == report.spread["largest"]


def test_is_what_the_command_prints(source, tmp_path):
    command = [sys.executable, "-m", "ndpix", "inspect", str(source)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

    def still(text):
        return re.sub(r"[\d.]+ \w+ free", "free", text).rstrip("\n")

    assert still(str(ndpix.inspect(source))) == still(done.stdout.decode())


def test_many_sizes_are_folded():
    images = [picture for i in range(12) for picture in pictures(1, (4 + i, 30 - i))]
    report = ndpix.inspect(lines(map(record, images)))
    assert len(report.shapes) == report.spread["kinds"] == 12
    names = [line.split()[0] for line in str(report).splitlines()]
    assert names.count("shape") == 4
    assert {"smallest", "largest", "aspect"} < set(names)


def test_its_command_runs(tmp_path):
    report = ndpix.inspect(SAMPLE, raw_channels="bgr")
    words = shlex.split(report.command)
    assert words[0] == "ndpix" and words[-2:] == ["--raw-channels", "bgr"]
    done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    assert np.load(tmp_path / "sample.npy").shape[0] == 24


def test_a_problem_is_no_exception():
    images = [*pictures(2, (3, 3)), *pictures(2, (3, 4))]
    report = ndpix.inspect(lines(map(record, images)))
    assert report.problem and report.suggestion and len(report.shapes) == 2
    assert ndpix.load(lines(map(record, images)), **report.suggestion).shape[0] == 4
    nothing = ndpix.inspect([{"a": 1}])
    assert nothing.problem and nothing.field is None


def test_a_page_is_the_one_of_the_command(tmp_path):
    mine, its = tmp_path / "mine.html", tmp_path / "its.html"
    report = ndpix.inspect(SAMPLE, report=mine)
    subprocess.run([sys.executable, "-m", "ndpix", "inspect", SAMPLE, "--report", its], check=True, capture_output=True)
    free = re.compile("free on this disk</dt><dd>[^<]*")
    assert free.sub("", mine.read_text("utf-8")) == free.sub("", its.read_text("utf-8"))
    assert report.shapes == ndpix.inspect(SAMPLE).shapes
    with pytest.raises(ndpix.Error, match="is an input"):
        ndpix.inspect(mine, report=mine)


def test_in_a_notebook(source, images):
    report = ndpix.inspect(source)
    page = report._repr_html_()
    assert page.count("<img") == 8 and "data:image/png;base64," in page
    assert np.array_equal(report.thumbnails()[2], images[2])
    assert "<img" not in ndpix.inspect(iter(map(record, images)))._repr_html_()
