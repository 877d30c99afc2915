"""A program that uses everything is right for mypy and pyright in strict mode, and runs."""

import ast
import subprocess
import sys
from pathlib import Path

import ndpix

PROGRAM = Path(__file__).with_name("typed.py")


def test_it_uses_everything():
    tree = ast.parse(PROGRAM.read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    # An iterator is what `batches` gives, and has no use by its name.
    assert set(ndpix.__all__) - used <= {"Batch", "Batches"}


def test_it_runs(source):
    done = subprocess.run([sys.executable, PROGRAM], cwd=source.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_mypy_has_nothing_to_say(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(PROGRAM)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "", done.stdout


def test_pyright_has_nothing_to_say(tmp_path):
    """In its strict mode; basedpyright is pyright as a package that brings all it needs."""
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    (tmp_path / "typed.py").write_text(PROGRAM.read_text())
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "typed.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
