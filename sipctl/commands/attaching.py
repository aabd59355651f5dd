"""attach, detach, reroute, uses."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from typing import Annotated

import typer

from sipctl import names
from sipctl.commands.arguments import Close, Limit
from sipctl.commands.session import READING_FORMATS, Session, session_of
from sipctl.errors import Usage
from sipctl.inventory import UsedAt
from sipctl.kinds import SCENARIO
from sipctl.render.outline import Row, open_branches
from sipctl.scenarios import attaching
from sipctl.scenarios.attaching import Place
from sipctl.scenarios.scenario import Scenario

Reference = Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")]

_SHOWN = 20
"""So many open branches are named."""


def attach(
    ctx: typer.Context,
    scenario: Reference,
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint.")],
    after: Annotated[
        str | None, typer.Option("--after", metavar="ACTION", help="The action it comes behind.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="LABEL", help="Which of its branches.")
    ] = None,
    id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The new action's; else the endpoint's reference."),
    ] = None,
    fallback: Annotated[
        str | None,
        typer.Option(
            "--fallback", metavar="ACTION", help="Where calls go that the endpoint does not take."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take out the link that the branch has already.")
    ] = False,
    insert: Annotated[
        bool,
        typer.Option(
            "--insert", help="Come in front of where the branch leads, and fall back to it."
        ),
    ] = False,
) -> None:
    """Send the calls of a scenario's branch to an endpoint.

    Adds the action "Distribution to SIP endpoint" and links the branch to it. In
    a scenario without actions it is the first. Without --after and --branch a
    terminal shows the scenario and asks.
    """
    session = session_of(ctx)
    place = Place(after, branch, id, fallback, replace, insert)
    if after is None or branch is None:
        place = _told(session, scenario, endpoint, place)
    session.write(lambda inventory: attaching.attach(inventory, scenario, endpoint, place))


def _told(session: Session, reference: str, endpoint: str, place: Place) -> Place:
    """The place with a branch: the one that it tells, or that the user points at in the tree."""
    inventory = session.inventory()
    scenario, _ = attaching.scenario_of(inventory, reference)
    inventory.member(endpoint)
    if not scenario.actions or attaching.told_branch(scenario, place):
        return place
    rows = open_branches(scenario, place.after)
    if session.interactive and place.branch is None:
        return _chosen(session, scenario, rows, place)
    where = f'which branch of "{place.after}"' if place.after else f'where in "{reference}"'
    raise Usage(f"{where} is not given", _offered(list(rows.values())))


def _offered(rows: list[Row]) -> str:
    """The open branches, as one would ask for them."""
    told = [f"--after {shlex.quote(row.source)} --branch {_labels(row)}" for row in rows[:_SHOWN]]
    more = [f"and {len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
    if not told:
        return "no branch is open: name one with --after and --branch, and --insert or --replace"
    return "\n  ".join(["these branches are open:", *told, *more])


def _labels(row: Row) -> str:
    first, *others = [shlex.quote(label) for label in (row.label or "", *row.others)]
    return f"{first} (or {' '.join(others)})" if others else first


def _chosen(session: Session, scenario: Scenario, rows: Mapping[str, Row], place: Place) -> Place:
    """The place with a branch that the user points at in the tree."""
    from sipctl import output
    from sipctl.render.scenario import choices

    output.show_to_user(choices(scenario, place.after), session.color)
    of, ways = "of this scenario", "a number, or ACTION/LABEL"
    if place.after is not None:
        of, ways = f'of "{place.after}"', "its label, or its number" if rows else "its label"
    question = f"which branch ({ways})" if place.after is None else f"which branch {of} ({ways})"
    while True:
        answer = typer.prompt(question, err=True).strip()
        found = _pointed_at(answer, scenario, rows, place.after)
        if found is not None and place.after in (None, found[0]):
            return dataclasses.replace(place, after=found[0], branch=found[1])
        typer.echo(f"{names.quoted(answer)} is no branch {of}", err=True)


def _pointed_at(
    answer: str, scenario: Scenario, rows: Mapping[str, Row], after: str | None
) -> tuple[str, str] | None:
    """The branch that an answer means: of the action `after` its label alone will do."""
    if after is not None and answer in scenario.actions[after].labels:
        return after, answer
    if answer in rows:
        return rows[answer].source, rows[answer].label or ""
    slashes = [at for at, char in enumerate(answer) if char == "/"]
    for id, label in ((answer[:at], answer[at + 1 :]) for at in slashes):
        action = scenario.actions.get(id)
        if action and label and attaching.has_branch(action, label):
            return id, label
    return None


def detach(
    ctx: typer.Context,
    scenario: Reference,
    endpoint: Annotated[
        str | None, typer.Argument(metavar="[ENDPOINT]", help="The endpoint.")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", metavar="ID", help="This one action for it only.")
    ] = None,
    fallback: Annotated[
        str | None,
        typer.Option(
            "--fallback",
            metavar="ACTION",
            help="Where its callers go instead; else where its failure branches lead.",
        ),
    ] = None,
    close: Close = False,
) -> None:
    """Take an endpoint out of a scenario.

    What led to it leads to its fallback instead. Refused where there is none,
    since callers would hear silence, unless --close lets their calls end there. A
    link of a load sharing goes.
    """
    session = session_of(ctx)
    if endpoint is None and action is None:
        raise Usage("an endpoint is missing", "name it, or one action with --action")
    session.write(
        lambda inventory: attaching.detach(
            inventory, scenario, endpoint, action, fallback, close=close
        )
    )


def reroute(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The endpoint that calls go to.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The one they shall go to.")],
    within: Annotated[
        str | None, typer.Option("--in", metavar="SCENARIO", help="In this scenario only.")
    ] = None,
) -> None:
    """Send calls to another endpoint, in every scenario.

    Actions, links and comments stay.
    """
    session_of(ctx).write(lambda inventory: attaching.reroute(inventory, old, new, within))


def uses(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="The endpoint.")],
    limit: Limit = None,
) -> None:
    """Show every scenario, action and line that names an endpoint."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    inventory = session.inventory()
    known = attaching.uses_of(inventory, reference)
    found = known[:limit]
    if printer.structured:
        uses = [_data(use) for use in found]
        unreadable = inventory.unread(SCENARIO)
        printer.document({"reference": reference, "uses": uses, "unreadable": unreadable})
    elif printer.format == "name":
        printer.lines(dict.fromkeys(use.scenario for use in found))
    elif printer.format == "csv":
        rows = [tuple(map(str, _data(use).values())) for use in found]
        printer.table(("SCENARIO", "ACTION", "FILE", "LINE", "COLUMN"), rows)
    else:
        shown = [(use.scenario, use.action, _where(use)) for use in found]
        printer.table(("SCENARIO", "ACTION", "WHERE"), shown, len(known) - len(found))


def _where(use: UsedAt) -> str:
    return f"{use.place.file}:{use.place.line}:{use.place.column}"


def _data(use: UsedAt) -> dict[str, object]:
    place = use.place
    return {
        "scenario": use.scenario,
        "action": use.action,
        "file": place.file,
        "line": place.line,
        "column": place.column,
    }
