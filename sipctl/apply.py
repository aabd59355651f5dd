"""The one write path: lock, load, plan, judge the result, write, commit, or put everything back."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from sipctl import disk, journal, privileges, workspace
from sipctl.changes import (
    EndpointChange,
    FileChange,
    Plan,
    Snapshot,
    body,
    differences,
    snapshot,
)
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.inventory import SETTINGS_FILE, Inventory
from sipctl.patch import patch
from sipctl.repository import GitFailed, Repository

# Set for the processes of our own commit: a sipctl in a hook of it must not wait for its lock.
_INSIDE = "SIPCTL_INSIDE_COMMIT"

Planner = Callable[[Inventory], Plan]


class Interrupted(BaseException):
    """A signal asked the process to end."""


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """How a writing command is to write.

    `message` replaces the commit's subject. `lock_timeout` is in seconds. `tell` is called with
    words for the user while the command runs.
    """

    dry_run: bool = False
    commit: bool = True
    message: str | None = None
    lock_timeout: float = 60.0
    tell: Callable[[str], None] = _silent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a writing command did, or with `dry_run` would do. `commit` is the new commit's hash.

    `findings` are warnings in the files it writes.
    """

    plan: Plan
    changes: tuple[EndpointChange, ...]
    patch: str
    masked: bool
    findings: tuple[Finding, ...]
    commit: str | None = None
    written: bool = False

    @property
    def files(self) -> tuple[FileChange, ...]:
        """The files that change."""
        return self.plan.effective


Confirm = Callable[[Outcome], None]
"""Called with what would be done, before the lock is taken; raises what ends the command."""


def run(root: Path, planner: Planner, options: Options, confirm: Confirm | None = None) -> Outcome:
    """Plan a change of the workspace at `root` and carry it out.

    With `confirm` the change is computed and shown first without the lock, and refused if it comes
    out otherwise under it. Raises Refused, and then nothing has changed.
    """
    if options.dry_run:
        found = Repository.find(root) if root.exists() else None
        return _judge(found.prefix if found else "", workspace.load(root), planner)
    repository = _repository(root)
    seen = None
    if confirm is not None:
        seen = _judge(repository.prefix, workspace.load(root), planner)
        confirm(seen)
    with _writing(repository, options):
        outcome = _judge(repository.prefix, workspace.load(root), planner)
        if seen is not None and outcome.plan != seen.plan:
            raise Refused("the files have changed meanwhile", "run the command again")
        if not outcome.files:
            return outcome
        if options.commit and not outcome.plan.adopts:
            _refuse_unclean(repository, [change.path for change in outcome.files])
        return _carry_out(repository, outcome, options)


def _repository(root: Path) -> Repository:
    if os.geteuid() == 0:
        privileges.act_as_owner(root)
    repository = Repository.find(root)
    if repository is None:
        hint = "make one with `sipctl init`"
        raise Refused(f'"{root}" lies in no Git repository', hint)
    return repository


# -- judging -------------------------------------------------------------------------------------


def _judge(prefix: str, inventory: Inventory, planner: Planner) -> Outcome:
    """What the plan would do; raises Refused with the findings that it must not bring."""
    plan = planner(inventory)
    touched = {change.path for change in plan.effective}
    _refuse_unknown_settings(inventory, touched)
    before = inventory
    if plan.adopts:  # what stands on disk is the change itself
        before = workspace.reread(inventory, {c.path: c.before for c in plan.effective})
    after = workspace.reread(inventory, {c.path: c.after for c in plan.effective})
    known = Counter(f.identity for f in before.findings if f.is_error)
    brought = []
    for finding in after.findings:
        if finding.is_error and (finding.place.file in touched or not known[finding.identity]):
            brought.append(finding)
        known[finding.identity] -= 1
    if brought:
        what = "an error" if len(brought) == 1 else f"{len(brought)} errors"
        raise Refused(f"refused: the files would hold {what}", findings=tuple(brought))
    warnings = tuple(f for f in after.findings if f.place.file in touched)
    text, masked = _patch(prefix, plan)
    return Outcome(plan, endpoint_changes(plan), text, masked, warnings)


def _refuse_unknown_settings(inventory: Inventory, touched: set[str]) -> None:
    """How severe a finding is stands in the settings: unread, nothing can be judged by them."""
    found = tuple(f for f in inventory.findings if f.is_error and f.place.file == SETTINGS_FILE)
    if found and touched and SETTINGS_FILE not in touched:
        hint = f"mend {SETTINGS_FILE}, then `sipctl save`"
        raise Refused(f"{SETTINGS_FILE} could not be read", hint, found)


