"""Several arrays of the same records: what Pillow makes of image and mask, whichever door or output holds them."""

import base64
import io
import json
import random

import numpy as np
import pytest
from PIL import Image, ImageOps

import ndpix


def encoded(image, **how):
    buffer = io.BytesIO()
    image.save(buffer, **how)
    return base64.b64encode(buffer.getvalue()).decode()


def photo(rng, width, height):
    pixels = np.frombuffer(rng.randbytes(6 * 5 * 3), np.uint8).reshape(6, 5, 3)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def classes(rng, width, height):
    mask = Image.fromarray(np.frombuffer(rng.randbytes(7 * 4), np.uint8).reshape(7, 4) % 21, "P")
    mask.putpalette(rng.randbytes(768))
    return mask.resize((width, height), Image.Resampling.NEAREST)


@pytest.fixture(scope="module")
def pairs():
    """1,000 photographs with palette masks of their sizes, and what Pillow makes of both at 224 x 224, cropped."""
    rng = random.Random(20261130)
    records, images, masks = [], [], []
    for number in range(1000):
        width, height = rng.randrange(20, 90), rng.randrange(20, 90)
        image, mask = photo(rng, width, height), classes(rng, width, height)
        kind = rng.choice([{"format": "PNG"}, {"format": "JPEG", "quality": 90}])
        text = encoded(image, **kind)
        stored = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
        images.append(np.asarray(ImageOps.fit(stored, (224, 224), Image.Resampling.BICUBIC)))
        masks.append(np.asarray(ImageOps.fit(mask, (224, 224), Image.Resampling.NEAREST)))
        records.append({"image": text, "labels": {"mask": encoded(mask, format="PNG")}, "id": number})
    return records, np.stack(images), np.stack(masks)


ARRAYS = {"mask": {"field": "labels.mask", "mode": "P", "resample": "nearest"}}
SIZED = {"field": "image", "mode": "RGB", "size": 224, "fit": "crop", "resample": "bicubic", "arrays": ARRAYS}


def test_masks_beside_images_are_pillows(pairs):
    records, images, masks = pairs
    rows = ndpix.load(records, **SIZED)
    assert list(rows) == ["images", "mask"]
    assert np.array_equal(rows["images"], images)
    assert np.array_equal(rows["mask"], masks)


def test_a_rejected_mask_removes_the_pair(pairs):
    records, images, masks = pairs
    broken = [dict(record) for record in records[:50]]
    broken[7] = {**broken[7], "labels": {"mask": broken[7]["labels"]["mask"][:40]}}
    broken[9] = {**broken[9], "labels": {}}
    broken[11] = {**broken[11], "image": "AAAA"}
    kept = [n for n in range(50) if n not in (7, 9, 11)]
    with pytest.warns(ndpix.RejectedWarning, match="3 rejected"):
        rows, columns = ndpix.load(broken, columns=["id"], **SIZED)
    assert columns["id"].tolist() == kept
    assert np.array_equal(rows["images"], images[kept])
    assert np.array_equal(rows["mask"], masks[kept])


def test_every_door_and_output(pairs, tmp_path):
    records, images, masks = pairs
    records, images, masks = records[:40], images[:40], masks[:40]
    at = 0
    for batch in ndpix.batches(records, batch_size=7, **SIZED):
        assert batch.arrays["images"] is batch.images
        assert np.array_equal(batch.images, images[at : at + len(batch)])
        assert np.array_equal(batch.arrays["mask"], masks[at : at + len(batch)])
        at += len(batch)
    assert at == 40
    source = tmp_path / "pairs.ndjson"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    ds = ndpix.open(source, columns=["id"], **SIZED)
    assert np.array_equal(ds[5]["mask"], masks[5]) and ds[5]["id"] == 5
    many = ds[[3, 1]]
    assert np.array_equal(many["images"], images[[3, 1]]) and np.array_equal(many["mask"], masks[[3, 1]])
    assert "<ndpix.Dataset of 40" in repr(ds) and "img" in ds._repr_html_()

    def of(name):
        out = tmp_path / name
        ndpix.convert(source, out, **SIZED)
        return out

    assert np.array_equal(np.load(of("a.npy")), images)
    assert np.array_equal(np.load(tmp_path / "a.npy.mask.npy"), masks)
    with np.load(of("a.npz")) as archive:
        assert np.array_equal(archive["images"], images) and np.array_equal(archive["mask"], masks)
    h5py = pytest.importorskip("h5py")
    with h5py.File(of("a.h5")) as file:
        assert np.array_equal(file["images"][:], images) and np.array_equal(file["mask"][:], masks)
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(of("a.zarr"), mode="r")
    assert np.array_equal(group["images"][:], images) and np.array_equal(group["mask"][:], masks)
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors = safetensors.load_file(of("a.safetensors"))
    assert np.array_equal(tensors["images"], images) and np.array_equal(tensors["mask"], masks)
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(of("a.parquet"))
    found = table["mask"].combine_chunks()
    found = found.chunk(0) if hasattr(found, "chunk") else found
    assert np.array_equal(found.to_numpy_ndarray(), masks)


