"""The recipients, who can open the sealed passwords: those of today, and all that ever were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sipctl import names
from sipctl.changes import FileChange, Plan
from sipctl.errors import Refused
from sipctl.git.repository import Repository
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.passwords import sealing
from sipctl.rules import passwords
from sipctl.settings import FIELDS as SETTINGS_FIELDS
from sipctl.yamlfile.edit import set_paths
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.read import read
from sipctl.yamlfile.write import Block, KeyPath, Unset, Value

RECIPIENTS = "recipients"


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
    refuse_known(name, recipients)
    change = settings_change(root, {name: key})
    sealed = [m for m in inventory.of_kind(ENDPOINT).values() if m.facts.login]
    notes = []
    if sealed:
        what = "1 password is" if len(sealed) == 1 else f"{len(sealed)} passwords are"
        notes.append(
            f"{what} still sealed for the former recipients only: one of them runs "
            "`sipctl secret reseal`"
        )
    return Plan("secret keygen", subject, (change,), tuple(notes))


def refuse_known(name: str, recipients: Mapping[str, str]) -> None:
    """Raise Refused where a recipient has this name already, case ignored."""
    same = next((other for other in recipients if other.casefold() == name.casefold()), None)
    if same is not None:
        message = f'there is a recipient "{same}" already, with another key'
        raise Refused(message, "choose another name, ada@laptop say")


def settings_change(root: Path, recipients: Mapping[str, str | Unset]) -> FileChange:
    """sipctl.yaml with recipients added, or taken out by UNSET."""
    before = (root / SETTINGS_FILE).read_bytes()
    text = before.decode("utf-8")
    node = _listed(before)
    if node is None or not node.entries:
        new = {name: key for name, key in recipients.items() if not isinstance(key, Unset)}
        changes: dict[KeyPath, Value | Unset] = {(RECIPIENTS,): Block(new)}
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
        gained, lost = gained_and_lost(self.lists[set_id], recipients)
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


def gained_and_lost(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names of the keys that came, and of those that went."""
    before, after = (
        {sealing.public_key(key): name for name, key in listed.items()} for listed in (old, new)
    )
    gained = sorted(after[key] for key in after.keys() - before.keys())
    return gained, sorted(before[key] for key in before.keys() - after.keys())
