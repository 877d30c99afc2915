"""Plans whose inputs, parts and outputs are all in S3, carried out by processes that share no disk."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
import unittest

import ndpix
from servers import SAMPLE, OnS3


class Parts(OnS3):
    def setUp(self) -> None:
        super().setUp()
        self.at = f"parts-{self.id().rsplit('.', 1)[1]}"
        lines = SAMPLE.read_bytes().splitlines(keepends=True)
        text = b"".join(lines[n % len(lines)] for n in range(600))
        self.s3.put(f"{self.at}/in-1.ndjson", text)
        self.s3.put(f"{self.at}/in-2.ndjson.gz", gzip.compress(text[:100_000]))
        self.sources = f"s3://bucket/{self.at}/in-*"

    def there(self, name: str) -> dict[str, bytes]:
        begin = f"{self.at}/{name}"
        return {key.removeprefix(begin): self.s3.get(key) for key in self.s3.keys(begin)}

    def want(self, *more: str) -> dict[str, bytes]:
        self.command("convert", self.sources, "-o", f"s3://bucket/{self.at}/want.npy", "--threads", 1, *more, code=3)
        return self.there("want.npy")

    def plan(self, *more: str) -> str:
        out = f"s3://bucket/{self.at}/out.npy"
        said = self.command("plan", self.sources, "-o", out, "--part-bytes", "300K", *more)
        self.assertRegex(said, r"parts \d\d")
        return f"{out}.plan.json"

    def elsewhere(self, *words: object, code: int = 0) -> str:
        """Runs the command with a cache and a folder for passing files of its own, as on another machine."""
        machine = self.folder / f"machine-{len(list(self.folder.iterdir()))}"
        (machine / "tmp").mkdir(parents=True)
        said = self.command(*words, code=code, XDG_CACHE_HOME=str(machine), TMPDIR=str(machine / "tmp"))
        self.assertEqual(list((machine / "tmp").iterdir()), [])
        return said

    def test_tasks_in_other_processes_make_what_one_run_makes(self) -> None:
        want, plan = self.want("--rows", "always"), self.plan("--rows", "always")
        for task in (2, 0, 1, 0):
            self.elsewhere("run", plan, "--task", task, "--tasks", 3)
        self.elsewhere("commit", plan, code=3)
        made = self.there("out.npy")
        del made[".plan.json"]
        self.assertEqual(made, want)
        self.assertIn("exists; pass if_exists", self.elsewhere("commit", plan, code=2))

    def test_python_does_the_same_with_a_work_folder_elsewhere(self) -> None:
        want = self.want()
        plan = ndpix.plan(self.sources, f"s3://bucket/{self.at}/out.npy", part_bytes="300K")
        work = f"s3://bucket/{self.at}/kept/"
        facts = [ndpix.Plan.from_json(plan.to_json()).run(part, work) for part in range(plan.parts)]
        self.assertEqual(plan.run(1, work), facts[1])
        summary = plan.commit(facts, work)
        self.assertEqual(summary.outputs[0], f"s3://bucket/{self.at}/out.npy")
        self.assertEqual(self.there("out.npy"), want)
        self.assertEqual(self.s3.keys(f"{self.at}/kept"), [])

    def test_two_commits_at_once_end_with_one_output(self) -> None:
        want, plan = self.want(), self.plan()
        self.command("run", plan, "--task", 0, "--tasks", 1)
        words = [sys.executable, "-m", "ndpix", "commit", plan]
        both = [
            subprocess.Popen(words, env={**os.environ, "XDG_CACHE_HOME": str(self.folder / str(n))}, stderr=subprocess.PIPE, text=True)
            for n in range(2)
        ]
        said = [run.communicate()[1] for run in both]
        # moto looks and then puts, in two steps: at the very same moment both may be told that they were first.
        codes = [run.returncode for run in both]
        self.assertIn(3, codes, said)
        for code, text in zip(codes, said):
            self.assertIn(code, (1, 2, 3), text)
            if code != 3:
                self.assertRegex(text, "written by another run|exists; pass if_exists|missing|cannot open")
        made = self.there("out.npy")
        self.assertEqual({k: v for k, v in made.items() if not k.startswith((".parts", ".plan"))}, want)

    def test_a_commit_that_is_killed_is_repeated(self) -> None:
        want, plan = self.want(), self.plan()
        self.command("run", plan, "--task", 0, "--tasks", 1)
        for seconds in (0.35, 0.5, 0.6, 0.7):
            run = subprocess.Popen([sys.executable, "-m", "ndpix", "commit", plan], stderr=subprocess.DEVNULL)
            time.sleep(seconds)
            run.send_signal(signal.SIGKILL)
            run.wait()
            made = self.there("out.npy")
            if "" in made:
                self.assertEqual({k: v for k, v in made.items() if not k.startswith((".parts", ".plan"))}, want)
        done = subprocess.run([sys.executable, "-m", "ndpix", "commit", plan], capture_output=True, text=True)
        self.assertTrue(done.returncode in (0, 3) or "exists" in done.stderr, done.stderr)
        made = self.there("out.npy")
        self.assertEqual({k: v for k, v in made.items() if not k.startswith((".parts", ".plan"))}, want)

    def test_inputs_that_changed_and_parts_that_are_damaged(self) -> None:
        plan = self.plan()
        self.command("run", plan, "--task", 0, "--tasks", 1)
        [pixels] = [key for key in self.s3.keys(f"{self.at}/out.npy.parts") if "/00003/" in key and key.endswith("pixels")]
        body = self.s3.get(pixels)
        self.s3.put(pixels, body[:-1] + bytes([body[-1] ^ 1]))
        self.assertRegex(self.command("commit", plan, code=1), "part 3: .* is damaged")
        self.command("run", plan, "--task", 0, "--tasks", 1)
        self.s3.remove(pixels.replace("pixels", "rows"))
        self.command("commit", plan, code=3)
        text = self.s3.get(f"{self.at}/in-1.ndjson")
        middle = len(text) // 2
        self.s3.put(f"{self.at}/in-1.ndjson", text[:middle] + b" " + text[middle + 1 :])
        self.assertIn("has other bytes than when the plan was made", self.command("run", plan, "--task", 0, "--tasks", 1, code=2))
        self.s3.remove(f"{self.at}/in-1.ndjson")
        self.assertIn("which the plan names", self.command("run", plan, "--task", 0, "--tasks", 1, code=1))


if __name__ == "__main__":
    unittest.main()
