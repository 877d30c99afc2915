"""`append` to outputs that are written anew to grow: each is, byte by byte, what one run over all inputs makes, with its list
of inputs; what is refused; and how much memory it takes."""
import json
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet
import zarr

from command import NDPIX, figure
from test_kills import everything
from test_outputs import COLUMNS, Outputs, pixels, png

SCALARS = "label,score,ok"
# The name of each with its flags.
OUTPUTS = {
    "out.zarr": ["--columns", COLUMNS],
    "plain.zarr": ["--columns", COLUMNS, "--output-compression", "none", "--chunks", "7", "--shard-rows", "21"],
    "gzip.zarr": ["--columns", COLUMNS, "--output-compression", "gzip"],
    "bare.zarr": [],
    "fill.zarr": ["--on-error", "fill", "--on-missing", "fill", "--columns", "label,name"],
    "flat.zarr": ["--columns", COLUMNS, "--ragged", "flat"],
    "pad.zarr": ["--columns", COLUMNS, "--ragged", "pad"],
    "out.h5": ["--columns", COLUMNS],
    "gzip.h5": ["--columns", COLUMNS, "--output-compression", "gzip", "--chunks", "9"],
    "fill.h5": ["--on-error", "fill", "--dtype", "float32"],
    "flat.h5": ["--columns", COLUMNS, "--ragged", "flat", "--on-error", "fill"],
    "pad.h5": ["--ragged", "pad"],
    "out.parquet": ["--columns", COLUMNS],
    "plain.parquet": ["--columns", COLUMNS, "--output-compression", "none", "--chunks", "50"],
    "fill.parquet": ["--on-error", "fill", "--columns", "tags"],
    "bare.parquet": ["--dtype", "float32"],
    "out.npz": ["--columns", COLUMNS],
    "gzip.npz": ["--columns", COLUMNS, "--output-compression", "gzip"],
    "flat.npz": ["--columns", COLUMNS, "--ragged", "flat"],
    "out.safetensors": ["--columns", SCALARS],
    "shards": ["--columns", COLUMNS, "--shard-rows", "30"],
    "flat_shards": ["--ragged", "flat", "--shard-rows", "30"],
}


