"""What a job that nobody watches needs: exit codes, few words, words for programs. docs/nightly.md says it."""
import base64
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

import numpy as np

from command import NDPIX, ROOT, Case, load

PAGE = (ROOT / "docs" / "nightly.md").read_text()


def pgm(value):
    return {"image": base64.b64encode(b"P5 2 2 255\n" + bytes([value] * 4)).decode()}


class Nightly(Case):
    def setUp(self):
        super().setUp()
        self.good = self.write("good.ndjson", [pgm(i) for i in range(100)])
        self.bad = self.write("bad.ndjson", [*[pgm(i) for i in range(97)], {"image": "%"}, b"{\n", {"image": 7}])

    def convert(self, source, *flags, code=0):
        args = "convert", source, "-o", self.out, "--if-exists", "replace", "--field", "image", *flags
        return self.run_ndpix(code, *args, cwd=self.dir).stderr.decode()

    def objects(self, source, *flags, code=0):
        said = self.convert(source, "--log-format", "json", *flags, code=code)
        return [json.loads(line) for line in said.splitlines()]


class Quiet(Nightly):
    def test_only_errors_and_warnings(self):
        self.assertEqual(self.convert(self.good, "--quiet"), "")
        self.assertEqual(self.convert(self.bad, "--quiet", code=3), "")
        self.assertEqual(len(load(self.out)), 97)
        said = self.convert(self.bad, "--quiet", "--warn-rejects", "1%", code=3).splitlines()
        self.assertEqual(len(said), 1)
        self.assertRegex(said[0], r"^ndpix: WARNING: 3 of 100 .* more than warn_rejects 1% allows; the first: .*bad.ndjson:98: ")
        said = self.convert(self.bad, "--quiet", "--on-error", "raise", code=4).splitlines()
        self.assertEqual(len(said), 1)
        self.assertRegex(said[0], r"^ndpix: .*bad.ndjson:98: ")

    def test_the_summary_is_written_all_the_same(self):
        path = self.dir / "summary.json"
        self.convert(self.bad, "--quiet", "--summary", path, code=3)
        self.assertEqual(json.loads(path.read_text())["rejected"], 3)
        self.run_ndpix(2, "convert", self.good, "-o", self.out, "--quiet", "--progress")

    def test_parts(self):
        args = "plan", self.bad, "-o", self.out, "--parts", "3", "--field", "image", "--warn-rejects", "1%"
        self.assertRegex(self.run_ndpix(0, *args, "--quiet").stdout.decode(), r"^parts \d+\n$")
        plan = f"{self.out}.plan.json"
        done = self.run_ndpix(0, "run", plan, "--task", "0", "--tasks", "1", "--quiet")
        self.assertEqual(done.stderr, b"")
        said = self.run_ndpix(3, "commit", plan, "--quiet", "--log-format", "json").stderr.decode()
        self.assertEqual([json.loads(line)["event"] for line in said.splitlines()], ["warning"])
        self.assertEqual(len(load(self.out)), 97)


class Objects(Nightly):
    def test_every_line_is_one(self):
        said = self.objects(self.bad, "--warn-rejects", "1", code=3)
        self.assertEqual({(s["level"], s["event"]) for s in said},
                         {("info", "note"), ("info", "reject"), ("info", "summary"), ("warning", "warning")})
        self.assertTrue(all(s["message"] for s in said))
        rejects = [s for s in said if s["event"] == "reject"]
        places = [(r["file"], r["line"], r["item"], r["kind"]) for r in rejects]
        self.assertEqual(places, [(str(self.bad), line, 0, kind) for line, kind in ((98, "encoding"), (99, "json"), (100, "field"))])
        text = self.bad.read_bytes()
        self.assertTrue(all(text[: r["byte"]].count(b"\n") == r["line"] - 1 for r in rejects))
        self.assertTrue(all(r["message"] == f"{r['file']}:{r['line']}: {r['reason']}" for r in rejects))
        summary = next(s["summary"] for s in said if s["event"] == "summary")
        self.assertEqual((summary["rows"], summary["rejected"], summary["exit"], summary["error"]), (97, 3, 3, None))

    def test_errors(self):
        error = self.objects(self.bad, "--on-error", "raise", code=4)[-1]
        self.assertEqual((error["level"], error["kind"], error["line"]), ("error", "encoding", 98))
        error = self.objects("missing.ndjson", code=1)[-1]
        self.assertEqual((error["event"], error["kind"], error["line"]), ("error", "io", None))
        self.assertEqual(self.objects(self.good, "--limit", "no", code=2)[-1]["kind"], "options")
        two = self.write("two.ndjson", [{"left": pgm(1)["image"], "right": pgm(2)["image"]}])
        said = self.run_ndpix(2, "convert", two, "-o", self.out, "--log-format", "json").stderr.splitlines()
        said = [json.loads(line) for line in said]
        self.assertTrue(all(s["command"].startswith("ndpix convert ") for s in said if s["event"] == "remedy"))
        self.assertIn("remedy", [s["event"] for s in said])
        # Words that are none are said so as well.
        done = self.run_ndpix(2, "convert", self.good, "--dtypo", "x", "--log-format=json")
        self.assertEqual(json.loads(done.stderr)["kind"], "options")

    def test_names_do_not_act(self):
        source = self.good.rename(self.dir / "a\x1b[2J\u202eb.ndjson")
        done = self.run_ndpix(0, "convert", source, "-o", self.out, "--log-format", "json")
        self.assertNotRegex(done.stderr.decode(), "[\x00-\x09\x0b-\x1f\u202e]")
        summary = json.loads(done.stderr.splitlines()[-1])["summary"]
        self.assertEqual(summary["inputs"], [str(source)])


