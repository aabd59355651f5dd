"""The figures as tables: on a terminal, and in results.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.results import TOLERANCE, Growth, Line, Results, growths, lines
from benchmarks.tasks import Measure, Race, Sizes, Target
from benchmarks.workspaces import Workspace


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts with its title."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def plain(self) -> str:
        """For a terminal: columns with blanks between them."""
        rows = [tuple(cell.replace("`", "") for cell in row) for row in (self.heads, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        padded = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        return "\n".join([self.title, *(f"  {line}" for line in padded), ""])

    def markdown(self) -> str:
        """For a page, with the title as a heading."""
        rule = tuple("---" for _ in self.heads)
        rows = (f"| {' | '.join(row)} |" for row in (self.heads, rule, *self.rows))
        return "\n".join([f"## {self.title}", "", *rows, ""])


@dataclass(frozen=True)
class Report:
    """What is told of races that were run in these workspaces."""

    races: Sequence[Race]
    sizes: Sizes
    workspaces: Mapping[int, Workspace]
    results: Results

    @cached_property
    def _lines(self) -> Mapping[str, tuple[Line, ...]]:
        return {
            race.name: tuple(lines(race, self.results[race.name], self.sizes))
            for race in self.races
        }

    @cached_property
    def _growths(self) -> tuple[Growth, ...]:
        return tuple(growths(self.races, self.results, self.sizes))

    @property
    def missed(self) -> list[str]:
        """Whatever has a target and misses it."""
        all_lines = (line for found in self._lines.values() for line in found)
        rows = [self._what(line) for line in all_lines if line.is_met is False]
        return rows + [f"growth of `{g.task.label}`" for g in self._growths if not g.is_linear]

    @property
    def verdict(self) -> str:
        """One sentence: how many targets are met, and which are not."""
        all_lines = (line for found in self._lines.values() for line in found)
        targets = sum(line.is_met is not None for line in all_lines) + len(self._growths)
        missed = self.missed
        told = f"{targets - len(missed)} of {targets} targets are met."
        return f"{told} Missed: {'; '.join(missed)}." if missed else told

    def title(self, race: Race) -> str:
        """What a race is about."""
        return self._main.tell(race.title)

    @property
    def _main(self) -> Workspace:
        return self.workspaces[self.sizes.main]

    def _what(self, line: Line) -> str:
        return self.workspaces[line.size].tell(line.row.what)

    # -- tables ----------------------------------------------------------------------------------

    def tables(self) -> Iterator[Table]:
        """One for each race that has rows, and that of the growth."""
        for race in self.races:
            if race.rows:
                yield self._rows(race)
        if self._growths:
            yield self._growth()

    def _rows(self, race: Race) -> Table:
        heads = ("what", "endpoints", "sipctl", "peer", "", "ratio", "target", "", "CPU", "memory")
        rows = ((self._what(line), *_cells(line)) for line in self._lines[race.name])
        return Table(self.title(race), heads, tuple(rows))

    def _growth(self) -> Table:
        smaller, larger = (f"{size:,}" for size in self.sizes.all[-2:])
        heads = ("sipctl", smaller, larger, "time", smaller, larger, "memory", "", "peer", "time")
        limit = self.sizes.all[-1] / self.sizes.all[-2]
        title = f"Growth from {smaller} to {larger} endpoints, at most {limit:g}"
        return Table(title, heads, tuple(map(_growth_cells, self._growths)))

    def plain(self) -> str:
        """All tables, for a terminal."""
        return "\n".join([*(table.plain() for table in self.tables()), self.verdict])

    def markdown(self, facts: Mapping[str, Mapping[str, str]]) -> str:
        """The page results.md; `facts` tell of the machine and of versions, by heading."""
        known = [
            f"- {heading}: " + "; ".join(f"{name} {value}" for name, value in about.items())
            for heading, about in facts.items()
        ]
        parts = [
            _INTRODUCTION.format(verdict=self.verdict),
            *(table.markdown() for table in self.tables()),
            _GROWTH.format(percent=round((TOLERANCE - 1) * 100)),
            "\n".join(["## Measured with", "", *known, ""]),
        ]
        return "\n".join(parts)


_INTRODUCTION = """\
# How fast sipctl is

Written by `make bench`. Read the ratios, not the times. {verdict}

![Time against the number of endpoints](results.svg)

A time is the median of whole processes, from start to end, that ran in turn with their peers. The
*ratio* is our time divided by the peer's, or the peer's by ours where it says *faster*. *CPU* is
the time of all processors and *memory* the peak of the largest process, both of sipctl; less than
35 MB cannot be told apart. *Cold*: sipctl has cached nothing, but the system holds the files in
memory. *Warm*: the same command has run before.
"""

_GROWTH = """\
Time and memory may grow as the number of endpoints does; {percent} % more are tolerated. All
workspaces have the same number of commits, and no commit graph.
"""


def _cells(line: Line) -> tuple[str, ...]:
    target, ours, peer = line.row.target, line.ours, line.row.peer
    return (
        f"{line.size:,}",
        seconds(ours.wall),
        f"`{peer.label}`" if peer else "",
        seconds(line.peer.wall) if line.peer else "",
        _ratio(line),
        _limit(target) if target else "",
        _verdict(line.is_met),
        seconds(ours.cpu),
        megabytes(ours.memory),
    )


def _ratio(line: Line) -> str:
    measure = line.row.target.measure if line.row.target else Measure.TIMES
    if measure is Measure.MEGABYTES:
        return megabytes(line.ours.memory)
    if line.ratio is None:
        return ""
    return (
        times(line.ratio) if measure is Measure.TIMES else f"{times(1 / line.ratio)} times faster"
    )


def _limit(target: Target) -> str:
    match target.measure:
        case Measure.TIMES:
            return f"≤ {target.limit:g}"
        case Measure.FASTER:
            return f"≥ {target.limit:g} times faster"
        case Measure.MEGABYTES:
            return f"≤ {target.limit:g} MB"


def _verdict(is_met: bool | None) -> str:
    return "" if is_met is None else "met" if is_met else "missed"


def _growth_cells(growth: Growth) -> tuple[str, ...]:
    return (
        f"`{growth.task.label}`",
        seconds(growth.smaller.wall),
        seconds(growth.larger.wall),
        times(growth.time),
        megabytes(growth.smaller.memory),
        megabytes(growth.larger.memory),
        times(growth.memory),
        _verdict(growth.is_linear),
        f"`{growth.peer.task.label}`" if growth.peer else "",
        times(growth.peer.time) if growth.peer else "",
    )


def seconds(value: float) -> str:
    """A time as `21.3 ms`, `0.43 s` or `12.3 s`."""
    if value < 0.1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def megabytes(value: float) -> str:
    """Bytes as `43 MB`."""
    return f"{value / 1e6:.0f} MB"


def times(value: float) -> str:
    """A ratio as `1.46` or `12.3`."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
