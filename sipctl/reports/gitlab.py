"""GitLab's Code Quality report: the part of Code Climate's format that GitLab reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sipctl.findings import Finding
from sipctl.render import visible
from sipctl.reports.report import Report, fingerprints, json_parts, span, words

_SEVERITIES = {"error": "major", "warning": "minor"}


def parts(report: Report) -> Iterator[str]:
    """The findings as one JSON array."""
    told = zip(report.findings, fingerprints(report), strict=True)
    return json_parts([], (_issue(report, *one) for one in told))


def _issue(report: Report, finding: Finding, fingerprint: str) -> dict[str, Any]:
    line, column, end_line, end_column = span(finding.place)
    return {
        "description": f"{finding.code} {words(finding)}",
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": visible(report.path(finding.place.file)),
            "lines": {"begin": line, "end": end_line},
            "positions": {
                "begin": {"line": line, "column": column},
                "end": {"line": end_line, "column": end_column},
            },
        },
    }
