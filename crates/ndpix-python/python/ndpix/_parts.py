"""`ndpix.plan`: a conversion in parts, for several processes or machines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ndpix import _ndpix
from ndpix._errors import Error, warned
from ndpix._options import Options, Path, Source, keywords
from ndpix._progress import Hooks
from ndpix._summary import Summary, read

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Part(NamedTuple):
    """One part of a plan: a source for `batches`. Made by `Plan.part`."""

    plan: Plan
    """The plan."""
    number: int
    """Which part of it, from 0."""


class Plan:
    """A run that is decided and not done: what its images become, and parts that can be carried out apart from
    each other, in any order and by any processes that see the same files. Made by `plan`. It can be pickled.
    """

    def __init__(self, native: _ndpix.Plan) -> None:
        self._native = native
        self._id, self._parts, self._out = native.about()

    @property
    def id(self) -> str:
        """What it is known by: 16 characters, which are others where a part could be."""
        return self._id

    @property
    def parts(self) -> int:
        """How many parts it has, of the numbers from 0."""
        return self._parts

    @property
    def out(self) -> str | None:
        """What will be written; `None` where the plan is only to be read."""
        return None if self._out is None else os.fspath(self._out)

    @property
    def images(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and dtype of each image.

        Raises:
            Error: Kind `plan`: they are not the same for all, as with `ragged` and `images_as`.
        """
        match self._frozen()["target"]:
            case {"stack": {"shape": [*shape], "dtype": dtype}}:
                return tuple(shape), np.dtype(dtype)
        raise Error("images of this plan have no shape in common", "plan")

    @property
    def columns(self) -> dict[str, str]:
        """The kept fields by their names, and what they are read as: `int`, `text`, in the words of `column_type`."""
        return {column["name"]: column["reads"] for column in self._frozen()["columns"]}

    @property
    def legends(self) -> dict[str, list[str]]:
        """The names of classes, by the column or array that has their numbers; in a column the first has 0, in masks 1."""
        return dict(self._native.legends())

    def _frozen(self) -> dict[str, Any]:
        return dict(json.loads(self._native.to_json())["frozen"])

    def to_json(self) -> str:
        """The plan as JSON: what `ndpix plan` writes to `OUT.plan.json`."""
        return self._native.to_json()

    @staticmethod
    def from_json(text: str) -> Plan:
        """The plan that `to_json` gave, or that is in `OUT.plan.json`.

        Raises:
            Error: Kind `plan`: it is something else, of another version, or was changed.
        """
        return Plan(_ndpix.Plan.from_json(text))

    def save(self) -> str:
        """Writes it to `OUT.plan.json`, where the command takes it up, and gives that name."""
        return os.fspath(self._native.save())

    def part(self, number: int) -> Part:
        """One of its parts, as a source for `batches`: its images without files. Lines are counted from the
        beginning of the part."""
        return Part(self, number)

    def run(self, part: int, work: Path | None = None, *, progress: bool | None = None) -> dict[str, Any]:
        """Carries out a part: decodes its records, and leaves what comes of them for `commit`.

        A part that is done already is not done again. It may be carried out any number of times, also at once.

        Args:
            part: Its number, from 0.
            work: A folder or address that all who carry out parts see, and who commits; `OUT.parts` where it is not given.
            progress: As for `load`.

        Returns:
            What is known of the part: its number, and counts. Small, plain values, the same whoever made it.

        Raises:
            Error: Kind `plan`: an input has changed since the plan was made. Kind `options`: no such part.
            OSError: The machine: a file that is missing, a full disk.
        """
        return dict(json.loads(self._native.run(part, work, Hooks(progress))))

    def commit(
        self,
        facts: Iterable[dict[str, Any]] | None = None,
        work: Path | None = None,
        *,
        summary: Path | None = None,
        report: Path | None = None,
        progress: bool | None = None,
    ) -> Summary:
        """Makes the output of parts that are all done, byte by byte that of `convert` with one thread, and removes
        the parts.

        Args:
            facts: What `run` gave for each part, in any order: then these must be all. Otherwise it is looked for
                in the folder alone.
            work: As for `run`.
            summary: A file that gets the summary as JSON, also when it fails.
            report: A file of HTML that gets a page of it, as of `convert`.
            progress: As for `load`.

        Returns:
            What was done, as of one run.

        Raises:
            Error: As for `convert`; kind `plan`: an input has changed since the plan was made, or `facts` are of
                another plan.
            OSError: The machine; also parts that are missing or damaged, which are named.
        """
        texts = None if facts is None else [json.dumps(one) for one in facts]
        native = self._native.commit(texts, work, summary, report, Hooks(progress))
        return warned(read(native))

    def sweep(self, work: Path | None = None) -> None:
        """Removes parts that are done and were not committed, of this plan and of others in the same folder."""
        self._native.sweep(work)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        return f"<ndpix.Plan {self.id}: {self.parts} parts, {self.out}>"


def settled(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a function gives, or an error of it that another try would meet again: for engines, which try again what
    raises. Those do it at once, while a worker that they gave up may still hold the output, or a server be busy."""
    try:
        return function(*arguments, **named)
    except (Error, OSError) as error:
        if isinstance(error, Error) and error.kind != "fetch":
            return error
        time.sleep(2)
        raise


def given(result: Any) -> Any:
    """What `settled` has settled."""
    if isinstance(result, Error):
        raise result
    return result


@keywords
def plan(
    source: Source,
    out: Path | None = None,
    *,
    part_bytes: int | str = "64M",
    parts: int | None = None,
    **options: Unpack[Options],
) -> Plan:
    """Decides a conversion, cuts its inputs into parts, and writes nothing. With `fresh` parts go that wait in
    `OUT.parts`.

    Args:
        source: A path, glob or address, or a list of them: files, as they are read several times.
        out: The file that will be written, as for `convert`. Without it the parts are there to be read, with
            `batches`.
        part_bytes: Bytes of a part, also as `"64M"`. Files of lines that are not compressed are cut; others are
            a part each, and small files are put together into one.
        parts: About how many parts, instead.
        **options: The options of the command, by their names with underscores.

    Returns:
        The plan.

    Raises:
        Error: As for `convert`, before it writes anything; also for `skip`, `limit` and `append`, and
            without `out` for what is of a whole run: `max_rejects` and `rejects`.
        OSError: The machine: a file that is missing.
    """
    return Plan(_ndpix.plan(source, out, str(part_bytes), parts, options, Hooks(False)))
