"""The journal of a change under way: what to end or to put back if the process dies.

It lies in the Git directory of the worktree, and is locked through a descriptor that the Git
processes of the change inherit: as long as one of them lives, nobody touches what it works on.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from sipctl.errors import Refused
from sipctl.git import committing, processes
from sipctl.git.repository import Repository
from sipctl.kinds import is_file_of_ours
from sipctl.names import quoted
from sipctl.storage import disk

_FORMAT = 1


class Entry(NamedTuple):
    """A path, what it held, and what it is to hold."""

    path: str
    old: bytes | None
    new: bytes | None


class Journal(NamedTuple):
    """What a change sets out to do. Paths are relative to the top of the work tree.

    `head` is the commit it starts from. `commits` is False with --no-commit. `added` are the paths
    that the index did not hold before, `made` the folders that were not there.
    """

    pid: int
    head: str | None
    subject: str
    commits: bool
    added: tuple[str, ...]
    made: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def paths(self) -> list[str]:
        """The path of every entry."""
        return [entry.path for entry in self.entries]

    @property
    def named(self) -> Iterator[str]:
        """Every path that something may be done to; a folder is told by a file that it is for."""
        yield from self.paths
        yield from set(self.added) - set(self.paths)
        folders = {str(folder) for path in self.paths for folder in PurePosixPath(path).parents}
        yield from set(self.made) - folders


def folder(repository: Repository) -> Path:
    """sipctl's own folder in the Git directory."""
    return repository.git_dir / disk.OWN_FOLDER


def message_file(repository: Repository) -> Path:
    """The commit's message. It is there from the first Git process that may leave locks behind."""
    return folder(repository) / "message"


def files(repository: Repository, journal: Journal) -> Iterator[tuple[Path, Path, Entry]]:
    """Every entry with its file, and where what that held is kept."""
    kept = _kept(repository)
    for number, entry in enumerate(journal.entries):
        yield repository.top / entry.path, kept / str(number), entry


_KEPT = "kept"


def _kept(repository: Repository) -> Path:
    return folder(repository) / _KEPT


def _file(repository: Repository) -> Path:
    return repository.git_dir / disk.JOURNAL


# -- writing it ----------------------------------------------------------------------------------


def begin(repository: Repository, journal: Journal) -> int:
    """Put the journal on disk, and return the locked descriptor that Git processes inherit."""
    from filelock import lock_descriptor

    file = _file(repository)
    fresh = file.with_suffix(".new")
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, 0o600)
    try:
        lock_descriptor(descriptor)
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(_dump(journal))
            stream.flush()
            os.fsync(descriptor)
        os.replace(fresh, file)
        with suppress(OSError):  # nothing is kept then but here
            # what was typed as plain text is to be no more open than the journal, which nobody
            # else can read, whoever shares the repository
            disk.own_folder(repository.git_dir, _KEPT).chmod(0o700)
    except BaseException:
        os.close(descriptor)
        fresh.unlink(missing_ok=True)
        raise
    return descriptor


def end(repository: Repository, journal: Journal, descriptor: int) -> None:
    """The change is done or put back: clear away what it left."""
    for file, kept, _ in files(repository, journal):
        disk.tidy(file, kept)
    with suppress(OSError):
        _kept(repository).rmdir()
    message_file(repository).unlink(missing_ok=True)
    _file(repository).unlink(missing_ok=True)
    os.close(descriptor)


