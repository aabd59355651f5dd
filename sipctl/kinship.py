"""Which endpoint's file comes from which: told from the contents alone, never from a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sipctl.changes import Snapshot, snapshot
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Node, Scalar
from sipctl.repository import BlobChange
from sipctl.yamlfile.read import read

_TELLING = ("host", "username", "password", "realm", "description")
"""Fields that name something. Two endpoints of one provider may well agree in all the others."""

_ALIKE = 3
"""So many fields must be equal, and more than half of all, where not all are."""

_PAIRS = 1_000_000
"""More pairs than this are not compared one by one: only equal contents are found then."""


@dataclass(frozen=True)
class Version:
    """One content of an endpoint's file, parsed when that is asked for."""

    data: bytes

    @cached_property
    def _parsed(self) -> tuple[Snapshot | None, tuple[str, ...], tuple[bytes, ...]]:
        root = read(self.data, "").root
        if not isinstance(root, MappingNode):
            return None, (), ()
        return snapshot(root), tuple(root.keys()), tuple(_marks(root))

    @property
    def values(self) -> Snapshot | None:
        """Every field; None where the content cannot be parsed."""
        return self._parsed[0]

    @property
    def order(self) -> tuple[str, ...]:
        """The keys in the order of the file."""
        return self._parsed[1]

    @property
    def marks(self) -> tuple[bytes, ...]:
        """What stands in it, and would in a copy, that few others are likely to hold."""
        return self._parsed[2]

    @cached_property
    def given(self) -> dict[str, str]:
        """What it gives but for the reference, in a form to compare."""
        given = {f: v for f, v in (self.values or {}).items() if v.given and f != "reference"}
        return {
            field: repr((sorted(map(str, v.data)) if field == "tags" else v.data, v.identity))
            for field, v in given.items()
        }

    @cached_property
    def content(self) -> object:
        """Equal for two versions that say the same but for the reference."""
        return self.data if self.values is None else frozenset(self.given.items())


def _marks(root: MappingNode) -> Iterator[bytes]:
    for key, node in root.entries:
        if key.value in _TELLING:
            for scalar in _scalars(node):
                # one written with escapes or over several lines stands otherwise in the file
                if scalar.value and scalar.style in ("", "'", '"') and scalar.value.isprintable():
                    yield scalar.value.encode()


def _scalars(node: Node) -> list[Scalar]:
    if isinstance(node, MappingNode):
        return [value for _, value in node.entries if isinstance(value, Scalar)]
    return [node] if isinstance(node, Scalar) else []


def likeness(one: Version, other: Version) -> float:
    """How alike two versions are but for their references: 1 at most, 0 for not enough."""
    if one.content == other.content:
        return 1.0
    equal = len(one.given.items() & other.given.items())
    union = len(one.given.keys() | other.given.keys())
    return equal / union if equal >= _ALIKE and 2 * equal > union else 0.0


# -- renames -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kin:
    """The files that a commit brings (path and blob), and which of them it renames: new path to old
    path and blob."""

    added: Mapping[str, str]
    renamed: Mapping[str, tuple[str, str]]

    @property
    def brought(self) -> int:
        """How many endpoints are there that were not there before."""
        return len(self.added) - len(self.renamed)


def kin(
    touched: Sequence[BlobChange], load: Callable[[Iterable[str]], Mapping[str, Version]]
) -> Kin:
    """Pair the files that came with those that went, the most alike first, then by name.

    `load` gives the contents of blobs; it is called where there is something to pair only.
    """
    added = {t.path: t.new for t in touched if t.new is not None and not any(t.olds)}
    gone = {t.path: t.olds[0] for t in touched if t.new is None and t.olds[0] is not None}
    if not added or not gone:
        return Kin(added, {})
    versions = load([*added.values(), *gone.values()])
    old_versions = {path: versions[blob] for path, blob in gone.items()}
    new_versions = {path: versions[blob] for path, blob in added.items()}
    renamed: dict[str, tuple[str, str]] = {}
    taken = set()
    for _, _, new, old in sorted(_likely(new_versions, old_versions)):
        if new not in renamed and old not in taken:
            renamed[new] = old, gone[old]
            taken.add(old)
    return Kin(added, renamed)


def _likely(
    news: Mapping[str, Version], olds: Mapping[str, Version]
) -> Iterator[tuple[float, bool, str, str]]:
    """Pairs that may be renames, in an order that puts the best first."""
    by_content: dict[object, list[str]] = {}
    for path, version in olds.items():
        by_content.setdefault(version.content, []).append(path)
    few = len(news) * len(olds) <= _PAIRS
    for new, version in news.items():
        for old in olds if few else by_content.get(version.content, ()):
            alike = likeness(version, olds[old])
            if alike:
                yield -alike, new.casefold() != old.casefold(), new, old


# -- duplicates ----------------------------------------------------------------------------------


class Tree:
    """All endpoints of one revision, by path."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._versions = versions

    def source(self, copy: Version, *, loosely: bool) -> tuple[str, Version] | None:
        """The endpoint that `copy` was duplicated from: the most alike, then by name.

        A copy agrees in a field that names something. One that was changed since, found only
        `loosely`, has its fields in the same order.
        """
        if not loosely:
            path = self._by_content.get(copy.content)
            return (path, self._versions[path]) if path is not None else None
        found = []
        for path, version in self._versions.items():
            if any(mark in version.data for mark in copy.marks):
                alike = likeness(copy, version)
                if alike == 1.0 or (alike and _same_order(copy, version)):
                    found.append((-alike, path))
        return (min(found)[1], self._versions[min(found)[1]]) if found else None

    @cached_property
    def _by_content(self) -> dict[object, str]:
        return {v.content: path for path, v in sorted(self._versions.items(), reverse=True)}


def _same_order(one: Version, other: Version) -> bool:
    both = set(one.order) & set(other.order)
    return [k for k in one.order if k in both] == [k for k in other.order if k in both]
