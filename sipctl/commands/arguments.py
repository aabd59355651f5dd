"""Arguments and options that several commands have, each in a signature of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from sipctl.commands.session import number


def _noted(texts: list[str] | None) -> list[str] | None:
    """Queries as they are; what may be meant otherwise in them is told."""
    if texts:
        from sipctl import output, selection

        for doubt in selection.doubts(texts):
            output.tell(doubt)
    return texts


At = Annotated[
    str | None, typer.Option("--at", metavar="REV", help="As it was at a commit, tag or branch.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="QUERY",
        callback=_noted,
        help="All endpoints that match; repeat it to narrow. See `search --help`.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Go on without asking, however many.")]
Close = Annotated[
    bool, typer.Option("--close", help="Let calls end there where nothing else is left to do.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", metavar="N", parser=number, help="At most N entries.")
]
References = Annotated[list[str] | None, typer.Argument(metavar="[REF]...", help="References.")]
