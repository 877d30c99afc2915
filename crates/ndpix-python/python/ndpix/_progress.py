"""How far a run is: a bar where somebody looks, a line in the log a minute otherwise."""

from __future__ import annotations

import importlib
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("ndpix")
"""Gets what the command would print: notes of the plan, and how far a long run is."""

Tick = Callable[["int | None"], None]
"""Called with the bytes read so far, and with `None` at the end."""


class Hooks:
    """Where the messages of a run go."""

    def __init__(self, progress: bool | None) -> None:
        self.note = logger.info
        self.progress = _bar if watched(progress) else _log


def watched(progress: bool | None) -> bool:
    """Whether a bar is shown: where it is not said, that is where somebody looks."""
    if progress is not None:
        return progress
    return _notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _bar(total: int | None) -> Tick:
    tqdm = _tqdm()
    if tqdm is None:
        return _shown(total) if _notebook() else _own(total)
    bar = tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, desc="ndpix", leave=False)

    def tick(read: int | None) -> None:
        if read is None:
            bar.close()
        else:
            bar.update(read - bar.n)

    return tick


def _tqdm() -> Any:
    """The bar of tqdm for where this runs; `None` where there is none, or none that a notebook can draw."""
    try:
        if not _notebook():
            return importlib.import_module("tqdm").tqdm
        module = importlib.import_module("tqdm.notebook")
    except ImportError:
        return None
    # Without ipywidgets its bar would raise, and that of the terminal fill the notebook with red lines.
    return None if module.IProgress is None else module.tqdm


def _shown(total: int | None) -> Tick:
    """One line of a notebook's output, written over; the end leaves it empty."""
    display = importlib.import_module("IPython.display").display
    handle = display({"text/plain": "ndpix"}, raw=True, display_id=True)
    of = f" of {total >> 20}" if total else ""

    def tick(read: int | None) -> None:
        handle.update({"text/plain": "" if read is None else f"ndpix {read >> 20}{of} MiB"}, raw=True)

    return tick


def _own(total: int | None) -> Tick:
    width = 30

    def tick(read: int | None) -> None:
        if read is None:
            text = ""
        elif total:
            full = min(read * width // total, width)
            text = f"ndpix [{'#' * full}{'.' * (width - full)}] {read >> 20} of {total >> 20} MiB"
        else:
            text = f"ndpix {read >> 20} MiB"
        # Overwrites the line; the end leaves it empty.
        sys.stderr.write(f"\r{text:<72}" + ("\r" if read is None else ""))
        sys.stderr.flush()

    return tick


def _log(total: int | None) -> Tick:
    begun = time.monotonic()
    logged = 0

    def tick(read: int | None) -> None:
        nonlocal logged
        minutes = int(time.monotonic() - begun) // 60
        if read is not None and minutes > logged:
            logged = minutes
            of = f" of {total >> 20}" if total else ""
            logger.info("%d min, %d%s MiB read", minutes, read >> 20, of)

    return tick
