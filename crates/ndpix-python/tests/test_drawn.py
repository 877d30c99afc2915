"""Masks and strokes in Python, and which records are read. tests/drawn compares many more with the libraries that draw them."""

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

import ndpix


def test_polygons_are_those_of_pillow():
    r = random.Random(7)
    for _ in range(400):
        h, w = r.randint(1, 50), r.randint(1, 50)
        points = [[r.uniform(-9, w + 9), r.uniform(-9, h + 9)] for _ in range(r.randint(3, 12))]
        want = Image.new("L", (w, h))
        ImageDraw.Draw(want).polygon([tuple(p) for p in points], outline=1, fill=1)
        mask = ndpix.decode(points, encoding="polygon", raw_shape=(h, w))
        assert np.array_equal(mask, np.asarray(want)), points


def test_masks_stand_beside_their_columns():
    mask = {"size": [3, 4], "counts": "41121N"}
    records = [{"id": n, "masks": [{"label": w, "segmentation": mask} for w in words]} for n, words in enumerate(["ab", "c"])]
    images, columns = ndpix.load(records, field="masks[*].segmentation", columns=["id"])
    assert images.shape == (3, 3, 4) and images.sum() == 15
    assert columns["id"].tolist() == [0, 0, 1]
    assert np.array_equal(ndpix.decode(mask), images[0])


def test_strokes_are_drawn_as_large_as_is_asked():
    record = {"word": "dot", "key_id": "1", "drawing": [[[10], [10]]]}
    assert ndpix.load([record]).sum() == 416
    assert ndpix.load([record], size=56).shape == (1, 56, 56)
    with pytest.raises(ndpix.Error, match="square"):
        ndpix.load([record], size=(28, 56))


def test_where_takes_words_and_lists():
    records = [{"split": s, "n": n, "image": [[n]]} for n, s in enumerate(["train", "test", "train"])]
    assert ndpix.load(records, field="image", where="split=train").ravel().tolist() == [0, 2]
    assert ndpix.load(records, field="image", where=["split=train", "n>0"]).ravel().tolist() == [2]
    with pytest.raises(ndpix.Error, match="did you mean split"):
        ndpix.load(records, field="image", where="splitt=train")
    assert [len(b.images) for b in ndpix.batches(records, field="image", where="n<2")] == [2]


def test_layers_are_taken_off():
    for value in ("[[1, 2], [3, 4]]", "[[1 2]\n [3 4]]", [["1", "2"], ["3", "4"]]):
        assert ndpix.decode(value).tolist() == [[1, 2], [3, 4]], value
