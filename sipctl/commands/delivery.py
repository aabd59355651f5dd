"""diff and plan."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from sipctl import consequences, output, selection, sides
from sipctl.commands.session import COMPARING_FORMATS, Session, session_of, tell_interrupted
from sipctl.comparison import Comparison, Difference, FieldDifference, State, compare
from sipctl.consequences import Caution, Consequence, Impact, sentence
from sipctl.detours import Reached, Step, Trail
from sipctl.findings import Finding, Place
from sipctl.inventory import Inventory
from sipctl.render import comparison as render
from sipctl.repository import Repository
from sipctl.sides import Side

CHANGES = 4

ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="End with status 4 where there are changes.")
]


def diff(
    ctx: typer.Context,
    first: Annotated[
        str | None, typer.Argument(metavar="[A]", help="A revision; without it, HEAD.")
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(metavar="[B]", help="Another; without it, the files on disk."),
    ] = None,
    exit_code: ExitCode = False,
) -> None:
    """Show what differs between two versions, by field.

    A..B is the same as A B, and A...B compares B with where it parted from A.
    What differs in layout and comments only is counted, and is no change.
    """
    session = session_of(ctx)
    printer = session.printer(*COMPARING_FORMATS)
    root, repository = _opened(session)
    old, new = sides.chosen(repository, first, second)
    # all files that cannot be read are told in JSON, those that do not differ too
    whole = printer.format == "json"
    found = compare(*(_read if whole else _read_differing)(root, repository, old, new))
    if exit_code and found.differences:
        session.status = CHANGES
    if printer.format == "json":
        printer.document({"old": _side(old), "new": _side(new), **_comparison(found)})
    elif printer.format == "markdown":
        from sipctl.render.markdown import diff as in_markdown

        printer.lines([in_markdown(old.shown, new.shown, found)])
    else:
        printer.show(render.diff(found))
    if not found.differences:
        output.tell(f"no field differs between {old.shown} and {new.shown}")


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
    root, repository = _opened(session)
    old = sides.base(repository, base, os.environ)
    before, now = _read(root, repository, old, sides.DISK)
    found = compare(before, now)
    impact = consequences.impact(before, now, found)
    if exit_code and (found.differences or any(c.kind == "ignore" for c in impact.cautions)):
        session.status = CHANGES
    if printer.format == "json":
        printer.document({"base": _side(old), **_impact(impact), **_comparison(found)})
    elif printer.format == "markdown":
        from sipctl.render.markdown import plan as in_markdown

        printer.lines([in_markdown(old.shown, impact, found)])
    else:
        printer.show(render.plan(old.shown, impact, found))


def _opened(session: Session) -> tuple[Path, Repository]:
    root = session.root()
    repository = selection.required_repository(root)
    tell_interrupted(root)
    return root, repository


def _read(root: Path, repository: Repository, old: Side, new: Side) -> tuple[State, State]:
    before, now = sides.read(root, repository, old, new)
    output.tell_unreadable(now.inventory)
    return before, now


def _read_differing(
    root: Path, repository: Repository, old: Side, new: Side
) -> tuple[State, State]:
    before, now = sides.read_differing(root, repository, old, new)
    broken = {path: member for path, member in now.members.items() if member.root is None}
    output.tell_unreadable(Inventory(now.inventory.settings, broken))
    return before, now


# -- what JSON documents hold --------------------------------------------------------------------


def _side(side: Side) -> dict[str, Any]:
    return {"revision": side.name, "commit": side.commit}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "changes": [_difference(difference) for difference in comparison.differences],
        "layout_only": list(comparison.layout),
        "unreadable": [
            {"side": fault.side, **output.finding_data(fault.finding)}
            for fault in comparison.faults
        ],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "member": difference.noun,
        "reference": difference.reference,
        "source": difference.source,
        "old_file": difference.old_path,
        "new_file": difference.new_path,
        "fields": [_field(field) for field in difference.fields],
        "old_fault": _fault(difference.old_fault),
        "new_fault": _fault(difference.new_fault),
    }


def _fault(finding: Finding | None) -> dict[str, Any] | None:
    return output.finding_data(finding) if finding else None


def _field(field: FieldDifference) -> dict[str, Any]:
    places = {"old_place": _place(field.old), "new_place": _place(field.new)}
    return {**output.field_data(field.change), **places}


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line, "column": place.column} if place else None


def _impact(impact: Impact) -> dict[str, Any]:
    return {
        "cautions": [_caution(caution) for caution in impact.cautions],
        "consequences": [_consequence(one) for one in impact.consequences],
    }


def _caution(caution: Caution) -> dict[str, Any]:
    return {
        "kind": caution.kind,
        "place": _place(caution.place),
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
        "place": _place(one.place),
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
        "place": _place(reached.place),
    }
