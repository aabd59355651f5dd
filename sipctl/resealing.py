"""Who can open the sealed passwords: the recipients, and sealing again for those of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sipctl import names, operations, sealing
from sipctl.changes import FileChange, Plan
from sipctl.editing import Edit, editable
from sipctl.errors import Refused
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.judgement import weighed
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.member import Member
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Scalar
from sipctl.repository import Repository
from sipctl.rules import passwords
from sipctl.secrets import KEYGEN, Sealer, is_for, username_of
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.read import read
from sipctl.yamlfile.write import UNSET, Block, Unset, Value
from sipctl.yamlfile.write import Path as Way

RECIPIENTS = "recipients"

# -- recipients ----------------------------------------------------------------------------------


def add_recipient(root: Path, inventory: Inventory, name: str, key: str) -> Plan:
    """A public key as a recipient under a name; nothing changes where it is one already."""
    recipients = inventory.settings.recipients
    known = {sealing.public_key(text): other for other, text in recipients.items()}
    subject = f"Add the recipient {name}"
    if key in known:
        return Plan("secret keygen", subject, (), (f"this key is the recipient {known[key]}",))
    _refuse_known(name, recipients)
    change = _settings_change(root, {name: key})
    sealed = [m for m in inventory.of_kind(ENDPOINT).values() if m.password("age") is not None]
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
        hint = "choose another name, as in --name ada@laptop"
        raise Refused(f'there is a recipient "{same}" already, with another key', hint)


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

    def knows_not(self, set_id: str) -> bool:
        """True where there never was such a set."""
        return self.whole and set_id not in self.lists

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
            if name not in recipients:
                hint = names.did_you_mean(name, recipients) or "see `sipctl secret recipients`"
                raise Refused(f"there is no recipient {names.quoted(name)}", hint)
        kept = {name: key for name, key in recipients.items() if name not in self.removed}
        for name, key in self.added.items():
            _refuse_known(name, kept)
            fault = sealing.key_fault(key)
            if fault:
                raise Refused(f"the recipient {names.quoted(name)}: {fault[0]}", fault[1])
        return kept | dict(self.added)


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
    says to leave that as it is.
    """
    recipients = access.applied(inventory.settings.recipients)
    work = _Reseal(inventory, by, recipients)
    work.run()
    if work.faults and not force:
        message = f"refused: {_passwords(len(work.faults))} cannot be sealed again"
        hint = "get a key that opens them, or leave them as they are with --force"
        raise Refused(message, hint if by.keys else f"no secret key is at hand; {hint}", work.told)
    changes = operations.plan_of_edits("secret reseal", work.edits).changes
    if access != Access():
        changed: dict[str, str | Unset] = dict.fromkeys(access.removed, UNSET)
        changed |= access.added
        changes = (_settings_change(root, changed), *changes)
    subject = f"Seal {_passwords(len(work.edits))} again" if work.edits else "Change the recipients"
    notes = (*work.notes(), *_of_access(work.sets, recipients, sets, inventory))
    return Plan("secret reseal", subject, changes, notes)


def _passwords(count: int) -> str:
    return "1 password" if count == 1 else f"{count} passwords"


@dataclass
class _Reseal:
    """Sealing again under way. `sets` counts the values by the set they were sealed for."""

    inventory: Inventory
    by: Sealer
    recipients: Mapping[str, str]
    edits: list[Edit] = field(default_factory=list)
    sets: Counter[str] = field(default_factory=Counter)
    faults: list[Finding] = field(default_factory=list)
    plain: int = 0

    def run(self) -> None:
        """Look at every endpoint."""
        for member in self.inventory.of_kind(ENDPOINT).values():
            node = member.password("age") or member.node("password")
            if member.password("age") is not None:
                self._again(member)
            elif isinstance(node, Scalar) and node.value and member.node("username") is not None:
                self.plain += 1
                self._take(member, sealing.Opened(str(username_of(member)), node.value))

    def _again(self, member: Member) -> None:
        node = member.password("age")
        assert node is not None
        place, reference = node.place(member.path), member.reference
        try:
            if is_for(node.value, self.recipients):
                return
            opened = sealing.open_(node.value, self.by.keys.identities)
        except sealing.Foreign as fault:
            self.faults.append(passwords.foreign(place, reference, str(fault)))
        except sealing.Malformed as fault:
            self.faults.append(passwords.malformed(place, reference, fault))
        else:
            if opened.username != username_of(member):
                message = "it is sealed for another user name"
                self.faults.append(passwords.others(place, reference, message))
                return
            self.sets[sealing.parse(node.value).set_id] += 1
            self._take(member, opened)

    def _take(self, member: Member, opened: sealing.Opened) -> None:
        if not self.recipients:
            hint = f"keep one, or {KEYGEN}"
            raise Refused("nobody would be left who can open the passwords", hint)
        editable(self.inventory, member.reference)
        value: Value = {"age": self.by.sealed(opened, self.recipients)}
        self.edits.append((member, {"password": value}))

    @property
    def told(self) -> tuple[Finding, ...]:
        """The faults as they are told."""
        return weighed(self.inventory.settings, self.inventory.members, self.faults)

    def notes(self) -> Iterator[str]:
        """What was found besides."""
        if self.plain:
            yield (
                f"{_passwords(self.plain)} stood in plain text: if it was ever committed, "
                "`sipctl secret check --history` tells which to change"
            )
        if self.faults:
            yield f"{_passwords(len(self.faults))} could not be sealed again and stay as they are"


def _of_access(
    sets: Mapping[str, int],
    recipients: Mapping[str, str],
    known: Sets,
    inventory: Inventory,
) -> Iterator[str]:
    """Who gains access and who loses it, and what losing it does not mean."""
    present = inventory.settings.recipients
    lists = {**known.lists, sealing.set_id(present.values()): present}
    gained, lost = Counter[str](), Counter[str]()
    for id, count in sets.items():
        if id not in lists:
            yield f"{_passwords(count)} had been sealed for recipients that no commit lists"
            continue
        come, gone = _moved(lists[id], recipients)
        gained.update(dict.fromkeys(come, count))
        lost.update(dict.fromkeys(gone, count))
    for word, who in (("gains", gained), ("loses", lost)):
        yield from (f"{name} {word} access to {_passwords(n)}" for name, n in sorted(who.items()))
    if lost:
        named = ", ".join(sorted(lost))
        yield (
            f"history keeps what {named} could read: set new passwords at the carriers, then "
            "`sipctl secret set`"
        )
