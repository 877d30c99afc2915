"""Requests of model servers, and messages of robots."""
import numpy as np

from .form import Form
from .pixels import BGR, DEEP, FLOAT, FOUR, GRAY, HEIGHT, INTS, PNG, RGB, WIDTH, b64, noise


def tensor(array, datatype, **more):
    """An input or output tensor of KServe's protocol version 2."""
    return {"name": "x", "shape": list(array.shape), "datatype": datatype, "data": array.ravel().tolist(), **more}


SERVERS = [
    Form("kserve", "a batch of one", [{"id": str(i), "inputs": [tensor(GRAY[i][None], "UINT8")]} for i in FOUR],
         [a[None] for a in GRAY], ["--field inputs[0]", "--field inputs[*]"]),
    Form("kserve-outputs", "nested numbers, FP32",
         [{"model_name": "m", "outputs": [tensor(a[None], "FP32", name="y", data=a[None].tolist())]} for a in FLOAT],
         [a[None] for a in FLOAT], ["--field outputs[0]"]),
    Form("kserve-batch", "a batch of two, delivered as it says",
         [{"inputs": [tensor(np.stack(GRAY[i : i + 2]), "UINT8")]} for i in (0, 2)],
         [np.stack(GRAY[i : i + 2]) for i in (0, 2)], ["--field inputs[0]"]),
    Form("kserve-png", "BYTES of a PNG",
         [{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [b64(data)]}]} for data in PNG], RGB,
         ["--field inputs[0].data[0]", "--field inputs[0]", "--field inputs[*]", "--field inputs[*].data[*]"]),
    Form("kserve-binary", "the data stands after the JSON",
         [{"inputs": [{"name": "x", "shape": [1, HEIGHT, WIDTH], "datatype": "UINT8",
                       "parameters": {"binary_data_size": 30}}]} for _ in FOUR], None),
    Form("tf-serving-lists", "instances of nested lists", [{"instances": [a.tolist()]} for a in GRAY], GRAY,
         ["--field instances[*] --dtype uint8"]),
    Form("tf-serving-b64", "instances of b64", [{"instances": [{"image": {"b64": b64(data)}}]} for data in PNG], RGB,
         ["--field instances[*].image.b64", "--field instances[*].image"]),
    Form("tf-serving-rows", "instances is the image", [{"instances": a.tolist()} for a in GRAY], INTS,
         ["--field instances"]),
    Form("vertex-list", "the line is the list", [a.tolist() for a in GRAY], GRAY, ["--field . --dtype uint8"]),
    Form("vertex-values", "values and key", [{"values": GRAY[i].tolist(), "key": i} for i in FOUR], GRAY,
         ["--dtype uint8", "--field values --dtype uint8"]),
    Form("vertex-b64", "the record is b64", [{"b64": b64(data)} for data in PNG], RGB, ["--field b64"]),
    Form("predictions", "two images in a list",
         [{"predictions": [FLOAT[i].tolist(), FLOAT[i + 1].tolist()]} for i in (0, 2)], FLOAT,
         ["--field predictions[*] --dtype float32"]),
    Form("tf-example", "tf.train.Example as JSON",
         [{"features": {"feature": {"image/encoded": {"bytesList": {"value": [b64(data)]}},
                                    "image/height": {"int64List": {"value": ["5"]}}}}} for data in PNG], RGB,
         ["--field /features/feature/image~1encoded/bytesList/value/0",
          "--field 'features.feature.\"image/encoded\".bytesList.value[0]'"]),
    Form("tf-tensor-proto", "TensorProto as JSON",
         [{"t": {"dtype": "DT_UINT8", "tensorShape": {"dim": [{"size": "5"}, {"size": "6"}]},
                 "tensorContent": b64(a)}} for a in GRAY], GRAY,
         ["--field t.tensorContent --raw-shape @t.tensorShape.dim[0].size,@t.tensorShape.dim[1].size "
          "--raw-dtype @t.dtype"]),
    Form("onnx-tensor-proto", "TensorProto of ONNX as JSON",
         [{"t": {"dims": ["5", "6"], "dataType": 2, "rawData": b64(a)}} for a in GRAY], GRAY,
         ["--field t.rawData --raw-shape @t.dims"]),
]


