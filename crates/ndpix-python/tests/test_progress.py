"""What is said on the way: a bar where it is wanted, notes to `logging`."""

import logging
import sys

import pytest
from conftest import lines, pictures, record

import ndpix
from ndpix import _progress


def test_notes_are_logged(source, caplog):
    caplog.set_level(logging.INFO, "ndpix")
    ndpix.load(source)
    assert caplog.messages[0] == "field image, encoding encoded, images (8, 6, 3) uint8"


def test_nothing_is_printed_unasked(source, capfd):
    ndpix.load(source)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("tqdm", [True, False])
def test_a_bar_where_it_is_asked_for(source, capfd, monkeypatch, tqdm):
    if not tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    slow = (b for b in lines(map(record, pictures(30))).splitlines())
    ndpix.load(slow, progress=True)
    ndpix.load(source, progress=True)
    said = capfd.readouterr()
    assert said.out == "" and said.err.count("\n") <= (2 if tqdm else 0)


def test_ticks():
    for total in (None, 10 << 20):
        for make in (_progress._own, _progress._bar, _progress._log):
            tick = make(total)
            for read in (0, 5 << 20, 10 << 20):
                tick(read)
            tick(None)


def test_a_line_a_minute_in_the_log(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "ndpix")
    clock = iter([0.0, 30.0, 61.0, 62.0, 125.0, 126.0])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    tick = _progress._log(100 << 20)
    for read in (1 << 20, 20 << 20, 30 << 20, 40 << 20, None):
        tick(read)
    assert caplog.messages == ["1 min, 20 of 100 MiB read", "2 min, 40 of 100 MiB read"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_bar_that_fails_ends_the_run(monkeypatch):
    def broken(total):
        def tick(read):
            raise RuntimeError("no room for a bar")

        return tick

    monkeypatch.setattr(_progress, "_bar", broken)
    endless = iter(lambda: b'{"image": "UDUgMiAyIDI1NQphYmNk"}', None)
    with pytest.raises(RuntimeError):
        ndpix.load(endless, progress=True)
