"""Shows what `make demo` made: the rejects, the array, and a contact sheet of it."""
import json
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image

demo = Path(sys.argv[1])

print(f"rejects ({demo}/images.npy.rejects.ndjson):")
for line in (demo / "images.npy.rejects.ndjson").read_text().splitlines():
    reject = json.loads(line)
    print(f"  line {reject['line']:>2}  {reject['kind']:<8}  {reject['message']}")

images = np.load(demo / "images.npy", mmap_mode="r")
print(f"\n>>> images = np.load('{demo}/images.npy', mmap_mode='r')")
print(f">>> images.shape, images.dtype\n({images.shape}, {images.dtype})")

n, h, w = images.shape[:3]
columns = math.ceil(math.sqrt(n))
sheet = Image.new("RGB", (columns * w, math.ceil(n / columns) * h))
for i, image in enumerate(images):
    sheet.paste(Image.fromarray(np.ascontiguousarray(image)), (i % columns * w, i // columns * h))
sheet.save(demo / "images.png")
print(f"\ncontact sheet: {demo}/images.png")
