"""Object stores and web servers: files that have an address such as `s3://bucket/key`.

What ndpix asks of them stands here, for the native half, which calls it from threads of its own. What talks to them
is obstore, or fsspec where only that is installed.
"""

from __future__ import annotations

import errno
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

BLOCK = 8 << 20
"""Bytes of a request."""
FIRST = 1 << 20
"""Bytes of the first one: often the beginning is all that is looked at."""
AHEAD = 4
"""Requests on their way beside the block that is read."""
WEB = ("http", "https")
"""What can be read and neither listed nor written."""
MISSING = 'needs a library that talks to stores: pip install "ndpix[stores]"'
SETTINGS = ("AWS_", "AZURE_", "GOOGLE_")
"""What the names of environment variables begin with that say where stores are, and who asks."""


class Found(NamedTuple):
    """What a store says of an object."""

    key: str
    size: int
    tag: str
    """Another one when the bytes are others; empty where nothing tells."""


class Store(Protocol):
    """A bucket, a container, a web server. What it raises is an `OSError` that says it in one sentence."""

    def head(self, key: str) -> Found:
        """The object of this key; `FileNotFoundError` where there is none."""

    def get(self, found: Found, start: int, stop: int) -> Any:
        """Its bytes from `start` to `stop`, all of them, if it is still the one that was found."""

    def objects(self, prefix: str) -> Iterable[Found]:
        """The objects whose keys begin so."""

    def put(self, path: str, key: str, create: bool) -> bool:
        """Puts a file there, seen when it is whole; with `create` not where something is: `False`."""

    def remove(self, keys: list[str]) -> None:
        """Removes those of them that are there."""


def split(address: str) -> tuple[str, str]:
    """The root of a store and the key of an object in it."""
    scheme, rest = address.split("://", 1)
    root, _, key = rest.partition("/")
    return f"{scheme}://{root}", unquote(key) if scheme in WEB else key


def store(root: str) -> Store:
    """The store of a root, as the environment says that it is reached now."""
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith(SETTINGS)))
    return _opened(root, os.getpid(), settings)


@lru_cache(maxsize=32)
def _opened(root: str, _pid: int, _settings: tuple[tuple[str, str], ...]) -> Store:
    try:
        from ndpix._obstore import Obstore

        return Obstore(root)
    except ImportError:
        pass
    try:
        from ndpix._fsspec import Fsspec

        return Fsspec(root)
    except ImportError as missing:
        raise OSError(f"it {MISSING} (or fsspec and what it needs for this: {missing})") from None


class Object:
    """An object as it was when it was looked for."""

    def __init__(self, address: str, of: Store, found: Found) -> None:
        self.name, self.size, self.tag = address, found.size, found.tag
        self._store, self._found = of, found

    def open(self, start: int, stop: int) -> Reader:
        """A reader of its bytes from `start` to `stop`."""
        return Reader(self._store, self._found, start, stop)


class Reader:
    """Bytes of an object in blocks, of which the next ones are on their way while one is used."""

    def __init__(self, of: Store, found: Found, start: int, stop: int) -> None:
        self._store, self._found = of, found
        self._places = _blocks(start, stop)
        self._ahead: deque[Future[Any]] = deque()
        self._wanted = 0
        self._pool: ThreadPoolExecutor | None = None
        self._small = stop - start <= FIRST

    def read(self) -> bytes:
        """The next block; an empty one at the end."""
        if self._small:
            place = next(self._places, None)
            return b"" if place is None else bytes(self._store.get(self._found, *place))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AHEAD, "ndpix-read")
        self._wanted = min(self._wanted + 1, AHEAD + 1)
        while len(self._ahead) < self._wanted and (place := next(self._places, None)):
            self._ahead.append(self._pool.submit(self._store.get, self._found, *place))
        if not self._ahead:
            self.close()
            return b""
        return bytes(self._ahead.popleft().result())

    def close(self) -> None:
        """Ends what is on its way; nothing waits for it."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._ahead.clear()


def _blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where the blocks of a range begin and end, the first ones smaller."""
    size = FIRST
    while start < stop:
        end = min(start + size, stop)
        yield start, end
        start, size = end, min(size * 2, BLOCK)


