"""What was found out of files, kept in the Git directory: a shortcut, and never the truth.

A file is known by its size, times and inode. One that was written within two seconds before it was
read may be written again in the same tick of the clock: it is read once more the next time, and
known by its content, as Git does with such entries of its index. The key of a cache names all that
facts depend on besides: this sipctl, and what is installed beside it. What is odd in any way is
ignored.

The file is private, holds no password in plain text, is replaced as a whole, and may be removed at
any time. It is not read where it belongs to somebody else, or where somebody else may write it.
Nothing in it is run: it holds numbers, names and JSON.
"""

from __future__ import annotations

import json
import os
import stat as st
import sys
from array import array
from binascii import crc32
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from sipctl import __version__
from sipctl.disk import OWN_FOLDER, git_folder
from sipctl.findings import Finding, Place, Severity
from sipctl.ignores import Ignore
from sipctl.member import Branching, Facts, Kept, Login, Span, Use

VARIABLE = "SIPCTL_NO_CACHE"
_NO = ("", "0", "false", "f", "no", "n", "off")

_FORMAT = 3
_MAX_BYTES = 1 << 30
_NEW_FOR = 60  # seconds, after which what another process began to write is taken for left over

_TICK = 2_000_000_000
"""The coarsest clock of a file system, in nanoseconds: two seconds, on FAT."""


def oid_of(data: bytes) -> bytes:
    """The name that Git gives a content, in a repository of SHA-1."""
    from hashlib import sha1

    head = b"blob %d\0" % len(data)
    return sha1(head + data, usedforsecurity=False).digest()


# -- facts as JSON -------------------------------------------------------------------------------

_Place = tuple[int, int, int, int]


def _encoded(facts: Facts) -> dict[str, Any]:
    """Facts but the data as JSON holds them, without what is empty; the path is told when they are
    read."""
    told: dict[str, Any] = {
        "t": facts.tolerated,
        "w": [_finding_data(f) for f in facts.doubts],
        "f": [_finding_data(f) for f in facts.findings],
        "i": [[_place_data(i.place), i.rule, i.fault, i.hint] for i in facts.ignores],
        "s": facts.spans,
        "u": facts.unknown,
        "l": [facts.login.username, facts.login.digest] if facts.login else None,
        "k": _kept_data(facts.kept) if facts.kept else None,
        "e": [[u.action, u.endpoint, u.span] for u in facts.uses],
        "n": facts.numbers,
        "b": {id: [b.span, b.labels] for id, b in facts.branchings.items()},
        "p": int(facts.parsed),
        "v": int(facts.seen),
    }
    return {key: value for key, value in told.items() if value}


def _place_data(place: Place) -> _Place:
    return place.line, place.column, place.end_line, place.end_column


def _finding_data(finding: Finding) -> list[Any]:
    return [
        finding.rule,
        _place_data(finding.place),
        finding.message,
        finding.hint,
        finding.source,
        finding.severity.value,
        [[_place_data(place), words] for place, words in finding.related],
    ]


def _kept_data(kept: Kept) -> list[Any]:
    return [kept.form, kept.span, kept.named, kept.sealed, kept.fault]


def _decoded(data: Mapping[str, Any] | None, told: Mapping[str, Any], path: str) -> Facts:
    """The facts of a file that stands at this path."""
    login, kept = told.get("l"), told.get("k")
    return Facts(
        data=data,
        tolerated=told.get("t"),
        doubts=tuple(_finding(f, path) for f in told.get("w", ())),
        findings=tuple(_finding(f, path) for f in told.get("f", ())),
        ignores=tuple(Ignore(Place(path, *p), *more) for p, *more in told.get("i", ())),
        spans=_spans(told.get("s", {})),
        unknown=tuple(told.get("u", ())),
        login=Login(*login) if login else None,
        kept=Kept(kept[0], tuple(kept[1]), *kept[2:]) if kept else None,
        uses=tuple(Use(action, end, tuple(span)) for action, end, span in told.get("e", ())),
        numbers=_spans(told.get("n", {})),
        branchings={id: Branching(tuple(s), _spans(b)) for id, (s, b) in told.get("b", {}).items()},
        parsed=bool(told.get("p")),
        seen=bool(told.get("v")),
    )


def _spans(told: Mapping[str, list[int]]) -> dict[str, Span]:
    return {key: (line, column, width) for key, (line, column, width) in told.items()}


def _finding(told: list[Any], path: str) -> Finding:
    rule, place, message, hint, source, severity, related = told
    places = tuple((Place(path, *at), words) for at, words in related)
    return Finding(rule, Place(path, *place), message, hint, source, places, Severity(severity))


# -- the store -----------------------------------------------------------------------------------

Stamp = tuple[int, int, int, int]
"""Size, time of the last change of the content and of anything (nanoseconds), and inode."""


