"""What each verb does to endpoints and scenarios: pure functions from an inventory to a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import length_hint

from sipctl import hosts, names, progress
from sipctl.changes import (
    FileChange,
    Plan,
    of_these,
)
from sipctl.editing import Changes, Edit, content_with, editable, edited
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, Kind, reference_of
from sipctl.rules.book import RULES
from sipctl.workspace import member_with, read_member
from sipctl.yamlfile.write import UNSET, Value, document


def host_of(given: str) -> str:
    """A host as it is to be stored: U-labels become A-labels. Raises Refused where they cannot."""
    try:
        return hosts.to_ascii(given)
    except ValueError as error:
        code = RULES["bad-host"].code
        fault = hosts.fault(given)
        message = f"{code}: {names.quoted(given)} is not a host: {error}"
        raise Refused(message, fault.cure if fault else "") from None


_LEAST: dict[str, dict[str, Value]] = {
    ENDPOINT.noun: {"reference": "x", "host": "x", "username": "x"},
    SCENARIO.noun: {"reference": "x", "type": "interaction-start"},
}
"""The least that a file holds, for judging one field alone."""


def fault_of(field: str, value: Value, kind: Kind = ENDPOINT) -> Finding | None:
    """What a field forbids of a value, if it does; for asking again on a terminal."""
    fields = {**_LEAST[kind.noun], field: value}
    ordered = {name: fields[name] for name in kind.fields if name in fields}
    return next(iter(read_member(kind.path("x"), document(ordered).encode()).findings), None)


# -- creating ------------------------------------------------------------------------------------


def create(inventory: Inventory, new: Sequence[Mapping[str, Value]], kind: Kind = ENDPOINT) -> Plan:
    """New endpoints, or scenarios, each from its fields; `reference` among them."""
    changes = tuple(_created(inventory, fields, kind) for fields in new)
    return Plan("create", f"Create {of_these(c.path for c in changes)}", changes)


def _created(inventory: Inventory, fields: Mapping[str, Value], kind: Kind) -> FileChange:
    reference = str(fields["reference"])
    refuse_taken(inventory, reference, kind)
    ordered = {field: fields[field] for field in kind.fields if field in fields}
    return FileChange(kind.path(reference), None, document(ordered).encode("utf-8"))


def refuse_taken(inventory: Inventory, reference: str, kind: Kind = ENDPOINT) -> None:
    """Raise Refused for what can be no reference, and for one that is there already."""
    reason = names.fault(reference)
    if reason:
        code = RULES["bad-reference"].code
        raise Refused(f'{code}: "{reference}" is not a reference: {reason}', names.cure(reference))
    taken = inventory.same_name(reference, kind)
    if taken is None:
        return
    if taken.reference == reference:
        see = f"see `{kind.command} show {reference}`"
        hint = f"{see}, or change it with `{kind.command} edit {reference}`"
        raise Refused(f'the {kind.noun} "{reference}" exists already', hint)
    message = f'"{reference}" and the {kind.noun} "{taken.reference}" differ in case only'
    raise Refused(message, "choose another reference")


def duplicate(
    inventory: Inventory, reference: str, new: str, changes: Changes, kind: Kind = ENDPOINT
) -> Plan:
    """A copy of a file, comments too, under a new reference and with changes."""
    changes = {"reference": new, **changes}
    member = editable(inventory, reference, kind, changes)
    refuse_taken(inventory, new, kind)
    after = edited(member, changes)
    change = FileChange(kind.path(new), None, after, copied_from=member.path)
    what = of_these([member.path])
    return Plan(f"duplicate {reference} {new}", f"Duplicate {what} as {new}", (change,))


# -- changing ------------------------------------------------------------------------------------


def edit(
    inventory: Inventory, references: Iterable[str], changes: Changes, kind: Kind = ENDPOINT
) -> Plan:
    """The same changes to each endpoint, or scenario."""
    edits = [(editable(inventory, r, kind, changes), changes) for r in dict.fromkeys(references)]
    return plan_of_edits("edit", edits)


def plan_of_edits(operation: str, edits: Iterable[Edit], subject: str = "") -> Plan:
    """A plan of changes to the fields of files; the fields tell the subject, if none is given."""
    under_way = progress.over(edits, "Editing files", length_hint(edits) or None)
    results = ((m, member_with(m.path, content_with(m, wanted))) for m, wanted in under_way)
    changes = (FileChange(m.path, m.data, after.data, known=after) for m, after in results)
    return Plan(operation, subject, tuple(changes))


def replace_text(
    inventory: Inventory, reference: str, before: bytes, after: bytes, kind: Kind = ENDPOINT
) -> Plan:
    """The file as it came back from an editor. Refused where it changed on disk meanwhile."""
    member = inventory.member(reference, kind)
    if member.data != before:
        raise Refused(f'"{member.path}" has changed while it was edited')
    known = read_member(member.path, after)
    change = FileChange(member.path, before, after, known=known)
    both = member.root is not None and known.root is not None
    return Plan("edit", "" if both else f"Change {of_these([member.path])}", (change,))


def rename(
    inventory: Inventory, old: str, new: str, kind: Kind = ENDPOINT, *, force: bool = False
) -> Plan:
    """An endpoint or scenario under another reference: its file moves.

    Every scenario that uses the endpoint is rewritten. Raises Refused where a scenario cannot be
    read, unless `force` says to leave what it names as it is.
    """
    member = editable(inventory, old, kind)
    what = of_these([member.path])
    if old == new:
        return Plan("rename", f"Rename {what}", ())
    if old.casefold() != new.casefold() or names.fault(new):
        refuse_taken(inventory, new, kind)
    after = edited(member, {"reference": new})
    gone = FileChange(member.path, member.data, None)
    come = FileChange(kind.path(new), None, after, moved_from=member.path)
    uses: Iterable[FileChange] = ()
    if kind is ENDPOINT:
        from sipctl.scenarios import attaching

        uses = attaching.renamed_uses(inventory, old, new, force=force)
    return Plan(f"rename {old} {new}", f"Rename {what} to {new}", (gone, come, *uses))


def delete(
    inventory: Inventory,
    references: Iterable[str],
    kind: Kind = ENDPOINT,
    *,
    gone: Iterable[FileChange] = (),
    cascade: bool = False,
    close: bool = False,
    force: bool = False,
) -> Plan:
    """The files go; unreadable ones too, and with them those that are `gone` already.

    Raises Refused while scenarios use an endpoint, naming each use, unless `cascade` detaches it
    there; `close` and `force` are those of `attaching.released`.
    """
    members = [inventory.member(r, kind) for r in dict.fromkeys(references)]
    changes = (*gone, *(FileChange(member.path, member.data, None) for member in members))
    named = [reference_of(change.path) for change in changes]
    uses: Iterable[FileChange] = ()
    if kind is ENDPOINT:
        from sipctl.scenarios import attaching

        uses = attaching.released(inventory, named, cascade=cascade, close=close, force=force)
    return Plan("delete", f"Delete {of_these(c.path for c in changes)}", (*changes, *uses))


# -- tags ----------------------------------------------------------------------------------------


def add_tags(inventory: Inventory, references: Iterable[str], tags: Sequence[str]) -> Plan:
    """Each endpoint with these tags; one it has already, in whatever case, stays as it is.

    One that is given twice makes an error in the files.
    """

    def wanted(old: tuple[str, ...]) -> list[str]:
        known = {tag.casefold() for tag in old}
        return [*old, *(tag for tag in tags if tag.casefold() not in known)]

    subject = f"Tag {{}} with {_named(tags)}"
    return _retag(inventory, references, wanted, "tag add", subject)


def remove_tags(inventory: Inventory, references: Iterable[str], tags: Sequence[str]) -> Plan:
    """Each endpoint without these tags, case ignored."""
    gone = {tag.casefold() for tag in tags}

    def wanted(old: tuple[str, ...]) -> list[str]:
        return [tag for tag in old if tag.casefold() not in gone]

    subject = f"Remove {_named(tags)} from {{}}"
    return _retag(inventory, references, wanted, "tag remove", subject)


def rename_tag(inventory: Inventory, old: str, new: str) -> Plan:
    """Every endpoint with the tag `old` has `new` in its place."""
    having = [r for r, e in inventory.endpoints.items() if _has(e.tags or (), old)]
    if not having:
        hint = names.did_you_mean(old, inventory.tags()) or "see `sipctl tag list`"
        raise Refused(f'no endpoint has the tag "{old}"', hint)

    def wanted(tags: tuple[str, ...]) -> list[str]:
        renamed = [new if tag.casefold() == old.casefold() else tag for tag in tags]
        return list({tag.casefold(): tag for tag in reversed(renamed)}.values())[::-1]

    return _retag(inventory, having, wanted, "tag rename", f"Rename tag {old} to {new} on {{}}")


def _has(tags: Iterable[str], wanted: str) -> bool:
    return wanted.casefold() in {tag.casefold() for tag in tags}


def _named(tags: Sequence[str]) -> str:
    return ", ".join(tags) if len(tags) <= 3 else f"{len(tags)} tags"


def _retag(
    inventory: Inventory,
    references: Iterable[str],
    wanted: Callable[[tuple[str, ...]], list[str]],
    operation: str,
    subject: str,
) -> Plan:
    edits: list[Edit] = []
    for reference in dict.fromkeys(references):
        member = editable(inventory, reference)
        old = inventory.readable(reference).endpoint
        tags = wanted(old.tags or ()) if old else []
        if old and tags != list(old.tags or ()):
            edits.append((member, {"tags": tags or UNSET}))
    shown = subject.format(of_these(member.path for member, _ in edits))
    return plan_of_edits(operation, edits, shown)


# -- what was edited by hand ---------------------------------------------------------------------


def save(
    changed: Mapping[str, bytes | None],
    now: Mapping[str, bytes | None],
    moved: Mapping[str, str] | None = None,
) -> Plan:
    """The user's own edits of files, as a plan from what is committed to what is on disk.

    `moved` are the files that have been given another name: their new paths to their old ones.
    """
    sources = moved or {}
    changes = tuple(
        FileChange(path, changed[path], now[path], sources.get(path), adopted=True)
        for path in sorted(changed)
    )
    told = changed.keys() - set(sources.values())
    subject = f"Save {of_these(told)}"
    if len(told) == len(sources) == 1:
        [(new, old)] = sources.items()
        subject = f"Rename {of_these([old])} to {reference_of(new)}"
    return Plan("save", subject, changes)
