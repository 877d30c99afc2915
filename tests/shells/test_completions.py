"""What belongs here: completions as people meet them, typed into real shells.

`make test-shells` runs them in the shells that are there, and says which are not.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

NDPIX = Path(os.environ["NDPIX"]).resolve()

CASES = [
    # What is typed, what has to be offered, what must not.
    ("ndpix con", {"convert"}, {"inspect"}),
    ("ndpix convert in.jsonl --mode ", {"auto", "L", "RGB", "RGBA", "BGR"}, {"crop", "records.jsonl"}),
    ("ndpix convert in.jsonl -o out.npy --fit ", {"stretch", "crop", "pad", "contain"}, {"RGB", "records.jsonl"}),
    ("ndpix convert --resample l", {"lanczos"}, {"bilinear", "nearest"}),
    ("ndpix inspect --raw-dtype uint", {"uint8", "uint16", "uint32", "uint64"}, {"int8", "float32"}),
    ("ndpix convert --if-e", {"--if-exists"}, {"--size"}),
    ("ndpix convert rec", {"records.jsonl"}, {"--mode"}),
    ("ndpix completions f", {"fish"}, {"bash", "zsh"}),
]


def typed(program, setup, line, folder):
    """What an interactive shell shows, and has put on its line, after this line and two tabs."""
    master, slave = pty.openpty()
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    shell = subprocess.Popen(program, stdin=slave, stdout=slave, stderr=slave, cwd=folder / "cwd", env=environment,
                             start_new_session=True)
    os.close(slave)

    def seen(until, quiet):
        text, end = "", time.monotonic() + 30
        while time.monotonic() < end:
            if not select.select([master], [], [], quiet)[0]:
                if not until or until in text:
                    return text
                continue
            text += os.read(master, 65536).decode(errors="replace")
        raise AssertionError(f"{program[0]} said no {until!r}: {text}")

    try:
        os.write(master, (setup + "; echo rea''dy\n").encode())
        seen("ready", 0.3)
        os.write(master, line.encode() + b"\t")
        first = seen("", 0.7)
        os.write(master, b"\t")
        text = first + seen("", 0.7)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07", "", text)
    finally:
        shell.kill()
        shell.wait()
        os.close(master)


class Shell:
    """The same cases in each shell."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "ndpix").symlink_to(NDPIX)
        (self.folder / "cwd").mkdir()
        (self.folder / "cwd" / "records.jsonl").touch()
        self.script = self.folder / "bin" / "_ndpix"
        self.script.write_bytes(subprocess.run([NDPIX, "completions", self.name], capture_output=True, check=True).stdout)

    def test_cases(self):
        for line, wanted, unwanted in CASES:
            with self.subTest(line=line):
                offered = self.offered(line)
                self.assertLessEqual(wanted, offered, line)
                self.assertFalse(unwanted & offered, (line, offered))


def words(text):
    return {word.rstrip("=") for word in re.split(r"[\s\x08]+", text) if word}


@unittest.skipUnless(shutil.which("bash"), "no bash")
class Bash(Shell, unittest.TestCase):
    name = "bash"

    def offered(self, line):
        shown = typed(["bash", "--norc", "--noprofile", "-i"], f"source {self.script}", line, self.folder)
        return words(shown.replace(line, " " + line.split(" ")[-1], 1))


@unittest.skipUnless(shutil.which("zsh"), "no zsh")
class Zsh(Shell, unittest.TestCase):
    name = "zsh"

    def offered(self, line):
        setup = f"fpath=({self.script.parent} $fpath); autoload -Uz compinit; compinit -u -d {self.folder}/dump"
        shown = typed(["zsh", "-f", "-i"], setup, line, self.folder)
        return words(shown.replace(line, " " + line.split(" ")[-1], 1))


@unittest.skipUnless(shutil.which("fish"), "no fish")
class Fish(Shell, unittest.TestCase):
    name = "fish"

    def offered(self, line):
        command = ["fish", "--no-config", "-c", f"source {self.script}; complete -C '{line}'"]
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder / "cwd", env=environment, capture_output=True, text=True, check=True)
        return {line.split("\t")[0] for line in done.stdout.splitlines()}


@unittest.skipUnless(shutil.which("pwsh"), "no PowerShell")
class PowerShell(Shell, unittest.TestCase):
    name = "powershell"

    def offered(self, line):
        command = (f"Get-Content -Raw {self.script} | Invoke-Expression; "
                   f"(TabExpansion2 '{line}' {len(line)}).CompletionMatches.CompletionText")
        done = subprocess.run(["pwsh", "-NoProfile", "-Command", command], cwd=self.folder / "cwd", capture_output=True,
                              text=True, check=True)
        return {Path(word).name if word.startswith(".") else word for word in done.stdout.split()}


if __name__ == "__main__":
    unittest.main()