def find(address: str) -> list[Object]:
    """The object of this address, or those that match it as a glob, in byte order."""
    root, key = split(address)
    web = root.split("://")[0] in WEB
    if web and ("?" in key or "#" in key):
        pipe = f"curl -fsSL '{address}' | ndpix convert - -o OUT.npy"
        raise OSError(f"an address with a query is for one request, and this needs several; use a pipe: {pipe}")
    if not key:
        raise OSError(f"it names no object; name them, for example {root}/*.ndjson")
    of = store(root)
    try:
        return [Object(address, of, of.head(key))]
    except FileNotFoundError:
        if web:
            raise
        if not re.search(r"[*?[]", key):
            if key.endswith("/") or any(True for _ in of.objects(key.rstrip("/") + "/")):
                names = f"{address.rstrip('/')}/*.ndjson"
                raise IsADirectoryError(errno.EISDIR, f"it is a folder; name its objects, for example {names}") from None
            raise
    literal = re.split(r"[*?[]", key)[0]
    matches = _matcher(key)
    found = [one for one in of.objects(literal[: literal.rfind("/") + 1]) if matches.fullmatch(one.key)]
    if not found:
        raise FileNotFoundError(errno.ENOENT, "no object matches")
    found.sort(key=lambda one: one.key.encode())
    return [Object(f"{root}/{one.key}", of, one) for one in found]


def _matcher(pattern: str) -> re.Pattern[str]:
    """What the keys of this glob are: `*` and `?` stay inside a folder, `**` stands for any number of them."""
    known = {"**/": "(?:[^/]*/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = ""
    for word in re.findall(r"\*\*/|\*\*$|\*|\?|\[[!^]?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if len(word) > 2 and word[0] == "[":
            inverted, inner = word[1] in "!^", word[1:-1].lstrip("!^")
            text += f"[{'^' if inverted else ''}{re.escape(inner).replace(re.escape('-'), '-')}]"
        else:
            text += known.get(word) or re.escape(word)
    return re.compile(text, re.DOTALL)


def listed(folder: str) -> list[tuple[str, int]]:
    """The addresses of all objects in a folder, which ends with a slash, and their bytes."""
    root, key = split(folder)
    return [(f"{root}/{one.key}", one.size) for one in store(root).objects(key)]


def put(path: str, address: str, create: bool) -> bool:
    """Puts a file under an address; with `create` not where something has it: `False`."""
    root, key = split(address)
    if root.split("://")[0] in WEB:
        raise OSError("a web server takes no outputs; write to a store, or to a file")
    return store(root).put(path, key, create)


def remove(addresses: list[str]) -> None:
    """Removes objects, those of them that are there."""
    keys: dict[str, list[str]] = {}
    for address in addresses:
        root, key = split(address)
        keys.setdefault(root, []).append(key)
    for root, some in keys.items():
        store(root).remove(some)


def partial(path: str, key: str) -> str:
    """What a large object is called until it is whole: the same again when this machine tries again."""
    import hashlib
    import socket

    mine = hashlib.sha256(f"{socket.gethostname()}\n{os.path.abspath(path)}".encode()).hexdigest()[:16]
    return f"{key}.{mine}.partial"


def said(status: int | None, code: str, text: str) -> OSError:
    """The exception for what a store has answered, in one sentence with what to do."""
    what = " ".join(filter(None, [str(status or ""), code]))
    words = f"the store says {what}".rstrip() + (f" ({text})" if text else "")
    if code == "NoSuchBucket":
        return FileNotFoundError(errno.ENOENT, f"{words}; look at the name of the bucket")
    if code == "ExpiredToken" or "expired" in text.lower():
        return PermissionError(errno.EACCES, f"{words}; the credentials have expired: renew them, and run it again")
    if status in (401, 403):
        return PermissionError(errno.EACCES, f"{words}; look at the credentials, and at what they may do")
    if status == 404:
        return FileNotFoundError(errno.ENOENT, "there is no such object")
    if status == 412:
        return OSError("it has changed since it was looked at; run it again")
    if status == 416:
        return OSError("it is shorter than it was; run it again")
    if status in (429, 500, 502, 503, 504):
        return OSError(f"{words}; the store has failed several times: run it again later")
    return OSError(words)
