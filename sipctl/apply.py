"""The one write path: lock, load, plan, judge the result, write, commit, or put everything back."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from sipctl import privileges, progress, selection, workspace
from sipctl.changes import (
    FieldChange,
    FileChange,
    MemberChange,
    Plan,
    Snapshot,
    body,
    differences,
    one_line,
    snapshot,
    subject_of,
)
from sipctl.errors import Interrupted, Refused
from sipctl.findings import Finding, with_severities
from sipctl.git import committing, upkeep
from sipctl.git.repository import Entry, GitDied, GitFailed, Repository, is_unmerged
from sipctl.inventory import Inventory, refuse_unread_folders
from sipctl.kinds import SETTINGS_FILE, kind_of, reference_of
from sipctl.member import Member
from sipctl.passwords.masking import settings_text, without_plaintext
from sipctl.patch import patch
from sipctl.storage import disk, journal
from sipctl.storage.entries import oid_of

if TYPE_CHECKING:
    from filelock import FileLock

# Set for the processes of our own commit: a sipctl in a hook of it must not wait for its lock.
_INSIDE = "SIPCTL_INSIDE_COMMIT"

Planner = Callable[[Inventory], Plan]


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


class Outcome(NamedTuple):
    """What a writing command did, or with `dry_run` would do. `commit` is the new commit's hash.

    `prefix` is the workspace's folder in the repository. `settings` are the settings that change,
    `after` is the workspace as it then is.
    `findings` are warnings in the files it writes, `unused` variables and files that no password is
    found in any more, in words.
    """

    plan: Plan
    prefix: str
    changes: tuple[MemberChange, ...]
    settings: tuple[FieldChange, ...]
    after: Inventory
    findings: tuple[Finding, ...]
    unused: tuple[str, ...] = ()
    commit: str | None = None
    written: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is told to the user beside the changes."""
        return (*self.plan.notes, *self.unused)

    @property
    def files(self) -> tuple[FileChange, ...]:
        """The files that change."""
        return self.plan.effective

    def patch(self) -> tuple[str, str]:
        """The change as a diff that `git apply` takes, and why it does not take it, if so."""
        return _patch(self.prefix, self.plan)


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
    selection.refuse_linked_folders(root)
    if options.dry_run:
        around, prefix = _around(root)
        return _judge(around, prefix, workspace.load(root), planner)
    repository = _repository(root)
    repository.refuse_open_operation()
    seen = None
    if confirm is not None and asks:
        seen = _judge(repository, repository.prefix, workspace.load(root), planner)
        confirm(seen)
    with _writing(repository, options):
        outcome = _judge(repository, repository.prefix, workspace.load(root), planner)
        if seen is not None and outcome.plan != seen.plan:
            raise Refused("the files have changed meanwhile", "run the command again")
        if confirm is not None and not asks:
            confirm(outcome)
        with privileges.acting():
            if outcome.files:
                outcome = _carry_out(repository, outcome, options)
                with _undisturbed():
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


def _repository(root: Path) -> Repository:
    privileges.act_as_owner(root)
    repository = Repository.find(root)
    if repository is None:
        hint = "make one with `sipctl init`"
        raise Refused(f'"{root}" lies in no Git repository', hint)
    return repository


# -- judging -------------------------------------------------------------------------------------


def _judge(
    repository: Repository | None, prefix: str, inventory: Inventory, planner: Planner
) -> Outcome:
    """What the plan would do; raises Refused with the findings that it must not bring."""
    refuse_unread_folders(inventory.others)
    plan = planner(inventory)
    touched = {change.path for change in plan.effective}
    _refuse_unknown_settings(inventory, touched)
    before, after = _both(repository, inventory, plan)
    brought = _brought(before, after, touched)
    if brought:
        what = "an error" if len(brought) == 1 else f"{len(brought)} errors"
        raise Refused(f"refused: the files would hold {what}", findings=tuple(brought))
    warnings = tuple(f for f in after.findings if f.place.file in touched)
    unused = tuple(_no_longer_used(before, after, touched))
    changes = _member_changes(plan, before, after), _settings_changes(plan)
    return Outcome(plan, prefix, *changes, after, warnings, unused)


