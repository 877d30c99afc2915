"""`.zarr`: every array as its readers see it, beside the `.npy` of the same run; and what is left of runs that end early."""
import base64
import io
import json
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from command import NDPIX, Case, load

try:
    import zarr
except ImportError:  # zarr 3 needs Python 3.11
    raise unittest.SkipTest("zarr is not installed")

MARK = ".ndpix-partial"


def opened(path):
    """The group, for a reader that takes a warning for an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return zarr.open_group(path, mode="r")


def arrays(group, under=""):
    """Every array of a group by its name."""
    found = {}
    for name, member in group.members():
        if isinstance(member, zarr.Group):
            found.update(arrays(member, f"{under}{name}/"))
        else:
            found[under + name] = member
    return found


def files(folder):
    """Every file of a folder by its name, with its bytes."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


class ZarrCase(Case):
    def setUp(self):
        super().setUp()
        self.group = self.dir / "out.zarr"

    def raw(self, name, rows, **fields):
        """A file of records with raw pixels, and the options that say what they are."""
        records = (
            {"id": i, "image": base64.b64encode(np.ascontiguousarray(row).tobytes()).decode()}
            for i, row in enumerate(rows))
        shape = ",".join(map(str, rows.shape[1:]))
        return [self.write(name, records), "--raw-shape", shape, "--raw-dtype", rows.dtype.name,
                "--encoding", "raw", "--field", "image"]

    def images(self, count, shape=(6, 8, 3), dtype=np.uint8, seed=0):
        noise = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
        return noise // 64 if dtype is np.uint8 else (noise > 127 if dtype is np.bool_ else noise.astype(dtype))

    def convert(self, *args, code=0):
        return self.run_ndpix(code, "convert", *args, "-o", self.group)

    def left(self):
        return sorted(p.name for p in self.dir.iterdir() if p.name.startswith("out.zarr"))


