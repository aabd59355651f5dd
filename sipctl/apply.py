"""The one write path: lock, load, plan, judge the result, write, commit, or put everything back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sipctl import privileges, progress, signals, tracked, uncommitted, workspace
from sipctl.changes import Plan
from sipctl.errors import Refused, reason_of
from sipctl.git import committing, upkeep
from sipctl.git.repository import GitDied, GitFailed, Repository
from sipctl.outcome import Outcome, Planner, judge, message, subject
from sipctl.passwords import withheld
from sipctl.storage import disk, journal, leftovers
from sipctl.storage.entries import is_stored_as

if TYPE_CHECKING:
    from filelock import FileLock

# Set for the processes of our own commit: a sipctl in a hook of it must not wait for its lock.
_INSIDE = "SIPCTL_INSIDE_COMMIT"


def _silent(_: str) -> None:
    pass


class Options(NamedTuple):
    """How a writing command is to write.

    `message` replaces the commit's subject. `lock_timeout` is in seconds. `tell` is called with
    words for the user while the command runs.
    """

    dry_run: bool = False
    commit: bool = True
    message: str | None = None
    lock_timeout: float = 60.0
    tell: Callable[[str], None] = _silent


Confirm = Callable[[Outcome], None]
"""Called with what would be done, before it is; raises what ends the command."""


def run(
    root: Path,
    planner: Planner,
    options: Options,
    confirm: Confirm | None = None,
    *,
    asks: bool = True,
) -> Outcome:
    """Plan a change of the workspace at `root` and carry it out.

    With a `confirm` that `asks` the change is computed and shown first without the lock, since an
    answer may take its time, and refused if it comes out otherwise under it. Raises Refused, and
    then nothing has changed.
    """
    tracked.refuse_linked_folders(root)
    if options.dry_run:
        around, prefix = _around(root)
        outcome = judge(around, prefix, workspace.load(root), planner)
        if around is not None and options.commit:
            _tell_what_hinders(around, outcome.plan, options)
        return outcome
    privileges.act_as_owner(root)
    repository = tracked.required_repository(root)
    repository.refuse_open_operation()
    seen = None
    if confirm is not None and asks:
        seen = judge(repository, repository.prefix, workspace.load(root), planner)
        confirm(seen)
    with _writing(repository, options):
        outcome = judge(repository, repository.prefix, workspace.load(root), planner)
        if seen is not None and outcome.plan != seen.plan:
            raise Refused("the files have changed meanwhile", "run the command again")
        if confirm is not None and not asks:
            confirm(outcome)
        with privileges.acting():
            if outcome.files:
                outcome = _carry_out(repository, outcome, options)
                with signals.unheard():
                    workspace.remember(root, outcome.after, [c.path for c in outcome.files])
            if options.commit:
                top, prefix = repository.at_top(), repository.prefix
                committing.unstage(top, [prefix + path for path in outcome.plan.unstages])
        return outcome


def _around(root: Path) -> tuple[Repository | None, str]:
    """The repository around a workspace and its folder there; neither need be there yet."""
    whole = root.absolute()
    there = next(folder for folder in (whole, *whole.parents) if folder.exists())
    found = Repository.find(there)
    missing = "".join(f"{part}/" for part in whole.relative_to(there).parts)
    return found, found.prefix + missing if found else ""


def _tell_what_hinders(repository: Repository, plan: Plan, options: Options) -> None:
    """Say where the change would be refused if it were more than shown, as things stand."""
    try:
        repository.refuse_open_operation()
        _refuse_uncommitted(repository, plan)
    except Refused as refused:
        options.tell(f"as things stand this would be refused: {refused.message}")


# -- before writing ------------------------------------------------------------------------------


@contextmanager
def _writing(repository: Repository, options: Options) -> Iterator[None]:
    """The writers' lock, held over the whole change; what a dead writer left is settled first."""
    if os.environ.get(_INSIDE) == str(repository.git_dir):
        message = "this sipctl was started by a hook of sipctl's own commit"
        raise Refused(message, "hooks may read, not write")
    repository.refuse_open_operation()
    with _lock(repository, options), signals.interrupting():
        _recover(repository.at_top(), options)
        with privileges.acting():
            for words in leftovers.clear(repository):
                options.tell(words)
        yield


def _recover(repository: Repository, options: Options) -> None:
    try:
        with privileges.acting():
            told = journal.recover(repository, options.lock_timeout)
    except OSError as error:
        raise _cannot_write(journal.folder(repository), error) from None
    if told:
        options.tell(told)


@contextmanager
def _lock(repository: Repository, options: Options) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = journal.folder(repository)
    mode = 0o600 | repository.git_dir.stat().st_mode & 0o066
    lock = FileLock(folder / "lock", mode=mode, poll_interval=0.05)
    try:
        with privileges.acting():
            disk.own_folder(repository.git_dir)
            lock.acquire(timeout=min(1.0, options.lock_timeout))
    except Timeout:
        options.tell("waiting for another sipctl to finish")
        _acquire(lock, max(0.0, options.lock_timeout - 1.0))
    except OSError as error:
        raise _cannot_write(folder, error) from None
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, timeout: float) -> None:
    from filelock import Timeout

    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        hint = "try again, or wait longer with --lock-timeout SECONDS"
        raise Refused("another sipctl is writing here", hint) from None


# -- writing -------------------------------------------------------------------------------------


