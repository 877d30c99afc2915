"""`.parquet` outputs as pyarrow, pandas and Polars read them, beside the `.npy` of the same run; encoded images;
and what is left of runs that end early."""
import base64
import io
import json
import random
import resource
import signal
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow.parquet as pq
from PIL import Image

from command import NDPIX, ROOT, SAMPLE, Case, load

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
          "float16", "float32", "float64"]
COMPRESSIONS = ["auto", "none", "gzip", "gzip:9", "zstd:1", "zstd:9"]
RAW = ["--field", "image", "--encoding", "raw", "--raw-shape", "40,40,3"]


def base64_of(data):
    return base64.b64encode(data).decode()


def array_record(array):
    out = io.BytesIO()
    np.save(out, array)
    return {"image": base64_of(out.getvalue())}


def file_of(array, kind, **how):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **how)
    return out.getvalue()


def images(path):
    """The array of a file whose images are tensors."""
    meta = pq.read_metadata(path)
    if meta.num_rows == 0:
        kind = pq.read_schema(path).field("image").type
        return np.zeros((0, *kind.shape), kind.value_type.to_pandas_dtype())
    column = pq.read_table(path).column("image").combine_chunks()
    if str(column.type.value_type) == "bool":  # of which pyarrow makes no tensors
        flat = column.storage.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(-1, *column.type.shape)
    return column.to_numpy_ndarray()


def groups(path):
    meta = pq.read_metadata(path)
    return [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]


class ParquetCase(Case):
    def setUp(self):
        super().setUp()
        self.parquet = self.dir / "out.parquet"
        self.random = np.random.default_rng(7)

    def convert(self, *args, code=0, out=None, **options):
        out = out or self.parquet
        return self.run_ndpix(code, "convert", *args, "-o", out, "--if-exists", "replace", **options)

    def raw(self, name, count, seed=0):
        """A file of records with raw pixels that compress somewhat, and the pixels."""
        rows = np.random.default_rng(seed).integers(0, 30, (count, 40, 40, 3), np.uint8)
        return self.write(name, [{"id": i, "image": base64_of(row.tobytes())} for i, row in enumerate(rows)]), rows

    def same(self, got, want):
        self.assertEqual((got.dtype, got.shape), (want.dtype, want.shape))
        self.assertTrue(np.ascontiguousarray(got).tobytes() == np.ascontiguousarray(want).tobytes(), "the values differ")


