"""Changes for people: plans, what was done, diffs, history, blame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sipctl.changes import FieldChange, MemberChange
from sipctl.git.repository import Commit
from sipctl.kinds import SCENARIO
from sipctl.outcome import Outcome
from sipctl.render import Segments, visible

_SIGNS = {"created": "+", "duplicated": "+", "deleted": "-"}
_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def plan(
    changes: Sequence[MemberChange], limit: int, settings: Sequence[FieldChange] = ()
) -> Segments:
    """The settings, and the first `limit` endpoints and scenarios, each with a sign (+ ~ -) and its
    fields."""
    if settings and limit:
        yield "~ settings\n", _STYLES["~"]
        yield from ((f"    {_short(visible(field.text()))}\n", "") for field in settings)
    for change in changes[:limit]:
        yield from one(change)
    if len(changes) > limit > 0:
        yield f"  … and {len(changes) - limit} more\n", "dim"


def _short(line: str) -> str:
    """A line that fits a terminal: of a public key its ends tell enough."""
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 9]}…{line[-8:]}"


_WIDEST = 76


def one(change: MemberChange, indent: str = "") -> Segments:
    """The change of one endpoint or scenario."""
    sign = _SIGNS.get(change.kind, "~")
    yield f"{indent}{sign} {_title(change)}\n", _STYLES[sign]
    if change.kind == "deleted":
        return
    if change.kind == "unreadable":
        yield f"{indent}    cannot be read from here on\n", "red"
    for field in change.fields:
        yield f"{indent}    {visible(field.told(change.kind))}\n", ""


def _title(change: MemberChange) -> str:
    what = "scenario " if change.member_kind is SCENARIO else ""
    if change.kind == "renamed":
        return f"{what}{visible(change.source or '')} -> {visible(change.reference)}"
    if change.kind == "duplicated":
        return f"{what}{visible(change.reference)} (from {visible(change.source or '')})"
    return what + visible(change.reference)


def counted(changes: Sequence[MemberChange]) -> str:
    """`1 created, 2 changed`."""
    counts = Counter(change.kind for change in changes)
    kinds = ("created", "duplicated", "changed", "renamed", "deleted", "unreadable")
    return ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind])


def done(outcome: Outcome, limit: int) -> Segments:
    """What a command did to the first `limit` members, and its commit."""
    yield from plan(outcome.changes, limit, outcome.settings)
    files = "1 file" if len(outcome.files) == 1 else f"{len(outcome.files)} files"
    counts = counted(outcome.changes) or f"{files} written"
    where = f"commit {outcome.commit[:10]}" if outcome.commit else "not committed"
    yield f"{counts}; {where}\n", "bold"


def diff(patch: str) -> Segments:
    """A patch, its lines in the colours of Git. The rules of files keep escapes out of it."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in patch.splitlines(keepends=True):
        heading = line.startswith(("diff ", "+++ ", "--- "))
        yield line, "bold" if heading else styles.get(line[0], "")


def entry(commit: Commit, changes: Sequence[MemberChange]) -> Segments:
    """One commit of a history: when, who, which, and what it changed."""
    yield f"{commit.time[:16].replace('T', ' ')} ", "cyan"
    yield f"{commit.short} ", "yellow"
    yield f"{visible(commit.author.name)}", "bold"
    yield f"  {visible(commit.subject)}\n", ""
    for change in changes:
        yield from one(change, "  ")
    yield "\n", ""
