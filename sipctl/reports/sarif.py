"""SARIF 2.1.0 (OASIS), as code scanning of GitHub and others read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from sipctl import __version__, examples
from sipctl.findings import Finding, Place
from sipctl.render import visible
from sipctl.reports.report import Report, fingerprints, json_parts, span, words
from sipctl.rules.book import RULES, Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_TOP = "The top of the repository; without one, of the workspace."
_INDEXES = {name: index for index, name in enumerate(RULES)}


def parts(report: Report) -> Iterator[str]:
    """The report as one log with one run."""
    driver = {
        "name": "sipctl",
        "version": __version__,
        "rules": [_rule(rule) for rule in RULES.values()],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": _TOP}}},
        "invocations": [{"executionSuccessful": True}],
        "results": [],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    told = zip(report.findings, fingerprints(report), strict=True)
    return json_parts(log, (_result(report, *one) for one in told))


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": _help(rule),
        "defaultConfiguration": {"level": rule.severity},
    }


def _help(rule: Rule) -> dict[str, str]:
    wrong, right = examples.wrong(rule.name), examples.right(rule.name)
    plain = f"{rule.why}\n\nWrong:\n{wrong}\nRight:\n{right}"
    # a < in the words would begin HTML
    why = rule.why.replace("<", "&lt;")
    shown = f"```yaml\n{wrong}```\n" if wrong.startswith("# ") else wrong
    return {"text": plain, "markdown": f"{why}\n\nWrong:\n\n{shown}\nRight:\n\n```yaml\n{right}```"}


def _result(report: Report, finding: Finding, fingerprint: str) -> dict[str, Any]:
    result = {
        "ruleId": finding.code,
        "ruleIndex": _INDEXES[finding.rule],
        "level": finding.severity.value,
        "message": {"text": _message(words(finding))},
        "locations": [_location(report, finding.place)],
        "partialFingerprints": {"sipctl/v1": fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(report, place), "message": {"text": _message(said)}}
            for number, (place, said) in enumerate(finding.related, start=1)
        ]
    return result


def _message(said: str) -> str:
    """Text in which nothing is a link (SARIF 2.1.0, 3.11.6)."""
    shown = visible(said)
    return shown.replace("[", "\\[").replace("]", "\\]") if "](" in shown else shown


def _location(report: Report, place: Place) -> dict[str, Any]:
    line, column, end_line, end_column = span(place)
    file = report.path(place.file).encode("utf-8", "surrogateescape")
    region = {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    artifact = {"uri": quote(file), "uriBaseId": _ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
