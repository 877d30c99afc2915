"""How databases and runtimes wrap bytes."""
import numpy as np

from .encoded import wrapped
from .form import Form
from .pixels import DEEP, FLOAT, FOUR, GRAY, HEIGHT, PNG, RGB, RGBA, WIDTH, b64

DATABASES = [
    Form("mongo", "$binary",
         [{"_id": {"$oid": ".."}, "img": {"$binary": {"base64": b64(data), "subType": "00"}}} for data in PNG], RGB,
         ["--field img.$binary.base64", "--field img"]),
    Form("mongo-legacy", "$binary and $type", [{"img": {"$binary": b64(data), "$type": "00"}} for data in PNG], RGB,
         ["--field img.$binary", "--field img"]),
    Form("mongo-raw", "raw pixels, $numberInt",
         [{"img": {"$binary": {"base64": b64(a), "subType": "00"}}, "h": {"$numberInt": "5"}, "w": {"$numberInt": "6"}}
          for a in DEEP], DEEP,
         ["--field img.$binary.base64 --raw-shape @h.$numberInt,@w.$numberInt --raw-dtype uint16"]),
    Form("mongo-list", "a list of $numberInt",
         [{"px": [[{"$numberInt": str(v)} for v in row] for row in a.tolist()]} for a in GRAY], GRAY, ["--field px"]),
    Form("mongo-vector", "a vector: no image",
         [{"v": {"$binary": {"base64": b64(b"\x27\x00" + a.tobytes()), "subType": "09"}}} for a in FLOAT], None),
    Form("dynamodb", "B", [{"Item": {"id": {"S": "a"}, "img": {"B": b64(data)}, "w": {"N": "6"}}} for data in PNG],
         RGB, ["--field Item.img.B", "--field Item.img"]),
    Form("dynamodb-raw", "raw pixels, N",
         [{"Item": {"img": {"B": b64(a)}, "w": {"N": "6"}, "h": {"N": "5"}}} for a in DEEP], DEEP,
         ["--field Item.img.B --raw-shape @Item.h.N,@Item.w.N --raw-dtype uint16"]),
    Form("dynamodb-stream", "NewImage is the new item, and no picture",
         [{"Keys": {"id": {"S": str(i)}}, "NewImage": {"name": {"S": "hello"}, "n": {"N": "2"}}} for i in FOUR], None),
    Form("sqlite-utils", "$base64 and encoded",
         [{"name": "t.png", "content": {"$base64": True, "encoded": b64(data)}} for data in PNG], RGB,
         ["--field content.encoded", "--field content"]),
    Form("sqlite-utils-arrays", "the record is a list",
         [["t.png", {"$base64": True, "encoded": b64(data)}] for data in PNG], RGB,
         ["--field [1].encoded", "--field /1/encoded"]),
    Form("elasticsearch-bulk", "action lines between, one of them deletes",
         [line for i in FOUR for line in (
             {"index": {"_index": "imgs", "_id": str(i)}}, {"img": b64(PNG[i]), "w": 2},
             {"delete": {"_index": "imgs", "_id": "9"}})[: 3 if i == 1 else 2]], RGB, ["--field img"]),
    Form("elasticsearch-dump", "_source", [{"_index": "x", "_id": "1", "_source": {"img": b64(data)}} for data in PNG],
         RGB, ["--field _source.img"]),
    Form("elasticsearch-update", "doc",
         [line for i in FOUR for line in ({"update": {"_id": str(i)}}, {"doc": {"img": b64(PNG[i])}})], RGB,
         ["--field doc.img"]),
    Form("bigquery", "BYTES escaped, INT64 as strings",
         [b'{"img":"%s","height":"5","width":"6"}' % b64(a).replace("=", "\\u003d").encode() for a in DEEP], DEEP,
         ["--raw-shape @height,@width --raw-dtype uint16"]),
    Form("postgres-bytea", "bytea", [{"id": i, "img": "\\x" + PNG[i].hex()} for i in FOUR], RGB),
    Form("postgres-bytea-raw", "raw pixels", [{"id": i, "img": "\\x" + GRAY[i].tobytes().hex()} for i in FOUR], GRAY,
         ["--raw-shape 5,6"]),
    Form("postgres-encode", "lines of 76", [{"img": wrapped(data)} for data in PNG], RGB),
    Form("postgres-octal", "bytea in octal escapes",
         [{"img": "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\{b:03o}" for b in data)} for data in PNG],
         None),
    Form("postgres-blanks", "hex with blanks", [{"img": "\\x" + data.hex(" ")} for data in PNG], RGB),
    Form("kafka-connect", "schema and payload",
         [{"schema": {"type": "struct", "fields": [{"type": "bytes", "field": "img"}]},
           "payload": {"id": i, "img": b64(PNG[i])}} for i in FOUR], RGB, ["--field payload.img"]),
    Form("kafka-decimal", "a decimal is BYTES too",
         [{"price": b64(b"\x04\xd2"), "img": b64(data)} for data in PNG], RGB),
]

RUNTIMES = [
    Form("node-buffer", "a Buffer", [{"img": {"type": "Buffer", "data": list(data)}} for data in PNG], RGB),
    Form("node-buffer-raw", "raw RGBA, width, height",
         [{"img": {"type": "Buffer", "data": a.ravel().tolist()}, "width": WIDTH, "height": HEIGHT} for a in RGBA],
         RGBA, ["--raw-shape @height,@width,4"]),
    Form("typed-array", "keys are indices", [{"img": {str(k): v for k, v in enumerate(data)}} for data in PNG], RGB),
    Form("jimp", "a bitmap of Jimp",
         [{"bitmap": {"width": WIDTH, "height": HEIGHT, "data": {"type": "Buffer", "data": a.ravel().tolist()}}}
          for a in RGBA], RGBA, ["--field bitmap.data --raw-shape @bitmap.height,@bitmap.width,4"]),
    Form("byte-list", "bytes as numbers", [{"png": list(data)} for data in PNG], RGB),
    Form("byte-list-signed", "bytes of Java", [{"png": np.frombuffer(data, np.int8).tolist()} for data in PNG], RGB),
]

FORMS = [*DATABASES, *RUNTIMES]
