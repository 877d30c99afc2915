"""`.h5` outputs, read by h5py: what is in them is what the `.npy` of the same run holds."""
import base64
import json
import os
import random
import resource
import signal
import subprocess
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

from command import NDPIX, SAMPLE, Case, load, ndpix

RANDOM = np.random.default_rng(1)


def raw(array, **fields):
    return {**fields, "image": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def lists(array, **fields):
    return {**fields, "image": array.tolist()}


def smooth(rows, *shape, dtype=np.uint8):
    """Pixels that compress, and rows that differ."""
    ramp = np.arange(rows * int(np.prod(shape)), dtype=np.int64).reshape(rows, *shape)
    return (ramp // 7 + RANDOM.integers(0, 3, ramp.shape)).astype(dtype)


RAW_RGB = ["--encoding", "raw", "--raw-shape", "32,24,3"]
RAW_GRAY16 = ["--encoding", "raw", "--raw-shape", "40,30", "--raw-dtype", "uint16"]


class Hdf5(Case):
    def setUp(self):
        super().setUp()
        self.h5 = self.dir / "out.h5"

    def convert(self, source, *flags, code=0, out=None, **options):
        out = out or self.h5
        self.run_ndpix(code, "convert", source, "-o", out, "--if-exists", "replace", *flags, **options)
        return out

    def array(self, source, *flags, code=0):
        """The array of the `.npy` of the same run."""
        self.convert(source, *flags, code=code, out=self.out)
        return load(self.out)

    def same(self, got, want):
        self.assertEqual((got.dtype, got.shape), (want.dtype, want.shape))
        self.assertTrue(np.array_equal(got[:], want, equal_nan=want.dtype.kind == "f"), "the values differ")


class Images(Hdf5):
    def check(self, name, source, *flags):
        want = self.array(source, *flags)
        for compression in ("none", "gzip", "gzip:9"):
            for chunks in (None, 1, 7, len(want), len(want) + 5):
                with self.subTest(name, compression=compression, chunks=chunks):
                    more = ["--output-compression", compression]
                    more += [] if chunks is None else ["--chunks", chunks]
                    with h5py.File(self.convert(source, *flags, *more)) as f:
                        images = f["images"]
                        self.same(images, want)
                        self.assertEqual(images.maxshape, (None, *want.shape[1:]))
                        usual = max((1 << 20) // want[0].nbytes, 1)
                        self.assertEqual(images.chunks, (min(chunks or usual, len(want)), *want.shape[1:]))
                        level = {"none": None, "gzip": 4, "gzip:9": 9}[compression]
                        self.assertEqual((images.compression, images.compression_opts), (level and "gzip", level))

    def test_rgb(self):
        source = self.write("in.ndjson", [raw(x) for x in smooth(50, 32, 24, 3)])
        self.check("rgb", source, *RAW_RGB)

    def test_gray_16_bit(self):
        source = self.write("in.ndjson", [raw(x) for x in smooth(30, 40, 30, dtype=np.uint16)])
        self.check("gray", source, *RAW_GRAY16)

    def test_lists_of_every_dtype(self):
        whole = self.write("whole.ndjson", [lists(RANDOM.integers(0, 100, (5, 3))) for _ in range(20)])
        for dtype in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
            self.check(dtype, whole, "--field", "image", "--dtype", dtype)
        parts = self.write("parts.ndjson", [lists(RANDOM.normal(size=(4, 7)).round(3)) for _ in range(20)])
        for dtype in ("float16", "float32", "float64"):
            self.check(dtype, parts, "--field", "image", "--dtype", dtype)
        yes = self.write("yes.ndjson", [lists(RANDOM.integers(0, 2, (3, 9)).astype(bool)) for _ in range(20)])
        self.check("bool", yes, "--field", "image")

    def test_rows_of_every_rank(self):
        for shape in ((5,), (1, 1), (2, 3, 4, 5), (2, 1, 2, 1, 2, 1, 3)):
            source = self.write("in.ndjson", [raw(x) for x in smooth(9, *shape)])
            text = ",".join(map(str, shape))
            self.check(text, source, "--encoding", "raw", "--raw-shape", text, "--raw-dtype", "uint8")

    def test_more_rows_than_fit_one_part(self):
        pixels = smooth(1500, 64, 48)
        source = self.write("in.ndjson", [raw(x) for x in pixels])
        flags = ["--encoding", "raw", "--raw-shape", "64,48", "--raw-dtype", "uint8"]
        for more in ([], ["--output-compression", "gzip:1"], ["--output-compression", "gzip:1", "--chunks", "3"]):
            files = set()
            for threads in (1, 2, 8):
                out = self.convert(source, *flags, *more, "--threads", threads)
                with h5py.File(out) as f:
                    self.same(f["images"], pixels)
                files.add(out.read_bytes())
            self.assertEqual(len(files), 1, f"{more}: threads change the bytes")

    def test_no_rows(self):
        source = self.write("in.ndjson", [])
        flags = ["--shape", "6,8,3", "--dtype", "uint8", "--field", "image", "--encoding", "encoded"]
        for more in ([], ["--output-compression", "gzip"], ["--chunks", "9"]):
            with h5py.File(self.convert(source, *flags, *more, "--rows", "always", "--on-error", "fill")) as f:
                self.same(f["images"], np.zeros((0, 6, 8, 3), np.uint8))
                self.assertEqual([len(f[x]) for x in ("valid", "rows/line", "rows/valid")], [0, 0, 0])

    def test_more_chunks_than_one_node_of_the_index_holds(self):
        for rows in (1, 63, 64, 65, 128, 129, 64 * 64, 64 * 64 + 1):
            pixels = smooth(rows, 3)
            source = self.write("in.ndjson", [raw(x) for x in pixels])
            flags = ["--encoding", "raw", "--raw-shape", "3", "--raw-dtype", "uint8", "--chunks", "1"]
            for more in ([], ["--output-compression", "gzip"]):
                with h5py.File(self.convert(source, *flags, *more)) as f:
                    self.same(f["images"], pixels)
                    self.assertEqual(f["images"].id.get_num_chunks(), rows)

    def test_140000_chunks(self):
        pixels = RANDOM.integers(0, 256, (140_000, 2, 2), np.uint8)
        source = self.write("in.ndjson", [raw(x) for x in pixels])
        flags = ["--encoding", "raw", "--raw-shape", "2,2", "--raw-dtype", "uint8", "--chunks", "1"]
        for more in ([], ["--output-compression", "gzip:1"]):
            with h5py.File(self.convert(source, *flags, *more)) as f:
                images = f["images"]
                self.assertEqual((images.chunks, images.id.get_num_chunks()), ((1, 2, 2), len(pixels)))
                self.same(images, pixels)
                for row in random.Random(1).sample(range(len(pixels)), 200):
                    self.assertEqual(images[row].tolist(), pixels[row].tolist())

    def test_it_can_be_written_on(self):
        pixels = smooth(30, 8, 8)
        source = self.write("in.ndjson", [raw(x) for x in pixels])
        flags = ["--encoding", "raw", "--raw-shape", "8,8", "--raw-dtype", "uint8", "--chunks", "4"]
        for more in ([], ["--output-compression", "gzip"]):
            out = self.convert(source, *flags, *more, "--rows", "always")
            with h5py.File(out, "a") as f:
                f["images"].resize(70, 0)
                f["images"][30:60] = pixels[::-1]
                f["images"].attrs["mean"] = 3.5
                for i in range(20):
                    f[f"labels/{i}"] = np.arange(i)
            with h5py.File(out) as f:
                want = np.concatenate([pixels, pixels[::-1], np.zeros((10, 8, 8), np.uint8)])
                self.same(f["images"], want)
                self.assertEqual((f["labels/19"].shape, f["images"].attrs["mean"]), ((19,), 3.5))


class Beside(Hdf5):
    def test_rows_and_valid(self):
        flags = ["--on-error", "fill", "--on-missing", "fill"]
        want = self.array(SAMPLE, *flags, "--rows", "always", code=3)
        rows = np.load(f"{self.out}.rows.npy")
        for more in ([], ["--rows", "always", "--output-compression", "gzip"]):
            with h5py.File(self.convert(SAMPLE, *flags, *more, code=3)) as f:
                self.same(f["images"], want)
                self.assertEqual(sorted(f["rows"]), sorted(rows.dtype.names))
                for name in rows.dtype.names:
                    self.same(f["rows"][name], rows[name])
                self.same(f["valid"], rows["valid"])
                self.assertFalse(f["valid"][:].all())
        with h5py.File(self.convert(SAMPLE, "--rows", "never", code=3)) as f:
            self.assertEqual(list(f), ["images"])

    def test_attributes(self):
        with h5py.File(self.convert(SAMPLE, "--on-error", "fill", "--threads", "2", code=3)) as f:
            self.assertEqual(sorted(f.attrs), ["ndpix_counts", "ndpix_options", "ndpix_version"])
            self.assertTrue(all(type(x) is str for x in f.attrs.values()))
            self.assertEqual(json.loads(f.attrs["ndpix_options"])["on_error"], "fill")
            self.assertNotIn("threads", f.attrs["ndpix_options"])
            counts = json.loads(f.attrs["ndpix_counts"])
            self.assertEqual((counts["rows"], counts["rejected"]), (len(f["images"]), 3))
            self.assertEqual(f.attrs["ndpix_version"], ndpix("--version").stdout.decode().split()[1])


class Ragged(Hdf5):
    def images(self, rows):
        return [smooth(1, 1 + i % 90, 1 + i % 70, 3)[0] for i in range(rows)]

    def source(self, images):
        return self.write("in.ndjson", [raw(x, h=x.shape[0], w=x.shape[1], c=3) for x in images])

    FLAGS = ["--encoding", "raw", "--raw-shape", "@h,@w,@c", "--raw-dtype", "uint8"]

    def test_flat(self):
        images = self.images(900)
        files = set()
        for threads in (1, 2, 8):
            for more in ([], ["--output-compression", "gzip:1"]):
                out = self.convert(self.source(images), *self.FLAGS, "--ragged", "flat", *more, "--threads", threads)
                with h5py.File(out) as f:
                    self.same(f["shapes"], np.array([x.shape for x in images]))
                    self.same(f["offsets"], np.cumsum([0, *(x.size for x in images)]))
                    self.same(f["pixels"], np.concatenate([x.ravel() for x in images]))
                    self.assertEqual((f["pixels"].chunks, f["pixels"].maxshape), ((1 << 20,), (None,)))
                files.add(out.read_bytes())
        self.assertEqual(len(files), 2, "threads change the bytes")

    def test_pad(self):
        images = self.images(40)
        for more in ([], ["--output-compression", "gzip:1", "--chunks", "7"]):
            with h5py.File(self.convert(self.source(images), *self.FLAGS, "--ragged", "pad", *more)) as f:
                self.same(f["sizes"], np.array([x.shape[:2] for x in images]))
                self.assertEqual(f["images"].shape, (40, 40, 40, 3))
                for row, image in zip(f["images"][:], images):
                    self.assertTrue((row[: image.shape[0], : image.shape[1]] == image).all())


class Columns(Hdf5):
    RECORDS = [
        {"label": 3, "score": 0.5, "ok": True, "name": "äöü", "box": [1, 2, 3], "tags": [0.5], "meta": {"a": [1]}},
        {"label": None, "score": 1, "ok": False, "name": "", "box": [4, 5, 6], "tags": [], "meta": {}},
        {"score": -2.25, "ok": True, "name": "x" * 100_000, "box": [7, 8, 9], "tags": [1.5, 2.5], "meta": {"b": None}},
    ]

    def test_columns_of_every_type(self):
        records = [{**self.RECORDS[i % 3], **raw(x)} for i, x in enumerate(smooth(300, 4, 5))]
        source = self.write("in.ndjson", records)
        flags = ["--field", "image", "--encoding", "raw", "--raw-shape", "4,5", "--raw-dtype", "uint8"]
        names = ["label", "score", "ok", "name", "box", "tags", "meta"]
        for name in names:
            flags += ["--columns", name]
        files = set()
        for threads in (1, 2, 8):
            out = self.convert(source, *flags, "--threads", threads)
            files.add(out.read_bytes())
        self.assertEqual(len(files), 1, "threads change the bytes")
        with h5py.File(out) as f:
            self.assertEqual(sorted(f), sorted([*names, "label.valid", "tags.offsets", "images", "rows"]))
            self.same(f["label"], np.array([3, 0, 0] * 100))
            self.same(f["label.valid"], np.array([True, False, False] * 100))
            self.same(f["score"], np.array([0.5, 1, -2.25] * 100))
            self.same(f["ok"], np.array([True, False, True] * 100))
            self.same(f["box"], np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]] * 100))
            self.same(f["tags"], np.array([0.5, 1.5, 2.5] * 100))
            self.same(f["tags.offsets"], np.cumsum([0] + [1, 0, 2] * 100))
            self.assertEqual(h5py.check_string_dtype(f["name"].dtype), ("utf-8", None))
            self.assertEqual(f["name"].asstr()[:].tolist(), [r["name"] for r in self.RECORDS] * 100)
            self.assertEqual([json.loads(x) for x in f["meta"].asstr()], [r["meta"] for r in self.RECORDS] * 100)

    def test_no_rows(self):
        source = self.write("in.ndjson", [])
        flags = ["--shape", "6,8,3", "--dtype", "uint8", "--field", "image", "--encoding", "encoded"]
        with h5py.File(self.convert(source, *flags, "--columns", "label")) as f:
            self.assertEqual(len(f["label"]), 0)

    def test_names_that_cannot_be(self):
        for name in ("rows", "a/b", "valid", "images"):
            source = self.write("in.ndjson", [{name: 1, "a": {"b": 1}, **raw(x)} for x in smooth(3, 4, 5)])
            flags = ["--field", "image", "--encoding", "raw", "--raw-shape", "4,5", "--raw-dtype", "uint8"]
            self.convert(source, *flags, "--columns", f'"{name}"', code=2)
            self.assertFalse(self.h5.exists())

    def test_text_that_readers_would_cut(self):
        texts = ["a", "a\0b", "b"]
        source = self.write("in.ndjson", [{"t": t, **raw(x)} for t, x in zip(texts, smooth(3, 4, 5))])
        flags = ["--field", "image", "--encoding", "raw", "--raw-shape", "4,5", "--raw-dtype", "uint8"]
        done = ndpix("convert", source, "-o", self.h5, *flags, "--columns", "t")
        self.assertIn(b"NUL", done.stderr)
        with h5py.File(self.h5) as f:
            self.assertEqual(f["t"].asstr()[:].tolist(), ["a", "b"])


