"""What a commit changed in a scenario and nobody since, and what stands in the way of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field

from sipctl.changes import FieldChange, Value, differences, field_name, snapshot
from sipctl.history import is_among
from sipctl.kinds import SCENARIO
from sipctl.nodes import Mapping, Node
from sipctl.ways import Changes, data_of
from sipctl.yamlfile.meaning import Meaning, of_node
from sipctl.yamlfile.write import UNSET, Path


@dataclass(slots=True)
class Taken:
    """What takes a commit back: values by their way, and in words what has changed again since."""

    since: tuple[FieldChange, ...]
    changes: Changes = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)


def taken_back(before: Mapping, after: Mapping, today: Mapping, *, renamed: bool) -> Taken:
    """The changes that take back what led from `before` to `after`, in the file as it is today.

    They are as fine as the fields of `changes.snapshot`. An action that came or went is one change.
    With `renamed` the reference is somebody else's matter.
    """
    since = differences(snapshot(after, SCENARIO), snapshot(today, SCENARIO))
    taken = Taken(since)
    for key in dict.fromkeys((*before.keys(), *after.keys())):
        if key != "reference" or not renamed:
            _compare(taken, (key,), before.get(key), after.get(key), today.get(key))
    return taken


def _compare(
    taken: Taken, way: Path, before: Node | None, after: Node | None, today: Node | None
) -> None:
    was, set_to, now = map(_meaning, (before, after, today))
    if was in (set_to, now):
        return
    if now == set_to:
        taken.changes[way] = UNSET if before is None else data_of(before)
    elif _is_told_apart(way, before, after, today):
        _compare_within(taken, way, _mapping(before), _mapping(after), _mapping(today))
        if before is None:
            _leave_nothing_empty(taken, way, _mapping(today))
    else:
        taken.conflicts += _words(taken, way, after, today)


def _meaning(node: Node | None) -> Meaning | None:
    return None if node is None else of_node(node)


def _is_told_apart(way: Path, *sides: Node | None) -> bool:
    """True where entries are compared one by one, an absent mapping being an empty one.

    An action is there or is not: what is left of it by halves would be none.
    """
    if way[0] != "actions" or len(way) > _DEPTH or way[-1].startswith("x-"):
        return False
    may_be_absent = len(way) != _ACTION
    return all(isinstance(side, Mapping) or (may_be_absent and side is None) for side in sides)


_ACTION = 2
_DEPTH = 3
"""The ways to an action, and to the mappings in it whose entries are fields of their own."""


def _mapping(node: Node | None) -> dict[str, Node]:
    return {key.value: value for key, value in node.entries} if isinstance(node, Mapping) else {}


def _compare_within(
    taken: Taken,
    way: Path,
    before: dict[str, Node],
    after: dict[str, Node],
    today: dict[str, Node],
) -> None:
    for key in dict.fromkeys((*before, *after)):
        _compare(taken, (*way, key), before.get(key), after.get(key), today.get(key))


def _leave_nothing_empty(taken: Taken, way: Path, today: dict[str, Node]) -> None:
    """A mapping that was not there before goes with the last of its entries."""
    ways = [(*way, key) for key in today]
    if ways and all(taken.changes.get(each) is UNSET for each in ways):
        for each in ways:
            del taken.changes[each]
        taken.changes[way] = UNSET


def _words(taken: Taken, way: Path, after: Node | None, today: Node | None) -> list[str]:
    name = field_name(way)
    if len(way) == _ACTION and (after is None or today is None):
        return [f"{name} is {'there again' if after is None else 'not there any more'}"]
    changed = [change for change in taken.since if is_among(change.field, (name,), SCENARIO)]
    words = [told_again(c.field, now=c.new, set_to=c.old) for c in changed]
    return words or [f"{name} has changed since"]


def told_again(field: str, *, now: Value, set_to: Value) -> str:
    """In words, a field that has changed again since."""
    another = " (another value)" if now.text() == set_to.text() else ""
    return f"{field} is now {now.text()}, was set to {set_to.text()}{another}"
