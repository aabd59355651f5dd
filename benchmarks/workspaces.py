"""The workspaces that are measured: made once and kept, and how a command is run in one."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import documents, generate
from benchmarks.environment import ROOT, closed, program
from benchmarks.generate import CITY, Facts, Shape
from benchmarks.processes import Ended, Failed, run

SOME = 100
"""So many files are edited by hand, where there are as many."""

NEW = 1_000
"""So many endpoints are in the table that is imported."""

# what bash has in COMP_WORDBREAKS unless somebody changes it
_WORD_BREAKS = " \t\n\"'@><=;|&(:"


@dataclass(frozen=True)
class Workspace:
    """A workspace on disk, what is known of it, and the variables of the processes in it."""

    folder: Path
    facts: Facts
    variables: Mapping[str, str]

    @property
    def edited(self) -> Path:
        """A folder beside the workspace, for files as an edit of many leaves them."""
        return self.folder.with_name("edited")

    @property
    def table(self) -> Path:
        """A file beside the workspace, for endpoints that are to be imported."""
        return self.folder.with_name("table.csv")

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The paths of all endpoints, sorted."""
        found = (self.folder / "endpoints").iterdir()
        return tuple(sorted(f"endpoints/{file.name}" for file in found))

    def fill(self, text: str) -> str:
        """The text with the facts of this workspace for the names in braces."""
        return text.format_map(self._known)

    def tell(self, text: str) -> str:
        """The same for people: `10,000`."""
        numbers = {name: f"{n:,}" for name, n in self._known.items() if isinstance(n, int)}
        return text.format_map({**self._known, **numbers})

    @cached_property
    def _known(self) -> Mapping[str, str | int]:
        return asdict(self.facts) | {
            "breaks": _WORD_BREAKS,
            "city": CITY,
            "edited": str(self.edited),
            "schema": str(ROOT / "schemas" / "endpoint.schema.json"),
            "script": str(ROOT / "benchmarks" / "script.py"),
            "new": NEW,
            "table": str(self.table),
            "some": min(SOME, self.facts.endpoints),
            "typed": self.facts.watched[:-1],
        }

    def command(self, line: str) -> list[str]:
        """The program and arguments of a line; `{files}` stands for the paths of all endpoints."""
        name, *words = shlex.split(line)
        return [program(name), *(filled for word in words for filled in self._filled(word))]

    def _filled(self, word: str) -> Iterator[str]:
        if word == "{files}":
            yield from self.files
        else:
            yield self.fill(word)

    def do(self, line: str) -> Ended:
        """Run a command that is not counted; raises Failed where its status is not 0."""
        ended = run(self.command(line), self.folder, self.variables)
        if ended.status != 0:
            raise Failed("a preparation failed", ended)
        return ended


def opened(build: Path, shape: Shape) -> Workspace:
    """The workspace of this shape below `build`: the one that was made before, else a new one.

    One that another version of the generator made is taken away.
    """
    key = hashlib.sha256("".join([repr(shape), *_sources()]).encode()).hexdigest()[:10]
    home = build / "home"
    place = build / f"{shape.endpoints}-{shape.edits}-{key}"
    if not place.exists():
        for old in build.glob(f"{shape.endpoints}-{shape.edits}-*"):
            shutil.rmtree(old)
        _make(place, shape, home)
    facts = Facts(**json.loads((place / "facts.json").read_text(encoding="utf-8")))
    return Workspace(place / "workspace", facts, closed(home))


def _sources() -> Iterator[str]:
    for module in (documents, generate):
        yield Path(str(module.__file__)).read_text(encoding="utf-8")


def _make(place: Path, shape: Shape, home: Path) -> None:
    unfinished = place.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    words = [str(unfinished), str(home), str(shape.endpoints), str(shape.edits), str(shape.seed)]
    command = [sys.executable, "-m", "benchmarks.generate", *words]
    made = run(command, ROOT, closed(home))
    if made.status != 0:
        raise Failed("no workspace was made", made)
    (unfinished / "facts.json").write_text(made.out, encoding="utf-8")
    unfinished.rename(place)
