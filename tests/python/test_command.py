"""What the command promises around the pixels: exit codes, files left, limits, signals, reports."""
import base64
import gzip
import hashlib
import io
import json
import os
import shlex
import signal
import struct
import subprocess
import sys
import time
import unittest
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from command import NDPIX, SAMPLE, Case, load, ndpix, rejects_of


def png(value, height=6, width=8):
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), value, np.uint8)).save(out, "PNG")
    return out.getvalue()


def record(value, **size):
    return {"id": value, "image": base64.b64encode(png(value, **size)).decode()}


def bomb(height, width):
    """A PNG that says it is large and holds next to nothing."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b""))


def numbers(value):
    """Every integer of a JSON document with its dotted name."""
    found = {}

    def walk(name, x):
        if isinstance(x, dict):
            for k, v in x.items():
                walk(f"{name}.{k}" if name else k, v)
        elif isinstance(x, int) and not isinstance(x, bool):
            found[name] = x

    walk("", value)
    return found


class ExitCodes(Case):
    def test_0_all_images(self):
        source = self.write("in.ndjson", [record(i) for i in range(3)])
        self.run_ndpix(0, "convert", source, "-o", self.out)
        self.assertEqual(load(self.out).shape, (3, 6, 8, 3))
        self.assertEqual([p.name for p in self.dir.glob("*.partial")], [])

    def test_1_the_machine(self):
        self.run_ndpix(1, "convert", self.dir / "none.ndjson", "-o", self.out)
        self.assertFalse(self.out.exists())

    def test_2_usage(self):
        source = self.write("in.ndjson", [record(1)])
        self.run_ndpix(2, "convert", source)
        self.run_ndpix(2, "convert", source, "-o", self.out, "--no-such-option")
        self.run_ndpix(2, "convert", source, "-o", self.out, "--on-error", "maybe")
        self.run_ndpix(2, "convert", source, "-o", self.dir / "out.unknown")
        self.assertFalse(self.out.exists())

    def test_2_shape_with_x(self):
        source = self.write("in.ndjson", [record(1)])
        done = self.run_ndpix(2, "convert", source, "-o", self.out, "--shape", "640x480")
        self.assertIn(b"H,W", done.stderr)

    def test_2_nothing_of_the_user_is_overwritten(self):
        source = self.write("in.ndjson", [record(1), {"image": "%"}])
        before = source.read_bytes()
        for flags in (["--rejects", source], ["--summary", source], ["--rejects", "/dev/null"],
                      ["--rejects", self.out]):
            self.run_ndpix(2, "convert", source, "-o", self.out, *flags)
            self.assertEqual(source.read_bytes(), before)
            self.assertFalse(self.out.exists())

    def test_2_no_image_field(self):
        self.run_ndpix(2, "convert", self.write("in.ndjson", [{"a": 1}, {"a": 2}]), "-o", self.out)
        self.assertFalse(self.out.exists())

    def test_2_two_image_fields_are_listed(self):
        both = {"left": record(1)["image"], "right": record(2)["image"]}
        done = self.run_ndpix(2, "convert", self.write("in.ndjson", [both]), "-o", self.out)
        self.assertIn(b"left", done.stderr)
        self.assertIn(b"right", done.stderr)

    def test_3_some_rejected(self):
        self.run_ndpix(3, "convert", SAMPLE, "-o", self.out)
        self.assertEqual(load(self.out).shape, (24, 96, 128, 3))
        self.assertEqual([r["kind"] for r in rejects_of(self.out)], ["json", "encoding", "image"])

    def test_4_truncated_gzip(self):
        whole = gzip.compress(SAMPLE.read_bytes())
        source = self.dir / "in.ndjson.gz"
        source.write_bytes(whole[: len(whole) * 2 // 3])
        self.run_ndpix(4, "convert", source, "-o", self.out)
        self.assertFalse(self.out.exists())

    def test_130_interrupted(self):
        process = subprocess.Popen(
            [NDPIX, "convert", "-", "-o", str(self.out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        try:
            for i in range(200):  # past the sample, and then the input just stays open
                process.stdin.write(json.dumps(record(i)).encode() + b"\n")
            process.stdin.flush()
            time.sleep(1)
            self.assertIsNone(process.poll(), "ended before it was interrupted")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 130)
        finally:
            process.kill()
            process.communicate()
        self.assertFalse(self.out.exists())


class Files(Case):
    def test_existing_output_is_kept(self):
        source = self.write("in.ndjson", [record(1)])
        self.out.write_bytes(b"precious")
        self.run_ndpix(2, "convert", source, "-o", self.out)
        self.assertEqual(self.out.read_bytes(), b"precious")
        self.run_ndpix(0, "convert", source, "-o", self.out, "--if-exists", "replace")
        self.assertEqual(len(load(self.out)), 1)

    def test_output_that_appears_meanwhile_is_kept(self):
        args = [NDPIX, "convert", "-", "-o", str(self.out)]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(b"".join(json.dumps(record(i)).encode() + b"\n" for i in range(100)))
            run.stdin.flush()
            deadline = time.monotonic() + 30
            while not Path(f"{self.out}.partial").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.out.write_bytes(b"precious")
            said = run.communicate(timeout=60)[1]
        self.assertEqual((run.returncode, self.out.read_bytes()), (1, b"precious"), said)
        self.assertIn(b"appeared while", said)

    def test_failed_replacement_keeps_the_old_output(self):
        self.out.write_bytes(b"precious")
        self.run_ndpix(
            4, "convert", SAMPLE, "-o", self.out, "--if-exists", "replace", "--on-error", "raise")
        self.assertEqual(self.out.read_bytes(), b"precious")

    def test_pipe_as_output_is_refused(self):
        os.mkfifo(self.out)
        self.run_ndpix(2, "convert", SAMPLE, "-o", self.out, "--if-exists", "replace", timeout=30)
        self.assertTrue(self.out.is_fifo(), "the pipe was replaced by a file")

    def test_rejects_fed_back(self):
        self.run_ndpix(3, "convert", SAMPLE, "-o", self.out)
        text = SAMPLE.read_bytes().split(b"\n")
        first = rejects_of(self.out)
        for r in first:
            self.assertEqual(r["record"].rstrip("\r\n").encode(), text[r["line"] - 1])
            self.assertTrue(r["message"])
            self.assertEqual(text[: r["line"] - 1], SAMPLE.read_bytes()[: r["byte"]].split(b"\n")[:-1])
        again = self.dir / "again.npy"
        done = ndpix("convert", f"{self.out}.rejects.ndjson", "-o", again, "--field", "image",
                     "--encoding", "encoded", "--shape", "96,128,3", "--dtype", "uint8", "--max-rejects", "none")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertEqual(load(again).shape, (0, 96, 128, 3))
        self.assertEqual([r["kind"] for r in rejects_of(again)], [r["kind"] for r in first])

    def test_rejects_fed_back_after_the_reason_is_gone(self):
        small, large = [record(i) for i in range(4)], record(9, height=60, width=80)
        source = self.write("in.ndjson", [*small, large])
        self.run_ndpix(3, "convert", source, "-o", self.out, "--max-pixels", "1000")
        again = self.dir / "again.npy"
        self.run_ndpix(0, "convert", f"{self.out}.rejects.ndjson", "-o", again)
        self.assertEqual(load(again).shape, (1, 60, 80, 3))
        self.assertEqual(int(load(again)[0, 0, 0, 0]), 9)

    def test_rows(self):
        self.run_ndpix(3, "convert", SAMPLE, "-o", self.out, "--rows", "always")
        rows = np.load(f"{self.out}.rows.npy")
        self.assertEqual(rows.dtype.names, ("file", "line", "byte", "item", "valid"))
        bad = {r["line"] for r in rejects_of(self.out)} | {25}
        self.assertEqual(rows["line"].tolist(), [n for n in range(1, 29) if n not in bad])
        self.assertTrue(rows["valid"].all())

    def test_several_inputs_in_the_order_given(self):
        a = self.write("a.ndjson", [record(1), record(2)])
        b = self.write("b.ndjson", [record(3)])
        self.run_ndpix(0, "convert", b, a, "-o", self.out)
        self.assertEqual(load(self.out)[:, 0, 0, 0].tolist(), [3, 1, 2])

    def test_paths_from_standard_input_need_a_base(self):
        (self.dir / "p.png").write_bytes(png(5))
        text = b'{"file":"p.png"}\n'
        args = ["convert", "-", "-o", self.out, "--field", "file", "--encoding", "path"]
        said = self.run_ndpix(2, *args, input=text).stderr
        self.assertIn(b"give base_dir", said)
        self.assertNotIn(b"pass shape", said)
        self.assertFalse(self.out.exists() and len(load(self.out)))
        self.run_ndpix(0, *args, "--base-dir", self.dir, "--if-exists", "replace", input=text)
        self.assertEqual(load(self.out).shape, (1, 6, 8, 3))

    def test_rejects_are_read_again_from_another_folder(self):
        data, other = self.dir / "data", self.dir / "other"
        data.mkdir()
        other.mkdir()
        names = ("a.png", "b.png", "c.png")
        for i, name in enumerate(names):
            (data / name).write_bytes(png(i) if i != 1 else b"")
        # The same names lead to other images where the command is run again.
        for name in (*names, "in.ndjson"):
            (other / name).write_bytes(png(9) if name != "in.ndjson" else b"")
        self.write("data/in.ndjson", [{"file": name} for name in names])
        args = ["--field", "file", "--encoding", "path"]
        for run, (cwd, source) in enumerate([(data, "in.ndjson"), (self.dir, "data/in.ndjson")]):
            out = data / f"{run}.npy"
            self.run_ndpix(3, "convert", source, "-o", out, *args, cwd=cwd)
            [found] = rejects_of(out)
            self.assertEqual((found["file"], found["kind"]), (source, "unsupported"))
            (data / "b.png").write_bytes(png(1))
            self.run_ndpix(0, "convert", f"../data/{run}.npy.rejects.ndjson", "-o", f"{run}.npy", *args, cwd=other)
            self.assertEqual(load(other / f"{run}.npy")[:, 0, 0, 0].tolist(), [1])
            (data / "b.png").write_bytes(b"")

    def test_lines_of_a_rejects_file_open_nothing_by_themselves(self):
        """By whatever name and from whatever working directory."""
        secret = self.dir / "private"
        data = self.dir / "data"
        secret.mkdir()
        data.mkdir()
        (secret / "s.png").write_bytes(png(5))
        (secret / "x.ndjson").write_bytes(b"")
        keys = ("file", "line", "byte", "item", "kind", "message", "record")
        record = json.dumps({"image": "s.png"})
        files = (secret / "x.ndjson", "private/x.ndjson", "x.ndjson", "../private/x.ndjson", str(secret)[1:] + "/x.ndjson")
        said = [dict(zip(keys, (str(file), 1, 0, 0, "unsupported", "m", record))) for file in files]
        args = ["-o", self.out, "--if-exists", "replace", "--field", "image", "--encoding", "path",
                "--shape", "6,8,3", "--dtype", "uint8", "--max-rejects", "none"]
        for name in ("data/in.ndjson", "data/in.rejects.ndjson"):
            source = self.write(name, said)
            for cwd in ("/", self.dir, data, secret):
                for more in ([], ["--rejects-input"], ["--base-dir", data]):
                    self.run_ndpix(0, "convert", source, *args, *more, cwd=cwd)
                    self.assertEqual(len(load(self.out)), 0, (name, cwd, more))
                text = Path(source).read_bytes()
                self.run_ndpix(0, "convert", "-", *args, "--rejects-input", cwd=cwd, input=text)
                self.assertEqual(len(load(self.out)), 0, (name, cwd))
        self.run_ndpix(0, "convert", source, *args, "--allow-dir", "private", cwd=self.dir)
        self.assertGreater(len(load(self.out)), 0)

    def test_the_summary_is_kept_off_the_files_of_the_run(self):
        source = self.write("in.ndjson", [record(1)])
        os.link(source, self.dir / "link")
        sidecars = ("", ".rows.npy", ".columns.parquet", ".rejects.ndjson")
        for path in [*(f"{self.out}{s}{p}" for s in sidecars for p in ("", ".partial")), self.dir / "./in.ndjson", self.dir / "link"]:
            done = self.run_ndpix(2, "convert", source, "-o", self.out, "--summary", path)
            self.assertIn(b"give another name", done.stderr)
        journal, shown = f"{self.out}.partial.journal", f"{self.out}.rejects.ndjson.partial.shown"
        for flag, path in ("--summary", journal), ("--rejects", journal), ("--summary", shown):
            done = self.run_ndpix(2, "convert", source, "-o", self.out, flag, path)
            self.assertIn(b"give another name", done.stderr)
        for words in ["convert", source, "-o", self.out], ["inspect", source]:
            done = self.run_ndpix(2, *words, "--report", self.dir / "link")
            self.assertIn(b"give another name", done.stderr)
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["in.ndjson", "link"])
        self.assertEqual(json.loads(source.read_bytes()), record(1))

    def test_a_page_is_written_however_the_run_ends(self):
        source, page = self.write("in.ndjson", [record(1), {"image": "<b>%"}]), self.dir / "page.html"
        for code, more, said in ((3, [], "1 row written"), (4, ["--on-error", "raise"], "Stopped after 1 row")):
            self.run_ndpix(code, "convert", source, "-o", self.out, "--if-exists", "replace", "--report", page, *more)
            text = page.read_text("utf-8")
            self.assertIn(f"<h1>{said}</h1>", text)
            self.assertIn("&lt;b&gt;%", text)
        self.run_ndpix(0, "inspect", source, "--report", page)
        self.assertIn("Rejects to expect", page.read_text("utf-8"))
        self.run_ndpix(1, "inspect", source, "--report", self.dir / "none" / "page.html")

    def test_rows_are_shown_with_where_they_came_from(self):
        self.run_ndpix(3, "convert", SAMPLE, "-o", self.out)
        done = self.run_ndpix(0, "show", self.out, "0", "22-23")
        lines = done.stdout.decode().splitlines()
        self.assertEqual([line.split("  ")[0] for line in lines], ["row 0", "row 22", "row 23"])
        self.assertIn("sample.ndjson:1, byte 0, item 0", lines[0])
        self.assertNotIn("\x1b", done.stdout.decode(), "no pictures where there is no terminal")
        path = self.dir / "row.png"
        self.run_ndpix(0, "show", self.out, "5", "--png", path)
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), load(self.out)[5])
        for rows in (["24"], ["x"], ["0-300"], ["0", "1", "--png", path], ["0", "--png", self.out]):
            self.run_ndpix(2, "show", self.out, *rows)

    def test_what_a_stopped_run_leaves_is_listed(self):
        path = self.dir / "summary.json"
        self.run_ndpix(
            4, "convert", SAMPLE, "-o", self.out, "--on-error", "raise", "--rows", "always", "--summary", path)
        # What else there is the same command goes on with.
        others = [path, *(Path(f"{self.out}{s}") for s in (".partial.d", ".partial.journal", ".rejects.ndjson.partial"))]
        there = sorted(str(p) for p in self.dir.iterdir() if p not in others)
        self.assertEqual(there, [f"{self.out}{s}" for s in (".partial", ".rejects.ndjson", ".rows.npy.partial")])
        self.assertEqual(sorted(json.loads(path.read_text())["outputs"]), there)

    def test_a_link_out_of_the_folder_is_refused(self):
        inside = self.dir / "in"
        inside.mkdir()
        (self.dir / "secret.png").write_bytes(png(5))
        (inside / "p.png").write_bytes(png(1))
        (inside / "link.png").symlink_to(self.dir / "secret.png")
        source = self.write("in/in.ndjson", [{"file": f} for f in ("p.png", "link.png", "p.png")])
        self.run_ndpix(3, "convert", source, "-o", self.out, "--field", "file", "--encoding", "path")
        self.assertEqual([(r["line"], r["kind"]) for r in rejects_of(self.out)], [(2, "path")])


class Promises(Case):
    def test_same_bytes_for_any_number_of_threads(self):
        # Enough records that every thread gets several batches.
        good = SAMPLE.read_bytes().splitlines(keepends=True) * 20
        source = self.write("in.ndjson", good)
        hashes = set()
        for threads in (1, 2, 8):
            out = self.dir / f"{threads}.npy"
            self.run_ndpix(3, "convert", source, "-o", out, "--threads", threads)
            rejects = (self.dir / f"{threads}.npy.rejects.ndjson").read_bytes()
            hashes.add(hashlib.sha256(out.read_bytes() + rejects).hexdigest())
        self.assertEqual(len(hashes), 1)

    def test_summary_closes(self):
        path = self.dir / "summary.json"
        self.run_ndpix(3, "convert", SAMPLE, "-o", self.out, "--skip", "1", "--summary", path)
        found = numbers(json.loads(path.read_text()))
        counts = {name.split(".")[-1]: n for name, n in found.items()}
        # 28 records: 1 passed over, 1 unreadable, 1 without image, 25 images of which 2 are rejected.
        wanted = {
            "passed_over": 1, "records": 27, "with_image": 25, "without_image": 1, "unreadable": 1,
            "images": 25, "decoded": 23, "rejected_images": 2, "rows": 23}
        self.assertEqual({k: counts.get(k) for k in wanted}, wanted)
        self.assertEqual(len(rejects_of(self.out)), 3)

    def test_summary_is_written_when_the_run_fails(self):
        path = self.dir / "summary.json"
        self.run_ndpix(4, "convert", SAMPLE, "-o", self.out, "--on-error", "raise", "--summary", path)
        json.loads(path.read_text())

    def test_deep_nesting_is_rejected(self):
        deep = b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b',"image":"AA=="}\n'
        source = self.write("in.ndjson", [record(1), deep, record(2)])
        self.run_ndpix(3, "convert", source, "-o", self.out)
        self.assertEqual([(r["line"], r["kind"]) for r in rejects_of(self.out)], [(2, "json")])
        self.assertEqual(len(load(self.out)), 2)

    def test_image_bomb_is_a_limit(self):
        source = self.write("in.ndjson", [
            record(1), {"image": base64.b64encode(bomb(60_000, 60_000)).decode()}, record(2)])
        self.run_ndpix(3, "convert", source, "-o", self.out)
        self.assertEqual([(r["line"], r["kind"]) for r in rejects_of(self.out)], [(2, "limit")])

    def test_long_record_is_a_limit(self):
        source = self.write("in.ndjson", [record(1), {"image": "A" * 100_000}, record(2)])
        self.run_ndpix(3, "convert", source, "-o", self.out, "--max-record-bytes", "10000")
        found = rejects_of(self.out)
        self.assertEqual([(r["line"], r["kind"]) for r in found], [(2, "limit")])
        self.assertLess(len(json.dumps(found)), 5000, "the record's text is not kept")

    def test_record_that_is_not_utf8(self):
        source = self.write("in.ndjson", [record(1), b'{"image":"\xff\xfe"}\n', record(2)])
        self.run_ndpix(3, "convert", source, "-o", self.out)
        [found] = rejects_of(self.out)
        self.assertEqual((found["line"], found["kind"]), (2, "json"))
        self.assertEqual(base64.b64decode(found["record_b64"]).rstrip(b"\n"), b'{"image":"\xff\xfe"}')

    def test_every_prefix_ends_well(self):
        text = b"".join(json.dumps(record(i)).encode() + b"\n" for i in range(2))
        for cut in range(0, len(text), 23):
            out = self.dir / f"{cut}.npy"
            code = ndpix("convert", "-", "-o", out, input=text[:cut]).returncode
            self.assertIn(code, (0, 2, 3, 4), f"prefix of {cut} bytes")
            self.assertEqual(out.exists(), code in (0, 3), f"prefix of {cut} bytes, exit {code}")


class Memory(Case):
    def test_memory_bounds_the_images_in_flight(self):
        flat = io.BytesIO()
        Image.new("L", (4000, 4000), 7).save(flat, "PNG")  # 20 kB that become 16 MB
        (self.dir / "flat.png").write_bytes(flat.getvalue())
        records = self.write("x.ndjson", [{"image": "flat.png"}] * 40)
        peaks = {}
        for memory in ("auto", "100M"):
            summary = self.dir / f"{memory}.json"
            self.run_ndpix(0, "convert", records, "-o", self.out, "--threads", 16, "--memory", memory,
                           "--if-exists", "replace", "--summary", summary)
            peaks[memory] = json.loads(summary.read_text())["peak_memory"] / 2**20
        # Beside the images in flight each thread has its buffers, which a busy machine shows.
        self.assertLess(peaks["100M"], 200, peaks)
        self.assertGreater(peaks["auto"], 220, peaks)


    def test_the_peak_is_that_of_the_command_alone(self):
        source, summary = self.write("x.ndjson", [record(1)]), self.dir / "summary.json"
        args = [NDPIX, "convert", source, "-o", self.out, "--summary", summary]
        # A process that has held 300 MB becomes the command.
        parent = f"import os; held = b'x' * 300_000_000; os.execv({NDPIX!r}, {[str(a) for a in args]!r})"
        subprocess.run([sys.executable, "-c", parent], check=True, capture_output=True, timeout=120)
        self.assertLess(json.loads(summary.read_text())["peak_memory"], 150e6)


class Inspect(Case):
    def test_text_names_field_and_command(self):
        done = self.run_ndpix(0, "inspect", SAMPLE)
        self.assertIn(b"ndpix convert", done.stdout)
        self.assertIn(b"image", done.stdout)

    def test_json_and_the_suggested_command_runs(self):
        done = self.run_ndpix(0, "inspect", SAMPLE, "--json")
        report = json.loads(done.stdout)
        commands = []

        def walk(x):
            if isinstance(x, dict):
                x = list(x.values())
            if isinstance(x, list):
                if x and all(isinstance(y, str) for y in x) and x[:2] == ["ndpix", "convert"]:
                    commands.append(x)
                for y in x:
                    walk(y)
            elif isinstance(x, str) and x.startswith("ndpix convert "):
                commands.append(shlex.split(x))

        walk(report)
        self.assertTrue(commands, report)
        args = commands[0][1:]
        self.assertIn("-o", args, "the command names its output")
        args[args.index("-o") + 1] = str(self.out)
        self.run_ndpix(3, *args)
        self.assertEqual(load(self.out).shape, (24, 96, 128, 3))


class Usual(Case):
    def test_help_version_completions_man(self):
        for args in (["--help"], ["convert", "--help"], ["--version"], ["completions", "bash"], ["man"]):
            self.assertTrue(self.run_ndpix(0, *args).stdout, args)


if __name__ == "__main__":
    unittest.main()
