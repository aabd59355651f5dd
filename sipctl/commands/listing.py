"""list, search, show."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from sipctl import output, selection, tracked
from sipctl.commands.arguments import At, Limit, Where
from sipctl.commands.session import READING_FORMATS, called_then, session_of
from sipctl.kinds import ENDPOINT
from sipctl.member import Member, named

if TYPE_CHECKING:
    from sipctl.endpoint import Endpoint
    from sipctl.inventory import Inventory
    from sipctl.output import Printer

Uses = Annotated[
    bool, typer.Option("--uses", help="Tell too how many scenarios use each endpoint.")
]


def list_(
    ctx: typer.Context,
    where: Where = None,
    uses: Uses = False,
    limit: Limit = None,
) -> None:
    """List the endpoints.

    Defaults are shown too, and some fields not: `sipctl export` takes everything
    along, for an import elsewhere. Where a terminal is narrow, a port in
    parentheses is the default one.
    """
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    inventory = session.inventory()
    if printer.format == "name" and where is None:
        printer.lines(islice(inventory.references(), limit))
    else:
        found = selection.matching(inventory, where)
        if not found:
            output.tell_none(matches=where is not None)
        _print(printer, inventory, found, uses, limit)


def search(
    ctx: typer.Context,
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY...", help="What to look for; see above.")
    ],
    uses: Uses = False,
    limit: Limit = None,
) -> None:
    """List the endpoints that match a query.

    \b
    paris                       contains, in any field but the password
    host:*.example.net          equals, with * and ?
    tag:paris,lyon codec:ulaw   has; a comma means any of them
    'port:>5060' port:506*      compares; the quotes are for the shell
    port:5061..5070             from, to
    host:10.0.0.0/8             addresses in a network
    used:no in:support-in       by no scenario, by this one
    not, or, ( )                and terms side by side mean and

    Where a terminal is narrow, a port in parentheses is the default one.
    """
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    for doubt in selection.doubts([" ".join(query)]):
        output.tell(doubt)
    inventory = session.inventory()
    found = selection.found(inventory, query)
    if not found:
        output.tell_none()
    _print(printer, inventory, found, uses, limit)


_HEADERS = ("REFERENCE", "ENDPOINT", "PORT", "CODEC", "USER NAME", "TAGS")
_DEFAULT = " (default)"


def _print(
    printer: Printer,
    inventory: Inventory,
    matching: dict[str, Endpoint],
    uses: bool,
    limit: int | None,
) -> None:
    found = dict(islice(matching.items(), limit))
    if printer.format == "name":
        printer.lines(found)
        return
    needed = uses or printer.structured
    used_by = {r: selection.used_by(inventory, r) for r in found} if needed else {}
    if printer.structured:
        records = [{**e.record(), "used_by": used_by[r]} for r, e in found.items()]
        printer.document({"endpoints": records, "unreadable": inventory.unread(ENDPOINT)})
    else:
        headers = (*_HEADERS, "SCENARIOS") if uses else _HEADERS
        mark = _DEFAULT if printer.format == "table" else ""
        rows = [_row(reference, e, mark) for reference, e in found.items()]
        counts = [str(len(scenarios)) for scenarios in used_by.values()]
        rows = [(*row, count) for row, count in zip(rows, counts, strict=True)] if uses else rows
        from sipctl.render.table import Narrow

        # what an endpoint is known by, its reference and its host, gives way last
        port, *giving_way = map(_HEADERS.index, ("PORT", "TAGS", "USER NAME"))
        narrow = Narrow({port: _in_parentheses}, giving_way)
        printer.table(headers, rows, len(matching) - len(found), narrow=narrow)


def _in_parentheses(port: str) -> str:
    return f"({port.removesuffix(_DEFAULT)})" if port.endswith(_DEFAULT) else port


def _row(reference: str, endpoint: Endpoint, mark: str) -> tuple[str, ...]:
    # no port is not port 5060 to SIP: a name is then looked up by SRV first (RFC 3263)
    port = f"{endpoint.effective('port')}{mark if endpoint.port is None else ''}"
    record = endpoint.record()
    codecs, tags = (",".join(record[field]) for field in ("codecs", "tags"))
    return (reference, endpoint.host, port, codecs, endpoint.username or "", tags)


def show(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="The endpoint.")],
    at: At = None,
) -> None:
    """Show one endpoint, now or at a revision."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    used = printer.structured
    if at is None:
        inventory = session.inventory_about(reference, used=used)
    else:
        inventory = tracked.at_revision(session.root(), at, reference, used=used)
        reference = called_then(session, inventory, reference, at)
    member = inventory.readable(reference)
    assert member.endpoint is not None
    if printer.format == "name":
        printer.lines([reference])
    elif printer.structured:
        record = {**member.endpoint.record(), "used_by": selection.used_by(inventory, reference)}
        printer.document({"endpoint": record})
    else:
        printer.table(("FIELD", "VALUE"), _field_rows(member), wrap=True)


def _field_rows(member: Member) -> list[tuple[str, str]]:
    """Every field of a readable endpoint with its effective value, defaults marked."""
    from sipctl.changes import values_of

    values = values_of(named(member.said or {}, member.reference), member.facts.unknown)
    return [(field, value.text()) for field, value in values.items() if value.present]
