"""The pages say what is so: the README's commands run, DESIGN.md knows every dependency."""
import re
import unittest

from command import ROOT, Case, load, rejects_of


class Docs(Case):
    def test_commands_of_the_readme(self):
        (self.dir / "testdata").symlink_to(ROOT / "testdata")
        text = (ROOT / "README.md").read_text()
        shown = re.findall(r"^\$ ndpix (.+)$", text, re.MULTILINE)
        self.assertTrue(shown)
        for command in shown:
            args = command.split()
            self.run_ndpix(3 if args[0] == "convert" else 0, *args, cwd=self.dir)
        self.assertIn(str(load(self.dir / "images.npy").shape), text)
        self.assertEqual(len(rejects_of(self.dir / "images.npy")), 3)

    def test_every_dependency_has_a_reason(self):
        named = set(re.findall(r"^\| `([\w-]+)` \|", (ROOT / "DESIGN.md").read_text(), re.MULTILINE))
        used = set()
        for manifest in ROOT.glob("crates/*/Cargo.toml"):
            # Python 3.10 has no TOML in its library; these tables hold one dependency a line.
            for table in re.findall(r"^\[(?:target\..+\.)?(?:dev-)?dependencies\]\n((?:.+\n)*)", manifest.read_text(), re.MULTILINE):
                used |= set(re.findall(r"^([\w-]+)(?: =|\.)", table, re.MULTILINE))
        self.assertEqual(named, used - {"ndpix", "ndpix-cli"})

    def test_the_version_is_the_same_everywhere(self):
        manifest = (ROOT / "Cargo.toml").read_text()
        version = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)[1]
        for path in ("crates/ndpix", "crates/ndpix-cli"):
            self.assertIn(f'path = "{path}", version = "={version}"', manifest)
        self.assertIn(f"\nversion: {version}\n", (ROOT / "CITATION.cff").read_text())
        self.assertRegex((ROOT / "CHANGELOG.md").read_text(), rf"(?m)^## {re.escape(version)}$")
        for lock in ("Cargo.lock", "fuzz/Cargo.lock"):
            self.assertIn(f'name = "ndpix"\nversion = "{version}"\n', (ROOT / lock).read_text())

    def test_links_lead_somewhere(self):
        for page in ROOT.glob("*.md"):
            for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
                if "://" not in target:
                    with self.subTest(page=page.name):
                        self.assertTrue((ROOT / target).exists(), target)

    def test_links_of_the_readme_hold_on_package_pages(self):
        repository = re.search(r'^repository = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        text = (ROOT / "README.md").read_text()
        targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"^\[.+\]: (.+)$", text, re.MULTILINE)
        self.assertGreater(len(targets), 10)
        for target in targets:
            with self.subTest(target=target):
                self.assertIn("://", target)
                if target.startswith(repository):
                    place = target.removeprefix(f"{repository}/blob/main/").split("#")[0]
                    self.assertTrue((ROOT / place).is_file())

    def test_addresses_of_the_readme_stand_in_its_list_alone(self):
        prose, _, addresses = (ROOT / "README.md").read_text().partition("\n[docs/installing.md]: ")
        self.assertTrue(addresses)
        self.assertNotIn("]: http", prose)


if __name__ == "__main__":
    unittest.main()
