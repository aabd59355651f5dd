"""Which file comes from which other of its kind: told by the contents alone, never by a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sipctl.changes import Snapshot, snapshot
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Node, Scalar
from sipctl.repository import BlobChange
from sipctl.yamlfile.read import read

_TELLING = {
    ENDPOINT: ("host", "username", "password", "realm", "description"),
    SCENARIO: ("name", "description", "entry_points", "start", "actions"),
}
"""Fields that name something. Two endpoints of one provider may well agree in all the others, and
so do all scenarios that are empty yet."""

_ALIKE = 3
"""So many fields must be equal, and more than half of all, where not all are."""

_LOOKS = 20_000_000
"""More values than this are not compared one by one: only equal contents are found then."""


@dataclass(frozen=True)
class Version:
    """One content of a file, parsed when that is asked for."""

    data: bytes
    kind: Kind = ENDPOINT

    @cached_property
    def _parsed(self) -> tuple[Snapshot | None, dict[str, bytes]]:
        document = read(self.data, "")
        if not isinstance(document.root, MappingNode):
            return None, {}
        entries = document.root.entries
        values = snapshot(document.root, self.kind)
        return values, {key.value: _mark(value, document.text) for key, value in entries}

    @property
    def values(self) -> Snapshot | None:
        """Every field; None where the content cannot be parsed."""
        return self._parsed[0]

    @property
    def marks(self) -> dict[str, bytes]:
        """What stands in the file, and would in a copy, for each key, in the order of the file; for
        a value that takes several lines nothing."""
        return self._parsed[1]

    @cached_property
    def given(self) -> dict[str, str]:
        """What it gives but for the reference, in a form to compare."""
        given = {f: v for f, v in (self.values or {}).items() if v.given and f != "reference"}
        return {
            field: repr((sorted(map(str, v.data)) if field == "tags" else v.data, v.identity))
            for field, v in given.items()
        }

    @cached_property
    def telling(self) -> dict[str, str]:
        """What of that names something."""
        known = _TELLING[self.kind]
        return {f: value for f, value in self.given.items() if f.partition(".")[0] in known}

    @property
    def order(self) -> Iterable[str]:
        """Its fields, as far as that can be told in the order of the file."""
        return self.given if self.kind is SCENARIO else self.marks

    @cached_property
    def content(self) -> object:
        """Equal for two versions that say the same but for the reference."""
        return self.data if self.values is None else frozenset(self.given.items())


def _mark(node: Node, text: str) -> bytes:
    written = text[node.start : node.end]
    if isinstance(node, MappingNode) and len(node.entries) == 1:
        return _mark(node.entries[0][1], text)
    quoted = isinstance(node, Scalar) and node.style in ("'", '"')
    return b"" if "\n" in written else (written[1:-1] if quoted else written).encode()


def likeness(one: Version, other: Version) -> float:
    """How alike two versions are but for their references: 1 at most, 0 for not enough."""
    if one.content == other.content:
        return 1.0
    fewer, more = sorted((len(one.given), len(other.given)))
    if 2 * fewer <= more:
        return 0.0
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
        """How many are there that were not there before."""
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
    few = len(olds) * sum(len(version.given) for version in news.values()) <= _LOOKS
    for new, version in news.items():
        for old in olds if few else by_content.get(version.content, ()):
            alike = likeness(version, olds[old])
            if alike:
                yield -alike, new.casefold() != old.casefold(), new, old


# -- duplicates ----------------------------------------------------------------------------------


class Tree:
    """All endpoints, or all scenarios, of one revision, by path."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._versions = versions

    def source(self, copy: Version, *, loosely: bool) -> tuple[str, Version] | None:
        """The one that `copy` was duplicated from: the most alike, then by name.

        A copy agrees in a field that names something. One that was changed since, found only
        `loosely`, has its fields in the same order.
        """
        if not copy.telling:
            return None
        if not loosely:
            path = self._by_content.get(copy.content)
            return (path, self._versions[path]) if path is not None else None
        found = []
        for path in self._candidates(copy):
            version = self._versions[path]
            alike = likeness(copy, version)
            in_order = alike == 1.0 or _same_order(copy, version)
            same_name = not copy.telling.items().isdisjoint(version.telling.items())
            if alike and in_order and same_name:
                found.append((-alike, path))
        return (min(found)[1], self._versions[min(found)[1]]) if found else None

    def _candidates(self, copy: Version) -> Iterator[str]:
        """Those that hold enough of what a source must hold; few endpoints are worth parsing."""
        if copy.kind is SCENARIO:  # most of what it gives stands in actions
            yield from self._versions
            return
        keys = sorted(copy.marks, key=lambda key: key not in _TELLING[ENDPOINT])
        marks = [copy.marks[key] for key in keys if key != "reference" and copy.marks[key]]
        # more than half of what is given must be equal
        spare = (len(copy.given) - 1) // 2
        yield from (path for path, v in self._versions.items() if _holds(v.data, marks, spare))

    @cached_property
    def _by_content(self) -> dict[object, str]:
        return {v.content: path for path, v in sorted(self._versions.items(), reverse=True)}


def _holds(data: bytes, marks: Sequence[bytes], spare: int) -> bool:
    """True if so many marks at most are missing in `data`. Called for every endpoint there is."""
    for mark in marks:
        if mark not in data:
            if not spare:
                return False
            spare -= 1
    return True


def _same_order(one: Version, other: Version) -> bool:
    both = {*one.order} & {*other.order}
    return [k for k in one.order if k in both] == [k for k in other.order if k in both]
