"""The journal of a change under way: what to end or to put back if the process dies.

It lies in the Git directory of the worktree, and is locked through a descriptor that the Git
processes of the change inherit: as long as one of them lives, nobody touches what it works on.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import lock_descriptor

from sipctl import disk
from sipctl.errors import Refused
from sipctl.repository import Repository

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A path (relative to the workspace), what it held, and what it is to hold."""

    path: str
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True, slots=True)
class Journal:
    """What a change sets out to do. `root` is the workspace, `head` the commit it starts from.

    `added` are the paths that the index did not hold before. `commits` is False with --no-commit.
    """

    root: str
    pid: int
    head: str | None
    subject: str
    commits: bool
    added: tuple[str, ...]
    entries: tuple[Entry, ...]

    def file(self, entry: Entry) -> Path:
        """Where an entry's file stands."""
        return Path(self.root, entry.path)


def folder(repository: Repository) -> Path:
    """sipctl's own folder in the Git directory."""
    return repository.git_dir / _FOLDER


_FOLDER, _NAME = "sipctl", "journal.json"


def _file(repository: Repository) -> Path:
    return folder(repository) / _NAME


# -- writing it ----------------------------------------------------------------------------------


def begin(repository: Repository, journal: Journal) -> int:
    """Put the journal on disk, and return the locked descriptor that Git processes inherit."""
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
    except BaseException:
        os.close(descriptor)
        fresh.unlink(missing_ok=True)
        raise
    return descriptor


def end(repository: Repository, journal: Journal, descriptor: int) -> None:
    """The change is done or put back: clear away what it left."""
    for entry in journal.entries:
        disk.tidy(journal.file(entry))
    _file(repository).unlink(missing_ok=True)
    os.close(descriptor)


def _dump(journal: Journal) -> bytes:
    def encoded(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode("ascii")

    entries = [[e.path, encoded(e.old), encoded(e.new)] for e in journal.entries]
    document = {
        "format": _FORMAT,
        "root": journal.root,
        "pid": journal.pid,
        "head": journal.head,
        "subject": journal.subject,
        "commits": journal.commits,
        "added": journal.added,
        "entries": entries,
    }
    return json.dumps(document).encode("ascii")


def _parse(data: bytes) -> Journal:
    def decoded(text: str | None) -> bytes | None:
        return None if text is None else base64.b64decode(text)

    document: dict[str, Any] = json.loads(data)
    entries = tuple(Entry(path, decoded(a), decoded(b)) for path, a, b in document["entries"])
    return Journal(
        document["root"],
        document["pid"],
        document["head"],
        document["subject"],
        document["commits"],
        tuple(document["added"]),
        entries,
    )


# -- settling it ---------------------------------------------------------------------------------


def git_folder(root: Path) -> Path | None:
    """The Git directory of the worktree around `root`, found without Git; None where it is not."""
    for parent in (root.absolute(), *root.absolute().parents):
        entry = parent / ".git"
        if entry.is_dir():
            return entry
        if entry.is_file():  # a linked worktree or a submodule: the file names the folder
            return parent / entry.read_text("utf-8").removeprefix("gitdir:").strip()
    return None


def interrupted(git_dir: Path) -> str | None:
    """What a dead process has left half-done, in words; None where nothing is or it still runs."""
    try:
        descriptor = os.open(git_dir / _FOLDER / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        subject = _parse(_read(descriptor)).subject
    except (OSError, ValueError, KeyError):
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
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        _wait(descriptor, timeout)
        journal = _parse(_read(descriptor))
        done, rescued = settle(repository, journal, os.fstat(descriptor).st_mtime)
        end(repository, journal, os.dup(descriptor))
    finally:
        os.close(descriptor)
    words = "finished" if done else "put back"
    kept = "".join(
        f"; {path} had changed since, its content is in {where}" for path, where in rescued
    )
    return f'an earlier change was interrupted and is {words}: "{journal.subject}"{kept}'


def _wait(descriptor: int, timeout: float) -> None:
    until = time.monotonic() + timeout
    while not lock_descriptor(descriptor, blocking=False):
        if time.monotonic() > until:
            message = "Git processes of an interrupted change are still running"
            raise Refused(message, "wait for them to end, or end them")
        time.sleep(0.05)


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def settle(
    repository: Repository, journal: Journal, since: float, rescue: bool = True
) -> tuple[bool, list[tuple[str, Path]]]:
    """Bring a change to one of its two ends: True where its commit stands, False where all is put
    back. What a file holds that is neither old nor new is kept where `rescue` asks for it (somebody
    may have edited it since), and told with the place."""
    repository = Repository.find(Path(journal.root)) or repository
    for lock in _git_locks(repository):
        with suppress(FileNotFoundError):
            if lock.stat().st_mtime >= since - 1:
                lock.unlink()
    paths = [entry.path for entry in journal.entries]
    head = repository.head()
    if journal.commits and head != journal.head and _is_ours(repository, journal):
        repository.refresh(paths)
        return True, []
    committed = repository.files_at(head, _folders(paths)) if head and head != journal.head else {}
    rescued = []
    for entry in journal.entries:
        kept = _put_back(repository, journal, entry, committed.get(entry.path), rescue)
        if kept is not None:
            rescued.append((entry.path, kept))
    repository.forget([p for p in journal.added if p not in committed])
    return False, rescued


def _folders(paths: list[str]) -> list[str]:
    return sorted({path.partition("/")[0] for path in paths})


def _is_ours(repository: Repository, journal: Journal) -> bool:
    """True where HEAD is the one commit that this change set out to make: a child of where it began
    that touches these paths only (a hook may have changed what they hold)."""
    commit, changes = next(repository.log("-1", "--root", "HEAD", paths=()))
    if commit.parents[:1] != ((journal.head,) if journal.head else ()):
        return False
    return {change.path for change in changes} <= {entry.path for entry in journal.entries}


def _put_back(
    repository: Repository, journal: Journal, entry: Entry, committed: bytes | None, rescue: bool
) -> Path | None:
    file, kept = journal.file(entry), None
    now = disk.content(file)
    if now == entry.old or (now is not None and now == committed):
        return None
    if rescue and now is not None and now != entry.new:
        kept = folder(repository) / "rescued" / f"{int(time.time())}-{file.name}"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(now)
    disk.put_back(file, entry.old)
    return kept


def _git_locks(repository: Repository) -> Iterator[Path]:
    """The locks that a killed git commit can leave behind."""
    git_dir = repository.git_dir
    yield from (git_dir / "index.lock", git_dir / "HEAD.lock")
    yield from git_dir.glob("next-index-*.lock")
    common = repository.ask("rev-parse", "--git-common-dir")
    branch = repository.ask("symbolic-ref", "--quiet", "HEAD")
    if common and branch:
        yield repository.root / common / f"{branch}.lock"
