"""diff, and what plan has in common with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sipctl import output, tracked
from sipctl.commands.session import COMPARING_FORMATS, Session, session_of, tell_interrupted
from sipctl.diff import sides
from sipctl.diff.comparison import Comparison, Difference, FieldDifference, State, compare
from sipctl.diff.sides import Side
from sipctl.findings import Finding
from sipctl.git.repository import Repository
from sipctl.kinds import SETTINGS_FILE
from sipctl.render import comparison as render
from sipctl.statuses import CHANGES

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
    root, repository = opened(session)
    old, new = sides.chosen(repository, first, second)
    if printer.format == "json":  # it tells all files that cannot be read, whether they differ
        found = compare(*read(root, repository, old, new))
    else:
        found = sides.compared(root, repository, old, new)
        output.tell_unreadable(_unreadable(found))
    if exit_code and found.differences:
        session.status = CHANGES
    if printer.format == "json":
        printer.document({"old": side_data(old), "new": side_data(new), **comparison_data(found)})
    elif printer.format == "markdown":
        from sipctl.render.markdown import diff as in_markdown

        printer.lines([in_markdown(old.shown, new.shown, found)])
    else:
        printer.show(render.diff(found))
    if not found.differences:
        output.tell(f"no field differs between {old.shown} and {new.shown}")


def opened(session: Session) -> tuple[Path, Repository]:
    """The workspace, and the repository around it; raises Refused where there is none."""
    root = session.root()
    repository = tracked.required_repository(root)
    tell_interrupted(root)
    return root, repository


def read(root: Path, repository: Repository, old: Side, new: Side) -> tuple[State, State]:
    """Both versions whole; what cannot be read now is told on standard error."""
    before, now = sides.read(root, repository, old, new)
    output.tell_unread(now.inventory)
    return before, now


def _unreadable(found: Comparison) -> list[str]:
    paths = [fault.finding.place.file for fault in found.faults if fault.side == "new"]
    return [path for path in paths if path != SETTINGS_FILE]


# -- what JSON documents hold --------------------------------------------------------------------


def side_data(side: Side) -> dict[str, Any]:
    """A version as JSON shows it."""
    return {"revision": side.name, "commit": side.commit}


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """What differs, as JSON shows it."""
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
    places = {"old_place": output.place_data(field.old), "new_place": output.place_data(field.new)}
    return {**output.field_data(field.change), **places}
