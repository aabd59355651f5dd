"""plan."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from sipctl import output
from sipctl.commands.comparing import (
    ExitCode,
    comparison_data,
    opened,
    read,
    side_data,
)
from sipctl.commands.session import COMPARING_FORMATS, session_of
from sipctl.diff import consequences, sides
from sipctl.diff.comparison import compare
from sipctl.diff.consequences import Caution, Consequence, Impact, sentence
from sipctl.diff.detours import Reached, Step, Trail
from sipctl.render import plan as render
from sipctl.statuses import CHANGES


def plan(
    ctx: typer.Context,
    base: Annotated[
        str | None,
        typer.Argument(
            metavar="[BASE]",
            help="What the change is to be merged into, a branch or a revision; without it the "
            "target branch that GitHub or GitLab name, else the upstream, else origin/HEAD.",
        ),
    ] = None,
    exit_code: ExitCode = False,
) -> None:
    """Show what a change does to calls, before it is merged.

    The files on disk are compared with where they parted from BASE: what
    others did there since is no part of the change. First comes what could hide
    one, then what calls will notice, then the changes by field.
    """
    session = session_of(ctx)
    printer = session.printer(*COMPARING_FORMATS)
    root, repository = opened(session)
    old = sides.base(repository, base, os.environ)
    before, now = read(root, repository, old, sides.DISK)
    found = compare(before, now)
    impact = consequences.impact(before, now, found)
    if exit_code and (found.differences or any(c.kind == "ignore" for c in impact.cautions)):
        session.status = CHANGES
    if printer.format == "json":
        printer.document({"base": side_data(old), **_impact(impact), **comparison_data(found)})
    elif printer.format == "markdown":
        from sipctl.render.markdown import plan as in_markdown

        printer.lines([in_markdown(old.shown, impact, found)])
    else:
        printer.show(render.plan(old.shown, impact, found))


# -- what JSON documents hold --------------------------------------------------------------------


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "cautions": [_caution(caution) for caution in impact.cautions],
        "consequences": [_consequence(one) for one in impact.consequences],
    }


def _caution(caution: Caution) -> dict[str, Any]:
    return {
        "kind": caution.kind,
        "place": output.place_data(caution.place),
        "text": render.plain(caution.what),
    }


_NUMBERS = 100
"""So many numbers are listed with each consequence."""


def _consequence(one: Consequence) -> dict[str, Any]:
    return {
        "weight": one.weight.value,
        "scenario": one.scenario,
        "numbers": list(one.numbers[:_NUMBERS]),
        "numbers_omitted": max(len(one.numbers) - _NUMBERS, 0),
        **_trail(one.trail),
        "old": _reached(one.old),
        "new": _reached(one.new),
        "place": output.place_data(one.place),
        "text": render.plain(sentence(one)),
    }


def _trail(trail: Trail) -> dict[str, Any]:
    return {
        "path": [*_steps(trail.first), *_steps(trail.last)],
        "path_omitted": trail.omitted,
        "further_branches": trail.further,
    }


def _steps(steps: Iterable[Step]) -> list[dict[str, str]]:
    return [{"action": step.action, "label": step.label} for step in steps]


def _reached(reached: Reached | None) -> dict[str, Any] | None:
    if reached is None:
        return None
    return {
        "action": reached.action,
        "endpoint": reached.endpoint,
        "text": render.plain(reached.name),
        "place": output.place_data(reached.place),
    }
