"""What ndpix is meant to reach: CPU seconds of ndpix divided by those of a peer on the same file."""

RATIOS = {
    "naive": {"raw": 0.20, "jpeg": 0.35, "paths": 0.35, "png": 0.28, "png16": 0.28, "mnist": 0.09,
              "webp": 0.42, "tiff16": 0.50},
    "tuned": {"raw": 0.40, "jpeg": 0.80, "paths": 0.80, "png": 0.32, "png16": 0.32, "mnist": 0.15,
              "webp": 0.78, "tiff16": 0.90},
    # One thread each. The floor reads TIFF with a slower crate and numbers one by one.
    "floor": {"raw": 1.15, "jpeg": 1.05, "paths": 1.05, "png": 1.05, "png16": 1.05, "mnist": 0.90,
              "webp": 1.05, "tiff16": 0.90},
    # The same records in another spelling, against ndpix on the plain lines.
    "ndpix on raw": {"raw-slashes": 1.3, "raw-array": 1.3},
}
# A tool that nobody named a goal for must still not win.
OTHERS = 1.0
# Wall seconds of one thread divided by those of two, on compressed formats and a quiet machine.
SCALING = 1.8
SCALING_FORMATS = ["jpeg", "png", "png16", "webp", "tiff16"]
# Peak resident memory: this, and for each thread the largest record and its decoded image. What a
# codec needs besides is not counted, so the bound is stricter than the goal.
MEMORY_BASE = 32 << 20


def ratio(peer: str, corpus: str) -> float | None:
    """The goal for a row; `None` where there is none."""
    if peer in RATIOS:
        return RATIOS[peer].get(corpus)
    return OTHERS


def memory(threads: int, largest_record: int, image: int) -> int:
    return MEMORY_BASE + threads * (largest_record + image)