class Pixels(ParquetCase):
    def test_every_dtype_in_every_compression(self):
        for dtype in DTYPES:
            size = np.dtype(dtype).itemsize
            bits = np.frombuffer(self.random.bytes(9 * 105 * size), np.uint8)
            want = (bits & 1).astype(bool) if dtype == "bool" else bits.view(dtype)
            want = want.reshape(9, 5, 7, 3)
            source = self.write("in.ndjson", map(array_record, want))
            for compression in COMPRESSIONS:
                with self.subTest(dtype=dtype, compression=compression):
                    self.convert(source, "--output-compression", compression, "--chunks", "4")
                    self.same(images(self.parquet), want)
                    self.assertEqual(groups(self.parquet), [4, 4, 1])
            # Polars and pandas give rows.
            for row in [polars.read_parquet(self.parquet)["image"][8], pandas.read_parquet(self.parquet)["image"][8]]:
                self.same(np.asarray(row), want[8].ravel())

    def test_tensors_are_not_copied(self):
        source, want = self.raw("in.ndjson", 100)
        self.convert(source, *RAW)
        column = pq.read_table(self.parquet).column("image").combine_chunks()
        array = column.to_numpy_ndarray()
        self.assertEqual(array.__array_interface__["data"][0], column.storage.flatten().buffers()[1].address)
        self.same(array, want)

    def test_every_case_is_the_array_of_its_npy(self):
        arrays = 0
        for folder in sorted((ROOT / "testdata" / "cases").iterdir()):
            with self.subTest(folder.name):
                code = json.loads((folder / "expected.json").read_text())["exit"]
                flags = (folder / "args").read_text().splitlines()
                source = next(folder.glob("input.*"))
                self.parquet.unlink(missing_ok=True)
                self.out.unlink(missing_ok=True)
                self.convert(source, *flags, code=code)
                self.convert(source, *flags, code=code, out=self.out)
                self.assertEqual(self.parquet.exists(), self.out.exists())
                if self.out.exists():
                    arrays += 1
                    self.same(images(self.parquet), load(self.out))
        self.assertGreater(arrays, 100)

    def test_groups_and_pages(self):
        # More than one group of 16 MiB, and rows that are larger than a page.
        source, want = self.raw("in.ndjson", 4000)
        self.convert(source, *RAW)
        self.assertEqual(groups(self.parquet), [3495, 505])
        self.same(images(self.parquet), want)
        for chunks, rows in [(1, [1] * 50), (7, [7] * 7 + [1]), (50, [50]), (10**15, [50])]:
            source, want = self.raw("in.ndjson", 50)
            self.convert(source, *RAW, "--chunks", chunks)
            self.assertEqual(groups(self.parquet), rows)
            self.same(images(self.parquet), want)
            self.same(pq.ParquetFile(self.parquet).read_row_group(len(rows) - 1).column("image").combine_chunks()
                      .to_numpy_ndarray(), want[-rows[-1]:])
        large = self.random.integers(0, 9, (3, 1500, 1000), np.uint8)
        self.convert(self.write("in.ndjson", map(array_record, large)))
        self.same(images(self.parquet), large)

    def test_no_rows(self):
        # Its header is read; the pixels after it are not there.
        picture = file_of(self.random.integers(0, 256, (4, 5, 3), np.uint8), "PNG")
        source = self.write("in.ndjson", [{"image": base64_of(picture[:60])}] * 3)
        self.convert(source, "--max-rejects", "none")
        table = pq.read_table(self.parquet)
        self.assertEqual((len(table), table.schema.field("image").type.shape), (0, [4, 5, 3]))
        self.assertEqual(len(pandas.read_parquet(self.parquet)), 0)
        self.convert(source, "--max-rejects", "none", "--images-as", "encoded")
        self.assertEqual(len(pq.read_table(self.parquet)), 0)

    def test_threads_make_no_difference(self):
        source, _ = self.raw("in.ndjson", 5000)
        for flags in [["--output-compression", "none"], ["--output-compression", "zstd:1"], ["--chunks", "333"]]:
            found = set()
            for threads in [1, 2, 8]:
                self.convert(source, *RAW, *flags, "--threads", threads)
                found.add(self.parquet.read_bytes())
            self.assertEqual(len(found), 1, flags)


class Beside(ParquetCase):
    def test_row_fields(self):
        self.convert(SAMPLE, SAMPLE, code=3)
        self.convert(SAMPLE, SAMPLE, "--rows", "always", code=3, out=self.out)
        want = np.load(f"{self.out}.rows.npy")
        table = pandas.read_parquet(self.parquet)
        names = {"file": "row_file", "line": "row_line", "byte": "row_byte", "item": "row_item", "valid": "valid"}
        self.assertEqual(list(table), ["image", *names.values()])
        for name, column in names.items():
            self.same(table[column].to_numpy(), want[name].copy())
        self.assertEqual(len(set(table["row_file"])), 2)
        self.convert(SAMPLE, "--rows", "never", code=3)
        self.assertEqual(pq.read_schema(self.parquet).names, ["image"])

    def test_fill_rows(self):
        flags = ["--on-error", "fill", "--on-missing", "fill", "--fill-value", "7"]
        self.convert(SAMPLE, *flags, code=3)
        self.convert(SAMPLE, *flags, code=3, out=self.out)
        self.same(images(self.parquet), load(self.out))
        valid = pq.read_table(self.parquet)["valid"].to_pylist()
        self.assertEqual((len(valid), valid.count(False)), (28, 4))
        self.convert(SAMPLE, *flags, "--rows", "never", code=3)
        self.assertEqual(pq.read_schema(self.parquet).names, ["image", "valid"])
        self.assertEqual(pq.read_table(self.parquet)["valid"].to_pylist(), valid)

    def test_attributes(self):
        self.convert(SAMPLE, "--threads", "2", "--chunks", "5", code=3)
        for found in [pq.read_schema(self.parquet).metadata, pq.read_metadata(self.parquet).metadata]:
            self.assertEqual(json.loads(found[b"ndpix_options"]), {"chunks": "5"})
            self.assertEqual(json.loads(found[b"ndpix_counts"])["rows"], 24)
            self.assertIn(b"ndpix_version", found)


