"""What objects show of themselves in a notebook: small tables and pictures, in which nothing of the data acts."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ndpix._errors import visible
from ndpix._pictures import png

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONG = 200
"""Characters of a text that are shown."""


def shown(text: object, most: int = LONG) -> str:
    """Text of others on one line, without characters that act on a terminal or turn its direction around."""
    whole = str(text)
    return visible(whole[:most].replace("\n", " ")) + ("..." if len(whole) > most else "")


def escaped(text: object, most: int = LONG) -> str:
    """The same for HTML, as text or as the value of an attribute in quotes."""
    return html.escape(shown(text, most))


def table(rows: Iterable[tuple[str, object]]) -> str:
    """Names and what is said of them."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{escaped(name)}</th><td style='text-align:left'>{escaped(said)}</td></tr>"
        for name, said in rows
    )
    return f"<table>{cells}</table>"


def figure(picture: NDArray[np.uint8] | None, title: object = "") -> str:
    """A small picture with a title below it; a box where it is none."""
    if picture is None:
        seen = "<span style='display:inline-block;width:48px;height:48px;border:1px solid #999'></span>"
    else:
        data = base64.b64encode(png(picture)).decode()
        seen = f"<img style='display:inline' src='data:image/png;base64,{data}'>"
    below = f"<figcaption style='font-size:small;overflow-wrap:anywhere'>{escaped(title, 60)}</figcaption>"
    style = "display:inline-block;margin:2px;vertical-align:top;max-width:192px"
    return f"<figure style='{style}'>{seen}{below if str(title) else ''}</figure>"


def kinds(images: NDArray[Any]) -> str:
    """Shape and dtype of each of these images, in words."""
    return f"{tuple(images.shape[1:])} {images.dtype}"
