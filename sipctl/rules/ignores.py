"""Comments such as `# sipctl: ignore[SIP304]`: they take findings of their own line out.

Several rules stand in one comment with commas, by code or name, and a reason may follow. A comment
that does nothing is a finding of its own, so that none outlives what it was written for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sipctl.findings import Finding, Place


class Ignore(NamedTuple):
    """One rule that a comment names, at its place there. `rule` is None where it can be no rule's
    name, or one that no comment takes out; then `fault` and `hint` say so."""

    place: Place
    rule: str | None
    fault: str = ""
    hint: str = ""


def left(findings: Iterable[Finding], ignores: Iterable[Ignore]) -> tuple[Finding, ...]:
    """The findings that no comment takes out."""
    ignored = {(i.place.file, i.place.line, i.rule) for i in ignores}
    return tuple(f for f in findings if (f.place.file, f.place.line, f.rule) not in ignored)


def faults(findings: Iterable[Finding], ignores: Iterable[Ignore]) -> Iterator[Finding]:
    """SIP307: what comments name that no comment takes out, or that is not found on their line.

    `findings` are all there are, before any is taken out.
    """
    there = {(f.place.file, f.place.line, f.rule) for f in findings}
    for ignore in ignores:
        place = ignore.place
        if ignore.rule is None:
            yield Finding.of("bad-ignore", place, ignore.fault, ignore.hint)
        elif (place.file, place.line, ignore.rule) not in there:
            message = f"nothing on this line is a finding of {ignore.rule}"
            hint = "take it out, or put it at the end of the finding's line"
            yield Finding.of("bad-ignore", place, message, hint)


def faults_of_settings(ignores: Iterable[Ignore]) -> Iterator[Finding]:
    """SIP307: findings of the settings cannot be ignored; all others are weighed by them."""
    for ignore in ignores:
        message = "no comment takes out what is found in the settings"
        yield Finding.of("bad-ignore", ignore.place, message, "take it out")
