"""What `inspect` and refusals tell a user to run, run: the array of the field that is named must come of it.

    PYTHONPATH=tests:tests/python python -m forms.remedies [NAME...]

prints what was told for the forms and decoys of these names, or for all, and what came of it. NDPIX names the
command.
"""
import json
import os
import re
import shlex
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from command import ndpix

from . import FORMS, by_hand
from .decoys import DECOYS, Decoy
from .run import WRONG, convert, same, some_rows

# Options one after the other, as they stand in the text of a refusal.
VALUE = r"(?:'[^']*'|(?!--)[^\s;,'\"()]+)"
SNIPPET = re.compile(rf"(?:--[a-z][a-z-]*(?:[ =]{VALUE})?(?: |$))+")
# What these do to pixels is the matter of other tests.
CHANGES = ("--size", "--ragged", "--scale", "--mode")


def run_line(source):
    """The options of the command that `inspect` prints, or None where it prints none."""
    report = json.loads(ndpix("inspect", "--json", source).stdout or "{}")
    command = report.get("command")
    return shlex.join(command[command.index("-o") + 2 :]) if command else None


def remedies(said):
    """The options that a refusal names."""
    text = "\n".join(line for line in said.splitlines() if not line.startswith("usage:"))
    found = [match[0].strip() for line in text.splitlines() for match in SNIPPET.finditer(line)]
    return list(dict.fromkeys(found))


def named(options, source):
    """The images of the fields that options name, read by hand; None where that is beyond it."""
    words = shlex.split(options)
    fields = [value for option, value in zip(words, words[1:]) if option == "--field"]
    try:
        records = [json.loads(line) for line in source.read_bytes().splitlines() if line.strip()]
    except ValueError:
        return None
    arrays = [by_hand.images(records, field, source.parent) for field in fields]
    if not arrays or any(array is None for array in arrays):
        return None
    if len(arrays) == 1:
        return arrays[0]
    return np.stack(arrays, axis=1) if len({array.shape for array in arrays}) == 1 else None


def came_of(options, rights, source, number):
    """What came of options: right, rows (right ones, and rejects), changed, network, refused or WRONG; plain where
    there are none, which is the matter of the tables; unknown where no oracle reads the field."""
    if not options:
        return "plain"
    run = convert(source, options, source.parent / f"remedy{number}.npy")
    if run.array is None and "is not a directory" in run.said and "--allow-dir" in options:
        # What a path of another machine leads to is named, and never looked at.
        return "elsewhere"
    if run.array is None and "--fetch" in options and "image address" in run.said:
        # It was asked for, of hosts that are not there.
        return "network"
    if run.array is None:
        return f"refused: {run.said.splitlines()[0][:200]}" if run.code in (2, 3, 4) else f"{WRONG} exit {run.code}"
    if any(option in options for option in CHANGES):
        return "changed"
    if not rights:
        return "unknown"
    if any(same(run.array, right) or same(run.array.ravel(), right.ravel()) for right in rights):
        return "right"
    if run.rejects and any(some_rows(run.array, right) for right in rights):
        return "rows"
    return f"{WRONG} {run.array.shape} {run.array.dtype} at exit {run.code}"


def told(one, root):
    """Triples of who told it, the options, and what came of them."""
    source = one.write(root)
    if isinstance(one, Decoy):
        right = named("--field " + shlex.quote(one.right.removeprefix("read ")), source)
        rights = [] if right is None else [right]
    else:
        rights = [np.stack(right) for _, right in one.attempts(root) if right is not None]
    refused = ndpix("convert", source, "-o", source.parent / "plain.npy").stderr.decode("utf-8", "replace")
    run, every = run_line(source), []
    if run is not None:
        every.append(("inspect", run, came_of(run, rights, source, 0)))
    for i, options in enumerate(remedies(refused), 1):
        right = named(options, source)
        every.append(("refusal", options, came_of(options, [*rights, *([] if right is None else [right])], source, i)))
    return every


def all_told(ones):
    """A line each: who told what for which form, and what came of it."""
    with tempfile.TemporaryDirectory(prefix="ndpix-remedies-") as root, ThreadPoolExecutor(os.cpu_count()) as pool:
        # Refusals look for files in folders above, which are to be ours.
        deep = Path(root, "above", "above")
        deep.mkdir(parents=True)
        came = pool.map(lambda one: told(one, deep), ones)
        return [(one.name, *each) for one, every in zip(ones, came) for each in every]


if __name__ == "__main__":
    asked = [one for one in [*FORMS, *DECOYS] if one.name in sys.argv[1:]] or [*FORMS, *DECOYS]
    lines = all_told(asked)
    for name, who, options, what in lines:
        print(f"{name:30} {who:8} {what:10} {options}")
    print(dict(Counter((who, what.split(":")[0].split(" ")[0]) for _, who, _, what in lines)))
