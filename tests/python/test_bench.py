"""The benchmarks' own logic, on made-up results: it must not rot between the rare full runs."""
import contextlib
import io
import json
import re
import sys
import unittest

import numpy as np

from command import ROOT, Case, ndpix

sys.path.insert(0, str(ROOT / "bench"))
import compare  # noqa: E402
import contenders  # noqa: E402
import corpora  # noqa: E402
import instructions  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import saturation  # noqa: E402
import scale  # noqa: E402

SPEC = corpora.BY_NAME["raw"]
CORPUS = corpora.Corpus(SPEC.name, SPEC.kind, SPEC.format, SPEC.shape, SPEC.dtype, SPEC.says, SPEC.of,
                        "raw.ndjson", 100, 4_000_000, 3_000_000, 3_000_000, 40_100)
SAME = {"same": True, "comparable": True, "says": "same array"}


def row(peer, mine, other, **more):
    side = {"anonymous": 5 << 20, "resident": 9 << 20, "array": SAME}
    pairs = [[{"cpu": a, "wall": a}, {"cpu": b, "wall": b}] for a, b in zip(mine, other)]
    return {"corpus": "raw", "peer": peer, "ndpix": side, "theirs": side, "pairs": pairs, "load": 0.5} | more


class Comparison(unittest.TestCase):
    def setUp(self):
        self.want = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)

    def test_equal_arrays(self):
        self.assertTrue(compare.compare(self.want, self.want.copy())["same"])

    def test_one_value_that_differs(self):
        got = self.want.copy()
        got[4, 3, 2] -= 7
        found = compare.compare(self.want, got)
        self.assertFalse(found["same"])
        self.assertTrue(found["comparable"])
        self.assertEqual((found["max_difference"], found["differing_share"]), (7, 1 / 60))
        self.assertEqual(found["says"], "differs by up to 7 in 1.7 % of the bytes")

    def test_other_shapes_and_dtypes(self):
        for got in (self.want[:4], self.want.astype(np.uint16), self.want.reshape(5, 3, 4)):
            self.assertFalse(compare.compare(self.want, got)["comparable"])


class Report(Case):
    def section(self, rows):
        return report.comparison(rows, {"raw": CORPUS}, 3, "ram", others=False, versions={"numpy": "2"})

    def test_medians_of_pairs_and_goals(self):
        text = self.section([row("naive", [1, 9, 1], [10, 10, 5]), row("tuned", [1, 1, 1], [2, 2, 1])])
        self.assertIn("| raw | naive | 1.000 | 10.000 | 0.20 (goal 0.20) | 0.10 to 0.90 |", text)
        self.assertIn("| raw | tuned | 1.000 | 2.000 | 0.50 (missed: goal 0.40) |", text)
        self.assertIn("* raw against tuned: 0.50 (missed: goal 0.40)", text)
        self.assertNotIn("* raw against naive", text)
        self.assertIn("| raw | 9 | 32 | 5 | 5 | 5 |", text)

    def test_a_lost_row_is_kept(self):
        text = self.section([row("tuned", [3, 3, 3], [2, 2, 2])])
        self.assertIn("* raw against tuned: 1.50", text)

    def test_the_floor_is_a_measure_and_no_rival(self):
        text = self.section([row("floor", [1.1, 1.1, 1.1], [1, 1, 1])])
        self.assertIn("| raw | floor | 1.100 | 1.000 | 1.10 (goal 1.15) |", text)
        self.assertNotIn("* raw against floor", text)
        text = self.section([row("floor", [1.2, 1.2, 1.2], [1, 1, 1])])
        self.assertIn("* raw against floor: 1.20 (missed: goal 1.15)", text)

    def test_no_figures_for_another_array(self):
        other = {"failed": "uint8 (3,) instead of uint8 (4,)"}
        text = self.section([row("tuned", [], [], theirs=other)])
        self.assertIn("| raw | tuned | - | - | - | - | - | - | no figures: uint8 (3,) instead of uint8 (4,) |", text)

    def test_sections_are_replaced_alone(self):
        path = self.dir / "BENCHMARKS.md"
        report.write(path, "comparison", "first")
        report.write(path, "scale", "second")
        report.write(path, "comparison", "third")
        text = path.read_text()
        self.assertEqual([w in text for w in ("first", "second", "third")], [False, True, True])
        self.assertLess(text.index("third"), text.index("second"))


