"""`ndpix.open`: images by their number, without converting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Literal, SupportsIndex, TypeVar, Union, overload

from ndpix import _ndpix, _shards
from ndpix._batches import Reject
from ndpix._errors import Error
from ndpix._options import Columns, Common, Fields, OnErrors, Options, Others, Path, Source, keywords
from ndpix._pages import figure, shown, table
from ndpix._pictures import small
from ndpix._progress import Hooks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    Numbers = Union[slice, Sequence[int], NDArray[np.integer[Any]], NDArray[np.bool_]]
    """Several images: a slice, numbers in any order and with repetitions, or a mask of all images."""

    _Filled = list[tuple[int, tuple[str, int, int, int, str, str]]]
    """The rows that are filled, and why."""

SEEN = 8
"""Images that a notebook shows."""

Item = TypeVar("Item", covariant=True)
"""An array, a dict where fields are kept or rows are filled, or what `transform` makes of one."""
Made = TypeVar("Made")


@dataclass
class _Known:
    """What is known of bad images, of a dataset and of all that are selected from it."""

    bad: dict[int, Reject] = field(default_factory=dict)
    checked: bool = False


class Dataset(Generic[Item]):
    """A map-style dataset: `len(ds)`, `ds[i]`, `ds[10:20]`, `ds[[3, 1, 2]]`. Made by `open`.

    It holds an index, 32 bytes for each image, and open files; images are decoded when they are asked
    for, several of them in parallel. It may be used from several threads, forked, and pickled: then it
    takes its index along, and refuses inputs that have changed since.
    """

    def __init__(
        self,
        native: _ndpix.Dataset | _shards.Shards,
        source: Source,
        options: dict[str, Any],
        transform: Callable[[Any], Any] | None = None,
        rows: NDArray[np.intp] | None = None,
        known: _Known | None = None,
    ) -> None:
        self._native = native
        self._source = source
        self._options = options
        self._transform = transform
        # The numbers that were selected; all of them where it is `None`.
        self._rows = rows
        self._known = known or _Known()
        self._fills = _fills(options)
        self._blanks: Columns | None = None

    def __len__(self) -> int:
        """The number of images, and of records without any: nothing is passed over."""
        return len(self._native) if self._rows is None else len(self._rows)

    @property
    def legends(self) -> dict[str, list[str]]:
        """The names of classes, by the column or array that has their numbers; in a column the first has 0, in masks 1."""
        return dict(self._native.legends())

    def __getitem__(self, index: SupportsIndex | Numbers) -> Item:
        """One image with its own shape and dtype, or several stacked on axis 0.

        Args:
            index: A number, negative from the end; a slice; a list or array of numbers, in any order
                and with repetitions; a boolean mask.

        Returns:
            An array. Where fields are kept, or bad images filled, a dict: `image`, or with `arrays` each array by its
            name; with a fill option `valid`,
            whether it is an image and no fill value; and each field by its name, of one image as a value of
            Python (an array for lists, `None` for none), of several as arrays like those of `load`. Images inside
            kept fields are there as their numbers in the dataset that was opened. Of one image that is filled, a
            field that its record does not give is 0, `False`, an empty text or list, so that loaders can
            collate it. With `transform` what that makes of it.

        Raises:
            IndexError: No such number.
            Error: The record or image is bad, and `on_error` and `on_missing` do not fill it; images that are
                asked for together differ in shape or dtype; several with `transform`, whose results do not stack.
        """
        if hasattr(index, "__index__") and getattr(index, "ndim", 0) == 0:
            number = self._number(index.__index__())
            return self._one(number, *self._native.get(number))
        if self._transform is not None:
            raise Error("what transform makes of several images does not stack; ask for them one by one")
        import numpy as np

        numbers = self._numbers(index)
        image, columns, filled = self._native.get_many(numbers)
        self._met(filled, numbers)
        valid = np.ones(len(numbers), bool)
        valid[[row for row, _ in filled]] = False
        return self._made(image, valid, columns)

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        """A list of items, decoded in parallel, each as `ds[i]` gives it: PyTorch's loaders ask for whole batches so."""
        numbers = self._numbers(list(indices))
        return [self._one(number, *parts) for number, parts in zip(numbers, self._native.get_each(numbers))]

    def position(self, index: int) -> tuple[str, int, int, int]:
        """Where an image stands: file, line from 1, byte from 0, item from 0. Shards know the file by
        its number alone."""
        place = self._native.position(self._number(index))
        assert place is not None, "the number was checked"
        return place

    def check(self, pixels: bool = False, progress: bool | None = None) -> dict[int, Reject]:
        """Looks for bad images in one pass over all records, by `threads` threads.

        Args:
            pixels: Decode every image. Without it only headers are looked at, which takes a fraction of the time
                and misses images that are damaged behind their header.
            progress: As for `load`.

        Returns:
            `bad`, which has them all then. Of a selection the pass is over the dataset that it was made from.

        Raises:
            Error: An input has changed since it was opened.
            OSError: The machine: a read that fails.
        """
        for number, why in self._native.check(pixels, Hooks(progress)):
            self._known.bad.setdefault(number, Reject(*why))
        self._known.checked = True
        return self.bad

    @property
    def bad(self) -> dict[int, Reject]:
        """What is bad, by number: the images that `check` found, and those that were filled when they were
        asked for. Processes have each their own: what the workers of a loader meet is in `valid` of their items,
        and what was known when they began is known to them."""
        known = self._known.bad
        if self._rows is None:
            return dict(sorted(known.items()))
        import numpy as np

        rows = np.flatnonzero(np.isin(self._rows, list(known))).tolist()
        return {row: known[int(self._rows[row])] for row in rows}

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whether each image is one, as far as is known; the first use makes the pass of `check`."""
        import numpy as np

        if not self._known.checked:
            self.check()
        valid = np.ones(len(self._native), bool)
        valid[list(self._known.bad)] = False
        return valid if self._rows is None else valid[self._rows]

    def select(self, which: Numbers) -> Dataset[Item]:
        """A dataset of these images alone, in this order, numbered anew; it shares files and index.

        Args:
            which: A slice, a list or array of numbers, or a boolean mask such as `ds.valid`.

        Raises:
            IndexError: No such number.
        """
        import numpy as np

        rows = np.array(self._numbers(which), np.intp)
        return Dataset(self._native, self._source, self._options, self._transform, rows, self._known)

    def _one(self, number: int, image: Any, columns: Columns, filled: _Filled) -> Any:
        self._met(filled, [number])
        return self._made(image, not filled, self._values(columns, not filled))

    def _made(self, image: Any, valid: object, columns: Columns) -> Any:
        item: Any = image
        named = image if isinstance(image, dict) else {"image": image}
        if self._fills:
            item = {**named, "valid": valid, **columns}
        elif self._options.get("columns") is not None or named is image:
            item = {**named, **columns}
        return item if self._transform is None else self._transform(item)

    def _values(self, columns: Columns, valid: bool) -> Columns:
        """The columns of one row, as values of Python; lists stay arrays, and times NumPy's."""
        from numpy import generic, ma

        found = {name: column[0] for name, column in columns.items()}
        plain = {n: v.item() if isinstance(v, generic) and v.dtype.kind != "M" else v for n, v in found.items()}
        values = {n: None if v is ma.masked else v for n, v in plain.items()}
        if valid or None not in values.values():
            return values
        if self._blanks is None:
            columns = self._native.get_many([])[1]
            self._blanks = {name: -1 if name in self.legends else _blank(column) for name, column in columns.items()}
        return {name: self._blanks[name] if value is None else value for name, value in values.items()}

    def _met(self, filled: _Filled, numbers: list[int]) -> None:
        for row, why in filled:
            self._known.bad.setdefault(numbers[row], Reject(*why))

    def _number(self, number: int) -> int:
        """The number in the dataset that was opened."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"there is no image {number}; there are {len(self)}")
        number %= len(self)
        return number if self._rows is None else int(self._rows[number])

    def _numbers(self, index: Any) -> list[int]:
        import numpy as np

        if isinstance(index, slice):
            index = range(len(self))[index]
        wanted = np.asarray(index)
        if wanted.dtype == bool and wanted.shape == (len(self),):
            wanted = np.flatnonzero(wanted)
        if wanted.ndim != 1 or (wanted.size and not np.issubdtype(wanted.dtype, np.integer)):
            raise IndexError("an index is a number, a slice, a list of numbers, or a mask of all images")
        return [self._number(number) for number in wanted.tolist()]

    def __reduce__(self) -> tuple[Any, ...]:
        rest = (self._transform, self._rows, self._known)
        return _reopen, (self._source, self._options, self._native.index(), *rest)

    def __repr__(self) -> str:
        bad = f", {len(self.bad)} known to be bad" if self._known.bad else ""
        return f"<ndpix.Dataset of {len(self)} images{bad}>"

    def _repr_html_(self) -> str:
        about = table([("images", len(self)), *[("bad", len(self.bad))] * bool(self._known.bad)])
        return f"{about}<div>{''.join(self._figure(number) for number in range(min(SEEN, len(self))))}</div>"

    def _figure(self, index: int) -> str:
        """The image as it is before `transform`, with its first fields."""
        try:
            image, columns, filled = self._native.get(self._number(index))
        except (Error, OSError) as error:
            return figure(None, f"{index}: {error}")
        fields = [f"{name} {shown(value, 20)}" for name, value in islice(self._values(columns, True).items(), 2)]
        if isinstance(image, dict):
            image = next(iter(image.values()))
        return figure(small(image), ", ".join([f"{index}, filled" if filled else str(index), *fields]))


def _fills(options: dict[str, Any]) -> bool:
    """Whether rows may be filled: then an item says whether it is."""
    changed = dict(_ndpix.changed(options))
    words = [part.rpartition("=")[2] for part in changed.get("on_error", "").split(",")]
    return "fill" in (*words, changed.get("on_missing"))


def _named(native: _ndpix.Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """The options, which name the classes that were found: whoever opens the source again need not look for them."""
    named = {name: text.split("\n") if name != "merge" else text for name, text in native.named_options()}
    if not named:
        return options
    said = {name: value for name, value in options.items() if name != "arrays"}
    if isinstance(said.get("columns"), dict):
        said["columns"] = list(said["columns"])
    return {**said, **named}


def _blank(column: NDArray[Any]) -> Any:
    """What stands for a value that is not there, of a column without rows."""
    if column.ndim == 2:
        return column.reshape(0)
    if column.dtype.kind == "M":
        return column.dtype.type("NaT", "ns")
    return "" if column.dtype == object else column.dtype.type(0).item()


def _reopen(
    source: Source,
    options: dict[str, Any],
    index: bytes,
    transform: Callable[[Any], Any] | None,
    rows: NDArray[np.intp] | None,
    known: _Known,
) -> Dataset[Any]:
    if folder := _shards.at(source):
        return Dataset(_shards.Shards(folder, options), source, options, transform, rows, known)
    return Dataset(_ndpix.reopen(source, options, index), source, options, transform, rows, known)


@overload
def open(
    source: Source,
    *,
    transform: Callable[[Any], Made],
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Dataset[Made]: ...
@overload
def open(
    source: Source,
    *,
    columns: Fields,
    transform: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Others],
) -> Dataset[dict[str, Any]]: ...
@overload
def open(
    source: Source,
    *,
    on_error: Literal["fill"],
    columns: None = None,
    on_missing: Literal["skip", "fill", "reject"] | None = None,
    transform: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Common],
) -> Dataset[dict[str, Any]]: ...
@overload
def open(
    source: Source,
    *,
    on_missing: Literal["fill"],
    columns: None = None,
    on_error: Literal["raise"] | OnErrors | None = None,
    transform: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Common],
) -> Dataset[dict[str, Any]]: ...
@overload
def open(
    source: Source,
    *,
    columns: None = None,
    on_error: Literal["raise"] | None = None,
    on_missing: Literal["skip", "reject"] | None = None,
    transform: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Common],
) -> Dataset[NDArray[np.generic[Any]]]: ...
@overload
def open(
    source: Source,
    *,
    transform: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Dataset[Any]: ...
@keywords
def open(
    source: Source,
    *,
    transform: Callable[[Any], Any] | None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Dataset[Any]:
    """Gives random access to the images of files, after one pass that decodes nothing.

    Args:
        source: A path, glob or address, a list of them, or NDJSON text as `bytes`. Streams cannot be read at
            random, nor can files of zstd, xz or bzip2 (those of gzip can): decompress them, or `convert` and use
            `numpy.load` with `mmap_mode="r"`. A folder of shards that `convert` wrote is read as one; then `columns` is
            the only option.
        transform: Called with each item when it is asked for; what it gives is the item then. For worker
            processes that are spawned it must pickle.
        index: A file that keeps the index, so that the pass is made once: it is read where it was made
            from the same inputs (name, size, time of modification) and options, and written otherwise.
        progress: As for `load`.
        **options: The options of the command, by their names with underscores. With `on_error="fill"` every
            number gives an item, and no bad image an exception: shape and dtype are those of the first records,
            as for `load`, or those that are given, and what is bad or has no image is `fill_value`, with
            `valid` false. `on_missing="fill"` does so for records without image. Otherwise they raise.

    Returns:
        A `Dataset` with one item for each image, and one for each record without any: an array, or
        with `columns` or a fill option a dict of `image`, `valid` and the fields.

    Raises:
        Error: Kinds `options` and `plan`.
        OSError: The machine: a file that is missing, a read that fails.
    """
    if folder := _shards.at(source):
        return Dataset(_shards.Shards(folder, dict(options)), source, dict(options), transform)
    native = _ndpix.open(source, index, options, Hooks(progress))
    return Dataset(native, source, _named(native, dict(options)), transform)
