"""The options of every operation, as types for readers and checkers.

Names, defaults and meanings are those of the library: what is left out or `None` keeps its default, and
nothing is checked here. `inspect.signature(ndpix.load)` lists them from the library's own table.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypedDict, TypeVar, Union

from ndpix import _ndpix
from ndpix._errors import Kind

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Path = Union[str, "os.PathLike[str]"]
"""The name of a file."""

Record = Union[bytes, bytearray, memoryview, "dict[str, Any]"]
"""One record: JSON text, or an object that becomes JSON; `bytes` inside it become base64."""

Source = Union[Path, "Sequence[Path]", BinaryIO, bytes, bytearray, memoryview, Iterable[Record]]
"""Where records come from: a path, folder or glob, a list of them, a binary file object, NDJSON text as `bytes`,
or an iterable of records. Streams, text and records have no folder: image paths inside them need
`base_dir`."""

Shape = Union[str, int, "tuple[int, ...]", "list[int]"]
"""Axes as NumPy counts them, height first: `(480, 640, 3)` or `"480,640,3"`."""


Fields = Union[str, "list[str]", "tuple[str, ...]", "dict[str, str | list[str] | None]"]
"""Fields of the record: `["label", "meta.id"]` or `"label,meta.id"`; with what they are read as, where that is not left
to the first records: `{"id": None, "taken": "datetime", "label": ["cat", "dog"]}`."""

Arrays = Union["dict[str, Union[str, dict[str, Any], None]]", "list[str]", "tuple[str, ...]"]
"""Further arrays: a dict of their fields, or of dicts with a field and options of their own, by their names; or a list as
the command has it: `["rgb", "mask=labels.mask,resample=nearest"]`."""

Columns = dict[str, Any]
"""Kept fields by their names, an array each with a row for each image: int64, float64, bool and datetime64[ns] (a
`numpy.ma.MaskedArray` where a row has no value), objects of `str` or `None` for strings and JSON text;
lists of numbers are rows of two axes where all are there and of one length, and else objects of arrays
or `None`."""


class Kept(dict[str, Any]):
    """What `load` gives beside the array: the kept fields by their names, an array each with a row for each image, and what
    numbers in them mean."""

    def __init__(self, columns: Columns, legends: dict[str, list[str]]) -> None:
        super().__init__(columns)
        self.legends = legends
        """The names of classes, by the column that has their numbers, and by the array whose masks are drawn with them: in a
        column the first has 0, in masks 1."""


OnErrors = dict[Union[Kind, Literal["default"]], Literal["skip", "fill", "raise"]]
"""What becomes of bad images and records, by the kind of what is wrong with them."""


class Common(TypedDict, total=False):
    """All options that say nothing of whether an array comes back, or a dict."""

    field: str | list[str] | tuple[str, ...] | None
    """The field that holds the image: `a.b[2].c`, `images[*].url`, `/json/pointer`, or `.` for the record
    itself; with `stack` a list of them. Default: the one field of the first records that holds images."""
    encoding: str | list[str] | tuple[str, ...] | None
    """How the value holds the image: `auto`, `encoded`, `data-url`, `raw`, `npy`, `npz`, `compressed-depth`, `hex`, `list`, `text`,
    `tensor`, `bytes`, `path`, `url`, `rle`, `polygon`, `strokes`, `strokes-raw`, or a chain
    such as `base64+zlib+npy` or `json+list`. `auto` decides on the first records and then holds every record to it. A list allows these, and each value is the one that it seems to be."""
    mixed: bool | None
    """Decide the encoding for each record."""
    raw_shape: Shape | tuple[int | str, ...] | None
    """Shape of raw pixels, or the fields that hold it: `("@height", "@width", 3)`; `@.height` stands beside
    the value, `@height` counts from the record."""
    raw_dtype: DTypeLike | None
    """Element type of raw pixels, such as `uint16` or `>u2`, or `@field`."""
    raw_byteorder: str | None
    """Byte order of raw pixels: `little`, `big` or `@field`. Default: what `raw_dtype` says, else little."""
    raw_order: str | None
    """Memory order of raw pixels: `C`, `F` or `@field`."""
    raw_channels: Literal["rgb", "bgr"] | None
    """Colour order of raw pixels; `bgr` is swapped on reading."""
    raw_layout: str | None
    """Axis order of raw pixels and number lists: `hwc`, `chw` or `@field`; `chw` becomes `hwc` on reading."""
    raw_step: int | str | None
    """Bytes from one row of raw pixels to the next, or `@field`."""
    allow_nan: bool | None
    """Read `NaN`, `Infinity` and `-Infinity` as numbers, and `null` in lists of floats as NaN."""
    text_repair: bool | None
    """Make good text that was damaged in a known way: base64 in which each `+` became a blank."""
    formats: str | list[str] | tuple[str, ...] | None
    """The image formats that are read, such as `["png", "jpeg"]`; others are rejected."""
    shape: Shape | None
    """The shape every image must have."""
    dtype: DTypeLike | None
    """The dtype of the array; number lists are read as it, other pixels are converted, and what is out
    of its range is an error."""
    mode: Literal["auto", "L", "LA", "RGB", "RGBA", "BGR", "P"] | None
    """The channels of the array, by Pillow's names; `P` keeps palette indices."""
    background: str | None
    """The colour that alpha is blended on where `mode` has none: `white`, `#rrggbb`. Default: dropped."""
    exif_transpose: bool | None
    """Turn images upright by their EXIF, XMP or TIFF orientation."""
    rescale: bool | None
    """Make numbers of DICOM and FITS images the quantities that they stand for, by slope and intercept."""
    frames: str | None
    """Frames of animations and pages of multi-page files: `first`, `all` as a leading axis, or `index:N`."""
    size: Shape | None
    """Resize to `N` or `(height, width)`."""
    fit: Literal["stretch", "crop", "pad", "contain"] | None
    """How, where the aspect differs; without it that is refused."""
    resample: Literal["bilinear", "nearest", "box", "hamming", "bicubic", "lanczos"] | None
    """The filter, with Pillow's results."""
    pad_value: float | None
    """What stands around padded images, before `dtype` and `scale`."""
    scale: Literal["none", "unit", "full"] | None
    """How numbers of one dtype become those of another: as they are, to 0 to 1, or full range to full
    range."""
    normalize: str | tuple[Any, ...] | None
    """`(x - mean) / std`: `none`, `imagenet`, `clip`, `"MEAN/STD"`, or a pair of lists."""
    layout: Literal["hwc", "chw"] | None
    """The order of axes."""
    stack: Literal["off", "new-axis", "channel"] | None
    """Several fields, the bands, become one image: on a new first axis, or channel after channel."""
    fill_value: float | None
    """The value of rows without image."""
    merge: Literal["off", "any", "class", "instance"] | str | None
    """The masks of a record become one image: where any is, by the numbers of their classes, or counted."""
    where: str | Sequence[str] | None
    """Records to take, by a field of theirs: `"split=train"`, `"height>=64"`, `"name~REGEX"`, `"mask exists"`;
    several must all hold."""
    skip: int | None
    """Records to pass over, blank lines not counted."""
    limit: int | None
    """Records to take."""
    max_rejects: int | str | None
    """End the run when exceeded: a number, a share such as `"5%"`, or `"none"`."""
    warn_rejects: int | str | None
    """Finish, and warn, where more than this were rejected: a number, or a share such as `"1%"`."""
    rejects: Path | None
    """The file that rejects go to, or `"none"`. Default: `OUT.rejects.ndjson` beside an output, none
    without one."""
    rejects_content: Literal["full", "position"] | None
    """Whether that file holds the text of the records."""
    framing: Literal["auto", "lines", "array", "concat", "seq"] | None
    """How records follow each other."""
    on_truncated: Literal["stop", "keep"] | None
    """A compressed input that ends before its end: `keep` reads the whole records before it."""
    base_dir: Path | None
    """Where relative image paths begin, and a folder that they may reach. Default: the folder of each
    input."""
    allow_dir: Path | list[Path] | tuple[Path, ...] | None
    """Further folders that image paths may reach; `/` opens all."""
    path_prefix: str | list[str] | tuple[str, ...] | None
    """What image paths begin with, and what stands there instead: `"/data/local-files/?d==images/"`; the
    last `=` parts them."""
    fetch: Literal["off", "https", "http"] | None
    """Whether images behind addresses in records are fetched; `http` takes both."""
    allow_host: str | list[str] | tuple[str, ...] | None
    """Hosts, with or without a port, that `fetch` may ask though they are not on the public network."""
    rejects_input: bool | None
    """The inputs are rejects files, whatever they are called. Default: those that end in
    `.rejects.ndjson` and are given by path."""
    max_record_bytes: int | str | None
    """The longest record, in bytes; `"64M"` is understood."""
    max_pixels: int | None
    """The most pixels of one image."""
    memory: int | str | None
    """The most bytes for images in flight, or `auto`; large ones wait for each other."""
    threads: int | None
    """Threads; 0 takes all cores."""
    if_exists: Literal["error", "skip", "replace"] | None
    """An output that is there already."""
    rows: Literal["auto", "always", "never"] | None
    """Whether to write the row map `OUT.rows.npy`."""
    ragged: Literal["off", "pad", "flat"] | None
    """Images of different sizes, for files: `pad` lays each into a row of the largest, `flat` lays their
    elements one after another."""
    images_as: Literal["pixels", "encoded"] | None
    """What Parquet holds of an image: pixels, or the image file as it came."""
    chunks: int | None
    """Rows of a chunk, in outputs that have chunks. Default: about 1 MiB."""
    output_compression: str | None
    """How chunks are compressed: `auto`, `none`, `gzip`, `gzip:1` to `gzip:9`, `zstd`, `zstd:1` to
    `zstd:22`."""
    shard_rows: int | None
    """Rows of a shard: the output is a folder of `.npy` files, or a Zarr array of such shards."""
    append: bool | None
    """Add rows to the output that is there."""
    append_again: bool | None
    """Add inputs once more that were appended before."""
    fresh: bool | None
    """Begin anew where the same conversion was ended before."""
    on_missing_column: Literal["error", "fill"] | None
    """A field of `columns` that none of the first records has: refused, or kept as a column of nulls."""
    column_type: str | list[str] | tuple[str, ...] | dict[str, str | list[str]] | None
    """What fields of `columns` are read as, where that is not left to the first records: `{"taken": "datetime"}` or
    `["taken=datetime"]`; `int`, `float`, `bool`, `text`, `ints`, `floats`, `json`, `datetime`, and of numbers
    `datetime[s]`, `datetime[ms]`, `datetime[us]`, `datetime[ns]`; `category`, or a list of the names of classes."""


