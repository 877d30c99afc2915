"""Outputs in general, and `.npz`, `.safetensors`, folders of shards and `append`: what their readers find in
them, beside the `.npy` of the same run; and what is left of runs that end early."""
import base64
import io
import json
import random
import shutil
import time
import unittest
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file

from command import Case, killed, load, ndpix, small_disk

COLUMNS = "label,score,ok,name,box,tags,meta"
ROW = [("file", "<u4"), ("line", "<u8"), ("byte", "<u8"), ("item", "<u4"), ("valid", "?")]


def pixels(array):
    return base64.b64encode(array.tobytes()).decode()


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def shards(folder):
    """The manifest, and the arrays of all shards one after another."""
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = [load(folder / shard["file"]) for shard in manifest["shards"]]
    for shard, part in zip(manifest["shards"], parts, strict=True):
        assert manifest["holds"] != "images" or len(part) == shard["rows"], shard
    return manifest, np.concatenate(parts) if parts else None


def files(path):
    """The bytes of a file, or of every file of a folder by its name."""
    if path.is_dir():
        return {p.name: p.read_bytes() for p in path.iterdir()}
    return path.read_bytes() if path.exists() else None


class Outputs(Case):
    RAW = ["--field", "image", "--encoding", "raw"]

    def source(self, arrays, name="in.ndjson", **fields):
        """Records with raw pixels and the fields that are kept in the tests."""
        def record(i, row):
            kept = {"label": i if i % 7 else None, "score": i / 3, "ok": i % 2 == 0, "name": f"é{i}",
                    "box": [i, 1, 2, 3], "tags": list(range(i % 4)), "meta": {"a": [1, {"b": i}]}}
            return {"image": pixels(row), "shape": row.shape, "dtype": row.dtype.name, **kept, **fields}
        return self.write(name, (record(i, row) for i, row in enumerate(arrays)))

    def rows(self, count, shape=(8, 6, 3), dtype=np.uint8, seed=0):
        return np.random.default_rng(seed).integers(0, 255, (count, *shape)).astype(dtype)

    def convert(self, source, name, *flags, code=0, **options):
        out = self.dir / name
        self.run_ndpix(code, "convert", source, "-o", out, *flags, **options)
        return out


class Npz(Outputs):
    def check_columns(self, z, count):
        np.testing.assert_array_equal(z["label.valid"], np.arange(count) % 7 != 0)
        np.testing.assert_array_equal(z["label"], np.arange(count) * (np.arange(count) % 7 != 0))
        np.testing.assert_array_equal(z["score"], np.arange(count) / 3)
        np.testing.assert_array_equal(z["ok"], np.arange(count) % 2 == 0)
        self.assertEqual(z["name"].tolist(), [f"é{i}" for i in range(count)])
        np.testing.assert_array_equal(z["box"], [[i, 1, 2, 3] for i in range(count)])
        tags = np.split(z["tags"], z["tags.offsets"][1:-1])
        self.assertEqual([t.tolist() for t in tags], [list(range(i % 4)) for i in range(count)])
        self.assertEqual([json.loads(t) for t in z["meta"].tolist()], [{"a": [1, {"b": i}]} for i in range(count)])

    def test_arrays_and_columns(self):
        rows = self.rows(1000)
        source = self.source(rows)
        for flags in [], ["--output-compression", "gzip"], ["--output-compression", "gzip:9"]:
            out = self.convert(source, "out.npz", *self.RAW, "--columns", COLUMNS, *flags, "--if-exists", "replace")
            with zipfile.ZipFile(out) as archive:
                self.assertIsNone(archive.testzip())
                self.assertEqual({m.compress_type for m in archive.infolist()}, {8 if flags else 0})
                about = json.loads(archive.comment)
                self.assertEqual(json.loads(about["ndpix_counts"])["rows"], 1000)
                self.assertEqual(json.loads(about["ndpix_options"])["columns"], COLUMNS.replace(",", "\n"))
            with np.load(out) as z:
                np.testing.assert_array_equal(z["images"], rows)
                self.check_columns(z, 1000)
                self.assertEqual(z["rows"].dtype, np.dtype(ROW))
                np.testing.assert_array_equal(z["rows"]["line"], np.arange(1, 1001))
        out = self.convert(source, "never.npz", *self.RAW, "--rows", "never")
        with np.load(out) as z:
            self.assertEqual(z.files, ["images"])

    def test_members_can_be_mapped(self):
        out = self.convert(self.source(self.rows(50)), "out.npz", *self.RAW, "--columns", "label,name")
        with zipfile.ZipFile(out) as archive, open(out, "rb") as file:
            for member in archive.infolist():
                file.seek(member.header_offset)
                head = file.read(30)
                names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
                self.assertEqual((member.header_offset + 30 + names) % 64, 0, member.filename)

    def test_long_texts_are_bytes_and_offsets(self):
        records = [{"image": pixels(r), "shape": r.shape, "dtype": "uint8", "text": "é" * (200 * i)}
                   for i, r in enumerate(self.rows(5))]
        out = self.convert(self.write("in.ndjson", records), "out.npz", *self.RAW, "--columns", "text")
        with np.load(out) as z:
            texts = [bytes(t).decode() for t in np.split(z["text"], z["text.offsets"][1:-1])]
        self.assertEqual(texts, [r["text"] for r in records])


    def test_zeros_at_the_end_of_texts_stay(self):
        records = [{"image": pixels(r), "shape": r.shape, "dtype": "uint8", "text": f"{i}\0"}
                   for i, r in enumerate(self.rows(3))]
        out = self.convert(self.write("in.ndjson", records), "out.npz", *self.RAW, "--columns", "text")
        with np.load(out) as z:
            texts = [bytes(t) for t in np.split(z["text"], z["text.offsets"][1:-1])]
        self.assertEqual(texts, [b"0\0", b"1\0", b"2\0"])


