"""What can go wrong, and what was passed over."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ndpix._summary import Summary

Kind = Literal["json", "field", "encoding", "unsupported", "image", "shape", "limit", "path", "fetch"]
"""What can be wrong with a record or an image."""


def visible(text: str) -> str:
    """Text in which nothing acts: control characters but line ends, those that turn the direction of text around,
    and those that cannot be seen stand as `\\u{1b}`."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{{{ord(c):x}}}" for c in text)


class Error(ValueError):
    """A record, an image, an option or a plan that does not work.

    Failures of the machine are not of `Error`: they stay `OSError` (`FileNotFoundError`, ...) and
    `MemoryError`.

    Attributes:
        kind: What it is about: `json`, `field`, `encoding`, `unsupported`, `image`, `shape`, `limit`,
            `path` and `fetch` concern a record, `options` and `plan` the call.
        file: The input as the caller named it, or `None` where no record is concerned.
        line: Line on which the record begins, from 1, or `None`.
        byte: Offset of the record's first byte in the decompressed input, from 0, or `None`.
        item: Which image of the record, from 0, or `None`.
    """

    def __init__(
        self,
        message: str,
        kind: Kind | Literal["options", "plan"] = "options",
        file: str | None = None,
        line: int | None = None,
        byte: int | None = None,
        item: int | None = None,
    ) -> None:
        super().__init__(visible(message))
        self.kind: Kind | Literal["options", "plan"] = kind
        self.file = file
        self.line = line
        self.byte = byte
        self.item = item

    def __reduce__(self) -> tuple[type[Error], tuple[object, ...]]:
        return type(self), (str(self), self.kind, self.file, self.line, self.byte, self.item)


class RejectedWarning(UserWarning):
    """Some images were not read; given once by `load` and by `batches`, and by `convert` where more were rejected
    than `warn_rejects` allows, or an input was cut.

    Attributes:
        rejected: How many, images and unreadable records together.
        counts: How many of each kind, by the kind's name.
        first: The first of them, each as `file:line: what was found`.
    """

    def __init__(self, message: str, rejected: int, counts: dict[str, int], first: list[str]) -> None:
        super().__init__(visible(message))
        self.rejected = rejected
        self.counts = counts
        self.first = first

    def __reduce__(self) -> tuple[type[RejectedWarning], tuple[object, ...]]:
        return type(self), (str(self), self.rejected, self.counts, self.first)


def warned(summary: Summary) -> Summary:
    """The summary, after what it says loudly was made a warning of whoever called its caller."""
    if summary.warnings:
        message = "; ".join(summary.warnings)
        warning = RejectedWarning(message, summary.rejected, summary.rejects, summary.first_rejects)
        warnings.warn(warning, stacklevel=3)
    return summary


def in_part(error: Error, part: int) -> Error:
    """An error that says of which part of a plan it is, as lines are counted from there."""
    return Error(f"part {part}: {error}", error.kind, error.file, error.line, error.byte, error.item)


def rejected(summary: Summary, part: int | None = None) -> RejectedWarning | None:
    """The warning for what a run has rejected, if it has, or a part of a plan."""
    if not summary.rejected:
        return None
    first = summary.first_rejects
    kinds = ", ".join(f"{n} {kind}" for kind, n in summary.rejects.items())
    of = "" if part is None else f"part {part}: "
    message = f"{of}{summary.rejected} rejected ({kinds}); the first: {first[0] if first else ''}"
    return RejectedWarning(message, summary.rejected, summary.rejects, first)
