"""Taking back a whole commit, as a plan like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple

from sipctl import tracked
from sipctl.changes import (
    ABSENT,
    FieldChange,
    FileChange,
    Plan,
    differences,
    of_these,
    one_line,
    same,
    snapshot,
)
from sipctl.editing import Change, editable, edited
from sipctl.endpoint import FIELDS
from sipctl.errors import Refused
from sipctl.git.repository import SHALLOW, BlobChange, Commit, Repository
from sipctl.history import log
from sipctl.history.earlier import Notes, gone_back, password, value_of, with_present_names
from sipctl.history.kinship import kin
from sipctl.history.lineage import Reader
from sipctl.history.log import Renames
from sipctl.history.threeway import Taken, told_again
from sipctl.inventory import Inventory
from sipctl.kinds import (
    ENDPOINT,
    KINDS,
    SCENARIO,
    SETTINGS_FILE,
    Kind,
    is_member,
    kind_in,
    reference_of,
)
from sipctl.member import Member
from sipctl.scenarios.attaching import refuse_unknown_uses
from sipctl.scenarios.ways import edited_like
from sipctl.storage import disk
from sipctl.workspace import read_member


def undo_commit(
    inventory: Inventory,
    repository: Repository,
    revision: str | None = None,
    *,
    force: bool = False,
) -> Plan:
    """Take back a whole commit: the newest of sipctl that is not taken back yet, or a named one.

    The newest one must be by who takes it back; what leaves nothing to take back is passed over. A
    merge is taken back against its first parent. Where a file is as the commit left it, its bytes
    of before come back; else field by field. Raises Refused with all that has changed again since,
    and while a scenario cannot be read, unless `force` says to go on.
    """
    refuse_unknown_uses(inventory, force=force)
    if revision is not None:
        commit = _named(repository, revision)
        return _plan(_taken_back(inventory, repository, commit))
    return _newest(inventory, repository)


def _newest(inventory: Inventory, repository: Repository) -> Plan:
    """The newest commit of sipctl taken back; those that leave nothing to take back are passed."""
    passed: list[str] = []
    for commit in _left(repository):
        undone = _taken_back(inventory, repository, commit)
        if undone.is_empty:
            passed.append(f"passed over: {undone.nothing}")
            continue
        _refuse_anothers(repository, commit, undone.subject)
        plan = _plan(undone)
        return plan._replace(notes=(*passed, *plan.notes))
    if passed:
        return Plan("undo", "Undo nothing", (), tuple(passed))
    hint = "name a commit of someone else: `sipctl undo COMMIT`; see `sipctl history`"
    hint = SHALLOW if repository.shallow() else hint
    raise Refused("there is no commit of sipctl left to undo", hint)


def _refuse_anothers(repository: Repository, commit: Commit, subject: str) -> None:
    """What somebody else did is taken back by who means it only."""
    me = repository.author()
    if me is not None and me.email.casefold() != commit.author.email.casefold():
        by = one_line(f"{commit.author.name} <{commit.author.email}>")
        message = f'"{subject}" ({commit.short}) is by another author, {by}'
        raise Refused(message, f"name it to take it back: `sipctl undo {commit.short}`")


def _taken_back(inventory: Inventory, repository: Repository, commit: Commit) -> _Undone:
    """A commit as it is to be taken back, and what stands in the way."""
    if log.is_cut(repository, commit):
        message = (
            f'what was before "{_subject(commit)}" ({commit.short}) is not here: '
            "it cannot be taken back"
        )
        raise Refused(message, SHALLOW)
    parent = commit.parents[0] if commit.parents else None
    touched = repository.between(parent, commit.oid, [])
    taking = _Undo(inventory, repository, commit)
    changes = tuple(taking.changes([t for t in touched if not t.path.startswith(":/")]))
    outside = sum(t.path.startswith(":/") for t in touched)
    if outside:
        stay = "one file" if outside == 1 else f"{outside} files"
        taking.notes.lines.append(f"outside of the workspace the commit changed {stay}: left alone")
    return _Undone(commit, changes, tuple(taking.conflicts), tuple(taking.notes.lines))


class _Undone(NamedTuple):
    """What taking a commit back changes, and all that has been changed again since."""

    commit: Commit
    changes: tuple[FileChange, ...]
    conflicts: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The commit's, in what can be printed."""
        return _subject(self.commit)

    @property
    def is_empty(self) -> bool:
        """True where nothing is left to take back."""
        return not self.conflicts and all(c.before == c.after for c in self.changes)

    @property
    def nothing(self) -> str:
        """That nothing is left to take back, in words."""
        return f'nothing of "{self.subject}" ({self.commit.short}) is left to take back'


def _subject(commit: Commit) -> str:
    return "".join(char for char in commit.subject if char.isprintable())


def _plan(undone: _Undone) -> Plan:
    if undone.conflicts:
        message = "\n".join(
            [f'"{undone.subject}" has been changed again since:', *undone.conflicts]
        )
        hint = "edit the fields, or take the later commits back first"
        raise Refused(message, hint)
    notes = (*undone.notes, undone.nothing) if undone.is_empty else undone.notes
    return Plan(f"undo {undone.commit.oid}", f'Undo "{undone.subject}"', undone.changes, notes)


