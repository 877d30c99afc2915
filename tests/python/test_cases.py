"""Every folder of testdata/cases through the command: one thread, four, and standard input."""
import hashlib
import json
import unittest

import numpy as np

from command import ROOT, Case, load, rejects_of


class Cases(Case):
    def check(self, folder, how, *args, **options):
        expected = json.loads((folder / "expected.json").read_text())
        out = self.dir / f"{folder.name}-{how}.npy"
        flags = (folder / "args").read_text().splitlines()
        self.run_ndpix(expected["exit"], "convert", *args, "-o", out, *flags, **options)
        if "sha256" in expected:
            array = load(out)
            self.assertEqual(list(array.shape), expected["shape"])
            self.assertEqual(array.dtype.name, expected["dtype"])
            digest = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
            self.assertEqual(digest, expected["sha256"], "the pixels differ")
        else:
            self.assertFalse(out.exists(), "a failed run left an output")
        if "rejects" in expected:
            got = [{k: r[k] for k in ("line", "item", "kind")} for r in rejects_of(out)]
            self.assertEqual(got, expected["rejects"])


def add(folder):
    source = next(folder.glob("input.*"))
    paths = json.loads((folder / "expected.json").read_text()).get("paths")

    def test(self):
        for threads in (1, 4):
            with self.subTest(threads=threads):
                self.check(folder, f"t{threads}", source, "--threads", threads)
        if not paths:
            with self.subTest(source="stdin"), open(source, "rb") as stdin:
                self.check(folder, "stdin", "-", stdin=stdin)

    setattr(Cases, f"test_{folder.name.replace('-', '_')}", test)


for each in sorted((ROOT / "testdata" / "cases").iterdir()):
    add(each)

if __name__ == "__main__":
    unittest.main()
