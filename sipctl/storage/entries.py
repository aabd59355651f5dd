"""What is kept of one file: its facts as a line of text, decoded as far as they are asked for.

Nothing in it is run: it holds numbers, names and JSON.
"""

from __future__ import annotations

import json
import os
from array import array
from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

from sipctl.findings import Finding, Place, Severity
from sipctl.member import Branching, Facts, Kept, Login, Span, Use
from sipctl.rules.ignores import Ignore


def oid_of(data: bytes, algorithm: str = "sha1") -> bytes:
    """The name that Git gives a content, in a repository of SHA-1 or of SHA-256."""
    import hashlib

    head = b"blob %d\0" % len(data)
    # by its name alone a hash takes half as long again
    new = hashlib.sha1 if algorithm == "sha1" else hashlib.sha256
    return new(head + data, usedforsecurity=False).digest()


def is_stored_as(data: bytes | None, oid: str | None) -> bool:
    """True where Git keeps a content under this name, of either algorithm; None is no file."""
    if data is None or oid is None:
        return data is None and oid is None
    return oid_of(data, "sha1" if len(oid) == 40 else "sha256").hex() == oid


# -- facts as JSON -------------------------------------------------------------------------------

_Place = tuple[int, int, int, int]


def _encoded(facts: Facts) -> dict[str, Any]:
    """Facts but the data as JSON holds them, without what is empty; the path is told when they are
    read."""
    told = {
        "t": facts.tolerated,
        "s": facts.spans,
        "u": facts.unknown,
        "l": facts.login,
        "k": facts.kept,
        "e": facts.uses,
        "n": facts.numbers,
        "b": facts.branchings,
        "p": int(facts.parsed),
        "v": int(facts.uses_known),
    }
    if facts.findings or facts.doubts or facts.ignores:  # which most have none of
        told |= _encoded_findings(facts)
    return {key: value for key, value in told.items() if value}


def _encoded_findings(facts: Facts) -> dict[str, Any]:
    # each source line once, whatever number of findings stand in it
    lines = dict.fromkeys(finding.source for finding in (*facts.doubts, *facts.findings))
    sources = {line: number for number, line in enumerate(lines)}
    return {
        "w": [_finding_data(finding, sources) for finding in facts.doubts],
        "f": [_finding_data(finding, sources) for finding in facts.findings],
        "q": [*sources],
        "i": [[_place_data(i.place), i.rule, i.fault, i.hint] for i in facts.ignores],
    }


def _place_data(place: Place) -> _Place:
    return place.line, place.column, place.end_line, place.end_column


def _finding_data(finding: Finding, sources: Mapping[str | None, int]) -> list[Any]:
    return [
        finding.rule,
        _place_data(finding.place),
        finding.message,
        finding.hint,
        sources[finding.source],
        finding.severity.value,
        [[_place_data(place), words] for place, words in finding.related],
    ]


def _decoded(data: Mapping[str, Any] | None, told: Mapping[str, Any], path: str) -> Facts:
    """The facts of a file that stands at this path."""
    login, kept, sources = told.get("l"), told.get("k"), told.get("q", ())
    return Facts(
        data=data,
        tolerated=told.get("t"),
        doubts=tuple(_finding(f, path, sources) for f in told.get("w", ())),
        findings=tuple(_finding(f, path, sources) for f in told.get("f", ())),
        ignores=tuple(Ignore(Place(path, *p), *more) for p, *more in told.get("i", ())),
        spans=_spans(told.get("s", {})),
        unknown=tuple(told.get("u", ())),
        login=Login(*login) if login else None,
        kept=Kept(kept[0], tuple(kept[1]), *kept[2:]) if kept else None,
        uses=tuple(Use(action, end, tuple(span)) for action, end, span in told.get("e", ())),
        numbers=_spans(told.get("n", {})),
        branchings={id: Branching(tuple(s), _spans(b)) for id, (s, b) in told.get("b", {}).items()},
        parsed=bool(told.get("p")),
        uses_known=bool(told.get("v")),
    )


def _spans(told: Mapping[str, list[int]]) -> dict[str, Span]:
    return {key: (line, column, width) for key, (line, column, width) in told.items()}