def _named(repository: Repository, revision: str) -> Commit:
    oid = repository.resolve(revision)
    if not repository.is_in_history(oid):
        hint = SHALLOW if repository.shallow() else ""
        raise Refused(f'"{revision}" is not in the history of this branch', hint)
    return repository.commit_of(oid)


def _left(repository: Repository) -> Iterator[Commit]:
    """The commits of sipctl, on the first-parent line, that are no undo and not undone."""
    if repository.head() is None:
        return
    undone: set[str] = set()
    taken: dict[_Did, str] = {}  # what undos took back, and the commits that they name
    for commit, changes in repository.log_of_operations():
        if commit.operation is None or commit.oid in undone:
            continue  # an undo that was undone takes nothing back
        named = taken.get(_did(changes))
        if named and not repository.is_in_history(named):
            del taken[_did(changes)]
            continue  # a rebase has given another name to what was undone
        verb, _, of = commit.operation.partition(" ")
        if verb == "undo":
            undone.add(of)
            taken[frozenset((path, new, old) for path, old, new in _did(changes))] = of
        else:
            yield commit


_Did = frozenset[tuple[str, str | None, str | None]]
"""What a commit did: each path, its blob before and after."""


def _did(changes: Sequence[BlobChange]) -> _Did:
    return frozenset((change.path, change.olds[0], change.new) for change in changes)


@dataclass(frozen=True, slots=True)
class _Side:
    """A file on one side of a commit, as Git would check it out."""

    path: str
    data: bytes


_NO_FILE = "it is a link or the like in that commit, and no plain file: it is left alone"


def _fields(before: Member, after: Member) -> tuple[FieldChange, ...]:
    """The fields in which two versions that can be read differ."""
    assert before.root is not None
    assert after.root is not None
    kind = after.kind
    return differences(snapshot(before.root, kind), snapshot(after.root, kind))