class Safetensors(Outputs):
    def test_tensors_and_metadata(self):
        rows = self.rows(1000)
        out = self.convert(self.source(rows), "out.safetensors", *self.RAW, "--columns", "label,score,ok")
        found = load_file(out)
        np.testing.assert_array_equal(found["images"], rows)
        np.testing.assert_array_equal(found["label.valid"], np.arange(1000) % 7 != 0)
        np.testing.assert_array_equal(found["score"], np.arange(1000) / 3)
        self.assertEqual(found["ok"].dtype, bool)
        np.testing.assert_array_equal(found["rows.line"], np.arange(1, 1001))
        with safe_open(out, "np") as file:
            self.assertEqual(json.loads(file.metadata()["ndpix_counts"])["rows"], 1000)

    def test_dtypes(self):
        for dtype in "bool", "int8", "uint16", "int32", "uint64", "float16", "float32", "float64":
            rows = (self.rows(9, (3, 5)) % (2 if dtype == "bool" else 120)).astype(dtype)
            out = self.convert(self.source(rows), f"{dtype}.safetensors", *self.RAW)
            np.testing.assert_array_equal(load_file(out)["images"], rows)
            self.assertEqual(load_file(out)["images"].dtype, rows.dtype)

    def test_text_is_refused_before_the_run(self):
        source = self.source(self.rows(3))
        done = ndpix("convert", source, "-o", self.dir / "x.safetensors", *self.RAW, "--columns", "name")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"column name holds strings", done.stderr)
        self.assertEqual(list(self.dir.iterdir()), [source])


class Shards(Outputs):
    def test_rows_are_split(self):
        rows = self.rows(1000)
        source = self.source(rows)
        for size, lengths in (300, [300, 300, 300, 100]), (1000, [1000]), (1, [1] * 1000), (5000, [1000]):
            out = self.convert(source, f"by{size}", *self.RAW, "--shard-rows", size)
            manifest, found = shards(out)
            np.testing.assert_array_equal(found, rows)
            self.assertEqual([s["rows"] for s in manifest["shards"]], lengths)
            self.assertEqual((manifest["rows"], manifest["item"], manifest["dtype"]), (1000, [8, 6, 3], "uint8"))
            np.testing.assert_array_equal(load(out / "rows.npy")["line"], np.arange(1, 1001))

    def test_columns_stand_beside_them(self):
        import pyarrow.parquet
        out = self.convert(self.source(self.rows(50)), "out", *self.RAW, "--shard-rows", 20, "--columns", COLUMNS)
        table = pyarrow.parquet.read_table(out / "columns.parquet")
        self.assertEqual(table["name"].to_pylist(), [f"é{i}" for i in range(50)])

    def test_no_rows(self):
        source = self.write("in.ndjson", [{"image": None}])
        out = self.convert(source, "out", "--field", "image", "--shape", "4,4", "--dtype", "uint8", "--shard-rows", 9)
        self.assertEqual(shards(out)[0]["shards"], [])


