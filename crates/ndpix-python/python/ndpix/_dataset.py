"""`ndpix.open`: images by their number, without converting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from ndpix import _ndpix
from ndpix._options import Options, Path, Source, keywords
from ndpix._progress import Hooks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack


class Dataset:
    """A map-style dataset: `len(ds)`, `ds[i]`, `ds[10:20]`, `ds[[3, 1, 2]]`. Made by `open`.

    It holds an index, 32 bytes for each image, and open files; images are decoded when they are asked
    for, several of them in parallel. It may be used from several threads, forked, and pickled: then it
    takes its index along, and refuses inputs that have changed since.
    """

    def __init__(self, native: _ndpix.Dataset, source: Source, options: dict[str, Any]) -> None:
        self._native = native
        self._source = source
        self._options = options

    def __len__(self) -> int:
        """The number of images, and of records without any: nothing is passed over."""
        return len(self._native)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.generic[Any]]: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int]) -> NDArray[np.generic[Any]]: ...
    def __getitem__(self, index: Any) -> NDArray[np.generic[Any]]:
        """One image with its own shape and dtype, or several stacked on axis 0.

        Args:
            index: A number, negative from the end; a slice; a list or array of numbers, in any order
                and with repetitions; a boolean mask.

        Raises:
            IndexError: No such number.
            Error: The record or image is bad (`on_error="fill"` with `shape` and `dtype` gives a fill
                value instead), or images that are asked for together differ in shape or dtype.
        """
        if isinstance(index, slice):
            return self._native.get_many(list(range(len(self))[index]))
        if hasattr(index, "__index__") and getattr(index, "ndim", 0) == 0:
            return self._native.get(self._number(index.__index__()))
        return self._native.get_many(self._numbers(index))

    def __getitems__(self, indices: Sequence[int]) -> list[NDArray[np.generic[Any]]]:
        """A list of images, decoded in parallel: PyTorch's loaders ask for whole batches so."""
        return list(self[list(indices)])

    def position(self, index: int) -> tuple[str, int, int, int]:
        """Where an image stands: file, line from 1, byte from 0, item from 0."""
        place = self._native.position(self._number(index))
        assert place is not None, "the number was checked"
        return place

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


def _reopen(source: Source, options: dict[str, Any], index: bytes) -> Dataset:
    return Dataset(_ndpix.reopen(source, options, index), source, options)


@keywords
def open(
    source: Source,
    *,
    index: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Dataset:
    """Gives random access to the images of files, after one pass that decodes nothing.

    Args:
        source: A path or glob, a list of them, or NDJSON text as `bytes`. Streams cannot be read at
            random, nor can compressed files: decompress them, or `convert` and use `numpy.load` with
            `mmap_mode="r"`.
        index: A file that keeps the index, so that the pass is made once: it is read where it was made
            from the same inputs (name, size, time of modification) and options, and written otherwise.
        progress: As for `load`.
        **options: The options of the command, by their names with underscores. `on_error` and
            `on_missing` give fill values with `"fill"`, which needs `shape` and `dtype`, and raise
            otherwise.

    Returns:
        A `Dataset` with one item for each image, and one for each record without any.

    Raises:
        Error: Kinds `options` and `plan`.
        OSError: The machine: a file that is missing, a read that fails.
    """
    native = _ndpix.open(source, index, options, Hooks(progress))
    return Dataset(native, source, dict(options))