class Arrays(ZarrCase):
    def test_every_dtype_as_npy(self):
        dtypes = [np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64,
                  np.float16, np.float32, np.float64]
        packings = ["auto", "none", "gzip:6", "zstd:9"]
        for i, dtype in enumerate(dtypes):
            for j, shape in enumerate([(6, 8, 3), (6, 8)]):
                packing = packings[(i + j) % len(packings)]
                with self.subTest(dtype=dtype.__name__, shape=shape, packing=packing):
                    args = self.raw("in.ndjson", self.images(37, shape, dtype))
                    self.run_ndpix(0, "convert", *args, "-o", self.out, "--if-exists", "replace")
                    self.convert(*args, "--if-exists", "replace", "--output-compression", packing, "--chunks", "5")
                    array = opened(self.group)["images"]
                    expected = load(self.out)
                    self.assertEqual((array.dtype, array.shape), (expected.dtype, expected.shape))
                    np.testing.assert_array_equal(array[:], expected)
                    np.testing.assert_array_equal(array[11], expected[11])

    def test_axes_have_names(self):
        for rows, names in [(self.images(2), ("row", "y", "x", "channel")), (self.images(2, (6, 8)), ("row", "y", "x"))]:
            self.convert(*self.raw("in.ndjson", rows), "--if-exists", "replace")
            self.assertEqual(opened(self.group)["images"].metadata.dimension_names, names)
        self.convert(*self.raw("in.ndjson", self.images(2)), "--if-exists", "replace", "--layout", "chw")
        self.assertEqual(opened(self.group)["images"].metadata.dimension_names, ("row", "channel", "y", "x"))

    def test_every_array_has_names_for_xarray(self):
        import xarray
        self.convert(*self.raw("in.ndjson", self.images(5)), "--on-error", "fill")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            whole = xarray.open_zarr(self.group, consolidated=False)
            rows = xarray.open_zarr(self.group, group="rows", consolidated=False)
        self.assertEqual(dict(whole.sizes), {"row": 5, "y": 6, "x": 8, "channel": 3})
        self.assertEqual(dict(rows.sizes), {"row": 5})

    def test_no_rows(self):
        picture = io.BytesIO()
        Image.fromarray(self.images(1)[0]).save(picture, "PNG")
        # Its header is read; the pixels after it are not there.
        source = self.write("in.ndjson", [{"image": base64.b64encode(picture.getvalue()[:60]).decode()}] * 3)
        for packing in ["none", "auto"]:
            self.convert(source, "--max-rejects", "none", "--if-exists", "replace", "--output-compression", packing)
            found = arrays(opened(self.group))
            self.assertEqual(found["images"].shape, (0, 6, 8, 3))
            self.assertEqual({a[:].size for a in found.values()}, {0})

    def test_chunks_and_shards(self):
        source = self.raw("in.ndjson", self.images(1000))
        for options, chunk, shard in [
            ([], (1 << 20) // 144, 64 * ((1 << 20) // 144)),
            (["--chunks", "7"], 7, 7 << 16),
            (["--chunks", "7", "--shard-rows", "210"], 7, 210),
            (["--shard-rows", "300"], 300, 300),
        ]:
            for packing in ["none", "zstd"]:
                self.convert(*source, *options, "--if-exists", "replace", "--output-compression", packing)
                array = opened(self.group)["images"]
                self.assertEqual((array.chunks[0], array.shards[0]), (chunk, shard))
                np.testing.assert_array_equal(array[:], self.images(1000))
        self.assertIn(b"not a multiple", self.convert(*source, "--chunks", "7", "--shard-rows", "100", "--if-exists", "replace",
                                                 code=2).stderr)

    def test_threads_make_no_difference(self):
        source = self.raw("in.ndjson", self.images(20_000))
        for packing in ["none", "zstd:1", "gzip:1"]:
            found = []
            for threads in [1, 2, 8]:
                self.convert(*source, "--threads", threads, "--chunks", "500", "--shard-rows", "6000",
                             "--output-compression", packing, "--if-exists", "replace")
                found.append(files(self.group))
            self.assertEqual(sorted(n for n in found[0] if n.startswith("images/c/")),
                             [f"images/c/{i}/0/0/0" for i in range(4)])
            self.assertTrue(found[0] == found[1] == found[2], packing)


class Ragged(ZarrCase):
    def pictures(self, count):
        """A file of pictures of several sizes, the third without an image, and their pixels."""
        dice = np.random.default_rng(2)
        images, records = [], []
        for i in range(count):
            pixels = dice.integers(0, 256, (*dice.integers(1, 9, 2), 3), np.uint8)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            records.append({"image": base64.b64encode(file.getvalue()).decode()})
            images.append(pixels)
        records[2] = {}
        images[2] = np.zeros((0, 0, 3), np.uint8)
        return self.write("in.ndjson", records), images

    def test_pad(self):
        source, images = self.pictures(60)
        self.convert(source, "--ragged", "pad", "--on-missing", "fill", "--chunks", "7")
        found = arrays(opened(self.group))
        self.assertEqual(found["images"].chunks, (7, 8, 8, 3))
        self.assertEqual(found["sizes"][:].tolist(), [list(i.shape[:2]) for i in images])
        for row, image in zip(found["images"][:], images):
            height, width = image.shape[:2]
            np.testing.assert_array_equal(row[:height, :width], image)
            self.assertEqual(row.sum(), image.sum())
        self.assertEqual(found["valid"][:].tolist(), [i.size > 0 for i in images])

    def test_flat(self):
        source, images = self.pictures(60)
        for packing in ["none", "auto"]:
            self.convert(source, "--ragged", "flat", "--on-missing", "fill", "--output-compression", packing,
                         "--if-exists", "replace")
            found = arrays(opened(self.group))
            self.assertEqual(found["pixels"][:].tolist(), [int(x) for i in images for x in i.flat])
            self.assertEqual(np.diff(found["offsets"][:]).tolist(), [i.size for i in images])
            self.assertEqual(found["shapes"].dtype, np.int64)
            kept = [s for s, i in zip(found["shapes"][:].tolist(), images) if i.size]
            self.assertEqual(kept, [list(i.shape) for i in images if i.size])
            self.assertEqual(found["valid"][:].tolist(), [i.size > 0 for i in images])


class Beside(ZarrCase):
    def test_row_map(self):
        images = self.images(50)
        source = self.raw("in.ndjson", images)
        lines = source[0].read_bytes().splitlines(keepends=True)
        source[0].write_bytes(b"".join(lines[:20]) + b"{}\n\n" + b"".join(lines[20:]))
        self.run_ndpix(0, "convert", *source, "-o", self.out, "--rows", "always")
        expected = np.load(f"{self.out}.rows.npy")
        for rows in ["auto", "always"]:
            self.convert(*source, "--rows", rows, "--if-exists", "replace")
            group = opened(self.group)
            self.assertEqual(set(group["rows"].array_keys()), set(expected.dtype.names))
            for name in expected.dtype.names:
                array = group["rows"][name]
                self.assertEqual(array.dtype, expected.dtype[name])
                np.testing.assert_array_equal(array[:], expected[name])
        self.convert(*source, "--rows", "never", "--if-exists", "replace")
        self.assertEqual(set(opened(self.group).keys()), {"images"})

    def test_valid_says_which_rows_are_images(self):
        source = self.raw("in.ndjson", self.images(30))
        lines = source[0].read_bytes().splitlines(keepends=True)
        lines[4] = b'{"image": "AAAA"}\n'
        lines[9] = b"{}\n"
        source[0].write_bytes(b"".join(lines))
        options = ["--on-error", "fill", "--on-missing", "fill", "--fill-value", "7"]
        self.run_ndpix(3, "convert", *source, "-o", self.out, *options)
        self.convert(*source, *options, code=3)
        group = opened(self.group)
        np.testing.assert_array_equal(group["images"][:], load(self.out))
        self.assertEqual(group["valid"].dtype, np.bool_)
        self.assertEqual(np.flatnonzero(~group["valid"][:]).tolist(), [4, 9])

    def test_attributes(self):
        self.convert(*self.raw("in.ndjson", self.images(3)), "--chunks", "2", "--threads", "2")
        attributes = opened(self.group).attrs.asdict()
        self.assertEqual(set(attributes), {"ndpix_version", "ndpix_options", "ndpix_counts"})
        self.assertEqual(attributes["ndpix_options"]["chunks"], "2")
        self.assertNotIn("threads", attributes["ndpix_options"])
        self.assertEqual((attributes["ndpix_counts"]["rows"], attributes["ndpix_counts"]["rejected"]), (3, 0))


class Columns(ZarrCase):
    def records(self, count):
        """A record's fields, without its image."""
        for i in range(count):
            yield {"id": i - 2, "x": i / 4, "good": i % 3 == 0, "name": ["", "é", "naïve 日本"][i % 3] * (i % 7),
                   "box": [i, 0, -i, 2**40], "weights": [0.5] * (i % 4), "meta": {"a": [i, None]},
                   **({"maybe": i} if i % 5 else {"maybe": None}), **({"word": str(i)} if i % 2 else {})}

    def source(self, count):
        source = self.raw("in.ndjson", self.images(count, (2, 2)))
        lines = zip(source[0].read_bytes().splitlines(), self.records(count))
        source[0].write_bytes(b"".join(json.dumps({**json.loads(line), **fields}).encode() + b"\n" for line, fields in lines))
        return source

    def test_every_type(self):
        names = "id,x,good,name,box,weights,meta,maybe,word"
        for count, packing in [(100, "none"), (100, "auto"), (40_000, "auto")]:
            self.convert(*self.source(count), "--columns", names, "--if-exists", "replace",
                         "--output-compression", packing)
            found = arrays(opened(self.group))
            expected = list(self.records(count))
            for name, dtype in [("id", np.int64), ("x", np.float64), ("good", np.bool_), ("box", np.int64)]:
                self.assertEqual(found[name].dtype, dtype)
                self.assertEqual(found[name][:].tolist(), [r[name] for r in expected])
                self.assertNotIn(f"{name}.valid", found)
            self.assertEqual(found["name"][:].tolist(), [r["name"] for r in expected])
            self.assertEqual(found["name"][7], expected[7]["name"])
            self.assertEqual([json.loads(t) for t in found["meta"][:].tolist()], [r["meta"] for r in expected])
            ends = found["weights.offsets"][:]
            self.assertEqual(np.diff(ends).tolist(), [len(r["weights"]) for r in expected])
            self.assertEqual(found["weights"].shape, (ends[-1],))
            self.assertTrue((found["weights"][:] == 0.5).all())
            self.assertEqual(found["maybe.valid"][:].tolist(), [r["maybe"] is not None for r in expected])
            self.assertEqual(found["maybe"][:].tolist(), [r["maybe"] or 0 for r in expected])
            self.assertEqual(found["word.valid"][:].tolist(), ["word" in r for r in expected])
            self.assertEqual(found["word"][:].tolist(), [r.get("word", "") for r in expected])

    def test_xarray_reads_columns_that_are_called_like_axes(self):
        import xarray
        source = self.raw("in.ndjson", self.images(5))
        self.write("in.ndjson", [
            {**json.loads(line), "x": i, "row": i, "channel": [i, i], "y": [i] * i}
            for i, line in enumerate(source[0].read_bytes().splitlines())])
        self.convert(*source, "--columns", "x,row,channel,y")
        whole = xarray.open_zarr(self.group, consolidated=False)
        self.assertEqual((whole["x"].values.tolist(), whole["channel"].shape), (list(range(5)), (5, 2)))
        np.testing.assert_array_equal(whole["images"].values, self.images(5))


class Folders(ZarrCase):
    def test_existing_output(self):
        old, new = (self.raw(f"{i}.ndjson", self.images(5, seed=i)) for i in range(2))
        self.convert(*old)
        before = files(self.group)
        self.convert(*new, code=2)
        self.convert(*new, "--if-exists", "skip")
        self.assertEqual(files(self.group), before)
        self.convert(*new, "--if-exists", "replace")
        np.testing.assert_array_equal(opened(self.group)["images"][:], self.images(5, seed=1))
        self.assertEqual(self.left(), ["out.zarr"])
        self.assertFalse((self.group / MARK).exists())

    def test_a_folder_of_somebody_else_stays(self):
        source = self.raw("in.ndjson", self.images(5))
        for name in ["out.zarr", "out.zarr.partial"]:
            folder = self.dir / name
            folder.mkdir()
            (folder / "precious").write_bytes(b"")
            # Another group is none of ours either.
            (folder / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
            self.assertIn(b"is left alone", self.convert(*source, "--if-exists", "replace", code=2).stderr)
            self.assertEqual((self.left(), len(files(folder))), ([name], 2))
            shutil.rmtree(folder)
        self.group.write_bytes(b"")
        self.convert(*source, "--if-exists", "replace", code=2)
        self.group.unlink()
        self.group.mkdir()
        self.convert(*source, "--if-exists", "replace")
        self.assertEqual(self.left(), ["out.zarr"])

    def test_a_link_is_replaced_and_what_it_leads_to_stays(self):
        source = self.raw("in.ndjson", self.images(5))
        self.convert(*source)
        self.group.rename(self.dir / "real")
        before = files(self.dir / "real")
        self.group.symlink_to(self.dir / "real")
        self.convert(*source, "--if-exists", "replace")
        self.assertFalse(self.group.is_symlink())
        self.assertEqual((files(self.dir / "real"), self.left()), (before, ["out.zarr"]))

    def test_inputs_in_the_output_are_kept(self):
        source = self.raw("in.ndjson", self.images(5))
        self.convert(*source)
        inside = self.group / "in.ndjson"
        source[0].rename(inside)
        self.assertIn(b"is an input", self.convert(inside, *source[1:], "--if-exists", "replace", code=2).stderr)
        self.assertTrue(inside.exists())

    def test_one_run_at_a_time(self):
        source = self.raw("in.ndjson", self.images(500))
        args = [NDPIX, "convert", "-", *map(str, source[1:]), "-o", str(self.group)]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(source[0].read_bytes())
            run.stdin.flush()
            deadline = time.monotonic() + 30
            while not (self.dir / "out.zarr.partial" / MARK).exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertIn(b"another run", self.convert(*source, code=1).stderr)
            said = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, 0, said)
        self.assertEqual((self.left(), opened(self.group)["images"].shape[0]), (["out.zarr"], 500))


class EarlyEnds(ZarrCase):
    def test_killed(self):
        """20 times, half of them over an older output: the old or the new stands there, whole, or nothing."""
        count, dice = 4000, random.Random(6)
        old, new = (self.raw(f"{i}.ndjson", self.images(count, (40, 40), seed=i)) for i in range(2))
        options = ["--chunks", "100", "--shard-rows", "200", "--threads", "2", "--if-exists", "replace"]
        times = []
        for _ in range(2):
            begun = time.monotonic()
            self.convert(*old, *options)
            times.append(time.monotonic() - begun)
        shutil.rmtree(self.group)
        ended = set()
        for i in range(20):
            before = None
            if i >= 10 and not self.group.exists():
                self.convert(*old, *options)
            if self.group.exists():
                before = opened(self.group)["images"][0]
            args = [NDPIX, "convert", *map(str, new), "-o", str(self.group), *options]
            with subprocess.Popen(args, stderr=subprocess.DEVNULL) as run:
                time.sleep(dice.uniform(0, 1.2 * min(times)))
                run.send_signal(signal.SIGKILL)
            if not self.group.exists():
                self.assertIsNone(before, "the old output is gone")
                ended.add("nothing")
                continue
            found = opened(self.group)["images"][:]
            which = [np.array_equal(found, self.images(count, (40, 40), seed=s)) for s in range(2)]
            self.assertIn(True, which, "neither the old nor the new array")
            ended.add(which.index(True))
            if which[1]:
                shutil.rmtree(self.group)
        self.convert(*new, *options)
        self.assertEqual(self.left(), ["out.zarr"])
        self.assertIn("nothing", ended)

    def test_disk_full(self):
        source = self.raw("in.ndjson", self.images(4000, (40, 40), seed=1))

        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        for before in [False, True]:
            for packing in ["none", "zstd"]:
                args = [*source, "--output-compression", packing, "--threads", "2", "--if-exists", "replace"]
                if before:
                    self.convert(*args)
                found = files(self.group)
                done = self.run_ndpix(1, "convert", *args, "-o", self.group, preexec_fn=small_disk)
                self.assertIn(b"File too large", done.stderr)
                self.assertEqual(files(self.group), found)
                self.assertEqual(self.group.exists(), before)
                shutil.rmtree(self.group, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
