"""The passwords of endpoints: sealing them, and opening one."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sipctl import names, operations, progress
from sipctl.changes import Plan, of_these
from sipctl.editing import Changes, Edit, editable
from sipctl.errors import Refused, reason_of
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SETTINGS_FILE
from sipctl.member import Member
from sipctl.settings import Settings
from sipctl.yamlfile.nodes import Scalar
from sipctl.yamlfile.write import Value

if TYPE_CHECKING:
    # dear, and most changes seal nothing: it is loaded where something is sealed or opened
    from sipctl.passwords import sealing
    from sipctl.passwords.identities import Keys

KEYGEN = "make a key with `sipctl secret keygen`"


def fault_of(password: str) -> str | None:
    """Why a text can be no password; None where it can. It is not told."""
    fault = operations.fault_of("password", password)
    return fault.message if fault else None


def refuse_unusable(password: str) -> None:
    """Raise Refused for what no password can be."""
    fault = fault_of(password)
    if fault is not None:
        raise Refused(fault, "a password is one line of at most 255 characters")


def recipients_of(settings: Settings) -> Mapping[str, str]:
    """The public keys to seal for, by name; raises Refused where there are none."""
    recipients = settings.recipients
    if not recipients:
        message = f"there is nobody to seal a password for: {SETTINGS_FILE} lists no recipients"
        raise Refused(message, KEYGEN)
    return recipients


# -- sealing -------------------------------------------------------------------------------------


class Sealer:
    """Seals passwords for a workspace's recipients.

    What the keys at hand can open and is the same stays as it is. Sealing is never twice the same,
    so what was sealed once is kept: a plan that is made again is equal.
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._sealed: dict[tuple[str, str, str], str] = {}
        self._unseen: set[str] = set()

    def value(
        self, inventory: Inventory, username: object, password: str, present: Member | None = None
    ) -> Value:
        """The value of the field `password`; `present` is the file that may hold it already."""
        if not isinstance(username, str):
            message = "a password is sealed together with a user name, and there is none"
            raise Refused(message, "give it one with --username")
        from sipctl.passwords import sealing

        recipients = recipients_of(inventory.settings)
        wanted = sealing.Opened(username, password)
        old = present.password("age") if present else None
        if present is not None and old is not None and self._is(old, wanted, recipients, present):
            return {"age": old.value}
        return {"age": self.sealed(wanted, recipients)}

    def sealed(self, wanted: sealing.Opened, recipients: Mapping[str, str]) -> str:
        """A new sealed value."""
        from sipctl.passwords import sealing

        key = (wanted.username, wanted.password, sealing.set_id(recipients.values()))
        if key not in self._sealed:
            self._sealed[key] = sealing.seal(*key[:2], recipients.values())
        return self._sealed[key]

    def _is(
        self, old: Scalar, wanted: sealing.Opened, recipients: Mapping[str, str], member: Member
    ) -> bool:
        """True where the old value holds just this, for just these recipients."""
        from sipctl.passwords import sealing

        try:
            opened = sealing.open_(old.value, self.keys.identities)
        except sealing.Foreign:
            self._unseen.add(member.reference)
            return False
        except sealing.Malformed:
            return False
        return opened == wanted and is_for(old.value, recipients)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell of the values that no key at hand could open."""
        if not self._unseen:
            return ()
        of = of_these(map(ENDPOINT.path, sorted(self._unseen)))
        return (f"{of}: no key at hand opens the old password, so it is sealed anew, same or not",)


def is_for(text: str, recipients: Mapping[str, str]) -> bool:
    """True where a sealed value is for just these recipients; raises Malformed."""
    from sipctl.passwords import sealing

    sealed = sealing.parse(text)
    keys = recipients.values()
    return sealed.set_id == sealing.set_id(keys) and sealed.for_keys == sealing.for_keys(keys)


class NewPassword:
    """A password that is to be sealed, and by what. It does not show it when it is printed."""

    def __init__(self, text: str, by: Sealer) -> None:
        self.text = text
        self.by = by

    def value(self, inventory: Inventory, username: object, present: Member | None = None) -> Value:
        """The value of the field `password`, as `Sealer.value`."""
        return self.by.value(inventory, username, self.text, present)


def create(inventory: Inventory, fields: Mapping[str, Value], password: NewPassword) -> Plan:
    """A new endpoint with a sealed password."""
    value = password.value(inventory, fields.get("username"))
    return operations.create(inventory, [{**fields, "password": value}])


def duplicate(
    inventory: Inventory, reference: str, new: str, changes: Changes, password: NewPassword
) -> Plan:
    """A copy of an endpoint with a sealed password of its own."""
    username = username_of(editable(inventory, reference), changes)
    value = password.value(inventory, username)
    return operations.duplicate(inventory, reference, new, {**changes, "password": value})


def edit(
    inventory: Inventory, references: Iterable[str], changes: Changes, password: NewPassword
) -> Plan:
    """The same changes to each endpoint, and the same password, sealed for each of its own."""
    edits: list[Edit] = []
    for reference in dict.fromkeys(references):
        member = inventory.member(reference)
        value = password.value(inventory, username_of(member, changes), member)
        wanted = {**changes, "password": value}
        edits.append((editable(inventory, reference, changes=wanted), wanted))
    return operations.plan_of_edits("edit", edits)._replace(notes=password.by.notes)


def set_passwords(inventory: Inventory, given: Mapping[str, str], by: Sealer) -> Plan:
    """Each of these endpoints with its password, sealed."""
    edits: list[Edit] = []
    plain = 0
    for reference, password in progress.over(given.items(), "Sealing passwords", len(given)):
        member = inventory.member(reference)
        plain += member.facts.kept is not None and member.facts.kept.form == "plain"
        if member.node("username") is None:
            raise without_user_name(reference)
        value = by.value(inventory, username_of(member), password, member)
        wanted = {"password": value}
        edits.append((editable(inventory, reference, changes=wanted), wanted))
    notes = (*by.notes, *([stood_in_plain_text(plain)] if plain else []))
    return operations.plan_of_edits("secret set", edits)._replace(notes=notes)


def without_user_name(reference: str) -> Refused:
    """Why nothing can be sealed for an endpoint."""
    hint = f"give it one: `sipctl edit {reference} --username NAME --password-stdin`"
    return Refused(f'"{reference}" has no user name to seal a password with', hint)


def stood_in_plain_text(count: int) -> str:
    """What to tell of passwords that are sealed now and were not before."""
    what = "1 password" if count == 1 else f"{count} passwords"
    return (
        f"{what} stood in plain text: if it was ever committed, `sipctl secret check --history` "
        "tells what to change at the carriers"
    )


def username_of(member: Member, changes: Changes | None = None) -> object:
    """The user name that an endpoint has, or will have with these changes."""
    node = member.node("username")
    present = node.value if isinstance(node, Scalar) else None
    return (changes or {}).get("username", present)


# -- opening one ---------------------------------------------------------------------------------


def reveal(root: Path, inventory: Inventory, reference: str, keys: Keys) -> str:
    """The password of an endpoint, from wherever it is kept.

    Raises Refused where there is none, it is not at hand, or a sealed one is another user's.
    """
    member = inventory.member(reference)
    kept = member.facts.kept
    if kept is None:
        hint = f"give it one with `sipctl secret set {reference}`"
        raise Refused(f'"{reference}" has no password', hint, member.findings)
    if kept.sealed:
        return _opened(member, kept.sealed, keys)
    if kept.form == "env" and kept.named:
        return _of_variable(kept.named)
    if kept.form == "file" and kept.named:
        return _of_file(root / kept.named)
    node = member.node("password")
    if kept.form == "plain" and isinstance(node, Scalar):
        return node.value
    message = f'the password of "{reference}" cannot be read'
    raise Refused(message, "see `sipctl secret check`", member.findings)


def _opened(member: Member, text: str, keys: Keys) -> str:
    from sipctl.passwords import sealing

    reference = member.reference
    if not keys:
        hint = "SIPCTL_IDENTITY_FILE names a file with one; `sipctl secret recipients` tells whose"
        raise Refused("no secret key is at hand", hint)
    try:
        opened = sealing.open_(text, keys.identities)
    except sealing.Unsealable as fault:
        raise Refused(
            f'the password of "{reference}": {fault}', "see `sipctl secret check`"
        ) from None
    if opened.username != username_of(member):
        hint = "somebody has moved it here; see `sipctl secret check`"
        raise Refused(f'the password of "{reference}" belongs to another user name', hint)
    return opened.password


def _of_variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise Refused(f"the variable {names.quoted(name)} is not set")
    return value


_LONGEST = 64 * 1024


def _of_file(file: Path) -> str:
    """The first bytes of a plain file: a pipe is not waited for, and a device not drained."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(f"{names.quoted(str(file))} is not a plain file")
            return without_line_end(stream.read(_LONGEST).decode("utf-8"))
    except OSError as error:
        raise Refused(f"{names.quoted(str(file))} cannot be read: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise Refused(f"{names.quoted(str(file))} is not text in UTF-8") from None


def without_line_end(text: str) -> str:
    """A password as a file or a pipe holds it: one line end behind it is none of it."""
    return text.removesuffix("\n").removesuffix("\r")
