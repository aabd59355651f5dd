"""Findings for people: with the source line, or one a line."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from sipctl.findings import Finding
from sipctl.render import Segments, visible
from sipctl.render.cells import width as columns_of
from sipctl.rules.book import Rule

_STYLES = {"error": "bold red", "warning": "bold yellow"}


def full(findings: Sequence[Finding]) -> Segments:
    """Each finding in the manner of rustc: what, where, the source line with a caret, the cure."""
    for finding in findings:
        yield from _one(finding)


ALIKE = 10
"""So many findings of one rule in one file are shown whole, and the rest of them counted."""

ALTOGETHER = 200
"""So many findings are shown whole in all."""


def shortened(findings: Sequence[Finding]) -> Segments:
    """Findings as people read them, file by file; what nobody would read to its end is counted."""
    shown = 0
    for file, group in groupby(findings, key=lambda finding: finding.place.file):
        if shown >= ALTOGETHER:
            break
        alike: Counter[str] = Counter()
        for finding in group:
            alike[finding.rule] += 1
            if alike[finding.rule] <= ALIKE and shown < ALTOGETHER:
                shown += 1
                yield from _one(finding)
        for rule, count in alike.items():
            if count > ALIKE and shown < ALTOGETHER:
                yield f"  … {count - ALIKE} more {rule} in {visible(file)}\n\n", "dim"
    if shown < len(findings):
        yield f"{len(findings) - shown} more findings: {_by_rule(findings)}\n", "bold"
        yield "  = help: ", "green"
        yield "`sipctl validate --format concise` shows each on a line\n\n", ""


def _by_rule(findings: Sequence[Finding]) -> str:
    """How often each rule is broken, in all."""
    counts = Counter(finding.rule for finding in findings)
    told = ", ".join(f"{count} {rule}" for rule, count in counts.most_common())
    return f"in all {told}"


def _one(finding: Finding) -> Segments:
    place = finding.place
    yield f"{finding.severity}[{finding.code}]", _STYLES[finding.severity]
    yield f": {visible(finding.message)}", "bold"
    yield f" ({finding.rule})\n", "dim"
    yield "  --> ", "blue"
    yield f"{visible(place.file)}:{place.line}:{place.column}\n", ""
    if finding.source is not None:
        yield from _source(finding, *_window(finding.source, place.column))
    for other, words in finding.related:
        yield f"  = {visible(words)}: {visible(other.file)}:{other.line}:{other.column}\n", ""
    if finding.hint:
        yield "  = help: ", "green"
        yield f"{visible(finding.hint)}\n", ""
    yield "\n", ""


_LONGEST = 240
_BEFORE = 80


def _window(source: str, column: int) -> tuple[str, int]:
    """Of a very long line what stands round a column, and the column in that."""
    if len(source) <= _LONGEST:
        return source, column
    start = max(0, column - 1 - _BEFORE)
    cut = source[start : start + _LONGEST]
    return cut, column - start


def _source(finding: Finding, source: str, column: int) -> Segments:
    place = finding.place
    number = str(place.line)
    gutter = " " * (len(number) + 1)
    # the caret stands under the value as shown, which may be wider than the value as written
    start = columns_of(visible(source[: column - 1]))
    length = place.end_column - place.column if place.end_line == place.line else 1
    carets = max(1, columns_of(visible(source[column - 1 :][:length])))
    yield f"{gutter}|\n", "blue"
    yield f"{number} | ", "blue"
    yield f"{visible(source)}\n", ""
    yield f"{gutter}| ", "blue"
    yield f"{' ' * start}{'^' * carets}\n", _STYLES[finding.severity]


def concise(findings: Sequence[Finding]) -> Segments:
    """`file:line:column: CODE message`, one a line."""
    for finding in findings:
        place = finding.place
        yield f"{visible(place.file)}:{place.line}:{place.column}: ", ""
        yield finding.code, _STYLES[finding.severity]
        yield f" {visible(finding.message)}\n", ""


def summary(findings: Sequence[Finding], files: int) -> str:
    """The last line: how much was checked and found."""
    errors = sum(finding.is_error for finding in findings)
    warnings = len(findings) - errors
    checked = f"{files} file{'s' * (files != 1)} checked"
    if not findings:
        return f"{checked}: no findings"
    parts = [
        f"{count} {word}{'s' * (count != 1)}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return f"{checked}: {', '.join(parts)}"


def explanation(rule: Rule, wrong: str, right: str) -> Segments:
    """A rule: what it asks, why, a wrong and a right example, how it is mended or switched off."""
    yield f"{rule.code} {rule.name}", "bold"
    yield f" ({rule.severity})\n\n", _STYLES[rule.severity]
    yield f"{rule.summary}\n\n", ""
    yield f"{textwrap.fill(rule.why, 78)}\n\n", ""
    yield "wrong:\n", "bold red"
    yield f"{textwrap.indent(wrong.rstrip(), '    ')}\n\n", ""
    yield "right:\n", "bold green"
    yield f"{textwrap.indent(right.rstrip(), '    ')}\n\n", ""
    if rule.fmt:
        yield "`sipctl fmt` mends it.\n", ""
    if rule.fixed:
        yield "What breaks it cannot be read for sure: settings do not change its severity.\n", ""
    else:
        yield "In sipctl.yaml its severity can be error, warning or off:\n", ""
        yield f'    rules: {{{rule.name}: "off"}}\n', ""
