"""`ndpix.ray`: what every engine shows, and datasets with columns, in order."""
import os
import unittest

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ndpix
import ndpix.ray
import numpy as np
import ray

import kills
import engines


def setUpModule():
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"worker_process_setup_hook": kills.install})
    unittest.addModuleCleanup(ray.shutdown)
    ray.data.DataContext.get_current().enable_progress_bars = False


class Ray(engines.Engine):
    engine = ndpix.ray

    def rows(self, dataset):
        return np.concatenate([batch["image"] for batch in dataset.iter_batches(batch_format="numpy")])

    def test_columns_of_a_dataset(self):
        names = dict.fromkeys(["label", "n", "more", "flag", "share", "box", "tags"]) | {"kind": "category"}
        lines = (
            b'{"image": [[%d]], "label": %s, "n": %s, "more": {"a": [%d]}, "flag": %s, "share": %.1f, "box": [1, %d], "tags": [%s], "kind": %s}\n'
            % (i, b'"\xc3\xa9%d"' % i if i % 3 else b"null", b"%d" % i if i % 5 else b"null", i, [b"true", b"false"][i % 2],
               i / 2, i, b",".join([b"1.5"] * (i % 4)), [b'"z"', b"null", b'"y"'][i % 3])
            for i in range(300)
        )
        self.input.write_bytes(b"".join(lines))
        images, columns = ndpix.load(self.input, field="image", columns=names)
        self.assertEqual(columns.legends, {"kind": ["y", "z"]})
        dataset = ndpix.ray.read(self.input, field="image", columns=names, parts=9)
        mapped = dataset.map_batches(lambda batch: batch, batch_size=7, batch_format="pyarrow")
        for read in dataset, mapped:
            rows = read.take_all()
            np.testing.assert_array_equal(np.stack([row["image"] for row in rows]), images)
            for name, column in columns.items():
                found = [row[name] for row in rows]
                with self.subTest(column=name):
                    self.assertEqual([v if v is None else np.asarray(v).tolist() for v in found], plain(column))
        self.assertEqual(dataset.count(), 300)
        self.assertFalse(ray.data.DataContext.get_current().execution_options.preserve_order)


def plain(column):
    """A column as lists and numbers; None where a row has no value."""
    return [value if value is None else np.asarray(value).tolist() for value in column.tolist()]


if __name__ == "__main__":
    unittest.main()
