"""What was measured, and what follows from it: medians, ratios, and whether targets are met."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.processes import Cost
from benchmarks.tasks import Measure, Race, Row, Sizes, Target, Task

TOLERANCE = 1.1
"""Growth counts as linear up to this factor, since times vary."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What the counted runs of one task in one workspace cost; the medians are told."""

    costs: tuple[Cost, ...]

    @property
    def wall(self) -> float:
        """Seconds by the clock."""
        return median(cost.wall for cost in self.costs)

    @property
    def cpu(self) -> float:
        """Seconds of all processors."""
        return median(cost.cpu for cost in self.costs)

    @property
    def memory(self) -> float:
        """Bytes at the peak."""
        return median(cost.memory for cost in self.costs)


Measured = Mapping[tuple[Task, int], Runs]
"""The runs of one race, by task and number of endpoints."""

Results = Mapping[str, Measured]
"""All that was measured, by the name of the race."""


# -- rows ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A row and what came out, in a workspace of `size` endpoints."""

    row: Row
    size: int
    ours: Runs
    peer: Runs | None

    @property
    def ratio(self) -> float | None:
        """Our time divided by the peer's; None without a peer."""
        return self.ours.wall / self.peer.wall if self.peer else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.row.target is None else self._meets(self.row.target)

    def _meets(self, target: Target) -> bool:
        if target.measure is Measure.MEGABYTES:
            return self.ours.memory <= target.limit * 1e6
        assert self.ratio is not None, "such a target needs a peer"
        if target.measure is Measure.FASTER:
            return self.ratio <= 1 / target.limit
        return self.ratio <= target.limit


def lines(race: Race, measured: Measured, sizes: Sizes) -> Iterator[Line]:
    """The rows of a race with what came out."""
    for row in race.rows:
        (size,) = sizes.at(row.at)
        peer = measured[row.peer, size] if row.peer else None
        yield Line(row, size, measured[row.ours, size], peer)


# -- growth --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Growth:
    """A task in two workspaces, the larger one with `factor` times the endpoints; its peer too."""

    task: Task
    factor: float
    smaller: Runs
    larger: Runs
    peer: Growth | None = None

    @property
    def time(self) -> float:
        """So many times the time."""
        return self.larger.wall / self.smaller.wall

    @property
    def memory(self) -> float:
        """So many times the memory."""
        return self.larger.memory / self.smaller.memory

    @property
    def is_linear(self) -> bool:
        """True where neither grows faster than the number of endpoints, with the tolerance."""
        return max(self.time, self.memory) <= self.factor * TOLERANCE


def growths(races: Sequence[Race], results: Results, sizes: Sizes) -> Iterator[Growth]:
    """The growth of each task of ours that ran in the two largest workspaces, with its peer's."""
    if len(sizes.all) < 2:
        return
    for race in races:
        found = {growth.task: growth for growth in _growths(race, results[race.name], sizes)}
        peers = {row.ours: found.get(row.peer) for row in reversed(race.rows) if row.peer}
        for task, growth in found.items():
            if task.is_ours:
                yield replace(growth, peer=peers.get(task))


def _growths(race: Race, measured: Measured, sizes: Sizes) -> Iterator[Growth]:
    smaller, larger = sizes.all[-2:]
    for task in race.tasks:
        if (task, smaller) in measured and (task, larger) in measured:
            runs = measured[task, smaller], measured[task, larger]
            yield Growth(task, larger / smaller, *runs)


# -- on disk -------------------------------------------------------------------------------------


def save(results: Results, file: Path) -> None:
    """Write what every run cost, as JSON."""
    found = []
    for name, measured in results.items():
        for (task, size), runs in measured.items():
            costs = [astuple(cost) for cost in runs.costs]
            found.append({"race": name, "task": task.label, "endpoints": size, "costs": costs})
    file.write_text(json.dumps(found), encoding="utf-8")


def load(races: Sequence[Race], sizes: Sizes, file: Path) -> Results:
    """What `save` wrote of these races; raises KeyError where one of their tasks is not in it."""
    found = {
        (one["race"], one["task"], one["endpoints"]): Runs(tuple(Cost(*c) for c in one["costs"]))
        for one in json.loads(file.read_text(encoding="utf-8"))
    }
    return {
        race.name: {(t, n): found[race.name, t.label, n] for t, n in race.entrants(sizes)}
        for race in races
    }
