"""Workflow commands of GitHub Actions: findings become annotations beside the lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from sipctl.findings import Finding
from sipctl.render import visible
from sipctl.reports.report import Report, span, words

SHOWN = 10
"""So many errors, and as many warnings, GitHub shows of one step."""


def parts(report: Report) -> Iterator[str]:
    """An annotation a finding, and in the end how many of them GitHub will not show."""
    annotations = (_annotation(report, finding) for finding in report.findings)
    return (f"{line}\n" for line in chain(annotations, _hidden(report)))


def _annotation(report: Report, finding: Finding) -> str:
    line, column, end_line, end_column = span(finding.place)
    properties = {
        "file": visible(report.path(finding.place.file)),
        "line": line,
        "endLine": end_line,
        "col": column,
        "endColumn": end_column,
        "title": f"{finding.code} {finding.rule}",
    }
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{finding.severity} {written}::{_data(words(finding))}"


def _hidden(report: Report) -> Iterator[str]:
    counts = Counter(finding.severity.value for finding in report.findings)
    hidden = {kind: count - SHOWN for kind, count in sorted(counts.items()) if count > SHOWN}
    if hidden:
        told = " and ".join(f"{n} more {kind}{'s' * (n != 1)}" for kind, n in hidden.items())
        yield f"::notice title=sipctl::{told}: GitHub shows {SHOWN} of each in a step"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
