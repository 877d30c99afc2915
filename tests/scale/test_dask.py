"""`ndpix.dask`: what every engine shows, and arrays of unknown rows."""
import unittest
import warnings

import dask
import distributed
import ndpix
import ndpix.dask
import numpy as np

import kills
import engines


class Kills(distributed.WorkerPlugin):
    def setup(self, worker):
        kills.install()


class Dask(engines.Engine):
    engine = ndpix.dask

    def setUp(self):
        super().setUp()
        # A worker asks a dead one for what it had, for half a minute.
        dask.config.set({"distributed.comm.timeouts.connect": "3s"})
        client = distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None)
        self.addCleanup(client.shutdown)
        client.register_plugin(Kills())

    def rows(self, array):
        return array.compute()

    def test_an_array(self):
        array = ndpix.dask.read(self.input, parts=5, on_error="fill", on_missing="fill", **engines.RAW)
        self.assertEqual((array.shape[1:], array.dtype, array.numblocks[0]), ((6, 8), np.uint8, 5))
        self.assertTrue(np.isnan(array.shape[0]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            want = ndpix.load(self.input, on_error="fill", on_missing="fill", **engines.RAW)
            self.assertEqual(int(array.sum()), int(want.sum()))
            np.testing.assert_array_equal(array.compute_chunk_sizes()[100:120], want[100:120])
        of_parts = [w.message for w in caught if isinstance(w.message, ndpix.RejectedWarning) and "part " in str(w.message)]
        self.assertTrue(of_parts, "the client hears of rejects")
        with self.assertRaisesRegex(ndpix.Error, "leave out columns"):
            ndpix.dask.read(self.input, columns=["label"], **engines.RAW)


if __name__ == "__main__":
    unittest.main()
