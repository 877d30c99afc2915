"""`ndpix.show`: images side by side, without a plotting library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ndpix._errors import Error
from ndpix._options import Path
from ndpix._pages import escaped, figure
from ndpix._pictures import SIDE, png, rgb, small

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 64
"""Images that are shown; few of them twice as large."""
FEW = 16
GAP = 4


class Grid:
    """Small pictures in rows. A notebook shows it with its titles; `save` writes it as a PNG file. Made by `show`."""

    def __init__(self, pictures: list[NDArray[np.uint8] | None], titles: Sequence[object], more: int) -> None:
        self._pictures = pictures
        self._titles = titles
        self._more = more

    def __len__(self) -> int:
        """The number of images that are shown."""
        return len(self._pictures)

    def __repr__(self) -> str:
        more = f" and {self._more} more" if self._more else ""
        return f"<ndpix.Grid of {len(self)} images{more}>"

    def save(self, path: Path) -> None:
        """Writes the pictures as one PNG file, without the titles; transparent ones are on white.

        Raises:
            OSError: The machine: a folder that is missing, a full disk.
        """
        data = self._repr_png_()
        with open(path, "wb") as file:
            file.write(data)

    def _repr_html_(self) -> str:
        titles = [*self._titles, *[""] * (len(self) - len(self._titles))]
        more = f"<div>{escaped(f'and {self._more} more')}</div>" if self._more else ""
        return f"<div>{''.join(map(figure, self._pictures, titles))}</div>{more}"

    def _repr_png_(self) -> bytes:
        import numpy as np

        pictures = [np.zeros((1, 1, 3), np.uint8) if p is None else rgb(p) for p in self._pictures]
        across = max(1, int(np.ceil(np.sqrt(len(pictures)))))
        rows = [pictures[i : i + across] for i in range(0, len(pictures), across)]
        width = max((picture.shape[1] for picture in pictures), default=0) + GAP
        heights = [max(picture.shape[0] for picture in row) + GAP for row in rows]
        sheet = np.full((sum(heights) + GAP, across * width + GAP, 3), 255, np.uint8)
        for top, row in zip(np.cumsum([GAP, *heights]).tolist(), rows):
            for column, picture in enumerate(row):
                left = GAP + column * width
                sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        return png(sheet)


def show(images: Iterable[NDArray[Any]], titles: Iterable[object] | None = None) -> Grid:
    """Lays images beside each other, made small: as the last line of a cell a notebook shows them.

        ndpix.show(batch.images, titles=batch.columns["label"])

    Args:
        images: An array with the images on its first axis, or images of any sizes; one of them is `[image]`. Each has
            height and width, with channels (1 to 4) after them, or before them. The first 64 are shown, none
            larger than 192 pixels, numbers other than uint8 stretched from their least to their most.
        titles: What stands below each of them, as text: at most 60 characters.

    Returns:
        A `Grid`, which `save("grid.png")` writes to a file.

    Raises:
        Error: An array that looks like a single image, a dict, the pair that `load` gives with columns, a path or
            other text; more or fewer titles than images.
    """
    import numpy as np

    if isinstance(images, np.ndarray) and (images.ndim < 3 or images.ndim == 3 and images.shape[2] in (3, 4)):
        raise Error(f"an array of shape {images.shape} looks like one image; give [image], or list(images)")
    if isinstance(images, dict):
        raise Error("items of a dataset have their images under image: show(items[\"image\"])")
    if isinstance(images, tuple) and any(isinstance(part, dict) for part in images):
        raise Error("with columns, images are the first of a pair: show(images, titles=columns[\"label\"])")
    if isinstance(images, (str, bytes, os.PathLike)):
        raise Error(f"{images!r:.60} is no image; give what load, batches or open make of it")
    every = images if isinstance(images, (list, np.ndarray)) else list(images)
    count = len(every)
    names = [] if titles is None else list(titles)
    if titles is not None and len(names) != count:
        raise Error(f"{count} images have {len(names)} titles; give one for each, or none")
    side = SIDE if count > FEW else 2 * SIDE
    pictures = [small(np.asarray(image), side) for image in every[:MOST]]
    return Grid(pictures, names[:MOST], max(0, count - MOST))
