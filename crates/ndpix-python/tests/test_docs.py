"""The documentation is true: its snippets run, its site builds, it has every option."""

import base64
import importlib.util
import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, lines, pictures, png, record

from ndpix import _ndpix

LARGE = ("dask", "datasets", "jax", "ray", "tensorflow", "torch", "xarray", "zarr")
"""Libraries that the tests do not require: snippets that need them run where they are."""
MISSING = [name for name in LARGE if not importlib.util.find_spec(name)]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if re.search("```(python|console)", p.read_text()))
COMMANDS = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    images = pictures(40, (48, 40, 3))
    good = [record(image, label=i) for i, image in enumerate(images)]
    bad = [{"image": "%"}, b"{", {"image": None}]
    url = ["data:image/png;base64," + base64.b64encode(png(i)).decode() for i in pictures(9, (80, 70, 3))]
    chat = [
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": u}} for u in pair]}], "answer": n}
        for n, pair in enumerate([url[:2], url[2:3], url[3:6], url[6:]])
    ]
    deep = pictures(50, (32, 24), np.uint16)
    frames = [{"frame": base64.b64encode(f.tobytes()).decode(), "height": 32, "width": 24} for f in deep]
    small = pictures(30, (8, 8))
    digits = [{"pixels": d.tolist(), "flat": d.ravel().tolist(), "label": i % 10} for i, d in enumerate(small)]
    labelled = [record(image, label=i, meta={"id": f"no {i}"}) for i, image in enumerate(images)]
    sizes = [record(picture) for i in range(9) for picture in pictures(1, (9 + i, 20 - i, 3))]
    for name, records in (
        ("images.ndjson", good),
        ("labelled.ndjson", labelled),
        ("sizes.ndjson", sizes),
        ("broken.ndjson", [*good[:20], *bad, *good[20:]]),
        ("chat.jsonl", chat),
        ("frames.ndjson", frames),
        ("digits.ndjson", digits),
    ):
        (tmp_path / name).write_bytes(lines(records))
    (tmp_path / "scan.dcm").write_bytes((ROOT / "testdata" / "formats" / "dicom-shared-rescale.dcm").read_bytes())
    (tmp_path / "sample.ndjson").write_bytes((ROOT / "testdata" / "sample.ndjson").read_bytes())
    return {"png_files": [png(image) for image in images[:3]]}


def check_console(block):
    """What follows a line with `$ ` is what that command prints; `...` stands for the rest of a line."""
    for command, said in re.findall(r"^\$ ndpix (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        words = [sys.executable, "-m", "ndpix", *shlex.split(command)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        pattern = "".join(re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in said.splitlines())
        assert re.fullmatch(pattern, done.stdout), done.stdout


@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning", "ignore::ndpix.RejectedWarning")
@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(DOCS)) for p in PAGES])
def test_snippets_run(page, folder, capsys):
    """Those of a page one after another, as one would paste them."""
    names = dict(folder)
    for number, (kind, code) in enumerate(re.findall(r"```(python|console)\n(.*?)```", page.read_text(), re.DOTALL)):
        if kind == "console":
            check_console(code)
            continue
        bare = re.sub("#.*", "", code)
        if any(re.search(rf"\b(import {name}\b|{name}\.)", bare) for name in MISSING):
            continue
        exec(compile(code, f"{page.name}:{number}", "exec"), names)


@pytest.mark.parametrize("page", COMMANDS, ids=[str(p.relative_to(ROOT)) for p in COMMANDS])
def test_commands_are_taken(page, tmp_path):
    """Flags and words of every command of a page are those of the command."""
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for command in re.findall(r"(?:^\$ |^|\| |&& )ndpix ([^|>&;#]*)", re.sub(r"\$\{?\w+\}?", "1", line)):
                words = [sys.executable, "-m", "ndpix", *shlex.split(command)]
                done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, input="")
                assert not done.stderr.startswith("error:"), (command, done.stderr)


def test_groups_of_options_are_those_of_the_command():
    """Help, the reference, the list of options and the navigation know the same groups."""
    reference = (DOCS / "command.md").read_text()
    index = (DOCS / "options" / "index.md").read_text()
    navigation = (ROOT / "mkdocs.yml").read_text()
    groups = re.findall(r"^### (.*)\n((?:(?!##).*\n)*)", reference, re.MULTILINE)
    assert len(groups) > 5
    for heading, body in groups:
        names = re.findall(r"\]\(options/(\w+)\.md\)", body)
        listed = re.search(rf"^## {heading}\n((?:(?!## ).*\n)*)", index, re.MULTILINE)
        assert listed and re.findall(r"^\| \[`(\w+)`\]", listed[1], re.MULTILINE) == names, heading
        nav = re.search(rf"^      - {heading}:\n((?:          - .*\n)+)", navigation, re.MULTILINE)
        assert nav and re.findall(r"- (\w+):", nav[1]) == names, heading


OPTIONS = dict(_ndpix.defaults())


def test_every_option_has_its_page():
    index = (DOCS / "options" / "index.md").read_text()
    navigation = (ROOT / "mkdocs.yml").read_text()
    assert sorted(p.stem for p in (DOCS / "options").glob("*.md") if p.stem != "index") == sorted(OPTIONS)
    for name in OPTIONS:
        assert f"[`{name}`]({name}.md)" in index and f"- {name}: options/{name}.md\n" in navigation, name


@pytest.mark.parametrize("name", OPTIONS)
def test_a_page_says_the_same_for_every_door(name):
    """The flag, the keyword and the Rust of a page are one value, which is not the default that it states."""
    page = (DOCS / "options" / f"{name}.md").read_text()
    assert page.startswith(f"# `{name}`\n") and "```python" in page and "## What goes wrong\n" in page
    row = dict(re.findall(r"^\| (command|Python|Rust|default) \| (.*) \|$", page, re.MULTILINE))
    flag, _, value = row["command"].strip("`").partition(" ")
    assert flag == "--" + name.replace("_", "-")
    keyword = eval(f"dict({row['Python'].strip('`')})")
    rust = re.fullmatch(rf'`options.set\("{name}", "(.*)"\)\?`', row["Rust"]).group(1)
    assert rust == (value or "true")
    changed = _ndpix.changed(keyword)
    assert changed and changed == _ndpix.changed({name: rust})
    if said := re.match(r"`(\S+)`|(\d+)(?=$|:)", row["default"]):
        assert OPTIONS[name] in (None, *said.groups())


def test_the_site_builds(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    api = (tmp_path / "site" / "api" / "index.html").read_text()
    assert "Warns" in api
    found = json.loads((tmp_path / "site" / "search" / "search_index.json").read_text())["docs"]
    for words in ("exit code", "cron", "csv"):
        assert any(words in re.sub("<.*?>", "", doc["text"] + doc["title"]).lower() for doc in found), words
