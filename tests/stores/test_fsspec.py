"""The same where only fsspec and s3fs are installed."""

from __future__ import annotations

import gzip
import sys
import unittest
import warnings
from unittest import mock

import ndpix
import numpy as np
from ndpix import _stores
from servers import SAMPLE, OnS3


class ThroughFsspec(OnS3):
    def setUp(self) -> None:
        super().setUp()
        warnings.simplefilter("ignore", ndpix.RejectedWarning)
        hidden = mock.patch.dict(sys.modules, {"ndpix._obstore": None})
        hidden.start()
        self.addCleanup(hidden.stop)
        _stores._opened.cache_clear()
        self.addCleanup(_stores._opened.cache_clear)

    def test_inputs_outputs_and_parts(self) -> None:
        self.s3.put("fs/a.ndjson", SAMPLE.read_bytes())
        self.s3.put("fs/b.ndjson.gz", gzip.compress(SAMPLE.read_bytes()))
        self.assertEqual(type(_stores.store("s3://bucket")).__name__, "Fsspec")
        local = ndpix.load(SAMPLE)
        np.testing.assert_array_equal(ndpix.load("s3://bucket/fs/*"), np.concatenate([local, local]))
        plan = ndpix.plan("s3://bucket/fs/*", "s3://bucket/fs-out/a.zarr", part_bytes="40K")
        for part in range(plan.parts):
            plan.run(part)
        plan.commit()
        self.assertIn("fs-out/a.zarr/zarr.json", self.s3.keys("fs-out/"))
        self.assertEqual([key for key in self.s3.keys("fs-out/") if "parts" in key], [])
        ndpix.convert("s3://bucket/fs/*", self.folder / "a.zarr")
        for path in (self.folder / "a.zarr").rglob("*"):
            if path.is_file():
                self.assertEqual(self.s3.get(f"fs-out/{path.relative_to(self.folder)}"), path.read_bytes())
        with self.assertRaisesRegex(ndpix.Error, "output s3://bucket/fs-out/a.zarr exists"):
            ndpix.convert("s3://bucket/fs/*", "s3://bucket/fs-out/a.zarr")
        file = self.folder / "again"
        file.write_bytes(b"again")
        self.assertFalse(_stores.put(str(file), "s3://bucket/fs-out/a.zarr/zarr.json", True))
        with self.assertRaisesRegex(FileNotFoundError, "there is no such object"):
            ndpix.load("s3://bucket/fs/none")


if __name__ == "__main__":
    unittest.main()
