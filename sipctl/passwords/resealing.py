"""`secret reseal`: the passwords sealed again, for the recipients of today or of tomorrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sipctl import names, operations, progress
from sipctl.changes import Plan
from sipctl.editing import Edit, editable
from sipctl.endpoint import is_text
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT
from sipctl.member import Kept, Member, place_of
from sipctl.passwords import sealing
from sipctl.passwords.recipients import (
    Sets,
    gained_and_lost,
    refuse_bad_name,
    refuse_known,
    settings_change,
)
from sipctl.passwords.secrets import (
    KEYGEN,
    Sealer,
    is_for,
    stood_in_plain_text,
    username_of,
    without_user_name,
)
from sipctl.rules import passwords
from sipctl.rules.judgement import weighed
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.write import UNSET, Unset, Value


@dataclass(frozen=True, slots=True)
class Access:
    """Who is to be added to the recipients, and who is to be taken out."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Sequence[str] = ()

    def applied(self, recipients: Mapping[str, str]) -> dict[str, str]:
        """The recipients as they will be; raises Refused for names that do not fit."""
        for name in self.removed:
            refuse_bad_name(name)
            if name not in recipients:
                hint = names.did_you_mean(name, recipients) or "see `sipctl secret recipients`"
                raise Refused("there is no recipient of the name that is to go", hint)
        kept = {name: key for name, key in recipients.items() if name not in self.removed}
        for name, key in self.added.items():
            refuse_bad_name(name)
            fault = sealing.key_fault(key)
            if fault:
                raise Refused(f"the recipient {names.quoted(name)}: {fault[0]}", fault[1])
            if not _has(kept, name, key):
                refuse_known(name, kept)
        return {**self.added, **kept}


def _has(recipients: Mapping[str, str], name: str, key: str) -> bool:
    """True where a name has just this key already."""
    return name in recipients and sealing.public_key(recipients[name]) == sealing.public_key(key)


def reseal(
    root: Path,
    inventory: Inventory,
    by: Sealer,
    access: Access,
    sets: Sets,
    *,
    force: bool = False,
) -> Plan:
    """Every password sealed for the recipients that the settings list, or will list after `access`.

    Those in plain text are sealed too; what is sealed for them already keeps its bytes. Raises
    Refused with findings for what cannot be opened or belongs to another user name, unless `force`
    says to leave that as it is; and for what is sealed for keys that are no recipient's, unless
    it says to seal that all the same.
    """
    present = inventory.settings.recipients
    recipients = access.applied(present)
    work = _Reseal(inventory, by, recipients, sets.with_(present), force)
    work.run()
    if work.faults and not force:
        message = f"refused: {_passwords(len(work.faults))} cannot be sealed again"
        hint = "leave them as they are with --force, or get a key that opens them"
        if not by.keys:
            raise Refused(f"{message}: no secret key is at hand", hint)
        raise Refused(message, hint, work.told)
    changes = operations.plan_of_edits("secret reseal", work.edits).changes
    changed: dict[str, str | Unset] = dict.fromkeys(access.removed, UNSET)
    changed |= {n: key for n, key in access.added.items() if not _has(present, n, key)}
    if changed:
        changes = (settings_change(root, changed), *changes)
    subject = f"Seal {_passwords(len(work.edits))} again" if work.edits else "Change the recipients"
    access_told = tuple(_of_access(work, recipients, sets))
    notes = (*work.notes(), *access_told)
    return Plan("secret reseal", subject, changes, notes, body=access_told)


def _passwords(count: int) -> str:
    return "1 password" if count == 1 else f"{count} passwords"