def _brought(before: Inventory, after: Inventory, touched: set[str]) -> list[Finding]:
    """The errors in files that a plan touches, and those elsewhere that were not there before."""
    if not any(finding.is_error for finding in after.findings):
        return []  # and what was there before need not be judged
    known = Counter(f.identity for f in before.findings if f.is_error)
    brought = []
    for finding in after.findings:
        if finding.is_error and (finding.place.file in touched or not known[finding.identity]):
            brought.append(finding)
        known[finding.identity] -= 1
    return brought


def _both(
    repository: Repository | None, inventory: Inventory, plan: Plan
) -> tuple[Inventory, Inventory]:
    """The workspace without a plan and with it, judged by the same knowledge."""
    before = inventory
    if plan.adopts:  # what stands on disk is the change itself
        before = workspace.reread(inventory, {c.path: c.before for c in plan.effective})
    context = workspace.context_of(dict(_befores(plan, before)))
    after = workspace.reread(
        inventory, {c.path: c.known or c.after for c in plan.effective}, context
    )
    changed = (before.members.get(change.path) for change in plan.effective)
    members = (*after.members.values(), *filter(None, changed))  # all that are in one of the two
    exposed = selection.exposed_files(repository, members) if repository else None
    if not exposed:
        return before, after
    known = before.context._replace(exposed=exposed)
    return workspace.reread(before, {}, known), workspace.reread(
        after, {}, context._replace(exposed=exposed)
    )


def _befores(plan: Plan, before: Inventory) -> Iterator[tuple[str, Member]]:
    """What each file of a plan was, by the path that it will have; a copy what it was made of."""
    for change in plan.effective:
        member = before.members.get(change.moved_from or change.copied_from or change.path)
        if member is not None and change.after is not None:
            yield change.path, member


def _no_longer_used(before: Inventory, after: Inventory, touched: set[str]) -> Iterator[str]:
    """What told passwords and is named by no endpoint any more, in words."""
    gone = {*_named(before, touched)} - {*_named(after, touched)}
    if gone:
        gone -= {*_named(after, after.members)}
    nouns = {"env": "variable", "file": "file"}
    for form, noun in nouns.items():
        names = sorted(name for kept, name in gone if kept == form)
        yield from (f"nothing uses the {noun} {one_line(name)} any more" for name in names)


