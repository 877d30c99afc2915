"""`ndpix.formats`: the image formats that this build reads."""

from __future__ import annotations

import json
from typing import TypedDict

from ndpix import _ndpix


class Format(TypedDict):
    """What is said of an image format."""

    name: str
    """The word in `formats` and in summaries."""
    extensions: list[str]
    """Of paths of such files, without the dot."""
    dtypes: list[str]
    """What its images may have as stored."""
    colors: list[str]
    """What its channels may mean as stored: `gray`, `gray_alpha`, `rgb`, `rgba`, `cmyk`, `samples`."""
    frames: str
    """What a file may hold after its first image: `one` (nothing), `pages`, or an `animation`."""


def formats() -> list[Format]:
    """The image formats that this build reads. They are recognised by their content, never by a name."""
    found: list[Format] = json.loads(_ndpix.formats())
    return found
