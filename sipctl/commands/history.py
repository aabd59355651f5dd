"""history, blame, restore, undo; the first three of scenarios too."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer

from sipctl import output, progress, selection, streams, tracked
from sipctl.changes import FieldChange, MemberChange, Plan, field_name
from sipctl.commands.arguments import At, Force, Limit, References, Where
from sipctl.commands.session import (
    READING_FORMATS,
    Session,
    field_named,
    number,
    session_of,
)
from sipctl.endpoint import FIELDS
from sipctl.errors import Usage
from sipctl.git import upkeep
from sipctl.git.repository import Commit, Repository
from sipctl.history import log
from sipctl.history.log import BlameRow, Chosen, Entry
from sipctl.history.restore import restore_all_members, restore_members
from sipctl.history.undo import undo_commit
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT, SCENARIO, Kind
from sipctl.names import word
from sipctl.render import changes as render
from sipctl.scenarios.ways import way_of

Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="FIELD", help="Only this field; repeat it for more."),
]
ScenarioFields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="FIELD",
        help="Only this field and what is below it, actions.menu.branches; repeat it for more.",
    ),
]
Actions = Annotated[
    list[str] | None,
    typer.Option("--action", metavar="ID", help="Only this action; repeat it for more."),
]
Since = Annotated[
    str | None, typer.Option(metavar="DATE", help="2026-05-01, yesterday, 2 weeks ago.")
]
Until = Annotated[str | None, typer.Option(metavar="DATE", help="The same.")]
Author = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="Author's name or mail address.")
]


def _back(text: str) -> int:
    back = number(text)
    if back < 1:
        raise typer.BadParameter("0 changes ago is now; the first one before is 1")
    return back


Back = Annotated[
    int | None,
    typer.Option(
        "--back",
        metavar="N",
        parser=_back,
        help="As it was N changes ago, renames alone not counted.",
    ),
]


def history(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="One endpoint; without it, all.")
    ] = None,
    fields: Fields = None,
    since: Since = None,
    until: Until = None,
    author: Author = None,
    where: Where = None,
    limit: Limit = None,
) -> None:
    """Show who changed which field, when, from what to what.

    Through renames and merges, from hand-made commits too; one that only
    reformats is not told.
    """
    session = session_of(ctx)
    if reference is not None and where is not None:
        raise Usage("name an endpoint, or choose with --where")
    matches = _matches(session, where)
    _history(session, reference, Chosen(_fields(fields), since, until, author, matches, limit))


def scenario_history(
    ctx: typer.Context,
    reference: Annotated[
        str | None, typer.Argument(metavar="[SCENARIO]", help="One scenario; without it, all.")
    ] = None,
    fields: ScenarioFields = None,
    actions: Actions = None,
    since: Since = None,
    until: Until = None,
    author: Author = None,
    limit: Limit = None,
) -> None:
    """Show who changed which action and field, and when.

    Through renames and merges, from hand-made commits too; one that only
    reformats is not told.
    """
    chosen = Chosen(_scenario_fields(fields, actions), since, until, author, None, limit)
    _history(session_of(ctx), reference, chosen, SCENARIO)


def _history(
    session: Session, reference: str | None, chosen: Chosen, kind: Kind = ENDPOINT
) -> None:
    printer = session.printer(*READING_FORMATS)
    repository = tracked.required_repository(session.root())
    if reference is None:
        _print_entries(printer, log.of_all(repository, chosen, kind=kind))
        return
    entries = _Watched(log.of(repository, reference, chosen, kind=kind))
    _print_entries(printer, entries)
    if entries.seconds > _LONG and sys.stderr.isatty() and upkeep.lacks_graph(repository):
        command = "git commit-graph write --reachable --changed-paths"
        output.tell(f"`{command}`, once, makes such a history many times faster")


_LONG = 2.0
"""So many seconds are worth a word on how Git finds the commits of one file faster."""


class _Watched(Iterator[Entry]):
    """Entries, and how many seconds were spent on waiting for them."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self.seconds = 0.0

    def __next__(self) -> Entry:
        started = time.monotonic()
        try:
            return next(self._entries)
        finally:
            self.seconds += time.monotonic() - started


def _fields(given: Sequence[str] | None) -> tuple[str, ...]:
    fields = []
    for name in given or ():
        field = field_named(name, FIELDS)
        if field is None:
            raise Usage(f'"{word(name)}" is not a field', f"fields are {', '.join(FIELDS)}")
        fields.append(field)
    return tuple(fields)


def _scenario_fields(
    fields: Sequence[str] | None, actions: Sequence[str] | None
) -> tuple[str, ...]:
    ways = [_way(name) for name in fields or ()]
    ways += [("actions", id) for id in actions or ()]
    return tuple(dict.fromkeys(field_name(way) for way in ways))


def _way(name: str) -> tuple[str, ...]:
    if name.startswith("x-"):
        return (name,)
    way = way_of({"entry-point": "entry_points"}.get(name, name)) or ("",)
    if way[0] != "actions" and (len(way) > 1 or way[0] not in SCENARIO.fields):
        hint = f"fields are {', '.join(SCENARIO.fields)}; below the last, actions.ID.branches"
        raise Usage(f'"{word(name)}" is not a field of a scenario', hint)
    return way


def _matches(session: Session, where: Sequence[str] | None) -> Callable[[str], bool] | None:
    if where is None:
        return None
    chosen = selection.matching(session.inventory(), where)
    if not chosen:
        output.tell_none()
    return chosen.__contains__


