"""import, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sipctl import output, selection, tables, workspace
from sipctl.commands import passwords
from sipctl.commands.arguments import Force, Where
from sipctl.commands.session import Session, session_of
from sipctl.errors import Refused, Usage, reason_of

KINDS = ("csv", "json")


def import_(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A CSV or JSON file; - is standard input.")
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="csv|json", help="What the table is, if it does not tell."
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Change the endpoints that exist already.")
    ] = False,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            metavar="TEMPLATE",
            help="Variable of each password that is missing, such as 'TRUNK_{reference}'.",
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option(
            "--password-file",
            metavar="TEMPLATE",
            help="File of each such password, such as '/run/secrets/{reference}'.",
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Seal one password, on standard input, for each of them."
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Create or change many endpoints from a table.

    Columns have the names of fields (reference, host, port, transport,
    codecs, username, realm, register, tags, description, x-…) or the headings
    of the product (SIP endpoint, Port, Reference, Codec, User name, Realm,
    Tags), in any order. Commas, semicolons or tabs separate them. JSON is an
    array of objects whose values are numbers, booleans and lists where those of
    files are, or what list and export print.

    An empty cell is no value: with --update the field stays as it is, and
    `sipctl edit --unset` takes it out. A cell with a default, such as port 5060,
    is none either where the endpoint does without it, for `list -o csv` shows
    defaults: `sipctl edit` sets it, and so does JSON. All rows come in by one
    commit, or none.

    Keep passwords out. --password-env 'TRUNK_{reference}' names the variable
    of each endpoint that has a user name and no password yet; pbx-paris gets
    TRUNK_PBX_PARIS. To seal one for each, import first, then secret set --from.
    """
    session = session_of(ctx)
    sources = [source for source in (password_env, password_file, password_stdin) if source]
    if len(sources) > 1:
        raise Usage("only one password option may be given", "give one of the options for it")
    if password_stdin and file == "-":
        raise Usage("standard input holds the table, and no password", "name the table's file")
    password = _password_of(session, password_env, password_file, password_stdin)
    rows = tables.read(tables.text_of(_content(file, told=not sources)), _kind(file, kind))
    if file == "-":
        session.no_input = True  # what is left of standard input is no answer to a question
    session.write(
        lambda inventory: tables.plan_import(inventory, rows, update, password),
        guarded=True,
        force=force,
        preview=session.format != "json",
    )


def _password_of(
    session: Session, variables: str | None, files: str | None, sealed: bool
) -> tables.PasswordOf | None:
    if variables is not None:
        return tables.Variables(variables)
    if files is not None:
        return tables.Files(files)
    if not sealed:
        return None
    settings = workspace.load_settings(session.root())
    new = passwords.asked_for(session, settings, "Password for all that have none")
    return lambda inventory, reference, username: new.value(inventory, username)


def _content(file: str, *, told: bool) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        # in whose place a password may stand, where one is to be given
        what = f'"{file}"' if told else "the table"
        raise Refused(f"{what} could not be read: {reason_of(error)}") from None


def _kind(file: str, kind: str | None) -> str | None:
    if kind is not None:
        return _known(kind)
    suffix = Path(file).suffix.lower().removeprefix(".")
    return suffix if suffix in KINDS else None


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise Usage(f'"{kind}" is not a format of tables', "use csv or json")
    return kind


def export(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="csv|json", help="The format of the table.")],
    where: Where = None,
) -> None:
    """Write the endpoints as a table, without passwords.

    Unlike list it holds exactly what the files give: an absent port stays empty.
    To import it with --update changes nothing. A spreadsheet takes +33155000001
    for a number and drops the plus, and may take =… for a formula: read such
    columns into it as text.
    """
    session = session_of(ctx)
    _known(kind)
    inventory = session.inventory()
    found = selection.matching(inventory, where).values()
    if not found:
        output.tell_none(matches=where is not None)
    if kind == "json":
        records = tables.export_records(found)
        unreadable = inventory.unread()
        output.Printer("json").document({"endpoints": records, "unreadable": unreadable})
        return
    lost = tables.without_cell(found)
    if lost:
        output.tell(f"left out where it is no plain text: {', '.join(lost)}; JSON holds it")
    output.Printer("csv").csv(*tables.export_rows(found))
