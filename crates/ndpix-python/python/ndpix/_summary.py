"""What a run did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """The counts of a run: `records = with_image + without_image + unreadable`, and
    `images = decoded + rejected_images`.

    Attributes:
        records: Records read and taken, whatever became of them.
        with_image: Records with at least one image.
        without_image: Records whose field is absent, null or an empty list.
        unreadable: Records that are not JSON, or too long.
        passed_over: Records passed over by `skip`.
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
        oriented: Images that carry an orientation.
        alpha: Images that have alpha.
        premultiplied: Images whose colours are stored multiplied with alpha.
        steps: What was done to pixels, in order, as text.
        multi_frame: Images of which only the first frame was read.
        bytes_read: Decompressed bytes read.
        bytes_written: Bytes of pixels.
        inputs: The inputs, as they were named.
        outputs: The files that were written, the array first.
        seconds: How long it took.
        peak_memory: The most memory that the process has held so far, in bytes.
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
    oriented: int
    alpha: int
    premultiplied: int
    steps: list[str]
    multi_frame: int
    bytes_read: int
    bytes_written: int
    inputs: list[str]
    outputs: list[str]
    seconds: float
    peak_memory: int
