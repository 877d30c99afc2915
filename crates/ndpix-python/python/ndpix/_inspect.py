"""`ndpix.inspect`: what is in there, and how to read it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ndpix import _ndpix
from ndpix._options import Options, Path, Source, keywords
from ndpix._pages import figure, shown
from ndpix._pictures import small
from ndpix._progress import Hooks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

THUMBNAILS = 8


@dataclass(frozen=True, repr=False)
class Report:
    """What the first records say. In a notebook it shows itself, with the first images.

    Attributes:
        framing: How records follow each other.
        compression: Compressions of the inputs.
        source: The program or service whose records these are, such as `COCO`, where their keys leave no doubt.
        sampled: Records that were looked at.
        fields: The fields that may hold images: of each how many of its values hold one how, in how many records it
            is, and what it is in words.
        field: The field that a run would read, if it is clear.
        bands: The fields that it would stack after that one.
        encoding: The encoding that a run would enforce, if it is clear.
        images: Images among the records that were looked at.
        formats: Image formats, with counts.
        shapes: Shape, dtype, color and count of each kind of image, the most frequent 256 first.
        spread: How many kinds and images there are, the smallest and the largest, the narrowest and the
            widest aspect; `None` without images.
        orientations: EXIF, XMP or TIFF orientations, with counts.
        aspects: Aspects, width to height as the images are stored, with counts: the 256 most frequent.
        alpha: Images that have alpha.
        multi_frame: Images with more frames or pages than one.
        without_image: Records without image.
        rejected: Rejects to expect: how many the records that were looked at have.
        rejects: The first 256 of them, as messages.
        shape: Shape of one row of the array, as text.
        dtype: Dtype of the array.
        expected_rows: Rows to expect, where the size of the inputs is known.
        expected_bytes: Bytes of the array to expect, where that is known.
        free_bytes: Bytes free on the disk of the current folder, where that can be told.
        choices: Other options that would fit, each with the bytes of the array, or of a row where the
            number of rows is not known.
        notes: What a run would say before it works.
        output: What the name of the output ends in: of the first output that can hold all that is asked for.
        problem: Why no array can be made, and what to do; `None` where one can.
        remedies: What would do where no field can be chosen: of each way to go on what it does, its options as
            names and values, and the command where the source is files.
        suggestion: The options with which an array can be made, where there is a problem and a way out.
        command: The command to run, as a line for a shell; `None` where there is no way out or the
            source is not a file.
    """

    framing: str
    compression: list[str]
    source: str | None
    sampled: int
    fields: dict[str, dict[str, Any]]
    field: str | None
    bands: list[str]
    encoding: str | None
    images: int
    formats: dict[str, int]
    shapes: list[tuple[str, str, str, int]]
    spread: dict[str, Any] | None
    orientations: dict[int, int]
    aspects: dict[str, int]
    alpha: int
    multi_frame: int
    without_image: int
    rejected: int
    rejects: list[str]
    shape: str | None
    dtype: str | None
    expected_rows: int | None
    expected_bytes: int | None
    free_bytes: int | None
    choices: list[tuple[dict[str, str], int]]
    notes: list[str]
    output: str | None
    problem: str | None
    remedies: list[dict[str, Any]]
    suggestion: dict[str, str] | None
    command: str | None
    _text: str = field(default="", repr=False, compare=False)
    _html: str = field(default="", repr=False, compare=False)
    _again: tuple[Source, dict[str, Any]] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        """The report as the lines of text that the command prints."""
        return self._text.rstrip("\n")

    def thumbnails(self) -> list[NDArray[np.generic[Any]]]:
        """The first images, each with its own shape; none where the source cannot be read twice."""
        if self._again is None or self.field is None:
            return []
        source, options = self._again
        found = {"field": [self.field, *self.bands], "encoding": self.encoding}
        try:
            all_of_them = _ndpix.samples(source, THUMBNAILS, {**found, **options}, Hooks(False))
            return [image for _, image in all_of_them if not isinstance(image, Exception)]
        except (ValueError, OSError):
            return []

    def __repr__(self) -> str:
        found = self.problem or f"field {self.field}, encoding {self.encoding}, rows of {self.shape} {self.dtype}"
        return f"<ndpix.Report of {self.sampled} records: {shown(found)}>"

    def _repr_html_(self) -> str:
        pictures = [picture for image in self.thumbnails() if (picture := small(image)) is not None]
        return f"{self._html}<div>{''.join(map(figure, pictures))}</div>"


@keywords
def inspect(source: Source, *, report: Path | None = None, **options: Unpack[Options]) -> Report:
    """Looks at the first records and says what they hold and what a run would make of them.

    Args:
        source: As for `load`. Of a stream the beginning is used up.
        report: A file that gets the report as a page of HTML for people, with pictures, histograms and the rejects to
            expect among the first 10,000 records. It needs nothing beside itself.
        **options: The options of the command, by their names with underscores.

    Returns:
        A `Report`. That no array can be made is part of it (`.problem`) and no exception.

    Raises:
        Error: Kind `options`; a source that holds no records.
        OSError: The machine: a file that is missing, a read that fails.
    """
    said, text, page = _ndpix.inspect(source, report, options, Hooks(False))
    # A stream is used up and an iterator too; everything else can be read once more.
    again = hasattr(source, "__fspath__") or isinstance(source, (str, bytes, list, tuple))
    return Report(**_values(said), _text=text, _html=page, _again=(source, dict(options)) if again else None)


def _values(report: str) -> dict[str, Any]:
    """The attributes, from the report as JSON."""
    values: dict[str, Any] = json.loads(report)
    del values["version"]
    values["fields"] = {f.pop("field"): f for f in values["fields"]}
    values["shapes"] = [(s["shape"], s["dtype"], s["color"], s["count"]) for s in values["shapes"]]
    values["orientations"] = {int(o): count for o, count in values["orientations"].items()}
    values["choices"] = [(choice["options"], choice["bytes"]) for choice in values["choices"]]
    values["command"] = values.pop("command_line")
    for remedy in values["remedies"]:
        remedy["command"] = remedy.pop("command_line")
    return values