NEVER: Stamp = (-1, 0, 0, 0)
"""The stamp of no file: what it belongs to is known by its content alone."""


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


_PLAIN, _ORDINARY = 1, 2
"""What is known of an entry before its facts are decoded."""


class Entry:
    """What is kept of one file. Its facts are decoded as far as they are asked for."""

    __slots__ = ("_block", "_facts", "_line", "_oid", "_row", "flags", "path", "plain", "stamp")
    _line: str
    _oid: bytes

    def __init__(self, path: str, stamp: Stamp, flags: int, block: _Block | None, row: int) -> None:
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
        """The same content in another place or at another time."""
        if path == self.path:
            return Entry.new(path, stamp, self.flags, self.oid, self.line, self._facts)
        # whether it is ordinary depends on its name
        return Entry.new(path, stamp, self.flags & _PLAIN, self.oid, self.line)

    def encoded(self) -> Entry:
        """The same as it is kept, which takes less memory."""
        return Entry.new(self.path, self.stamp, self.flags, self.oid, self.line)

    def __reduce__(self) -> tuple[Any, ...]:
        return Entry.new, (self.path, self.stamp, self.flags, self.oid, self.line)

    @property
    def oid(self) -> bytes:
        """The name that Git gives the content."""
        return self._block.oid(self._row) if self._block else self._oid

    def is_ordinary(self, path: str) -> bool:
        """As `Facts.is_ordinary`, of its own path; it may be False where that is not known."""
        return bool(self.flags & _ORDINARY) and path == self.path

    @property
    def line(self) -> str:
        """The facts as a line of text: the data as JSON, a tab, and all else."""
        if self._block:
            return self._block.line(self._row)
        if not self._line:
            assert self._facts is not None
            self._line = f"{_json(self._facts.data)}\t{_json(_encoded(self._facts))}"
        return self._line

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The data alone, which are most of what is ever asked for."""
        if self._facts is not None:
            return self._facts.data
        data: Mapping[str, Any] | None = _JSON.raw_decode(self.line)[0]
        return data

    def may_hold(self, text: str) -> bool:
        """As `Facts.may_hold`: JSON holds what ASCII prints as it is, but for two characters."""
        as_it_is = text.isascii() and text.isprintable() and not {'"', "\\"} & {*text}
        if self._facts is not None or not as_it_is:
            return True
        return self._block is None or self._row in self._block.holding(text)

    @property
    def facts(self) -> Facts:
        """All facts."""
        if self._facts is None:
            line = self.line
            data, end = _JSON.raw_decode(line)
            more = _JSON.raw_decode(line, end + 1)[0]
            self._facts = _decoded(data, more, self.path)
        return self._facts


_JSON = json.JSONDecoder()
_json = json.JSONEncoder(separators=(",", ":")).encode


class _Block:
    """One file of a cache, as far as it has to be read to know what it holds."""

    __slots__ = (
        *("_by_oid", "_ends", "_holding", "_lines", "_oids"),
        *("flags", "paths", "rows", "stamps"),
    )

    def __init__(
        self, paths: list[str], stamps: bytes, oids: bytes, flags: bytes, ends: bytes, lines: bytes
    ) -> None:
        self.paths = paths
        self.rows = dict(zip(paths, range(len(paths)), strict=True))
        self.stamps: list[Stamp] = list(zip(*[iter(_numbers(stamps))] * 4, strict=True))
        self.flags = flags
        self._oids = oids
        self._ends = _numbers(ends)
        self._lines = lines
        self._by_oid: dict[bytes, list[int]] | None = None
        self._holding: dict[str, set[int]] = {}

    @property
    def is_sound(self) -> bool:
        """True where there is one of everything for each path."""
        counts = {len(self.stamps), len(self._oids) // 20, len(self.flags), len(self._ends)}
        return counts == {len(self.paths)} and len(self.rows) == len(self.paths)

    def entry(self, row: int) -> Entry:
        return Entry(self.paths[row], self.stamps[row], self.flags[row], self, row)

    def oid(self, row: int) -> bytes:
        return self._oids[20 * row : 20 * row + 20]

    def line(self, row: int) -> str:
        start = self._ends[row - 1] if row else 0
        return self._lines[start : self._ends[row]].decode("ascii")

    def holding(self, text: str) -> set[int]:
        """The rows whose lines hold a text in any case, or an escape, which may be anything else in
        another case; all are looked through at once."""
        if text not in self._holding:
            lines, found = self._lines.lower(), set[int]()
            for part in (text.encode("ascii"), b"\\u"):
                at = lines.find(part)
                while at >= 0:
                    row = bisect_right(self._ends, at)
                    if row == len(self._ends):  # an empty text is behind the last one too
                        break
                    found.add(row)
                    at = lines.find(part, self._ends[row])
            self._holding[text] = found
        return self._holding[text]

    def of_content(self, oid: bytes) -> Iterable[int]:
        if self._by_oid is None:
            self._by_oid = {}
            for row in range(len(self.paths)):
                self._by_oid.setdefault(self.oid(row), []).append(row)
        return self._by_oid.get(oid, ())


class Store:
    """The cache of one workspace: a file for all, and one for the few that have changed since."""

    def __init__(self, file: str | None) -> None:
        """The cache that is kept in a file; without one nothing is known or kept."""
        self._file = file
        self._recent_file = f"{file}-recent"
        self._key = _key() if file else []
        self._recent = _read(self._recent_file, self._key) if file else None
        self._new: int | None = None  # a descriptor of what is to become one of the two
        self._noted = 0

    @cached_property
    def _main(self) -> _Block | None:
        return _read(self._file, self._key) if self._file else None

    @cached_property
    def _blocks(self) -> list[_Block]:
        return [block for block in (self._recent, self._main) if block is not None]

    @property
    def is_empty(self) -> bool:
        """True where nothing is kept."""
        return not self._blocks

    def known(self, path: str, status: os.stat_result) -> Entry | None:
        """What is kept of a file, if it cannot have changed since."""
        stamp = _stamp_of(status)
        for block in self._blocks:
            row = block.rows.get(path)
            if row is not None and block.stamps[row] == stamp:
                return block.entry(row)
        return None

    def known_in(self, folder: str, names: Iterable[str], descriptor: int) -> dict[str, Entry]:
        """The same of files in a folder, by path; of thousands each call would be felt."""
        found: dict[str, Entry] = {}
        for block in reversed(self._blocks):
            rows, stamps, flags = block.rows, block.stamps, block.flags
            for name in names:
                path = f"{folder}/{name}"
                row = rows.get(path)
                if row is None:
                    continue
                try:
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                except OSError:
                    continue
                stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
                if stamps[row] == stamp:
                    found[path] = Entry(path, stamp, flags[row], block, row)
        return found

    def stamp(self, status: os.stat_result) -> Stamp:
        """What tells whether a file has changed since it was read, of its status before."""
        new = max(status.st_mtime_ns, status.st_ctime_ns) >= self._noted - _TICK
        return NEVER if new else _stamp_of(status)

    def _kept(self, path: str) -> Entry | None:
        """What is kept of a file, whether it has changed since or not."""
        found = ((block, block.rows[path]) for block in self._blocks if path in block.rows)
        return next((block.entry(row) for block, row in found), None)

    def of_content(self, path: str, oid: bytes) -> Entry | None:
        """What is kept of this content in the folder of a path."""
        folder = path.rpartition("/")[0]
        for block in self._blocks:
            for row in block.of_content(oid):
                if block.paths[row].rpartition("/")[0] == folder:
                    return block.entry(row)
        return None

    # -- keeping -------------------------------------------------------------------------------

    def note(self) -> None:
        """Note the time, by the clock of the file system: called before a file is read whose entry
        is to be kept."""
        if self._new is None and self._file:
            self._new = _begun(f"{self._file}.new")
            self._noted = os.fstat(self._new).st_mtime_ns if self._new >= 0 else 0

    def keep(
        self, entries: Mapping[str, Entry], changed: Iterable[str], as_before: Sequence[str] = ()
    ) -> None:
        """Keep these entries of a whole workspace, of which some were not kept as they are.

        What is kept of the files `as_before` stays. Few changes are kept beside all others, which
        need not be read for that.
        """
        if self._new is None or self._new < 0 or self._file is None:
            return
        some = {path: entries[path] for path in changed if path in entries}
        if self._recent is not None:
            for row, path in enumerate(self._recent.paths):
                entry = entries.get(path)
                if entry is not None and entry.stamp == self._recent.stamps[row]:
                    some.setdefault(path, entry)
        if len(some) <= max(_FEW, len(entries) // 20) and self._has_main():
            self._write(some, self._recent_file)
            return
        stays = {path: entry for path in as_before if (entry := self._kept(path))}
        self._write({**entries, **stays}, self._file)
        with suppress(OSError):
            os.unlink(self._recent_file)

    def _has_main(self) -> bool:
        """True where all others are kept, or where nobody has needed to know yet whether the file
        can be trusted: who finds that it cannot writes it anew."""
        if "_main" in self.__dict__:
            return self._main is not None
        return self._file is not None and os.path.exists(self._file)

    def _write(self, entries: Mapping[str, Entry], to: str) -> None:
        assert self._new is not None
        try:
            with os.fdopen(self._new, "wb") as file:
                file.writelines(_told(entries, self._key))
            os.replace(f"{self._file}.new", to)
        except OSError:
            self._unlink()
        self._new = None

    def close(self) -> None:
        """Leave things as they are, if nothing was kept."""
        if self._new is not None and self._new >= 0:
            os.close(self._new)
            self._unlink()
        self._new = None

    def _unlink(self) -> None:
        with suppress(OSError):
            os.unlink(f"{self._file}.new")


_FEW = 200
"""So many entries, or a twentieth of all, are kept beside the others before all are written."""


@contextmanager
def switched_off() -> Iterator[None]:
    """For a time use no cache, nor let a sipctl in a hook use one."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


