"""scenario create, edit, list, show, rename, duplicate, delete."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from sipctl import operations, selection, status, tracked
from sipctl.changes import Plan
from sipctl.commands import editor, form
from sipctl.commands.arguments import At, Force, Limit
from sipctl.commands.session import (
    DRAWING_FORMATS,
    READING_FORMATS,
    called_then,
    session_of,
    split,
)
from sipctl.editing import Change
from sipctl.errors import Usage
from sipctl.inventory import Inventory
from sipctl.kinds import SCENARIO
from sipctl.names import word
from sipctl.scenarios.graph import links
from sipctl.scenarios.scenario import FIELDS, TYPES, Scenario
from sipctl.yamlfile.write import UNSET, Value

Name = Annotated[
    str | None, typer.Option("--name", metavar="TEXT", help="What people call the scenario.")
]
Description = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="A note for people.")
]
EntryPoints = Annotated[
    list[str] | None,
    typer.Option(
        "--entry-point",
        metavar="NUMBER",
        help="A number that leads here, +33100000000; repeat it, or use commas, for more.",
    ),
]
Reference = Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")]


def _given(
    name: str | None, description: str | None, entry_points: list[str] | None
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if name is not None:
        values["name"] = name
    if description is not None:
        values["description"] = description
    if entry_points:
        values["entry_points"] = split(entry_points)
    return values


def create(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="Reference of the new scenario.")
    ] = None,
    type_: Annotated[
        str,
        typer.Option(
            "--type", metavar="TYPE", help=f"{TYPES[0]} (a call comes in) or {TYPES[1]} (after it)."
        ),
    ] = TYPES[0],
    name: Name = None,
    description: Description = None,
    entry_points: EntryPoints = None,
) -> None:
    """Create a scenario.

    It has no actions yet: `sipctl attach` gives it the first, your editor any
    other. The type cannot change later. On a terminal the command asks for the
    fields of the form where the reference is missing.
    """
    session = session_of(ctx)
    values = _given(name, description, entry_points)
    typed = ctx.get_parameter_source("type_")
    if reference is not None or (typed is not None and typed.name != "DEFAULT"):
        values["type"] = type_
    if reference is not None:
        values["reference"] = reference
    elif session.interactive:
        values = form.ask(values, session.root(), SCENARIO)
    else:
        raise Usage("a reference is missing", "sipctl scenario create SCENARIO")
    session.write(lambda inventory: operations.create(inventory, [values], SCENARIO))


def edit(
    ctx: typer.Context,
    reference: Reference,
    name: Name = None,
    description: Description = None,
    entry_points: EntryPoints = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="ACTION", help="The first action.")
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option("--unset", metavar="FIELD", help="Take a field out; repeat it for more."),
    ] = None,
) -> None:
    """Change a scenario, by options or in your editor.

    Comments, order and layout stay. What --entry-point gives replaces the whole
    list that was there. Without options that change something, the file opens in
    your editor.
    """
    session = session_of(ctx)
    changes: dict[str, Change] = dict(_given(name, description, entry_points))
    if start is not None:
        changes["start"] = start
    for given in unset or []:
        option = given.replace("-", "_")
        field = "entry_points" if option in ("entry_point", "entry_points") else given
        if field not in FIELDS and not field.startswith("x-"):
            message = f'"{word(given)}" is not a field'
            raise Usage(message, f"fields are {', '.join(FIELDS)}")
        if field in changes:
            raise Usage(f'"{given}" is both set and unset')
        changes[field] = UNSET
    if changes:
        session.write(lambda inventory: operations.edit(inventory, [reference], changes, SCENARIO))
    else:
        editor.edit(session, reference, SCENARIO)


def duplicate(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario to copy.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Reference of the copy.")],
    name: Name = None,
    description: Description = None,
    entry_points: EntryPoints = None,
) -> None:
    """Copy a scenario, comments too.

    Its numbers stay with the original, since each leads to one scenario.
    """
    session = session_of(ctx)
    changes: dict[str, Change] = {"entry_points": UNSET}
    changes |= _given(name, description, entry_points)
    session.write(
        lambda inventory: operations.duplicate(inventory, reference, new, changes, SCENARIO)
    )


def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The present reference.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The reference it shall have.")],
) -> None:
    """Give a scenario another reference."""
    session_of(ctx).write(lambda inventory: operations.rename(inventory, old, new, SCENARIO))


def delete(
    ctx: typer.Context,
    references: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="The scenarios.")],
    force: Force = False,
) -> None:
    """Delete scenarios.

    Git keeps them: `sipctl scenario restore SCENARIO` brings one back.
    """
    session = session_of(ctx)
    root = session.root()

    def planner(inventory: Inventory) -> Plan:
        gone, left = status.removed_by_hand(root, inventory, references, SCENARIO)
        return operations.delete(inventory, left, SCENARIO, gone=gone)

    session.write(planner, guarded=selection.is_many(references, None), force=force)


# -- reading -------------------------------------------------------------------------------------


_HEADERS = ("REFERENCE", "NAME", "TYPE", "ENTRY POINTS", "ACTIONS", "ENDPOINTS")


def list_(ctx: typer.Context, limit: Limit = None) -> None:
    """List the scenarios."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    inventory = session.inventory()
    found = dict(islice(inventory.scenarios.items(), limit))
    if printer.format == "name":
        printer.lines(found)
    elif printer.structured:
        records = [record(scenario) for scenario in found.values()]
        printer.document({"scenarios": records, "unreadable": inventory.unread(SCENARIO)})
    else:
        rows = [_row(reference, s) for reference, s in found.items()]
        printer.table(_HEADERS, rows, len(inventory.scenarios) - len(found))


def _row(reference: str, scenario: Scenario) -> tuple[str, ...]:
    numbers = ",".join(scenario.entry_points or ())
    count, used = str(len(scenario.actions)), ",".join(scenario.endpoints())
    return (reference, scenario.name or "", scenario.type_, numbers, count, used)


def record(scenario: Scenario) -> dict[str, Any]:
    """A scenario as JSON shows it, with the endpoints that it uses."""
    return {**scenario.record(), "endpoints": list(scenario.endpoints())}


def show(
    ctx: typer.Context,
    reference: Reference,
    at: At = None,
) -> None:
    """Draw a scenario as a tree, for Mermaid or for Graphviz."""
    session = session_of(ctx)
    printer = session.printer(*DRAWING_FORMATS)
    inventory = session.inventory() if at is None else tracked.at_revision(session.root(), at)
    if at is not None:
        reference = called_then(session, inventory, reference, at, SCENARIO)
    scenario = inventory.readable(reference, SCENARIO).scenario
    assert scenario is not None
    if printer.format == "name":
        printer.lines([reference])
    elif printer.structured:
        printer.document({"scenario": record(scenario)})
    elif printer.format == "csv":
        printer.table(("ACTION", "TYPE", "BRANCH", "TARGET"), list(_links(scenario)))
    else:
        printer.drawing(scenario, inventory.endpoints)


def _links(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """A row for each branch, and for each action without any."""
    for id, action in scenario.actions.items():
        if not action.branches:
            yield (id, action.action, "", "")
    for link in links(scenario):
        kind = scenario.actions[link.source].action
        yield (link.source, kind, link.label, link.target or "")
