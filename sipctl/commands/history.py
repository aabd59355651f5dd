"""history, blame, restore, undo."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer

from sipctl import history as past
from sipctl import output, revert, selection
from sipctl import undo as reversal
from sipctl.changes import EndpointChange, FieldChange, Plan
from sipctl.commands.endpoints import Force, References, Where
from sipctl.commands.session import READING_FORMATS, Session, session_of
from sipctl.endpoint import FIELDS
from sipctl.errors import Usage
from sipctl.history import BlameRow, Entry
from sipctl.inventory import Inventory
from sipctl.render import changes as render
from sipctl.repository import Commit, Repository

Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="FIELD", help="Only this field; repeat it for more."),
]


def history(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="One endpoint; without it, all.")
    ] = None,
    fields: Fields = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="2026-05-01, yesterday, 2 weeks ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The same.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Author's name or mail address.")
    ] = None,
    where: Where = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=0, help="At most N entries.")
    ] = None,
) -> None:
    """Show who changed which field, when, from what to what.

    Through renames and merges, from hand-made commits too; one that only
    reformats is not told.
    """
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    repository = selection.required_repository(session.root())
    wanted = past.Chosen(_fields(fields), since, until, author, _matches(session, where), limit)
    if reference is None:
        entries = past.of_all(repository, wanted)
    elif where is None:
        entries = past.of(repository, reference, wanted)
    else:
        raise Usage("name an endpoint, or choose with --where")
    _print_entries(printer, entries)


def _fields(given: Sequence[str] | None) -> tuple[str, ...]:
    known = {"codec": "codecs", "tag": "tags"}
    fields = tuple(known.get(name, name) for name in given or ())
    for name in fields:
        if name not in FIELDS and not name.startswith("x-"):
            raise Usage(f'"{name}" is not a field', f"fields are {', '.join(FIELDS)}")
    return fields


def _matches(session: Session, where: str | None) -> Callable[[str], bool] | None:
    if where is None:
        return None
    chosen = selection.matching(session.inventory(), where)
    return chosen.__contains__


def _print_entries(printer: output.Printer, entries: Iterator[Entry]) -> None:
    if printer.structured:
        printer.document({"history": [_entry_data(entry) for entry in entries]})
    elif printer.format == "name":
        references = (change.reference for entry in entries for change in entry.changes)
        printer.lines(dict.fromkeys(references))
    elif printer.format == "csv":
        _write_rows(entries)
    else:
        for entry in entries:
            printer.show(render.entry(entry.commit, entry.changes))
            if entry.cut:
                output.tell("this clone is shallow: what is older is not here")


def _commit_data(commit: Commit) -> dict[str, Any]:
    author = {"name": commit.author.name, "email": commit.author.email}
    return {
        "commit": commit.oid,
        "time": commit.time,
        "author": author,
        "subject": commit.subject,
    }


def _entry_data(entry: Entry) -> dict[str, Any]:
    changes = [output.change_data(change) for change in entry.changes]
    return {**_commit_data(entry.commit), "changes": changes}


_AUDIT = ("time", "commit", "author", "email", "kind", "reference", "source", "field", "old", "new")


def _write_rows(entries: Iterator[Entry]) -> None:
    """One row a field that changed, for an audit; written as it is found."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_AUDIT)
    for entry in entries:
        commit = entry.commit
        who = (commit.time, commit.oid, commit.author.name, commit.author.email)
        for change in entry.changes:
            writer.writerows((*who, *row) for row in _change_rows(change))


def _change_rows(change: EndpointChange) -> Iterator[tuple[str, ...]]:
    what = (change.kind, change.reference, change.source or "")
    if not change.fields:
        yield (*what, "", "", "")
    for field in change.fields:
        yield (*what, field.field, _cell(field, "old"), _cell(field, "new"))


def _cell(field: FieldChange, side: str) -> str:
    value = field.old if side == "old" else field.new
    return value.text() if value.present else ""


def blame(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="The endpoint.")],
) -> None:
    """Show the commit that last set each field."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    rows = past.blame(selection.required_repository(session.root()), reference)
    if printer.structured:
        printer.document({"reference": reference, "blame": [_blame_data(row) for row in rows]})
    elif printer.format == "name":
        printer.lines(dict.fromkeys(row.commit.oid for row in rows if row.commit))
    else:
        headers = ("FIELD", "VALUE", "COMMIT", "DATE", "AUTHOR", "SUBJECT")
        shown = headers if printer.format == "table" else tuple(h.lower() for h in headers)
        printer.table(shown, [_blame_row(row, printer.format == "csv") for row in rows])


def _blame_data(row: BlameRow) -> dict[str, Any]:
    commit = _commit_data(row.commit) if row.commit else None
    return {"field": row.field, "value": row.value.data, "set_by": commit, "source": row.source}


def _blame_row(row: BlameRow, whole: bool) -> tuple[str, ...]:
    if row.commit is None:
        return (row.field, row.value.text(), "not committed", "", "", "")
    commit = row.commit
    oid, time = (commit.oid, commit.time) if whole else (commit.short, commit.time[:10])
    return (row.field, row.value.text(), oid, time, commit.author.name, commit.subject)


# -- going back ----------------------------------------------------------------------------------


def restore(
    ctx: typer.Context,
    references: References = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="REV", help="As it was at a commit, tag or branch."),
    ] = None,
    back: Annotated[
        int | None, typer.Option("--back", metavar="N", min=1, help="As it was N changes ago.")
    ] = None,
    fields: Fields = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every endpoint as at --at; later ones go.")
    ] = False,
    where: Where = None,
    force: Force = False,
) -> None:
    """Bring back earlier or deleted configurations.

    As a new commit, checked like any edit; without options the state before the
    last change. Today's password stays, unless --field password asks for the old
    one.
    """
    session = session_of(ctx)
    if (everything or where is not None) and at is None:
        raise Usage("a revision is missing", "sipctl restore --all --at REV")
    if at is not None and back is not None:
        raise Usage("give --at or --back, not both")
    if sum((everything, where is not None, bool(references))) != 1:
        raise Usage("name endpoints, or choose them with --where or --all")
    repository = selection.required_repository(session.root())

    def planner(inventory: Inventory) -> Plan:
        if references:
            return revert.restore(inventory, repository, references, at, back, _fields(fields))
        chosen = None if where is None else _matching_then_or_now(repository, inventory, where, at)
        return revert.restore_all(inventory, repository, at or "HEAD", chosen, _fields(fields))

    session.write(planner, guarded=True, force=force)


def _matching_then_or_now(
    repository: Repository, inventory: Inventory, where: str, at: str | None
) -> set[str]:
    then = selection.at_revision(repository.root, at or "HEAD")
    return {*selection.matching(inventory, where), *selection.matching(then, where)}


def undo(
    ctx: typer.Context,
    commit: Annotated[
        str | None,
        typer.Argument(metavar="[COMMIT]", help="Which; without it, the newest one of sipctl."),
    ] = None,
    force: Force = False,
) -> None:
    """Take back a whole commit as a new one.

    Twice goes two steps back; naming an undo brings back what it took. Fields
    that have changed again since are listed, and it is refused.
    """
    session = session_of(ctx)
    repository = selection.required_repository(session.root())
    session.write(
        lambda inventory: reversal.undo(inventory, repository, commit), guarded=True, force=force
    )
