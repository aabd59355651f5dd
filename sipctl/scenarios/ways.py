"""Values within a scenario's file, by their way from the top: `actions.menu.branches.1`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from sipctl.editing import Change, edited_within
from sipctl.member import Member
from sipctl.scenarios import catalogue
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar, Sequence
from sipctl.yamlfile.write import KeyPath, Typed, Unset, Value

Changes = dict[KeyPath, Change]

_PART = r"""(?:"(?:[^"\\]|\\.)*"|[^\s."'\\]+)"""
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*")


def way_of(field: str) -> KeyPath | None:
    """The keys that a field's name tells, as `changes.field_name` writes it; None for no name."""
    if not _NAME.fullmatch(field):
        return None
    try:
        parts = re.findall(_PART, field)
        return tuple(json.loads(part) if part.startswith('"') else part for part in parts)
    except ValueError:  # no escape of JSON
        return None


def node_at(root: MappingNode, way: KeyPath) -> Node | None:
    """What stands there; None for nothing."""
    node: Node | None = root
    for key in way:
        node = node.get(key) if isinstance(node, MappingNode) else None
    return node


def data_of(node: Node) -> Value:
    """What a node says, as an edit takes it: a string that was quoted is one, a number is none."""
    if isinstance(node, Sequence):
        return [data_of(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key.value: data_of(value) for key, value in node.entries}
    kind = scalars.taken_for(node.value) if node.plain else None
    if kind is None or "," in node.value:  # 1,000 is a number to few, and is two items in a list
        return node.value
    return None if kind == "null" else Typed(node.value)


def outermost(ways: Iterable[KeyPath]) -> list[KeyPath]:
    """The ways without those that lead on from another of them."""
    known = dict.fromkeys(ways)
    return [way for way in known if not any(way[:end] in known for end in range(1, len(way)))]


# -- setting values ------------------------------------------------------------------------------


def edited_like(member: Member, wanted: Mapping[KeyPath, Change], like: MappingNode) -> bytes:
    """The file's bytes with values set or taken out, each by its way.

    A mapping that a way leads through is made where it is absent. Where the order of branches tells
    which of them a call takes, new ones stand where they stand in `like`.
    """
    assert member.root is not None
    changes: Changes = {}
    for way, value in wanted.items():
        _put(changes, member.root, way, value)
    return edited_within(member, dict(_in_order(changes, member.root, like)))


def _put(changes: Changes, root: MappingNode, way: KeyPath, value: Change) -> None:
    ends = (end for end in range(1, len(way)) if node_at(root, way[:end]) is None)
    missing = next(ends, None)
    if missing is None:
        changes[way] = value
    elif not isinstance(value, Unset):
        place: dict[str, Value] = changes.setdefault(way[:missing], {})  # type: ignore[assignment]
        for key in way[missing:-1]:
            place = place.setdefault(key, {})  # type: ignore[assignment]
        place[way[-1]] = value


def _in_order(
    changes: Changes, root: MappingNode, like: MappingNode
) -> Iterator[tuple[KeyPath, Change]]:
    mappings: dict[KeyPath, dict[str, Change]] = {}
    for way, value in changes.items():
        mappings.setdefault(way[:-1], {})[way[-1]] = value
    for way, own in mappings.items():
        node, model = node_at(root, way), node_at(like, way)
        if (
            isinstance(node, MappingNode)
            and isinstance(model, MappingNode)
            and _order_counts(root, way)
            and list(whole := _merged(node, own, model)) != _appended(node, own)
        ):
            yield way, whole
        else:
            yield from (((*way, key), value) for key, value in own.items())


def _order_counts(root: MappingNode, way: KeyPath) -> bool:
    """True for the branches of a test of a value, of which the first that fits is taken."""
    if len(way) != 3 or way[0] != "actions" or way[2] != "branches":
        return False
    action = node_at(root, (*way[:2], "action"))
    known = catalogue.known().get(action.value) if isinstance(action, Scalar) else None
    return known is not None and known.role == "value"


def _appended(node: MappingNode, own: Mapping[str, Change]) -> list[str]:
    """The keys of a mapping as an edit leaves them that puts new ones to the end."""
    kept = [key.value for key, _ in node.entries if not isinstance(own.get(key.value), Unset)]
    new = [k for k, v in own.items() if node.index(k) is None and not isinstance(v, Unset)]
    return [*kept, *new]


def _merged(node: MappingNode, own: Mapping[str, Change], model: MappingNode) -> dict[str, Value]:
    """The mapping with its changes, each new key behind the one that precedes it in the model."""
    keys = _appended(node, own)
    new = {key for key in keys if node.index(key) is None}
    behind: dict[str | None, list[str]] = {}
    place = None
    for name, _ in model.entries:
        if name.value in new:
            behind.setdefault(place, []).append(name.value)
        elif node.index(name.value) is not None and not isinstance(own.get(name.value), Unset):
            place = name.value
    order = list(behind.get(None, ()))
    for key in keys:
        order += [key, *behind.get(key, ())]
    values = {key.value: data_of(value) for key, value in node.entries}
    values |= {key: value for key, value in own.items() if not isinstance(value, Unset)}
    return {key: values[key] for key in dict.fromkeys(order)}
