"""What a job that nobody watches needs: exit codes, few words, words for programs. docs/nightly.md says it."""
import base64
import bz2
import gzip
import json
import lzma
import os
import re
import subprocess
import unittest
from pathlib import Path

import numpy as np
import pyarrow.parquet

from command import NDPIX, ROOT, Case, load

PAGE = (ROOT / "docs" / "nightly.md").read_text()


def pgm(value):
    return {"image": base64.b64encode(b"P5 2 2 255\n" + bytes([value] * 4)).decode()}


class Nightly(Case):
    def setUp(self):
        super().setUp()
        self.good = self.write("good.ndjson", [pgm(i) for i in range(100)])
        self.bad = self.write("bad.ndjson", [*[pgm(i) for i in range(97)], {"image": "%"}, b"{\n", {"image": 7}])

    def convert(self, *sources_and_flags, code=0):
        args = "convert", *sources_and_flags, "-o", self.out, "--if-exists", "replace", "--field", "image"
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


class Folder(Nightly):
    def setUp(self):
        super().setUp()
        self.folder = self.dir / "dumps"
        self.folder.mkdir()
        for number, name in enumerate(["b.ndjson", "a.jsonl", "B.ndjson", "c.ndjson.gz", "d.jsonl.xz", "é.NDJSON"]):
            text = json.dumps(pgm(number)).encode() + b"\n"
            pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(Path(name).suffix, bytes)
            (self.folder / name).write_bytes(pack(text))

    def rows(self):
        return load(self.out)[:, 0, 0].tolist()

    def test_its_files_in_the_order_of_their_names(self):
        said = self.convert(self.folder)
        self.assertEqual(self.rows(), [2, 1, 0, 3, 4, 5])
        self.assertIn("dumps: 6 files are read, in the order of their names\n", said)
        for other in (f"{self.folder}/", f"{self.folder}/../dumps", "dumps"):
            self.convert(other)
            self.assertEqual(self.rows(), [2, 1, 0, 3, 4, 5])

    def test_what_is_no_record_is_passed_over(self):
        """Other files, hidden ones, folders, and whatever ndpix has put there itself."""
        for name in (".hidden.ndjson", "notes.txt", "more.json", "x.npy.rejects.ndjson", "x.ndjson.partial", "gone.ndjson.bak"):
            (self.folder / name).write_text("{")
        (self.folder / "sub.ndjson").mkdir()
        (self.folder / "sub.ndjson" / "z.ndjson").write_text("{")
        self.assertIn("; passed over: 7 (.hidden.ndjson, gone.ndjson.bak, more.json, ...)", self.convert(self.folder))
        self.assertEqual(len(self.rows()), 6)
        # Night after night with its output among its inputs.
        (self.folder / "bad.ndjson").write_text("{\n")
        self.out = self.folder / "all.npy"
        for _ in range(3):
            self.convert(self.folder, "--rows", "always", "--summary", self.folder / "all.json", code=3)
            self.assertEqual(len(self.rows()), 6)
        self.convert(self.folder, "--rejects", self.folder / "mine.ndjson", code=3)
        self.assertIn("mine.ndjson is an input and would be overwritten",
                      self.convert(self.folder, "--rejects", self.folder / "mine.ndjson", code=2))

    def test_a_folder_without_records(self):
        empty = self.dir / "empty"
        empty.mkdir()
        said = self.convert(empty, code=2)
        self.assertRegex(said, r"empty holds no file that ends in .ndjson or .jsonl, compressed or not; name its files")
        (empty / "a.json").write_text("{}")
        self.assertIn("; passed over: 1 (a.json); name its files", self.convert(empty, code=2))
        self.convert(f"{empty}/*.json", "--on-missing", "reject", code=2)

    def test_globs_need_no_shell(self):
        deep = self.folder / "2026" / "11"
        deep.mkdir(parents=True)
        (deep / "deep.ndjson").write_text(json.dumps(pgm(99)))
        self.convert(f"{self.folder}/**/*.ndjson")
        self.assertEqual(self.rows(), [99, 2, 0])
        self.convert(f"{self.folder}/[ab].*")
        self.assertEqual(self.rows(), [1, 0])
        self.convert("dumps/?.ndjson")
        self.assertEqual(self.rows(), [2, 0])
        self.assertIn("no file matches", self.convert(f"{self.folder}/*.csv", code=1))

    def test_inspect_and_plan(self):
        self.assertIn("6 files are read", self.run_ndpix(0, "inspect", self.folder).stderr.decode())
        self.run_ndpix(0, "plan", self.folder, "-o", self.out)
        plan = f"{self.out}.plan.json"
        self.run_ndpix(0, "run", plan, "--task", "0", "--tasks", "1")
        self.run_ndpix(0, "commit", plan)
        self.assertEqual(self.rows(), [2, 1, 0, 3, 4, 5])


