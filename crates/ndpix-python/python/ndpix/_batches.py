"""`ndpix.batches`: any amount of records, some images at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from ndpix import _ndpix
from ndpix._errors import Error, in_part, rejected
from ndpix._options import Columns, Options, Source, keywords
from ndpix._pages import figure, kinds, shown, table
from ndpix._parts import Part
from ndpix._pictures import small
from ndpix._progress import Hooks
from ndpix._summary import Summary, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack


SEEN, REJECTS = 8, 5
"""Images and rejects that a notebook shows."""


class Reject(NamedTuple):
    """A record or image that was not read."""

    file: str
    """The input, as it was named."""
    line: int
    """Line on which the record begins, from 1."""
    byte: int
    """Offset of the record's first byte, from 0."""
    item: int
    """Which image of the record, from 0."""
    kind: str
    """What is wrong, as in `Error.kind`."""
    message: str
    """What was found."""


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """Images that stand together in the input. The arrays belong to the caller, also when the iterator
    goes on.

    Attributes:
        images: The images, stacked on axis 0, as from `load`.
        arrays: With the option `arrays` all arrays by their names, the images among them; else `None`.
        files: For each image the number of its input, from 0; uint32.
        lines: For each image the line on which its record begins, from 1; uint64.
        items: For each image which of its record it is, from 0; uint32.
        valid: For each image whether it is one, and no fill row; bool.
        columns: The kept fields by their names, as from `load`: arrays with a row for each image.
        rejects: What was rejected since the batch before, the first 1,000 of it at least.
    """

    images: NDArray[np.generic[Any]]
    arrays: dict[str, NDArray[np.generic[Any]]] | None
    files: NDArray[np.uint32]
    lines: NDArray[np.uint64]
    items: NDArray[np.uint32]
    valid: NDArray[np.bool_]
    columns: Columns
    rejects: list[Reject]

    def __len__(self) -> int:
        """The number of images."""
        return len(self.lines)

    def __repr__(self) -> str:
        return f"<ndpix.Batch of {len(self)} images {kinds(self.images)}{self._beside()}>"

    def _beside(self) -> str:
        columns = f", columns {shown(', '.join(self.columns))}" if self.columns else ""
        return columns + (f", {len(self.rejects)} rejects" if self.rejects else "")

    def _repr_html_(self) -> str:
        first = zip(self.images[:SEEN], self.lines.tolist(), self.valid.tolist())
        pictures = [figure(small(image), f"line {line}{'' if ok else ', filled'}") for image, line, ok in first]
        more = f" and {len(self) - SEEN} more" if len(self) > SEEN else ""
        rejects = [("reject", f"{r.file}:{r.line}: {r.message}") for r in self.rejects[:REJECTS]]
        about = [("images", f"{len(self)} {kinds(self.images)}"), *_columns(self.columns), *rejects]
        return f"{table(about)}<div>{''.join(pictures)}{more}</div>"


def _columns(columns: Columns) -> list[tuple[str, object]]:
    """Kept fields with their first values, for a table."""
    return [(name, ", ".join(shown(value, 40) for value in column[:SEEN])) for name, column in columns.items()]


class Batches(Iterator[Batch]):
    """An iterator over batches, and a context manager that ends it. Made by `batches`.

    It reads ahead by one batch on threads of its own, which end with it: at the last batch, at an
    exception, on `close`, and when nothing refers to it any more. It does not survive a fork.
    """

    def __init__(self, run: _ndpix.Batches, part: int | None = None) -> None:
        self._run = run
        self._part = part
        # Where the warning goes.
        self._warn: Callable[..., object] = warnings.warn
        # Whether the caller knows how it ended: by the warning, or by an exception.
        self._told = False
        self._given = 0

    def __repr__(self) -> str:
        return f"<ndpix.Batches: {self._given} images so far>"

    def _repr_html_(self) -> str:
        return table([("batches", f"{self._given} images so far; iterate to have the next")])

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Batch:
        try:
            parts = self._run.take()
        except BaseException as error:
            self._told = True
            if self._part is None or not isinstance(error, Error):
                raise
            raise in_part(error, self._part) from None
        if parts is None:
            if not self._told and (warning := rejected(self.summary, self._part)):
                self._told = True
                self._warn(warning, stacklevel=2)
            raise StopIteration
        *arrays, rejects = parts
        batch = Batch(*arrays, rejects=[Reject(*r) for r in rejects])
        self._given += len(batch)
        return batch

    def close(self) -> None:
        """Ends the run and waits for its threads; what was not taken is lost."""
        self._run.close()

    @property
    def summary(self) -> Summary:
        """What was done: complete once the last batch was taken."""
        return read(self._run.summary())

    def __enter__(self) -> Batches:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@keywords
def batches(source: Source | Part, batch_size: int = 256, **options: Unpack[Options]) -> Batches:
    """Goes through the images of any amount of records, in input order and bounded memory.

    Args:
        source: As for `load`. A pipe, a growing stream and an endless iterable are fine. Or a part of a plan,
            `plan.part(4)`, which has its options.
        batch_size: Images in a batch; the last one has what is left.
        **options: The options of the command, by their names with underscores.

    Returns:
        An iterator of `Batch`. Three batches are in memory at a time and the images in flight, some for
        each thread with their records, however long the input is; of batches up to 40 MiB four, and more
        where a column holds several images of one record, since their row numbers are known at its end.
        Large images want a smaller `batch_size`: 8 of 16 MB take about 400 MB in all.

    Raises:
        Error: Kinds `options` and `plan` here; another kind from the iterator, after the batches
            before it, when a record ends the run.
        OSError: The machine: a file that is missing, a read that fails.

    Warns:
        RejectedWarning: Once, at the end, when images were passed over.
    """
    if isinstance(source, Part):
        if given := _ndpix.changed(options):
            raise Error(f"a part is read as its plan says; leave out {given[0][0]}, or give it to plan")
        return Batches(source.plan._native.batches(source.number, batch_size, Hooks(False)), source.number)
    return Batches(_ndpix.batches(source, batch_size, options, Hooks(False)))
