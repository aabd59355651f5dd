"""Going back, as plans like any other: restore earlier configurations, undo a commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sipctl import history
from sipctl.changes import FileChange, Plan, of_these
from sipctl.earlier import Notes, gone_back, password, value_of
from sipctl.errors import Refused
from sipctl.inventory import ENDPOINTS, Inventory, Member, endpoint_path
from sipctl.lineage import Past, reference_of
from sipctl.operations import editable, edited
from sipctl.repository import Repository
from sipctl.undo import undo as undo
from sipctl.workspace import is_member, read_member


def restore(
    inventory: Inventory,
    repository: Repository,
    references: Iterable[str],
    at: str | None = None,
    back: int | None = None,
    fields: Collection[str] = (),
) -> Plan:
    """Endpoints as they were at a revision, or some changes back, or before the last change.

    Deleted ones come back; one that was renamed since keeps its present name. The password stays
    today's unless `fields` asks for it. With `fields` all others stay as they are.
    """
    wanted = tuple(dict.fromkeys(references))
    if at is None:
        pasts = [history.before(repository, reference, back or 1) for reference in wanted]
    else:
        pasts = _pasts_at(repository, wanted, at)
    notes = Notes()
    changes: dict[str, FileChange] = {}
    for reference, past in zip(wanted, pasts, strict=True):
        target = _target(inventory, repository, reference, notes)
        if target not in changes:
            old = _member(repository, past)
            changes[target] = _restored(inventory, target, old, fields, notes)
    commits = {repository.resolve(past.revision)[:10] for past in pasts}
    what = _object(fields, of_these(list(changes)))
    return _restore_plan(what, commits, tuple(changes.values()), notes)


def _object(fields: Collection[str], names: str) -> str:
    return f"{' and '.join(fields)} of {names}" if fields else names


def _restore_plan(
    what: str, commits: Collection[str], changes: Sequence[FileChange], notes: Notes
) -> Plan:
    to = f" to {next(iter(commits))}" if len(commits) == 1 else ""
    return Plan("restore", f"Restore {what}{to}", tuple(changes), tuple(notes.lines))


def _pasts_at(repository: Repository, references: Sequence[str], at: str) -> list[Past]:
    revision = repository.resolve(at)
    then = {now: old for old, now in history.renamed_since(repository, revision).items()}
    blobs = repository.tree(revision, [ENDPOINTS])
    pasts = []
    for reference in references:
        now = endpoint_path(reference)
        path = then.get(now, now)
        if path not in blobs:
            hint = f"see `sipctl history {reference}`"
            raise Refused(f'there was no endpoint "{reference}" at "{at}"', hint)
        pasts.append(Past(revision, path, blobs[path]))
    return pasts


def _member(repository: Repository, past: Past) -> Member:
    file = (past.path, past.blob)
    return read_member(past.path, repository.checked_out([file])[file])


def _target(inventory: Inventory, repository: Repository, reference: str, notes: Notes) -> str:
    """The name under which an endpoint is restored: the present one, if there is one."""
    if endpoint_path(reference) in inventory.members:
        return reference
    present = history.present_name(repository, reference)
    if endpoint_path(present) not in inventory.members:
        return reference
    notes.add(reference, f"it is called {present} now, and stays so")
    return present


def _restored(
    inventory: Inventory, reference: str, old: Member, fields: Collection[str], notes: Notes
) -> FileChange:
    path = endpoint_path(reference)
    today = inventory.members.get(path)
    if not fields:
        after = gone_back(old, today, reference, notes, keep=True)
        return FileChange(path, today.data if today else None, after)
    if today is None:
        hint = f"restore it whole first: `sipctl restore {reference}`"
        raise Refused(f'there is no endpoint "{reference}" now', hint)
    return _with_fields(inventory, today, old, fields, notes)


def _with_fields(
    inventory: Inventory, today: Member, old: Member, fields: Collection[str], notes: Notes
) -> FileChange:
    """Only these fields as they were."""
    reference = today.reference
    if "reference" in fields:
        hint = f"rename it: `sipctl rename {reference} {old.reference}`"
        raise Refused(f'the reference of "{reference}" is not restored as a field', hint)
    now = editable(inventory, reference)
    if old.root is None:
        raise Refused(f'that version of "{reference}" cannot be read')
    changes = {name: value_of(old.root, name) for name in fields}
    if "password" in changes:
        changes["password"] = password(old.root, now.root, reference, notes, keep=False)
    return FileChange(now.path, now.data, edited(now, changes))


def restore_all(
    inventory: Inventory,
    repository: Repository,
    at: str,
    chosen: Collection[str] | None = None,
    fields: Collection[str] = (),
) -> Plan:
    """All endpoints as at a revision, under their names of then: what came later goes, what was
    deleted comes back.

    With `chosen` (references of then or now) only these, under their present names. With `fields`
    only these fields, of endpoints that were there then and are now.
    """
    revision = repository.resolve(at)
    olds, now_of = _all_at(repository, revision)
    names = {path: path for path in olds} if chosen is None else now_of
    later = inventory.members.keys() - {*now_of.values(), *names.values()}
    if chosen is not None:
        wanted = {endpoint_path(reference) for reference in chosen}
        olds = {path: old for path, old in olds.items() if wanted & {path, now_of[path]}}
        later &= wanted
    notes = Notes()
    if fields:
        both = [(inventory.members.get(now_of[path]), old) for path, old in olds.items()]
        changes = [_with_fields(inventory, now, old, fields, notes) for now, old in both if now]
    else:
        changes = list(_all_back(inventory, olds, now_of, names, notes))
        changes += [FileChange(p, inventory.members[p].data, None) for p in sorted(later)]
    affected = [reference_of(c.path) for c in changes if c.before != c.after]
    what = "all endpoints" if chosen is None else of_these(affected)
    return _restore_plan(_object(fields, what), [revision[:10]], changes, notes)


def _all_at(repository: Repository, revision: str) -> tuple[dict[str, Member], dict[str, str]]:
    """Every endpoint's file at a revision, and the path that each of them has now or had last."""
    blobs = repository.tree(revision, [ENDPOINTS])
    files = repository.checked_out((path, blobs[path]) for path in blobs if is_member(path))
    olds = {path: read_member(path, data) for (path, _), data in files.items()}
    present = history.renamed_since(repository, revision)
    return olds, {path: present.get(path, path) for path in olds}


def _all_back(
    inventory: Inventory,
    olds: Mapping[str, Member],
    now_of: Mapping[str, str],
    names: Mapping[str, str],
    notes: Notes,
) -> Iterator[FileChange]:
    """Each earlier version under its name in `names`, with the password of what it is now."""
    for path, old in olds.items():
        reference = reference_of(names[path])
        now = inventory.members.get(now_of[path])
        if old.root is None:
            notes.add(reference, "its file could not be read then, and stays as it is")
            continue
        after = gone_back(old, now, reference, notes, keep=True)
        there = inventory.members.get(names[path])
        if now and now.path not in (names[path], *olds):
            yield FileChange(now.path, now.data, None)
            yield FileChange(names[path], there.data if there else None, after, now.path)
        else:
            yield FileChange(names[path], there.data if there else None, after)