class Ragged(Outputs):
    def images(self, count):
        """Gray and RGB of many sizes, some of them bad or missing; and what all of them are in RGB."""
        dice = np.random.default_rng(3)
        records, want = [], []
        for i in range(count):
            shape = (*dice.integers(1, 60, 2), *([3] if i % 3 else []))
            image = dice.integers(0, 256, shape, np.uint8)
            bad = {70: "AAAA", 71: None}.get(i, ...)
            records.append({"image": png(image) if bad is ... else bad})
            rgb = image if i % 3 else np.repeat(image[..., None], 3, 2)
            want.append(rgb if bad is ... else None)
        return self.write("in.ndjson", records), want

    def arrays(self, out):
        """The arrays of either output by their names."""
        if out.suffix == ".npz":
            with np.load(out) as z:
                return {name: z[name] for name in z.files}
        manifest, main = shards(out)
        beside = {p.stem: load(p) for p in out.glob("*.npy") if not p.stem.isdigit()}
        return {manifest["holds"]: main, **beside}

    def test_flat(self):
        source, want = self.images(200)
        for name, *flags in ["out.npz"], ["out", "--shard-rows", "30"]:
            for fill in False, True:
                more = ["--on-error", "fill", "--on-missing", "fill"] if fill else []
                out = self.convert(source, name, "--ragged", "flat", *flags, *more, "--if-exists", "replace",
                                   "--max-rejects", "none")
                found = self.arrays(out)
                images = want if fill else [w for w in want if w is not None]
                self.assertEqual(len(found["shapes"]), len(images))
                for i, image in enumerate(images):
                    begin, end = found["offsets"][i:i + 2]
                    if image is None:
                        self.assertEqual((begin, found["valid"][i]), (end, False))
                        continue
                    np.testing.assert_array_equal(found["pixels"][begin:end].reshape(found["shapes"][i]), image)
        manifest, _ = shards(out)
        for number, shard in enumerate(manifest["shards"]):
            begin, end = found["offsets"][[number * 30, number * 30 + shard["rows"]]]
            self.assertEqual(len(load(out / shard["file"])), end - begin)

    def test_pad(self):
        source, want = self.images(200)
        height, width = (max(w.shape[axis] for w in want if w is not None) for axis in (0, 1))
        for name, *flags in ["out.npz"], ["out", "--shard-rows", "30"]:
            for layout in "hwc", "chw":
                out = self.convert(source, name, "--ragged", "pad", "--pad-value", "7", "--layout", layout, *flags,
                                   "--on-error", "fill", "--on-missing", "fill", "--if-exists", "replace",
                                   "--max-rejects", "none")
                found = self.arrays(out)
                images = found["images"] if layout == "hwc" else found["images"].transpose(0, 2, 3, 1)
                self.assertEqual(images.shape, (200, height, width, 3))
                for row, size, valid, image in zip(images, found["sizes"], found["valid"], want, strict=True):
                    if image is None:
                        self.assertFalse(valid or size.any() or row.any())
                        continue
                    self.assertEqual(size.tolist(), list(image.shape[:2]))
                    padded = np.full_like(row, 7)
                    padded[:size[0], :size[1]] = image
                    np.testing.assert_array_equal(row, padded)

    def test_size_says_how_large_rows_are(self):
        source, want = self.images(60)
        text = source.read_bytes()
        out = self.dir / "out.npz"
        self.run_ndpix(2, "convert", "-", "-o", out, "--ragged", "pad", input=text)
        self.run_ndpix(3, "convert", "-", "-o", out, "--ragged", "pad", "--size", "50,40", input=text)
        fit = [w for w in want if w.shape[0] <= 50 and w.shape[1] <= 40]
        with np.load(out) as z:
            self.assertEqual(z["images"].shape, (len(fit), 50, 40, 3))
            self.assertEqual(z["sizes"].tolist(), [list(w.shape[:2]) for w in fit])

    def test_contain(self):
        from PIL import ImageOps
        source, want = self.images(60)
        out = self.convert(source, "out.npz", "--ragged", "pad", "--size", "32", "--fit", "contain", "--mode", "RGB")
        with np.load(out) as z:
            for row, (h, w), image in zip(z["images"], z["sizes"], want, strict=True):
                small = ImageOps.contain(Image.fromarray(image), (32, 32), Image.Resampling.BILINEAR)
                np.testing.assert_array_equal(row[:h, :w], np.asarray(small))

    def test_columns_of_shards(self):
        import pyarrow.parquet
        source, want = self.images(60)
        records = [json.loads(line) | {"n": i} for i, line in enumerate(source.read_bytes().splitlines())]
        source = self.write("labelled.ndjson", records)
        for ragged in "flat", "pad":
            out = self.convert(source, ragged, "--ragged", ragged, "--shard-rows", "25", "--columns", "n")
            self.assertEqual(pyarrow.parquet.read_table(out / "columns.parquet")["n"].to_pylist(), list(range(60)))

    def test_what_is_too_thin_is_rejected(self):
        source = self.write("in.ndjson", [{"image": png(np.zeros((1, 48, 3), np.uint8))},
                                          {"image": png(np.zeros((40, 48, 3), np.uint8))}])
        out = self.convert(source, "out.npz", "--ragged", "pad", "--size", "20", "--fit", "contain", code=3)
        with np.load(out) as z:
            self.assertEqual(z["sizes"].tolist(), [[17, 20]])

    def test_interrupted_while_it_looks_for_the_largest(self):
        import signal
        import subprocess
        from command import NDPIX
        source, _ = self.images(60)
        many = self.write("many.ndjson", [source.read_bytes()] * 300)
        args = [NDPIX, "convert", many, "-o", self.dir / "out.npz", "--ragged", "pad", "--max-rejects", "none"]
        codes = set()
        for delay in 0.01, 0.03, 0.05:
            with subprocess.Popen(args, stderr=subprocess.DEVNULL) as run:
                time.sleep(delay)
                run.send_signal(signal.SIGINT)
            codes.add(run.returncode)
            self.assertFalse((self.dir / "out.npz").exists() and run.returncode)
        self.assertLessEqual(codes, {130, -signal.SIGINT, 3}, codes)

    def test_who_cannot_hold_them(self):
        source, _ = self.images(3)
        for name in "x.npy", "x.safetensors", "x.parquet":
            done = ndpix("convert", source, "-o", self.dir / name, "--ragged", "flat")
            self.assertEqual(done.returncode, 2)
            self.assertIn(b".npz, .h5, .zarr and a folder (shard_rows) can", done.stderr)


