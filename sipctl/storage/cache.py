"""What was found out of files, kept in the Git directory: a shortcut, and never the truth.

A file is known by its size, times and inode. One that was written right before it was read may be
written again in the same tick of the clock: it is read once more the next time, and known by its
content, as Git does with such entries of its index. The key of a cache names all that
facts depend on besides: this sipctl, and what is installed beside it. What is odd in any way is
ignored.

The file is private, holds no password in plain text, is replaced as a whole, and may be removed at
any time. It is not read where it belongs to somebody else, or where somebody else may write it.
"""

from __future__ import annotations

import json
import os
import sys
from binascii import crc32
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from sipctl import __version__
from sipctl.passwords import withheld
from sipctl.storage.disk import git_folder, is_private, own_folder
from sipctl.storage.entries import NEVER, Block, Bytes, Entry, Stamp, columns, stamp_of

VARIABLE = "SIPCTL_NO_CACHE"
_NO = ("", "0", "false", "f", "no", "n", "off")

_FORMAT = 5
_MAX_BYTES = 1 << 30
_NEW_FOR = 60  # seconds, after which what another process began to write is taken for left over

_SECOND = 1_000_000_000
_TICK = 100_000_000
"""Many ticks of the clock that a system tells times by, in nanoseconds: each is 10 ms at most."""
_COARSE_TICK = 2_000_000_000
"""The tick of a file system that keeps whole seconds only: two of them, on FAT."""


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
    def _main(self) -> Block | None:
        return _read(self._file, self._key) if self._file else None

    @cached_property
    def _blocks(self) -> list[Block]:
        return [block for block in (self._recent, self._main) if block is not None]

    def known(self, path: str, status: os.stat_result) -> Entry | None:
        """What is kept of a file, if it cannot have changed since."""
        stamp = stamp_of(status)
        for block in self._blocks:
            row = block.rows.get(path)
            if row is not None and block.stamps[row] == stamp:
                return block.entry(row)
        return None

    def known_in(
        self, folder: str, names: Iterable[str], descriptor: int
    ) -> dict[str, Entry | None]:
        """As `known`, of files in a folder, by path; of thousands each call would be felt."""
        if not self._blocks:
            return dict.fromkeys(f"{folder}/{name}" for name in names)
        lstat, found = os.lstat, dict[str, Entry | None]()
        blocks = [(block, block.rows.get, block.stamps) for block in self._blocks]
        for name in names:
            path = f"{folder}/{name}"
            found[path] = None
            try:
                status = lstat(name, dir_fd=descriptor)
            except OSError:  # who reads it will see why
                continue
            stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
            for block, row_of, stamps in blocks:
                row = row_of(path)
                if row is not None and stamps[row] == stamp:
                    found[path] = Entry(path, stamp, block.flags[row], block, row)
                    break
        return found

    def stamp(self, status: os.stat_result) -> Stamp:
        """What tells whether a file has changed since it was read, of its status before."""
        is_fine = status.st_mtime_ns % _SECOND and status.st_ctime_ns % _SECOND
        tick = _TICK if is_fine else _COARSE_TICK
        new = max(status.st_mtime_ns, status.st_ctime_ns) >= self._noted - tick
        return NEVER if new else stamp_of(status)

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
        if len(some) <= max(_FEW, len(entries) // 8) and self._has_main():
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
                file.writelines(_file_parts(entries, self._key))
                readable = file.tell() <= _MAX_BYTES
            if readable:
                os.replace(f"{self._file}.new", to)
            else:
                self._unlink()
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
"""So many entries, or an eighth of all, are kept beside the others before all are written."""


@contextmanager
def switched_off() -> Iterator[None]:
    """For a time use no cache, nor let a sipctl in a hook use one."""
    with withheld.holding(VARIABLE, "1"):
        yield


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
        return os.fspath(own_folder(git))
    except OSError:
        return None


def _key() -> list[Any]:
    """What facts depend on besides the files: the code of this sipctl, and the libraries."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
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


def _file_parts(entries: Mapping[str, Entry], key: list[Any]) -> list[bytes]:
    """A cache's file: a line of JSON, then the columns of its block."""
    blocks = columns(list(entries.values()))
    head = {"key": key, "sizes": [len(block) for block in blocks]}
    return [json.dumps({**head, "checksum": _checksum(head, *blocks)}).encode() + b"\n", *blocks]


def _checksum(head: Mapping[str, Any], *blocks: Bytes) -> int:
    checksum = crc32(json.dumps(head).encode())
    for block in blocks:
        checksum = crc32(block, checksum)
    return checksum


def _read(name: str, key: list[Any]) -> Block | None:
    """A cache's file; None where there is none that can be trusted."""
    data = _private_content(name)
    if data is None:
        return None
    try:
        return _parsed(data, key)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _private_content(name: str) -> bytes | None:
    """The bytes of a plain file that is ours alone: what another could have put there, whoever owns
    it, is none of ours."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if not is_private(status) or status.st_size > _MAX_BYTES:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _parsed(data: bytes, key: list[Any]) -> Block | None:
    at = data.index(b"\n") + 1
    head = json.loads(data[:at])
    blocks, rest = [], memoryview(data)[at:]  # millions of bytes are not copied in vain
    checksum = head.pop("checksum")
    if head["key"] != key or checksum != _checksum(head, rest):
        return None
    for size in head["sizes"]:
        blocks.append(rest[:size])
        rest = rest[size:]
    block = Block.of(blocks)
    return block if block.is_sound else None