@contextmanager
def of(root: Path) -> Iterator[Store]:
    """The cache of a workspace. It knows nothing and keeps nothing where there is no Git directory
    of one's own for it, and while it is switched off."""
    off = os.environ.get(VARIABLE, "").casefold() not in _NO
    folder = None if off else _folder(root)
    where = os.fsencode(os.path.realpath(root)) if folder else b""
    store = Store(folder and os.path.join(folder, f"cache-{crc32(where):08x}"))
    try:
        yield store
    finally:
        store.close()


def _folder(root: Path) -> str | None:
    git = git_folder(root)
    try:
        if git is None or git.stat().st_uid != os.geteuid():
            return None
        folder = os.fspath(git / OWN_FOLDER)
        with suppress(FileExistsError):
            os.mkdir(folder)
    except OSError:
        return None
    return folder


def _key() -> list[Any]:
    """What facts depend on besides the files: the code of this sipctl, and the libraries."""
    package = os.path.dirname(os.path.abspath(__file__))
    code = crc32(repr(sorted(_files_below(package))).encode())
    library = sys.modules.get("typer")
    installed = os.path.dirname(os.path.dirname(getattr(library, "__file__", "") or ""))
    changed = os.stat(installed).st_mtime_ns if installed else 0
    return [_FORMAT, __version__, sys.byteorder, sys.hexversion, code, changed]


