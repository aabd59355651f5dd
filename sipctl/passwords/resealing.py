"""Who can open the sealed passwords: the recipients, and sealing again for those of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sipctl import names, operations, progress
from sipctl.changes import FileChange, Plan
from sipctl.editing import Edit, editable
from sipctl.endpoint import is_text
from sipctl.errors import Refused
from sipctl.findings import Finding, Place
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.member import Kept, Member, place_of
from sipctl.passwords import sealing
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
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.read import read
from sipctl.yamlfile.write import UNSET, Block, Unset, Value
from sipctl.yamlfile.write import Path as Way

RECIPIENTS = "recipients"

# -- recipients ----------------------------------------------------------------------------------


def refuse_bad_name(name: str) -> None:
    """Raise Refused where what is given can be no recipient's name, without telling it."""
    if names.is_secret_key(name):
        hint = "it is known to who reads your shell's history: make a new one"
        raise Refused("a secret key stands where the name of a recipient belongs", hint)
    if names.fault(name):  # which may be a password in the wrong place
        message = "the name of the recipient is not valid (not shown: it may be a password)"
        raise Refused(message, names.CURE)


def add_recipient(root: Path, inventory: Inventory, name: str, key: str) -> Plan:
    """A public key as a recipient under a name; nothing changes where it is one already."""
    recipients = inventory.settings.recipients
    known = {sealing.public_key(text): other for other, text in recipients.items()}
    subject = f"Add the recipient {name}"
    if key in known:
        return Plan("secret keygen", subject, (), (f"this key is the recipient {known[key]}",))
    _refuse_known(name, recipients)
    change = _settings_change(root, {name: key})
    sealed = [m for m in inventory.of_kind(ENDPOINT).values() if m.facts.login]
    notes = []
    if sealed:
        what = "1 password is" if len(sealed) == 1 else f"{len(sealed)} passwords are"
        notes.append(
            f"{what} still sealed for the former recipients only: one of them runs "
            "`sipctl secret reseal`"
        )
    return Plan("secret keygen", subject, (change,), tuple(notes))


def _refuse_known(name: str, recipients: Mapping[str, str]) -> None:
    same = next((other for other in recipients if other.casefold() == name.casefold()), None)
    if same is not None:
        message = f'there is a recipient "{same}" already, with another key'
        raise Refused(message, "choose another name, ada@laptop say")


def _settings_change(root: Path, recipients: Mapping[str, str | Unset]) -> FileChange:
    """sipctl.yaml with recipients added, or taken out by UNSET."""
    before = (root / SETTINGS_FILE).read_bytes()
    text = before.decode("utf-8")
    node = _listed(before)
    if node is None or not node.entries:
        new = {name: key for name, key in recipients.items() if not isinstance(key, Unset)}
        changes: dict[Way, Value | Unset] = {(RECIPIENTS,): Block(new)}
    else:
        changes = {(RECIPIENTS, name): key for name, key in recipients.items()}
    return FileChange(
        SETTINGS_FILE, before, set_paths(text, changes, SETTINGS_FIELDS).encode("utf-8")
    )


def _listed(settings: bytes) -> MappingNode | None:
    """The recipients in the bytes of settings, judged or not; None where there is no mapping."""
    root = read(settings, SETTINGS_FILE).root
    node = root.get(RECIPIENTS) if isinstance(root, MappingNode) else None
    return node if isinstance(node, MappingNode) else None


