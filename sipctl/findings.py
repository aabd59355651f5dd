"""What is wrong, where, and how it is mended: the one form of every check's result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sipctl.rules.book import Rule


class Severity(StrEnum):
    """How much a finding weighs: an `error` refuses a change, a `warning` is told only."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """A span of a file. Lines and columns count characters from 1; the end is exclusive."""

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0


class Finding(NamedTuple):
    """One fault at its place.

    `rule` is a name of the rule book. `source` is the line it stands in, with every password in it
    already masked, or None where the line cannot be shown safely. `related` are further places.
    """

    rule: str
    place: Place
    message: str
    hint: str = ""
    source: str | None = None
    related: tuple[tuple[Place, str], ...] = ()
    severity: Severity = Severity.ERROR

    @classmethod
    def of(cls, rule: str, place: Place, message: str, hint: str = "", **more: object) -> Finding:
        """A finding with the severity that the rule book gives the rule."""
        severity = Severity(_book()[rule].severity)
        return cls(rule, place, message, hint, severity=severity, **more)  # type: ignore[arg-type]

    @property
    def code(self) -> str:
        """The stable code of the rule, `SIP203`."""
        return _book()[self.rule].code

    @property
    def is_error(self) -> bool:
        """True for what refuses a change."""
        return self.severity is Severity.ERROR

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two findings the same fault, whatever line it has moved to."""
        return (self.rule, self.place.file, self.message)


def _book() -> Mapping[str, Rule]:
    from sipctl.rules.book import RULES  # where nothing is wrong nobody needs it

    return RULES


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by file, line, column, then code."""
    return tuple(sorted(findings, key=lambda f: (f.place, f.code, f.message)))


def with_severities(
    findings: Iterable[Finding], severities: Mapping[str, str]
) -> tuple[Finding, ...]:
    """The findings under a workspace's own severities (`error`, `warning`, `off`, by rule name).

    Rules that are fixed are not for settings to change; the settings model refuses them.
    """
    result = []
    for finding in findings:
        wanted = severities.get(finding.rule)
        if wanted == "off":
            continue
        result.append(finding._replace(severity=Severity(wanted)) if wanted else finding)
    return tuple(result)