class _Undo:
    """Takes back one commit, file by file."""

    def __init__(self, inventory: Inventory, repository: Repository, commit: Commit) -> None:
        self.inventory = inventory
        self.repository = repository
        self.commit = commit
        self.notes = Notes()
        self.conflicts: list[str] = []
        self._renamed: dict[Kind, Renames] = {}

    def changes(self, touched: Sequence[BlobChange]) -> Iterator[FileChange]:
        """The files as they are to be, where nothing stands in the way."""
        moves: dict[str, tuple[str, str]] = {}
        for kind in KINDS:
            members = [t for t in touched if kind.holds(t.path)]
            moves |= kin(members, Reader(self.repository, kind).load).renamed
        moved = {old for old, _ in moves.values()}
        for old, new in self._sides([t for t in touched if t.path not in moved], moves):
            side = new or old
            if side and is_member(side.path):
                yield from self._member(old, new)
            elif side:
                yield from self._other(side.path, old, new)

    def _sides(
        self, touched: Sequence[BlobChange], moves: Mapping[str, tuple[str, str]]
    ) -> Iterator[tuple[_Side | None, _Side | None]]:
        pairs = []
        for change in touched:
            old = (change.path, change.olds[0]) if change.olds[0] else moves.get(change.path)
            new = (change.path, change.new) if change.new else None
            pairs.append((old, new))
            if old is None and new is None:
                self.notes.lines.append(f"{change.path}: {_NO_FILE}")
        data = self.repository.checked_out(file for file in chain(*pairs) if file)
        for old, new in pairs:
            sides = (_Side(file[0], data[file]) if file else None for file in (old, new))
            yield next(sides), next(sides)

    # -- endpoints and scenarios -------------------------------------------------------------

    def _member(self, old: _Side | None, new: _Side | None) -> Iterator[FileChange]:
        if old and new:
            yield from self._set_back(old, new)
        elif new:
            yield from self._take_away(new)
        elif old:
            yield from self._bring_back(old)

    def _set_back(self, old: _Side, new: _Side) -> Iterator[FileChange]:
        today = self._today(new.path)
        if today is None:
            self._conflict(new.path, "it is not there any more")
        elif old.path == new.path:
            data = self._data_of_before(old, new, today, today.path)
            yield FileChange(today.path, today.data, data)
        elif today.path != new.path:
            self._conflict(new.path, f"it is called {today.reference} now")
        elif old.path in self.inventory.members:
            self._conflict(old.path, "there is one of that name again")
        else:
            data = self._data_of_before(old, new, today, old.path)
            yield FileChange(today.path, today.data, None)
            yield FileChange(old.path, None, data, moved_from=today.path)

    def _data_of_before(self, old: _Side, new: _Side, today: Member, path: str) -> bytes:
        if self._is_as(today, new):
            return gone_back(self._earlier(old, self.notes), today, path, self.notes, keep=False)
        before, after = self._earlier(old, Notes()), self._earlier(new, Notes())
        if before.root is None or after.root is None or today.root is None:
            self._conflict(today.path, "its file is another one now, and cannot be compared")
            return today.data
        if today.kind is SCENARIO:
            data = self._scenario_of_before(before, after, today, path)
        else:
            data = self._endpoint_of_before(before, after, today, path)
        if data == today.data and not _fields(before, after):
            self.notes.add(path, "how its file is written has changed since, and stays")
        return data

    def _scenario_of_before(self, before: Member, after: Member, today: Member, path: str) -> bytes:
        assert before.root is not None
        assert after.root is not None
        assert today.root is not None
        taken = Taken(before.root, after.root, today.root)
        for words in taken.conflicts:
            self._conflict(today.path, words)
        if today.path != path:
            taken.changes["reference",] = reference_of(path)
        if taken.conflicts or not taken.changes:
            return today.data
        now = editable(self.inventory, today.reference, SCENARIO)
        return edited_like(now, taken.changes, before.root)

    def _endpoint_of_before(self, before: Member, after: Member, today: Member, path: str) -> bytes:
        changes = self._fields_of_before(before, after, today)
        if today.path != path:
            changes["reference"] = reference_of(path)
        return edited(editable(self.inventory, today.reference), changes) if changes else today.data

    def _earlier(self, side: _Side, notes: Notes) -> Member:
        """A file as it was, with the present names of endpoints in it."""
        renames = partial(self._renames, ENDPOINT)
        return with_present_names(read_member(side.path, side.data), self.inventory, renames, notes)

    def _fields_of_before(self, before: Member, after: Member, today: Member) -> dict[str, Change]:
        """What the commit changed and nobody since; the rest is a conflict."""
        assert before.root is not None
        assert today.root is not None
        now, changes = snapshot(today.root), dict[str, Change]()
        for change in _fields(before, after):
            name, value = change.field, now.get(change.field, ABSENT)
            defaults = not change.old.given and not change.new.given
            renamed = name == "reference" and before.path != after.path
            if defaults or renamed or same(name, value, change.old):
                continue
            if name not in FIELDS and not name.startswith("x-"):
                self._conflict(today.path, f"{name} is no field, and is not taken back")
            elif not same(name, value, change.new):
                words = told_again(name, now=value, set_to=change.new)
                self._conflict(today.path, words)
            elif name == "password":
                wanted = password(before.root, today.root, today.path, self.notes, keep=False)
                changes[name] = wanted
            else:
                changes[name] = value_of(before.root, name)
        return changes

    def _take_away(self, new: _Side) -> Iterator[FileChange]:
        """What the commit created goes again."""
        today = self._today(new.path)
        if today is None:
            return
        if today.path != new.path:
            self._conflict(new.path, f"it is called {today.reference} now")
        elif self._is_as(today, new) or self._unchanged(new, today):
            yield FileChange(today.path, today.data, None)

    def _unchanged(self, new: _Side, today: Member) -> bool:
        after, kind = self._earlier(new, Notes()), today.kind
        if after.root is None or today.root is None:
            self._conflict(today.path, "its file is another one now, and cannot be compared")
            return False
        fields = differences(snapshot(after.root, kind), snapshot(today.root, kind))
        for change in fields:
            words = told_again(change.field, now=change.new, set_to=change.old)
            self._conflict(today.path, words)
        return not fields

    def _bring_back(self, old: _Side) -> Iterator[FileChange]:
        """What the commit deleted comes back."""
        today = self.inventory.members.get(old.path)
        if today is None:
            before = self._earlier(old, self.notes)
            data = gone_back(before, None, old.path, self.notes, keep=False)
            yield FileChange(old.path, None, data)
        elif not self._is_as(today, old):
            self._conflict(old.path, "there is one of that name again")

    def _is_as(self, today: Member, side: _Side) -> bool:
        return tracked.is_same_to_git(self.repository, today.path, today.data, side.data)

    def _today(self, path: str) -> Member | None:
        """The member that stood at a path when the commit was made, wherever it stands now."""
        now = self._renames(kind_in(path)).now(path)
        return None if now is None else self.inventory.members.get(now)

    def _renames(self, kind: Kind) -> Renames:
        if kind not in self._renamed:
            renamed = log.renamed_since(self.repository, self.commit.oid, kind)
            self._renamed[kind] = renamed
        return self._renamed[kind]

    def _conflict(self, path: str, words: str) -> None:
        self.conflicts.append(f"{of_these([path])}: {words}")

    # -- other files -------------------------------------------------------------------------

    def _other(self, path: str, old: _Side | None, new: _Side | None) -> Iterator[FileChange]:
        """Settings and the like come back whole or not at all."""
        now = disk.content(self.repository.root / path)
        before, after = (side.data if side else None for side in (old, new))
        if tracked.is_same_to_git(self.repository, path, now, before):
            return
        if not tracked.is_same_to_git(self.repository, path, now, after):
            self.conflicts.append(f"{path}: it is another one now")
        elif path == SETTINGS_FILE and before is None:
            message = f'"{self.commit.subject}" made the workspace, and cannot be taken back'
            raise Refused(message)
        else:
            yield FileChange(path, now, before)
