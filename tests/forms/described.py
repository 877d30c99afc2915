"""Objects that say shape and dtype of the pixels they hold, as libraries write them."""
import gzip
import zlib

import numpy as np

from .form import Form
from .pixels import DEEP, FOUR, GRAY, HEIGHT, LARGE, PNG, RGB, WIDTH, b64, npy

SHAPE = [HEIGHT, WIDTH]
FORTRAN_LARGE = [np.asfortranarray(a) for a in LARGE]


def json_numpy(array):
    """What json-numpy writes for an array."""
    return {"__numpy__": b64(array), "dtype": array.dtype.str, "shape": list(array.shape)}


def json_tricks(array):
    """What json_tricks writes, as a list; the lists nest by rows also where the memory does not."""
    order = bool(array.flags["C_CONTIGUOUS"])
    return {"__ndarray__": array.tolist(), "dtype": str(array.dtype), "shape": list(array.shape), "Corder": order}


def json_tricks_compact(array):
    """What json_tricks writes with ndarray_compact: gzip where that saves a tenth."""
    plain, packed = array.tobytes(), gzip.compress(array.tobytes(), mtime=0)
    text = "b64.gz:" + b64(packed) if len(packed) < 0.9 * len(plain) else "b64:" + b64(plain)
    return {"__ndarray__": text, "dtype": str(array.dtype), "shape": list(array.shape), "Corder": True,
            "endian": "little"}


def plotly(array):
    """What Plotly writes for an array inside a figure."""
    return {"dtype": array.dtype.str[1:], "bdata": b64(array), "shape": ", ".join(map(str, array.shape))}


def bokeh(array):
    """What Bokeh 3 writes: gzip inside base64; `order` is the byte order."""
    return {"type": "ndarray", "array": {"type": "bytes", "data": b64(gzip.compress(array.tobytes(), mtime=1))},
            "shape": list(array.shape), "dtype": str(array.dtype), "order": "little"}


def jsonpickle(array):
    """What the NumPy handler of jsonpickle writes for arrays of 16 numbers and more."""
    order = {} if array.flags["C_CONTIGUOUS"] else {"order": "F"}
    return {"py/object": "numpy.ndarray", "values": b64(zlib.compress(array.tobytes("A"))),
            "shape": list(array.shape), "dtype": str(array.dtype), **order}


def _small_jsonpickle(array):
    """What it writes for a small view: numbers, with the array that is looked at beside them."""
    view = array[:3, :4]
    return {"py/object": "numpy.ndarray", "base": jsonpickle(array), "strides": list(view.strides),
            "shape": list(view.shape), "dtype": str(view.dtype), "values": view.tolist()}