def test_orientation_comes_from_the_image():
    rng = random.Random(3)
    image, mask = photo(rng, 30, 20), classes(rng, 30, 20)
    exif = Image.Exif()
    exif[0x0112] = 6
    record = {"image": encoded(image, format="PNG", exif=exif), "mask": encoded(mask, format="PNG")}
    rows = ndpix.load([record], field="image", exif_transpose=True, arrays={"mask": {"mode": "P"}})
    turned = mask.transpose(Image.Transpose.ROTATE_270)
    assert np.array_equal(rows["mask"][0], np.asarray(turned))
    upright = {**record, "mask": encoded(turned, format="PNG")}
    rows = ndpix.load([upright], field="image", exif_transpose=True, arrays={"mask": {"mode": "P"}})
    assert np.array_equal(rows["mask"][0], np.asarray(turned))


def test_gray_masks_need_a_filter_and_no_mode():
    rng = random.Random(5)
    mask = Image.fromarray(np.frombuffer(rng.randbytes(600), np.uint8).reshape(20, 30) % 4)
    record = {"image": encoded(photo(rng, 30, 20), format="PNG"), "mask": encoded(mask, format="PNG")}
    assert np.array_equal(ndpix.load([record], field="image", arrays=["mask"])["mask"][0], np.asarray(mask))
    with pytest.raises(ndpix.Error, match="holds images of one channel"):
        ndpix.load([record], field="image", arrays=["mask"], size=8, fit="crop")
    rows = ndpix.load([record], field="image", arrays=["mask,resample=nearest"], size=8, fit="crop")
    assert np.array_equal(rows["mask"][0], np.asarray(ImageOps.fit(mask, (8, 8), Image.Resampling.NEAREST)))


def test_coco_annotations_beside_their_image():
    rng = random.Random(4)
    squares = [[[2, 2, 12, 2, 12, 12, 2, 12]], [[8, 8, 18, 8, 18, 18, 8, 18]]]
    records = []
    for count in (2, 0):
        notes = [{"segmentation": s, "category_id": 3 + n, "iscrowd": 0} for n, s in enumerate(squares[:count])]
        records.append({"image": encoded(photo(rng, 20, 20), format="PNG"), "annotations": notes})
    rows = ndpix.load(records, field="image", arrays=["mask=annotations[*].segmentation,merge=class"])
    mask = np.zeros((2, 20, 20), np.uint8)
    mask[0, 2:12, 2:12] = 3
    mask[0, 8:18, 8:18] = 4
    assert np.array_equal(rows["mask"], mask)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"arrays": ["mask=labels.mask"]}, "mode=P or mask=labels.mask,mode=RGB"),
        ({"arrays": ["mask=labels.mask,mode=P"], "size": 8, "fit": "crop"}, "resample nearest"),
        ({"arrays": {"images": "labels.mask"}}, "something else"),
        ({"arrays": ["mask=labels.masks,mode=P"]}, "array mask"),
        ({"arrays": ["mask=labels.mask,colour=P"]}, "not an option of one array"),
        ({"arrays": {"id": {"field": "labels.mask", "mode": "P"}}, "columns": ["id"]}, "an array and a column"),
    ],
)
def test_what_is_refused(pairs, more, said):
    with pytest.raises(ndpix.Error, match=said):
        ndpix.load(pairs[0][:3], field="image", ragged=None, shape=None, **{"size": 8, "fit": "crop", **more})