class Files(Hdf5):
    RGB = ["--encoding", "raw", "--raw-shape", "64,64,3", "--raw-dtype", "uint8"]

    def source(self, rows):
        # Some images, again and again: further apart than deflate looks back.
        lines = [json.dumps(raw(RANDOM.integers(0, 256, (64, 64, 3), np.uint8))).encode() + b"\n" for _ in range(16)]
        return self.write("in.ndjson", [lines[i % len(lines)] for i in range(rows)])

    def test_existing_output(self):
        source = self.source(3)
        self.h5.write_bytes(b"precious")
        self.run_ndpix(2, "convert", source, "-o", self.h5, *self.RGB)
        self.run_ndpix(0, "convert", source, "-o", self.h5, *self.RGB, "--if-exists", "skip")
        self.assertEqual(self.h5.read_bytes(), b"precious")
        with h5py.File(self.convert(source, *self.RGB)) as f:
            self.assertEqual(len(f["images"]), 3)

    def test_failed_replacement_keeps_the_old_output(self):
        self.h5.write_bytes(b"precious")
        for more in ([], ["--output-compression", "gzip"]):
            self.convert(SAMPLE, "--on-error", "raise", *more, code=4)
            self.assertEqual(self.h5.read_bytes(), b"precious")

    def test_two_runs_never_share_a_file(self):
        args = [NDPIX, "convert", "-", "-o", str(self.h5), *self.RGB]
        source = self.source(200)
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(source.read_bytes())
            run.stdin.flush()
            partial = Path(f"{self.h5}.partial")
            deadline = time.monotonic() + 30
            while not partial.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            for more in ([], ["--output-compression", "gzip"]):
                done = self.run_ndpix(1, "convert", source, "-o", self.h5, *self.RGB, *more)
                self.assertIn(b"another run", done.stderr)
            said = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, 0, said)
        with h5py.File(self.h5) as f:
            self.assertEqual(len(f["images"]), 200)

    def test_killed(self):
        source = self.source(3000)
        for more in ([], ["--output-compression", "gzip:1"]):
            self.h5.write_bytes(b"precious")
            begun = time.monotonic()
            self.convert(source, *self.RGB, *more, out=self.dir / "whole.h5")
            took = time.monotonic() - begun
            killed = 0
            for moment in range(20):
                args = [NDPIX, "convert", str(source), "-o", str(self.h5), *self.RGB, *more, "--if-exists", "replace"]
                with subprocess.Popen(args, stderr=subprocess.DEVNULL) as run:
                    time.sleep(took * (moment + 0.5) / 20)
                    run.send_signal(signal.SIGKILL)
                killed += run.returncode == -signal.SIGKILL
                if run.returncode == 0 or self.h5.read_bytes() != b"precious":
                    # It had ended, or was about to: then it is whole.
                    self.assertTrue(self.h5.read_bytes() == (self.dir / "whole.h5").read_bytes(), "it is not whole")
                    self.h5.write_bytes(b"precious")
                    continue
                partial = Path(f"{self.h5}.partial")
                try:
                    with h5py.File(partial) as f:
                        # It was killed between the last byte and the rename.
                        self.assertEqual(len(f["images"]), 3000)
                except OSError:
                    pass
            self.assertGreater(killed, 2)

    def test_full_disk(self):
        source = self.source(1000)
        self.convert(source, *self.RGB, out=self.dir / "whole.h5")
        size = (self.dir / "whole.h5").stat().st_size
        for more in ([], ["--output-compression", "gzip:1"]):
            for limit in (100, 1 << 20, 5_000_000, size // 3):
                self.h5.write_bytes(b"precious")
                bound = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                # The signal that tells of the limit stays ignored, as Python has it.
                done = self.run_ndpix(1, "convert", source, "-o", self.h5, *self.RGB, *more, "--if-exists", "replace",
                                      preexec_fn=bound, restore_signals=False)
                self.assertIn(b"out.h5", done.stderr)
                self.assertIn(b"cannot write", done.stderr)
                self.assertEqual(self.h5.read_bytes(), b"precious")

    def test_chunks_that_are_too_large(self):
        done = self.convert(self.source(3), *self.RGB, "--chunks", "1000000", code=2)
        self.assertFalse(done.exists())
        self.assertFalse(Path(f"{done}.partial").exists())


if __name__ == "__main__":
    unittest.main()
