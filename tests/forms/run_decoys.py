"""Runs the command on decoys without options, and says what was read.

    PYTHONPATH=tests:tests/python python -m forms.run_decoys [NAME...]

prints the lines of `decoys.txt` for the decoys of these names, or for all. NDPIX names the command.
"""
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .decoys import DECOYS
from .run import WRONG, convert

ANNOUNCED = re.compile(r"^ndpix: field (\S+), ", re.M)


def verdict(right, field, code):
    """right, either, pedantic (a needless refusal or needless rejects) or WRONG; `field` is None where refused."""
    if right == "either":
        return "either"
    if right == "refused":
        return "right" if field is None else WRONG
    if right == "counted":
        return WRONG if code == 0 else "right"
    if field is None:
        return "pedantic"
    # Of alternatives each begins with one of those that are right; places that show the same image are one.
    wanted = tuple(right.removeprefix("read ").split("|"))
    places = field.split("|") if len(wanted) > 1 else [field]
    if not all(place.startswith(wanted) for place in places):
        return WRONG
    return "right" if code == 0 else "pedantic"


def line(decoy, root):
    source = decoy.write(root)
    run = convert(source, "", source.parent / "out.npy")
    field = None
    if run.array is not None:
        field = ANNOUNCED.search(run.said)[1]
    came = "refused" if field is None else f"read {field}" + (f", exit {run.code}" if run.code else "")
    return f"{verdict(decoy.right, field, run.code):8} {decoy.name:30} {decoy.right} | {came}"


def table(decoys=DECOYS):
    """The lines of the table, in the order of the decoys."""
    with tempfile.TemporaryDirectory(prefix="ndpix-decoys-") as root, ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda decoy: line(decoy, Path(root)), decoys))


if __name__ == "__main__":
    print(*table([decoy for decoy in DECOYS if decoy.name in sys.argv[1:]] or DECOYS), sep="\n")
