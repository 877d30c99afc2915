"""Images that the records name: paths and addresses."""
from .form import Form
from .pixels import DEEP, FOUR, HEIGHT, PNG, PNG_FILES, RGB, WIDTH, npy

NAMES = [f"im{i}.png" for i in FOUR]
PICTURES = {f"pics/{name}": data for name, data in PNG_FILES.items()}
CLASSES = {"type": "dataset", "task": "detect", "name": "x", "class_names": {"0": "person"}}

BESIDE = [
    Form("path-hf", "file_name of a metadata.jsonl", [{"file_name": name, "text": "x"} for name in NAMES], RGB,
         files=PNG_FILES),
    Form("path-llava", "records of text alone between",
         [*({"id": "a", "image": name, "conversations": [{"from": "human", "value": "<image>\nwhat"}]}
            for name in NAMES), {"id": "t", "conversations": []}], RGB, files=PNG_FILES),
    Form("path-sharegpt", "a list of paths",
         [{"messages": [{"role": "user", "content": "<image><image>"}], "images": NAMES[i : i + 2]} for i in (0, 2)],
         RGB, ["--field images[*]"], files=PNG_FILES),
    Form("path-paligemma", "prefix and suffix",
         [{"image": name, "prefix": "detect void", "suffix": "<loc0055>"} for name in NAMES], RGB, files=PNG_FILES),
    Form("path-no-extension", "a name without extension", [{"image": f"im{i}"} for i in FOUR], RGB,
         ["--encoding path --field image"], files={f"im{i}": PNG[i] for i in FOUR}),
    Form("path-npy", "an .npy file", [{"image": f"im{i}.npy"} for i in FOUR], DEEP,
         ["--encoding path --field image", "--encoding path+npy --field image"],
         files={f"im{i}.npy": npy(DEEP[i]) for i in FOUR}),
    Form("path-ultralytics", "Ultralytics: a head, then images that are also on the web",
         [CLASSES, *({"type": "image", "file": name, "url": f"https://x/{name}", "width": WIDTH, "height": HEIGHT,
                      "split": "train", "annotations": {"boxes": [[0, 0.5, 0.5, 0.2, 0.3]]}} for name in NAMES)], RGB,
         ["--field file"], files=PNG_FILES),
    Form("path-yolo", "boxes of numbers beside it",
         [{"file": name, "annotations": {"boxes": [[0, 0.5, 0.5, 0.2, 0.3]]}} for name in NAMES], RGB, files=PNG_FILES),
]

ELSEWHERE = [
    Form("path-absolute", "in the folder of the input", [{"image": f"{{dir}}/{name}"} for name in NAMES], RGB,
         ["--base-dir /", "--allow-dir {dir}"], files=PNG_FILES),
    Form("path-parent", "beside the folder of the input", [{"image": f"../pics/{name}"} for name in NAMES], RGB,
         ["--base-dir {dir}/data", "--base-dir /", "--allow-dir {dir}"], files=PICTURES, input="data/in.ndjson"),
    Form("path-file-url", "file:// in the folder of the input", [{"image": f"file://{{dir}}/{name}"} for name in NAMES],
         RGB, ["--base-dir /", "--allow-dir {dir}"], files=PNG_FILES),
    Form("path-url", "on the web", [{"image": f"https://example.com/{i}.png"} for i in FOUR], None),
    Form("path-gs", "Google's storage", [{"imageGcsUri": f"gs://bucket/{i}.jpeg"} for i in FOUR], None),
    Form("path-s3", "a manifest of SageMaker", [{"source-ref": f"s3://b/{i}.jpg", "class": 1} for i in FOUR], None),
]

REPORTED = [
    Form("path-label-studio", "the prefix of a server",
         [{"id": i, "data": {"image": f"/data/local-files/?d=pics/im{i}.png"}} for i in FOUR], RGB,
         ["--base-dir {dir}", "--field data.image --base-dir {dir}", "--path-prefix /data/local-files/?d=="],
         files=PICTURES, seen="HumanSignal/label-studio#7001, #4903, #878"),
    Form("path-llama-factory", "a list of paths, through ..", [{"images": [f"../pics/{name}"]} for name in NAMES], RGB,
         ["--base-dir {dir}", "--base-dir /", "--allow-dir {dir}"], files=PICTURES, input="data/in.ndjson",
         seen="hiyouga/LlamaFactory#3700"),
    Form("path-windows", "backslashes", [{"image": f"pics\\{name}"} for name in NAMES], RGB,
         ["--field image", "--field image --encoding path"], files=PICTURES, seen="HumanSignal/label-studio#5013"),
    Form("path-qwen", "file:// in a folder of the folder", [{"image": f"file://{{dir}}/pics/{name}"} for name in NAMES],
         RGB, ["--field image --base-dir /", "--field image --allow-dir {dir}/pics"], files=PICTURES,
         seen="the data files of Qwen-VL"),
    Form("path-absolute-elsewhere", "outside of the folder of the input",
         [{"image": f"{{dir}}/pics/{name}"} for name in NAMES], RGB,
         ["--base-dir /", "--base-dir {dir}/pics", "--allow-dir {dir}/pics"], files=PICTURES, input="data/in.ndjson",
         seen="hiyouga/LlamaFactory#3700"),
]

FORMS = [*BESIDE, *ELSEWHERE, *REPORTED]
