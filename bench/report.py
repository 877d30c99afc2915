"""From results to BENCHMARKS.md: tables of medians, with the goal beside each ratio.

The file has sections between marks, each written by one command; the others stay as they are.
"""
from pathlib import Path
from statistics import median
from typing import Any

import contenders
import goals
import machine
from corpora import Corpus

Row = dict[str, Any]
SECTIONS = ["comparison", "outputs", "scale", "pixels"]
HEAD = """# Benchmarks

Made by `make bench`, `make bench-outputs` and `make bench-scale`, which write this file; nothing here is written by hand.
`make bench-quick` prints the same tables from small files in three minutes. bench/README.md says how.
"""


def write(path: Path, section: str, text: str) -> None:
    """Replaces one section of the report."""
    old = path.read_text() if path.exists() else ""
    kept = {name: between(old, name) for name in SECTIONS} | {section: text.strip()}
    parts = [f"<!-- {name}: begin -->\n\n{body}\n\n<!-- {name}: end -->\n" for name, body in kept.items() if body]
    path.write_text("\n".join([HEAD, *parts]))


def between(text: str, name: str) -> str:
    _, found, rest = text.partition(f"<!-- {name}: begin -->")
    return rest.partition(f"<!-- {name}: end -->")[0].strip() if found else ""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; columns of numbers are aligned to the right."""
    marks = ["---:" if all(cell[:1].isdigit() or cell == "-" for cell in cells) else "---" for cells in zip(*rows)]
    marks = marks or ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, marks, *rows])


def ratio(row: Row, what: str) -> float:
    """The median over pairs of ndpix divided by the peer."""
    return median(ours[what] / theirs[what] for ours, theirs in row["pairs"])


def spread(row: Row, what: str) -> str:
    values = [ours[what] / theirs[what] for ours, theirs in row["pairs"]]
    return f"{min(values):.2f} to {max(values):.2f}"


def cost(row: Row, side: int, what: str) -> float:
    return median(pair[side][what] for pair in row["pairs"])


def line(row: Row) -> str:
    """A row in words, while the run goes on."""
    if not row["pairs"]:
        return f"{row['peer']}: no figures: {failure(row)}"
    return (f"{row['peer']}: {ratio(row, 'cpu'):.2f} of its CPU, {ratio(row, 'wall'):.2f} of its time; "
            f"{row['theirs']['array']['says']}{crashed(row)}")


def failure(row: Row) -> str:
    if row["ndpix"].get("failed"):
        return f"ndpix: {row['ndpix']['failed']}"
    return row["theirs"]["failed"]


def crashed(row: Row) -> str:
    count = row.get("crashes", 0)
    return f"; crashed {count} times in {count + len(row['pairs'])} runs" if count else ""


def against(row: Row) -> tuple[str, bool]:
    """The CPU ratio with its goal, and whether that is met."""
    value, goal = ratio(row, "cpu"), goals.ratio(row["peer"], row["corpus"])
    if goal is None:
        return f"{value:.2f}", True
    # The goal is compared with what is printed.
    met = round(value, 2) <= goal
    return f"{value:.2f} ({'' if met else 'missed: '}goal {goal:.2f})", met


def ratios(rows: list[Row]) -> str:
    head = ["corpus", "peer", "ndpix CPU s", "peer CPU s", "CPU ratio", "lowest to highest", "wall ratio",
            "array of ndpix", "array of the peer"]
    cells = []
    for row in rows:
        if not row["pairs"]:
            cells.append([row["corpus"], row["peer"], "-", "-", "-", "-", "-", "-", f"no figures: {failure(row)}"])
            continue
        cells.append([
            row["corpus"], row["peer"], f"{cost(row, 0, 'cpu'):.3f}", f"{cost(row, 1, 'cpu'):.3f}", against(row)[0],
            spread(row, "cpu"), f"{ratio(row, 'wall'):.2f}", row["ndpix"]["array"]["says"],
            row["theirs"]["array"]["says"] + crashed(row)])
    return table(head, cells)


def memory(rows: list[Row], corpora: dict[str, Corpus]) -> str:
    names = list(dict.fromkeys(row["peer"] for row in rows if not row["peer"].startswith("ndpix")))
    head = ["corpus", "ndpix resident", "bound", "ndpix", *names]
    cells = []
    for corpus in corpora.values():
        own = {row["peer"]: row for row in rows if row["corpus"] == corpus.name}
        measured = [row["ndpix"] for row in own.values() if "resident" in row["ndpix"]]
        if not measured:
            continue
        bound = goals.memory(contenders.THREADS, corpus.largest_record, corpus.decoded_bytes // corpus.records)
        resident = max(side["resident"] for side in measured)
        over = " (over)" if resident > bound else ""
        sides = [own[name]["theirs"] if name in own else {} for name in names]
        peers = [mib(side["anonymous"]) if "anonymous" in side else "-" for side in sides]
        anonymous = max(side["anonymous"] for side in measured)
        cells.append([corpus.name, mib(resident) + over, mib(bound), mib(anonymous), *peers])
    return table(head, cells)


def mib(count: float) -> str:
    return f"{count / (1 << 20):.0f}"


def corpus_table(corpora: dict[str, Corpus]) -> str:
    head = ["corpus", "a record holds", "image", "records", "text MB", "decoded MB", "bits a pixel"]
    return table(head, [[
        c.name, c.says, f"{'x'.join(map(str, c.shape))} {c.dtype}", str(c.records), f"{c.text_bytes / 1e6:.1f}",
        f"{c.decoded_bytes / 1e6:.0f}", f"{c.bits_per_pixel:.1f}" if c.image_bytes else "-"] for c in corpora.values()])


def lost(rows: list[Row]) -> str:
    """What is not as it should be, in one list."""
    found = []
    for row in rows:
        if not row["pairs"]:
            continue
        text, met = against(row)
        tool = not row["peer"].startswith(("ndpix", contenders.FLOOR.name))
        if not met or (ratio(row, "cpu") > 1 and tool):
            found.append(f"* {row['corpus']} against {row['peer']}: {text}")
    return "\n".join(found) if found else "None."


def comparison(rows: list[Row], corpora: dict[str, Corpus], pairs: int, where: str, others: bool,
               versions: dict[str, str]) -> str:
    """The section that compares ndpix with its peers."""
    used = {name: c for name, c in corpora.items() if any(row["corpus"] == name for row in rows)}
    spellings = [row for row in rows if row["peer"].startswith("ndpix")]
    scripts = [row for row in rows if row["peer"] in ("naive", "tuned")]
    floor = [row for row in rows if row["peer"] == contenders.FLOOR.name]
    tools = [row for row in rows if row not in spellings and row not in scripts and row not in floor]
    peers = [contenders.NAIVE, contenders.TUNED, *(contenders.OTHERS if others else [])]
    peers += [contenders.FLOOR] if floor else []
    loads = [row["load"] for row in rows] or [0]
    parts = [
        "## ndpix and its peers",
        f"A ratio is ndpix divided by the peer: below 1, ndpix needs less. Each is the median of {pairs} pairs, ndpix "
        f"and peer in turn (A B A B ...) on the same file, each run a new process. CPU is user and system time of the "
        f"whole process tree. Inputs are in the page cache, outputs on a {'RAM disk' if where == 'ram' else 'disk'}. "
        f"ndpix runs with `--threads {contenders.THREADS}` (beside the floor with 1); peers have {contenders.THREADS} "
        f"processes or threads where they can use them. Before a row is measured, the arrays are compared with the naive script's.",
        "\n".join(f"* {name}: {value}" for name, value in machine.describe().items()),
        "Where a peer needs less than a second, much of that is the start of Python.",
        f"The load average was between {min(loads):.1f} and {max(loads):.1f} while this was measured.",
        "\n".join(f"* {peer.name}: {peer.says}" for peer in peers),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "### Corpora", corpus_table(used),
    ]
    if scripts:
        parts += ["### Scripts", ratios(scripts)]
    if tools:
        parts += ["### Other tools", ratios(tools)]
    if floor:
        parts += ["### The floor",
                  "What the work costs a program that knows the corpora: reading, base64, the codecs of ndpix (TIFF: the "
                  "`tiff` crate) and writing, on one thread and without any check, beside ndpix with `--threads 1`; "
                  f"each corpus is given {contenders.FLOOR_TIMES} times in a row. So the ratio says what ndpix adds; "
                  "below 1 its own code (number lists, TIFF) is faster than what the floor uses.", ratios(floor)]
    if spellings:
        parts += ["### One input in other spellings",
                  "The peer is ndpix itself on the same records as plain lines.", ratios(spellings)]
    parts += [
        "### Goals missed, and rows that ndpix loses", lost(rows),
        "### Peak memory, MiB",
        "Resident: all pages of the ndpix process, mapped files included; its bound is 32 MiB and, for each thread, "
        "the largest record and its image. The other columns are anonymous memory of all processes, which leaves out "
        "mapped outputs and page cache. Sampled every 10 ms in a run of its own.",
        memory(rows, used),
        "### Commands",
        f"Peers: `python bench/peers/NAME.py CORPORA CORPUS out.npy {contenders.THREADS}`. ndpix:",
        "\n".join(f"* `{contenders.shown(corpus)}`" for corpus in used.values()),
    ]
    return "\n\n".join(parts)
