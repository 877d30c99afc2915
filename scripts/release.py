"""Builds what is released into one folder: source, wheels, programs, crates, recipes, and their checksums.

    release.py FOLDER [TARGET ...]     builds for these targets, of which one is called `source`; or all, and finishes
    release.py --finish FOLDER         checks what lies there, writes the recipes and SHA256SUMS

Nothing is published. A target that cannot be built here is named at the end with what it lacks; a build that fails ends
it with 1.
"""
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CARGO = os.environ.get("CARGO", "cargo")
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# What a wheel runs on, of those that zig builds.
SYSTEMS = {"gnu": "manylinux_2_17", "musl": "musllinux_1_2"}
TARGETS = [
    "source",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
]


def run(*command, **more):
    print("+", *command, flush=True)
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True, **more)


def version():
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def lacks(target):
    """What this machine lacks to build for a target; None where it lacks nothing."""
    if "apple" in target and platform.system() != "Darwin":
        return "macOS"
    if "msvc" in target and platform.system() != "Windows":
        return "Windows"
    if target.endswith("windows-gnu") and not shutil.which("x86_64-w64-mingw32-gcc"):
        return "mingw-w64 (apt-get install gcc-mingw-w64-x86-64)"
    libraries = subprocess.run(
        ["rustc", "--print", "target-libdir", "--target", target], capture_output=True, text=True, cwd=ROOT
    )
    if libraries.returncode or not Path(libraries.stdout.strip()).is_dir():
        return f"its standard library (rustup target add {target})"
    return None


def wheel(target, folder):
    zig = ["--zig", "--compatibility", SYSTEMS[target.rsplit("-", 1)[1]]] if "linux" in target else []
    run(sys.executable, "-m", "maturin", "build", "--release", "--locked", "--target", target, *zig, "--out", folder)


def program(target, folder):
    """The command in an archive with its licences; on Linux it is static, and runs on any."""
    if target.endswith("linux-gnu"):
        return
    build = [CARGO, "zigbuild" if "linux" in target else "build"]
    run(*build, "--release", "--locked", "-p", "ndpix-cli", "--target", target)
    name = "ndpix.exe" if "windows" in target else "ndpix"
    files = [BUILT / target / "release" / name, *(ROOT / f for f in ("LICENSE-MIT", "LICENSE-APACHE", "README.md"))]
    stem = f"ndpix-{version()}-{target}"
    if "windows" in target:
        with zipfile.ZipFile(folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{stem}/{file.name}")
        return
    with tarfile.open(folder / f"{stem}.tar.gz", "w:gz") as archive:
        for file in files:
            archive.add(file, f"{stem}/{file.name}")


def source(folder):
    run(sys.executable, "-m", "maturin", "sdist", "--out", folder)
    # Each is built from its package, the second with the first in place of the registry's.
    names = ["-p", "ndpix", "-p", "ndpix-cli"]
    run(CARGO, "package", "--locked", *names)
    for name in ("ndpix", "ndpix-cli"):
        shutil.copy(BUILT / "package" / f"{name}-{version()}.crate", folder)


def finish(folder):
    packages = [*folder.glob("*.whl"), folder / f"ndpix-{version()}.tar.gz"]
    run(sys.executable, "-m", "twine", "check", "--strict", *packages)
    words = {"@VERSION@": version(), "@SDIST_SHA256@": digest(packages[-1])}
    for recipe in ("conda-forge/recipe.yaml", "homebrew/ndpix.rb"):
        text = (ROOT / "packaging" / recipe).read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        place = folder / recipe
        place.parent.mkdir(exist_ok=True)
        place.write_text(text.replace("`make release` writes version and checksum of what it built", "Made by `make release`"))
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    (folder / "SHA256SUMS").write_text("".join(f"{digest(path)}  {path.name}\n" for path in files))
    print(f"\n{folder}:")
    for path in files:
        print(f"  {path.stat().st_size:>10}  {path.name}")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build(folder, targets):
    folder.mkdir(parents=True, exist_ok=True)
    missing = {}
    for target in targets or TARGETS:
        if target == "source":
            source(folder)
            continue
        missing[target] = lacks(target)
        if missing[target] is None:
            wheel(target, folder)
            program(target, folder)
    if not targets:
        finish(folder)
    for target, what in missing.items():
        if what:
            print(f"not built here: {target}, which needs {what}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        if sys.argv[1] == "--finish":
            finish(Path(sys.argv[2]).resolve())
        else:
            build(Path(sys.argv[1]).resolve(), sys.argv[2:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"release: {' '.join(map(str, error.cmd))} ended with {error.returncode}")
