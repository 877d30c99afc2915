"""`ndpix.plan`: a conversion in parts is the conversion."""

import concurrent.futures
import multiprocessing
import pickle
import random

import numpy as np
import pytest
from conftest import SAMPLE, lines, none_left, pictures, record

import ndpix


@pytest.fixture
def inputs(tmp_path):
    """Two files with records of every sort."""
    images = pictures(80)
    good = [record(image, label=i) for i, image in enumerate(images)]
    bad = [{"image": "%"}, b"{", {"image": None}, b"", b"\x1f\x8b\x08 no stream"]
    (tmp_path / "a.ndjson").write_bytes(lines([*good[:65], *bad, *good[65:]]))
    (tmp_path / "b.ndjson").write_bytes(lines(good[:9]))
    return [tmp_path / "a.ndjson", tmp_path / "b.ndjson"]


def files(folder, name):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file() and p.name.startswith(name)}


def same(tmp_path, summary, whole):
    """Whether the output `out.npy` is that of `whole/out.npy`, with everything beside it."""
    assert files(tmp_path, "out.npy") == files(tmp_path / "whole", "out.npy")
    counts = ("records", "rows", "rejects", "blank_lines", "first_rejects", "inputs", "bytes_read", "bytes_written")
    assert [getattr(summary, n) for n in counts] == [getattr(whole, n) for n in counts]
    assert not (tmp_path / "out.npy.parts").exists()


@pytest.fixture
def whole(tmp_path, inputs):
    (tmp_path / "whole").mkdir()
    return ndpix.convert(inputs, tmp_path / "whole" / "out.npy", columns=["label"], threads=1)


def test_parts_come_to_the_same_bytes(tmp_path, inputs, whole):
    plan = ndpix.plan(inputs, tmp_path / "out.npy", part_bytes=2000, columns=["label"])
    assert plan.parts > 5 and len(plan.id) == 16 and plan.out == str(tmp_path / "out.npy")
    plan = pickle.loads(pickle.dumps(plan))
    order = [*range(plan.parts), 3, 1]
    random.Random(5).shuffle(order)
    facts = {part: plan.run(part) for part in order}
    assert facts[3] == plan.run(3) and facts[3]["part"] == 3 and facts[3]["plan"] == plan.id
    assert sum(f["records"] for f in facts.values()) == whole.records
    same(tmp_path, plan.commit(list(facts.values())), whole)
    assert none_left()


def carry_out(text, part, work):
    """What a task of an engine does: it has the plan as text."""
    return ndpix.Plan.from_json(text).run(part, work)


def test_parts_of_several_processes(tmp_path, inputs, whole):
    plan = ndpix.plan(inputs, tmp_path / "out.npy", parts=6, columns=["label"])
    work = tmp_path / "work"
    with concurrent.futures.ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        tasks = [pool.submit(carry_out, plan.to_json(), part, work) for part in range(plan.parts)]
        facts = [task.result() for task in concurrent.futures.as_completed(tasks)]
    same(tmp_path, plan.commit(facts, work, summary=tmp_path / "summary.json"), whole)
    assert (tmp_path / "summary.json").exists() and not work.exists()


@pytest.mark.filterwarnings("ignore::ndpix.RejectedWarning")
def test_batches_of_a_part(tmp_path, inputs, whole):
    plan = ndpix.plan(inputs, tmp_path / "out.npy", part_bytes="3K", columns=["label"])
    found = []
    for part in range(plan.parts):
        found.extend(batch.images for batch in ndpix.batches(plan.part(part), 7))
    assert np.array_equal(np.concatenate(found), np.load(tmp_path / "whole" / "out.npy"))
    with pytest.raises(ndpix.Error, match="leave out dtype"):
        ndpix.batches(plan.part(0), dtype="float32")


