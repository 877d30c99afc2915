"""Records that hold more than an image: labels, thumbnails, a second image, an image that cannot be read.

What is right for each: `read FIELD`, all of it; `refused`; `counted`, which is refused, or read with the rest as
rejects; `either`, where reading is as good as refusing.
"""
from collections.abc import Callable
from dataclasses import dataclass

from ..form import Form
from . import changes, nothing, read, rivals
from .samples import FILES


@dataclass(frozen=True)
class Decoy:
    name: str
    record: Callable
    right: str
    count: int = 5

    def write(self, root):
        """Writes the records and the files they may name below a folder; gives the path of the input."""
        records = [self.record(i) for i in range(self.count)]
        return Form(self.name, "", records, None, files=FILES).write(root)


def _section(right, records, **more):
    return [Decoy(name, record, right, **more) for name, record in records.items()]


def _read(fields, **more):
    return [decoy for field, records in fields.items() for decoy in _section(f"read {field}", records, **more)]


LATE = {"count": 90}
DECOYS = [
    *_section("refused", nothing.REFUSED), *_section("either", nothing.EITHER),
    *_section("refused", rivals.REFUSED), *_section("either", rivals.EITHER),
    *_read(read.READ),
    *_section("refused", changes.REFUSED), *_section("either", changes.EITHER),
    *_section("counted", changes.COUNTED), *_read(changes.READ),
    *_section("either", changes.LATE_EITHER, **LATE), *_section("counted", changes.LATE_COUNTED, **LATE),
    *_read(changes.LATE_READ, **LATE),
]
