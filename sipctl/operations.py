"""What each verb does to endpoints: pure functions from an inventory to a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sipctl import hosts, names
from sipctl.changes import (
    EndpointChange,
    FileChange,
    Plan,
    changed_fields_subject,
    differences,
    of_these,
    snapshot,
)
from sipctl.endpoint import FIELDS
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.inventory import Inventory, Member, endpoint_path
from sipctl.rules.book import RULES
from sipctl.workspace import read_member
from sipctl.yamlfile.edit import set_values
from sipctl.yamlfile.write import UNSET, Unset, Value, document

Change = Value | Unset
Changes = Mapping[str, Change]
"""New values by field; UNSET takes a field out."""

Edit = tuple[Member, Changes]
"""One endpoint's file and what is to change in it."""


def host_of(given: str) -> str:
    """A host as it is to be stored: U-labels become A-labels. Raises Refused where they cannot."""
    try:
        return hosts.to_ascii(given)
    except ValueError as error:
        code = RULES["bad-host"].code
        raise Refused(f'{code}: "{given}" is not a host: {error}') from None


def fault_of(field: str, value: Value) -> Finding | None:
    """What a field forbids of a value, if it does; for asking again on a terminal."""
    fields: dict[str, Value] = {"reference": "x", "host": "x", "username": "x", field: value}
    ordered = {name: fields[name] for name in FIELDS if name in fields}
    return next(iter(read_member("endpoints/x.yaml", document(ordered).encode()).findings), None)


# -- creating ------------------------------------------------------------------------------------


def create(inventory: Inventory, new: Sequence[Mapping[str, Value]]) -> Plan:
    """New endpoints, each from its fields; `reference` among them."""
    changes = tuple(_created(inventory, fields) for fields in new)
    references = [str(fields["reference"]) for fields in new]
    return Plan("create", f"Create {of_these(references)}", changes)


def _created(inventory: Inventory, fields: Mapping[str, Value]) -> FileChange:
    reference = str(fields["reference"])
    _refuse_taken(inventory, reference)
    ordered = {field: fields[field] for field in FIELDS if field in fields}
    return FileChange(endpoint_path(reference), None, document(ordered).encode("utf-8"))


def _refuse_taken(inventory: Inventory, reference: str) -> None:
    reason = names.fault(reference)
    if reason:
        code = RULES["bad-reference"].code
        raise Refused(f'{code}: "{reference}" is not a reference: {reason}', names.CURE)
    taken = inventory.same_name(reference)
    if taken is None:
        return
    if taken.reference == reference:
        hint = f"see `sipctl show {reference}`, or change it with `sipctl edit {reference}`"
        raise Refused(f'the endpoint "{reference}" exists already', hint)
    message = f'"{reference}" and the endpoint "{taken.reference}" differ in case only'
    raise Refused(message, "choose another reference")


def duplicate(inventory: Inventory, reference: str, new: str, changes: Changes) -> Plan:
    """A copy of an endpoint's file, comments too, under a new reference and with changes."""
    member = editable(inventory, reference)
    _refuse_taken(inventory, new)
    after = edited(member, {"reference": new, **changes})
    change = FileChange(endpoint_path(new), None, after, copied_from=member.path)
    return Plan(f"duplicate {reference} {new}", f"Duplicate {reference} as {new}", (change,))


# -- changing ------------------------------------------------------------------------------------


def edit(inventory: Inventory, references: Iterable[str], changes: Changes) -> Plan:
    """The same changes to each endpoint."""
    edits = [(editable(inventory, reference), changes) for reference in dict.fromkeys(references)]
    return plan_of_edits("edit", edits)


def plan_of_edits(operation: str, edits: Iterable[Edit], subject: str = "") -> Plan:
    """A plan of changes to the fields of endpoints; the subject tells which, if none is given."""
    changes = tuple(
        FileChange(member.path, member.data, edited(member, wanted)) for member, wanted in edits
    )
    return Plan(operation, subject or _subject(changes), changes)


