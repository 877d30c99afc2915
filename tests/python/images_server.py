"""A server of images that behaves badly when it is asked to, for the tests of `fetch`.

What it does is said by the path: `/ok/7.png` is an image, `/status/404/7.png` an answer without one, and so on
(`Handler.act`). What it is asked is noted in `Server.asked`.
"""

import collections
import http.server
import pathlib
import socket
import ssl
import struct
import threading
import time
import zlib


def png(number):
    """A gray PNG of 8 x 8 pixels, which all hold the number."""
    rows = b"".join(b"\0" + bytes([number % 256]) * 8 for _ in range(8))

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Server(http.server.ThreadingHTTPServer):
    """Serves from its beginning to its end as a context; `url` is its address."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, tls=False):
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http{'s' * tls}://{self.host}"
        if tls:
            # A certificate that nobody has signed.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pathlib.Path(__file__).with_name("images_server.pem"))
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.asked = collections.Counter()
        self.agents = set()
        self.flying = self.most = 0
        self.lock = threading.Lock()
        self.healed = False

    def handle_error(self, request, client_address):
        """Clients that leave are no news."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        with server.lock:
            server.asked[self.path] += 1
            server.agents.add(self.headers["User-Agent"])
            server.flying += 1
            server.most = max(server.most, server.flying)
        try:
            self.act(*self.path.split("?")[0].strip("/").split("/"))
        finally:
            with server.lock:
                server.flying -= 1

    def act(self, action, *words):
        number = int(words[-1].split(".")[0])
        first = self.server.asked[self.path] == 1
        match action:
            case "ok":
                self.image(number)
            case "slow":
                time.sleep(int(words[0]) / 1000)
                self.image(number)
            case "status":
                self.answer(int(words[0]), b"no")
            case "once":
                # Busy at first, and there when it is asked again.
                self.image(number) if not first else self.answer(int(words[0]), b"", {"Retry-After": "1"})
            case "healing":
                self.image(number) if self.server.healed else self.answer(503, b"")
            case "later":
                self.answer(429, b"", {"Retry-After": words[0]})
            case "to":
                self.answer(302, b"", {"Location": f"/ok/{number}.png"})
            case "loop":
                self.answer(302, b"", {"Location": self.path})
            case "away":
                self.answer(302, b"", {"Location": f"http://{words[0].replace('_', ':')}/ok/{number}.png"})
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            case "short":
                # Says that there is more than comes.
                body = png(number)
                self.answer(200, body, {"Content-Length": str(len(body) + 10)})
                self.close_connection = True
            case "claims":
                self.answer(200, b"", {"Content-Length": str(10**12)})
                self.close_connection = True
            case "endless":
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                block = bytes(1 << 20)
                while True:
                    self.wfile.write(block)
            case "trickle":
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                while True:
                    self.wfile.write(b".")
                    time.sleep(0.5)
            case "page":
                self.answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})
            case "big":
                # So many KiB of an image that is followed by nothing.
                self.answer(200, png(number) + bytes(int(words[0]) << 10))
            case "bad-redirect":
                self.answer(302, b"", {"Location": "http://\u202e[?SECRET" + "x" * 1000})
            case "garbage":
                self.wfile.write(b"\x00\x01 what?\r\n\r\n")
                self.close_connection = True
            case _:
                self.answer(404, b"")

    def image(self, number):
        self.answer(200, png(number), {"Content-Type": "image/png"})

    def answer(self, status, body, headers=()):
        self.send_response(status)
        headers = {"Content-Length": str(len(body))} | dict(headers)
        for name, value in headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        self.end_headers()
        self.wfile.write(body)
