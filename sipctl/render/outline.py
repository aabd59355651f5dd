"""The lines of a scenario's tree, before they become text.

An action stands there once, however many branches lead to it. A single branch goes on at the same
depth, and what lies too deep starts anew at the margin: a long chain costs no more than a fan.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count

from sipctl.scenarios.graph import unreached
from sipctl.scenarios.scenario import Action, Scenario

_DEEPEST = 10  # levels; each takes three columns, and most of a line is for words


class To(Enum):
    """What a line leads to."""

    ACTION = "an action; its branches are the lines below"
    ABOVE = "an action that stands above"
    BELOW = "an action that starts anew further below"
    UNKNOWN = "the id of no action"
    END = "the end of the call"
    FREE = "nothing, as the branch is not written"
    NOTHING = "nothing, as there is no start"
    GAP = "an empty line"
    HEADING = "the actions that no call comes to"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the branch `label` of the action `source`, and what it leads to.

    The root of a tree has no source; that of the first tree has the label `start`. `rails` is what
    is drawn before the label. `others` are labels that are as free as this one and have no line.
    """

    leads: To
    target: str | None = None
    label: str | None = None
    source: str = ""
    rails: str = ""
    others: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """True where an action can be attached and no link is lost."""
        return self.leads in (To.END, To.FREE)


def outline(scenario: Scenario, offering: bool = False) -> Iterator[Row]:
    """The lines from the start down, then those of the actions that no call comes to.

    `offering` adds the labels of the catalogue that are not written; of the keys of a menu and of
    the links of a load sharing only the next free one.
    """
    walk = _Walk(scenario, offering)
    yield from walk.from_start()
    loose = [group[0] for group in unreached(scenario)]
    if loose:
        yield from (Row(To.GAP), Row(To.HEADING))
    for id in loose:
        yield from walk.at_margin(id)


def open_branches(scenario: Scenario, after: str | None = None) -> dict[str, Row]:
    """The lines of the branches that are open, or of those of one action, by their numbers.

    Beside one action its labels are answers too, and a key of a menu is a number: the line of such
    a branch has that, and no other line has the number of a label.
    """
    rows = [row for row in outline(scenario, offering=True) if row.is_open]
    if after is None:
        return {str(number): row for number, row in enumerate(rows, 1)}
    keys = {label for label in scenario.actions[after].labels if label.isdecimal()}
    free = (number for number in map(str, count(1)) if number not in keys)
    beside = [row for row in rows if row.source == after]
    return {row.label if row.label in keys else next(free): row for row in beside}


@dataclass(slots=True)
class _Level:
    """The branches of an action that are not drawn yet, the next one last."""

    ahead: list[Row]
    rails: str
    is_single: bool


@dataclass(slots=True)
class _Walk:
    """Goes depth first, with its stack in the open."""

    scenario: Scenario
    offering: bool
    met: dict[str, To] = field(default_factory=dict)  # where an action is found when met again
    put_off: deque[str] = field(default_factory=deque)

    def from_start(self) -> Iterator[Row]:
        start = self.scenario.start
        if start is None or start not in self.scenario.actions:
            yield Row(To.NOTHING if start is None else To.UNKNOWN, start, "start")
        else:
            yield from self._tree(Row(To.ACTION, start, "start"), start)

    def at_margin(self, id: str) -> Iterator[Row]:
        if id not in self.met:
            yield Row(To.GAP)
            yield from self._tree(Row(To.ACTION, id), id)

    def _tree(self, root: Row, id: str) -> Iterator[Row]:
        yield root
        yield from self._below(id)
        while self.put_off:
            id = self.put_off.popleft()
            yield from (Row(To.GAP), Row(To.ACTION, id))
            yield from self._below(id)

    def _below(self, id: str) -> Iterator[Row]:
        self.met[id] = To.ABOVE
        levels = [self._level(id, "")]
        while levels:
            level = levels[-1]
            if not level.ahead:
                levels.pop()
                continue
            row, below = self._drawn(level)
            yield row
            if below:
                levels.append(below)

    def _level(self, id: str, rails: str) -> _Level:
        rows = self._branches(id)
        return _Level(rows[::-1], rails, len(rows) == 1)

    def _drawn(self, level: _Level) -> tuple[Row, _Level | None]:
        """The next branch, and the level that it opens."""
        branch = level.ahead.pop()
        knot, rails = ("├─ ", "│  ") if level.ahead else ("└─ ", "   ")
        leads = self._leads(branch, level)
        below = None
        if leads is To.ACTION and branch.target is not None:
            self.met[branch.target] = To.ABOVE
            below = self._level(branch.target, level.rails + rails)
            if level.is_single and below.ahead:
                knot, below.rails = "↓  ", level.rails
        return replace(branch, leads=leads, rails=level.rails + knot), below

    def _leads(self, branch: Row, level: _Level) -> To:
        id = branch.target
        if id is None:
            return branch.leads
        if id not in self.scenario.actions:
            return To.UNKNOWN
        if id in self.met:
            return self.met[id]
        if len(level.rails) < 3 * _DEEPEST or level.is_single or not self._branches(id):
            return To.ACTION
        self.put_off.append(id)
        self.met[id] = To.BELOW
        return To.BELOW

    def _branches(self, id: str) -> list[Row]:
        action = self.scenario.actions[id]
        written = [
            Row(To.END if target is None else To.ACTION, target, label, id)
            for label, target in action.branches.items()
        ]
        return [*written, *_free(id, action)] if self.offering else written


def _free(id: str, action: Action) -> Iterator[Row]:
    """The labels that are not written: the first of a series for all of it, then the others."""
    labels = action.known.branches if action.known else ()
    free = [label for label in labels if label not in action.branches]
    in_series = _SERIES.get(action.role, _never)
    series = sorted(filter(in_series, free), key=_keypad_order)
    if series:
        # one link is as good as another, while a key is what the message says
        others = series[1:] if action.role == "menu" else ()
        yield Row(To.FREE, None, series[0], id, others=tuple(others))
    for label in free:
        if not in_series(label):
            yield Row(To.FREE, None, label, id)


# Roles whose types have many outputs that are as good as each other, and which those are.
_SERIES: Mapping[str, Callable[[str], bool]] = {
    "menu": lambda label: len(label) == 1,
    "shares": lambda label: label.startswith("link-"),
}


def _never(label: str) -> bool:
    return False


def _keypad_order(label: str) -> tuple[bool, bool]:
    # 1 to 9, then 0, then * and #; links keep their order
    return len(label) == 1 and not label.isdigit(), label == "0"
