"""The native half: one function for each operation, with plain values in and out.

Not for use: `ndpix` has the same with types, defaults and documentation.
"""

from collections.abc import Callable
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from ndpix._options import Columns, Source

__all__ = [
    "Batches",
    "Dataset",
    "Plan",
    "__version__",
    "batches",
    "changed",
    "command",
    "convert",
    "decode",
    "decode_bytes",
    "defaults",
    "entries",
    "formats",
    "governs",
    "inspect",
    "load",
    "open",
    "optimised",
    "plan",
    "reopen",
    "samples",
]

__version__: str
"""The version of the library."""

optimised: bool
"""Whether this is a release build."""

_Images = NDArray[np.generic[Any]]
_Reject = tuple[str, int, int, int, str, str]
_Wrong = tuple[int, _Reject]
_Parts = tuple[
    _Images,
    dict[str, _Images] | None,
    NDArray[np.uint32],
    NDArray[np.uint64],
    NDArray[np.uint32],
    NDArray[np.bool_],
    Columns,
    list[_Reject],
]

class _Hooks(Protocol):
    note: Callable[..., Any]
    progress: Callable[[int | None], Callable[[int | None], None]] | None

def defaults() -> list[tuple[str, str | None]]:
    """Every option by its name, with its default as text."""

def formats() -> str:
    """The image formats that this build reads, as JSON."""

def governs() -> list[tuple[str, str]]:
    """What each option governs, by its name: `where`, `what`, `how` or only this `run`."""

def changed(options: Any) -> list[tuple[str, str]]:
    """The options that these keywords change, as the command spells them."""

def load(source: Source, options: Any, hooks: _Hooks) -> tuple[_Images | dict[str, _Images], Columns, str]:
    """The array, or several by their names, the columns and the summary of the run as JSON."""

def convert(source: Source, out: Any, summary: Any, report: Any, options: Any, hooks: _Hooks) -> str:
    """The summary of the run as JSON; written to `summary` too, and as a page to `report`, also when the run failed."""

@final
class Plan:
    """A run that is decided, and its parts."""

    @staticmethod
    def from_json(text: str) -> Plan:
        """The plan that `to_json` gave."""

    def to_json(self) -> str:
        """The plan as JSON."""

    def about(self) -> tuple[str, int, Any]:
        """Id, number of parts, and output, if there is one."""

    def save(self) -> Any:
        """Writes `OUT.plan.json`, and gives its name."""

    def legends(self) -> list[tuple[str, list[str]]]:
        """The names of classes by the column or array that has their numbers."""

    def sweep(self, work: Any) -> None:
        """Removes parts that are done."""

    def run(self, part: int, work: Any, hooks: _Hooks) -> str:
        """Carries out a part: its facts as JSON."""

    def commit(
        self, facts: list[str] | None, work: Any, summary: Any, report: Any, hooks: _Hooks
    ) -> str:
        """Makes the output: the summary as JSON, written to `report` too, also where it failed."""

    def batches(self, part: int, batch_size: int, hooks: _Hooks) -> Batches:
        """The images of a part, without files."""

def plan(source: Source, out: Any, part_bytes: str, parts: int | None, options: Any, hooks: _Hooks) -> Plan:
    """Decides a run, or without `out` a reading."""

@final
class Batches:
    """A run that waits for whoever takes its batches."""

    def take(self) -> _Parts | None:
        """Images, all arrays by name, files, lines, items, valid, columns and rejects of the next batch; `None` at the end."""

    def close(self) -> None:
        """Ends the run and its threads."""

    def summary(self) -> str:
        """What was done so far, as JSON."""

def batches(source: Source, batch_size: int, options: Any, hooks: _Hooks) -> Batches:
    """Opens the source and begins to read."""

@final
class Dataset:
    """An index and the files that it leads into."""

    def __len__(self) -> int: ...
    def get(self, number: int) -> tuple[_Images | dict[str, _Images], Columns, list[_Wrong]]:
        """The image of this number, the columns of one row, and what is wrong if it is filled."""

    def get_many(self, numbers: list[int]) -> tuple[_Images | dict[str, _Images], Columns, list[_Wrong]]:
        """The images of these numbers, stacked, the columns, and what is wrong with rows that are filled."""

    def get_each(self, numbers: list[int]) -> list[tuple[_Images | dict[str, _Images], Columns, list[_Wrong]]]:
        """As `get`, of each of these numbers."""

    def check(self, pixels: bool, hooks: _Hooks) -> list[_Wrong]:
        """The numbers of all images that cannot be given, and what is wrong with them."""

    def legends(self) -> list[tuple[str, list[str]]]:
        """The names of classes by the column or array that has their numbers."""

    def named_options(self) -> list[tuple[str, str]]:
        """Options that name the classes which were found, as the command spells them; those that are lists line by line."""

    def position(self, number: int) -> tuple[str, int, int, int] | None:
        """File, line, byte and item of this number; `None` behind the last."""

    def index(self) -> bytes:
        """The index, for `reopen`."""

def open(source: Source, sidecar: Any, options: Any, hooks: _Hooks) -> Dataset:
    """Indexes the source, or takes the index from the sidecar."""

def reopen(source: Source, options: Any, index: bytes) -> Dataset:
    """Opens the source again with an index that was made before."""

def decode(value: bytes, options: Any) -> _Images:
    """The image that a value holds, given as JSON text."""

def decode_bytes(image: bytes, options: Any) -> _Images:
    """The image that bytes are."""

def entries() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The names of what the JSON of summaries and of reports holds, and what each is."""

def inspect(source: Source, page: Any, options: Any, hooks: _Hooks) -> tuple[str, str, str]:
    """The report of the first records as JSON, text and HTML; as a page it is written to `page`."""

def samples(
    source: Source, count: int | None, options: Any, hooks: _Hooks
) -> list[tuple[int, _Images | Exception]]:
    """The images of the first `count` records or of all: the line of each, and the image with its own
    shape or the exception for what it is."""

def command(words: list[str]) -> int:
    """Runs the command with these words and gives the exit code."""
