"""Three doors, one table: the command, Python and Rust name and mean the same."""

import dataclasses
import inspect
import json
import re
import subprocess
import sys
import typing

import numpy as np
import pytest

import ndpix
from ndpix import _errors, _ndpix, _options
from ndpix._options import Options

OPERATIONS = [ndpix.load, ndpix.convert, ndpix.batches, ndpix.open, ndpix.decode, ndpix.inspect, ndpix.plan]
OWN = {"source", "out", "value", "batch_size", "index", "summary", "report", "progress", "part_bytes", "parts", "transform"}
"""Parameters of single operations."""


def listed(function):
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in OWN}


def test_signatures_are_the_table():
    table = dict(_ndpix.defaults())
    for function in OPERATIONS:
        assert list(listed(function)) == list(table), function
    for name, default in listed(ndpix.load).items():
        text = str(default).lower() if isinstance(default, bool) else default
        assert text is None if table[name] is None else str(text) == table[name], name


def test_options_are_keyword_only():
    for function in OPERATIONS:
        kinds = {p.kind for n, p in inspect.signature(function).parameters.items() if n not in OWN}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}


ALIASES = {"arrays"}
"""Second names of options, which signatures do not list."""


def test_types_are_the_table():
    """Those that decide whether an array comes back stand after the others."""
    last = ["on_missing", "on_error", "array", *ALIASES, "columns"]
    names = [name for name, _ in _ndpix.defaults() if name not in last]
    assert list(Options.__annotations__) == names + last


def test_flags_are_the_table():
    """That their defaults are the same is a test of the command's crate."""
    text = subprocess.run([sys.executable, "-m", "ndpix", "convert", "--help"], capture_output=True, check=True).stdout
    flags = set(re.findall(r"^\s+(?:-\w, )?--([a-z-]+)", text.decode(), re.MULTILINE))
    assert {f.replace("-", "_") for f in flags} - {"help", "output", "summary", "report", "progress", "preview", "quiet", "log_format"} == set(Options.__annotations__) - ALIASES


def test_choices_are_those_of_the_library():
    """Every word of a `Literal` is taken, and no other."""
    for name, kind in Options.__annotations__.items():
        kind = eval(kind.__forward_arg__, vars(_options) | {"DTypeLike": object})
        for part in typing.get_args(kind):
            if typing.get_origin(part) is not typing.Literal:
                continue
            for word in typing.get_args(part):
                assert _ndpix.changed({name: word}) in ([], [(name, word)]), (name, word)
            with pytest.raises(ndpix.Error):
                _ndpix.changed({name: "no such word"})


@pytest.mark.parametrize(
    "name, value, text",
    [
        ("shape", (480, 640, 3), "480,640,3"),
        ("size", 224, "224,224"),
        ("size", [480, 640], "480,640"),
        ("dtype", np.uint16, "uint16"),
        ("dtype", np.dtype("f4"), "float32"),
        ("dtype", float, "float64"),
        ("raw_dtype", np.dtype(">u2"), ">u2"),
        ("raw_shape", ("@h", "@w"), "@h,@w"),
        ("formats", ["png", "jpeg"], "png,jpeg"),
        ("normalize", ([0.5, 0.5], [0.25, 0.25]), "0.5,0.5/0.25,0.25"),
        ("max_rejects", 5, "5"),
        ("mixed", True, "true"),
        ("columns", ["label", "meta.id"], "label\nmeta.id"),
        ("columns", "label,meta.id", "label\nmeta.id"),
        ("columns", ('a."b,c"', "d"), 'a."b,c"\nd'),
        ("column_type", {"taken": "datetime", "a.b": "int"}, "taken=datetime\na.b=int"),
        ("column_type", ["taken=datetime[ms]"], "taken=datetime[ms]"),
        ("path_prefix", {"s3://b/": "/mnt/"}, "s3://b/=/mnt/"),
        ("chunks", 16, "16"),
        ("fill_value", 0.5, "0.5"),
        ("on_error", {"default": "skip", "json": "raise", "path": "fill"}, "skip,json=raise,path=fill"),
        ("on_error", {"json": "raise"}, "json=raise"),
        ("on_error", "fill,json=raise", "fill,json=raise"),
    ],
)
def test_values_in_python_s_own_words(name, value, text):
    assert _ndpix.changed({name: value}) == [(name, text)]


