"""Tries an installed package on the sample, with the command and from Python: what a new machine has to show."""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import ndpix

SAMPLE = Path(__file__).resolve().parent.parent / "testdata/sample.ndjson"


def main():
    print(subprocess.run(["ndpix", "--version"], capture_output=True, text=True, check=True).stdout.strip(), sys.platform)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "images.npy"
        code = subprocess.run(["ndpix", "convert", str(SAMPLE), "-o", str(out)]).returncode
        assert code == 3, f"three records of the sample are broken, and the exit code was {code}"
        images = np.load(out)
        assert images.shape == (24, 96, 128, 3), images.shape
        again = ndpix.load(SAMPLE, max_rejects=3)
        assert again.tobytes() == images.tobytes(), "command and package differ"
        # A second run replaces the output, and a folder of shards is read as one.
        ndpix.convert(SAMPLE, out, if_exists="replace", max_rejects=3)
        shards = Path(folder) / "shards"
        for _ in range(2):
            ndpix.convert(SAMPLE, shards, shard_rows=10, if_exists="replace", max_rejects=3)
        assert ndpix.load(shards).tobytes() == images.tobytes(), "shards differ"
    print("smoke: all right")


if __name__ == "__main__":
    main()