class Columns(ParquetCase):
    FIELDS = "n,x,flag,text,ids,box,any,meta.deep"

    def records(self, count):
        """Records with every type of column, in each of which some rows have nothing."""
        found, want = [], {name: [] for name in self.FIELDS.split(",")}
        for i in range(count):
            values = {
                "n": i - 3, "x": i / 4, "flag": i % 3 == 0, "text": "äöü €" * (i % 4) + str(i), "ids": list(range(i % 5)),
                "box": [i / 2, 1.5], "any": {"k": [i, "v"]} if i % 2 else "w", "meta": {"deep": i * 10**12},
            }
            record = {"image": [[i % 256, 2], [3, 4]], **{k: v for k, v in values.items() if (i + len(k)) % 7}}
            if i % 11 == 5:
                record["text"] = None
            found.append(record)
            for name in want:
                value = record.get(name) if name != "meta.deep" else record.get("meta", {}).get("deep")
                want[name].append(json.dumps(value) if name == "any" and value is not None else value)
        return found, want

    def check(self, path, want, strict=True):
        table = pq.read_table(path)
        types = ["int64", "double", "bool", "string", "list<element: int64>", "list<element: double>", "string", "int64"]
        self.assertEqual([str(table.schema.field(name).type) for name in want], types)
        frame = polars.read_parquet(path)
        for name, values in want.items():
            got = table[name].to_pylist()
            if name == "any":
                got, values = ([v and json.loads(v) for v in c] for c in (got, values))
            self.assertEqual(got, values, name)
            self.assertEqual(frame[name].to_list(), table[name].to_pylist())
        self.assertEqual(len(pandas.read_parquet(path)), len(values))

    def test_every_type_beside_the_images(self):
        records, want = self.records(3000)
        source = self.write("in.ndjson", records)
        for more in [["--chunks", "1000"], ["--output-compression", "none"], ["--chunks", "1"]]:
            found = set()
            for threads in [1, 2, 8]:
                self.convert(source, "--field", "image", "--dtype", "uint8", "--columns", self.FIELDS, "--threads", threads, *more)
                found.add(self.parquet.read_bytes())
            self.assertEqual(len(found), 1)
            self.check(self.parquet, want)
            self.assertEqual(images(self.parquet)[:, 0, 0].tolist(), [i % 256 for i in range(3000)])
        self.assertEqual(pq.read_schema(self.parquet).names[1:9], self.FIELDS.split(","))

    def test_every_type_in_a_file_of_their_own(self):
        records, want = self.records(150_000)
        source = self.write("in.ndjson", records)
        beside = Path(f"{self.out}.columns.parquet")
        found = set()
        for threads in [1, 8]:
            self.convert(source, "--field", "image", "--dtype", "uint8", "--columns", self.FIELDS, "--threads", threads, out=self.out)
            found.add(beside.read_bytes())
        self.assertEqual((len(found), groups(beside)), (1, [1 << 17, 150_000 - (1 << 17)]))
        self.check(beside, want)
        self.assertEqual(pq.read_schema(beside).names, self.FIELDS.split(","))
        self.assertIn(b"ndpix_counts", pq.read_schema(beside).metadata)
        # An array without columns takes those of the one that it replaces with it.
        self.convert(source, "--field", "image", "--dtype", "uint8", "--limit", "3", out=self.out)
        self.assertEqual({p.name for p in self.dir.iterdir()}, {"in.ndjson", "out.npy"})

    def test_rejected_and_filled_rows(self):
        records, want = self.records(40)
        for i in (5, 6, 20):
            records[i]["image"] = "nothing"
        source = self.write("in.ndjson", records)
        flags = ["--field", "image", "--encoding", "list", "--dtype", "uint8", "--columns", self.FIELDS]
        self.convert(source, *flags, code=3)
        kept = [i for i in range(40) if i not in (5, 6, 20)]
        self.check(self.parquet, {name: [values[i] for i in kept] for name, values in want.items()})
        self.convert(source, *flags, "--on-error", "fill", code=3)
        self.check(self.parquet, want)
        self.convert(source, *flags, "--on-error", "fill", code=3, out=self.out)
        self.check(f"{self.out}.columns.parquet", want)

    def test_beside_image_files(self):
        files = [file_of(self.random.integers(0, 256, (5 + i, 4, 3), np.uint8), "PNG") for i in range(30)]
        source = self.write("in.ndjson", [{"image": base64_of(f), "label": f"l{i}", "ids": [i, i]} for i, f in enumerate(files)])
        self.convert(source, "--images-as", "encoded", "--columns", "label,ids", "--chunks", "7")
        table = pq.read_table(self.parquet)
        self.assertEqual([row["bytes"] for row in table["image"].to_pylist()], files)
        self.assertEqual(table["label"].to_pylist(), [f"l{i}" for i in range(30)])
        self.assertEqual(table["ids"].to_pylist(), [[i, i] for i in range(30)])
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        self.assertEqual(features["label"], {"_type": "Value", "dtype": "string"})
        self.assertEqual(features["ids"], {"_type": "Sequence", "feature": {"_type": "Value", "dtype": "int64"}})

    def test_names_that_are_taken(self):
        for name in ["image", "row_line", "valid"]:
            source = self.write("in.ndjson", [{"pixels": [[1, 2], [3, 4]], name: 1}] * 2)
            flags = ["--field", "pixels", "--columns", name]
            self.assertIn(b"rename the field", self.convert(source, *flags, code=2).stderr)
            self.convert(source, *flags, out=self.out)
            self.assertEqual(pq.read_schema(f"{self.out}.columns.parquet").names, [name])

    def test_wide_text(self):
        """Pages end by their bytes too, so that no group of it is held."""
        texts = [chr(97 + i % 26) * (300_000 + i) for i in range(40)]
        source = self.write("in.ndjson", [{"image": [[i, 2], [3, 4]], "text": t} for i, t in enumerate(texts)])
        self.convert(source, "--field", "image", "--columns", "text")
        self.assertEqual(pq.read_table(self.parquet)["text"].to_pylist(), texts)


