"""Outputs in S3: the objects are the files that a disk would have, also after kills, and nobody writes over another."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import ndpix
import numpy as np
from servers import SAMPLE, OnS3

OUTPUTS = {
    "a.npy": {}, "a.npz": {}, "a.h5": {}, "a.zarr": {"chunks": 5}, "a.safetensors": {}, "a.parquet": {},
    "shards": {"shard_rows": 10},
}  # fmt: skip


def on_disk(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class Outputs(OnS3):
    def there(self, prefix: str) -> dict[str, bytes]:
        return {key.removeprefix(prefix): self.s3.get(key) for key in self.s3.keys(prefix)}

    def test_every_output_has_the_bytes_of_a_disk(self) -> None:
        source = self.s3.put("all/in.ndjson", SAMPLE.read_bytes())
        for name, options in OUTPUTS.items():
            disk = self.folder / name.replace(".", "-")
            disk.mkdir()
            options = {"rows": "always", **options} if name != "a.zarr" else options
            local = ndpix.convert(source, disk / name, **options)
            far = ndpix.convert(source, f"s3://bucket/all/out-{name}/{name}", **options)
            self.assertEqual(self.there(f"all/out-{name}/"), on_disk(disk), name)
            self.assertEqual((far.rows, far.rejects, len(far.outputs)), (local.rows, local.rejects, len(local.outputs)))
            self.assertEqual(far.outputs[0], f"s3://bucket/all/out-{name}/{name}")
        self.assertEqual(os.listdir(self.folder / "cache/ndpix"), [])

    def test_an_output_of_many_parts_is_put_and_nothing_is_left_beside_it(self) -> None:
        image = np.random.default_rng(5).integers(0, 256, (512, 512, 3), np.uint8)
        records = [{"image": image.tobytes(), "n": n} for n in range(40)]
        options = {"encoding": "raw", "raw_shape": "512,512,3", "raw_dtype": "uint8"}
        ndpix.convert(records, "s3://bucket/many/a.npy", **options)
        self.assertEqual([key for key in self.s3.keys("many/") if "partial" in key], [])
        (self.folder / "a.npy").write_bytes(self.s3.get("many/a.npy"))
        array = np.load(self.folder / "a.npy")
        self.assertEqual(array.shape, (40, 512, 512, 3))
        self.assertTrue((array == image).all())
        with self.assertRaisesRegex(ndpix.Error, "output s3://bucket/many/a.npy exists; pass if_exists"):
            ndpix.convert(records, "s3://bucket/many/a.npy", **options)

    def test_the_command_writes_them_and_says_what_is_there(self) -> None:
        said = self.command("convert", SAMPLE, "-o", "s3://bucket/command/a.zarr", code=3)
        self.assertIn("s3://bucket/command/a.zarr", said)
        before = self.there("command/")
        self.assertIn("exists; pass if_exists", self.command("convert", SAMPLE, "-o", "s3://bucket/command/a.zarr", code=2))
        self.command("convert", SAMPLE, "-o", "s3://bucket/command/a.zarr", "--if-exists", "skip")
        self.assertEqual(self.there("command/"), before)
        words = ["convert", SAMPLE, "-o", "s3://bucket/command/a.zarr", "--if-exists", "replace", "--limit", "9"]
        self.command(*words, code=3)
        self.command("convert", SAMPLE, "-o", "b.zarr", "--limit", "9", code=3)
        mine = {key.replace("b.zarr", "a.zarr"): text for key, text in on_disk(self.folder).items() if key.startswith("b.zarr")}
        self.assertEqual(self.there("command/"), mine)

    def test_who_comes_second_is_refused(self) -> None:
        """Another run is begun and done while this one goes on; small outputs and those of many parts."""
        for name, times in [("small.npy", 1), ("large.npy", 40), ("a.zarr", 1)]:
            (self.folder / "in.ndjson").write_bytes(SAMPLE.read_bytes() * times)
            out = f"s3://bucket/second/{name}"
            words = [sys.executable, "-m", "ndpix", "convert", str(self.folder / "in.ndjson"), "-o", out]
            elsewhere = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "elsewhere")}
            codes: list[int] = []

            class Source(io.FileIO):
                """Records that are read while somebody else converts them."""

                def read(self, size: int = -1) -> bytes:
                    if not codes:
                        codes.append(subprocess.run(words, env=elsewhere, capture_output=True).returncode)
                    return super().read(size)

            with Source(self.folder / "in.ndjson") as source:
                with self.assertRaisesRegex(OSError, f"{out} was written by another run meanwhile and is left alone"):
                    ndpix.convert(source, out)
            self.assertEqual(codes, [3])
            self.assertEqual([key for key in self.s3.keys("second/") if "partial" in key], [])
            self.command("convert", "in.ndjson", "-o", out, "--if-exists", "replace", code=3)

    def test_an_upload_that_fails_is_gone_on_with(self) -> None:
        out = "s3://nobucket/a.npy"
        said = self.command("convert", SAMPLE, "-o", "s3://bucket/expired/a.npy", code=3)
        words = ("convert", SAMPLE, "-o", out)
        said = self.command(*words, code=1)
        self.assertRegex(said, "NoSuchBucket .*look at the name of the bucket")
        self.assertIn("the same command puts it there without making it again", said)
        self.s3.client.create_bucket(Bucket="nobucket")
        said = self.command(*words)
        self.assertIn("was made by an earlier run, and is only put there now", said)
        got = self.s3.client.get_object(Bucket="nobucket", Key="a.npy")["Body"].read()
        self.assertEqual(got, self.s3.get("expired/a.npy"))

    def test_a_run_that_is_killed_anywhere_is_repeated(self) -> None:
        """Killed at any moment, the same command ends with the same objects, and the output is there last."""
        lines = SAMPLE.read_bytes().splitlines(keepends=True)
        (self.folder / "in.ndjson").write_bytes(b"".join(lines[n % len(lines)] for n in range(4000)))
        rng = random.Random(int(os.environ.get("SEED", 1)))
        for name, more in [("a.npy", []), ("a.zarr", ["--chunks", "64", "--shard-rows", "512"])]:
            self.command("convert", "in.ndjson", "-o", name, *more, code=3)
            want = {k: v for k, v in on_disk(self.folder).items() if k.startswith(name)}
            out, kills, deaths = f"killed-{name}/", int(os.environ.get("ENDS", 5)), 0
            words = [sys.executable, "-m", "ndpix", "convert", "in.ndjson", "-o", f"s3://bucket/{out}{name}", *more]
            begun = time.monotonic()
            self.command("convert", "in.ndjson", "-o", f"s3://bucket/whole-{out}{name}", *more, code=3)
            whole = time.monotonic() - begun
            for share in [0.4, *(rng.uniform(0.2, 0.95) for _ in range(kills - 1))]:
                run = subprocess.Popen(words, cwd=self.folder, stderr=subprocess.DEVNULL, env={**os.environ, "NDPIX_JOURNAL_BYTES": "100000"})
                time.sleep(share * whole)
                run.send_signal(signal.SIGKILL)
                deaths += run.wait() == -signal.SIGKILL
                there = self.there(out)
                if (name if name == "a.npy" else "a.zarr/zarr.json") in there:
                    self.assertEqual({k: v for k, v in there.items() if "partial" not in k}, want)
            done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True)
            self.assertTrue(done.returncode in (0, 3) or "exists" in done.stderr, done.stderr)
            self.assertEqual({k: v for k, v in self.there(out).items() if "partial" not in k}, want)
            self.assertGreater(deaths, 0, "none of the runs lived long enough to be killed")


if __name__ == "__main__":
    unittest.main()