class _Change(NamedTuple):
    """A change under way, and when it began. The repository's paths are those from its top."""

    repository: Repository
    notes: journal.Journal
    descriptor: int
    started: float

    def files(self) -> Iterator[tuple[Path, Path, journal.Entry]]:
        return journal.files(self.repository, self.notes)


def _carry_out(repository: Repository, outcome: Outcome, options: Options) -> Outcome:
    if outcome.plan.needs_no_commit:
        options = options._replace(commit=False)
    first_line = (options.message or subject(outcome)).strip()
    change = _begin(repository, outcome.plan, first_line, options)
    commit = None
    try:
        _write(change)
        if options.commit:
            commit = _commit(change, message(outcome, first_line))
    except BaseException as error:
        if isinstance(error, committing.Withdrawn):
            change = change._replace(notes=change.notes._replace(commits=False))
        if not _settle(change, died=isinstance(error, GitDied)):
            if isinstance(error, committing.Withdrawn) and _stands(change):
                hint = "see `git show`: it stands in a commit of theirs"
                raise Refused("somebody else committed this change meanwhile", hint) from None
            raise
        commit = committing.made(change.repository, change.notes.head, change.notes.paths)
    else:
        with signals.unheard():
            journal.end(change.repository, change.notes, change.descriptor)
    return outcome._replace(commit=commit, written=True)


def _begin(repository: Repository, plan: Plan, subject: str, options: Options) -> _Change:
    entries = _entries(repository, plan)
    paths = [entry.path for entry in entries]
    top = repository.at_top()
    added: tuple[str, ...] = ()
    if options.commit:
        _wait_for_index(top, options)
        known = top.indexed(disk.around(paths))
        uncommitted.refuse_marked(repository, plan, known)
        if _written(plan) and not uncommitted.are_as_committed(top, entries, known):
            _refuse_uncommitted(repository, plan)
        added = tuple(e.path for e in entries if e.new is not None and e.path not in known)
    made = disk.missing_folders(top.top, paths)
    notes = journal.Journal(os.getpid(), top.head(), subject, options.commit, added, made, entries)
    try:
        return _Change(top, notes, journal.begin(top, notes), time.time())
    except OSError as error:
        raise _cannot_write(journal.folder(top), error) from None


def _written(plan: Plan) -> list[str]:
    """The files in which changes of the user's own would stand in the way."""
    return [c.path for c in plan.effective if not (c.adopted or plan.generated)]


def _refuse_uncommitted(repository: Repository, plan: Plan) -> None:
    if _written(plan):
        uncommitted.refuse(repository, _written(plan), back=plan.operation == "restore")


def _entries(repository: Repository, plan: Plan) -> tuple[journal.Entry, ...]:
    entries = []
    for change in plan.effective:
        now = disk.content(repository.root / change.path)
        expected = {change.after if change.adopted else change.before}
        if plan.generated:
            expected = {change.before, change.after}
        if now not in expected:
            raise Refused(f'"{change.path}" has changed meanwhile', "run the command again")
        entries.append(journal.Entry(repository.prefix + change.path, now, change.after))
    return tuple(entries)


def _write(change: _Change) -> None:
    """Stage every new content first, so that a full disk is met before anything has changed."""
    file = Path()
    try:
        entries = change.notes.entries
        for file, _, entry in progress.over(change.files(), "Writing files", len(entries)):
            if entry.new is not None and entry.new != entry.old:
                disk.stage(file, entry.new)
        for file, kept, entry in change.files():
            if entry.new == entry.old:
                continue
            if entry.new is None:
                disk.remove(file, kept)
            else:
                disk.put(file, kept)
    except OSError as error:
        raise _cannot_write(file, error) from error


def _commit(change: _Change, message: str) -> str:
    repository, inherited = change.repository, (change.descriptor,)
    message_file = journal.message_file(repository)
    try:
        disk.write_private(message_file, message.encode("utf-8", "surrogateescape"))
        paths, added = change.notes.paths, change.notes.added
        with withheld.holding(_INSIDE, str(repository.git_dir)):
            commit = committing.commit(repository, paths, added, message_file, inherited)
        upkeep.maintain(repository)
    except GitFailed as error:
        hint = "nothing has changed; mend what Git or its hook says, then run the command again"
        raise type(error)(error.message, hint) from None
    except OSError as error:
        raise _cannot_write(message_file, error) from None
    return commit


def _settle(change: _Change, died: bool) -> bool:
    """Put everything back, or finish where the commit stands already: True then."""
    repository, notes = change.repository, change.notes
    with signals.unheard():
        done, _ = journal.settle(repository, notes, change.started, died=died, rescue=False)
        journal.end(repository, notes, change.descriptor)
        return done


def _stands(change: _Change) -> bool:
    """True where HEAD holds what was to be committed."""
    entries = change.notes.entries
    head = change.repository.in_head([entry.path for entry in entries]) or {}
    return all(is_stored_as(entry.new, head.get(entry.path)) for entry in entries)


def _wait_for_index(repository: Repository, options: Options) -> None:
    """Another Git process may hold the index for a moment."""
    lock = repository.git_dir / "index.lock"
    start, told = time.monotonic(), False
    while lock.exists():
        waited = time.monotonic() - start
        if waited > options.lock_timeout:
            hint = f"if no Git process runs here any more, remove {lock}"
            raise Refused("another Git process holds the index", hint)
        if waited > 1 and not told:
            options.tell("waiting for another Git process to finish")
            told = True
        time.sleep(0.05)


def _cannot_write(path: Path, error: OSError) -> Refused:
    return Refused(f'"{error.filename or path}" could not be written: {reason_of(error)}')