class Encoded(ParquetCase):
    FLAGS = ["--images-as", "encoded", "--field", "image"]

    def rows(self):
        table = pq.read_table(self.parquet)
        self.assertEqual(str(table.schema.field("image").type), "struct<bytes: binary, path: string>")
        return table["image"].to_pylist()

    def files(self, count):
        """Pictures that differ in size, mode and format."""
        found = []
        for i in range(count):
            shape = (3 + i % 5, 4 + i % 7) + (() if i % 3 else (3,))
            found.append(file_of(self.random.integers(0, 256, shape, np.uint8), ["PNG", "JPEG", "TIFF", "WEBP"][i % 4]))
        return found

    def test_files_stay_what_they_are(self):
        files = self.files(200)
        source = self.write("in.ndjson", [{"image": base64_of(f), "n": i} for i, f in enumerate(files)])
        for more in [[], ["--output-compression", "none"], ["--chunks", "60"], ["--output-compression", "gzip"]]:
            self.convert(source, *self.FLAGS, *more)
            self.assertEqual(self.rows(), [{"bytes": f, "path": None} for f in files])
        self.convert(source, *self.FLAGS, "--chunks", "60")
        self.assertEqual(groups(self.parquet), [60, 60, 60, 20])
        frame = polars.read_parquet(self.parquet)
        self.assertEqual(frame["image"].struct.field("bytes").to_list(), files)

    def test_groups_of_large_files(self):
        files = [file_of(self.random.integers(0, 256, (900, 700, 3), np.uint8), "PNG") for _ in range(12)]
        source = self.write("in.ndjson", [{"image": base64_of(f)} for f in files])
        found = set()
        for threads in [1, 2, 8]:
            self.convert(source, *self.FLAGS, "--threads", threads)
            self.assertEqual([row["bytes"] for row in self.rows()], files)
            found.add(self.parquet.read_bytes())
        self.assertEqual((len(found), groups(self.parquet)), (1, [9, 3]))

    def test_files_by_path_and_in_chains(self):
        data = self.random.integers(0, 256, (6, 6, 3), np.uint8)
        files = [file_of(data, kind) for kind in ["PNG", "JPEG"]]
        for i, file in enumerate(files):
            (self.dir / f"{i}.img").write_bytes(file)
        for records, more in [
            ([{"image": f"{i}.img"} for i in range(2)], ["--encoding", "path"]),
            ([{"image": file.hex()} for file in files], ["--encoding", "hex"]),
            ([{"image": f"data:image/png;base64,{base64_of(file)}"} for file in files], []),
            ([{"image": [base64_of(file) for file in files]}], []),
        ]:
            self.convert(self.write("in.ndjson", records), *self.FLAGS, *more)
            self.assertEqual([row["bytes"] for row in self.rows()], files)

    def test_broken_ones_are_rejected(self):
        files = self.files(8)
        files[2] = files[2][:-9]
        files[5] = files[5][:30] + b"?" + files[5][31:]
        files[7] = b"no image at all, but bytes"
        source = self.write("in.ndjson", [{"image": base64_of(f)} for f in files])
        self.convert(source, *self.FLAGS, "--encoding", "encoded", code=3)
        kept = [row["bytes"] for row in self.rows()]
        self.assertEqual(kept, [f for f in files if f in kept])
        self.assertLessEqual(len(kept), 6)
        lines = pq.read_table(self.parquet)["row_line"].to_pylist()
        self.assertEqual([files[n - 1] for n in lines], kept)
        self.convert(source, *self.FLAGS, "--encoding", "encoded", "--on-error", "fill", code=3)
        table = pq.read_table(self.parquet)
        rows = zip(table["image"].to_pylist(), table["valid"].to_pylist(), files)
        self.assertTrue(all(image == ({"bytes": f, "path": None} if valid else None) for image, valid, f in rows))
        self.assertEqual(table["image"].null_count, 8 - len(kept))

    def test_pixels_are_refused(self):
        source, _ = self.raw("in.ndjson", 3)
        self.assertIn(b"raw_shape is for pixels", self.convert(source, *RAW, "--images-as", "encoded", code=2).stderr)
        lists = self.write("lists.ndjson", [{"image": [[1, 2], [3, 4]]}] * 3)
        self.assertIn(b"no image files", self.convert(lists, *self.FLAGS, code=2).stderr)
        # After the sample, and decided for each record, they are rejects.
        records = [{"image": base64_of(f)} for f in self.files(70)] + [{"image": [[1, 2], [3, 4]]}]
        self.convert(self.write("in.ndjson", records), *self.FLAGS, "--mixed", code=3)
        self.assertEqual(len(self.rows()), 70)
        rejects = Path(f"{self.parquet}.rejects.ndjson").read_bytes().splitlines()
        self.assertEqual([json.loads(r)["kind"] for r in rejects], ["encoding"])

    def test_what_has_no_say(self):
        source = self.write("in.ndjson", [{"image": base64_of(f)} for f in self.files(2)])
        for flags in [["--mode", "L"], ["--size", "4"], ["--layout", "chw"], ["--dtype", "uint8"], ["--exif-transpose"],
                      ["--shape", "4,4,3"], ["--frames", "all"], ["--scale", "unit"], ["--ragged", "flat"]]:
            self.convert(source, *self.FLAGS, *flags, code=2)
        for out in ["out.npy", "out.npz", "out.h5", "out.zarr", "out.safetensors"]:
            self.assertIn(b".parquet can", self.convert(source, *self.FLAGS, code=2, out=self.dir / out).stderr)

    def test_features_of_hugging_face(self):
        source = self.write("in.ndjson", [{"image": base64_of(f)} for f in self.files(2)])
        self.convert(source, *self.FLAGS)
        schema = pq.read_schema(self.parquet)
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        self.assertEqual(list(features), schema.names)
        self.assertEqual(features["image"], {"_type": "Image"})
        self.assertEqual(features["row_line"], {"_type": "Value", "dtype": "uint64"})


