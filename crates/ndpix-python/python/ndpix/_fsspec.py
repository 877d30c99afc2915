"""Stores through fsspec."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ndpix import _stores
from ndpix._stores import WEB, Found

T = TypeVar("T")

# It has no types.
FSSPEC: Any = importlib.import_module("fsspec")

SUMS = ("ETag", "etag", "content_md5")
TIMES = ("LastModified", "mtime", "last_modified", "created")
"""What file systems call what is another when the bytes are others."""


class Fsspec:
    """A bucket, a container, a web server."""

    def __init__(self, root: str) -> None:
        scheme = root.split("://")[0]
        try:
            # What it remembers of the files of others would be of yesterday.
            settings: dict[str, Any] = {"use_listings_cache": False}
            if scheme in ("s3", "s3a") and (endpoint := os.environ.get("AWS_ENDPOINT_URL")):
                settings["endpoint_url"] = endpoint
            self._files: Any = FSSPEC.filesystem(scheme, **settings)
        except ValueError as error:
            raise OSError(f"it is not the address of a store that fsspec reads: {error}") from None
        self._is_web = scheme in WEB
        self._is_s3 = scheme in ("s3", "s3a")
        self._root = str(self._files._strip_protocol(root))

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _found(self, path: str, info: dict[str, Any]) -> Found:
        tag = next((str(info[name]) for name in (*SUMS, *TIMES) if info.get(name)), "")
        if info.get("size") is None:
            raise OSError("the server does not say how long it is; use a pipe: curl -fsSL ADDRESS | ndpix convert - -o OUT.npy")
        return Found(path.removeprefix(self._root + "/"), int(info["size"]), tag)

    def head(self, key: str) -> Found:
        path = self._path(key)
        info = _asked(lambda: self._files.info(path))
        if info["type"] != "file":
            raise FileNotFoundError(2, "there is no such object")
        return self._found(path, info)

    def get(self, found: Found, start: int, stop: int) -> Any:
        got = _asked(lambda: self._files.cat_file(self._path(found.key), start=start, end=stop))
        if len(got) != stop - start:
            raise OSError(
                f"{stop - start} bytes from {start} on were asked for, and {len(got)} came: "
                "it has changed, or the server does not keep to what it says; run it again"
            )
        # It asks for bytes without a condition.
        if stop == found.size and self.head(found.key) != found:
            raise OSError("it has changed since it was looked at; run it again")
        return got

    def objects(self, prefix: str) -> Iterable[Found]:
        if self._is_web:
            raise OSError("a web server does not list its files; name each of them")
        try:
            found = _asked(lambda: self._files.find(self._path(prefix.rpartition("/")[0]), detail=True))
        except FileNotFoundError:
            return []
        listed = [(self._found(path, info), any(info.get(name) for name in SUMS)) for path, info in found.items()]
        # A time may be written in another way in a list.
        return [one if summed else self.head(one.key) for one, summed in listed if one.key.startswith(prefix)]

    def put(self, path: str, key: str, create: bool) -> bool:
        if create and self._is_s3:
            try:
                _asked(lambda: self._files.put_file(path, self._path(key), mode="create"))
                return True
            except FileExistsError:
                return False
        if create and _asked(lambda: self._files.exists(self._path(key))):
            return False
        _asked(lambda: self._files.put_file(path, self._path(key)))
        return True

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            try:
                _asked(lambda key=key: self._files.rm_file(self._path(key)))  # type: ignore[misc]
            except FileNotFoundError:
                pass


def _asked(act: Callable[[], T]) -> T:
    """What a store answers; what it says instead becomes an `OSError`."""
    try:
        return act()
    except FileNotFoundError as error:
        words = str(error.__cause__ or error)
        raise _stores.said(404, "NoSuchBucket" if "bucket does not exist" in words else "", "") from None
    except OSError:
        raise
    except Exception as error:
        status = getattr(error, "status", None)
        raise _stores.said(status, type(error).__name__, str(error).split("\n")[0]) from None