def _finding(told: list[Any], path: str, sources: Sequence[str | None]) -> Finding:
    rule, place, message, hint, line, severity, related = told
    places = tuple((Place(path, *at), words) for at, words in related)
    found = Place(path, *place), message, hint, sources[line], places
    return Finding(rule, *found, Severity(severity))


# -- entries -------------------------------------------------------------------------------------

Stamp = tuple[int, int, int, int]
"""Size, time of the last change of the content and of anything (nanoseconds), and inode."""


NEVER: Stamp = (-1, 0, 0, 0)
"""The stamp of no file: what it belongs to is known by its content alone."""


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file with this status."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


_PLAIN, _ORDINARY = 1, 2
"""What is known of an entry before its facts are decoded."""


class Entry:
    """What is kept of one file. Its facts are decoded as far as they are asked for."""

    __slots__ = ("_block", "_facts", "_line", "_oid", "_row", "flags", "path", "plain", "stamp")
    _line: str
    _oid: bytes

    def __init__(self, path: str, stamp: Stamp, flags: int, block: Block | None, row: int) -> None:
        """An entry for a row of what is kept."""
        self.path = path
        self.stamp = stamp
        self.flags = flags
        self.plain = bool(flags & _PLAIN)
        self._block = block
        self._row = row
        self._facts: Facts | None = None

    @classmethod
    def new(
        cls, path: str, stamp: Stamp, flags: int, oid: bytes, line: str, facts: Facts | None = None
    ) -> Entry:
        """An entry that is in no file yet."""
        entry = cls(path, stamp, flags, None, 0)
        entry._oid, entry._line, entry._facts = oid, line, facts
        return entry

    @classmethod
    def of(cls, path: str, stamp: Stamp, oid: bytes, facts: Facts) -> Entry:
        """An entry for what has just been found out."""
        flags = _PLAIN * facts.plain | _ORDINARY * facts.is_ordinary(path)
        return cls.new(path, stamp, flags, oid, "", facts)

    def moved(self, path: str, stamp: Stamp) -> Entry:
        """An entry for the same content, found in another place or at another time."""
        if path == self.path:
            return Entry.new(path, stamp, self.flags, self.oid, self.line, self._facts)
        # whether it is ordinary depends on its name
        return Entry.new(path, stamp, self.flags & _PLAIN, self.oid, self.line)

    @property
    def oid(self) -> bytes:
        """The name that Git gives the content."""
        return self._block.oid(self._row) if self._block else self._oid

    def is_ordinary(self, path: str) -> bool:
        """As `Facts.is_ordinary`, of its own path; it may be False where that is not known."""
        return bool(self.flags & _ORDINARY) and path == self.path

    @property
    def line(self) -> str:
        """The facts as a line of text: a JSON list of the data, and of all else."""
        if self._block:
            return self._block.line(self._row)
        if not self._line:
            assert self._facts is not None
            self._line = _json((self._facts.data, _encoded(self._facts)))
        return self._line

    @property
    def line_bytes(self) -> Bytes:
        """`line` in bytes."""
        return self._block.line_bytes(self._row) if self._block else self.line.encode("ascii")

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The data alone, which are most of what is ever asked for."""
        if self._facts is not None:
            return self._facts.data
        data: Mapping[str, Any] | None = _JSON.raw_decode(self.line, _DATA)[0]
        return data

    def may_hold(self, text: str) -> bool:
        """As `Known.may_hold`."""
        if self._block is None or self._facts is not None:
            return True
        # where its name says something else than the file, both are looked for
        named = not self.flags & _ORDINARY and text in self.path.casefold()
        return named or self._row in self._block.holding(text)

    @property
    def facts(self) -> Facts:
        """All facts."""
        if self._facts is None:
            data, more = _JSON.decode(self.line)
            self._facts = _decoded(data, more, self.path)
        return self._facts


_JSON = json.JSONDecoder()
_DATA = len("[")  # where the data begin in a line
_json = json.JSONEncoder(separators=(",", ":")).encode


def columns(entries: Sequence[Entry]) -> list[bytes]:
    """Entries as a block holds them: names, stamps, hashes, flags, where each line of facts ends,
    and these."""
    lines = [entry.line_bytes for entry in entries]
    return [
        os.fsencode("\0".join(entry.path for entry in entries)),
        array("q", chain.from_iterable(entry.stamp for entry in entries)).tobytes(),
        b"".join(entry.oid for entry in entries),
        bytes(entry.flags for entry in entries),
        array("q", accumulate(map(len, lines))).tobytes(),
        b"".join(lines),
    ]


Bytes = bytes | memoryview


class Block:
    """Many entries, as a cache holds them; no more is made of them than is asked for."""

    __slots__ = (
        *("_by_oid", "_ends", "_holding", "_lines", "_oids"),
        *("flags", "paths", "rows", "stamps"),
    )

    def __init__(
        self, paths: list[str], stamps: Bytes, oids: Bytes, flags: Bytes, ends: Bytes, lines: Bytes
    ) -> None:
        self.paths = paths
        self.rows = dict(zip(paths, range(len(paths)), strict=True))
        self.stamps: list[Stamp] = list(zip(*[iter(_numbers(stamps))] * 4, strict=True))
        self.flags = flags
        self._oids = oids
        self._ends = _numbers(ends)
        self._lines = lines
        self._by_oid: dict[bytes, list[int]] | None = None
        self._holding: dict[str, Container[int]] = {}

    @classmethod
    def of(cls, columns: Sequence[Bytes]) -> Block:
        """The block of what `columns` gives. Anything else is no sound one, or raises ValueError or
        TypeError."""
        names, *more = columns
        return cls(os.fsdecode(bytes(names)).split("\0") if names else [], *more)

    @property
    def is_sound(self) -> bool:
        """True where there is one of everything for each path."""
        counts = {len(self.stamps), len(self._oids) // 20, len(self.flags), len(self._ends)}
        return counts == {len(self.paths)} and len(self.rows) == len(self.paths)

    def entries(self) -> dict[str, Entry]:
        """All entries by path."""
        return {path: self.entry(row) for path, row in self.rows.items()}

    def entry(self, row: int) -> Entry:
        """What is kept in a row."""
        return Entry(self.paths[row], self.stamps[row], self.flags[row], self, row)

    def oid(self, row: int) -> bytes:
        """The name that Git gives the content."""
        return bytes(self._oids[20 * row : 20 * row + 20])

    def line(self, row: int) -> str:
        """The facts, as `Entry.line` tells them."""
        return str(self.line_bytes(row), "ascii")

    def line_bytes(self, row: int) -> Bytes:
        """`line` in bytes."""
        return self._lines[self._ends[row - 1] if row else 0 : self._ends[row]]

    def holding(self, text: str) -> Container[int]:
        """The rows whose lines may hold a text, in any case; all are looked through at once."""
        found = self._holding.get(text)
        if found is None:
            # JSON holds what ASCII prints as it is, but for two characters
            as_it_is = text.isascii() and text.isprintable() and not {'"', "\\"} & {*text}
            found = self._looked_through(text) if as_it_is else range(len(self.paths))
            self._holding[text] = found
        return found

    def _looked_through(self, text: str) -> set[int]:
        found = set[int]()
        for first in range(0, len(self._ends), _AT_ONCE):
            start = self._ends[first - 1] if first else 0
            end = self._ends[min(first + _AT_ONCE, len(self._ends)) - 1]
            lines = bytes(self._lines[start:end]).lower()
            for part in (text.encode("ascii"), b"\\u"):  # an escape may be anything in another case
                at = lines.find(part)
                while 0 <= at < len(lines):  # an empty text is behind the last one too
                    row = bisect_right(self._ends, start + at)
                    found.add(row)
                    at = lines.find(part, self._ends[row] - start)
        return found

    def of_content(self, oid: bytes) -> Iterable[int]:
        """The rows of all files with a content."""
        if self._by_oid is None:
            self._by_oid = {}
            for row in range(len(self.paths)):
                self._by_oid.setdefault(self.oid(row), []).append(row)
        return self._by_oid.get(oid, ())


_AT_ONCE = 500
"""So many lines are put into small letters at once, which takes little memory and so less time."""


def _numbers(data: Bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(data)
    return numbers