class Anew(Outputs):
    def night(self, number, count=70, shape=(8, 6, 3)):
        """Records of a night, of which some are rejected."""
        name = f"night{number}.ndjson"
        text = self.source(self.rows(count, shape, seed=number), name, night=number).read_bytes()
        lines = text.splitlines(keepends=True)
        lines[count // 2:count // 2] = [b'{"image": %d}\n' % number, b'{"label": 3}\n']
        (self.dir / name).write_bytes(b"".join(lines))
        return self.dir / name

    def append(self, out, sources, *flags, code=0):
        sources = sources if isinstance(sources, list) else [sources]
        args = "convert", *sources, "-o", self.place / out, *self.RAW, "--append", *flags
        return self.run_ndpix(code, *args).stderr.decode()

    def setUp(self):
        super().setUp()
        # Hundreds of runs that make things durable: in memory, where there is such a folder.
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="ndpix-append-", dir=memory if memory.is_dir() else None)
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "place"
        self.anew()

    def anew(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def made(self):
        made = everything(self.place)
        self.assertFalse([name for name in made if ".partial" in name])
        return made

    def same(self, found, want):
        self.assertEqual(list(found), list(want))
        self.assertEqual([name for name in want if found[name] != want[name]], [], "other bytes")

    def test_three_nights(self):
        nights = [self.night(number, 50 + 30 * number) for number in range(3)]
        sizes = [self.night(number + 3, 40, (5 + number, 6, 3)) for number in range(3)]
        for out, flags in OUTPUTS.items():
            inputs = sizes if "--ragged" in flags else nights
            if "pad" in flags:
                flags = [*flags, "--size", "9,7", "--fit", "contain"]
            with self.subTest(out, flags=flags):
                self.anew()
                self.append(out, inputs, *flags, code=3)
                want = self.made()
                for threads in "1", "3":
                    self.anew()
                    for night in inputs:
                        self.append(out, night, *flags, "--threads", threads, code=3)
                    self.same(self.made(), want)
                # All at once, to what one night began.
                self.anew()
                self.append(out, inputs[0], *flags, code=3)
                self.append(out, inputs[1:], *flags, code=3)
                self.same(self.made(), want)

    def test_image_files(self):
        flags = ["--field", "image", "--images-as", "encoded", "--on-missing", "fill", "--columns", "label"]
        nights = []
        for number in range(2):
            records = [{"image": png(row), "label": i} for i, row in enumerate(self.rows(60, (9, 9 + number, 3), seed=number))]
            records[7]["image"] = None
            nights.append(self.write(f"{number}.ndjson", records))
        run = lambda *sources: self.run_ndpix(0, "convert", *sources, "-o", self.place / "a.parquet", "--append", *flags)
        run(*nights)
        want = self.made()
        self.anew()
        for night in nights:
            run(night)
        self.same(self.made(), want)

    def test_row_numbers_in_texts(self):
        """Text that holds images says which rows they became: of all rows, and not of the run."""
        nights = []
        for number in range(2):
            rows = self.rows(40, (4, 4), seed=number).reshape(20, 2, 4, 4)
            records = [{"items": [{"png": png(row), "k": number} for row in pair]} for pair in rows]
            nights.append(self.write(f"{number}.ndjson", records))
        flags = ["--field", "items[*].png", "--columns", "items", "--append"]
        for out in "a.zarr", "a.npy":
            self.anew()
            self.run_ndpix(0, "convert", *nights, "-o", self.place / out, *flags)
            want = self.made()
            self.anew()
            for night in nights:
                self.run_ndpix(0, "convert", night, "-o", self.place / out, *flags)
            if out == "a.npy":
                tables = [pyarrow.parquet.read_table(pyarrow.BufferReader(made["a.npy.columns.parquet"]))
                          for made in (self.made(), want)]
                self.assertEqual(*[table["items"].to_pylist() for table in tables])
            else:
                self.same(self.made(), want)

    def test_long_texts_and_nulls(self):
        """More than one chunk, page and heap of each."""
        nights = []
        for number, count in enumerate([3000, 700]):
            rng = np.random.default_rng(number)
            records = []
            for i, row in enumerate(self.rows(count, (3, 2), seed=number)):
                text = None if i % 11 == 0 else "é\\\"x" * int(rng.integers(0, 900 if i % 5 else 3))
                records.append({"image": pixels(row), "shape": row.shape, "dtype": "uint8", "text": text,
                                "list": None if i % 3 == 0 else rng.random(int(rng.integers(0, 9))).tolist(),
                                "whole": None if i % 2 else i, "is": [True, False, None][i % 3], "obj": {"a": i} if i % 4 else None})
            nights.append(self.write(f"{number}.ndjson", records))
        for out in "a.zarr", "a.h5", "a.parquet", "a.npz", "shards":
            flags = ["--columns", "text,list,whole,is,obj", *(["--shard-rows", "500"] if out == "shards" else [])]
            with self.subTest(out):
                self.anew()
                self.append(out, nights, *flags)
                want = self.made()
                self.anew()
                for night in nights:
                    self.append(out, night, *flags)
                self.same(self.made(), want)

    def test_nothing_there_and_nothing_new(self):
        night = self.night(0)
        bad = self.write("bad.ndjson", [{"image": i, "label": i, "name": "x"} for i in range(5)])
        shape = ["--shape", "8,6,3", "--dtype", "uint8", "--columns", "label,name", "--max-rejects", "none"]
        for out in "a.zarr", "a.h5", "a.parquet", "a.npz":
            with self.subTest(out):
                self.anew()
                self.append(out, [bad, night], *shape)
                want = self.made()
                self.anew()
                for source in bad, night:
                    self.append(out, source, *shape)
                self.same(self.made(), want)
                self.anew()
                self.append(out, night, *shape)
                before = self.made()
                self.append(out, bad, *shape)
                after = self.made()
                rejects = f"{out}.rejects.ndjson"
                self.assertEqual(after[rejects][:len(before[rejects])], before[rejects])
                rows = lambda: self.run_ndpix(0, "show", self.place / out, "0", "69").stdout
                self.assertIn(b"night0.ndjson:72", rows())
                listed = json.loads(after[f"{out}.inputs.json"])
                self.assertEqual([(i["first_row"], i["records"]) for i in listed["inputs"]], [(0, 72), (70, 5)])

    def test_a_list_of_inputs(self):
        first, second = self.night(0), self.night(1)
        for out in "a.zarr", "a.h5", "a.parquet", "a.npz", "a.safetensors":
            with self.subTest(out):
                self.anew()
                self.append(out, first, code=3)
                before = self.made()
                self.assertIn("before with its 72 records; leave it out, or pass append_again", self.append(out, first, code=2))
                self.same(self.made(), before)
                grown = self.dir / "grown.ndjson"
                grown.write_bytes(first.read_bytes() + second.read_bytes())
                self.assertIn("pass skip 72 ", self.append(out, grown, code=2))
                self.append(out, grown, "--skip", "72", code=3)
                shown = self.run_ndpix(0, "show", self.place / out, "0", "139").stdout.decode().splitlines()
                self.assertIn(f"{first}:1", shown[0])
                self.assertIn(f"{grown}:144", shown[1])
                self.append(out, first, "--append-again", code=3)
                self.assertIn("and no row 210", self.run_ndpix(2, "show", self.place / out, "210").stderr.decode())
                # One that is replaced is of other inputs.
                self.run_ndpix(3, "convert", second, "-o", self.place / out, *self.RAW, "--if-exists", "replace")
                self.assertFalse((self.place / f"{out}.inputs.json").exists())

    def refused(self, out, source, said, *flags):
        before = everything(self.place)
        self.assertRegex(self.append(out, source, *flags, code=2), said)
        self.same(everything(self.place), before)

    def test_what_is_not_alike(self):
        first, second = self.night(0), self.night(1)
        columns = ["--columns", "label,name,meta"]
        for out in "a.zarr", "a.h5", "a.parquet":
            with self.subTest(out):
                self.anew()
                self.append(out, first, *columns, code=3)
                self.refused(out, second, r"holds images of shape \(8, 6, 3\) uint8, and these records give "
                             r"images of shape \(8, 6, 3\) float32; ask for the same", *columns, "--dtype", "float32")
                self.refused(out, self.night(2, 70, (9, 6, 3)), r"give images of shape \(9, 6, 3\) uint8", *columns)
                self.refused(out, second, r"has the columns label \(integers\), name \(strings\), meta \(JSON text\), and these "
                             r"records give name \(strings\), label \(integers\), meta", "--columns", "name,label,meta")
                self.refused(out, second, "and these records give none; ask for the same columns")
                lines = [json.loads(line) for line in second.read_text().splitlines()]
                other = self.write("other.ndjson", [{**line, "meta": "x"} for line in lines])
                self.refused(out, other, r"meta \(JSON text\), and these .* meta \(strings\)", *columns)
                if out != "a.parquet":
                    self.refused(out, second, "these records give images of different sizes, laid flat, with 3 axes", *columns,
                                 "--ragged", "flat")
                self.refused(out, second, "leave rows out, or leave append out", *columns, "--rows", "never")
                self.refused(out, second, "leave one of them out", *columns, "--if-exists", "replace")
                self.anew()
                self.run_ndpix(3, "convert", first, "-o", self.place / out, *self.RAW, "--rows", "never")
                self.refused(out, second, "has no row map of its rows, .* write it anew with append")
                self.anew()
                self.run_ndpix(3, "convert", first, "-o", self.place / out, *self.RAW)
                self.append(out, second, code=3)
                self.assertIn("139", self.run_ndpix(0, "show", self.place / out, "139").stdout.decode())

    def test_what_is_of_others(self):
        night = self.night(0)
        images = self.rows(5)
        with h5py.File(self.place / "a.h5", "w") as file:
            file["images"] = images
        group = zarr.open_group(self.place / "a.zarr", mode="w")
        group.create_array("images", data=images)
        pyarrow.parquet.write_table(pyarrow.table({"image": [b"x"]}), self.place / "a.parquet")
        np.savez(self.place / "a.npz", images=images)
        (self.place / "b.h5").write_bytes(b"")
        (self.place / "c.zarr").mkdir()
        for path in sorted(self.place.iterdir()):
            self.refused(path.name, night, f"no rows can be added to {path}: ")
        self.anew()
        self.append("a.zarr", night, "--columns", "label", code=3)
        zarr.open_group(self.place / "a.zarr", mode="r+").create_array("mine", data=images)
        self.refused("a.zarr", self.night(1), "a.zarr/mine: its chunks are not as ndpix writes them", "--columns", "label")
        shutil.rmtree(self.place / "a.zarr" / "mine")
        group = zarr.open_group(self.place / "a.zarr", mode="r+")
        group.create_group("mine")
        lost = "which did not come from its records and would be lost; move it elsewhere"
        self.refused("a.zarr", self.night(1), f'holds "mine", {lost}', "--columns", "label")
        shutil.rmtree(self.place / "a.zarr" / "mine")
        group.attrs["note"] = "x"
        self.refused("a.zarr", self.night(1), f'holds "note", {lost}', "--columns", "label")

    def test_what_is_damaged(self):
        """Cut or changed at many places: refused and left alone, or, where nothing tells, the rows as they are read."""
        night, more = self.night(0, 3000), self.night(1)
        rng = np.random.default_rng(5)
        for out in "a.zarr", "a.h5", "a.parquet", "gz.h5":
            flags = ["--columns", "label,name,tags", *(["--output-compression", "gzip"] if out[0] == "g" else [])]
            self.anew()
            self.append(out, night, *flags, code=3)
            whole = everything(self.place)
            (self.place / f"{out}.inputs.json").unlink()
            refused = 0
            for name in [name for name in whole if name == out or name.startswith(f"{out}/")]:
                text = whole[name]
                path = self.place / name
                for _ in range(2 if out == "a.zarr" else 12):
                    at = int(rng.integers(0, len(text)))
                    for bad in text[:at], text[:at] + bytes([text[at] ^ 0x41]) + text[at + 1:]:
                        path.write_bytes(bad)
                        before = everything(self.place)
                        args = "convert", more, "-o", self.place / out, *self.RAW, "--append", *flags
                        done = subprocess.run([NDPIX, *map(str, args)], capture_output=True, timeout=120)
                        said = done.stderr.decode()
                        self.assertIn(done.returncode, (1, 2, 3), (name, at, said))
                        if done.returncode != 3:
                            refused += 1
                            self.assertIn(out, said)
                            self.same(everything(self.place), before)
                        else:
                            shutil.rmtree(self.place)
                            self.place.mkdir()
                            for other, bytes_ in whole.items():
                                if not other.endswith("inputs.json"):
                                    (self.place / other).parent.mkdir(parents=True, exist_ok=True)
                                    (self.place / other).write_bytes(bytes_)
                        path.write_bytes(text)
            self.assertGreater(refused, 10, out)

    def test_ended_by_its_data_and_gone_on_with(self):
        first, second = self.night(0), self.night(1, 300)
        lines = second.read_bytes().splitlines(keepends=True)
        bad = self.dir / "bad.ndjson"
        bad.write_bytes(b"".join(lines[:250] + [b"{\n"] + lines[250:]))
        for out in "a.zarr", "a.h5", "a.parquet", "a.npz":
            flags = ["--columns", "label,name,tags", "--threads", "1"]
            with self.subTest(out):
                self.anew()
                self.append(out, first, *flags, code=3)
                self.append(out, bad, *flags, code=3)
                want = self.made()
                self.anew()
                self.append(out, first, *flags, code=3)
                before = everything(self.place)
                self.append(out, bad, *flags, "--on-error", "json=raise", code=4)
                self.same({k: v for k, v in everything(self.place).items() if ".partial" not in k}, before)
                self.assertIn("continues at record 251", self.append(out, bad, *flags, code=3))
                self.same(self.made(), want)
                # Another night that came in between is not lost.
                self.anew()
                self.append(out, first, *flags, code=3)
                self.append(out, bad, *flags, "--on-error", "json=raise", code=4)
                aside = self.place.with_name("aside")
                aside.mkdir(exist_ok=True)
                for path in self.place.glob("*.partial*"):
                    path.rename(aside / path.name)
                self.append(out, self.night(2), *flags, code=3)
                for path in aside.iterdir():
                    path.rename(self.place / path.name)
                self.assertIn("is not what it was when rows were last added", self.append(out, bad, *flags, code=3))
                self.assertIn("no row 440", self.run_ndpix(2, "show", self.place / out, "440").stderr.decode())
                self.run_ndpix(0, "show", self.place / out, "439")

    def test_memory_does_not_grow_with_what_is_there(self):
        """300 MB of pixels with texts; what the kernel counts as the most that the process ever had."""
        row = np.random.default_rng(1).integers(0, 255, (512, 512, 3)).astype(np.uint8)
        source = self.write("big.ndjson", ({"image": pixels(np.roll(row, i)), "shape": row.shape, "dtype": "uint8",
                                            "name": f"{i} " * 2000} for i in range(400)))
        more = self.write("more.ndjson", ({"image": pixels(row), "shape": row.shape, "dtype": "uint8", "name": "x"} for _ in range(2)))
        for out in "a.zarr", "a.h5", "a.parquet":
            self.anew()
            flags = ["--columns", "name", "--threads", "1"]
            self.append(out, source, *flags)
            summary = self.dir / "summary.json"
            self.append(out, more, *flags, "--summary", summary)
            peak = json.loads(summary.read_text())["peak_memory"]
            # An interrupt while the old rows are copied.
            before = self.made()
            args = [NDPIX, "convert", more, "-o", self.place / out, *self.RAW, "--append", "--append-again", *flags]
            with subprocess.Popen([*map(str, args)], stderr=subprocess.PIPE) as run:
                while not (self.place / f"{out}.partial").exists() and run.poll() is None:
                    pass
                run.send_signal(signal.SIGINT)
                said = run.communicate()[1]
            self.assertEqual(run.returncode, 130, said)
            self.same(self.made(), before)
            figure(what=f"rows added to `{out}` of 315 MB, peak of memory", bytes=peak)
            self.assertLess(peak, 150 << 20, out)


if __name__ == "__main__":
    unittest.main()
