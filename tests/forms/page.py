"""Writes docs/forms.md: every form, with the first record that the tests give to the command, and how it is read.

    PYTHONPATH=tests:tests/python python -m forms.page

How each is read stands in `table.txt`; `../python/test_forms.py` says where the page is no longer what comes of it.
"""
import html
import json
from pathlib import Path

from . import FORMS, SECTIONS

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "forms.md"
HEAD = """# Every form

Every way in which images are known to stand in records. The tests give each of these to the command and compare what
comes of it with an array that was made without ndpix. "Without options" is read as it is; where options stand, it is
refused without them, and read with them; "refused" means that nothing is made of it, and the message says why. Of long
texts and lists the beginning is shown.

<!-- Made by tests/forms/page.py. -->
"""
TEXT, ITEMS, KEYS, RECORD = 24, 3, 8, 200


GZIP = "H4sI"
MAGIC = 4  # characters of a file that is no text


def short(value):
    """A JSON value with little of each text and list."""
    if isinstance(value, str):
        # After its magic, gzip says when and by which system it was made.
        kept = len(GZIP) if value.startswith(GZIP) else TEXT - 4
        return value if len(value) <= TEXT else value[:kept] + "..."
    if isinstance(value, list):
        return [short(one) for one in value[:ITEMS]] + ["..."] * (len(value) > ITEMS)
    if isinstance(value, dict):
        some = {short(key): short(one) for key, one in list(value.items())[:KEYS]}
        return some | ({"...": "..."} if len(value) > KEYS else {})
    return value


def example(form):
    """The first record of a form, or the beginning of a file that is more than records."""
    first = form.records[0] if isinstance(form.records, list) else form.records
    if isinstance(first, bytes):
        line = first.split(b"\n")[0].decode("latin1")
        try:
            first = json.loads(line)
        except ValueError:
            head = line[:MAGIC] if not line.isprintable() else line[: 2 * TEXT]
            return code("".join(c if " " <= c <= "~" else "." for c in head) + "...")
    text = json.dumps(short(first), ensure_ascii=True).replace('"..."', "...").replace("...: ...", "...")
    return code(text if len(text) <= RECORD else text[: RECORD - 4] + "...")


def code(text):
    """Text that no table and no markup takes for its own."""
    escaped = html.escape(text, quote=False)
    for sign in "|*_`[]\\{}":
        escaped = escaped.replace(sign, f"&#{ord(sign)};")
    return f"<code>{escaped}</code>"


def read(form, came):
    """How a form is read, by its line in the table."""
    first, *others = came
    if form.right is None and not form.open:
        return "refused"
    if first.startswith(("right", "open")):
        return "without options"
    good = [other.rsplit(": ", 1)[0] for other in others if ": right" in other]
    return code(good[0]) if good else "refused"


def page():
    """The text of the page."""
    lines = (HERE / "table.txt").read_text().splitlines()
    came = {line.split()[1]: line[40:].split(" | ") for line in lines}
    text = HEAD
    for section in SECTIONS:
        title = section.__doc__.split("\n")[0].rstrip(".")
        rows = [f"| {form.what} | {example(form)} | {read(form, came[form.name])} |" for form in section.FORMS]
        text += "\n".join([f"\n## {title}\n", "| what | a record | read |", "| --- | --- | --- |", *rows, ""])
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"{PAGE}: {len(FORMS)} forms")
