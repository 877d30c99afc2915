"""`ndpix.decode`: the door for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ndpix import _ndpix
from ndpix._options import Options, keywords
from ndpix._records import dumps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack


@keywords
def decode(value: Any, **options: Unpack[Options]) -> NDArray[np.generic[Any]]:
    """Decodes one image from one field value.

    Args:
        value: What the field of a record holds: a string (base64, data URL, hex, numbers, a path with
            `base_dir`), a list of numbers, an object that says its shape and dtype. Or `bytes`: an
            image file, a `.npy` file, raw pixels with `raw_shape`. With `field` it is a whole record.
        **options: The options of the command, by their names with underscores. Without `encoding`
            the value decides.

    Returns:
        The image with its own shape and dtype, as a row of `load` would be.

    Raises:
        Error: What is wrong with the value; `.kind` says of which sort. Limits (`max_pixels`,
            `max_record_bytes`) hold as everywhere, so values from strangers are fine.
    """
    if isinstance(value, bytes):
        return _ndpix.decode_bytes(value, options)
    return _ndpix.decode(dumps(value), options)