def _print_entries(printer: output.Printer, entries: Iterator[Entry]) -> None:
    if printer.structured:
        printer.document({"history": [_entry_data(entry) for entry in _told(entries)]})
    elif printer.format == "name":
        references = (change.reference for entry in _told(entries) for change in entry.changes)
        printer.lines(dict.fromkeys(references))
    elif printer.format == "csv":
        printer.csv(_AUDIT, _rows(_told(entries)))
    else:
        for entry in _told(entries):
            printer.show(render.entry(entry.commit, entry.changes))


_SHALLOW = "this clone is shallow: what is older is not here"


def _told(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same; behind an entry after which history is cut off, that is told."""
    for entry in streams.while_read(entries):
        progress.clear()
        yield entry
        sys.stdout.flush()  # it is to be seen while Git still looks for the next one
        if entry.cut:
            output.tell(_SHALLOW)


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


def _rows(entries: Iterable[Entry]) -> Iterator[tuple[str, ...]]:
    """One row a field that changed, for an audit."""
    for entry in entries:
        commit = entry.commit
        who = (commit.time, commit.oid, commit.author.name, commit.author.email)
        for change in entry.changes:
            yield from ((*who, *row) for row in _change_rows(change))


def _change_rows(change: MemberChange) -> Iterator[tuple[str, ...]]:
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
    _blame(session_of(ctx), reference)


def scenario_blame(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario.")],
    fields: ScenarioFields = None,
    actions: Actions = None,
) -> None:
    """Show the commit that last set each field."""
    _blame(session_of(ctx), reference, _scenario_fields(fields, actions), SCENARIO)


def _blame(
    session: Session, reference: str, fields: Sequence[str] = (), kind: Kind = ENDPOINT
) -> None:
    printer = session.printer(*READING_FORMATS)
    repository = tracked.required_repository(session.root())
    rows = log.blame(repository, reference, kind, fields)
    if printer.structured:
        found = [_blame_data(row) for row in rows]
        printer.document({"member": kind.noun, "reference": reference, "blame": found})
    elif printer.format == "name":
        printer.lines(dict.fromkeys(row.commit.oid for row in rows if row.commit))
    else:
        headers = ("FIELD", "VALUE", "COMMIT", "DATE", "AUTHOR", "SUBJECT")
        printer.table(headers, [_blame_row(row, printer.format == "csv") for row in rows])
    commits = {row.commit.oid: row.commit for row in rows if row.commit}
    if any(log.is_cut(repository, commit) for commit in commits.values()):
        output.tell(_SHALLOW)


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
    at: At = None,
    back: Back = None,
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
    chosen_by = "--all" if everything else "--where QUERY" if where is not None else None
    _refuse_unclear(at, back, chosen_by, ENDPOINT)
    ways = sum((everything, where is not None, bool(references)))
    if ways > 1:
        raise Usage("give references, --where or --all, and only one of them")
    if not ways:
        raise Usage("name endpoints, or choose them with --where or --all")
    repository = tracked.required_repository(session.root())

    def planner(inventory: Inventory) -> Plan:
        if references:
            return restore_members(inventory, repository, references, at, back, _fields(fields))
        chosen = None if where is None else _matching_then_or_now(repository, inventory, where, at)
        return restore_all_members(inventory, repository, at or "HEAD", chosen, _fields(fields))

    session.write(planner, guarded=True, force=force)


def scenario_restore(
    ctx: typer.Context,
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="References.")
    ] = None,
    at: At = None,
    back: Back = None,
    fields: ScenarioFields = None,
    actions: Actions = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every scenario as at --at; later ones go.")
    ] = False,
    force: Force = False,
) -> None:
    """Bring back earlier or deleted scenarios.

    As a new commit, checked like any edit; without options the state before the
    last change. An endpoint that was renamed since is named as it is called now.
    """
    session = session_of(ctx)
    _refuse_unclear(at, back, "--all" if everything else None, SCENARIO)
    if everything and references:
        raise Usage("give references or --all, not both")
    if not (everything or references):
        raise Usage("name scenarios, or choose them with --all")
    repository = tracked.required_repository(session.root())
    wanted = _scenario_fields(fields, actions)

    def planner(inventory: Inventory) -> Plan:
        if references:
            return restore_members(inventory, repository, references, at, back, wanted, SCENARIO)
        return restore_all_members(inventory, repository, at or "HEAD", None, wanted, SCENARIO)

    session.write(planner, guarded=True, force=force)


def _refuse_unclear(at: str | None, back: int | None, chosen_by: str | None, kind: Kind) -> None:
    if chosen_by and at is None:
        raise Usage("a revision is missing", f"{kind.command} restore {chosen_by} --at REV")
    if at is not None and back is not None:
        raise Usage("give --at or --back, not both")


def _matching_then_or_now(
    repository: Repository, inventory: Inventory, where: Sequence[str], at: str | None
) -> set[str]:
    then = tracked.at_revision(repository.root, at or "HEAD")
    return {*selection.matching(inventory, where), *selection.matching(then, where)}


def undo(
    ctx: typer.Context,
    commit: Annotated[
        str | None,
        typer.Argument(metavar="[COMMIT]", help="Which; without it, the newest one of sipctl."),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on without asking, and though a scenario cannot be read."),
    ] = False,
) -> None:
    """Take back a whole commit as a new one.

    Twice goes two steps back; naming an undo brings back what it took, and only
    by name is another author's commit taken back. Fields that have changed again
    since are listed, and it is refused.
    """
    session = session_of(ctx)
    repository = tracked.required_repository(session.root())
    session.write(
        lambda inventory: undo_commit(inventory, repository, commit, force=force),
        guarded=True,
        force=force,
    )