def test_a_plan_that_is_only_read(tmp_path, inputs, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there = sorted(tmp_path.iterdir())
    plan = pickle.loads(pickle.dumps(ndpix.plan(inputs, part_bytes="3K", columns=["label"], on_error="raise")))
    assert plan.out is None and plan.images == ((8, 6, 3), np.dtype("uint8")) and plan.columns == {"label": "int"}
    images = [batch.images for batch in ndpix.batches(plan.part(0))]
    assert np.array_equal(np.concatenate(images), pictures(80)[: sum(map(len, images))])
    for refused in plan.save, plan.sweep, plan.commit, lambda: plan.run(0):
        with pytest.raises(ndpix.Error, match="has no output") as caught:
            refused()
        assert caught.value.kind == "options"
    for options in {"max_rejects": 3}, {"rejects": "r.ndjson"}, {"limit": 3}, {"ragged": "flat"}, {"shard_rows": 2}:
        with pytest.raises(ndpix.Error, match=f"^{next(iter(options))} is ") as caught:
            ndpix.plan(inputs, **options)
        assert caught.value.kind == "options"
    assert ndpix.plan(inputs, max_rejects="none", rejects="none").parts == 1
    assert sorted(tmp_path.iterdir()) == there


def test_rejects_of_a_part_say_which(inputs):
    plan = ndpix.plan(inputs, part_bytes="3K")
    parts = range(plan.parts)
    with pytest.warns(ndpix.RejectedWarning, match=r"^part \d: \d rejected") as caught:
        rows = sum(len(batch) for part in parts for batch in ndpix.batches(plan.part(part)))
    assert sum(warning.message.rejected for warning in caught) == 3 and rows == 89
    strict = ndpix.plan(inputs, part_bytes="3K", on_error="raise")
    with pytest.raises(ndpix.Error, match=r"^part \d: .*a.ndjson:\d+: ") as caught:
        [batch for part in parts for batch in ndpix.batches(strict.part(part))]
    assert caught.value.kind == "encoding" and caught.value.byte > 3000


def test_images_of_several_shapes_have_none(tmp_path, inputs):
    with pytest.raises(ndpix.Error, match="no shape in common"):
        _ = ndpix.plan(inputs, tmp_path / "out.npz", ragged="flat").images


def test_what_does_not_fit_together(tmp_path, inputs):
    plan = ndpix.plan(inputs, tmp_path / "out.npy", parts=3)
    facts = plan.run(1)
    with pytest.raises(OSError, match="parts 0, 2 are missing"):
        plan.commit()
    with pytest.raises(ndpix.Error, match="there is no part 7") as caught:
        plan.run(7)
    assert caught.value.kind == "options"
    other = ndpix.plan(inputs, tmp_path / "out.npy", parts=3, dtype="uint16", scale="full")
    assert other != plan and other.id != plan.id
    with pytest.raises(ndpix.Error, match="of the plan") as caught:
        other.commit([facts])
    assert caught.value.kind == "plan"
    inputs[0].write_bytes(inputs[0].read_bytes() + b"\n")
    with pytest.raises(ndpix.Error, match="make the plan again") as caught:
        plan.run(0)
    assert caught.value.kind == "plan"
    plan.sweep()
    assert not (tmp_path / "out.npy.parts").exists() and not (tmp_path / "out.npy").exists()
    with pytest.raises(ndpix.Error, match="not the text of a plan"):
        ndpix.Plan.from_json("{}")
    with pytest.raises(ndpix.Error, match="can be read only once"):
        ndpix.plan(b"{}\n", tmp_path / "out.npy", field="image", shape=(1, 1), dtype="uint8")


def test_a_plan_is_saved_for_the_command(tmp_path):
    plan = ndpix.plan(SAMPLE, tmp_path / "out.npy", field="image", parts=4)
    assert plan.save() == str(tmp_path / "out.npy.plan.json")
    assert ndpix.Plan.from_json((tmp_path / "out.npy.plan.json").read_text()) == plan
    assert plan.id in repr(plan)
