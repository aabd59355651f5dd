"""How commands that check tell their findings: in which format, and where."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from sipctl import output, reports
from sipctl.commands.session import Session
from sipctl.errors import Refused, Usage, reason_of
from sipctl.render import findings as render
from sipctl.render import visible
from sipctl.storage import disk

WITH_COLORS = ("full", "concise")
FORMATS = (*WITH_COLORS, "json", *reports.FORMATS)

Format = Annotated[
    str | None,
    typer.Option(
        *("--format", "-f", "--output", "-o"),
        metavar="FORMAT",
        help=f"What to print: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output-file", metavar="FILE", help="Write the findings to a file."),
]


def format_of(given: str | None) -> str:
    """The format asked for, or the default one; raises Usage for one that is not known."""
    wanted = given or _default_format()
    if wanted not in FORMATS:
        raise Usage(f'"{visible(wanted)}" is not a format', f"use {', '.join(FORMATS)}")
    return wanted


def _default_format() -> str:
    """GitHub's own where its runner is certain: one of these alone is set by other programs too."""
    on_github = os.environ.get("GITHUB_ACTIONS") and os.environ.get("GITHUB_WORKFLOW")
    return "github" if on_github else "full"


def print_(
    session: Session,
    format: str,
    report: reports.Report,
    file: Path | None,
    more: Mapping[str, int] | None = None,
) -> None:
    """Print a report, or write it to a file, and its summary for people.

    `more` are further fields of the JSON document.
    """
    told = _told(format, report, more or {})
    if file is not None and str(file) != "-":
        _write(file, (text for text, _ in told))
    elif format in WITH_COLORS:
        output.Printer("text", session.color).show(told)
    else:
        sys.stdout.writelines(text for text, _ in told)
    if format != "json" or file is not None:
        output.tell(render.summary(report.findings, len(report.files)))


def _told(
    format: str, report: reports.Report, more: Mapping[str, int]
) -> Iterable[tuple[str, str]]:
    found = report.findings
    if format == "full":
        return render.shortened(found)
    if format == "concise":
        return render.concise(found)
    if format != "json":
        return ((part, "") for part in reports.parts(format, report))
    errors = sum(f.is_error for f in found)
    counts = {"files": len(report.files), "errors": errors, "warnings": len(found) - errors}
    data = {"findings": [output.finding_data(f) for f in found], **counts, **more}
    return ((part, "") for part in output.json_parts(data))


def _write(file: Path, parts: Iterable[str]) -> None:
    """Write a report whole or not at all; what is no plain file (a pipe, a device) as it comes."""
    folder = file.resolve().parent
    if not folder.exists():
        hint = f"make it first: `{shlex.join(['mkdir', '-p', str(file.parent)])}`"
        raise Refused(f'"{file}" could not be written: its folder is not there', hint)
    whole = io.BytesIO()
    whole.writelines(part.encode("utf-8", "backslashreplace") for part in parts)
    data = whole.getvalue()
    try:
        if file.exists() and not file.is_file():
            file.write_bytes(data)
        else:
            disk.replace(file.resolve(), data)
    except OSError as error:
        raise Refused(f'"{file}" could not be written: {reason_of(error)}') from None
