"""Makes the pictures of the pages of `docs/`: what they show comes out of ndpix. Pillow writes it smaller.

    .venv/bin/python docs/pictures/make.py
"""

import io
import warnings
from pathlib import Path

from PIL import Image

import ndpix

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "testdata" / "sample.ndjson"

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ndpix.RejectedWarning)
    grid = ndpix.show(ndpix.load(SAMPLE))
Image.open(io.BytesIO(grid._repr_png_())).save(HERE / "first.jpg", quality=80, optimize=True)
