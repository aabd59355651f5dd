"""create, edit, duplicate, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from sipctl import operations, selection, workspace
from sipctl.changes import Plan
from sipctl.commands import editor, form, passwords
from sipctl.commands.arguments import Close, Force, References, Where
from sipctl.commands.session import Session, field_named, session_of
from sipctl.editing import Change, Changes
from sipctl.endpoint import FIELDS
from sipctl.errors import Usage
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT
from sipctl.names import word
from sipctl.passwords import secrets
from sipctl.yamlfile.write import UNSET


def create(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="REF", help="Reference of the new endpoint.")
    ] = None,
) -> None:
    """Create an endpoint.

    Only what is given is written: an absent port is no port to SIP. On a terminal
    the command asks for the fields of the form where the reference or the host is
    missing.
    """
    session = session_of(ctx)
    values = session.values()
    if reference is not None:
        values["reference"] = reference
    if session.gives_password and reference is not None:
        passwords.refuse_bad_reference(reference)
    if session.seals and reference is not None:  # before the password is asked for
        operations.refuse_taken(workspace.load(session.root()), reference)
    if {"reference", "host"} <= values.keys():
        sealed = passwords.given(session, "Password")
    elif session.interactive:
        values, sealed = form.endpoint(session, values)
    else:
        missing = "--host" if "reference" in values else "a reference"
        raise Usage(f"{missing} is missing", "sipctl create REF --host HOST")

    def planner(inventory: Inventory) -> Plan:
        if sealed is None:
            return operations.create(inventory, [values])
        return secrets.create(inventory, values, sealed)

    session.write(planner)


def edit(
    ctx: typer.Context,
    references: References = None,
    where: Where = None,
    unset: Annotated[
        list[str] | None,
        typer.Option("--unset", metavar="FIELD", help="Take a field out; repeat it for more."),
    ] = None,
    force: Force = False,
) -> None:
    """Change endpoints, by options or in your editor.

    Comments, order and layout stay. Many at once is one commit. What --tag or
    --codec gives replaces the whole list that was there: `sipctl tag add` adds.
    Without options that change something, one endpoint opens in your editor. A
    sealed password belongs to its user name: a new one needs its password again.
    """
    session = session_of(ctx)
    values = _with_unset(session, unset or [])
    sealed = passwords.given(session, "Password")
    if sealed is None and "username" in values and "password" not in values:
        sealed = _of_new_user(session, references or (), values)

    def planner(inventory: Inventory) -> Plan:
        if session.gives_password:
            passwords.refuse_unknown(inventory, references or ())
        chosen = selection.of(inventory, references or (), where)
        if sealed is None:
            return operations.edit(inventory, chosen, values)
        return secrets.edit(inventory, chosen, values, sealed)

    if values or sealed:
        session.write(planner, guarded=selection.is_many(references or (), where), force=force)
    elif references and len(references) == 1 and where is None:
        editor.edit(session, references[0])
    else:
        raise Usage("nothing to change is given", "sipctl edit REF --port 5061")


def _of_new_user(
    session: Session, references: Sequence[str], values: Changes
) -> secrets.NewPassword | None:
    """On a terminal the password of a new user name is asked for, where the old one is sealed."""
    if not session.interactive or len(references) != 1:
        return None
    inventory = workspace.load(session.root())
    member = inventory.members.get(ENDPOINT.path(references[0]))
    login = member.facts.login if member else None
    if login is None or login.username == values["username"]:
        return None
    return passwords.asked_for(session, inventory.settings, "Password of the new user name")


def _with_unset(session: Session, unset: list[str]) -> Changes:
    values = dict(session.values())
    changes: dict[str, Change] = dict(values)
    for name in unset:
        field = field_named(name, FIELDS)
        if field is None:
            what = "what --unset names" if session.gives_password else f'"{word(name)}"'
            raise Usage(f"{what} is not a field", f"fields are {', '.join(FIELDS)}")
        if field in values or (field == "password" and session.seals):
            raise Usage(f'"{name}" is both set and unset')
        changes[field] = UNSET
    return changes


def duplicate(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="The endpoint to copy.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Reference of the copy.")],
) -> None:
    """Copy an endpoint, comments too."""
    session = session_of(ctx)
    values = session.values()
    if session.gives_password:
        passwords.refuse_bad_reference(new)
    sealed = passwords.given(session, "Password of the copy")

    def planner(inventory: Inventory) -> Plan:
        if session.gives_password:
            passwords.refuse_unknown(inventory, [reference])
        if sealed is None:
            return operations.duplicate(inventory, reference, new, values)
        return secrets.duplicate(inventory, reference, new, values, sealed)

    session.write(planner)


def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The present reference.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The reference it shall have.")],
    force: Annotated[
        bool, typer.Option("--force", help="Even while a scenario cannot be read.")
    ] = False,
) -> None:
    """Give an endpoint another reference, in every scenario too."""
    session_of(ctx).write(lambda inventory: operations.rename(inventory, old, new, force=force))


def delete(
    ctx: typer.Context,
    references: References = None,
    where: Where = None,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Detach it from the scenarios that use it.")
    ] = False,
    close: Close = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on without asking, and while a scenario cannot be read."),
    ] = False,
) -> None:
    """Delete endpoints.

    Refused while a scenario uses one, naming each use. Git keeps them: `sipctl
    restore REF` brings one back.
    """
    from sipctl import status

    session = session_of(ctx)
    root = session.root()

    def planner(inventory: Inventory) -> Plan:
        gone, left = status.removed_by_hand(root, inventory, references or (), ENDPOINT)
        chosen = selection.of(inventory, left, where) if left or where or not gone else ()
        return operations.delete(
            inventory, chosen, gone=gone, cascade=cascade, close=close, force=force
        )

    session.write(planner, guarded=selection.is_many(references or (), where), force=force)
