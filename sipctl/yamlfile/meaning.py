"""What a document says, apart from how it is written: the yardstick of every edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sipctl.yamlfile import nodes
from sipctl.yamlfile.scalars import taken_for
from sipctl.yamlfile.write import Typed, Value, canonical

Meaning = tuple[object, ...]
"""Hashable. A scalar is its text, and whether a reader may take it for something but text."""


def of_node(node: nodes.Node) -> Meaning:
    """What `node` says."""
    if isinstance(node, nodes.Sequence):
        return ("[]", tuple(map(of_node, node.items)))
    if isinstance(node, nodes.Mapping):
        return of_entries((key.value, of_node(value)) for key, value in node.entries)
    kind = taken_for(node.value) if node.plain else None
    return ("null" if kind == "null" else node.value, kind is not None)


def of_value(value: Value) -> Meaning:
    """What plain data say."""
    if isinstance(value, str):
        return (str(value), isinstance(value, Typed))
    if isinstance(value, Mapping):
        return of_entries((key, of_value(item)) for key, item in value.items())
    if isinstance(value, Sequence):
        return ("[]", tuple(map(of_value, value)))
    return (canonical(value), True)


def of_entries(entries: Iterable[tuple[str, Meaning]]) -> Meaning:
    """What a mapping says whose values say this."""
    return ("{}", frozenset(entries))