class Others(Common, total=False):
    """All options but `arrays` and `columns`."""

    on_missing: Literal["skip", "fill", "reject"] | None
    """A record without image: no row, a row of `fill_value`, or a reject."""
    on_error: Literal["skip", "fill", "raise"] | OnErrors | None
    """A bad image or record: no row, a row of `fill_value`, or the end of the run. By the kind of what is
    wrong: `{"default": "skip", "json": "raise"}`, or as the command has it: `"skip,json=raise"`."""


class Options(Others, total=False):
    """The options of every operation, as keywords. Each may be left out or `None`, which is the default.

        training: ndpix.Options = {"size": 224, "fit": "crop", "mode": "RGB", "on_error": "fill"}
        ds = ndpix.open("train.ndjson", **training)
    """

    array: Arrays | None
    """Further arrays of the same records: `{"mask": {"field": "labels.mask", "resample": "nearest"}}`, `["rgb", "depth"]`.
    Rows come as a dict of arrays then. `arrays` is the same."""
    arrays: Arrays | None
    columns: Fields | None
    """Fields of the record to keep beside the images: `["label", "meta.id"]`. Image values inside them
    become row numbers."""


Function = TypeVar("Function", bound=Callable[..., Any])


def keywords(function: Function) -> Function:
    """Gives a function that takes `**options` a signature that lists them."""
    mine = inspect.signature(function)
    kept = [p for p in mine.parameters.values() if p.kind is not p.VAR_KEYWORD]
    listed = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_value(text))
        for name, text in _ndpix.defaults()
    ]
    function.__signature__ = mine.replace(parameters=kept + listed)  # type: ignore[attr-defined]
    return function


def _value(text: str | None) -> object:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text and text.isdigit() else text
