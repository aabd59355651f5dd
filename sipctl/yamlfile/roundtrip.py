"""The second way of making an edit: ruamel's round trip, set to the file's own style.

It keeps comments and most of the layout. Scalars stay the text they are: nothing is resolved, so
that `0123` in one place survives the edit of another.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from sipctl.yamlfile import nodes
from sipctl.yamlfile.scalars import is_plain_safe
from sipctl.yamlfile.write import KeyPath, Typed, Unset, Value, canonical


class _TextResolver(VersionedResolver):
    """Takes every scalar for text."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode:
            return self.DEFAULT_SCALAR_TAG
        return super().resolve(kind, value, implicit)


def round_trip(
    text: str,
    root: nodes.Node,
    edits: Sequence[tuple[KeyPath, Value | Unset]],
    order: Sequence[str],
) -> str:
    """`text`, whose node is `root`, read, edited and written by ruamel."""
    yaml = _yaml(root, text)
    data = yaml.load(text.removeprefix("\ufeff"))
    for path, value in edits:
        _edit(data, path, value, order)
    stream = io.StringIO()
    yaml.dump(data, stream)
    result = stream.getvalue()
    if not text.endswith(("\r", "\n")):
        result = result.removesuffix("\n")
    if "\r\n" in text:
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    return "\ufeff" + result if text.startswith("\ufeff") else result


def _yaml(root: nodes.Node, text: str) -> YAML:
    yaml = YAML(typ="rt")
    yaml.Resolver = _TextResolver
    yaml.preserve_quotes = True
    yaml.width = sys.maxsize
    yaml.explicit_start = text.removeprefix("\ufeff").startswith("---")
    yaml.indent(**_indents(root))
    return yaml


def _indents(root: nodes.Node) -> dict[str, int]:
    """What the first nested mapping and list of the document are indented by."""
    found = {"mapping": 2, "sequence": 2, "offset": 0}
    children = [value for _, value in root.entries] if isinstance(root, nodes.Mapping) else []
    for node in reversed(children):
        width = node.column - root.column
        if isinstance(node, nodes.Mapping) and not node.flow:
            found["mapping"] = width
        elif isinstance(node, nodes.Sequence) and not node.flow:
            dash = node.items[0].column - node.column if node.items else 2
            found |= {"sequence": width + max(dash, 2), "offset": width}
    return found


def _edit(data: Any, path: KeyPath, value: Value | Unset, order: Sequence[str]) -> None:
    *way, last = path
    for step in way:
        data = data[step]
    if not isinstance(value, str | int | Mapping | Sequence | None):
        data.pop(last, None)
    elif last not in data:
        ordered = not way and last in order
        before = order[: order.index(last)] if ordered else data
        place = max((at for at, key in enumerate(data, 1) if key in before), default=0)
        data.insert(place, last, _ruamel(value))
    else:
        data[last] = _ruamel(value)


def _ruamel(value: Value) -> Any:
    """Plain data as ruamel writes it the way write.inline does."""
    if isinstance(value, str):
        plain = isinstance(value, Typed) or is_plain_safe(value)
        return str(value) if plain else DoubleQuotedScalarString(value)
    result: Any
    if isinstance(value, Mapping):
        result = CommentedMap((_ruamel(key), _ruamel(item)) for key, item in value.items())
    elif isinstance(value, Sequence):
        result = CommentedSeq(map(_ruamel, value))
    else:
        return canonical(value)
    result.fa.set_flow_style()
    return result
