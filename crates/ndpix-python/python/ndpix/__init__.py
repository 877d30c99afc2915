"""NDJSON records that hold images, as NumPy arrays.

    images = ndpix.load("images.ndjson")

`load` gives one array, `convert` writes an array file, `batches` goes through any amount of records in
bounded memory, `open` gives random access without converting, `decode` reads one value, `inspect`
says what is in a file, `show` lays images beside each other, and `plan` converts in parts, for several processes or machines. They take the same options, which are those of the `ndpix` command.
"""

from ndpix._batches import Batch, Batches, Reject, batches
from ndpix._convert import convert
from ndpix._dataset import Dataset, open
from ndpix._decode import decode
from ndpix._errors import Error, RejectedWarning
from ndpix._formats import Format, formats
from ndpix._inspect import Report, inspect
from ndpix._load import load
from ndpix._ndpix import __version__, optimised as _optimised
from ndpix._options import Kept, Options
from ndpix._parts import Part, Plan, plan
from ndpix._show import Grid, show
from ndpix._summary import Summary

__all__ = [
    "Batch",
    "Batches",
    "Dataset",
    "Error",
    "Format",
    "Grid",
    "Kept",
    "Options",
    "Part",
    "Plan",
    "Reject",
    "RejectedWarning",
    "Report",
    "Summary",
    "__version__",
    "batches",
    "convert",
    "decode",
    "formats",
    "inspect",
    "load",
    "open",
    "plan",
    "show",
]

if not _optimised:
    import warnings as _warnings

    _warnings.warn("this ndpix was built without optimisation and is many times slower", stacklevel=2)
