"""`ndpix.convert`: an array file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ndpix import _ndpix
from ndpix._errors import warned
from ndpix._options import Options, Path, Source, keywords
from ndpix._progress import Hooks
from ndpix._summary import Summary, read

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keywords
def convert(
    source: Source,
    out: Path,
    *,
    summary: Path | None = None,
    report: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Summary:
    """Writes every image of the records to one array file, which may be larger than memory.

    Args:
        source: As for `load`.
        out: The file to write: `OUT.npy`, or its address in a store, `s3://bucket/OUT.npy`. It gets this name when
            it is whole, and is `OUT.npy.partial` until then.
        summary: A file that gets the summary as JSON, also when the run fails.
        report: A file that gets a page of HTML for people, also when the run fails: the sums, a contact sheet of
            the rows, the rejects and where they lie. It needs nothing beside itself.
        progress: As for `load`.
        **options: The options of the command, by their names with underscores.

    Returns:
        What was done. Rejects are no exceptions, and a `RejectedWarning` only where they are more than
        `warn_rejects` or an input was cut: look at `.rejected`.

    Raises:
        Error: As for `load`; the final name is then untouched.
        OSError: The machine: a file that is missing, a full disk.
    """
    return warned(read(_ndpix.convert(source, out, summary, report, options, Hooks(progress))))


def is_skipped(out: Path, options: Options) -> bool:
    """Whether `convert` has nothing to do, as the output is there."""
    return options.get("if_exists") == "skip" and os.path.exists(out)
