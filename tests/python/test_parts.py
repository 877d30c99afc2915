"""Parts of a plan, made one by one in any order, some of them twice, and committed: the bytes of one run with one thread,
whatever stands in the inputs and wherever they are cut. Commits that are killed are given again."""
import gzip
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from command import NDPIX, figure
from test_continue import OUTPUTS
from test_kills import KILLED, build_killer, everything
from test_outputs import Outputs

# GIGABYTES=1, SMALL=500 and KILLS=30 for the figures of RELIABILITY.md.
SIZE = int(float(os.environ.get("GIGABYTES", 0.004)) * 1e9)
SMALL = int(os.environ.get("SMALL", 30))
KILLS = int(os.environ.get("KILLS", 6))
CUTS = [1, 9, 200] if SIZE > 1e8 else [1, 9, 40]


def setUpModule():
    global folder, killer
    folder = tempfile.TemporaryDirectory(prefix="ndpix-parts-")
    unittest.addModuleCleanup(folder.cleanup)
    killer = build_killer(Path(folder.name))


class Parts(Outputs):
    def setUp(self):
        super().setUp()
        self.random = random.Random(3)

    def inputs(self, size, small):
        """A large file and many small ones, with all that lines can be."""
        self.dir.joinpath("in").mkdir()
        good = self.source(self.rows(97, (24, 20, 3)), "in/good").read_bytes().splitlines(True)
        # A field that holds the image, so that the column says which row it became.
        good = [line[:-2] + b', "whole": {"pixels": 1}}\n' for line in good]
        odd = [b"\n", b"  \r\n", b"not JSON\n", b'{"image": 7}\n', b'{"label": 3}\n', b"\x1f\x8b\x08\x00 gzip?\n",
               b'{"file":"a","line":1,"byte":0,"item":0,"kind":"image","message":"m","record":"{}"}\n',
               b"\xef\xbb\xbf" + good[0], good[1].replace(b"\n", b"\r\n"), b'{"image": null, "name": null}\n',
               good[2].replace(b'"name"', b'"nome"'), b'\x1f\x8b' + good[3], b"(\xb5/\xfd\n",
               good[4].replace(b"[24, 20, 3]", b"[24, 10, 6]")]
        some = lambda count: [self.random.choice(odd if self.random.random() < 0.08 else good) for _ in range(count)]
        length, big = 0, self.dir / "in" / "big.ndjson"
        with open(big, "wb") as file:
            while length < size:
                lines = some(50)
                file.writelines(lines)
                length += sum(map(len, lines))
        names = [big]
        for number in range(small):
            # What a file begins with says whether it is compressed; what a line begins with does not.
            text = b"".join([good[5], *some(self.random.randrange(12))]) if number % 6 else b"\n"
            text = (b"\xef\xbb\xbf" if number % 7 == 0 else b"") + (text[:-1] if number % 5 == 0 else text)
            names.append(self.dir / "in" / f"{number:03}.ndjson")
            names[-1].write_bytes(gzip.compress(text, 1) if number % 11 == 3 else text)
        return names

    def run_it(self, *command):
        done = subprocess.run([NDPIX, *map(str, command)], capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
        self.assertIn(done.returncode, (0, 3), done.stderr.decode()[-2000:])
        return done

    def made(self, place):
        sums = json.loads((self.dir / "sums").read_text())
        for name in "seconds", "peak_memory", "threads", "outputs":
            del sums[name]
        return {name: text for name, text in everything(place).items() if "plan.json" not in name}, sums

    def test_every_output_from_any_parts(self):
        inputs, runs = self.inputs(SIZE, SMALL), 0
        for out, flags in OUTPUTS.items():
            flags = [*self.RAW, *flags, "--raw-shape", "24,20,3", "--max-rejects", "none", "--summary", self.dir / "sums"]
            flags = [f.replace(",meta", ",meta,whole") if isinstance(f, str) else f for f in flags]
            # An array has a shape of its own.
            flags = [f.replace("encoding=raw", "encoding=raw,raw_shape=24,20,3") if isinstance(f, str) else f for f in flags]
            whole, place = self.dir / "whole", self.dir / "place"
            for made in whole, place:
                shutil.rmtree(made, ignore_errors=True)
                made.mkdir()
            self.run_it("convert", *inputs, "-o", whole / out, *flags, "--threads", "1")
            want = self.made(whole)
            for cuts in CUTS:
                shutil.rmtree(place)
                place.mkdir()
                plan = json.loads(self.run_it("plan", *inputs, "-o", place / out, *flags[:-2], "--parts", cuts, "--json").stdout)
                count = len(plan["parts"])
                self.assertGreaterEqual(count, cuts)
                order = [*range(count), *self.random.sample(range(count), min(count, 5))]
                self.random.shuffle(order)
                for number in order:
                    self.run_it("run", place / f"{out}.plan.json", "--task", number, "--tasks", count)
                self.run_it("commit", place / f"{out}.plan.json", "--summary", self.dir / "sums")
                runs += len(order)
                files, sums = self.made(place)
                with self.subTest(out=out, parts=count):
                    self.assertEqual(list(files), list(want[0]))
                    self.assertEqual([n for n in files if files[n] != want[0][n]], [], "other bytes")
                    self.assertEqual(sums, want[1])
        figure(what=f"parts of {sum(p.stat().st_size for p in inputs) / 1e9:.2f} GB in {len(inputs)} files, "
                    f"{' and '.join(map(str, CUTS))} or more of them, {len(OUTPUTS)} outputs, in any order, some twice",
               runs=runs, result="the bytes of one run with one thread, and its sums")

    def test_a_commit_that_is_killed_is_given_again(self):
        inputs = self.inputs(300_000, 5)
        for out in "out.npy", "out.zarr", "out.parquet":
            place, calls = self.dir / "place", self.dir / "calls"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            flags = [*self.RAW, *OUTPUTS[out], "--raw-shape", "24,20,3", "--max-rejects", "none"]
            plan = place / f"{out}.plan.json"
            self.run_it("plan", *inputs, "-o", place / out, *flags, "--parts", "5")
            self.run_it("run", plan, "--task", "0", "--tasks", "1")
            shutil.copytree(place, self.dir / "before")
            self.run_it("commit", plan)
            want = everything(place)
            again = lambda: (shutil.rmtree(place), shutil.copytree(self.dir / "before", place))
            again()
            subprocess.run([killer, "1000000", calls, NDPIX, "commit", plan], capture_output=True)
            steps = len(calls.read_text().split())
            for _ in range(KILLS):
                again()
                number = self.random.randrange(1, steps + 1)
                done = subprocess.run([killer, str(number), calls, NDPIX, "commit", plan], capture_output=True)
                self.assertIn(done.returncode, (0, 3, KILLED), done.stderr.decode())
                done = subprocess.run([NDPIX, "commit", str(plan)], capture_output=True)
                with self.subTest(out=out, step=number, of=steps, said=done.stderr.decode()):
                    self.assertIn(done.returncode, (0, 2, 3))
                    if done.returncode == 2:
                        self.assertIn(b"exists; pass", done.stderr)
                    found = {name: text for name, text in everything(place).items() if name in want}
                    self.assertEqual(found, want)
            shutil.rmtree(self.dir / "before")
            figure(what=f"commits of `{out}` killed at a step, then given again", runs=KILLS, result="the same bytes")


if __name__ == "__main__":
    unittest.main()
