"""Bytes as hex and as characters, and what happens to base64 on its way."""
import base64

from .encoded import images, wrapped
from .form import Form
from .pixels import FOUR, GRAY, INTS, JPEG, JPEG_RGB, LARGE, PNG, RGB, b64

HEX = {
    "0x": lambda text: "0x" + text, "quoted": lambda text: f"x'{text}'", "bare": lambda text: text,
    "upper-case": lambda text: text.upper(), "0X": lambda text: "0X" + text.upper(),
}


def sqlite_string(data):
    """A JSON string that holds bytes as they are, as sqlite3 in mode json writes blobs: not UTF-8."""
    escapes = {34: b'\\"', 92: b"\\\\", 8: b"\\b", 12: b"\\f", 10: b"\\n", 13: b"\\r", 9: b"\\t"}
    escaped = (escapes.get(b, b"\\u%04x" % b if b < 32 else bytes([b])) for b in data)
    return b'"' + b"".join(escaped) + b'"'


BYTES = [
    *(form for name, write in HEX.items() for form in (
        Form(f"hex-{name}", "a PNG", [{"img": write(data.hex())} for data in PNG], RGB),
        Form(f"hex-{name}-raw", "raw pixels", [{"img": write(a.tobytes().hex())} for a in GRAY], GRAY,
             ["--raw-shape 5,6"]))),
    Form("hex-unquoted", "DBeaver forgets the quotes",
         b"".join(b'{"img": 0x%s}\n' % data.hex().encode() for data in PNG),
         None),
    Form("latin-1", "a character for each byte", images(lambda d: d.decode("latin1")), RGB),
    Form("latin-1-raw", "raw pixels", [{"image": a.tobytes().decode("latin1")} for a in GRAY], GRAY,
         ["--encoding latin1+raw --raw-shape 5,6"]),
    Form("latin-1-avro", "Avro's union of bytes", [{"image": {"bytes": data.decode("latin1")}} for data in PNG], RGB,
         ["--field image.bytes"]),
    Form("bytes-in-string", "sqlite3 writes blobs as they are",
         [b'{"image":' + sqlite_string(data) + b"}" for data in PNG], RGB, ["--encoding latin1+image"]),
    Form("latin-1-destroyed", "U+FFFD in place of bytes", images(lambda d: d.decode("utf8", "replace")), None),
    Form("surrogate-escapes", "bytes as half surrogates", images(lambda d: d.decode("utf8", "surrogateescape")), RGB),
    Form("repr-base64", "b'...' around base64", images(lambda d: str(base64.b64encode(d))), RGB),
    Form("repr-bytes", "b'...' of the file", images(str), RGB),
    Form("repr-array", "str(array)", [{"image": str(a)} for a in GRAY], INTS),
    Form("repr-array-cut", "str(array) with dots", [{"image": str(LARGE[0].repeat(30, 1))} for _ in FOUR], None),
    Form("python-lines", "records written by print",
         b"".join(repr({"image": b64(data)}).encode() + b"\n" for data in PNG), None),
]

BASE64 = [
    Form("base64-unpadded", "no padding", images(lambda d: b64(d).rstrip("=")), RGB),
    Form("base64-prefixes", "base64: base64, b64: or nothing before it",
         [{"image": ["base64:", "base64,", "b64:", ""][i] + b64(PNG[i])} for i in FOUR], RGB),
    Form("base64-crlf", "lines that end with CRLF", images(lambda d: wrapped(d).replace("\n", "\r\n")), RGB),
    Form("base64-both-alphabets", "+ and - in one text",
         [{"image": b64(b"\x89PNG\r\n\x1a\n" + b"\xfb\xef\xbe" * 3).replace("+", "-", 1)} for _ in FOUR], None),
    Form("base64-slashes", "escaped slashes",
         [b'{"image":"%s"}' % b64(data).replace("/", "\\/").encode() for data in JPEG], JPEG_RGB),
    Form("base64-escapes", "escaped = and +",
         [b'{"image":"%s"}' % b64(data).replace("=", "\\u003d").replace("+", "\\u002B").encode() for data in JPEG],
         JPEG_RGB),
    Form("base64-jpeg", "/9j/ is not a path", images(b64, JPEG), JPEG_RGB),
    Form("base64-cut", "redacted by a log", images(lambda d: b64(d)[:60] + "...(truncated)"), None),
    Form("base64-placeholder", "replaced by a word", images(lambda d: "<base64>"), None),
]

FORMS = [*BYTES, *BASE64]