DOORS = {
    "version": "of the form of the JSON; Python has names and types",
    "ndpix": "the version of the library, which Python has as `ndpix.__version__`",
    "exit": "the exit code of the command",
    "error": "Python raises it",
    "command_line": "Python's `command`; what JSON calls `command` are its words",
}
"""What only the JSON has, and why."""


def told(kind):
    """The attributes of a class that are documented, with their text."""
    text = inspect.getdoc(kind).split("Attributes:")[1]
    parts = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in parts}


def test_reports_are_those_of_the_library(tmp_path, source):
    """The JSON of the command, Python's attributes and the library's list of them name and mean the same."""

    def said(*words):
        command = [sys.executable, "-m", "ndpix", *words]
        return set(json.loads(subprocess.run(command, capture_output=True, check=True, cwd=tmp_path).stdout))

    summary = said("convert", str(source), "-o", "out.npy", "--summary", "-")
    report = said("inspect", str(source), "--json")
    for kind, keys, entries in zip((ndpix.Summary, ndpix.Report), (summary, report), _ndpix.entries(), strict=True):
        fields = {f.name for f in dataclasses.fields(kind) if not f.name.startswith("_")}
        assert keys - DOORS.keys() == fields
        documented = told(kind)
        assert set(documented) == fields
        assert dict(entries).items() <= documented.items()
        assert fields - dict(entries).keys() <= {"command", "remedies"}


def test_kinds_are_those_of_the_library():
    with pytest.raises(ndpix.Error, match="unknown kind") as caught:
        _ndpix.changed({"on_error": "no=skip"})
    kinds = str(caught.value).split("records have ")[1].split(", ")
    assert kinds == list(typing.get_args(_errors.Kind))


def test_every_public_name_is_documented():
    for name in ndpix.__all__:
        thing = getattr(ndpix, name)
        assert name == "__version__" or inspect.getdoc(thing), name


def test_stubs_are_the_modules():
    command = [sys.executable, "-m", "mypy.stubtest", "ndpix._ndpix", "--concise"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_check(tmp_path):
    """mypy sees through the options, in strict mode."""
    program = tmp_path / "program.py"
    program.write_text(
        "import numpy as np, ndpix\n"
        "a = ndpix.load('x', shape=(1, 2), on_error='fill', dtype=np.uint8)\n"
        "for b in ndpix.batches([{'a': 1}], 4, field='a'):\n    n: int = len(b)\n"
        "one = ndpix.open('x')[0]\n"
        "s: ndpix.Summary = ndpix.convert(b'', 'out.npy', if_exists='skip')\n"
        "images, columns = ndpix.load('x', columns=['label'])\n"
        "label: int = ndpix.open('x', columns='label')[0]['label']\n"
        "ndpix.load('x', on_error={'default': 'fill', 'json': 'raise'})\n"
        "kind: str = ndpix.Error('x').kind\n"
        "import ndpix.dask, ndpix.ray\n"
        "s = ndpix.ray.convert('x', 'out.npy', work='w', threads=2)\n"
        "s = ndpix.dask.convert('x', 'out.npy', client=None, columns=['label'])\n"
        "ndpix.load('x', on_error='ignore')  # wrong\n"
        "ndpix.load('x', on_error={'jason': 'skip'})  # wrong\n"
        "ndpix.load('x', colour='red')  # wrong\n"
        "ndpix.dask.read('x', columns=['label'])  # wrong\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    wrong = set(re.findall(r":(\d+): error:", done.stdout))
    assert wrong == {"14", "15", "16", "17"}, done.stdout