def _patch(prefix: str, plan: Plan) -> tuple[str, bool]:
    masked = False

    def shown(path: str, data: bytes) -> str:
        nonlocal masked
        if not workspace.is_member(path):
            return data.decode("utf-8", "replace")
        member = workspace.read_member(path, data)
        text = workspace.without_plaintext(member.text, member.root)
        masked = masked or text != member.text
        return text

    return patch(plan.effective, prefix, shown), masked


def endpoint_changes(plan: Plan) -> tuple[EndpointChange, ...]:
    """What a plan does to each endpoint, by field."""
    moved = {change.moved_from for change in plan.changes if change.moved_from}
    before = {change.path: change.before for change in plan.changes}
    known = (c for c in plan.effective if workspace.is_member(c.path))
    return tuple(_endpoint_change(c, before) for c in known if c.path not in moved)


def _endpoint_change(change: FileChange, before: dict[str, bytes | None]) -> EndpointChange:
    path = change.path
    if change.moved_from or change.copied_from:
        source = change.moved_from or change.copied_from
        assert source is not None
        old = _snapshot(source, before.get(source))
        new = _snapshot(path, change.after)
        kind = "renamed" if change.moved_from else "duplicated"
        fields = tuple(f for f in differences(old, new) if f.field != "reference")
        return EndpointChange(kind, _reference(path), fields, _reference(source))
    kind = "created" if change.before is None else "deleted" if change.after is None else "changed"
    fields = differences(_snapshot(path, change.before), _snapshot(path, change.after))
    return EndpointChange(kind, _reference(path), fields)


def _reference(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".yaml")


def _snapshot(path: str, data: bytes | None) -> Snapshot | None:
    if data is None:
        return None
    root = workspace.read_member(path, data).root
    return snapshot(root) if root is not None else {}


# -- before writing ------------------------------------------------------------------------------


@contextmanager
def _writing(repository: Repository, options: Options) -> Iterator[None]:
    """The writers' lock, held over the whole change; what a dead writer left is settled first."""
    if os.environ.get(_INSIDE) == str(repository.git_dir):
        message = "this sipctl was started by a hook of sipctl's own commit"
        raise Refused(message, "hooks may read, not write")
    repository.refuse_open_operation()
    with _lock(repository, options), _signals():
        told = journal.recover(repository, options.lock_timeout)
        if told:
            options.tell(told)
        yield


@contextmanager
def _lock(repository: Repository, options: Options) -> Iterator[None]:
    lock = _lock_file(repository)
    try:
        lock.acquire(timeout=min(1.0, options.lock_timeout))
    except Timeout:
        options.tell("waiting for another sipctl to finish")
        _acquire(lock, max(0.0, options.lock_timeout - 1.0))
    try:
        yield
    finally:
        lock.release()


def _lock_file(repository: Repository) -> FileLock:
    folder = journal.folder(repository)
    try:
        folder.mkdir(exist_ok=True)
        return FileLock(folder / "lock", poll_interval=0.05)
    except OSError as error:
        raise _cannot_write(folder, error) from None


def _acquire(lock: FileLock, timeout: float) -> None:
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        hint = "try again, or wait longer with --lock-timeout SECONDS"
        raise Refused("another sipctl is writing here", hint) from None


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the change as Ctrl-C does: by putting everything back."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    old = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal ends what puts things back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    old = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def refuse_unclean(root: Path, paths: list[str]) -> None:
    """Raise Refused where files have uncommitted changes, before anybody types for them."""
    _refuse_unclean(_repository(root), paths)


def _refuse_unclean(repository: Repository, paths: list[str]) -> None:
    """Uncommitted changes of the user's own are not swept into a commit."""
    changed = repository.status(_folders(paths))
    dirty = sorted(path for path in paths if path in changed)
    if dirty:
        names = [_reference(path) for path in dirty]
        named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
        hint = f"commit them first with `sipctl save {' '.join(names[:3])}`"
        hint = "commit them first with `sipctl save`" if len(dirty) > 3 else hint
        hint += ", or write on top of them with --no-commit"
        raise Refused(f"{named}: uncommitted changes are in the way", hint)


def _folders(paths: list[str]) -> list[str]:
    return sorted({path.partition("/")[0] for path in paths})


# -- writing -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Change:
    """A change under way."""

    repository: Repository
    notes: journal.Journal
    descriptor: int
    started: float = field(default_factory=time.time)

    def files(self) -> Iterator[tuple[Path, journal.Entry]]:
        return ((self.notes.file(entry), entry) for entry in self.notes.entries)