class Cut(Nightly):
    """Compressed inputs that end early: what is before is kept, and the run goes on."""

    # Without the time of day, which would make it another file.
    PACKS = {"gz": lambda text: gzip.compress(text, mtime=0), "bz2": bz2.compress, "xz": lzma.compress}

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.images = rng.integers(0, 256, (60, 20, 20), np.uint8)
        self.text = [json.dumps({"image": base64.b64encode(b"P5 20 20 255\n" + i.tobytes()).decode()}) + "\n" for i in self.images]
        self.more = self.write("more.ndjson", [line.encode() for line in self.text[40:]])

    def cut(self, kind="gz", keep=0.6):
        packed = self.PACKS[kind]("".join(self.text[:40]).encode())
        path = self.dir / f"cut.{kind}"
        path.write_bytes(packed[: int(len(packed) * keep) if keep < 1 else -keep])
        return path

    def go(self, *flags, code=3):
        return self.convert(flags[0], *flags[1:], code=code)

    def test_stops_and_says_what_would_keep(self):
        for kind in self.PACKS:
            said = self.go(self.cut(kind), self.more, code=4)
            self.assertRegex(said, rf"cut\.{kind}:\d+: the compressed stream .* is cut or damaged: .*; on_truncated keep reads what stands before")
            self.assertFalse(self.out.exists())

    def test_keeps_whole_records_and_goes_on(self):
        for kind in self.PACKS:
            for threads in "1", "4":
                cut, summary = self.cut(kind, 0.97 if kind == "bz2" else 0.6), self.dir / "summary.json"
                flags = "--on-truncated", "keep", "--threads", threads, "--quiet", "--summary", summary, "--max-rejects", "none"
                said = self.go(cut, self.more, *flags, "--rows", "always")
                rows, facts = load(self.out), json.loads(summary.read_text())
                kept = len(rows) - 20
                self.assertTrue(0 <= kept < 40, kept)
                np.testing.assert_array_equal(rows, np.concatenate([self.images[:kept], self.images[40:]]))
                self.assertRegex(said, r"^ndpix: WARNING: 1 input is cut, and what would follow is missing; the first: .*\n$")
                self.assertEqual((facts["unreadable"], facts["rejects"], facts["exit"]), (1, {"encoding": 1}, 3))
                self.assertEqual(facts["records"], facts["with_image"] + 1)
                self.assertRegex(facts["truncated"][0], rf"cut.{kind}:{kept + 1}: the compressed input is cut here")
                [reject] = map(json.loads, Path(f"{self.out}.rejects.ndjson").read_text().splitlines())
                self.assertEqual((reject["line"], reject["byte"]), (kept + 1, sum(map(len, self.text[:kept]))))

    def test_anywhere(self):
        """A cut at any byte gives a number of whole records, the more of them the later it is."""
        whole = gzip.compress("".join(self.text[:40]).encode(), 1)
        path, before = self.dir / "cut.gz", 0
        for at in [*range(1, 60), *range(60, len(whole), 997), *range(len(whole) - 12, len(whole))]:
            path.write_bytes(whole[:at])
            # Of one byte nothing says that it is compressed.
            self.convert(path, self.more, "--on-truncated", "keep", code=3)
            rows = load(self.out)
            kept = len(rows) - 20
            np.testing.assert_array_equal(rows[:kept], self.images[:kept])
            self.assertGreaterEqual(kept, before)
            before = kept
        self.assertEqual(kept, 40)

    def test_an_array_and_fill_rows(self):
        path = self.dir / "cut.gz"
        path.write_bytes(gzip.compress(("[" + ",".join(self.text[:40]) + "]").encode())[:-2000])
        self.convert(path, "--on-truncated", "keep", "--on-error", "fill", code=3)
        rows = load(self.out)
        self.assertTrue(20 < len(rows) < 40)
        np.testing.assert_array_equal(rows, self.images[: len(rows)])
        self.convert(path, "--on-truncated", "keep", "--on-error", "raise", code=4)

    def test_a_stopped_run_goes_on(self):
        cut, env = self.cut(), {**os.environ, "NDPIX_JOURNAL_BYTES": "1000"}
        args = "convert", self.more, cut, "-o", self.out, "--field", "image"
        self.run_ndpix(4, *args, env=env)
        said = self.run_ndpix(3, *args, "--on-truncated", "keep").stderr.decode()
        self.assertIn("continues at record", said)
        rows = load(self.out)
        np.testing.assert_array_equal(rows, np.concatenate([self.images[40:], self.images[: len(rows) - 20]]))

    def test_parts_give_the_same(self):
        cut = self.cut()
        flags = "--field", "image", "--on-truncated", "keep"
        want = self.dir / "want.npy"
        self.run_ndpix(3, "convert", cut, self.more, "-o", want, *flags)
        self.run_ndpix(0, "plan", cut, self.more, "-o", self.out, *flags, "--parts", "5")
        plan = f"{self.out}.plan.json"
        self.run_ndpix(0, "run", plan, "--task", "0", "--tasks", "1")
        said = self.run_ndpix(3, "commit", plan).stderr.decode()
        self.assertIn("WARNING: 1 input is cut", said)
        for ending in "", ".rejects.ndjson":
            self.assertEqual(Path(f"{self.out}{ending}").read_bytes(), Path(f"{want}{ending}").read_bytes(), ending)

    def test_the_whole_file_comes_later(self):
        """What was read of it is counted, so that the rest can be appended."""
        cut = self.cut()
        args = "convert", cut, "-o", self.out, "--field", "image", "--append"
        self.run_ndpix(3, *args, "--on-truncated", "keep")
        kept = len(load(self.out))
        cut.write_bytes(self.PACKS["gz"]("".join(self.text[:40]).encode()))
        said = self.run_ndpix(2, *args).stderr.decode()
        self.assertIn(f"pass skip {kept} to add those after them", said)
        self.run_ndpix(0, *args, "--skip", str(kept))
        np.testing.assert_array_equal(load(self.out), self.images[:40])


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
        (self.dir / "dumps" / "readme.txt").write_text("")
        command, add = re.findall(r"```sh\n(ndpix.*)\n```", PAGE)
        self.assertIn(re.search(r"```\n(ndpix: dumps: .*)\n```", PAGE)[1], self.shell(3, command))
        self.write("dumps/2026-11-29.ndjson", [{**pgm(i), "label": i} for i in range(100)])
        self.assertEqual(self.shell(0, add), "")
        self.assertIn("was appended to all.npy before", self.shell(2, add))
        self.shell(0, add.replace("--append", "--append --append-again"))
        table = pyarrow.parquet.read_table(self.dir / "all.npy.columns.parquet")
        self.assertEqual(table["label"].to_pylist(), [*range(100)] * 2)
        self.assertEqual(len(np.load(self.dir / "all.npy")), 200)

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
