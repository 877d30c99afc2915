"""`append`: where rows come from, and that none comes twice: `OUT.inputs.json`, what is refused, and what it says to do."""
import json
import re
import unittest
from pathlib import Path

import numpy as np
import pandas
import pyarrow.parquet

from command import load
from test_outputs import Outputs


class Inputs(Outputs):
    def listed(self):
        return json.loads(Path(f"{self.out}.inputs.json").read_text())

    def append(self, source, *flags, code=0, **options):
        args = "convert", source, "-o", self.out, *self.RAW, "--append", *flags
        return self.run_ndpix(code, *args, **options).stderr.decode()

    def lines(self, count, seed=0):
        return self.source(self.rows(count, seed=seed), "lines.ndjson").read_bytes().splitlines(keepends=True)

    def test_rows_lead_to_their_inputs(self):
        sources = [self.source(self.rows(5, seed=i), f"{i}.ndjson") for i in range(3)]
        empty = self.write("empty.ndjson", [b"\n"])
        self.run_ndpix(0, "convert", sources[0], empty, sources[1], "-o", self.out, *self.RAW, "--append")
        self.append(sources[2])
        rows, listed = load(Path(f"{self.out}.rows.npy")), self.listed()
        self.assertEqual([(i["file"], i["first_row"], i["records"]) for i in listed["inputs"]],
                         [(0, 0, 5), (1, 5, 0), (2, 5, 5), (3, 10, 5)])
        names = {i["file"]: i["name"] for i in listed["inputs"]}
        self.assertEqual([names[file] for file in rows["file"]], [str(s) for s in sources for _ in range(5)])
        self.assertEqual((listed["rows"], len(load(self.out))), (15, 15))

    def test_beside_a_row_map_and_nowhere_else(self):
        source = self.source(self.rows(5))
        path = Path(f"{self.out}.inputs.json")
        self.convert(source, "out.npy", *self.RAW)
        self.assertFalse(path.exists())
        self.convert(source, "out.npy", *self.RAW, "--rows", "always", "--if-exists", "replace")
        self.assertEqual([i["name"] for i in self.listed()["inputs"]], [str(source)])
        self.convert(source, "out.npy", *self.RAW, "--if-exists", "replace")
        self.assertFalse(path.exists())

    def test_the_same_input_again(self):
        source = self.source(self.rows(5))
        self.append(source)
        before = {p.name: p.read_bytes() for p in self.dir.iterdir()}
        self.assertRegex(self.append(source, code=2), r"was appended to .* before with its 5 records; "
                         r"leave it out, or pass append_again")
        # It is known by what it holds, whatever it is called.
        other = self.dir / "other.ndjson"
        other.hardlink_to(source)
        self.append(self.dir / ".." / self.dir.name / "other.ndjson", code=2)
        other.unlink()
        self.assertEqual({p.name: p.read_bytes() for p in self.dir.iterdir()}, before)
        self.append(source, "--append-again")
        self.assertEqual((len(load(self.out)), len(self.listed()["inputs"])), (10, 2))
        # Another one of its name and size is another one.
        self.append(self.source(self.rows(5, seed=1)))
        self.assertEqual(len(load(self.out)), 15)

    def test_a_log_that_grows(self):
        """Day for day, with blank lines and rejects among the records; the message says how to go on."""
        want, log = [], self.dir / "log.ndjson"
        for day in range(4):
            lines = self.lines(6 + day, seed=day)
            want.append(self.rows(6 + day, seed=day))
            with log.open("ab") as file:
                file.write(b"\n" + b"".join(lines) + b'{"image": 5}\n')
            flags = []
            if day:
                said = self.append(log, code=2)
                flags = ["--skip", re.search(r"pass skip (\d+) to add those after them", said)[1]]
            self.append(log, *flags, code=3)
            np.testing.assert_array_equal(load(self.out), np.concatenate(want))
        self.append(log, code=2)
        rows = load(Path(f"{self.out}.rows.npy"))
        text = log.read_bytes().splitlines()
        self.assertTrue(all(b"shape" in text[line - 1] for line in rows["line"]))
        self.assertEqual(len({line for line in rows["line"]}), len(rows))
        # Records are passed over at the beginning of all inputs: a log that is not the first cannot be begun later.
        other = self.source(self.rows(3, seed=9), "other.ndjson")
        log.write_bytes(log.read_bytes() + lines[0])
        args = "convert", other, log, "-o", self.out, *self.RAW, "--append", "--skip", "100"
        self.assertIn(b"give it as the first input and pass skip 34", self.run_ndpix(2, *args).stderr)

    def test_a_piece_at_a_time(self):
        source, rows = self.source(self.rows(20)), self.rows(20)
        self.append(source, "--limit", "8")
        self.assertIn("pass skip 8 ", self.append(source, code=2))
        self.append(source, "--skip", "7", code=2)
        self.append(source, "--skip", "8", "--limit", "8")
        self.append(source, "--skip", "16")
        np.testing.assert_array_equal(load(self.out), rows)
        self.assertIn("leave it out", self.append(source, code=2))

    def test_what_cannot_be_compared(self):
        text = self.source(self.rows(5)).read_bytes()
        for _ in range(2):
            self.append("-", input=text)
        self.assertEqual(len(load(self.out)), 10)
        self.assertEqual([(i["name"], i["bytes"], i["head"]) for i in self.listed()["inputs"]], [("-", None, None)] * 2)

    def test_originals_of_a_rejects_file(self):
        good, bad = self.lines(4, seed=1), self.lines(2, seed=2)
        wrong = [line.replace(b'"uint8"', b'"uint9"') for line in bad]
        source = self.write("first.ndjson", good + wrong)
        self.append(source, code=3)
        rejects = Path(f"{self.out}.rejects.ndjson")
        rejects.write_bytes(rejects.read_bytes().replace(b"uint9", b"uint8"))
        again = rejects.rename(self.dir / "again.rejects.ndjson")
        self.append(again)
        names = {i["file"]: i["name"] for i in self.listed()["inputs"]}
        rows = load(Path(f"{self.out}.rows.npy"))
        self.assertEqual([names[file] for file in rows["file"]], [str(source)] * 6)
        self.assertEqual(rows["line"].tolist(), [1, 2, 3, 4, 5, 6])

    def test_a_list_of_another_array(self):
        self.append(self.source(self.rows(5)))
        more = self.source(self.rows(6, seed=1), "more.ndjson")
        np.save(self.out, load(self.out)[:3])
        self.assertRegex(self.append(more, code=2), "lists the inputs of 5 rows and its array has 3; remove the list")
        Path(f"{self.out}.inputs.json").write_text("[]")
        self.assertIn("is no list of inputs", self.append(more, code=2))
        Path(f"{self.out}.inputs.json").unlink()
        self.append(more)
        self.assertEqual(len(load(self.out)), 9)


