"""Folders of `.npy` shards that `convert` wrote with `shard_rows`, read as one."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ndpix import _ndpix
from ndpix._errors import Error
from ndpix._options import Columns, Fields, Kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = "ndpix shards"
"""What the manifest of such a folder says it is."""


def at(source: object) -> str | None:
    """The folder, where the source is one that holds shards."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    folder = os.fspath(source)
    try:
        with open(os.path.join(folder, "manifest.json"), "rb") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return folder if isinstance(found, dict) and found.get("format") == FORMAT else None


class Shards:
    """The arrays of a folder: what `Dataset` asks of its other half."""

    def __init__(self, folder: str, options: dict[str, Any]) -> None:
        import numpy as np

        passing = {name for name, governs in _ndpix.governs() if governs == "run"}
        others = [name for name, _ in _ndpix.changed(options) if name != "columns" and name not in passing]
        if others:
            raise Error(f"{folder} holds arrays, and {others[0]} has no say in them; leave it out, or read the records")
        with open(os.path.join(folder, "manifest.json"), "rb") as file:
            manifest = json.load(file)
        self._folder = folder
        # A manifest that came from elsewhere must not lead to other files.
        for shard in manifest["shards"]:
            if not _plain(shard["file"]):
                raise Error(f"{folder}: the manifest names {shard['file']!r}, which is not a file of this folder")
        self._arrays = [self._array(shard["file"]) for shard in manifest["shards"]]
        lengths = [shard["rows"] for shard in manifest["shards"]]
        self._filled = int(manifest["ndpix_counts"]["filled"])
        # Of flat images a shard has elements, and its rows are those of `shapes`.
        self._flat = manifest["holds"] == "pixels"
        for shard, array, length in zip(manifest["shards"], self._arrays, lengths):
            if not self._flat and len(array) != length:
                raise Error(f"{folder}: {shard['file']} has {len(array)} rows, and the manifest says {length}")
        self._ends = np.cumsum(lengths, dtype=np.int64)
        self._empty = np.empty((0, *manifest["item"]), manifest["dtype"])
        if self._flat:
            self._offsets, self._shapes = self._array("offsets.npy"), self._array("shapes.npy")
        self._legends: dict[str, list[str]] = manifest.get("ndpix_legends", {})
        self._columns = _columns(folder, options.get("columns"), self._legends)

    def _array(self, name: str) -> NDArray[Any]:
        import numpy as np

        path = os.path.join(self._folder, name)
        # An array without elements cannot be mapped.
        array: NDArray[Any] = np.load(path, mmap_mode="r" if os.path.getsize(path) > 4096 else None)
        return array

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def legends(self) -> list[tuple[str, list[str]]]:
        """The names of classes by the column or array that has their numbers."""
        return list(self._legends.items())

    def named_options(self) -> list[tuple[str, str]]:
        """None: nothing is looked for here."""
        return []

    def load(self) -> tuple[NDArray[np.generic[Any]], Kept]:
        """All rows as one array, and the columns."""
        import numpy as np

        if self._flat:
            raise Error(f"{self._folder} holds images of different sizes, which make no array; ndpix.open gives each")
        images = np.empty((len(self), *self._empty.shape[1:]), self._empty.dtype)
        for end, array in zip(self._ends.tolist(), self._arrays):
            images[end - len(array) : end] = array
        return images, Kept(self._columns, self._legends)

    def get(self, number: int) -> tuple[NDArray[np.generic[Any]], Columns, list[Any]]:
        """The image of this number, the columns of one row, and nothing that would be filled here."""
        import numpy as np

        shard = int(np.searchsorted(self._ends, number, side="right"))
        first = int(self._ends[shard - 1]) if shard else 0
        columns = {name: column[number : number + 1] for name, column in self._columns.items()}
        if not self._flat:
            return np.array(self._arrays[shard][number - first]), columns, []
        start, stop = (int(self._offsets[n] - self._offsets[first]) for n in (number, number + 1))
        return np.array(self._arrays[shard][start:stop]).reshape(self._shapes[number]), columns, []

    def get_many(self, numbers: list[int]) -> tuple[NDArray[np.generic[Any]], Columns, list[Any]]:
        """The images of these numbers, stacked, the columns, and nothing that would be filled here."""
        import numpy as np

        found = [self.get(number)[0] for number in numbers]
        if len({image.shape for image in found}) > 1:
            raise Error("images of different shapes do not stack; ask for them one by one", "shape")
        columns = {name: column[numbers] for name, column in self._columns.items()}
        return np.stack(found) if found else self._empty, columns, []

    def get_each(self, numbers: list[int]) -> list[tuple[NDArray[np.generic[Any]], Columns, list[Any]]]:
        """As `get`, of each of these numbers."""
        return [self.get(number) for number in numbers]

    def check(self, pixels: bool, hooks: object) -> list[tuple[int, tuple[str, int, int, int, str, str]]]:
        """The rows that the conversion filled, from the row map."""
        import numpy as np

        if not self._filled:
            return []
        numbers = np.flatnonzero(~self._rows()["valid"]).tolist()
        why = "the conversion filled this row; its rejects file has the reason"
        return [(number, (*self.position(number), "", why)) for number in numbers]

    def position(self, number: int) -> tuple[str, int, int, int]:
        """Number of the input as text, line, byte and item, from the row map."""
        place = self._rows()[number]
        return str(place["file"]), int(place["line"]), int(place["byte"]), int(place["item"])

    def _rows(self) -> NDArray[Any]:
        """The row map."""
        try:
            return self._array("rows.npy")
        except FileNotFoundError:
            raise Error(f"{self._folder} has no row map; write it with rows always") from None

    def index(self) -> bytes:
        """Nothing: the manifest is the index."""
        return b""


