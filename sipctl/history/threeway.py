"""What a commit changed in a scenario and nobody since, and what stands in the way of the rest."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from functools import cached_property

from sipctl.changes import FieldChange, Value, differences, field_name, snapshot
from sipctl.kinds import SCENARIO
from sipctl.scenarios.ways import Changes, data_of, way_of
from sipctl.yamlfile.meaning import Meaning, of_node
from sipctl.yamlfile.nodes import Mapping, Node
from sipctl.yamlfile.write import UNSET, KeyPath

_ACTION = 2
_DEPTH = 3
"""The ways to an action, and to the mappings in it whose entries are fields of their own."""


class Taken:
    """What takes back what led from `before` to `after`, in a scenario's file as it is today.

    `changes` are values by their way, as fine as the fields of `changes.snapshot`; an action that
    came or went is one change. `conflicts` tell in words what has changed again since.
    """

    def __init__(self, before: Mapping, after: Mapping, today: Mapping) -> None:
        self.changes: Changes = {}
        self.conflicts: list[str] = []
        self._after, self._today = after, today
        self._compare_entries((), _entries(before), _entries(after), _entries(today))

    def _compare_entries(
        self,
        way: KeyPath,
        before: MappingType[str, Node],
        after: MappingType[str, Node],
        today: MappingType[str, Node],
    ) -> None:
        for key in dict.fromkeys((*before, *after)):
            self._compare((*way, key), before.get(key), after.get(key), today.get(key))

    def _compare(
        self, way: KeyPath, before: Node | None, after: Node | None, today: Node | None
    ) -> None:
        was, set_to, now = map(_meaning, (before, after, today))
        if was in (set_to, now):
            return
        if now == set_to:
            self.changes[way] = UNSET if before is None else data_of(before)
        elif _is_told_apart(way, before, after, today):
            self._compare_entries(way, _entries(before), _entries(after), _entries(today))
            if before is None:
                self._leave_nothing_empty(way, today)
        else:
            self.conflicts += self._words(way, after, today)

    def _leave_nothing_empty(self, way: KeyPath, today: Node | None) -> None:
        """A mapping that was not there before goes with the last of its entries."""
        ways = [(*way, key) for key in _entries(today)]
        if ways and all(self.changes.get(each) is UNSET for each in ways):
            for each in ways:
                del self.changes[each]
            self.changes[way] = UNSET

    def _words(self, way: KeyPath, after: Node | None, today: Node | None) -> list[str]:
        name = field_name(way)
        if len(way) == _ACTION and (after is None or today is None):
            return [f"{name} is {'there again' if after is None else 'not there any more'}"]
        found = self._since.get(way, ())
        words = [told_again(change.field, now=change.new, set_to=change.old) for change in found]
        return words or [f"{name} has changed since"]

    @cached_property
    def _since(self) -> dict[KeyPath, list[FieldChange]]:
        """What has changed since the commit, by the way to it and to all that it is in."""
        found: dict[KeyPath, list[FieldChange]] = {}
        sides = (snapshot(side, SCENARIO) for side in (self._after, self._today))
        for change in differences(*sides):
            way = way_of(change.field) or ()
            for end in range(1, len(way) + 1):
                found.setdefault(way[:end], []).append(change)
        return found


def _meaning(node: Node | None) -> Meaning | None:
    return None if node is None else of_node(node)


def _entries(node: Node | None) -> dict[str, Node]:
    return {key.value: value for key, value in node.entries} if isinstance(node, Mapping) else {}


def _is_told_apart(way: KeyPath, *sides: Node | None) -> bool:
    """True where entries are compared one by one, an absent mapping being an empty one.

    An action is there or is not: what is left of it by halves would be none.
    """
    if way[0] != "actions" or len(way) > _DEPTH or way[-1].startswith("x-"):
        return False
    may_be_absent = len(way) != _ACTION
    return all(isinstance(side, Mapping) or (may_be_absent and side is None) for side in sides)


def told_again(field: str, *, now: Value, set_to: Value) -> str:
    """In words, a field that has changed again since."""
    another = " (another value)" if now.text() == set_to.text() else ""
    return f"{field} is now {now.text()}, was set to {set_to.text()}{another}"