class Columns(Outputs):
    """Rows are added with their kept fields: the table beside the array is what one run would have made."""

    KEPT = "label,name,score,ok,box,tags,meta,sometimes"

    def night(self, number, count=70):
        rng = np.random.default_rng(number)
        records = []
        for i, row in enumerate(self.rows(count, seed=number)):
            record = {**self.raw(row), "label": i, "name": f"né {number}.{i}" * int(rng.integers(0, 9)),
                      "score": i / 4 + 0.5, "ok": i % 3 == 0, "box": [i, i + 1], "tags": [0.5] * int(rng.integers(0, 4)),
                      "meta": {"night": number}, "sometimes": None if i % 5 else "now"}
            records.append(record)
        return self.write(f"night{number}.ndjson", records)

    def raw(self, row):
        return json.loads(self.source(row[None], "one.ndjson").read_text())

    def append(self, source, *flags, code=0):
        columns = () if "--columns" in flags else ("--columns", self.KEPT)
        sources = source if isinstance(source, list) else [source]
        args = "convert", *sources, "-o", self.out, *self.RAW, *columns, *flags
        return self.run_ndpix(code, *args).stderr.decode()

    def table(self):
        return pyarrow.parquet.read_table(f"{self.out}.columns.parquet")

    def test_three_nights(self):
        nights = [self.night(number) for number in range(3)]
        self.append(nights)
        images, table = np.array(load(self.out)), self.table()
        for name in self.dir.glob("out.npy*"):
            name.unlink()
        made = []
        for threads in "1", "4":
            for name in self.dir.glob("out.npy*"):
                name.unlink()
            for night in nights:
                self.append(night, "--append", "--threads", threads)
            made.append({p.name: p.read_bytes() for p in self.dir.glob("out.npy*")})
            np.testing.assert_array_equal(load(self.out), images)
            self.assertTrue(self.table().equals(table), "the table of one run")
            self.assertEqual(load(Path(f"{self.out}.rows.npy"))["file"].tolist(), [n for n in range(3) for _ in range(70)])
        self.assertEqual(*made)
        file = pyarrow.parquet.ParquetFile(f"{self.out}.columns.parquet")
        self.assertEqual((file.metadata.num_row_groups, file.metadata.num_rows), (3, 210))
        counts = json.loads(file.metadata.metadata[b"ndpix_counts"])
        self.assertEqual((counts["rows"], counts["records"]), (210, 210))
        frame = pandas.read_parquet(f"{self.out}.columns.parquet")
        self.assertEqual(frame["label"].tolist(), list(range(70)) * 3)

    def test_the_same_night_again(self):
        night = self.night(0)
        self.append(night, "--append")
        before = {p.name: p.read_bytes() for p in self.dir.iterdir()}
        self.assertIn("was appended to", self.append(night, "--append", code=2))
        self.assertEqual({p.name: p.read_bytes() for p in self.dir.iterdir()}, before)
        self.append(night, "--append", "--append-again")
        self.assertEqual((len(load(self.out)), self.table().num_rows), (140, 140))

    def test_other_columns_are_refused(self):
        first, second = self.night(0), self.night(1)
        self.append(first, "--append")
        before = {p.name: p.read_bytes() for p in self.dir.iterdir()}
        for columns, said in (
            ("label,name", r"has the columns label \(integers\), name \(strings\), .* and these records give label \(integers\), name \(strings\); "),
            ("name,label,score,ok,box,tags,meta,sometimes", "ask for the same columns"),
        ):
            self.assertRegex(self.append(second, "--append", "--columns", columns, code=2), said)
        lines = second.read_text().splitlines()
        # Numbers with fractions where there were whole ones, and text where there was JSON.
        for was, now, said in (("label", 0.5, r"label \(integers\).* give label \(numbers\)"), ("meta", "x", r"meta \(JSON text\).* give .*meta \(strings\)")):
            other = self.write("other.ndjson", [{**json.loads(line), was: now} for line in lines])
            self.assertRegex(self.append(other, "--append", code=2), said)
        done = self.run_ndpix(2, "convert", second, "-o", self.out, *self.RAW, "--append").stderr.decode()
        self.assertIn("has columns beside it, which would be shorter than it; ask for them too", done)
        after = {p.name: p.read_bytes() for p in self.dir.iterdir() if p.name != "other.ndjson"}
        self.assertEqual(after, before)
        self.append(second, "--append")
        self.assertEqual(self.table().num_rows, 140)

    def test_tables_of_others_are_refused(self):
        first, second = self.night(0), self.night(1)
        self.run_ndpix(0, "convert", first, "-o", self.out, *self.RAW, "--append")
        self.assertIn("has no columns beside it; leave columns out", self.append(second, "--append", code=2))
        for path in self.dir.glob("out.npy*"):
            path.unlink()
        self.append(first, "--append")
        path, table = Path(f"{self.out}.columns.parquet"), self.table()
        whole = path.read_bytes()
        footer = int.from_bytes(whole[-8:-4], "little")
        empty = whole[: -8 - footer] + bytes(footer) + whole[-8:]
        for bad in (b"", b"PAR1", whole[:-9], whole[:-8] + b"\xff\xff\xff\x7fPAR1", empty):
            path.write_bytes(bad)
            self.assertRegex(self.append(second, "--append", code=2), "is not a table that ndpix wrote|does not say what")
        pyarrow.parquet.write_table(table.replace_schema_metadata(None), path)
        self.assertIn("is not a table that ndpix wrote", self.append(second, "--append", code=2))
        path.write_bytes(whole)
        np.save(self.out, np.array(load(self.out))[:30])
        Path(f"{self.out}.inputs.json").unlink()
        self.assertIn("has 70 rows and its array 30", self.append(second, "--append", code=2))

    def test_killed_on_the_way(self):
        """A run that is ended by its data goes on, with the rows that it had."""
        first, second = self.night(0), self.night(1, 300)
        self.append(first, "--append")
        text = second.read_bytes().splitlines(keepends=True)
        bad = self.write("bad.ndjson", text[:250] + [b"{\n"] + text[250:])
        self.append(bad, "--append", "--on-error", "raise", code=4)
        self.assertEqual((len(np.load(self.out)), self.table().num_rows), (70, 70))
        self.assertIn("continues at record 251", self.append(bad, "--append", code=3))
        self.assertEqual((len(load(self.out)), self.table().num_rows), (370, 370))
        self.assertEqual(self.table()["label"].to_pylist(), [*range(70), *range(300)])


if __name__ == "__main__":
    unittest.main()
