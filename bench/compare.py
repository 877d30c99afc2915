"""Whether two `.npy` files hold the same array, and where they differ: `python compare.py WANT GOT`.

Prints one JSON object. Runs as a process of its own, so that the runner stays small.
"""
import json
import sys
from typing import Any

import numpy as np

ROWS = 64 << 20  # bytes compared at a time


def compare(want: np.ndarray, got: np.ndarray) -> dict[str, Any]:
    """`same`, or what differs: shape and dtype, or the largest difference and the share of bytes."""
    if want.shape != got.shape or want.dtype != got.dtype:
        return {"same": False, "comparable": False,
                "says": f"{got.dtype} {got.shape} instead of {want.dtype} {want.shape}"}
    step = max(1, ROWS // max(1, want[:1].nbytes))
    largest, differing = 0.0, 0
    for start in range(0, len(want), step):
        a, b = (np.ascontiguousarray(x[start:start + step]) for x in (want, got))
        unequal = a.view(np.uint8) != b.view(np.uint8)
        count = int(np.count_nonzero(unequal))
        if count:
            differing += count
            largest = max(largest, float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()))
    if not differing:
        return {"same": True, "comparable": True, "says": "same array"}
    share = 100 * differing / want.nbytes
    return {"same": False, "comparable": True, "max_difference": largest, "differing_share": share / 100,
            "says": f"differs by up to {largest:g} in {share:.2g} % of the bytes"}


def main(paths: list[str]) -> None:
    want, got = (np.load(path, mmap_mode="r") for path in paths)
    print(json.dumps(compare(want, got)))


if __name__ == "__main__":
    main(sys.argv[1:])