def ros_image(array, encoding, step=None, big=False):
    """sensor_msgs/Image with rows that are `step` bytes apart."""
    rows = array.reshape(array.shape[0], -1)
    rows = rows.astype(rows.dtype.newbyteorder(">" if big else "<"))
    step = step or rows.shape[1] * rows.itemsize
    data = b"".join(row.tobytes().ljust(step, b"\xee") for row in rows)
    return {"height": array.shape[0], "width": array.shape[1], "encoding": encoding, "is_bigendian": int(big),
            "step": step, "data": b64(data)}


def ros_message(*image, **more):
    """The same as a line of a recorded topic."""
    header = {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": "c"}
    return {"topic": "/cam", "msg": {"header": header, **ros_image(*image, **more)}}


def foxglove(array, encoding):
    """foxglove.RawImage."""
    return {"timestamp": {"sec": 1, "nsec": 2}, "frame_id": "c", "width": array.shape[1], "height": array.shape[0],
            "encoding": encoding, "step": array.nbytes // array.shape[0], "data": b64(array)}


SIZE = "--raw-shape @msg.height,@msg.width"
ROBOTS = [
    Form("ros-mono8", "gray", [ros_message(a, "mono8") for a in GRAY], GRAY,
         [f"{SIZE} --raw-step @msg.step", "--field msg.data", "--field msg"]),
    Form("ros-mono8-padded", "rows with padding", [ros_message(a, "mono8", step=8) for a in GRAY], GRAY,
         [f"{SIZE} --raw-step @msg.step"]),
    Form("ros-bgr8", "BGR", [ros_message(a, "bgr8") for a in BGR], RGB,
         ["--raw-shape @msg.height,@msg.width,3 --raw-channels bgr", "--field msg.data"]),
    Form("ros-rgb8-padded", "rows with padding", [ros_message(a, "rgb8", step=20) for a in RGB], RGB,
         ["--raw-shape @msg.height,@msg.width,3 --raw-step @msg.step"]),
    Form("ros-16UC1-big", "big-endian", [ros_message(a, "16UC1", big=True) for a in DEEP], DEEP,
         [f"{SIZE} --raw-dtype uint16 --raw-byteorder big"]),
    Form("ros-32FC1", "floats", [ros_message(a, "32FC1") for a in FLOAT], FLOAT,
         [f"{SIZE} --raw-dtype float32", f"{SIZE} --raw-dtype @msg.encoding"]),
    Form("ros-bayer", "a mosaic stays the plane it is", [ros_message(a, "bayer_rggb8") for a in GRAY], GRAY, [SIZE]),
    Form("ros-list", "numbers, as rosbridge takes them",
         [{**ros_image(a, "mono8"), "data": a.ravel().tolist()} for a in GRAY], GRAY,
         ["--field data --raw-shape @height,@width --dtype uint8"]),
    Form("ros-bgr8-top", "BGR; the message is the record", [ros_image(a, "bgr8") for a in BGR], RGB,
         ["--raw-channels bgr"]),
    Form("ros-yuv422", "colours in half of the columns",
         [ros_image(noise(800 + i, HEIGHT, WIDTH, 2), "yuv422") for i in FOUR], None),
    Form("foxglove-rgb8", "colour", [foxglove(a, "rgb8") for a in RGB], RGB, ["--raw-shape @height,@width,3"]),
    Form("foxglove-16UC1", "16 bits", [foxglove(a, "16UC1") for a in DEEP], DEEP,
         ["--raw-shape @height,@width --raw-dtype uint16"]),
]

FORMS = [*SERVERS, *ROBOTS]
