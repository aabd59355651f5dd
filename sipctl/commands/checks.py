"""validate, fmt, rules, explain, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sipctl import disk, examples, names, output, resources, selection, workspace
from sipctl.commands.session import READING_FORMATS, Session, session_of
from sipctl.errors import Refused, Usage
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.patch import patch
from sipctl.render import changes as render_changes
from sipctl.render import findings as render
from sipctl.render import visible
from sipctl.rules.book import RULES, find

FINDINGS = 1
CHANGES = 4

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files or folders; without any, the whole workspace."),
]


def validate(
    ctx: typer.Context,
    paths: Paths = None,
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="FORMAT", help="full, concise or json."),
    ] = "full",
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as errors for the exit status.")
    ] = False,
) -> None:
    """Check every file and show every finding.

    Paths narrow what is told, not what is judged. The status is 1 where there are
    errors.
    """
    session = session_of(ctx)
    if format not in ("full", "concise", "json"):
        raise Usage(f'"{format}" is not a format', "use full, concise or json")
    root = session.root()
    inventory = workspace.load(root, selection.committed_types(root))
    chosen = chosen_paths(root, inventory, paths)
    found = [f for f in inventory.findings if chosen is None or f.place.file in chosen]
    files = len(inventory.members) + 1 if chosen is None else len(chosen)
    _report(session, format, found, files)
    if any(strict or finding.is_error for finding in found):
        raise typer.Exit(FINDINGS)


def _report(session: Session, format: str, found: list[Finding], files: int) -> None:
    printer = output.Printer("json" if format == "json" else "text", session.color)
    if format == "json":
        errors = sum(f.is_error for f in found)
        counts = {"files": files, "errors": errors, "warnings": len(found) - errors}
        printer.document({"findings": [output.finding_data(f) for f in found], **counts})
        return
    printer.show(render.concise(found) if format == "concise" else render.full(found))
    output.tell(render.summary(found, files))


def chosen_paths(root: Path, inventory: Inventory, paths: list[Path] | None) -> set[str] | None:
    """The workspace's paths that the user's paths name; None for all. Raises Refused for others."""
    if not paths:
        return None
    known = {*inventory.members, *(f.place.file for f in inventory.others), "sipctl.yaml"}
    chosen: set[str] = set()
    for path in paths:
        relative = _relative(root, path)
        inside = {k for k in known if k == relative or relative in ("", ".") or _below(k, relative)}
        if not inside and not (path.is_dir() and _is_inside(root, path)):
            hint = "files are sipctl.yaml, {endpoints,scenarios}/<reference>.yaml"
            raise Refused(f'"{path}" is no file of this workspace', hint)
        chosen |= inside
    return chosen


def _below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _is_inside(root: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _relative(root: Path, path: Path) -> str:
    """A path as the workspace names it; links in its folders are followed, in its name not."""
    resolved = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    base = root.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else str(path)


def fmt(
    ctx: typer.Context,
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; status 4 if something would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Change nothing; show the exact diff.")
    ] = False,
) -> None:
    """Bring files into canonical form.

    Orders the fields, quotes what a reader could mistake, and mends numbers,
    booleans and host names from the source text. Comments stay. Files with errors
    of syntax stay as they are.
    """
    from sipctl import formatting  # the only command that needs it

    session = session_of(ctx)
    root = session.root()
    inventory = workspace.load(root)
    chosen = chosen_paths(root, inventory, paths)
    formatted = formatting.format_all(inventory, root, chosen)
    printer = output.Printer("text", session.color)
    if diff:
        printer.show(render_changes.diff(patch(formatted.changes, "", formatting.shown)))
    elif check:
        printer.lines(change.path for change in formatted.changes)
    else:
        for change in formatted.changes:
            _replace(root / change.path, change.before, change.after)
            output.tell(f"formatted {change.path}")
    if formatted.errors:
        output._show(sys.stderr, render.full(formatted.errors), session.color)
        raise typer.Exit(FINDINGS)
    if check and formatted.changes:
        raise typer.Exit(CHANGES)


def _replace(file: Path, before: bytes | None, after: bytes | None) -> None:
    if disk.content(file) != before or after is None:
        raise Refused(f'"{file}" has changed meanwhile', "run the command again")
    try:
        disk.replace(file, after)
    except OSError as error:
        raise Refused(f'"{file}" could not be written: {error.strerror}') from None


def rules(ctx: typer.Context) -> None:
    """List every rule."""
    printer = session_of(ctx).printer(*READING_FORMATS)
    if printer.format == "name":
        printer.lines(RULES)
    elif printer.structured:
        printer.document({"rules": [_rule_data(name) for name in RULES]})
    else:
        rows = [(r.code, r.name, r.severity, r.summary) for r in RULES.values()]
        printer.table(("CODE", "NAME", "SEVERITY", "SUMMARY"), rows)


def explain(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A code or a name, say SIP203.")],
) -> None:
    """Explain a rule, with a wrong and a right example."""
    known = find(rule)
    if known is None:
        codes = (r.code for r in RULES.values())
        hint = names.did_you_mean(rule, [*RULES, *codes]) or "see `sipctl rules`"
        raise Refused(f'there is no rule "{rule}"', hint)
    printer = session_of(ctx).printer("table", "json", "yaml")
    data = _rule_data(known.name)
    if printer.structured:
        printer.document({"rule": data})
        return
    wrong, right = examples.wrong(known.name), examples.right(known.name)
    printer.show(render.explanation(known, wrong, right))


def _rule_data(name: str) -> dict[str, str | bool]:
    rule = RULES[name]
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "why": rule.why,
        "fmt": rule.fmt,
        "fixed": rule.fixed,
        "wrong": examples.wrong(name),
        "right": examples.right(name),
    }


def schema(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="endpoint, scenario, settings.")],
) -> None:
    """Print a JSON Schema."""
    folder = resources.path("schemas")
    known = sorted(
        p.relative_to(folder).as_posix().removesuffix(".schema.json")
        for p in folder.rglob("*.schema.json")
    )
    if name not in known:
        hint = names.did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise Refused(f'there is no schema "{visible(name)}"', hint)
    text = (folder / f"{name}.schema.json").read_text("utf-8")
    sys.stdout.write(text)
