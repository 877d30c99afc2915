"""The forms of tests/forms through the command: what comes of each stands in a table, and may not change unseen."""
import difflib
import os
import sys
import unittest

from command import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from forms import FORMS, run  # noqa: E402

TABLE = ROOT / "tests" / "forms" / "table.txt"
RENEW = "NDPIX_RENEW=1 .venv/bin/python tests/python/test_forms.py"


class Forms(unittest.TestCase):
    def test_the_table(self):
        lines = run.table()
        if os.environ.get("NDPIX_RENEW"):
            TABLE.write_text("\n".join(lines) + "\n")
        changed = list(difflib.unified_diff(TABLE.read_text().splitlines(), lines, "table.txt", "now", n=0, lineterm=""))
        self.assertFalse(changed, "\n".join(["what comes of forms has changed; where that is wanted:", RENEW, *changed]))

    def test_each_form_has_a_name_of_its_own(self):
        names = [form.name for form in FORMS]
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
