"""Parquet as its readers see it: the pixels of the `.npy`, the rows' places, Hugging Face's images."""
import base64
import io
import json
import os
import random
import resource
import signal
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow.parquet as pq
from PIL import Image

from command import NDPIX, SAMPLE, Case, load

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
          "float16", "float32", "float64"]


def array_record(array):
    out = io.BytesIO()
    np.save(out, array)
    return {"image": base64.b64encode(out.getvalue()).decode()}


def file_record(array, kind, **more):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind)
    return {"image": base64.b64encode(out.getvalue()).decode(), **more}


def images(path):
    """The array of a file whose pixels are a tensor."""
    column = pq.read_table(path).column("image").combine_chunks()
    return column.to_numpy_ndarray()


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


class Parquet(Case):
    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.parquet"
        self.random = np.random.default_rng(7)

    def arrays(self, dtype, count, shape):
        if dtype == "bool":
            return self.random.integers(0, 2, (count, *shape)).astype(bool)
        bits = self.random.bytes(count * int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return np.frombuffer(bits, dtype).reshape(count, *shape)

    def convert(self, source, *args, code=0, out=None):
        self.run_ndpix(code, "convert", source, "-o", out or self.out, *args)
        return out or self.out


class Pixels(Parquet):
    def test_every_dtype_in_every_compression(self):
        for dtype in DTYPES:
            want = self.arrays(dtype, 9, (5, 7, 3))
            source = self.write("in.ndjson", [array_record(a) for a in want])
            for compression in ["auto", "none", "gzip", "gzip:9", "zstd:1", "zstd:9"]:
                with self.subTest(dtype=dtype, compression=compression):
                    self.convert(source, "--output-compression", compression, "--if-exists", "replace",
                                 "--chunks", "4")
                    if dtype == "bool":
                        storage = pq.read_table(self.out).column("image").combine_chunks().storage
                        got = storage.flatten().to_numpy(zero_copy_only=False).reshape(want.shape)
                    else:
                        got = images(self.out)
                    self.assertTrue(same(got, want))
                    meta = pq.read_metadata(self.out)
                    self.assertEqual([meta.row_group(i).num_rows for i in range(meta.num_row_groups)], [4, 4, 1])


if __name__ == "__main__":
    unittest.main()
