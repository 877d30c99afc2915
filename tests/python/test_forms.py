"""The forms and decoys of tests/forms through the command: what comes of each stands in a table, a line each."""
import difflib
import os
import sys
import unittest

from command import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from forms import FORMS, page, run, run_decoys  # noqa: E402
from forms.decoys import DECOYS  # noqa: E402

RENEW = "NDPIX_RENEW=1 .venv/bin/python tests/python/test_forms.py"


class Tables(unittest.TestCase):
    def check(self, name, now):
        path = ROOT / "tests" / "forms" / name
        if os.environ.get("NDPIX_RENEW"):
            path.write_text("\n".join(now) + "\n")
        changed = list(difflib.unified_diff(path.read_text().splitlines(), now, name, "now", n=0, lineterm=""))
        self.assertFalse(changed, "\n".join(["something else comes of these; where that is wanted:", RENEW, *changed]))

    def test_forms(self):
        self.check("table.txt", run.table())

    def test_decoys(self):
        self.check("decoys.txt", run_decoys.table())

    def test_the_page_of_forms(self):
        now = page.page()
        if os.environ.get("NDPIX_RENEW"):
            page.PAGE.write_text(now)
        self.assertEqual(page.PAGE.read_text().splitlines(), now.splitlines(), f"what comes of forms changed:\n{RENEW}")

    def test_each_has_a_name_of_its_own(self):
        for all_of_them in (FORMS, DECOYS):
            names = [one.name for one in all_of_them]
            self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
