"""Which file comes from which other of its kind: told by the contents alone, never by a message."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any, NamedTuple

from sipctl import progress
from sipctl.changes import Snapshot, snapshot
from sipctl.git.repository import BlobChange
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Node, Scalar
from sipctl.yamlfile.read import read

_TELLING = {
    ENDPOINT: ("host", "username", "password", "realm", "description"),
    SCENARIO: ("name", "description", "entry_points", "start", "actions"),
}
"""Fields that name something. Two endpoints of one provider may well agree in all the others, and
so do all scenarios that are empty yet."""


class Rule(NamedTuple):
    """How many fields of two versions must be equal, where not all are: so many at least, and half
    of all that either gives, and so many `more`."""

    fields: int
    more: int

    def ratio(self, equal: int, union: int) -> float:
        """The share of all fields that are equal; 0 for not enough."""
        enough = equal >= self.fields and 2 * equal >= union + self.more
        return equal / union if enough else 0.0

    def least(self, given: int) -> int:
        """So many of what a version gives must be equal in another one."""
        return max(self.fields, (given + self.more + 1) // 2)


COPY = Rule(fields=3, more=1)
"""A source is guessed among all that are there."""

_COMMON = 50
"""What more files than this have in common does not tell which of them it is."""

RENAME = Rule(fields=1, more=0)
"""What went when another came is likely the same; but of the fields that name something half must
be equal too, for another user name at the same host is another trunk."""

_AT_ONCE = 4 * _COMMON
"""So many files are compared at once where all may share a value."""

Item = tuple[str, str]
"""A field and its value."""

Content = bytes | tuple[Item, ...]
"""All that a file gives; the bytes of one that cannot be parsed."""


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
    def content(self) -> Content:
        """Equal for two versions that say the same but for the reference."""
        return self.data if self.values is None else tuple(sorted(self.given.items()))


def _mark(node: Node, text: str) -> bytes:
    written = text[node.start : node.end]
    if isinstance(node, MappingNode) and len(node.entries) == 1:
        return _mark(node.entries[0][1], text)
    quoted = isinstance(node, Scalar) and node.style in ("'", '"')
    return b"" if "\n" in written else (written[1:-1] if quoted else written).encode()


def likeness(one: Version, other: Version, rule: Rule = COPY) -> float:
    """How alike two versions are but for their references: 1 at most, 0 for not enough."""
    if one.content == other.content:
        return 1.0
    equal = len(one.given.items() & other.given.items())
    union = len(one.given.keys() | other.given.keys())
    return rule.ratio(equal, union)


def same_name(one: Version, other: Version) -> bool:
    """True for two versions of which the one may be the other, renamed, by what names something."""
    equal = len(one.telling.items() & other.telling.items())
    return RENAME.ratio(equal, len(one.telling.keys() | other.telling.keys())) > 0


class Alikes:
    """Many versions by path, and which of them are like another one: found by the values that they
    share, for to compare with each would take too long."""

    def __init__(self, rule: Rule = COPY) -> None:
        self._rule = rule
        self._contents: dict[str, Content] = {}
        self._fields: dict[str, frozenset[str]] = {}
        self._by_content: dict[Content, set[str]] = {}
        self._by_item: dict[Item, set[str]] = {}

    def add(self, path: str, version: Version) -> None:
        """Put a version in; there is none of this path."""
        content = self._contents[path] = version.content
        self._by_content.setdefault(content, set()).add(path)
        self._fields[path] = frozenset(field for field, _ in _items(content))
        for item in _items(content):
            self._by_item.setdefault(item, set()).add(path)

    def remove(self, path: str) -> None:
        """Take a version out, if there is one of this path."""
        content = self._contents.pop(path, None)
        if content is not None:
            _discard(self._by_content, content, path)
            del self._fields[path]
            for item in _items(content):
                _discard(self._by_item, item, path)

    def equal(self, version: Version) -> Collection[str]:
        """The paths of those that say the same."""
        return self._by_content.get(version.content, ())

    def alike(self, version: Version, most: int | None = None) -> Iterator[tuple[float, str]]:
        """The likeness and path of each whose likeness is not 0, first of those that say the same;
        the others share a value which no more than `most` have, if that is given."""
        given, same = version.given, self.equal(version)
        yield from ((1.0, path) for path in same)
        unions: dict[frozenset[str], int] = {}
        for shared in self._shared(given, most):
            for path, equal in shared.items():
                fields = self._fields[path]
                if fields not in unions:
                    unions[fields] = len(given.keys() | fields)
                if path not in same and (alike := self._rule.ratio(equal, unions[fields])):
                    yield alike, path

    def _shared(self, given: Mapping[str, str], most: int | None) -> Iterator[Counter[str]]:
        """How many of the given values each path has, of all that may have enough of them; some
        paths after the other, as many may have them and few be asked for.

        Who has none of the values that are looked for first lacks too many; so those that the
        fewest have are.
        """
        holders = sorted((self._by_item.get(item, set()) for item in given.items()), key=len)
        first = max(len(given) - self._rule.least(len(given)) + 1, 0)
        looked_for = [paths for paths in holders[:first] if most is None or len(paths) <= most]
        for number, paths in enumerate(looked_for):
            coming = iter(paths)
            while found := {*islice(coming, _AT_ONCE)}:
                for earlier in looked_for[:number]:
                    found = found - earlier
                yield Counter(chain.from_iterable(found & others for others in holders[number:]))


def _items(content: Content) -> tuple[Item, ...]:
    return content if isinstance(content, tuple) else ()


def _discard(paths: dict[Any, set[str]], key: object, path: str) -> None:
    paths[key].discard(path)
    if not paths[key]:
        del paths[key]


# -- renames -------------------------------------------------------------------------------------


class Kin(NamedTuple):
    """The files that a commit brings (path and blob), and which of them it renames: new path to old
    path and blob, and old path to new one."""

    added: Mapping[str, str]
    renamed: Mapping[str, tuple[str, str]]
    targets: Mapping[str, str]

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
        return Kin(added, {}, {})
    versions = load([*added.values(), *gone.values()])
    old_versions = {path: versions[blob] for path, blob in gone.items()}
    new_versions = {path: versions[blob] for path, blob in added.items()}
    pairs = _equal(new_versions, old_versions)
    taken = {*pairs.values()}
    left = {path: version for path, version in new_versions.items() if path not in pairs}
    rest = {path: version for path, version in old_versions.items() if path not in taken}
    for _, _, new, old in sorted(_likely(left, rest)):
        if new not in pairs and old not in taken:
            pairs[new] = old
            taken.add(old)
    renamed = {new: (old, gone[old]) for new, old in pairs.items()}
    return Kin(added, renamed, {old: new for new, old in pairs.items()})


def moved(gone: Mapping[str, bytes], come: Mapping[str, bytes], kind: Kind) -> dict[str, str]:
    """Files that went with those that came, paired by content, where these are in no commit: new
    paths to old ones."""
    touched = [BlobChange(path, (f"old:{path}",), None) for path in sorted(gone)]
    touched += [BlobChange(path, (None,), f"new:{path}") for path in sorted(come)]
    contents = {f"old:{path}": data for path, data in gone.items()}
    contents |= {f"new:{path}": data for path, data in come.items()}

    def load(keys: Iterable[str]) -> dict[str, Version]:
        return {key: Version(contents[key], kind) for key in keys}

    return {path: old for path, (old, _) in kin(touched, load).renamed.items()}


def _equal(news: Mapping[str, Version], olds: Mapping[str, Version]) -> dict[str, str]:
    """Pairs that say the same: first those whose names differ in case only, then by name."""
    free: dict[Content, dict[str, None]] = {}
    for old in sorted(olds):
        free.setdefault(olds[old].content, {})[old] = None
    pairs: dict[str, str] = {}
    folded = {old.casefold(): old for old in sorted(olds, reverse=True)}
    for new in sorted(news):
        old = folded.get(new.casefold(), "")
        if old in free.get(news[new].content, {}):
            del free[news[new].content][old]
            pairs[new] = old
    for new in sorted(news.keys() - pairs):
        left = free.get(news[new].content)
        if left:
            pairs[new] = next(iter(left))
            del left[pairs[new]]
    return pairs


def _likely(
    news: Mapping[str, Version], olds: Mapping[str, Version]
) -> Iterator[tuple[float, bool, str, str]]:
    """Pairs that may be renames, in an order that puts the best first."""
    alikes = Alikes(RENAME)
    for path, version in olds.items():
        alikes.add(path, version)
    for new, version in progress.over(news.items(), "Comparing files", len(news)):
        for alike, old in alikes.alike(version, _COMMON):
            if same_name(version, olds[old]):
                yield -alike, new.casefold() != old.casefold(), new, old


# -- duplicates ----------------------------------------------------------------------------------


class Tree:
    """All endpoints, or all scenarios, of one revision, by path. It can become another one's."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._versions = dict(versions)
        self._alikes: Alikes | None = None
        self._looks = 0

    def put(self, path: str, version: Version | None) -> None:
        """Another version of a file, or None where it is gone."""
        if self._alikes is not None:
            self._alikes.remove(path)
        if version is None:
            self._versions.pop(path, None)
            return
        self._versions[path] = version
        if self._alikes is not None:
            self._alikes.add(path, version)

    def source(self, copy: Version, *, loosely: bool) -> tuple[str, Version] | None:
        """The one that `copy` was duplicated from: the most alike, then by name.

        A copy agrees in a field that names something. One that was changed since, found only
        `loosely`, has its fields in the same order, and is like few others.
        """
        if not copy.telling:
            return None
        found = self._likely(copy) if loosely else self._equal(copy)
        likely = _of_few(found)
        heapq.heapify(likely)  # mostly the first is it
        while likely:
            alike, path = heapq.heappop(likely)
            version = self._versions[path]
            telling = not copy.telling.items().isdisjoint(version.telling.items())
            if telling and (alike == -1.0 or _same_order(copy, version)):
                return path, version
        return None

    def _likely(self, copy: Version) -> Iterator[tuple[float, str]]:
        """The likeness and path of those that hold enough of what a source must hold, first of
        those that say the same."""
        holds = _holding(copy)
        if self._alikes is None and copy.kind is ENDPOINT and self._looks < len(self._versions):
            held = [path for path, version in self._versions.items() if holds(version)]
            self._looks += len(held) + len(self._versions) // _CHEAP
            alikes = ((likeness(copy, self._versions[path]), path) for path in held)
            yield from sorted(((alike, path) for alike, path in alikes if alike), reverse=True)
            return
        first = next(self._equal(copy), None)
        if first is not None and holds(self._versions[first[1]]):
            yield first
        else:
            yield from (x for x in self._known().alike(copy) if holds(self._versions[x[1]]))

    def _equal(self, copy: Version) -> Iterator[tuple[float, str]]:
        """The same of the first that says the same."""
        equal = self._known().equal(copy)
        if equal:
            yield 1.0, min(equal)

    def _known(self) -> Alikes:
        if self._alikes is None:
            self._alikes = Alikes()
            for path, version in self._versions.items():
                # what it is parsed to would take much more memory than what is kept of it here
                self._alikes.add(path, Version(version.data, version.kind))
        return self._alikes


def _of_few(found: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
    """The candidates for a heap, the most alike least; where many are like it, only those that say
    the same."""
    equal, near = list[tuple[float, str]](), list[tuple[float, str]]()
    for alike, path in found:
        (equal if alike == 1.0 else near).append((-alike, path))
        if len(near) > _COMMON:
            return equal
    return equal + near


_CHEAP = 64
"""So many endpoints are looked into by their bytes in the time that it takes to parse one."""


def _holding(copy: Version) -> Callable[[Version], bool]:
    """Whether a version holds enough of what a source of this copy must hold.

    It is told by the bytes of endpoints: few of them are worth parsing.
    """
    if copy.kind is SCENARIO:  # most of what it gives stands in actions
        return lambda _: True
    keys = sorted(copy.marks, key=lambda key: key not in _TELLING[ENDPOINT])
    marks = [copy.marks[key] for key in keys if key != "reference" and copy.marks[key]]
    # more than half of what is given must be equal
    spare = (len(copy.given) - 1) // 2
    return lambda version: _holds(version.data, marks, spare)


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