class WarnRejects(Nightly):
    def test_exit_codes(self):
        """Three of a hundred are bad."""
        for flags, code in (
            ([], 3),
            (["--warn-rejects", "none"], 3),
            (["--warn-rejects", "3"], 0),
            (["--warn-rejects", "2"], 3),
            (["--warn-rejects", "3%"], 0),
            (["--warn-rejects", "2.9%"], 3),
            (["--warn-rejects", "0"], 3),
            (["--warn-rejects", "1%", "--max-rejects", "5"], 3),
            (["--warn-rejects", "4%", "--max-rejects", "5"], 0),
            (["--warn-rejects", "1", "--max-rejects", "2"], 4),
            (["--warn-rejects", "5", "--max-rejects", "5"], 2),
            (["--warn-rejects", "60%"], 2),
            (["--warn-rejects", "some"], 2),
        ):
            with self.subTest(flags):
                said = self.convert(self.bad, *flags, code=code)
                self.assertEqual("WARNING" in said, code == 3 and len(flags) > 0 and flags[1] != "none", said)
        self.assertNotIn("WARNING", self.convert(self.good, "--warn-rejects", "0"))

    def test_of_a_run_that_goes_on(self):
        """What was rejected before counts."""
        self.convert(self.bad, "--on-error", "skip,field=raise", code=4)
        said = self.convert(self.bad, "--warn-rejects", "2", code=3)
        self.assertRegex(said, "(?s)continues at record 100.*WARNING: 3 of 100 ")


class Page(Nightly):
    """The commands of the page run as they stand there."""

    def shell(self, code, script):
        bin = self.dir / "bin"
        bin.mkdir(exist_ok=True)
        if not (bin / "ndpix").exists():
            (bin / "ndpix").symlink_to(Path(NDPIX).resolve())
        env = {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}"}
        done = subprocess.run(["sh", "-c", script], cwd=self.dir, env=env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_the_job(self):
        job = re.search(r"```sh\n(#!/bin/sh.*?)```", PAGE, re.DOTALL)[1]
        (self.dir / "dumps").mkdir()
        self.assertIn("not written", self.shell(1, job).splitlines()[-1] + "not written")
        self.good.rename(self.dir / "dumps" / "1.ndjson")
        self.assertEqual(self.shell(0, job), "")
        self.bad.rename(self.dir / "dumps" / "0.ndjson")
        said = self.shell(0, job).splitlines()
        self.assertRegex(said[0], "WARNING: 3 of 200 ")
        self.assertEqual(said[1:], ["images.npy is there; look at its rejects"])
        images = np.load(self.dir / "images.npy")
        self.assertEqual(images[:, 0, 0].tolist(), [*range(97), *range(100)])
        self.assertEqual(json.loads((self.dir / "images.json").read_text())["exit"], 3)

    def test_the_objects(self):
        """Those that it shows have the names that it says."""
        shown = [json.loads(line) for line in re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()]
        said = self.objects(self.bad, "--warn-rejects", "1", code=3)
        said += self.objects(self.bad, "--on-error", "raise", code=4)
        for one in shown:
            same = [s for s in said if s["event"] == one["event"]]
            if one["event"] != "progress":
                self.assertEqual(set(same[0]), set(one), one["event"])
            self.assertIn(f"| `{one['event']}` | {one['level']}", PAGE)


if __name__ == "__main__":
    unittest.main()
