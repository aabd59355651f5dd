"""init, save, status."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sipctl import output
from sipctl.commands.session import READING_FORMATS, session_of
from sipctl.init import EDITORS, hook_file, init_planner, install_hook, prepared
from sipctl.render.status import status_lines
from sipctl.status import Status, save_planner, status_of


def path(text: str) -> Path:
    """A path as it is given; help shows the name of this function as the kind of the value."""
    if not text:  # which Path takes for the current one
        raise typer.BadParameter("it is empty")
    return Path(text)


def init(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", parser=path, help="Where; without it, here."),
    ] = None,
    hooks: Annotated[
        bool, typer.Option("--hooks", help="Also a Git hook that checks each commit.")
    ] = False,
) -> None:
    """Make a workspace.

    And a Git repository where there is none, schemas by which editors complete
    and check, and a first commit. Run again it brings the schemas up to date,
    commits what it made without a commit, and changes nothing else.
    """
    session = session_of(ctx)
    root = folder or session.workspace or Path.cwd()
    with prepared(root, dry_run=session.dry_run):
        if hooks and not session.dry_run:
            hook_file(root)  # refused before anything is written
        planner = init_planner(root, commits=not session.no_commit)
        outcome = session.change(planner, root=root)
    session.show(outcome)
    if hooks and not session.dry_run:
        output.tell(f"each commit is checked by {install_hook(root)}")
    if session.format != "json":
        output.tell(EDITORS)


def save(
    ctx: typer.Context,
    references: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REF]...", help="Endpoints and scenarios; without any, all."),
    ] = None,
) -> None:
    """Validate and commit what was edited by hand."""
    session = session_of(ctx)
    session.write(save_planner(session.root(), references or ()))


def status(ctx: typer.Context) -> None:
    """Show what is uncommitted, invalid or not pushed."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    found = status_of(session.root())
    if printer.structured:
        printer.document({"status": _status_data(found)})
    elif printer.format == "name":
        printer.lines(found.uncommitted)
    elif printer.format == "csv":
        printer.table(("PATH", "STATE"), list(found.uncommitted.items()))
    else:
        printer.lines(status_lines(found))


def _status_data(found: Status) -> dict[str, Any]:
    uncommitted = [{"path": path, "state": state} for path, state in found.uncommitted.items()]
    return {**asdict(found), "uncommitted": uncommitted}
