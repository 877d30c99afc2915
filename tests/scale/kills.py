"""What the tests put into the workers of an engine: a worker in which `kills.arm` has put a marker kills itself with
SIGKILL, once, while it is in the middle of a part, of a commit, or of a read."""
import atexit
import os
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

if "NDPIX_KILLS" not in os.environ:
    # Workers inherit it from the tests.
    os.environ["NDPIX_KILLS"] = tempfile.mkdtemp(prefix="ndpix-kills-")
    atexit.register(shutil.rmtree, os.environ["NDPIX_KILLS"])
PLACE = Path(os.environ["NDPIX_KILLS"])


def arm(*whats):
    """The next worker that is in the middle of it will be killed."""
    for what in whats:
        (PLACE / f"{what}.killed").unlink(missing_ok=True)
        (PLACE / what).touch()


def happened(what):
    """Whether a worker was killed in the middle of it."""
    return (PLACE / f"{what}.killed").exists()


def die(what):
    """Ends this process, if it is the first to get here."""
    try:
        os.rename(PLACE / what, PLACE / f"{what}.killed")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def in_part(plan, work):
    """A part has begun to be written, and does not have its name."""
    work = Path(work or f"{plan.out}.parts") / plan.id
    return any(try_.stat().st_size for try_ in work.glob(".try-*/pixels"))


def in_commit(plan, work):
    """The output has begun to be written, and does not have its name."""
    out = Path(plan.out)
    return not out.exists() and any(out.parent.glob(f"{out.name}*.partial*"))


def watched(what, function, is_there):
    """The function, during which a thread looks whether it is time."""
    def watch(ended, plan, work):
        while not ended.is_set():
            try:
                if is_there(plan, work):
                    die(what)
            except FileNotFoundError:
                pass
            time.sleep(0)

    def call(plan, first, work=None, **named):
        ended = threading.Event()
        if (PLACE / what).exists():
            threading.Thread(target=watch, args=(ended, plan, work), daemon=True).start()
        try:
            return function(plan, first, work, **named)
        finally:
            ended.set()

    # Engines know functions by their names.
    call.__module__, call.__qualname__ = function.__module__, function.__qualname__
    return call


def install():
    """Called in every worker."""
    from ndpix._batches import Batches
    from ndpix._parts import Plan

    take = Batches.__next__

    def next_(batches):
        batch = take(batches)
        die("read")
        return batch

    Plan.run = watched("part", Plan.run, in_part)
    Plan.commit = watched("commit", Plan.commit, in_commit)
    Batches.__next__ = next_
