"""Virtual environments under target/bench/venvs, made on demand: `base`, and one for each optional peer.

A stamp with the text of the requirements is written last: an interrupted installation is repeated, a
finished one is not.
"""
import json
import subprocess
import sys
from pathlib import Path

import places

# Installed without dependencies: bench/photos.py reads files in them and imports neither.
PHOTOGRAPHS = ["scikit-image==0.26.0", "scikit-learn==1.9.1"]
PILLOW = ["numpy==2.4.6", "pillow==13.0.0", "tifffile==2026.3.3", "imagecodecs==2026.3.6"]
OPTIONAL = {
    "polars": ["polars==2.1.0", *PILLOW],
    "duckdb": ["duckdb==2.0.0", *PILLOW],
    "daft": ["daft==0.7.26", *PILLOW],
    "datasets": ["datasets==5.2.0", *PILLOW],
    "outputs": ["h5py==3.16.0", "zarr==3.1.6", "pyarrow==26.0.1", "safetensors==0.8.0", *PILLOW],
}


class Missing(Exception):
    """An environment that cannot be made."""


def requirements(name: str) -> list[str]:
    if name != "base":
        return OPTIONAL[name]
    lines = (places.BENCH / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def python(name: str) -> Path:
    """The interpreter of an environment, which is made if it is not there."""
    folder = places.VENVS / name
    interpreter = folder / "bin" / "python"
    wanted = requirements(name)
    stamp = folder / "ready"
    text = "\n".join([*wanted, *(PHOTOGRAPHS if name == "base" else [])]) + "\n"
    if stamp.exists() and stamp.read_text() == text:
        return interpreter
    print(f"making the Python environment {name}", file=sys.stderr)
    pip: list[str | Path] = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        if not interpreter.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([*pip, *wanted], check=True)
        if name == "base":
            subprocess.run([*pip, "--no-deps", *PHOTOGRAPHS], check=True)
    except subprocess.CalledProcessError as why:
        raise Missing(f"the Python environment {name} cannot be made") from why
    stamp.write_text(text)
    return interpreter


def versions(name: str) -> dict[str, str]:
    """Installed versions of what an environment was asked for; none where it cannot be made."""
    try:
        interpreter = python(name)
    except Missing:
        return {}
    listing = subprocess.run([interpreter, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
                             check=True, capture_output=True, text=True).stdout
    installed = {entry["name"].lower(): entry["version"] for entry in json.loads(listing)}
    asked = [line.split("==")[0] for line in requirements(name)]
    return {package: installed[package.lower()] for package in asked if package.lower() in installed}


if __name__ == "__main__":
    print(python(sys.argv[1] if len(sys.argv) > 1 else "base"))