class Runs(Case):
    def test_cost_of_a_process_tree(self):
        work = "x = bytearray(30 << 20)\nfor i in range(1_000_000): pass\nimport time; time.sleep(0.1)"
        tree = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}], check=True)"
        cost = measure.run([sys.executable, "-c", tree], memory=True)
        self.assertGreater(cost.cpu, 0.02)
        self.assertGreater(cost.wall, 0.1)
        self.assertGreater(cost.anonymous, 30 << 20)

    def test_a_failing_command_and_its_words(self):
        with self.assertRaisesRegex(measure.Failed, "exit 3: out of luck"):
            measure.run([sys.executable, "-c", "import sys; print('out of luck'); sys.exit(3)"])
        with self.assertRaisesRegex(measure.Failed, "stopped after"):
            measure.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3)

    def test_standard_input_is_fed(self):
        code = "import sys; sys.exit(len(sys.stdin.buffer.read()) != 3_000_000)"
        measure.run([sys.executable, "-c", code], feed=[b"abc"] * 1_000_000)

    def test_the_naive_script_and_ndpix_agree(self):
        values = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28)
        lines = [json.dumps({"image": v.tolist()}) + "\n" for v in values]
        (self.dir / "mnist.ndjson").write_text("".join(lines))
        spec = corpora.BY_NAME["mnist"]
        made = corpora.Corpus("mnist", "list", "", (28, 28), "uint8", spec.says, "", "mnist.ndjson", 2, 1, 0, 1568, 1)
        corpora.save(self.dir, {"mnist": made})
        self.assertEqual(corpora.load(self.dir), {"mnist": made})
        naive = ROOT / "bench" / "peers" / "naive.py"
        measure.run([sys.executable, naive, self.dir, "mnist", self.dir / "naive.npy", "2"])
        command = contenders.convert(self.dir / made.file, self.out, *contenders.flags(made))
        self.assertEqual(ndpix(*command[1:]).returncode, 0)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            compare.main([str(self.dir / "naive.npy"), str(self.out)])
        self.assertTrue(json.loads(said.getvalue())["same"])


class Instructions(unittest.TestCase):
    def test_the_station_that_regressed_is_named(self):
        old = {"format/png": 1000, "format/qoi": 1000, "record/list": 1000, "sink/npy": 1000}
        new = {"format/png": 1040, "format/qoi": 1029, "record/list": 900, "sink/new": 1}
        worse, better = instructions.compare(old, new)
        self.assertEqual([text.split(":")[0].split(" ")[0] for text in worse], ["format/png", "sink/npy", "sink/new"])
        self.assertIn("+4.0%", worse[0])
        self.assertEqual([text.split(":")[0] for text in better], ["record/list"])

    def test_every_stage_has_a_count(self):
        main = (ROOT / "crates" / "ndpix" / "benches" / "stages" / "main.rs").read_text()
        stages = re.findall(r'^    \("([a-z]+/[a-z0-9-]+)"', main, re.MULTILINE)
        self.assertGreater(len(stages), 20)
        self.assertEqual(list(json.loads(instructions.COUNTS.read_text())["counts"]), stages)


class Scale(unittest.TestCase):
    def test_threads_that_saturate_a_lock(self):
        point = {f"locks-raw{ending}": {"whole": 8.0, "source": 1.0, "turn": 2.0}
                 for ending in [".npy", *saturation.ENDINGS]}
        point["locks-raw.zarr"]["source"] = 4.0
        text = saturation.section({"raw": CORPUS}, ROOT, lambda name, _: point[name])
        self.assertIn("| raw | 1250.00 | 250.00 | 500.00 | 4.0 | turn | 4 | 4 | 4 |", text)
        self.assertIn("| raw | .zarr | 500.00 | 1000.00 | 500.00 | 2.0 | source | 2 | 2 | 2 |", text)

    def test_blocks_hold_whole_records(self):
        lines = [b"x" * 10] * 10
        self.assertEqual(len(list(scale.leading(lines, 35))), 3)
        self.assertEqual(len(list(scale.leading(lines, 5))), 1)


if __name__ == "__main__":
    unittest.main()
