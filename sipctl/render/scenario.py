"""A scenario as a tree for a terminal, and as one to choose an open branch from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sipctl.endpoint import Endpoint
from sipctl.render import Segments, visible
from sipctl.render.action import UNKNOWN, named, numbers, server, telling, type_name
from sipctl.render.cells import beginning, cut
from sipctl.render.cells import width as columns_of
from sipctl.render.outline import Row, To, open_branches, outline
from sipctl.scenarios.scenario import Scenario

WIDTH = 80
"""The columns that a tree is fitted to, unless others are given."""

_LABEL, _LEAST = 24, 12  # columns: the most for a label, the least for what gives way

_Pieces = list[tuple[str, str]]


def tree(
    scenario: Scenario,
    endpoints: Mapping[str, Endpoint] | None = None,
    width: int | None = WIDTH,
) -> Segments:
    """The scenario from its start down, then what no call comes to.

    With `endpoints` each endpoint is shown with its server, or as unknown. Lines are cut to `width`
    columns where it is given.
    """
    sheet = _Sheet(scenario, endpoints, width)
    for pieces in sheet.head():
        yield from _fitted(pieces, width)
    for row in outline(scenario):
        yield from sheet.line(("", ""), row)


def choices(scenario: Scenario, after: str | None = None, width: int | None = WIDTH) -> Segments:
    """The tree, with the numbers of its open branches at the margin, or of those of one action."""
    sheet = _Sheet(scenario, None, width)
    rows = open_branches(scenario, after)
    numbers = {(row.source, row.label): f"[{number}]  " for number, row in rows.items()}
    margin = max(map(len, numbers.values()), default=0)
    for row in outline(scenario, offering=True):
        mark = numbers.get((row.source, row.label), "")
        yield from sheet.line((mark.rjust(margin), "yellow"), row)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a scenario is drawn on."""

    scenario: Scenario
    endpoints: Mapping[str, Endpoint] | None
    width: int | None

    def head(self) -> Iterable[_Pieces]:
        scenario = self.scenario
        name = f"  {visible(scenario.name)}" if scenario.name else ""
        points = numbers(scenario)
        yield [(scenario.reference, "bold"), (name, "")]
        if scenario.description:
            yield [(visible(scenario.description), "")]
        yield [(scenario.type_, ""), (f", entry points {points}" if points else "", "")]
        yield []

    def line(self, margin: tuple[str, str], row: Row) -> Segments:
        pieces = [margin, (row.rails, "dim"), *self._label(row)]
        pieces += self._target(row, sum(columns_of(text) for text, _ in pieces))
        yield from _fitted(pieces if row.leads is not To.GAP else [], self.width)

    def _label(self, row: Row) -> _Pieces:
        if row.label is None:
            return []
        label = named(row.label)
        return [(self._cut(label, _LABEL), "cyan"), (" → ", "dim")]

    def _target(self, row: Row, taken: int) -> _Pieces:
        if row.leads is To.ACTION and row.target is not None:
            return self._action(row.target, taken)
        words, style = _WORDS[row.leads]
        others = f" (or {' '.join(row.others)})" if row.others else ""
        if row.target is None:
            return [(f"{words}{others}", style)]
        mark = f" ({words})"
        return [(self._cut(named(row.target), self._left(taken, mark)), "bold"), (mark, style)]

    def _action(self, id: str, taken: int) -> _Pieces:
        """The id, the name of its type, what its parameters say; the name gives way first."""
        action = self.scenario.actions[id]
        shown, name, told = named(id), visible(type_name(action)), visible(telling(action))
        where = server(action, self.endpoints) if self.endpoints is not None else None
        mark = f" ({where})" if where else ""
        if not told:
            return [(shown, "bold"), (f"  {name}", "")]
        name = self._cut(name, self._left(taken, f"{shown}    {told}{mark}"))
        told = self._cut(told, self._left(taken, f"{shown}    {name}{mark}"))
        style = "bold red" if where == UNKNOWN else "green"
        return [(shown, "bold"), (f"  {name}", ""), (f"  {told}{mark}", style)]

    def _left(self, taken: int, words: str) -> int:
        """The columns that are left beside what is taken and the words, or the least."""
        return max((self.width or 0) - taken - columns_of(words), _LEAST)

    def _cut(self, text: str, room: int) -> str:
        return text if self.width is None else cut(text, room)


_WORDS = {
    To.ABOVE: ("shown above", "dim"),
    To.BELOW: ("shown below", "dim"),
    To.UNKNOWN: ("no such action", "bold red"),
    To.END: ("ends", "dim"),
    To.FREE: ("not written", "dim"),
    To.NOTHING: ("not set", "bold red"),
    To.GAP: ("", ""),
    To.HEADING: ("no call comes to:", "bold"),
}


def _fitted(pieces: _Pieces, width: int | None) -> Segments:
    """A line of at most `width` columns; … stands for what is left out."""
    length = sum(columns_of(text) for text, _ in pieces)
    is_cut = width is not None and length > width
    room = width - 1 if is_cut and width is not None else length
    for text, style in pieces:
        if room > 0 and text:
            yield beginning(text, room), style
        room -= columns_of(text)
    yield "…\n" if is_cut else "\n", ""
