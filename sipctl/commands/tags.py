"""tag add, tag remove, tag rename, tag list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Annotated

import typer

from sipctl import operations, selection
from sipctl.changes import Plan
from sipctl.commands.arguments import Force, Limit, Where
from sipctl.commands.session import READING_FORMATS, session_of
from sipctl.errors import Usage
from sipctl.inventory import Inventory
from sipctl.kinds import ENDPOINT
from sipctl.names import quoted

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[REF] TAG...", help="The endpoint, unless --where is given, then tags."
    ),
]


def add(ctx: typer.Context, words: Words, where: Where = None, force: Force = False) -> None:
    """Give endpoints tags."""
    _retag(ctx, operations.add_tags, words, where, force)


def remove(ctx: typer.Context, words: Words, where: Where = None, force: Force = False) -> None:
    """Take tags from endpoints."""
    _retag(ctx, operations.remove_tags, words, where, force)


def _retag(
    ctx: typer.Context,
    operation: Callable[[Inventory, Sequence[str], Sequence[str]], Plan],
    words: list[str],
    where: Sequence[str] | None,
    force: bool,
) -> None:
    references, tags = _split(words, where)

    def planner(inventory: Inventory) -> Plan:
        plan = operation(inventory, selection.of(inventory, references, where), tags)
        return plan._replace(notes=(*plan.notes, *_doubts(inventory, references, tags)))

    session_of(ctx).write(planner, guarded=where is not None, force=force)


def _doubts(inventory: Inventory, references: Sequence[str], tags: Sequence[str]) -> Iterator[str]:
    """What to tell where words that were taken for tags may be meant as endpoints."""
    both = [tag for tag in tags if ENDPOINT.path(tag) in inventory.members]
    if references and both:
        shown = " and ".join(map(quoted, both))
        many = ",".join([*references, *both])
        are = "is an endpoint" if len(both) == 1 else "are endpoints"
        yield f"{shown} {are} too; to name several endpoints there is --where reference:{many}"


def _split(words: list[str], where: Sequence[str] | None) -> tuple[list[str], list[str]]:
    if where is not None:
        return [], words
    if len(words) < 2:
        raise Usage("a tag is missing", "sipctl tag add REF TAG")
    return words[:1], words[1:]


def rename(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The present tag.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The tag in its place.")],
    force: Force = False,
) -> None:
    """Rename a tag on every endpoint that has it."""
    session = session_of(ctx)
    session.write(lambda i: operations.rename_tag(i, old, new), guarded=True, force=force)


def show(ctx: typer.Context, limit: Limit = None) -> None:
    """List all tags and how many endpoints have each."""
    session = session_of(ctx)
    printer = session.printer(*READING_FORMATS)
    known = session.inventory().tags()
    tags = dict(islice(known.items(), limit))
    if printer.format == "name":
        printer.lines(tags)
    elif printer.structured:
        printer.document({"tags": [{"tag": tag, "endpoints": n} for tag, n in tags.items()]})
    else:
        rows = [(tag, str(count)) for tag, count in tags.items()]
        printer.table(("TAG", "ENDPOINTS"), rows, len(known) - len(tags))
