"""Stores through obstore."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore import exceptions
from obstore.store import from_url

from ndpix import _stores
from ndpix._stores import SETTINGS, WEB, Found

T = TypeVar("T")

SINGLE = 16 << 20
"""Files up to this many bytes are put with one request."""
COPIED = 5 << 30
"""S3 copies no object with more bytes than this in one step."""
PARTS = 5000
"""Parts of a large upload, at most; S3 takes 10,000."""
_PROCESS: dict[str, int] = {}
"""The process whose client this is."""


class Obstore:
    """A bucket, a container, a web server."""

    def __init__(self, root: str) -> None:
        scheme = root.split("://")[0]
        self._is_s3 = scheme in ("s3", "s3a")
        plain = scheme == "http" or any(
            value.startswith("http://") for name, value in os.environ.items() if name.startswith(SETTINGS)
        )
        client = {"allow_http": plain, "timeout": timedelta(minutes=2)}
        settings: dict[str, Any] = {"client_options": client}
        if self._is_s3:
            settings["copy_if_not_exists"] = os.environ.get("AWS_COPY_IF_NOT_EXISTS", "multipart")
        self._is_web = scheme in WEB
        try:
            self._store: Any = from_url(root, **settings)
        except (ValueError, TypeError, exceptions.BaseError) as error:
            raise OSError(f"it is not the address of a store that obstore reads: {_first(error)}") from None

    def head(self, key: str) -> Found:
        _here()
        try:
            return _found(obstore.head(self._store, key))
        except (OSError, exceptions.BaseError, ValueError) as error:
            first = _said(error)
            if self._is_web:
                raise first from None
        # The answer to HEAD has no words, that to GET has.
        try:
            return _found(obstore.get(self._store, key, options={"range": (0, 1)}).meta)
        except (OSError, exceptions.BaseError, ValueError) as error:
            raise _said(error) from None

    def get(self, found: Found, start: int, stop: int) -> Any:
        options: dict[str, Any] = {"range": (start, stop)}
        # A tag that is weak, or a time, is none that a server compares.
        if found.tag.startswith('"'):
            options["if_match"] = found.tag

        def ask() -> Any:
            answer = obstore.get(self._store, found.key, options=options)  # type: ignore[arg-type]
            now = _found(answer.meta)
            if (now.size, now.tag) != (found.size, found.tag):
                raise OSError("it has changed since it was looked at; run it again")
            got = answer.bytes()
            if len(got) != stop - start or tuple(answer.range) != (start, stop):
                raise OSError(
                    f"{stop - start} bytes from {start} on were asked for, and {len(got)} came: "
                    "the server does not keep to what it says; run it again, or read another copy"
                )
            return got

        return _asked(ask)

    def objects(self, prefix: str) -> Iterator[Found]:
        if self._is_web:
            raise OSError("a web server does not list its files; name each of them")
        # A store lists what is in a folder, and gives the object of that very name apart.
        pages = _asked(lambda: obstore.list(self._store, prefix.rstrip("/") or None))
        while page := _asked(lambda: next(pages, None)):
            yield from (_found(meta) for meta in page if meta["path"].startswith(prefix))

    def put(self, path: str, key: str, create: bool) -> bool:
        file, size = Path(path), os.path.getsize(path)
        if not create:
            _asked(lambda: self._whole(file, key, size))
            return True
        if size > SINGLE and (size <= COPIED or not self._is_s3):
            try:
                return self._beside(path, key, size)
            except _Unconditional:
                pass
        elif size <= SINGLE:
            try:
                return _asked(lambda: self._created(lambda: obstore.put(self._store, key, file, mode="create")))
            except _Unconditional:
                pass
        # Without conditions the last one wins; who comes later than this look is not seen.
        try:
            self.head(key)
            return False
        except FileNotFoundError:
            _asked(lambda: self._whole(file, key, size))
            return True

    def _beside(self, path: str, key: str, size: int) -> bool:
        """A large file under a name of its own, and then under its name if that is free."""
        beside = _stores.partial(path, key)
        _asked(lambda: self._whole(Path(path), beside, size))
        try:
            copy = lambda: obstore.copy(self._store, beside, key, overwrite=False)  # noqa: E731
            return _asked(lambda: self._created(copy))
        finally:
            self.remove([beside])

    def _whole(self, file: Path, key: str, size: int) -> None:
        chunk = max(_stores.BLOCK, -(-size // PARTS))
        large = size > SINGLE
        obstore.put(self._store, key, file, use_multipart=large, chunk_size=chunk, max_concurrency=_stores.AHEAD)

    def _created(self, act: Callable[[], object]) -> bool:
        try:
            act()
            return True
        except exceptions.AlreadyExistsError:
            return False
        except (exceptions.NotSupportedError, NotImplementedError):
            raise _Unconditional from None
        except exceptions.BaseError as error:
            if re.search(r"status code: 501|<Code>NotImplemented<", str(error)):
                raise _Unconditional from None
            raise

    def remove(self, keys: list[str]) -> None:
        for key in keys:
            try:
                _asked(lambda key=key: obstore.delete(self._store, key))  # type: ignore[misc]
            except FileNotFoundError:
                pass


class _Unconditional(Exception):
    """The store puts nothing on a condition."""


def _found(meta: Any) -> Found:
    changed = meta["last_modified"]
    return Found(meta["path"], meta["size"], meta["e_tag"] or (changed.isoformat() if changed else ""))


def _here() -> None:
    """Refuses a process that was forked after a store was asked: the client's threads are not there, and it would wait."""
    _PROCESS.setdefault("id", os.getpid())
    if _PROCESS["id"] != os.getpid():
        raise OSError(
            "this process was forked from one that reads stores, and the client's threads were not; start it anew, "
            'for a loader with multiprocessing_context="spawn"'
        )


def _asked(act: Callable[[], T]) -> T:
    """What a store answers; what it says instead becomes an `OSError`."""
    _here()
    try:
        return act()
    except (exceptions.BaseError, FileNotFoundError, ValueError, NotImplementedError) as error:
        raise _said(error) from None


def _first(error: BaseException) -> str:
    """What an error of obstore says first; the rest is for those who debug it."""
    return str(error).split("\n\nDebug source")[0].split("\n")[0].strip()


def _said(error: BaseException) -> OSError:
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return error
    if "169.254.169.254" in text:
        return PermissionError(
            13,
            "no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SKIP_SIGNATURE=true reads "
            "what is open to everyone)",
        )
    if "Received non-partial response" in text:
        return OSError("the server gives no parts of files; copy it to a disk, or use a pipe: curl -fsSL ADDRESS | ndpix convert - -o OUT.npy")
    status = re.search(r"status code: (\d{3})", text)
    code, words = re.search(r"<Code>([^<]*)", text), re.search(r"<Message>([^<]*)", text)
    if status:
        number = int(status[1])
    else:
        number = 404 if isinstance(error, FileNotFoundError) else 412 if isinstance(error, exceptions.PreconditionError) else 0
    if number or code:
        return _stores.said(number or None, code[1] if code else "", words[1].rstrip(".") if words else "")
    return OSError(f"{_first(error)}; run it again")