LIBRARIES = [
    Form("json-numpy", "json-numpy", [{"obs": json_numpy(a)} for a in RGB], RGB),
    Form("json-numpy-big", "big-endian", [{"obs": json_numpy(a.astype(">u2"))} for a in DEEP], DEEP),
    Form("json-numpy-true", "__numpy__: true, the pixels in data",
         [{"obs": {"__numpy__": True, "dtype": "uint8", "shape": SHAPE, "data": b64(a)}} for a in GRAY], GRAY),
    Form("json-numpy-object", "__numpy__ holds it all",
         [{"obs": {"__numpy__": {"shape": SHAPE, "dtype": "uint8", "data": b64(a), "order": "C"}}} for a in GRAY],
         GRAY),
    Form("json-numpy-robot", "two cameras and a state vector in each record",
         [{"obs": {"cam0": json_numpy(RGB[i]), "cam1": json_numpy(RGB[i - 3]), "state": json_numpy(np.arange(7.0))}}
          for i in FOUR], RGB, ["--field obs.cam0"]),
    Form("json-tricks", "json_tricks, a list", [{"a": json_tricks(a)} for a in GRAY], GRAY),
    Form("json-tricks-compact", "compact, some gzip", [{"a": json_tricks_compact(a)} for a in LARGE], LARGE),
    Form("json-tricks-columns-first", "of an array in Fortran order",
         [{"a": json_tricks(np.asfortranarray(a))} for a in GRAY], GRAY),
    Form("ndarray-base64", "__ndarray__ without prefix, order: little",
         [{"a": {"__ndarray__": b64(a), "dtype": "uint16", "shape": SHAPE, "order": "little"}} for a in DEEP], DEEP),
    Form("ndarray-ase", "ASE: a list of shape, dtype, numbers",
         [{"a": {"__ndarray__": [SHAPE, "uint8", a.ravel().tolist()]}} for a in GRAY], GRAY),
    Form("ndarray-zlib-npy", "__ndarray__ of a packed .npy",
         [{"a": {"__ndarray__": b64(zlib.compress(npy(a))), "codec": "zlib", "bytes": 10}} for a in GRAY], GRAY),
    Form("plotly-trace", "a heatmap of Plotly", [{"z": plotly(a), "type": "heatmap"} for a in GRAY], GRAY,
         ["--field z"]),
    Form("plotly-figure", "a whole figure, with a template of colours",
         [{"data": [{"z": plotly(a), "type": "heatmap"}],
           "layout": {"template": {"data": {"heatmap": [{"type": "heatmap", "colorbar": {"outlinewidth": 0},
                                                         "colorscale": [[0.0, "#0d0887"], [1.0, "#f0f921"]]}]},
                                   "layout": {"colorway": ["#636efa", "#EF553B"], "hovermode": "closest"}}}}
          for a in DEEP], DEEP, ["--field data[0].z"]),
    Form("plotly-clamped", "dtype u1c",
         [{"z": {**plotly(a), "dtype": "u1c"}} for a in GRAY], GRAY),
    Form("bokeh", "Bokeh 3", [{"image": bokeh(a)} for a in DEEP], DEEP, ["--field image"]),
    Form("bokeh-2x2", "two by two", [{"image": bokeh(np.array([[0, 64], [128, 255]], np.uint8))} for _ in FOUR],
         [np.array([[0, 64], [128, 255]], np.uint8)] * 4, ["--field image"]),
    Form("jsonpickle-small", "jsonpickle of a small view", [{"a": _small_jsonpickle(a)} for a in GRAY],
         [a[:3, :4] for a in GRAY], ["--field a"]),
    Form("jsonpickle", "jsonpickle", [{"a": jsonpickle(a)} for a in LARGE], LARGE),
    Form("jsonpickle-columns-first", "jsonpickle, Fortran order", [{"a": jsonpickle(a)} for a in FORTRAN_LARGE],
         LARGE),
    Form("monty", "monty, of pymatgen",
         [{"a": {"@module": "numpy", "@class": "array", "dtype": "uint8", "data": a.tolist()}} for a in GRAY], GRAY),
    Form("msgpack-numpy", "the keys of msgpack-numpy",
         [{"a": {"nd": True, "type": "|u1", "shape": SHAPE, "data": b64(a)}} for a in GRAY], GRAY),
    Form("two-descriptions", "__numpy__ and __ndarray__ in one object",
         [{"a": {"__numpy__": b64(a), "__ndarray__": b64(a), "dtype": "|u1", "shape": SHAPE}} for a in GRAY], None),
]


def _deep(value, **said):
    return {"image": {"shape": SHAPE, "dtype": "uint16", **said, "data": value}}


BY_HAND = [
    *(Form(f"described-{key}", f"shape, dtype, {key}",
           [{"image": {"shape": SHAPE, "dtype": "uint16", key: b64(a)}} for a in DEEP], DEEP)
      for key in "data buffer bytes b64 base64 values raw".split()),
    Form("described-order-F", "order: F", [_deep(b64(a.tobytes("F")), order="F") for a in DEEP], DEEP),
    Form("described-order-big", "order: big", [_deep(b64(a.astype(">u2")), order="big") for a in DEEP], DEEP),
    Form("described-gzip", "compression: gzip",
         [_deep(b64(gzip.compress(a.tobytes(), mtime=0)), encoding="base64", compression="gzip") for a in DEEP], DEEP),
    Form("described-list", "the data is a list", [_deep(a.ravel().tolist()) for a in DEEP], DEEP),
    Form("described-record", "the record itself",
         [{"id": i, "shape": SHAPE, "dtype": "uint16", "data": b64(DEEP[i])} for i in FOUR], DEEP, ["--field ."]),
    Form("described-png", "shape and dtype of a PNG, which says its own",
         [{"image": {"shape": [HEIGHT, WIDTH, 3], "dtype": "uint8", "data": b64(data)}} for data in PNG], RGB,
         ["--field image.data"]),
]

FORMS = [*LIBRARIES, *BY_HAND]
