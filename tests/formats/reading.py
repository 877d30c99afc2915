"""What ndpix gives for a file, for the comparisons with the libraries of the formats."""

from pathlib import Path

import ndpix


def read(path, **options):
    """The array, or the kind and the text of the error."""
    try:
        return ndpix.decode(Path(path).read_bytes(), **options)
    except ndpix.Error as error:
        return f"{error.kind.capitalize()}: {error}"


def read_frames(path, **options):
    """As `read` of all frames: with an axis for them where there are several."""
    found = read(path, frames="all", **options)
    return found if isinstance(found, str) or len(found) > 1 else found[0]
