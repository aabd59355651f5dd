"""Keys and values of the user's own: what they are read as, and how a key is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sipctl import names
from sipctl.yamlfile import scalars
from sipctl.yamlfile.nodes import Mapping, Node, Scalar, Sequence

MAX_DIGITS = 18
"""A number of more digits is out of every range, and int() is not linear in their count."""


def is_word(key: str) -> bool:
    """True where a key is one word, as every known one is; anything else may hide a value."""
    return names.word(key) == key


def is_alone(value: Node, parent: Mapping) -> bool:
    """True where a key between braces has no value, and may be one: `{password, secret}` has two
    such keys."""
    return parent.flow and isinstance(value, Scalar) and value.plain and not value.value


def shown_key(key: str, *, alone: bool = False) -> str:
    """An unknown key as it may be told: nothing of one that stands `alone`, and of what is no word
    only the first, as `{password secret}` has one key. A key of the user's own is told as it is."""
    if names.is_secret_key(key) or (alone and not key.startswith("x-")):
        return "…"
    return key if key.startswith("x-") else names.word(key)


def told_entries(node: Mapping) -> Iterable[tuple[str, Node]]:
    """The entries of a mapping of the user's own, with their keys as they may be told: between
    braces what stands alone behind the name of a password may be the password."""
    return _between_braces(node) if node.flow else [(key.value, v) for key, v in node.entries]


def _between_braces(node: Mapping) -> Iterator[tuple[str, Node]]:
    behind = False
    for key, value in node.entries:
        alone = is_alone(value, node)
        yield "…" if behind and alone else key.value, value
        behind = alone and (behind or names.is_password_name(key.value))


def free(node: Node) -> object:
    """A node under a key of the user's own, as YAML 1.2's JSON schema (section 10.2) types it."""
    if isinstance(node, Sequence):
        return [free(item) for item in node.items]
    if isinstance(node, Mapping):
        return {key: free(value) for key, value in told_entries(node)}
    text = node.value
    if not node.plain:
        return text
    words: dict[str, object] = {"": None, "null": None, "~": None, "true": True, "false": False}
    if text in words:
        return words[text]
    if scalars.DECIMAL.match(text.removeprefix("-")) and len(text) <= MAX_DIGITS:
        return int(text)
    return text
