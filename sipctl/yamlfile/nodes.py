"""A parsed YAML document as text with places: scalars stay text until a model types them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sipctl.findings import Place


class _Span:
    """Where a node stands: offsets into the text, and the line and column (from 1) of its start."""

    __slots__ = ("column", "end", "line", "start")

    start: int
    end: int
    line: int
    column: int

    def place(self, file: str) -> Place:
        """The node's place in `file`."""
        width = self.end - self.start
        return Place(file, self.line, self.column, self.line, self.column + max(width, 1))


class Scalar(_Span):
    """A scalar: its text, and how it was written (`""` plain, `'`, `"`, `|`, `>`)."""

    __slots__ = ("style", "value")

    def __init__(
        self, value: str, style: str, start: int, end: int, line: int, column: int
    ) -> None:
        self.value = value
        self.style = style
        self.start = start
        self.end = end
        self.line = line
        self.column = column

    @property
    def plain(self) -> bool:
        """True where it stands without quotes, so that readers may type it."""
        return not self.style


class Sequence(_Span):
    """A list. `flow` is True for `[a, b]`."""

    __slots__ = ("flow", "items")

    def __init__(self, flow: bool, start: int, line: int, column: int) -> None:
        self.start = self.end = start
        self.line = line
        self.column = column
        self.flow = flow
        self.items: list[Node] = []


class Mapping(_Span):
    """A mapping, its entries in the order of the file. `flow` is True for `{a: b}`."""

    __slots__ = ("_index", "entries", "flow")

    def __init__(self, flow: bool, start: int, line: int, column: int) -> None:
        self.start = self.end = start
        self.line = line
        self.column = column
        self.flow = flow
        self.entries: list[tuple[Scalar, Node]] = []
        self._index: dict[str, int] = {}

    def add_key(self, key: Scalar) -> bool:
        """Take note of the next entry's key; True where it stands here already. The entry itself
        is to be added to `entries`."""
        at = len(self.entries)
        return self._index.setdefault(key.value, at) != at

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None where it is absent."""
        at = self._index.get(key)
        return None if at is None else self.entries[at][1]

    def key(self, key: str) -> Scalar | None:
        """The node of the key itself, or None where it is absent."""
        at = self._index.get(key)
        return None if at is None else self.entries[at][0]

    def index(self, key: str) -> int | None:
        """Which of the entries holds `key`, of one that stands twice the first; None for none."""
        return self._index.get(key)

    def keys(self) -> Iterator[str]:
        """The keys as text, in the order of the file."""
        return (name.value for name, _ in self.entries)


Node = Scalar | Sequence | Mapping


def plain_data(node: Node) -> object:
    """The node as lists, dicts and text; every scalar stays text. The reader bounds the depth."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain_data(item) for item in node.items]
    return {key.value: plain_data(value) for key, value in node.entries}


class Mend(NamedTuple):
    """A splice that mends a source text: `replacement` is to stand where text[start:end] stands."""

    start: int
    end: int
    replacement: str
