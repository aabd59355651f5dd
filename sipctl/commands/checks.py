"""validate, fmt, rules, explain, schema."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sipctl import examples, judged, names, output, reports, resources, workspace
from sipctl.commands import reporting
from sipctl.commands.arguments import Limit
from sipctl.commands.reporting import Format, OutputFile
from sipctl.commands.session import READING_FORMATS, TELLING_FORMATS, Session, session_of
from sipctl.errors import Refused, Usage
from sipctl.findings import Finding
from sipctl.inventory import Inventory
from sipctl.kinds import FOLDERS, SETTINGS_FILE
from sipctl.render import findings as render
from sipctl.render import visible
from sipctl.rules.book import RULES, Rule, find, hint_for
from sipctl.statuses import CHANGES, FINDINGS

if TYPE_CHECKING:
    from sipctl.formatting import Formatted


Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files or folders; without any, the whole workspace."),
]


Everywhere = Annotated[
    bool,
    typer.Option("--all-workspaces", help="Every workspace at or below the current folder."),
]


def validate(
    ctx: typer.Context,
    paths: Paths = None,
    format: Format = None,
    file: OutputFile = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as errors for the exit status.")
    ] = False,
    staged: Annotated[
        bool, typer.Option("--staged", help="Check what is staged, not what stands on disk.")
    ] = False,
    revision: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Check a commit.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="RULE", help="Tell of this rule only; repeat it for more."),
    ] = None,
    everywhere: Everywhere = False,
) -> None:
    """Check every file and show every finding.

    Paths narrow what is told, not what is judged. The status is 1 where there are
    errors. In GitHub Actions the format is github unless another one is given.
    """
    session = session_of(ctx)
    wanted = reporting.format_of(format)
    rules = {_known_rule(name).name for name in only or ()}
    report = (_report_below if everywhere else _report_of)(session, paths, staged, revision)
    findings = tuple(f for f in report.findings if not rules or f.rule in rules)
    folder = judged.folder_in_repository(report.root) if wanted in reports.FORMATS else ""
    reporting.print_(session, wanted, reports.Report(findings, report.files, folder, strict), file)
    if any(strict or finding.is_error for finding in findings):
        raise typer.Exit(FINDINGS)


@dataclass(frozen=True, slots=True)
class _Report:
    """What is found below a folder, and the files that were judged."""

    root: Path
    findings: tuple[Finding, ...]
    files: tuple[str, ...]


def _report_of(
    session: Session, paths: list[Path] | None, staged: bool, revision: str | None
) -> _Report:
    """What is found in the workspace, of the chosen files."""
    found = _judged(session, staged, revision)
    chosen = chosen_paths(found.root, found.inventory, paths)
    known = found.inventory.findings
    findings = tuple(f for f in known if chosen is None or f.place.file in chosen)
    files = found.files if chosen is None else tuple(sorted(chosen.intersection(found.files)))
    return _Report(found.root, findings, files)


def _report_below(
    session: Session, paths: list[Path] | None, staged: bool, revision: str | None
) -> _Report:
    """What is found in every workspace below, with paths from here."""
    if paths or revision is not None:
        raise Usage("--all-workspaces takes neither paths nor --rev")
    start, index = session.workspace or Path.cwd(), judged.callers_index()
    findings, files = list[Finding](), list[str]()
    roots = judged.workspaces_below(start, index, staged=staged)
    if not roots and not staged:  # a hook runs at every commit, also before there is a workspace
        hint = "make one with `sipctl init`, or name the folder above them with -C DIR"
        raise Refused(f"no workspace here: no {SETTINGS_FILE} in this folder or below it", hint)
    for root in roots:
        found = judged.staged(root, root, index) if staged else judged.on_disk(root)
        folder = root.relative_to(start).as_posix()
        findings += (judged.moved_below(f, folder) for f in found.inventory.findings)
        files += ((Path(folder) / file).as_posix() for file in found.files)
    return _Report(start, tuple(findings), tuple(files))


def _judged(session: Session, staged: bool, revision: str | None) -> judged.Judged:
    if staged and revision is not None:
        raise Usage("--staged and --rev exclude each other", "give one of them")
    index = judged.callers_index()
    if staged:
        return judged.staged(Path.cwd(), session.workspace, index)
    if revision is not None:
        return judged.at_revision(Path.cwd(), session.workspace, revision)
    return judged.on_disk(session.root())


def chosen_paths(root: Path, inventory: Inventory, paths: list[Path] | None) -> set[str] | None:
    """The workspace's paths that the user's paths name; None for all. Raises Refused for others."""
    if not paths:
        return None
    known = {*inventory.members, *(f.place.file for f in inventory.others), "sipctl.yaml"}
    chosen: set[str] = set()
    for path in paths:
        relative = _relative(root, path)
        inside = {k for k in known if k == relative or relative in ("", ".") or _below(k, relative)}
        if not (inside or relative in FOLDERS or (path.is_dir() and _is_inside(root, path))):
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
    everywhere: Everywhere = False,
) -> None:
    """Bring files into canonical form.

    Orders the fields, quotes what a reader could mistake, and mends numbers,
    booleans and host names from the source text. Comments stay. Files with errors
    of syntax stay as they are.
    """
    session = session_of(ctx)
    if everywhere and paths:
        raise Usage("--all-workspaces takes no paths")
    start = session.workspace or Path.cwd()
    roots = judged.workspaces_below(start, None, staged=False) if everywhere else [session.root()]
    printer = output.Printer("text", session.color)
    errors, changed = list[Finding](), False
    for root in roots:
        folder = root.relative_to(start).as_posix() if everywhere else "."
        formatted = _formatted(printer, root, folder, paths, check=check, diff=diff)
        errors += (judged.moved_below(finding, folder) for finding in formatted.errors)
        changed = changed or bool(formatted.changes)
    if errors:
        output.show_to_user(render.full(errors), session.color)
        raise typer.Exit(FINDINGS)
    if check and changed:
        raise typer.Exit(CHANGES)


def _formatted(
    printer: output.Printer,
    root: Path,
    folder: str,
    paths: list[Path] | None,
    *,
    check: bool,
    diff: bool,
) -> Formatted:
    """Format one workspace, or show what that would do; `folder` is where it is, seen from here."""
    from sipctl import formatting  # the only command that needs it, and what is below
    from sipctl.patch import patch
    from sipctl.render import changes as render_changes

    inventory = workspace.load(root)
    formatted = formatting.format_all(inventory, root, chosen_paths(root, inventory, paths))
    inner = "" if folder == "." else f"{folder}/"
    if diff:
        printer.show(render_changes.diff(patch(formatted.changes, inner, formatting.shown)))
    elif check:
        printer.lines(inner + change.path for change in formatted.changes)
    else:
        for change in formatting.write(root, formatted.changes):
            output.tell(f"formatted {inner}{change.path}")
    return formatted


def rules(ctx: typer.Context, limit: Limit = None) -> None:
    """List every rule."""
    printer = session_of(ctx).printer(*READING_FORMATS)
    chosen = dict(islice(RULES.items(), limit))
    if printer.format == "name":
        printer.lines(chosen)
    elif printer.structured:
        printer.document({"rules": [_rule_data(name) for name in chosen]})
    else:
        rows = [(r.code, r.name, r.severity, r.summary) for r in chosen.values()]
        omitted = len(RULES) - len(chosen)
        printer.table(("CODE", "NAME", "SEVERITY", "SUMMARY"), rows, omitted)


def explain(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A code or a name, say SIP203.")],
) -> None:
    """Explain a rule, with a wrong and a right example."""
    known = _known_rule(rule)
    printer = session_of(ctx).printer(*TELLING_FORMATS)
    data = _rule_data(known.name)
    if printer.structured:
        printer.document({"rule": data})
        return
    wrong, right = examples.wrong(known.name), examples.right(known.name)
    printer.show(render.explanation(known, wrong, right))


def _known_rule(name: str) -> Rule:
    """The rule of a code or name; raises Refused with the nearest."""
    known = find(name)
    if known is None:
        raise Refused(f"there is no rule {names.quoted(name)}", hint_for(name))
    return known


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
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="endpoint, scenario, settings; of JSON that a command prints: output/COMMAND.",
        ),
    ],
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
