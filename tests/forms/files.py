"""Files around records: byte order marks, separators, prefixes, compression, containers, damage."""
import bz2
import gzip
import io
import json
import tarfile
import zipfile

from .form import Form
from .packed import zstd
from .pixels import FOUR, PNG, RGB, b64

RECORDS = [{"id": i, "image": b64(PNG[i])} for i in FOUR]
LINES = [json.dumps(record).encode() for record in RECORDS]
TEXT = b"\n".join(LINES)
BOM = b"\xef\xbb\xbf"


def _zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jsonl", TEXT)
    return out.getvalue()


def _tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    return out.getvalue()


MARKS = [
    Form("file-bom", "a byte order mark", BOM + TEXT, RGB),
    Form("file-bom-inside", "two files, the second with its mark",
         BOM + b"\n".join(LINES[:2]) + b"\n" + BOM + b"\n".join(LINES[2:]) + b"\n", RGB),
    Form("file-utf-16", "UTF-16", ("\ufeff" + TEXT.decode()).encode("utf-16-le"), RGB),
    Form("file-crlf", "CRLF", b"\r\n".join(LINES) + b"\r\n", RGB),
    Form("file-cr", "CR alone", b"\r".join(LINES) + b"\r", RGB),
    Form("file-blank-lines", "blank lines", b"\n\n  \n".join(LINES), RGB),
    Form("file-nul", "zeros at the end", TEXT + b"\n" + bytes(512), RGB),
    Form("file-u2028", "U+2028 in a string", b"\n".join('{"t":"a\u2028b",'.encode() + x[1:] for x in LINES), RGB),
]

FRAMINGS = [
    Form("file-array-lines", "an array, a record a line", b"[\n" + b",\n".join(LINES) + b"\n]\n", RGB),
    Form("file-commas", "commas at the ends of lines", b",\n".join(LINES) + b"\n", RGB),
    Form("file-array-pretty", "an array, pretty", json.dumps(RECORDS, indent=2).encode(), RGB),
    Form("file-pretty", "pretty objects", b"\n".join(json.dumps(r, indent=2).encode() for r in RECORDS), RGB,
         ["--framing concat"]),
    Form("file-no-newlines", "objects without newlines", b"".join(LINES), RGB, ["--framing concat"]),
    Form("file-seq", "RFC 7464", b"".join(b"\x1e" + x + b"\n" for x in LINES), RGB, ["--framing seq"]),
    Form("file-header", "a line about the file",
         b'{"schema_version": 3, "created": "2026"}\n' + TEXT, RGB, ["--skip 1"]),
    Form("file-comment", "a comment", b"# made by x\n" + TEXT, RGB, ["--skip 1"]),
    Form("file-sse", "events of a server", b"\n".join(b"data: " + x for x in LINES), RGB),
    Form("file-timestamps", "a time before each record", b"\n".join(b"2026-01-01T00:00:00Z " + x for x in LINES), None),
    Form("file-docker", "the log of a container",
         [{"log": line.decode() + "\n", "stream": "stdout"} for line in LINES], RGB, ["--field log.image"]),
    Form("file-texts-first", "records of text, then images", [{"text": "no image"}] * 3 + RECORDS, RGB),
]

JSON = [
    Form("file-cut", "the last line is cut", TEXT[:-30], RGB[:3], exit=3),
    Form("file-same-key-twice", "the last of two keys counts",
         [b'{"image":"%s","image":"%s"}' % (b64(PNG[i - 3]).encode(), b64(PNG[i]).encode()) for i in FOUR], RGB),
    Form("file-nan", "NaN in another field", [b'{"score":NaN,' + x[1:] for x in LINES], RGB, ["--allow-nan"]),
    Form("file-python", "single quotes and None",
         b"\n".join(repr({"image": b64(data), "x": None}).encode() for data in PNG), None),
]

PACKED = [
    Form("file-gzip", "gzip, a member a line", b"".join(gzip.compress(x + b"\n", mtime=0) for x in LINES), RGB,
         input="in.ndjson.gz"),
    Form("file-zstd", "zstd, a frame a line", b"".join(zstd(x + b"\n") for x in LINES), RGB, input="in.ndjson.zst"),
    Form("file-bz2", "bz2 that is called .json", b"".join(bz2.compress(x + b"\n") for x in LINES), RGB,
         input="in.json"),
    Form("file-zip", "a zip archive", _zip(), None, input="in.zip"),
    Form("file-tar", "a tar archive", _tar(), None, input="in.tar"),
]

FORMS = [*MARKS, *FRAMINGS, *JSON, *PACKED]
