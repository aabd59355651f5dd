"""The commits behind an endpoint's or scenario's file, and what each did to its fields.

All is read from the blobs of a commit and of its parents; messages and trailers are never asked.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from sipctl import progress
from sipctl.changes import ABSENT, FieldChange, MemberChange, Snapshot, Value, differences, same
from sipctl.git.repository import BlobChange, Commit, LogEntry, Repository
from sipctl.history.kinship import Kin, Tree, Version, kin
from sipctl.kinds import ENDPOINT, Kind, reference_of

_KEPT = 8 * 1024 * 1024
"""So many bytes of versions are kept in memory; parsed, they take up to thirty times as many."""

_IMPORT = 10
"""A commit that brings more members than this is an import: only exact copies are duplicates."""


class Past(NamedTuple):
    """A file at a revision."""

    revision: str
    path: str
    blob: str


class Step(NamedTuple):
    """A commit that touches a file: its blob there, and its past in each parent.

    In a parent the file may stand under another path: then the commit renames it.
    """

    commit: Commit
    path: str
    blob: str | None
    pasts: tuple[Past, ...]

    @property
    def moved(self) -> bool:
        """True where the file had another path in every parent."""
        return bool(self.pasts) and all(past.path != self.path for past in self.pasts)


class Entry(NamedTuple):
    """A commit and what it changed.

    A change may be of the kind "unreadable" too: a version that cannot be parsed. The next one that
    can is compared with the last that could, so that no change is lost. `cut` is True where a
    shallow clone ends: what the entry calls created may be older.
    """

    commit: Commit
    changes: tuple[MemberChange, ...]
    cut: bool = False


class Reader:
    """Reads versions of members of one kind from Git, many at once, and tells what each commit did.

    Nothing of the other kind is read.
    """

    def __init__(self, repository: Repository, kind: Kind = ENDPOINT) -> None:
        self.repository = repository
        self.kind = kind
        self._versions: dict[str, Version] = {}
        self._kept = 0
        self._at: LogEntry | None = None  # what is read of a log of all members
        self._kin: dict[tuple[str, int], Kin] = {}
        self._tree: tuple[str, Tree] | None = None
        self._shallow: frozenset[str] | None = None
        self._merged: dict[str, bool] = {}

    def version(self, blob: str) -> Version:
        """The content of a blob."""
        return self.load([blob])[blob]

    def load(self, blobs: Iterable[str | None]) -> Mapping[str, Version]:
        """The contents of all known blobs, these among them."""
        missing = [blob for blob in blobs if blob is not None and blob not in self._versions]
        for blob, data in self.repository.blobs(missing).items():
            self._versions[blob] = Version(data, self.kind)
            self._kept += len(data)
        return self._versions

    def _read(self, log: Iterator[list[LogEntry]]) -> Iterator[LogEntry]:
        """A log, the blobs of all commits that have come by then read at once."""
        for portion in progress.over(log, "Reading commits"):
            if self._kept > _KEPT:
                self._versions.clear()
                self._kept = 0
            changes = [change for _, changes in portion for change in changes]
            blobs = (b for c in changes if self.kind.holds(c.path) for b in (*c.olds, c.new))
            self.load(blobs)
            yield from portion

    # -- one member --------------------------------------------------------------------------

    def line(self, revision: str, path: str, *, whole: bool = False) -> Iterator[Step]:
        """The commits that led to the file at a revision, newest first, under this path only.

        The `whole` history has those too that a merge discarded.
        """
        log = self.repository.log_of_file(revision, path, whole=whole)
        for commit, changes in self._read(log):
            for change in changes:
                if change.path == path and (change.new or any(change.olds)):
                    yield self.step(commit, change)

    def steps_to(self, revision: str, reference: str, *, whole: bool = False) -> Iterator[Step]:
        """The commits of a member's history up to a revision; none if it never was.

        The `whole` history has those too that a merge discarded.
        """
        if "/" in reference:
            return
        path = self.kind.path(reference)
        found = False
        for step in self.steps(revision, path, whole=whole):
            found = True
            yield step
        if not found and not whole:
            # it lived and died on a line that Git does not follow for a path that is not there
            options = ("--full-history", "--no-merges", "-1")
            for tip in self.repository.matching(*options, revision, "--", path):
                yield from self.steps(tip, path)

    def steps(self, revision: str, path: str, *, whole: bool = False) -> Iterator[Step]:
        """Like `line`, through renames; what had the name before one is another member."""
        waiting: list[tuple[int, int, Step, Iterator[Step]]] = []
        order, seen = count(), set()

        def push(line: Iterator[Step]) -> None:
            for step in line:
                if (step.commit.oid, step.path) not in seen:
                    seen.add((step.commit.oid, step.path))
                    heapq.heappush(waiting, (-step.commit.committed, next(order), step, line))
                    return

        push(self.line(revision, path, whole=whole))
        while waiting:
            _, _, step, line = heapq.heappop(waiting)
            yield step
            for past in step.pasts:
                if past.path != step.path:
                    push(self._before(revision, step, past) if whole else self._line_to(past))
            if not step.moved:
                push(line)
            elif whole:
                push(self._beside(revision, step, line))

    def _line_to(self, past: Past, *, whole: bool = False) -> Iterator[Step]:
        return self.line(past.revision, past.path, whole=whole)

    def _before(self, revision: str, rename: Step, past: Past) -> Iterator[Step]:
        """The whole line of a former name, on the other sides of merges since the rename too."""
        if not self._has_merges(past.revision, revision):
            return self._line_to(past, whole=True)
        line = self.line(revision, past.path, whole=True)
        return (s for s in line if s.commit.committed <= rename.commit.committed)

    def _beside(self, revision: str, rename: Step, line: Iterator[Step]) -> Iterator[Step]:
        """What is left of a line below a rename: the other sides of merges since, and nothing of
        the member that had the name before."""
        if not self._has_merges(rename.commit.oid, revision):
            return iter(())
        beside = self.repository.matching(f"{rename.commit.oid}..{revision}")
        return (step for step in line if step.commit.oid in beside)

    def _has_merges(self, since: str, revision: str) -> bool:
        """True where lines of commits have come together since one; where none ever have, soon."""
        if revision not in self._merged:
            self._merged[revision] = bool(self.repository.matching("--merges", "-1", revision))
        merges = ("--merges", "-1", f"{since}..{revision}")
        return self._merged[revision] and bool(self.repository.matching(*merges))

    def step(self, commit: Commit, change: BlobChange) -> Step:
        """A change of a file with its past in each parent."""
        pasts = []
        for number, old in enumerate(change.olds):
            if old is not None:
                pasts.append(Past(commit.parents[number], change.path, old))
            elif change.new is not None and commit.parents:
                found = self._kin_of(commit, number).renamed.get(change.path)
                if found:
                    pasts.append(Past(commit.parents[number], *found))
        return Step(commit, change.path, change.new, tuple(pasts))

    def _kin_of(
        self, commit: Commit, number: int, changes: Sequence[BlobChange] | None = None
    ) -> Kin:
        """Which files a commit renames as seen from one parent."""
        known = self._kin.get((commit.oid, number))
        if known is None:
            if changes is None:
                parent, folder = commit.parents[number], self.kind.folder
                changes = self.repository.changes(parent, commit.oid, folder)
            members = [change for change in changes if self.kind.holds(change.path)]
            known = self._kin[commit.oid, number] = kin(members, self.load)
        return known

    def _changes_of(self, commit: Commit) -> Sequence[BlobChange] | None:
        """What a commit did to all members, if that is just being read."""
        return self._at[1] if self._at and self._at[0].oid == commit.oid else None

    def renames(self, commit: Commit, changes: Sequence[BlobChange]) -> dict[str, str]:
        """The renames among all that a commit changed: new path, and old."""
        if len(commit.parents) != 1:
            return {}
        return {new: old for new, (old, _) in self._kin_of(commit, 0, changes).renamed.items()}

    def readable_past(self, past: Past) -> Past | None:
        """The file there, or the last one before it that can be parsed."""
        if self.version(past.blob).values is not None:
            return past
        for step in self.steps(past.revision, past.path):
            if step.blob is None:
                return None
            if self.version(step.blob).values is not None:
                return Past(step.commit.oid, step.path, step.blob)
        return None

    def readable(self, past: Past) -> Version | None:
        """Its content."""
        found = self.readable_past(past)
        return self.version(found.blob) if found else None

    # -- which commit set a field --------------------------------------------------------------

    def setters(self, past: Past, wanted: Mapping[str, Value]) -> Iterator[tuple[Step, set[str]]]:
        """The steps that gave fields the values which they have at `past`, each with its fields.

        Through a merge a field is followed to the first parent that has its value.
        """
        waiting = [(past, dict(wanted))]
        while waiting:
            past, wanted = waiting.pop()
            for step in self.line(past.revision, past.path):
                own, handed = self._traced(step, wanted)
                if own:
                    yield step, own
                ways = [(p, fields) for p, fields in zip(step.pasts, handed, strict=True) if fields]
                if len(step.commit.parents) == 1 and ways and ways[0][0].path == past.path:
                    wanted = ways[0][1]  # the line goes on there
                    continue
                waiting += ways
                break

    def _traced(
        self, step: Step, wanted: Mapping[str, Value]
    ) -> tuple[set[str], list[dict[str, Value]]]:
        """The fields that a step set, and those that each of its pasts had already."""
        handed: list[dict[str, Value]] = [{} for _ in step.pasts]
        if step.blob is not None and self.version(step.blob).values is None and handed:
            handed[0] = dict(wanted)
            return set(), handed
        befores = [self.readable(past) for past in step.pasts]
        own = set(wanted)
        for field, value in wanted.items():
            for before, fields in zip(befores, handed, strict=True):
                old = before.values.get(field, ABSENT) if before and before.values else None
                if old is not None and same(field, old, value):
                    fields[field] = value
                    own.remove(field)
                    break
        return own, handed

    # -- what a commit did -------------------------------------------------------------------

    def entries(self, steps: Iterable[Step]) -> Iterator[Entry]:
        """The entries of steps; a commit that only reformats has none."""
        told = set()
        for step in steps:
            change = self.change(step)
            if change is not None and (step.commit.oid, change.reference) not in told:
                told.add((step.commit.oid, change.reference))
                yield self._entry(step.commit, [change])

    def all_entries(self, start: str) -> Iterator[Entry]:
        """The entries of all commits that touch any member."""
        log = self.repository.log_of_folder(start, self.kind.folder)
        for commit, changes in self._read(log):
            self._at = commit, changes
            if len(commit.parents) == 1:
                self._kin_of(commit, 0, changes)
            found = {}
            for blob_change in changes:
                touched = blob_change.new or any(blob_change.olds)
                if touched and self.kind.holds(blob_change.path):
                    change = self.change(self.step(commit, blob_change))
                    if change is not None:
                        found[change.reference.casefold(), change.reference] = change
            self._kin.pop((commit.oid, 0), None)
            if found:
                yield self._entry(commit, [found[key] for key in sorted(found)])

    def _entry(self, commit: Commit, changes: Sequence[MemberChange]) -> Entry:
        cut = False
        if not commit.parents:
            if self._shallow is None:
                self._shallow = self.repository.shallow()
            cut = commit.oid in self._shallow
        return Entry(commit, tuple(changes), cut)

    def _changed(
        self, how: str, path: str, fields: tuple[FieldChange, ...] = (), source: str | None = None
    ) -> MemberChange:
        return MemberChange(how, reference_of(path), fields, source, self.kind)

    def change(self, step: Step) -> MemberChange | None:
        """What a step did to the member; None where no field changed."""
        if step.blob is None:
            return self._gone(step)
        if not step.pasts:
            return self._come(step)
        version = self.version(step.blob)
        source = reference_of(step.pasts[0].path) if step.moved else None
        if version.values is None:
            return self._changed("renamed" if source else "unreadable", step.path, (), source)
        befores = [v.values for v in map(self.readable, step.pasts) if v and v.values is not None]
        if not befores:  # the first version that can be parsed
            return self._changed("created", step.path, differences(None, version.values))
        fields = _own_fields(version.values, befores)
        if source:
            return self._changed("renamed", step.path, _but_reference(fields), source)
        return self._changed("changed", step.path, fields) if fields else None

    def _gone(self, step: Step) -> MemberChange | None:
        """Deleted, or moved away: that is told of its new name."""
        if len(step.commit.parents) == 1:
            found = self._kin_of(step.commit, 0)
            target = found.targets.get(step.path)
            if target is not None:
                come = BlobChange(target, (None,), found.added[target])
                return self.change(self.step(step.commit, come))
        before = self.readable(step.pasts[0]) if step.pasts else None
        fields = differences(before.values, None) if before and before.values else ()
        return self._changed("deleted", step.path, fields)

    def _come(self, step: Step) -> MemberChange:
        """Created, or duplicated from what stood in the parent already."""
        assert step.blob is not None
        version = self.version(step.blob)
        if version.values is None:
            return self._changed("unreadable", step.path)
        if len(step.commit.parents) == 1:
            loosely = self._kin_of(step.commit, 0).brought <= _IMPORT
            found = self._tree_before(step.commit).source(version, loosely=loosely)
            if found is not None:
                path, source = found
                assert source.values is not None
                fields = _but_reference(differences(source.values, version.values))
                return self._changed("duplicated", step.path, fields, reference_of(path))
        return self._changed("created", step.path, differences(None, version.values))

    def _tree_before(self, commit: Commit) -> Tree:
        """All members as they were before a commit."""
        revision, folder, holds = commit.parents[0], self.kind.folder, self.kind.holds
        if self._tree is None:
            blobs = self.repository.tree(revision, [folder])
            data = self.repository.blobs(blobs.values())
            files = {p: Version(data[b], self.kind) for p, b in blobs.items() if holds(p)}
            self._tree = revision, Tree(files)
        known, tree = self._tree
        if known != revision:
            changes = None
            if known == commit.oid and (done := self._changes_of(commit)) is not None:
                changes = [BlobChange(path, (new,), olds[0]) for path, olds, new in done]
            if changes is None:
                changes = self.repository.changes(known, revision, folder)
            changes = [change for change in changes if holds(change.path)]
            versions = self.load(change.new for change in changes)
            for change in changes:
                tree.put(change.path, versions[change.new] if change.new else None)
            self._tree = revision, tree
        return tree


def _own_fields(new: Snapshot, olds: Sequence[Snapshot]) -> tuple[FieldChange, ...]:
    """The fields that differ from every parent, told against the first."""
    first, *others = olds
    return tuple(
        change
        for change in differences(first, new)
        if not any(same(change.field, old.get(change.field, ABSENT), change.new) for old in others)
    )


def _but_reference(fields: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(change for change in fields if change.field != "reference")