def _dump(journal: Journal) -> bytes:
    def encoded(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode("ascii")

    entries = [[e.path, encoded(e.old), encoded(e.new)] for e in journal.entries]
    document = {"format": _FORMAT, **journal._asdict(), "entries": entries}
    return json.dumps(document).encode("ascii")


def _parse(data: bytes) -> Journal:
    """Raises ValueError, KeyError or TypeError for what is no journal of this format."""

    def decoded(text: str | None) -> bytes | None:
        return None if text is None else base64.b64decode(text)

    document: dict[str, Any] = json.loads(data)
    if document.pop("format") != _FORMAT:
        raise ValueError("format")
    lists = {name: tuple(document[name]) for name in ("added", "made")}
    entries = tuple(Entry(path, decoded(a), decoded(b)) for path, a, b in document["entries"])
    journal = Journal(**{**document, **lists, "entries": entries})
    if not all(isinstance(path, str) for path in (*journal.paths, *journal.added, *journal.made)):
        raise TypeError("path")
    return journal


# -- settling it ---------------------------------------------------------------------------------


def interrupted(git_dir: Path) -> str | None:
    """What a dead process has left half-done, in words; None where nothing is or it still runs."""
    try:
        descriptor = _opened(git_dir / disk.JOURNAL, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        subject = _parse(_read(descriptor)).subject
    except (OSError, *_ODD):
        return None
    finally:
        os.close(descriptor)
    return f'an earlier change was interrupted: "{subject}"'


def recover(repository: Repository, timeout: float) -> str | None:
    """End or put back what a dead process left, and say which. The caller holds the writers' lock.

    Waits up to `timeout` seconds for Git processes that the dead one started.
    """
    file = _file(repository)
    file.with_suffix(".new").unlink(missing_ok=True)
    try:
        descriptor = _opened(file, os.O_RDWR)
    except FileNotFoundError:
        return None
    except PermissionError:
        raise _not_ours(file, "it is another user's") from None
    try:
        _wait(descriptor, timeout)
        journal = _trusted(repository, file, descriptor)
        died = message_file(repository).exists()
        if died:
            _wait_for_others(repository, timeout)
        since = os.fstat(descriptor).st_mtime
        done, rescued = settle(repository, journal, since, died=died, rescue=True)
        end(repository, journal, os.dup(descriptor))
    finally:
        os.close(descriptor)
    words = "finished" if done else "put back"
    kept = "".join(
        f"; {path} had changed since, its content is in {where}" for path, where in rescued
    )
    return f'an earlier change was interrupted and is {words}: "{journal.subject}"{kept}'


def _trusted(repository: Repository, file: Path, descriptor: int) -> Journal:
    """The journal; raises Refused for one that sipctl cannot have written here for this user."""
    journal = _known(file, descriptor)
    if not disk.is_private(os.fstat(descriptor)):
        raise _not_ours(file, "somebody else may have written it")
    odd = next((path for path in journal.named if not _is_ours(repository, path)), None)
    if odd is not None:
        raise _not_ours(file, f"{quoted(odd)} is no file that sipctl writes")
    return journal


def _not_ours(file: Path, why: str) -> Refused:
    message = "there is a journal of an interrupted change that cannot be trusted"
    return Refused(f"{message}: {why}", f"look at {file}, and remove it if it is not yours")


def _is_ours(repository: Repository, path: str) -> bool:
    """True for a path below the top of the work tree at which sipctl can have written a file; none
    leads through a link, or into the Git directory."""
    parts = PurePosixPath(path).parts
    if path != "/".join(parts) or {"..", "/"} & set(parts) or ".git" in map(str.casefold, parts):
        return False
    if not any(is_file_of_ours("/".join(parts[start:])) for start in range(len(parts))):
        return False
    top, folder = repository.top.resolve(), PurePosixPath(path).parent
    return (top / folder).resolve() == top / folder


def _known(file: Path, descriptor: int) -> Journal:
    try:
        return _parse(_read(descriptor))
    except _ODD:
        hint = f"see `git status`, put right what is wrong, then remove {file}"
        raise Refused(
            "an earlier change was interrupted, and its journal is unreadable", hint
        ) from None


def _wait_for_others(repository: Repository, timeout: float) -> None:
    """A lock of Git's is not left over while a Git of somebody else's runs here."""
    until = time.monotonic() + timeout
    while any(lock.exists() for lock in _git_locks(repository)):
        if not processes.is_at_work(repository.top):
            return
        if time.monotonic() > until:
            message = "a change was interrupted, and another Git process is at work here now"
            raise Refused(message, "end that first, then run the command again")
        time.sleep(0.05)


_ODD = (ValueError, KeyError, TypeError, RecursionError)
"""What comes of parsing what is no journal."""


def _opened(file: Path, flags: int) -> int:
    """A descriptor of the journal; nobody waits for a pipe in its place."""
    return os.open(file, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def _wait(descriptor: int, timeout: float) -> None:
    from filelock import lock_descriptor

    until = time.monotonic() + timeout
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() > until:
            message = "Git processes of an interrupted change are still running"
            raise Refused(message, "wait for them to end, or end them")
        time.sleep(0.05)


def _read(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("no plain file")
    return os.pread(descriptor, status.st_size, 0)


def settle(
    repository: Repository, journal: Journal, since: float, *, died: bool, rescue: bool
) -> tuple[bool, list[tuple[str, Path]]]:
    """Bring a change to one of its two ends: True where its commit stands, False where all is put
    back.

    Where a Git process of it `died`, the locks go that are not older than `since`. What a file
    holds that is neither old nor new is kept where `rescue` asks for it (somebody may have edited
    it since), and told with the place.
    """
    if died:
        _remove_locks(repository, since)
    committed = _committed(repository, journal)
    if journal.commits and committed.issuperset(journal.paths):
        committing.refresh(repository, journal.paths)
        return True, []
    rescued = []
    for file, kept, entry in files(repository, journal):
        if entry.path in committed:
            continue
        now = disk.content(file)
        if rescue and now not in (None, entry.old, entry.new):
            rescued.append((entry.path, _rescued(repository, entry.path, now)))
        if now != entry.old:
            disk.put_back(file, entry.old, kept)
        disk.tidy(file, kept)
    for made in journal.made:
        with suppress(OSError):
            (repository.top / made).rmdir()
    _forget(repository, [path for path in journal.added if path not in committed])
    return False, rescued


def _forget(repository: Repository, added: list[str]) -> None:
    # on a full disk nothing may have been added, and no index can be written
    known = repository.indexed(disk.around(added)) if added else {}
    committing.forget(repository, [path for path in added if path in known])


def _committed(repository: Repository, journal: Journal) -> set[str]:
    """The paths that are not at HEAD what they were when the change began: its own commit has them,
    or one that somebody has made since. (What a hook made of them does not matter.)"""
    head = repository.head()
    if head is None or head == journal.head:
        return set()
    paths = disk.around(journal.paths)
    old = repository.tree(journal.head, paths) if journal.head else {}
    new = repository.tree(head, paths)
    return {path for path in journal.paths if old.get(path) != new.get(path)}


def _rescued(repository: Repository, path: str, data: bytes) -> Path:
    """Keep what somebody may have written; the file that holds it."""
    file = folder(repository) / "rescued" / str(int(time.time())) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(0o600)  # somebody may have typed a password
    file.write_bytes(data)
    return file


def _remove_locks(repository: Repository, since: float) -> None:
    for lock in _git_locks(repository):
        with suppress(FileNotFoundError):
            # (a copy of the index that locks it tells the index's own time as when it was written)
            if lock.stat().st_ctime >= since - 1:
                lock.unlink()


def _git_locks(repository: Repository) -> Iterator[Path]:
    """The locks that a killed Git process of a commit, or of what follows, can leave behind."""
    git_dir, objects = repository.git_dir, repository.common_dir / "objects"
    yield git_dir / "HEAD.lock"
    yield from git_dir.glob("index.lock*")  # its own lock, too
    yield from git_dir.glob("next-index-*.lock")
    yield objects / "maintenance.lock"
    yield objects / "info" / "commit-graph.lock"
    yield objects / "info" / "commit-graphs" / "commit-graph-chain.lock"
    branch = repository.ask("symbolic-ref", "--quiet", "HEAD")
    if branch:
        yield repository.common_dir / f"{branch}.lock"
