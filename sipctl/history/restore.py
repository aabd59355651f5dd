"""`restore`: members, or some of their fields, as they were, as a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sipctl import names, tracked
from sipctl.changes import FileChange, Plan, field_name, of_these
from sipctl.editing import editable, edited
from sipctl.errors import Refused
from sipctl.git.repository import Repository
from sipctl.history import log
from sipctl.history.earlier import Notes, gone_back, password, value_of, with_present_names
from sipctl.history.lineage import Past
from sipctl.history.log import Renames
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, Kind, reference_of
from sipctl.member import Member
from sipctl.scenarios.ways import data_of, edited_like, node_at, outermost, way_of
from sipctl.storage import disk
from sipctl.workspace import read_member
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.write import UNSET, KeyPath


def restore_members(
    inventory: Inventory,
    repository: Repository,
    references: Iterable[str],
    at: str | None = None,
    back: int | None = None,
    fields: Collection[str] = (),
    kind: Kind = ENDPOINT,
) -> Plan:
    """Members as they were at a revision, or some changes back, or before the last change.

    Deleted ones come back; one that was renamed since keeps its present name, and a scenario names
    endpoints as they are called now. An endpoint's password stays today's unless `fields` asks for
    it. With `fields` all others stay as they are.
    """
    going = _Restore(inventory, repository, kind, fields)
    targets = {
        reference: going.target(reference, follow=at is not None) for reference in references
    }
    going.know(targets.values())
    if at is None:
        pasts = [going.before(*target, back or 1) for target in targets.items()]
    else:
        pasts = _pasts_at(repository, targets, at, kind)
    changes: dict[str, FileChange] = {}
    for path, past in zip(targets.values(), pasts, strict=True):
        if path not in changes:
            changes[path] = going.change(path, past)
    commits = {repository.resolve(past.revision)[:10] for past in pasts}
    return going.plan(of_these(changes), commits, tuple(changes.values()))


def _pasts_at(
    repository: Repository, targets: Mapping[str, str], at: str, kind: Kind
) -> list[Past]:
    """The files at a revision of members whose present paths are given by what they were called."""
    revision = repository.resolve(at)
    renames = log.renamed_since(repository, revision, kind)
    then = {now: old for old, now in renames.present.items()}
    blobs = repository.tree(revision, [kind.folder])
    pasts = []
    for reference, target in targets.items():
        now = kind.path(reference)
        path = then.get(now, now)
        if path not in blobs or renames.now(path) != target:
            hint = f"see `{kind.command} history {reference}`"
            message = f'there was no {kind.noun} {names.quoted(reference)} at "{at}"'
            other = renames.present.get(now)
            if other is not None and path in blobs:
                message = f"{message}: the one of that name is called {reference_of(other)} now"
            raise Refused(message, hint)
        pasts.append(Past(revision, path, blobs[path]))
    return pasts


def restore_all_members(
    inventory: Inventory,
    repository: Repository,
    at: str,
    chosen: Collection[str] | None = None,
    fields: Collection[str] = (),
    kind: Kind = ENDPOINT,
) -> Plan:
    """All members of a kind as at a revision, under their names of then: what came later goes, what
    was deleted comes back. Those of the other kind stay as they are, and what Git does not hold.

    With `chosen` (references of then or now) only these, under their present names. With `fields`
    only these fields, of members that were there then and are now.
    """
    revision = repository.resolve(at)
    going = _Restore(inventory, repository, kind, fields)
    olds, now_of = going.all_at(revision)
    named = {path: path for path in olds} if chosen is None else now_of
    later = inventory.of_kind(kind).keys() - {*now_of.values(), *named.values()}
    if chosen is not None:
        wanted = {kind.path(reference) for reference in chosen}
        olds = {path: old for path, old in olds.items() if wanted & {path, now_of[path]}}
        later &= wanted
    if fields:
        both = [(inventory.members.get(now_of[path]), old) for path, old in olds.items()]
        changes = [going.with_fields(now, old) for now, old in both if now]
    else:
        changes = list(going.all_back(olds, now_of, named))
        untracked = _untracked(repository, later)
        for path in sorted(untracked):
            going.notes.add(path, "no commit holds it, so it stays")
        later -= untracked
        changes += [FileChange(p, inventory.members[p].data, None) for p in sorted(later)]
    affected = [change.path for change in changes if change.before != change.after]
    what = f"all {kind.noun}s" if chosen is None else of_these(affected)
    return going.plan(what, [revision[:10]], changes)


def _untracked(repository: Repository, paths: Collection[str]) -> set[str]:
    """The files whose content Git would not have if they went."""
    if not paths:
        return set()
    around, head = disk.around(sorted(paths)), repository.head()
    known = repository.indexed(around)
    committed = repository.tree(head, around) if head else {}
    announced = {path for path, letters in repository.status(around).items() if letters == " A"}
    return {p for p in paths if p not in committed and (p not in known or p in announced)}


def _without_commit(repository: Repository, plan: Plan) -> Plan:
    """The same plan; where it only brings back what was removed by hand, nothing is to commit."""
    paths = tuple(change.path for change in plan.effective)
    if not paths or any(change.before is not None for change in plan.effective):
        return plan
    committed = tracked.as_committed(repository, paths)
    if any(committed[change.path] != change.after for change in plan.effective):
        return plan
    notes = (*plan.notes, f"{of_these(paths)}: as committed again, so there is nothing to commit")
    return plan._replace(generated=True, needs_no_commit=True, unstages=paths, notes=notes)


@dataclass(slots=True)
class _Restore:
    """Brings back earlier versions of members of one kind, whole or some fields of them."""

    inventory: Inventory
    repository: Repository
    kind: Kind
    fields: Collection[str]
    notes: Notes = field(default_factory=Notes)
    heads: dict[str, Past] = field(default_factory=dict)
    committed: dict[str, bytes | None] = field(default_factory=dict)

    def know(self, paths: Iterable[str]) -> None:
        """Look up what HEAD holds of these files."""
        wanted, head = list(dict.fromkeys(paths)), self.repository.head()
        if head:
            blobs = self.repository.tree(head, wanted)
            self.heads = {path: Past(head, path, blob) for path, blob in blobs.items()}
        self.committed = tracked.as_committed(self.repository, wanted)

    def plan(self, names: str, commits: Collection[str], changes: Sequence[FileChange]) -> Plan:
        """The whole change; `names` tells what it is about, and `commits` where that goes back."""
        changes = tuple(self._seen_by_git(changes))
        what = f"{' and '.join(self.fields)} of {names}" if self.fields else names
        to = f" to {next(iter(commits))}" if len(commits) == 1 else ""
        plan = Plan("restore", f"Restore {what}{to}", changes, tuple(self.notes.lines))
        return _without_commit(self.repository, plan)

    def _seen_by_git(self, changes: Iterable[FileChange]) -> Iterator[FileChange]:
        """The changes, each or none where Git would see none: that could not be committed."""
        known = list(changes)
        files = {c.path: (c.before, c.after) for c in known if not c.moved_from}
        same = tracked.same_to_git(self.repository, files)
        for change in known:
            is_none = change.path in same and not change.moved_from
            yield FileChange(change.path, change.before, change.before) if is_none else change

    # -- which version, under which name -----------------------------------------------------

    def target(self, reference: str, *, follow: bool) -> str:
        """The path at which a member is restored: that of its present name, if it has one.

        Raises Refused for a former name, unless it is to `follow` that: what was the last change
        under a name of then, nobody means by it.
        """
        path = self.kind.path(reference)
        if path in self.inventory.members:
            return path
        present = log.present_name(self.repository, reference, self.kind)
        if self.kind.path(present) not in self.inventory.members:
            return path
        if not follow:
            hint = f"`{self.kind.command} restore {present}` takes back its last change"
            message = f'there is no {self.kind.noun} "{reference}": it is called {present} now'
            raise Refused(message, hint)
        self.notes.add(path, f"it is called {present} now, and stays so")
        return self.kind.path(present)

    def before(self, reference: str, path: str, back: int) -> Past:
        """The file so many changes ago of a member that is restored at a path.

        What the user did to it since HEAD is the last change of all.
        """
        today = self.inventory.members.get(path)
        gone = today is None
        if path in self.heads and not self._is_as_committed(path):
            if back == 1:
                return self.heads[path]
            self._refuse_removed(path)
            back -= 1
        return log.before(self.repository, reference, back, self.kind, gone=gone)

    def _is_as_committed(self, path: str) -> bool:
        today = self.inventory.members.get(path)
        now = today.data if today else None
        return tracked.is_same_to_git(self.repository, path, now, self.committed[path])

    def _refuse_removed(self, path: str) -> None:
        """What was removed by hand comes back as it is committed, before it goes anywhere else."""
        if path not in self.inventory.members and path in self.heads:
            command, reference = self.kind.command, reference_of(path)
            hint = f"bring it back first: `{command} restore {reference}`"
            raise Refused(f"{path}: removed by hand, which is not committed", hint)

    def earlier(self, past: Past) -> Member:
        """A file as it was, with the present names of endpoints in it."""
        file = (past.path, past.blob)
        old = read_member(past.path, self.repository.checked_out([file])[file])
        return self._named_as_now([old], past.revision)[0]

    def _named_as_now(self, olds: Iterable[Member], revision: str) -> list[Member]:
        @cache
        def renames() -> Renames:
            return log.renamed_since(self.repository, revision)

        return [with_present_names(old, self.inventory, renames, self.notes) for old in olds]

    def all_at(self, revision: str) -> tuple[dict[str, Member], dict[str, str]]:
        """Every member's file at a revision, and the path that each of them has now or had last,
        which is empty where another one has been given its name."""
        blobs = self.repository.tree(revision, [self.kind.folder])
        known = ((path, blobs[path]) for path in blobs if self.kind.holds(path))
        files = self.repository.checked_out(known)
        members = [read_member(path, data) for (path, _), data in files.items()]
        olds = {old.path: old for old in self._named_as_now(members, revision)}
        renames = log.renamed_since(self.repository, revision, self.kind)
        return olds, {path: renames.now(path) or "" for path in olds}

    # -- whole files -------------------------------------------------------------------------

    def change(self, path: str, past: Past) -> FileChange:
        """The file at a path as it was, or the fields of it that are asked for."""
        today = self.inventory.members.get(path)
        is_head = past == self.heads.get(path)
        if not is_head:
            self._refuse_removed(path)
        if not self.fields:
            before, unreadable = today.data if today else None, today is None or today.root is None
            if is_head and unreadable:
                return FileChange(path, before, self.committed[path])
            after = gone_back(self.earlier(past), today, path, self.notes, keep=True)
            return FileChange(path, before, after)
        if today is None:
            reference = reference_of(path)
            hint = f"restore it whole first: `{self.kind.command} restore {reference}`"
            raise Refused(f'there is no {self.kind.noun} "{reference}" now', hint)
        return self.with_fields(today, self.earlier(past))

    def all_back(
        self, olds: Mapping[str, Member], now_of: Mapping[str, str], named: Mapping[str, str]
    ) -> Iterator[FileChange]:
        """Each earlier version under its path in `named`, with the password of what it is now."""
        members = self.inventory.members
        for path, old in olds.items():
            target = named[path]
            if not target:
                self.notes.add(path, "another one has its name now, so it does not come back")
                continue
            now, there = members.get(now_of[path]), members.get(target)
            if old.root is None:
                self.notes.add(target, "its file could not be read then, and stays as it is")
                continue
            after = gone_back(old, now, target, self.notes, keep=True)
            before = there.data if there else None
            if now and now.path not in (target, *olds):
                yield FileChange(now.path, now.data, None)
                yield FileChange(target, before, after, now.path)
            else:
                yield FileChange(target, before, after)

    # -- single fields -----------------------------------------------------------------------

    def with_fields(self, today: Member, old: Member) -> FileChange:
        """Only the fields that are asked for as they were."""
        reference = today.reference
        if "reference" in self.fields:
            hint = f"rename it: `{self.kind.command} rename {reference} {old.reference}`"
            if old.reference == reference:
                hint = "it was the same then"
            raise Refused(f'the reference of "{reference}" is not restored as a field', hint)
        now = editable(self.inventory, reference, self.kind)
        if old.root is None or now.root is None:
            raise Refused(f'that version of "{reference}" cannot be read')
        if self.kind is SCENARIO:
            return FileChange(now.path, now.data, self._of_scenario(now, now.root, old.root))
        changes = {name: value_of(old.root, name) for name in self.fields}
        if "password" in changes:
            changes["password"] = password(old.root, now.root, now.path, self.notes, keep=False)
        return FileChange(now.path, now.data, edited(now, changes))

    def _of_scenario(self, now: Member, today: MappingNode, old: MappingNode) -> bytes:
        wanted = {}
        for way in outermost(filter(None, map(way_of, self.fields))):
            node = node_at(old, way)
            self._refuse_unknown_action(way, today, old)
            if node is not None:
                self._refuse_homeless(now.reference, way, today)
            wanted[way] = UNSET if node is None else data_of(node)
        return edited_like(now, wanted, old)

    def _refuse_unknown_action(self, way: KeyPath, today: MappingNode, old: MappingNode) -> None:
        """An action that is asked for was there or is there: anything else is a slip."""
        if way[0] != "actions" or len(way) == 1:
            return
        sides = [node_at(root, way[:1]) for root in (today, old)]
        mappings = [side for side in sides if isinstance(side, MappingNode)]
        known = [key.value for side in mappings for key, _ in side.entries]
        if way[1] not in known:
            message = f"there is no action {names.quoted(way[1])}, and there was none"
            raise Refused(message, names.did_you_mean(way[1], known))

    def _refuse_homeless(self, reference: str, way: KeyPath, today: MappingNode) -> None:
        """What stands within an action, or within any mapping, needs that."""
        if len(way) > 2 and node_at(today, way[:2]) is None:
            hint = f"restore it whole first: --field {field_name(way[:2])}"
            raise Refused(f'"{reference}" has no action {names.quoted(way[1])} now', hint)
        for end in range(1, len(way)):
            node = node_at(today, way[:end])
            if node is not None and not isinstance(node, MappingNode):
                name = field_name(way[:end])
                hint = f"restore it whole: --field {name}"
                raise Refused(f'{name} of "{reference}" is no mapping now', hint)
