"""The stores of these tests: S3 as moto plays it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "testdata/sample.ndjson"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}

SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


class S3:
    """A server with one bucket."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout
        self.endpoint = self.process.stdout.readline().strip()
        os.environ.update(SETTINGS, AWS_ENDPOINT_URL=self.endpoint)
        import boto3

        self.client = boto3.client("s3", endpoint_url=self.endpoint)
        self.client.create_bucket(Bucket="bucket")

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.client.close()

    def put(self, key: str, body: bytes) -> str:
        """Puts an object, and gives its address."""
        self.client.put_object(Bucket="bucket", Key=key, Body=body)
        return f"s3://bucket/{key}"

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket="bucket", Key=key)["Body"].read()

    def keys(self, prefix: str = "") -> list[str]:
        found = []
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix=prefix):
            found += [one["Key"] for one in page.get("Contents", [])]
        return found

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket="bucket", Key=key)


class OnS3(unittest.TestCase):
    """Tests with a store, an empty folder, and a cache of their own."""

    s3: S3

    @classmethod
    def setUpClass(cls) -> None:
        cls.s3 = S3()
        cls.addClassCleanup(cls.s3.close)

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        os.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")

    def command(self, *words: object, code: int = 0, **settings: str) -> str:
        """Runs the command that pip installs, and gives what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "ndpix", *map(str, words)],
            cwd=self.folder, env={**os.environ, **settings}, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr + done.stdout
