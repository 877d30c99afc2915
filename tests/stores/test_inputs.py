"""Inputs in S3: what comes of them is what comes of the same bytes on a disk."""

from __future__ import annotations

import bz2
import gzip
import os
import signal
import unittest
import warnings

import ndpix
import numpy as np
from servers import SAMPLE, OnS3

TEXT = SAMPLE.read_bytes()


class Inputs(OnS3):
    def setUp(self) -> None:
        super().setUp()
        warnings.simplefilter("ignore", ndpix.RejectedWarning)
        self.local = ndpix.load(SAMPLE)

    def test_plain_and_compressed_objects_are_read_by_every_door(self) -> None:
        for key, body in [("a.ndjson", TEXT), ("b.ndjson.gz", gzip.compress(TEXT)), ("c", bz2.compress(TEXT))]:
            address = self.s3.put(f"plain/{key}", body)
            np.testing.assert_array_equal(ndpix.load(address), self.local)
            batches = list(ndpix.batches(address, batch_size=5))
            np.testing.assert_array_equal(np.concatenate([b.images for b in batches]), self.local)
            self.assertEqual(ndpix.inspect(address).images, ndpix.inspect(SAMPLE).images)
        np.testing.assert_array_equal(ndpix.load("s3://bucket/plain/*.ndjson*"), np.concatenate([self.local] * 2))

    def test_random_access_and_an_index_that_is_kept(self) -> None:
        address = self.s3.put("random/a.ndjson", TEXT)
        local, index = ndpix.open(SAMPLE), self.folder / "index"
        for _ in range(2):
            there = ndpix.open(address, index=index)
            self.assertEqual(len(there), len(local))
            np.testing.assert_array_equal(there[3], local[3])
        self.s3.put("random/a.ndjson", TEXT + b"\n")
        with self.assertRaisesRegex(OSError, "it has changed since it was looked at"):
            there[3]

    def test_a_forked_process_is_refused_and_does_not_hang(self) -> None:
        dataset = ndpix.open(self.s3.put("fork/a.ndjson", TEXT))
        dataset[0]
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            try:
                dataset[3]
            except OSError as error:
                os.write(writes, str(error).encode())
            os._exit(0)
        os.close(writes)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertIn('multiprocessing_context="spawn"', os.read(reads, 10_000).decode())
        os.close(reads)

    def test_an_object_of_many_blocks(self) -> None:
        lines = TEXT.splitlines(keepends=True)
        text = b"".join(lines[n % len(lines)] for n in range(6000))
        self.assertGreater(len(text), 30 << 20)
        (self.folder / "a.ndjson").write_bytes(text)
        address = self.s3.put("large/a.ndjson", text)
        local = ndpix.convert(self.folder / "a.ndjson", self.folder / "a.npy")
        far = ndpix.convert(address, self.folder / "b.npy")
        self.assertEqual((far.rows, far.rejects), (local.rows, local.rejects))
        self.assertEqual((self.folder / "a.npy").read_bytes(), (self.folder / "b.npy").read_bytes())

    def test_the_command_reads_them_and_a_padded_run_reads_them_twice(self) -> None:
        address = self.s3.put("command/a.ndjson", TEXT)
        said = self.command("convert", address, "-o", "a.npy", code=3)
        self.assertIn("24 rows", said)
        np.testing.assert_array_equal(np.load(self.folder / "a.npy"), self.local)
        self.assertIn(f"ndpix convert {address} -o", self.command("inspect", address))
        self.command("convert", address, "-o", "a.npz", "--ragged", "pad", "--memory", "1G", code=3)
        with np.load(self.folder / "a.npz") as pad:
            np.testing.assert_array_equal(pad["images"] if "images" in pad else pad[pad.files[0]], self.local)

    def test_a_web_server_of_files(self) -> None:
        import functools
        import http.server
        import threading

        class Ranges(http.server.SimpleHTTPRequestHandler):
            """Files with ranges, as web servers have them."""

            def do_GET(self) -> None:
                body = (self.directory + self.path) and open(self.directory + self.path, "rb").read()
                first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
                part = body[first : last + 1]
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(body)}")
                self.send_header("Content-Length", str(len(part)))
                self.send_header("ETag", '"1"')
                self.end_headers()
                self.wfile.write(part)

            def do_HEAD(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(open(self.directory + self.path, "rb").read())))
                self.send_header("ETag", '"1"')
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        (self.folder / "a b.ndjson").write_bytes(TEXT)
        (self.folder / "a%20b.ndjson").write_bytes(TEXT)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Ranges, directory=str(self.folder))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        address = f"http://127.0.0.1:{server.server_port}/a%20b.ndjson"
        np.testing.assert_array_equal(ndpix.load(address), self.local)


if __name__ == "__main__":
    unittest.main()