class Files(ParquetCase):
    def test_existing_output(self):
        source, _ = self.raw("in.ndjson", 5)
        self.parquet.write_bytes(b"precious")
        self.run_ndpix(2, "convert", source, "-o", self.parquet, *RAW)
        self.run_ndpix(0, "convert", source, "-o", self.parquet, *RAW, "--if-exists", "skip")
        self.assertEqual(self.parquet.read_bytes(), b"precious")
        self.convert(SAMPLE, "--on-error", "raise", code=4)
        self.assertEqual(self.parquet.read_bytes(), b"precious")
        # Without a footer it is of no use to anybody but a run that goes on with it.
        self.assertTrue(Path(f"{self.parquet}.partial.journal").exists())
        self.convert(source, *RAW)
        self.assertEqual(len(images(self.parquet)), 5)

    def test_one_run_at_a_time(self):
        source, _ = self.raw("in.ndjson", 100)
        args = [NDPIX, "convert", "-", *RAW, "-o", str(self.parquet)]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdin.write(source.read_bytes())
            run.stdin.flush()
            deadline = time.monotonic() + 30
            while not Path(f"{self.parquet}.partial").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertIn(b"another run", self.convert(source, *RAW, code=1).stderr)
            said = run.communicate(timeout=60)[1]
        self.assertEqual((run.returncode, len(images(self.parquet))), (0, 100), said)

    def test_killed(self):
        """20 times in each way: the old stands there or the new, whole."""
        source, want = self.raw("in.ndjson", 6000)
        whole, dice = self.dir / "whole.parquet", random.Random(6)
        for more in ([], ["--output-compression", "none", "--chunks", "100"]):
            begun = time.monotonic()
            self.convert(source, *RAW, *more, out=whole)
            took = time.monotonic() - begun
            killed = 0
            for _ in range(20):
                self.parquet.write_bytes(b"precious")
                args = [NDPIX, "convert", str(source), *RAW, *more, "-o", str(self.parquet), "--if-exists", "replace"]
                with subprocess.Popen(args, stderr=subprocess.DEVNULL) as run:
                    time.sleep(dice.uniform(0, 1.1 * took))
                    run.send_signal(signal.SIGKILL)
                found = self.parquet.read_bytes()
                killed += found == b"precious"
                self.assertTrue(found == b"precious" or found == whole.read_bytes(), "neither the old nor the new")
            self.assertGreater(killed, 3)
            self.same(images(whole), want)

    def test_full_disk(self):
        source, _ = self.raw("in.ndjson", 1500)
        self.convert(source, *RAW)
        size = self.parquet.stat().st_size
        self.parquet.write_bytes(b"precious")
        for limit in [3, 100_000, size // 2, size - 10]:
            for threads in [1, 2]:
                bound = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                # The signal that tells of the limit stays ignored, as Python has it.
                done = self.convert(source, *RAW, "--threads", threads, code=1, preexec_fn=bound, restore_signals=False)
                self.assertIn(b"cannot write", done.stderr)
                self.assertEqual(self.parquet.read_bytes(), b"precious")
                self.assertFalse(Path(f"{self.parquet}.partial").exists())

    def test_columns_that_an_array_had_go_with_it(self):
        source, _ = self.raw("in.ndjson", 5)
        for name in [".columns.parquet", ".rows.npy"]:
            Path(f"{self.out}{name}").write_bytes(b"old")
        self.convert(source, *RAW, "--rows", "never", out=self.out)
        self.assertEqual({p.name for p in self.dir.iterdir()}, {"in.ndjson", "out.npy"})
        for name in ["out.npy.columns.parquet", "out.npy.columns.parquet.partial"]:
            source.rename(self.dir / name)
            done = self.convert(self.dir / name, *RAW, code=2, out=self.out)
            self.assertIn(b"is an input", done.stderr)
            (self.dir / name).rename(source)


if __name__ == "__main__":
    unittest.main()