def _subject(changes: tuple[FileChange, ...]) -> str:
    told = []
    for change in changes:
        assert change.before is not None and change.after is not None
        member, new = (read_member(change.path, data) for data in (change.before, change.after))
        old, now = (snapshot(x.root) if x.root else None for x in (member, new))
        if old is not None and now is not None and (fields := differences(old, now)):
            told.append(EndpointChange("changed", member.reference, fields))
    return f"Change {changed_fields_subject(told)}" if told else "Change nothing"


def editable(inventory: Inventory, reference: str) -> Member:
    """The endpoint's file, if its fields can be changed one by one.

    Raises Refused where it is unknown, or holds findings of syntax or type: what cannot be read for
    sure is not written again. A value that is not allowed hinders nobody from setting another.
    """
    member = inventory.member(reference)
    fixed = tuple(f for f in member.findings if RULES[f.rule].fixed)
    if member.root is None or fixed:
        mends = all(RULES[f.rule].fmt for f in fixed)
        cure = "`sipctl fmt` mends it" if mends else f"mend {member.path} in an editor"
        message = f'the file of "{reference}" cannot be changed as it stands'
        raise Refused(message, f"{cure}, then `sipctl save {reference}`", fixed)
    return member


def edited(member: Member, changes: Changes) -> bytes:
    """The file's bytes with fields changed, all others as they were."""
    text = set_values(member.data.decode("utf-8"), changes, FIELDS)
    return text.encode("utf-8")


def replace_text(inventory: Inventory, reference: str, before: bytes, after: bytes) -> Plan:
    """The file as it came back from an editor. Refused where it changed on disk meanwhile."""
    member = inventory.member(reference)
    if member.data != before:
        raise Refused(f'"{member.path}" has changed while it was edited')
    change = FileChange(member.path, before, after)
    both = read_member(member.path, before).root and read_member(member.path, after).root
    subject = _subject((change,)) if both and before != after else f"Change {reference}"
    subject = f"Reformat {reference}" if subject == "Change nothing" else subject
    return Plan("edit", subject, (change,))


def rename(inventory: Inventory, old: str, new: str) -> Plan:
    """The endpoint under another reference: its file moves."""
    member = editable(inventory, old)
    if old == new:
        return Plan("rename", f"Rename {old}", ())
    if old.casefold() != new.casefold() or names.fault(new):
        _refuse_taken(inventory, new)
    after = edited(member, {"reference": new})
    gone = FileChange(member.path, member.data, None)
    come = FileChange(endpoint_path(new), None, after, moved_from=member.path)
    return Plan(f"rename {old} {new}", f"Rename {old} to {new}", (gone, come))


def delete(inventory: Inventory, references: Iterable[str]) -> Plan:
    """The endpoints' files go; unreadable ones too."""
    members = [inventory.member(reference) for reference in dict.fromkeys(references)]
    changes = tuple(FileChange(member.path, member.data, None) for member in members)
    return Plan("delete", f"Delete {of_these([m.reference for m in members])}", changes)


# -- tags ----------------------------------------------------------------------------------------


def add_tags(inventory: Inventory, references: Iterable[str], tags: Sequence[str]) -> Plan:
    """Each endpoint with these tags; one it has already, in whatever case, stays as it is."""

    def wanted(old: tuple[str, ...]) -> list[str]:
        known = {tag.casefold() for tag in old}
        fresh = {tag.casefold(): tag for tag in tags if tag.casefold() not in known}
        return [*old, *fresh.values()]

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
    shown = subject.format(of_these([member.reference for member, _ in edits]))
    return plan_of_edits(operation, edits, shown)


# -- what was edited by hand ---------------------------------------------------------------------


def save(changed: Mapping[str, bytes | None], now: Mapping[str, bytes | None]) -> Plan:
    """The user's own edits of files, as a plan from what is committed to what is on disk."""
    changes = tuple(FileChange(path, changed[path], now[path]) for path in sorted(changed))
    references = [c.path.rpartition("/")[2].removesuffix(".yaml") for c in changes]
    return Plan("save", f"Save {of_these(references)}", changes, adopts=True)
