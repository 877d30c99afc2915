"""The machine and the versions that a report names. No host names and no paths."""
import os
import platform
import subprocess
from pathlib import Path

import places


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    vectors = [name for name in ("avx2", "avx512bw", "avx512vbmi") if name in flags]
    return f"{model}, {os.cpu_count()} cores" + (f" ({', '.join(vectors)})" if vectors else "")


def describe() -> dict[str, str]:
    total = Path("/proc/meminfo").read_text().split()[1]
    return {
        "CPU": processor(),
        "memory": f"{int(total) / (1 << 20):.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Rust": said("rustc", "--version").removeprefix("rustc ").split(" (")[0],
        "ndpix": f"{said(str(places.NDPIX), '--version').removeprefix('ndpix ')}, commit {commit()}",
    }


def commit() -> str:
    """The commit that is checked out, and whether the library differs from it."""
    changed = said("git", "-C", str(places.ROOT), "status", "--porcelain", "--", "crates", "Cargo.lock")
    return said("git", "-C", str(places.ROOT), "rev-parse", "--short", "HEAD") + (" and changes" if changed else "")


def load() -> float:
    """The load average of the last minute: what else ran."""
    return os.getloadavg()[0]


def said(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
