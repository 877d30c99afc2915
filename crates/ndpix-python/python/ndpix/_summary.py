"""What a run did."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from ndpix._pages import table

FIRST = 5
"""Rejects and outputs that a notebook shows."""


@dataclass(frozen=True, repr=False)
class Summary:
    """The counts of a run: `records = with_image + without_image + unreadable`, and
    `images = decoded + rejected_images`.

    Attributes:
        records: Records read and taken, whatever became of them.
        with_image: Records with at least one image.
        without_image: Records whose field is absent, null or an empty list.
        unreadable: Records that are not JSON, or too long.
        passed_over: Records passed over by `where` and `skip`.
        limited: Whether `limit` was reached.
        blank_lines: Blank lines.
        images: Images found.
        decoded: Images that became a row.
        rejected_images: Images that did not.
        rows: Rows of the array, with fill rows.
        filled: Rows that hold the fill value.
        rejected: Everything that was rejected.
        rejects: The same by kind.
        first_rejects: The first rejects, each as `file:line: what was found`.
        truncated: Where compressed inputs end before their end, each as `file:line: what was found`.
        warnings: What is said loudly, a sentence each: more was rejected than `warn_rejects` allows, or an input
            was cut.
        oriented: Images that carry an orientation.
        alpha: Images that have alpha.
        premultiplied: Images whose colours are stored multiplied with alpha.
        multi_frame: Images with more frames or pages than one.
        overlapping: Images merged of masks of which one covers another.
        gzip_leaves: The share of the pixels that `output_compression` gzip would have left, told by samples: of an
            output that could be compressed and is not, where it would have saved something.
        legends: The names of classes, in the order of their numbers, by the column or array that has these; in a column the first is 0, in masks 1.
        steps: What was done to pixels, in order, as text.
        bytes_read: Decompressed bytes read.
        bytes_written: Bytes of pixels.
        inputs: The inputs, as they were named.
        originals: Files that records of a rejects file came from; in a row map they are numbered after the
            inputs.
        outputs: The files that were written, the array first.
        seconds: How long it took.
        peak_memory: The most memory that the process has held so far, in bytes; 0 where it cannot be told.
        interrupted: Whether it was interrupted.
        threads: Threads that it ran on.
    """

    records: int
    with_image: int
    without_image: int
    unreadable: int
    passed_over: int
    limited: bool
    blank_lines: int
    images: int
    decoded: int
    rejected_images: int
    rows: int
    filled: int
    rejected: int
    rejects: dict[str, int]
    first_rejects: list[str]
    truncated: list[str]
    warnings: list[str]
    oriented: int
    alpha: int
    premultiplied: int
    multi_frame: int
    overlapping: int
    gzip_leaves: float | None
    legends: dict[str, list[str]]
    steps: list[str]
    bytes_read: int
    bytes_written: int
    inputs: list[str]
    originals: list[str]
    outputs: list[str]
    seconds: float
    peak_memory: int
    interrupted: bool
    threads: int

    def __repr__(self) -> str:
        rejected = f", {self.rejected} rejected" if self.rejected else ""
        return f"<ndpix.Summary: {self.rows} rows of {self.records} records{rejected}>"

    def _repr_html_(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.rejects.items())
        rows: list[tuple[str, object]] = [
            ("rows", f"{self.rows}, of them {self.filled} filled" if self.filled else self.rows),
            ("records", f"{self.records}: {self.with_image} with image, {self.without_image} without, "
                        f"{self.unreadable} unreadable"),
            ("images", f"{self.images}: {self.decoded} decoded, {self.rejected_images} rejected"),
            ("rejects", f"{self.rejected}: {kinds}" if kinds else self.rejected),
            *[("", first) for first in self.first_rejects[:FIRST]],
            *[("output", output) for output in self.outputs[:FIRST]],
            ("took", f"{self.seconds:.2f} s"),
        ]
        return table(rows)


def read(text: str) -> Summary:
    """The summary that the library gave as JSON."""
    values = json.loads(text)
    return Summary(**{field.name: values[field.name] for field in dataclasses.fields(Summary)})