@dataclass(frozen=True, slots=True)
class Sets:
    """The lists of recipients that there were, public keys by name, each by the id of its set.

    `whole` is False where Git may not know all: outside of a repository, in a shallow clone.
    """

    lists: Mapping[str, Mapping[str, str]]
    whole: bool = False

    def fault_of(self, sealed: sealing.Sealed) -> str:
        """Why a value can be no recipient's work, in words: there never was such a set, or it opens
        to other keys than those; nothing where that cannot be told."""
        if sealed.set_id not in self.lists:
            return passwords.NO_SET if self.whole else ""
        keys = self.lists[sealed.set_id].values()
        return "" if sealed.for_keys == sealing.for_keys(keys) else passwords.OTHER_KEYS

    def with_(self, recipients: Mapping[str, str]) -> Sets:
        """These sets and one more, of recipients who need not be committed."""
        return replace(self, lists={**self.lists, sealing.set_id(recipients.values()): recipients})

    def told(self, set_id: str, recipients: Mapping[str, str]) -> str:
        """For whom a value of a set is sealed, as against the present recipients, in words."""
        if set_id not in self.lists:
            return passwords.OTHER_RECIPIENTS
        gained, lost = _moved(self.lists[set_id], recipients)
        parts = [f"not for {', '.join(gained)}"] if gained else []
        parts += [f"still for {', '.join(lost)}"] if lost else []
        return f"it is sealed {' and '.join(parts)}"


def sets_of(repository: Repository | None) -> Sets:
    """Every list of recipients that a commit of sipctl.yaml holds."""
    if repository is None:
        return Sets({})
    log = repository.log("--all", "--full-history", paths=[SETTINGS_FILE])
    blobs = {change.new for _, changes in log for change in changes}
    lists = {}
    for data in repository.blobs(blob for blob in blobs if blob is not None).values():
        node = _listed(data)
        entries = node.entries if node else []
        listed = {k.value: v.value for k, v in entries if isinstance(v, Scalar)}
        lists[sealing.set_id(listed.values())] = listed
    return Sets(lists, whole=not repository.shallow())


def _moved(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names of the keys that came, and of those that went."""
    before, after = (
        {sealing.public_key(key): name for name, key in listed.items()} for listed in (old, new)
    )
    gained = sorted(after[key] for key in after.keys() - before.keys())
    return gained, sorted(before[key] for key in before.keys() - after.keys())


# -- sealing again -------------------------------------------------------------------------------


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
                _refuse_known(name, kept)
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
        changes = (_settings_change(root, changed), *changes)
    subject = f"Seal {_passwords(len(work.edits))} again" if work.edits else "Change the recipients"
    access_told = tuple(_of_access(work, recipients, sets))
    notes = (*work.notes(), *access_told)
    return Plan("secret reseal", subject, changes, notes, body=access_told)


def _passwords(count: int) -> str:
    return "1 password" if count == 1 else f"{count} passwords"


@dataclass
class _Reseal:
    """Sealing again under way. `sets` counts the values by the set they were sealed for, `left`
    those that stay as they are."""

    inventory: Inventory
    by: Sealer
    recipients: Mapping[str, str]
    known: Sets
    force: bool
    edits: list[Edit] = field(default_factory=list)
    sets: Counter[str] = field(default_factory=Counter)
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
        odd = self.known.fault_of(sealed)
        try:
            opened = sealing.open_(kept.sealed, self.by.keys.identities)
        except sealing.Foreign as reason:
            former = self.known.lists.get(sealed.set_id)
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
            self.sets[sealed.set_id] += 1
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


def _of_access(work: _Reseal, recipients: Mapping[str, str], known: Sets) -> Iterator[str]:
    """Who gains access and who loses it, and what losing it does not mean."""
    present = work.inventory.settings.recipients
    lists = {**known.lists, sealing.set_id(present.values()): present}
    gained, lost, still = Counter[str](), Counter[str](), Counter[str]()
    for id, count in work.sets.items():
        if id not in lists:
            yield f"{_passwords(count)} had been sealed for recipients that no commit lists"
            continue
        come, gone = _moved(lists[id], recipients)
        gained.update(dict.fromkeys(come, count))
        lost.update(dict.fromkeys(gone, count))
    for id, count in work.left.items():
        still.update(dict.fromkeys(_moved(lists.get(id, {}), recipients)[1], count))
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