def _named(inventory: Inventory, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The variables and files that these endpoints name for their passwords, by form."""
    for path in paths:
        member = inventory.members.get(path)
        kept = member.facts.kept if member else None
        if kept is not None and kept.named:
            yield kept.form, kept.named


def _refuse_unknown_settings(inventory: Inventory, touched: set[str]) -> None:
    """How severe a finding is stands in the settings: unread, nothing can be judged by them."""
    others = with_severities(inventory.others, inventory.settings.rules)
    found = tuple(f for f in others if f.is_error and f.place.file == SETTINGS_FILE)
    if found and touched and SETTINGS_FILE not in touched:
        hint = f"mend {SETTINGS_FILE}, then `sipctl save`"
        raise Refused(f"{SETTINGS_FILE} could not be read", hint, found)


def _patch(prefix: str, plan: Plan) -> tuple[str, str]:
    why_not = ""

    def shown(path: str, data: bytes) -> str:
        nonlocal why_not
        whole = text = data.decode("utf-8", "replace")
        if workspace.is_member(path):
            member = workspace.read_member(path, data)
            whole, text = member.text, without_plaintext(member.content, member.kind)
        elif path == SETTINGS_FILE:
            text = settings_text(data)
        if text != whole:
            why_not = "a secret in plain text is masked here"
        if not why_not and text.encode("utf-8") != data:
            why_not = f"{path} is no text"
        return text

    return patch(plan.effective, prefix, shown), why_not


def _member_changes(plan: Plan, before: Inventory, after: Inventory) -> tuple[MemberChange, ...]:
    """What a plan does to each endpoint and scenario, by field."""
    moved = {change.moved_from for change in plan.changes if change.moved_from}
    known = (c for c in plan.effective if workspace.is_member(c.path) and c.path not in moved)
    return tuple(_member_change(change, plan, before, after) for change in known)


def _member_change(
    change: FileChange, plan: Plan, before: Inventory, after: Inventory
) -> MemberChange:
    path, kind = change.path, kind_of(change.path)
    assert kind is not None
    source = change.moved_from or change.copied_from
    new = _values(after, path, change.after)
    if source:
        changed = {one.path: one.before for one in plan.changes}
        data = changed[source] if source in changed else before.members[source].data
        word = "renamed" if change.moved_from else "duplicated"
        found = differences(_values(before, source, data), new)
        fields = tuple(f for f in found if f.field != "reference")
        return MemberChange(word, reference_of(path), fields, reference_of(source), kind)
    word = "created" if change.before is None else "deleted" if change.after is None else "changed"
    fields = differences(_values(before, path, change.before), new)
    return MemberChange(word, reference_of(path), fields, member=kind)


def _settings_changes(plan: Plan) -> tuple[FieldChange, ...]:
    """But for the version, which every new file has."""
    file = next((c for c in plan.effective if c.path == SETTINGS_FILE), None)
    if file is None:
        return ()
    from sipctl.diff.comparison import changed_settings

    changed = changed_settings(file.before, file.after)
    return tuple(c for c in changed if c.field != "version" or (c.old.given and c.new.given))


def _values(inventory: Inventory, path: str, data: bytes | None) -> Snapshot | None:
    """What a file says, as the inventory has read it, if it has."""
    if data is None:
        return None
    member = inventory.members.get(path)
    if member is None or member.data != data:
        member = workspace.read_member(path, data)
    return snapshot(member.root, member.kind) if member.root is not None else {}


# -- before writing ------------------------------------------------------------------------------


@contextmanager
def _writing(repository: Repository, options: Options) -> Iterator[None]:
    """The writers' lock, held over the whole change; what a dead writer left is settled first."""
    if os.environ.get(_INSIDE) == str(repository.git_dir):
        message = "this sipctl was started by a hook of sipctl's own commit"
        raise Refused(message, "hooks may read, not write")
    repository.refuse_open_operation()
    with _lock(repository, options), ended_by_signals():
        _recover(repository.at_top(), options)
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


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Interrupted: as Ctrl-C does they end what goes on, and everything is
    put back."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    # one that is ignored (SIGHUP under nohup) stays so
    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    old = {number: signal.signal(number, interrupt) for number in numbers}
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
    selection.refuse_linked_folders(root)
    _refuse_unclean(_repository(root), paths)


def _refuse_unclean(repository: Repository, paths: list[str]) -> None:
    """Uncommitted changes of the user's own are not swept into a commit."""
    changed = repository.status(disk.around(paths))
    dirty = sorted(path for path in paths if path in changed)
    if not dirty:
        return
    named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
    if any(is_unmerged(changed[path]) for path in dirty):
        hint = f"write what is meant, then {_save_of(dirty)}"
        raise Refused(f"{named}: Git holds several versions of it", hint)
    hint = f"commit them first with {_save_of(dirty)}, or write on top of them with --no-commit"
    raise Refused(f"{named}: uncommitted changes are in the way", hint)


def _save_of(paths: Sequence[str]) -> str:
    """The command that saves these files: by reference if they are few, and all have one."""
    few = len(paths) <= 3 and all(map(workspace.is_member, paths))
    references = [f" {shlex.quote(reference_of(path))}" for path in paths if few]
    return f"`sipctl save{''.join(references)}`"


def _refuse_marked(repository: Repository, plan: Plan, known: Mapping[str, Entry]) -> None:
    """Git commits nothing of a file that it has been told not to look at."""
    for path in sorted(change.path for change in plan.effective):
        entry = known.get(repository.prefix + path)
        if entry is not None and entry.mark:
            command = f"git update-index --no-{entry.mark} {shlex.quote(path)}"
            hint = f"`{command}`, in the workspace, ends that; --no-commit only writes the file"
            raise Refused(f"{path}: Git has been told not to look at it ({entry.mark})", hint)


_FEW = 10
"""Of more files `git status` tells as fast whether they are as committed."""


def _are_as_committed(
    repository: Repository, entries: Sequence[journal.Entry], known: Mapping[str, Entry]
) -> bool:
    """True where files stand in HEAD and in the index as they stand on disk; where that cannot be
    told in short it is False too."""
    if len(entries) > _FEW:
        return False
    head = repository.in_head([entry.path for entry in entries])
    index = {path: entry.oid if entry.merged else "" for path, entry in known.items()}
    olds = {e.path: None if e.old is None else oid_of(e.old).hex() for e in entries}
    return head is not None and all(head.get(p) == index.get(p) == o for p, o in olds.items())


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
    if outcome.plan.committed:
        options = options._replace(commit=False)
    subject = _subject(outcome, options)
    change = _begin(repository, outcome.plan, subject, options)
    commit = None
    try:
        _write(change)
        if options.commit:
            commit = _commit(change, _message(outcome, subject))
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
        with _undisturbed():
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
        _refuse_marked(repository, plan, known)
        if not (plan.adopts or plan.generated or _are_as_committed(top, entries, known)):
            _refuse_unclean(repository, [change.path for change in plan.effective])
        added = tuple(e.path for e in entries if e.new is not None and e.path not in known)
    made = disk.missing_folders(top.top, paths)
    notes = journal.Journal(os.getpid(), top.head(), subject, options.commit, added, made, entries)
    try:
        return _Change(top, notes, journal.begin(top, notes), time.time())
    except OSError as error:
        raise _cannot_write(journal.folder(top), error) from None


def _entries(repository: Repository, plan: Plan) -> tuple[journal.Entry, ...]:
    entries = []
    for change in plan.effective:
        now = disk.content(repository.root / change.path)
        expected = {change.after if plan.adopts else change.before}
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
    os.environ[_INSIDE] = str(repository.git_dir)
    try:
        message_file.unlink(missing_ok=True)  # a link would lead elsewhere
        message_file.write_bytes(message.encode("utf-8", "surrogateescape"))
        paths, added = change.notes.paths, change.notes.added
        commit = committing.commit(repository, paths, added, message_file, inherited)
        os.environ.pop(_INSIDE)
        upkeep.maintain(repository)
    except GitFailed as error:
        hint = "nothing has changed; mend what Git or its hook says, then run the command again"
        raise type(error)(error.message, hint) from None
    except OSError as error:
        raise _cannot_write(message_file, error) from None
    finally:
        os.environ.pop(_INSIDE, None)
    return commit


def _settle(change: _Change, died: bool) -> bool:
    """Put everything back, or finish where the commit stands already: True then."""
    repository, notes = change.repository, change.notes
    with _undisturbed():
        done, _ = journal.settle(repository, notes, change.started, died=died, rescue=False)
        journal.end(repository, notes, change.descriptor)
        return done


def _stands(change: _Change) -> bool:
    """True where HEAD holds what was to be committed."""
    entries = change.notes.entries
    head = change.repository.in_head([entry.path for entry in entries]) or {}
    news = {e.path: None if e.new is None else oid_of(e.new).hex() for e in entries}
    return all(head.get(path) == new for path, new in news.items())


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
    reason = error.strerror or str(error)
    return Refused(f'"{error.filename or path}" could not be written: {reason.lower()}')


# -- the commit's message ------------------------------------------------------------------------


def _subject(outcome: Outcome, options: Options) -> str:
    if options.message:
        return options.message.strip()
    return one_line(outcome.plan.subject or subject_of(outcome.changes))


def _message(outcome: Outcome, subject: str) -> str:
    """Subject, the changes by field, and the trailer, each a paragraph of its own."""
    trailer = f"Sipctl-Operation: {one_line(outcome.plan.operation)}"
    told = "\n".join(map(one_line, outcome.plan.body))
    parts = (subject, told, body(outcome.changes, outcome.settings), trailer)
    return "\n\n".join(part for part in parts if part) + "\n"
