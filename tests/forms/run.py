"""Runs the command on forms, and says what came of it.

    PYTHONPATH=tests:tests/python python -m forms.run [NAME...]

prints the lines of `table.txt` for the forms of these names, or for all, and keeps nothing. NDPIX names the
command.
"""
import os
import shlex
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from command import ndpix

from . import FORMS

WRONG = "WRONG"


def same(got, right):
    """Whether two arrays hold the same numbers; the dtypes may differ."""
    return got.shape == right.shape and np.array_equal(got.astype(float), right.astype(float), equal_nan=True)


def some_rows(got, right):
    """Whether the rows of one array are rows of the other, in its order."""
    if got.shape[1:] != right.shape[1:]:
        return False
    rest = iter(right)
    return all(any(same(row, other) for other in rest) for row in got)


@dataclass
class Run:
    """How one run of the command ended."""

    code: int
    array: np.ndarray | None
    rejects: bool
    said: str


def convert(source, options, out):
    done = ndpix("convert", source, "-o", out, "--threads", 1, *shlex.split(options))
    array = np.load(out) if out.exists() else None
    return Run(done.returncode, array, Path(f"{out}.rejects.ndjson").exists(), done.stderr.decode("utf-8", "replace"))


def outcome(run, right, form):
    """What came of a run, in words: right, refused, `n of m rows` (and the rest as rejects), or WRONG."""
    if run.code not in (0, 2, 3, 4):
        return f"{WRONG} exit {run.code}"
    if run.array is None:
        return "refused"
    got, what = run.array, f"{run.array.shape} {run.array.dtype}"
    if form.open:
        # No list of integers or floats, read as it stands, is a picture that somebody drew.
        return f"{WRONG} {what}" if got.dtype.name in ("int64", "float64") else f"open {what}"
    if right is None:
        return "refused" if run.rejects else f"{WRONG} {what}"
    right = np.stack(right)
    said = "" if run.code == form.exit else f", exit {run.code}"
    if same(got, right):
        if run.code < form.exit:
            return f"{WRONG} {what}{said}"
        return "right" + said + ("" if got.dtype == right.dtype else f", as {got.dtype}")
    if got.size == right.size and same(got.ravel(), right.ravel()):
        return f"right{said}, in rows of {got.shape[1:]}"
    if run.rejects and some_rows(got, right):
        return f"{len(got)} of {len(right)} rows"
    return f"{WRONG} {what}{said}"


def outcomes(form, root):
    """Pairs of options and what came of them, of one form."""
    source = form.write(root)
    shown = ["", *(trial if isinstance(trial, str) else trial[0] for trial in form.trials)]
    for i, (options, right) in enumerate(form.attempts(root)):
        yield shown[i], outcome(convert(source, options, source.parent / f"out{i}.npy"), right, form)


def verdict(form, came):
    """WRONG; auto: right without options, also where that is to refuse; options: right with some; open; refused."""
    first, *others = (what for _, what in came)
    if any(what.startswith(WRONG) for what in (first, *others)):
        return WRONG
    if form.open:
        return "open"
    if first.startswith("right") or form.right is None:
        return "auto"
    return "options" if any(what.startswith("right") for what in others) else "refused"


def line(form, root):
    """The line of the table."""
    came = list(outcomes(form, root))
    parts = [f"{options}: {what}" if options else what for options, what in came]
    return f"{verdict(form, came):8} {form.name:30} {' | '.join(parts)}"


def table(forms=FORMS):
    """The lines of the table, in the order of the forms."""
    with tempfile.TemporaryDirectory(prefix="ndpix-forms-") as root, ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda form: line(form, Path(root)), forms))


if __name__ == "__main__":
    print(*table([form for form in FORMS if form.name in sys.argv[1:]] or FORMS), sep="\n")