def _files_below(folder: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files_below(entry.path)
            elif entry.name.endswith((".py", ".json", ".yaml")):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns


def _begun(name: str) -> int:
    """A descriptor of a new private file; -1 where it cannot be made, or somebody else is at it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(2):
        try:
            return os.open(name, flags, 0o600)
        except FileExistsError:
            if not _is_left_over(name):
                return -1
        except OSError:
            return -1
    return -1


def _is_left_over(name: str) -> bool:
    """True where a file that another process began is so old that it will not be ended; it goes."""
    import time

    with suppress(OSError):
        if time.time() - os.stat(name).st_mtime > _NEW_FOR:
            os.unlink(name)
            return True
    return False


# -- the file ------------------------------------------------------------------------------------


def _told(entries: Mapping[str, Entry], key: list[Any]) -> list[bytes]:
    """A cache's file: a line of JSON, then names, stamps, hashes, flags, and where each line of
    facts ends, and these."""
    known = list(entries.values())
    stamps = array("q", (number for entry in known for number in entry.stamp))
    lines = [entry.line for entry in known]
    blocks = [
        b"\0".join(os.fsencode(entry.path) for entry in known),
        stamps.tobytes(),
        b"".join(entry.oid for entry in known),
        bytes(entry.flags for entry in known),
        array("q", accumulate(map(len, lines))).tobytes(),
        "".join(lines).encode("ascii"),
    ]
    checksum = 0
    for block in blocks:
        checksum = crc32(block, checksum)
    head = {
        "key": key,
        "sizes": [len(block) for block in blocks],
        "checksum": checksum,
    }
    return [json.dumps(head).encode("ascii") + b"\n", *blocks]


def _read(name: str, key: list[Any]) -> _Block | None:
    """A cache's file; None where there is none that can be trusted."""
    data = _private_content(name)
    if data is None:
        return None
    try:
        return _parsed(data, key)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError):
        return None


def _private_content(name: str) -> bytes | None:
    """The bytes of a plain file that is ours and that nobody else may write."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        private = st.S_ISREG(status.st_mode) and not status.st_mode & 0o022
        if not private or status.st_uid != os.geteuid() or status.st_size > _MAX_BYTES:
            return None
        return file.read()


def _parsed(data: bytes, key: list[Any]) -> _Block | None:
    at = data.index(b"\n") + 1
    head = json.loads(data[:at])
    if head["key"] != key or crc32(memoryview(data)[at:]) != head["checksum"]:
        return None
    blocks = []
    for size in head["sizes"]:
        blocks.append(data[at : at + size])
        at += size
    names, *more = blocks
    paths = os.fsdecode(names).split("\0") if names else []
    block = _Block(paths, *more)
    return block if block.is_sound else None


def _numbers(data: bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(data)
    return numbers
