"""Forms that people reported in public: how one value is written. The pixels are our own."""
import base64
import json
import struct
import zlib
from urllib.parse import quote

import numpy as np

from .encoded import data_url, wrapped
from .form import Form
from .packed import pickle
from .pixels import (DEEP, FLOAT, FOUR, GRAY, INTS, NAN_FIRST, PLANES, PNG, RGB, RGBA, b64, decoded, encoded,
                     noise, npy, npz)
from .services import ros_message

SIZE = {"width": 6, "height": 5}
# JPEGs large enough to hold a + near their end.
PHOTOS = [encoded(noise(1000 + i, 48, 48, 3), "JPEG", quality=90) for i in range(6)]
# Images whose PNG needs padding in base64.
PADDED = [a for a in (noise(1100 + i, 5, 6, 3) // (1 + i) * (1 + i) for i in range(24)) if len(encoded(a)) % 3][:4]


def _late_blank(data):
    """Base64 of which the last + became a blank."""
    head, tail = b64(data).rsplit("+", 1)
    return f"{head} {tail}"


TEXTS = [
    Form("reported-int-bytes", "a struct of bytes as numbers and path",
         [{"id": i, "image": {"bytes": list(PNG[i]), "path": None}} for i in FOUR], RGB,
         ["--field image.bytes", "--field image.bytes --encoding bytes"], seen="huggingface/dataset-viewer#637"),
    Form("reported-json-in-string", "an object as a string",
         [{"_id": i, "_data": json.dumps({"img": b64(PNG[i]), "label": i})} for i in FOUR], RGB,
         ["--field _data.img", "--field _data --encoding encoded", "--field _data"],
         seen="huggingface/datasets#8116, castorini/pyserini#2214"),
    Form("reported-bytes-repr", "b'...' around base64", [{"img": str(base64.b64encode(data))} for data in PNG], RGB,
         ["--field img", "--field img --encoding encoded"], seen="OCA/queue#159"),
    Form("reported-unpadded-data-url", "padding is missing",
         [{"url": data_url(encoded(a)).rstrip("=")} for a in PADDED], PADDED, ["--field url"],
         seen="matatonic/openedai-vision#4"),
    Form("reported-crlf", "lines that end with CRLF",
         [{"attachment": wrapped(data).replace("\n", "\r\n")} for data in PNG],
         RGB, seen="apache/ponymail#262"),
    Form("reported-plus-blank", "each + became a blank", [{"img": b64(data).replace("+", " ")} for data in PNG], RGB,
         ["--field img", "--field img --encoding encoded", "--encoding repaired+encoded"], seen="runpod-workers/worker-comfyui#126"),
    Form("plus-blank-data-url", "the same in data URLs",
         [{"img": data_url(data).replace("+", " ")} for data in PNG], RGB, ["--encoding repaired+data-url"]),
    Form("reported-plus-blank-jpeg", "one late + of a JPEG", [{"img": _late_blank(data)} for data in PHOTOS],
         [decoded(data) for data in PHOTOS], ["--field img --encoding encoded", "--encoding repaired+encoded"],
         seen="runpod-workers/worker-comfyui#126"),
    Form("reported-latin-1", "a character for each byte",
         [{"content": {"mimeType": "image/png", "text": data.decode("latin1")}} for data in PNG], RGB,
         ["--field content.text", "--field content.text --encoding latin1+image"], seen="wanghongenpin/proxypin#775"),
    Form("reported-upper-hex", "hex", [{"img": data.hex().upper()} for data in PNG], RGB, seen="apache/kafka#9950"),
    Form("reported-data-url-heads", "heads of data URLs",
         [{"u": head + b64(data)} for head, data in zip(
             ["data:image/png;base64, ", "DATA:image/PNG;BASE64,", "data:image/png;charset=utf-8;base64,",
              "data:;base64,"], PNG)], RGB, ["--field u"], seen="Acly/comfyui-tooling-nodes#39"),
    Form("reported-prefix-or-not", "some with head, some without",
         [{"u": data_url(PNG[i]) if i % 2 else b64(PNG[i])} for i in FOUR], RGB, ["--field u", "--mixed"],
         seen="code-corps/deprecated-code-corps-rails-api#210"),
    Form("reported-double-head", "the head twice",
         [{"u": "data:image/png;base64," + data_url(data)} for data in PNG], RGB, ["--field u"],
         seen="clients of OpenAI"),
    Form("reported-percent", "percent escapes",
         [{"u": "data:image/png;base64," + quote(b64(data), safe="")} for data in PNG],
         RGB, ["--field u"], seen="lightpanda-io/browser#1679"),
    Form("reported-webp-as-jpeg", "the head lies",
         [{"image_url": {"url": data_url(encoded(a, "WEBP", lossless=True), "data:image/jpeg;base64,")}} for a in RGB],
         RGB, seen="abetlen/llama-cpp-python#1140, CherryHQ/cherry-studio#3088"),
    Form("reported-markdown", "a data URL in running text",
         [{"text": f"see ![x]({data_url(data)}) here"} for data in PNG], RGB,
         ["--field text", "--field text --encoding data-url", "--field text --encoding markdown",
          "--field 'text[*]' --encoding markdown"], seen="cells of Jupyter"),
]

BYTES = [
    Form("reported-dynamodb", "B", [{"Item": {"id": {"S": str(i)}, "img": {"B": b64(PNG[i])}}} for i in FOUR], RGB,
         ["--field Item.img.B"], seen="markitx/dynamo-backup-to-s3#38"),
    Form("reported-dynamodb-buffer", "a Buffer in B",
         [{"id": {"S": str(i)}, "img": {"B": {"type": "Buffer", "data": list(PNG[i])}}} for i in FOUR], RGB,
         ["--field img.B"], seen="markitx/dynamo-backup-to-s3#38"),
    Form("reported-mongo", "$binary",
         [{"_id": {"$oid": f"{i:024x}"}, "img": {"$binary": {"base64": b64(PNG[i]), "subType": "00"}}} for i in FOUR],
         RGB, ["--field img.$binary.base64"], seen="mongo-express/mongo-express#786"),
    Form("reported-mongo-old", "$binary and $type",
         [{"_id": i, "img": {"$binary": b64(PNG[i]), "$type": "00"}} for i in FOUR], RGB,
         seen="EqualExperts/Tayra#3"),
    Form("reported-index-keys", "keys are indices", [{"img": {str(k): v for k, v in enumerate(data)}} for data in PNG],
         RGB, ["--field img", "--field img --encoding bytes"], seen="thi-ng/umbrella#240"),
    Form("reported-signed-bytes", "bytes of Java",
         [{"img": np.frombuffer(data, np.int8).tolist()} for data in PNG], RGB,
         ["--field img", "--field img --encoding bytes"], seen="google/gson#203"),
    Form("reported-avro-union", "Avro's union", [{"payload": {"bytes": data.decode("latin1")}} for data in PNG], RGB,
         seen="kafka-avro-console-consumer"),
    Form("reported-buffer-prefix", "a Buffer of base64:",
         [{"img": {"type": "Buffer", "data": "base64:" + b64(data)}} for data in PNG], RGB, ["--field img.data"],
         seen="buffer-json"),
    Form("reported-heic", "HEIC",
         [{"image": data_url(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "data:image/heic;base64,")}
          for _ in FOUR], None, seen="photographs of phones"),
    Form("reported-pickle", "a pickle is never opened", [{"obs": b64(pickle.dumps(a))} for a in GRAY], None,
         ["--field obs", "--field obs --encoding raw --raw-shape 5,6"], seen="ray-project/ray"),
    Form("reported-npz", "an .npz file", [{"obs": b64(npz(img=a))} for a in GRAY], GRAY,
         ["--field obs", "--field obs --encoding npy"], seen="np.savez"),
    Form("reported-fiftyone", "masks in a dump of MongoDB",
         [{"_id": i, "detections": [{"mask": {"$binary": {"base64": b64(zlib.compress(npy(GRAY[i] > 128))),
                                                          "subType": "00"}},
                                     "bounding_box": [0.1, 0.2, 0.3, 0.4]}]} for i in FOUR], [a > 128 for a in GRAY],
         ["--field 'detections[*].mask.$binary.base64'", "--field 'detections[*].mask'"], seen="voxel51/fiftyone"),
]

QUANT = 10100.0, -1009.0


def distances(steps):
    """What image_transport makes of steps: 0 is where nothing was measured."""
    a, b = map(np.float32, QUANT)
    return np.where(steps == 0, np.float32(np.nan), a / (steps.astype(np.float32) - b))


ROS = "--field msg.data --encoding raw"
RAW = [
    Form("reported-compressed-depth", "12 bytes before the PNG",
         [{"topic": "/d", "msg": {"header": {"stamp": {"sec": i, "nanosec": 0}}, "format": "16UC1; compressedDepth png",
                                  "data": b64(struct.pack("<iff", 0, 10.0, 0.0) + encoded(DEEP[i]))}} for i in FOUR],
         DEEP, ["--field msg.data", "--field msg.data --encoding encoded"],
         seen="siemens/ros-sharp#352, ros-perception/vision_opencv#311"),
    Form("ros-depth-32FC1", "distances in steps of their inverse",
         [{"format": "32FC1; compressedDepth", "data": b64(struct.pack("<iff", 0, *QUANT) + encoded(a))} for a in DEEP],
         [distances(a) for a in DEEP]),
    Form("ros-depth-list", "the bytes as a list",
         [{"format": "16UC1; compressedDepth", "data": list(struct.pack("<iff", 0, 0, 0) + encoded(a))} for a in DEEP],
         DEEP),
    Form("ros-depth-rvl", "another compression",
         [{"format": "16UC1; compressedDepth rvl", "data": b64(struct.pack("<iffII", 0, 0, 0, 6, 5) + bytes(range(80)))}
          for _ in DEEP], None),
    Form("ros-depth-unsaid", "nothing says what the numbers are",
         [{"data": b64(struct.pack("<iff", 0, *QUANT) + encoded(a))} for a in DEEP], None,
         ["--encoding compressed-depth"]),
    Form("reported-ros-bgr8", "BGR", [ros_message(a[..., ::-1], "bgr8") for a in RGB], RGB,
         ["--field msg.data", "--field msg", f"{ROS} --raw-channels bgr"], seen="RobotWebTools/rosbridge_suite#380"),
    Form("reported-ros-mono16", "big-endian", [ros_message(a, "mono16", big=True) for a in DEEP], DEEP,
         ["--field msg.data",
          f"{ROS} --raw-dtype uint16 --raw-byteorder big --raw-shape @msg.height,@msg.width"],
         seen="foxglove/foxglove-sdk#153"),
    Form("reported-ros-step", "rows with padding", [ros_message(a, "mono8", step=9) for a in GRAY], GRAY,
         ["--field msg.data",
          f"{ROS} --raw-dtype uint8 --raw-shape @msg.height,@msg.width --raw-step @msg.step"],
         seen="foxglove/foxglove-sdk#273"),
    Form("reported-ros-bayer", "a mosaic stays the plane it is", [ros_message(a, "bayer_rggb8") for a in GRAY], GRAY,
         ["--field msg.data"], seen="foxglove/foxglove-sdk#273"),
    Form("reported-ros-32FC1", "floats", [ros_message(a, "32FC1") for a in FLOAT], FLOAT,
         ["--field msg.data", f"{ROS} --raw-dtype float32 --raw-shape @msg.height,@msg.width"],
         seen="foxglove/foxglove-sdk#153"),
    Form("reported-bgr8", "colour order beside the pixels",
         [{**SIZE, "channels": 3, "encoding": "bgr8", "data": b64(np.ascontiguousarray(a[..., ::-1]))} for a in RGB],
         RGB, seen="SeanSun6814/rosbag-utils#26, RobotWebTools/rosbridge_suite#380"),
    Form("reported-chw", "layout beside the pixels",
         [{**SIZE, "channels": 3, "layout": "CHW", "data": b64(a)} for a in PLANES], RGB),
    Form("reported-size-rgb", "width and height, three channels", [{"frame": b64(a), **SIZE} for a in RGB], RGB,
         ["--field frame", "--raw-shape 5,6,3"], seen="camera loops"),
    Form("reported-size-varying", "a size of its own in each record",
         [{"frame": b64(noise(1200 + i, 5 + i, 6, 3)), "width": 6, "height": 5 + i} for i in FOUR], None,
         [("--shape 5,6,3", [noise(1200, 5, 6, 3)]), "--raw-shape @height,@width,3"], seen="camera loops"),
]

NUMBERS = [
    Form("reported-text-blanks", "irregular blanks, one empty",
         [{"emotion": 0, "pixels": text} for text in (
             *(" ".join(map(str, a.ravel())).replace(" ", "  ", i) + "  " * i for i, a in enumerate(GRAY)), "")], GRAY,
         ["--shape 5,6 --dtype uint8"], seen="isseu/emotion-recognition-neural-networks#40, JostineHo/mememoji#5"),
    Form("reported-list-in-string", "a list as a string", [{"img": json.dumps(a.tolist())} for a in GRAY], GRAY,
         ["--field img", "--field img --encoding text --dtype uint8",
          "--field img --encoding text --dtype uint8 --shape 5,6", "--field img --encoding list --dtype uint8"],
         seen="aymgal/COOLEST#8"),
    Form("reported-array-repr", "str(array)", [{"img": str(a)} for a in GRAY], INTS,
         ["--field img --encoding text --dtype uint8 --shape 5,6"], seen="iirob/ros_opcua_communication#31"),
    Form("reported-canvas", "getImageData of a canvas",
         [{"frame": {**SIZE, "colorSpace": "srgb", "data": {str(k): int(v) for k, v in enumerate(a.ravel())}}}
          for a in RGBA], RGBA, ["--field frame", "--field frame.data --shape 5,6,4 --dtype uint8"],
         seen="thi-ng/umbrella#240"),
    Form("reported-nan", "NaN in a list", [json.dumps({"depth": a.tolist()}).encode() for a in NAN_FIRST], NAN_FIRST,
         ["--field depth --dtype float32", "--field depth --allow-nan"], seen="TensorFlow Serving"),
    Form("reported-null", "null in a list",
         [json.dumps({"depth": a.tolist()}).replace("NaN", "null").encode() for a in NAN_FIRST], NAN_FIRST,
         ["--field depth --dtype float32", "--field depth --allow-nan"], seen="RobotWebTools/rosbridge_suite"),
    Form("reported-size-list", "w and h beside a flat list",
         [{"w": 6, "h": 5, "rgb": a.ravel().tolist()} for a in RGB], RGB,
         ["--field rgb", "--field rgb --encoding list --shape 5,6,3 --dtype uint8"], seen="camera loops"),
    Form("reported-size-data", "width and height beside a flat list",
         [{**SIZE, "data": a.ravel().tolist()} for a in RGB], RGB,
         ["--field data", "--field data --shape 5,6,3 --dtype uint8",
          "--field data --encoding list --shape 5,6,3 --dtype uint8"], seen="camera loops"),
    Form("reported-size-data-gray", "the same, gray", [{**SIZE, "data": a.ravel().tolist()} for a in GRAY], GRAY,
         ["--field data --shape 5,6 --dtype uint8"], seen="camera loops"),
    Form("reported-number-strings", "numbers as strings", [{"px": [str(v) for v in a.ravel()]} for a in GRAY], GRAY,
         ["--field px", "--field px --encoding list --dtype uint8 --shape 5,6"], seen="BigQuery, ClickHouse"),
]

FORMS = [*TEXTS, *BYTES, *RAW, *NUMBERS]
