"""Records that are Python objects, as JSON text."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


def dumps(value: Any) -> bytes:
    """JSON text of a record or field value. `bytes` inside it become base64, NumPy arrays lists."""
    if isinstance(value, bytes):
        # Digits of base64 stand in JSON as they are.
        return b'"' + binascii.b2a_base64(value, newline=False) + b'"'
    return _encoder.encode(value).encode()


def record(value: Any) -> bytes:
    """JSON text of a record; `TypeError` where it is not an object."""
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise TypeError(f"a record is bytes or dict, not {kind}; encode text with .encode()")
    return dumps(value)


def _default(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} in a record is nothing that JSON can hold")


# `json.dumps` makes one for each call with such arguments.
_encoder = json.JSONEncoder(default=_default, separators=(",", ":"))
