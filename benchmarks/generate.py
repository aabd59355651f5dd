"""Workspaces with thousands of endpoints and a long history, made by `git fast-import`.

The same shape gives the same commits everywhere. `python -m benchmarks.generate` makes one in a
process of its own: what that takes at its peak would else count as memory of every process that the
same one starts later (see measure.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import IO

from benchmarks.documents import edited, endpoint, scenario, scenario_name
from benchmarks.environment import closed, program

CITY = "lyon"
"""The city whose endpoints are searched for and edited at once."""

BULK = "bulk"
"""The tag of the commit that changes many files."""

_ENDPOINTS_A_SCENARIO = 50
_MOST_SCENARIOS = 1_000
_USED_BY_A_SCENARIO = 4
_MOST_IN_BULK = 1_000
_EDITS_A_WATCHED_ONE = 100

_START = 1_704_067_200  # 2024-01-01, in seconds since 1970
_HOUR = 3_600
_PEOPLE = ("Ada Moreau <ada@example.net>", "Jan Novak <jan@example.net>")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a workspace is to hold: so many endpoints, and commits that edit one of them each."""

    endpoints: int
    edits: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a workspace that was made, for commands and for their answers.

    `watched` is an endpoint that was renamed once, `watched_commits` how many commits touch it.
    `used` is one that the scenario `user` names. `in_city` endpoints stand in the city. `bulk`
    files change in the commit of that tag; `head` is the newest commit of `commits`.
    """

    endpoints: int
    scenarios: int
    commits: int
    bulk: int
    in_city: int
    watched: str
    watched_commits: int
    used: str
    user: str
    head: str


def _is_used(number: int) -> bool:
    return number % _ENDPOINTS_A_SCENARIO < _USED_BY_A_SCENARIO


def make(folder: Path, shape: Shape, home: Path) -> Facts:
    """Make a workspace in a folder that is not there yet; `home` is that of Git's processes."""
    environment = closed(home)
    folder.mkdir(parents=True)
    _git(folder, environment, "init", "--quiet")
    with _importing(folder, environment) as stream:
        history = _History(shape, stream)
        history.write()
    _git(folder, environment, "reset", "--hard", "--quiet")
    head = _git(folder, environment, "rev-parse", "HEAD").strip()
    return replace(history.facts, head=head)


def _git(folder: Path, environment: Mapping[str, str], *args: str) -> str:
    command = [program("git"), *args]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8")


@contextmanager
def _importing(folder: Path, environment: Mapping[str, str]) -> Iterator[IO[bytes]]:
    # even a small history is to be one pack, as a clone's is
    command = [program("git"), "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        yield process.stdin
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)


