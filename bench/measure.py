"""Runs a command and says what it cost: CPU seconds of its process tree, wall seconds, peak memory.

CPU is user and system time of the command and of all its descendants. Memory is sampled, which
disturbs what is measured, so it is asked for in a run of its own. Linux only, and needs nothing
but the standard library: a child of a large process would begin with that process's memory.
"""
import ctypes
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Memory is looked at this often, and more often in the first tenths of a second.
SAMPLE_SECONDS = 0.01
# Orphans of the command become children of this process, so that their time is counted too.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Cost:
    cpu: float
    wall: float
    anonymous: int = 0
    """Peak of the anonymous memory of all processes, in bytes: mapped files and page cache excluded."""
    resident: int = 0
    """Peak resident memory of the command's first process, in bytes, everything included."""


class Failed(Exception):
    """The command ended with an error; how, and the last line it printed."""


def run(command: Sequence[str | Path], memory: bool = False, timeout: float = 600,
        feed: Iterable[bytes] | None = None) -> Cost:
    """Runs to the end. `memory`: sample it, too; it stays 0 where the command ended before it was looked
    at. `feed`: what to write to its standard input, at the cost of this process."""
    with tempfile.TemporaryFile() as said:
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        stdin = subprocess.DEVNULL if feed is None else subprocess.PIPE
        process = subprocess.Popen([str(c) for c in command], stdin=stdin, stdout=said, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        if feed is not None:
            threading.Thread(target=pump, args=(feed, process.stdin), daemon=True).start()
        sampler = Sampler(process.pid) if memory else None
        # Popen.wait(timeout) polls every 50 ms, which would be the precision of the wall time.
        watchdog = threading.Timer(timeout, os.killpg, [process.pid, signal.SIGKILL])
        watchdog.start()
        code = process.wait()
        wall = time.monotonic() - begun
        watchdog.cancel()
        if sampler:
            sampler.stop()
        reap()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if code != 0:
        what = f"stopped after {timeout:.0f} s" if wall >= timeout else f"exit {code}"
        last = (text.strip().splitlines() or ["no words"])[-1]
        # Reports name no folders of the machine.
        raise Failed(f"{what}: " + re.sub(r"(/[^\s/]+)+/", "", last)[:200])
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    cost = Cost(cpu, wall)
    if sampler:
        cost.anonymous, cost.resident = sampler.anonymous, sampler.resident
    return cost


def pump(feed: Iterable[bytes], into: IO[bytes]) -> None:
    try:
        for block in feed:
            into.write(block)
        into.close()
    except BrokenPipeError:
        pass  # it ended early, and its exit code says why


def reap() -> None:
    """Waits for orphans that ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


class Sampler:
    """Looks at the memory of a process and its descendants until it is stopped."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.anonymous = self.resident = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        begun = time.monotonic()
        while not self.stopped.wait(min(SAMPLE_SECONDS, 0.001 + (time.monotonic() - begun) / 20)):
            self.resident = max(self.resident, status(self.root).get("VmHWM", 0))
            total = sum(status(pid).get("RssAnon", 0) for pid in descendants(self.root))
            self.anonymous = max(self.anonymous, total)

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join()


def status(pid: int) -> dict[str, int]:
    """The memory lines of /proc/PID/status, in bytes; empty when the process is gone."""
    found = {}
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                found[name] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return found


def descendants(root: int) -> list[int]:
    """A process and all below it."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            pass
    return found
