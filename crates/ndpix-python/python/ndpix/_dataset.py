"""`ndpix.open`: images by their number, without converting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ndpix import _ndpix, _shards
from ndpix._options import Columns, Fields, Options, Others, Path, Source, keywords
from ndpix._progress import Hooks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack


Item = TypeVar("Item")
"""An array, or a dict where fields are kept."""


class Dataset(Generic[Item]):
    """A map-style dataset: `len(ds)`, `ds[i]`, `ds[10:20]`, `ds[[3, 1, 2]]`. Made by `open`.

    It holds an index, 32 bytes for each image, and open files; images are decoded when they are asked
    for, several of them in parallel. It may be used from several threads, forked, and pickled: then it
    takes its index along, and refuses inputs that have changed since.
    """

    def __init__(self, native: _ndpix.Dataset | _shards.Shards, source: Source, options: dict[str, Any]) -> None:
        self._native = native
        self._source = source
        self._options = options

    def __len__(self) -> int:
        """The number of images, and of records without any: nothing is passed over."""
        return len(self._native)

    def __getitem__(self, index: int | slice | Sequence[int]) -> Item:
        """One image with its own shape and dtype, or several stacked on axis 0.

        Args:
            index: A number, negative from the end; a slice; a list or array of numbers, in any order
                and with repetitions; a boolean mask.

        Returns:
            An array. Where fields are kept a dict: `image`, and each field by its name, of one image
            as a value of Python (an array for lists, `None` for none), of several as arrays like those
            of `load`. Images inside kept fields are there as numbers in this dataset.

        Raises:
            IndexError: No such number.
            Error: The record or image is bad (`on_error="fill"` with `shape` and `dtype` gives a fill
                value instead), or images that are asked for together differ in shape or dtype.
        """
        if hasattr(index, "__index__") and getattr(index, "ndim", 0) == 0:
            image, columns = self._native.get(self._number(index.__index__()))
            return self._item(image, _values(columns, 0))
        numbers = list(range(len(self))[index]) if isinstance(index, slice) else self._numbers(index)
        return self._item(*self._native.get_many(numbers))

    def __getitems__(self, indices: Sequence[int]) -> list[Item]:
        """A list of items, decoded in parallel: PyTorch's loaders ask for whole batches so."""
        images, columns = self._native.get_many(self._numbers(list(indices)))
        return [self._item(image, _values(columns, row)) for row, image in enumerate(images)]

    def position(self, index: int) -> tuple[str, int, int, int]:
        """Where an image stands: file, line from 1, byte from 0, item from 0. Shards know the file by
        its number alone."""
        place = self._native.position(self._number(index))
        assert place is not None, "the number was checked"
        return place

    def _item(self, image: NDArray[np.generic[Any]], columns: Columns) -> Any:
        return image if self._options.get("columns") is None else {"image": image, **columns}

    def _number(self, number: int) -> int:
        if not -len(self) <= number < len(self):
            raise IndexError(f"there is no image {number}; there are {len(self)}")
        return number % len(self)

    def _numbers(self, index: Any) -> list[int]:
        import numpy as np

        wanted = np.asarray(index)
        if wanted.dtype == bool and wanted.shape == (len(self),):
            return np.flatnonzero(wanted).tolist()
        if wanted.ndim != 1 or (wanted.size and not np.issubdtype(wanted.dtype, np.integer)):
            raise IndexError("an index is a number, a slice, a list of numbers, or a mask of all images")
        return [self._number(number) for number in wanted.tolist()]

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._source, self._options, self._native.index())

    def __repr__(self) -> str:
        return f"<ndpix.Dataset of {len(self)} images>"


def _values(columns: Columns, row: int) -> Columns:
    """One row of the columns, as values of Python; lists stay arrays."""
    from numpy import generic, ma

    found = {name: column[row] for name, column in columns.items()}
    return {n: None if v is ma.masked else v.item() if isinstance(v, generic) else v for n, v in found.items()}


def _reopen(source: Source, options: dict[str, Any], index: bytes) -> Dataset[Any]:
    if folder := _shards.at(source):
        return Dataset(_shards.Shards(folder, options), source, options)
    return Dataset(_ndpix.reopen(source, options, index), source, options)


@overload
def open(
    source: Source,
    *,
    columns: Fields,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Others],
) -> Dataset[dict[str, Any]]: ...
@overload
def open(
    source: Source,
    *,
    columns: None = None,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Others],
) -> Dataset[NDArray[np.generic[Any]]]: ...
@keywords
def open(
    source: Source,
    *,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Dataset[Any]:
    """Gives random access to the images of files, after one pass that decodes nothing.

    Args:
        source: A path, glob or address, a list of them, or NDJSON text as `bytes`. Streams cannot be read at
            random, nor can compressed files: decompress them, or `convert` and use `numpy.load` with
            `mmap_mode="r"`. A folder of shards that `convert` wrote is read as one; then `columns` is
            the only option.
        index: A file that keeps the index, so that the pass is made once: it is read where it was made
            from the same inputs (name, size, time of modification) and options, and written otherwise.
        progress: As for `load`.
        **options: The options of the command, by their names with underscores. `on_error` and
            `on_missing` give fill values with `"fill"`, which needs `shape` and `dtype`, and raise
            otherwise.

    Returns:
        A `Dataset` with one item for each image, and one for each record without any: an array, or
        with `columns` a dict of `image` and the fields.

    Raises:
        Error: Kinds `options` and `plan`.
        OSError: The machine: a file that is missing, a read that fails.
    """
    if folder := _shards.at(source):
        return Dataset(_shards.Shards(folder, dict(options)), source, dict(options))
    native = _ndpix.open(source, index, options, Hooks(progress))
    return Dataset(native, source, dict(options))