class _History:
    """Writes the commits of one workspace, oldest first."""

    def __init__(self, shape: Shape, stream: IO[bytes]) -> None:
        self._shape = shape
        self._stream = stream
        self._chance = Random(shape.seed)
        self._endpoints = [endpoint(number, self._chance) for number in range(shape.endpoints)]
        self._scenarios = dict(self._routes())
        self._watched = self._middle()
        self._watched_commits = 1
        self._commits = 0

    def _routes(self) -> Iterator[tuple[str, str]]:
        """The scenarios: names and texts. The first of every fifty are used."""
        count = max(min(self._shape.endpoints // _ENDPOINTS_A_SCENARIO, _MOST_SCENARIOS), 1)
        for number in range(count):
            first = number * _ENDPOINTS_A_SCENARIO
            fifty = self._endpoints[first : first + _ENDPOINTS_A_SCENARIO]
            used = [one for one in fifty if _is_used(one.number)]
            yield scenario_name(number), scenario(number, [one.reference for one in used])

    def _middle(self) -> int:
        """The number of an endpoint that no scenario uses, in the middle of all by name: Git reads
        a folder up to the file that it looks for."""
        order = sorted(self._endpoints, key=lambda one: one.reference)
        half = order[len(order) // 2 :]
        unused = (one for one in half if not _is_used(one.number))
        return next(unused, half[-1]).number

    @property
    def facts(self) -> Facts:
        """What is known when all is written, but for the hash of the newest commit."""
        return Facts(
            endpoints=self._shape.endpoints,
            scenarios=len(self._scenarios),
            commits=self._commits,
            bulk=len(self._in_bulk()),
            in_city=sum(one.city == CITY for one in self._endpoints),
            watched=self._endpoints[self._watched].reference,
            watched_commits=self._watched_commits,
            used=self._endpoints[0].reference,
            user=scenario_name(0),
            head="",
        )

    def write(self) -> None:
        """The first commit with all files, then one edit a commit, and one of many in between."""
        self._begin()
        half, three_quarters = self._shape.edits // 2, self._shape.edits * 3 // 4
        for ticket in range(self._shape.edits):
            if ticket == half:
                self._rename()
            elif ticket % _EDITS_A_WATCHED_ONE == 1:
                self._edit(self._watched, ticket)
            else:
                self._edit(self._chance.randrange(self._shape.endpoints), ticket)
            if ticket == three_quarters:
                self._edit_many()

    def _begin(self) -> None:
        first = self._endpoints[self._watched]
        self._endpoints[self._watched] = replace(first, reference=f"{first.reference}-old")
        self._commit("Move the contact centre into Git")
        self._put("sipctl.yaml", "version: 1\n")
        for one in self._endpoints:
            self._put(one.path, one.text)
        for name, text in self._scenarios.items():
            self._put(f"scenarios/{name}.yaml", text)

    def _edit(self, number: int, ticket: int) -> None:
        one, field = edited(self._endpoints[number], ticket, self._chance)
        self._endpoints[number] = one
        self._watched_commits += number == self._watched
        self._commit(f"Change {field} of {one.reference}")
        self._put(one.path, one.text)

    def _rename(self) -> None:
        old = self._endpoints[self._watched]
        new = replace(old, reference=old.reference.removesuffix("-old"))
        self._endpoints[self._watched] = new
        self._watched_commits += 1
        self._commit(f"Rename {old.reference} to {new.reference}")
        self._line(f"D {old.path}")
        self._put(new.path, new.text)

    def _in_bulk(self) -> list[int]:
        """The numbers of the endpoints that change at once."""
        all_of_them = self._shape.endpoints
        count = min(all_of_them, _MOST_IN_BULK)
        return [index * all_of_them // count for index in range(count)]

    def _edit_many(self) -> None:
        self._commit("Tag what was audited")
        for number in self._in_bulk():
            new = replace(self._endpoints[number], stage="audited")
            self._endpoints[number] = new
            self._watched_commits += number == self._watched
            self._put(new.path, new.text)
        self._line(f"reset refs/tags/{BULK}\nfrom refs/heads/main\n")

    # -- the stream of fast-import ---------------------------------------------------------------

    def _commit(self, subject: str) -> None:
        who = f"{self._chance.choice(_PEOPLE)} {_START + self._commits * _HOUR} +0000"
        self._commits += 1
        self._line(f"commit refs/heads/main\nauthor {who}\ncommitter {who}")
        self._data(f"{subject}\n")

    def _put(self, path: str, text: str) -> None:
        self._line(f"M 100644 inline {path}")
        self._data(text)

    def _data(self, text: str) -> None:
        data = text.encode("utf-8")
        self._stream.write(b"data %d\n%b\n" % (len(data), data))

    def _line(self, line: str) -> None:
        self._stream.write(f"{line}\n".encode())


def main() -> None:
    """Make a workspace in a process of its own; prints what is known of it as JSON."""
    place, home, *numbers = sys.argv[1:]
    facts = make(Path(place) / "workspace", Shape(*map(int, numbers)), Path(home))
    print(json.dumps(asdict(facts)))


if __name__ == "__main__":
    main()
