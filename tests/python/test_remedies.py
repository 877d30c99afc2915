"""Every command that `inspect` and refusals tell a user to run, run on every form and decoy: the array of the field
that it names comes of it, or rows of that array beside rejects."""
import sys
import unittest

from command import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from forms import FORMS, remedies  # noqa: E402
from forms.decoys import DECOYS  # noqa: E402
from forms.run import WRONG  # noqa: E402


class Remedies(unittest.TestCase):
    def test_all_do_what_they_say(self):
        told = remedies.all_told([*FORMS, *DECOYS])
        bad = [each for each in told if each[3].startswith((WRONG, "refused"))]
        self.assertFalse(bad, "\n" + "\n".join(" | ".join(each) for each in bad))
        # As many as there are, so that a parser of refusals that finds nothing does not pass.
        for who, least in (("inspect", 300), ("refusal", 100)):
            self.assertGreater(sum(each[1] == who for each in told), least, who)


if __name__ == "__main__":
    unittest.main()
