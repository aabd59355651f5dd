"""What Git prints, as values: commits and what they change, entries of trees, objects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple


class Identity(NamedTuple):
    """Who made a commit."""

    name: str
    email: str


class Commit(NamedTuple):
    """A commit: its hash, parents, author, author's time (ISO 8601), when it was made (seconds
    since 1970) and message."""

    oid: str
    parents: tuple[str, ...]
    author: Identity
    time: str
    committed: int
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def short(self) -> str:
        """The first ten digits of the hash."""
        return self.oid[:10]

    @property
    def operation(self) -> str | None:
        """What the trailer `Sipctl-Operation:` says; None for a commit that is not of sipctl."""
        paragraphs = self.message.rstrip().split("\n\n")
        found = _OPERATION.findall(paragraphs[-1]) if len(paragraphs) > 1 else None
        return found[-1].rstrip() if found else None


_OPERATION = re.compile(r"^Sipctl-Operation:[^\S\n]*+(\S.*)", re.MULTILINE)


class BlobChange(NamedTuple):
    """A path that a commit touches: its blob in each parent and in the commit; None for absent."""

    path: str
    olds: tuple[str | None, ...]
    new: str | None


class Entry(NamedTuple):
    """A path in a commit or in the index: its mode as Git writes it (`100644`), and its blob.

    `merged` is False where a merge has left several versions of the path. `mark` is what keeps Git
    from looking at the file: `skip-worktree` or `assume-unchanged`.
    """

    mode: str
    oid: str
    merged: bool = True
    mark: str | None = None

    @property
    def is_file(self) -> bool:
        """True for a plain file; False for a symbolic link and for a submodule."""
        return self.mode.startswith("100")


# -- parsing -------------------------------------------------------------------------------------


def listed(out: bytes) -> Iterator[tuple[str, str]]:
    """What Git lists of a tree or an index: the words before the tab, and the path."""
    for row in out.split(b"\0"):
        if row:
            meta, _, path = row.partition(b"\t")
            yield meta.decode("ascii"), os.fsdecode(path)


def read_object(stream: IO[bytes]) -> tuple[str, bytes] | None:
    """What `cat-file --batch` says of an object: its hash and content; None for one it has not."""
    known = _line(stream).split()
    if len(known) != 3 or not known[2].isdigit():  # its name may hold blanks
        return None
    size = int(known[2]) + 1
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return known[0].decode("ascii"), data[:-1]


def read_name(stream: IO[bytes]) -> str | None:
    """What `cat-file --batch-check=%(objectname)` says: a hash; None for what is not there."""
    words = _line(stream).split()
    return words[0].decode("ascii") if len(words) == 1 else None


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def until(stream: IO[bytes], end: bytes) -> bytes:
    """All that is printed before a line that is this one."""
    found = b""
    while not found.endswith(end + b"\n"):
        found += _line(stream)
    return found[: -len(end) - 1]


_MARK = b"\x01"
_FIELDS = 7


LogEntry = tuple[Commit, list[BlobChange]]


class Log:
    """Parses `git log -z --raw -c`: a mark and seven fields a commit, then its changed paths."""

    def __init__(self, prefix: str, file: bool = False) -> None:
        self._prefix = prefix
        self._file = file
        self._fields: list[bytes] = []
        self._entry: LogEntry | None = None
        self._raw: bytes | None = None

    def read(self, pieces: Iterable[bytes]) -> list[LogEntry]:
        """The commits that are known with these pieces: all of one, or of a file its change."""
        found = []
        for piece in pieces:
            if self._raw is not None:
                found += self._changed(self._raw, piece)
                self._raw = None
            elif self._fields:
                self._fields.append(piece)
                if len(self._fields) == _FIELDS:
                    self._entry, self._fields = (_commit(self._fields), []), []
            elif piece.startswith(_MARK):
                found += self.rest()
                self._fields = [piece[1:]]
            elif piece.lstrip(b"\n").startswith(b":"):
                self._raw = piece.lstrip(b"\n")
        return found

    def _changed(self, raw: bytes, path: bytes) -> list[LogEntry]:
        assert self._entry is not None
        commit, changes = self._entry
        change = _blob_change(raw, os.fsdecode(path).removeprefix(self._prefix))
        if self._file:
            return [(commit, [change])]
        changes.append(change)
        return []

    def rest(self) -> list[LogEntry]:
        """The last one, which nothing marks the end of."""
        entry, self._entry = self._entry, None
        return [] if entry is None or self._file else [entry]


def _commit(fields: Sequence[bytes]) -> Commit:
    oid, parents, name, email, time, committed, message = (
        field.decode("utf-8", "replace") for field in fields
    )
    identity = Identity(name, email)
    return Commit(oid, tuple(parents.split()), identity, time, int(committed), message)


def blob_changes(out: bytes, prefix: str) -> list[BlobChange]:
    """Parse `git diff-tree -z --raw`."""
    pieces = iter(out.split(b"\0"))
    rows = ((raw, next(pieces)) for raw in pieces if raw)
    return [_blob_change(raw, _in_workspace(path, prefix)) for raw, path in rows]


def _in_workspace(path: bytes, prefix: str) -> str:
    """A path from the top of the repository as one of the workspace's, `:/path` if outside."""
    text = os.fsdecode(path)
    return text.removeprefix(prefix) if text.startswith(prefix) else f":/{text}"


def _blob_change(raw: bytes, path: str) -> BlobChange:
    count = len(raw) - len(raw.lstrip(b":"))
    words = raw[count:].decode("ascii").split()
    modes, oids = words[: count + 1], words[count + 1 : 2 * count + 2]
    known = [oid if mode.startswith("100") else None for mode, oid in zip(modes, oids, strict=True)]
    return BlobChange(path, tuple(known[:-1]), known[-1])
