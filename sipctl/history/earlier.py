"""What a file takes from an earlier version of it, an endpoint's password above all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from sipctl.changes import field_name, holds_password, of_these, snapshot
from sipctl.editing import Change, edited, edited_within
from sipctl.endpoint import FIELDS
from sipctl.errors import Refused
from sipctl.history.log import Renames
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, reference_of
from sipctl.member import Member
from sipctl.names import MASK
from sipctl.rules import graphs
from sipctl.scenarios import catalogue
from sipctl.scenarios.ways import data_of
from sipctl.workspace import read_member
from sipctl.yamlfile.nodes import Mapping as MappingNode
from sipctl.yamlfile.nodes import plain_data
from sipctl.yamlfile.write import UNSET, KeyPath


def value_of(root: MappingNode, name: str) -> Change:
    """A field's value in an earlier version of an endpoint, as an edit takes it."""
    node = root.get(name)
    if node is None:
        return UNSET
    if name.startswith("x-"):
        return data_of(node)
    shown = None if name == "password" or name not in FIELDS else snapshot(root)[name].data
    return cast(Change, plain_data(node) if shown in (None, MASK) else shown)


@dataclass
class Notes:
    """Words for the user about what was not done as asked."""

    lines: list[str] = field(default_factory=list)

    def add(self, path: str, words: str) -> None:
        """Say something of the member at a path."""
        self.lines.append(f"{of_these([path])}: {words}")


def password(
    old: MappingNode, today: MappingNode | None, path: str, notes: Notes, *, keep: bool
) -> Change:
    """The password that an endpoint gets which goes back to `old`. A plaintext one never comes
    back.

    `keep` asks for today's. It goes where there is no user name, which it would need.
    """
    earlier = value_of(old, "password")
    now = value_of(today, "password") if today else UNSET
    if earlier == now:
        return now
    if today and _is_sealed_for_another(today, old):
        return _of_other_user(old, earlier, path, notes)
    node = old.get("password")
    if keep and today:
        if old.get("username") is None:
            notes.add(path, "there was no user name, so today's password goes")
            return UNSET
        back = "" if node is None or holds_password(node) else _BACK
        notes.add(path, f"today's password stays{back}")
        return now
    if node is None or not holds_password(node):
        return earlier
    give = f"give it one with `sipctl secret set {reference_of(path)}`"
    instead = "today's stays" if now is not UNSET else give
    notes.add(path, f"its plaintext password does not come back; {instead}")
    return now


_BACK = "; `--field password` brings the earlier one"


def _is_sealed_for_another(today: MappingNode, old: MappingNode) -> bool:
    """True where today's password is sealed, together with a user name that is not the old one."""
    node, username = today.get("password"), old.get("username")
    is_sealed = isinstance(node, MappingNode) and node.get("age") is not None
    return (
        is_sealed
        and username is not None
        and value_of(today, "username") != value_of(old, "username")
    )


def _of_other_user(old: MappingNode, earlier: Change, path: str, notes: Notes) -> Change:
    """The password that belongs to the user name which comes back."""
    node = old.get("password")
    if node is not None and not holds_password(node):
        notes.add(path, "the earlier user name comes back, and with it its own password")
        return earlier
    give = f"`sipctl secret set {reference_of(path)}` gives it one"
    notes.add(path, f"today's password belongs to today's user name, so it goes; {give}")
    return UNSET


def gone_back(old: Member, today: Member | None, path: str, notes: Notes, *, keep: bool) -> bytes:
    """The bytes of an earlier version as they are to stand at `path`: an endpoint's with the
    password that it may have."""
    kind, reference = old.kind, reference_of(path)
    if old.root is None:
        hint = f"see `{kind.command} history {reference}` for another one"
        raise Refused(f'that version of "{reference}" cannot be read', hint)
    changes: dict[str, Change] = {}
    if kind is ENDPOINT:
        wanted = password(old.root, today.root if today else None, path, notes, keep=keep)
        if wanted != value_of(old.root, "password"):
            changes["password"] = wanted
    if old.reference != reference:
        changes["reference"] = reference
    return edited(old, changes) if changes else old.data


def with_present_names(
    old: Member, inventory: Inventory, renames: Callable[[], Renames], notes: Notes
) -> Member:
    """An earlier version of a scenario that names each endpoint as it is called now.

    `renames` gives those of endpoints since; it is asked only where an endpoint is named.
    """
    uses = list(graphs.uses(old.root)) if old.root and old.kind is SCENARIO else []
    changes: dict[KeyPath, Change] = {}
    for use in uses:
        path = ENDPOINT.path(use.endpoint)
        now, action = renames().now(path), field_name(("actions", use.action))
        if now is None:
            words = f"{use.endpoint} is the name of another endpoint now than it was then"
            notes.add(old.path, f"{action}: {words}")
        elif now != path and now in inventory.members:
            name = reference_of(now)
            changes["actions", use.action, _parameter()] = name
            notes.add(old.path, f"{action}: {use.endpoint} is called {name} now, and stays so")
    return read_member(old.path, edited_within(old, changes)) if changes else old


def _parameter() -> str:
    name = catalogue.of_role("endpoint").endpoint_parameter
    assert name is not None
    return name