def _carry_out(repository: Repository, outcome: Outcome, options: Options) -> Outcome:
    entries = _entries(repository.root, outcome.plan)
    tracked = set(repository.tree_of_index(_folders([e.path for e in entries])))
    added = tuple(e.path for e in entries if e.new is not None and e.path not in tracked)
    subject = _subject(outcome.plan, options)
    notes = journal.Journal(
        str(repository.root),
        os.getpid(),
        repository.head(),
        subject,
        options.commit,
        added if options.commit else (),
        entries,
    )
    if options.commit:
        _wait_for_index(repository, options.lock_timeout)
    try:
        change = _Change(repository, notes, journal.begin(repository, notes))
    except OSError as error:
        raise _cannot_write(journal.folder(repository), error) from None
    commit = None
    try:
        _write(change)
        if options.commit:
            known = [e.path for e in entries if e.new is not None or e.path in tracked]
            commit = _commit(change, known, added, _message(outcome, subject))
    except BaseException as error:
        done = _settle(change)
        if not done or not isinstance(error, Exception):
            raise
        commit = repository.head()
    else:
        with _undisturbed():
            journal.end(repository, notes, change.descriptor)
    if commit is not None:
        repository.maintain()
    return Outcome(
        outcome.plan,
        outcome.changes,
        outcome.patch,
        outcome.masked,
        outcome.findings,
        commit,
        written=True,
    )


def _entries(root: Path, plan: Plan) -> tuple[journal.Entry, ...]:
    entries = []
    for change in plan.effective:
        now = disk.content(root / change.path)
        expected = change.after if plan.adopts else change.before
        if now != expected:
            raise Refused(f'"{change.path}" has changed meanwhile', "run the command again")
        entries.append(journal.Entry(change.path, now, change.after))
    return tuple(entries)


def _write(change: _Change) -> None:
    """Stage every new content first, so that a full disk is met before anything has changed."""
    file = Path()
    try:
        for file, entry in change.files():
            if entry.new is not None and entry.new != entry.old:
                disk.stage(file, entry.new)
        for file, entry in change.files():
            if entry.new == entry.old:
                continue
            if entry.new is None:
                disk.remove(file)
            else:
                disk.put(file)
    except OSError as error:
        raise _cannot_write(file, error) from error


def _commit(change: _Change, paths: list[str], added: tuple[str, ...], message: str) -> str:
    repository, inherited = change.repository, (change.descriptor,)
    message_file = journal.folder(repository) / "message"
    os.environ[_INSIDE] = str(repository.git_dir)
    try:
        message_file.write_text(message, encoding="utf-8")
        if added:
            repository.add(added, inherited)
        return repository.commit(paths, message_file, inherited)
    except GitFailed as error:
        hint = "nothing has changed; mend what Git or its hook says, then run the command again"
        raise Refused(error.message, hint) from None
    except OSError as error:
        raise _cannot_write(message_file, error) from None
    finally:
        os.environ.pop(_INSIDE, None)
        message_file.unlink(missing_ok=True)


def _settle(change: _Change) -> bool:
    """Put everything back, or finish where the commit stands already: True then."""
    with _undisturbed():
        done, _ = journal.settle(change.repository, change.notes, change.started, rescue=False)
        journal.end(change.repository, change.notes, change.descriptor)
        return done


def _wait_for_index(repository: Repository, timeout: float) -> None:
    """Another Git process may hold the index for a moment."""
    lock = repository.git_dir / "index.lock"
    until = time.monotonic() + timeout
    while lock.exists():
        if time.monotonic() > until:
            hint = f"if no Git process runs here any more, remove {lock}"
            raise Refused("another Git process holds the index", hint)
        time.sleep(0.05)


def _cannot_write(path: Path, error: OSError) -> Refused:
    reason = error.strerror or str(error)
    return Refused(f'"{error.filename or path}" could not be written: {reason.lower()}')


# -- the commit's message ------------------------------------------------------------------------


def _subject(plan: Plan, options: Options) -> str:
    return options.message.strip() if options.message else plan.subject


def _message(outcome: Outcome, subject: str) -> str:
    """Subject, the changes by field, and the trailer, each a paragraph of its own."""
    trailer = f"Sipctl-Operation: {outcome.plan.operation}"
    parts = (subject, body(outcome.changes), trailer)
    return "\n\n".join(part for part in parts if part) + "\n"
