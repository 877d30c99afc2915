"""What stores do wrong, one sentence each: where, what was found, what to do."""

from __future__ import annotations

import datetime
import http.server
import os
import socket
import threading
import unittest
from typing import ClassVar
from unittest import mock

import ndpix
from servers import SAMPLE, OnS3

TEXT = SAMPLE.read_bytes()
XML = '<?xml version="1.0"?><Error><Code>{}</Code><Message>{}</Message></Error>'


class Wrong(http.server.BaseHTTPRequestHandler):
    """A little of S3, which does wrong what `how` says."""

    protocol_version = "HTTP/1.1"
    how: ClassVar[str] = ""
    objects: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[int] = 0

    def answer(self, status: int, body: bytes = b"", length: int | None = None, **more: str) -> None:
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("ETag", '"tag"')
        self.send_header("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str, text: str) -> None:
        self.answer(status, XML.format(code, text).encode())

    def do_HEAD(self) -> None:
        body = self.objects.get(self.path)
        if self.how == "expired":
            return self.answer(403)
        return self.answer(404) if body is None else self.answer(200, b"", len(body))

    def do_GET(self) -> None:
        type(self).asked += 1
        body = self.objects.get(self.path)
        if self.how == "expired":
            return self.refuse(403, "ExpiredToken", "The provided token has expired.")
        if self.how == "busy":
            return self.refuse(503, "SlowDown", "Please reduce your request rate.")
        if body is None:
            return self.refuse(404, "NoSuchKey", "The specified key does not exist.")
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        part = body[first : last + 1]
        place = {"Content_Range": f"bytes {first}-{first + len(part) - 1}/{len(body)}"}
        if self.how == "short":
            return self.answer(206, part[:-7], **place)
        if self.how == "no ranges":
            return self.answer(200, body)
        if self.how == "cut":
            self.answer(206, part[: len(part) // 2], len(part), **place)
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        return self.answer(206, part, **place)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.how == "no conditions" and "If-None-Match" in self.headers:
            return self.refuse(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        if self.how == "half":
            return self.refuse(400, "IncompleteBody", "You did not provide the number of bytes that you said.")
        self.objects[self.path] = body
        return self.answer(200)

    def log_message(self, *_: object) -> None:
        pass


class Failures(OnS3):
    def setUp(self) -> None:
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wrong)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        settings = mock.patch.dict(os.environ, AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.server.server_port}")
        settings.start()
        self.addCleanup(settings.stop)
        Wrong.objects = {"/bucket/a.ndjson": TEXT}
        Wrong.how = ""
        # The client tries for minutes, and a test does not.
        from ndpix import _obstore

        retries = {"max_retries": 2, "retry_timeout": datetime.timedelta(seconds=5)}
        given = _obstore.from_url
        quick = mock.patch.object(_obstore, "from_url", lambda root, **more: given(root, retry_config=retries, **more))
        quick.start()
        self.addCleanup(quick.stop)

    def said(self, how: str, address: str = "s3://bucket/a.ndjson") -> str:
        Wrong.how = how
        with self.assertRaises(OSError) as caught:
            ndpix.load(address)
        said = str(caught.exception)
        self.assertIn(address, said)
        self.assertNotIn("\n", said)
        return said

    def test_the_server_is_right_where_nothing_is_wrong(self) -> None:
        self.assertEqual(len(ndpix.load("s3://bucket/a.ndjson", max_rejects="100%")), 24)

    def test_expired_credentials(self) -> None:
        self.assertRegex(self.said("expired"), "ExpiredToken .*the credentials have expired: renew them, and run it again")

    def test_no_credentials(self) -> None:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        with mock.patch.dict(os.environ):
            for name in names:
                del os.environ[name]
            self.assertRegex(self.said(""), "no credentials were found: set AWS_ACCESS_KEY_ID")

    def test_a_store_that_is_busy(self) -> None:
        self.assertRegex(self.said("busy"), "503 SlowDown .*failed several times: run it again later")
        self.assertGreater(Wrong.asked, 2, "the client tries again by itself")

    def test_bodies_that_lie_about_their_length(self) -> None:
        self.assertRegex(self.said("short"), "were asked for, and .* came|run it again")

    def test_connections_that_are_cut(self) -> None:
        self.assertRegex(self.said("cut"), "run it again")

    def test_a_server_without_ranges(self) -> None:
        self.assertRegex(self.said("no ranges"), "gives no parts of files")

    def test_a_server_that_is_not_there(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.assertRegex(self.said(""), "run it again")

    def test_an_object_and_a_bucket_that_are_not_there(self) -> None:
        self.assertIn("there is no such object", self.said("", "s3://bucket/none.ndjson"))
        with mock.patch.dict(os.environ, AWS_ENDPOINT_URL=self.s3.endpoint):
            self.assertRegex(self.said("", "s3://no-bucket/a.ndjson"), "NoSuchBucket .*look at the name of the bucket")

    def test_a_store_without_conditional_writes(self) -> None:
        """The last one wins where two write at once; what is there before the end is refused all the same."""
        Wrong.how = "no conditions"
        ndpix.convert(TEXT, "s3://bucket/out.npz", max_rejects="100%")
        self.assertTrue(Wrong.objects["/bucket/out.npz"].startswith(b"PK"))
        with self.assertRaisesRegex(ndpix.Error, "output s3://bucket/out.npz exists"):
            ndpix.convert(TEXT, "s3://bucket/out.npz", max_rejects="100%")

    def test_an_object_that_is_half_written_is_none(self) -> None:
        Wrong.how = "half"
        with self.assertRaisesRegex(OSError, "cannot put s3://bucket/out.npz.*: the store says 400 IncompleteBody"):
            ndpix.convert(TEXT, "s3://bucket/out.npz", max_rejects="100%")
        self.assertNotIn("/bucket/out.npz", Wrong.objects)
        # An upload in parts that nobody has completed is no object.
        self.s3.client.create_multipart_upload(Bucket="bucket", Key="half.ndjson")
        with mock.patch.dict(os.environ, AWS_ENDPOINT_URL=self.s3.endpoint):
            self.assertIn("there is no such object", self.said("", "s3://bucket/half.ndjson"))


if __name__ == "__main__":
    unittest.main()
