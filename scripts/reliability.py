"""Runs the tests that break things on purpose, as often as RELIABILITY.md says, and writes their figures there.

    NDPIX=target/release/ndpix .venv/bin/python scripts/reliability.py
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "RELIABILITY.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
OFTEN = {"MOMENTS": "30", "RUNS": "200", "OPERATIONS": "2000", "ENDS": "300", "KILLS": "30", "GIGABYTES": "1", "SMALL": "500"}
MODULES = ["test_signals", "test_shortage", "test_hostile", "test_kills", "test_continue", "test_fetch", "test_parts",
           "test_parts_killed"]
SOAK = "crates/ndpix-python/tests/test_soak.py"
COSTS = "scripts/costs.py"


def figures():
    """What the tests note; ends where one of them fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures"
        environment = {**os.environ, **OFTEN, "FIGURES": str(file)}
        for name in MODULES:
            command = [sys.executable, "-m", "unittest", "discover", "-s", "tests/python", "-t", "tests/python"]
            subprocess.run([*command, "-p", f"{name}.py"], cwd=ROOT, env=environment, check=True)
        subprocess.run([sys.executable, "-m", "pytest", "-q", SOAK], cwd=ROOT, env=environment, check=True)
        subprocess.run([sys.executable, COSTS], cwd=ROOT, env=environment, check=True)
        return [json.loads(line) for line in file.read_text().splitlines()]


def table(facts):
    rows = [f"| {fact['what']} | {fact['runs']:,} | {fact['result']} |\n" for fact in facts]
    return "".join(["| what | times | what came of it |\n", "| --- | --- | --- |\n", *rows])


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table(figures()) + END + after)