class Append(Outputs):
    def test_rows_are_added(self):
        parts = [self.rows(40, seed=i) for i in range(3)]
        for i, part in enumerate(parts):
            source = self.source(part, f"{i}.ndjson")
            self.convert(source, "out.npy", *self.RAW, "--append", "--rows", "always")
        np.testing.assert_array_equal(load(self.out), np.concatenate(parts))
        rows = load(Path(f"{self.out}.rows.npy"))
        np.testing.assert_array_equal(rows["file"], np.repeat([0, 1, 2], 40))
        np.testing.assert_array_equal(rows["line"], np.tile(np.arange(1, 41), 3))

    def test_other_rows_are_refused(self):
        self.convert(self.source(self.rows(5)), "out.npy", *self.RAW)
        before = files(self.out)
        for shape, dtype in ((8, 6), np.uint8), ((8, 6, 3), np.uint16):
            self.convert(self.source(self.rows(5, shape, dtype)), "out.npy", *self.RAW, "--append", code=2)
        self.convert(self.source(self.rows(5)), "out.npy", *self.RAW, "--append", "--rows", "always", code=2)
        self.assertEqual(files(self.out), before)
        self.out.write_bytes(b"something else")
        self.convert(self.source(self.rows(5)), "out.npy", *self.RAW, "--append", code=2)
        self.assertEqual(files(self.out), b"something else")

    def test_the_map_grows_from_the_first_on(self):
        source = self.source(self.rows(5))
        self.convert(source, "out.npy", *self.RAW, "--append")
        self.convert(source, "out.npy", *self.RAW, "--append", "--append-again", "--rows", "never", code=2)
        self.convert(source, "out.npy", *self.RAW, "--append", "--append-again")
        self.assertEqual(load(Path(f"{self.out}.rows.npy"))["file"].tolist(), [0] * 5 + [1] * 5)
        plain = self.convert(source, "plain.npy", *self.RAW)
        done = self.run_ndpix(0, "convert", source, "-o", plain, *self.RAW, "--append")
        self.assertIn(b"has no row map", done.stderr)
        self.convert(source, "plain.npy", *self.RAW, "--append", "--append-again", "--on-error", "fill", code=2)

    def test_no_other_run_replaces_it_meanwhile(self):
        import subprocess
        from command import NDPIX
        text = self.source(self.rows(5)).read_bytes()
        self.convert(self.dir / "in.ndjson", "out.npy", *self.RAW)
        args = [NDPIX, "convert", "-", "-o", self.out, *self.RAW, "--append"]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(text * 40)
            run.stdin.flush()
            for line in run.stderr:
                if b"images (8, 6, 3)" in line:
                    break
            for _ in range(100):
                if Path(f"{self.out}.partial").exists():
                    break
                time.sleep(0.05)
            self.convert(self.dir / "in.ndjson", "out.npy", *self.RAW, "--if-exists", "replace", code=1)
            run.stdin.close()
            run.stderr.read()
        self.assertEqual((run.returncode, len(load(self.out))), (0, 205))
        self.assertFalse(Path(f"{self.out}.partial").exists())

    def test_a_run_that_fails_leaves_the_old_rows(self):
        old = self.rows(50)
        self.convert(self.source(old), "out.npy", *self.RAW)
        before = files(self.out)
        bad = self.write("bad.ndjson", [self.source(old, "more.ndjson").read_bytes(), b"{\n"])
        self.convert(bad, "out.npy", *self.RAW, "--append", code=1, **small_disk(len(before) + 100))
        self.assertEqual(files(self.out), before)
        # What the next run goes on with lies after the rows that the header counts.
        self.convert(bad, "out.npy", *self.RAW, "--append", "--on-error", "raise", code=4)
        self.assertEqual(files(self.out)[:len(before)], before)
        np.testing.assert_array_equal(np.load(self.out), old)
        self.convert(bad, "out.npy", *self.RAW, "--append", code=3)
        np.testing.assert_array_equal(load(self.out), np.concatenate([old, old]))

    def test_rejects_of_earlier_runs_stay(self):
        good = self.source(self.rows(9), "good.ndjson").read_bytes()
        for text in b"{\n", b"[\n":
            source = self.write("in.ndjson", [good, text])
            self.convert(source, "out.npy", *self.RAW, "--append", code=3)
        rejects = [json.loads(x) for x in Path(f"{self.out}.rejects.ndjson").read_bytes().splitlines()]
        self.assertEqual([r["record"] for r in rejects], ["{", "["])

    def test_killed(self):
        old, more = self.rows(200, (40, 40)), self.rows(3000, (40, 40), seed=1)
        first, second = self.source(old, "first.ndjson"), self.source(more, "second.ndjson")
        args = ["convert", second, "-o", self.out, *self.RAW, "--append", "--append-again", "--threads", "2"]
        dice = random.Random(9)
        begun = time.monotonic()
        self.convert(first, "out.npy", *self.RAW)
        self.run_ndpix(0, *args)
        longest = time.monotonic() - begun
        count = len(old) + len(more)
        for _ in range(20):
            killed(dice.uniform(0, longest), *args)
            found = np.load(self.out)
            want = np.concatenate([old] + [more] * ((len(found) - len(old)) // len(more)))
            np.testing.assert_array_equal(found, want)
            count = len(found)
        # The last of them may have counted its rows and not have ended: the next one ends it, and adds none.
        self.run_ndpix(0, *args)
        count, before = len(load(self.out)), count
        self.assertIn(count - before, (0, len(more)))
        self.run_ndpix(0, *args)
        self.assertEqual(len(load(self.out)), count + len(more))


class EarlyEnds(Outputs):
    NAMES = ["out.npz", "deflated.npz", "out.safetensors", "shards"]

    def flags(self, name):
        return {"deflated.npz": ["--output-compression", "gzip:1"], "shards": ["--shard-rows", "500"]}.get(name, [])

    def images(self, out):
        if out.is_dir():
            return shards(out)[1]
        return load_file(out)["images"] if out.suffix == ".safetensors" else np.load(out)["images"]

    def test_killed(self):
        """20 times each, half of them over an older output: the old or the new stands there, or nothing."""
        rows = [self.rows(3000, (40, 40), seed=i) for i in range(2)]
        old, new = (self.source(r, f"{i}.ndjson") for i, r in enumerate(rows))
        dice = random.Random(5)
        for name in self.NAMES:
            args = [*self.RAW, *self.flags(name), "--threads", "2", "--if-exists", "replace"]
            begun = time.monotonic()
            out = self.convert(old, name, *args)
            longest = 1.2 * (time.monotonic() - begun)
            shutil.rmtree(out) if out.is_dir() else out.unlink()
            for turn in range(20):
                before = None
                if turn >= 10:
                    before = self.images(self.convert(old, name, *args))
                killed(dice.uniform(0, longest), "convert", new, "-o", out, *args)
                if not out.exists():
                    self.assertIsNone(before, "the old output is gone")
                    continue
                found = self.images(out)
                if not np.array_equal(found, rows[1]):
                    np.testing.assert_array_equal(found, before)
                elif turn < 10:
                    shutil.rmtree(out) if out.is_dir() else out.unlink()

    def test_disk_full(self):
        rows = self.rows(3000, (40, 40))
        source = self.source(rows)
        for name in self.NAMES:
            args = [*self.RAW, *self.flags(name), "--if-exists", "replace"]
            before = files(self.convert(source, name, *args))
            self.convert(source, name, *args, code=1, **small_disk(500_000))
            self.assertEqual(files(self.dir / name), before)

    def test_threads_make_no_difference(self):
        source = self.source(self.rows(3000, (40, 40)))
        for name in self.NAMES:
            found = []
            for threads in 1, 2, 8:
                columns = ["--columns", "label,score"]
                out = self.convert(source, f"{threads}{name}", *self.RAW, *self.flags(name), *columns,
                                   "--threads", threads)
                found.append(files(out))
            self.assertTrue(found[0] == found[1] == found[2], name)


class Names(Outputs):
    def test_unknown_extensions_say_what_there_is(self):
        source = self.source(self.rows(3))
        for name, said in ("x.tif", b".npy, .npz, .h5"), ("x", b"shard_rows"):
            done = ndpix("convert", source, "-o", self.dir / name, *self.RAW)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)
        done = ndpix("convert", source, "-o", self.out, *self.RAW, "--shard-rows", "5")
        self.assertEqual(done.returncode, 2)

    def test_columns_do_not_take_the_names_of_arrays(self):
        source = self.source(self.rows(3), images=5, **{"__metadata__": 1, "a\\b": 2}, rows={"line": 3})
        for name, column in (("x.safetensors", "rows.line"), ("x.safetensors", "__metadata__"), ("x.zarr", '"a\\\\b"')):
            self.convert(source, name, *self.RAW, "--columns", column, code=2)
        for name, code in ("x.npz", 2), ("x.h5", 2), ("x.zarr", 2), ("x.npy", 0):
            self.convert(source, name, *self.RAW, "--columns", "images", code=code)

    def test_a_slash_at_the_end(self):
        source = self.source(self.rows(3))
        for _ in range(2):
            for name, *flags in ["x.zarr/"], ["shards/", "--shard-rows", "2"]:
                self.run_ndpix(0, "convert", source, "-o", f"{self.dir}/{name}", *self.RAW, *flags, "--if-exists", "replace")
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["in.ndjson", "shards", "x.zarr"])

    def test_folders_that_are_not_there(self):
        source = self.source(self.rows(3))
        self.convert(source, "nodir/x.npz", *self.RAW, code=2)
        self.convert(source, "x.npz", *self.RAW, "--rejects", self.dir / "nodir" / "r.ndjson", code=2)

    def test_files_inside_the_output_are_refused(self):
        source = self.source(self.rows(3))
        out = self.convert(source, "x.zarr", *self.RAW)
        for inside in ["--rejects", out / "r.ndjson"], ["--rejects", f"{out}.partial/r.ndjson"], ["--summary", out / "s"]:
            self.convert(source, "x.zarr", *self.RAW, "--if-exists", "replace", *inside, code=2)
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["in.ndjson", "x.zarr"])

    def test_what_an_array_left_beside_it(self):
        source = self.source(self.rows(3))
        self.convert(source, "out.npy", *self.RAW, "--rows", "always")
        for flags in [], ["--if-exists", "replace"], ["--if-exists", "skip"]:
            # What lies beside an array is part of an output, and nobody's without it.
            if not flags:
                self.convert(source, "out.npy", *self.RAW, code=2)
            self.out.unlink()
            Path(f"{self.out}.rows.npy").write_bytes(b"of an array that is gone")
            self.convert(source, "out.npy", *self.RAW, *flags)
            self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["in.ndjson", "out.npy"])

    def test_what_an_output_cannot_hold(self):
        source = self.source(self.rows(3))
        for name, *flags in (["x.npy", "--chunks", "5"], ["x.npz", "--output-compression", "zstd"],
                             ["x.npy", "--output-compression", "gzip"], ["x.npz", "--append", "--rows", "never"],
                             ["x.h5", "--images-as", "encoded"]):
            done = ndpix("convert", source, "-o", self.dir / name, *self.RAW, *flags)
            self.assertEqual(done.returncode, 2, (name, flags))
            self.assertEqual(list(self.dir.iterdir()), [source])


if __name__ == "__main__":
    unittest.main()
