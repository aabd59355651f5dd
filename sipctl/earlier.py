"""What an endpoint's file takes from an earlier version of it, its password above all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sipctl.changes import names_password, snapshot
from sipctl.endpoint import FIELDS
from sipctl.errors import Refused
from sipctl.inventory import Member
from sipctl.nodes import Mapping as MappingNode
from sipctl.nodes import Node, Scalar, plain_data
from sipctl.operations import Change, edited
from sipctl.yamlfile.write import UNSET


def _is_plaintext(node: Node) -> bool:
    """True where a password stands in the file itself, in whatever form."""
    if not isinstance(node, MappingNode) or len(node.entries) != 1:
        return True
    key, value = node.entries[0]
    sealed = key.value == "age" and isinstance(value, Scalar)
    return not sealed and not names_password(key.value, value)


def value_of(root: MappingNode, name: str) -> Change:
    """A field's value in an earlier version, as an edit takes it."""
    node = root.get(name)
    if node is None:
        return UNSET
    as_it_stands = name == "password" or not (name in FIELDS or name.startswith("x-"))
    return cast(Change, plain_data(node) if as_it_stands else snapshot(root)[name].data)


@dataclass
class Notes:
    """Words for the user about what was not done as asked."""

    lines: list[str] = field(default_factory=list)

    def add(self, reference: str, words: str) -> None:
        self.lines.append(f"{reference}: {words}")


def password(
    old: MappingNode, today: MappingNode | None, reference: str, notes: Notes, *, keep: bool
) -> Change:
    """The password that a file gets which goes back to `old`. A plaintext one never comes back.

    `keep` asks for today's. It goes where there is no user name, which it would need.
    """
    earlier = value_of(old, "password")
    now = value_of(today, "password") if today else UNSET
    if earlier == now:
        return now
    if keep and today:
        if old.get("username") is None:
            notes.add(reference, "there was no user name, so today's password goes")
            return UNSET
        notes.add(reference, "today's password stays; `--field password` brings the earlier one")
        return now
    node = old.get("password")
    if node is None or not _is_plaintext(node):
        return earlier
    instead = "today's stays" if now is not UNSET else f"give it one with `sipctl edit {reference}`"
    notes.add(reference, f"its plaintext password does not come back; {instead}")
    return now


def gone_back(
    old: Member, today: Member | None, reference: str, notes: Notes, *, keep: bool
) -> bytes:
    """The bytes of an earlier version under `reference`, with the password that it may have."""
    if old.root is None:
        hint = f"see `sipctl history {reference}` for another one"
        raise Refused(f'that version of "{reference}" cannot be read', hint)
    root = today.root if today else None
    changes: dict[str, Change] = {"password": password(old.root, root, reference, notes, keep=keep)}
    if changes["password"] == value_of(old.root, "password"):
        del changes["password"]
    if old.reference != reference:
        changes["reference"] = reference
    return edited(old, changes) if changes else old.data
