"""What belongs here: the pages of `inspect --report` and `convert --report` in a browser, as people meet them.

`make test-page` runs them in Chromium; with SHOTS=FOLDER it leaves pictures there to be looked at.
"""

import base64
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

NDPIX = os.environ["NDPIX"]
SHOTS = os.environ.get("SHOTS")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
RECORDS = 10_000
NAME = "<img src=x onerror=alert(1)> a.ndjson"
VIEWS = [(width, scheme) for width in (1280, 360) for scheme in ("light", "dark")]

# Of each piece of text how far its colour is from what is behind it, by WCAG 2; the least of all.
CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  let least = [99, ""];
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, e.outerHTML.slice(0, 80)];
  }
  return least;
}"""


def jpeg(rng):
    width, height = rng.choice([(128, 96), (128, 96), (96, 128), (100, 100), (240, 100)])
    image = Image.effect_noise((width, height), rng.randrange(20, 80))
    if rng.random() < 0.8:
        image = Image.merge("RGB", [image, image.rotate(90).resize(image.size), image])
    exif = Image.Exif()
    exif[274] = rng.choice([1, 1, 1, 6, 8])
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return base64.b64encode(file.getvalue()).decode()


def write(path):
    """Records of several sizes, some of them bad, and some a stranger's."""
    rng = random.Random(7)
    images = [jpeg(rng) for _ in range(40)]
    with open(path, "w", encoding="utf-8") as file:
        for i in range(RECORDS):
            record = {"id": i, "image": rng.choice(images), "caption": "x" * rng.randrange(300)}
            if i > 100 and i % 37 == 0:
                record["image"] = "<script>window.stranger = 1</script>\x1b[2J\u202eevil"
            if i > 100 and i % 531 == 0:
                record["image"] = record["image"][:200]
            if i % 41 == 5:
                record["image"] = None
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            if i == 5000:
                file.write('{"broken": "\x1b]0;pwned\x07 \u202e<img src=x onerror=\'window.stranger = 1\'>\n')


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if CHROMIUM is None:
            raise RuntimeError("the pages are tested in Chromium: apt-get install chromium, or CHROMIUM=PROGRAM")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        write(cls.folder / NAME)
        cls.run_ndpix(2, "inspect", NAME, "--report", "problem.html")
        cls.run_ndpix(0, "inspect", NAME, "--report", "look.html", "--size", "96", "--fit", "crop")
        cls.run_ndpix(3, "convert", NAME, "--report", "run.html", "--size", "96", "--fit", "crop", "-o", "o.npy")
        cls.run_ndpix(4, "convert", NAME, "--report", "end.html", "--size", "96", "--fit", "crop", "-o", "e.npy",
                      "--on-error", "raise")
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def run_ndpix(cls, code, *words):
        done = subprocess.run([NDPIX, *words], cwd=cls.folder, capture_output=True)
        assert done.returncode == code, (words, done.returncode, done.stderr)

    def open(self, name, width=1280, scheme="light", **more):
        """The page in a window of its own, with what its console said and what it asked for."""
        context = self.browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **more)
        self.addCleanup(context.close)
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((self.folder / name).as_uri())
        return page, said, asked

    def test_pages_fit_and_stand_alone(self):
        for name in ("problem", "look", "run", "end"):
            for width, scheme in VIEWS:
                with self.subTest(name=name, width=width, scheme=scheme):
                    page, said, asked = self.open(f"{name}.html", width, scheme)
                    self.assertEqual(said, [])
                    own = (self.folder / f"{name}.html").as_uri()
                    self.assertEqual([url for url in asked if url != own and not url.startswith("data:image/png")], [])
                    self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                    for details in page.query_selector_all("summary"):
                        details.click()
                    self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                    ratio, where = page.evaluate(CONTRAST)
                    self.assertGreaterEqual(ratio, 4.5, where)
                    if SHOTS:
                        page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)

    def test_a_stranger_does_nothing(self):
        for name in ("problem", "look", "run", "end"):
            page, _, _ = self.open(f"{name}.html")
            self.assertIn("<script>window.stranger = 1</script>", page.inner_text("main"))
            self.assertIn("<img src=x onerror=alert(1)>", page.inner_text("header"))
            self.assertIsNone(page.evaluate("window.stranger ?? null"))
            # And would not, even if something had got in.
            page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.stranger = 1\">')")
            page.wait_for_timeout(200)
            self.assertIsNone(page.evaluate("window.stranger ?? null"))

    def test_commands_are_copied_by_mouse_and_keyboard(self):
        page, said, _ = self.open("problem.html", permissions=["clipboard-read", "clipboard-write"])
        command = f"ndpix convert '{NAME}' -o "
        page.click(".cmd button")
        page.wait_for_function("document.getElementById('copied').textContent !== ''")
        self.assertTrue(page.evaluate("navigator.clipboard.readText()").startswith(command))
        page.evaluate("navigator.clipboard.writeText('')")
        page.reload()
        page.keyboard.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.tagName"), "BUTTON")
        self.assertNotEqual(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none")
        page.keyboard.press("Enter")
        page.wait_for_function("document.getElementById('copied').textContent !== ''")
        self.assertTrue(page.evaluate("navigator.clipboard.readText()").startswith(command))
        self.assertEqual(said, [])

    def test_pages_are_whole_without_scripts(self):
        page, _, _ = self.open("look.html", java_script_enabled=False)
        self.assertFalse(page.is_visible(".cmd button"))
        self.assertTrue(page.is_visible(".cmd code"))
        self.assertGreaterEqual(page.locator(".sheet img").count(), 32)
        self.assertIn("10,000 were looked at", page.inner_text("footer"))

    def test_pages_can_be_read_out(self):
        for name in ("look", "run"):
            page, _, _ = self.open(f"{name}.html")
            self.assertEqual(page.locator("h1").count(), 1)
            self.assertEqual(page.locator("img:not([alt]), img[alt='']").count(), 0)
            for chart in page.get_by_role("table").all():
                heads = chart.locator("th[scope=row]").count()
                self.assertGreater(heads, 0)
                self.assertEqual(chart.locator("tbody tr").count(), heads)
            self.assertEqual(page.locator("svg:not([aria-hidden]):not([aria-hidden] *)").count(), 0)
            sizes = page.get_by_role("table", name="Size, height × width")
            self.assertIn("96 × 128", sizes.inner_text())


if __name__ == "__main__":
    unittest.main()
