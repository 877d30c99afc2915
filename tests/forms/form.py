"""One form: a file, the array that is right for it, and what a user would try."""
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Form:
    """A small input.

    `records` are JSON values, lines as bytes, or the bytes of the whole file. `right` holds the images in
    order; None where refusing is right. `trials` are command lines of options; one that is to give another
    array than `right` is a pair of both. `files` stand beside the input. `{dir}` in records and trials is
    the folder of the form. `exit` is 3 where the file also holds what is a reject. `open`: there are images,
    but the right array is not computed here; numbers that are read as they stand are wrong nevertheless.
    `seen` is a public report of such a file.
    """

    name: str
    what: str
    records: list | bytes
    right: list | None
    trials: list = ()
    files: dict = field(default_factory=dict)
    input: str = "in.ndjson"
    exit: int = 0
    open: bool = False
    seen: str = ""

    def write(self, root):
        """Writes the form below a folder; gives the path of its input."""
        folder = Path(root).resolve() / self.name
        files = {**self.files, self.input: text(self.records).replace(b"{dir}", str(folder).encode())}
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / self.input

    def attempts(self, root):
        """Pairs of options and the images that are right with them; the first is without options."""
        folder = str(Path(root).resolve() / self.name)
        yield "", self.right
        for trial in self.trials:
            options, right = (trial, self.right) if isinstance(trial, str) else trial
            yield options.replace("{dir}", folder), right


def text(records):
    """The bytes of an NDJSON file."""
    if isinstance(records, bytes):
        return records
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records)


def array(images):
    return None if images is None else np.stack(images)