def _plain(name: object) -> bool:
    """Whether this is the name of a file, and no path."""
    return isinstance(name, str) and name not in ("", ".", "..") and not any(c in name for c in "/\\:\0")


def _columns(folder: str, wanted: Fields | None, classes: Collection[str]) -> Columns:
    """The columns with these names, as `load` gives them."""
    if wanted is None:
        return {}
    text = dict(_ndpix.changed({"columns": wanted})).get("columns")
    names = text.split("\n") if text else []
    if not names:
        return {}
    try:
        from pyarrow import parquet
    except ImportError:
        raise Error("the columns of shards are in columns.parquet; install pyarrow to have them read") from None
    path = os.path.join(folder, "columns.parquet")
    known = parquet.read_schema(path).names if os.path.exists(path) else []
    for name in names:
        if name not in known:
            held = ", ".join(known) or "no columns"
            raise Error(f"{folder} has no column {name}; it holds {held}")
    table = parquet.read_table(path, columns=names)
    return {name: _column(table[name], -1 if name in classes else 0) for name in names}


def _column(column: Any, missing: int) -> NDArray[Any]:
    """A column as NumPy has it; `missing` is what integers are where they are not there."""
    import numpy as np
    import pyarrow as pa

    kind = column.type
    nulls = np.asarray(column.is_null(), bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        zero = False if pa.types.is_boolean(kind) else missing
        values = np.asarray(column.fill_null(zero))
        return np.ma.MaskedArray(values, nulls) if nulls.any() else values
    if pa.types.is_timestamp(kind):
        times = np.asarray(column.cast(pa.int64()).fill_null(np.iinfo(np.int64).min)).view("datetime64[ns]")
        return np.ma.MaskedArray(times, nulls) if nulls.any() else times
    found = column.to_pylist()
    if pa.types.is_list(kind):
        dtype = kind.value_type.to_pandas_dtype()
        rows = [None if row is None else np.array(row, dtype) for row in found]
        if not nulls.any() and len({len(row) for row in found}) < 2:
            return np.array(found, dtype).reshape(len(found), len(found[0]) if found else 0)
        found = rows
    # One by one: NumPy would look into the rows.
    objects = np.empty(len(found), object)
    for number, value in enumerate(found):
        objects[number] = value
    return objects