@dataclass
class _Reseal:
    """Sealing again under way. `resealed` counts the values by the set they were sealed for,
    `left` those that stay as they are."""

    inventory: Inventory
    by: Sealer
    recipients: Mapping[str, str]
    sets: Sets
    force: bool
    edits: list[Edit] = field(default_factory=list)
    resealed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    faults: list[Finding] = field(default_factory=list)
    plain: int = 0

    def run(self) -> None:
        """Look at every endpoint."""
        members = self.inventory.of_kind(ENDPOINT)
        for member in progress.over(members.values(), "Sealing passwords", len(members)):
            kept = member.facts.kept
            if kept is not None and kept.form == "age":
                self._again(member, kept)
            elif kept is not None and kept.form == "plain":
                self._plain(member)

    def _plain(self, member: Member) -> None:
        password, username = member.node("password"), username_of(member)
        if not isinstance(username, str) and not self.force:
            raise without_user_name(member.reference)
        if isinstance(password, Scalar) and isinstance(username, str):
            self.plain += 1
            if is_text(password.value) and is_text(username):
                self._take(member, sealing.Opened(username, password.value))

    def _again(self, member: Member, kept: Kept) -> None:
        place, reference = place_of(kept.span, member.path), member.reference
        if kept.fault:
            self.faults.append(passwords.malformed(place, reference, kept.fault))
            return
        if is_for(kept.sealed, self.recipients):
            return
        fault = self._sealed_again(member, kept, place)
        if fault is not None:
            self.faults.append(fault)
            self.left[sealing.parse(kept.sealed).set_id] += 1

    def _sealed_again(self, member: Member, kept: Kept, place: Place) -> Finding | None:
        """Seal a value again, or tell what is wrong with it."""
        reference, sealed = member.reference, sealing.parse(kept.sealed)
        odd = self.sets.fault_of(sealed)
        try:
            opened = sealing.open_(kept.sealed, self.by.keys.identities)
        except sealing.Foreign as reason:
            former = self.sets.lists.get(sealed.set_id)
            if odd or not former or self.by.keys.own(former):  # which should have opened it
                return passwords.foreign(place, reference, odd or str(reason))
            return passwords.of_former(place, sorted(former))
        except sealing.Malformed as reason:
            return passwords.malformed(place, reference, reason)
        if opened.username != username_of(member):
            return passwords.others(place, reference, "it is sealed for another user name")
        if odd and not self.force:
            return passwords.foreign(place, reference, odd)
        if self._take(member, opened):
            self.resealed[sealed.set_id] += 1
        return None

    def _take(self, member: Member, opened: sealing.Opened) -> bool:
        if not self.recipients:
            hint = f"keep one, or {KEYGEN}"
            raise Refused("nobody would be left who can open the passwords", hint)
        try:
            editable(self.inventory, member.reference)
        except Refused as refused:
            self.faults += refused.findings
            return False
        value: Value = {"age": self.by.sealed(opened, self.recipients)}
        self.edits.append((member, {"password": value}))
        return True

    @property
    def told(self) -> tuple[Finding, ...]:
        """The faults as they are told."""
        return weighed(self.inventory.settings, self.inventory.members, self.faults)

    def notes(self) -> Iterator[str]:
        """What was found besides."""
        if self.plain:
            yield stood_in_plain_text(self.plain)
        if self.faults:
            yield f"{_passwords(len(self.faults))} could not be sealed again and stay as they are"


def _of_access(work: _Reseal, recipients: Mapping[str, str], sets: Sets) -> Iterator[str]:
    """Who gains access and who loses it, and what losing it does not mean."""
    present = work.inventory.settings.recipients
    lists = {**sets.lists, sealing.set_id(present.values()): present}
    gained, lost, still = Counter[str](), Counter[str](), Counter[str]()
    for id, count in work.resealed.items():
        if id not in lists:
            yield f"{_passwords(count)} had been sealed for recipients that no commit lists"
            continue
        come, gone = gained_and_lost(lists[id], recipients)
        gained.update(dict.fromkeys(come, count))
        lost.update(dict.fromkeys(gone, count))
    for id, count in work.left.items():
        still.update(dict.fromkeys(gained_and_lost(lists.get(id, {}), recipients)[1], count))
    for words, who in (
        ("gains access to", gained),
        ("loses access to", lost),
        ("can still open", still),
    ):
        yield from (f"{name} {words} {_passwords(n)}" for name, n in sorted(who.items()))
    if lost:
        named = ", ".join(sorted(lost))
        yield (
            f"history keeps what {named} could read: set new passwords at the carriers, then "
            "`sipctl secret set`"
        )
