"""What a benchmark is made of: tasks, the rows that compare them, and the targets of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from benchmarks.processes import Ended, Output
from benchmarks.states import Step
from benchmarks.workspaces import Workspace

Check = Callable[[Workspace, Ended], str | None]
"""Says what is wrong with an answer; None for nothing."""


class At(Enum):
    """The workspaces that a task runs in, or the one that a row is about."""

    SMALL = "the smallest"
    MAIN = "the main one"
    LARGEST = "the largest"
    MAIN_AND_LARGEST = "the main and the largest one"
    UP_TO_MAIN = "all up to the main one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of endpoints, in ascending order: of the smallest workspace to the largest.

    Most rows are about the main one. Growth is looked at between the last two.
    """

    all: tuple[int, ...]

    @property
    def main(self) -> int:
        """The one before the last, where there are more than two."""
        return self.all[-2] if len(self.all) > 2 else self.all[-1]

    def at(self, which: At) -> tuple[int, ...]:
        """The sizes of these workspaces."""
        match which:
            case At.SMALL:
                return self.all[:1]
            case At.MAIN:
                return (self.main,)
            case At.LARGEST:
                return self.all[-1:]
            case At.MAIN_AND_LARGEST:
                return self.all[-2:]
            case At.UP_TO_MAIN:
                return tuple(size for size in self.all if size <= self.main)
            case At.ALL:
                return self.all


@dataclass(frozen=True, eq=False, slots=True)
class Task:
    """A command line, and all that belongs to a run of it.

    `before` and `after` are not counted. `most` is how many runs are counted at most.
    """

    label: str
    line: str
    checks: tuple[Check, ...]
    at: At = At.MAIN
    output: Output = Output.FILE
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    statuses: tuple[int, ...] = (0,)
    most: int | None = None

    @property
    def is_ours(self) -> bool:
        """True for a command of sipctl."""
        return self.line.startswith("sipctl")


class Measure(Enum):
    """What a row compares with its target."""

    TIMES = "so many times the time of the peer, at most"
    FASTER = "so many times faster than the peer, at least"
    MEGABYTES = "so many MB of memory, at most"


@dataclass(frozen=True, slots=True)
class Target:
    """A limit that a row is to keep."""

    measure: Measure
    limit: float


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """A line of the table: our task beside its peer, in one workspace.

    The facts of that one may stand in braces in `what`.
    """

    what: str
    ours: Task
    peer: Task | None = None
    target: Target | None = None
    at: At = At.MAIN


@dataclass(frozen=True, eq=False, slots=True)
class Race:
    """Tasks that run in turn, the rows that they give, and `further` tasks for the growth only."""

    name: str
    title: str
    rows: tuple[Row, ...]
    further: tuple[Task, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, each once; ours before its peer."""
        named = [task for row in self.rows for task in (row.ours, row.peer) if task is not None]
        return tuple(dict.fromkeys([*named, *self.further]))

    def entrants(self, sizes: Sizes) -> tuple[tuple[Task, int], ...]:
        """Each task with each number of endpoints that it runs at, as one round runs them."""
        return tuple((task, n) for n in sizes.all for task in self.tasks if n in sizes.at(task.at))

    def narrowed(self, words: Sequence[str]) -> Race:
        """The rows and further tasks that hold one of these words; all where one names the race."""
        if self.name in words:
            return self
        rows = (row for row in self.rows if _holds(f"{row.what} {row.ours.label}", words))
        further = (task for task in self.further if _holds(task.label, words))
        return replace(self, rows=tuple(rows), further=tuple(further))


def _holds(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def at_most(limit: float) -> Target:
    """So many times the peer's time, or less."""
    return Target(Measure.TIMES, limit)


def faster(limit: float) -> Target:
    """A peer's time divided by this, or less."""
    return Target(Measure.FASTER, limit)


def megabytes(limit: float) -> Target:
    """So much memory, or less."""
    return Target(Measure.MEGABYTES, limit)
