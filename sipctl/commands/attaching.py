"""attach, detach, reroute, uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from sipctl import attaching
from sipctl.attaching import Place
from sipctl.commands.endpoints import Close
from sipctl.commands.session import READING_FORMATS, Session, session_of
from sipctl.errors import Usage
from sipctl.inventory import UsedAt

Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")]


def attach(
    ctx: typer.Context,
    scenario: Scenario,
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

    Adds the action "Distribution to SIP endpoint" and links the branch to it. In a
    scenario without actions it is the first. Without --after and --branch a
    terminal shows the scenario and asks.
    """
    session = session_of(ctx)
    place = Place(after, branch, id, fallback, replace, insert)
    if session.interactive and (after is None or branch is None):
        place = _chosen(session, scenario, place)
    session.write(lambda inventory: attaching.attach(inventory, scenario, endpoint, place))


def _chosen(session: Session, reference: str, place: Place) -> Place:
    """The place with a branch that the user points at in the tree."""
    from sipctl import output
    from sipctl.render.scenario import choices

    scenario, _ = attaching.scenario_of(session.inventory(), reference)
    if not scenario.actions:
        return place
    known = scenario.actions[place.after].known if place.after in scenario.actions else None
    if known and len(known.branches) == 1:
        return place
    offered = attaching.open_branches(scenario)
    output.show_to_user(choices(scenario), session.color)
    while True:
        answer = typer.prompt("which branch (a number, or ACTION/LABEL)", err=True).strip()
        found = _pointed_at(answer, offered)
        if found is not None:
            return replace(place, after=found[0], branch=found[1])
        typer.echo(f'"{answer}" is no branch of this scenario', err=True)


def _pointed_at(answer: str, offered: list[tuple[str, str]]) -> tuple[str, str] | None:
    if answer.isascii() and answer.isdigit() and len(answer) < 6:
        return offered[int(answer) - 1] if 0 < int(answer) <= len(offered) else None
    action, slash, label = answer.rpartition("/")
    return (action, label) if slash and action and label else None


def detach(
    ctx: typer.Context,
    scenario: Scenario,
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
) -> None:
    """Show every scenario, action and line that names an endpoint."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    found = attaching.uses_of(session.inventory(), reference)
    if printer.structured:
        printer.document({"reference": reference, "uses": [_data(use) for use in found]})
    elif printer.format == "name":
        printer.lines(dict.fromkeys(use.scenario for use in found))
    elif printer.format == "csv":
        rows = [(use.scenario, use.action, use.place.file, str(use.place.line)) for use in found]
        printer.table(("scenario", "action", "file", "line"), rows)
    else:
        shown = [(use.scenario, use.action, _where(use)) for use in found]
        printer.table(("SCENARIO", "ACTION", "WHERE"), shown)


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
