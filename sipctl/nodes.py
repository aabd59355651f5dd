"""A parsed YAML document as text with places: scalars stay text until a model types them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipctl.findings import Place

MAX_BYTES = 1024 * 1024
"""So many bytes of a file are read; one that has more is refused."""


class _Span:
    """Where a node stands: offsets into the text, and the line and column (from 1) of its start."""

    __slots__ = ("column", "end", "line", "start")

    def __init__(self, start: int, end: int, line: int, column: int) -> None:
        self.start = start
        self.end = end
        self.line = line
        self.column = column

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
        super().__init__(start, end, line, column)
        self.value = value
        self.style = style

    @property
    def plain(self) -> bool:
        """True where it stands without quotes, so that readers may type it."""
        return not self.style


class Sequence(_Span):
    """A list. `flow` is True for `[a, b]`."""

    __slots__ = ("flow", "items")

    def __init__(self, flow: bool, start: int, line: int, column: int) -> None:
        super().__init__(start, start, line, column)
        self.flow = flow
        self.items: list[Node] = []


class Mapping(_Span):
    """A mapping, its entries in the order of the file. `flow` is True for `{a: b}`."""

    __slots__ = ("_indexes", "entries", "flow")

    def __init__(self, flow: bool, start: int, line: int, column: int) -> None:
        super().__init__(start, start, line, column)
        self.flow = flow
        self.entries: list[tuple[Scalar, Node]] = []
        self._indexes: dict[str, int] | None = None

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None where it is absent."""
        at = self.index(key)
        return None if at is None else self.entries[at][1]

    def key(self, key: str) -> Scalar | None:
        """The node of the key itself, or None where it is absent."""
        at = self.index(key)
        return None if at is None else self.entries[at][0]

    def index(self, key: str) -> int | None:
        """Which of the entries holds `key`, or None. Entries are not to be added after a look."""
        if self._indexes is None:
            # from the end, so that of a key that stands twice the first is found
            last = len(self.entries) - 1
            names = (name for name, _ in reversed(self.entries))
            self._indexes = {name.value: last - at for at, name in enumerate(names)}
        return self._indexes.get(key)

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


@dataclass(frozen=True, slots=True)
class Mend:
    """A splice that mends a source text: `replacement` is to stand where text[start:end] stands."""

    start: int
    end: int
    replacement: str
