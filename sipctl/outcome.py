"""What a plan comes to: the workspace as it would be, judged, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from sipctl import tracked, workspace
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
from sipctl.errors import Refused
from sipctl.findings import Finding, with_severities
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory, refuse_unread_folders
from sipctl.kinds import SETTINGS_FILE, is_member, kind_in, kind_of, reference_of
from sipctl.member import Member, content_of
from sipctl.passwords.masking import settings_text, without_plaintext
from sipctl.patch import patch

Planner = Callable[[Inventory], Plan]
"""Makes a plan of a workspace as it is; raises Refused where there is none."""


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
        return _patch(self.prefix, self.plan, self.after)


# -- judging -------------------------------------------------------------------------------------


def judge(
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
    # where a change is adopted it stands on disk itself
    adopted = {c.path: c.before for c in plan.effective if c.adopted}
    before = workspace.reread(inventory, adopted) if adopted else inventory
    context = workspace.context_of(dict(_befores(plan, before)))
    after = workspace.reread(
        inventory, {c.path: c.known or c.after for c in plan.effective}, context
    )
    changed = (before.members.get(change.path) for change in plan.effective)
    members = (*after.members.values(), *filter(None, changed))  # all that are in one of the two
    exposed = tracked.exposed_files(repository, members) if repository else None
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


def _patch(prefix: str, plan: Plan, after: Inventory) -> tuple[str, str]:
    why_not = ""

    def shown(path: str, data: bytes) -> str:
        nonlocal why_not
        whole = text = data.decode("utf-8", "replace")
        if is_member(path):
            member = after.members.get(path)
            is_new = member is not None and member.data == data
            content = member.content if member and is_new else content_of(path, data)
            whole, text = content.text, without_plaintext(content, kind_in(path))
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
    known = (c for c in plan.effective if is_member(c.path) and c.path not in moved)
    old = {change.path: change.before for change in plan.changes}
    return tuple(_member_change(change, old, before, after) for change in known)


def _member_change(
    change: FileChange, old: Mapping[str, bytes | None], before: Inventory, after: Inventory
) -> MemberChange:
    path, kind = change.path, kind_of(change.path)
    assert kind is not None
    source = change.moved_from or change.copied_from
    new = _values(after, path, change.after)
    if source:
        data = old[source] if source in old else before.members[source].data
        word = "renamed" if change.moved_from else "duplicated"
        found = differences(_values(before, source, data), new)
        fields = tuple(f for f in found if f.field != "reference")
        return MemberChange(word, reference_of(path), fields, reference_of(source), kind)
    word = "created" if change.before is None else "deleted" if change.after is None else "changed"
    fields = differences(_values(before, path, change.before), new)
    return MemberChange(word, reference_of(path), fields, member_kind=kind)


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


# -- the commit's message ------------------------------------------------------------------------


def subject(outcome: Outcome) -> str:
    """The first line of the commit's message, where the user gives none."""
    return one_line(outcome.plan.subject or subject_of(outcome.changes))


def message(outcome: Outcome, subject: str) -> str:
    """Subject, the changes by field, and the trailer, each a paragraph of its own."""
    trailer = f"Sipctl-Operation: {one_line(outcome.plan.operation)}"
    told = "\n".join(map(one_line, outcome.plan.body))
    parts = (subject, told, body(outcome.changes, outcome.settings), trailer)
    return "\n\n".join(part for part in parts if part) + "\n"
