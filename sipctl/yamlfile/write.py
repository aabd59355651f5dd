"""New documents: every string that a reader could take for something else is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from sipctl.errors import Refused
from sipctl.names import quoted
from sipctl.yamlfile.scalars import quote

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What a document can hold, as plain data."""


class Typed(str):
    """The text of a plain scalar that some reader takes for a number, a date and the like. It is
    written as it stands."""

    __slots__ = ()


class Block(dict[str, "Value"]):
    """A mapping that is written one entry a line."""


class Unset(Enum):
    """The type of UNSET, by which an edit takes a key out."""

    UNSET = "unset"


UNSET = Unset.UNSET

MAX_KEY = 1024
"""So many characters of a key are looked at for its colon (YAML 1.2.2, section 7.4.2)."""

KeyPath = tuple[str, ...]
"""The way to a value: the keys of nested mappings."""


def document(values: Mapping[str, Value]) -> str:
    """A block-style document, one entry a key (as `top_entry`), in the given order.

    No line is ever folded. Every YAML 1.1 and 1.2 reader sees the same strings.
    """
    return "".join(f"{top_entry(key, value)}\n" for key, value in values.items()) or "{}\n"


def top_entry(key: str, value: Value) -> str:
    """A top-level entry: a mapping of mappings as a block of blocks, all else but a `Block` on one
    line."""
    blocks = isinstance(value, Mapping) and any(isinstance(v, Mapping) for v in value.values())
    return entry(key, value, 2 if blocks else int(isinstance(value, Block)))


def entry(key: str, value: Value, levels: int, step: int = 2) -> str:
    """`key: value` with mappings down to `levels` in block style, each indented by `step`.

    What lies deeper, and a list, is in flow style. There is no last line end. Raises Refused for a
    key that is too long.
    """
    named = quote(key)
    if len(named) > MAX_KEY:
        raise Refused(f"{quoted(key)} is too long for a key", f"at most {MAX_KEY} are allowed")
    if not levels or not isinstance(value, Mapping) or not value:
        return f"{named}: {inline(value)}"
    lines = [f"{named}:"]
    lines += (entry(name, item, levels - 1, step) for name, item in value.items())
    return "\n".join(lines).replace("\n", "\n" + " " * step)


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
            named = quote(key)
            if len(named) > MAX_KEY:  # told to be a key, and its colon on a line of its own
                yield f"? {named}"
                named = ""
            yield f"{named}:" if nested else f"{named}: {first}"
            yield from (f"  {line}" for line in ((first, *rest) if nested else rest))
    else:
        for item in value:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def inline(value: Value, style: str = "") -> str:
    """`value` on one line, fit for every context. A string keeps the quotes of `style`."""
    if isinstance(value, str):
        return str(value) if isinstance(value, Typed) else quote(value, style)
    if isinstance(value, Mapping):
        entries = (entry(key, item, 0) for key, item in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(inline, value)) + "]"
    return canonical(value)


def canonical(value: int | bool | None) -> str:
    """A number in decimal, `true` or `false`, or `null`."""
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
