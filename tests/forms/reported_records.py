"""Forms that people reported in public: where in its record an image stands. The pixels are our own."""
import json

import numpy as np

from .chats import anthropic_image, user
from .encoded import data_url, wrapped
from .form import Form
from .pixels import DEEP, FOUR, GRAY, PNG, RGB, b64, encoded
from .services import tensor

PICTURES = {f"imgs/{i}.png": data for i, data in enumerate(PNG)}
TEXT_ONLY = {"conversations": [{"from": "human", "value": "hi"}]}


def _line(data, more):
    """A line whose further keys are JSON text, or what is taken for it."""
    return b'{"img": "%s", %s}' % (b64(data).encode(), more.encode())


def _string_or_list(first):
    """Six records; the image is a string and a list of one, in halves."""
    return [{"image": [f"imgs/{i % 4}.png"] if (i >= 3) != first else f"imgs/{i % 4}.png"} for i in range(6)]


CHANGING = [
    Form("reported-bytes-or-path", "a struct of bytes or path",
         [{"image": {"bytes": None, "path": f"imgs/{i}.png"} if i % 2 else {"bytes": b64(PNG[i]), "path": None}}
          for i in FOUR], RGB,
         ["--mixed", "--field image --mixed", "--field image.bytes", "--field 'image.bytes|image.path'"],
         files=PICTURES, seen="modelscope/ms-swift#4135, #4447"),
    *(Form(f"reported-{name}", "the field is a string in some records, a list in others", _string_or_list(first),
           [RGB[i % 4] for i in range(6)], ["--mixed", "--field 'image[*]'", "--field image"], files=PICTURES,
           seen="HaozheZhao/MIC#14, hiyouga/LlamaFactory#5883")
      for name, first in (("string-then-list", False), ("list-then-string", True))),
    Form("reported-images-late", "images begin after record 70",
         [TEXT_ONLY] * 70 + [{"image": b64(data), "conversations": []} for data in PNG], RGB,
         ["--field image", "--field image --encoding encoded",
          "--field image --encoding encoded --shape 5,6,3 --dtype uint8 --mode RGB", "--skip 70"],
         seen="haotian-liu/LLaVA#546"),
    Form("reported-schema-changes", "the field has another name after record 70",
         [{"parts": [{"inlineData": {"data": b64(PNG[i % 4])}}]} for i in range(70)]
         + [{"parts": [{"inline_data": {"data": b64(PNG[i % 4])}}]} for i in range(60)],
         [RGB[i % 4] for i in [*range(70), *range(60)]],
         ["--field 'parts[*].inlineData.data|parts[*].inline_data.data'"],
         seen="QuantumNous/new-api#1145, visual-rag/visual-rag#7"),
    Form("reported-providers", "a log of several services",
         [{"provider": "openai", "input": user({"type": "input_text", "text": "x"},
                                               {"type": "input_image", "image_url": data_url(PNG[0])})},
          {"provider": "anthropic", "messages": user(anthropic_image(PNG[1]))},
          {"provider": "openai", "input": user({"type": "input_image", "image_url": data_url(PNG[2])})},
          {"provider": "anthropic",
           "messages": user({"type": "tool_result", "content": [anthropic_image(PNG[3])]})}], RGB, ["--mixed"],
         seen="Arize-ai/openinference#1698, UKGovernmentBEIS/inspect_ai#2090"),
    Form("reported-depths", "gray of 8 and of 16 bits",
         [{"image": b64(encoded(a))} for a in (*GRAY[:2], *DEEP[:2])],
         [a.astype(np.uint16) for a in (*GRAY[:2], *DEEP[:2])],
         ["--dtype uint16", "--dtype uint16 --scale none"], seen="Eventual-Inc/Daft#5827, #2495"),
    Form("reported-url-first", "one address among data URLs",
         [{"u": "https://x/a.png"}, *({"u": data_url(data)} for data in PNG)], RGB, ["--field u"], exit=3,
         seen="chats of promptflow"),
    Form("reported-pdf-between", "a document among images",
         [{"source": {"type": "base64", "media_type": "application/pdf",
                      "data": b64(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF")}} if i == 1 else
          {"source": {"type": "base64", "media_type": "image/png", "data": b64(PNG[i])}} for i in FOUR],
         [RGB[0], RGB[2], RGB[3]], seen="logs of Anthropic messages"),
    Form("reported-key-is-data", "another key in each record",
         [{"cell_type": "markdown", "attachments": {f"image_{i}.png": {"image/png": b64(PNG[i])}}} for i in FOUR], RGB,
         ["--field 'attachments.*.\"image/png\"'", "--field 'attachments[*]'"], seen="attachments of Jupyter"),
]


def _har(i):
    """A page, its picture, its style."""
    def entry(url, kind, **content):
        return {"request": {"url": url}, "response": {"content": {"mimeType": kind, **content}}}
    return {"log": {"entries": [
        entry(f"https://x/{i}.html", "text/html", text=f"<html>{i}</html>"),
        entry(f"https://x/{i}.png", "image/png", encoding="base64", text=b64(PNG[i])),
        entry("https://x/a.css", "text/css", text="body{color:pink}")]}}


HAR = "--field 'log.entries[*].response.content.text'"
NESTED = [
    Form("reported-har", "recordings of a browser: pictures among texts", [_har(i) for i in FOUR], RGB,
         [HAR, f"{HAR} --max-rejects none"], seen="microsoft/playwright#14772"),
    Form("reported-gemini", "lines of a batch",
         [{"request": {"contents": [{"parts": [{"text": "what"},
                                               {"inlineData": {"mimeType": "image/png", "data": b64(data)}}]}]}}
          for data in PNG], RGB, seen="bespokelabsai/curator#687"),
    Form("reported-openai-output", "the answers of a batch",
         [{"custom_id": f"a{i}", "error": None,
           "response": {"status_code": 200, "body": {"created": 1, "data": [{"b64_json": b64(PNG[i])}]}}}
          for i in FOUR], RGB, seen="OpenAI"),
    Form("reported-tf-serving", "two instances of b64",
         [{"signature_name": "s", "instances": [{"b64": b64(PNG[i])}, {"b64": b64(PNG[i + 1])}]} for i in (0, 2)], RGB,
         seen="tensorflow/serving#1317, #994"),
    Form("reported-tf-serving-phase", "a list beside a scalar",
         [{"instances": [{"in": [a.tolist()], "phase": False}]} for a in RGB], [a[None].astype(np.int64) for a in RGB],
         ["--field 'instances[*].in'", ("--field 'instances[*].in[*]'", RGB)], seen="davidsandberg/facenet#316"),
    Form("reported-kserve-two", "the image and a threshold",
         [{"id": str(i), "inputs": [tensor(RGB[i][None], "UINT8", name="image"),
                                    {"name": "threshold", "shape": [1], "datatype": "FP32", "data": [0.5]}]}
          for i in FOUR], [a[None] for a in RGB], ["--field 'inputs[0]'", "--field 'inputs[*]'"], seen="Triton"),
    Form("reported-kserve-bytes", "a tensor of BYTES",
         [{"id": str(i), "inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [b64(PNG[i])]}]}
          for i in FOUR], RGB, ["--field 'inputs[*].data[*]'"], seen="pytorch/serve"),
    Form("reported-kserve-fp16", "two by three, FP16",
         [{"inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP16", "data": [[0.5, 1, 2], [3, 4, 5]]}]}] * 2,
         [np.array([[0.5, 1, 2], [3, 4, 5]], np.float16)] * 2, ["--field inputs[0]"], seen="KServe"),
    Form("reported-elasticsearch", "action lines",
         [line for i in FOUR for line in ({"index": {"_index": "i", "_id": str(i)}}, {"img": b64(PNG[i]), "t": i})],
         RGB, seen="elasticsearch-dump/elasticsearch-dump#291"),
    Form("reported-elasticsearch-hits", "_source, with a newline",
         [{"_index": "i", "_id": str(i), "_source": {"img": b64(PNG[i]) + "\n"}} for i in FOUR], RGB,
         seen="elasticsearch-dump"),
    Form("reported-hf-list", "a list of structs",
         [{"images": [{"bytes": b64(PNG[i]), "path": None}, {"bytes": b64(PNG[i + 1]), "path": None}], "text": "t"}
          for i in (0, 1)], [RGB[0], RGB[1], RGB[1], RGB[2]], seen="modelscope/ms-swift#4447"),
    Form("reported-clips", "lists of lists", [{"clips": [[b64(data) for data in PNG[i : i + 2]] for i in (0, 2)]}], RGB,
         ["--field 'clips[*][*]'"], seen="sets of videos"),
    Form("reported-notebook", "one text cut into lines",
         [{"cells": [{"outputs": [{"data": {"image/png": wrapped(data).splitlines(keepends=True),
                                            "text/plain": ["<Figure>"]}}]}]} for data in PNG], RGB,
         ["--field 'cells[*].outputs[*].data.\"image/png\"'",
          "--field 'cells[*].outputs[*].data.\"image/png\"' --encoding joined"], seen="jupyter/nbformat"),
]

BESIDE = [
    Form("reported-two-paths", "two path fields",
         [{"caption": "c", "image": f"imgs/{i}.png", "padded_image": f"imgs/{(i + 1) % 4}.png"} for i in FOUR], None,
         [("--field image", RGB)], files=PICTURES, seen="huggingface/datasets#6777"),
    Form("reported-box-missing-path", "the path leads nowhere, a box beside it",
         [{"image": f"train2017/{i}.jpg", "bbox": [i, 2, 30, 40], "label": "x"} for i in FOUR], None, ["--field image"],
         seen="sets in the style of LLaVA"),
    Form("reported-embedding-url", "an address, an embedding beside it",
         [{"image_url": f"https://x/{i}.jpg", "embedding": [x / 7 for x in range(i, i + 16)]} for i in FOUR], None,
         ["--field image_url"]),
    Form("reported-embedding", "no image at all",
         [{"custom_id": str(i),
           "response": {"body": {"data": [{"embedding": [x / 7 for x in range(i, i + 16)], "index": 0}],
                                 "usage": {"tokens": [1, 2]}}}} for i in FOUR], None),
    Form("reported-base64-id", "an id of base64",
         [{"id": b64(bytes([i] * 12)), "img": b64(PNG[i])} for i in FOUR], RGB),
]

LINES = [
    Form("reported-no-newline", "records on one line",
         b"".join(json.dumps({"img": b64(data)}).encode() for data in PNG),
         RGB, seen="elasticsearch-dump/elasticsearch-dump#487"),
    Form("reported-nan-once", "NaN in another field, once",
         [_line(PNG[i], f'"loss": {"NaN" if i == 1 else "0.5"}') for i in FOUR], RGB,
         ["--field img", "--allow-nan"], seen="Python, pandas"),
    Form("reported-nan-often", "NaN in another field, often",
         [_line(PNG[i], f'"depth_m": {"NaN" if i else "0.5"}') for i in FOUR], RGB,
         ["--field img", "--field img --max-rejects none", "--allow-nan"], seen="Python, pandas"),
    Form("reported-half-surrogate", "half of an emoji", [_line(data, r'"text": "cut \ud83d"') for data in PNG], RGB,
         seen="logs of chats"),
    Form("reported-huge-numbers", "numbers that no double holds",
         [_line(data, '"v": 1e999, "n": 123456789012345678901234567890') for data in PNG], RGB, seen="logs"),
]

FORMS = [*CHANGING, *NESTED, *BESIDE, *LINES]
