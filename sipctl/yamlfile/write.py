"""New documents: every string that a reader could take for something else is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from sipctl.scalars import quote

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What a document can hold, as plain data."""


class Unset(Enum):
    """The type of UNSET, by which an edit takes a key out."""

    UNSET = "unset"


UNSET = Unset.UNSET

Path = Sequence[str | int]
"""The way to a node: keys of mappings and indexes of lists."""


def document(values: Mapping[str, Value]) -> str:
    """A block-style document, one line a key, in the given order; lists and mappings in flow style.

    No line is ever folded. Every YAML 1.1 and 1.2 reader sees the same strings.
    """
    lines = [f"{quote(key)}: {inline(value)}\n" for key, value in values.items()]
    return "".join(lines) or "{}\n"


def tree(values: Mapping[str, Value]) -> str:
    """A document to be read by people and programs, one line a scalar, however deep."""
    return "".join(f"{line}\n" for line in _lines(values))


def _lines(value: Value) -> Iterator[str]:
    if not isinstance(value, Mapping | list | tuple) or not value:
        yield inline(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            first, *rest = _lines(item)
            nested = isinstance(item, Mapping | list | tuple) and item
            yield f"{quote(key)}:" if nested else f"{quote(key)}: {first}"
            yield from (f"  {line}" for line in ((first, *rest) if nested else rest))
    else:
        for item in value:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def inline(value: Value, style: str = "") -> str:
    """`value` on one line, fit for every context. A string keeps the quotes of `style`."""
    if isinstance(value, str):
        return quote(value, style)
    if isinstance(value, Mapping):
        entries = (f"{quote(key)}: {inline(item)}" for key, item in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(inline, value)) + "]"
    return canonical(value)


def canonical(value: int | bool | None) -> str:
    """A number in decimal, `true` or `false`, or `null`."""
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
