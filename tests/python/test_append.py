"""`append`: where rows come from, and that none comes twice: `OUT.inputs.json`, what is refused, and what it says to do."""
import json
import re
import unittest
from pathlib import Path

import numpy as np

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


if __name__ == "__main__":
    unittest.main()
