"""`ndpix.load`: every image in one array."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, overload

from ndpix import _ndpix, _shards
from ndpix._errors import rejected
from ndpix._options import Fields, Kept, Options, Others, Source, keywords
from ndpix._progress import Hooks
from ndpix._summary import read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack


@overload
def load(
    source: Source, *, columns: Fields, progress: bool | None = None, **options: Unpack[Others]
) -> tuple[NDArray[np.generic[Any]], Kept]: ...
@overload
def load(
    source: Source, *, columns: None = None, progress: bool | None = None, **options: Unpack[Others]
) -> NDArray[np.generic[Any]]: ...
@overload
def load(source: Source, *, progress: bool | None = None, **options: Unpack[Options]) -> Any: ...
@keywords
def load(source: Source, *, progress: bool | None = None, **options: Unpack[Options]) -> Any:
    """Reads every image of the records into one array.

    Args:
        source: A path, folder, glob or address (`s3://bucket/key`), a list of them, a binary file object, NDJSON text as
            `bytes`, or an iterable of `bytes` or `dict` records. `-` is standard input. A folder of shards that
            `convert` wrote is read as one array; then `columns` is the only option.
        progress: A bar on standard error: `True`, `False`, or `None` for where a terminal or notebook is.
        **options: The options of the command, by their names with underscores.

    Returns:
        The images in input order, stacked on axis 0: `(rows, height, width)` for gray,
        `(rows, height, width, channels)` for 2 to 4 channels, or rows of whatever shape raw pixels and
        number lists have. The dtype is the stored one. C-contiguous, writeable, the first element at a
        multiple of 64 bytes; it owns its memory and was never copied.

        With `arrays` a dict of such arrays by their names, row `i` of all from the same record; the array of `field` is
        called `images`.

        With `columns` a pair: that array (or dict), and a dict of arrays by the names of the fields, a row for
        each image. They are int64, float64 or bool (a `numpy.ma.MaskedArray` where a row has no value),
        objects of `str` or `None` for strings and JSON text, and for lists of numbers rows of two
        axes, or objects of arrays where their lengths differ. Its `legends` has the names of classes.

    Raises:
        Error: Kinds `options` and `plan` before the work; another kind when a record ends the run
            (`on_error="raise"`, too many rejects, lost framing).
        OSError: The machine: a file that is missing, a read that fails.

    Warns:
        RejectedWarning: Once, when images were passed over.
    """
    if folder := _shards.at(source):
        array, kept = _shards.Shards(folder, dict(options)).load()
    else:
        array, columns, summary = _ndpix.load(source, options, Hooks(progress))
        done = read(summary)
        kept = Kept(columns, done.legends)
        if warning := rejected(done):
            warnings.warn(warning, stacklevel=2)
    return array if options.get("columns") is None else (array, kept)
